package auth

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// restart closes the app and opens it again after d.
func (r *rig) restart(d time.Duration) {
	r.t.Helper()
	r.stop()
	time.Sleep(d)
	r.run()
}

func TestResume_comesToWhatTheServerAndMicrosoftSay(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *rig)
		after  time.Duration
		phase  Phase
		err    problem.Code
		notice problem.Code
		vault  string // empty, session, hint
		silent int
	}{
		{"a good session needs nobody", nil, time.Minute, SignedIn, "", "", "session", 0},
		{"a session that has run out is renewed silently", nil, 2 * lifetime, SignedIn, "", "", "session", 1},
		{"a session that was ended early is not replaced", func(r *rig) { r.server.sessions = map[string]time.Time{} }, time.Minute, SignedOut, "", problem.SessionGone, "empty", 1},
		{"a session that is nearly over shows the page first", nil, lifetime - time.Minute, SignedIn, "", "", "session", 0},
		{"a disabled account is revoked", func(r *rig) {
			r.server.sessions = map[string]time.Time{}
			r.provider.silent = problem.New(problem.AccountDisabled)
		}, time.Minute, Revoked, problem.AccountDisabled, "", "empty", 1},
		{"a suspended person is revoked", func(r *rig) {
			r.server.ended, r.server.sessions = true, map[string]time.Time{}
		}, time.Minute, Revoked, problem.AccessEnded, "", "empty", 1},
		{"a 403 is revoked", func(r *rig) {
			r.server.fails["me"] = []error{problem.New(problem.AccessEnded)}
		}, time.Minute, Revoked, problem.AccessEnded, "", "empty", 0},
		{"only the person can go on", func(r *rig) {
			r.server.sessions = map[string]time.Time{}
			r.provider.silent = problem.New(problem.SignInAgain)
		}, time.Minute, SignedOut, problem.SignInAgain, "", "hint", 1},
		{"the person is not assigned any more", func(r *rig) {
			r.server.sessions = map[string]time.Time{}
			r.provider.silent = problem.New(problem.NotAssigned)
		}, time.Minute, SignedOut, problem.NotAssigned, "", "hint", 1},
		{"a token of an old cache is replaced", func(r *rig) {
			r.server.fails["start"] = []error{problem.New(problem.TokenRefused)}
		}, 2 * lifetime, SignedIn, "", "", "session", 2},
		{"signed out from another device", func(r *rig) {
			r.server.fails["me"] = []error{problem.New(problem.SignedOutAll)}
		}, time.Minute, SignedOut, "", problem.SignedOutAll, "empty", 0},
		{"somebody else is signed in at Microsoft", func(r *rig) {
			r.server.person.ID = "bob"
		}, 2 * lifetime, SignedOut, problem.WrongAccount, "", "hint", 1},
		{"offline within the grace", func(r *rig) { r.server.down = true }, time.Minute, Offline, problem.Offline, "", "session", 0},
		{"offline after the grace", func(r *rig) { r.server.down = true }, grace + time.Minute, SignedOut, problem.Offline, "", "session", 0},
		{"the session is gone and Microsoft is away", func(r *rig) {
			r.server.sessions = map[string]time.Time{}
			r.provider.silent = problem.New(problem.NoEntra)
		}, time.Minute, SignedOut, problem.NoEntra, "", "session", 1},
		{"nothing but a hint was saved", func(r *rig) { r.vault.saved.SessionToken, r.vault.saved.Account = "", "" }, time.Minute, SignedOut, "", "", "hint", 0},
		{"what was saved is not readable", func(r *rig) { r.vault.load = problem.New(problem.CacheUnreadable) }, time.Minute, SignedOut, "", problem.CacheUnreadable, "", 0},
		{"the keychain is locked", func(r *rig) { r.vault.load = problem.New(problem.KeychainLocked) }, time.Minute, SignedOut, problem.KeychainLocked, "", "", 0},
		{"the saved server is not one", func(r *rig) { r.vault.saved.Server = "http://sso.example.com" }, time.Minute, SignedOut, problem.Insecure, "", "empty", 0},
		{"the saved workspace is incomplete", func(r *rig) { r.vault.saved.Workspace.Microsoft = nil }, time.Minute, SignedOut, problem.CacheUnreadable, "", "empty", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(r *rig) {
				r.mustSignIn()
				r.stop()
				if c.change != nil {
					c.change(r)
				}
				time.Sleep(c.after)
				r.run()
				s := r.want(c.phase, c.err, c.notice)
				if s.Phase == Offline && (s.Person == nil || !s.OfflineUntil.After(time.Now())) {
					t.Errorf("state %+v", s)
				}
				if n := r.provider.silently(); n != c.silent {
					t.Errorf("%d silent sign-ins, want %d", n, c.silent)
				}
				switch {
				case c.vault == "empty" && (!r.vault.empty() || c.phase == Revoked && !r.provider.empty()),
					c.vault == "session" && r.vault.empty(),
					c.vault == "hint" && (r.vault.empty() || r.vault.token() != "" || r.vault.now().UserName != "ada@acme.example"):
					t.Errorf("the vault has %+v", r.vault.now())
				}
			})
		})
	}
}

