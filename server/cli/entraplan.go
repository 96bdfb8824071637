package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/guide"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// entraCmd groups the commands about what is registered in Microsoft Entra.
type entraCmd struct {
	Plan  entraPlanCmd  `cmd:"" help:"Print everything to register for a workspace: as instructions, as Graph calls, as a script for az, or as Terraform."`
	Check entraCheckCmd `cmd:"" help:"Hold a registration against the plan."`
}

// entraFlags say for which workspace and apps something is registered.
type entraFlags struct {
	dbFlags
	Name      string   `arg:"" optional:"" name:"workspace" help:"The workspace."`
	Workspace string   `name:"workspace" placeholder:"ID" help:"The workspace, where it is not the argument."`
	AppName   string   `name:"app-name" placeholder:"NAME" help:"What the application is called in Microsoft Entra. Default: the workspace's name and Lanyard."`
	PublicURL *string  `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL)."`
	BundleID  []string `name:"bundle-id" placeholder:"ID" sep:"none" help:"An app for iOS or macOS, beside those that are stored. Repeat for several."`
	IPA       []string `name:"ipa" placeholder:"FILE" sep:"none" help:"A built .ipa or .app, in place of its bundle ID."`
	Package   string   `name:"package" placeholder:"NAME" help:"An app for Android, beside those that are stored; with --hash, --keystore or --debug."`
	mobileKey
	Broker  bool     `name:"broker" help:"Add the redirect URI of the broker of Windows (WAM)."`
	Without []string `name:"without" enum:"saml,provisioning" placeholder:"PART" help:"Leave a part out: saml, provisioning."`
}

// planDesk is what the plan and the check of a workspace are made from.
type planDesk struct {
	plan register.Plan
	ws   directory.Workspace
	saml directory.SAML
	set  settings
}

// open reads the workspace and what is stored of it.
func (f entraFlags) open(c *command) (planDesk, error) {
	var d planDesk
	id := cmp.Or(f.Name, f.Workspace)
	if id == "" || (f.Name != "" && f.Workspace != "" && f.Name != f.Workspace) {
		return d, problem.Detailf(problem.BadUsage, "Name one workspace.")
	}
	if err := checkText("--app-name", f.AppName, 120); err != nil {
		return d, err
	}
	var err error
	if d.set, err = c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyPublicURL: f.PublicURL}); err != nil {
		return d, err
	}
	base, err := d.set.base()
	if err != nil {
		return d, err
	}
	apple, android, err := f.apps(c)
	if err != nil {
		return d, err
	}
	st, err := c.openStore(c.ctx, d.set[keyDB], false)
	if err != nil {
		return d, err
	}
	defer st.Close()
	if d.ws, err = c.workspace(st, id); err != nil {
		return d, err
	}
	if d.saml, err = st.SAML(c.ctx, d.ws.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return d, fmt.Errorf("reading SAML of workspace %q: %w", d.ws.ID, err)
	}
	stored, err := st.Mobile(c.ctx, d.ws.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return d, fmt.Errorf("reading the apps of workspace %q: %w", d.ws.ID, err)
	}
	o, err := guide.PlanOptions(d.ws, d.saml, stored, base)
	if err != nil {
		return d, err
	}
	o.Name = directory.AppName(d.set[keyAppName].Text, d.ws)
	f.choose(&o)
	o.Apple = append(o.Apple, apple...)
	o.Android = append(o.Android, android...)
	d.plan, err = register.New(o)
	return d, err
}

// choose puts what flags say into a workspace's options.
func (f entraFlags) choose(o *register.Options) {
	o.Name, o.Broker = cmp.Or(f.AppName, o.Name), f.Broker
	if slices.Contains(f.Without, "saml") {
		o.SAML = nil
	}
	if slices.Contains(f.Without, "provisioning") {
		o.TenantURL = ""
	}
}

// apps are those that flags name.
func (f entraFlags) apps(c *command) (apple []redirect.Apple, android []redirect.Android, err error) {
	for _, id := range f.BundleID {
		apple = append(apple, redirect.Apple{BundleID: strings.TrimSpace(id)})
	}
	for _, name := range f.IPA {
		a, err := c.readApp(name)
		if err != nil {
			return nil, nil, err
		}
		if !a.Apple() {
			return nil, nil, problem.Detailf(problem.BadUsage, "%s is no app for iOS or macOS.", printable(name))
		}
		apple = append(apple, redirect.Apple{BundleID: a.ID})
	}
	if f.Package == "" && f.APK == "" && f.Keystore == "" && len(f.Hash) == 0 && !f.Debug {
		return apple, nil, nil
	}
	hashes, app, err := f.hashes(c)
	if err != nil {
		return nil, nil, err
	}
	name := strings.TrimSpace(f.Package)
	switch {
	case app != nil && name == "":
		name = app.ID
	case app != nil && name != app.ID:
		return nil, nil, problem.Detailf(problem.BadUsage, "--package is %s, but %s is %s.", printable(name), printable(f.APK), printable(app.ID))
	case name == "":
		return nil, nil, problem.Detailf(problem.BadUsage, "Say whose certificate it is with --package.")
	}
	for _, h := range hashes {
		if h.Public() && !f.Debug {
			return nil, nil, problem.Detailf(problem.HashDebugKey, "With --debug it is taken all the same.")
		}
		android = append(android, redirect.Android{Package: name, Hash: h})
	}
	return apple, android, nil
}

