package app

import (
	"errors"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// go test ./app -run Pictures -pictures DIR writes every page into DIR.
var pictures = flag.String("pictures", "", "write a picture of every page into this `folder`")

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func ada() *api.Person {
	return &api.Person{
		ID: "u-ada", Workspace: "acme", WorkspaceName: "Acme Instruments", UserName: "ada@acme.example",
		DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@acme.example",
		Title: "Lead Engineer", Department: "Engineering", Role: "Member",
	}
}

func acme() *api.Workspace {
	return &api.Workspace{ID: "acme", Name: "Acme Instruments", Microsoft: &api.Microsoft{Authority: "https://login.microsoftonline.com/t", TenantID: "t", ClientID: "c", Scope: "s"}}
}

// bySAML is acme where that is the only way to sign in.
func bySAML() *api.Workspace {
	ws := acme()
	ws.Microsoft, ws.SAML = nil, &api.SAML{Start: "https://sso.example.com/w/acme/sso"}
	return ws
}

// situation is one state of the app that looks like no other.
type situation struct {
	name  string
	state auth.State
	facts facts
}

func situations() []situation {
	on := facts{Connected: true, Version: "0.1.0", Now: noon}
	with := func(change func(*facts)) facts { f := on; change(&f); return f }
	out := auth.SignedOut
	refused := &problem.Error{Code: problem.NotAssigned, Detail: "AADSTS50105, correlation ID 1f6a1d7c-2b0e-4f9d-8a55-0d2f3c4b5a69", Cause: errors.New("x")}
	return []situation{
		{"01-starting", auth.State{}, facts{Now: noon}},
		{"02-storage", auth.State{}, facts{Storage: problem.New(problem.NoKeychain), Now: noon}},
		{"03-storage-locked", auth.State{}, facts{Storage: problem.New(problem.KeychainLocked), Now: noon}},
		{"04-key-file", auth.State{}, facts{AskKeyFile: true, KeyFile: "/home/ada/lanyard.key", Now: noon}},
		{"05-key-file-wrong", auth.State{}, facts{AskKeyFile: true, KeyFile: "/home/ada/lanyard.key", Storage: problem.New(problem.KeyFileOpenToAll), Now: noon}},
		{"06-entry", auth.State{Phase: out}, on},
		{"07-entry-remembered", auth.State{Phase: out, LastWorkspace: "acme"}, on},
		{"08-entry-unknown", auth.State{Phase: out, Err: problem.New(problem.UnknownWorkspace)}, with(func(f *facts) { f.Input = "acmee" })},
		{"09-entry-signed-out-elsewhere", auth.State{Phase: out, LastWorkspace: "acme", Notice: problem.New(problem.SignedOutAll)}, on},
		{"10-looking-up", auth.State{Phase: auth.SigningIn}, with(func(f *facts) { f.Input = "acme" })},
		{"11-browser", auth.State{Phase: auth.SigningIn, Workspace: acme()}, on},
		{"12-code", auth.State{Phase: auth.SigningIn, Workspace: acme(), DeviceCode: &auth.DeviceCode{URL: "https://microsoft.com/devicelogin", UserCode: "FJC3KXZQ9", ExpiresAt: noon.Add(15 * time.Minute)}}, on},
		{"13-home", auth.State{Phase: auth.SignedIn, Workspace: acme(), Person: ada()}, on},
		{"14-home-menu", auth.State{Phase: auth.SignedIn, Workspace: acme(), Person: ada()}, with(func(f *facts) { f.Menu = true })},
		{"15-offline", auth.State{Phase: auth.Offline, Workspace: acme(), Person: ada(), OfflineUntil: noon.Add(36 * time.Hour)}, on},
		{"16-revoked", auth.State{Phase: auth.Revoked, Workspace: acme(), Err: problem.New(problem.AccessEnded)}, on},
		{"17-error", auth.State{Phase: out, Workspace: acme(), Err: refused}, on},
		{"18-error-offline", auth.State{Phase: out, Workspace: acme(), Err: problem.New(problem.Offline)}, on},
		{"19-error-browser", auth.State{Phase: out, Workspace: acme(), Err: problem.New(problem.NoBrowser)}, on},
		{"20-entry-microsoft", auth.State{Phase: out, Workspace: acme(), LastWorkspace: "acme"}, on},
		{"21-entry-saml", auth.State{Phase: out, Workspace: bySAML(), LastWorkspace: "acme"}, on},
		{"22-entry-another", auth.State{Phase: out, Workspace: bySAML(), LastWorkspace: "acme"}, with(func(f *facts) { f.Input = "other" })},
		{"23-browser-saml", auth.State{Phase: auth.SigningIn, Workspace: bySAML(), Method: auth.SAML}, on},
		{"24-home-menu-saml", auth.State{Phase: auth.SignedIn, Workspace: bySAML(), Method: auth.SAML, Person: ada()}, with(func(f *facts) { f.Menu = true })},
		{"25-error-saml", auth.State{Phase: out, Workspace: bySAML(), Err: problem.New(problem.NotAdmitted)}, on},
		{"26-error-browser-saml", auth.State{Phase: out, Workspace: bySAML(), Err: problem.New(problem.NoBrowser)}, on},
		{"27-error-code-saml", auth.State{Phase: out, Workspace: bySAML(), Err: problem.New(problem.NoDeviceCode)}, on},
	}
}

// drawn draws a situation as the window would, without a client.
func drawn(t *testing.T, s situation, variant fyne.ThemeVariant, size fyne.Size) image.Image {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(Theme{Variant: &variant})
	w := test.NewTempWindow(t, nil)
	w.SetPadded(false)
	w.Resize(size)
	v := newView(w.Canvas(), func() fyne.ThemeVariant { return variant }, func(act) {}, func(string) {}, func(string) image.Image { return nil })
	v.show(pageFor(english(), s.state, s.facts))
	w.Resize(size)
	return w.Canvas().Capture()
}

var looks = map[string]struct {
	variant fyne.ThemeVariant
	size    fyne.Size
}{
	"light": {theme.VariantLight, fyne.NewSize(520, 740)},
	"dark":  {theme.VariantDark, fyne.NewSize(520, 740)},
	"phone": {theme.VariantLight, fyne.NewSize(360, 640)},
	"wide":  {theme.VariantDark, fyne.NewSize(1100, 760)},
}

func TestPictures_ofEveryPageAreDrawn(t *testing.T) {
	order := []string{"light", "dark", "phone", "wide"}
	for i, s := range situations() {
		for j, look := range order {
			if *pictures == "" && i%len(order) != j {
				continue // one look of each page will do to see that it is drawn
			}
			l := looks[look]
			img := drawn(t, s, l.variant, l.size)
			if n := colors(img); n < 8 {
				t.Errorf("%s, %s: the page has %d colours, which is an empty page", s.name, look, n)
			}
			if *pictures == "" {
				continue
			}
			f, err := os.Create(filepath.Join(*pictures, s.name+"-"+look+".png"))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, img); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func colors(img image.Image) int {
	seen := make(map[[3]uint32]bool)
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y += 3 {
		for x := b.Min.X; x < b.Max.X; x += 3 {
			r, g, bl, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, bl}] = true
		}
	}
	return len(seen)
}
