package msal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
)

// appLink is the redirect URI of an app for Android.
const appLink = "msauth://example.lanyard/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"

// newPhone is newDesk with an app that comes back by a link of its own.
func newPhone(t testing.TB) *desk {
	t.Helper()
	return newDeskWith(t, appLink)
}

// out begins a sign-in and lets the person finish it in the browser.
func (d *desk) out(t testing.TB, p *Provider, r auth.Request) (auth.Begun, url.Values) {
	t.Helper()
	begun, err := p.Begin(t.Context(), r, appLink, "canary-state")
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	answer, err := d.browser.SignIn(t.Context(), begun.URL, d.user)
	if err != nil {
		t.Fatalf("the browser: %v", err)
	}
	if got := answer.URL.Scheme + "://" + answer.URL.Host + answer.URL.EscapedPath(); got != appLink {
		t.Fatalf("the browser came back to %s", got)
	}
	return begun, answer.Params
}

// req: G5
// req: G6
func TestBegin_anotherProcessFinishesTheSignIn(t *testing.T) {
	d := newPhone(t)
	begun, answer := d.out(t, d.provider(), d.request())
	if answer.Get("state") != "canary-state" {
		t.Fatalf("the state came back as %q", answer.Get("state"))
	}
	asked := d.entra.RequestsTo(entratest.MatchPath("/authorize"))[0].Params
	if asked.Get("response_mode") != "query" {
		t.Errorf("response_mode is %q: no form can be posted to an app", asked.Get("response_mode"))
	}
	for _, name := range []string{"nonce", "code_challenge"} {
		if len(asked.Get(name)) != 43 {
			t.Errorf("%s is %q", name, asked.Get(name))
		}
	}
	next := d.provider() // which has nothing but what was kept
	token, err := next.Finish(t.Context(), d.request(), begun.Secret, answer)
	if err != nil {
		t.Fatalf("Finish: %v", err)
	}
	if token.UserName != d.user.UserPrincipalName || token.AccessToken == "" {
		t.Errorf("got %v of %q", token, token.UserName)
	}
	redeemed := d.entra.RequestsTo(entratest.MatchGrant("authorization_code"))
	if len(redeemed) != 1 || redeemed[0].Params.Get("redirect_uri") != appLink || redeemed[0].Header.Get("client-request-id") != asked.Get("client-request-id") {
		t.Errorf("redeemed %d times, or as another sign-in", len(redeemed))
	}
	again, err := d.provider().Silent(t.Context(), d.request(d.of(token.Account)))
	if err != nil || again.AccessToken == "" {
		t.Errorf("the account is not kept: %v", err)
	}
	if _, err := next.Finish(t.Context(), d.request(), begun.Secret, answer); codeOf(err) != problem.BadCallback {
		t.Errorf("a code used twice: %v", err)
	}
}

// req: G6
func TestFinish_itChecksTheIDTokenAsEver(t *testing.T) {
	for name, mutate := range map[string]func(entratest.Claims){
		"another nonce":    func(c entratest.Claims) { c["nonce"] = "another" },
		"no nonce":         func(c entratest.Claims) { delete(c, "nonce") },
		"another audience": func(c entratest.Claims) { c["aud"] = "11111111-2222-4333-8444-555555555555" },
		"another tenant":   func(c entratest.Claims) { c["tid"] = "11111111-2222-4333-8444-555555555555" },
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			d := newPhone(t)
			begun, answer := d.out(t, d.provider(), d.request())
			d.tokenAnswer(d.tenant.IDToken(d.app, d.user, func(c entratest.Claims) { c["nonce"] = paramOf(t, begun.URL, "nonce") }, mutate))
			_, err := d.provider().Finish(t.Context(), d.request(), begun.Secret, answer)
			wantCode(t, err, problem.BadIDToken)
			d.empty(t)
		})
	}
}

