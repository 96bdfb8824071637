package mobileapp

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// hash reads a signature hash that is right.
func hash(t testing.TB, text string) redirect.Hash {
	t.Helper()
	h, err := redirect.ParseHash(text, redirect.HashOptions{InsecureAllowDebugKey: true})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// acme is an app with two keys, one of which has a hash that begins with a
// slash and one with a plus sign in it.
func acme(t testing.TB) Info {
	return Info{
		Package: "com.acme.app", Name: `Acme & "Söhne" <Ltd>`, Version: "1.2.3", Build: 42,
		Hashes:   []redirect.Hash{hash(t, "1wIqXSqBj7w+h11ZifsnqwgyKrY="), hash(t, "/zIqXSqBj7w+h11ZifsnqwgyKrY=")},
		LinkHost: "sso.example.com",
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("LANYARD_UPDATE") == "1" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what is written; LANYARD_UPDATE=1 writes it anew (-want +got):\n%s", file, diff)
	}
}

// req: G5
func TestManifest_itIsAsWrittenDown(t *testing.T) {
	got, err := Manifest(acme(t))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "AndroidManifest.golden.xml", got)
	if !Written([]byte(got)) || Written([]byte("<manifest/>")) {
		t.Error("it does not know its own manifest from another's")
	}
	again := acme(t)
	again.Hashes = append(again.Hashes, again.Hashes...)
	if twice, err := Manifest(again); err != nil || twice != got {
		t.Errorf("a hash that was given twice makes another manifest: %v", err)
	}
}

