package auth

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// onPhone runs a test inside a bubble, on a phone, in a workspace that offers
// the method alone. The person takes their time until answer is called.
func onPhone(t *testing.T, m Method, test func(r *rig, answer func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.device = phone
		if m == SAML {
			r.server.offers = withSAML(true)
		}
		wait := make(chan struct{})
		r.browser.wait = wait
		r.run()
		defer func() { r.stop() }()
		test(r, func() { close(wait); synctest.Wait() })
	})
}

// begin begins a sign-in and waits until the browser has the next move.
func (r *rig) begin() {
	r.t.Helper()
	go func() { _ = r.SignIn(r.ctx, "acme") }()
	r.want(SigningIn, "", "")
}

// killedAnew is a kill followed by the app's next start.
func (r *rig) killedAnew() {
	r.kill()
	r.run()
}

func eachMethod(t *testing.T, test func(t *testing.T, m Method)) {
	for _, m := range []Method{Microsoft, SAML} {
		t.Run(string(m), func(t *testing.T) { test(t, m) })
	}
}

// req: G5
// req: G6
func TestPending_aSignInSurvivesTheProcess(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprintf("the answer is there before the app is: %v", early), func(t *testing.T) {
				onPhone(t, m, func(r *rig, answer func()) {
					r.begin()
					kept := r.pending.now()
					if kept.State == "" || kept.RedirectURI != phoneReturn || kept.ExpiresAt.Sub(kept.BegunAt) != 5*time.Minute {
						t.Fatalf("kept %+v", kept)
					}
					r.kill()
					if early {
						answer()
					}
					time.Sleep(time.Minute)
					r.run()
					if !early {
						s := r.want(SigningIn, "", "")
						if s.Workspace == nil || s.Workspace.Name != "Acme" || s.Method != m {
							t.Fatalf("state %+v", s)
						}
						answer()
					}
					s := r.want(SignedIn, "", "")
					if s.Method != m || s.LastWorkspace != "acme" || r.server.open() != 1 || !r.pending.empty() || r.browser.ways() != 0 {
						t.Fatalf("state %+v, %d sessions", s, r.server.open())
					}
					saved := r.vault.now()
					if saved.Method != m || (m == SAML) != (saved.RefreshToken != "" && saved.RetryKey != "") || (m == Microsoft) != (saved.Account != "") {
						t.Fatalf("saved %+v", saved)
					}
					r.wait(20 * lifetime) // it is watched and renewed like any other
					r.want(SignedIn, "", "")
				})
			})
		}
	})
}

// A process may be ended between any two things that it does.
//
// req: G5
func TestPending_killedAnywhereItIsNeverHalfDone(t *testing.T) {
	const lost = problem.SignInTimedOut
	for _, c := range []struct {
		at     string
		method Method // "" is both
		phase  Phase
		err    problem.Code // in the end
		waits  bool         // the next start waits for the browser
	}{
		{"before keeping", "", SignedOut, "", false},
		{"after keeping", "", SignedOut, lost, true}, // no browser was opened yet
		{"before open", "", SignedOut, lost, true},
		{"after open", "", SignedIn, "", true},
		{"after the answer", "", SignedOut, lost, true}, // it was lost with the process
		{"before taking", "", SignedOut, lost, true},
		{"after taking", "", SignedOut, "", false}, // a code is never used a second time
		{"before redeeming", Microsoft, SignedOut, "", false},
		{"after redeeming", Microsoft, SignedOut, "", false},
		{"before saving the account", Microsoft, SignedOut, "", false},
		{"after saving the account", Microsoft, SignedIn, "", false},
		{"before starting the session", Microsoft, SignedIn, "", false},
		{"before starting the session", SAML, SignedOut, "", false},
		{"after starting the session", Microsoft, SignedIn, "", false},
		{"after starting the session", SAML, SignedOut, "", false},
		{"before saving the session", Microsoft, SignedIn, "", false},
		{"after saving the session", "", SignedIn, "", false},
		{"before removing", "", SignedIn, "", false},
		{"after removing", "", SignedIn, "", false},
	} {
		eachMethod(t, func(t *testing.T, m Method) {
			if c.method != "" && c.method != m {
				return
			}
			t.Run(c.at, func(t *testing.T) {
				onPhone(t, m, func(r *rig, answer func()) {
					r.process.killAt = c.at
					go func() { _ = r.SignIn(r.ctx, "acme") }()
					synctest.Wait()
					before := r.process.over()
					answer()
					if !r.process.over() {
						t.Fatal("it never came to this place")
					}
					r.kill()
					r.run()
					if s := r.State(); c.waits && before && s.Phase != SigningIn && s.Phase != SignedIn {
						t.Errorf("the next start does not go on: %v", s.Phase)
					}
					r.wait(5*time.Minute + time.Second)
					r.want(c.phase, c.err, "")
					if _, redeemed, _ := r.provider.sums(); redeemed > 1 || r.server.count("start") > 2 {
						t.Errorf("redeemed %d times, %d sessions", redeemed, r.server.count("start"))
					}
					if !r.pending.empty() || r.browser.ways() != 0 {
						t.Error("the pending sign-in is still there")
					}
					if c.phase == SignedOut { // nothing is in the way of the next try
						r.mustSignIn()
					}
					if err := r.server.good(r.vault.token()); err != nil {
						t.Errorf("the saved session is not good: %v", err)
					}
					r.killedAnew()
					r.want(SignedIn, "", "")
					if err := r.SignOut(r.ctx, ThisDevice); err != nil || !r.vault.empty() || !r.provider.empty() || !r.pending.empty() {
						t.Errorf("after the sign-out something is left: %v", err)
					}
				})
			})
		})
	}
}

