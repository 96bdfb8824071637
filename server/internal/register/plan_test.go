package register_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

const (
	tenantID = "aaaaaaaa-2222-3333-4444-555555555555"
	clientID = "bbbbbbbb-2222-3333-4444-555555555555"
)

// options are those of a workspace with everything.
func options(t *testing.T) register.Options {
	t.Helper()
	base, err := url.Parse("https://sso.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return register.Options{
		Workspace: "acme", Name: "Acme Lanyard", TenantID: tenantID, PublicURL: base, SCIM: true, Broker: true,
		SAML: &register.SAML{
			EntityID: "https://sso.example.com/w/acme/saml/metadata", ReplyURL: "https://sso.example.com/w/acme/saml/acs",
			SignOnURL: "https://sso.example.com/w/acme/saml/login", LogoutURL: "https://sso.example.com/w/acme/saml/slo",
			NameID: "user.mail", Claims: []register.SAMLClaim{{Name: "CoNm", Value: "456"}},
		},
		TenantURL: "https://sso.example.com/scim/v2/acme", Apple: []redirect.Apple{{BundleID: "com.acme.app"}},
		Android:  []redirect.Android{{Package: "com.acme.app", Hash: redirect.Hash{0xd7, 0x02, 0x2a, 0x5d, 0x2a, 0x81, 0x8f, 0xbc, 0x3e, 0x87, 0x5d, 0x59, 0x89, 0xfb, 0x27, 0xab, 0x08, 0x32, 0x2a, 0xb6}}},
		AppRoles: []string{"Boss", "Shift lead"},
	}
}

