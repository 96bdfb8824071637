package server

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// renewing is a samlWorld where ada is provisioned and the server's clock can be
// set forward.
type renewing struct {
	*samlWorld
	ada   string
	ahead atomic.Int64
}

func newRenewing(t *testing.T) *renewing {
	w := &renewing{samlWorld: newSAMLWorld(t, "sqlite")}
	w.start(nil, nil, func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	})
	w.ada = w.provision(w.r, w.world.ada)
	return w
}

// sleep sets the server's clock forward.
func (w *renewing) sleep(d time.Duration) { w.ahead.Add(int64(d)) }

// fromApp signs ada in as an app does.
func (w *renewing) fromApp(change ...func(*entratest.SAMLMessage)) api.Session {
	w.t.Helper()
	q, verifier := appQuery(appReturn)
	code := w.appCode(q, change...).Get("code")
	s, err := w.r.client.StartSession(context.Background(), api.SessionRequest{
		Workspace: "acme", GrantType: "authorization_code", Code: code, CodeVerifier: verifier, RedirectURI: appReturn, Device: "Ada's laptop",
	})
	w.must(err)
	return s
}

// renew asks for the next session.
func (w *renewing) renew(s api.Session) (api.Session, error) {
	return w.r.client.StartSession(context.Background(), api.SessionRequest{
		Workspace: "acme", GrantType: "refresh_token", RefreshToken: s.RefreshToken, IdempotencyKey: "device",
	})
}

// req: G6
func TestSAMLRenewal_itGoesOnWithoutThePersonForThirtyDays(t *testing.T) {
	w := newRenewing(t)
	s := w.fromApp()
	if !strings.HasPrefix(s.RefreshToken, "lyref_") {
		t.Fatalf("there is no refresh token in %+v", s)
	}
	for day := range 29 {
		w.sleep(24 * time.Hour) // long after the token expired
		if _, err := w.r.client.Me(t.Context(), s.Token); codeOf(err) != problem.SessionGone {
			t.Fatalf("day %d, the expired token: %v", day, err)
		}
		next, err := w.renew(s)
		if err != nil || next.Me.ID != w.ada || next.RefreshToken == s.RefreshToken || next.Token == s.Token {
			t.Fatalf("day %d: %+v, %v", day, next, err)
		}
		if me, err := w.r.client.Me(t.Context(), next.Token); err != nil || me.ID != w.ada {
			t.Fatalf("day %d: %v", day, err)
		}
		s = next
	}
	all, err := w.store.SessionsOfUser(t.Context(), w.ada)
	if err != nil || len(all) != 1 || all[0].Device != "Ada's laptop" {
		t.Errorf("%+v, %v", all, err)
	}
	w.sleep(25 * time.Hour)
	if _, err := w.renew(s); codeOf(err) != problem.RefreshSpent {
		t.Errorf("after thirty days: %v", err)
	}
	w.ahead.Store(0)
	s = w.fromApp()
	w.sleep(15 * 24 * time.Hour)
	if _, err := w.renew(s); codeOf(err) != problem.RefreshSpent {
		t.Errorf("after a fortnight's sleep: %v", err)
	}
}