func TestPending_theSavedAccountGoesWhenTheServerRefuses(t *testing.T) {
	onPhone(t, Microsoft, func(r *rig, answer func()) {
		answer()
		r.server.set(func() { r.server.fails["start"] = []error{problem.New(problem.NotAdmitted)} })
		_ = r.signIn("acme")
		r.want(SignedOut, problem.NotAdmitted, "")
		if !r.vault.empty() || !r.provider.empty() || !r.pending.empty() {
			t.Fatalf("left: %+v", r.vault.now())
		}
	})
}

// req: G5
func TestPending_theAppBeingClosedKeepsIt(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		onPhone(t, m, func(r *rig, answer func()) {
			r.begin()
			r.stop()
			if r.pending.empty() {
				t.Fatal("closing the app lost the sign-in")
			}
			answer()
			r.run()
			r.want(SignedIn, "", "")
		})
	})
}

// req: G6
func TestPending_itEndsAfterFiveMinutes(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		for _, asleep := range []time.Duration{time.Minute, time.Hour} {
			onPhone(t, m, func(r *rig, answer func()) {
				r.begin()
				r.kill()
				time.Sleep(asleep)
				r.run()
				r.wait(5*time.Minute - asleep + time.Second)
				s := r.want(SignedOut, problem.SignInTimedOut, "")
				if s.Workspace == nil || s.LastWorkspace != "acme" || !r.pending.empty() || r.browser.ways() != 0 {
					t.Fatalf("asleep %v: state %+v", asleep, s)
				}
				answer() // too late
				r.want(SignedOut, problem.SignInTimedOut, "")
				if err := r.Retry(r.ctx); err != nil {
					t.Fatal(err)
				}
				if s := r.want(SignedIn, "", ""); s.Method != m {
					t.Errorf("the second try is by %q", s.Method)
				}
			})
		}
	})
}

func TestPending_aClockThatWentBackEndsIt(t *testing.T) {
	onPhone(t, Microsoft, func(r *rig, _ func()) {
		r.begin()
		r.kill()
		r.pending.set(func() { // as seen from a day before
			r.pending.kept.BegunAt = time.Now().Add(24 * time.Hour)
			r.pending.kept.ExpiresAt = time.Now().Add(24*time.Hour + 5*time.Minute)
		})
		r.run()
		r.want(SignedOut, problem.SignInTimedOut, "")
	})
}

