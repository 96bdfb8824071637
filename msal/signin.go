package msal

import (
	"context"
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
	ctx, s, err := p.start(ctx, r, "")
	if err != nil {
		return auth.Token{}, err
	}
	if err := s.prepare(ctx); err != nil {
		return auth.Token{}, s.outcome(ctx, err)
	}
	return s.end(ctx, func() (public.AuthResult, error) {
		if r.DeviceCode != nil {
			return s.byDeviceCode(ctx)
		}
		return s.byBrowser(ctx)
	})
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
	// caught is what MSAL would store.
	caught *pending
}

// start makes the sign-in of a request, or goes on with the one that had this
// correlation id.
func (p *Provider) start(ctx context.Context, r auth.Request, correlation string) (context.Context, *signIn, error) {
	r, err := checkRequest(r)
	if err != nil {
		return ctx, nil, err
	}
	c, err := p.client(r)
	if err != nil {
		return ctx, nil, problem.Wrap(problem.WorkspaceNotSet, err)
	}
	ctx, f := withFlow(ctx)
	if correlation != "" {
		f.correlation = correlation
	}
	ctx, caught := withPending(ctx)
	return ctx, &signIn{Provider: p, clients: c, flow: f, request: r, claims: p.challenge(r), caught: caught}, nil
}

// end accepts what get brings. Of a sign-in that comes to nothing it leaves
// nothing behind.
func (s *signIn) end(ctx context.Context, get func() (public.AuthResult, error)) (auth.Token, error) {
	result, err := get()
	var token auth.Token
	if err == nil {
		token, err = s.accept(ctx, result)
	}
	if err != nil {
		s.tidy(ctx)
		return auth.Token{}, s.outcome(ctx, err)
	}
	return token, nil
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
	state := random()
	back, err := s.config.Return(ctx, state)
	if err != nil {
		return public.AuthResult{}, err
	}
	defer back.Close()
	b, address, err := s.begin(ctx, back.RedirectURI(), state)
	if err != nil {
		return public.AuthResult{}, err
	}
	answer, err := s.ask(ctx, back, address)
	if err != nil {
		return public.AuthResult{}, err
	}
	return s.redeem(ctx, b, answer)
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
func (s *signIn) accept(ctx context.Context, result public.AuthResult) (auth.Token, error) {
	// The five minutes were for the person; what is left takes a moment.
	ctx, cancel := context.WithTimeout(ctx, silentLimit)
	defer cancel()
	id, err := s.checkIDToken(ctx, result.IDToken.RawToken, s.request, s.nonce)
	if err != nil {
		return auth.Token{}, err
	}
	if result.AccessToken == "" || result.Account.HomeAccountID == "" || s.caught.caught == nil {
		return auth.Token{}, problem.Detailf(problem.EntraRefused, "No access token came. Correlation ID %s.", s.flow.correlation)
	}
	err = s.store.update(ctx, func(theirs contract) (contract, error) {
		return merge(contract{}, s.caught.caught, theirs), nil
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
