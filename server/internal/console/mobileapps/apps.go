package mobileapps

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func trimmed(s string) string { return strings.TrimSpace(s) }

// iosPage is how an app for iOS or macOS is registered in Entra.
type iosPage struct {
	BundleID    string `json:"bundle_id"`
	RedirectURI string `json:"redirect_uri"`
	Confirmed   bool   `json:"confirmed"`
	Version     int64  `json:"version"`
	Name        string `json:"-"`
	// Action is where the form is sent, Remove where the app is removed.
	Action string         `json:"-"`
	Remove string         `json:"-"`
	Up     []console.Link `json:"-"`
}

// Head is that of a page.
func (p iosPage) Head() console.Head {
	return console.Head{Title: "iOS and macOS: " + p.BundleID, Template: "mobileapps/ios.html", Nav: "mobile", Crumbs: p.Up}
}

func crumbs(c *console.Call, here string) []console.Link {
	return []console.Link{{Text: "Mobile app", To: c.Path("mobile.home")}, {Text: here}}
}

// registered is what is there, with what was confirmed.
func (s *Section) registered(ctx context.Context, c *console.Call) (directory.Mobile, confirmed, error) {
	out, err := s.setup.Show(ctx, c.Workspace.ID)
	if err != nil {
		return directory.Mobile{}, confirmed{}, err
	}
	seen, _, err := store.ReadSetting[confirmed](ctx, s.store, c.Workspace.ID, settingConfirmed)
	return out.Mobile, seen, err
}

func (s *Section) ios(ctx context.Context, c *console.Call, in iosInput) (iosPage, error) {
	m, seen, err := s.registered(ctx, c)
	if err != nil {
		return iosPage{}, err
	}
	i := slices.IndexFunc(m.Apple, func(a directory.AppleApp) bool { return a.BundleID == in.BundleID })
	if i < 0 {
		return iosPage{}, problem.New(problem.MobileNotSet)
	}
	a := m.Apple[i]
	return iosPage{
		BundleID: a.BundleID, RedirectURI: a.RedirectURI, Confirmed: slices.Contains(seen.URIs, a.RedirectURI), Version: m.Version, Name: c.Workspace.Name,
		Action: again(c.Path("mobile.redirect"), "bundle_id", a.BundleID), Remove: c.Path("mobile.removing", "redirect_uri", a.RedirectURI), Up: crumbs(c, "iOS and macOS"),
	}, nil
}

type redirectInput struct {
	BundleID    string `json:"bundle_id"`
	RedirectURI string `json:"redirect_uri"`
	// Version is what was seen; none is any.
	Version string `json:"version"`
}

func (s *Section) redirect(ctx context.Context, c *console.Call, in redirectInput) (entered, error) {
	c.Target(in.BundleID)
	c.Note("redirect_uri", in.RedirectURI)
	version, err := seenVersion(in.Version)
	if err != nil {
		return entered{}, err
	}
	if trimmed(in.RedirectURI) == "" {
		_, err := redirect.CheckApple("", redirect.Apple{BundleID: in.BundleID})
		return entered{}, console.Fault{Field: "redirect_uri", Err: withRight(err)}
	}
	out, err := s.set(ctx, c, mobile.Input{Version: version, Apple: []mobile.AppleApp{{BundleID: in.BundleID, RedirectURI: in.RedirectURI}}},
		in.BundleID+" is registered.", func(mobile.Document) string { return c.Path("mobile.home") })
	if err != nil {
		return entered{}, conflict(fieldFaults(err, "redirect_uri"))
	}
	return out, s.confirm(ctx, c, redirect.Apple{BundleID: trimmed(in.BundleID)}.RedirectURI())
}

// androidPage is how an app for Android is registered in Entra.
type androidPage struct {
	Package       string `json:"package"`
	SignatureHash string `json:"signature_hash"`
	RedirectURI   string `json:"redirect_uri"`
	// IntentPath is the android:path of the manifest: the hash as it is.
	IntentPath string `json:"intent_path"`
	Label      string `json:"label"`
	Confirmed  bool   `json:"confirmed"`
	// MSAL is what is kept, or else what it should be, where that is known.
	MSAL string `json:"msal"`
	Kept bool   `json:"msal_kept"`
	// Entra is as in homePage.
	Entra   bool           `json:"microsoft_set_up"`
	Version int64          `json:"version"`
	Name    string         `json:"-"`
	Action  string         `json:"-"`
	Remove  string         `json:"-"`
	Up      []console.Link `json:"-"`
}

// Head is that of a page.
func (p androidPage) Head() console.Head {
	return console.Head{Title: "Android: " + p.Package, Template: "mobileapps/android.html", Nav: "mobile", Crumbs: p.Up}
}

type androidInput struct {
	Package       string `json:"package"`
	SignatureHash string `json:"signature_hash"`
}

