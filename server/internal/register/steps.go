package register

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Portal is one of Microsoft's two web pages for administrators.
type Portal string

// The portals.
const (
	EntraPortal Portal = "entra"
	AzurePortal Portal = "azure"
)

// Part is what of a workspace a step is for.
type Part string

// The parts.
const (
	// PartApplication is needed by every other.
	PartApplication  Part = "application"
	PartMicrosoft    Part = "microsoft"
	PartSAML         Part = "saml"
	PartProvisioning Part = "provisioning"
	PartMobile       Part = "mobile"
)

// Step is one page of the portal to go to, and what to do there. Words of
// Microsoft's are as they stand in the portal.
type Step struct {
	Title string `json:"title"`
	Part  Part   `json:"part"`
	// Where is the way to the page by portal.
	Where map[Portal]string `json:"where"`
	// Do is what to choose and fill in, in this order.
	Do []Item `json:"do"`
}

// Item is one thing to do: a field and its value, or, where Field is empty, a
// sentence.
type Item struct {
	Field string `json:"field,omitempty"`
	Value string `json:"value"`
}

// PortalNames are what the portals are called, with their addresses.
var PortalNames = map[Portal]string{
	EntraPortal: "Microsoft Entra admin center (entra.microsoft.com)",
	AzurePortal: "Azure portal (portal.azure.com)",
}

const (
	entraEnterprise = "Entra ID (older: Identity → Applications) → Enterprise apps → All applications"
	azureEnterprise = "Microsoft Entra ID (older: Manage Azure Active Directory → View) → Manage → Enterprise applications → All applications"
	entraApps       = "Entra ID (older: Identity → Applications) → App registrations → All applications"
	azureApps       = "Microsoft Entra ID (older: Azure Active Directory) → Manage → App registrations → All applications"
)

// enterprise and registration are the ways to a page of the enterprise
// application and of the app registration.
func (p Plan) enterprise(page string) map[Portal]string {
	return map[Portal]string{EntraPortal: entraEnterprise + " → " + p.Name + page, AzurePortal: azureEnterprise + " → " + p.Name + page}
}

func (p Plan) registration(page string) map[Portal]string {
	return map[Portal]string{EntraPortal: entraApps + " → " + p.Name + page, AzurePortal: azureApps + " → " + p.Name + page}
}

// InConsole returns the plan with the console's pages in its instructions, where
// Lanyard is told something, in the place of commands.
func (p Plan) InConsole() Plan {
	p.console = true
	return p
}

// told is how something is done in Lanyard: by a page of the console, or by
// command.
func (p Plan) told(page, command string) string {
	if p.console {
		return page
	}
	return command
}

// StepsOf are those of the steps that are for one of these parts.
func (p Plan) StepsOf(parts ...Part) []Step {
	return slices.DeleteFunc(p.Steps(), func(s Step) bool { return !slices.Contains(parts, s.Part) })
}

// Steps are the plan as instructions, in the order in which they can be done.
func (p Plan) Steps() []Step {
	steps := []Step{p.stepCreate()}
	steps = append(steps, p.stepsPlatforms()...)
	steps = append(steps, p.stepExpose(), p.stepManifest(), p.stepPermissions(), p.stepRoles(), p.stepClaims(), p.stepAssign())
	if p.SAML != nil {
		steps = append(steps, p.stepSAML())
	}
	if p.TenantURL != "" {
		steps = append(steps, p.stepProvisioning())
	}
	return append(steps, p.stepTell())
}

// CreateOwn is how an enterprise application with this name is made that is in no
// gallery.
func CreateOwn(name string) []Item {
	return []Item{
		{"", "New application → Create your own application"},
		{"What's the name of your app?", name},
		{"What are you looking to do with your application?", "Integrate any other application you don't find in the gallery (Non-gallery)"},
		{"", "Create"},
	}
}

func (p Plan) stepCreate() Step {
	s := Step{
		Title: "Create the enterprise application", Part: PartApplication,
		Where: map[Portal]string{EntraPortal: entraEnterprise, AzurePortal: azureEnterprise},
		Do:    append(CreateOwn(p.Name), Item{"Properties → Assignment required?", "Yes"}),
	}
	if p.ClientID != "" {
		s.Do = append([]Item{{"", "The workspace has one: Application ID " + p.ClientID + ". Open it in the list, and look at its Properties only."}}, s.Do[4:]...)
	}
	if p.LogoURL != "" {
		s.Do = append(s.Do, Item{"Properties → Logo", p.LogoURL + " (215 by 215 pixels)"})
	}
	s.Do = append(s.Do, Item{"", "Save"})
	return s
}

