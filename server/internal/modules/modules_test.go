package modules

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

type values struct {
	TenantID string `json:"tenant_id"`
}

// req: A16
func TestDraft_theSecondOfTwoIsShownBothVersions(t *testing.T) {
	each(t, func(b *bench) {
		save := func(d Draft[values], who string) (Draft[values], error) {
			return SaveDraft(b.ctx, b.Store, "acme", directory.ModuleSAML, d, who, start)
		}
		none, err := LoadDraft[values](b.ctx, b.Store, "acme", directory.ModuleSAML)
		if err != nil || none.Begun() || none.Version != 0 {
			b.Fatalf("before: %+v %v", none, err)
		}
		first, err := save(Draft[values]{Progress: Progress{Step: "metadata", Number: 2, Of: 6, Done: []string{"app"}}, Values: values{"t-1"}}, "ada")
		b.must(err)
		got, err := LoadDraft[values](b.ctx, b.Store, "acme", directory.ModuleSAML)
		if err != nil || got.Values.TenantID != "t-1" || got.Step != "metadata" || got.Who != "ada" || !got.At.Equal(start) || got.Version != first.Version {
			b.Errorf("read %+v %v", got, err)
		}
		mine, theirs := got, got
		theirs.Values.TenantID = "t-2"
		theirs, err = save(theirs, "bo")
		b.must(err)
		mine.Values.TenantID = "t-3"
		_, err = save(mine, "ada")
		var c *DraftConflict[values]
		if !errors.As(err, &c) || c.Theirs.Values.TenantID != "t-2" || c.Yours.Values.TenantID != "t-3" || c.Theirs.Who != "bo" {
			b.Fatalf("the second: %v", err)
		}
		b.wants(err, problem.DraftChanged)
		if _, text := problem.Of(err); text.Status != 409 || problem.DetailOf(err) != "bo saved it at 09:26 UTC on 14 March 2026." {
			b.Errorf("says %d %q", text.Status, problem.DetailOf(err))
		}
		mine.Version = c.Theirs.Version // keep mine
		if _, err = save(mine, "ada"); err != nil {
			b.Errorf("keeping mine: %v", err)
		}
		b.must(DropDraft(b.ctx, b.Store, "acme", directory.ModuleSAML, "ada", start))
		gone, err := LoadDraft[values](b.ctx, b.Store, "acme", directory.ModuleSAML)
		if err != nil || gone.Begun() {
			b.Errorf("after dropping: %+v %v", gone, err)
		}
		if _, err = save(theirs, "bo"); problem.DetailOf(err) != "ada finished or discarded it at 09:26 UTC on 14 March 2026." {
			b.Errorf("a draft that is finished: %v", err)
		}
	})
}

func TestDraft_oneOfManyAtOnceWins(t *testing.T) {
	each(t, func(b *bench) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		won, lost := 0, 0
		for range 8 {
			wg.Go(func() {
				_, err := SaveDraft(b.ctx, b.Store, "acme", directory.ModuleSCIM, Draft[values]{Progress: Progress{Step: "a", Number: 1, Of: 2}}, "x", start)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case errors.Is(err, problem.New(problem.DraftChanged)):
					lost++
				default:
					b.Error(err)
				}
			})
		}
		if wg.Wait(); won != 1 || lost != 7 {
			b.Errorf("%d won and %d lost", won, lost)
		}
	})
}

// entitled is an embedding program.
type entitled struct {
	plan directory.Plan
	err  error
}

func (e *entitled) Plan(context.Context, string) (directory.Plan, error) { return e.plan, e.err }

// req: A5
func TestFrozen_byEveryCombinationOfPlanAndProgram(t *testing.T) {
	one(t, func(b *bench) {
		program := &entitled{}
		for _, m := range directory.Modules() {
			for _, own := range []bool{true, false} {
				for _, theirs := range []bool{true, false} {
					_, err := b.SetPlan(b.ctx, "acme", store.AnyVersion, "op", func(p *directory.Plan) error {
						*p = directory.Plan{Contact: "Call us."}.With(m, own)
						return nil
					})
					b.must(err)
					program.plan = directory.Plan{}.With(m, theirs)
					b.Entitlements = program
					for _, other := range directory.Modules() {
						frozen := b.Frozen(b.ctx, "acme", other)
						if free := other != m || own && theirs; free != (frozen == nil) {
							b.Errorf("%s in %t and %t: %s is frozen by %v", m, own, theirs, other, frozen)
						}
						if frozen != nil {
							b.wants(frozen, problem.NotInPlan)
						}
					}
					p, err := b.Store.Policy(b.ctx, b.workspace("acme"), start)
					if err != nil || p.Plan.Includes(m) != (own && theirs) {
						b.Errorf("sign-in goes by %+v, %v", p.Plan, err)
					}
				}
			}
		}
		program.err = errors.New("away")
		b.wants(b.Frozen(b.ctx, "acme", directory.ModuleSAML), problem.PlanUnknown)
	})
}