func (s *Section) android(ctx context.Context, c *console.Call, in androidInput) (androidPage, error) {
	m, seen, err := s.registered(ctx, c)
	if err != nil {
		return androidPage{}, err
	}
	i := slices.IndexFunc(m.Android, func(a directory.AndroidApp) bool {
		return a.Package == in.Package && a.SignatureHash == in.SignatureHash
	})
	if i < 0 {
		return androidPage{}, problem.New(problem.MobileNotSet)
	}
	a, ms := m.Android[i], c.Workspace.Microsoft
	p := androidPage{
		Package: a.Package, SignatureHash: a.SignatureHash, RedirectURI: a.RedirectURI, IntentPath: "/" + a.SignatureHash, Label: string(a.Label),
		Confirmed: slices.Contains(seen.URIs, a.RedirectURI), Kept: a.MSAL != nil, Entra: ms.ClientID != "" && ms.TenantID != "", Version: m.Version, Name: c.Workspace.Name,
		Action: again(c.Path("mobile.msal"), "package", a.Package, "signature_hash", a.SignatureHash), Remove: c.Path("mobile.removing", "redirect_uri", a.RedirectURI),
		Up: crumbs(c, "Android"),
	}
	switch {
	case a.MSAL != nil:
		p.MSAL = indented(a.MSAL.JSON)
	case p.Entra:
		hash, err := redirect.ParseHash(a.SignatureHash, redirect.HashOptions{InsecureAllowDebugKey: true})
		if err == nil {
			p.MSAL = indented(redirect.NewMSAL(ms.ClientID, ms.TenantID, redirect.Android{Package: a.Package, Hash: hash}).JSON())
		}
	}
	return p, nil
}

func indented(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return strings.TrimSpace(b.String())
}

type msalInput struct {
	Package       string `json:"package"`
	SignatureHash string `json:"signature_hash"`
	MSAL          string `json:"msal"`
	// Version is what was seen; none is any.
	Version string `json:"version"`
}

func (s *Section) msal(ctx context.Context, c *console.Call, in msalInput) (entered, error) {
	c.Target(in.Package)
	version, err := seenVersion(in.Version)
	if err != nil {
		return entered{}, err
	}
	m, _, err := s.registered(ctx, c)
	if err != nil {
		return entered{}, err
	}
	i := slices.IndexFunc(m.Android, func(a directory.AndroidApp) bool {
		return a.Package == in.Package && a.SignatureHash == in.SignatureHash
	})
	if i < 0 {
		return entered{}, problem.New(problem.MobileNotSet)
	}
	if trimmed(in.MSAL) == "" {
		return entered{}, console.Fault{Field: "msal", Err: empty()}
	}
	out, err := s.set(ctx, c, mobile.Input{Version: version, MSAL: []string{in.MSAL}}, "The MSAL configuration of "+in.Package+" is kept, and given to apps.",
		func(mobile.Document) string { return c.Path("mobile.home") })
	if err != nil {
		return entered{}, conflict(fieldFaults(err, "msal"))
	}
	return out, s.confirm(ctx, c, m.Android[i].RedirectURI)
}

func empty() error {
	_, err := redirect.CheckMSAL(nil, redirect.MSALOptions{})
	return err
}

// removePage asks before an app is removed.
type removePage struct {
	RedirectURI string         `json:"redirect_uri"`
	Name        string         `json:"name"`
	Version     int64          `json:"version"`
	Action      string         `json:"-"`
	Up          []console.Link `json:"-"`
}

// Head is that of a page.
func (p removePage) Head() console.Head {
	return console.Head{Title: "Remove " + p.Name, Template: "mobileapps/remove.html", Nav: "mobile", Crumbs: p.Up}
}

type removeInput struct {
	RedirectURI string `json:"redirect_uri"`
	Version     string `json:"version"`
}

func (s *Section) removing(ctx context.Context, c *console.Call, in removeInput) (removePage, error) {
	m, _, err := s.registered(ctx, c)
	if err != nil {
		return removePage{}, err
	}
	name := ""
	for _, a := range m.Apple {
		if a.RedirectURI == in.RedirectURI {
			name = a.BundleID
		}
	}
	for _, a := range m.Android {
		if a.RedirectURI == in.RedirectURI {
			name = a.Package + " with the signature hash " + a.SignatureHash
		}
	}
	if m.Desktop && in.RedirectURI == redirect.Loopback {
		name = "apps on desktops"
	}
	if name == "" {
		return removePage{}, problem.New(problem.MobileNotSet)
	}
	return removePage{
		RedirectURI: in.RedirectURI, Name: name, Version: m.Version, Action: again(c.Path("mobile.remove"), "redirect_uri", in.RedirectURI), Up: crumbs(c, "Remove"),
	}, nil
}

func (s *Section) remove(ctx context.Context, c *console.Call, in removeInput) (entered, error) {
	c.Target(in.RedirectURI)
	version, err := seenVersion(in.Version)
	if err != nil {
		return entered{}, err
	}
	if in.RedirectURI == "" {
		return entered{}, problem.New(problem.MobileNotSet)
	}
	out, err := s.setup.Remove(ctx, c.Workspace.ID, c.Me.Called(), mobile.Removal{Version: version, RedirectURIs: []string{in.RedirectURI}})
	if err != nil {
		return entered{}, conflict(err)
	}
	_, _, err = store.ChangeSetting(ctx, s.store, c.Workspace.ID, settingConfirmed, store.SettingChange{Version: store.AnyVersion, Who: c.Me.Called(), Now: c.Now},
		func(seen *confirmed) error {
			seen.URIs = slices.DeleteFunc(seen.URIs, func(u string) bool { return u == trimmed(in.RedirectURI) })
			return nil
		})
	return entered{Done: console.Done{To: c.Path("mobile.home"), Say: "Removed. Nobody is returned there from now on. Remove it in Microsoft Entra as well."}, Document: out.Document()}, err
}
