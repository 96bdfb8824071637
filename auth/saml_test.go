package auth

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// inSAML is in, with a workspace that offers SAML, alone or beside Microsoft.
func inSAML(t *testing.T, alone bool, test func(r *rig)) {
	t.Helper()
	in(t, func(r *rig) {
		r.server.set(func() { r.server.offers = withSAML(alone) })
		test(r)
	})
}

// req: H3
// req: G6
func TestSAML_aWorkspaceThatOffersNothingElseSignsInInTheBrowser(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		s := r.State()
		if s.Method != SAML || s.Person.DisplayName != "Ada" {
			t.Fatalf("state %+v", s)
		}
		saved := r.vault.now()
		if saved.Method != SAML || saved.RefreshToken == "" || saved.RetryKey == "" || saved.UserName != "ada@acme.example" {
			t.Fatalf("saved %+v", saved)
		}
		q := r.browser.last()
		if q.Has("prompt") || q.Has("login_hint") || len(q.Get("state")) < 40 || len(q.Get("code_challenge")) != 43 {
			t.Fatalf("opened %v", q)
		}
		if len(r.provider.requests) != 0 || r.browser.ways() != 0 {
			t.Fatal("Microsoft was asked, or the way back is still open")
		}
	})
}

func TestSAML_whereBothAreOfferedThePersonChooses(t *testing.T) {
	for _, c := range []struct {
		prefer, want Method
	}{{"", Microsoft}, {Microsoft, Microsoft}, {SAML, SAML}} {
		inSAML(t, false, func(r *rig) {
			if err := r.SignInWith(r.ctx, "acme", c.prefer); err != nil {
				t.Fatal(err)
			}
			if s := r.want(SignedIn, "", ""); s.Method != c.want {
				t.Errorf("asked for %q: %q", c.prefer, s.Method)
			}
		})
	}
	in(t, func(r *rig) { // and SAML is not offered
		if err := r.SignInWith(r.ctx, "acme", SAML); err != nil || r.want(SignedIn, "", "").Method != Microsoft {
			t.Errorf("%v, %+v", err, r.State())
		}
	})
}

func TestSAML_aWorkspaceThatOffersNothingIsNotReady(t *testing.T) {
	in(t, func(r *rig) {
		r.server.set(func() { r.server.offers.Microsoft = nil })
		_ = r.signIn("acme")
		r.want(SignedOut, problem.WorkspaceNotSet, "")
	})
}

func TestSAML_aCodeOnAnotherDeviceIsMicrosoftsAlone(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		if err := r.SignInWithCode(r.ctx, "acme"); code(err) != problem.NoDeviceCode {
			t.Fatal(err)
		}
		r.want(SignedOut, problem.NoDeviceCode, "")
	})
}

func TestSAML_errorsThatComeBackKeepTheirMeaning(t *testing.T) {
	for _, c := range []struct {
		err, description string
		want             problem.Code
	}{
		{"access_denied", "LY-JIT-OFF: You are not a member of this workspace yet.", problem.NotAdmitted},
		{"access_denied", "LY-SAML-010: x", problem.SAMLSignature},
		{"access_denied", "LY-NOT-EVER: x", problem.SignInRefused},
		{"access_denied", "call 0900-1234 now", problem.SignInRefused},
		{"temporarily_unavailable", "", problem.Offline},
		{"server_error", "", problem.Internal},
		{"invalid_request", "state is too long", problem.BadAppRequest},
		{"unsupported_response_type", "", problem.BadAppRequest},
		{"what is this", "", problem.SignInRefused},
	} {
		if c.want == problem.SAMLSignature {
			c.description = string(problem.SAMLSignature) + ": x"
		}
		inSAML(t, true, func(r *rig) {
			r.browser.set(func() {
				r.browser.answers = url.Values{"error": {c.err}, "error_description": {c.description}}
			})
			if err := r.signIn("acme"); code(err) != c.want || strings.Contains(err.Error(), "0900") {
				t.Errorf("%v: %v", c, err)
			}
			r.want(SignedOut, c.want, "")
			r.browser.set(func() { r.browser.answers = nil })
			if err := r.Retry(r.ctx); err != nil {
				t.Fatal(err)
			}
			if q := r.browser.last(); q.Get("prompt") != "login" {
				t.Errorf("the next time whoever is signed in in the browser is taken again: %v", q)
			}
		})
	}
}

