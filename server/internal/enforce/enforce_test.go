package enforce_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bench is a desk on a database with the workspace acme, where everything that
// has to be so is so unless a test says otherwise.
type bench struct {
	*testing.T
	*enforce.Desk
	now               time.Time
	glass, domains    error
	told              []enforce.Notice
	cannotTell        error
	endedFor, endedOf string
}

// template is a database with the workspace acme, made once: each test has a copy.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "enforce")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "lanyard.db")
	st, err := sqlite.Open(context.Background(), file)
	if err != nil {
		return nil, err
	}
	err = st.CreateWorkspace(context.Background(), directory.Workspace{ID: "acme", Directory: "acme", Name: "Acme", Created: noon})
	if err := errors.Join(err, st.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func newBench(t *testing.T) *bench {
	made, err := template()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "lanyard.db")
	if err := os.WriteFile(file, made, 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	b := &bench{T: t, now: noon}
	b.Desk = &enforce.Desk{
		Store: st, Now: func() time.Time { return b.now },
		BreakGlass: func(context.Context, string) error { return b.glass },
		Domains:    func(context.Context, string) error { return b.domains },
		Ended: func(_ context.Context, ws directory.Workspace, e directory.Enforcement) error {
			b.endedFor, b.endedOf = ws.ID, e.By
			return nil
		},
		Tell: func(_ context.Context, n enforce.Notice) error {
			b.told = append(b.told, n)
			return b.cannotTell
		},
	}
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// says fails unless err is of a code.
func (b *bench) says(err error, want problem.Code) {
	b.Helper()
	if got, _ := problem.Of(err); err == nil || got != want {
		b.Errorf("got %v, want %s", err, want)
	}
}

// connect stores a connection that was tested, and switched off.
func (b *bench) connect(change func(*directory.SAML)) directory.SAML {
	b.Helper()
	c, err := b.Store.UpdateSAML(b.Context(), "acme", b.now, func(c *directory.SAML) ([]directory.Kind, error) {
		c.Workspace, c.Disabled = "acme", true
		c.IdP = directory.SAMLIdP{EntityID: "https://sts.example/", SSORedirect: "https://idp.example/r"}
		c.Certificates = []directory.SAMLCertificate{{DER: certificate(b.T, noon.AddDate(1, 0, 0)), Source: "pasted", Added: b.now}}
		c.Tested, c.TestedHash = b.now, c.ConfigHash()
		if change != nil {
			change(c)
		}
		return nil, nil
	})
	b.must(err)
	return c
}

func certificate(t *testing.T, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: noon.AddDate(-2, 0, 0), NotAfter: until,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "idp"}}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (b *bench) enable() (enforce.Outcome, error) {
	return b.Enable(b.Context(), "acme", enforce.Enabling{Who: "ada@acme.example", Typed: "acme"})
}

// req: C3
func TestEnable_itNeedsATestOfTheVerySettings(t *testing.T) {
	b := newBench(t)
	_, err := b.enable()
	b.says(err, problem.SSONotTested)
	c := b.connect(nil)
	b.must(b.Begin(t.Context(), "acme", "ada"))
	_, err = b.Store.UpdateSAML(t.Context(), "acme", b.now, func(c *directory.SAML) ([]directory.Kind, error) {
		c.RequireEmail = true
		return nil, nil
	})
	b.must(err)
	_, err = b.enable()
	b.says(err, problem.SSONotTested)
	if !strings.Contains(problem.DetailOf(err), "changed since") {
		t.Errorf("it says %q", problem.DetailOf(err))
	}
	b.says(b.Allow(t.Context(), "acme", "ada"), problem.SSONotTested)
	b.says(b.Keep(t.Context(), "acme", "ada"), problem.SSONotTested)
	b.connect(nil)
	_, err = b.Enable(t.Context(), "acme", enforce.Enabling{Who: "ada", Typed: "acme", ConfigHash: c.ConfigHash()})
	b.says(err, problem.ChangedSince) // of another certificate than the page showed
	out, err := b.enable()
	b.must(err)
	if !out.Enforced || out.By != "ada@acme.example" || !out.At.Equal(noon) || out.ConfigHash == "" || out.Untold != nil {
		t.Errorf("%+v", out)
	}
	stored, err := b.Store.SAML(t.Context(), "acme")
	if err != nil || stored.Disabled || !stored.TestedNow() {
		t.Errorf("the connection is %+v, %v", stored, err)
	}
	if len(b.told) != 1 || b.told[0].Kind != enforce.Enabled || b.endedFor != "acme" || b.endedOf != "ada@acme.example" {
		t.Errorf("told %+v, ended %q", b.told, b.endedFor)
	}
	if before, err := b.Begun(t.Context(), "acme"); err != nil || !before.At.IsZero() {
		t.Errorf("the set-up goes on: %+v, %v", before, err)
	}
	_, err = b.enable()
	b.says(err, problem.SSOAlready)
}

// req: C5 C7
func TestEnable_eachConditionIsAsked(t *testing.T) {
	glass := problem.Detailf(problem.SSONoBreakGlass, "Grace never did.")
	for name, c := range map[string]struct {
		spoil func(*bench)
		want  problem.Code
	}{
		"no owner gets in by themselves": {func(b *bench) { b.glass = glass }, problem.SSONoBreakGlass},
		"nobody says who gets in":        {func(b *bench) { b.BreakGlass = nil }, problem.SSONoBreakGlass},
		"asking about owners fails":      {func(b *bench) { b.glass = errors.New("no answer") }, problem.SSONoBreakGlass},
		"people outside are not decided": {func(b *bench) { b.domains = problem.New(problem.SSODomains) }, problem.SSODomains},
		"nobody says who is outside":     {func(b *bench) { b.Domains = nil }, problem.SSODomains},
		"the pilot is on":                {func(b *bench) { put(b, directory.SettingPilot, directory.Pilot{On: true}) }, problem.SSOPilot},
		"the module is off": {func(b *bench) {
			put(b, directory.SettingSwitches, directory.Switches{}.Set(directory.ModuleSAML, false))
		}, problem.SSOModuleOff},
		"the certificate expired since":   {func(b *bench) { b.now = noon.AddDate(1, 1, 0) }, problem.SAMLCertificateExpired},
		"the certificate's turn is to be": {func(b *bench) { b.now = noon.AddDate(-3, 0, 0) }, problem.SAMLCertificateNotYet},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.connect(nil)
			c.spoil(b)
			_, err := b.enable()
			b.says(err, c.want)
			if e, err := b.Enforcement(t.Context(), "acme"); err != nil || e.Enforced {
				t.Errorf("%+v, %v", e, err)
			}
			if s, err := b.Store.SAML(t.Context(), "acme"); err != nil || !s.Disabled {
				t.Errorf("it was switched on: %v", err)
			}
			checks, err := b.Preflight(t.Context(), "acme")
			b.must(err)
			var failed []problem.Code
			for _, k := range checks {
				if k.Err != nil {
					code, _ := problem.Of(k.Err)
					failed = append(failed, code)
				}
				if k.Title == "" || k.Name == "" {
					t.Errorf("a check without a name: %+v", k)
				}
			}
			if diff := cmp.Diff([]problem.Code{c.want}, failed); diff != "" {
				t.Errorf("failed checks (-want +got):\n%s", diff)
			}
		})
	}
}

