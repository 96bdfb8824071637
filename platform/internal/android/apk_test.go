//go:build linux && !android && cgo

package android

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// headers are where Debian's packages android-platform-frameworks-native-headers,
// android-liblog-dev and android-libnativehelper-dev put Android's.
var headers = []string{"/usr/include/android", "/usr/include/android/nativehelper"}

// compiler is what the stand-in for an NDK has in place of clang: this machine's
// compiler with Android's headers. Android's libraries are empty ones, so nothing
// is missing until somebody runs what comes out; nobody can.
const compiler = `#!/bin/sh
for word; do
	shift
	case $word in
	--target=*) ;;
	*) set -- "$@" "$word" ;;
	esac
done
exec gcc -D__ANDROID__=1 -D__ANDROID_API__=21 -D_GNU_SOURCE -D_LARGEFILE64_SOURCE -w \
	-include '%[1]s/compat.h' -isystem '%[1]s' -isystem %[2]s -isystem %[3]s \
	-L'%[4]s' -Wl,--unresolved-symbols=ignore-all "$@"
`

// standInNDK lays out a folder like Android's NDK (its compilers and nm, by the
// names of r19 and later), with which "fyne package" builds an APK for amd64 that is
// whole, but for a machine like this one. It proves that Go, C, manifest and
// resources go together.
func standInNDK(t *testing.T) string {
	t.Helper()
	for _, dir := range append([]string{"/usr/include/android/android"}, headers...) {
		if _, err := os.Stat(dir); err != nil {
			t.Fatalf("%v: ./test --long installs it (apt: android-platform-frameworks-native-headers android-liblog-dev android-libnativehelper-dev)", err)
		}
	}
	shims, err := filepath.Abs("testdata/ndk")
	if err != nil {
		t.Fatal(err)
	}
	ndk := t.TempDir()
	bin, lib := filepath.Join(ndk, "toolchains", "llvm", "prebuilt", "linux-x86_64", "bin"), filepath.Join(ndk, "lib")
	empty := filepath.Join(ndk, "empty.c")
	for _, dir := range []string{bin, lib} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, empty, "int nothing;\n", 0o600)
	for _, name := range []string{"android", "log", "EGL", "GLESv1_CM", "GLESv2"} {
		run(t, "gcc", "-shared", "-o", filepath.Join(lib, "lib"+name+".so"), empty)
	}
	for _, target := range []string{
		"x86_64-linux-android21", "aarch64-linux-android21", "i686-linux-android16", "armv7a-linux-androideabi16",
	} {
		for _, name := range []string{"clang", "clang++"} {
			write(t, filepath.Join(bin, target+"-"+name), fmt.Sprintf(compiler, shims, headers[0], headers[1], lib), 0o755)
		}
	}
	nm, err := exec.LookPath("nm")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(nm, filepath.Join(bin, "llvm-nm")); err != nil {
		t.Fatal(err)
	}
	return ndk
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// long skips what takes minutes and needs Android's programs.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("LANYARD_TEST_LONG") != "1" {
		t.Skip("needs the packages that ./test --long installs; run it with LANYARD_TEST_LONG=1")
	}
	for _, program := range []string{"aapt", "apksigner", "zipalign", "keytool", "unzip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: ./test --long installs it", program)
		}
	}
}

