package app

import (
	"errors"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// person is somebody whose names are written like that.
func person(name, title, workspace, department string) *api.Person {
	p := ada()
	p.DisplayName, p.GivenName, p.FamilyName, p.Title, p.WorkspaceName, p.Department = name, "", "", title, workspace, department
	return p
}

// longest has everything that does not fit into a line, with and without spaces.
func longest() *api.Person {
	p := person("Pablo Diego José Francisco de Paula Juan Nepomuceno María de los Remedios Cipriano de la Santísima Trinidad Ruiz y Picasso",
		"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamter", "Gesellschaft für Rechtsschutzversicherungen und Instrumente mbH & Co. KG",
		"Forschung, Entwicklung und grenzüberschreitende Zusammenarbeit")
	p.Email = "pablo.diego.jose.francisco.de.paula@forschung.gesellschaft-fuer-instrumente.example"
	return p
}

func longNamed() *api.Workspace {
	ws := acme()
	ws.Name = longest().WorkspaceName
	return ws
}

// microsofts is a refusal of Microsoft's as package msal reports it.
func microsofts(number int) error {
	detail := "AADSTS" + strconv.Itoa(number) + ", correlation ID 1f6a1d7c-2b0e-4f9d-8a55-0d2f3c4b5a69."
	code := problem.EntraRefused
	if a, ok := problem.LookupAADSTS(number); ok && a.Code != "" {
		code = a.Code
	} else if ok {
		detail = a.Cause + " " + a.Next + " " + detail
	}
	return &problem.Error{Code: code, Detail: detail, Cause: errors.New("planted cause")}
}

// servers is an answer of the Lanyard server's.
func servers(code problem.Code) error {
	return (&api.Problem{Code: string(code), Status: 403, CorrelationID: "01JSX3M8Q2ZK6F0V7C9D4B5N1T"}).Err()
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
	asked := with(func(f *facts) { f.Asked = true })
	out := auth.SignedOut
	device := &auth.DeviceCode{URL: "https://microsoft.com/devicelogin", UserCode: "FJC3KXZQ9", ExpiresAt: noon.Add(15 * time.Minute)}
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
		{"10-looking-up", auth.State{Phase: auth.SigningIn}, with(func(f *facts) { f.Input, f.Asked = "acme", true })},
		{"11-browser", auth.State{Phase: auth.SigningIn, Workspace: acme()}, asked},
		{"12-code", auth.State{Phase: auth.SigningIn, Workspace: acme(), DeviceCode: device}, asked},
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
		{"23-browser-saml", auth.State{Phase: auth.SigningIn, Workspace: bySAML(), Method: auth.SAML}, asked},
		{"24-home-menu-saml", auth.State{Phase: auth.SignedIn, Workspace: bySAML(), Method: auth.SAML, Person: ada()}, with(func(f *facts) { f.Menu = true })},
		{"25-error-saml", auth.State{Phase: out, Workspace: bySAML(), Err: problem.New(problem.NotAdmitted)}, on},
		{"26-error-browser-saml", auth.State{Phase: out, Workspace: bySAML(), Err: problem.New(problem.NoBrowser)}, on},
		{"27-error-code-saml", auth.State{Phase: out, Workspace: bySAML(), Err: problem.New(problem.NoDeviceCode)}, on},
		{"28-resuming", auth.State{Phase: auth.SigningIn}, on},
		{"29-browser-resumed", auth.State{Phase: auth.SigningIn, Workspace: acme(), Method: auth.Microsoft, LastWorkspace: "acme"}, on},
		{"30-error-microsoft", auth.State{Phase: out, Workspace: acme(), Err: microsofts(53003)}, on},
		{"31-error-server", auth.State{Phase: out, Workspace: acme(), Err: servers(problem.NotAdmitted)}, on},
		{"32-error-keychain", auth.State{Phase: out, Workspace: acme(), Err: problem.New(problem.KeychainLocked)}, on},
		{"33-storage-asked", auth.State{Phase: out}, with(func(f *facts) { f.AskStorage = true })},
		{"34-home-long", auth.State{Phase: auth.SignedIn, Workspace: acme(), Person: longest()}, on},
		{"35-home-long-menu", auth.State{Phase: auth.SignedIn, Workspace: acme(), Person: longest()}, with(func(f *facts) { f.Menu = true })},
		{"36-home-hebrew", auth.State{Phase: auth.SignedIn, Workspace: acme(), Person: person("עדה לאבלייס", "מהנדסת תוכנה ראשית", "מכשירי אקמה", "מחקר ופיתוח")}, on},
		{"37-home-chinese", auth.State{Phase: auth.SignedIn, Workspace: acme(), Person: person("王小明", "首席工程師", "頂點儀器股份有限公司", "工程部")}, on},
		{"38-offline-arabic", auth.State{Phase: auth.Offline, Workspace: acme(), Person: person("آدا لوفليس", "كبيرة المهندسين", "أكمي للأجهزة", "الهندسة"), OfflineUntil: noon.Add(36 * time.Hour), Notice: problem.New(problem.KeychainLocked)}, on},
		{"39-looking-up-long", auth.State{Phase: auth.SigningIn}, with(func(f *facts) { f.Input, f.Asked = strings.Repeat("W", 60), true })},
		{"40-browser-long", auth.State{Phase: auth.SigningIn, Workspace: longNamed()}, asked},
		{"41-entry-long", auth.State{Phase: out, Err: problem.New(problem.BadServer), Notice: problem.New(problem.SignedOutAll)}, with(func(f *facts) {
			f.Input = "https://sso.a-rather-long-name-of-a-company.example.com/acme-instruments-and-devices"
		})},
		{"42-code-no-browser", auth.State{Phase: auth.SigningIn, Workspace: acme(), DeviceCode: device, Notice: problem.New(problem.NoBrowser)}, asked},
	}
}

