package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
	"github.com/lanyard-sso/lanyard/server/internal/mobileapp"
)

// mobileFlags are the flags of every command about what is registered for a
// workspace. It may be named either way, as other commands do.
type mobileFlags struct {
	dbFlags
	ID    string `arg:"" optional:"" name:"workspace" help:"The workspace."`
	Named string `name:"workspace" placeholder:"ID" help:"The workspace, instead of naming it first."`
}

// mobileDesk is an opened database with what the commands work with.
type mobileDesk struct {
	store *server.Store
	ws    directory.Workspace
	setup *mobile.Setup
}

func (f mobileFlags) open(c *command) (*mobileDesk, error) {
	id := f.ID
	switch {
	case id == "":
		id = f.Named
	case f.Named != "":
		return nil, problem.Detailf(problem.BadUsage, "Name the workspace once.")
	}
	if id == "" {
		return nil, problem.Detailf(problem.BadUsage, "Say for which workspace.")
	}
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB})
	if err != nil {
		return nil, err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return nil, err
	}
	ws, err := c.workspace(st, id)
	if err != nil {
		_ = st.Close() // nothing was written
		return nil, err
	}
	d := &mobileDesk{store: st, ws: ws, setup: &mobile.Setup{Store: st, Now: c.opt.Now}}
	if set[keyPublicURL].set() { // beside a server that only developers reach
		if u, err := set.publicURL(""); err == nil {
			d.setup.InsecureAllowDebugKey = api.Loopback(u.Hostname())
		}
	}
	return d, nil
}

// mobileSetCmd keeps what an administrator registered in Entra (rows G2, G4).
type mobileSetCmd struct {
	mobileFlags
	BundleID    []string `name:"bundle-id" placeholder:"ID" sep:"none" help:"Bundle ID of the app for iOS or macOS. Its redirect URI follows from it."`
	Package     string   `name:"package" placeholder:"NAME" help:"Package name of the app for Android."`
	Hash        []string `name:"signature-hash" placeholder:"[LABEL=]HASH" sep:"none" help:"Signature hash of one certificate of --package; repeat for several. LABEL is debug, release, upload, play or rotated."`
	RedirectURI []string `name:"redirect-uri" placeholder:"URI" sep:"none" help:"Redirect URI as Entra's portal shows it, of any system; repeat for several. It is held against the app's."`
	MSAL        []string `name:"msal" placeholder:"FILE" sep:"none" help:"MSAL Configuration as Entra's portal shows it for Android; - reads standard input."`
	From        []string `name:"from" placeholder:"FILE" sep:"none" help:"Take the IDs and certificates of a built app (.apk, .aab, .ipa, .app), or the certificates of a keystore for --package."`
	Version     *int64   `name:"if-version" placeholder:"N" help:"Only if nobody has made a change since version N, which mobile show --json says."`
	DryRun      bool     `name:"dry-run" help:"Check everything and store nothing."`
	AllowDebug  bool     `name:"allow-debug-key" help:"Register the debug key that Fyne publishes. Anyone can then take the sign-ins: only for trying things out."`
}

// Help is the longer text of lanyardd mobile set --help.
func (mobileSetCmd) Help() string {
	return "Says which apps are registered in Microsoft Entra for a workspace: under App registrations, the app, Authentication, Add a " +
		"platform. What is entered is added to what is there; nothing is stored unless all of it is right, and what is wrong is named with " +
		"the value that would be right. Apps are told of it, and sign-in by SAML may return people to them. Begin with " +
		"the app itself (--from, or --bundle-id, or --package and --signature-hash), so that what is pasted from Entra is held against it."
}

func (m mobileSetCmd) Run(c *command) error {
	in, err := m.input(c)
	if err != nil {
		return err
	}
	d, err := m.open(c)
	if err != nil {
		return err
	}
	defer d.store.Close()
	var out mobile.Outcome
	if m.DryRun {
		out, err = d.setup.Check(c.ctx, d.ws.ID, in)
	} else {
		out, err = d.setup.Set(c.ctx, d.ws.ID, operator, in)
	}
	if err != nil {
		return m.faults(c, err)
	}
	return c.showMobile(out, m.DryRun)
}

// input reads the files that are named.
func (m mobileSetCmd) input(c *command) (mobile.Input, error) {
	in := mobile.Input{Version: m.Version, RedirectURIs: m.RedirectURI, InsecureAllowDebugKey: m.AllowDebug}
	for _, id := range m.BundleID {
		in.Apple = append(in.Apple, mobile.AppleApp{BundleID: id})
	}
	android, err := m.android(c, &in)
	if err != nil {
		return in, err
	}
	in.Android = android
	stdin := 0
	for _, name := range m.MSAL {
		if name == "-" {
			stdin++
		}
		if stdin > 1 {
			return in, problem.Detailf(problem.BadUsage, "Standard input can be read once.")
		}
		text, err := c.readInput("--msal", name, mobileapp.MaxMSAL)
		if err != nil {
			return in, err
		}
		in.MSAL = append(in.MSAL, string(text))
	}
	if len(in.Apple)+len(in.Android)+len(in.RedirectURIs)+len(in.MSAL) == 0 {
		return in, problem.Detailf(problem.BadUsage, "Say what is registered, such as --bundle-id or --from; see lanyardd mobile set --help.")
	}
	return in, nil
}

