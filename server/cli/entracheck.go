package cli

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// entraCheckCmd holds a registration against the plan (row A7).
type entraCheckCmd struct {
	entraFlags
	From      string `name:"from" placeholder:"FILE" help:"The app registration: az ad app show --id CLIENT-ID, or its Manifest; - is standard input."`
	Principal string `name:"service-principal" placeholder:"FILE" help:"The enterprise application as well: az ad sp show --id CLIENT-ID; - is standard input."`
	TokenFile string `name:"token-file" aliases:"token" placeholder:"FILE" help:"Ask Microsoft Graph, with the access token in this file; - is standard input. Without it LANYARD_GRAPH_TOKEN is used."`
	GraphURL  string `name:"graph-url" placeholder:"URL" help:"Microsoft Graph of a national cloud. Default: that of the workspace's authority."`
}

// Help is the longer text of lanyardd entra check --help.
func (entraCheckCmd) Help() string {
	return "Prints one line for each difference: its code, the field, what should be there, what is, and how to mend it in the portal. " +
		"Redirect URIs, scopes and roles of others are noted, and change no exit code. Ends with 0 where everything matches, 1 where " +
		"something differs, 2 where the call was not understood. The token needs Application.Read.All, and to see consents " +
		"DelegatedPermissionGrant.Read.All; for example: az account get-access-token --resource-type ms-graph --query accessToken " +
		"--output tsv | lanyardd entra check acme --token-file -"
}

func (f entraCheckCmd) Run(c *command) error {
	d, err := f.open(c)
	if err != nil {
		return err
	}
	a, sp, err := f.registered(c, d)
	if err != nil {
		return err
	}
	if d.ws.Microsoft.ClientID == "" {
		c.say("Warning: workspace %s is not set up with this application, so nobody can sign in yet:\n  lanyardd workspace set %s --tenant-id <Directory (tenant) ID> --client-id %s", d.ws.ID, d.ws.ID, a.AppID)
	}
	plan := f.checked(c, d, a)
	all := plan.Check(a)
	if sp != nil && !slices.ContainsFunc(all, func(d register.Difference) bool { return d.Code == problem.RegOtherApp }) {
		all = append(all, plan.CheckPrincipal(a, *sp)...)
	}
	doc := checkedDoc{Result: "matches", Workspace: d.ws.ID, ClientID: a.AppID, Name: a.DisplayName, Principal: sp != nil, consents: f.From == "" || (sp != nil && sp.Grants != nil), Differences: []register.Difference{}, Notes: []register.Difference{}}
	for _, diff := range all {
		if diff.Note {
			doc.Notes = append(doc.Notes, diff)
		} else {
			doc.Differences = append(doc.Differences, diff)
		}
	}
	if len(doc.Differences) > 0 {
		doc.Result = "differs"
	}
	if err := doc.print(c); err != nil {
		return err
	}
	if n := len(doc.Differences); n > 0 {
		return problem.Detailf(problem.RegDiffers, "Listed above: %s.", counted(n, "difference"))
	}
	return nil
}

// registered reads the registration from files, or from Microsoft Graph.
func (f entraCheckCmd) registered(c *command, d planDesk) (a register.Application, sp *register.ServicePrincipal, err error) {
	if f.From == "" {
		if f.Principal != "" {
			return a, nil, problem.Detailf(problem.BadUsage, "Give the app registration with --from beside --service-principal.")
		}
		return f.fetch(c, d)
	}
	if f.TokenFile != "" || f.GraphURL != "" {
		return a, nil, problem.Detailf(problem.BadUsage, "Give either --from or a token.")
	}
	if f.From == "-" && f.Principal == "-" {
		return a, nil, problem.Detailf(problem.BadUsage, "Standard input cannot be both the registration and the enterprise application.")
	}
	if a, err = c.readRegistration("--from", f.From); err != nil || f.Principal == "" {
		return a, nil, err
	}
	text, err := c.readInput("--service-principal", f.Principal, register.MaxApplication)
	if err != nil {
		return a, nil, err
	}
	s, err := register.ParseServicePrincipal(text)
	return a, &s, err
}

