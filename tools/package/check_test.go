package main

import (
	"archive/tar"
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linuxTarball is one as Fyne leaves it.
func linuxTarball(t testing.TB, text string, icon func() image.Image) []byte {
	t.Helper()
	program := slices.Concat(elfOf(text))
	return tarOf(t,
		file{"lanyard/usr/local/bin/lanyard", 0o755, string(program)},
		file{"lanyard/usr/local/share/applications/Lanyard.desktop", 0o644, desktopText},
		file{"lanyard/usr/local/share/pixmaps/Lanyard.png", 0o644, string(pngOf(t, icon()))},
		file{"lanyard/Makefile", 0o644, makefileText})
}

// apk is one as it is after signing: this program reads no signatures.
func apk(t testing.TB, text string, icon func() image.Image, symbols ...string) []byte {
	t.Helper()
	symbols = append(symbols, "ANativeActivity_onCreate")
	return zipOf(t,
		file{name: "AndroidManifest.xml", data: "binary"},
		file{name: "classes.dex", data: "dex"},
		file{name: "lib/x86_64/libLanyard.so", data: string(elfOf(text, symbols...))},
		file{name: "res/mipmap-xxxhdpi-v4/icon.png", data: string(pngOf(t, icon()))})
}

// goodIDs is what lanyardd mobile ids says of a good APK.
const goodIDs = `[{"kind":"apk","package_name":"com.example.lanyard","version":"1.2.3","build":"7",
	"intent_filters":[
		{"activity":"android.app.NativeActivity","exported":true,"addresses":["msauth://com.example.lanyard/1wIqXSqBj7w+h11ZifsnqwgyKrY="]},
		{"activity":"android.app.NativeActivity","exported":true,"addresses":["lanyard://sso"]}],
	"certificates":[{"schemes":["v1","v2"],"signature_hash":"1wIqXSqBj7w+h11ZifsnqwgyKrY=","intent_path":"/1wIqXSqBj7w+h11ZifsnqwgyKrY="}]}]`

// idsText is goodIDs with pairs of old and new replaced.
func idsText(change ...string) string {
	if len(change) == 1 {
		return goodIDs
	}
	return strings.NewReplacer(change...).Replace(goodIDs)
}

// framed is the icon as Fyne frames it for macOS.
func framed() image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 80, 80)) // a border of a tenth
	draw.Draw(img, image.Rect(8, 8, 72, 72), ours(), image.Point{}, draw.Src)
	return img
}

// checked runs --check-only on a file of a name and returns all that it said.
func checked(t *testing.T, name string, data []byte, ids string, flags ...string) (int, string) {
	t.Helper()
	s, dir := stub(t, "linux"), module(t)
	s.ids = ids
	path := filepath.Join(t.TempDir(), name)
	put(t, path, string(data))
	var said bytes.Buffer
	before := tree(t, dir)
	code := run(t.Context(), append([]string{"--check-only", path}, flags...), dir, s.machine, &said, &said)
	unchanged(t, dir, before)
	if strings.Contains(said.String(), password) {
		t.Error("the secret was printed")
	}
	return code, said.String()
}

// wrong is a file with one thing wrong, and the words in the line about it.
type wrong struct {
	data []byte
	ids  string
	says string
}

// expectWrong tries a good file, and then each wrong one.
func expectWrong(t *testing.T, name string, good []byte, ids string, cases map[string]wrong, flags ...string) {
	t.Helper()
	if code, said := checked(t, name, good, ids, flags...); code != 0 {
		t.Fatalf("a good file is refused: %s", said)
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			data, text := good, ids
			if c.data != nil {
				data = c.data
			}
			if c.ids != "" {
				text = c.ids
			}
			code, said := checked(t, name, data, text, flags...)
			if code != 1 || !strings.Contains(said, c.says) {
				t.Errorf("exit %d, want 1 and %q in:\n%s", code, c.says, said)
			}
		})
	}
}

