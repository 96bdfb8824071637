package main

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"debug/macho"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Limits of what is taken apart. The largest app there is has far less.
const (
	maxFiles    = 20_000
	maxUnpacked = 512 << 20
)

// inspectFiles looks at an app that is many files: a zip of any name or, on
// macOS, a folder.
func inspectFiles(ctx context.Context, file string, w want, m machine, module string, f *findings) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	fsys := os.DirFS(filepath.Dir(file))
	if !info.IsDir() {
		z, err := zip.OpenReader(file)
		if err != nil {
			return err
		}
		defer z.Close()
		fsys = &z.Reader
	} else if fsys, err = fs.Sub(fsys, filepath.Base(file)); err != nil {
		return err
	}
	all, err := readAll(fsys, w, f)
	if err != nil {
		return err
	}
	name := strings.ToLower(file)
	switch {
	case all["AndroidManifest.xml"] != nil || strings.HasSuffix(name, ".aab"):
		return inspectAndroid(ctx, file, all, w, m, module, f)
	case find(all, `(^|/)Info\.plist$`) != "" && !strings.HasSuffix(name, ".apk"):
		return inspectApple(ctx, file, all, w, m, module, f)
	case find(all, `^[^/]*\.exe$`) != "":
		inspectExe(all[find(all, `^[^/]*\.exe$`)], w, f)
		script := string(all[linksName])
		f.expect(strings.Contains(script, `Software\Classes\lanyard`) && strings.Contains(script, find(all, `^[^/]*\.exe$`)),
			"lanyard:// links can be registered", "%s is missing or names another program", linksName)
		return nil
	}
	return errors.New("it holds no app for Android, Windows or Apple's systems")
}

// readAll reads every file, and scans it.
func readAll(fsys fs.FS, w want, f *findings) (map[string][]byte, error) {
	all, sum := map[string][]byte{}, int64(0)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if len(all) == maxFiles {
			return fmt.Errorf("it holds more than %d files", maxFiles)
		}
		r, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, maxUnpacked-sum+1))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if sum += int64(len(data)); sum > maxUnpacked {
			return fmt.Errorf("it holds more than %d bytes", int64(maxUnpacked))
		}
		all[name] = data
		// A signed iOS app has its profile in it, which holds no key.
		if path.Base(name) != "embedded.mobileprovision" {
			scan(name, data, w, f)
		}
		return nil
	})
	return all, err
}

// find returns the first name that matches, in the order of the alphabet.
func find(all map[string][]byte, pattern string) string {
	re, best := regexp.MustCompile(pattern), ""
	for name := range all {
		if re.MatchString(name) && (best == "" || name < best) {
			best = name
		}
	}
	return best
}

// redirectSymbol is the C function that the second activity calls.
const redirectSymbol = "Lanyard_onRedirect"

// abis are what Android calls the processors.
var abis = map[string]string{"arm64": "arm64-v8a", "amd64": "x86_64", "arm": "armeabi-v7a", "386": "x86"}

// inspectAndroid looks at an APK or AAB.
func inspectAndroid(ctx context.Context, file string, all map[string][]byte, w want, m machine, module string, f *findings) error {
	ids, err := readIDs(ctx, file, m, module)
	if err != nil {
		return err
	}
	ids.android(w, f)
	icon := find(all, `(^|/)res/mipmap[^/]*/icon\.png$`)
	f.expect(icon != "", "there is an icon", "there is none under res/mipmap…/icon.png")
	if img, err := decodePNG(all[icon]); icon != "" {
		f.expect(err == nil && alike(img, w.icon), "the icon is ours", "it is another picture than %s", w.app.Details.Icon)
	}
	libraries := 0
	for _, name := range sorted(all) {
		if !regexp.MustCompile(`(^|/)lib/[^/]+/lib[^/]+\.so$`).MatchString(name) {
			continue
		}
		libraries++
		inspectLibrary(name, all[name], w, f)
	}
	f.expect(libraries > 0, "there is a program in it", "there is no lib/*/*.so")
	if abi := abis[w.arch]; abi != "" {
		f.expect(find(all, `(^|/)lib/`+abi+`/lib[^/]+\.so$`) != "", "it runs on "+abi, "there is no program for that")
	}
	return nil
}

