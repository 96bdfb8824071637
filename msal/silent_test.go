package msal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
)

// req: H6
func TestSilent_itNeedsNeitherBrowserNorNetwork(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	first := d.signIn(t, p)
	before := len(d.entra.Requests())
	for name, p := range map[string]*Provider{"the same app": p, "the app started anew": d.provider()} {
		got, err := p.Silent(t.Context(), d.request(d.of(first.Account)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.AccessToken != first.AccessToken || got.Account != first.Account || got.UserName != first.UserName {
			t.Errorf("%s: got another token or account: %v", name, got)
		}
		if !got.ExpiresAt.Equal(first.ExpiresAt.Truncate(time.Second)) {
			t.Errorf("%s: expires at %v, not %v", name, got.ExpiresAt, first.ExpiresAt)
		}
	}
	if n := len(d.entra.Requests()) - before; n != 0 {
		t.Errorf("%d requests were made", n)
	}
	if len(d.opened) != 1 {
		t.Errorf("the browser was opened %d times", len(d.opened))
	}
}

// age makes the stored access tokens end at this time.
func (d *desk) age(t *testing.T, ends time.Time) {
	t.Helper()
	s := &store{cache: d.file()}
	err := s.update(t.Context(), func(c contract) (contract, error) {
		for key, raw := range c[sectionAccess] {
			var row map[string]any
			if err := json.Unmarshal(raw, &row); err != nil {
				return nil, err
			}
			row["expires_on"] = strconv.FormatInt(ends.Unix(), 10)
			raw, err := json.Marshal(row)
			if err != nil {
				return nil, err
			}
			c[sectionAccess][key] = raw
		}
		return c, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSilent_itRefreshesWhatHasExpired(t *testing.T) {
	d := newDesk(t)
	first := d.signIn(t, d.provider())
	d.age(t, time.Now().Add(-time.Minute))
	p := d.provider()
	got, err := p.Silent(t.Context(), d.request(d.of(first.Account)))
	if err != nil || got.AccessToken == first.AccessToken {
		t.Fatalf("got the same token, %v", err)
	}
	if n := d.tokenRequests("refresh_token"); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	// Entra rotates: what is kept now must be the new refresh token.
	if _, err := d.provider().Silent(t.Context(), d.request(d.of(first.Account), func(r *auth.Request) { r.ForceRefresh = true })); err != nil {
		t.Errorf("the next refresh: %v", err)
	}
	if n := d.tokenRequests("refresh_token"); n != 2 {
		t.Errorf("%d refreshes", n)
	}
}

func TestSilent_itWorksOffline(t *testing.T) {
	for name, c := range map[string]struct {
		left time.Duration
		want problem.Code
	}{
		"with an hour left":                      {time.Hour, ""},
		"with so little that MSAL would refresh": {2 * time.Minute, ""},
		"but not on an expired token":            {-time.Minute, problem.NoEntra},
	} {
		t.Run("it works offline "+name, func(t *testing.T) {
			d := newDesk(t)
			first := d.signIn(t, d.provider())
			d.age(t, time.Now().Add(c.left))
			d.entra.Close()
			got, err := d.provider().Silent(t.Context(), d.request(d.of(first.Account)))
			wantCode(t, err, c.want)
			if c.want == "" && (got.AccessToken != first.AccessToken || got.UserName != first.UserName) {
				t.Errorf("got %v", got)
			}
			if err != nil && strings.Contains(err.Error(), "/oauth2/") {
				t.Errorf("the error holds an address: %v", err)
			}
		})
	}
}

// A network that swallows everything must not hold up a token that is good.
func TestSilent_itDoesNotWaitForANetworkThatSwallowsEverything(t *testing.T) {
	d := newDesk(t)
	first := d.signIn(t, d.provider())
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	d.entra.FailNext(entratest.MatchAny(), entratest.Failure{Hold: hold, Times: 1000})
	hc := d.entra.HTTPClient()
	hc.Timeout = 100 * time.Millisecond
	p := d.provider(func(c *Config) { c.HTTPClient = hc })
	if _, err := p.Silent(t.Context(), d.request(d.of(first.Account))); err != nil {
		t.Errorf("a good token: %v", err)
	}
	d.age(t, time.Now().Add(2*time.Minute))
	if got, err := p.Silent(t.Context(), d.request(d.of(first.Account))); err != nil || got.AccessToken != first.AccessToken {
		t.Errorf("a token that is to be refreshed: %v", err)
	}
}

func TestSilent_callersShareOneRefresh(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	first := d.signIn(t, p)
	r := d.request(d.of(first.Account), func(r *auth.Request) { r.ForceRefresh = true })

	hold, reached := make(chan struct{}), make(chan struct{}, 100)
	d.entra.FailNext(func(q entratest.Request) bool {
		match := entratest.MatchGrant("refresh_token")(q)
		if match {
			reached <- struct{}{}
		}
		return match
	}, entratest.Failure{Hold: hold, Times: 100})
	leader := make(chan error, 1)
	go func() { _, err := p.Silent(t.Context(), r); leader <- err }()
	<-reached
	// Callers who have given up already join the refresh and leave at once,
	// which shows that they joined.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 19 {
		if _, err := p.Silent(gone, r); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
	// Refreshes of their own would arrive while somebody else signs in.
	d.signIn(t, d.provider())
	close(hold)
	if err := <-leader; err != nil {
		t.Fatal(err)
	}
	if n := 1 + len(reached); n != 1 {
		t.Errorf("%d refreshes for 20 callers", n)
	}
}

func TestSilent_theRefreshOutlivesTheCallerWhoBeganIt(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	first := d.signIn(t, p)
	r := d.request(d.of(first.Account), func(r *auth.Request) { r.ForceRefresh = true })
	hold, reached := make(chan struct{}), make(chan struct{})
	d.entra.FailNext(func(q entratest.Request) bool {
		if !entratest.MatchGrant("refresh_token")(q) {
			return false
		}
		close(reached)
		return true
	}, entratest.Failure{Hold: hold})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := p.Silent(ctx, r); left <- err }()
	<-reached
	second := make(chan error, 1)
	go func() { _, err := p.Silent(t.Context(), r); second <- err }()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	close(hold)
	if err := <-second; err != nil {
		t.Errorf("who stayed got %v", err)
	}
}

func TestSilent_itSaysWhyOnlyThePersonCanHelp(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	_, err := p.Silent(t.Context(), d.request())
	wantCode(t, err, problem.SignInAgain)
	_, err = p.Silent(t.Context(), d.request(d.of("nobody.nowhere")))
	wantCode(t, err, problem.SignInAgain)
	token := d.signIn(t, p)
	if err := d.tenant.RevokeSessions(d.user); err != nil {
		t.Fatal(err)
	}
	force := func(r *auth.Request) { r.ForceRefresh = true }
	_, err = p.Silent(t.Context(), d.request(d.of(token.Account), force))
	wantCode(t, err, problem.SignInAgain)
	if err := d.tenant.Disable(d.user); err != nil {
		t.Fatal(err)
	}
	d.entra.FailNext(entratest.MatchGrant("refresh_token"), entratest.Failure{AADSTS: 50057})
	_, err = p.Silent(t.Context(), d.request(d.of(token.Account), force))
	wantCode(t, err, problem.AccountDisabled)
}

func TestSilent_itPassesAClaimsChallengeOnToTheNextSignIn(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	token := d.signIn(t, p)
	const challenge = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	d.entra.FailNext(entratest.MatchGrant("refresh_token"), entratest.Failure{
		AADSTS: 50076, OAuthError: "interaction_required", SubError: "basic_action", Claims: challenge,
	})
	_, err := p.Silent(t.Context(), d.request(d.of(token.Account), func(r *auth.Request) { r.ForceRefresh = true }))
	wantCode(t, err, problem.SignInAgain)
	d.signIn(t, p)
	var sent map[string]map[string]map[string]any
	if err := json.Unmarshal([]byte(d.param(t, "claims")), &sent); err != nil {
		t.Fatal(err)
	}
	if sent["access_token"]["acrs"]["value"] != "c1" || sent["access_token"]["xms_cc"] == nil {
		t.Errorf("sent %v", sent)
	}
	// Once signed in, it is done with.
	d.signIn(t, p)
	if strings.Contains(d.param(t, "claims"), "acrs") {
		t.Errorf("sent again: %s", d.param(t, "claims"))
	}
	// A challenge of the server's comes with the request.
	if _, err := p.SignIn(t.Context(), d.request(func(r *auth.Request) { r.Claims = challenge })); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.param(t, "claims"), "acrs") {
		t.Errorf("the request's claims were not sent: %s", d.param(t, "claims"))
	}
}

// Each answer of Microsoft's, and what the person is told.
func TestSilentAndSignIn_itGivesMicrosoftsRefusalsACode(t *testing.T) {
	for _, c := range []struct {
		failure         entratest.Failure
		silent, another problem.Code
	}{
		{entratest.Failure{AADSTS: 50105}, problem.NotAssigned, problem.NotAssigned},
		{entratest.Failure{AADSTS: 50057}, problem.AccountDisabled, problem.AccountDisabled},
		{entratest.Failure{AADSTS: 65001}, problem.ConsentNeeded, problem.ConsentNeeded},
		{entratest.Failure{AADSTS: 50011}, problem.RedirectUnknown, problem.RedirectUnknown},
		{entratest.Failure{AADSTS: 700016}, problem.WorkspaceNotSet, problem.WorkspaceNotSet},
		{entratest.Failure{AADSTS: 70008}, problem.SignInAgain, problem.EntraRefused},
		{entratest.Failure{AADSTS: 50173}, problem.SignInAgain, problem.EntraRefused},
		{entratest.Failure{AADSTS: 70011}, problem.ScopeDeclined, problem.ScopeDeclined},
		{entratest.Failure{AADSTS: 50076, OAuthError: "interaction_required"}, problem.SignInAgain, problem.SignInAgain},
		{entratest.Failure{AADSTS: 90002, Status: 503, OAuthError: "temporarily_unavailable"}, problem.NoEntra, problem.NoEntra},
		{entratest.Failure{AADSTS: 53003, OAuthError: "invalid_request"}, problem.EntraRefused, problem.EntraRefused},
		{entratest.Failure{Status: 429, Body: "slow down"}, problem.NoEntra, problem.NoEntra},
		{entratest.Failure{Status: 502, Body: "<html>canary"}, problem.NoEntra, problem.NoEntra},
		{entratest.Failure{Status: 200, Body: "<html>canary"}, problem.EntraRefused, problem.EntraRefused},
		{entratest.Failure{Status: 200, Body: `{"access_token":"canary"}`}, problem.EntraRefused, problem.EntraRefused},
		{entratest.Failure{Status: 302, Header: map[string][]string{"Location": {"https://evil.example/"}}, Body: "x"}, problem.EntraRefused, problem.EntraRefused},
		{entratest.Failure{Cut: true}, problem.NoEntra, problem.NoEntra},
	} {
		name := fmt.Sprintf("AADSTS%d %s %d", c.failure.AADSTS, c.failure.OAuthError, c.failure.Status)
		t.Run("it knows "+name, func(t *testing.T) {
			d := newDesk(t)
			p := d.provider()
			token := d.signIn(t, p)
			check := func(err error, want problem.Code) {
				t.Helper()
				wantCode(t, err, want)
				if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "canary") || strings.Contains(text, "because a test") {
					t.Errorf("the error quotes the answer: %s", text)
				}
				detail := problem.DetailOf(err)
				if c.failure.AADSTS != 0 && !strings.Contains(detail, fmt.Sprintf("AADSTS%d, correlation ID ", c.failure.AADSTS)) {
					t.Errorf("the detail is %q", detail)
				}
			}
			d.entra.FailNext(entratest.MatchGrant("refresh_token"), c.failure)
			_, err := p.Silent(t.Context(), d.request(d.of(token.Account), func(r *auth.Request) { r.ForceRefresh = true }))
			check(err, c.silent)
			d.entra.ClearFailures()
			d.entra.FailNext(entratest.MatchGrant("authorization_code"), c.failure)
			_, err = p.SignIn(t.Context(), d.request())
			check(err, c.another)
			if _, err := p.Silent(t.Context(), d.request(d.of(token.Account))); err != nil {
				t.Errorf("what was kept before is gone: %v", err)
			}
		})
	}
}
