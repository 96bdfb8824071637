package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// askSAML lets the person sign in at the workspace's identity provider, to which
// the server leads the browser: an authorisation request of OAuth 2.0 for native
// apps (RFC 8252) with PKCE (RFC 7636), answered to the way back with a code.
func (c *Client) askSAML(ctx context.Context, next *Saved, a asking) (api.SessionRequest, error) {
	p, answer, err := c.goOut(ctx, *next, a, func(_ context.Context, p *Pending) (string, error) {
		p.Verifier = secret()
		return startAddress(a, *p, c.hint(a))
	})
	if err != nil {
		return api.SessionRequest{}, err
	}
	proof, _, err := c.turnIn(ctx, next, p, answer)
	return proof, err
}

// startAddress is what to open in the browser. It must be on the very server
// that the code goes to, or one server could have the app bring it another's
// codes (RFC 9700, section 4.4). Where the browser is led from there, only the
// answer tells: see issuedBy.
func startAddress(a asking, p Pending, hint string) (string, error) {
	u, err := url.Parse(a.ws.SAML.Start)
	if err != nil || u.User != nil || u.Fragment != "" || !sameOrigin(u, a.place.Server) {
		return "", problem.Wrap(problem.BadServer, errors.New("the sign-in would begin at another server"))
	}
	sum := sha256.Sum256([]byte(p.Verifier))
	q := u.Query()
	for name, value := range map[string]string{
		"response_type": "code", "redirect_uri": p.RedirectURI, "state": p.State,
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256",
	} {
		q.Set(name, value)
	}
	if hint != "" {
		q.Set("login_hint", hint)
	}
	if a.choose {
		q.Set("prompt", "login") // as in OpenID Connect Core 1.0, section 3.1.2.1
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// sameOrigin compares scheme, host and port. The names of this very machine are
// one.
func sameOrigin(a, b *url.URL) bool {
	if a.Scheme != b.Scheme {
		return false
	}
	local := api.Loopback(strings.ToLower(a.Hostname())) && api.Loopback(strings.ToLower(b.Hostname()))
	return strings.EqualFold(a.Host, b.Host) || local && a.Port() == b.Port()
}

// issuedBy refuses an answer that another server than the one asked has given
// (RFC 9207, section 2.4): the one asked may have led the browser on to it, to be
// brought its code. A server from before it said whose its answers are is let
// pass; whoever is attacked by another one needs a newer one.
func issuedBy(answer url.Values, server string) error {
	said, ok := answer["iss"]
	if !ok {
		return nil
	}
	asked, err := url.Parse(server)
	if err == nil && len(said) == 1 {
		if by, err := url.Parse(said[0]); err == nil && sameOrigin(by, asked) {
			return nil
		}
	}
	return problem.Wrap(problem.BadCallback, errors.New("another server than the one that was asked has answered"))
}

// ourCode is how the server begins an error_description.
var ourCode = regexp.MustCompile(`^(LY-[A-Z0-9-]{1,24}): `)

// codeFrom reads the answer at the way back (RFC 6749, section 4.1.2). Of an
// error only what is known is taken over: our own codes, and OAuth's.
func codeFrom(v url.Values) (string, error) {
	if !v.Has("error") {
		if v.Get("code") == "" {
			return "", problem.New(problem.BadCallback)
		}
		return v.Get("code"), nil
	}
	if m := ourCode.FindStringSubmatch(v.Get("error_description")); m != nil && problem.Known(problem.Code(m[1])) {
		return "", problem.Wrap(problem.Code(m[1]), errors.New("the browser came back with an error"))
	}
	k, ok := map[string]problem.Code{
		"temporarily_unavailable":   problem.Offline,
		"server_error":              problem.Internal,
		"invalid_request":           problem.BadAppRequest,
		"unauthorized_client":       problem.BadAppRequest,
		"unsupported_response_type": problem.BadAppRequest,
		"invalid_scope":             problem.BadAppRequest,
	}[v.Get("error")]
	if !ok {
		k = problem.SignInRefused
	}
	return "", problem.Wrap(k, errors.New("the browser came back with an error of OAuth"))
}

// refresh gets the next session for the refresh token of s.
func refresh(ctx context.Context, srv server, s Saved, device string) (api.Session, error) {
	if s.RefreshToken == "" {
		return api.Session{}, problem.Wrap(problem.RefreshSpent, errors.New("the server gave no refresh token"))
	}
	return srv.StartSession(ctx, api.SessionRequest{
		Workspace: s.Workspace.ID, GrantType: "refresh_token",
		RefreshToken: s.RefreshToken, IdempotencyKey: s.RetryKey, Device: device,
	})
}

// exclusively runs do while no other process of this app replaces the refresh
// token: of two that use the same one, the second ends what the first got. The
// error says why do has not run.
func (c *Client) exclusively(ctx context.Context, do func()) error {
	if c.saved.Method != SAML || c.alone {
		do()
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, silentTimeout)
	defer cancel()
	err := c.cfg.Vault.Exclusive(limited, func() {
		c.alone = true
		defer func() { c.alone = false }()
		do()
	})
	return tooLate(ctx, err, problem.Offline)
}

// catchUp takes over what another process of this app has saved: it may have
// renewed the session, which replaced the tokens that this one knows. It reports
// whether there was something.
func (c *Client) catchUp(ctx context.Context) bool {
	if c.saved.Method != SAML {
		return false
	}
	s, err := c.cfg.Vault.Load(ctx)
	if err != nil || s.RefreshToken == "" || s.RefreshToken == c.saved.RefreshToken ||
		s.Method != SAML || s.Server != c.saved.Server || s.Workspace.ID != c.saved.Workspace.ID || s.Person.ID != c.saved.Person.ID {
		return false
	}
	c.saved = s
	c.renewAt = renewal(c.cfg.Now(), c.expires())
	return true
}

// secret is 256 random bits, in the characters of a code_verifier.
func secret() string {
	var b [32]byte
	rand.Read(b[:]) // crypto/rand: never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}
