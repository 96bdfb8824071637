package main

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Types of resources (Microsoft, "Resource Types").
const (
	resourceIcon     = 3
	resourceGroup    = 14
	resourceVersion  = 16
	resourceManifest = 24
)

// inspectExe looks at the program for Windows.
func inspectExe(data []byte, w want, f *findings) {
	p, err := pe.NewFile(bytes.NewReader(data))
	f.expectOnly(err == nil, "it is a program for Windows", "it cannot be read: %v", err)
	if err != nil {
		return
	}
	head, ok := p.OptionalHeader.(*pe.OptionalHeader64)
	f.expect(ok && head.Subsystem == pe.IMAGE_SUBSYSTEM_WINDOWS_GUI, "it opens no console", "its subsystem is not GUI; link it with -H=windowsgui")
	if want, ok := map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}[w.arch]; ok {
		f.expect(p.Machine == want, "it is for "+w.arch, "it is for machine %#x", p.Machine)
	}
	if ok {
		const protected = pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT
		f.expect(head.DllCharacteristics&protected == protected, "its addresses are random and its data does not run", "ASLR or DEP is off (DllCharacteristics %#x)", head.DllCharacteristics)
	}
	inspectImports(p, f)
	res, err := resources(p)
	f.expectOnly(err == nil, "it has resources", "they cannot be read: %v; package it with this program or fyne package", err)
	if err == nil {
		inspectResources(res, w, f)
	}
	inspectProgram("the program", data, w, f)
}

// inspectImports makes sure that a computer without a compiler has every
// library that the program starts with.
func inspectImports(p *pe.File, f *findings) {
	libraries, err := p.ImportedLibraries()
	symbols, symbolErr := p.ImportedSymbols()
	var foreign []string
	for _, s := range symbols {
		if _, dll, _ := strings.Cut(s, ":"); dll != "" {
			libraries = append(libraries, dll)
		}
	}
	for _, l := range libraries {
		l = strings.ToLower(l)
		if strings.HasPrefix(l, "lib") && !slices.Contains(foreign, l) {
			foreign = append(foreign, l)
		}
	}
	f.expect(errors.Join(err, symbolErr) == nil && len(foreign) == 0 && len(libraries) > 0, "it needs no library but Windows' own",
		"it needs %s (%v)", strings.Join(foreign, ", "), errors.Join(err, symbolErr))
}

// inspectResources looks at icon, version and manifest.
func inspectResources(res map[uint32][][]byte, w want, f *findings) {
	f.expect(len(res[resourceGroup]) > 0 && len(res[resourceIcon]) > 0, "it has an icon", "there is none among its resources")
	for _, data := range res[resourceIcon] {
		if img, err := decodePNG(data); err == nil {
			f.expect(alike(img, w.icon), "the icon is ours", "it is another picture than %s", w.app.Details.Icon)
		} else {
			f.expect(false, "the icon is ours", "it cannot be read: %v", err)
		}
	}
	d := w.app.Details
	var v version
	var err error = errors.New("there is none")
	if len(res[resourceVersion]) > 0 {
		v, err = parseVersion(res[resourceVersion][0])
	}
	f.expectOnly(err == nil, "it has a version resource", "%v", err)
	if err == nil {
		want := [4]uint16{}
		copy(want[:], numbers(d.Version))
		want[3] = uint16(d.Build)
		f.expect(v.file == want, "its file version is "+dotted(want), "it is %s", dotted(v.file))
		f.expect(v.text["ProductName"] == d.Name, "its product is "+d.Name, "it is %q", v.text["ProductName"])
	}
	f.expect(len(res[resourceManifest]) == 1 && bytes.Contains(res[resourceManifest][0], []byte("<assembly")),
		"it has one manifest of Windows", "there are %d", len(res[resourceManifest]))
}

// resources returns the data of all resources by type. The directory has three
// levels: type, name, language (Microsoft, "PE Format", the .rsrc section).
func resources(p *pe.File) (map[uint32][][]byte, error) {
	s := p.Section(".rsrc")
	if s == nil {
		return nil, errors.New("there is no section .rsrc")
	}
	data, err := s.Data()
	if err != nil {
		return nil, err
	}
	r := resourceReader{data: data, base: s.VirtualAddress, out: map[uint32][][]byte{}}
	return r.out, r.directory(0, 0, 0)
}

