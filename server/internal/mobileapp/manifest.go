package mobileapp

import (
	_ "embed"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// What the manifest names and package platform provides.
const (
	// FuncName is the C function that receives a redirect.
	FuncName = "Lanyard_onRedirect"
	// LinkScheme and LinkHost begin a link to a workspace: lanyard://sso/acme.
	LinkScheme, LinkHost = "lanyard", "sso"
	// LinkPath begins the path of such a link on a server: https://…/sso/acme.
	LinkPath = "/sso/"
)

// Classes of the two activities, and the meta-data that NativeActivity reads.
const (
	redirectActivity = "android.app.NativeActivity"
	appActivity      = "org.golang.app.GoNativeActivity"
	metaFuncName     = "android.app.func_name"
	metaLibName      = "android.app.lib_name"
)

// maxBuild is the largest versionCode that Google Play takes (Android
// developers, "Version your app").
const maxBuild = 2_100_000_000

// maxHashes is far more certificates than an app has keys.
const maxHashes = 20

// Info is what the manifest of an app is made from.
type Info struct {
	// Package is the application ID: FyneApp.toml's ID.
	Package string
	// Name is what people see under the icon.
	Name string
	// Version is versionName, Build versionCode; a Build of 0 is 1, as Fyne
	// has it.
	Version string
	Build   int
	// Hashes are those of the certificates that the app may be signed with,
	// such as a key of one's own and Google Play's; at least one.
	Hashes []redirect.Hash
	// LinkHost is a host whose links https://LinkHost/sso/… may open the app.
	// Empty means none.
	LinkHost string
	// Debuggable lets everyone with a cable look into the app. It must not be
	// released so.
	Debuggable bool
	// InsecureAllowDebugKey takes the hash of the key that Fyne publishes. Only
	// for trying things out, in a tenant that holds nothing.
	InsecureAllowDebugKey bool
}

//go:embed manifest.xml
var manifestText string

var manifestTemplate = template.Must(template.New("manifest").Funcs(template.FuncMap{"xml": escaped}).Parse(manifestText))

// Manifest returns the AndroidManifest.xml to lie beside main. Of each hash
// there is one intent filter.
//
// What Fyne asks of it (fyne.io/fyne/v2 2.7.1, cmd/fyne/internal/mobile): its
// own activity is the last; there is no uses-sdk and no android:icon, which it
// adds; and there are no attributes that Android 4.0.3 (API 15) did not know.
func Manifest(i Info) (string, error) {
	if i.Build == 0 {
		i.Build = 1
	}
	if err := i.check(); err != nil {
		return "", err
	}
	var filters []string
	var seen []redirect.Hash
	for _, h := range i.Hashes {
		if !slices.Contains(seen, h) {
			seen = append(seen, h)
			filters = append(filters, indented(redirect.Android{Package: i.Package, Hash: h}.IntentFilter()))
		}
	}
	var b strings.Builder
	err := manifestTemplate.Execute(&b, map[string]any{
		"I": i, "Filters": filters, "Library": LibName(i.Name),
		"RedirectActivity": redirectActivity, "AppActivity": appActivity, "MetaFunc": metaFuncName, "MetaLib": metaLibName,
		"Func": FuncName, "LinkScheme": LinkScheme, "LinkHost": LinkHost, "LinkPath": LinkPath,
	})
	if err != nil {
		panic("mobileapp: " + err.Error()) // texts and numbers can be written
	}
	return b.String(), nil
}

// check refuses what Android or Fyne would refuse later, or would take and
// never deliver a redirect for.
func (i Info) check() error {
	if err := redirect.CheckPackage(i.Package); err != nil {
		code, _ := problem.Of(err)
		return problem.Detailf(code, "%q cannot be the app's ID on Android; change ID in FyneApp.toml before anything is registered.", shortly(i.Package))
	}
	for name, text := range map[string]string{"Name": i.Name, "Version": i.Version} {
		if text == "" || len(text) > 100 || !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
			return problem.Detailf(problem.BadAppDetails, "%s must have 1 to 100 printable characters.", name)
		}
	}
	if i.Build < 0 || i.Build > maxBuild {
		return problem.Detailf(problem.BadAppDetails, "Build must be 1 to %d.", maxBuild)
	}
	if len(i.Hashes) == 0 {
		return problem.New(problem.HashEmpty)
	}
	if len(i.Hashes) > maxHashes {
		return problem.Detailf(problem.BadAppDetails, "More than %d signature hashes were given.", maxHashes)
	}
	for _, h := range i.Hashes {
		if _, err := redirect.ParseHash(h.String(), redirect.HashOptions{InsecureAllowDebugKey: i.InsecureAllowDebugKey}); err != nil {
			return err
		}
	}
	if i.LinkHost != "" && (len(i.LinkHost) > 253 || !hostForm.MatchString(i.LinkHost)) {
		return problem.Detailf(problem.BadAppDetails, "The host of links must be a name alone in small letters, such as sso.example.com.")
	}
	return nil
}

// hostForm is a name in DNS, as a browser writes it: other letters than these
// in punycode.
var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// unprintable reports whether XML 1.0 cannot hold r (section 2.2), or a line of
// text should not.
func unprintable(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff || r == utf8.RuneError
}

// LibName returns the name that `fyne package` gives the library of an app of
// that name: libNAME.so is what both activities load.
func LibName(appName string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, appName)
	if name == "" || name[0] == '_' || name[0] >= '0' && name[0] <= '9' {
		name = "go" + name
	}
	if slices.Contains(javaWords, name) {
		name += "_"
	}
	return name
}

// javaWords are Java's keywords that Go has not (The Java Language
// Specification, section 3.9), as far as Fyne minds them.
var javaWords = strings.Fields(`abstract assert boolean byte catch char class do double enum extends final finally
	float implements instanceof int long native private protected public short static strictfp super synchronized this
	throw throws transient try void volatile while`)

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}

// indented moves the lines of a filter to where an activity's children stand.
func indented(filter string) string {
	return "\t\t\t" + strings.ReplaceAll(strings.TrimSpace(filter), "\n", "\n\t\t\t")
}

// shortly cuts what others wrote to a length that fits a sentence.
func shortly(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// mark is the comment by which a manifest of ours is known again.
const mark = `<!-- Written by "lanyardd mobile manifest"`

// Written reports whether a manifest is one that [Manifest] made, so that it
// may be replaced.
func Written(manifest []byte) bool { return strings.Contains(string(manifest), mark) }
