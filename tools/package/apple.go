package main

import (
	"archive/zip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// macos builds a signed .app and puts it into a zip, which keeps who may start
// what. Without a certificate the signature is one of this Mac alone.
func (b *build) macos(ctx context.Context) (string, error) {
	if err := b.fyne(ctx, []string{"GOOS=darwin", "GOARCH=" + b.want.arch}, "package", "--target", "darwin"); err != nil {
		return "", err
	}
	app, err := b.one("*.app")
	if err != nil {
		return "", err
	}
	info := filepath.Join(app, "Contents", "Info.plist")
	text, err := os.ReadFile(info)
	if err != nil {
		return "", err
	}
	changed, err := linkedPlist(string(text), b.want.app.Details.ID)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(info, []byte(changed), 0o644); err != nil {
		return "", err
	}
	args := []string{"--force", "--deep", "--sign", "-", app}
	if b.o.certificate != "" {
		args = []string{"--force", "--deep", "--options", "runtime", "--timestamp", "--sign", b.o.certificate, app}
	}
	if _, err := b.m.start(ctx, command{b.dir, b.m.builders(), "codesign", args}, b.m.words); err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, b.name("macos", ".zip"))
	return file, zipFolder(file, app, "")
}

// ios builds an .ipa. A release is signed for distribution by Fyne's packager.
func (b *build) ios(ctx context.Context) (string, error) {
	args := []string{"package", "--target", "ios"}
	if b.o.release {
		args[0] = "release"
	}
	if b.o.certificate != "" {
		args = append(args, "--certificate", b.o.certificate)
	}
	if b.o.profile != "" {
		args = append(args, "--profile", b.o.profile)
	}
	release := *b
	release.o.release = false // fyne release has no such flag: it is what it means
	if err := release.fyne(ctx, nil, args...); err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, b.name("ios", ".ipa"))
	if b.o.release {
		made, err := b.one("*.ipa")
		if err != nil {
			return "", err
		}
		return file, os.Rename(made, file)
	}
	app, err := b.one("*.app")
	if err != nil {
		return "", err
	}
	return file, zipFolder(file, app, "Payload")
}

// linkedPlist adds to Fyne's Info.plist for macOS that lanyard:// links are
// opened by the app, and mends the category, which Fyne leaves unfinished.
func linkedPlist(text, id string) (string, error) {
	if strings.Contains(text, "CFBundleURLTypes") {
		return "", errors.New("there are CFBundleURLTypes in Info.plist already; this program would make it two")
	}
	end := strings.LastIndex(text, "</dict>")
	if end < 0 {
		return "", errors.New("this is not the Info.plist that Fyne writes")
	}
	entry := "\t<key>CFBundleURLTypes</key>\n\t<array>\n\t\t<dict>\n\t\t\t<key>CFBundleURLName</key>\n\t\t\t<string>" + id +
		"</string>\n\t\t\t<key>CFBundleURLSchemes</key>\n\t\t\t<array>\n\t\t\t\t<string>lanyard</string>\n\t\t\t</array>\n\t\t</dict>\n\t</array>\n"
	text = text[:end] + entry + text[end:]
	return strings.Replace(text, "<string>public.app-category.</string>", "<string>public.app-category.business</string>", 1), nil
}

// zipFolder packs a folder and its name into a zip, below a folder in it.
func zipFolder(file, folder, below string) (err error) {
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := zip.NewWriter(out)
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		h, err := zip.FileInfoHeader(info)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Dir(folder), name)
		if err != nil {
			return err
		}
		h.Name, h.Method = path.Join(below, filepath.ToSlash(rel)), zip.Deflate
		var data []byte
		if info.Mode()&fs.ModeSymlink != 0 { // its text is where it leads
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			data = []byte(target)
		} else if data, err = os.ReadFile(name); err != nil {
			return err
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(data)
		}
		return err
	})
	return errors.Join(err, w.Close())
}
