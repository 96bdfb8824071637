package mobileapps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// settingConfirmed is the kind of the setting that says which redirect URIs
// somebody has seen in Microsoft Entra.
const settingConfirmed = "mobile.confirmed"

// confirmed are redirect URIs that were pasted from Entra, or said to be there.
type confirmed struct {
	URIs []string `json:"uris,omitempty"`
}

// homePage is all apps of a workspace.
type homePage struct {
	mobile.FullDocument
	IOS     []appRow `json:"-"`
	Android []appRow `json:"-"`
	// Confirmed are the redirect URIs that somebody has seen in Microsoft Entra.
	Confirmed []string `json:"confirmed"`
	// AppLink opens the app, and WebLink a page of the server that leads on.
	AppLink string `json:"app_link"`
	WebLink string `json:"web_link"`
	// AppQR and WebQR are pictures of the links.
	AppQR string `json:"-"`
	WebQR string `json:"-"`
	// Entra says that sign-in with Microsoft is set up, so that MSAL
	// configurations can be held against it.
	Entra bool `json:"microsoft_set_up"`
	// DesktopConfirmed is Desktop as the form has it.
	Loopback string `json:"-"`
}

// appRow is one app, or one certificate of it.
type appRow struct {
	ID, Hash, RedirectURI, Label string
	// State and Badge say how far it is.
	State, Badge string
	To, Remove   string
}

// Head is that of a page.
func (homePage) Head() console.Head {
	return console.Head{Title: "Configure the mobile app", Template: "mobileapps/home.html", Nav: "mobile"}
}

// Labels are what a certificate can be for.
func (homePage) Labels() []console.Option {
	words := map[directory.SigningLabel]string{
		directory.SignedDebug: "Debug key of developers", directory.SignedRelease: "Release key", directory.SignedUpload: "Upload key (Google Play)",
		directory.SignedPlay: "App signing key of Google Play", directory.SignedRotated: "Earlier key (rotated)",
	}
	all := []console.Option{{Value: "", Label: "Not said"}}
	for _, l := range directory.SigningLabels() {
		all = append(all, console.Option{Value: string(l), Label: words[l]})
	}
	return all
}

type noInput struct{}

func (s *Section) home(ctx context.Context, c *console.Call, _ noInput) (homePage, error) {
	out, err := s.setup.Show(ctx, c.Workspace.ID)
	if err != nil {
		return homePage{}, err
	}
	acts, err := s.setup.History(ctx, c.Workspace.ID, 20)
	if err != nil {
		return homePage{}, fmt.Errorf("reading the changes: %w", err)
	}
	seen, _, err := store.ReadSetting[confirmed](ctx, s.store, c.Workspace.ID, settingConfirmed)
	if err != nil {
		return homePage{}, err
	}
	m := c.Workspace.Microsoft
	p := homePage{
		FullDocument: out.With(acts), Confirmed: append([]string{}, seen.URIs...), Entra: m.ClientID != "" && m.TenantID != "", Loopback: redirect.Loopback,
		AppLink: appLink(c), WebLink: webLink(c), AppQR: c.Path("mobile.qr", "link", "app"), WebQR: c.Path("mobile.qr", "link", "web"),
	}
	for _, a := range p.Apple {
		r := appRow{ID: a.BundleID, RedirectURI: a.RedirectURI, To: c.Path("mobile.ios", "bundle_id", a.BundleID), State: "Register it in Entra", Badge: "warn"}
		p.IOS = append(p.IOS, r.with(c, seen))
	}
	for _, a := range p.FullDocument.Android {
		r := appRow{
			ID: a.Package, Hash: a.SignatureHash, RedirectURI: a.RedirectURI, Label: a.Label, State: "Register it in Entra", Badge: "warn",
			To: c.Path("mobile.android", "package", a.Package, "signature_hash", a.SignatureHash),
		}
		if r = r.with(c, seen); len(a.MSAL) > 0 {
			r.State, r.Badge = "Registered, MSAL configuration kept", "good"
		}
		p.Android = append(p.Android, r)
	}
	return p, nil
}

func (r appRow) with(c *console.Call, seen confirmed) appRow {
	if slices.Contains(seen.URIs, r.RedirectURI) {
		r.State, r.Badge = "Registered", "good"
	}
	r.Remove = c.Path("mobile.removing", "redirect_uri", r.RedirectURI)
	return r
}

func appLink(c *console.Call) string { return "lanyard://sso/" + c.Workspace.ID }

func webLink(c *console.Call) string {
	return c.Public.JoinPath("sso", c.Workspace.ID).String()
}

// entered is what came of entering something.
type entered struct {
	console.Done
	mobile.Document
}

// set enters something, and leads to a page.
func (s *Section) set(ctx context.Context, c *console.Call, in mobile.Input, say string, to func(mobile.Document) string) (entered, error) {
	out, err := s.setup.Set(ctx, c.Workspace.ID, c.Me.Called(), in)
	if err != nil {
		return entered{}, err
	}
	d := out.Document()
	for _, w := range d.Warnings {
		say += " " + w.Sentence
	}
	return entered{Done: console.Done{To: to(d), Say: say}, Document: d}, nil
}

type uploadInput struct {
	File console.Upload `json:"file"`
	// Package is that of the Android app a keystore or certificate is of.
	Package  string `json:"of_package"`
	Password string `json:"password"`
}

// unlocked is an error of an act that was given a password: it is not shown again.
type unlocked struct{ error }

func (e unlocked) Unwrap() error  { return e.error }
func (unlocked) Forget() []string { return []string{"password"} }

