package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"path"
	"strings"
)

// machines are the processors as a program's header names them.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// inspectTarball looks at what people install on Linux.
func inspectTarball(packed []byte, w want, f *findings) error {
	files := map[string]*tar.Header{}
	data := map[string][]byte{}
	err := eachInTar(packed, func(h *tar.Header, content []byte) error {
		plain := h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeDir
		f.expectOnly(plain && !path.IsAbs(h.Name) && !strings.Contains(h.Name, ".."), h.Name+" stays in its folder", "it leads out of the folder it is unpacked in")
		f.expectOnly(h.Mode&0o6022 == 0 || h.Typeflag == tar.TypeDir, h.Name+" is changed by its owner alone", "its permissions are %o", h.Mode)
		if h.Typeflag == tar.TypeReg {
			files[path.Base(h.Name)], data[path.Base(h.Name)] = h, content
			scan(h.Name, content, w, f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Go reads one that has no end; tar does not.
	f.expectOnly(bytes.HasSuffix(packed, make([]byte, 1024)), "the tarball is whole", "its end is missing")
	name := w.app.Details.Name
	entry := desktopEntry(string(data[name+".desktop"]))
	f.expect(entry["Type"] == "Application" && entry["Name"] == name, name+".desktop is the entry of "+name, "it says Type %q, Name %q", entry["Type"], entry["Name"])
	program, takes, _ := strings.Cut(entry["Exec"], " ")
	f.expect(program != "" && !path.IsAbs(program) && files[program] != nil && path.Base(path.Dir(files[program].Name)) == "bin",
		"Exec starts a program of bin/", "it is %q, which is not there", entry["Exec"])
	f.expect(takes == "%u" && strings.Contains(";"+entry["MimeType"], ";"+linkType+";"), "lanyard:// links are opened by it",
		"Exec is %q and MimeType %q; they should end in %%u and hold %s", entry["Exec"], entry["MimeType"], linkType)
	f.expect(strings.Contains(string(data["Makefile"]), "update-desktop-database"), "installing tells the desktop of the links", "the Makefile does not")
	picture, err := decodePNG(data[entry["Icon"]+".png"])
	f.expect(err == nil && entry["Icon"] != "", "there is an icon", "Icon is %q, and no PNG of that name can be read", entry["Icon"])
	if err == nil {
		f.expect(alike(picture, w.icon), "the icon is ours", "it is another picture than %s", w.app.Details.Icon)
	}
	if h := files[program]; h != nil {
		f.expect(h.Mode&0o111 == 0o111, program+" may be started", "its permissions are %o", h.Mode)
		inspectELF(program, data[program], w, f)
	}
	return nil
}

// expectOnly is expect for what is worth a word only when it is wrong.
func (f *findings) expectOnly(ok bool, what, otherwise string, args ...any) {
	if !ok {
		f.expect(false, what, otherwise, args...)
	}
}

func inspectELF(name string, program []byte, w want, f *findings) {
	e, err := elf.NewFile(bytes.NewReader(program))
	f.expectOnly(err == nil, name+" is a program for Linux", "it cannot be read: %v", err)
	if err != nil {
		return
	}
	if want, ok := machines[w.arch]; ok {
		f.expect(e.Machine == want, name+" is for "+w.arch, "it is for %s", e.Machine)
	}
	if w.release {
		f.expect(e.Section(".debug_info") == nil && e.Section(".symtab") == nil, name+" has no debugging information", "build it with --release")
	}
	inspectProgram(name, program, w, f)
}

// desktopEntry reads the first group of a desktop entry (freedesktop.org,
// Desktop Entry Specification). Of a key that is there twice it takes the last.
func desktopEntry(text string) map[string]string {
	entry := map[string]string{}
	groups := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			groups++
		}
		if key, value, ok := strings.Cut(line, "="); ok && groups == 1 {
			entry[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return entry
}
