package main

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"strings"
)

// linksScript registers lanyard:// links for whoever runs it, wherever the
// program lies. It needs no administrator.
//
//go:embed register-links.cmd
var linksScript string

const linksName = "register-links.cmd"

// windows builds the program and puts it into a zip with the script.
func (b *build) windows(ctx context.Context) (string, error) {
	set := []string{"GOOS=windows", "GOARCH=" + b.want.arch, "CC=" + b.m.compiler(b.o)}
	if cc := b.m.variable("CC"); cc != "" {
		set[2] = "CC=" + cc
	}
	if err := b.fyne(ctx, set, "package", "--target", "windows"); err != nil {
		return "", err
	}
	exe, err := b.one("*.exe")
	if err != nil {
		return "", err
	}
	program, err := os.ReadFile(exe)
	if err != nil {
		return "", err
	}
	script := strings.ReplaceAll(linksScript, "Lanyard.exe", filepath.Base(exe)) // the app may be called otherwise
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, data := range map[string][]byte{
		filepath.Base(exe): program,
		linksName:          []byte(strings.ReplaceAll(script, "\n", "\r\n")),
	} {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, b.name("windows", ".zip"))
	return file, os.WriteFile(file, out.Bytes(), 0o644)
}