// stepsPlatforms are a step for each kind of redirect URI.
func (p Plan) stepsPlatforms() (out []Step) {
	add := func(title string, part Part, items ...Item) {
		out = append(out, Step{Title: title, Part: part, Where: p.registration(" → Authentication"), Do: items})
	}
	for _, r := range p.Redirects {
		switch {
		case r.Apple != nil:
			add("iOS and macOS, "+r.Apple.BundleID, PartMobile,
				Item{"", "Add a platform (newer: Add Redirect URI) → iOS / macOS"}, Item{"Bundle ID", r.Apple.BundleID}, Item{"", "Configure"},
				Item{"Redirect URI, which it then shows", r.URI})
		case r.Android != nil:
			add("Android, "+r.Android.Package, PartMobile,
				Item{"", "Add a platform (newer: Add Redirect URI) → Android"}, Item{"Package name", r.Android.Package}, Item{"Signature hash", r.Android.Hash.String()},
				Item{"", "Configure"}, Item{"Redirect URI, which it then shows", r.URI})
		case r.Platform == OnPublicClient:
			add("Redirect URI for "+r.For, PartMicrosoft,
				Item{"", "Add a platform (newer: Add Redirect URI) → Mobile and desktop applications"}, Item{"Custom redirect URIs", p.shown(r.URI)}, Item{"", "Configure"})
		}
	}
	add("Public client flows", PartMicrosoft,
		Item{"Supported account types", "Accounts in this organizational directory only (Single tenant)"},
		Item{"Advanced settings (newer: Settings) → Allow public client flows", "Yes"}, Item{"", "Save"})
	return out
}

// shown is a value with words for the client ID where it is not known.
func (p Plan) shown(s string) string {
	return strings.ReplaceAll(s, ClientPlaceholder, "<Application (client) ID>")
}

func (p Plan) stepExpose() Step {
	return Step{Title: "The scope that the app asks for", Part: PartMicrosoft, Where: p.registration(" → Expose an API"), Do: []Item{
		{"Application ID URI → Add", p.shown(p.IdentifierURI)},
		{"", "Save, then Add a scope"},
		{"Scope name", p.Scope.Value},
		{"Who can consent?", "Admins and users"},
		{"Admin consent display name", p.Scope.AdminName},
		{"Admin consent description", p.Scope.AdminDescription},
		{"User consent display name", p.Scope.UserName},
		{"User consent description", p.Scope.UserDescription},
		{"State", "Enabled"},
		{"", "Add scope"},
	}}
}

func (p Plan) stepManifest() Step {
	return Step{Title: "Access tokens of version 2", Part: PartMicrosoft, Where: p.registration(" → Manifest"), Do: []Item{
		{`"requestedAccessTokenVersion" within "api" (older manifest: "accessTokenAcceptedVersion")`, "2"},
		{"", "Save"},
	}}
}

func (p Plan) stepPermissions() Step {
	return Step{Title: "Permissions", Part: PartMicrosoft, Where: p.registration(" → API permissions"), Do: []Item{
		{"Add a permission → My APIs (or APIs my organization uses) → " + p.Name + " → Delegated permissions", p.Scope.Value},
		{"Add a permission → Microsoft Graph → Delegated permissions", strings.Join(OIDCScopes(), ", ")},
		{"", "Add permissions, then Grant admin consent"},
	}}
}

func (p Plan) stepRoles() Step {
	s := Step{Title: "App roles", Part: PartProvisioning, Where: p.registration(" → App roles")}
	for _, r := range p.Roles {
		s.Do = append(s.Do, Item{
			"Create app role", fmt.Sprintf("Display name %s; Allowed member types Users/Groups; Value %s; Description %s; Do you want to enable this app role? Yes",
				r.DisplayName, r.Value, r.Description),
		})
	}
	for _, w := range p.renamedRoles() {
		s.Do = append(s.Do, Item{"", w})
	}
	return s
}

func (p Plan) stepClaims() Step {
	var names []string
	for _, c := range p.Claims {
		names = append(names, c.Name)
	}
	return Step{Title: "Optional claims (they spare people a question; all works without)", Part: PartMicrosoft, Where: p.registration(" → Token configuration"), Do: []Item{
		{"Add optional claim → Access", strings.Join(names, ", ")},
		{"", "Add"},
	}}
}

func (p Plan) stepAssign() Step {
	return Step{Title: "People", Part: PartApplication, Where: p.enterprise(" → Users and groups"), Do: []Item{
		{"", "Add user/group: one person to begin with, others later"},
		{"Select a role", p.Roles[0].DisplayName + ", or another of the application's own"},
		{"", "Assign"},
		{"", DefaultAccessWarning},
		{"", "People in a group within an assigned group are not assigned."},
	}}
}

