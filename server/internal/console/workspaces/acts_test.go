package workspaces

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// sections are this one, on the console's database.
func sections(c *consoletest.Console) []console.Section {
	return []console.Section{&Section{
		Store:     c.Store,
		Modules:   &modules.Keeper{Store: c.Store, Now: c.Now},
		CopyRoles: func(context.Context, string, string) error { return nil },
	}}
}

func each(t *testing.T, test func(*testing.T, *consoletest.Console)) {
	t.Helper()
	consoletest.Each(t, sections, test)
}

// one runs a test on SQLite: what it is about is the same on every engine.
func one(t *testing.T, test func(*testing.T, *consoletest.Console)) {
	t.Helper()
	test(t, consoletest.New(t, sections))
}

// serverOwner owns the server.
func serverOwner() console.Principal {
	return console.Principal{ID: "root", Name: "Root", Email: "root@example.com", ServerOwner: true, Fresh: true}
}

// employ puts somebody into acme.
func employ(t *testing.T, c *consoletest.Console, n int) string {
	t.Helper()
	id := fmt.Sprintf("u-%d", n)
	at := c.Now().Add(time.Duration(n) * time.Second)
	err := c.Store.InsertUser(t.Context(), directory.User{
		ID: id, Directory: "dir-acme", UserName: fmt.Sprintf("person%d@acme.example", n), State: directory.Active, Created: at, Modified: at,
		Doc: fmt.Appendf(nil, `{"displayName":"Person %d"}`, n),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// begun is a set-up that somebody saved and left.
func begun(t *testing.T, c *consoletest.Console, m directory.Module) {
	t.Helper()
	_, err := modules.SaveDraft(t.Context(), c.Store, "acme", m,
		modules.Draft[struct{}]{Progress: modules.Progress{Step: "metadata", Number: 3, Of: 8}}, "ada", c.Now())
	if err != nil {
		t.Fatal(err)
	}
}

// The tile is found by each of the names that people know Entra by, and by where
// other vendors keep it.
//
// req: A1
func TestIntegrations_aTileIsFoundByEveryNameThatPeopleKnow(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		for _, looked := range []string{
			"", "Microsoft Entra ID", "Azure AD", "azure active directory", "AZURE ACTIVE DIRECTORY", "entra",
			"MY COMPANY...INTEGRATIONS", "SETUP ADMIN", "Security > SSO and SCIM",
		} {
			c.Get("/workspaces/acme/integrations?q="+url.QueryEscape(looked)).OK().Has("Microsoft Entra ID", "Azure AD", "Not configured")
		}
		for looked, want := range map[string]string{
			"Single Sign-On": "Single sign-on (SAML)", "Settings > Single Sign-On": "Single sign-on (SAML)", "Security > SSO and SCIM": "Single sign-on (SAML)",
			"Auth > Single Sign-On > SCIM Provisioning":                "Provisioning (SCIM)",
			"SETUP ADMIN → INTEGRATION → Microsoft Entra provisioning": "Provisioning (SCIM)",
			"Automatic user provisioning":                              "Provisioning (SCIM)",
			"Sign-In via Microsoft 365":                                "Sign in with Microsoft 365",
			"SSO via SAML2":                                            "Single sign-on (SAML)",
			"Microsoft Entra Add-On":                                   "Provisioning (SCIM)",
			"License reference":                                        "User Directory", "Create User Directory": "User Directory",
		} {
			c.Get("/workspaces/acme/integrations?q=" + url.QueryEscape(looked)).OK().Has(want)
		}
		c.Get("/workspaces/acme/integrations?q=fax").OK().Has("Nothing is called").HasNot("tile-entra")
		var got integrationsPage
		c.JSON("GET", "/workspaces/acme/integrations", nil).OK().Into(&got)
		if got.Entra == nil || got.Entra.State != directory.ModuleUnset || len(got.Modules) != 4 {
			t.Errorf("JSON says %+v", got)
		}
	})
}

// req: A1
func TestIntegrations_theBadgeFollowsWhatIsSetUp(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		badge := func(want string) {
			t.Helper()
			var got integrationsPage
			c.JSON("GET", "/workspaces/acme/integrations", nil).OK().Into(&got)
			if got.Entra.Badge != want {
				t.Errorf("the badge is %s, want %s", got.Entra.Badge, want)
			}
			c.Get("/workspaces/acme/integrations").OK().Has(want)
		}
		keeper := &modules.Keeper{Store: c.Store, Now: c.Now}
		app := directory.Microsoft{TenantID: "t", ClientID: "c"}
		set := func(m directory.Microsoft) {
			t.Helper()
			if _, err := c.Store.UpdateWorkspace(t.Context(), "acme", c.Now(), func(w *directory.Workspace) error { w.Microsoft = m; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		badge("Not configured")
		begun(t, c, directory.ModuleMicrosoft)
		badge("Draft")
		if err := modules.DropDraft(t.Context(), c.Store, "acme", directory.ModuleMicrosoft, "ada", c.Now()); err != nil {
			t.Fatal(err)
		}
		set(app)
		badge("Enabled")
		if err := keeper.Proved(t.Context(), "acme", directory.ModuleMicrosoft, app.Fingerprint(), "ada"); err != nil {
			t.Fatal(err)
		}
		c.Post("/workspaces/acme/modules/microsoft", url.Values{"on": {"false"}}).Is(303).Follow().OK().Has("is switched off")
		badge("Tested")
		c.Post("/workspaces/acme/modules/microsoft", url.Values{"on": {"true"}}).Is(303).Follow().OK().Has("is switched on")
		set(directory.Microsoft{TenantID: "same", ClientID: "same"})
		badge("Broken")
	})
}

// req: A2
func TestSSOAndSCIM_isFoundWhereItIsKnownAndGoesOnWhereSomebodyLeft(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		page := c.Get("/settings/security/sso").Is(303).Follow().OK().Has("SSO and SCIM", "Configure now")
		if n := strings.Count(page.Body, `class="button primary"`); n != 1 {
			t.Errorf("there are %d primary buttons", n)
		}
		begun(t, c, directory.ModuleSAML)
		c.As(consoletest.With(console.ITAdmin)) // who signed in anew
		c.Get("/workspaces/acme/settings/security/sso").OK().Has("Continue setup (step 3 of 8)").HasNot("Configure now")
		c.Get("/workspaces/acme/settings/security/scim").OK().Has("Configure now")
		c.Get("/integrations").Is(303).Follow().OK().Has("Microsoft Entra ID")
		c.As(serverOwner()) // of several workspaces
		c.Get("/settings/security/scim").Is(303).Follow().OK().Has("Acme", "Other")
	})
}

