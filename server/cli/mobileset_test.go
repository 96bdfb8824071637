package cli_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
)

// built is a file that other people's programs made: see the README beside it.
func built(name string) string {
	return filepath.Join("..", "internal", "builtapp", "testdata", name)
}

// archive makes a zip file that holds one file.
func archive(t *testing.T, name, inside string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	w, err := z.Create(inside)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestMobileVerify_itPrintsWhatOthersWroteAsTextAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.json")
	registration := `{"appId":"11111111-1111-4111-8111-111111111111","publicClient":{"redirectUris":["http://localhost",` +
		`"msauth://com.acme.app/\u001b]0;x\u0007","msauth.com.acme.app\u009b31m://auth",` +
		`"` + redirect.Android{Package: "com.acme.app", Hash: redirect.FyneDebug()}.RedirectURI() + `\n\u000b"]},` +
		`"appRoles":[{"id":"22222222-1111-4111-8111-111111111111","displayName":"\u001b[2J","value":"v\u001b"}]}`
	if err := os.WriteFile(file, []byte(registration), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errOut, code := runHere(t, nil, "mobile", "verify", built("v2.apk"), "--registration", file)
	if code != 1 || !strings.Contains(out, "msauth") {
		t.Fatalf("%d\n%s\n%s", code, out, errOut)
	}
	if i := strings.IndexFunc(out+errOut, func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e }); i >= 0 {
		t.Errorf("a terminal would obey\n%q", out+errOut)
	}
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		if !strings.HasPrefix(strings.TrimPrefix(l, "note "), "LY-") {
			t.Errorf("a difference has a second line: %q", l)
		}
	}
}

// req: G2
// req: G4
func TestMobileSet_itTakesWhatIsRegisteredFromTheBuiltApp(t *testing.T) {
	plist, err := os.Open(built("ios.bplist"))
	if err != nil {
		t.Fatal(err)
	}
	defer plist.Close()
	content, err := io.ReadAll(plist)
	if err != nil {
		t.Fatal(err)
	}
	ipa := archive(t, "app.ipa", "Payload/Acme.app/Info.plist", content)
	for name, c := range map[string]struct {
		args []string
		want string // bundle IDs, then packages with labels and how many certificates there are
	}{
		"an APK":                           {[]string{"--from", built("v2.apk")}, "[] [com.acme.app:] 1"},
		"an APK with two signers":          {[]string{"--from", built("two.apk")}, "[] [com.acme.app: com.acme.app:] 2"},
		"an APK whose key was rotated":     {[]string{"--from", built("rotated.apk")}, "[] [com.acme.app:rotated com.acme.app:] 2"},
		"an IPA":                           {[]string{"--from", ipa}, "[com.acme.app] [] 0"},
		"both":                             {[]string{"--from", ipa, "--from", built("v1.apk")}, "[com.acme.app] [com.acme.app:] 1"},
		"a keystore for a package":         {[]string{"--from", built("rsa.p12"), "--package", "com.acme.app"}, "[] [com.acme.app:] 1"},
		"a certificate for a package":      {[]string{"--from", built("new.pem"), "--package", "com.acme.app"}, "[] [com.acme.app:] 1"},
		"an APK, and Google Play's beside": {[]string{"--from", built("v1.apk"), "--from", built("new.pem")}, "[] [com.acme.app: com.acme.app:] 2"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.env = map[string]string{"LANYARD_KEYSTORE_PASSWORD": "secret"}
			var d mobile.Document
			o.must(&d, append([]string{"mobile", "set", "acme"}, c.args...)...)
			bundles, packages := []string{}, []string{}
			for _, a := range d.Apple {
				bundles = append(bundles, a.BundleID)
			}
			for _, a := range d.Android {
				packages = append(packages, a.Package+":"+a.Label)
				if !strings.HasPrefix(a.RedirectURI, "msauth://"+a.Package+"/") {
					t.Errorf("registered %+v", a)
				}
			}
			if got := fmt.Sprint(bundles, packages, len(packages)); got != c.want {
				t.Errorf("registered %s, want %s", got, c.want)
			}
		})
	}
}

func TestMobileSet_itChoosesAmongTheCertificatesOfTheBuiltApp(t *testing.T) {
	o := newOffice(t)
	var all, one mobile.Document
	o.must(&all, "mobile", "set", "acme", "--from", built("two.apk"), "--dry-run")
	hash := all.Android[1].SignatureHash
	o.must(&one, "mobile", "set", "acme", "--from", built("two.apk"), "--signature-hash", "release="+hash)
	if len(one.Android) != 1 || one.Android[0].SignatureHash != hash || one.Android[0].Label != "release" {
		t.Errorf("registered %+v", one.Android)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		say  string
	}{
		"a certificate it is not signed with": {[]string{"--from", built("two.apk"), "--signature-hash", "1wIqXSqBj7w+h11ZifsnqwgyKrY="}, 1, "LY-MOBILE-009"},
		"another package":                     {[]string{"--from", built("two.apk"), "--package", "com.acme.other"}, 2, "two.apk is com.acme.app, and not com.acme.other"},
		"no signature":                        {[]string{"--from", built("unsigned.apk")}, 1, "LY-MOBILE-080"},
		"a certificate of no app":             {[]string{"--from", built("new.pem")}, 2, "--package"},
		"a file that is none":                 {[]string{"--from", built("README.md")}, 1, "LY-MOBILE-060"},
		"a file that is not there":            {[]string{"--from", "gone.apk"}, 2, "gone.apk"},
		"a URI of another app":                {[]string{"--from", built("v2.apk"), "--redirect-uri", "msauth://com.acme.b/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"}, 1, "LY-REDIR-030"},
	} {
		_, said, code := o.run(append([]string{"mobile", "set", "acme"}, c.args...)...)
		if code != c.code || !strings.Contains(said, c.say) {
			t.Errorf("%s: %d %s", name, code, said)
		}
	}
	var now mobile.Document
	o.must(&now, "mobile", "show", "acme")
	if now.Version != 1 || !slices.EqualFunc(now.Android, one.Android, func(a, b mobile.AndroidDocument) bool { return a.RedirectURI == b.RedirectURI }) {
		t.Errorf("something more was stored: %+v", now)
	}
}
