package redirect_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// The vector of Microsoft's own sample: keytool's fingerprint of its
// debug.keystore, and what its manifest and registration say.
const (
	sampleSHA1 = "D7:02:2A:5D:2A:81:8F:BC:3E:87:5D:59:89:FB:27:AB:08:32:2A:B6"
	sampleHash = "1wIqXSqBj7w+h11ZifsnqwgyKrY="
	samplePath = "/1wIqXSqBj7w+h11ZifsnqwgyKrY="
	sampleURI  = "msauth://com.azuresamples.msalandroidapp/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
	fyneHash   = "/mFs2Yzr6mRVUItgVUANroj4PyI="
)

func hashOf(t testing.TB, fingerprint string) redirect.Hash {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(fingerprint, ":", ""))
	if err != nil {
		t.Fatal(err)
	}
	return redirect.Hash(raw)
}

func TestAndroid_itComputesWhatMicrosoftsSampleRegisters(t *testing.T) {
	a := redirect.Android{Package: "com.azuresamples.msalandroidapp", Hash: hashOf(t, sampleSHA1)}
	for what, c := range map[string][2]string{
		"hash":        {a.Hash.String(), sampleHash},
		"URI":         {a.RedirectURI(), sampleURI},
		"path":        {a.IntentPath(), samplePath},
		"fingerprint": {a.Hash.Fingerprint(), sampleSHA1},
	} {
		if c[0] != c[1] {
			t.Errorf("%s %q, want %q", what, c[0], c[1])
		}
	}
	fyne := redirect.Android{Package: "dev.acme.app", Hash: hashOf(t, "FE:61:6C:D9:8C:EB:EA:64:55:50:8B:60:55:40:0D:AE:88:F8:3F:22")}
	if got := fyne.RedirectURI(); got != "msauth://dev.acme.app/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D" || fyne.IntentPath() != "//mFs2Yzr6mRVUItgVUANroj4PyI=" {
		t.Errorf("a hash with a slash in front: %s, %s", got, fyne.IntentPath())
	}
	if !fyne.Hash.Public() || a.Hash.Public() {
		t.Error("Fyne's key is not told from others")
	}
}

func TestApple_itComputesSchemeAndURI(t *testing.T) {
	a := redirect.Apple{BundleID: "com.acme.app"}
	if a.RedirectURI() != "msauth.com.acme.app://auth" || a.Scheme() != "msauth.com.acme.app" {
		t.Errorf("%s, %s", a.RedirectURI(), a.Scheme())
	}
	if got := redirect.Broker("6731de76-14a6-49ae-97bc-6eba6914391e"); got != "ms-appx-web://microsoft.aad.brokerplugin/6731de76-14a6-49ae-97bc-6eba6914391e" {
		t.Errorf("Broker = %s", got)
	}
}

func TestDeclarations_theyCanBeReadAndHoldTheRightValues(t *testing.T) {
	a := redirect.Android{Package: "com.acme.app", Hash: hashOf(t, sampleSHA1)}
	var filter struct {
		Data struct {
			Scheme string `xml:"scheme,attr"`
			Host   string `xml:"host,attr"`
			Path   string `xml:"path,attr"`
		} `xml:"data"`
	}
	if err := xml.Unmarshal([]byte(a.IntentFilter()), &filter); err != nil {
		t.Fatal(err)
	}
	if filter.Data.Scheme != "msauth" || filter.Data.Host != "com.acme.app" || filter.Data.Path != samplePath {
		t.Errorf("filter %+v", filter)
	}
	var plist struct {
		Keys   []string `xml:"key"`
		Arrays []struct {
			Strings []string `xml:"string"`
			Dicts   []struct {
				Array struct {
					Strings []string `xml:"string"`
				} `xml:"array"`
			} `xml:"dict"`
		} `xml:"array"`
	}
	if err := xml.Unmarshal([]byte("<dict>"+redirect.Apple{BundleID: "com.acme.app"}.InfoPlist()+"</dict>"), &plist); err != nil {
		t.Fatal(err)
	}
	if len(plist.Arrays) != 2 || plist.Arrays[0].Dicts[0].Array.Strings[0] != "msauth.com.acme.app" || plist.Arrays[1].Strings[1] != "msauthv3" {
		t.Errorf("plist %+v", plist)
	}
}

// wrongForm is one thing that people paste, and what they must be told.
type wrongForm struct {
	why, pasted string
	code        problem.Code
}

