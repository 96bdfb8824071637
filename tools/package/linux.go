package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// linux builds the tarball with which people install the app by make.
func (b *build) linux(ctx context.Context) (string, error) {
	if err := b.fyne(ctx, []string{"GOOS=linux", "GOARCH=" + b.want.arch}, "package", "--target", "linux"); err != nil {
		return "", err
	}
	made, err := b.one("*.tar.xz")
	if err != nil {
		return "", err
	}
	packed, err := b.m.start(ctx, command{b.dir, b.m.builders(), "xz", []string{"-dc", made}}, b.m.words)
	if err != nil {
		return "", err
	}
	changed, err := withLinks(packed)
	if err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Base(made), err)
	}
	plain := filepath.Join(b.dir, strings.TrimSuffix(b.name("linux", ".tar.xz"), ".xz"))
	if err := os.WriteFile(plain, changed, 0o600); err != nil {
		return "", err
	}
	if _, err := b.m.start(ctx, command{b.dir, b.m.builders(), "xz", []string{"-T0", plain}}, b.m.words); err != nil {
		return "", err
	}
	return plain + ".xz", os.Chmod(plain+".xz", 0o644)
}

// withLinks adds to a tarball of Fyne's what its templates cannot say: that the
// app opens lanyard:// links, and that the desktop is told so at installing.
func withLinks(packed []byte) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	desktop, makefile := 0, 0
	err := eachInTar(packed, func(h *tar.Header, data []byte) error {
		switch {
		case h.Typeflag != tar.TypeReg:
		case path.Ext(h.Name) == ".desktop":
			desktop++
			text, err := linkedDesktop(string(data))
			if err != nil {
				return err
			}
			data = []byte(text)
		case path.Base(h.Name) == "Makefile":
			makefile++
			data = []byte(tellingMakefile(string(data)))
		}
		h.Size = int64(len(data))
		// Who packaged it is nobody's business.
		h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "", ""
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err := w.Write(data)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case desktop != 1 || makefile != 1:
		return nil, fmt.Errorf("it holds %d .desktop files and %d Makefiles, not one of each", desktop, makefile)
	}
	if err := w.Close(); err != nil { // writes the end, so it comes first
		return nil, err
	}
	return out.Bytes(), nil
}

// eachInTar hands over every entry of a tar file, with its content.
func eachInTar(packed []byte, do func(*tar.Header, []byte) error) error {
	r, left := tar.NewReader(bytes.NewReader(packed)), int64(maxUnpacked)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(io.LimitReader(r, left+1))
		if err != nil {
			return err
		}
		if left -= int64(len(data)); left < 0 {
			return fmt.Errorf("it holds more than %d bytes", int64(maxUnpacked))
		}
		if err := do(h, data); err != nil {
			return err
		}
	}
}

// linkType is the type under which Linux desktops look for who opens a link
// (freedesktop.org, "Association between MIME types and applications").
const linkType = "x-scheme-handler/lanyard"

// linkedDesktop has a desktop entry take lanyard:// links as its argument.
func linkedDesktop(text string) (string, error) {
	var out []string
	exec := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "Exec=") && !exec {
			exec = true
			if !strings.Contains(line, "%") {
				line += " %u"
			}
			line += "\nMimeType=" + linkType + ";"
		}
		if strings.HasPrefix(line, "MimeType=") {
			return "", errors.New("its .desktop file has a MimeType of its own; this program would make it two")
		}
		out = append(out, line)
	}
	if !exec {
		return "", errors.New("its .desktop file starts nothing: there is no Exec")
	}
	return strings.Join(out, "\n") + "\n", nil
}

// tellingMakefile has installing and removing tell the desktop of the links. A
// minus before a command means that it may be missing.
func tellingMakefile(text string) string {
	const system, user = "$(DESTDIR)$(PREFIX)/share/applications", "$(DESTDIR)$(HOME)/.local/share/applications"
	folder := map[string]string{"install:": system, "uninstall:": system, "user-install:": user, "user-uninstall:": user}
	var out []string
	telling := ""
	flush := func() {
		if telling == "" {
			return
		}
		// After the recipe, before the empty line that ends it.
		end := len(out)
		for end > 0 && strings.TrimSpace(out[end-1]) == "" {
			end--
		}
		line := "\t-update-desktop-database " + telling
		out = append(out[:end], append([]string{line}, out[end:]...)...)
		telling = ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if dir, ok := folder[strings.TrimSpace(line)]; ok {
			flush()
			telling = dir
		}
		out = append(out, line)
	}
	flush()
	return strings.Join(out, "\n") + "\n"
}
