package enforce_test

import (
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// at has something happen once, when the clock is read for the nth time from now.
func (b *bench) at(n int, do func()) {
	clock := b.Now
	b.Now = func() time.Time {
		if n--; n == 0 {
			b.Now = clock
			do()
		}
		return b.now
	}
}

// Somebody begins a pilot or switches the module off while somebody else enables
// single sign-on: it is not enforced beside either.
func TestEnable_whatIsTakenAwayMeanwhileIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(b *bench) error
		want problem.Code
	}{
		"a pilot": {func(b *bench) error {
			_, _, err := store.ChangeSetting(b.Context(), b.Store, "acme", directory.SettingPilot, store.SettingChange{Version: store.AnyVersion, Now: noon},
				func(p *directory.Pilot) error { p.On, p.People = true, []string{"bo"}; return nil })
			return err
		}, problem.SSOPilot},
		"the module": {func(b *bench) error {
			_, _, err := store.ChangeSetting(b.Context(), b.Store, "acme", directory.SettingSwitches, store.SettingChange{Version: store.AnyVersion, Now: noon},
				func(s *directory.Switches) error { *s = s.Set(directory.ModuleSAML, false); return nil })
			return err
		}, problem.SSOModuleOff},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.connect(nil)
			b.at(2, func() { b.must(c.do(b)) }) // after all was looked at
			_, err := b.enable()
			b.says(err, c.want)
			if e, err := b.Enforcement(t.Context(), "acme"); err != nil || e.Enforced || len(b.told) != 0 {
				t.Errorf("enforced: %+v, %v", e, err)
			}
		})
	}
}

// One administrator cancels while another enables: what is enforced is what was
// tested, and not what was there before.
func TestCancel_losesAgainstWhoEnablesMeanwhile(t *testing.T) {
	b := newBench(t)
	b.connect(func(c *directory.SAML) { c.Disabled = false })
	b.must(b.Begin(t.Context(), "acme", "ada"))
	c := b.connect(func(c *directory.SAML) {
		c.IdP.EntityID = "https://new.example/"
		c.TestedHash = c.ConfigHash()
	})
	b.at(1, func() { // after what was there before was read
		_, err := b.enable()
		b.must(err)
	})
	b.says(b.Cancel(t.Context(), "acme", "bo"), problem.ChangedSince)
	is, err := b.Store.SAML(t.Context(), "acme")
	b.must(err)
	if is.ConfigHash() != c.ConfigHash() {
		t.Error("what is enforced is not what was tested")
	}
	b.says(b.Cancel(t.Context(), "acme", "bo"), problem.SSONoSnapshot)
}

// A set-up begins while another one ends: what is remembered is what is there.
func TestBegin_remembersWhatIsThereWhenItBegins(t *testing.T) {
	b := newBench(t)
	b.connect(func(c *directory.SAML) { c.Disabled = false })
	var kept directory.SAML
	n := 0
	b.at(2, func() { // between reading the connection and remembering it
		n++
		b.must(b.Begin(t.Context(), "acme", "bo"))
		kept = b.connect(func(c *directory.SAML) {
			c.IdP.EntityID = "https://new.example/"
			c.TestedHash = c.ConfigHash()
		})
		b.must(b.Keep(t.Context(), "acme", "bo"))
	})
	b.must(b.Begin(t.Context(), "acme", "ada"))
	is, err := b.Begun(t.Context(), "acme")
	b.must(err)
	if n != 1 || is.By != "ada" || is.Connection == nil || is.Connection.IdP.EntityID != kept.IdP.EntityID {
		t.Errorf("remembered is %+v", is)
	}
}