// hold checks that err has the code, says the right value, and never repeats
// what was pasted.
func hold(t *testing.T, err error, code problem.Code, right string) {
	t.Helper()
	got, text := problem.Of(err)
	if err == nil || got != code {
		t.Fatalf("%v, want %s", err, code)
	}
	if text == problem.Lookup(problem.Internal) {
		t.Errorf("%s has no sentence of its own", code)
	}
	if redirect.Right(err) != right {
		t.Errorf("the right value is %q, want %q", redirect.Right(err), right)
	}
	if !strings.Contains(problem.DetailOf(err), right) {
		t.Errorf("the detail %q does not say %q", problem.DetailOf(err), right)
	}
}

// TestCheckApple_itNamesEveryWrongForm is row G2's table.
// req: G2
func TestCheckApple_itNamesEveryWrongForm(t *testing.T) {
	app := redirect.Apple{BundleID: "com.acme.App"}
	for _, c := range []wrongForm{
		{"nothing", " \n", problem.RedirectEmpty},
		{"another bundle", "msauth.com.acme.other://auth", problem.RedirectBundle},
		{"the bundle in small letters", "msauth.com.acme.app://auth", problem.RedirectBundleCase},
		{"the scheme in capitals", "MSAUTH.com.acme.App://auth", problem.RedirectSchemeCase},
		{"a slash at the end", "msauth.com.acme.App://auth/", problem.RedirectSlash},
		{"several slashes at the end", "msauth.com.acme.App://auth//", problem.RedirectSlash},
		{"MSAL's older kind", "msal6731de76-14a6-49ae-97bc-6eba6914391e://auth", problem.RedirectMSALScheme},
		{"MSAL's older kind in capitals", "MSAL6731DE76-14A6-49AE-97BC-6EBA6914391E://auth", problem.RedirectMSALScheme},
		{"ADAL's", "x-msauth-com-acme-App://com.acme.App", problem.RedirectADALScheme},
		{"the bundle alone", "com.acme.App", problem.RedirectIncomplete},
		{"the scheme alone", "msauth.com.acme.App", problem.RedirectIncomplete},
		{"the scheme and nothing behind", "msauth.com.acme.App://", problem.RedirectIncomplete},
		{"one slash", "msauth.com.acme.App:/auth", problem.RedirectMalformed},
		{"no slash", "msauth.com.acme.App:auth", problem.RedirectMalformed},
		{"no stop", "msauthcom.acme.App://auth", problem.RedirectDot},
		{"two stops", "msauth..com.acme.App://auth", problem.RedirectDot},
		{"no bundle", "msauth://auth", problem.RedirectDot},
		{"Apple's team before it", "msauth.ABCDE12345.com.acme.App://auth", problem.RedirectTeamID},
		{"Auth with a capital", "msauth.com.acme.App://Auth", problem.RedirectAuthority},
		{"another word", "msauth.com.acme.App://login", problem.RedirectAuthority},
		{"a path", "msauth.com.acme.App://auth/callback", problem.RedirectAuthority},
		{"a query", "msauth.com.acme.App://auth?x=1", problem.RedirectQuery},
		{"a fragment", "msauth.com.acme.App://auth#", problem.RedirectQuery},
		{"all of it encoded", "msauth.com.acme.App%3A%2F%2Fauth", problem.RedirectAllEncoded},
		{"Android's", "msauth://com.acme.App/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", problem.RedirectOtherSystem},
		{"its own, written as Android's are", "msauth://com.acme.app/auth", problem.RedirectDot},
		{"a desktop's", "http://localhost", problem.RedirectOtherSystem},
		{"the broker's", "ms-appx-web://microsoft.aad.brokerplugin/6731de76", problem.RedirectOtherSystem},
		{"out of band", "urn:ietf:wg:oauth:2.0:oob", problem.RedirectOtherSystem},
		{"a web site's", "https://acme.example/auth", problem.RedirectWeb},
		{"an own scheme", "com.acme.App://auth", problem.RedirectOther},
		{"quotation marks", `"msauth.com.acme.App://auth"`, problem.RedirectCharacters},
		{"a space inside", "msauth.com.acme. App://auth", problem.RedirectCharacters},
		{"a character nobody sees", "msauth.com.acme.App://\u200bauth", problem.RedirectCharacters},
		{"a placeholder", "msauth.<your.bundle.id>://auth", problem.RedirectCharacters},
		{"two of them", "msauth.com.acme.App://auth\nmsauth.com.acme.other://auth", problem.RedirectSeveral},
		{"more than Entra takes", "msauth." + strings.Repeat("a", 250) + "://auth", problem.RedirectTooLong},
	} {
		t.Run("it knows "+c.why, func(t *testing.T) {
			_, err := redirect.CheckApple(c.pasted, app)
			hold(t, err, c.code, app.RedirectURI())
		})
	}
	for _, pasted := range []string{app.RedirectURI(), " " + app.RedirectURI() + "\r\n"} {
		if got, err := redirect.CheckApple(pasted, app); err != nil || got != app.RedirectURI() {
			t.Errorf("%q gives %q, %v", pasted, got, err)
		}
	}
	if got, err := redirect.CheckApple("msauth.com.any.one://auth", redirect.Apple{}); err != nil || got != "msauth.com.any.one://auth" {
		t.Errorf("without a bundle ID to hold it against: %q, %v", got, err)
	}
	_, err := redirect.CheckApple("msauth.com.any.one://auth/", redirect.Apple{})
	hold(t, err, problem.RedirectSlash, "msauth.com.any.one://auth")
}