func (f entraCheckCmd) fetch(c *command, d planDesk) (register.Application, *register.ServicePrincipal, error) {
	token, err := f.token(c)
	if err != nil {
		return register.Application{}, nil, err
	}
	if d.ws.Microsoft.ClientID == "" {
		return register.Application{}, nil, problem.Detailf(problem.WorkspaceNotSet, "Workspace %s has no client ID yet: lanyardd workspace set %s --client-id <Application (client) ID>.", d.ws.ID, d.ws.ID)
	}
	address := f.GraphURL
	if address == "" {
		address = register.GraphFor(d.ws.Microsoft.Authority)
	}
	g, err := newGraph(address, token)
	if err != nil {
		return register.Application{}, nil, err
	}
	return g.registration(c, d.ws.Microsoft.ClientID)
}

// token reads the access token from a file, standard input or the environment. On
// the command line others on the machine can see it, which is said.
func (f entraCheckCmd) token(c *command) (string, error) {
	text, ok := c.env("LANYARD_GRAPH_TOKEN")
	switch {
	case strings.HasPrefix(f.TokenFile, "eyJ") && strings.Count(f.TokenFile, ".") == 2:
		c.say("The token itself now stands in your shell's history, and others on this machine could see it: better give it in a file, on standard input (--token-file -) or in LANYARD_GRAPH_TOKEN.")
		text, ok = f.TokenFile, true
	case f.TokenFile != "":
		raw, err := c.readInput("--token-file", f.TokenFile, 64<<10)
		if err != nil {
			return "", err
		}
		text, ok = string(raw), true
	}
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "Bearer "))
	switch {
	case !ok:
		return "", problem.Detailf(problem.BadUsage, "Give the registration with --from, or a token with --token-file or LANYARD_GRAPH_TOKEN.")
	case text == "" || len(text) > 64<<10 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", problem.Detailf(problem.BadUsage, "What was given is not an access token.")
	}
	c.secrets = append(c.secrets, secret{text: text, bare: true})
	return text, nil
}

// checked is the plan as far as it is due: SAML only where the workspace signs
// in by it, or where the registration has it, and then only in the application
// that it was set up with.
func (f entraCheckCmd) checked(c *command, d planDesk, a register.Application) register.Plan {
	p := d.plan
	if p.SAML == nil {
		return p
	}
	begun := slices.Contains(a.IdentifierURIs, p.SAML.EntityID) || slices.Contains(a.Web.RedirectURIs, p.SAML.ReplyURL)
	used := d.saml.Version > 0
	if u, err := url.Parse(d.saml.Metadata.URL); used && err == nil {
		if other := u.Query().Get("appid"); other != "" && !strings.EqualFold(other, a.AppID) {
			used = false // SAML is an application of its own
		}
	}
	if begun || used {
		if !d.set[keyPublicURL].set() {
			c.say("SAML is held against addresses of this machine: give --public-url as for lanyardd serve.")
		}
		return p
	}
	return p.WithoutSAML()
}

// checkedDoc is the result in JSON.
type checkedDoc struct {
	// Result is matches or differs.
	Result    string `json:"result"`
	Workspace string `json:"workspace"`
	ClientID  string `json:"client_id"`
	Name      string `json:"name"`
	// Principal says that the enterprise application was looked at too.
	Principal   bool                  `json:"service_principal"`
	Differences []register.Difference `json:"differences"`
	Notes       []register.Difference `json:"notes"`

	consents bool // were looked at, or were said to be out of sight
}

func (d checkedDoc) print(c *command) error {
	switch {
	case !d.Principal:
		c.say("The enterprise application was not looked at (assignment, consent): give --service-principal FILE as well, or a token.")
	case !d.consents:
		c.say("Consent and Default Access were not looked at: only Microsoft Graph itself shows them, so give a token.")
	}
	if c.json {
		return c.printJSON(d)
	}
	for _, f := range d.Differences {
		fmt.Fprintf(c.out, "%s\n", printable(differenceLine(f)))
	}
	for _, f := range d.Notes {
		fmt.Fprintf(c.out, "note %s\n", printable(differenceLine(f)))
	}
	if len(d.Differences) > 0 {
		return nil
	}
	_, err := fmt.Fprintf(c.out, "Everything matches the plan of %s.\n", d.Workspace)
	return err
}

func differenceLine(f register.Difference) string {
	return fmt.Sprintf("%s %s: want %s, got %s. Fix: %s", f.Code, f.Field, f.Want, f.Got, f.Fix)
}
