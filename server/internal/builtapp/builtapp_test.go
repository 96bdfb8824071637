package builtapp

import (
	"archive/zip"
	"bytes"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// What keytool printed of the three keys of testdata, as SHA-1.
const (
	rsaSHA1 = "F8:C4:0F:05:03:FE:8D:3F:CD:F1:B9:5F:D7:89:85:CE:0B:14:BF:7C"
	newSHA1 = "C9:70:D0:AA:6A:D0:DC:7A:45:41:EB:B8:89:9E:EA:D0:DB:B6:3E:1C"
	ecSHA1  = "1C:38:C8:08:C3:41:00:E1:5E:2B:A0:11:7A:F4:74:2C:3F:4B:32:7B"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func secret() (string, error) { return "secret", nil }

func readBytes(b []byte) (App, error) {
	return Read(bytes.NewReader(b), int64(len(b)), Options{Password: secret})
}

// signers writes an app's signers down shortly.
func signers(a App) []string {
	var out []string
	for _, s := range a.Signers {
		out = append(out, string(s.Scheme)+" "+s.Hash().Fingerprint())
	}
	return out
}

// wantCode checks that nothing was read and the error has the code.
func wantCode(t *testing.T, a App, err error, code problem.Code) {
	t.Helper()
	if got, _ := problem.Of(err); err == nil || got != code {
		t.Errorf("%v, want %s", err, code)
	}
	if a.Kind != "" || a.Signers != nil {
		t.Errorf("half an app was handed on: %+v", a)
	}
}

// TestRead_itFindsTheCertificatesThatKeytoolPrinted is row G3: APKs signed by
// apksigner in each scheme.
// req: G3
func TestRead_itFindsTheCertificatesThatKeytoolPrinted(t *testing.T) {
	for name, want := range map[string][]string{
		"unsigned.apk": nil,
		"v1.apk":       {"v1 " + rsaSHA1},
		"v2.apk":       {"v2 " + rsaSHA1},
		"v3.apk":       {"v3 " + ecSHA1},
		"two.apk":      {"v1 " + ecSHA1, "v1 " + rsaSHA1, "v2 " + rsaSHA1, "v2 " + ecSHA1},
		"rotated.apk":  {"v1 " + rsaSHA1, "v2 " + rsaSHA1, "v3 " + newSHA1, "lineage " + rsaSHA1},
		"rsa.p12":      {"entry " + rsaSHA1},
		"legacy.p12":   {"entry " + rsaSHA1},
		"rsa.jks":      {"entry " + rsaSHA1},
		"rsa.jceks":    {"entry " + rsaSHA1},
		"rsa.pem":      {"entry " + rsaSHA1},
		"new.pem":      {"entry " + newSHA1},
		"ec.pem":       {"entry " + ecSHA1},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			a, err := readBytes(fixture(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, signers(a)); diff != "" {
				t.Errorf("signers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRead_itReadsTheManifestOfAnAPK(t *testing.T) {
	a, err := readBytes(fixture(t, "v2.apk"))
	if err != nil {
		t.Fatal(err)
	}
	a.Signers = nil
	want := App{
		Kind: APK, ID: "com.acme.app", Name: "Acme", Version: "1.2.3", Build: "42", MinSystem: "15", TargetSDK: "29",
		Debuggable: true, Schemes: []string{"msauth"},
		Activities: []Activity{{
			Name: "android.app.NativeActivity", LaunchMode: "singleTask", Exported: true,
			Metadata: map[string]string{"android.app.lib_name": "Acme", "android.app.func_name": "Lanyard_onRedirect"},
			Filters: []Filter{{
				Actions:    []string{"android.intent.action.VIEW"},
				Categories: []string{"android.intent.category.DEFAULT", "android.intent.category.BROWSABLE"},
				// The path stands in a resource that names another one.
				Data: []Data{{Scheme: "msauth", Host: "com.acme.app", Path: "/1wIqXSqBj7w+h11ZifsnqwgyKrY="}},
			}},
		}, {
			Name: "com.acme.app.Main", LaunchMode: "standard", Exported: true, Metadata: map[string]string{},
			Filters: []Filter{{Actions: []string{"android.intent.action.MAIN"}, Categories: []string{"android.intent.category.LAUNCHER"}}},
		}},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("app (-want +got):\n%s", diff)
	}
}

func TestRead_itReadsTheManifestThatFynePackages(t *testing.T) {
	a, err := readBytes(zipped(t, "AndroidManifest.xml", fixture(t, "fyne.axml")))
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != "dev.lanyard.app" || a.Version != "0.1.0" || a.Build != "1" || a.Name != "Lanyard" || !a.Debuggable || len(a.Activities) != 2 {
		t.Fatalf("%+v", a)
	}
	first := a.Activities[0]
	if first.Name != "android.app.NativeActivity" || !first.Exported || first.LaunchMode != "singleTask" || first.Metadata["android.app.func_name"] != "Lanyard_onRedirect" {
		t.Errorf("%+v", first)
	}
	want := []Data{{Scheme: "msauth", Host: "dev.lanyard.app", Path: "//mFs2Yzr6mRVUItgVUANroj4PyI="}}
	if diff := cmp.Diff(want, first.Filters[0].Data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	hash, err := redirect.ParseHash("/mFs2Yzr6mRVUItgVUANroj4PyI=", redirect.HashOptions{InsecureAllowDebugKey: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := redirect.CheckIntentPath(want[0].Path, redirect.Android{Package: a.ID, Hash: hash}); err != nil {
		t.Error(err)
	}
}

func TestRedirectURIs_theyAreOneForEachCertificate(t *testing.T) {
	a, err := readBytes(fixture(t, "rotated.apk"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"msauth://com.acme.app/%2BMQPBQP%2BjT%2FN8blf14mFzgsUv3w%3D", "msauth://com.acme.app/yXDQqmrQ3HpFQeu4iZ7q0Nu2Phw%3D"}
	if diff := cmp.Diff(want, a.RedirectURIs()); diff != "" {
		t.Errorf("URIs (-want +got):\n%s", diff)
	}
	for _, uri := range want {
		if _, err := redirect.CheckAndroid(uri, redirect.AndroidOptions{Package: a.ID, HashOptions: redirect.HashOptions{Known: a.Hashes()}}); err != nil {
			t.Error(err)
		}
	}
	if a.Signers[0].Certificate().Subject.CommonName != "rsa" || len(a.Signers[0].SHA256()) != 64 || a.Signers[0].DebugKey() || !a.Android() || a.Apple() {
		t.Error("the certificate is another")
	}
	for kind, want := range map[Kind][]string{
		IPA: {"msauth.com.acme.app://auth"}, Bundle: {"msauth.com.acme.app://auth"}, FyneApp: {"msauth.com.acme.app://auth", "http://localhost"}, APK: nil,
	} {
		if diff := cmp.Diff(want, App{Kind: kind, ID: "com.acme.app"}.RedirectURIs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// Bundle ID and version come from the built app, as row G1 asks.
func TestRead_itReadsAppsOfApple(t *testing.T) {
	want := App{
		ID: "com.acme.app", Name: "Acme", Version: "1.2.3", Build: "42", MinSystem: "13.0",
		Schemes: []string{"acme", "msauth.com.acme.app"}, QueriesSchemes: []string{"msauthv2", "msauthv3"},
	}
	for _, form := range []string{"ios.plist", "ios.bplist"} {
		plist := fixture(t, form)
		for name, kind := range map[string]Kind{
			"Payload/Acme.app/Info.plist":  IPA,
			"Acme.app/Info.plist":          Bundle,
			"Acme.app/Contents/Info.plist": Bundle,
		} {
			// The plists of what is inside must not be taken for the app's.
			a, err := readBytes(zipped(t, "Payload/Acme.app/Frameworks/X.framework/Info.plist", []byte("<plist/>"), name, plist))
			want.Kind = kind
			if diff := cmp.Diff(want, a); err != nil || diff != "" {
				t.Errorf("%s at %s: %v (-want +got):\n%s", form, name, err, diff)
			}
		}
		want.Kind = Bundle
		for _, name := range []string{"Contents/Info.plist", "Info.plist"} {
			a, err := ReadBundle(fstest.MapFS{name: {Data: plist}})
			if diff := cmp.Diff(want, a); err != nil || diff != "" {
				t.Errorf("a folder with %s: %v (-want +got):\n%s", name, err, diff)
			}
		}
		a, err := readBytes(plist)
		if diff := cmp.Diff(want, a); err != nil || diff != "" {
			t.Errorf("%s alone: %v (-want +got):\n%s", form, err, diff)
		}
	}
	a, err := ReadBundle(fstest.MapFS{"readme.txt": {Data: []byte("x")}})
	wantCode(t, a, err, problem.AppNoManifest)
}

func TestRead_itReadsFyneAppToml(t *testing.T) {
	b, err := os.ReadFile("../../../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	a, err := readBytes(b)
	if err != nil || a.Kind != FyneApp || a.ID != "io.github.lanyardsso.lanyard" || a.Version == "" || a.Build == "" {
		t.Errorf("%+v, %v", a, err)
	}
	for text, code := range map[string]problem.Code{
		"[Details]\nName = \"x\"":       problem.AppNoManifest,
		"[Details]\nID = \"com.a_b.c\"": problem.BundleID,
		"[Details":                      problem.AppUnknown,
		"hello":                         problem.AppUnknown,
		"":                              problem.AppNoManifest,
		"\x7fELF\x00\x00":               problem.AppUnknown,
	} {
		a, err := readBytes([]byte(text))
		if got, _ := problem.Of(err); got != code || a.Kind != "" {
			t.Errorf("%q: %v, want %s", text, err, code)
		}
	}
}

func TestRead_aKeystoreOpensWithItsPasswordAlone(t *testing.T) {
	for _, name := range []string{"rsa.p12", "legacy.p12", "rsa.jks", "rsa.jceks"} {
		b := fixture(t, name)
		for password, code := range map[string]problem.Code{"": problem.KeystorePassword, "Secret": problem.KeystorePassword, "secret ": problem.KeystorePassword} {
			a, err := Read(bytes.NewReader(b), int64(len(b)), Options{Password: func() (string, error) { return password, nil }})
			wantCode(t, a, err, code)
			if password != "" && strings.Contains(err.Error(), password) {
				t.Errorf("%s: the password stands in %v", name, err)
			}
		}
		a, err := Read(bytes.NewReader(b), int64(len(b)), Options{})
		wantCode(t, a, err, problem.KeystoreLocked)
		closed := errors.New("terminal closed")
		a, err = Read(bytes.NewReader(b), int64(len(b)), Options{Password: func() (string, error) { return "", closed }})
		wantCode(t, a, err, problem.KeystoreLocked)
		if !errors.Is(err, closed) {
			t.Errorf("the cause is lost: %v", err)
		}
		for cut := range len(b) {
			if cut%37 == 0 {
				if a, err := readBytes(b[:cut]); err == nil {
					t.Fatalf("%s: the first %d bytes were read as %+v", name, cut, a)
				}
			}
		}
	}
	a, err := readBytes(fixture(t, "rsa.jks"))
	if err != nil || a.Kind != JKS || a.Signers[0].Name != "rsa" {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = readBytes(fixture(t, "legacy.p12"))
	if err != nil || a.Kind != PKCS12 || a.Signers[0].Name != "rsa" {
		t.Errorf("%+v, %v", a, err)
	}
}

// A keystore that was copied in part is not said to have another password.
func TestRead_aKeystoreThatIsNotWholeIsDamaged(t *testing.T) {
	whole := fixture(t, "rsa.jks")
	for _, b := range [][]byte{whole[:len(whole)-1], whole[:len(whole)/2], whole[:len(whole)-500], append(slices.Clone(whole), 0)} {
		a, err := readBytes(b)
		wantCode(t, a, err, problem.AppDamaged)
	}
}

func TestRead_ofCertificatesItTakesPEMAndDERButNoKey(t *testing.T) {
	text := fixture(t, "rsa.pem")
	block, _ := pem.Decode(text)
	a, err := readBytes(block.Bytes)
	if err != nil || !slices.Equal(signers(a), []string{"entry " + rsaSHA1}) {
		t.Errorf("DER: %v, %v", signers(a), err)
	}
	a, err = readBytes(append(slices.Clone(text), fixture(t, "ec.pem")...))
	if err != nil || !slices.Equal(signers(a), []string{"entry " + rsaSHA1, "entry " + ecSHA1}) {
		t.Errorf("two in one file: %v, %v", signers(a), err)
	}
	for name, b := range map[string][]byte{
		"a key beside it": append(slices.Clone(text), "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"...),
		"an RSA key":      []byte("-----BEGIN RSA PRIVATE KEY-----\nMA==\n-----END RSA PRIVATE KEY-----\n"),
	} {
		a, err := readBytes(b)
		wantCode(t, a, err, problem.AppPrivateKey)
		t.Log(name)
	}
	a, err = readBytes([]byte("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"))
	wantCode(t, a, err, problem.AppDamaged)
	a, err = readBytes(block.Bytes[:len(block.Bytes)/2])
	wantCode(t, a, err, problem.AppDamaged)
}

// zipped makes a zip of names and contents in turn.
func zipped(t testing.TB, pairs ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(pairs[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rezipped makes an archive anew, with one entry changed.
func rezipped(t testing.TB, b []byte, change func(name string, content []byte) []byte) []byte {
	t.Helper()
	a, err := openArchive(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var pairs []any
	for _, name := range a.names {
		content, err := a.read(name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, name, change(name, content))
	}
	return zipped(t, pairs...)
}

// pair is one of an APK Signing Block.
type pair struct {
	id    uint32
	value []byte
}

// withBlock puts a signing block of those pairs in place of the one there is.
func withBlock(t testing.TB, b []byte, pairs ...pair) []byte {
	t.Helper()
	a, err := openArchive(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	_, begin, err := a.signingBlock()
	if err != nil {
		t.Fatal(err)
	}
	var block []byte
	for _, p := range pairs {
		block = binary.LittleEndian.AppendUint64(block, uint64(len(p.value))+4)
		block = append(binary.LittleEndian.AppendUint32(block, p.id), p.value...)
	}
	size := uint64(len(block)) + 24
	out := binary.LittleEndian.AppendUint64(slices.Clone(b[:begin]), size)
	out = append(binary.LittleEndian.AppendUint64(append(out, block...), size), blockMagic...)
	directory := len(out)
	out = append(out, b[a.end.directory:]...)
	end := len(out) - int(a.size-a.end.at)
	binary.LittleEndian.PutUint32(out[end+16:], uint32(directory))
	return out
}

// blockOf returns a scheme's value in an APK.
func blockOf(t testing.TB, b []byte, id uint32) []byte {
	t.Helper()
	a, err := openArchive(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	pairs, _, err := a.signingBlock()
	if err != nil || pairs[id] == nil {
		t.Fatalf("no block %x: %v", id, err)
	}
	return pairs[id]
}

func TestRead_itReadsSchemeV31(t *testing.T) {
	b := fixture(t, "rotated.apk")
	a, err := readBytes(withBlock(t, b, pair{blockV2, blockOf(t, b, blockV2)}, pair{blockV31, blockOf(t, b, blockV3)}, pair{0x42726577, make([]byte, 100)}))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"v1 " + rsaSHA1, "v2 " + rsaSHA1, "v3.1 " + newSHA1, "lineage " + rsaSHA1}
	if diff := cmp.Diff(want, signers(a)); diff != "" {
		t.Errorf("signers (-want +got):\n%s", diff)
	}
	if s := a.Signers[2]; s.MinSDK == 0 || s.MaxSDK < s.MinSDK {
		t.Errorf("for Android %d to %d", s.MinSDK, s.MaxSDK)
	}
}

func TestRead_anAppThatWasChangedAfterSigningIsRefused(t *testing.T) {
	flip := func(b []byte, at int) []byte {
		out := slices.Clone(b)
		out[at] ^= 1
		return out
	}
	for _, name := range []string{"v2.apk", "v3.apk", "rotated.apk"} {
		b := fixture(t, name)
		whole, err := readBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		z, err := openArchive(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		_, begin, err := z.signingBlock()
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(b); at += 23 {
			a, err := readBytes(flip(b, at))
			outside := int64(at) < begin || int64(at) >= z.end.directory
			// In the block there is padding, and numbers of schemes that nobody
			// knows: there a change may hide a signer, but never make another.
			other := slices.ContainsFunc(signers(a), func(s string) bool { return !slices.Contains(signers(whole), s) })
			if err == nil && (outside || other || a.ID != whole.ID) {
				t.Fatalf("%s: byte %d was changed, and it was read as %v", name, at, signers(a))
			}
		}
		a, err := readBytes(flip(b, 12)) // a time in the first entry's head, which a zip reader passes over
		wantCode(t, a, err, problem.AppSignature)
	}
	v1 := rezipped(t, fixture(t, "v1.apk"), func(name string, content []byte) []byte {
		if strings.HasSuffix(name, ".SF") {
			return append(content, ' ')
		}
		return content
	})
	a, err := readBytes(v1)
	wantCode(t, a, err, problem.AppSignature)
	// Put together from two apps: the certificate of one, the content of another.
	other := rezipped(t, fixture(t, "unsigned.apk"), func(_ string, content []byte) []byte { return content })
	a, err = readBytes(withBlock(t, other, pair{blockV2, blockOf(t, fixture(t, "v2.apk"), blockV2)}))
	wantCode(t, a, err, problem.AppSignature)
}

func TestReadLineage_eachKeyMustHaveBeenSignedByTheOneBefore(t *testing.T) {
	value := blockOf(t, fixture(t, "rotated.apk"), blockV3)
	at := bytes.Index(value, binary.LittleEndian.AppendUint32(nil, attrRotate))
	lineage := value[at+4 : at+int(binary.LittleEndian.Uint32(value[at-4:]))]
	ders, err := readLineage(lineage)
	if err != nil || len(ders) != 2 {
		t.Fatalf("%d certificates, %v", len(ders), err)
	}
	for name, at := range map[string]int{"its signature": len(lineage) - 1, "its certificate": bytes.Index(lineage, ders[1]) + len(ders[1]) - 1} {
		changed := slices.Clone(lineage)
		changed[at] ^= 1
		if _, err := readLineage(changed); !errors.Is(err, errUntrue) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}

func TestSignedAttributes_theyMustHoldTheContentsDigest(t *testing.T) {
	type attr struct {
		Type   asn1.ObjectIdentifier
		Values [][]byte `asn1:"set"`
	}
	sum := []byte("the digest")
	raw, err := asn1.MarshalWithParams([]attr{{asn1.ObjectIdentifier{1, 2, 3}, [][]byte{{1}}}, {oidMessageDigest, [][]byte{sum}}}, "set")
	if err != nil {
		t.Fatal(err)
	}
	var attrs asn1.RawValue
	if _, err := asn1.Unmarshal(raw, &attrs); err != nil {
		t.Fatal(err)
	}
	attrs.FullBytes = slices.Clone(raw)
	attrs.FullBytes[0] = 0xa0 // as it stands in a SignerInfo
	if got, err := signedAttributes(attrs, sum); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := signedAttributes(attrs, []byte("another")); !errors.Is(err, errUntrue) {
		t.Errorf("another digest: %v", err)
	}
	attrs.Bytes = nil
	if _, err := signedAttributes(attrs, sum); !errors.Is(err, errPKCS7) {
		t.Errorf("no digest: %v", err)
	}
}

func TestRead_itIsBounded(t *testing.T) {
	zeros := make([]byte, maxManifest+1)
	for name, c := range map[string]struct {
		b    []byte
		code problem.Code
	}{
		"a manifest that swells":    {zipped(t, "AndroidManifest.xml", zeros), problem.AppTooLarge},
		"an Info.plist that swells": {zipped(t, "Payload/A.app/Info.plist", zeros), problem.AppTooLarge},
		"a manifest twice":          {zipped(t, "AndroidManifest.xml", axml("manifest package=a.b", "/"), "AndroidManifest.xml", axml("manifest package=c.d", "/")), problem.AppDamaged},
		"an empty manifest":         {zipped(t, "AndroidManifest.xml", []byte{}), problem.AppDamaged},
		"a manifest as text":        {zipped(t, "AndroidManifest.xml", fixture(t, "AndroidManifest.xml")), problem.AppDamaged},
		"a zip of something else":   {zipped(t, "hello.txt", []byte("x")), problem.AppNoManifest},
		"a zip cut short":           {fixture(t, "v2.apk")[:6000], problem.AppDamaged},
		"something large":           {bytes.Repeat([]byte("x"), maxKeystore+1), problem.AppUnknown},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			a, err := readBytes(c.b)
			wantCode(t, a, err, c.code)
		})
	}
}