// req: H6
func TestSAML_whoseAccessEndedLearnsIt(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.browser.set(func() {
			r.browser.answers = url.Values{"error": {"access_denied"}, "error_description": {string(problem.AccessEnded) + ": x"}}
		})
		_ = r.signIn("acme")
		if s := r.want(Revoked, problem.AccessEnded, ""); s.Workspace == nil || !r.vault.empty() {
			t.Fatalf("%+v", s)
		}
	})
}

func TestSAML_theBrowserIsNotSentToAnotherServer(t *testing.T) {
	for start, ok := range map[string]bool{
		"https://sso.example.com/w/acme/sso":      true,
		"https://SSO.example.com/w/acme/sso":      true,
		"https://sso.example.com:8443/w/acme/sso": false,
		"http://sso.example.com/w/acme/sso":       false,
		"https://evil.example/w/acme/sso":         false,
		"https://u@sso.example.com/w/acme/sso":    false,
		"javascript:alert(1)":                     false,
		"":                                        false,
		":":                                       false,
	} {
		inSAML(t, true, func(r *rig) {
			r.server.set(func() { r.server.offers.SAML = &api.SAML{Start: start} })
			err := r.signIn("acme")
			if ok != (err == nil) || !ok && (code(err) != problem.BadServer || len(r.browser.opened) != 0) {
				t.Errorf("%q: %v, opened %q", start, err, r.browser.opened)
			}
			if r.browser.ways() != 0 {
				t.Errorf("%q: the way back is still open", start)
			}
		})
	}
}

// A server that people were lured to may lead their browser on to another one,
// where they are signed in, and be brought that one's code with the verifier
// (RFC 9700, section 4.4).
func TestSAML_anAnswerOfAnotherServerIsNotTurnedIn(t *testing.T) {
	for name, c := range map[string]struct {
		issuers []string
		ok      bool
	}{
		"its own":                  {[]string{"https://sso.example.com"}, true},
		"in capitals":              {[]string{"https://SSO.example.com/"}, true},
		"from before there was it": {nil, true},
		"another's":                {[]string{"https://sso.other.example"}, false},
		"another port's":           {[]string{"https://sso.example.com:8443"}, false},
		"both":                     {[]string{"https://sso.example.com", "https://sso.other.example"}, false},
		"nobody's":                 {[]string{""}, false},
		"no address":               {[]string{":"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inSAML(t, true, func(r *rig) {
				r.browser.set(func() { r.browser.issuers = c.issuers })
				err := r.signIn("acme")
				if c.ok {
					r.want(SignedIn, "", "")
					return
				}
				r.want(SignedOut, problem.BadCallback, "")
				if code(err) != problem.BadCallback || r.server.count("start") != 0 || !r.vault.empty() {
					t.Errorf("%v; the server was told %d times", err, r.server.count("start"))
				}
			})
			onPhone(t, SAML, func(r *rig, answer func()) {
				r.browser.set(func() { r.browser.issuers = c.issuers })
				r.begin()
				r.killedAnew()
				answer()
				if c.ok {
					r.want(SignedIn, "", "")
				} else if r.want(SignedOut, problem.BadCallback, ""); r.server.count("start") != 0 {
					t.Error("after the process was killed the server was told")
				}
			})
		})
	}
}

func TestSAML_withoutABrowserItSaysSo(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.browser.set(func() { r.browser.refuses = problem.New(problem.NoBrowser) })
		_ = r.signIn("acme")
		r.want(SignedOut, problem.NoBrowser, "")
	})
}

// req: G6
func TestSAML_whoDoesNotComeBackIsToldSo(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.browser.set(func() { r.browser.wait = make(chan struct{}) })
		go func() { _ = r.signIn("acme") }()
		if s := r.want(SigningIn, "", ""); s.Method != SAML {
			t.Fatalf("%+v", s)
		}
		r.wait(signInLimit + time.Second)
		r.want(SignedOut, problem.SignInTimedOut, "")
		if r.browser.ways() != 0 {
			t.Error("the port is still taken")
		}
		go func() { _ = r.signIn("acme") }()
		r.want(SigningIn, "", "")
		r.Cancel()
		r.want(SignedOut, "", "")
		if r.browser.ways() != 0 {
			t.Error("the port is still taken")
		}
	})
}

