package cli

import (
	"cmp"
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
)

// mobileShowCmd shows what is registered for a workspace.
type mobileShowCmd struct{ mobileFlags }

// shownActs is how many earlier changes are shown.
const shownActs = 10

func (m mobileShowCmd) Run(c *command) error {
	d, err := m.open(c)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.Show(c.ctx, d.ws.ID)
	if err != nil {
		return err
	}
	acts, err := d.setup.History(c.ctx, d.ws.ID, shownActs)
	if err != nil {
		return err
	}
	doc := out.With(acts)
	if out.Mobile.Empty() {
		c.say("No app is registered for %s. Next, with what people will be given:\n  lanyardd mobile ids <file>\n"+
			"  register what it says in Microsoft Entra: App registrations, the app, Authentication, Add a platform\n"+
			"  lanyardd mobile set %s --from <file>", d.ws.ID, d.ws.ID)
	}
	c.sayMobileWarnings(doc.Document)
	if c.json {
		return c.printJSON(doc)
	}
	if err := c.mobileFields(doc.Document); err != nil {
		return err
	}
	for _, h := range doc.History {
		fmt.Fprintf(c.out, "%s  %s  %s\n", day(*h.At), printable(h.Who), printable(h.What))
	}
	return nil
}

// showMobile prints what was done, or would be.
func (c *command) showMobile(out mobile.Outcome, dry bool) error {
	for _, change := range out.Changes {
		c.say("%s", printable(change))
	}
	switch ws := out.Mobile.Workspace; {
	case dry:
		c.say("Everything is right. Nothing was stored.")
	case len(out.Changes) == 0:
		c.say("The apps of %s are registered so already.", ws)
	default:
		c.say("The apps of %s are changed, and are told so from now on.", ws)
	}
	doc := out.Document()
	c.sayMobileWarnings(doc)
	if c.json {
		return c.printJSON(doc)
	}
	return c.mobileFields(doc)
}

func (c *command) sayMobileWarnings(d mobile.Document) {
	for _, w := range d.Warnings {
		c.say("Warning: %s %s\n  %s (%s)", w.Sentence, printable(cmp.Or(w.Detail, w.Field)), w.Next, w.Code)
	}
}

// mobileFields prints what is registered.
func (c *command) mobileFields(d mobile.Document) error {
	var all []string
	for _, a := range d.Apple {
		all = append(all, "iOS, macOS", a.BundleID, "  redirect URI", a.RedirectURI)
	}
	for _, a := range d.Android {
		name := a.Package
		if a.Label != "" {
			name += " (" + a.Label + ")"
		}
		msal := "none"
		if a.MSAL != nil {
			msal = "stored"
		}
		all = append(all, "Android", name, "  signature hash", a.SignatureHash, "  redirect URI", a.RedirectURI,
			"  android:path", a.IntentPath, "  MSAL configuration", msal)
	}
	desktop := "not confirmed"
	if d.Desktop {
		desktop = d.DesktopURI
	}
	all = append(all, "desktop", desktop)
	if d.Modified != nil {
		all = append(all, "version", fmt.Sprint(d.Version), "changed", day(*d.Modified)+" by "+d.ChangedBy)
	}
	return c.fields(all...)
}

// mobileRemoveCmd forgets what is registered.
type mobileRemoveCmd struct {
	mobileFlags
	BundleID    []string `name:"bundle-id" placeholder:"ID" sep:"none" help:"The app of this bundle ID."`
	Package     []string `name:"package" placeholder:"NAME" sep:"none" help:"The app of this package name, with every certificate or those of --signature-hash."`
	Hash        []string `name:"signature-hash" placeholder:"HASH" sep:"none" help:"This certificate."`
	RedirectURI []string `name:"redirect-uri" placeholder:"URI" sep:"none" help:"The app of this redirect URI; http://localhost is the desktop's."`
	MSAL        bool     `name:"msal" help:"Only the MSAL configurations, of the apps that are named or of all."`
	All         bool     `name:"all" help:"Everything."`
	Yes         bool     `name:"yes" help:"Do it, with --all."`
	Version     *int64   `name:"if-version" placeholder:"N" help:"Only if nobody has made a change since version N."`
	DryRun      bool     `name:"dry-run" help:"Say what would be removed and remove nothing."`
}

// Help is the longer text of lanyardd mobile remove --help.
func (mobileRemoveCmd) Help() string {
	return "From this moment sign-in by SAML returns nobody to these apps. What Microsoft Entra knows is not changed: take the redirect " +
		"URIs away there too. Where something that is named is not registered, nothing is removed."
}

func (m mobileRemoveCmd) Run(c *command) error {
	r := mobile.Removal{
		Version: m.Version, All: m.All, RedirectURIs: m.RedirectURI, BundleIDs: m.BundleID, Packages: m.Package, Hashes: m.Hash, MSAL: m.MSAL,
	}
	named := len(m.RedirectURI)+len(m.BundleID)+len(m.Package)+len(m.Hash) > 0
	switch {
	case !named && !m.MSAL && !m.All:
		return problem.Detailf(problem.BadUsage, "Say what to remove, such as --redirect-uri, or --all.")
	case m.All && (named || m.MSAL):
		return problem.Detailf(problem.BadUsage, "--all removes everything: name nothing beside it.")
	case m.MSAL && len(m.BundleID) > 0:
		return problem.Detailf(problem.BadUsage, "Only apps for Android have an MSAL configuration here.")
	case m.All && !m.Yes && !m.DryRun:
		return problem.Detailf(problem.BadUsage, "This forgets every app of the workspace: say so with --yes.")
	}
	d, err := m.open(c)
	if err != nil {
		return err
	}
	defer d.store.Close()
	var out mobile.Outcome
	if m.DryRun {
		out, err = d.setup.CheckRemove(c.ctx, d.ws.ID, r)
	} else {
		out, err = d.setup.Remove(c.ctx, d.ws.ID, operator, r)
	}
	if err != nil {
		return err
	}
	return c.showMobile(out, m.DryRun)
}
