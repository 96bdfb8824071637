package builtapp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// framework is where Debian's android-framework-res puts Android's own
// resources, without which aapt knows no attribute.
const framework = "/usr/share/android-framework-res/framework-res.apk"

// workshop is one for apps: a folder with keys, and Android's and Java's
// own programs.
type workshop struct {
	t   testing.TB
	dir string
}

func newWorkshop(t testing.TB) workshop {
	t.Helper()
	if os.Getenv("LANYARD_TEST_LONG") == "" {
		t.Skip("makes apps with Android's own programs; set LANYARD_TEST_LONG=1")
	}
	for _, program := range []string{"aapt", "apksigner", "keytool", "jarsigner"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: ./test --long installs it (apt: aapt apksigner android-framework-res default-jdk-headless)", program)
		}
	}
	w := workshop{t, t.TempDir()}
	w.write("AndroidManifest.xml", string(fixture(t, "AndroidManifest.xml")))
	w.write("res/values/strings.xml", `<resources><string name="app_name">Acme</string><string name="path">/x=</string><string name="alias">@string/path</string></resources>`)
	w.write("res/values-de/strings.xml", `<resources><string name="app_name">Acme auf Deutsch</string></resources>`)
	w.run("aapt", "package", "-f", "-M", "AndroidManifest.xml", "-S", "res", "-I", framework, "-F", "base.apk")
	return w
}

func (w workshop) write(name, text string) {
	w.t.Helper()
	full := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w workshop) run(program string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// key makes a key in a keystore and returns apksigner's flags for it.
func (w workshop) key(name, algorithm, size string) []string {
	w.t.Helper()
	if _, err := os.Stat(filepath.Join(w.dir, name+".p12")); err != nil {
		w.run("keytool", "-genkeypair", "-keystore", name+".p12", "-storetype", "pkcs12", "-storepass", "secret", "-alias", name, "-keyalg", algorithm, "-keysize", size, "-dname", "CN="+name, "-validity", "10000")
	}
	return []string{"--ks", name + ".p12", "--ks-pass", "pass:secret"}
}

// sign copies base and signs it with apksigner.
func (w workshop) sign(base, name string, args ...string) {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, base))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(name, string(b))
	w.run("apksigner", slices.Concat([]string{"sign"}, args, []string{"--v4-signing-enabled", "false", name})...)
}

var printed = regexp.MustCompile(`certificate SHA-1 digest: ([0-9a-f]{40})`)

// accepted returns the certificates that apksigner finds on one Android, or
// false where it would not install there.
func (w workshop) accepted(name string, sdk int) ([]string, bool) {
	cmd := exec.Command("apksigner", "verify", "--print-certs", "--min-sdk-version", fmt.Sprint(sdk), "--max-sdk-version", fmt.Sprint(sdk), name)
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, false
	}
	var sums []string
	for _, m := range printed.FindAllStringSubmatch(string(out), -1) {
		sums = append(sums, m[1])
	}
	slices.Sort(sums)
	return sums, true
}

