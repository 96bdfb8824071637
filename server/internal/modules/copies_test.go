package modules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// dressed sets acme up with something in every part, secrets too.
func (b *bench) dressed() {
	b.Helper()
	_, err := b.Store.UpdateWorkspace(b.ctx, "acme", start, func(w *directory.Workspace) error {
		w.Domains, w.DefaultDepartment, w.OfflineGrace = []string{"acme.example"}, "Everyone", 8*time.Hour
		w.Microsoft = directory.Microsoft{TenantID: "t", ClientID: "c", DomainHint: "acme.example"}
		w.RoleRules, w.SCIMRequired, w.SCIMEnabled = []directory.RoleRule{{Group: "g", Role: "admin"}}, []string{"emails"}, true
		return nil
	})
	b.must(err)
	_, err = b.Store.UpdateSAML(b.ctx, "acme", start, func(c *directory.SAML) ([]directory.Kind, error) {
		*c = connected(b.T, start.AddDate(1, 0, 0))
		c.EntityID, c.RequireEmail, c.Skew = "BTIQ", true, time.Minute
		c.RequiredClaims = []directory.SAMLClaim{{Name: "CoNm", Equals: "acme"}}
		c.Keys = []directory.SAMLKey{{ID: "k", Use: directory.KeyEncryption, Sealed: []byte("sealed")}}
		c.Tested, c.TestedHash = start, c.ConfigHash()
		return nil, nil
	})
	b.must(err)
	_, err = b.Store.UpdateMobile(b.ctx, "acme", "ada", start, func(m *directory.Mobile) (string, error) {
		m.Apple = []directory.AppleApp{{BundleID: "example.acme", RedirectURI: "msauth.example.acme://auth"}}
		return "set", nil
	})
	b.must(err)
	b.must(b.Store.CreateToken(b.ctx, store.Token{ID: "t1", Workspace: "acme", Hash: "h", Created: start}))
	b.must(b.Store.CreateClient(b.ctx, store.Client{ID: "c1", Workspace: "acme", TokenLife: time.Hour, Created: start}, store.Secret{ID: "s1", Hash: "h", Created: start, Expires: start.Add(time.Hour)}))
	b.must(b.Store.CreateWebhook(b.ctx, store.Webhook{ID: "w1", Workspace: "acme", URL: "https://hook.example", Hash: "h", Created: start}))
	put := func(kind, doc string) {
		type anything map[string]any
		_, _, err := store.ChangeSetting(b.ctx, b.Store, "acme", kind, store.SettingChange{Version: store.AnyVersion, Who: "ada", Now: start},
			func(v *anything) error { *v = anything{"enabled": true, "text": doc, "key_id": "k1"}; return nil })
		b.must(err)
	}
	put(directory.SettingMicrosoftWeb, "web")
	put(directory.SettingMicrosoftWebKeys, "a secret")
	put(directory.SettingLocal, "local")
	put(directory.SettingDraft+"saml", "half done")
	_, _, err = store.ChangeSetting(b.ctx, b.Store, "acme", directory.EnforcementSetting, store.SettingChange{Who: "ada", Now: start},
		func(e *directory.Enforcement) error { e.Enforced = true; return nil })
	b.must(err)
	b.person("acme", 1)
}

// req: A11
func TestClone_takesEverythingButSecrets(t *testing.T) {
	each(t, func(b *bench) {
		b.dressed()
		ws, err := b.Clone(b.ctx, "acme", "acme-sandbox", "", directory.Sandbox, "ada")
		b.must(err)
		if ws.Name != "acme (sandbox)" || ws.Directory != "acme-sandbox" || len(ws.Domains) != 0 || ws.DefaultDepartment != "Everyone" ||
			ws.OfflineGrace != 8*time.Hour || ws.Microsoft.ClientID != "c" || len(ws.RoleRules) != 1 || ws.SCIMEnabled {
			b.Errorf("the clone is %+v", ws)
		}
		c, err := b.Store.SAML(b.ctx, ws.ID)
		if err != nil || !c.Disabled || len(c.Keys) != 0 || c.TestedNow() || c.EntityID != "BTIQ" || len(c.RequiredClaims) != 1 || len(c.Certificates) != 1 {
			b.Errorf("its connection is %+v, %v", c, err)
		}
		if m, err := b.Store.Mobile(b.ctx, ws.ID); err != nil || len(m.Apple) != 1 {
			b.Errorf("its apps are %+v, %v", m, err)
		}
		tokens, err := b.Store.Tokens(b.ctx, ws.ID)
		b.must(err)
		clients, err := b.Store.Clients(b.ctx, ws.ID)
		b.must(err)
		hooks, err := b.Store.Webhooks(b.ctx, ws.ID)
		b.must(err)
		people, err := b.Store.CountUsers(b.ctx, ws.Directory)
		b.must(err)
		if len(tokens)+len(clients)+len(hooks) != 0 || people != (store.Counts{}) {
			b.Errorf("it has %d tokens, %d clients, %d webhooks and %+v", len(tokens), len(clients), len(hooks), people)
		}
		kept, err := b.Store.Settings(b.ctx, ws.ID, "")
		b.must(err)
		for _, n := range kept {
			if !slices.Contains([]string{directory.SettingMicrosoftWeb, directory.SettingLocal, directory.SettingEnvironment}, n.Kind) {
				b.Errorf("it has the setting %s: %s", n.Kind, n.Doc)
			}
			if n.Kind == directory.SettingMicrosoftWeb && (strings.Contains(string(n.Doc), "key_id") || strings.Contains(string(n.Doc), "enabled")) {
				b.Errorf("%s says %s", n.Kind, n.Doc)
			}
		}
		if e, err := b.Environment(b.ctx, ws.ID); err != nil || e.Kind != directory.Sandbox || e.Of != "acme" {
			b.Errorf("it is %+v, %v", e, err)
		}
		if e, err := b.Environment(b.ctx, "acme"); err != nil || e.Kind != directory.Production {
			b.Errorf("acme is %+v, %v", e, err)
		}
		if all, err := b.Clones(b.ctx, "acme"); err != nil || len(all) != 1 || all[0].ID != ws.ID {
			b.Errorf("the clones are %v, %v", all, err)
		}
		if of, err := b.Origin(b.ctx, ws.ID); err != nil || of.ID != "acme" {
			b.Errorf("it is of %v, %v", of, err)
		}
		if diff, err := b.Compare(b.ctx, "acme", ws.ID); err != nil || len(diff.Differences) != 0 {
			b.Errorf("it differs in %+v, %v", diff.Differences, err)
		}
		_, err = b.Clone(b.ctx, "acme", "acme-sandbox", "", directory.Sandbox, "ada")
		b.wants(err, problem.WorkspaceExists)
		_, err = b.Clone(b.ctx, "acme", "Not an ID", "", directory.Sandbox, "ada")
		b.wants(err, problem.BadWorkspaceID)
		_, err = b.Clone(b.ctx, "nowhere", "x-1", "", directory.Sandbox, "ada")
		b.wants(err, problem.UnknownWorkspace)
		_, err = b.Origin(b.ctx, "acme")
		b.wants(err, problem.NotACopy)
	})
}

