package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"debug/pe"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"
	"unicode/utf16"
)

// ours is the icon of these tests: four coloured corners.
func ours() image.Image {
	return drawn(color.NRGBA{0, 128, 120, 255}, color.NRGBA{250, 190, 60, 255}, color.NRGBA{20, 30, 40, 255}, color.NRGBA{0, 0, 0, 0})
}

func drawn(c ...color.NRGBA) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			img.SetNRGBA(x, y, c[y/32*2+x/32])
		}
	}
	return img
}

// foreign is another picture of the same colours.
func foreign() image.Image {
	return drawn(color.NRGBA{250, 190, 60, 255}, color.NRGBA{0, 128, 120, 255}, color.NRGBA{0, 0, 0, 0}, color.NRGBA{20, 30, 40, 255})
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// le writes values one after another, the least significant byte first.
func le(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if s, ok := v.(string); ok {
			v = []byte(s)
		}
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// padded is data up to a multiple of n.
func padded(data []byte, n int) []byte {
	return append(data, make([]byte, (n-len(data)%n)%n)...)
}

// exe says what stands in a program for Windows.
type exe struct {
	subsystem uint16
	dll       string
	icon      []byte
	version   [4]uint16
	product   string
	text      string // what main.go embeds
	bare      bool   // without resources
}

func goodExe(t testing.TB) exe {
	return exe{pe.IMAGE_SUBSYSTEM_WINDOWS_GUI, "KERNEL32.dll", pngOf(t, ours()), [4]uint16{1, 2, 3, 7}, "Lanyard", fyneAppText, false}
}

// bytes assembles the program: headers, imports, resources, data.
func (e exe) bytes() []byte {
	const page = 0x1000
	imports := slices.Concat(
		le(uint32(page+0x40), uint32(0), uint32(0), uint32(page+0x60), uint32(page+0x50)), make([]byte, 20), make([]byte, 0x40-40),
		le(uint64(page+0x80), uint64(0)), le(uint64(page+0x80), uint64(0)), padded([]byte(e.dll+"\x00"), 0x20), le(uint16(0), "ExitProcess\x00"))
	names := []string{".idata", ".rsrc", ".rdata"}
	content := [][]byte{imports, e.resources(2 * page), []byte(e.text)}
	if e.bare {
		names[1] = ".other"
	}
	var dirs [16]pe.DataDirectory
	dirs[pe.IMAGE_DIRECTORY_ENTRY_IMPORT] = pe.DataDirectory{VirtualAddress: page, Size: 40}
	head := le(pe.FileHeader{Machine: pe.IMAGE_FILE_MACHINE_AMD64, NumberOfSections: 3, SizeOfOptionalHeader: 240, Characteristics: pe.IMAGE_FILE_EXECUTABLE_IMAGE},
		pe.OptionalHeader64{
			Magic: 0x20b, ImageBase: 1 << 30, Subsystem: e.subsystem, NumberOfRvaAndSizes: 16, DataDirectory: dirs,
			DllCharacteristics: pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		})
	out := slices.Concat(le("MZ", make([]byte, 58), uint32(64)), []byte("PE\x00\x00"), head)
	at := uint32(0x400)
	var body []byte
	for i, data := range content {
		var name [8]byte
		copy(name[:], names[i])
		raw := padded(data, 0x200)
		out = append(out, le(name, uint32(len(data)), uint32((i+1)*page), uint32(len(raw)), at, make([]byte, 16))...)
		body, at = append(body, raw...), at+uint32(len(raw))
	}
	return append(padded(out, 0x400)[:0x400], body...)
}

// resources assembles a section .rsrc that is loaded at an address.
func (e exe) resources(base uint32) []byte {
	kinds := []uint32{resourceIcon, resourceGroup, resourceVersion, resourceManifest}
	data := [][]byte{e.icon, make([]byte, 20), e.versionInfo(), []byte("<assembly></assembly>")}
	const flag = uint32(1) << 31
	directory := func(n int) []byte { return le(make([]byte, 14), uint16(n)) }
	out := directory(len(kinds))
	at := uint32(len(out) + 8*len(kinds))
	for i, k := range kinds {
		out = append(out, le(k, flag|(at+uint32(i)*64))...)
	}
	where := at + 64*uint32(len(kinds))
	var blobs []byte
	for i := range kinds {
		p := at + uint32(i)*64
		one := slices.Concat(directory(1), le(uint32(1), flag|(p+24)), directory(1), le(uint32(1033), p+48),
			le(base+where+uint32(len(blobs)), uint32(len(data[i])), uint32(0), uint32(0)))
		out = append(out, one...)
		blobs = append(blobs, padded(slices.Clone(data[i]), 4)...)
	}
	return append(out, blobs...)
}

// versionInfo assembles a version resource.
func (e exe) versionInfo() []byte {
	wide := func(s string) []byte { return padded(le(utf16.Encode([]rune(s+"\x00"))), 4) }
	v := e.version
	fixed := le(uint32(0xFEEF04BD), uint32(0x10000), uint32(v[0])<<16|uint32(v[1]), uint32(v[2])<<16|uint32(v[3]), make([]byte, 36))
	key := wide("..VS_VERSION_INFO") // begins where a word of four bytes does
	return slices.Concat(key, fixed, wide("ProductName"), wide(e.product))
}

// file is one of an archive.
type file struct {
	name string
	mode int64
	data string
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), Uname: "ada", Uid: 1000}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		out, err := w.Create(f.name)
		if err == nil {
			_, err = out.Write([]byte(f.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// elfOf assembles a library with dynamic symbols, and text in it.
func elfOf(text string, symbols ...string) []byte {
	names := "\x00"
	table := make([]byte, 24)
	for _, s := range symbols {
		table = append(table, le(uint32(len(names)), uint8(0x12), uint8(0), uint16(4), uint64(0x1000), uint64(1))...)
		names += s + "\x00"
	}
	const labels = "\x00.dynsym\x00.dynstr\x00.shstrtab\x00.rodata\x00"
	parts := [][]byte{table, []byte(names), []byte(labels), []byte(text)}
	var body, headers []byte
	headers = append(headers, make([]byte, 64)...)
	for i, s := range []struct{ name, kind, link, entry uint32 }{{1, 11, 2, 24}, {9, 3, 0, 0}, {17, 3, 0, 0}, {27, 1, 0, 0}} {
		headers = append(headers, le(s.name, s.kind, uint64(0), uint64(0), uint64(64+len(body)), uint64(len(parts[i])), s.link, uint32(0), uint64(1), uint64(s.entry))...)
		body = append(body, parts[i]...)
	}
	body = padded(body, 8)
	head := le("\x7fELF", []byte{2, 1, 1, 0}, make([]byte, 8), uint16(3), uint16(62), uint32(1), uint64(0), uint64(0), uint64(64+len(body)),
		uint32(0), uint16(64), uint16(0), uint16(0), uint16(64), uint16(5), uint16(3))
	return slices.Concat(head, body, headers)
}

// machOf assembles a program for Apple's systems that does nothing.
func machOf(text string) []byte {
	return slices.Concat(le(uint32(0xfeedfacf), uint32(0x0100000c), uint32(0), uint32(2), uint32(0), uint32(0), uint32(0), uint32(0)), []byte(text))
}

// icnsOf assembles an .icns file of one picture.
func icnsOf(picture []byte) []byte {
	entry := slices.Concat([]byte("ic10"), binary.BigEndian.AppendUint32(nil, uint32(8+len(picture))), picture)
	return slices.Concat([]byte("icns"), binary.BigEndian.AppendUint32(nil, uint32(8+len(entry))), entry)
}
