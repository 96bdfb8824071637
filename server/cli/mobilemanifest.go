package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/mobileapp"
)

// mobileManifestCmd writes AndroidManifest.xml.
type mobileManifestCmd struct {
	mobileKey
	Fyne     string `name:"fyne" default:"FyneApp.toml" placeholder:"FILE" help:"The app's FyneApp.toml (${default})."`
	Out      string `name:"out" placeholder:"FILE" help:"Write to a file, AndroidManifest.xml beside main.go for fyne package. Default: standard output."`
	Force    bool   `name:"force" help:"Replace a manifest that was not written by this command."`
	LinkHost string `name:"link-host" placeholder:"HOST" help:"Let links https://HOST/sso/… open the app; HOST is that of the server's public URL."`
}

// Help is the longer text of lanyardd mobile manifest --help.
func (mobileManifestCmd) Help() string {
	return "Takes ID, Name, Version and Build from FyneApp.toml, and of each signature hash makes one intent filter that receives the " +
		"redirect. fyne package takes the file where it lies beside main.go. Links lanyard://sso/… open the app too."
}

func (m mobileManifestCmd) Run(c *command) error {
	details, err := c.readApp(m.Fyne)
	if err != nil {
		return err
	}
	if details.Kind != builtapp.FyneApp {
		return problem.Detailf(problem.BadUsage, "%s is no FyneApp.toml.", printable(m.Fyne))
	}
	hashes, app, err := m.hashes(c)
	if err != nil {
		return err
	}
	if app != nil && app.ID != details.ID {
		return problem.Detailf(problem.VerifyOtherID, "%s is %s, and %s says %s.", printable(m.APK), printable(app.ID), printable(m.Fyne), printable(details.ID))
	}
	build, err := strconv.Atoi(details.Build)
	if err != nil {
		return problem.Detailf(problem.BadAppDetails, "Build must be a number.")
	}
	text, err := mobileapp.Manifest(mobileapp.Info{
		Package: details.ID, Name: details.Name, Version: details.Version, Build: build, Hashes: hashes,
		LinkHost: m.LinkHost, Debuggable: m.Debug, InsecureAllowDebugKey: m.Debug,
	})
	if err != nil {
		return err
	}
	if m.Out != "" {
		if err := writeManifest(m.Out, []byte(text), m.Force); err != nil {
			return err
		}
	}
	return m.print(c, details.ID, hashes, text)
}

// manifestDoc is a manifest in JSON.
type manifestDoc struct {
	File            string   `json:"file,omitempty"`
	PackageName     string   `json:"package_name"`
	SignatureHashes []string `json:"signature_hashes"`
	RedirectURIs    []string `json:"redirect_uris"`
	Manifest        string   `json:"manifest"`
}

// print prints the manifest, unless it is in a file, and says what to register
// for it.
func (m mobileManifestCmd) print(c *command, pkg string, hashes []redirect.Hash, text string) error {
	d := manifestDoc{File: m.Out, PackageName: pkg, SignatureHashes: []string{}, RedirectURIs: []string{}, Manifest: text}
	for _, h := range hashes {
		a := redirect.Android{Package: pkg, Hash: h}
		d.SignatureHashes = append(d.SignatureHashes, h.String())
		d.RedirectURIs = append(d.RedirectURIs, a.RedirectURI())
	}
	if m.Debug {
		c.say("Warning: this manifest makes the app debuggable. Do not give it to anybody.")
	}
	c.say("Register in Microsoft Entra, under Authentication, Android:")
	for i, h := range d.SignatureHashes {
		c.say("  package name %s, signature hash %s, which gives %s", pkg, h, d.RedirectURIs[i])
	}
	switch {
	case c.json:
		return c.printJSON(d)
	case m.Out != "":
		_, err := fmt.Fprintln(c.out, m.Out)
		return err
	}
	_, err := fmt.Fprint(c.out, text)
	return err
}

// writeManifest puts the manifest into its place, whole or not at all. One that
// somebody wrote by hand is not replaced unasked.
func writeManifest(name string, text []byte, force bool) error {
	old, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return problem.Detailf(problem.BadUsage, "--out %s: %v.", printable(name), errors.Unwrap(err))
	case bytes.Equal(old, text):
		return nil
	case !force && !mobileapp.Written(old):
		return problem.Detailf(problem.ManifestTheir, "%s", printable(name))
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".lanyard-manifest-*")
	if err != nil {
		return problem.Detailf(problem.BadUsage, "--out %s: %v.", printable(name), errors.Unwrap(err))
	}
	defer os.Remove(f.Name()) // gone already where all went well
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}