func put[T any](b *bench, kind string, v T) {
	_, _, err := store.ChangeSetting(b.Context(), b.Store, "acme", kind, store.SettingChange{Version: store.AnyVersion, Who: "ada", Now: b.now}, func(n *T) error {
		*n = v
		return nil
	})
	b.must(err)
}

// req: C5
func TestEnable_theWorkspaceIsTyped(t *testing.T) {
	b := newBench(t)
	b.connect(nil)
	for _, typed := range []string{"", "Acme", "acm", "acme-2"} {
		_, err := b.Enable(t.Context(), "acme", enforce.Enabling{Who: "ada", Typed: typed})
		b.says(err, problem.SSONotConfirmed)
	}
	_, err := b.Enable(t.Context(), "nobody", enforce.Enabling{Who: "ada", Typed: "nobody"})
	b.says(err, problem.UnknownWorkspace)
}

// req: C5
func TestPause_anAdministratorCannotTakeEnforcementAway(t *testing.T) {
	b := newBench(t)
	b.says(b.Pause(t.Context(), "acme", "ada"), problem.SAMLNotSet)
	b.connect(nil)
	b.must(b.Allow(t.Context(), "acme", "ada"))
	b.must(b.Pause(t.Context(), "acme", "ada"))
	if c, err := b.Store.SAML(t.Context(), "acme"); err != nil || !c.Disabled || !c.TestedNow() {
		t.Errorf("paused: %+v, %v", c, err)
	}
	b.must(b.Free(t.Context(), "acme"))
	_, err := b.enable()
	b.must(err)
	b.says(b.Pause(t.Context(), "acme", "ada"), problem.SSOEnforced)
	b.says(b.Free(t.Context(), "acme"), problem.SSOEnforced)
	if c, err := b.Store.SAML(t.Context(), "acme"); err != nil || c.Disabled {
		t.Errorf("it was switched off: %v", err)
	}
}

