package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
)

// mobileCmd groups the commands about apps that were built, and about what is
// registered for them.
type mobileCmd struct {
	Ids      mobileIDsCmd      `cmd:"" name:"ids" help:"Read from built apps, keystores and certificates what must be registered for them."`
	Config   mobileConfigCmd   `cmd:"" help:"Print the MSAL configuration of an Android app, or what an app for Apple's systems needs."`
	Manifest mobileManifestCmd `cmd:"" help:"Write the AndroidManifest.xml that the app is packaged with."`
	Verify   mobileVerifyCmd   `cmd:"" help:"Hold a built app, its MSAL configuration, the app registration and the workspace against each other."`
	Set      mobileSetCmd      `cmd:"" help:"Enter which apps are registered in Microsoft Entra, and check what its portal shows."`
	Show     mobileShowCmd     `cmd:"" help:"Show which apps are registered for a workspace."`
	Remove   mobileRemoveCmd   `cmd:"" help:"Forget apps that are registered for a workspace."`
}

// readApp reads a file, or a folder .app. A keystore's password comes from the
// environment or the terminal, never from the command line, which others see.
func (c *command) readApp(name string) (builtapp.App, error) {
	a, err := c.readAppFile(name)
	if err == nil {
		return a, nil
	}
	code, _ := problem.Of(err)
	why := problem.DetailOf(err)
	if why == "" {
		why = oneLine(causeOf(err))
	}
	if why != "" {
		why = ": " + strings.TrimSuffix(why, ".")
	}
	return a, problem.Detailf(code, "%s%s.", printable(name), why)
}

func (c *command) readAppFile(name string) (builtapp.App, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return builtapp.App{}, unopened(err)
	case info.IsDir():
		return builtapp.ReadBundle(os.DirFS(name))
	case !info.Mode().IsRegular(): // a pipe would be waited for, a device has no end
		return builtapp.App{}, problem.Detailf(problem.AppUnopened, "It is neither a file nor a folder.")
	}
	f, err := os.Open(name)
	if err != nil {
		return builtapp.App{}, unopened(err)
	}
	defer f.Close() // only read from
	return builtapp.Read(f, info.Size(), builtapp.Options{Password: func() (string, error) { return c.keystorePassword(name) }})
}

// unopened says why a file is not open, without its name.
func unopened(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return problem.Detailf(problem.AppUnopened, "%v.", err)
}

// mobileKey says which certificates an app is signed with.
type mobileKey struct {
	Hash     []string `name:"hash" placeholder:"HASH" sep:"none" help:"The signature hash in base64. Repeat for several, such as your own key's and that of Google Play's app signing."`
	Keystore string   `name:"keystore" placeholder:"FILE" help:"The keystore (JKS or PKCS#12) or certificate that the app is signed with; its password is LANYARD_KEYSTORE_PASSWORD, or asked for."`
	Alias    string   `name:"alias" placeholder:"NAME" help:"Which entry, where --keystore has several."`
	APK      string   `name:"apk" placeholder:"FILE" help:"An app that is signed with it already."`
	Debug    bool     `name:"debug" help:"Take the debug key that Fyne publishes, with which anyone can sign. Only for trying things out."`
}

// hashes returns the hashes, each once, and the app of --apk.
func (k mobileKey) hashes(c *command) ([]redirect.Hash, *builtapp.App, error) {
	var found []builtapp.Signer
	var app *builtapp.App
	if k.APK != "" {
		a, err := c.readApp(k.APK)
		if err != nil {
			return nil, nil, err
		}
		if !a.Android() {
			return nil, nil, problem.Detailf(problem.BadUsage, "%s is no app for Android.", printable(k.APK))
		}
		app, found = &a, append(found, a.Signers...)
	}
	if k.Keystore != "" {
		entries, err := k.entries(c)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, entries...)
	}
	if i := slices.IndexFunc(found, builtapp.Signer.DebugKey); i >= 0 && !k.Debug {
		c.say("Warning: %s is a debug key. Do not give an app to anybody that is signed with it.", found[i].Hash())
	}
	known := (builtapp.App{Signers: found}).Hashes()
	var out []redirect.Hash
	for _, text := range k.Hash {
		h, err := redirect.ParseHash(text, redirect.HashOptions{Known: known, InsecureAllowDebugKey: k.Debug})
		if err != nil {
			return nil, nil, err
		}
		out = append(out, h)
	}
	if len(out) == 0 { // of keys that were rotated away from nothing is needed
		out = builtapp.App{Signers: slices.DeleteFunc(found, func(s builtapp.Signer) bool { return s.Scheme == builtapp.Lineage })}.Hashes()
	}
	if len(out) == 0 && k.Debug {
		out = append(out, redirect.FyneDebug())
	}
	if len(out) == 0 && app != nil {
		return nil, nil, problem.Detailf(problem.AppUnsigned, "%s has no signature.", printable(k.APK))
	}
	if len(out) == 0 {
		return nil, nil, problem.Detailf(problem.BadUsage, "Say which key the app is signed with: --hash, --keystore, --apk or --debug.")
	}
	return out, app, nil
}

// entries returns the certificates of the keystore that are meant.
func (k mobileKey) entries(c *command) ([]builtapp.Signer, error) {
	a, err := c.readApp(k.Keystore)
	if err != nil {
		return nil, err
	}
	if a.ID != "" {
		return nil, problem.Detailf(problem.BadUsage, "%s is neither a keystore nor a certificate.", printable(k.Keystore))
	}
	if k.Alias == "" {
		if n := len(a.Hashes()); n > 1 {
			return nil, problem.Detailf(problem.BadUsage, "%s has %d certificates; choose one with --alias: %s.", printable(k.Keystore), n, strings.Join(aliases(a), ", "))
		}
		return a.Signers, nil
	}
	for _, s := range a.Signers {
		if strings.EqualFold(s.Name, k.Alias) { // keytool makes no difference
			return []builtapp.Signer{s}, nil
		}
	}
	return nil, problem.Detailf(problem.BadUsage, "%s has no entry %q. There is: %s.", printable(k.Keystore), k.Alias, strings.Join(aliases(a), ", "))
}

func aliases(a builtapp.App) []string {
	var out []string
	for i, s := range a.Signers {
		name := s.Name
		if name == "" {
			name = fmt.Sprintf("certificate %d, which has no name", i+1)
		}
		out = append(out, printable(name))
	}
	return out
}
