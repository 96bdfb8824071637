package mobileapps_test

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/mobileapps"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestPages_lookAsTheyDid(t *testing.T) { consoletest.Golden(t, mobileapps.New(nil, nil)) }

const (
	clientID = "11111111-1111-4111-8111-111111111111"
	tenantID = "22222222-2222-4222-8222-222222222222"
)

func pages(c *consoletest.Console) []console.Section {
	return []console.Section{mobileapps.New(&mobile.Setup{Store: c.Store, Now: c.Now}, c.Store)}
}

func each(t *testing.T, test func(*testing.T, *consoletest.Console)) {
	consoletest.Each(t, pages, func(t *testing.T, c *consoletest.Console) {
		if _, err := c.Store.UpdateWorkspace(t.Context(), "acme", c.Now(), func(w *directory.Workspace) error {
			w.Microsoft.ClientID, w.Microsoft.TenantID = clientID, tenantID
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		test(t, c)
	})
}

// built is a file that other people's programs made.
func built(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "builtapp", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// req: G1
// req: G2
func TestIOS_theRightRedirectURIStandsThereAndEveryOtherIsExplained(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		c.Get("/workspaces/acme/mobile").OK().Has("Configure the mobile app", "Bundle ID", "Signature hash", "lanyard://sso/acme")
		c.Post("/workspaces/acme/mobile/add-ios", url.Values{"bundle_id": {"com acme"}}).Is(http.StatusBadRequest).Has("com acme")
		page := c.Post("/workspaces/acme/mobile/add-ios", url.Values{"bundle_id": {" com.acme.app "}}).Is(http.StatusSeeOther).Follow().OK().
			Has("App registrations", "All applications", "Authentication", "Add a platform", "iOS / macOS", "Configure", "Redirect URI", "Continue")
		if !strings.Contains(page.Body, `value="msauth.com.acme.app://auth"`) || !strings.Contains(page.Body, `value="com.acme.app"`) {
			t.Error("the Redirect URI or the Bundle ID is not filled in")
		}
		const at = "/workspaces/acme/mobile/ios?bundle_id=com.acme.app"
		for pasted, want := range map[string]problem.Code{
			"msauth.com.acme.app://auth/": problem.RedirectSlash, "msauth.com.acme.App://auth": problem.RedirectBundleCase,
			"msauth.com.other.app://auth": problem.RedirectBundle, "msal" + clientID + "://auth": problem.RedirectMSALScheme,
			"msauth://com.acme.app/auth": problem.RedirectDot, "Msauth.com.acme.app://auth": problem.RedirectSchemeCase,
			"msauth.com.acme.app://": problem.RedirectIncomplete, "": "",
		} {
			a := c.Post(at, url.Values{"bundle_id": {"com.acme.app"}, "redirect_uri": {pasted}}).Is(http.StatusBadRequest)
			if want != "" {
				a.Has(problem.Lookup(want).Sentence, "msauth.com.acme.app://auth")
			}
			code := c.JSON(http.MethodPost, "/workspaces/acme/mobile/ios", map[string]any{"bundle_id": "com.acme.app", "redirect_uri": pasted}).Is(http.StatusBadRequest).Code()
			if want != "" && code != want {
				t.Errorf("%q: %s, want %s", pasted, code, want)
			}
		}
		c.Post(at, url.Values{"bundle_id": {"com.acme.app"}, "redirect_uri": {"msauth.com.acme.app://auth"}, "version": {"1"}}).Is(http.StatusSeeOther).Follow().OK().Has("Registered", "com.acme.app")
		c.Get(at).OK().Has("The Redirect URI was confirmed")
		c.Get("/workspaces/acme/mobile/ios?bundle_id=com.nobody").Is(http.StatusNotFound)
	})
}

// req: G3
// req: G4
func TestAndroid_theMSALConfigurationIsHeldAgainstTheWorkspaceAndKept(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		hash := redirect.HashOf([]byte("a certificate"))
		app := redirect.Android{Package: "com.acme.app", Hash: hash}
		c.Post("/workspaces/acme/mobile/add-android", url.Values{"package": {"com.acme.app"}}).Is(http.StatusBadRequest)
		c.Post("/workspaces/acme/mobile/add-android", url.Values{"package": {"com.acme.app"}, "signature_hash": {"x"}}).Is(http.StatusBadRequest)
		page := c.Post("/workspaces/acme/mobile/add-android", url.Values{"package": {"com.acme.app"}, "signature_hash": {hash.String()}, "label": {"release"}}).
			Is(http.StatusSeeOther).Follow().OK().Has("Package name", "Signature hash", "MSAL Configuration", "Android", app.IntentPath())
		if !strings.Contains(page.Body, clientID) {
			t.Error("what the configuration should be is not filled in")
		}
		at := "/workspaces/acme/mobile/android?" + url.Values{"package": {"com.acme.app"}, "signature_hash": {hash.String()}}.Encode()
		paste := func(text string) *consoletest.Answer {
			return c.Post(at, url.Values{"package": {"com.acme.app"}, "signature_hash": {hash.String()}, "msal": {text}, "version": {"1"}})
		}
		right := string(redirect.NewMSAL(clientID, tenantID, app).JSON())
		for name, wrong := range map[string]string{
			"empty": "", "no JSON": "{", "another client": strings.Replace(right, clientID, tenantID, 1),
			"another tenant": strings.Replace(right, tenantID, clientID, 1), "not encoded": strings.Replace(right, hash.Encoded(), hash.String(), 1),
			"encoded twice": strings.ReplaceAll(right, "%", "%25"), "another app": strings.ReplaceAll(right, "com.acme.app", "com.evil.app"),
		} {
			if a := paste(wrong); a.Status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", name, a.Status, a.Text())
			}
		}
		paste(right).Is(http.StatusSeeOther).Follow().OK().Has("Registered, MSAL configuration kept", "registered "+app.RedirectURI())
		c.Get(at).OK().Has("An MSAL Configuration is kept")
		// Somebody else was quicker: both versions are named.
		paste(strings.Replace(right, `"client_id"`, ` "client_id"`, 1)).Is(http.StatusConflict).Has("LY-MOBILE-201", "version 2", "Yours would be")
		m, err := c.Store.Mobile(t.Context(), "acme")
		if err != nil || len(m.Android) != 1 || m.Android[0].MSAL == nil || !m.Android[0].MSAL.Fits(directory.Microsoft{ClientID: clientID, TenantID: tenantID}) || m.By != "ada@acme.example" {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// req: G1
// req: G3
func TestUpload_aBuiltAppIsReadAndWhatIsWrongWithItIsSaid(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		send := func(name string, data []byte, form url.Values) *consoletest.Answer {
			return c.PostFile("/workspaces/acme/mobile/upload", form, "file", name, data)
		}
		apk := built(t, "rotated.apk")
		app, err := builtapp.Read(bytes.NewReader(apk), int64(len(apk)), builtapp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		page := send("app.apk", apk, nil).Is(http.StatusSeeOther).Follow().OK().Has("Read: " + app.ID)
		for _, h := range app.Hashes() {
			page.Has(h.String())
		}
		send("app.apk", apk, url.Values{"of_package": {"com.other"}}).Is(http.StatusBadRequest).Has(problem.Lookup(problem.MobileOtherApp).Sentence)
		send("unsigned.apk", built(t, "unsigned.apk"), nil).Is(problem.Lookup(problem.AppUnsigned).Status).Has(problem.Lookup(problem.AppUnsigned).Sentence)
		send("x.bin", []byte("no app at all"), nil).Has(problem.Lookup(problem.AppUnknown).Sentence)
		send("damaged.apk", apk[:len(apk)/2], nil).Has(problem.Lookup(problem.AppDamaged).Sentence)
		send("Info.plist", built(t, "ios.plist"), nil).Is(http.StatusSeeOther).Follow().OK().Has("msauth.")
		// A keystore needs its password and the name of its app, and the password is
		// shown to nobody again.
		jks := built(t, "rsa.jks")
		send("key.jks", jks, url.Values{"of_package": {"com.acme.app"}}).Has(problem.Lookup(problem.KeystoreLocked).Sentence)
		send("key.jks", jks, url.Values{"of_package": {"com.acme.app"}, "password": {"wrong-secret"}}).Has(problem.Lookup(problem.KeystorePassword).Sentence).HasNot("wrong-secret")
		send("key.pem", built(t, "rsa.pem"), nil).Is(http.StatusBadRequest).Has(problem.Lookup(problem.MobileNoPackage).Sentence)
		send("key.pem", built(t, "rsa.pem"), url.Values{"of_package": {"com.acme.app"}}).Is(http.StatusSeeOther).Follow().OK().Has("com.acme.app")
		c.Post("/workspaces/acme/mobile/upload", nil).Is(http.StatusBadRequest)
	})
}

func TestRemove_anAppIsGoneAndIsNamedBefore(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console) {
		c.Post("/workspaces/acme/mobile/add-ios", url.Values{"bundle_id": {"com.acme.app"}}).Is(http.StatusSeeOther)
		c.Post("/workspaces/acme/mobile/desktop", url.Values{"redirect_uri": {"https://localhost"}}).Is(http.StatusBadRequest)
		c.Post("/workspaces/acme/mobile/desktop", url.Values{"redirect_uri": {"http://localhost"}}).Is(http.StatusSeeOther).Follow().OK().Has("Apps on desktops return to")
		const uri = "msauth.com.acme.app://auth"
		at := "/workspaces/acme/mobile/remove?" + url.Values{"redirect_uri": {uri}}.Encode()
		c.Get(at).OK().Has("Remove com.acme.app", uri)
		c.Get("/workspaces/acme/mobile/remove?redirect_uri=x").Is(http.StatusNotFound)
		c.Post(at, url.Values{"redirect_uri": {uri}, "version": {"1"}}).Is(http.StatusConflict).Has("LY-MOBILE-201", "desktops")
		c.Post(at, url.Values{"redirect_uri": {uri}, "version": {"2"}}).Is(http.StatusSeeOther).Follow().OK().Has("No app for iOS or macOS yet", "removed "+uri)
		c.Post(at, url.Values{"redirect_uri": {uri}}).Is(http.StatusNotFound)
		c.As(consoletest.With(console.Viewer))
		c.Get("/workspaces/acme/mobile").OK().HasNot("Upload and read", "Add for Android")
		c.Post("/workspaces/acme/mobile/add-ios", url.Values{"bundle_id": {"com.acme.app"}}).Is(http.StatusForbidden)
		// Whoever came by a setup link for this part may use it, and no other.
		c.As(console.Principal{ID: "l", Link: &console.LinkScope{ID: "l", Workspace: "acme", Module: directory.ModuleMobile}})
		c.Post("/workspaces/acme/mobile/add-ios", url.Values{"bundle_id": {"com.acme.app"}}).Is(http.StatusSeeOther)
		c.As(console.Principal{ID: "l", Link: &console.LinkScope{ID: "l", Workspace: "acme", Module: directory.ModuleSAML}})
		c.Get("/workspaces/acme/mobile").Is(http.StatusForbidden)
	})
}

