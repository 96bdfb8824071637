package provisioning

import (
	"cmp"
	"context"
	"slices"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// Setup is the way through Entra, with its own words and what was seen of it.
type Setup struct {
	tabs
	Portal    string          `json:"portal"` // new or old
	Steps     []SetupStep     `json:"steps"`
	Checks    []console.Check `json:"checks"`
	TenantURL string          `json:"tenant_url"`
	HasToken  bool            `json:"has_token"`
	// Name is what the application is suggested to be called.
	Name    string `json:"app_name"`
	Enabled bool   `json:"enabled"`
	// Gallery is the listing in Entra's gallery; "" where there is none.
	Gallery string `json:"gallery,omitempty"`
	// Tested: Test Connection succeeded last.
	Tested bool `json:"tested"`
}

// Head is that of a page.
func (p Setup) Head() console.Head { return p.head("Steps in Microsoft Entra", "setup") }

// SetupStep is one step of the portal.
type SetupStep struct {
	Title string          `json:"title"`
	Where string          `json:"where,omitempty"`
	Do    []register.Item `json:"do"`
	// State is done where we saw it.
	State string `json:"state,omitempty"`
}

type setupInput struct {
	Portal string `json:"portal"`
}

func (s *Section) setup(ctx context.Context, c *console.Call, in setupInput) (Setup, error) {
	p := Setup{tabs: tabs{"provisioning.setup"}, Portal: "new", TenantURL: tenantURL(c), Enabled: c.Workspace.SCIMEnabled, Gallery: s.cfg.Gallery, Name: directory.AppName(s.cfg.Brand, c.Workspace)}
	if in.Portal == "old" {
		p.Portal = "old"
	}
	var err error
	if p.Checks, err = s.milestones(ctx, c); err != nil {
		return p, err
	}
	creds, err := s.readCredentials(ctx, c)
	if err != nil {
		return p, err
	}
	p.HasToken, p.Tested = creds.working() > 0, p.Checks[0].State == "good"
	p.Steps = stepsFor(p, c)
	return p, nil
}

// stepsFor are the steps in the words of one of the portals. Old names are those
// of the Azure portal and of Entra before 2024.
func stepsFor(p Setup, c *console.Call) []SetupStep {
	old := p.Portal == "old"
	pick := func(newer, older string) string {
		if old {
			return older
		}
		return newer
	}
	where := pick(
		"entra.microsoft.com → Entra ID (older: Identity → Applications) → Enterprise apps (older: Enterprise applications)",
		"portal.azure.com → Azure Active Directory (Microsoft Entra ID) → Enterprise applications",
	)
	steps := []SetupStep{
		{
			Title: "Switch provisioning on here, and make a token", State: doneIf(p.Enabled && p.HasToken),
			Do: []register.Item{{Value: "On this console: Automatic user provisioning → Enabled, then URL and tokens → Make a token."}},
		},
		{Title: "Add the application to your tenant", Where: where + " → All applications → New application", Do: applicationItems(p, c)},
		{Title: "Open the provisioning page in Entra", Where: where + " → your application → Provisioning (on its Overview: Provision User Accounts)", Do: []register.Item{
			{Value: pick("New configuration", "Get started")},
			{Field: pick("Select authentication method", "Provisioning Mode"), Value: pick("Bearer authentication (or OAuth2 Client Credentials, with the client made here)", "Automatic")},
		}},
		{Title: pick("Fill in the connection and test it", "Fill in Admin Credentials and test them"), State: doneIf(p.Tested), Do: []register.Item{
			{Field: pick("Tenant URL (later under Connectivity)", "Admin Credentials → Tenant URL"), Value: p.TenantURL},
			{Field: pick("Secret token", "Secret Token"), Value: "the token that was shown to you once under URL and tokens"},
			{Value: pick("Test connection", "Test Connection")},
			{Value: pick("Create", "Save")},
		}},
		{Title: "Attribute mappings", Where: pick("Provisioning → Attribute mapping (Preview), or Edit attribute mappings", "Provisioning → Mappings (under Manage provisioning: Edit attribute mappings)"), Do: []register.Item{
			{Field: pick("Provision Microsoft Entra ID Groups → Enabled", "Provision Azure Active Directory Groups → Enabled"), Value: groupsEnabled(c)},
			{Field: pick("Provision Microsoft Entra ID Users → Enabled", "Provision Azure Active Directory Users → Enabled"), Value: "Yes"},
			{Value: "Remove the mapping of mailNickname to externalId, where there is one: Entra makes it by itself."},
			{Field: "Add New Mapping → Source attribute", Value: "objectId"},
			{Field: "Target attribute", Value: "externalId"},
			{Field: "Match objects using this attribute", Value: "Yes, Matching precedence 1"},
			{Value: "The whole table stands here under Mappings."},
		}},
		{Title: "Settings", Where: pick("Provisioning → Settings", "Provisioning → Settings"), Do: []register.Item{
			{Field: "Notification Email", Value: "whoever is to hear of failures from Microsoft; tick Send an email notification when a failure occurs"},
			{Field: "Scope", Value: "Sync only assigned users and groups"},
			{Value: "Prevent accidental deletion: tick it, with a threshold that fits. The alarm here is a second net."},
		}},
		{Title: "Assign people", Where: pick("Users and groups → Add user/group", "Users and groups → Add user/group"), Do: []register.Item{
			{Value: "Begin with a single person. Others may be assigned later."},
			{Value: register.DefaultAccessWarning},
		}},
		{Title: "Start", Where: pick("Provisioning → Overview", "Provisioning"), State: doneIf(seen(p.Checks, 2)), Do: []register.Item{
			{Field: pick("Start provisioning", "Provisioning Status"), Value: pick("then confirm", "On, then Save; or Start provisioning on the page Provisioning")},
			{Value: "The first cycle may take up to an hour and longer with many people; then Entra comes about every 40 minutes. Provision on demand shows one person at once."},
		}},
	}
	return steps
}

// applicationItems are how the enterprise application comes into the tenant: from
// the gallery where there is a listing, else one of one's own.
func applicationItems(p Setup, c *console.Call) []register.Item {
	there := register.Item{Value: "Where the workspace has one already, for single sign-on or Sign in with Microsoft, take that one. You need the role Cloud Application Administrator."}
	own := register.CreateOwn(cmp.Or(p.Name, directory.AppName("", c.Workspace)))
	if p.Gallery == "" {
		return append([]register.Item{there}, own...)
	}
	return append([]register.Item{
		there,
		{Field: "Add from the gallery (newer: Browse Microsoft Entra Gallery)", Value: p.Gallery},
		{Value: "Select it in the results panel, choose Add (newer: Create), and wait a few seconds while it is added to your tenant."},
		{Value: "Or, where it is not found, an application of your own:"},
	}, own...)
}

// groupsEnabled is whether groups are to be provisioned: where a rule names one.
func groupsEnabled(c *console.Call) string {
	for _, r := range c.Workspace.RoleRules {
		if r.Group != "" {
			return "Yes: a role rule of this workspace names the group " + r.Group
		}
	}
	return "No, unless apps need to know who is in which group"
}

func doneIf(done bool) string {
	if done {
		return "done"
	}
	return ""
}

func seen(checks []console.Check, i int) bool { return i < len(checks) && checks[i].State == "good" }

// Mapping is the page of attribute mappings.
type Mapping struct {
	tabs
	Recommended []entra.Mapping `json:"recommended"`
	// Checked is set after a schema was read.
	Checked *Checked `json:"checked,omitempty"`
}

// Checked is what a schema that was downloaded from Entra has.
type Checked struct {
	Name     string          `json:"name"`
	Mappings []entra.Mapping `json:"mappings"`
	// Wrong are sentences about what to change in Entra.
	Wrong []string `json:"wrong"`
	// Groups: groups are provisioned as well.
	Groups bool `json:"groups"`
}

// Head is that of a page.
func (p Mapping) Head() console.Head { return p.head("Attribute mappings", "mapping") }

func (s *Section) mapping(_ context.Context, _ *console.Call, _ struct{}) (Mapping, error) {
	return Mapping{tabs: tabs{"provisioning.mapping"}, Recommended: entra.Recommended()}, nil
}

func (s *Section) exportMapping(_ context.Context, c *console.Call, _ struct{}) (console.File, error) {
	data, err := entra.Graph(entra.Recommended())
	return console.File{Name: "lanyard-" + c.Workspace.ID + "-synchronization-schema.json", Type: "application/json", Data: data}, err
}

type schemaInput struct {
	Schema console.Upload `json:"schema" most:"8388608"` // entra.MaxMappings
	Text   string         `json:"text"`
}

func (s *Section) checkMapping(ctx context.Context, c *console.Call, in schemaInput) (Mapping, error) {
	p, err := s.mapping(ctx, c, struct{}{})
	if err != nil {
		return p, err
	}
	data, field := in.Schema.Data, "schema"
	if len(data) == 0 {
		data, field = []byte(in.Text), "text"
	}
	if len(data) == 0 {
		return p, console.Bad("schema", "Choose the file, or paste it below.")
	}
	all, err := entra.ReadGraph(data)
	if err != nil {
		return p, console.Bad(field, "%s.", upper(err.Error()))
	}
	p.Checked = &Checked{
		Name: in.Schema.Name, Mappings: all, Groups: entra.MapsGroups(data),
		Wrong: slices.Concat([]string{}, entra.CheckMappings(all, c.Workspace.SCIMRequired)),
	}
	return p, nil
}