func TestResume_signingInAgainNamesThePersonToMicrosoft(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.stop()
		r.server.sessions = map[string]time.Time{}
		r.provider.silent = problem.New(problem.SignInAgain)
		r.run()
		r.want(SignedOut, problem.SignInAgain, "")
		if err := r.Retry(r.ctx); err != nil {
			t.Fatal(err)
		}
		r.want(SignedIn, "", "")
		if q := r.provider.request(1); q.LoginHint != "ada@acme.example" || q.Prompt != "" {
			t.Fatalf("request %+v", q)
		}
	})
}

func TestResume_aSessionThatIsNearlyOverIsRenewedInTime(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.restart(lifetime - time.Minute)
		r.want(SignedIn, "", "")
		r.wait(time.Minute)
		if n := r.provider.silently(); n != 1 {
			t.Fatalf("%d silent sign-ins", n)
		}
		r.want(SignedIn, "", "")
	})
}

func TestResume_aLockedKeychainIsTriedAgain(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.stop()
		r.vault.load = problem.New(problem.KeychainLocked)
		r.run()
		r.want(SignedOut, problem.KeychainLocked, "")
		r.vault.load = nil
		if err := r.Retry(r.ctx); err != nil {
			t.Fatal(err)
		}
		r.want(SignedIn, "", "")
	})
}

// req: H9
func TestOffline_itEndsWithTheGraceOrWithTheServersReturn(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.wait(time.Hour / 4)
		r.server.cut(true)
		r.wait(5 * time.Second)
		s := r.want(Offline, problem.Offline, "")
		if left := time.Until(s.OfflineUntil); left > grace || left < grace-10*time.Minute {
			t.Fatalf("the grace lasts %v", left)
		}
		r.server.cut(false)
		r.wait(time.Minute)
		r.want(SignedIn, "", "")

		r.server.cut(true)
		r.wait(5 * time.Second)
		until := r.want(Offline, problem.Offline, "").OfflineUntil
		r.wait(time.Until(until) - time.Second)
		r.want(Offline, problem.Offline, "")
		r.wait(2 * time.Second)
		r.want(SignedOut, problem.Offline, "")
		r.server.cut(false)
		r.wait(time.Minute)
		r.want(SignedIn, "", "") // the way back needs nobody
	})
}

func TestOffline_settingTheClockBackGainsNothing(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.stop()
		r.server.down = true
		r.vault.saved.SeenAt = time.Now().Add(time.Hour) // as seen from a clock set back by an hour
		r.run()
		r.want(SignedOut, problem.Offline, "")
	})
}

func TestRetry_whenOfflineItLooksAtOnce(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.server.cut(true)
		r.wait(time.Hour)
		r.want(Offline, problem.Offline, "")
		r.server.cut(false)
		if err := r.Retry(r.ctx); err != nil {
			t.Fatal(err)
		}
		r.want(SignedIn, "", "")
	})
}

func TestDismiss_endsTheWatchOverAnErrorPage(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.stop()
		r.server.down = true
		time.Sleep(grace)
		r.run()
		r.want(SignedOut, problem.Offline, "")
		if err := r.Dismiss(r.ctx); err != nil {
			t.Fatal(err)
		}
		r.server.set(func() { r.server.down = false })
		r.wait(time.Hour)
		r.want(SignedOut, "", "")
	})
}

