package msal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// SignIn implements auth.Provider: by the authorization code flow with PKCE in
// the browser (RFC 8252), or by device code (RFC 8628). Whether the result can
// be kept is found out before the person is asked to do anything.
func (p *Provider) SignIn(ctx context.Context, r auth.Request) (auth.Token, error) {
	r, err := checkRequest(r)
	if err != nil {
		return auth.Token{}, err
	}
	c, err := p.client(r)
	if err != nil {
		return auth.Token{}, problem.Wrap(problem.WorkspaceNotSet, err)
	}
	ctx, f := withFlow(ctx)
	ctx, caught := withPending(ctx)
	s := &signIn{Provider: p, clients: c, flow: f, request: r, claims: p.challenge(r)}
	if err := s.prepare(ctx); err != nil {
		return auth.Token{}, s.outcome(ctx, err)
	}
	var result public.AuthResult
	if r.DeviceCode != nil {
		result, err = s.byDeviceCode(ctx)
	} else {
		result, err = s.byBrowser(ctx)
	}
	var token auth.Token
	if err == nil {
		token, err = s.accept(ctx, result, caught)
	}
	if err != nil {
		p.tidy(ctx)
		return auth.Token{}, s.outcome(ctx, err)
	}
	return token, nil
}

// signIn is one sign-in under way.
type signIn struct {
	*Provider
	*clients
	flow    *flow
	request auth.Request
	claims  string
	// nonce ties the ID token to this sign-in; the device-code flow has none.
	nonce string
}

// prepare makes sure that the cache can be read and written. A cache that
// cannot is set aside now; a locked keychain ends the sign-in now.
func (s *signIn) prepare(ctx context.Context) error {
	if c, ok := s.store.cache.(preparer); ok {
		if err := c.Prepare(ctx); err != nil {
			return err
		}
	}
	_, err := s.clients.silent.Accounts(ctx)
	return err
}

// byBrowser opens the browser and waits for it to come back.
func (s *signIn) byBrowser(ctx context.Context) (public.AuthResult, error) {
	if s.config.Return == nil || s.config.OpenURL == nil {
		return public.AuthResult{}, problem.New(problem.NoBrowser)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.SignInLimit, problem.New(problem.SignInTimedOut))
	defer cancel()
	state, verifier := random(), random()
	s.nonce = random()
	back, err := s.config.Return(ctx, state)
	if err != nil {
		return public.AuthResult{}, err
	}
	defer back.Close()
	address, err := s.authorizeURL(ctx, back.RedirectURI(), state, verifier)
	if err != nil {
		return public.AuthResult{}, translate(ctx, s.flow, err, false)
	}
	// The keys will be needed when the person is back; by then they are here.
	go s.keys.of(context.WithoutCancel(ctx), s.request)

	answer, err := s.ask(ctx, back, address)
	if err != nil {
		return public.AuthResult{}, err
	}
	if answer.Get("error") != "" {
		return public.AuthResult{}, authorizeError(answer, s.flow.correlation).problem(false)
	}
	options := []public.AcquireByAuthCodeOption{public.WithChallenge(verifier)}
	if s.claims != "" {
		options = append(options, public.WithClaims(s.claims))
	}
	result, err := s.pending.AcquireTokenByAuthCode(ctx, answer.Get("code"), back.RedirectURI(), []string{s.request.Scope}, options...)
	return result, translate(ctx, s.flow, err, false)
}

// ask opens the browser and waits for the answer. The two go on side by side,
// since a program that opens a browser may run for as long as the browser.
func (s *signIn) ask(ctx context.Context, back auth.Return, address string) (url.Values, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := s.config.OpenURL(ctx, address); err != nil {
			if code, _ := problem.Of(err); code == problem.Internal {
				err = problem.Wrap(problem.NoBrowser, errors.New("the browser could not be opened"))
			}
			cancel(err)
		}
	}()
	answer, err := back.Wait(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return answer, nil
}