func TestSAMLRenewal_aTokenThatComesAgainEndsTheSession(t *testing.T) {
	w := newRenewing(t)
	first := w.fromApp()
	second, err := w.renew(first)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"workspace":"acme","grant_type":"refresh_token","refresh_token":"` + first.RefreshToken + `"}`
	resp, err := http.Post(w.r.URL+"/v1/session", "application/json", strings.NewReader(body))
	w.must(err)
	defer resp.Body.Close()
	var p api.Problem
	w.must(decodeInto(resp.Body, &p))
	if resp.StatusCode != 400 || p.Error != "invalid_grant" || p.Code != string(problem.RefreshSpent) {
		t.Errorf("in OAuth's words: %d %+v", resp.StatusCode, p)
	}
	if _, err := w.r.client.Me(t.Context(), second.Token); codeOf(err) != problem.SessionGone {
		t.Errorf("the thief's session: %v", err)
	}
	if _, err := w.renew(second); codeOf(err) != problem.RefreshSpent {
		t.Errorf("the thief's next: %v", err)
	}
}

func TestSAMLRenewal_anAnswerThatWasLostIsGivenAnew(t *testing.T) {
	w := newRenewing(t)
	first := w.fromApp()
	if _, err := w.renew(first); err != nil { // lost
		t.Fatal(err)
	}
	again, err := w.renew(first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.renew(again); err != nil {
		t.Errorf("the one that arrived: %v", err)
	}
	if _, err := w.renew(first); codeOf(err) != problem.RefreshSpent {
		t.Errorf("after that one was used: %v", err)
	}
}

// req: E7
func TestSAMLRenewal_itEndsWithThePersonsAccess(t *testing.T) {
	w := newRenewing(t)
	s := w.fromApp()
	w.setActive(w.r, w.ada, false)
	if _, err := w.renew(s); codeOf(err) != problem.AccessEnded {
		t.Errorf("suspended: %v", err)
	}
	w.setActive(w.r, w.ada, true)
	if _, err := w.renew(s); codeOf(err) != problem.RefreshSpent {
		t.Errorf("brought back: %v", err)
	}
	if _, err := w.renew(w.fromApp()); err != nil {
		t.Errorf("signed in again: %v", err)
	}
}

func TestSAMLRenewal_itAsksWhetherThePersonMayStillComeIn(t *testing.T) {
	w := newRenewing(t)
	for name, c := range map[string]struct {
		change func(*directory.SAML)
		want   problem.Code
	}{
		"switched off":      {func(c *directory.SAML) { c.Disabled = true }, problem.SAMLNotSet},
		"another provider":  {func(c *directory.SAML) { c.IdP.EntityID += "x" }, problem.RefreshSpent},
		"without a key":     {func(c *directory.SAML) { c.Certificates = nil }, problem.SAMLNotSet},
		"as it was all day": {func(*directory.SAML) {}, ""},
	} {
		s := w.fromApp()
		before, err := w.store.SAML(t.Context(), "acme")
		w.must(err)
		write := func(change func(*directory.SAML)) {
			_, err := w.store.UpdateSAML(t.Context(), "acme", time.Now(), func(now *directory.SAML) ([]directory.Kind, error) {
				change(now)
				return nil, nil
			})
			w.must(err)
		}
		write(c.change)
		if _, err := w.renew(s); codeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		write(func(now *directory.SAML) {
			now.Disabled, now.IdP, now.Certificates = before.Disabled, before.IdP, before.Certificates
		})
		if _, err := w.renew(s); c.want != "" && err != nil {
			t.Errorf("%s, and mended: %v", name, err)
		}
	}
}

func TestSAMLRenewal_whatIsNoTokenOfItsIsRefusedAlike(t *testing.T) {
	w := newRenewing(t)
	s := w.fromApp()
	family, _, _ := strings.Cut(s.RefreshToken, ".")
	for _, bad := range []string{"x", "lyref_", "lyref_x", family, family + ".", "." + family, s.Token, "lyref_x.y", "lyses_a.b", "\x00.\x00"} {
		if _, err := w.renew(api.Session{RefreshToken: bad}); codeOf(err) != problem.RefreshSpent {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, r := range []api.SessionRequest{
		{Workspace: "acme", RefreshToken: s.RefreshToken, Code: "lycode_x"},
		{Workspace: "acme", RefreshToken: s.RefreshToken, AccessToken: "x"},
		{Workspace: "acme", RefreshToken: s.RefreshToken, GrantType: "authorization_code"},
		{Workspace: "acme", GrantType: "refresh_token"},
		{Workspace: "acme", AccessToken: "x", GrantType: "refresh_token"},
		{Workspace: "acme", AccessToken: "x", GrantType: "access_token"},
	} {
		if _, err := w.r.client.StartSession(t.Context(), r); codeOf(err) != problem.BadRequest {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if _, err := w.r.client.Me(t.Context(), s.RefreshToken); codeOf(err) != problem.SessionGone {
		t.Errorf("as a bearer token: %v", err)
	}
	if _, err := w.renew(s); err != nil {
		t.Errorf("the right one, after all that: %v", err)
	}
}

// The end of the identity provider's session is the end of ours.
func TestSAMLRenewal_itEndsWhenTheProviderSaysSo(t *testing.T) {
	w := newRenewing(t)
	ending := func(in time.Duration) func(*entratest.SAMLMessage) {
		return func(m *entratest.SAMLMessage) { m.SessionNotOnOrAfter = time.Now().Add(in) }
	}
	if s := w.fromApp(ending(30 * time.Minute)); s.RefreshToken != "" || time.Until(s.ExpiresAt) > 30*time.Minute {
		t.Errorf("half an hour: %+v", s)
	}
	s := w.fromApp(ending(90 * time.Minute))
	w.sleep(50 * time.Minute)
	s, err := w.renew(s)
	if err != nil || time.Until(s.ExpiresAt) > 90*time.Minute {
		t.Fatalf("%+v, %v", s, err)
	}
	w.sleep(41 * time.Minute)
	if _, err := w.renew(s); codeOf(err) != problem.RefreshSpent {
		t.Errorf("after the end: %v", err)
	}
}

func TestSAMLRenewal_itEndsWithASignOutOfAnySort(t *testing.T) {
	w := newRenewing(t)
	for name, end := range map[string]func(api.Session) error{
		"this device": func(s api.Session) error { return w.r.client.EndSession(t.Context(), s.Token, false) },
		"all devices": func(api.Session) error { return w.r.client.EndSession(t.Context(), w.fromApp().Token, true) },
		"the provider": func(api.Session) error {
			c, err := w.store.SAML(t.Context(), "acme")
			w.must(err)
			all, err := w.store.SessionsOfUser(t.Context(), w.ada)
			w.must(err)
			_, err = w.store.EndSAMLSessions(t.Context(), "acme", c.IdP.EntityID, all[0].SAML.NameID, nil, time.Now())
			return err
		},
	} {
		s := w.fromApp()
		w.must(end(s))
		if _, err := w.renew(s); codeOf(err) != problem.RefreshSpent {
			t.Errorf("%s: %v", name, err)
		}
	}
}
