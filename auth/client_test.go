package auth

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// req: H3
// req: H6
func TestSignIn_itUsesTheSessionThatMicrosoftAlreadyHas(t *testing.T) {
	in(t, func(r *rig) {
		r.want(SignedOut, "", "")
		r.mustSignIn()
		s := r.State()
		if s.Person.DisplayName != "Ada" || s.Workspace.Name != "Acme" || s.LastWorkspace != "acme" {
			t.Fatalf("state %+v", s)
		}
		q := r.provider.request(0)
		if q.Prompt != "" || q.DomainHint != "acme.example" || q.Scope != "api://c/access_as_user" {
			t.Fatalf("request %+v: a first sign-in asks nothing of a person who has a session", q)
		}
		if r.vault.token() == "" {
			t.Fatal("the session is not saved")
		}
	})
}

// req: H3
func TestSignIn_itLetsThePersonChooseAfterAFailure(t *testing.T) {
	for _, failure := range []problem.Code{problem.SignInCancelled, problem.WrongAccount, problem.NotAssigned} {
		t.Run(string(failure), func(t *testing.T) {
			in(t, func(r *rig) {
				r.provider.set(func() { r.provider.signIn = problem.New(failure) })
				if err := r.signIn("acme"); code(err) != failure {
					t.Fatalf("error %v", err)
				}
				r.want(SignedOut, failure, "")
				r.provider.set(func() { r.provider.signIn = nil })
				if err := r.Retry(r.ctx); err != nil {
					t.Fatal(err)
				}
				r.want(SignedIn, "", "")
				if q := r.provider.request(1); q.Prompt != "select_account" || q.LoginHint != "" {
					t.Fatalf("the second request is %+v", q)
				}
			})
		})
	}
}

func TestSignIn_itLetsThePersonChooseAfterTheServerRefused(t *testing.T) {
	in(t, func(r *rig) {
		r.server.set(func() { r.server.fails["start"] = []error{problem.New(problem.NotAdmitted)} })
		if err := r.signIn("acme"); code(err) != problem.NotAdmitted {
			t.Fatalf("error %v", err)
		}
		r.want(SignedOut, problem.NotAdmitted, "")
		if !r.provider.empty() || r.vault.token() != "" {
			t.Fatal("something of a refused person stays on the device")
		}
		r.mustSignIn()
		if q := r.provider.request(1); q.Prompt != "select_account" {
			t.Fatalf("the second request is %+v", q)
		}
	})
}

