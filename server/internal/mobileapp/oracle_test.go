package mobileapp

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
)

// bench is a folder where apps are signed by Android's own programs.
type bench struct {
	t   testing.TB
	dir string
}

func newBench(t testing.TB) bench {
	t.Helper()
	if os.Getenv("LANYARD_TEST_LONG") == "" {
		t.Skip("signs apps with Android's own programs; set LANYARD_TEST_LONG=1")
	}
	for _, program := range []string{"aapt", "apksigner", "keytool"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: ./test --long installs it (apt: aapt apksigner default-jdk-headless)", program)
		}
	}
	b := bench{t, t.TempDir()}
	for name, subject := range map[string]string{"old": "CN=Acme", "release": "CN=Acme", "debug": "C=US, O=Android, CN=Android Debug"} {
		b.run("keytool", "-genkeypair", "-keystore", name+".p12", "-storetype", "pkcs12", "-storepass", "secret", "-alias", name, "-keyalg", "RSA", "-keysize", "2048", "-dname", subject, "-validity", "10000")
	}
	b.run("apksigner", "rotate", "--out", "lineage", "--old-signer", "--ks", "old.p12", "--ks-pass", "pass:secret", "--new-signer", "--ks", "release.p12", "--ks-pass", "pass:secret")
	return b
}

func (b bench) run(program string, args ...string) string {
	b.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (b bench) read(name string) builtapp.App {
	b.t.Helper()
	content, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return readApp(b.t, content)
}

// signed makes an app with that manifest and signs it.
func (b bench) signed(manifest string, args ...string) builtapp.App {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "app.apk"), packaged(b.t, compiled(b.t, manifest)), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.run("apksigner", slices.Concat([]string{"sign"}, args, []string{"--v4-signing-enabled", "false", "app.apk"})...)
	if badging := b.run("aapt", "dump", "badging", "app.apk"); !strings.HasPrefix(badging, "package: name='com.acme.app' versionCode='42' versionName='1.2.3' ") {
		b.t.Errorf("aapt reads another manifest: %s", badging)
	}
	return b.read("app.apk")
}

func keyOf(name string) []string { return []string{"--ks", name + ".p12", "--ks-pass", "pass:secret"} }

// TestVerify_itFindsWhatIsWrongWithAppsThatAndroidsToolsMade goes the whole
// way for each way of signing, and for manifests that were changed by hand.
// req: G8
func TestVerify_itFindsWhatIsWrongWithAppsThatAndroidsToolsMade(t *testing.T) {
	b := newBench(t)
	release, old := b.read("release.p12").Hashes()[0], b.read("old.p12").Hashes()[0]
	text, err := Manifest(Info{Package: "com.acme.app", Name: "Acme", Version: "1.2.3", Build: 42, Hashes: []redirect.Hash{release, old}})
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"v1":          append(keyOf("release"), "--v2-signing-enabled", "false", "--v3-signing-enabled", "false", "--min-sdk-version", "15"),
		"v2":          append(keyOf("release"), "--v1-signing-enabled", "false", "--v3-signing-enabled", "false", "--min-sdk-version", "24"),
		"v3":          append(keyOf("release"), "--v1-signing-enabled", "false", "--v2-signing-enabled", "false", "--min-sdk-version", "28"),
		"all":         append(keyOf("release"), "--min-sdk-version", "15"),
		"two signers": slices.Concat(keyOf("release"), []string{"--next-signer"}, keyOf("old"), []string{"--v3-signing-enabled", "false", "--min-sdk-version", "15"}),
		"rotated":     slices.Concat(keyOf("old"), []string{"--next-signer"}, keyOf("release"), []string{"--lineage", "lineage", "--min-sdk-version", "15"}),
	} {
		t.Run("it finds nothing wrong with "+name, func(t *testing.T) {
			a := bench{t, b.dir}.signed(text, args...)
			if found := Check(a, time.Now()); len(found) != 0 {
				t.Errorf("%+v", found)
			}
		})
	}
	for name, c := range map[string]struct {
		from, to string
		key      string
		want     problem.Code
	}{
		"an app signed for debugging": {"", "", "debug", problem.AppDebugKey},
		"a debuggable app":            {`<application `, `<application android:debuggable="true" `, "release", problem.AppDebuggable},
		"an encoded path":             {`path="/` + release.String(), `path="/` + release.Encoded(), "release", problem.HashEncoded},
		"a path of an old key alone":  {release.String(), redirect.HashOf(nil).String(), "release", problem.PathWrong},
		"another host":                {`android:host="com.acme.app"`, `android:host="com.acme.other"`, "release", problem.FilterHost},
		"a hidden activity":           {`android:exported="true"`, `android:exported="false"`, "release", problem.ActivityHidden},
		"another function":            {FuncName + `" />`, `Lanyard_onredirect" />`, "release", problem.ActivityFunction},
		"another library":             {`lib_name" android:value="Acme"`, `lib_name" android:value="acme"`, "release", problem.ActivityLibrary},
		"another launch mode":         {`singleTask`, `singleTop`, "release", problem.ActivityMode},
		"no BROWSABLE":                {`android.intent.category.DEFAULT`, `android.intent.category.HOME`, "release", problem.FilterAction},
	} {
		t.Run("it finds "+name, func(t *testing.T) {
			head, tail, found := strings.Cut(text, "<application")
			tail = "<application" + tail
			if found = found && strings.Contains(tail, c.from); !found {
				t.Fatalf("%q does not stand in the manifest", c.from)
			}
			a := bench{t, b.dir}.signed(head+strings.Replace(tail, c.from, c.to, 1), append(keyOf(c.key), "--min-sdk-version", "15")...)
			var codes []problem.Code
			for _, f := range Check(a, time.Now()) {
				codes = append(codes, f.Code)
			}
			if diff := cmp.Diff([]problem.Code{c.want}, codes); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