// req: G5
func TestCheck_aTarballForLinux(t *testing.T) {
	// old and replacement are of one length where they stand in the program.
	changedIn := func(text, old, replacement string) []byte {
		packed, err := withLinks(linuxTarball(t, text, ours))
		if err != nil {
			t.Fatal(err)
		}
		var files []file
		err = eachInTar(packed, func(h *tar.Header, data []byte) error {
			files = append(files, file{strings.ReplaceAll(h.Name, old, replacement), h.Mode, strings.ReplaceAll(string(data), old, replacement)})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return tarOf(t, files...)
	}
	changed := func(old, replacement string) []byte { return changedIn(fyneAppText, old, replacement) }
	served := fyneAppText + "[Release]\nServer = \"https://evil.example\"\n"
	wide := tarOf(t, file{"lanyard/Makefile", 0o666, "x"})
	expectWrong(t, "x.tar.xz", changed("", ""), "", map[string]wrong{
		"no end":               {bytes.TrimRight(changed("", ""), "\x00"), "", "its end is missing"},
		"no argument":          {changed("%u", "%f"), "", "lanyard:// links are opened by it"},
		"no type of link":      {changed("MimeType", "Mimetype"), "", "lanyard:// links are opened by it"},
		"Fyne's own":           {linuxTarball(t, fyneAppText, ours), "", "installing tells the desktop"},
		"no such program":      {changed("Exec=lanyard", "Exec=other"), "", "which is not there"},
		"no such icon":         {changed("Icon=Lanyard", "Icon=other"), "", "there is an icon"},
		"another version":      {changed(`"1.2.3"`, `"1.2.4"`), "", "it is of 1.2.4"},
		"another app":          {changed("com.example.lanyard", "com.examp1e.lanyard"), "", "it is com.examp1e.lanyard"},
		"another server":       {changedIn(served, "", ""), "", "its server is"},
		"out of the folder":    {changed("lanyard/Makefile", "../Makefile"), "", "leads out of the folder"},
		"changed by everybody": {wide, "", "changed by its owner alone"},
		"a private key":        {changed("Keywords=", "-----BEGIN EC PRIVATE KEY-----\n"+strings.Repeat("MHcC", 12)+"\nKeywords="), "", "holds a private key"},
		"a password":           {changed("Keywords=", password), "", "the value of " + passwordVariable},
	})
}

// req: G5
func TestCheck_aProgramForWindows(t *testing.T) {
	with := func(change func(*exe)) []byte {
		e := goodExe(t)
		change(&e)
		return e.bytes()
	}
	wide := strings.Join(strings.Split(password, ""), "\x00") + "\x00"
	expectWrong(t, "x.exe", goodExe(t).bytes(), "", map[string]wrong{
		"a console":          {with(func(e *exe) { e.subsystem = 3 }), "", "it opens no console"},
		"mingw's libraries":  {with(func(e *exe) { e.dll = "libwinpthread-1.dll" }), "", "it needs libwinpthread-1.dll"},
		"Fyne's icon":        {with(func(e *exe) { e.icon = pngOf(t, foreign()) }), "", "the icon is ours"},
		"no picture":         {with(func(e *exe) { e.icon = []byte("BM") }), "", "the icon is ours"},
		"another version":    {with(func(e *exe) { e.version = [4]uint16{0, 0, 1, 1} }), "", "its file version is 1.2.3.7: it is 0.0.1.1"},
		"another product":    {with(func(e *exe) { e.product = "hello" }), "", `its product is Lanyard: it is "hello"`},
		"no resources":       {with(func(e *exe) { e.bare = true }), "", "no section .rsrc"},
		"another app":        {with(func(e *exe) { e.text = "nothing" }), "", "no FyneApp.toml is embedded"},
		"not a program":      {[]byte("MZ"), "", "it is a program for Windows"},
		"a password":         {with(func(e *exe) { e.text += password }), "", "the value of " + passwordVariable},
		"one in wide letter": {with(func(e *exe) { e.text += wide }), "", "the value of " + passwordVariable},
	})
}

func TestCheck_aZipForWindows(t *testing.T) {
	program := string(goodExe(t).bytes())
	good := zipOf(t, file{name: "Lanyard.exe", data: program}, file{name: linksName, data: linksScript})
	expectWrong(t, "x.zip", good, "", map[string]wrong{
		"no script":      {zipOf(t, file{name: "Lanyard.exe", data: program}), "", "links can be registered"},
		"another name":   {zipOf(t, file{name: "Other.exe", data: program}, file{name: linksName, data: linksScript}), "", "links can be registered"},
		"a keystore too": {zipOf(t, file{name: "Lanyard.exe", data: program}, file{name: linksName, data: linksScript}, file{name: "a.pfx", data: "x"}), "", "a file of that kind is for keys"},
		"nothing":        {zipOf(t, file{name: "readme.txt", data: "x"}), "", "it holds no app"},
	})
}

// req: G5
func TestCheck_anAPK(t *testing.T) {
	const address = "msauth://com.example.lanyard/1wIqXSqBj7w+h11ZifsnqwgyKrY="
	warning := `"kind":"apk","warnings":[{"code":"LY-X-001","sentence":"Fyne's activity is not the last.","next":"Write the manifest again."}],`
	expectWrong(t, "x.apk", apk(t, fyneAppText, ours, redirectSymbol), idsText(""), map[string]wrong{
		"another package":         {nil, idsText(`"package_name":"com.example.lanyard"`, `"package_name":"com.example.other"`), "it is com.example.other"},
		"another version":         {nil, idsText(`"1.2.3"`, `"1.2.2"`), "the version is 1.2.3: it is 1.2.2"},
		"another build":           {nil, idsText(`"build":"7"`, `"build":"6"`), "the build is 7: it is 6"},
		"unsigned":                {nil, idsText(`"certificates"`, `"other"`), "it is signed: there is no signature"},
		"a debug key":             {nil, idsText(`"intent_path"`, `"debug_key":true,"intent_path"`), "signed with no debug key"},
		"debuggable":              {nil, idsText(`"kind":"apk"`, `"debuggable":true`), "no debugger may look into it"},
		"a path that is encoded":  {nil, idsText(address, "msauth://com.example.lanyard/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"), "no exported activity"},
		"a filter on Fyne's":      {nil, idsText("android.app.NativeActivity", fyneActivity), "no exported activity but Fyne's own"},
		"an activity for nobody":  {nil, idsText(`"exported":true`, `"exported":false`), "no exported activity"},
		"no links":                {nil, idsText("lanyard://sso", "other://sso"), "lanyard:// links open it"},
		"what lanyardd warns of":  {nil, idsText(`"kind":"apk",`, warning), "Write the manifest again."},
		"nothing to read":         {nil, "[]", "something else than expected"},
		"another icon":            {apk(t, fyneAppText, foreign, redirectSymbol), "", "the icon is ours"},
		"no function":             {apk(t, fyneAppText, ours), "", "has " + redirectSymbol},
		"another app":             {apk(t, "nothing", ours, redirectSymbol), "", "no FyneApp.toml is embedded"},
		"a password in a library": {apk(t, fyneAppText+password, ours, redirectSymbol), "", "the value of " + passwordVariable},
	}, "--release")
}

// Google Play signs a bundle again, so the filter is not for the key it has.
func TestCheck_anAAB(t *testing.T) {
	bundle := zipOf(t,
		file{name: "base/manifest/AndroidManifest.xml", data: "binary"},
		file{name: "base/lib/x86_64/libLanyard.so", data: string(elfOf(fyneAppText, redirectSymbol, "ANativeActivity_onCreate"))},
		file{name: "base/res/mipmap-xxxhdpi-v4/icon.png", data: string(pngOf(t, ours()))})
	upload := idsText(`"kind":"apk"`, `"kind":"aab"`, `"intent_path":"/1wIq`, `"intent_path":"/upload`)
	expectWrong(t, "x.aab", bundle, upload, map[string]wrong{
		"nothing receives": {nil, strings.ReplaceAll(upload, "msauth://", "other://"), "a redirect is received: no exported activity"},
		"a debug key":      {nil, strings.Replace(upload, `"intent_path"`, `"debug_key":true,"intent_path"`, 1), "signed with no debug key"},
	}, "--release")
}

func TestCheck_aFolderOfMacOS(t *testing.T) {
	s, dir := stub(t, "darwin"), module(t)
	s.ids = `[{"bundle_id":"com.example.lanyard","version":"1.2.3","build":"7","schemes":["lanyard"]}]`
	app := filepath.Join(t.TempDir(), "Lanyard.app")
	put(t, filepath.Join(app, "Contents", "Info.plist"), "<plist/>")
	put(t, filepath.Join(app, "Contents", "MacOS", "lanyard"), string(machOf(fyneAppText)))
	put(t, filepath.Join(app, "Contents", "Resources", "icon.icns"), string(icnsOf(pngOf(t, framed()))))
	var said bytes.Buffer
	if code := run(t.Context(), []string{"--check-only", app}, dir, s.machine, &said, &said); code != 0 {
		t.Errorf("exit %d: %s", code, &said)
	}
}

func TestCheck_anAPKForTryingMayBeDebugged(t *testing.T) {
	ids := idsText(`"kind":"apk"`, `"debuggable":true,"warnings":[{"code":"LY-APP-DEBUG"}]`)
	if code, said := checked(t, "x.apk", apk(t, fyneAppText, ours, redirectSymbol), ids); code != 1 || !strings.Contains(said, "LY-APP-DEBUG") {
		t.Errorf("a warning of another kind is passed over: %s", said)
	}
	for _, code := range debugCodes {
		ids := idsText(`"kind":"apk"`, `"debuggable":true,"warnings":[{"code":"`+string(code)+`"}]`)
		if code, said := checked(t, "x.apk", apk(t, fyneAppText, ours, redirectSymbol), ids); code != 0 {
			t.Error(said)
		}
	}
}

// req: G5
func TestCheck_anAppForMacOS(t *testing.T) {
	files := map[string]string{
		"Lanyard.app/Contents/Info.plist":                   "<plist/>",
		"Lanyard.app/Contents/MacOS/lanyard":                string(machOf(fyneAppText)),
		"Lanyard.app/Contents/Resources/icon.icns":          string(icnsOf(pngOf(t, framed()))),
		"Lanyard.app/Contents/_CodeSignature/CodeResources": "x",
	}
	const ids = `[{"bundle_id":"com.example.lanyard","version":"1.2.3","build":"7","schemes":["lanyard"]}]`
	expectWrong(t, "x.zip", zipWith(t, files, "", ""), ids, map[string]wrong{
		"another bundle":  {nil, strings.Replace(ids, "com.example", "com.Example", 1), "it is com.Example.lanyard"},
		"another version": {nil, strings.Replace(ids, "1.2.3", "1", 1), "the version is 1.2.3: it is 1"},
		"no links":        {nil, strings.Replace(ids, `"lanyard"]`, `"msauth"]`, 1), "lanyard:// links open it"},
		"another icon":    {zipWith(t, files, "Lanyard.app/Contents/Resources/icon.icns", string(icnsOf(pngOf(t, foreign())))), "", "the icon is ours"},
		"no icon":         {zipWith(t, files, "Lanyard.app/Contents/Resources/icon.icns", "icns"), "", "there is an icon"},
		"unsigned":        {zipWith(t, files, "Lanyard.app/Contents/_CodeSignature/CodeResources", ""), "", "there is no signature"},
		"no program":      {zipWith(t, files, "Lanyard.app/Contents/MacOS/lanyard", "text"), "", "there is a program in it"},
	}, "--release")
}

// req: G5
func TestCheck_anAppForIOS(t *testing.T) {
	files := map[string]string{
		"Payload/main.app/Info.plist":                   "bplist00",
		"Payload/main.app/main":                         string(machOf(fyneAppText)),
		"Payload/main.app/Assets.car":                   "car",
		"Payload/main.app/embedded.mobileprovision":     "<key>get-task-allow</key>\n\t<false/>",
		"Payload/main.app/_CodeSignature/CodeResources": "x",
	}
	const ids = `[{"bundle_id":"com.example.lanyard","version":"1.2.3","build":"7"}]`
	expectWrong(t, "x.ipa", zipWith(t, files, "", ""), ids, map[string]wrong{
		"another build":  {nil, strings.Replace(ids, `"7"`, `"1"`, 1), "the build is 7: it is 1"},
		"no icons":       {zipWith(t, files, "Payload/main.app/Assets.car", ""), "", "Assets.car is missing"},
		"no profile":     {zipWith(t, files, "Payload/main.app/embedded.mobileprovision", ""), "", "embedded.mobileprovision is missing"},
		"for developing": {zipWith(t, files, "Payload/main.app/embedded.mobileprovision", "<key>get-task-allow</key><true/>"), "", "one for development"},
	}, "--release")
}

// zipWith packs files with one changed, or left out where its text is empty.
func zipWith(t *testing.T, files map[string]string, name, text string) []byte {
	t.Helper()
	files = maps.Clone(files)
	if files[name] = text; text == "" {
		delete(files, name)
	}
	var list []file
	for _, n := range slices.Sorted(maps.Keys(files)) {
		list = append(list, file{name: n, data: files[n]})
	}
	return zipOf(t, list...)
}

func TestCheck_itSaysWhenItCannotTellWhatAFileIs(t *testing.T) {
	for _, name := range []string{"x.txt", "x.zip", "x.apk"} {
		if code, said := checked(t, name, []byte("hello"), ""); code != 1 || !strings.Contains(said, "package: "+name) {
			t.Errorf("%s: exit %d: %s", name, code, said)
		}
	}
	var said bytes.Buffer
	if code := run(t.Context(), []string{"--check-only", "none.exe"}, module(t), stub(t, "linux").machine, &said, &said); code != 1 {
		t.Errorf("exit %d for a file that is not there", code)
	}
}

func TestAlike_itSeesThroughScalingAndNothingElse(t *testing.T) {
	small := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for y := range 32 {
		for x := range 32 {
			small.Set(x, y, ours().At(2*x, 2*y))
		}
	}
	if !alike(ours(), small) {
		t.Error("half the size is taken for another picture")
	}
	for name, img := range map[string]image.Image{"another": foreign(), "grey": drawn(color.NRGBA{99, 99, 99, 255}, color.NRGBA{99, 99, 99, 255}, color.NRGBA{99, 99, 99, 255}, color.NRGBA{})} {
		if alike(ours(), img) {
			t.Errorf("%s is taken for ours", name)
		}
	}
}

// The version that packages must be the one that the app is built with.
func TestFyneMod_itPinsTheVersionOfTheApp(t *testing.T) {
	version := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require ")); len(f) >= 2 && f[0] == "fyne.io/fyne/v2" {
				return f[1]
			}
		}
		return ""
	}
	if app, packager := version("go.mod"), version("tools/fyne.mod"); app == "" || app != packager {
		t.Errorf("the app is built with Fyne %q and packaged by %q", app, packager)
	}
}

// The module's own description must be one that can be packaged.
func TestFyneApp_oursCanBePackaged(t *testing.T) {
	if _, err := expect(filepath.Join("..", ".."), options{target: "linux"}, machine{}); err != nil {
		t.Error(err)
	}
}