// inModule runs a program at the root of the module and returns what it prints.
func inModule(t *testing.T, env []string, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// The APK that people get, signed with their own key, is built with a stand-in
// for the NDK and taken apart
// with Android's own programs, which must agree with ours.
//
// req: G5
func TestAPK_itHasTheRedirectActivityAndTheFunctionItNames(t *testing.T) {
	long(t)
	out := t.TempDir()
	keystore := filepath.Join(out, "release.p12")
	run(t, "keytool", "-genkeypair", "-keystore", keystore, "-storetype", "pkcs12", "-storepass", "password of a test", "-alias", "release",
		"-keyalg", "RSA", "-keysize", "3072", "-dname", "CN=Acme", "-validity", "10000")
	inModule(t, []string{"ANDROID_NDK_HOME=" + standInNDK(t), "LANYARD_KEYSTORE_PASSWORD=password of a test"},
		"go", "run", "./tools/package", "android", "--arch", "amd64", "--release", "--keystore", keystore, "--out", out)
	apks, err := filepath.Glob(filepath.Join(out, "*.apk"))
	if err != nil || len(apks) != 1 {
		t.Fatalf("%d APKs, %v", len(apks), err)
	}
	apk := apks[0]

	var ids []struct {
		PackageName  string   `json:"package_name"`
		RedirectURIs []string `json:"redirect_uris"`
		Certificates []struct {
			SHA1       string `json:"sha1"`
			IntentPath string `json:"intent_path"`
			Schemes    []string
		}
		Filters []struct{ Activity string } `json:"intent_filters"`
	}
	raw := inModule(t, nil, "go", "run", "./cmd/lanyardd", "mobile", "ids", "--json", apk)
	if err := json.Unmarshal([]byte(raw), &ids); err != nil || len(ids) != 1 || len(ids[0].Certificates) != 1 || len(ids[0].RedirectURIs) != 1 {
		t.Fatalf("%v in %s", err, raw)
	}
	app, certificate := ids[0], ids[0].Certificates[0]

	printed := run(t, "apksigner", "verify", "--print-certs", "--min-sdk-version", "15", apk)
	sha1 := strings.ToLower(strings.ReplaceAll(certificate.SHA1, ":", ""))
	if d := cmp.Diff([]string{"v1", "v2", "v3"}, certificate.Schemes); d != "" {
		t.Errorf("schemes (-want +got):\n%s", d)
	}
	if got := regexp.MustCompile(`SHA-1 digest: ([0-9a-f]+)`).FindAllStringSubmatch(printed, -1); len(got) != 1 || got[0][1] != sha1 {
		t.Errorf("apksigner says %v, lanyardd %s", got, sha1)
	}
	if badging := run(t, "aapt", "dump", "badging", apk); !strings.Contains(badging, "package: name='"+app.PackageName+"'") {
		t.Errorf("aapt does not say %s:\n%s", app.PackageName, badging)
	}

	// The activity that the framework starts, as aapt reads it.
	tree := run(t, "aapt", "dump", "xmltree", apk, "AndroidManifest.xml")
	_, after, _ := strings.Cut(tree, `="android.app.NativeActivity"`)
	activity, rest, _ := strings.Cut(after, "E: activity")
	if !strings.Contains(rest, `="org.golang.app.GoNativeActivity"`) {
		t.Errorf("the redirect activity is not before Fyne's:\n%s", tree)
	}
	var values []string
	for _, m := range regexp.MustCompile(`android:(?:name|value|scheme|host|path)\(0x[0-9a-f]+\)="([^"]*)"`).FindAllStringSubmatch(activity, -1) {
		values = append(values, m[1])
	}
	library := "Lanyard"
	want := []string{
		"android.app.lib_name", library, "android.app.func_name", "Lanyard_onRedirect",
		"android.intent.action.VIEW", "android.intent.category.DEFAULT", "android.intent.category.BROWSABLE",
		"msauth", app.PackageName, certificate.IntentPath,
	}
	if len(values) < len(want) || !slices.Equal(values[:len(want)], want) {
		t.Errorf("the redirect activity has %q, not %q", values, want)
	}

	// The functions that the framework looks up in the library it loads.
	dir := t.TempDir()
	run(t, "unzip", "-q", apk, "lib/*", "-d", dir)
	symbols := run(t, "nm", "-D", "--defined-only", filepath.Join(dir, "lib", "x86_64", "lib"+library+".so"))
	for _, name := range []string{"Lanyard_onRedirect", "ANativeActivity_onCreate", "main.main"} {
		if !regexp.MustCompile(`(?m) [TD] ` + regexp.QuoteMeta(name) + `$`).MatchString(symbols) {
			t.Errorf("%s is not exported", name)
		}
	}
	if strings.Contains(symbols, " calls_") || strings.Contains(symbols, " lanyard_open_url") {
		t.Error("what is only ours is exported")
	}
	uri := "msauth://" + app.PackageName + "/" + strings.NewReplacer("/", "%2F", "+", "%2B", "=", "%3D").Replace(certificate.IntentPath[1:])
	if app.RedirectURIs[0] != uri {
		t.Errorf("registered is %s, received %s", app.RedirectURIs[0], uri)
	}
}