// req: A3
func TestSSOAndSCIM_areTabsWithSwitchesOfTheirOwn(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		state := func(tab string) (p securityPage) {
			t.Helper()
			c.JSON("GET", "/workspaces/acme/settings/security/"+tab, nil).OK().Into(&p)
			return p
		}
		for _, tab := range []string{"sso", "scim"} {
			c.Get("/workspaces/acme/settings/security/"+tab).OK().Has("Single Sign-On", "SCIM Provisioning")
			if !state(tab).On {
				t.Errorf("%s is off", tab)
			}
		}
		c.Post("/workspaces/acme/modules/scim", url.Values{"on": {"false"}, "next": {"/admin/workspaces/acme/settings/security/scim"}}).Is(303).Follow().OK().Has("is switched off")
		if state("scim").On || !state("sso").On {
			t.Error("switching SCIM off did something else")
		}
		c.Post("/workspaces/acme/modules/saml", url.Values{"on": {"false"}}).Is(303)
		c.Post("/workspaces/acme/modules/scim", url.Values{"on": {"true"}}).Is(303)
		if !state("scim").On || state("sso").On {
			t.Error("switching the two did something else")
		}
		c.Post("/workspaces/acme/modules/saml", url.Values{"on": {"true"}, "next": {"https://evil.example/"}}).Is(303)
	})
}