func TestMirror_tellsSignInWhatTheProgramSays(t *testing.T) {
	one(t, func(b *bench) {
		b.Entitlements = &entitled{plan: directory.Plan{Seats: 3, OnDowngrade: directory.DowngradeBlock}}
		ctx, cancel := context.WithCancel(b.ctx)
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = b.Mirror(ctx, time.Millisecond, func(ws string, err error) { b.Errorf("%s: %v", ws, err) })
		})
		for deadline := time.Now().Add(time.Minute); ; {
			p, err := b.Store.Policy(b.ctx, b.workspace("beta"), start)
			b.must(err)
			if p.Plan.Seats == 3 {
				break
			}
			if time.Now().After(deadline) {
				b.Fatal("sign-in was never told")
			}
		}
		cancel()
		wg.Wait()
	})
}

// req: A9
func TestSeats_peopleBeyondThemWait(t *testing.T) {
	each(t, func(b *bench) {
		_, err := b.SetPlan(b.ctx, "acme", 0, "op", func(p *directory.Plan) error { p.Seats = 2; return nil })
		b.must(err)
		for n := range 4 {
			b.person("acme", n)
		}
		ws := b.workspace("acme")
		if s, err := b.Seats(b.ctx, ws); err != nil || s != (Seats{Limit: 2, Taken: 2, Waiting: 2}) {
			b.Errorf("seats: %+v %v", s, err)
		}
		wait, err := b.Waiting(b.ctx, ws, 10)
		if err != nil || len(wait) != 2 || wait[0].ID != "acme-2" || wait[1].ID != "acme-3" {
			b.Errorf("waiting: %v %v", wait, err)
		}
		_, err = b.SetPlan(b.ctx, "acme", 0, "op", func(p *directory.Plan) error { p.Seats = 9; return nil })
		b.wants(err, problem.SettingsChanged)
		_, err = b.SetPlan(b.ctx, "acme", 1, "op", func(p *directory.Plan) error { p.Seats = -1; return nil })
		b.wants(err, problem.BadPlan)
		_, err = b.SetPlan(b.ctx, "nowhere", 0, "op", func(*directory.Plan) error { return nil })
		b.wants(err, problem.UnknownWorkspace)
		if s, err := b.Seats(b.ctx, b.workspace("beta")); err != nil || s != (Seats{}) {
			b.Errorf("without a limit: %+v %v", s, err)
		}
	})
}

// req: A9
func TestLink_everyErrorHasItsCode(t *testing.T) {
	each(t, func(b *bench) {
		_, err := b.CreateDirectory(b.ctx, " ", "", "ada")
		b.wants(err, problem.BadDirectory)
		d, err := b.CreateDirectory(b.ctx, "People", "Microsoft Entra ID", "ada")
		b.must(err)
		if directory.ValidID(d.ID) == nil {
			b.Errorf("the id %s could be a workspace's", d.ID)
		}
		e, err := b.CreateDirectory(b.ctx, "Others", "", "ada")
		b.must(err)
		b.wants(b.Link(b.ctx, "acme", "dir_9", ""), problem.UnknownDirectory)
		b.wants(b.Link(b.ctx, "nowhere", d.ID, ""), problem.UnknownWorkspace)
		plan := func(f func(*directory.Plan)) {
			_, err := b.SetPlan(b.ctx, "acme", store.AnyVersion, "op", func(p *directory.Plan) error { f(p); return nil })
			b.must(err)
		}
		plan(func(p *directory.Plan) { p.Unlicensed, p.Contact = true, "Call us." })
		err = b.Link(b.ctx, "acme", d.ID, "")
		b.wants(err, problem.NoLicense)
		if _, text := problem.Of(err); text.Status != 402 || problem.DetailOf(err) != "Call us." {
			b.Errorf("no licence is %d %q", text.Status, problem.DetailOf(err))
		}
		plan(func(p *directory.Plan) { p.Unlicensed, p.License = false, "E-1" })
		b.must(b.Link(b.ctx, "acme", d.ID, ""))
		err = b.Link(b.ctx, "acme", e.ID, "")
		b.wants(err, problem.DirectoryLinked)
		if _, text := problem.Of(err); text.Status != 409 {
			b.Errorf("linked elsewhere is %d", text.Status)
		}
		b.must(b.Link(b.ctx, "acme", d.ID, "E-2"))
		got, err := b.UserDirectory(b.ctx, d.ID)
		if err != nil || len(got.Links) != 1 || got.Links[0].License != "E-2" {
			b.Errorf("linked: %+v %v", got, err)
		}
		b.person("beta", 1)
		b.wants(b.Link(b.ctx, "beta", d.ID, ""), problem.DirectoryPeople)
		b.wants(b.Unlink(b.ctx, "acme", e.ID), problem.NotLinkedHere)
		b.must(b.Unlink(b.ctx, "acme", d.ID))
		b.must(b.Link(b.ctx, "acme", e.ID, ""))
		all, err := b.Directories(b.ctx)
		if err != nil || len(all) != 4 {
			b.Errorf("all: %+v %v", all, err)
		}
	})
}

