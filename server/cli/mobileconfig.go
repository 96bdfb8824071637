package cli

import (
	"fmt"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// mobileConfigCmd prints the configuration that an app signs in with (row G4).
type mobileConfigCmd struct {
	mobileKey
	dbFlags
	Workspace string `name:"workspace" placeholder:"ID" help:"Take client and tenant from this workspace."`
	ClientID  string `name:"client-id" placeholder:"GUID" help:"Application (client) ID."`
	TenantID  string `name:"tenant" aliases:"tenant-id" placeholder:"GUID" help:"Directory (tenant) ID."`
	Package   string `name:"package" placeholder:"NAME" help:"The package name. Without it: that of --apk."`
	IOS       bool   `name:"ios" help:"For iOS and macOS instead: the entries of Info.plist; with --json, all that the app needs."`
	Bundle    string `name:"bundle" placeholder:"ID" help:"The bundle ID, for --ios."`
	IPA       string `name:"ipa" placeholder:"FILE" help:"A built app (.ipa, .app) to take the bundle ID from, for --ios."`
}

// Help is the longer text of lanyardd mobile config --help.
func (mobileConfigCmd) Help() string {
	return "Prints what Microsoft Entra's portal shows as MSAL Configuration, from --client-id and --tenant or a --workspace, and from " +
		"--package and --hash, or --apk, or --keystore. Nothing in it is secret."
}

func (m mobileConfigCmd) Run(c *command) error {
	if m.IOS != (m.Bundle != "" || m.IPA != "") {
		return problem.Detailf(problem.BadUsage, "--ios goes with --bundle or --ipa.")
	}
	if m.IOS && (m.Package != "" || len(m.Hash) > 0 || m.APK != "" || m.Keystore != "" || m.Debug) {
		return problem.Detailf(problem.BadUsage, "--ios takes no flags of Android.")
	}
	if err := m.workspace(c); err != nil {
		return err
	}
	if m.IOS {
		return m.apple(c)
	}
	return m.android(c)
}

// workspace fills in client and tenant of the workspace.
func (m *mobileConfigCmd) workspace(c *command) error {
	if m.Workspace == "" {
		if m.ClientID == "" || m.TenantID == "" {
			return problem.Detailf(problem.BadUsage, "Give --client-id and --tenant, or --workspace.")
		}
		return nil
	}
	if m.ClientID != "" || m.TenantID != "" {
		return problem.Detailf(problem.BadUsage, "Client and tenant come from the --workspace or from --client-id and --tenant, not from both.")
	}
	st, err := c.open(m.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, m.Workspace)
	if err != nil {
		return err
	}
	m.ClientID, m.TenantID = ws.Microsoft.ClientID, ws.Microsoft.TenantID
	if m.ClientID == "" || m.TenantID == "" {
		return problem.New(problem.WorkspaceNotSet)
	}
	return nil
}

// android prints the MSAL configuration, read once more as an app would.
func (m mobileConfigCmd) android(c *command) error {
	hashes, app, err := m.hashes(c)
	if err != nil {
		return err
	}
	if app != nil && m.Package != "" && m.Package != app.ID {
		return problem.Detailf(problem.VerifyOtherID, "%s is %s.", printable(m.APK), printable(app.ID))
	}
	if app != nil {
		m.Package = app.ID
	}
	if m.Package == "" {
		return problem.Detailf(problem.BadUsage, "Give the --package, or an app by --apk.")
	}
	if err := redirect.CheckPackage(m.Package); err != nil {
		return err
	}
	if len(hashes) > 1 {
		var all string
		for _, h := range hashes {
			all += " " + h.String()
		}
		return problem.Detailf(problem.BadUsage, "There are several certificates, and a configuration is for one; choose with --hash:%s.", all)
	}
	a := redirect.Android{Package: m.Package, Hash: hashes[0]}
	text := redirect.NewMSAL(m.ClientID, m.TenantID, a).JSON()
	o := redirect.MSALOptions{AndroidOptions: redirect.AndroidOptions{
		Package: a.Package, HashOptions: redirect.HashOptions{Known: hashes, InsecureAllowDebugKey: m.Debug},
	}}
	if _, err := redirect.CheckMSAL(text, o); err != nil {
		return err
	}
	_, err = c.out.Write(text)
	return err
}

// appleDoc is what an app for iOS or macOS needs.
type appleDoc struct {
	ClientID    string `json:"client_id"`
	Authority   string `json:"authority"`
	BundleID    string `json:"bundle_id"`
	RedirectURI string `json:"redirect_uri"`
	InfoPlist   string `json:"info_plist"`
}

// apple prints the entries of Info.plist. MSAL for iOS and macOS has no
// configuration file: the rest is given to it in code.
func (m mobileConfigCmd) apple(c *command) error {
	if m.IPA != "" {
		app, err := c.readApp(m.IPA)
		switch {
		case err != nil:
			return err
		case !app.Apple():
			return problem.Detailf(problem.BadUsage, "%s is no app for iOS or macOS.", printable(m.IPA))
		case m.Bundle != "" && m.Bundle != app.ID:
			return problem.Detailf(problem.VerifyOtherID, "%s is %s.", printable(m.IPA), printable(app.ID))
		}
		m.Bundle = app.ID
	}
	if err := redirect.CheckBundleID(m.Bundle); err != nil {
		return err
	}
	a := redirect.Apple{BundleID: m.Bundle}
	d := appleDoc{m.ClientID, defaultAuthority + "/" + m.TenantID, m.Bundle, a.RedirectURI(), a.InfoPlist()}
	for _, id := range []string{m.ClientID, m.TenantID} {
		if _, ok := guid(id); !ok {
			return problem.Detailf(problem.BadUsage, "%q is not an ID of Microsoft Entra's.", id)
		}
	}
	c.say("Register %s in Microsoft Entra, under Authentication, iOS / macOS.", d.RedirectURI)
	c.say("Lanyard's own app needs no entry in Info.plist; one that uses Microsoft Authenticator needs these.")
	if c.json {
		return c.printJSON(d)
	}
	_, err := fmt.Fprint(c.out, d.InfoPlist)
	return err
}
