package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestFirstLink_makesTheFirstOwnerAndNobodyElse(t *testing.T) {
	r := newRig(t)
	old, err := r.FirstLink(t.Context())
	r.ok(err)
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	_, err = r.Join(t.Context(), secretOf(old), "Eve", "eve@acme.example", visitor)
	r.is(err, problem.AdminLink)
	_, err = r.Join(t.Context(), secretOf(l), "Ada", "no address", visitor)
	r.is(err, problem.AdminAddress)

	// Whoever opened it is nobody until they have set up how they sign in.
	in, err := r.Join(t.Context(), secretOf(l), "Ada", "ada@acme.example", visitor)
	r.ok(err)
	if p := r.who(in.Cookie); p.Known() {
		t.Errorf("who only opened the link is %+v", p)
	}
	_, cookie := r.withPasskey(l, "Ada Lovelace", "ADA@acme.example") // in another browser, as the first was closed
	p := r.who(cookie)
	if !p.ServerOwner || p.Name != "Ada Lovelace" || !p.Fresh || p.RoleIn("acme") != console.ServerOwner {
		t.Errorf("the owner is %+v", p)
	}
	if p := r.who(in.Cookie); p.Known() {
		t.Error("the browser that did not finish became somebody")
	}
	_, err = r.Join(t.Context(), secretOf(l), "Eve", "eve@acme.example", visitor)
	r.is(err, problem.AdminLink)
	_, err = r.FirstLink(t.Context())
	r.is(err, problem.AdminHasOwner)
	expired := newRig(t)
	l, err = expired.FirstLink(t.Context())
	expired.ok(err)
	expired.advance(JoinFor)
	_, err = expired.ReadLink(t.Context(), secretOf(l))
	expired.is(err, problem.AdminLink)
}

func TestPasskey_signsInByAChallengeThatIsAnsweredOnce(t *testing.T) {
	r := newRig(t)
	d, _ := r.owner()
	options, err := r.SignInOptions()
	r.ok(err)
	answer := d.get(r, options)
	in, err := r.SignInPasskey(t.Context(), answer, visitor)
	r.ok(err)
	if p := r.who(in.Cookie); p.Email != "ada@acme.example" || !p.Fresh {
		t.Errorf("signed in as %+v", p)
	}
	if !strings.HasPrefix(in.Cookie.Name, "__Host-") || !in.Cookie.Secure || !in.Cookie.HttpOnly || in.Cookie.SameSite != http.SameSiteLaxMode || in.Cookie.Domain != "" {
		t.Errorf("the cookie is %v", in.Cookie)
	}
	_, err = r.SignInPasskey(t.Context(), answer, visitor)
	r.is(err, problem.AdminPasskey)
}