func (p Plan) stepSAML() Step {
	s := Step{Title: "Sign-in by SAML", Part: PartSAML, Where: p.enterprise(" → Single sign-on → SAML"), Do: []Item{
		{"1 Basic SAML Configuration → Identifier (Entity ID)", p.SAML.EntityID},
		{"1 Basic SAML Configuration → Reply URL (Assertion Consumer Service URL)", p.SAML.ReplyURL},
		{"1 Basic SAML Configuration → Sign on URL", p.SAML.SignOnURL},
		{"1 Basic SAML Configuration → Relay State", "leave it empty"},
		{"1 Basic SAML Configuration → Logout Url", p.SAML.LogoutURL},
		{"2 Attributes & Claims → Unique User Identifier (Name ID)", p.SAML.NameID},
	}}
	for _, c := range p.SAML.Claims {
		s.Do = append(s.Do, Item{"2 Attributes & Claims → Add new claim", "Name " + c.Name + ", Source attribute the constant " + c.Value + ", without quotation marks"})
	}
	s.Do = append(s.Do, Item{"3 SAML Certificates → App Federation Metadata Url", p.told("copy it, and paste it into Lanyard under Single sign-on (SAML) → Metadata; then Get metadata",
		"copy it into: lanyardd saml set --workspace "+p.Workspace+" --metadata-url '<App Federation Metadata Url>'")})
	return s
}

func (p Plan) stepProvisioning() Step {
	s := Step{Title: "Provisioning", Part: PartProvisioning, Where: p.enterprise(" → Provisioning"), Do: []Item{
		{"", "Get started (newer: New configuration)"},
		{"Provisioning Mode", "Automatic"},
		{"Tenant URL (newer: under Connectivity)", p.TenantURL},
		{"Secret Token", p.told("made on Lanyard's page Provisioning (SCIM) (SCIM), which shows it once", "what this prints, once: lanyardd scim token create --workspace "+p.Workspace)},
		{"", "Test Connection, then Save"},
		{"Settings → Notification Email", "whoever is to hear of failures; tick Send an email notification when a failure occurs"},
		{"Settings → Scope", "Sync only assigned users and groups"},
		{"Mappings → Provision Microsoft Entra ID Groups → Enabled", "No, unless the workspace's rules name groups"},
		{"Mappings → Provision Microsoft Entra ID Users → Enabled", "Yes"},
	}}
	for _, m := range p.Mapping {
		value := m.Source
		if m.Matching > 0 {
			value += " (Matching precedence " + strconv.Itoa(m.Matching) + ")"
		}
		s.Do = append(s.Do, Item{"Attribute mapping of " + m.Target, value})
	}
	s.Do = append(s.Do, Item{"", DefaultAccessWarning}, Item{"Provisioning Status", "On, then Save; or Start provisioning"})
	return s
}

func (p Plan) stepTell() Step {
	s := p.tell()
	s.Part = PartMicrosoft
	return s
}

// pasteIDs stands where the console is to be told an ID.
const pasteIDs = "copy it, and paste it into Lanyard under Sign in with Microsoft"

func (p Plan) tell() Step {
	page := p.registration(" → Overview")
	if p.console {
		return Step{Title: "Tell Lanyard", Where: page, Do: []Item{
			{"Application (client) ID", cmp.Or(p.ClientID, pasteIDs)},
			{"Directory (tenant) ID", cmp.Or(p.TenantID, pasteIDs)},
		}}
	}
	if p.ClientID != "" && p.TenantID != "" {
		return Step{Title: "Check", Where: page, Do: []Item{
			{"Application (client) ID", p.ClientID},
			{"Directory (tenant) ID", p.TenantID},
			{"", "az ad app show --id " + p.ClientID + " > app.json, then lanyardd entra check " + p.Workspace + " --from app.json"},
		}}
	}
	return Step{Title: "Tell Lanyard, and check", Where: page, Do: []Item{
		{"", "lanyardd workspace set " + p.Workspace + " --tenant-id <Directory (tenant) ID> --client-id <Application (client) ID>"},
		{"", "az ad app show --id <Application (client) ID> > app.json, then lanyardd entra check " + p.Workspace + " --from app.json"},
	}}
}

// Text is the plan for people to read and follow, for one portal or, where none
// is named, for both.
func (p Plan) Text(portal Portal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "What to register in Microsoft Entra ID for the workspace %s\n", p.Workspace)
	for i, s := range p.Steps() {
		fmt.Fprintf(&b, "\n%d  %s\n", i+1, comment(s.Title))
		for _, at := range []Portal{EntraPortal, AzurePortal} {
			if portal == "" || portal == at {
				fmt.Fprintf(&b, "   %s:\n     %s\n", PortalNames[at], comment(s.Where[at]))
			}
		}
		for _, item := range s.Do {
			if item.Field == "" {
				fmt.Fprintf(&b, "   - %s\n", comment(item.Value))
				continue
			}
			fmt.Fprintf(&b, "   - %s: %s\n", comment(item.Field), comment(item.Value))
		}
	}
	b.WriteString("\nMicrosoft's own pages\n")
	for _, l := range Links() {
		fmt.Fprintf(&b, "   %s\n", l)
	}
	return b.String()
}