// req: A10
func TestPreflight_redThenOneClickThenGreen(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		c.As(serverOwner())
		c.Post("/workspaces/acme/plan", url.Values{"form": {"true"}, "scim": {"true"}, "m365": {"true"}, "mobile": {"true"}, "licensed": {"true"}, "contact": {"Single sign-on is in the Business plan."}}).Is(303)
		c.As(consoletest.Owner())
		c.Get("/workspaces/acme/modules/saml").OK().Has("not part of this workspace's plan", "in the Business plan").HasNot("Go on")
		if got := c.Post("/workspaces/acme/modules/saml", url.Values{"on": {"false"}}); got.Status != 402 || got.Code() != problem.NotInPlan {
			t.Errorf("changing what is not in the plan: %d %s", got.Status, got.Code())
		}
		if got := c.JSON("POST", "/workspaces/acme/modules/saml", map[string]any{"on": true}); got.Status != 402 || got.Code() != problem.NotInPlan {
			t.Errorf("by JSON: %d %s", got.Status, got.Code())
		}
		c.Get("/workspaces/acme/integrations").OK().Has("Not in your plan", "in the Business plan")
		c.Get("/workspaces/acme/modules/saml").OK().HasNot("Activate it", "Switch it on")
		// Whoever decides about plans mends that by a click as well.
		c.As(serverOwner())
		c.Get("/workspaces/acme/integrations").OK().Has("Activate")
		c.Get("/workspaces/acme/modules/saml").OK().Form("/plan").Submit().Is(303).Follow().OK().Has("Before you begin", "All is good")
		c.As(consoletest.Owner())
		c.Post("/workspaces/acme/modules/saml", url.Values{"on": {"false"}}).Is(303)
		c.Get("/workspaces/acme/modules/saml").OK().Has("is switched off", "Switch it on").HasNot("All is good")
		if page := c.Get("/workspaces/acme/settings/security/sso").OK(); !strings.Contains(page.Body, `href="/admin/workspaces/acme/modules/saml"`) {
			t.Error("the button does not lead to what has to be mended first")
		}
		c.Post("/workspaces/acme/modules/saml", url.Values{"on": {"true"}}).Is(303).Follow().OK().Has("All is good")
	})
}

func TestSetupLink_leadsToTheSwitchOfItsModuleAlone(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		c.As(console.Principal{ID: "link:1", Link: &console.LinkScope{ID: "1", Workspace: "acme", Module: directory.ModuleSCIM}})
		c.Post("/workspaces/acme/modules/scim", url.Values{"on": {"true"}}).Is(303)
		c.Get("/workspaces/acme/modules/scim").OK().HasNot("Switch it off")
		c.Post("/workspaces/acme/modules/scim", url.Values{"on": {"false"}}).Is(403) // people use it
		c.Post("/workspaces/acme/modules/saml", url.Values{"on": {"true"}}).Is(403)
		c.Get("/workspaces/acme").Is(403)
		c.Get("/directories").Is(403)
		c.Get("/workspaces/other/modules/scim").Is(404)
	})
}

func TestWorkspaces_areMadeByOwnersOfTheServerAndSeenByWhoAdministersThem(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		c.Post("/workspaces", url.Values{"id": {"globex"}}).Is(403)
		c.Get("/workspaces").OK().Has("Acme").HasNot("Other")
		c.As(serverOwner())
		c.Get("/workspaces").OK().Has("Acme", "Other")
		c.Get("/workspaces?q=oth").OK().Has("Other").HasNot(">Acme<")
		c.Get("/workspaces/new?id=acme").OK().Has("acme is taken")
		c.Get("/workspaces/new?id=Globex+Ltd").OK().Has("globex-ltd")
		c.Get("/workspaces/new?id=globex").OK().Has("globex is free")
		if got := c.Post("/workspaces", url.Values{"id": {"acme"}, "name": {"Again"}}); got.Code() != problem.WorkspaceExists {
			t.Errorf("an id that is taken: %d %s", got.Status, got.Text())
		}
		c.Post("/workspaces", url.Values{"id": {"No Good"}, "name": {"Again"}}).Is(400).Has("No Good")
		c.Post("/workspaces", url.Values{"id": {" Globex "}, "name": {"Globex Ltd"}}).Is(303).Follow().OK().Has("Globex Ltd", "is made")
		// Each workspace's own log begins with its making, and says nothing of others'.
		for ws, want := range map[string]int{"globex": 1, "acme": 0} {
			if made, err := c.Store.AuditLog(t.Context(), store.AuditQuery{Workspace: ws, Act: "workspaces.create", Limit: 9}); err != nil || len(made) != want {
				t.Errorf("the log of %s: %+v, %v", ws, made, err)
			}
		}
		c.As(console.Principal{ID: "nobody", Name: "No"})
		c.Get("/workspaces").OK().Has("You administer no workspace yet")
		c.Get("/workspaces/globex").Is(404)
	})
}