// req: A11
func TestPromote_takesOverWhatWasChosenOrNothing(t *testing.T) {
	each(t, func(b *bench) {
		b.dressed()
		_, err := b.Clone(b.ctx, "acme", "acme-sandbox", "", directory.Sandbox, "ada")
		b.must(err)
		_, err = b.Store.UpdateWorkspace(b.ctx, "acme-sandbox", start, func(w *directory.Workspace) error {
			w.DefaultRole, w.DefaultDepartment = "Project Manager", "Sales"
			return nil
		})
		b.must(err)
		_, err = b.Store.UpdateSAML(b.ctx, "acme-sandbox", start, func(c *directory.SAML) ([]directory.Kind, error) {
			c.RequireEmail = false
			return nil, nil
		})
		b.must(err)
		diff, err := b.Compare(b.ctx, "acme-sandbox", "acme")
		b.must(err)
		var names []string
		for _, d := range diff.Differences {
			names = append(names, d.Name)
		}
		if !slices.Equal(names, []string{"workspace.default_role", "workspace.default_department", "saml.require_email"}) ||
			diff.Differences[0].From != "Project Manager" || diff.Differences[0].To != "member" || diff.Differences[2].From != "off" {
			b.Fatalf("they differ in %+v", diff.Differences)
		}
		p := Promotion{From: "acme-sandbox", To: "acme", Parts: []string{"workspace.default_role", "saml.require_email"}, Version: diff.Version, Confirm: "acme", Who: "ada"}
		refused := func(code problem.Code, change func(*Promotion)) {
			b.Helper()
			q := p
			change(&q)
			_, err := b.Promote(b.ctx, q)
			b.wants(err, code)
		}
		refused(problem.NothingPicked, func(q *Promotion) { q.Parts = nil })
		refused(problem.NotConfirmed, func(q *Promotion) { q.Confirm = "acm" })
		refused(problem.UnknownPart, func(q *Promotion) { q.Parts = append(slices.Clone(q.Parts), "saml.keys") })
		refused(problem.PromotedBefore, func(q *Promotion) { q.Version = "older" })
		if ws := b.workspace("acme"); ws.DefaultRole != "member" {
			b.Fatalf("a refusal changed %+v", ws)
		}
		before, err := b.Store.SAML(b.ctx, "acme")
		b.must(err)
		left, err := b.Promote(b.ctx, p)
		if err != nil || len(left.Differences) != 1 || left.Differences[0].Name != "workspace.default_department" {
			b.Errorf("left are %+v, %v", left.Differences, err)
		}
		ws := b.workspace("acme")
		if ws.DefaultRole != "Project Manager" || ws.DefaultDepartment != "Everyone" || len(ws.Domains) != 1 || !ws.SCIMEnabled {
			b.Errorf("acme became %+v", ws)
		}
		after, err := b.Store.SAML(b.ctx, "acme")
		if err != nil || after.RequireEmail || after.Disabled || len(after.Keys) != 1 || string(after.Keys[0].Sealed) != string(before.Keys[0].Sealed) || after.TestedNow() {
			b.Errorf("its connection became %+v, %v", after, err)
		}
		_, err = b.Promote(b.ctx, p)
		b.wants(err, problem.PromotedBefore)
	})
}

// Every part can be told apart, and taking one over makes it the same.
func TestParts_takingOneOverMakesItTheSame(t *testing.T) {
	one(t, func(b *bench) {
		b.dressed()
		from, err := b.Store.Copied(b.ctx, "acme")
		b.must(err)
		seen := map[string]bool{}
		for _, p := range parts() {
			if seen[p.name] {
				b.Errorf("two parts are called %s", p.name)
			}
			seen[p.name] = true
			to := store.Copy{Workspace: directory.Workspace{ID: "x"}}
			p.put(from, &to)
			if got, want := shown(p.get(to)), shown(p.get(from)); got != want {
				b.Errorf("%s is %q, want %q", p.name, got, want)
			}
			if len(to.SAML.Keys) > 0 || !to.SAML.Tested.IsZero() || to.SAML.Version > 0 && !to.SAML.Disabled {
				b.Errorf("%s took more along: %+v", p.name, to.SAML)
			}
		}
	})
}
