package msal

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/platform/sealed"
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

// What cannot be unsealed cannot be edited, but it can be deleted: a refresh
// token must not stay because a keychain is locked.
//
// req: E7
func TestSignOut_aKeychainThatDoesNotAnswerLeavesNoTokenBehind(t *testing.T) {
	for name, fail := range map[string]func(context.Context) error{
		"locked": func(context.Context) error { return problem.New(problem.KeychainLocked) },
		"hanging": func(ctx context.Context) error {
			<-ctx.Done()
			return problem.Wrap(problem.KeychainTimeout, ctx.Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			token := d.signIn(t, d.provider())
			d.keys = failingKeys{d.keys, fail}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := d.provider().SignOut(ctx, d.request(d.of(token.Account)))
			if code, _ := problem.Of(err); code != problem.KeychainLocked && code != problem.KeychainTimeout {
				t.Errorf("what stays in the keychain was not said: %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(d.dir, "*.sealed*")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// failingKeys is a keychain that cannot be used any more.
type failingKeys struct {
	sealed.KeyStore
	fail func(context.Context) error
}

func (k failingKeys) Load(ctx context.Context) (sealed.Key, error) { return sealed.Key{}, k.fail(ctx) }
func (k failingKeys) Delete(ctx context.Context) error             { return k.fail(ctx) }

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