// req: H6
func TestSAML_theSessionIsRenewedWithoutThePerson(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		first := r.vault.now()
		r.wait(24 * time.Hour)
		r.want(SignedIn, "", "")
		now := r.vault.now()
		if now.RefreshToken == first.RefreshToken || now.SessionToken == first.SessionToken || len(r.browser.opened) != 1 || r.server.open() != 1 {
			t.Fatalf("first %+v, now %+v, opened %q, %d sessions", first, now, r.browser.opened, r.server.open())
		}
		r.stop()
		r.wait(100 * time.Hour) // long after the token expired
		r.run()
		r.want(SignedIn, "", "")
		if len(r.browser.opened) != 1 {
			t.Error("a browser was opened")
		}
	})
}

func TestSAML_anAnswerThatWasLostIsAskedForAgain(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		r.server.set(func() { r.server.loses = 3 })
		r.wait(24 * time.Hour)
		r.want(SignedIn, "", "")
		if r.server.loses != 0 || r.server.open() != 1 {
			t.Errorf("%d more to lose, %d sessions", r.server.loses, r.server.open())
		}
	})
}

func TestSAML_aRefreshTokenThatSomebodyElseUsedEndsTheSignIn(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		stolen := r.vault.now()
		if _, err := r.server.StartSession(r.ctx, api.SessionRequest{Workspace: "acme", RefreshToken: stolen.RefreshToken}); err != nil {
			t.Fatal(err)
		}
		r.wait(time.Hour)
		s := r.State()
		if s.Phase != SignedOut || r.vault.token() != "" || r.vault.now().RefreshToken != "" || r.server.open() != 0 {
			t.Fatalf("%+v, saved %+v, %d sessions", s, r.vault.now(), r.server.open())
		}
	})
}

// req: H6
func TestSAML_accessThatEndedWhileTheDeviceSleptIsShown(t *testing.T) {
	for _, slept := range []time.Duration{time.Minute, 100 * time.Hour} {
		inSAML(t, true, func(r *rig) {
			r.mustSignIn()
			r.stop()
			r.server.set(func() { r.server.ended = true; r.server.endAll() })
			r.wait(slept)
			r.run()
			r.want(Revoked, problem.AccessEnded, "")
			if !r.vault.empty() {
				t.Error("something is still saved")
			}
		})
	}
}

func TestSAML_signingOutEverywhereReachesADeviceThatSlept(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		r.stop()
		r.server.set(r.server.endAll)
		r.run()
		r.want(SignedOut, "", problem.SessionGone)
		if !r.vault.empty() {
			t.Error("something is still saved")
		}
	})
}

func TestSAML_anEndThatOnlyThePersonCanMendNamesThemNextTime(t *testing.T) {
	inSAML(t, false, func(r *rig) {
		if err := r.SignInWith(r.ctx, "acme", SAML); err != nil {
			t.Fatal(err)
		}
		r.stop()
		r.server.set(r.server.endAll)
		r.wait(100 * time.Hour)
		r.run()
		r.want(SignedOut, problem.RefreshSpent, "")
		if err := r.Retry(r.ctx); err != nil {
			t.Fatal(err)
		}
		if s, q := r.want(SignedIn, "", ""), r.browser.last(); s.Method != SAML || q.Get("login_hint") != "ada@acme.example" || q.Has("prompt") {
			t.Errorf("%v, opened %v", s.Method, q)
		}
	})
}

func TestSAML_theGraceIsTheSame(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		r.server.cut(true)
		r.wait(time.Minute)
		r.want(Offline, problem.Offline, "")
		r.wait(grace)
		r.want(SignedOut, problem.Offline, "")
		r.server.cut(false)
		r.wait(time.Minute)
		r.want(SignedIn, "", "")
		if len(r.browser.opened) != 1 {
			t.Error("a browser was opened")
		}
	})
}

func TestSAML_signOutLeavesNothingAnywhere(t *testing.T) {
	for _, scope := range []Scope{ThisDevice, AllDevices, MicrosoftToo} {
		for _, slept := range []time.Duration{0, 3 * time.Hour} {
			inSAML(t, true, func(r *rig) {
				r.mustSignIn()
				if slept > 0 { // the token expires, and nobody has looked yet
					r.server.cut(true)
					r.wait(slept)
					r.server.set(func() { r.server.down = false })
				}
				if err := r.SignOut(r.ctx, scope); err != nil {
					t.Fatal(err)
				}
				r.want(SignedOut, "", "")
				r.server.mu.Lock()
				left := len(r.server.renewals)
				r.server.mu.Unlock()
				if !r.vault.empty() || r.server.open() != 0 || left != 0 || len(r.browser.opened) != 1 {
					t.Errorf("scope %v after %s: saved %+v, %d sessions, %d that can be renewed, opened %q",
						scope, slept, r.vault.now(), r.server.open(), left, r.browser.opened)
				}
			})
		}
	}
}

