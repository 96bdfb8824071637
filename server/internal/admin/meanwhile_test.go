package admin

import (
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// interrupted is a rig in which something happens once, when the clock is read for
// the nth time after it was set: so that it comes between any two steps of what is
// being done.
type interrupted struct {
	*rig
	after int
	do    func()
}

func newInterrupted(t *testing.T) *interrupted {
	t.Helper()
	i := &interrupted{}
	i.rig = newRig(t, func(c *Config) {
		clock := c.Now
		c.Now = func() time.Time {
			if do := i.do; do != nil {
				if i.after--; i.after == 0 {
					i.do = nil
					do()
				}
			}
			return clock()
		}
	})
	return i
}

// everyStep runs a test with an interruption at each reading of the clock, until
// what is done ends before it comes.
func everyStep(t *testing.T, test func(i *interrupted, at func(func()))) {
	t.Helper()
	for n, more := 1, true; more; n++ {
		if n > 50 {
			t.Fatal("it has no end")
		}
		i := newInterrupted(t)
		test(i, func(do func()) {
			i.after, i.do = n, do
		})
		more = i.do == nil
		i.do = nil
	}
}

// Whoever knows the former password signs in while it is replaced: what they get
// ends with it.
func TestSignIn_nobodyStaysWhoseFactorsWereReplacedMeanwhile(t *testing.T) {
	for name, recovery := range map[string]bool{"with a code": false, "with a recovery code": true} {
		t.Run(name, func(t *testing.T) {
			everyStep(t, func(r *interrupted, at func(func())) {
				l, err := r.FirstLink(t.Context())
				r.ok(err)
				a, codes, cookie := r.withApp(l, "Ada", "ada@acme.example")
				r.advance(time.Minute)
				s, code := r.standing(cookie), r.code(a)
				if recovery {
					code = codes[0]
				}
				changed := false
				at(func() {
					changed = true
					r.ok(r.SetPassword(t.Context(), s, "nine brown teapots"))
				})
				in, err := r.SignIn(t.Context(), "ada@acme.example", goodPassword, code, visitor)
				if err != nil {
					r.is(err, problem.AdminWrong)
				} else if changed && r.who(in.Cookie).Known() {
					t.Error("the former password's session outlived it")
				}
				if !r.who(cookie).Known() {
					t.Error("whoever changed it was signed out")
				}
			})
		})
	}
}

// A link ends while somebody opens it: what they opened is nothing.
func TestJoin_aLinkThatEndsMeanwhileOpensNothing(t *testing.T) {
	everyStep(t, func(r *interrupted, at func(func())) {
		r.owner()
		link, ended := r.invited("cy@acme.example", "acme", "viewer"), false
		at(func() {
			ended = true // with another role, which this link was not to open
			_, _, err := r.Invite(t.Context(), console.Principal{Operator: true}, "cy@acme.example", "", Grant{Workspace: "other", Role: "owner"})
			r.ok(err)
		})
		in, err := r.Join(t.Context(), secretOf(link), "", "", visitor)
		if err != nil {
			r.is(err, problem.AdminLink)
			return
		}
		if _, ok, err := r.Standing(request(in.Cookie)); ended && (ok || err != nil) {
			t.Errorf("a link that ended was opened: %v", err)
		}
	})
}

// The browser that opened a link sends its form just after the link ended.
func TestEnrol_aBrowserWhoseLinkEndedMeanwhileSetsUpNothing(t *testing.T) {
	r := newRig(t)
	_, ada := r.owner()
	link := r.invited("cy@acme.example", "acme", "viewer")
	in, err := r.Join(t.Context(), secretOf(link), "", "", visitor)
	r.ok(err)
	s := r.standing(in.Cookie)
	options, err := r.RegisterOptions(s.Admin, s.Session.ID)
	r.ok(err)
	_, fresh, err := r.Invite(t.Context(), console.Principal{Operator: true}, "cy@acme.example", "", Grant{Workspace: "other", Role: "owner"})
	r.ok(err)
	_, _, err = r.Enrol(t.Context(), s, Factor{Passkey: newDevice().create(r, options)}, visitor)
	r.is(err, problem.AdminLink)
	if _, cookie := r.withPasskey(fresh, "Cy", ""); r.who(cookie).Roles["other"] != console.Owner {
		t.Error("the new link does not do what it is for")
	}
	// A session that ended adds nothing to what its owner signs in with.
	s = r.standing(ada)
	options, err = r.RegisterOptions(s.Admin, s.Session.ID)
	r.ok(err)
	_, err = r.EndSessions(t.Context(), s.Admin.ID, "")
	r.ok(err)
	_, _, err = r.Enrol(t.Context(), s, Factor{Passkey: newDevice().create(r, options)}, visitor)
	r.is(err, problem.AdminSignIn)
	r.is(r.SetPassword(t.Context(), s, goodPassword), problem.AdminSignIn)
}

// Two browsers have opened one link to begin anew. One does; what it set up is not
// replaced by the other, and a second link ends what the first one opened.
func TestRecover_ofTwoWhoOpenedTheLinkOneBeginsAnew(t *testing.T) {
	r := newRig(t)
	r.owner()
	open := func(l Link) (Standing, string) {
		in, err := r.Join(t.Context(), secretOf(l), "", "", visitor)
		r.ok(err)
		s := r.standing(in.Cookie)
		options, err := r.RegisterOptions(s.Admin, s.Session.ID)
		r.ok(err)
		return s, options
	}
	l, err := r.Recover(t.Context(), "ada@acme.example")
	r.ok(err)
	first, forFirst := open(l)
	second, forSecond := open(l)
	won, _, err := r.Enrol(t.Context(), first, Factor{Passkey: newDevice().create(r, forFirst)}, visitor)
	r.ok(err)
	_, _, err = r.Enrol(t.Context(), second, Factor{Passkey: newDevice().create(r, forSecond)}, visitor)
	r.is(err, problem.AdminLink)
	if !r.who(won.Cookie).Known() {
		t.Error("whoever was first is signed out")
	}
	l, err = r.Recover(t.Context(), "ada@acme.example")
	r.ok(err)
	former, options := open(l)
	again, err := r.Recover(t.Context(), "ada@acme.example")
	r.ok(err)
	_, _, err = r.Enrol(t.Context(), former, Factor{Passkey: newDevice().create(r, options)}, visitor)
	r.is(err, problem.AdminLink)
	if _, err := r.ReadLink(t.Context(), secretOf(again)); err != nil || !r.who(won.Cookie).Known() {
		t.Errorf("a link ended what was not its own: %v", err)
	}
}

// A passkey's answer and the session that comes of it are one: where there is no
// session, nothing was taken, so nothing can come in between either.
func TestSignInPasskey_answerAndSessionAreOne(t *testing.T) {
	r := newRig(t)
	d, _ := r.owner()
	o, err := r.SignInOptions()
	r.ok(err)
	answer := d.get(r, o)
	db := r.beside()
	_, err = db.ExecContext(t.Context(), `create trigger full before insert on admin_sessions begin select raise(abort, 'full'); end`)
	r.ok(err)
	if _, err := r.SignInPasskey(t.Context(), answer, visitor); err == nil {
		t.Fatal("signed in without a session")
	}
	_, err = db.ExecContext(t.Context(), `drop trigger full`)
	r.ok(err)
	in, err := r.SignInPasskey(t.Context(), answer, visitor)
	r.ok(err)
	if !r.who(in.Cookie).Known() {
		t.Error("the answer signs nobody in")
	}
}

// An app is set up by one of the forms that bring the same code.
func TestEnrol_aCodeSetsUpOneApp(t *testing.T) {
	r := newRig(t)
	_, cookie := r.owner()
	_, err := r.BeginTOTP(t.Context(), r.standing(cookie).Admin, r.standing(cookie).Session)
	r.ok(err)
	s := r.standing(cookie)
	p, err := r.BeginTOTP(t.Context(), s.Admin, s.Session)
	r.ok(err)
	a := app{strings.ReplaceAll(p.Secret, " ", "")}
	f := Factor{Password: goodPassword, Code: r.code(a)}
	_, codes, err := r.Enrol(t.Context(), s, f, visitor)
	r.ok(err)
	if len(codes) == 0 {
		t.Error("no recovery codes")
	}
	_, _, err = r.Enrol(t.Context(), s, f, visitor)
	r.is(err, problem.AdminCode)
}

// Whoever guesses passwords is not told that one was right by how long the code
// beside it took to be refused: nothing of what is wrong waits for the database to
// write, which somebody else has locked here.
func TestSignIn_whatIsWrongWritesNothing(t *testing.T) {
	r := newRig(t)
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	a, codes, _ := r.withApp(l, "Ada", "ada@acme.example")
	r.advance(time.Minute)
	for _, code := range []string{r.code(a), codes[0]} {
		_, err = r.SignIn(t.Context(), "ada@acme.example", goodPassword, code, visitor)
		r.ok(err)
	}
	db := r.beside()
	c, err := db.Conn(t.Context())
	r.ok(err)
	_, err = c.ExecContext(t.Context(), `begin immediate`)
	r.ok(err)
	for name, try := range map[string][3]string{
		"a code that was used":          {"ada@acme.example", goodPassword, r.code(a)},
		"a recovery code that was used": {"ada@acme.example", goodPassword, codes[0]},
		"a recovery code of nobody":     {"ada@acme.example", goodPassword, "0000-0000-0000-0000"},
		"a wrong code":                  {"ada@acme.example", goodPassword, "abcdef"},
		"a wrong password":              {"ada@acme.example", "nine brown teapots", r.code(a)},
		"nobody":                        {"bo@acme.example", goodPassword, r.code(a)},
	} {
		if _, err := r.SignIn(t.Context(), try[0], try[1], try[2], visitor); !errors.Is(err, problem.New(problem.AdminWrong)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = c.ExecContext(t.Context(), `rollback`)
	r.ok(errors.Join(err, c.Close()))
}

// An owner of a workspace has an invitation made anew while its account is given
// more than is theirs to give: they are not shown what opens that.
func TestReinvite_isNotShownToWhoMeanwhileOwnsLessThanItOpens(t *testing.T) {
	everyStep(t, func(r *interrupted, at func(func())) {
		r.owner()
		acme := ownerOfWorkspace("acme")
		cy, _, err := r.Invite(t.Context(), acme, "cy@acme.example", "Cy", Grant{Workspace: "acme", Role: "viewer"})
		r.ok(err)
		more := false
		at(func() {
			more = true
			_, err := r.SetRole(t.Context(), console.Principal{Operator: true}, cy.ID, Grant{Workspace: "other", Role: "owner"})
			r.ok(err)
		})
		link, err := r.Reinvite(t.Context(), acme, cy.ID)
		if err != nil {
			r.is(err, problem.AdminElsewhere)
		} else if _, err := r.ReadLink(t.Context(), secretOf(link)); more && err == nil {
			t.Error("an owner of one workspace was shown a link that opens two")
		}
	})
}

// The other way round: the account is given a role elsewhere just before it is given
// one here.
func TestInvite_givesNoRoleToAnAccountThatMeanwhileIsOthersToo(t *testing.T) {
	r := newRig(t)
	r.owner()
	acme := ownerOfWorkspace("acme")
	both := console.Principal{ID: "both", Email: "both@acme.example", Roles: map[string]console.Role{"acme": console.Owner, "other": console.Owner}}
	cy, _, err := r.Invite(t.Context(), both, "cy@acme.example", "Cy", Grant{Workspace: "other", Role: "viewer"})
	r.ok(err)
	_, err = r.setRole(t.Context(), acme, cy.ID, Grant{Workspace: "acme", Role: "owner"}, allOf)
	r.is(err, problem.AdminElsewhere)
}

// A session ends while its browser is at Microsoft: whoever comes back with it links
// nothing.
func TestMicrosoft_aSessionThatEndedLinksNothing(t *testing.T) {
	m := newMSRig(t)
	me := m.who(m.cookie)
	q := m.returns(m.ada, me, m.cookie)
	_, err := m.EndSessions(t.Context(), me.ID, "")
	m.ok(err)
	_, err = m.FinishMicrosoft(q, me) // who asks was found out just before
	m.is(err, problem.AdminMSAnswer)
	if who, err := m.Find(t.Context(), me.ID); err != nil || who.Microsoft != nil {
		t.Errorf("linked is %+v, %v", who.Microsoft, err)
	}
}

// A registration and its secret are of one administrator, or neither is.
func TestMicrosoft_registrationAndSecretAreOne(t *testing.T) {
	m := newMSRig(t)
	before, version, err := m.MicrosoftSetting(t.Context())
	m.ok(err)
	db := m.beside()
	_, err = db.ExecContext(t.Context(), `create trigger full before update on settings when new.kind = 'admin.microsoft.secret' begin select raise(abort, 'full'); end`)
	m.ok(err)
	other := m.settings
	other.ClientID = "11111111-2222-4333-8444-555555555555"
	if err := m.SetMicrosoft(t.Context(), m.who(m.cookie), other, "another secret", version); err == nil {
		t.Fatal("it was stored without its secret")
	}
	if after, _, err := m.MicrosoftSetting(t.Context()); err != nil || after != before {
		t.Errorf("half of it was stored: %+v, %v", after, err)
	}
}

// beside is the database as another program has it open.
func (r *rig) beside() *sql.DB {
	r.t.Helper()
	db, err := sql.Open("sqlite", "file:"+r.file+"?_pragma=busy_timeout(10000)")
	r.ok(err)
	r.t.Cleanup(func() { db.Close() })
	return db
}

// second is another server on the same database.
func (r *rig) second() *rig {
	r.t.Helper()
	st, err := sqlite.Open(r.t.Context(), r.file)
	r.ok(err)
	r.t.Cleanup(func() { st.Close() })
	c := r.cfg
	c.Store = st
	return &rig{Admin: New(c), t: r.t, st: st, rp: r.rp, now: r.now, file: r.file}
}

// race has many do the same on two servers at once, and returns how many did it and
// what the others were told.
func race(a, b *rig, try func(*rig) error) (won int, lost []error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range 12 {
		on := a
		if i%2 == 1 {
			on = b
		}
		wg.Go(func() {
			err := try(on)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				lost = append(lost, err)
			}
		})
	}
	wg.Wait()
	return won, lost
}

// Everything that works once works once on two servers, whoever is quicker.
func TestTwoServers_whatWorksOnceWorksOnce(t *testing.T) {
	r := newRig(t)
	other := r.second()
	once := func(name string, code problem.Code, try func(*rig) error) {
		t.Helper()
		won, lost := race(r, other, try)
		if won != 1 {
			t.Errorf("%s: %d did it", name, won)
		}
		for _, err := range lost {
			if !errors.Is(err, problem.New(code)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	// The first owner's link, opened by twelve.
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	var mu sync.Mutex
	var won app
	var codes []string
	var cookie *http.Cookie
	n := 0
	once("the first link", problem.AdminLink, func(on *rig) error {
		mu.Lock()
		n++
		mail := string(rune('a'+n)) + "@acme.example"
		mu.Unlock()
		in, err := on.Join(t.Context(), secretOf(l), "A", mail, visitor)
		if err != nil {
			return err
		}
		s, _, err := on.Standing(request(in.Cookie))
		if err != nil {
			return err
		}
		p, err := on.BeginTOTP(t.Context(), s.Admin, s.Session)
		if err != nil {
			return err
		}
		a := app{strings.ReplaceAll(p.Secret, " ", "")}
		if s, _, err = on.Standing(request(in.Cookie)); err != nil {
			return err
		}
		signed, cc, err := on.Enrol(t.Context(), s, Factor{Password: goodPassword, Code: r.code(a)}, visitor)
		if err == nil {
			mu.Lock()
			won, codes, cookie = a, cc, signed.Cookie
			mu.Unlock()
		}
		return err
	})
	me := r.standing(cookie)
	r.advance(time.Minute)
	code := r.code(won)
	once("a code", problem.AdminWrong, func(on *rig) error {
		_, err := on.SignIn(t.Context(), me.Admin.Email, goodPassword, code, visitor)
		return err
	})
	once("a recovery code", problem.AdminWrong, func(on *rig) error {
		_, err := on.SignIn(t.Context(), me.Admin.Email, goodPassword, codes[0], visitor)
		return err
	})
	prove := func(on *rig, form url.Values) error {
		q := httptest.NewRequest(http.MethodPost, "/admin/x", strings.NewReader(form.Encode()))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.AddCookie(cookie)
		if err := q.ParseForm(); err != nil {
			return err
		}
		return on.Prove(t.Context(), r.who(cookie), q)
	}
	r.advance(time.Minute)
	code = r.code(won)
	once("a code for a proof", problem.AdminWrong, func(on *rig) error { return prove(on, url.Values{"stepup_code": {code}}) })
	// A new passkey, and what it answers.
	options, err := r.RegisterOptions(me.Admin, me.Session.ID)
	r.ok(err)
	d := newDevice()
	made := d.create(r, options)
	once("a new passkey", problem.AdminPasskey, func(on *rig) error {
		_, _, err := on.Enrol(t.Context(), me, Factor{Passkey: made}, visitor)
		return err
	})
	options, err = r.SignInOptions()
	r.ok(err)
	answer := d.get(r, options)
	once("a passkey's answer", problem.AdminPasskey, func(on *rig) error {
		_, err := on.SignInPasskey(t.Context(), answer, visitor)
		return err
	})
	how, err := r.Challenge(t.Context(), r.who(cookie))
	r.ok(err)
	proof := d.get(r, how.PasskeyOptions)
	once("a passkey's proof", problem.AdminPasskey, func(on *rig) error { return prove(on, url.Values{"stepup_passkey": {proof}}) })
	// An invitation and a link to begin anew, each opened by twelve.
	joins := func(l Link) func(*rig) error {
		return func(on *rig) error {
			in, err := on.Join(t.Context(), secretOf(l), "", "", visitor)
			if err != nil {
				return err
			}
			s, ok, err := on.Standing(request(in.Cookie))
			if err != nil || !ok {
				return errors.Join(err, problem.New(problem.AdminLink))
			}
			options, err := on.RegisterOptions(s.Admin, s.Session.ID)
			if err != nil {
				return err
			}
			_, _, err = on.Enrol(t.Context(), s, Factor{Passkey: newDevice().create(r, options)}, visitor)
			return err
		}
	}
	once("an invitation", problem.AdminLink, joins(r.invited("bo@acme.example", "", "owner")))
	l, err = r.Recover(t.Context(), "bo@acme.example")
	r.ok(err)
	once("a link to begin anew", problem.AdminLink, joins(l))
	// Owners who remove themselves: one stays.
	bo, err := r.Find(t.Context(), "bo@acme.example")
	r.ok(err)
	who := []string{me.Admin.ID, bo.ID}
	race(r, other, func(on *rig) error {
		mu.Lock()
		n++
		id := who[n%2]
		mu.Unlock()
		_, err := on.SetRole(t.Context(), console.Principal{Operator: true}, id, Grant{})
		return err
	})
	if has, err := r.HasOwner(t.Context()); err != nil || !has {
		t.Errorf("nobody owns the server: %v", err)
	}
}