// req: C5
func TestLift_anOperatorSaysWhyAndEverybodyHears(t *testing.T) {
	b := newBench(t)
	b.connect(nil)
	by := enforce.Lift{Operator: "root", Reason: "Entra is down", Ticket: "OPS-1"}
	_, err := b.Lift(t.Context(), "acme", by)
	b.says(err, problem.SSONotEnforced)
	_, err = b.enable()
	b.must(err)
	for _, bad := range []enforce.Lift{{"root", "", "OPS-1"}, {"root", "why", " "}, {"", "why", "OPS-1"}, {"root", "a\nb", "OPS-1"}, {"root", strings.Repeat("x", 501), "OPS-1"}} {
		_, err := b.Lift(t.Context(), "acme", bad)
		b.says(err, problem.SSOReason)
	}
	b.now = noon.Add(time.Hour)
	out, err := b.Lift(t.Context(), "acme", by)
	b.must(err)
	want := &directory.EnforcementLift{At: b.now, By: "root", Reason: "Entra is down", Ticket: "OPS-1"}
	if diff := cmp.Diff(want, out.Lifted); out.Enforced || diff != "" {
		t.Errorf("%+v (-want +got):\n%s", out, diff)
	}
	last := b.told[len(b.told)-1]
	letter := last.Mail([]string{"ada@acme.example"})
	for _, part := range []string{"root", "Entra is down", "OPS-1", "Acme"} {
		if !strings.Contains(letter.Text, part) {
			t.Errorf("the letter does not say %q:\n%s", part, letter.Text)
		}
	}
	if c, err := b.Store.SAML(t.Context(), "acme"); err != nil || c.Disabled {
		t.Errorf("people cannot sign in by it any more: %v", err)
	}
	// It can be enabled again, and the history stays.
	out, err = b.enable()
	if err != nil || !out.Enforced || out.Lifted == nil {
		t.Errorf("again: %+v, %v", out, err)
	}
}

func TestLift_lettersThatCannotBeSentUndoNothing(t *testing.T) {
	b := newBench(t)
	b.connect(nil)
	b.cannotTell = errors.New("no mail server")
	out, err := b.enable()
	b.must(err)
	b.says(out.Untold, problem.SSONobodyTold)
	b.Tell = nil
	out, err = b.Lift(t.Context(), "acme", enforce.Lift{Operator: "root", Reason: "r", Ticket: "t"})
	b.must(err)
	b.says(out.Untold, problem.SSONobodyTold)
	if out.Enforced {
		t.Error("it is still enforced")
	}
}

// req: C5
func TestLift_twoPeopleWhereTheRuleSaysSo(t *testing.T) {
	b := newBench(t)
	b.connect(nil)
	_, err := b.enable()
	b.must(err)
	_, err = b.SetRule(t.Context(), true, "root")
	b.must(err)
	first := enforce.Lift{Operator: "root", Reason: "r", Ticket: "t"}
	out, err := b.Lift(t.Context(), "acme", first)
	b.says(err, problem.SSOSecondNeeded)
	if !out.Enforced || out.Asked == nil || b.told[len(b.told)-1].Kind != enforce.LiftAsked {
		t.Errorf("asked: %+v", out)
	}
	_, err = b.Lift(t.Context(), "acme", enforce.Lift{Operator: "ROOT", Reason: "again", Ticket: "t"})
	b.says(err, problem.SSOSecondSame)
	second := enforce.Lift{Operator: "grace", Reason: "I agree", Ticket: "t"}
	b.now = noon.Add(25 * time.Hour)
	_, err = b.Lift(t.Context(), "acme", second) // the first was too long ago: this is a new request
	b.says(err, problem.SSOSecondNeeded)
	out, err = b.Lift(t.Context(), "acme", first)
	b.must(err)
	if out.Enforced || out.Lifted.By != "grace" || out.Lifted.Second != "root" || out.Asked != nil {
		t.Errorf("%+v", out.Lifted)
	}
	_, err = b.SetRule(t.Context(), false, "root")
	b.says(err, problem.SSOSecondNeeded)
	_, err = b.SetRule(t.Context(), false, "root")
	b.says(err, problem.SSOSecondSame)
	r, err := b.SetRule(t.Context(), false, "grace")
	if err != nil || r.TwoPeople {
		t.Errorf("%+v, %v", r, err)
	}
}