// req: A10
func TestPreflight_isRedUntilBothAreMended(t *testing.T) {
	one(t, func(b *bench) {
		for _, m := range directory.Modules() {
			b.must(b.Switch(b.ctx, "acme", m, false, "ada"))
			_, err := b.SetPlan(b.ctx, "acme", store.AnyVersion, "op", func(p *directory.Plan) error {
				*p = directory.Plan{ContactURL: "https://example.com/upgrade"}.With(m, false)
				return nil
			})
			b.must(err)
			sees := func(activated, enabled bool) {
				b.Helper()
				all, err := b.Preflight(b.ctx, "acme", m)
				if err != nil || len(all) != 2 || all[0].OK != activated || all[1].OK != enabled ||
					(all[0].Fix == FixContact) == activated || (all[1].Fix == FixSwitch) == enabled {
					b.Errorf("%s: %+v %v", m, all, err)
				}
			}
			sees(false, false)
			b.wants(b.Switch(b.ctx, "acme", m, true, "ada"), problem.NotInPlan)
			_, err = b.SetPlan(b.ctx, "acme", store.AnyVersion, "op", func(p *directory.Plan) error { *p = p.With(m, true); return nil })
			b.must(err)
			sees(true, false)
			b.must(b.Switch(b.ctx, "acme", m, true, "ada"))
			sees(true, true)
		}
		b.wants(b.Switch(b.ctx, "acme", "fax", true, "ada"), problem.BadModule)
		b.wants(b.Switch(b.ctx, "nowhere", directory.ModuleSCIM, true, "ada"), problem.UnknownWorkspace)
		b.wants(b.Switch(b.ctx, "nowhere", directory.ModuleSAML, true, "ada"), problem.UnknownWorkspace)
	})
}

// What is enforced is nobody's to take away by another door.
func TestSwitchAndPilot_leaveEnforcedSingleSignOnAlone(t *testing.T) {
	one(t, func(b *bench) {
		_, _, err := store.ChangeSetting(b.ctx, b.Store, "acme", directory.EnforcementSetting, store.SettingChange{Who: "ada", Now: start},
			func(e *directory.Enforcement) error { e.Enforced = true; return nil })
		b.must(err)
		on := true
		id := b.person("acme", 1)
		b.wants(b.Switch(b.ctx, "acme", directory.ModuleSAML, false, "ada"), problem.SSOEnforced)
		_, err = b.SetPilot(b.ctx, b.workspace("acme"), PilotChange{On: &on, Add: []string{id}, Who: "ada"})
		b.wants(err, problem.SSOEnforced)
		b.must(b.Switch(b.ctx, "acme", directory.ModuleSCIM, false, "ada"))
	})
}

// req: A12
func TestPilot_isOfPeopleWhoAreThere(t *testing.T) {
	each(t, func(b *bench) {
		ws, on, off := b.workspace("acme"), true, false
		_, err := b.SetPilot(b.ctx, ws, PilotChange{On: &on, Who: "ada"})
		b.wants(err, problem.PilotEmpty)
		_, err = b.SetPilot(b.ctx, ws, PilotChange{Add: []string{b.person("beta", 1)}, Who: "ada"})
		b.wants(err, problem.PilotWho)
		one, two := b.person("acme", 1), b.person("acme", 2)
		p, err := b.SetPilot(b.ctx, ws, PilotChange{Add: []string{one, one, two}, On: &on, Who: "ada"})
		if err != nil || !p.On || len(p.People) != 2 || !p.Includes(one) || p.Includes("somebody") {
			b.Errorf("got %+v %v", p, err)
		}
		_, err = b.SetPilot(b.ctx, ws, PilotChange{Remove: []string{one, two}, Who: "ada"})
		b.wants(err, problem.PilotEmpty)
		if p, _, err = b.Pilot(b.ctx, "acme"); err != nil || len(p.People) != 2 {
			b.Errorf("after a refusal: %+v %v", p, err)
		}
		p, err = b.SetPilot(b.ctx, ws, PilotChange{Remove: []string{one, two}, On: &off, Who: "ada"})
		if err != nil || p.On || len(p.People) != 0 {
			b.Errorf("ended: %+v %v", p, err)
		}
	})
}
