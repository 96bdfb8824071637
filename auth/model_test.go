package auth

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// step is one thing that happens to a client: by the person, the organisation,
// the network or the clock.
type step struct {
	what string
	wait time.Duration
}

var happenings = []string{
	"sign in", "sign in with a code", "sign in to nowhere", "cancel", "retry", "dismiss",
	"sign out", "sign out everywhere", "sign out of Microsoft", "restart",
	"server down", "server up", "stream cut", "access ended", "access given", "signed out elsewhere",
	"Microsoft slow", "Microsoft answers", "Microsoft refuses", "Microsoft accepts", "Microsoft disables",
	"keychain breaks", "keychain works", "wait",
	"sign in by SAML", "SAML alone", "SAML and Microsoft", "Microsoft alone", "browser refuses", "browser opens",
	"identity provider refuses", "identity provider accepts", "answer lost", "token stolen",
	"killed", "killed", "no link of the app's own", "links again", "somebody else's link",
}

// TestModel_whateverHappens draws sequences of happenings, lets each of them
// run in a bubble, and holds what is true in every state.
func TestModel_whateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				what: rapid.SampledFrom(happenings).Draw(rt, "what"),
				wait: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 30, 600, 4000, 9000}).Draw(rt, "seconds")) * time.Second,
			}
		}), 1, 25).Draw(rt, "steps")
		device := rapid.SampledFrom([]kind{embedded, desktop, phone}).Draw(rt, "device")
		var broken []string
		synctest.Test(t, func(t *testing.T) { broken = play(t, device, steps) })
		if len(broken) > 0 {
			rt.Fatalf("%s", strings.Join(broken, "\n"))
		}
	})
}

// play runs steps against a fresh rig and returns what was not as it must be.
func play(t *testing.T, device kind, steps []step) (broken []string) {
	r := newRig(t)
	r.device = device
	slow := make(chan struct{})
	close(slow)
	r.provider.wait, r.browser.wait = slow, slow
	r.run()
	for i, s := range steps {
		quiet := s.what == "cancel" && r.State().Phase == SigningIn
		happen(r, s.what, &slow)
		synctest.Wait()
		if quiet && r.State().Phase != SignedOut {
			broken = append(broken, fmt.Sprintf("step %d: a cancelled sign-in is %v", i, r.State().Phase))
		}
		time.Sleep(s.wait)
		synctest.Wait()
		for _, b := range invariants(r, s) {
			broken = append(broken, fmt.Sprintf("step %d (%s): %s", i, s.what, b))
		}
	}
	r.provider.set(func() {
		select {
		case <-slow:
		default:
			close(slow)
		}
	})
	r.stop()
	return broken
}

func happen(r *rig, what string, slow *chan struct{}) {
	ctx := r.ctx
	switch what {
	case "sign in":
		go func() { _ = r.SignIn(ctx, "acme") }()
	case "sign in with a code":
		go func() { _ = r.SignInWithCode(ctx, "ada@acme.example") }()
	case "sign in to nowhere":
		go func() { _ = r.SignIn(ctx, "nowhere") }()
	case "cancel":
		r.Cancel()
	case "retry":
		go func() { _ = r.Retry(ctx) }()
	case "dismiss":
		go func() { _ = r.Dismiss(ctx) }()
	case "sign out":
		go func() { _ = r.SignOut(ctx, ThisDevice) }()
	case "sign out everywhere":
		go func() { _ = r.SignOut(ctx, AllDevices) }()
	case "sign out of Microsoft":
		go func() { _ = r.SignOut(ctx, MicrosoftToo) }()
	case "restart":
		r.stop()
		r.run()
	case "killed":
		r.kill()
		r.run()
	case "no link of the app's own":
		r.browser.set(func() { r.browser.noReturn = ErrNoReturn })
	case "links again":
		r.browser.set(func() { r.browser.noReturn = nil })
	case "somebody else's link":
		r.browser.set(func() {
			r.browser.strays = append(r.browser.strays, url.Values{"code": {"stolen"}, "state": {"another"}})
		})
	case "server down":
		r.server.cut(true)
	case "server up", "stream cut":
		r.server.cut(false)
	case "access ended":
		r.server.push(api.EventAccessEnded, nil)
	case "access given":
		r.server.set(func() { r.server.ended = false })
	case "signed out elsewhere":
		r.server.push(api.EventSessionEnded, nil)
	case "Microsoft slow":
		r.provider.set(func() {
			*slow = make(chan struct{})
			r.provider.wait = *slow
		})
		r.browser.set(func() { r.browser.wait = *slow })
	case "Microsoft answers":
		r.provider.set(func() {
			select {
			case <-*slow:
			default:
				close(*slow)
			}
		})
	case "Microsoft refuses":
		r.provider.set(func() {
			r.provider.signIn, r.provider.silent = problem.New(problem.NotAssigned), problem.New(problem.SignInAgain)
		})
	case "Microsoft accepts":
		r.provider.set(func() { r.provider.signIn, r.provider.silent = nil, nil })
	case "Microsoft disables":
		r.provider.set(func() {
			r.provider.signIn, r.provider.silent = problem.New(problem.AccountDisabled), problem.New(problem.AccountDisabled)
		})
	case "sign in by SAML":
		go func() { _ = r.SignInWith(ctx, "acme", SAML) }()
	case "SAML alone":
		r.server.set(func() { r.server.offers = withSAML(true) })
	case "SAML and Microsoft":
		r.server.set(func() { r.server.offers = withSAML(false) })
	case "Microsoft alone":
		r.server.set(func() { r.server.offers = acme() })
	case "browser refuses":
		r.browser.set(func() { r.browser.refuses = problem.New(problem.NoBrowser) })
	case "browser opens":
		r.browser.set(func() { r.browser.refuses = nil })
	case "identity provider refuses":
		r.browser.set(func() { r.browser.answers = url.Values{"error": {"access_denied"}} })
	case "identity provider accepts":
		r.browser.set(func() { r.browser.answers = nil })
	case "answer lost":
		r.server.set(func() { r.server.loses++ })
	case "token stolen":
		if t := r.vault.now().RefreshToken; t != "" {
			_, _ = r.server.StartSession(ctx, api.SessionRequest{Workspace: "acme", RefreshToken: t})
		}
	case "keychain breaks":
		r.vault.mu.Lock()
		r.vault.save = problem.New(problem.KeychainLocked)
		r.vault.mu.Unlock()
	case "keychain works":
		r.vault.mu.Lock()
		r.vault.save = nil
		r.vault.mu.Unlock()
	}
}

