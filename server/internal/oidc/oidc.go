// Package oidc signs somebody in with Microsoft Entra ID in a browser: OpenID
// Connect by the authorization code flow, as a confidential client.
//
// It makes the address to send a browser to ([Client.AuthorizeURL]), reads what
// comes back ([ReadAnswer]), and redeems the code for an ID token that package
// entra judges ([Client.Redeem]). State, nonce and PKCE are made by [NewRequest];
// to keep them where only the same browser finds them, once and not for long, is
// its caller's, and so is what the person may do.
//
// Sources: RFC 6749 (4.1), RFC 7636, RFC 7523, RFC 9700, OpenID Connect Core 1.0,
// and Microsoft's "OAuth 2.0 authorization code flow" and "Application
// authentication certificate credentials".
package oidc

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
)

// Scopes are what is asked for: who it is, and nothing that the server could
// read at Microsoft later.
const Scopes = "openid profile email"

// Registration is a single-tenant app registration. All fields are required.
type Registration struct {
	// Authority is the cloud, such as https://login.microsoftonline.com, and
	// TenantID the directory (tenant) ID: only its people may sign in.
	Authority, TenantID string
	// ClientID is the application (client) ID.
	ClientID string
	// RedirectURI is registered under the platform Web, letter for letter.
	RedirectURI string
	// Credential is how the server proves that it is the application.
	Credential Credential
}

// Client signs people in at any registration. Its zero value lacks only the
// Verifier. It is safe for concurrent use.
type Client struct {
	// Verifier judges ID tokens. Required.
	Verifier *entra.Verifier
	// HTTPClient redeems codes. Nil means an ordinary client that honours
	// HTTPS_PROXY. Redirects are refused and time limited whatever it says.
	HTTPClient *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// AllowLoopbackHTTP lets the authority be http:// on loopback. Only for a
	// server that is itself on loopback.
	AllowLoopbackHTTP bool
}

// Request is one try to sign in. It must be kept secret between the server and
// the one browser that it was made for.
type Request struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // PKCE (RFC 7636)
}

// String hides the request from logs.
func (Request) String() string { return "(an OpenID Connect request)" }

// GoString hides it from %#v too.
func (r Request) GoString() string { return r.String() }

// NewRequest makes a request of 256 random bits in each part.
func NewRequest() Request {
	return Request{State: random(), Nonce: random(), Verifier: random()}
}

func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Answers reports whether state is the request's, in constant time. The empty
// state answers nothing.
func (r Request) Answers(state string) bool {
	return r.State != "" && subtle.ConstantTimeCompare([]byte(r.State), []byte(state)) == 1
}

// Hint is what the sign-in page can be told. The zero Hint tells nothing.
type Hint struct {
	// Login is the e-mail address or user name to fill in, and Domain spares
	// the question of whose account it is.
	Login, Domain string
	// Prompt is "", "login" (ask for the credentials again) or "select_account".
	Prompt string
}

// AuthorizeURL is the address of Microsoft's page for a request. It does no I/O.
// A registration that is not complete is problem.WorkspaceNotSet.
func (c *Client) AuthorizeURL(reg Registration, r Request, hint Hint) (string, error) {
	endpoint, err := c.endpoint(reg, "authorize")
	if err != nil {
		return "", err
	}
	if r.State == "" || r.Nonce == "" || len(r.Verifier) < 43 { // RFC 7636, section 4.1
		return "", errors.New("oidc: the request was not made by NewRequest")
	}
	sum := sha256.Sum256([]byte(r.Verifier))
	q := url.Values{
		"client_id": {reg.ClientID}, "response_type": {"code"}, "response_mode": {"query"},
		"redirect_uri": {reg.RedirectURI}, "scope": {Scopes},
		"state": {r.State}, "nonce": {r.Nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for name, value := range map[string]string{"login_hint": hint.Login, "domain_hint": hint.Domain, "prompt": hint.Prompt} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return endpoint + "?" + q.Encode(), nil
}

// endpoint is one of the tenant's, once the registration was checked. Their paths
// are the same in every cloud and tenant.
func (c *Client) endpoint(reg Registration, name string) (string, error) {
	if err := entra.CheckTenant(reg.Authority, reg.TenantID, c.AllowLoopbackHTTP); err != nil {
		return "", err
	}
	back, err := url.Parse(reg.RedirectURI)
	switch {
	case reg.ClientID == "":
		err = errors.New("the client ID is missing")
	case err != nil || back.Host == "" || back.Fragment != "" || (back.Scheme != "https" && back.Scheme != "http"):
		err = errors.New("the redirect URI is no address")
	}
	if err != nil {
		return "", problem.Wrap(problem.WorkspaceNotSet, fmt.Errorf("oidc: %w", err))
	}
	return strings.TrimSuffix(reg.Authority, "/") + "/" + strings.ToLower(reg.TenantID) + "/oauth2/v2.0/" + name, nil
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}