func TestManifest_aBuildForTryingOutSaysSo(t *testing.T) {
	i := Info{Package: "com.acme.app", Name: "Acme", Version: "1", Hashes: []redirect.Hash{redirect.FyneDebug()}, Debuggable: true}
	if _, err := Manifest(i); !isCode(err, problem.HashDebugKey) {
		t.Errorf("the public key was taken: %v", err)
	}
	i.InsecureAllowDebugKey = true
	got, err := Manifest(i)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`android:debuggable="true"`, `android:path="//mFs2Yzr6mRVUItgVUANroj4PyI="`, `android:versionCode="1"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, `scheme="https" android:host`) {
		t.Error("links of a host open the app, and none was named")
	}
}

func isCode(err error, code problem.Code) bool {
	got, _ := problem.Of(err)
	return err != nil && got == code
}

func TestManifest_whatFyneOrAndroidWouldRefuseIsRefusedHere(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Info)
		code   problem.Code
	}{
		"an ID of one part":             {func(i *Info) { i.Package = "acme" }, problem.PackageName},
		"an ID with a hyphen":           {func(i *Info) { i.Package = "com.acme-ltd.app" }, problem.PackageName},
		"an ID that ends the attribute": {func(i *Info) { i.Package = `com.acme" x="` }, problem.PackageName},
		"an ID too long":                {func(i *Info) { i.Package = "com." + strings.Repeat("a", 300) }, problem.RedirectTooLong},
		"no name":                       {func(i *Info) { i.Name = "" }, problem.BadAppDetails},
		"a name with a line break":      {func(i *Info) { i.Name = "a\nb" }, problem.BadAppDetails},
		"a name that is not text":       {func(i *Info) { i.Name = "a\xff" }, problem.BadAppDetails},
		"a name without end":            {func(i *Info) { i.Name = strings.Repeat("a", 101) }, problem.BadAppDetails},
		"no version":                    {func(i *Info) { i.Version = "" }, problem.BadAppDetails},
		"a build before the first":      {func(i *Info) { i.Build = -1 }, problem.BadAppDetails},
		"a build that Play refuses":     {func(i *Info) { i.Build = maxBuild + 1 }, problem.BadAppDetails},
		"no hash":                       {func(i *Info) { i.Hashes = nil }, problem.HashEmpty},
		"the hash of nothing":           {func(i *Info) { i.Hashes = append(i.Hashes, redirect.HashOf(nil)) }, problem.HashOfNothing},
		"more hashes than keys":         {func(i *Info) { i.Hashes = slices.Repeat(i.Hashes, 20) }, problem.BadAppDetails},
		"a link host with a port":       {func(i *Info) { i.LinkHost = "sso.example.com:8443" }, problem.BadAppDetails},
		"a link host with a path":       {func(i *Info) { i.LinkHost = "sso.example.com/x" }, problem.BadAppDetails},
		"a link host as an address":     {func(i *Info) { i.LinkHost = "https://sso.example.com" }, problem.BadAppDetails},
		"a link host in other letters":  {func(i *Info) { i.LinkHost = "söhne.example" }, problem.BadAppDetails},
		"a link host of any":            {func(i *Info) { i.LinkHost = "*.example.com" }, problem.BadAppDetails},
		"a link host with capitals":     {func(i *Info) { i.LinkHost = "SSO.example.com" }, problem.BadAppDetails},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			i := acme(t)
			c.change(&i)
			if got, err := Manifest(i); !isCode(err, c.code) || got != "" {
				t.Errorf("%v, want %s\n%s", err, c.code, got)
			}
		})
	}
}

// The names are those that fyne package 2.7.1 gives libraries.
func TestLibName_itIsFynes(t *testing.T) {
	for name, want := range map[string]string{
		"Lanyard": "Lanyard", "My App": "My_App", "a.b-c": "a_b_c", "Zoë": "Zo_", "1st": "go1st", "_x": "go_x", "漢": "go_", "": "go",
		"class": "class_", "Class": "Class", "interface": "interface", "go": "go",
	} {
		if got := LibName(name); got != want {
			t.Errorf("LibName(%q) = %q, want %q", name, got, want)
		}
	}
}

// FuzzManifest: whatever a name, a version or a host holds, the manifest is
// XML that says the same, or there is none.
func FuzzManifest(f *testing.F) {
	f.Add("com.acme.app", "Acme", "1.0", 1, "sso.example.com")
	f.Add("com.acme.app", `"/><activity android:name="x`, "]]>", 0, "")
	f.Add("a.b", "{{.}}", "&amp;", 2_100_000_000, "xn--a")
	f.Add("a.b", "\ufffe", "\x00", -1, `"`)
	h := redirect.HashOf([]byte("a certificate"))
	f.Fuzz(func(t *testing.T, pkg, name, version string, build int, host string) {
		text, err := Manifest(Info{Package: pkg, Name: name, Version: version, Build: build, Hashes: []redirect.Hash{h}, LinkHost: host})
		if err != nil {
			if code, _ := problem.Of(err); code == problem.Internal || text != "" {
				t.Fatalf("%v with %q", err, text)
			}
			return
		}
		var got struct {
			Package     string `xml:"package,attr"`
			Version     string `xml:"versionName,attr"`
			Application []struct {
				Label    string `xml:"label,attr"`
				Activity []struct {
					Name string `xml:"name,attr"`
					Data []struct {
						Host string `xml:"host,attr"`
						Path string `xml:"path,attr"`
					} `xml:"intent-filter>data"`
				} `xml:"activity"`
			} `xml:"application"`
		}
		d := xml.NewDecoder(bytes.NewReader([]byte(text)))
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if got.Package != pkg || got.Version != version || len(got.Application) != 1 || got.Application[0].Label != name {
			t.Fatalf("%+v\nof %q %q %q", got, pkg, name, version)
		}
		acts := got.Application[0].Activity
		if len(acts) != 2 || acts[0].Name != redirectActivity || acts[1].Name != appActivity || acts[0].Data[0].Path != "/"+h.String() {
			t.Fatalf("%+v", acts)
		}
		if n := len(acts[0].Data); host != "" && (n != 3 || acts[0].Data[2].Host != host) || host == "" && n != 2 {
			t.Fatalf("%+v with host %q", acts[0].Data, host)
		}
	})
}