// req: H9
func TestResume_signingOutEverywhereReachesADeviceThatSlept(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.stop()
		r.server.sessions = map[string]time.Time{} // from another device
		r.provider.silent = problem.New(problem.NoEntra)
		r.run() // Microsoft is away: why the session ended is not known yet
		r.want(SignedOut, problem.NoEntra, "")
		r.provider.set(func() { r.provider.silent = nil })
		r.wait(time.Minute)
		r.want(SignedOut, "", problem.SessionGone)
		if !r.vault.empty() || !r.provider.empty() || r.server.open() != 0 {
			t.Fatal("the device could sign itself in again")
		}
	})
}

// req: E7
func TestResume_whoKeepsMicrosoftAwayGainsNoGrace(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.stop()
		r.server.ended, r.server.sessions = true, map[string]time.Time{}
		r.provider.silent = problem.New(problem.NoEntra) // blocked by whoever has the device
		r.run()
		r.want(SignedOut, problem.NoEntra, "")
		r.stop()
		r.server.down = true // and then everything is
		r.run()
		r.want(SignedOut, problem.Offline, "")
		r.stop()
		r.server.down, r.provider.silent = false, nil
		r.run()
		r.want(Revoked, problem.AccessEnded, "")
	})
}

// req: E7
func TestWatch_endedAccessEmptiesTheDevice(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		begun := time.Now()
		r.server.push(api.EventAccessEnded, &api.Problem{Code: string(problem.AccessEnded), Detail: "Acme suspended Ada.", CorrelationID: "c-1"})
		s := r.want(Revoked, problem.AccessEnded, "")
		if d := time.Since(begun); d > time.Second {
			t.Errorf("it took %v", d)
		}
		if s.Person != nil || s.Workspace.Name != "Acme" || problem.DetailOf(s.Err) != "Acme suspended Ada." {
			t.Errorf("state %+v", s)
		}
		if !r.vault.empty() || !r.provider.empty() {
			t.Error("something is still saved")
		}
		r.restart(time.Minute)
		r.want(SignedOut, "", "")
	})
}

// req: E7
func TestWatch_endedAccessIsShownWhateverThePersonPressesMeanwhile(t *testing.T) {
	for event, want := range map[api.EventType]Phase{api.EventAccessEnded: Revoked, api.EventSessionEnded: SignedOut} {
		t.Run(string(event), func(t *testing.T) {
			in(t, func(r *rig) {
				r.mustSignIn()
				r.vault.gate = make(chan struct{}) // the keychain takes its time
				r.server.push(event, nil)
				synctest.Wait()
				dismissed := make(chan error, 1)
				go func() { dismissed <- r.Dismiss(r.ctx) }() // of some other notice
				synctest.Wait()
				close(r.vault.gate)
				if err := <-dismissed; err != nil {
					t.Error(err)
				}
				r.wait(time.Hour)
				if s := r.State(); s.Phase != want || s.Person != nil || (s.Err == nil && s.Notice == nil) {
					t.Errorf("state %+v", s)
				}
				if !r.vault.empty() || !r.provider.empty() {
					t.Error("something is still saved")
				}
			})
		})
	}
}

// req: E7
func TestSignOut_aHangingKeychainLeavesNoSessionBehind(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.provider.set(func() { r.provider.hung = true })
		r.server.push(api.EventAccessEnded, nil)
		r.wait(time.Minute)
		r.want(Revoked, problem.AccessEnded, problem.KeychainTimeout)
		if !r.vault.empty() {
			t.Error("the session is still saved")
		}
	})
}

// req: E7
func TestWatch_endedAccessIsFoundAlsoWhenTheEventWasMissed(t *testing.T) {
	for _, how := range []string{"the stream broke", "a proxy swallows events"} {
		t.Run(how, func(t *testing.T) {
			in(t, func(r *rig) {
				r.mustSignIn()
				r.server.set(func() { r.server.ended, r.server.sessions = true, map[string]time.Time{} })
				if how == "the stream broke" {
					r.server.cut(false)
				}
				r.wait(pollEvery + time.Second)
				r.want(Revoked, problem.AccessEnded, "")
				if !r.vault.empty() || !r.provider.empty() {
					t.Error("something is still saved")
				}
			})
		})
	}
}

