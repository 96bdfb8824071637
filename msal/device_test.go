package msal

import (
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
)

// req: G6
func TestSignIn_itWorksWithACodeOnAnotherDevice(t *testing.T) {
	d := newDesk(t)
	shown := 0
	typed := make(chan error, 1)
	p := d.provider(func(c *Config) { c.OpenURL, c.Return = nil, nil })
	token, err := p.SignIn(t.Context(), d.request(func(r *auth.Request) {
		r.DeviceCode = func(c auth.DeviceCode) {
			shown++
			if c.UserCode == "" || c.URL == "" || !c.ExpiresAt.After(time.Now()) {
				t.Errorf("shown %+v", c)
			}
			go func() { typed <- d.browser.EnterCode(t.Context(), c.URL, c.UserCode, d.user) }()
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-typed; err != nil {
		t.Fatal(err)
	}
	if shown != 1 || token.UserName != d.user.UserPrincipalName {
		t.Errorf("shown %d times, user %q", shown, token.UserName)
	}
	if _, err := d.provider().Silent(t.Context(), d.request(d.of(token.Account))); err != nil {
		t.Error(err)
	}
}

func TestSignIn_itSaysHowACodeCameToNothing(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*testing.T, *desk, auth.DeviceCode)
		want problem.Code
	}{
		"the person refuses": {func(t *testing.T, d *desk, c auth.DeviceCode) {
			d.browser.Cancel = true
			if err := d.browser.EnterCode(t.Context(), c.URL, c.UserCode, d.user); err != nil {
				t.Error(err)
			}
		}, problem.SignInCancelled},
		"the code runs out": {func(_ *testing.T, d *desk, _ auth.DeviceCode) { d.entra.Advance(time.Hour) }, problem.DeviceExpired},
		"the network goes":  {func(_ *testing.T, d *desk, _ auth.DeviceCode) { d.entra.Close() }, problem.NoEntra},
	} {
		t.Run("it says so when "+name, func(t *testing.T) {
			d := newDesk(t)
			_, err := d.provider().SignIn(t.Context(), d.request(func(r *auth.Request) {
				r.DeviceCode = func(code auth.DeviceCode) { c.do(t, d, code) }
			}))
			wantCode(t, err, c.want)
			d.empty(t)
		})
	}
	t.Run("it says so when the app may not use codes", func(t *testing.T) {
		d := newDesk(t)
		if err := d.tenant.UpdateApp(d.app, func(a *entratest.App) { a.IsFallbackPublicClient = false }); err != nil {
			t.Fatal(err)
		}
		_, err := d.provider().SignIn(t.Context(), d.request(func(r *auth.Request) {
			r.DeviceCode = func(c auth.DeviceCode) {
				if err := d.browser.EnterCode(t.Context(), c.URL, c.UserCode, d.user); err != nil {
					t.Error(err)
				}
			}
		}))
		wantCode(t, err, problem.WorkspaceNotSet)
	})
}