// req: C3
func TestCancel_itRestoresWhatWasThereEntirely(t *testing.T) {
	change := func(c *directory.SAML) ([]directory.Kind, error) {
		c.Disabled, c.EntityID, c.JIT, c.Keys = true, "BTIQ", true, nil
		c.IdP.EntityID, c.Tested, c.TestedHash = "https://evil.example/", time.Time{}, ""
		return nil, nil
	}
	t.Run("a connection", func(t *testing.T) {
		b := newBench(t)
		b.says(b.Cancel(t.Context(), "acme", "ada"), problem.SSONoSnapshot)
		was := b.connect(func(c *directory.SAML) {
			c.Disabled = false
			c.Keys = []directory.SAMLKey{{ID: "k", Use: directory.KeySigning, Certificate: []byte{1}, Sealed: []byte{2}}}
			c.Metadata = directory.SAMLMetadata{URL: "https://idp.example/m", ETag: "x", Next: noon}
			c.TestedHash = c.ConfigHash()
		})
		b.must(b.Begin(t.Context(), "acme", "ada"))
		for range 2 {
			b.now = b.now.Add(time.Minute)
			_, err := b.Store.UpdateSAML(t.Context(), "acme", b.now, change)
			b.must(err)
			b.must(b.Begin(t.Context(), "acme", "grace")) // it is under way already
		}
		put(b, directory.SettingDraft+"saml", map[string]any{"step": "basic"})
		b.must(b.Cancel(t.Context(), "acme", "ada"))
		is, err := b.Store.SAML(t.Context(), "acme")
		b.must(err)
		if is.Version <= was.Version {
			t.Errorf("the version went back to %d", is.Version)
		}
		is.Version = was.Version
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !is.TestedNow() {
			t.Error("the test is forgotten")
		}
		draft, _, err := store.ReadSetting[map[string]any](t.Context(), b.Store, "acme", directory.SettingDraft+"saml")
		if err != nil || len(draft) != 0 {
			t.Errorf("the draft stayed: %v, %v", draft, err)
		}
		b.says(b.Cancel(t.Context(), "acme", "ada"), problem.SSONoSnapshot)
	})
	t.Run("nothing", func(t *testing.T) {
		b := newBench(t)
		b.must(b.Begin(t.Context(), "acme", "ada"))
		b.connect(nil)
		b.must(b.Cancel(t.Context(), "acme", "ada"))
		if _, err := b.Store.SAML(t.Context(), "acme"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a connection is left: %v", err)
		}
	})
	t.Run("while it is enforced", func(t *testing.T) {
		b := newBench(t)
		b.must(b.Begin(t.Context(), "acme", "ada"))
		c := b.connect(nil)
		_, err := b.Store.ChangeSSO(t.Context(), "acme", "ada", b.now, nil, func(n *store.SSO) error {
			n.Enforcement.Enforced, n.Connection.Disabled = true, false
			return nil
		})
		b.must(err)
		b.says(b.Cancel(t.Context(), "acme", "ada"), problem.SSOEnforced)
		if is, err := b.Store.SAML(t.Context(), "acme"); err != nil || is.ConfigHash() != c.ConfigHash() || is.Disabled {
			t.Errorf("%+v, %v", is, err)
		}
	})
}

// req: C3
func TestEnable_ofTwentyAtOnceOneDoesIt(t *testing.T) {
	b := newBench(t)
	b.Ended, b.Tell = nil, func(context.Context, enforce.Notice) error { return nil }
	b.connect(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 20 {
		wg.Go(func() {
			_, err := b.enable()
			mu.Lock()
			defer mu.Unlock()
			if code, _ := problem.Of(err); err == nil {
				done++
			} else if code != problem.SSOAlready {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done != 1 {
		t.Errorf("%d did it", done)
	}
}