func TestSettings_areChangedOnceAndCheckedFirst(t *testing.T) {
	one(t, func(t *testing.T, c *consoletest.Console) {
		form := func(version, grace string) url.Values {
			return url.Values{
				"version": {version}, "name": {"Acme Group"}, "default_role": {"Project Manager"}, "default_department": {"Everyone"},
				"domain_hint": {"Acme.example"}, "offline_grace": {grace},
			}
		}
		c.Post("/workspaces/acme/settings", form("1", "31d")).Is(400).Has("more than 30 days")
		for field, wrong := range map[string]string{"name": " ", "default_role": "Owner", "domain_hint": "acme", "offline_grace": "soon"} {
			f := form("1", "8h")
			f.Set(field, wrong)
			c.Post("/workspaces/acme/settings", f).Is(400)
		}
		c.Post("/workspaces/acme/settings", form("1", "8h")).Is(303).Follow().OK().Has("Saved.")
		ws, err := c.Store.Workspace(t.Context(), "acme")
		if err != nil || ws.Name != "Acme Group" || ws.DefaultRole != "Project Manager" || ws.DefaultDepartment != "Everyone" ||
			ws.Microsoft.DomainHint != "acme.example" || ws.OfflineGrace != 8*time.Hour {
			t.Errorf("stored %+v, %v", ws, err)
		}
		c.Post("/workspaces/acme/settings", form("1", "9h")).Is(409).Has("Somebody else")
		c.As(consoletest.With(console.Viewer))
		c.Get("/workspaces/acme/settings").OK().Has("Acme Group").HasNot(`name="default_role"`)
		c.Post("/workspaces/acme/settings", form("2", "9h")).Is(403)
	})
}

// req: B15
func TestRenaming_saysWhatIsFreeAndKeepsTheOldNameFor90Days(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		c.Get("/workspaces/acme/settings/id?id=other").OK().Has("other is taken")
		c.Get("/workspaces/acme/settings/id?id=acme-group").OK().Has("acme-group is free")
		c.Post("/workspaces/acme/settings/id", url.Values{"id": {"other"}}).Is(409).Has(string(problem.WorkspaceExists))
		c.Post("/workspaces/acme/settings/id", url.Values{"id": {"acme-group"}}).Is(303).Follow().OK().Has("People type acme-group now")
		c.Post("/workspaces/acme/settings/id", url.Values{"id": {"acme-inc"}}).Is(303)
		for _, name := range []string{"acme", "acme-group", "acme-inc"} {
			if ws, err := c.Store.WorkspaceNamed(t.Context(), name, c.Now().Add(store.KeepNamesFor-time.Hour)); err != nil || ws.ID != "acme" {
				t.Errorf("%s leads to %q, %v", name, ws.ID, err)
			}
		}
		if _, err := c.Store.WorkspaceNamed(t.Context(), "acme-group", c.Now().Add(store.KeepNamesFor+time.Hour)); err == nil {
			t.Error("the former name leads on after 90 days")
		}
	})
}

// req: A9
func TestUserDirectory_isMadeLinkedAndUnlinkedByItsName(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		c.Get("/workspaces/acme/user-directory").OK().Has("User Directory", "License reference", "Create User Directory")
		made := c.Post("/directories", url.Values{"name": {"Acme people"}, "link": {"acme"}, "license": {"E-17"}}).Is(303)
		made.Follow().OK().Has("Acme people", "acme is linked to it", "E-17", "Microsoft Entra ID")
		dir := strings.TrimPrefix(made.Header.Get("Location"), console.Root)
		c.Get("/workspaces/acme/user-directory").OK().Has("Linked", "Acme people").HasNot("Create User Directory")
		var second struct {
			ID string `json:"id"`
		}
		c.JSON("POST", "/directories", map[string]any{"name": "Second"}).OK().Into(&second)
		for to, code := range map[string]problem.Code{"acme": problem.DirectoryLinked, "other": problem.UnknownWorkspace, "nowhere": problem.UnknownWorkspace} {
			if got := c.JSON("POST", "/directories/"+second.ID+"/links/"+to, nil); got.Code() != code {
				t.Errorf("linking %s: %d %s", to, got.Status, got.Code())
			}
		}
		c.Get(dir + "/links/acme/remove").OK().Has("signed out")
		c.Post(dir+"/links/acme/remove", url.Values{"confirm": {"yes"}}).Is(400)
		c.Post(dir+"/links/acme/remove", url.Values{"confirm": {"acme"}}).Is(303)
		c.As(console.Principal{ID: "else", Name: "Else", Roles: map[string]console.Role{"other": console.Owner}})
		c.Get("/directories").OK().HasNot("dir_", "Second")
		for _, path := range []string{dir, "/directories/" + second.ID, "/directories/dir-acme"} {
			c.Get(path).Is(404)
		}
		c.Post(dir+"/links", url.Values{"workspace": {"other"}}).Is(404)
		c.As(consoletest.With(console.Viewer))
		c.Post("/directories", url.Values{"name": {"Mine"}}).Is(403)
	})
}