// invariants are true whenever a client rests.
func invariants(r *rig, last step) (broken []string) {
	s := r.State()
	must := func(ok bool, format string, args ...any) {
		if !ok {
			broken = append(broken, fmt.Sprintf(format, args...))
		}
	}
	must(s.Phase != Revoked || r.vault.empty() && r.provider.empty(), "revoked, and something is still saved")
	must(s.Phase != Revoked || s.Err != nil, "revoked without a reason")
	must((s.Person != nil) == (s.Phase == SignedIn || s.Phase == Offline), "%v with person %v", s.Phase, s.Person)
	must(s.Phase != SignedIn || s.Err == nil, "signed in with error %v", s.Err)
	must(s.Phase != Offline || time.Now().Before(s.OfflineUntil), "offline after the grace")
	must(s.DeviceCode == nil || s.Phase == SigningIn, "a code in %v", s.Phase)
	must(s.Phase != Starting, "still starting")
	must((s.Method != "") == (s.Workspace != nil && (s.Phase == SigningIn || s.Phase == SignedIn || s.Phase == Offline)), "%v by %q", s.Phase, s.Method)
	must(s.DeviceCode == nil || s.Method == Microsoft, "a code by %q", s.Method)
	must(s.Phase == SigningIn || r.browser.ways() == 0, "%v, and %d ways back are open", s.Phase, r.browser.ways())
	must(s.Phase == SigningIn || r.pending.empty(), "%v, and a sign-in is pending", s.Phase)
	must(r.pending.now().State == "" || r.device == phone, "kept where nothing can go on with it")
	begun, _, stolen := r.provider.sums()
	must(s.Phase == SigningIn || begun == 0, "%v, and %d begun sign-ins are left", s.Phase, begun)
	saved := r.vault.now()
	must(saved.Account == "" || saved.RefreshToken == "", "two ways to go on are saved: %+v", saved)
	must(saved.RefreshToken == "" || saved.Method == SAML && saved.RetryKey != "", "saved %+v", saved)
	if s.Phase == SignedIn && last.wait > pollEvery { // by then it has looked
		r.server.mu.Lock()
		down, ended := r.server.down, r.server.ended
		r.server.mu.Unlock()
		must(down || !ended, "signed in although the access has ended")
	}
	must(r.server.count("stolen") == 0 && stolen == 0, "a code that somebody else sent was used")
	if strings.HasPrefix(last.what, "sign out") && s.Phase == SignedOut {
		must(r.vault.empty(), "signed out, and the vault has %+v", r.vault.now())
		must(r.provider.empty(), "signed out, and Microsoft's tokens are still there")
	}
	return broken
}