// android puts together what is known about the Android app. Apps for Apple's
// systems that are read from files go into in.
func (m mobileSetCmd) android(c *command, in *mobile.Input) ([]mobile.AndroidApp, error) {
	name, found, err := m.files(c, in)
	if err != nil {
		return nil, err
	}
	hashes, err := m.labelled(found)
	if err != nil {
		return nil, err
	}
	switch {
	case name == "" && len(hashes) > 0:
		return nil, problem.Detailf(problem.BadUsage, "Say of which app the certificate is, with --package.")
	case name == "":
		return nil, nil
	case len(hashes) == 0: // a redirect URI or an MSAL configuration brings it
		return []mobile.AndroidApp{{Package: name}}, nil
	}
	for i := range hashes {
		hashes[i].Package = name
	}
	return hashes, nil
}

// files reads --from: the name of the Android app, which --package and every file
// must agree on, and its certificates.
func (m mobileSetCmd) files(c *command, in *mobile.Input) (name string, found []mobile.AndroidApp, err error) {
	name = strings.TrimSpace(m.Package)
	fyne, fyneFile := "", ""
	for _, file := range m.From {
		a, err := c.readApp(file)
		switch {
		case err != nil:
			return "", nil, err
		case a.Kind == builtapp.FyneApp:
			fyne, fyneFile = a.ID, file
		case a.Kind == builtapp.APK && len(a.Signers) == 0:
			return "", nil, problem.Detailf(problem.AppUnsigned, "%s has no signature.", printable(file))
		case a.Android() && name != "" && name != a.ID:
			return "", nil, otherApp(file, a.ID, name)
		case a.Android():
			name = a.ID
		}
		if a.Apple() || a.Kind == builtapp.FyneApp {
			in.Apple = append(in.Apple, mobile.AppleApp{BundleID: a.ID})
			continue
		}
		found = append(found, mobile.Signed(a)...)
	}
	if fyne != "" && name != "" && name != fyne {
		return "", nil, otherApp(fyneFile, fyne, name)
	}
	if name == "" && len(found)+len(m.Hash) > 0 { // FyneApp.toml alone says of no certificate
		name = fyne
	}
	return name, found, nil
}

func otherApp(file, is, name string) error {
	return problem.Detailf(problem.BadUsage, "%s is %s, and not %s.", printable(file), printable(is), printable(name))
}

// labelled reads --signature-hash, which chooses among what was found where
// anything was.
func (m mobileSetCmd) labelled(found []mobile.AndroidApp) ([]mobile.AndroidApp, error) {
	if len(m.Hash) == 0 {
		return found, nil
	}
	var known []redirect.Hash
	for _, a := range found {
		h, err := redirect.ParseHash(a.SignatureHash, redirect.HashOptions{InsecureAllowDebugKey: true})
		if err != nil {
			return nil, err
		}
		known = append(known, h)
	}
	var all []mobile.AndroidApp
	for _, text := range m.Hash {
		app := mobile.AndroidApp{SignatureHash: text}
		if label, hash, cut := strings.Cut(text, "="); cut && isLabel(label) {
			app.Label, app.SignatureHash = directory.SigningLabel(label), hash
		}
		if len(known) > 0 {
			h, err := redirect.ParseHash(app.SignatureHash, redirect.HashOptions{Known: known, InsecureAllowDebugKey: true})
			if err != nil {
				return nil, err
			}
			if app.Label == "" {
				app.Label = found[slices.Index(known, h)].Label
			}
		}
		all = append(all, app)
	}
	return all, nil
}

// isLabel reports whether what stands before a = is a label, or a word that was
// meant to be one, and not the hash itself, which ends with =.
func isLabel(s string) bool {
	return s != "" && len(s) < 20 && !strings.ContainsAny(s, "+/") && s == strings.ToLower(s) && !strings.ContainsAny(s, "0123456789")
}

// faults tells of each thing that is wrong, and returns the last one.
func (m mobileSetCmd) faults(c *command, err error) error {
	all := mobile.Faults(err)
	for i, f := range all {
		if len(all) > 1 || len(m.RedirectURI)+len(m.MSAL) > 1 {
			c.say("%s:", m.flagOf(f.Field))
		}
		if i == len(all)-1 {
			return f
		}
		c.tell(f)
	}
	return err
}

// flagOf is the flag that a field of the input came from.
func (m mobileSetCmd) flagOf(field string) string {
	kind, rest, _ := strings.Cut(field, "[")
	digits, _, _ := strings.Cut(rest, "]")
	i, err := strconv.Atoi(digits)
	at := func(flag string, values []string) string {
		if err != nil || i >= len(values) {
			return flag
		}
		return fmt.Sprintf("%s %s", flag, printable(values[i]))
	}
	switch kind {
	case "apple":
		return at("--bundle-id", m.BundleID)
	case "redirect_uris":
		return at("--redirect-uri", m.RedirectURI)
	case "msal":
		return at("--msal", m.MSAL)
	}
	if strings.HasSuffix(field, ".package") {
		return "--package " + printable(m.Package)
	}
	return at("--signature-hash", m.Hash)
}