func (w workshop) read(name string) App {
	w.t.Helper()
	f, err := os.Open(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := Read(f, info.Size(), Options{Password: secret})
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return a
}

// of returns the SHA-1 of the signers of the newest scheme that this Android
// knows and the app has.
func of(a App, sdk uint32) []string {
	for _, scheme := range []Scheme{V3, V2, V1} {
		if scheme == V3 && sdk < 28 || scheme == V2 && sdk < 24 {
			continue
		}
		var sums []string
		for _, s := range a.Signers {
			if s.Scheme == scheme {
				sums = append(sums, strings.ToLower(strings.ReplaceAll(s.Hash().Fingerprint(), ":", "")))
			}
		}
		if len(sums) > 0 {
			slices.Sort(sums)
			return sums
		}
	}
	return nil
}

// TestRead_itAgreesWithApksignerAndAapt makes apps of every scheme, with keys
// of every kind, and asks Android's own programs about them.
func TestRead_itAgreesWithApksignerAndAapt(t *testing.T) {
	w := newWorkshop(t)
	rsa, rsa4, ec, dsa := w.key("rsa", "RSA", "2048"), w.key("rsa4", "RSA", "4096"), w.key("ec", "EC", "384"), w.key("dsa", "DSA", "1024")
	flags := func(v1, v2, v3 bool, sdk int, keys ...[]string) []string {
		args := slices.Concat(keys...)
		return append(args, "--v1-signing-enabled", fmt.Sprint(v1), "--v2-signing-enabled", fmt.Sprint(v2), "--v3-signing-enabled", fmt.Sprint(v3), "--min-sdk-version", fmt.Sprint(sdk))
	}
	next := []string{"--next-signer"}
	w.run("apksigner", slices.Concat([]string{"rotate", "--out", "once", "--old-signer"}, rsa, []string{"--new-signer"}, rsa4)...)
	w.run("apksigner", slices.Concat([]string{"rotate", "--in", "once", "--out", "twice", "--old-signer"}, rsa4, []string{"--new-signer"}, ec)...)
	variants := map[string][]string{
		"v1 of RSA for old Androids": flags(true, false, false, 15, rsa),
		"v1 of RSA":                  flags(true, false, false, 18, rsa),
		"v1 of EC":                   flags(true, false, false, 18, ec),
		"v1 of DSA":                  flags(true, false, false, 15, dsa),
		"v2 of RSA":                  flags(false, true, false, 24, rsa),
		"v2 of a long RSA":           flags(false, true, false, 24, rsa4),
		"v2 of EC":                   flags(false, true, false, 24, ec),
		"v2 of DSA":                  flags(false, true, false, 24, dsa),
		"v3 of RSA":                  flags(false, false, true, 28, rsa),
		"v3 of EC":                   flags(false, false, true, 28, ec),
		"all schemes":                flags(true, true, true, 18, rsa),
		"two signers":                flags(true, true, false, 18, rsa, next, ec),
		"three signers":              flags(true, true, false, 18, rsa, next, ec, next, rsa4),
		"a key rotated once":         append(flags(true, true, true, 18, rsa, next, rsa4), "--lineage", "once"),
		"a key rotated twice":        append(flags(true, true, true, 18, rsa, next, rsa4, next, ec), "--lineage", "twice"),
	}
	asked := 0
	for name, args := range variants {
		t.Run("it reads "+name, func(t *testing.T) {
			w := workshop{t, w.dir}
			file := strings.ReplaceAll(name, " ", "-") + ".apk"
			w.sign("base.apk", file, args...)
			a := w.read(file)
			for _, sdk := range []int{18, 24, 28, 30} {
				if want, ok := w.accepted(file, sdk); ok {
					asked++
					if diff := cmp.Diff(want, of(a, uint32(sdk))); diff != "" {
						t.Errorf("on Android %d (-apksigner +ours):\n%s", sdk, diff)
					}
				}
			}
			badging := w.run("aapt", "dump", "badging", file)
			if head := fmt.Sprintf("package: name='%s' versionCode='%s' versionName='%s' ", a.ID, a.Build, a.Version); !strings.HasPrefix(badging, head) || !strings.Contains(badging, "application-label:'"+a.Name+"'") {
				t.Errorf("aapt says %s\nwe say %s", badging, head)
			}
			// Changed in its content, neither of the two takes it.
			b, err := os.ReadFile(filepath.Join(w.dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Signers) > 0 && a.Signers[len(a.Signers)-1].Scheme != V1 {
				b[12] ^= 1
				if changed, err := readBytes(b); err == nil {
					t.Errorf("changed, and read as %v", signers(changed))
				}
			}
		})
	}
	if asked < 30 {
		t.Errorf("apksigner was asked only %d times", asked)
	}
}

func TestRead_itReadsWhatJarsignerSigned(t *testing.T) {
	w := newWorkshop(t)
	w.key("ec", "EC", "256")
	w.key("rsa", "RSA", "2048")
	for _, name := range []string{"rsa", "ec"} {
		w.write(name+".aab", string(zipped(t, "base/manifest/AndroidManifest.xml", protoManifest())))
		w.run("jarsigner", "-keystore", name+".p12", "-storepass", "secret", name+".aab", name)
		keystore := w.read(name + ".p12")
		if a := w.read(name + ".aab"); a.Kind != AAB || len(a.Signers) != 1 || !bytes.Equal(a.Signers[0].DER, keystore.Signers[0].DER) {
			t.Errorf("%s: %v", name, signers(a))
		}
	}
}

// large makes an app of 30 MB that cannot be compressed.
func (w workshop) large() string {
	w.t.Helper()
	noise := make([]byte, 30<<20)
	random := rand.NewChaCha8([32]byte{})
	if _, err := random.Read(noise); err != nil {
		w.t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(w.dir, "base.apk"))
	if err != nil {
		w.t.Fatal(err)
	}
	z, err := openArchive(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		w.t.Fatal(err)
	}
	pairs := []any{"lib/arm64-v8a/libapp.so", noise}
	for _, name := range z.names {
		content, err := z.read(name, 1<<20)
		if err != nil {
			w.t.Fatal(err)
		}
		pairs = append(pairs, name, content)
	}
	w.write("large-base.apk", string(zipped(w.t, pairs...)))
	return "large-base.apk"
}

// BenchmarkRead reads an app of 30 MB with schemes v1 to v3, beside apksigner,
// which has a Java to start first. The aim is 0.3 s.
func BenchmarkRead(b *testing.B) {
	w := newWorkshop(b)
	w.sign(w.large(), "large.apk", slices.Concat(w.key("rsa", "RSA", "2048"), []string{"--min-sdk-version", "18"})...)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.read("large.apk")
		}
	})
	b.Run("apksigner", func(b *testing.B) {
		for b.Loop() {
			w.run("apksigner", "verify", "--min-sdk-version", "18", "large.apk")
		}
	})
}