// req: H2
func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{
		"acme", " ACME ", "https://sso.example.com/acme", "sso.example.com/acme", "ada@acme.example", "localhost:8080/acme",
		"http://localhost:8080/base/acme/", "http://sso.example.com/acme", "https://u:p@sso.example.com/acme", "//acme", "[::1]:80/acme",
		"a@b@c.d", "https://sso.example.com/acme?x=1#y", "\x00/acme", "ACME\u2028", "xn--/acme", "https:///acme", "mailto:ada@acme.example",
		"lanyard://sso/acme", "https://other.example.com/sso/acme", "https://other.example.com/sso#acme", "https://h.example/sso/sso/sso#sso",
	} {
		f.Add(s)
	}
	def := &url.URL{Scheme: "https", Host: "sso.example.com"}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePlace(s, def)
		if err != nil {
			switch code(err) {
			case problem.BadWorkspaceID, problem.BadServer, problem.Insecure:
			default:
				t.Fatalf("ParsePlace(%q): %v", s, err)
			}
			return
		}
		if (p.ID == "") == (p.Email == "") {
			t.Fatalf("ParsePlace(%q) = %+v", s, p)
		}
		if err := CheckServer(p.Server); err != nil {
			t.Fatalf("ParsePlace(%q) has the server %v: %v", s, p.Server, err)
		}
		// What is remembered must lead to the same place again.
		again, err := ParsePlace(p.remembered(def), def)
		if err != nil || again.ID != p.ID || again.Email != p.Email || !sameServer(again.Server, p.Server) {
			t.Fatalf("ParsePlace(%q) = %+v, remembered as %q = %+v, %v", s, p, p.remembered(def), again, err)
		}
	})
}

// req: H1
// req: H2
func TestParsePlace_itReadsWhatPeopleType(t *testing.T) {
	def := &url.URL{Scheme: "https", Host: "sso.example.com"}
	for _, c := range []struct {
		input, server, id, email string
		err                      problem.Code
	}{
		{"acme", "https://sso.example.com", "acme", "", ""},
		{" ACME ", "https://sso.example.com", "acme", "", ""},
		{"https://Other.example.com/acme", "https://other.example.com", "acme", "", ""},
		{"https://other.example.com/lanyard/acme/", "https://other.example.com/lanyard", "acme", "", ""},
		{"other.example.com:8443/ACME", "https://other.example.com:8443", "acme", "", ""},
		{"localhost:8080/acme", "http://localhost:8080", "acme", "", ""},
		{"http://127.0.0.1:8080/acme", "http://127.0.0.1:8080", "acme", "", ""},
		{"[::1]:8080/acme", "http://[::1]:8080", "acme", "", ""},
		{"Ada@Acme.example", "https://sso.example.com", "", "Ada@Acme.example", ""},
		{"lanyard://sso/acme", "https://sso.example.com", "acme", "", ""},
		{"Lanyard://SSO/Acme/", "https://sso.example.com", "acme", "", ""},
		{"https://other.example.com/sso/acme", "https://other.example.com", "acme", "", ""},
		{"https://other.example.com/sso#Acme", "https://other.example.com", "acme", "", ""},
		{"https://other.example.com/sso/#acme", "https://other.example.com", "acme", "", ""},
		{"localhost:8080/sso#acme", "http://localhost:8080", "acme", "", ""},
		{"lanyard://sso/", "", "", "", problem.BadWorkspaceID},
		{"lanyard://sso/evil.example/acme", "", "", "", problem.BadWorkspaceID},
		{"lanyard://sso/ada@acme.example", "", "", "", problem.BadWorkspaceID},
		{"lanyard://other/acme", "", "", "", problem.BadServer},
		{"https://other.example.com/x#acme", "", "", "", problem.BadServer},
		{"http://other.example.com/acme", "", "", "", problem.Insecure},
		{"ftp://other.example.com/acme", "", "", "", problem.BadServer},
		{"https://ada:pw@other.example.com/acme", "", "", "", problem.BadServer},
		{"https://other.example.com", "", "", "", problem.BadWorkspaceID},
		{"https://other.example.com/", "", "", "", problem.BadWorkspaceID},
		{"ada@acme", "", "", "", problem.BadWorkspaceID},
		{"", "", "", "", problem.BadWorkspaceID},
		{"acme corp", "", "", "", problem.BadWorkspaceID},
		{strings.Repeat("a", 600), "", "", "", problem.BadWorkspaceID},
	} {
		p, err := ParsePlace(c.input, def)
		if code(err) != c.err {
			t.Errorf("%q: error %v, want %q", c.input, err, c.err)
			continue
		}
		if err == nil && (p.Server.String() != c.server || p.ID != c.id || p.Email != c.email) {
			t.Errorf("%q: %v %q %q", c.input, p.Server, p.ID, p.Email)
		}
	}
	if _, err := ParsePlace("acme", nil); code(err) != problem.BadServer {
		t.Errorf("without a server of its own: %v", err)
	}
	if _, err := ParsePlace("https://sso.example.com/acme", nil); err != nil {
		t.Errorf("without a server of its own: %v", err)
	}
}
