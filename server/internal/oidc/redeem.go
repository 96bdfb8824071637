package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
)

const (
	maxCode      = 8 << 10 // Entra's have about 1 kB
	maxAnswer    = 256 << 10
	redeemWithin = 15 * time.Second
)

// Refusal is what Microsoft said instead of yes. Its own words are not kept: they
// name people, and anybody can make a browser bring others.
type Refusal struct {
	// Kind is the OAuth 2.0 error, such as access_denied; empty where it has no
	// form of one.
	Kind string
	// AADSTS is Microsoft's number, or 0.
	AADSTS int
	// Correlation finds the try in Microsoft's sign-in logs, or is empty.
	Correlation string
}

func (r *Refusal) Error() string {
	s := "Microsoft answered " + r.Kind
	if r.AADSTS != 0 {
		s += ", AADSTS" + strconv.Itoa(r.AADSTS)
	}
	if r.Correlation != "" {
		s += ", correlation id " + r.Correlation
	}
	return s
}

var (
	kindForm   = regexp.MustCompile(`^[a-z_]{1,40}$`)
	numberForm = regexp.MustCompile(`^AADSTS([0-9]{4,8}):`)
	guidForm   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	namedForm  = regexp.MustCompile(`Correlation ID: ([0-9a-fA-F-]{36})`)
)

func refusal(kind, description, correlation string) *Refusal {
	r := &Refusal{}
	if kindForm.MatchString(kind) {
		r.Kind = kind
	}
	if m := numberForm.FindStringSubmatch(description); m != nil {
		r.AADSTS, _ = strconv.Atoi(m[1])
	}
	if m := namedForm.FindStringSubmatch(description); correlation == "" && m != nil {
		correlation = m[1]
	}
	if guidForm.MatchString(correlation) {
		r.Correlation = strings.ToLower(correlation)
	}
	return r
}

// coded gives a refusal its code, and the detail that is safe to show.
func (r *Refusal) coded(otherwise problem.Code) error {
	code := otherwise
	known, ok := problem.LookupAADSTS(r.AADSTS)
	switch {
	case ok && known.Code != "":
		code = known.Code
	case r.Kind == "access_denied" && !ok:
		code = problem.SignInCancelled
	}
	if r.AADSTS == 0 {
		return problem.Wrap(code, r)
	}
	detail := known.Name() + "."
	if ok {
		detail = known.Name() + ": " + known.Cause
	}
	return &problem.Error{Code: code, Detail: detail, Cause: r}
}

// ReadAnswer reads the parameters with which Microsoft sends a browser back: a
// code with the state of the request, or a coded error around a *Refusal. It
// tells nothing of whose request it is: see Request.Answers, which comes first.
func ReadAnswer(q url.Values) (code, state string, err error) {
	for _, name := range []string{"code", "state", "error", "error_description"} {
		if len(q[name]) > 1 {
			return "", "", problem.Wrap(problem.BadCallback, fmt.Errorf("oidc: %s came more than once", name))
		}
	}
	code, state = q.Get("code"), q.Get("state")
	switch {
	case state == "" || len(state) > 512:
		return "", "", problem.Wrap(problem.BadCallback, errors.New("oidc: no state"))
	case q.Get("error") != "":
		return "", state, refusal(q.Get("error"), q.Get("error_description"), "").coded(problem.EntraRefused)
	case code == "" || len(code) > maxCode:
		return "", state, problem.Wrap(problem.BadCallback, fmt.Errorf("oidc: a code of %d bytes", len(code)))
	}
	return code, state, nil
}

// Redeem turns the code of a request into a verified ID token. A code works once.
// Where Microsoft said no, the error has a *Refusal in it; problem.NoEntra means
// that it could not be asked.
func (c *Client) Redeem(ctx context.Context, reg Registration, r Request, code string) (entra.IDToken, error) {
	endpoint, err := c.endpoint(reg, "token")
	if err != nil {
		return entra.IDToken{}, err
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {reg.ClientID}, "code": {code},
		"redirect_uri": {reg.RedirectURI}, "code_verifier": {r.Verifier}, "scope": {Scopes},
	}
	if err := reg.Credential.prove(form, reg.ClientID, endpoint, c.now()); err != nil {
		return entra.IDToken{}, err
	}
	raw, err := c.post(ctx, endpoint, form)
	if err != nil {
		return entra.IDToken{}, err
	}
	return c.Verifier.VerifyID(ctx, raw, entra.ExpectID{
		Authority: reg.Authority, TenantID: reg.TenantID, ClientID: reg.ClientID, Nonce: r.Nonce,
	})
}

// answer is as much of a token answer (RFC 6749, section 5) as is needed. The
// access token, which would be Microsoft Graph's, is never kept.
type answer struct {
	IDToken     string `json:"id_token"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Correlation string `json:"correlation_id"`
}

// post makes a token request and returns the ID token of the answer.
func (c *Client) post(ctx context.Context, endpoint string, form url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, redeemWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("oidc: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := c.client().Do(req)
	if err != nil {
		return "", problem.Wrap(problem.NoEntra, fmt.Errorf("oidc: redeeming a code: %w", err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer || resp.StatusCode >= 500 {
		return "", problem.Wrap(problem.NoEntra, fmt.Errorf("oidc: an answer of status %d that cannot be read", resp.StatusCode))
	}
	var a answer
	if json.Unmarshal(body, &a) != nil {
		return "", problem.Wrap(problem.NoEntra, fmt.Errorf("oidc: an answer of status %d that is not Microsoft's", resp.StatusCode))
	}
	switch {
	case resp.StatusCode != http.StatusOK || a.Error != "":
		refused := refusal(a.Error, a.Description, a.Correlation)
		switch refused.Kind {
		case "invalid_client", "unauthorized_client":
			return "", refused.coded(problem.OIDCClient)
		case "temporarily_unavailable":
			return "", refused.coded(problem.NoEntra)
		}
		return "", refused.coded(problem.OIDCRefused)
	case a.IDToken == "":
		return "", problem.Wrap(problem.OIDCNoToken, errors.New("oidc: the answer has no id_token"))
	}
	return a.IDToken, nil
}

// client follows no redirect: a code and a secret must reach nobody else.
func (c *Client) client() *http.Client {
	h := http.Client{}
	if c.HTTPClient != nil {
		h = *c.HTTPClient
	}
	h.Jar = nil
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}
