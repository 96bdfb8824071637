package main

import (
	"archive/zip"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// here is the machine that the test runs on.
func here(t *testing.T) machine {
	t.Helper()
	return machine{goos: runtime.GOOS, goarch: runtime.GOARCH, env: os.Environ(), words: t.Output(), start: start}
}

// unzip unpacks a zip of plain names into a folder.
func unzip(file, to string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(f.Name)), data, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// readable fails when one of the words stands in a file below a folder.
func readable(t *testing.T, dir string, words ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, w := range words {
			if strings.Contains(string(text), w) {
				t.Errorf("%s holds %q", name, w)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// picture keeps what a window showed, where somebody asks for it.
func picture(t *testing.T, name string, img image.Image) {
	t.Helper()
	dir := os.Getenv("LANYARD_TEST_PICTURES")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}