func TestFinish_whatDoesNotFitTogetherIsRefused(t *testing.T) {
	d := newPhone(t)
	begun, answer := d.out(t, d.provider(), d.request())
	var other begunForm
	if err := json.Unmarshal(begun.Secret, &other); err != nil {
		t.Fatal(err)
	}
	other["verifier"] = random()
	wrongVerifier, err := json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		secret  []byte
		answer  url.Values
		request auth.Request
		want    problem.Code
	}{
		{"no secret", nil, answer, d.request(), problem.BadCallback},
		{"rubbish", []byte(`"canary-state"`), answer, d.request(), problem.BadCallback},
		{"an empty secret", []byte("{}"), answer, d.request(), problem.BadCallback},
		{"no answer", begun.Secret, url.Values{}, d.request(), problem.BadCallback},
		{"an error", begun.Secret, url.Values{"error": {"access_denied"}, "error_subcode": {"cancel"}}, d.request(), problem.SignInCancelled},
		{"another scope", begun.Secret, answer, d.request(func(r *auth.Request) { r.Scope += "2" }), problem.BadCallback},
		{"another app", begun.Secret, answer, d.request(func(r *auth.Request) { r.ClientID = "11111111-2222-4333-8444-555555555555" }), problem.BadCallback},
		{"another verifier", wrongVerifier, answer, d.request(), problem.EntraRefused},
	} {
		t.Run("it refuses "+c.name, func(t *testing.T) {
			_, err := d.provider().Finish(t.Context(), c.request, c.secret, c.answer)
			wantCode(t, err, c.want)
			if said := fmt.Sprintf("%v %+v", err, err); strings.Contains(said, "canary") || strings.Contains(said, answer.Get("code")) {
				t.Errorf("it says %s", said)
			}
			d.empty(t)
		})
	}
}

type begunForm map[string]any

func TestAbandon_itLeavesNothing(t *testing.T) {
	d := newPhone(t)
	p := d.provider()
	if _, err := p.Begin(t.Context(), d.request(), appLink, "s"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the person has given up already
	p.Abandon(ctx)
	d.empty(t)
	if got := d.tokenRequests("authorization_code"); got != 0 {
		t.Errorf("%d codes were redeemed", got)
	}
}

func TestBegin_whatCannotBeKeptIsFoundBeforeThePersonIsAsked(t *testing.T) {
	d := newPhone(t)
	p := d.provider(func(c *Config) { c.Cache = lockedCache{} })
	_, err := p.Begin(t.Context(), d.request(), appLink, "s")
	wantCode(t, err, problem.KeychainLocked)
}

// lockedCache is a cache whose keychain is locked.
type lockedCache struct{}

func (lockedCache) Load(context.Context) ([]byte, error) {
	return nil, problem.New(problem.KeychainLocked)
}

func (lockedCache) Update(context.Context, func([]byte) ([]byte, error)) error {
	return problem.New(problem.KeychainLocked)
}

func (lockedCache) Delete(context.Context) error { return problem.New(problem.KeychainLocked) }

// FuzzFinish: what comes back by a link anybody can open is never redeemed
// unless it has a code, and no failure repeats it.
func FuzzFinish(f *testing.F) {
	for _, s := range []string{"", "{}", `{"verifier":"v","nonce":"n"}`, `{"authority":1}`, "null", "[]"} {
		f.Add([]byte(s), "code=canary&state=s")
	}
	p := New(Config{Cache: lockedCache{}, HTTPClient: nil})
	r := auth.Request{Authority: "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555", TenantID: "11111111-2222-4333-8444-555555555555", ClientID: "22222222-2222-4333-8444-555555555555", Scope: "api://x/y"}
	f.Fuzz(func(t *testing.T, secret []byte, query string) {
		answer, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		var b begun
		if json.Unmarshal(secret, &b) == nil && b.Authority == r.Authority && b.ClientID == r.ClientID && b.Scope == r.Scope {
			return // it would ask Microsoft
		}
		if _, err := p.Finish(t.Context(), r, secret, answer); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q with %q: %v", secret, query, err)
		}
	})
}