// inspectLibrary looks at the program of one processor.
func inspectLibrary(name string, data []byte, w want, f *findings) {
	e, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		f.expect(false, name+" can be loaded", "it cannot be read: %v", err)
		return
	}
	symbols, err := e.DynamicSymbols()
	for _, symbol := range []string{"ANativeActivity_onCreate", redirectSymbol} {
		there := slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == symbol && s.Section != elf.SHN_UNDEF })
		f.expect(err == nil && there, name+" has "+symbol, "Android would find no such function and end the app")
	}
	inspectProgram(name, data, w, f)
}

// getTaskAllow is what a profile says that lets a debugger look into the app
// (Apple, TN2415).
var getTaskAllow = regexp.MustCompile(`<key>get-task-allow</key>\s*<true/>`)

// inspectApple looks at an app for macOS or iOS. Whether its signature is good
// only a Mac can tell.
func inspectApple(ctx context.Context, file string, all map[string][]byte, w want, m machine, module string, f *findings) error {
	ids, err := readIDs(ctx, file, m, module)
	if err != nil {
		return err
	}
	d := w.app.Details
	f.expect(ids.BundleID == d.ID, "the bundle ID is "+d.ID, "it is %s", ids.BundleID)
	ids.versions(w, f)
	mac := find(all, `(^|/)Contents/Info\.plist$`) != ""
	if mac {
		f.expect(slices.Contains(ids.Schemes, "lanyard"), "lanyard:// links open it", "CFBundleURLTypes of Info.plist has only %q", ids.Schemes)
		icns := largestPNG(all[find(all, `(^|/)Contents/Resources/icon\.icns$`)])
		f.expect(icns != nil, "there is an icon", "Contents/Resources/icon.icns is missing or has no picture that can be read")
		if icns != nil {
			f.expect(alike(middle(icns, 100.0/1024), middle(w.icon, 0)), "the icon is ours", "it is another picture than %s", d.Icon)
		}
	} else {
		f.expect(find(all, `\.app/Assets\.car$`) != "", "there is an icon catalogue (whose icon is in it, only a Mac can tell)", "Assets.car is missing")
		if w.release {
			profile := all[find(all, `\.app/embedded\.mobileprovision$`)]
			f.expect(len(profile) > 0, "there is a provisioning profile", "embedded.mobileprovision is missing; sign it with --certificate and --profile")
			f.expect(!getTaskAllow.Match(profile), "no debugger may look into it", "its profile is one for development; use one for distribution")
		}
	}
	f.expect(find(all, `_CodeSignature/CodeResources$`) != "" || !w.release, "it is signed (whether rightly, codesign --verify tells on a Mac)", "there is no signature")
	programs := 0
	for _, name := range sorted(all) {
		if isMachO(all[name]) {
			programs++
			inspectProgram(path.Base(name), all[name], w, f)
		}
	}
	f.expect(programs > 0, "there is a program in it", "there is none for Apple's systems")
	f.warnings(ids, w)
	return nil
}

// isMachO reports whether a file is a program for Apple's systems, for one
// processor or several.
func isMachO(data []byte) bool {
	if _, err := macho.NewFile(bytes.NewReader(data)); err == nil {
		return true
	}
	_, err := macho.NewFatFile(bytes.NewReader(data))
	return err == nil
}

// largestPNG returns the largest picture of an .icns file, which is a list of
// entries: four letters, a length that counts itself, and the data.
func largestPNG(data []byte) image.Image {
	var best image.Image
	if len(data) < 8 || string(data[:4]) != "icns" {
		return nil
	}
	for rest := data[8:]; len(rest) >= 8; {
		n := int(rest[4])<<24 | int(rest[5])<<16 | int(rest[6])<<8 | int(rest[7])
		if n < 8 || n > len(rest) {
			return best
		}
		if img, err := decodePNG(rest[8:n]); err == nil && (best == nil || img.Bounds().Dx() > best.Bounds().Dx()) {
			best = img
		}
		rest = rest[n:]
	}
	return best
}