func TestCheckDesktop_itTakesLoopbackAlone(t *testing.T) {
	if got, err := redirect.CheckDesktop(" http://localhost\n"); err != nil || got != redirect.Loopback {
		t.Errorf("%q, %v", got, err)
	}
	for _, c := range []wrongForm{
		{"a slash", "http://localhost/", problem.RedirectSlash},
		{"a port", "http://localhost:8080", problem.RedirectLoopback},
		{"a path", "http://localhost/callback", problem.RedirectLoopback},
		{"https", "https://localhost", problem.RedirectLoopback},
		{"the number", "http://127.0.0.1", problem.RedirectLoopback},
		{"IPv6, which Entra does not know", "http://[::1]", problem.RedirectLoopback},
		{"capitals", "http://LocalHost", problem.RedirectLoopback},
		{"no scheme", "localhost", problem.RedirectLoopback},
		{"a host that begins alike", "http://localhost.evil.example", problem.RedirectWeb},
		{"a name before it", "http://localhost@evil.example", problem.RedirectWeb},
		{"a phone's", "msauth.com.acme.app://auth", problem.RedirectOtherSystem},
		{"MSAL's older kind", "msal6731de76-14a6-49ae-97bc-6eba6914391e://auth", problem.RedirectMSALScheme},
	} {
		t.Run("it knows "+c.why, func(t *testing.T) {
			_, err := redirect.CheckDesktop(c.pasted)
			hold(t, err, c.code, redirect.Loopback)
		})
	}
}

func TestNames_theyHaveTheFormTheirSystemsAsk(t *testing.T) {
	for name, ok := range map[string]bool{
		"com.acme.app": true, "a.b": true, "com.acme_2.App": true,
		"": false, "acme": false, "com..acme": false, ".com.acme": false, "com.acme.": false, "com.2acme": false, "com.acme-app": false, "com.acme app": false,
		"com." + strings.Repeat("a", 250): false,
	} {
		if err := redirect.CheckPackage(name); (err == nil) != ok {
			t.Errorf("package %q: %v", name, err)
		}
	}
	for id, ok := range map[string]bool{
		"com.acme.app": true, "com.acme-2.App": true, "acme": true,
		"": false, "com..acme": false, "com.acme_app": false, "com.acme.": false, "com/acme": false, strings.Repeat("a", 250): false,
	} {
		if err := redirect.CheckBundleID(id); (err == nil) != ok {
			t.Errorf("bundle %q: %v", id, err)
		}
	}
}

func FuzzCheckApple(f *testing.F) {
	for _, s := range []string{"msauth.com.acme.App://auth", "msauth://", "msauth.:///", "msauth", ":", "msal://", "msauth.ABCDE12345.a://auth"} {
		f.Add(s, "com.acme.App")
	}
	f.Fuzz(func(t *testing.T, pasted, bundle string) {
		if redirect.CheckBundleID(bundle) != nil {
			return
		}
		a := redirect.Apple{BundleID: bundle}
		got, err := redirect.CheckApple(pasted, a)
		if err == nil && (got != a.RedirectURI() || strings.TrimSpace(pasted) != got) {
			t.Errorf("%q was taken for %q", pasted, a.RedirectURI())
		}
		if err != nil && strings.TrimSpace(pasted) == a.RedirectURI() {
			t.Errorf("the right one is refused: %v", err)
		}
		for _, check := range []func() error{
			func() error { _, err := redirect.CheckApple(pasted, redirect.Apple{}); return err },
			func() error { _, err := redirect.CheckDesktop(pasted); return err },
		} {
			if err := check(); err != nil && problem.DetailOf(err) == "" && redirect.Right(err) != "" {
				t.Errorf("%v hides the right value", err)
			}
		}
	})
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