// Two processes of the app share a vault. Each renewal replaces what the other
// knows.
func TestSAML_twoProcessesDoNotEndEachOther(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		other := newRig(t)
		other.server, other.vault, other.browser = r.server, r.vault, r.browser
		other.run()
		other.want(SignedIn, "", "")
		for range 48 {
			r.wait(25 * time.Minute)
			r.want(SignedIn, "", "")
			other.want(SignedIn, "", "")
		}
		other.stop()
		if len(r.browser.opened) != 1 || r.server.open() != 1 {
			t.Errorf("opened %d, %d sessions", len(r.browser.opened), r.server.open())
		}
	})
}

// Both renew in one moment, and the first is slow to save what it got.
func TestSAML_twoProcessesRenewAtOnce(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		other := newRig(t)
		other.server, other.vault, other.browser = r.server, r.vault, r.browser
		other.run()
		slow := make(chan struct{})
		r.wait(49*time.Minute + 59*time.Second)
		r.vault.mu.Lock()
		r.vault.slow = slow
		r.vault.mu.Unlock()
		r.wait(2 * time.Second)
		close(slow)
		for range 6 {
			r.wait(10 * time.Minute)
			r.want(SignedIn, "", "")
			other.want(SignedIn, "", "")
		}
		other.stop()
		if n := r.server.open(); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

// A renewal that the person's next wish cuts short has taken place at the
// server all the same.
func TestSAML_aRenewalThatIsCutShortIsNotLost(t *testing.T) {
	inSAML(t, true, func(r *rig) {
		r.mustSignIn()
		hang := make(chan struct{})
		r.server.set(func() { r.server.hang = hang })
		r.wait(51 * time.Minute) // the renewal waits for the server
		go func() { _ = r.Retry(r.ctx) }()
		synctest.Wait()
		r.server.set(func() { r.server.hang = nil })
		close(hang)
		synctest.Wait()
		r.want(SignedIn, "", "")
		r.wait(24 * time.Hour)
		r.want(SignedIn, "", "")
		if len(r.browser.opened) != 1 {
			t.Error("a browser was opened")
		}
	})
}

func TestSAML_accessThatEndedTakesAnEarlierSignInAlong(t *testing.T) {
	in(t, func(r *rig) {
		r.mustSignIn() // with Microsoft
		r.server.set(func() { r.server.offers = withSAML(true) })
		_ = r.SignInWithCode(r.ctx, "acme")
		r.want(SignedOut, problem.NoDeviceCode, "")
		r.server.push(api.EventAccessEnded, nil)
		_ = r.signIn("acme")
		r.want(Revoked, problem.AccessEnded, "")
		if !r.vault.empty() || !r.provider.empty() {
			t.Error("Microsoft's tokens are still there")
		}
	})
}

// Whoever knows the state writes the answer: nothing of an error is believed but
// codes that are known, and nothing of it is repeated.
func FuzzCodeFrom(f *testing.F) {
	for _, s := range []string{
		"code=lycode_x&state=s", "error=access_denied&error_description=LY-JIT-OFF%3A+x", "error=access_denied&error_description=LY-NOT-EVER%3A+x",
		"error=server_error", "", "code=", "error=&code=x", "error=%00&error_description=%FF", "error_description=LY-SES-002%3A+x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		got, err := codeFrom(v)
		if (err == nil) != (got != "") || err == nil && (got != v.Get("code") || v.Has("error")) {
			t.Fatalf("%q: %q, %v", raw, got, err)
		}
		if err == nil {
			return
		}
		k := code(err)
		if !problem.Known(k) {
			t.Fatalf("%q: the code %q is nobody's", raw, k)
		}
		if d := v.Get("error_description"); len(d) > 20 && strings.Contains(err.Error(), d) {
			t.Fatalf("%q is repeated: %v", raw, err)
		}
	})
}