// req: H9
func TestWatch_signedOutFromAnotherDevice(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.server.push(api.EventSessionEnded, nil)
		r.want(SignedOut, "", problem.SignedOutAll)
		if !r.vault.empty() || !r.provider.empty() {
			t.Fatal("the next start would sign in again")
		}
	})
}

func TestWatch_newsAboutThePersonAreShown(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.server.set(func() { r.server.person.Department = "Research" })
		r.server.push(api.EventPersonUpdated, nil)
		if s := r.want(SignedIn, "", ""); s.Person.Department != "Research" {
			t.Fatalf("person %+v", s.Person)
		}
		if r.vault.now().Person.Department != "Research" {
			t.Fatal("the news is not saved")
		}
	})
}

func TestWatch_aServerThatRestartsIsNotWorthAPage(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		seen := map[Phase]bool{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for s := range r.States(r.ctx) {
				seen[s.Phase] = true
			}
		}()
		r.server.cut(false)
		r.wait(time.Minute)
		r.want(SignedIn, "", "")
		r.quit()
		<-done
		if len(seen) != 1 {
			t.Fatalf("phases %v", seen)
		}
	})
}

func TestWatch_itComesBackMoreAndMoreSlowly(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.server.cut(true)
		before := r.server.count("me")
		r.wait(10 * time.Minute)
		if n := r.server.count("me") - before; n < 15 || n > 60 {
			t.Fatalf("%d tries in ten minutes", n)
		}
	})
}

func TestWatch_theSessionIsRenewedBeforeItEnds(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		first := r.vault.token()
		r.wait(lifetime - renewLead + time.Minute)
		r.want(SignedIn, "", "")
		second := r.vault.token()
		if second == first || r.server.open() != 1 {
			t.Fatalf("token renewed: %v; sessions at the server: %d", second != first, r.server.open())
		}
		r.wait(20 * lifetime)
		r.want(SignedIn, "", "")
		if n := r.server.count("workspace"); n != 1 {
			t.Fatalf("the person was asked %d times", n)
		}
	})
}

func TestWatch_aClockThatIsWrongChangesNothing(t *testing.T) {
	for _, ahead := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		in(t, func(r *rig) {
			r.server.set(func() { r.server.ahead = ahead })
			r.mustSignIn()
			r.wait(10 * lifetime)
			r.want(SignedIn, "", "")
			if n := r.provider.silently(); n < 9 || n > 15 {
				t.Errorf("%v ahead: renewed %d times in %v", ahead, n, 10*lifetime)
			}
		})
	}
}

func TestWatch_aRenewalThatFailsForAWhileIsTriedAgain(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.provider.set(func() { r.provider.silent = problem.New(problem.NoEntra) })
		r.wait(lifetime - renewLead/2)
		r.want(SignedIn, "", "")
		r.provider.set(func() { r.provider.silent = nil })
		r.wait(lifetime)
		r.want(SignedIn, "", "")
	})
}

func TestWatch_aSessionThatOnlyThePersonCanRenewLastsToItsEnd(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		end := r.vault.now().ExpiresAt
		r.provider.set(func() { r.provider.silent = problem.New(problem.SignInAgain) })
		r.wait(time.Until(end) - time.Minute)
		r.want(SignedIn, "", "")
		r.wait(2 * time.Minute)
		r.want(SignedOut, problem.SignInAgain, "")
	})
}

func TestRun_closingTheAppKeepsTheSignIn(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		token := r.vault.token()
		r.restart(time.Minute)
		r.want(SignedIn, "", "")
		if r.vault.token() != token {
			t.Fatal("another session was started")
		}
	})
}

func TestRun_whoStillWaitsIsAnswered(t *testing.T) {
	in(t, func(r *rig) {
		r.provider.set(func() { r.provider.wait = make(chan struct{}) })
		first := make(chan error, 1)
		go func() { first <- r.signIn("acme") }()
		synctest.Wait()
		r.quit()
		if err := <-first; err == nil {
			t.Fatal("no error")
		}
		if err := r.SignIn(r.ctx, "acme"); !errors.Is(err, problem.New(problem.SignInCancelled)) && code(err) != problem.SignInCancelled {
			t.Fatalf("error %v", err)
		}
		<-r.over
		if err := r.SignIn(context.Background(), "acme"); code(err) != problem.SignInCancelled {
			t.Fatalf("error %v", err)
		}
	})
}