// req: A9
func TestPlan_saysWhoWaitsForASeat(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		for n := range 3 {
			employ(t, c, n)
		}
		c.Post("/workspaces/acme/plan", url.Values{"seats": {"2"}}).Is(403)
		c.As(serverOwner())
		c.Post("/workspaces/acme/plan", url.Values{"seats": {"-2"}}).Is(400).Has("less than none")
		c.Post("/workspaces/acme/plan", url.Values{"contact_url": {"javascript:alert(1)"}}).Is(400)
		c.Post("/workspaces/acme/plan", url.Values{"seats": {"2"}, "on_downgrade": {"block"}, "version": {"0"}}).Is(303).Follow().OK().
			Has("2 of 2 seats are taken", "Person 2", "pending_seat")
		c.Post("/workspaces/acme/plan", url.Values{"seats": {"5"}, "version": {"0"}}).Is(409)
		c.Get("/workspaces/acme").OK().Has("Every seat is taken", "1 person waits")
	})
}

// req: A11
func TestSandbox_isClonedChangedAndPromoted(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		owner := consoletest.Owner()
		owner.Roles["acme-sandbox"] = console.Owner
		c.As(owner)
		c.Post("/workspaces/acme/environments", url.Values{"id": {"other"}, "env": {"sandbox"}}).Is(409)
		c.Post("/workspaces/acme/environments", url.Values{"id": {"acme-sandbox"}, "env": {"sandbox"}}).Is(303).Follow().OK().Has("acme-sandbox")
		c.Get("/workspaces/acme-sandbox/environments/acme").OK().Has("There is no difference")
		c.Post("/workspaces/acme-sandbox/settings", url.Values{"default_role": {"Project Manager"}}).Is(303)
		c.Get("/workspaces/acme-sandbox/environments/acme").OK().Has("Default role", "Project Manager", "Type acme to confirm")
		var diff diffPage
		c.JSON("GET", "/workspaces/acme-sandbox/environments/acme", nil).OK().Into(&diff)
		form := url.Values{"parts": {"workspace.default_role"}, "version": {diff.Version}, "confirm": {"acme"}}
		for field, wrong := range map[string]string{"confirm": "acm", "parts": "saml.keys", "version": "1"} {
			f := url.Values{"parts": form["parts"], "version": form["version"], "confirm": form["confirm"]}
			f.Set(field, wrong)
			if got := c.Post("/workspaces/acme-sandbox/environments/acme", f); got.Status < 400 {
				t.Errorf("a wrong %s: %d", field, got.Status)
			}
		}
		c.Post("/workspaces/acme-sandbox/environments/acme", form).Is(303).Follow().OK().Has("0 differences are left")
		if ws, err := c.Store.Workspace(t.Context(), "acme"); err != nil || ws.DefaultRole != "Project Manager" {
			t.Errorf("acme is %+v, %v", ws, err)
		}
		c.Get("/workspaces/acme-sandbox/environments/other").Is(404)
		owner.Roles["other"] = console.Owner
		c.Get("/workspaces/acme-sandbox/environments/other").Is(409)
		delete(owner.Roles, "acme")
		c.As(owner)
		c.Post("/workspaces/acme-sandbox/environments/acme", form).Is(404)
	})
}

// req: A12
func TestPilot_isChosenBySearch(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		employ(t, c, 1)
		employ(t, c, 2)
		c.Post("/workspaces/acme/pilot", url.Values{"on": {"true"}}).Is(400).Has(string(problem.PilotEmpty))
		c.Get("/workspaces/acme/pilot?q=person+1").OK().Has("Person 1").HasNot("Person 2")
		c.Post("/workspaces/acme/pilot/people", url.Values{"person": {"u-1"}, "q": {"person"}}).Is(303).Follow().OK().Has("Person 1 is in the pilot", "Person 2")
		c.Post("/workspaces/acme/pilot/people", url.Values{"person": {"nobody"}}).Is(404)
		c.Post("/workspaces/acme/pilot", url.Values{"on": {"true"}}).Is(303).Follow().OK().Has("Pilot on", "1 active person is not in the pilot")
		c.Get("/workspaces/acme").OK().Has("A pilot is on")
		c.Post("/workspaces/acme/pilot/people/remove", url.Values{"person": {"u-1"}}).Is(400)
		c.Post("/workspaces/acme/pilot", url.Values{"on": {"false"}}).Is(303)
		c.Post("/workspaces/acme/pilot/people/remove", url.Values{"person": {"u-1"}}).Is(303).Follow().OK().Has("Nobody yet")
	})
}