// upload reads a built app, a keystore or a certificate. Nothing of the file is
// kept but the names and certificates that are public in it.
func (s *Section) upload(ctx context.Context, c *console.Call, in uploadInput) (entered, error) {
	if len(in.File.Data) == 0 {
		return entered{}, unlocked{console.Fault{Field: "file", Err: problem.New(problem.AppUnopened)}}
	}
	app, err := builtapp.Read(bytes.NewReader(in.File.Data), int64(len(in.File.Data)), builtapp.Options{Password: func() (string, error) {
		if in.Password == "" {
			return "", errors.New("no password was given")
		}
		return in.Password, nil
	}})
	if err != nil {
		return entered{}, unlocked{console.Fault{Field: fieldOf(err), Err: err}}
	}
	give, err := mobile.Built(app, in.Package)
	if err != nil {
		return entered{}, unlocked{console.Fault{Field: fieldOf(err), Err: err}}
	}
	c.Target(app.ID)
	c.Note("kind", string(app.Kind))
	out, err := s.set(ctx, c, give, read(app, give), func(mobile.Document) string { return c.Path("mobile.home") })
	if err != nil {
		return entered{}, unlocked{fieldFaults(err, "file")}
	}
	return out, nil
}

func fieldOf(err error) string {
	switch code, _ := problem.Of(err); code {
	case problem.KeystoreLocked, problem.KeystorePassword:
		return "password"
	case problem.MobileOtherApp, problem.MobileNoPackage:
		return "of_package"
	}
	return "file"
}

// read says what a file was.
func read(app builtapp.App, in mobile.Input) string {
	name := app.ID
	if name == "" && len(in.Android) > 0 {
		name = in.Android[0].Package
	}
	if len(in.Android) == 0 {
		return "Read: " + name + "."
	}
	return fmt.Sprintf("Read: %s, certificates: %d.", name, len(in.Android))
}

// fieldFaults are the faults of an input, by the fields of a form. only is the
// form's field for what has none of its own.
func fieldFaults(err error, only string, named ...string) error {
	var all console.Faults
	for _, f := range mobile.Faults(err) {
		field := only
		for _, name := range named {
			if suffix := "." + name; len(f.Field) > len(suffix) && f.Field[len(f.Field)-len(suffix):] == suffix {
				field = name
			}
		}
		all = append(all, console.Fault{Field: field, Err: withRight(f.Err)})
	}
	if len(all) == 0 {
		return err
	}
	return all.Or()
}

// withRight says beside a refusal what would be right, where it does not already.
func withRight(err error) error {
	if right := redirect.Right(err); right != "" && problem.DetailOf(err) == "" {
		code, _ := problem.Of(err)
		return problem.Detailf(code, "The right one is %s", right)
	}
	return err
}

type iosInput struct {
	BundleID string `json:"bundle_id"`
}

func (s *Section) addIOS(ctx context.Context, c *console.Call, in iosInput) (entered, error) {
	c.Target(in.BundleID)
	out, err := s.set(ctx, c, mobile.Input{Apple: []mobile.AppleApp{{BundleID: in.BundleID}}}, "", func(d mobile.Document) string {
		return c.Path("mobile.ios", "bundle_id", trimmed(in.BundleID))
	})
	return out, fieldFaults(err, "bundle_id")
}

type addAndroidInput struct {
	Package       string `json:"package"`
	SignatureHash string `json:"signature_hash"`
	Label         string `json:"label"`
}

func (s *Section) addAndroid(ctx context.Context, c *console.Call, in addAndroidInput) (entered, error) {
	c.Target(in.Package)
	if in.SignatureHash == "" {
		return entered{}, console.Fault{Field: "signature_hash", Err: needHash()}
	}
	out, err := s.set(ctx, c, mobile.Input{Android: []mobile.AndroidApp{{
		Package: in.Package, SignatureHash: in.SignatureHash, Label: directory.SigningLabel(in.Label),
	}}}, "", func(d mobile.Document) string {
		hash, err := redirect.ParseHash(in.SignatureHash, redirect.HashOptions{InsecureAllowDebugKey: true})
		if err != nil {
			return c.Path("mobile.home")
		}
		return c.Path("mobile.android", "package", trimmed(in.Package), "signature_hash", hash.String())
	})
	return out, fieldFaults(err, "package", "signature_hash", "label")
}

func needHash() error {
	_, err := redirect.ParseHash("", redirect.HashOptions{})
	return err
}

type desktopInput struct {
	RedirectURI string `json:"redirect_uri"`
}

func (s *Section) desktop(ctx context.Context, c *console.Call, in desktopInput) (entered, error) {
	if _, err := redirect.CheckDesktop(in.RedirectURI); err != nil {
		return entered{}, console.Fault{Field: "redirect_uri", Err: withRight(err)}
	}
	out, err := s.set(ctx, c, mobile.Input{RedirectURIs: []string{in.RedirectURI}}, "Apps on desktops return to "+redirect.Loopback+".",
		func(mobile.Document) string { return c.Path("mobile.home") })
	if err != nil {
		return entered{}, fieldFaults(err, "redirect_uri")
	}
	return out, s.confirm(ctx, c, redirect.Loopback)
}

// confirm notes that a redirect URI was seen in Entra.
func (s *Section) confirm(ctx context.Context, c *console.Call, uri string) error {
	_, _, err := store.ChangeSetting(ctx, s.store, c.Workspace.ID, settingConfirmed,
		store.SettingChange{Version: store.AnyVersion, Who: c.Me.Called(), Now: c.Now}, func(seen *confirmed) error {
			if !slices.Contains(seen.URIs, uri) {
				seen.URIs = append(seen.URIs, uri)
			}
			return nil
		})
	return err
}

// again is a path with the query that its page needs, for a form that is shown
// once more where it is refused.
func again(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + q.Encode()
}