type resourceReader struct {
	data []byte
	base uint32
	seen int
	out  map[uint32][][]byte
}

// maxResources is far more than a program of ours has.
const maxResources = 1000

var errResources = errors.New("they are not as they should be")

// directory reads one directory; kind is the type it belongs to.
func (r *resourceReader) directory(at uint32, level int, kind uint32) error {
	const head, entry = 16, 8
	if level > 2 || int64(at)+head > int64(len(r.data)) {
		return errResources
	}
	h := r.data[at:]
	n := int(binary.LittleEndian.Uint16(h[12:])) + int(binary.LittleEndian.Uint16(h[14:]))
	if len(h) < head+n*entry {
		return errResources
	}
	for i := range n {
		if r.seen++; r.seen > maxResources {
			return errResources
		}
		e := h[head+i*entry:]
		id, to := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
		if level == 0 {
			kind = id
		}
		var err error
		if to>>31 == 1 {
			err = r.directory(to&^(1<<31), level+1, kind)
		} else {
			err = r.leaf(to, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf reads where the data of one resource lies.
func (r *resourceReader) leaf(at, kind uint32) error {
	if int64(at)+16 > int64(len(r.data)) {
		return errResources
	}
	from, size := int64(binary.LittleEndian.Uint32(r.data[at:]))-int64(r.base), int64(binary.LittleEndian.Uint32(r.data[at+4:]))
	if from < 0 || from+size > int64(len(r.data)) {
		return errResources
	}
	r.out[kind] = append(r.out[kind], r.data[from:from+size])
	return nil
}

// version is what a version resource says.
type version struct {
	file [4]uint16
	text map[string]string
}

// parseVersion reads VS_VERSIONINFO (Microsoft, "VS_VERSIONINFO structure"): the
// fixed part by its signature, and the strings by their names.
func parseVersion(data []byte) (version, error) {
	const signature, fixed = 0xFEEF04BD, 52
	v := version{text: map[string]string{}}
	at := bytes.Index(data, binary.LittleEndian.AppendUint32(nil, signature))
	if at < 0 || at+fixed > len(data) {
		return v, errors.New("it has no fixed part")
	}
	ms, ls := binary.LittleEndian.Uint32(data[at+8:]), binary.LittleEndian.Uint32(data[at+12:])
	v.file = [4]uint16{uint16(ms >> 16), uint16(ms), uint16(ls >> 16), uint16(ls)}
	for _, name := range []string{"ProductName", "FileDescription", "ProductVersion"} {
		v.text[name] = versionString(data, name)
	}
	return v, nil
}

// versionString returns the value after a name: both are 16-bit letters that
// end with a zero, and the value begins at a multiple of four.
func versionString(data []byte, name string) string {
	var key []byte
	for _, u := range utf16.Encode([]rune(name + "\x00")) {
		key = binary.LittleEndian.AppendUint16(key, u)
	}
	at := bytes.Index(data, key)
	if at < 0 {
		return ""
	}
	var value []uint16
	for i := (at + len(key) + 3) &^ 3; i+1 < len(data); i += 2 {
		u := binary.LittleEndian.Uint16(data[i:])
		if u == 0 {
			break
		}
		value = append(value, u)
	}
	return string(utf16.Decode(value))
}

// numbers are the parts of a version such as 1.2.3.
func numbers(text string) []uint16 {
	var out []uint16
	for part := range strings.SplitSeq(text, ".") {
		n := uint16(0)
		for _, c := range part {
			if c < '0' || c > '9' {
				return out
			}
			n = 10*n + uint16(c-'0')
		}
		out = append(out, n)
	}
	return out[:min(len(out), 3)]
}

func dotted(v [4]uint16) string { return fmt.Sprintf("%d.%d.%d.%d", v[0], v[1], v[2], v[3]) }