// entraPlanCmd prints a plan (row A7).
type entraPlanCmd struct {
	entraFlags
	Format string `name:"format" enum:"text,graph,az,terraform" default:"text" placeholder:"FORMAT" help:"text (instructions for the portals), graph (calls to Microsoft Graph as JSON), az (a shell script) or terraform."`
	Portal string `name:"portal" enum:"both,entra,azure" default:"both" placeholder:"PORTAL" help:"Whose menus the instructions name: entra (entra.microsoft.com), azure (portal.azure.com), or both."`
	From   string `name:"from" placeholder:"FILE" help:"The registration as it is, so that nothing of it is lost: az ad app show --id CLIENT-ID, or its Manifest; - is standard input."`
}

// Help is the longer text of lanyardd entra plan --help.
func (entraPlanCmd) Help() string {
	return "Prints redirect URIs of every system, the public-client flag, the exposed scope, permissions, app roles, optional claims, token " +
		"version 2, assignment, the SAML page and provisioning. IDs of scopes and roles are the same each time. Nothing is sent or changed. " +
		"A PATCH of Microsoft Graph's replaces whole lists: give the present registration with --from."
}

func (f entraPlanCmd) Run(c *command) error {
	d, err := f.open(c)
	if err != nil {
		return err
	}
	have, err := f.present(c, d.plan)
	if err != nil {
		return err
	}
	if !d.set[keyPublicURL].set() {
		c.say("The addresses of SAML and provisioning are of this machine: give --public-url as for lanyardd serve.")
	}
	if f.Format != "text" {
		for _, w := range d.plan.Warnings(have) {
			c.say("Warning: %s", w)
		}
	}
	doc, err := f.document(d.plan, have)
	if err != nil {
		return err
	}
	if c.json || f.Format == "graph" {
		return c.printJSON(doc)
	}
	_, err = fmt.Fprint(c.out, doc.Text)
	return err
}

// present reads the registration that there is; nil where none was given.
func (f entraPlanCmd) present(c *command, p register.Plan) (*register.Application, error) {
	if f.From == "" {
		return nil, nil
	}
	a, err := c.readRegistration("--from", f.From)
	if err != nil {
		return nil, err
	}
	if p.ClientID != "" && !strings.EqualFold(p.ClientID, a.AppID) {
		return nil, problem.Detailf(problem.RegOtherApp, "%s is of the application %s; workspace %s has %s.", printable(f.From), a.AppID, p.Workspace, p.ClientID)
	}
	return &a, nil
}

func (c *command) readRegistration(flag, name string) (register.Application, error) {
	text, err := c.readInput(flag, name, register.MaxApplication)
	if err != nil {
		return register.Application{}, err
	}
	return register.ParseApplication(text)
}

// planDoc is a plan in JSON.
type planDoc struct {
	Workspace string `json:"workspace"`
	Name      string `json:"name"`
	TenantID  string `json:"tenant_id"`
	ClientID  string `json:"client_id"`
	// Graph is the address that the paths of calls follow.
	Graph       string               `json:"graph"`
	Application register.Application `json:"application"`
	Calls       []register.Call      `json:"calls"`
	Warnings    []string             `json:"warnings"`
	Links       []string             `json:"links"`
	// Steps and Text are there for the formats text, az and terraform.
	Steps []register.Step `json:"steps,omitempty"`
	Text  string          `json:"text,omitempty"`
}

func (f entraPlanCmd) document(p register.Plan, have *register.Application) (planDoc, error) {
	var base register.Application
	if have != nil {
		base = *have
	}
	doc := planDoc{
		Workspace: p.Workspace, Name: p.Name, TenantID: p.TenantID, ClientID: p.With(base.AppID).ClientID, Graph: register.GraphFor(p.Authority),
		Application: p.Merged(base), Calls: p.Calls(have), Warnings: append([]string{}, p.Warnings(have)...), Links: register.Links(),
	}
	var err error
	switch f.Format {
	case "text":
		portal := register.Portal(f.Portal)
		if f.Portal == "both" {
			portal = ""
		}
		doc.Steps, doc.Text = p.Steps(), p.Text(portal)
	case "az":
		doc.Text, err = p.Az(have)
	case "terraform":
		doc.Text = p.Terraform(have)
	}
	return doc, err
}
