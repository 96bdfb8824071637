package modules

import (
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Single sign-on is enforced while somebody begins a pilot or switches it off, just
// after it was looked whether they may: one of both is refused.
func TestSwitchAndPilot_loseAgainstWhoEnforcesMeanwhile(t *testing.T) {
	each(t, func(b *bench) {
		on, id := true, b.person("acme", 1)
		enforced := func() {
			b.Now = func() time.Time { return start }
			_, _, err := store.ChangeSetting(b.ctx, b.Store, "acme", directory.EnforcementSetting, store.SettingChange{Version: store.AnyVersion, Who: "ada", Now: start},
				func(e *directory.Enforcement) error { e.Enforced = true; return nil })
			b.must(err)
		}
		b.Now = func() time.Time { enforced(); return start }
		_, err := b.SetPilot(b.ctx, b.workspace("acme"), PilotChange{On: &on, Add: []string{id}, Who: "eve"})
		b.wants(err, problem.SSOEnforced)
		if p, _, err := b.Pilot(b.ctx, "acme"); err != nil || p.On {
			b.Errorf("single sign-on is enforced beside the pilot %+v, %v", p, err)
		}
		_, _, err = store.ChangeSetting(b.ctx, b.Store, "acme", directory.EnforcementSetting, store.SettingChange{Version: store.AnyVersion, Who: "op", Now: start},
			func(e *directory.Enforcement) error { e.Enforced = false; return nil })
		b.must(err)
		b.Now = func() time.Time { enforced(); return start }
		b.wants(b.Switch(b.ctx, "acme", directory.ModuleSAML, false, "eve"), problem.SSOEnforced)
		if is, err := b.On(b.ctx, "acme", directory.ModuleSAML); err != nil || !is {
			b.Errorf("single sign-on is enforced and switched off: %v", err)
		}
	})
}