// authorizeURL is MSAL's address with what MSAL leaves to its own listener:
// OpenID Connect's scopes, state, nonce, PKCE (RFC 7636) and response_mode.
// form_post keeps the code out of the address bar and the browser's history.
func (s *signIn) authorizeURL(ctx context.Context, redirectURI, state, verifier string) (string, error) {
	r := s.request
	options := []public.AuthCodeURLOption{}
	if r.LoginHint != "" {
		options = append(options, public.WithLoginHint(r.LoginHint))
	}
	if r.DomainHint != "" {
		options = append(options, public.WithDomainHint(r.DomainHint))
	}
	if s.claims != "" {
		options = append(options, public.WithClaims(s.claims))
	}
	address, err := s.pending.AuthCodeURL(ctx, r.ClientID, redirectURI, []string{r.Scope}, options...)
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
	q.Set("nonce", s.nonce)
	challenge := sha256.Sum256([]byte(verifier))
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
	q.Set("code_challenge_method", "S256")
	q.Set("response_mode", "form_post")
	q.Set("client-request-id", s.flow.correlation)
	if r.Prompt != "" {
		q.Set("prompt", r.Prompt)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// byDeviceCode shows a code and waits until it was typed elsewhere. MSAL asks
// at intervals of its own, ending at five seconds.
func (s *signIn) byDeviceCode(ctx context.Context) (public.AuthResult, error) {
	options := []public.AcquireByDeviceCodeOption{}
	if s.claims != "" {
		options = append(options, public.WithClaims(s.claims))
	}
	code, err := s.pending.AcquireTokenByDeviceCode(ctx, []string{s.request.Scope}, options...)
	if err != nil {
		return public.AuthResult{}, translate(ctx, s.flow, err, false)
	}
	go s.keys.of(context.WithoutCancel(ctx), s.request)
	s.request.DeviceCode(auth.DeviceCode{
		URL:       code.Result.VerificationURL,
		UserCode:  code.Result.UserCode,
		ExpiresAt: code.Result.ExpiresOn,
	})
	ctx, cancel := context.WithDeadlineCause(ctx, code.Result.ExpiresOn, problem.New(problem.DeviceExpired))
	defer cancel()
	result, err := code.AuthenticationResult(ctx)
	return result, translate(ctx, s.flow, err, false)
}

// accept checks what came and only then keeps it.
func (s *signIn) accept(ctx context.Context, result public.AuthResult, caught *pending) (auth.Token, error) {
	// The five minutes were for the person; what is left takes a moment.
	ctx, cancel := context.WithTimeout(ctx, silentLimit)
	defer cancel()
	id, err := s.checkIDToken(ctx, result.IDToken.RawToken, s.request, s.nonce)
	if err != nil {
		return auth.Token{}, err
	}
	if result.AccessToken == "" || result.Account.HomeAccountID == "" || caught.caught == nil {
		return auth.Token{}, problem.Detailf(problem.EntraRefused, "No access token came. Correlation ID %s.", s.flow.correlation)
	}
	err = s.store.update(ctx, func(theirs contract) (contract, error) {
		return merge(contract{}, caught.caught, theirs), nil
	})
	if ctx.Err() != nil {
		return auth.Token{}, ctx.Err()
	}
	if err != nil {
		// The person is signed in, until the app is closed: prepare found
		// nothing wrong, so this is a disk that filled up meanwhile.
		s.store.tell(err)
	}
	s.setChallenge(s.request, "")
	return auth.Token{
		AccessToken: result.AccessToken,
		ExpiresAt:   result.ExpiresOn.UTC(),
		Account:     result.Account.HomeAccountID,
		UserName:    id.UserName,
		Notice:      s.store.takeNotice(),
	}, nil
}

// outcome gives the errors of contexts their codes, and remembers a claims
// challenge for the next try.
func (s *signIn) outcome(ctx context.Context, err error) error {
	s.remember(s.request, err)
	switch {
	case errors.Is(err, context.Canceled):
		return problem.Wrap(problem.SignInCancelled, err)
	case errors.Is(err, context.DeadlineExceeded) && codeOf(err) == problem.Internal:
		return problem.Wrap(problem.SignInTimedOut, err)
	}
	return err
}

// remember keeps the claims that Microsoft asked for in err, if it did.
func (p *Provider) remember(r auth.Request, err error) {
	var e *entraError
	if errors.As(err, &e) && e.Claims != "" {
		p.setChallenge(r, e.Claims)
	}
}

func codeOf(err error) problem.Code {
	code, _ := problem.Of(err)
	return code
}

// tidy takes the key away again that prepare made for a sign-in that came to
// nothing: writing an empty cache back deletes it.
func (p *Provider) tidy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = p.store.update(ctx, func(c contract) (contract, error) { return c, nil })
}