// req: H2
func TestSignIn_itFindsTheWorkspace(t *testing.T) {
	for _, c := range []struct {
		input, hint, last string
		err               problem.Code
	}{
		{"acme", "", "acme", ""},
		{"  ACME ", "", "acme", ""},
		{"https://sso.example.com/acme", "", "acme", ""},
		{"other.example.com/acme", "", "https://other.example.com/acme", ""},
		{"ada@acme.example", "ada@acme.example", "acme", ""},
		{"nobody@elsewhere.example", "", "", problem.UnknownWorkspace},
		{"acmee", "", "", problem.UnknownWorkspace},
		{"a", "", "", problem.BadWorkspaceID},
		{"http://sso.example.com/acme", "", "", problem.Insecure},
	} {
		t.Run(c.input, func(t *testing.T) {
			in(t, func(r *rig) {
				err := r.signIn(c.input)
				if code(err) != c.err {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				if c.err != "" {
					r.want(SignedOut, c.err, "")
					return
				}
				if s := r.want(SignedIn, "", ""); s.LastWorkspace != c.last {
					t.Errorf("remembered %q, want %q", s.LastWorkspace, c.last)
				}
				if q := r.provider.request(0); q.LoginHint != c.hint {
					t.Errorf("hint %q, want %q", q.LoginHint, c.hint)
				}
			})
		})
	}
}

func TestSignIn_aSuspendedPersonLearnsWhoEndedTheAccess(t *testing.T) {
	in(t, func(r *rig) {
		r.server.set(func() { r.server.ended = true })
		_ = r.signIn("acme")
		s := r.want(Revoked, problem.AccessEnded, "")
		if s.Workspace == nil || s.Workspace.Name != "Acme" || !r.vault.empty() || !r.provider.empty() {
			t.Fatalf("state %+v", s)
		}
		if err := r.Dismiss(r.ctx); err != nil {
			t.Fatal(err)
		}
		if s := r.want(SignedOut, "", ""); s.LastWorkspace != "acme" {
			t.Fatalf("the field is empty: %+v", s)
		}
	})
}

func TestSignIn_withACodeShowsIt(t *testing.T) {
	in(t, func(r *rig) {
		wait := make(chan struct{})
		r.provider.set(func() { r.provider.wait = wait })
		go func() { _ = r.SignInWithCode(r.ctx, "acme") }()
		if s := r.want(SigningIn, "", ""); s.DeviceCode == nil || s.DeviceCode.UserCode != "ABC" {
			t.Fatalf("state %+v", s)
		}
		close(wait)
		r.want(SignedIn, "", "")
	})
}

func TestSignIn_withoutABrowserItGoesOnWithACode(t *testing.T) {
	in(t, func(r *rig) {
		wait := make(chan struct{})
		r.provider.set(func() { r.provider.signIn = problem.New(problem.NoBrowser) })
		r.provider.set(func() { r.provider.wait = wait })
		go func() { _ = r.SignIn(r.ctx, "acme") }()
		synctest.Wait()
		wait <- struct{}{} // the browser's attempt ends
		if s := r.want(SigningIn, "", problem.NoBrowser); s.DeviceCode == nil {
			t.Fatalf("state %+v", s)
		}
		close(wait)
		r.want(SignedIn, "", "")
	})
}

func TestSignIn_whatCannotBeSavedIsSaidAndTheSignInStands(t *testing.T) {
	in(t, func(r *rig) {
		r.vault.save = problem.New(problem.DiskWrite)
		if err := r.signIn("acme"); err != nil {
			t.Fatal(err)
		}
		r.want(SignedIn, "", problem.DiskWrite)
	})
}

func TestCancel_itIsImmediateAndNothingFollows(t *testing.T) {
	in(t, func(r *rig) {
		wait := make(chan struct{})
		r.provider.set(func() { r.provider.wait, r.provider.deaf = wait, true })
		result := make(chan error, 1)
		go func() { result <- r.signIn("acme") }()
		r.want(SigningIn, "", "")
		r.Cancel()
		r.want(SignedOut, "", "")
		close(wait) // Microsoft's answer comes although nobody waits
		r.want(SignedOut, "", "")
		if err := <-result; code(err) != problem.SignInCancelled {
			t.Fatalf("error %v", err)
		}
		if !r.provider.empty() || r.vault.token() != "" || r.server.open() != 0 {
			t.Fatal("something of a cancelled sign-in stays")
		}
	})
}

func TestCancel_aSessionThatIsAlreadyStartedIsEnded(t *testing.T) {
	in(t, func(r *rig) {
		hang := make(chan struct{})
		r.server.set(func() { r.server.hang = hang })
		go func() { _ = r.signIn("acme") }()
		r.want(SigningIn, "", "")
		ctxEnds := r.current.ctx.Done()
		r.Cancel()
		<-ctxEnds
		close(hang)
		r.want(SignedOut, "", "")
		if !r.provider.empty() || r.vault.token() != "" || r.server.open() != 0 {
			t.Fatal("something of a cancelled sign-in stays")
		}
	})
}

func TestCancel_theContextOfTheCallerDoesTheSame(t *testing.T) {
	in(t, func(r *rig) {
		r.provider.set(func() { r.provider.wait = make(chan struct{}) })
		ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
		defer cancel()
		if err := r.SignIn(ctx, "acme"); code(err) != problem.SignInCancelled {
			t.Fatalf("error %v", err)
		}
		r.want(SignedOut, "", "")
	})
}

func TestSignIn_aSecondOneTakesThePlaceOfTheFirst(t *testing.T) {
	in(t, func(r *rig) {
		r.provider.set(func() { r.provider.wait = make(chan struct{}) })
		first := make(chan error, 1)
		go func() { first <- r.signIn("acme") }()
		r.want(SigningIn, "", "")
		go func() { _ = r.SignInWithCode(r.ctx, "acme") }()
		if s := r.want(SigningIn, "", ""); s.DeviceCode == nil {
			t.Fatalf("state %+v", s)
		}
		if err := <-first; code(err) != problem.SignInCancelled {
			t.Fatalf("error %v", err)
		}
	})
}

// req: H9
func TestSignOut_leavesNothingOnTheDevice(t *testing.T) {
	for _, down := range []bool{false, true} {
		in(t, func(r *rig) {
			r.mustSignIn()
			r.server.set(func() { r.server.down = down })
			if err := r.SignOut(r.ctx, ThisDevice); err != nil {
				t.Fatal(err)
			}
			s := r.want(SignedOut, "", "")
			if !r.vault.empty() || !r.provider.empty() || s.LastWorkspace != "acme" {
				t.Fatalf("down %v: state %+v", down, s)
			}
			if ended := r.server.open() == 0; ended == down {
				t.Fatalf("down %v: ended at the server: %v", down, ended)
			}
			r.wait(time.Hour)
			r.want(SignedOut, "", "")
		})
	}
}

// req: H9
func TestSignOut_everywhereSaysWhenOthersStaySignedIn(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		r.server.set(func() { r.server.sessions["other"] = time.Now().Add(time.Hour) })
		if err := r.SignOut(r.ctx, AllDevices); err != nil {
			t.Fatal(err)
		}
		r.want(SignedOut, "", "")
		if r.server.open() != 0 {
			t.Fatal("another device is still signed in")
		}
	})
	in(t, func(r *rig) {
		r.mustSignIn()
		r.server.set(func() { r.server.down = true })
		if err := r.SignOut(r.ctx, AllDevices); err != nil {
			t.Fatal(err)
		}
		s := r.want(SignedOut, "", problem.Offline)
		if problem.DetailOf(s.Notice) == "" || !r.vault.empty() {
			t.Fatalf("notice %v", s.Notice)
		}
	})
}

// req: H9
func TestSignOut_ofMicrosoftTooOpensItsPage(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn()
		if err := r.SignOut(r.ctx, MicrosoftToo); err != nil {
			t.Fatal(err)
		}
		r.want(SignedOut, "", "")
		if len(r.browser.opened) != 1 || r.browser.opened[0] != "https://login.microsoftonline.com/t/oauth2/v2.0/logout?logout_hint=ada%40acme.example" {
			t.Fatalf("opened %q", r.browser.opened)
		}
	})
}

func TestStates_everyReaderSeesTheLatest(t *testing.T) {
	in(t, func(r *rig) {
		ctx, cancel := context.WithCancel(r.ctx)
		defer cancel()
		var wg sync.WaitGroup
		last := make([]Phase, 3)
		for i := range last {
			wg.Go(func() {
				for s := range r.States(ctx) {
					last[i] = s.Phase
				}
			})
		}
		r.mustSignIn()
		r.server.push(api.EventAccessEnded, nil)
		r.want(Revoked, problem.AccessEnded, "")
		cancel()
		wg.Wait()
		for i, p := range last {
			if p != Revoked {
				t.Errorf("reader %d saw %v last", i, p)
			}
		}
	})
}