// req: G6
func TestPending_anAnswerOfSomebodyElsesIsIgnored(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		for _, killed := range []bool{false, true} {
			onPhone(t, m, func(r *rig, answer func()) {
				r.browser.set(func() {
					r.browser.strays = []url.Values{
						{"code": {"stolen"}, "state": {"another"}},
						{"code": {"stolen"}},
						{"error": {"access_denied"}, "state": {""}},
						{"code": {"stolen"}, "state": {"another", "state"}},
					}
				})
				r.begin()
				if killed {
					r.killedAnew()
				}
				answer()
				r.want(SignedIn, "", "")
			})
		}
	})
}

func TestPending_aWayBackThatBringsNothingElseIsGivenUp(t *testing.T) {
	onPhone(t, SAML, func(r *rig, answer func()) {
		r.browser.set(func() {
			for range 2 * maxStrays {
				r.browser.strays = append(r.browser.strays, url.Values{"code": {"stolen"}, "state": {"another"}})
			}
		})
		r.begin()
		answer()
		r.want(SignedOut, problem.BadCallback, "")
	})
}

// What a person may do while the next start waits for the browser.
func TestPending_thePersonIsNeverStuck(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(r *rig)
		phase Phase
	}{
		"cancel":             {func(r *rig) { r.Cancel() }, SignedOut},
		"dismiss":            {func(r *rig) { _ = r.Dismiss(r.ctx) }, SignedOut},
		"sign out":           {func(r *rig) { _ = r.SignOut(r.ctx, ThisDevice) }, SignedOut},
		"another sign-in":    {func(r *rig) { _ = r.SignIn(r.ctx, "nowhere") }, SignedOut},
		"a code":             {func(r *rig) { _ = r.SignInWithCode(r.ctx, "acme") }, SignedIn},
		"the same once more": {func(r *rig) { go func() { _ = r.SignIn(r.ctx, "acme") }() }, SigningIn},
	} {
		t.Run(name, func(t *testing.T) {
			onPhone(t, Microsoft, func(r *rig, answer func()) {
				r.begin()
				first := r.pending.now().State
				r.killedAnew()
				r.want(SigningIn, "", "")
				c.do(r)
				synctest.Wait()
				if s := r.State(); s.Phase != c.phase {
					t.Fatalf("the phase is %v", s.Phase)
				}
				if now := r.pending.now().State; now == first || (now == "") != (c.phase != SigningIn) {
					t.Error("the first sign-in is still pending, or the second is not")
				}
				answer()
				if c.phase == SignedOut {
					if _, redeemed, _ := r.provider.sums(); r.State().Phase != SignedOut || redeemed != 0 {
						t.Errorf("its answer was taken all the same: %v", r.State().Phase)
					}
					r.killedAnew()
					if s := r.State(); s.Phase != SignedOut {
						t.Errorf("the next start is %v", s.Phase)
					}
				}
			})
		})
	}
}

func TestPending_whoeverGaveUpWaitingHasCancelledIt(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		onPhone(t, m, func(r *rig, answer func()) {
			ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
			defer cancel()
			if err := r.SignIn(ctx, "acme"); code(err) != problem.SignInCancelled {
				t.Fatal(err)
			}
			r.want(SignedOut, "", "")
			if begun, _, _ := r.provider.sums(); !r.pending.empty() || begun != 0 || r.browser.ways() != 0 {
				t.Error("the sign-in is still pending")
			}
			answer()
			r.killedAnew()
			r.want(SignedOut, "", "")
		})
	})
}

func TestPending_aSignInBeforeTheAppHasLookedTakesItsPlace(t *testing.T) {
	onPhone(t, Microsoft, func(r *rig, answer func()) {
		r.begin()
		r.kill()
		r.vault.load = problem.New(problem.KeychainLocked) // so the start ends here
		r.run()
		r.want(SignedOut, problem.KeychainLocked, "")
		if r.pending.empty() {
			t.Fatal("a locked keychain lost the sign-in")
		}
		r.vault.load = nil
		_ = r.SignInWithCode(r.ctx, "nowhere")
		r.want(SignedOut, problem.UnknownWorkspace, "")
		if !r.pending.empty() {
			t.Fatal("two sign-ins are under way")
		}
	})
}

