package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// left are the folders of the module that no app is built from.
var left = []string{"testdata", "demo-pictures", "dist", "docs"}

// keyFiles are endings of files that hold keys. They are not even copied: what
// lies beside main or in assets, Fyne may put into an app.
var keyFiles = []string{".jks", ".keystore", ".p12", ".pfx", ".key", ".pem", ".p8", ".mobileprovision", ".env"}

// holdsKeys reports whether a file by its name is for keys.
func holdsKeys(name string) bool {
	return slices.Contains(keyFiles, strings.ToLower(filepath.Ext(name)))
}

// copyModule copies what an app is built from.
func copyModule(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case rel == ".":
			return nil
		case d.IsDir() && (strings.HasPrefix(name, ".") || slices.Contains(left, name)):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		case !d.Type().IsRegular(), strings.HasPrefix(name, "."), strings.HasSuffix(name, "_test.go"), holdsKeys(name):
			return nil
		}
		return copyFile(path, filepath.Join(to, rel))
	})
}

// copyFile copies one file with its permissions.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
