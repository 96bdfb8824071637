package modules

import (
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// One fixture for each state that each module can be in. Nothing of the other
// modules is set up in any of them, and their states stay what they were.
//
// req: A1
func TestStands_everyModuleComesIntoEveryState(t *testing.T) {
	year := start.AddDate(1, 0, 0)
	proven := func(c directory.SAML) directory.SAML {
		c.Tested, c.TestedHash = start, c.ConfigHash()
		return c
	}
	off := func(c directory.SAML) directory.SAML { c.Disabled = true; return c }
	app := directory.Microsoft{TenantID: "t", ClientID: "c"}
	mobile := directory.Mobile{Version: 1, Desktop: true}
	stale := directory.Mobile{Version: 1, Android: []directory.AndroidApp{{Package: "p", MSAL: &directory.MSALConfig{ClientID: "other", TenantID: "t"}}}}
	switched := func(m directory.Module, proven string) directory.Switches {
		return directory.Switches{Proven: map[directory.Module]string{m: proven}}.Set(m, false)
	}
	begun := map[directory.Module]Progress{}
	for _, m := range directory.Modules() {
		begun[m] = Progress{Step: "one", Number: 1, Of: 5}
	}
	failing := connected(t, year)
	failing.Metadata = directory.SAMLMetadata{URL: "https://idp.example/md", Failure: string(problem.MetadataOffline), Refreshed: start.Add(-72 * time.Hour), Tried: start}
	const unset, draft, tested, enabled, broken = directory.ModuleUnset, directory.ModuleDraft, directory.ModuleTested, directory.ModuleEnabled, directory.ModuleBroken
	fixtures := map[directory.Module]map[directory.ModuleState][]Facts{
		directory.ModuleMicrosoft: {
			unset:   {{}, {Switches: switched(directory.ModuleMicrosoft, "")}},
			draft:   {{Drafts: begun}, {Workspace: directory.Workspace{Microsoft: directory.Microsoft{TenantID: "t"}}}, {Web: directory.MicrosoftWeb{TenantID: "t", ClientID: "c"}}},
			tested:  {{Workspace: directory.Workspace{Microsoft: app}, Switches: switched(directory.ModuleMicrosoft, app.Fingerprint())}},
			enabled: {{Workspace: directory.Workspace{Microsoft: app}}, {Web: directory.MicrosoftWeb{TenantID: "t", ClientID: "c", Enabled: true}}},
			broken: {
				{Workspace: directory.Workspace{Microsoft: directory.Microsoft{TenantID: "t", ClientID: "t"}}},
				{Workspace: directory.Workspace{Microsoft: app}, Reported: map[directory.Module][]problem.Code{directory.ModuleMicrosoft: {problem.WorkspaceNotSet}}},
			},
		},
		directory.ModuleSAML: {
			unset:   {{}},
			draft:   {{Drafts: begun}, {SAML: directory.SAML{Version: 1}}, {SAML: off(connected(t, year))}},
			tested:  {{SAML: proven(off(connected(t, year)))}},
			enabled: {{SAML: connected(t, year)}, {SAML: proven(connected(t, year))}},
			broken:  {{SAML: connected(t, start.Add(-time.Hour))}, {SAML: failing}},
		},
		directory.ModuleSCIM: {
			unset:   {{Workspace: directory.Workspace{SCIMEnabled: true}}},
			draft:   {{Drafts: begun}, {Credentials: 1, Issued: 1, Workspace: directory.Workspace{SCIMEnabled: true}}},
			tested:  {{Credentials: 1, Issued: 1, Called: start}},
			enabled: {{Credentials: 1, Issued: 1, Called: start, Workspace: directory.Workspace{SCIMEnabled: true}}},
			broken:  {{Issued: 1, Called: start, Workspace: directory.Workspace{SCIMEnabled: true}}},
		},
		directory.ModuleMobile: {
			unset:   {{}},
			draft:   {{Drafts: begun}, {Mobile: directory.Mobile{Version: 2}}},
			tested:  {{Mobile: mobile, Switches: switched(directory.ModuleMobile, "")}},
			enabled: {{Mobile: mobile}},
			broken:  {{Mobile: stale, Workspace: directory.Workspace{Microsoft: app}}},
		},
	}
	for _, m := range directory.Modules() {
		for _, state := range directory.ModuleStates() {
			if len(fixtures[m][state]) == 0 {
				t.Errorf("%s: no fixture is %s", m, state)
			}
			for i, f := range fixtures[m][state] {
				for _, got := range Stands(f, start) {
					switch {
					case got.Module == m && got.State != state:
						t.Errorf("%s, fixture %d: %s, want %s", m, i, got.State, state)
					case got.Module == m && (state == broken) != (len(got.Faults) > 0):
						t.Errorf("%s, fixture %d: %s with the faults %v", m, i, state, got.Faults)
					case got.Module != m && got.Module != directory.ModuleMicrosoft && f.Drafts == nil && got.State != unset:
						t.Errorf("%s, fixture %d: %s became %s", m, i, got.Module, got.State)
					}
				}
			}
		}
	}
}

func TestStands_warnsBeforeACertificateEnds(t *testing.T) {
	for days, want := range map[int]int{20: 1, 40: 0} {
		got := stands(directory.ModuleSAML, Facts{SAML: connected(t, start.AddDate(0, 0, days))}, start)
		if len(got.Warnings) != want || got.State != directory.ModuleEnabled {
			t.Errorf("%d days before: %+v", days, got)
		}
	}
	accepted := connected(t, start.Add(-time.Hour))
	accepted.InsecureAllowExpired = true
	if got := stands(directory.ModuleSAML, Facts{SAML: accepted}, start); got.State != directory.ModuleEnabled {
		t.Errorf("expired, and accepted all the same: %+v", got)
	}
}

func TestStanding_isReadFromWhatIsStored(t *testing.T) {
	one(t, func(b *bench) {
		c := connected(b.T, start.AddDate(1, 0, 0))
		_, err := b.Store.UpdateSAML(b.ctx, "acme", start, func(s *directory.SAML) ([]directory.Kind, error) {
			*s = c
			return nil, nil
		})
		b.must(err)
		_, err = SaveDraft(b.ctx, b.Store, "acme", directory.ModuleSCIM, Draft[int]{Progress: Progress{Step: "token", Number: 2, Of: 7}}, "ada", start)
		b.must(err)
		_, err = b.SetPlan(b.ctx, "acme", 0, "ada", func(p *directory.Plan) error {
			*p = p.With(directory.ModuleMobile, false)
			return nil
		})
		b.must(err)
		all, err := b.Standing(b.ctx, "acme")
		b.must(err)
		for _, st := range all {
			want := map[directory.Module]directory.ModuleState{directory.ModuleSAML: directory.ModuleEnabled, directory.ModuleSCIM: directory.ModuleDraft}[st.Module]
			if want == "" {
				want = directory.ModuleUnset
			}
			if st.State != want || st.Locked != (st.Module == directory.ModuleMobile) || (st.Module == directory.ModuleSCIM) != (st.Draft.Of == 7) {
				b.Errorf("got %+v", st)
			}
		}
		_, err = b.Standing(b.ctx, "nowhere")
		b.wants(err, problem.UnknownWorkspace)
	})
}
