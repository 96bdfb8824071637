package builtapp

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Chunks of resources.arsc (ResourceTypes.h of AOSP's androidfw).
const (
	chunkTable   = 0x0002
	chunkPackage = 0x0200
	chunkType    = 0x0201

	maxTable   = 64 << 20
	maxFollow  = 8
	maxLooks   = 4 << 20 // for all that a manifest asks; thousands of values in hundreds of languages
	entryBag   = 0x0001  // the entry holds a map and not one value
	entryShort = 0x0008  // a compact entry of newer build tools
)

// resources returns what finds the value of "@0x7f0a0001" in resources.arsc,
// and gives back as it is what cannot be found. Of the values for several
// languages or screens it takes the default. The table is only read when
// something asks.
func (a *archive) resources() (func(string) string, error) {
	if f := a.files["resources.arsc"]; f != nil && f.UncompressedSize64 > maxTable {
		return nil, problem.New(problem.AppTooLarge)
	}
	var table *resourceTable
	return func(value string) string {
		hex, is := strings.CutPrefix(value, "@0x")
		id, err := strconv.ParseUint(hex, 16, 32)
		if !is || err != nil {
			return value
		}
		if table == nil {
			b, err := a.read("resources.arsc", maxTable)
			if err != nil {
				b = nil
			}
			table = readTable(b)
		}
		if found, ok := table.find(uint32(id), 0); ok {
			return found
		}
		return value
	}, nil
}

// resourceTable is as much of resources.arsc as leads from a number to a value.
type resourceTable struct {
	pool     *stringPool
	packages map[byte][]chunk // the type chunks of each package
	left     int              // how many more chunks may be looked at
}

// readTable reads what it can. A table that is damaged finds nothing, since all
// that matters to us may stand in the manifest itself.
func readTable(b []byte) *resourceTable {
	t := &resourceTable{packages: map[byte][]chunk{}, left: maxLooks}
	doc, _, err := cutChunk(b)
	if err != nil || doc.kind != chunkTable {
		return t
	}
	for rest := doc.all[doc.body:]; len(rest) > 0; {
		var c chunk
		if c, rest, err = cutChunk(rest); err != nil {
			return t
		}
		switch {
		case c.kind == chunkStringPool && t.pool == nil:
			t.pool, _ = readPool(c)
		case c.kind == chunkPackage && len(c.all) >= 12:
			t.addPackage(c)
		}
	}
	return t
}

func (t *resourceTable) addPackage(p chunk) {
	id := p.all[8]
	for rest := p.all[p.body:]; len(rest) > 0; {
		c, after, err := cutChunk(rest)
		if err != nil {
			return
		}
		rest = after
		if c.kind == chunkType && len(c.all) >= 24 && c.body >= 24 {
			t.packages[id] = append(t.packages[id], c)
		}
	}
}

// find returns the value of a resource and follows references to others. Those may
// lead in circles, and each to one of every language: what looking comes to is
// bounded for all that are asked for.
func (t *resourceTable) find(id uint32, depth int) (string, bool) {
	if t.pool == nil || depth > maxFollow {
		return "", false
	}
	var fallback string
	found := false
	for _, c := range t.packages[byte(id>>24)] {
		if t.left -= c.looks(); t.left < 0 {
			return "", false
		}
		if c.all[8] != byte(id>>16) {
			continue
		}
		kind, data, ok := entryOf(c, int(id&0xffff))
		if !ok {
			continue
		}
		s, ok := t.value(kind, data, depth)
		if !ok {
			continue
		}
		if isDefault(c) {
			return s, true
		}
		if !found {
			fallback, found = s, true
		}
	}
	return fallback, found
}

func (t *resourceTable) value(kind byte, data uint32, depth int) (string, bool) {
	switch kind {
	case typeString:
		s, err := t.pool.get(data)
		return s, err == nil
	case typeReference:
		return t.find(data, depth+1)
	case typeDecimal:
		return strconv.Itoa(int(int32(data))), true
	case typeHex:
		return fmt.Sprintf("0x%x", data), true
	case typeBoolean:
		return strconv.FormatBool(data != 0), true
	}
	return "", false
}

// isDefault reports whether a type chunk is for every device: all of its
// configuration behind the size is zero.
func isDefault(c chunk) bool {
	size := int64(binary.LittleEndian.Uint32(c.all[20:]))
	if size < 4 || 20+size > int64(c.body) {
		return false
	}
	for _, b := range c.all[24 : 20+size] {
		if b != 0 {
			return false
		}
	}
	return true
}

// entryOf finds the entry of that index in a type chunk.
func entryOf(c chunk, index int) (kind byte, data uint32, ok bool) {
	flags, many, start := c.all[9], int64(binary.LittleEndian.Uint32(c.all[12:])), int64(binary.LittleEndian.Uint32(c.all[16:]))
	at, ok := entryOffset(c.all[c.body:], flags, many, int64(index))
	at += start
	if !ok || at+8 > int64(len(c.all)) {
		return 0, 0, false
	}
	entry := c.all[at:]
	mark := binary.LittleEndian.Uint16(entry[2:])
	if mark&entryShort != 0 {
		return byte(mark >> 8), binary.LittleEndian.Uint32(entry[4:]), true
	}
	head := int64(binary.LittleEndian.Uint16(entry))
	if mark&entryBag != 0 || head < 8 || head+8 > int64(len(entry)) {
		return 0, 0, false
	}
	return entry[head+3], binary.LittleEndian.Uint32(entry[head+4:]), true
}

// Flags of a type chunk.
const (
	sparse = 1
	short  = 2
)

// looks is what finding an entry in a type chunk costs.
func (c chunk) looks() int {
	if c.all[9]&sparse != 0 {
		return 1 + (len(c.all)-c.body)/256
	}
	return 1
}

// entryOffset looks an index up: in a list of offsets of four or two bytes, or
// among pairs when most entries are missing.
func entryOffset(b []byte, flags byte, many, index int64) (int64, bool) {
	switch {
	case flags&sparse != 0:
		for i := int64(0); i < many && 4*i+4 <= int64(len(b)); i++ {
			if int64(binary.LittleEndian.Uint16(b[4*i:])) == index {
				return 4 * int64(binary.LittleEndian.Uint16(b[4*i+2:])), true
			}
		}
		return 0, false
	case index >= many:
		return 0, false
	case flags&short != 0:
		if 2*index+2 > int64(len(b)) {
			return 0, false
		}
		at := binary.LittleEndian.Uint16(b[2*index:])
		return 4 * int64(at), at != 0xffff
	case 4*index+4 > int64(len(b)):
		return 0, false
	}
	at := binary.LittleEndian.Uint32(b[4*index:])
	return int64(at), at != noString
}