// screens are the sizes that every page is looked at in.
var screens = []struct {
	name    string
	size    fyne.Size
	touch   bool
	variant fyne.ThemeVariant
}{
	{"desktop", fyne.NewSize(520, 740), false, theme.VariantLight},
	{"desktop-dark", fyne.NewSize(1100, 760), false, theme.VariantDark},
	{"phone", fyne.NewSize(360, 640), true, theme.VariantLight},
	{"phone-dark", fyne.NewSize(412, 915), true, theme.VariantDark},
	{"phone-on-its-side", fyne.NewSize(640, 360), true, theme.VariantLight},
	{"phone-small", fyne.NewSize(320, 568), true, theme.VariantDark},
	{"phone-small-on-its-side", fyne.NewSize(568, 320), true, theme.VariantLight},
	{"phone-large-text", fyne.NewSize(240, 427), true, theme.VariantLight},
	{"tablet", fyne.NewSize(768, 1024), true, theme.VariantLight},
	{"tablet-on-its-side", fyne.NewSize(1024, 768), true, theme.VariantDark},
}

// stage draws situations as the window would, without a client.
type stage struct {
	*view
	handset *handset // where there is one
	window  fyne.Window
}

func newStage(t *testing.T, size fyne.Size, touch bool, variant fyne.ThemeVariant) *stage {
	t.Helper()
	var a fyne.App = test.NewTempApp(t)
	s := &stage{}
	if touch {
		s.handset = newHandset(a)
		a = s.handset
	}
	a.Settings().SetTheme(Theme{Variant: &variant})
	s.window = a.NewWindow("")
	s.window.SetPadded(false)
	s.window.Resize(size)
	s.view = newView(s.window.Canvas(), func() fyne.ThemeVariant { return variant }, func(act) {}, func(string) {}, func(string) image.Image { return nil })
	s.later = func(time.Duration, func()) {} // no clock: a test says itself when a touch is over
	return s
}

func (s *stage) play(what situation) { s.show(pageFor(english(), what.state, what.facts)) }

// Each page is drawn on one of a few screens, which will do to see that it is; what lies
// where on every one of them is measured elsewhere.
func TestPictures_ofEveryPageAreDrawn(t *testing.T) {
	few := []string{"desktop", "phone-dark"}
	for _, screen := range screens {
		j := slices.Index(few, screen.name)
		if *pictures == "" && j < 0 {
			continue
		}
		s := newStage(t, screen.size, screen.touch, screen.variant)
		for i, what := range situations() {
			if *pictures == "" && (i%2 != j || raceDetector && i%16 > 1-j) {
				continue
			}
			s.play(what)
			img := s.window.Canvas().Capture()
			if n := colors(img); n < 8 {
				t.Errorf("%s, %s: the page has %d colours, which is an empty page", what.name, screen.name, n)
			}
			if *pictures != "" {
				writePicture(t, filepath.Join(*pictures, what.name+"-"+screen.name+".png"), img)
			}
		}
	}
}

func writePicture(t *testing.T, file string, img image.Image) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
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
