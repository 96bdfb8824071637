package msal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

var _ auth.Resumer = (*Provider)(nil)

// begun is what a sign-in in the browser is finished with. As JSON it waits in
// the vault of auth for a process that may not be this one.
type begun struct {
	// Authority, ClientID and Scope are those of the request, so that a code is
	// never redeemed for another.
	Authority string `json:"authority"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope"`
	// RedirectURI and Verifier go with the code (RFC 7636, section 4.5).
	RedirectURI string `json:"redirect_uri"`
	Verifier    string `json:"verifier"`
	// Nonce ties the ID token to this sign-in.
	Nonce string `json:"nonce"`
	// Claims is the claims challenge that was passed on, if any.
	Claims string `json:"claims,omitempty"`
	// Correlation is Microsoft's name for this sign-in.
	Correlation string `json:"correlation"`
}

// Begin implements auth.Resumer.
func (p *Provider) Begin(ctx context.Context, r auth.Request, redirectURI, state string) (auth.Begun, error) {
	ctx, s, err := p.start(ctx, r, "")
	if err != nil {
		return auth.Begun{}, err
	}
	if err := s.prepare(ctx); err != nil {
		return auth.Begun{}, s.outcome(ctx, err)
	}
	b, address, err := s.begin(ctx, redirectURI, state)
	if err != nil {
		p.tidy(ctx)
		return auth.Begun{}, s.outcome(ctx, err)
	}
	raw, err := json.Marshal(b)
	return auth.Begun{URL: address, Secret: raw}, err
}

// Finish implements auth.Resumer.
func (p *Provider) Finish(ctx context.Context, r auth.Request, secret []byte, answer url.Values) (auth.Token, error) {
	var b begun
	if err := json.Unmarshal(secret, &b); err != nil {
		// Sealed by another version of the app, say. The text may hold secrets.
		p.tidy(ctx)
		return auth.Token{}, problem.Wrap(problem.BadCallback, errors.New("what the sign-in began with cannot be read"))
	}
	ctx, cancel := context.WithTimeout(ctx, silentLimit)
	defer cancel()
	ctx, s, err := p.start(ctx, r, b.Correlation)
	if err != nil {
		p.tidy(ctx)
		return auth.Token{}, err
	}
	return s.end(ctx, func() (public.AuthResult, error) {
		if b.Authority != s.request.Authority || b.ClientID != s.request.ClientID || b.Scope != s.request.Scope {
			return public.AuthResult{}, problem.Wrap(problem.BadCallback, errors.New("the sign-in began for another app or tenant"))
		}
		return s.redeem(ctx, b, answer)
	})
}

// Abandon implements auth.Resumer.
func (p *Provider) Abandon(ctx context.Context) { p.tidy(ctx) }

// begin draws the secrets of a sign-in and makes the address that it begins at.
func (s *signIn) begin(ctx context.Context, redirectURI, state string) (begun, string, error) {
	r := s.request
	b := begun{
		Authority: r.Authority, ClientID: r.ClientID, Scope: r.Scope, RedirectURI: redirectURI,
		Verifier: random(), Nonce: random(), Claims: s.claims, Correlation: s.flow.correlation,
	}
	address, err := s.authorizeURL(ctx, b, state)
	if err != nil {
		return begun{}, "", translate(ctx, s.flow, err, false)
	}
	// The keys will be needed when the person is back; by then they are here.
	go s.keys.of(context.WithoutCancel(ctx), r)
	return b, address, nil
}

// redeem exchanges the code for tokens, or reads the error that came instead.
func (s *signIn) redeem(ctx context.Context, b begun, answer url.Values) (public.AuthResult, error) {
	if answer.Get("error") != "" {
		return public.AuthResult{}, authorizeError(answer, s.flow.correlation).problem(false)
	}
	if answer.Get("code") == "" || b.Verifier == "" || b.Nonce == "" {
		return public.AuthResult{}, problem.New(problem.BadCallback)
	}
	s.nonce, s.claims = b.Nonce, b.Claims
	options := []public.AcquireByAuthCodeOption{public.WithChallenge(b.Verifier)}
	if b.Claims != "" {
		options = append(options, public.WithClaims(b.Claims))
	}
	result, err := s.pending.AcquireTokenByAuthCode(ctx, answer.Get("code"), b.RedirectURI, []string{b.Scope}, options...)
	return result, translate(ctx, s.flow, err, false)
}

// authorizeURL is MSAL's address with what MSAL leaves to its own listener:
// OpenID Connect's scopes, state, nonce, PKCE (RFC 7636) and response_mode.
func (s *signIn) authorizeURL(ctx context.Context, b begun, state string) (string, error) {
	r := s.request
	options := []public.AuthCodeURLOption{}
	if r.LoginHint != "" {
		options = append(options, public.WithLoginHint(r.LoginHint))
	}
	if r.DomainHint != "" {
		options = append(options, public.WithDomainHint(r.DomainHint))
	}
	if b.Claims != "" {
		options = append(options, public.WithClaims(b.Claims))
	}
	address, err := s.pending.AuthCodeURL(ctx, r.ClientID, b.RedirectURI, []string{r.Scope}, options...)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("scope", "openid profile offline_access "+r.Scope)
	q.Set("state", state)
	q.Set("nonce", b.Nonce)
	challenge := sha256.Sum256([]byte(b.Verifier))
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
	q.Set("code_challenge_method", "S256")
	q.Set("response_mode", responseMode(b.RedirectURI))
	q.Set("client-request-id", b.Correlation)
	if r.Prompt != "" {
		q.Set("prompt", r.Prompt)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// responseMode is form_post for a listener, which keeps the code out of the
// address bar and the browser's history. A link into an app has no body: there
// the answer is the query, which leaves the browser with the link.
func responseMode(redirectURI string) string {
	if strings.HasPrefix(redirectURI, "http://") {
		return "form_post"
	}
	return "query"
}