func TestPasskey_aWrongAnswerIsRefused(t *testing.T) {
	r := newRig(t)
	d, cookie := r.owner()
	me := r.who(cookie)
	stranger := newDevice()
	stranger.auth.Options.UserHandle = []byte(me.ID)
	options := func() string {
		o, err := r.SignInOptions()
		r.ok(err)
		return o
	}
	for name, answer := range map[string]func() string{
		"another origin": func() string {
			rp := r.rp
			rp.Origin = "https://console.evil.example"
			return d.getAt(r, rp, options())
		},
		"another scheme": func() string {
			rp := r.rp
			rp.Origin = "http://" + host
			return d.getAt(r, rp, options())
		},
		"another relying party": func() string {
			rp := r.rp
			rp.ID = "evil.example"
			return d.getAt(r, rp, options())
		},
		"a challenge of a step-up": func() string {
			how, err := r.Challenge(t.Context(), me)
			r.ok(err)
			return d.get(r, how.PasskeyOptions)
		},
		"a challenge that is not ours": func() string {
			return d.get(r, `{"publicKey":{"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","rpId":"`+host+`"}}`)
		},
		"a challenge too old": func() string {
			o := options()
			r.advance(challengeFor)
			return d.get(r, o)
		},
		"nobody verified": func() string {
			d.auth.Options.UserNotVerified = true
			defer func() { d.auth.Options.UserNotVerified = false }()
			return d.get(r, options())
		},
		"a counter that went back": func() string {
			clone := *d
			clone.cred.Counter = 0
			first := d.get(r, options())
			if _, err := r.SignInPasskey(t.Context(), first, visitor); err != nil {
				t.Fatal(err)
			}
			return clone.get(r, options())
		},
		"a key that is not there": func() string { return stranger.get(r, options()) },
		"somebody who is not there": func() string {
			other := *d
			other.auth.Options.UserHandle = []byte("nobody")
			return other.get(r, options())
		},
		"nothing":        func() string { return "" },
		"something else": func() string { return `{"id":1}` },
		"too much":       func() string { return strings.Repeat("x", maxAnswer+1) },
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			_, err := r.SignInPasskey(t.Context(), answer(), visitor)
			if code, _ := problem.Of(err); code != problem.AdminPasskey {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPasskey_aConsoleAtANumberHasNone(t *testing.T) {
	r := newRig(t, func(c *Config) { c.URL = &url.URL{Scheme: "http", Host: "127.0.0.1:8080"} })
	if o, err := r.SignInOptions(); o != "" || err != nil {
		t.Errorf("%q, %v", o, err)
	}
	_, err := r.RegisterOptions(directory.Administrator{ID: "a"}, "s")
	r.is(err, problem.AdminNoPasskeys)
}

func TestSignIn_needsPasswordAndCodeEachOnce(t *testing.T) {
	r := newRig(t)
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	a, codes, _ := r.withApp(l, "Ada Lovelace", "ada@acme.example")
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	wrong := func(email, pass, code string) {
		t.Helper()
		_, err := r.SignIn(t.Context(), email, pass, code, visitor)
		r.is(err, problem.AdminWrong)
	}
	wrong("ada@acme.example", goodPassword, r.code(a)) // the one it was set up with
	r.advance(30 * time.Second)
	good := r.code(a)
	wrong("ada@acme.example", "another password!", good)
	wrong("eve@acme.example", goodPassword, good)
	wrong("ada@acme.example", goodPassword, "000000")
	wrong("ada@acme.example", goodPassword, "")
	in, err := r.SignIn(t.Context(), "ADA@acme.example", goodPassword, good, visitor)
	r.ok(err)
	if p := r.who(in.Cookie); !p.Fresh || !p.ServerOwner {
		t.Errorf("signed in as %+v", p)
	}
	wrong("ada@acme.example", goodPassword, good)
	wrong("ada@acme.example", goodPassword, codeAt(t, a.secret, r.clock().Add(-30*time.Second))) // older than the newest
	// A clock that is a little ahead is good, and then the present one is not.
	ahead := codeAt(t, a.secret, r.clock().Add(30*time.Second))
	_, err = r.SignIn(t.Context(), "ada@acme.example", goodPassword, ahead, visitor)
	r.ok(err)
	r.advance(30 * time.Second)
	wrong("ada@acme.example", goodPassword, ahead)

	r.sent()
	_, err = r.SignIn(t.Context(), "ada@acme.example", goodPassword, strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")), visitor)
	r.ok(err)
	wrong("ada@acme.example", goodPassword, codes[3])
	wrong("ada@acme.example", "", codes[4]) // a code alone opens nothing
	if mail := r.sent(); len(mail) != 1 || !strings.Contains(mail[0].Text, "9 recovery codes are left") {
		t.Errorf("told %+v", mail)
	}
}

// Whoever has a code tries it at the same time from many places: one gets in.
func TestSignIn_ofManyWithOneCodeOneGetsIn(t *testing.T) {
	r := newRig(t)
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	a, codes, _ := r.withApp(l, "Ada", "ada@acme.example")
	r.advance(time.Minute)
	for _, code := range []string{r.code(a), codes[0]} {
		var wg sync.WaitGroup
		var mu sync.Mutex
		in := 0
		for range 8 {
			wg.Go(func() {
				if _, err := r.SignIn(t.Context(), "ada@acme.example", goodPassword, code, visitor); err == nil {
					mu.Lock()
					in++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if in != 1 {
			t.Errorf("%d got in", in)
		}
	}
}

func TestSession_endsWhenIdleAtLastAndWhenRevoked(t *testing.T) {
	r := newRig(t)
	d, cookie := r.owner()
	r.advance(29 * time.Minute)
	if !r.who(cookie).Known() {
		t.Fatal("gone while it was used")
	}
	// A page that keeps itself current is no sign of life.
	for range 2 {
		r.advance(20 * time.Minute)
		q := request(cookie)
		p, err := r.Who(q.WithContext(console.AsPassive(q.Context())))
		r.ok(err)
		if want := r.clock().Before(start.Add(59 * time.Minute)); p.Known() != want {
			t.Errorf("at %v it is known: %v", r.clock().Sub(start), p.Known())
		}
	}
	signIn := func() *http.Cookie {
		o, err := r.SignInOptions()
		r.ok(err)
		in, err := r.SignInPasskey(t.Context(), d.get(r, o), visitor)
		r.ok(err)
		return in.Cookie
	}
	cookie = signIn()
	for range 35 {
		r.advance(20 * time.Minute)
		if !r.who(cookie).Known() {
			t.Fatal("gone within 12 hours")
		}
	}
	r.advance(20 * time.Minute)
	if r.who(cookie).Known() {
		t.Error("still there after 12 hours")
	}
	one, two := signIn(), signIn()
	me := r.who(one)
	all, err := r.Sessions(t.Context(), me.ID)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d sessions, %v", len(all), err)
	}
	r.is(r.EndSession(t.Context(), "somebody else", r.who(two).Session), problem.NotFound)
	r.ok(r.EndSession(t.Context(), me.ID, r.who(two).Session))
	if r.who(two).Known() || !r.who(one).Known() {
		t.Error("the wrong one ended")
	}
	gone, err := r.SignOut(request(one))
	if err != nil || len(gone) != 2 || gone[0].MaxAge >= 0 || gone[1].MaxAge >= 0 || r.who(one).Known() {
		t.Errorf("signed out: %v, %v", gone, err)
	}
}

func TestProve_makesASessionFreshForFiveMinutes(t *testing.T) {
	r := newRig(t)
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	a, codes, cookie := r.withApp(l, "Ada", "ada@acme.example")
	s := r.standing(cookie)
	o, err := r.RegisterOptions(s.Admin, s.Session.ID)
	r.ok(err)
	d := newDevice()
	_, _, err = r.Enrol(t.Context(), s, Factor{Passkey: d.create(r, o)}, visitor)
	r.ok(err)
	r.advance(StepUpFor)
	if r.who(cookie).Fresh {
		t.Error("fresh after five minutes")
	}
	prove := func(form url.Values) error {
		q := httptest.NewRequest(http.MethodPost, "/admin/x", strings.NewReader(form.Encode()))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.AddCookie(cookie)
		if err := q.ParseForm(); err != nil {
			t.Fatal(err)
		}
		return r.Prove(t.Context(), r.who(cookie), q)
	}
	r.is(prove(url.Values{"stepup_code": {"000000"}}), problem.AdminWrong)
	r.is(prove(url.Values{}), problem.AdminWrong)
	how, err := r.Challenge(t.Context(), r.who(cookie))
	if err != nil || !how.TOTP || how.PasskeyOptions == "" {
		t.Fatalf("asked for %+v, %v", how, err)
	}
	answer := d.get(r, how.PasskeyOptions)
	r.ok(prove(url.Values{"stepup_passkey": {answer}}))
	if !r.who(cookie).Fresh {
		t.Error("not fresh after a passkey")
	}
	r.is(prove(url.Values{"stepup_passkey": {answer}}), problem.AdminPasskey)
	for _, code := range []func() string{func() string { return r.code(a) }, func() string { return codes[0] }} {
		r.advance(StepUpFor)
		if r.who(cookie).Fresh {
			t.Error("fresh after five minutes")
		}
		given := code()
		r.ok(prove(url.Values{"stepup_code": {given}}))
		if !r.who(cookie).Fresh {
			t.Error("not fresh after a code")
		}
		r.is(prove(url.Values{"stepup_code": {given}}), problem.AdminWrong)
	}
	_, err = r.Challenge(t.Context(), console.Principal{ID: "link:1", Link: &console.LinkScope{}})
	r.is(err, problem.AdminNoAccount)
}

func TestRoles_areGivenByOwnersAndNeverLeaveNobody(t *testing.T) {
	r := newRig(t)
	_, cookie := r.owner()
	server := r.who(cookie)
	r.withPasskey(r.invited("bo@acme.example", "acme", "owner"), "Bo", "")
	bo, err := r.Find(t.Context(), "bo@acme.example")
	r.ok(err)
	boAs := principal(bo)
	// An owner of a workspace gives roles in it, and nowhere else.
	who, link, err := r.Invite(t.Context(), boAs, "cy@acme.example", "Cy", Grant{Workspace: "acme", Role: "admin"})
	if err != nil || link.URL == "" || who.Roles["acme"] != "admin" {
		t.Fatalf("invited %+v, %v", who, err)
	}
	if mail := r.sent(); len(mail) != 2 || mail[1].To[0] != "cy@acme.example" || !strings.Contains(mail[1].Text, link.URL) {
		t.Errorf("mailed %+v", mail)
	}
	for _, g := range []Grant{{Workspace: "other", Role: "viewer"}, {Role: "owner"}} {
		_, _, err = r.Invite(t.Context(), boAs, "eve@acme.example", "", g)
		r.is(err, problem.AdminTooSmall)
		_, err = r.SetRole(t.Context(), boAs, who.ID, g)
		r.is(err, problem.AdminTooSmall)
	}
	for _, role := range []console.Role{console.Admin, console.ITAdmin, console.Viewer} {
		_, _, err = r.Invite(t.Context(), console.Principal{ID: "x", Roles: map[string]console.Role{"acme": role}}, "eve@acme.example", "", Grant{Workspace: "acme", Role: "viewer"})
		r.is(err, problem.AdminTooSmall)
	}
	_, _, err = r.Invite(t.Context(), boAs, "CY@acme.example", "", Grant{Workspace: "acme", Role: "viewer"})
	r.is(err, problem.AdminExists)
	_, _, err = r.Invite(t.Context(), boAs, "x@acme.example", "", Grant{Workspace: "acme", Role: "king"})
	r.is(err, problem.FieldBad)
	_, err = r.SetRole(t.Context(), boAs, bo.ID, Grant{Workspace: "acme", Role: "viewer"})
	r.is(err, problem.AdminLastOwner) // bo is the only owner who joined
	_, err = r.SetRole(t.Context(), boAs, who.ID, Grant{Workspace: "acme", Role: "owner"})
	r.ok(err)
	_, err = r.SetRole(t.Context(), boAs, bo.ID, Grant{Workspace: "acme", Role: "viewer"})
	r.is(err, problem.AdminLastOwner) // cy was invited, and cannot sign in yet
	r.is(r.Remove(t.Context(), boAs, who.ID), problem.AdminTooSmall)
	r.is(r.Remove(t.Context(), boAs, bo.ID), problem.AdminLastOwner)
	r.is(r.Remove(t.Context(), server, server.ID), problem.AdminLastOwner)
	_, err = r.SetRole(t.Context(), server, server.ID, Grant{})
	r.is(err, problem.AdminLastOwner)
	_, err = r.SetRole(t.Context(), server, "nobody", Grant{Workspace: "acme", Role: "viewer"})
	r.is(err, problem.AdminUnknown)
	_, err = r.SetRole(t.Context(), server, bo.ID, Grant{Workspace: "nobodys", Role: "viewer"})
	r.is(err, problem.UnknownWorkspace)
	r.ok(r.Remove(t.Context(), server, bo.ID))
	_, err = r.Find(t.Context(), bo.ID)
	r.is(err, problem.AdminUnknown)
}

// Two owners take the ownership from each other at the same time: one stays.
func TestRoles_ofTwoOwnersWhoRemoveEachOtherOneStays(t *testing.T) {
	r := newRig(t)
	_, first := r.owner()
	_, second := r.withPasskey(r.invited("bo@acme.example", "", "owner"), "Bo", "")
	a, b := r.who(first), r.who(second)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	wg.Go(func() { errs[0] = r.Remove(t.Context(), a, b.ID) })
	wg.Go(func() { errs[1] = r.Remove(t.Context(), b, a.ID) })
	wg.Wait()
	all, err := r.Members(t.Context(), "")
	r.ok(err)
	if len(all) != 1 || (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("%d are left: %v", len(all), errs)
	}
}

// req: C8
func TestRoles_losingThemLeavesTokensForProvisioningAsTheyAre(t *testing.T) {
	r := newRig(t)
	_, cookie := r.owner()
	r.withPasskey(r.invited("bo@acme.example", "acme", "admin"), "Bo", "")
	tok := store.Token{ID: "t-1", Hash: "h", Workspace: "acme", Created: start}
	r.ok(r.st.CreateToken(t.Context(), tok))
	bo, err := r.Find(t.Context(), "bo@acme.example")
	r.ok(err)
	_, err = r.SetRole(t.Context(), r.who(cookie), bo.ID, Grant{Workspace: "acme"})
	r.ok(err)
	r.ok(r.Remove(t.Context(), r.who(cookie), bo.ID))
	if got, _, err := r.st.TokenByHash(t.Context(), "h", r.clock()); err != nil || got.ID != "t-1" {
		t.Errorf("the token is %+v, %v", got, err)
	}
}

func TestInvitation_worksUntilSomebodyJoined(t *testing.T) {
	r := newRig(t)
	r.owner()
	l := r.invited("bo@acme.example", "acme", "it-admin")
	i, err := r.ReadLink(t.Context(), secretOf(l))
	if err != nil || i.First || i.Admin.Email != "bo@acme.example" {
		t.Fatalf("%+v, %v", i, err)
	}
	// Two browsers open it; the first to finish has it.
	slow, err := r.Join(t.Context(), secretOf(l), "", "", visitor)
	r.ok(err)
	waiting := r.standing(slow.Cookie)
	_, cookie := r.withPasskey(l, "Bo Kim", "eve@acme.example") // the address is not theirs to choose
	p := r.who(cookie)
	if p.Email != "bo@acme.example" || p.Roles["acme"] != console.ITAdmin || p.ServerOwner {
		t.Errorf("joined as %+v", p)
	}
	o, err := r.RegisterOptions(waiting.Admin, waiting.Session.ID)
	r.ok(err)
	_, _, err = r.Enrol(t.Context(), waiting, Factor{Passkey: newDevice().create(r, o)}, visitor)
	r.is(err, problem.AdminLink)
	_, err = r.ReadLink(t.Context(), secretOf(l))
	r.is(err, problem.AdminLink)
	l = r.invited("cy@acme.example", "acme", "viewer")
	cy, err := r.Find(t.Context(), "cy@acme.example")
	r.ok(err)
	l2, err := r.Reinvite(t.Context(), console.Principal{ID: "x", Roles: map[string]console.Role{"acme": console.Owner}}, cy.ID)
	r.ok(err)
	_, err = r.ReadLink(t.Context(), secretOf(l))
	r.is(err, problem.AdminLink)
	r.advance(InviteFor)
	_, err = r.ReadLink(t.Context(), secretOf(l2))
	r.is(err, problem.AdminLink)
	_, err = r.Reinvite(t.Context(), console.Principal{ID: "x", Roles: map[string]console.Role{"other": console.Owner}}, cy.ID)
	r.is(err, problem.AdminUnknown)
}

func TestRecover_replacesEverythingAndTellsEveryOwner(t *testing.T) {
	r := newRig(t)
	d, before := r.owner()
	r.withPasskey(r.invited("bo@acme.example", "", "owner"), "Bo", "")
	r.sent()
	l, err := r.Recover(t.Context(), "ada@acme.example")
	r.ok(err)
	if !r.who(before).Known() {
		t.Error("asking for a link ended a session")
	}
	a, codes, after := r.withApp(l, "", "")
	if len(codes) != 10 || !r.who(after).ServerOwner || r.who(before).Known() {
		t.Error("they are not who they were, or the session from before goes on")
	}
	o, err := r.SignInOptions()
	r.ok(err)
	_, err = r.SignInPasskey(t.Context(), d.get(r, o), visitor)
	r.is(err, problem.AdminPasskey)
	r.advance(time.Minute)
	_, err = r.SignIn(t.Context(), "ada@acme.example", goodPassword, r.code(a), visitor)
	r.ok(err)
	mail := r.sent()
	if len(mail) != 2 {
		t.Fatalf("told %d times", len(mail))
	}
	for _, m := range mail {
		slices.Sort(m.To)
		if !slices.Equal(m.To, []string{"ada@acme.example", "bo@acme.example"}) {
			t.Errorf("told %v: %s", m.To, m.Subject)
		}
	}
	_, err = r.Join(t.Context(), secretOf(l), "", "", visitor)
	r.is(err, problem.AdminLink)
}

func TestAccount_keepsTheLastThingToSignInWith(t *testing.T) {
	r := newRig(t)
	_, cookie := r.owner()
	s := r.standing(cookie)
	id := s.Admin.Passkeys[0].ID
	r.is(r.RemovePasskey(t.Context(), s, id), problem.AdminLastFactor)
	_, err := r.NewRecovery(t.Context(), s.Admin.ID)
	r.is(err, problem.AdminNoRecovery)
	for _, weak := range []string{"short", "password1234", "ada-lovelace-1"} {
		r.is(r.SetPassword(t.Context(), s, weak), problem.AdminPassword)
	}
	r.ok(r.SetPassword(t.Context(), s, goodPassword))
	codes, err := r.NewRecovery(t.Context(), s.Admin.ID)
	if err != nil || len(codes) != 10 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
	r.is(r.RemovePasskey(t.Context(), s, id), problem.AdminLastFactor) // a password alone opens nothing
	_, err = r.SignIn(t.Context(), "ada@acme.example", goodPassword, "", visitor)
	r.is(err, problem.AdminWrong)
	_, err = r.SignIn(t.Context(), "ada@acme.example", goodPassword, codes[0], visitor)
	r.ok(err)
	p, err := r.BeginTOTP(t.Context(), s.Admin, r.standing(cookie).Session)
	r.ok(err)
	again, err := r.BeginTOTP(t.Context(), s.Admin, r.standing(cookie).Session)
	if err != nil || again.Secret != p.Secret {
		t.Error("the secret changed while it was set up")
	}
	a := app{strings.ReplaceAll(p.Secret, " ", "")}
	_, _, err = r.Enrol(t.Context(), r.standing(cookie), Factor{Code: "000000"}, visitor)
	r.is(err, problem.AdminCode)
	_, more, err := r.Enrol(t.Context(), r.standing(cookie), Factor{Code: r.code(a)}, visitor)
	if err != nil || more != nil {
		t.Fatalf("%v, %v", more, err)
	}
	stolen, err := r.SignIn(t.Context(), "ada@acme.example", goodPassword, codes[1], visitor)
	r.ok(err)
	r.ok(r.RemovePasskey(t.Context(), s, id))
	if who := r.who(stolen.Cookie); who.ID != "" {
		t.Error("a session lasts that may have begun with what was taken away")
	}
	r.is(r.RemoveTOTP(t.Context(), s), problem.AdminLastFactor)
	r.is(r.RemovePasskey(t.Context(), s, id), problem.NotFound)
}

// req: A4
func TestSetupLink_leadsToOnePartOfOneWorkspaceUntilItEnds(t *testing.T) {
	r := newRig(t)
	op := console.Principal{Operator: true}
	l, link, err := r.NewSetupLink(t.Context(), op, "acme", directory.ModuleSAML, "Bo of IT", 0)
	r.ok(err)
	if !l.Expires.Equal(start.Add(SetupLinkFor)) {
		t.Errorf("it expires at %v", l.Expires)
	}
	var cookie *http.Cookie
	for range 3 { // as often as they like
		_, cookie, err = r.OpenSetupLink(t.Context(), secretOf(link), visitor)
		r.ok(err)
	}
	if strings.Contains(cookie.Value, secretOf(link)) || !strings.HasPrefix(cookie.Name, "__Host-") {
		t.Error("the cookie gives the link away")
	}
	p := r.who(cookie)
	if p.Link == nil || p.Link.Workspace != "acme" || p.Link.Module != directory.ModuleSAML || p.RoleIn("acme") != console.Anybody || p.RoleIn("other") != console.Anybody || p.Fresh {
		t.Errorf("whoever opened it is %+v", p)
	}
	entries, err := r.st.AuditLog(t.Context(), store.AuditQuery{Workspace: "acme", Limit: 10})
	r.ok(err)
	if len(entries) != 3 || entries[0].Act != "account.setuplink.open" || entries[0].Detail["uses"] != "3" {
		t.Errorf("noted %+v", entries)
	}
	r.is(r.RevokeSetupLink(t.Context(), "other", l.ID), problem.NotFound)
	r.ok(r.RevokeSetupLink(t.Context(), "acme", l.ID))
	if r.who(cookie).Known() {
		t.Error("a revoked link leads somewhere where it was open")
	}
	_, _, err = r.OpenSetupLink(t.Context(), secretOf(link), visitor)
	r.is(err, problem.AdminLink)
	_, link, err = r.NewSetupLink(t.Context(), op, "acme", directory.ModuleSCIM, "", time.Hour)
	r.ok(err)
	_, cookie, err = r.OpenSetupLink(t.Context(), secretOf(link), visitor)
	r.ok(err)
	r.advance(time.Hour)
	if r.who(cookie).Known() {
		t.Error("an expired link leads somewhere")
	}
	_, err = r.ReadSetupLink(t.Context(), secretOf(link))
	r.is(err, problem.AdminLink)
	_, _, err = r.NewSetupLink(t.Context(), op, "acme", directory.ModuleSCIM, "", MaxSetupLink+1)
	r.is(err, problem.AdminTokenTooLong)
	_, _, err = r.NewSetupLink(t.Context(), op, "nobodys", directory.ModuleSCIM, "", 0)
	r.is(err, problem.UnknownWorkspace)
	forged := *cookie
	forged.Value = "AAAA" + forged.Value[4:]
	if r.who(&forged).Known() {
		t.Error("a forged cookie is somebody")
	}
}

func TestToken_doesNoMoreThanWhoMadeItAndEnds(t *testing.T) {
	r := newRig(t)
	_, cookie := r.owner()
	_, bo := r.withPasskey(r.invited("bo@acme.example", "acme", "admin"), "Bo", "")
	as := func(clear string) console.Principal {
		q := request()
		q.Header.Set("Authorization", "Bearer "+clear)
		p, err := r.Who(q)
		r.ok(err)
		return p
	}
	me := r.who(bo)
	_, _, err := r.NewToken(t.Context(), me, "too much", Grant{Workspace: "acme", Role: "owner"}, 0)
	r.is(err, problem.AdminTooSmall)
	_, _, err = r.NewToken(t.Context(), me, "too much", Grant{}, 0)
	r.is(err, problem.AdminTooSmall)
	_, _, err = r.NewToken(t.Context(), me, "elsewhere", Grant{Workspace: "other", Role: "viewer"}, 0)
	r.is(err, problem.AdminTooSmall)
	_, _, err = r.NewToken(t.Context(), me, "too long", Grant{Workspace: "acme", Role: "viewer"}, MaxToken+1)
	r.is(err, problem.AdminTokenTooLong)
	k, clear, err := r.NewToken(t.Context(), me, "deploy", Grant{Workspace: "acme", Role: "admin"}, time.Hour)
	r.ok(err)
	if !wellFormed(clear.Reveal()) || !strings.HasPrefix(clear.Reveal(), "lyadm_") || strings.Contains(fmt.Sprintf("%v %+v %#v", clear, clear, clear), clear.Reveal()) {
		t.Error("the token has not its form, or shows itself")
	}
	p := as(clear.Reveal())
	if !p.Bearer || p.Roles["acme"] != console.Admin || p.ServerOwner || p.RoleIn("other") != console.Anybody {
		t.Errorf("the token is %+v", p)
	}
	_, _, err = r.NewToken(t.Context(), p, "child", Grant{Workspace: "acme", Role: "viewer"}, 0)
	r.is(err, problem.AdminNoAccount)
	flipped := []byte(clear.Reveal())
	flipped[10] ^= 1
	for _, bad := range []string{"", "lyadm_", string(flipped), clear.Reveal() + "x", strings.ToUpper(clear.Reveal()), strings.TrimPrefix(clear.Reveal(), "lyadm_")} {
		if as(bad).Known() {
			t.Errorf("%q is somebody", bad)
		}
	}
	boID, err := r.Find(t.Context(), "bo@acme.example")
	r.ok(err)
	_, err = r.SetRole(t.Context(), r.who(cookie), boID.ID, Grant{Workspace: "acme", Role: "viewer"})
	r.ok(err)
	if p := as(clear.Reveal()); p.Roles["acme"] != console.Viewer {
		t.Errorf("after its maker lost the role: %+v", p)
	}
	r.is(r.RevokeToken(t.Context(), "", k.ID), problem.NotFound)
	r.advance(time.Hour)
	if as(clear.Reveal()).Known() {
		t.Error("it works after its time")
	}
	_, clear, err = r.NewToken(t.Context(), console.Principal{Operator: true}, "ops", Grant{}, 0)
	r.ok(err)
	if !as(clear.Reveal()).ServerOwner {
		t.Error("an operator's token is nobody's")
	}
	_, clear, err = r.NewToken(t.Context(), principal(boID), "bo's", Grant{Workspace: "acme", Role: "viewer"}, 0)
	r.ok(err)
	o, err := r.Find(t.Context(), "ada@acme.example")
	r.ok(err)
	r.ok(r.Remove(t.Context(), principal(o), boID.ID))
	if as(clear.Reveal()).Known() {
		t.Error("it works after its maker was removed")
	}
}

func TestToken_andSessionTogetherAreTheToken(t *testing.T) {
	r := newRig(t)
	_, cookie := r.owner()
	q := request(cookie)
	q.Header.Set("Authorization", "Bearer nonsense")
	if p, err := r.Who(q); err != nil || p.Known() {
		t.Errorf("%+v, %v", p, err)
	}
}

// req: C7
func TestBreakGlass_anOwnerIsReadyOnceTheyShowedIt(t *testing.T) {
	r := newRig(t)
	r.is(r.GlassReady(t.Context(), "acme"), problem.SSONoBreakGlass)
	l := r.invited("bo@acme.example", "acme", "owner")
	r.is(r.GlassReady(t.Context(), "acme"), problem.SSONoBreakGlass) // invited only
	d, cookie := r.withPasskey(l, "Bo", "")
	r.is(r.GlassReady(t.Context(), "acme"), problem.SSONoBreakGlass) // no recovery codes
	s := r.standing(cookie)
	r.ok(r.SetPassword(t.Context(), s, goodPassword))
	_, err := r.NewRecovery(t.Context(), s.Admin.ID)
	r.ok(err)
	r.ok(r.GlassReady(t.Context(), "acme"))
	r.is(r.GlassReady(t.Context(), "other"), problem.SSONoBreakGlass)
	r.advance(ProofFor + time.Hour)
	r.is(r.GlassReady(t.Context(), "acme"), problem.SSONoBreakGlass) // proven too long ago
	o, err := r.SignInOptions()
	r.ok(err)
	_, err = r.SignInPasskey(t.Context(), d.get(r, o), visitor)
	r.ok(err)
	state, err := r.BreakGlass(t.Context(), "acme")
	if err != nil || !state.Ready || len(state.Owners) != 1 || !state.Owners[0].Passkey || state.Owners[0].Recovery != 10 {
		t.Errorf("%+v, %v", state, err)
	}
	_, err = r.SetRole(t.Context(), console.Principal{Operator: true}, s.Admin.ID, Grant{Workspace: "acme", Role: "admin"})
	r.ok(err)
	r.is(r.GlassReady(t.Context(), "acme"), problem.SSONoBreakGlass)
}

// req: C7
func TestBreakGlass_everyUseOfItIsToldAndNoted(t *testing.T) {
	r := newRig(t)
	server, _ := r.owner()
	d, _ := r.withPasskey(r.invited("bo@acme.example", "acme", "owner"), "Bo", "")
	r.withPasskey(r.invited("vi@acme.example", "acme", "viewer"), "Vi", "")
	signIn := func(d *device) {
		o, err := r.SignInOptions()
		r.ok(err)
		_, err = r.SignInPasskey(t.Context(), d.get(r, o), visitor)
		r.ok(err)
	}
	r.sent()
	signIn(d)
	if mail := r.sent(); len(mail) != 0 {
		t.Errorf("told %+v while nothing is enforced", mail)
	}
	_, _, err := store.ChangeSetting(t.Context(), r.st, "acme", directory.EnforcementSetting, store.SettingChange{Version: store.AnyVersion, Now: start}, func(e *directory.Enforcement) error {
		e.Enforced = true
		return nil
	})
	r.ok(err)
	for _, who := range []*device{d, server} {
		signIn(who)
		mail := r.sent()
		if len(mail) != 1 || mail[0].Workspace != "acme" || mail[0].Kind != "breakglass" || !strings.Contains(mail[0].Text, "with a passkey, from 192.0.2.1") {
			t.Fatalf("told %+v", mail)
		}
		slices.Sort(mail[0].To)
		if !slices.Equal(mail[0].To, []string{"ada@acme.example", "bo@acme.example"}) {
			t.Errorf("told %v", mail[0].To)
		}
	}
	entries, err := r.st.AuditLog(t.Context(), store.AuditQuery{Workspace: "acme", Limit: 10})
	r.ok(err)
	if len(entries) != 2 || entries[0].Act != "account.breakglass" || entries[1].Actor != "bo@acme.example" || entries[0].IP != "192.0.2.1" {
		t.Errorf("noted %+v", entries)
	}
}

func TestSignIn_isSlowedDownByAccountAndAddress(t *testing.T) {
	r := newRig(t, func(c *Config) { c.InsecureNoRateLimits = false })
	try := func(email string, v Visitor) problem.Code {
		_, err := r.SignIn(t.Context(), email, "x", "000000", v)
		code, _ := problem.Of(err)
		return code
	}
	// The same for an account that is there and one that is not.
	for range accountBurst {
		if got := try("nobody@acme.example", visitor); got != problem.AdminWrong {
			t.Fatal(got)
		}
	}
	if got := try("NOBODY@acme.example", Visitor{}); got != problem.TooMany {
		t.Errorf("another address, the same account: %s", got)
	}
	r.advance(accountEvery)
	if got := try("nobody@acme.example", visitor); got != problem.AdminWrong {
		t.Errorf("after a while: %s", got)
	}
	for i := range visitorBurst + 20 {
		try(fmt.Sprintf("n%d@acme.example", i), visitor)
	}
	if got := try("fresh@acme.example", visitor); got != problem.TooMany {
		t.Errorf("from an address that tried a lot: %s", got)
	}
}

// Nothing that opens something lies in the database or the log in the clear.
func TestSecrets_areNeitherStoredNorLogged(t *testing.T) {
	r := newRig(t)
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	a, codes, cookie := r.withApp(l, "Ada", "ada@acme.example")
	in := r.invited("bo@acme.example", "acme", "owner")
	_, setup, err := r.NewSetupLink(t.Context(), r.who(cookie), "acme", directory.ModuleSAML, "", 0)
	r.ok(err)
	_, token, err := r.NewToken(t.Context(), r.who(cookie), "deploy", Grant{}, 0)
	r.ok(err)
	for range 3 {
		_, _ = r.SignIn(t.Context(), "ada@acme.example", "a wrong password 1", codes[1], visitor)
		_, _ = r.SignInPasskey(t.Context(), "no answer", visitor)
	}
	_, err = r.Recover(t.Context(), "ada@acme.example")
	r.ok(err)
	secrets := append([]string{a.secret, secretOf(l), secretOf(in), secretOf(setup), token.Reveal(), cookie.Value, goodPassword, "a wrong password 1"}, codes...)
	for _, c := range codes {
		secrets = append(secrets, strings.ReplaceAll(c, "-", ""))
	}
	r.ok(r.st.Close())
	files, err := filepath.Glob(r.file + "*")
	r.ok(err)
	seen := r.log.String()
	for _, f := range files {
		text, err := os.ReadFile(f)
		r.ok(err)
		seen += string(text)
	}
	if len(files) == 0 || !strings.Contains(seen, "ada@acme.example") {
		t.Fatal("the database was not read")
	}
	for _, s := range secrets {
		if strings.Contains(seen, s) {
			t.Errorf("%q is in the clear", s)
		}
	}
}

func TestAddress_readsWhatPeopleType(t *testing.T) {
	for _, good := range []string{"ada@acme.example", " Ada.Lovelace+x@sub.acme.example ", "ünï@bücher.example"} {
		if _, err := Address(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "ada", "@acme.example", "ada@", "a b@acme.example", "ada@acme.example>", "ada@a@b", "ada@.example", "ada\n@acme.example", strings.Repeat("a", 250) + "@acme.example"} {
		if _, err := Address(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzPasskeyAnswer(f *testing.F) {
	f.Add(`{}`)
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`)
	a := New(Config{URL: &url.URL{Scheme: "https", Host: host}, Key: make([]byte, 32)})
	f.Fuzz(func(t *testing.T, answer string) {
		if _, err := a.verifyPasskey(context.Background(), []byte(answer), purposeSignIn, nil, store.AdminChange{}); err == nil {
			t.Error("it was accepted")
		}
		if _, _, err := a.newPasskey(directory.Administrator{ID: "a"}, "s", "", answer); err == nil {
			t.Error("it was accepted")
		}
	})
}

func TestConsole_withoutAKeyHasNoPasskeysAndSaysWhy(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Key = nil })
	if o, err := r.SignInOptions(); o != "" || err != nil {
		t.Errorf("%q, %v", o, err)
	}
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	in, err := r.Join(t.Context(), secretOf(l), "Ada", "ada@acme.example", visitor)
	r.ok(err)
	s := r.standing(in.Cookie)
	_, err = r.RegisterOptions(s.Admin, s.Session.ID)
	r.is(err, problem.WrongServerKey)
	_, err = r.BeginTOTP(t.Context(), s.Admin, s.Session)
	r.is(err, problem.WrongServerKey)
}
