package msal

import (
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

// req: G7
func TestSignOut_itForgetsOneAccountAndThenEverything(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	ada := d.signIn(t, p)
	first := d.user
	d.user, d.browser = d.addUser(t, "Grace", "Hopper"), d.entra.Browser()
	grace := d.signIn(t, p)

	d.user = first
	if err := p.SignOut(t.Context(), d.request(d.of(strings.ToUpper(ada.Account)))); err != nil {
		t.Fatal(err)
	}
	_, err := p.Silent(t.Context(), d.request(d.of(ada.Account)))
	wantCode(t, err, problem.SignInAgain)
	if _, err := p.Silent(t.Context(), d.request(d.of(grace.Account))); err != nil {
		t.Errorf("the other account: %v", err)
	}
	for section, rows := range d.contents(t) {
		for key, row := range rows {
			if strings.Contains(string(row), ada.Account) {
				t.Errorf("left in %s: %s", section, key)
			}
		}
	}
	if err := p.SignOut(t.Context(), d.request(d.of("nobody.nowhere"))); err != nil {
		t.Errorf("an account that is not there: %v", err)
	}
	d.entra.Close() // needs no network
	if err := d.provider().SignOut(t.Context(), d.request(d.of(grace.Account))); err != nil {
		t.Fatal(err)
	}
	d.empty(t)
	_, err = p.Silent(t.Context(), d.request(d.of(grace.Account)))
	wantCode(t, err, problem.SignInAgain)
	if err := p.SignOut(t.Context(), d.request(d.of(grace.Account))); err != nil {
		t.Errorf("once more: %v", err)
	}
}

func TestLogoutURL_itIsMicrosofts(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	got, err := p.LogoutURL(t.Context(), d.request())
	if err != nil || !strings.HasPrefix(got, d.entra.BrowserURL()+"/") || !strings.Contains(got, d.tenant.ID) {
		t.Errorf("got %q, %v", got, err)
	}
	d.entra.Close()
	_, err = d.provider().LogoutURL(t.Context(), d.request())
	wantCode(t, err, problem.NoEntra)
}