func TestPending_whatCannotBeReadNowIsTriedAgain(t *testing.T) {
	onPhone(t, Microsoft, func(r *rig, answer func()) {
		r.begin()
		r.kill()
		r.pending.load = problem.New(problem.KeychainLocked)
		r.run()
		r.want(SignedOut, problem.KeychainLocked, "")
		r.pending.set(func() { r.pending.load = nil })
		go func() { _ = r.Retry(r.ctx) }()
		r.want(SigningIn, "", "")
		answer()
		r.want(SignedIn, "", "")
	})
	onPhone(t, Microsoft, func(r *rig, answer func()) {
		r.begin()
		r.kill()
		r.pending.load = problem.New(problem.CacheUnreadable)
		r.run()
		r.want(SignedOut, "", problem.CacheUnreadable)
		answer()
		r.mustSignIn()
	})
}

// A person who was signed in and began another sign-in meant the other one.
func TestPending_besideASavedSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		asleep time.Duration
		cancel bool
		phase  Phase
		err    problem.Code
	}{
		"finished it takes its place":                  {0, false, SignedIn, ""},
		"expired the saved one goes on":                {time.Hour / 2, false, SignedIn, ""},
		"cancelled nobody is signed in until they try": {0, true, SignedOut, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.device = phone
				r.run()
				r.mustSignIn()
				old := r.vault.token()
				wait := make(chan struct{})
				r.browser.set(func() { r.browser.wait = wait })
				r.begin()
				r.kill()
				time.Sleep(c.asleep)
				r.run()
				if c.cancel {
					r.Cancel()
				}
				close(wait)
				r.want(c.phase, c.err, "")
				if !r.pending.empty() {
					t.Error("the sign-in is still pending")
				}
				switch {
				case c.cancel:
					if err := r.Retry(r.ctx); err != nil || r.want(SignedIn, "", "").Person == nil || r.vault.token() != old {
						t.Errorf("the saved sign-in is lost: %v", err)
					}
				case (r.vault.token() == old) != (c.asleep > 0) || r.server.open() != 1:
					t.Errorf("token kept: %v, %d sessions", r.vault.token() == old, r.server.open())
				}
				r.stop()
			})
		})
	}
}

func TestPending_whatTheSystemCannotBringBackIsSaid(t *testing.T) {
	onPhone(t, SAML, func(r *rig, answer func()) {
		r.begin()
		r.kill()
		r.pending.set(func() { r.pending.kept.RedirectURI = "msauth://example.lanyard/of%20another%20key" })
		r.run()
		r.want(SignedOut, problem.SignInCancelled, "")
		if !r.pending.empty() {
			t.Error("the sign-in is still pending")
		}
		answer()
		r.mustSignIn()
	})
}

func TestPending_oneThatCannotBeKeptGoesOnInThisProcess(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		onPhone(t, m, func(r *rig, answer func()) {
			r.pending.save = problem.New(problem.DiskWrite)
			r.begin()
			answer()
			r.want(SignedIn, "", "")
		})
	})
}

func TestPending_takenByAnotherProcessItIsNotUsedHere(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		onPhone(t, m, func(r *rig, answer func()) {
			r.begin()
			if err := r.pending.Take(r.ctx, r.pending.now().State); err != nil {
				t.Fatal(err)
			}
			answer()
			r.want(SignedOut, problem.SignInCancelled, "")
			if _, redeemed, _ := r.provider.sums(); redeemed != 0 || r.server.count("start") != 0 {
				t.Error("the code was used")
			}
		})
	})
}

// req: G7
func TestPending_itIsInNoLogAndHidesItself(t *testing.T) {
	eachMethod(t, func(t *testing.T, m Method) {
		onPhone(t, m, func(r *rig, answer func()) {
			r.begin()
			p := r.pending.now()
			r.killedAnew()
			answer()
			r.want(SignedIn, "", "")
			r.stop()
			said := r.log.String() + fmt.Sprintf("%v %+v %#v %s", p, p, p, p) + fmt.Sprintf("%v %#v", Begun{"u", p.Begun}, Begun{"u", p.Begun}) + p.LogValue().String()
			for _, hidden := range []string{p.State, p.Verifier, string(p.Begun), phoneReturn, "secret-code"} {
				if hidden != "" && strings.Contains(said, hidden) {
					t.Errorf("%q was said", hidden)
				}
			}
			r.run()
		})
	})
}