// The code is drawn as the other program's picture says: dark modules where it is
// dark, and nothing else.
func TestQR_theCodeHoldsTheLinkOfTheWorkspace(t *testing.T) {
	c := consoletest.New(t, pages)
	links := map[string]string{"app": "lanyard://sso/acme", "web": c.Server.String() + "/sso/acme"}
	for link, want := range links {
		a := c.Get("/workspaces/acme/mobile/qr.svg?link=" + link).OK()
		if kind := a.Header.Get("Content-Type"); kind != "image/svg+xml" || a.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %s, %s", link, kind, a.Header.Get("Content-Disposition"))
		}
		if err := xml.Unmarshal([]byte(a.Body), new(struct{})); err != nil {
			t.Errorf("%s is no SVG: %v", link, err)
		}
		same(t, a.Body, want)
	}
	c.Get("/workspaces/acme/mobile/qr.svg?link=file").Is(http.StatusBadRequest)
}

var bar = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)

// same paints an SVG of bars, and compares it with the code of a text.
func same(t *testing.T, svg, text string) {
	t.Helper()
	code := mobileapps.Code(t, text)
	size := code.Bounds().Dx()
	got := image.NewGray(image.Rect(0, 0, size, size))
	for _, m := range bar.FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for i := range n {
			got.SetGray(x-4+i, y-4, color.Gray{Y: 255})
		}
	}
	dark := 0
	for y := range size {
		for x := range size {
			r, _, _, _ := code.At(x, y).RGBA()
			if is := r < 0x8000; is != (got.GrayAt(x, y).Y == 255) {
				t.Fatalf("the module at %d, %d is not as it should be", x, y)
			} else if is {
				dark++
			}
		}
	}
	if dark < size {
		t.Errorf("%d dark modules in a code of %d", dark, size)
	}
}