func plan(t *testing.T, change ...func(*register.Options)) register.Plan {
	t.Helper()
	o := options(t)
	for _, c := range change {
		c(&o)
	}
	p, err := register.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// registered is the registration of the plan's application with something of
// others in it.
func registered(t *testing.T) *register.Application {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "graph.json"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := register.ParseApplication(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &a
}

func withClient(o *register.Options) { o.ClientID = clientID }

// What is printed is what stands in the golden files; LANYARD_UPDATE=1 writes them.
//
// req: A7
func TestPlan_itIsPrintedInEveryFormat(t *testing.T) {
	p, known := plan(t), plan(t, withClient)
	az := func(p register.Plan, have *register.Application) string {
		s, err := p.Az(have)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	graph := func(calls []register.Call) string {
		b, err := json.MarshalIndent(calls, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	for name, got := range map[string]string{
		"both.txt": p.Text(""), "entra.txt": p.Text(register.EntraPortal), "azure.txt": p.Text(register.AzurePortal), "known.txt": known.Text(""),
		"new.graph.json": graph(p.Calls(nil)), "from.graph.json": graph(known.Calls(registered(t))),
		"new.az.sh": az(p, nil), "from.az.sh": az(known, registered(t)), "known.az.sh": az(known, nil),
		"new.tf": p.Terraform(nil), "from.tf": known.Terraform(registered(t)),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", "plan", name)
			if os.Getenv("LANYARD_UPDATE") == "1" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// req: A7
func TestPlan_itIsTheSameEachTime(t *testing.T) {
	a, b := plan(t), plan(t)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("two plans of one workspace differ:\n%s", cmp.Diff(a, b))
	}
	other := plan(t, func(o *register.Options) { o.Workspace = "globex" })
	if a.Scope.ID == other.Scope.ID || a.Roles[0].ID == other.Roles[0].ID {
		t.Error("two workspaces have the same IDs")
	}
	later := plan(t, withClient)
	if a.Scope.ID != later.Scope.ID || later.IdentifierURI != "api://"+clientID {
		t.Errorf("once the client is known: %+v", later.Scope)
	}
	if !reflect.DeepEqual(a.With(clientID).Redirects, later.Redirects) {
		t.Error("With is not as if the client had been known")
	}
	ids := map[string]bool{a.Scope.ID: true}
	for _, r := range a.Roles {
		if ids[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		ids[r.ID] = true
	}
}

// Every role that a rule of the workspace names is planned, once, with a value
// that Entra takes.
//
// req: D8
func TestPlan_itHasARoleForEverybody(t *testing.T) {
	p := plan(t, func(o *register.Options) {
		o.DefaultRole, o.AppRoles = "editor", []string{"Boss", "boss", "Shift lead", "Editor", "admin"}
	})
	var got []string
	for _, r := range p.Roles {
		got = append(got, r.Value+"="+r.DisplayName)
		if !r.Enabled || !slices.Equal(r.Members, []string{"User"}) || r.Description == "" || strings.Contains(r.Value, " ") {
			t.Errorf("%+v", r)
		}
	}
	if want := []string{"editor=Workspace editor", "admin=Workspace admin", "Boss=Boss", "Shift.lead=Shift lead"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if !strings.Contains(p.Text(""), "it gets Shift.lead") || !strings.Contains(strings.Join(p.Warnings(nil), "\n"), "it gets Shift.lead") {
		t.Error("it does not say that a role has another value than the rule names")
	}
	odd := plan(t, func(o *register.Options) {
		o.Name, o.AppRoles = strings.Repeat("é", 200), []string{".Größe \"XL\"", "§"}
	})
	if odd.Roles[2].Value != "Gr..e..XL" || odd.Roles[3].Value != "role" || len([]rune(odd.Scope.AdminName)) != 100 {
		t.Errorf("%+v %q", odd.Roles, odd.Scope.AdminName)
	}
	if !strings.Contains(p.Text(""), register.DefaultAccessWarning) {
		t.Error("the instructions do not warn of Default Access")
	}
}

func TestNew_itRefusesWhatCannotBeRegistered(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*register.Options)
		code   problem.Code
	}{
		"it refuses a bundle ID with a space":   {func(o *register.Options) { o.Apple = []redirect.Apple{{BundleID: "com acme"}} }, problem.BundleID},
		"it refuses a package of one part":      {func(o *register.Options) { o.Android[0].Package = "acme" }, problem.PackageName},
		"it refuses a scope without a resource": {func(o *register.Options) { o.Scope = "access_as_user" }, problem.BadUsage},
		"it refuses a scope that ends too soon": {func(o *register.Options) { o.Scope = "api://x/" }, problem.BadUsage},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			c.change(&o)
			if _, err := register.New(o); err == nil {
				t.Error("it was planned")
			} else if code, _ := problem.Of(err); code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

// The pages that the instructions rest on have addresses of the form that
// Microsoft and HashiCorp give their documentation, in no one language. No
// network is asked.
//
// req: A7
func TestLinks_theyAreAddressesOfDocumentation(t *testing.T) {
	form := regexp.MustCompile(`^https://(learn\.microsoft\.com/(entra|graph)/[a-z0-9/-]+|registry\.terraform\.io/providers/hashicorp/azuread/[a-z0-9/_-]+)$`)
	seen := map[string]bool{}
	for _, l := range register.Links() {
		if !form.MatchString(l) || strings.HasSuffix(l, "/") || seen[l] || strings.Contains(l, "//learn.microsoft.com/en-us/") {
			t.Errorf("%q", l)
		}
		seen[l] = true
		if !strings.Contains(plan(t).Text(""), l) {
			t.Errorf("%s is not printed", l)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d", len(seen))
	}
}

// Names come from people: nothing in them becomes a command, an expression or a
// line of its own.
func TestPlan_namesStayText(t *testing.T) {
	const evil = "A\"B'C`id`$(id)${HOME}%{if}\\\nEND\nrm -rf /"
	p := plan(t, func(o *register.Options) { o.Name, o.AppRoles = evil, []string{evil} })
	script, err := p.Az(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(script, "\n") {
		if strings.HasPrefix(l, "rm ") || regexp.MustCompile("(^|[^\\\\])(`|\\$\\(id|\\$\\{HOME)").MatchString(l) && !strings.HasPrefix(l, "#") {
			t.Errorf("the script has the line %q", l)
		}
	}
	tf := p.Terraform(nil)
	checkHCL(t, tf)
	for _, l := range strings.Split(strings.NewReplacer("$${HOME}", "", "%%{if}", "").Replace(tf), "\n") {
		if !strings.HasPrefix(l, "#") && (strings.Contains(l, "${HOME}") || strings.Contains(l, "%{if}")) {
			t.Errorf("Terraform would evaluate a name: %q", l)
		}
	}
	for _, l := range strings.Split(p.Text(""), "\n") {
		if strings.HasPrefix(l, "rm ") || l == "END" {
			t.Errorf("the instructions have the line %q", l)
		}
	}
}

// req: A7
func TestTerraform_itIsWellFormed(t *testing.T) {
	checkHCL(t, plan(t).Terraform(nil))
	checkHCL(t, plan(t, withClient).Terraform(registered(t)))
	checkHCL(t, plan(t, func(o *register.Options) { o.SAML, o.TenantURL, o.TenantID = nil, "", "" }).Terraform(nil))
}

var (
	hclBlock = regexp.MustCompile(`^([a-z0-9_]+)((?: "[A-Za-z0-9_-]+")*) \{$`)
	hclValue = regexp.MustCompile(`^(?:"(?:[^"\\$%]|\\.|\$\$\{|%%\{|\$\{azuread_[a-z_.]+\}|\$[^{]|%[^{])*"|true|false|[0-9]+|string|\[[a-z_, ]*\]|var\.[a-z_]+|azuread_[a-z_]+\.[a-z]+(?:\.[a-z_]+)?)$`)
	hclRef   = regexp.MustCompile(`azuread_[a-z_]+\.[a-z]+`)
	hclSet   = regexp.MustCompile(`^([a-z_]+) = (.*)$`)
)

// checkHCL reads a configuration line by line: blocks and lists are closed,
// values are literals or name a resource that is there, and no argument stands
// twice in a block.
func checkHCL(t *testing.T, text string) {
	t.Helper()
	known, refs := map[string]bool{}, map[string]bool{}
	var open []string
	args := []map[string]bool{{}}
	for n, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		s := strings.TrimSpace(l)
		bad := func(why string) { t.Errorf("line %d: %s: %q", n+1, why, l) }
		if m := hclBlock.FindStringSubmatch(s); m != nil {
			if words := strings.Fields(strings.ReplaceAll(m[2], `"`, "")); m[1] == "resource" && len(words) == 2 {
				known[words[0]+"."+words[1]] = true
			} else if m[1] == "resource" {
				bad("a resource needs a type and a name")
			}
			open, args = append(open, "{"), append(args, map[string]bool{})
			continue
		}
		switch m := hclSet.FindStringSubmatch(s); {
		case s == "" || strings.HasPrefix(s, "#"):
		case s == "}" || s == "]":
			if len(open) == 0 || open[len(open)-1] != map[string]string{"}": "{", "]": "["}[s] {
				bad("nothing is open")
				return
			}
			open, args = open[:len(open)-1], args[:len(args)-1]
		case m == nil:
			if v, ok := strings.CutSuffix(s, ","); !ok || len(open) == 0 || open[len(open)-1] != "[" || !hclValue.MatchString(v) {
				bad("this is no line of HCL")
			}
		default:
			if args[len(args)-1][m[1]] {
				bad("the argument is there twice")
			}
			args[len(args)-1][m[1]] = true
			switch {
			case m[2] == "{" || m[2] == "[":
				open, args = append(open, m[2]), append(args, map[string]bool{})
			case !hclValue.MatchString(m[2]):
				bad("this is no value")
			}
		}
		if !strings.HasPrefix(s, "#") {
			for _, r := range hclRef.FindAllString(s, -1) {
				refs[r] = true
			}
		}
	}
	if len(open) != 0 {
		t.Errorf("%d blocks stay open", len(open))
	}
	for r := range refs {
		if !known[r] {
			t.Errorf("it names %s, which is not there", r)
		}
	}
}

// req: A7
func TestCheck_aMergedRegistrationMatches(t *testing.T) {
	p, before := plan(t), *registered(t)
	if got := register.Needed(p.Check(before)); len(got) < 8 {
		t.Errorf("of a registration with little right only %d differences: %+v", len(got), got)
	}
	merged := p.Merged(before)
	if got := register.Needed(p.Check(merged)); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if merged.DisplayName != "Acme sign-in" || merged.API.Scopes[0].ID != "dddddddd-2222-3333-4444-555555555555" || merged.AppRoles[1].ID != "eeeeeeee-2222-3333-4444-555555555555" {
		t.Errorf("a name or an ID of what was there is another: %+v", merged)
	}
	if again := registered(t); !reflect.DeepEqual(*again, before) {
		t.Error("merging changed what it was given")
	}
}

// A URI is near another where people see no difference.
//
// req: A7
func TestCheckRedirects_itNamesTheNearest(t *testing.T) {
	hash := options(t).Android[0]
	want := []register.Redirect{
		{Platform: register.OnPublicClient, URI: redirect.Loopback},
		{Platform: register.OnPublicClient, URI: hash.RedirectURI(), Android: &hash},
	}
	for name, c := range map[string]struct {
		have []string
		code problem.Code
		got  string
		note bool
	}{
		"it takes both as they are":         {[]string{redirect.Loopback, hash.RedirectURI()}, "", "", false},
		"it lets a port be":                 {[]string{"http://localhost:8400", hash.RedirectURI()}, problem.RegRedirectNear, "http://localhost:8400", true},
		"it finds a path after a port":      {[]string{"http://localhost:8400/", hash.RedirectURI()}, problem.RegRedirectNear, "http://localhost:8400/", false},
		"it finds https":                    {[]string{"https://localhost", hash.RedirectURI()}, problem.RegRedirectNear, "https://localhost", false},
		"it finds IPv6":                     {[]string{"http://[::1]", hash.RedirectURI()}, problem.RegRedirectNear, "http://[::1]", false},
		"it tells other hosts apart":        {[]string{"http://localhost.example", hash.RedirectURI()}, problem.RegRedirectMissing, "", false},
		"it finds small letters in escapes": {[]string{redirect.Loopback, strings.ReplaceAll(hash.RedirectURI(), "%2B", "%2b")}, problem.RegRedirectNear, "%2b", false},
		"it finds another package's name":   {[]string{redirect.Loopback, strings.Replace(hash.RedirectURI(), "acme.app", "acme.App", 1)}, problem.RegRedirectNear, "com.acme.App", false},
		"it finds nothing for another hash": {[]string{redirect.Loopback, "msauth://com.acme.app/AAECAwQFBgcICQoLDA0ODxAREhM%3D"}, problem.RegRedirectMissing, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var all []register.Difference
			for _, d := range register.CheckRedirects(register.Application{PublicClient: register.PublicClient{RedirectURIs: c.have}}, want...) {
				if d.Code != problem.RegRedirectOther {
					all = append(all, d)
				}
			}
			if c.code == "" {
				if len(all) != 0 {
					t.Errorf("%+v", all)
				}
				return
			}
			if len(all) != 1 || all[0].Code != c.code || all[0].Note != c.note || !strings.Contains(all[0].Got, c.got) || all[0].Fix == "" {
				t.Errorf("%+v", all)
			}
		})
	}
}

// The guide and the wizards take the steps of one part, and speak of the
// console's pages in them.
func TestSteps_eachIsOfAPartAndTheConsoleSaysNoCommands(t *testing.T) {
	p := plan(t, func(o *register.Options) { o.ClientID, o.TenantID = "", "" })
	var n int
	for _, part := range []register.Part{
		register.PartApplication, register.PartMicrosoft, register.PartSAML, register.PartProvisioning, register.PartMobile,
	} {
		some := p.StepsOf(part)
		if len(some) == 0 {
			t.Errorf("no step is of the part %s", part)
		}
		n += len(some)
	}
	if all := len(p.Steps()); n != all {
		t.Errorf("%d of %d steps are of a part", n, all)
	}
	if !strings.Contains(p.Text(""), "lanyardd saml set") {
		t.Error("the commands are gone from the commands' instructions")
	}
	if s := p.InConsole().Text(""); strings.Contains(s, "lanyardd") {
		t.Errorf("the console tells of commands:\n%s", s)
	}
}
