package builtapp

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/lanyard-sso/lanyard/problem"
)

var errPlist = errors.New("property list is damaged")

// fromInfoPlist fills in what an Info.plist says, in its binary form or in XML.
func (a *App) fromInfoPlist(b []byte) error {
	root, err := parsePlist(b)
	if err != nil {
		return problem.Wrap(problem.AppDamaged, err)
	}
	dict, _ := root.(map[string]any)
	text := func(key string) string { return plistText(dict[key]) }
	if a.ID = text("CFBundleIdentifier"); a.ID == "" {
		return problem.New(problem.AppNoManifest)
	}
	if a.Name = text("CFBundleDisplayName"); a.Name == "" {
		a.Name = text("CFBundleName")
	}
	a.Version, a.Build = text("CFBundleShortVersionString"), text("CFBundleVersion")
	if a.MinSystem = text("MinimumOSVersion"); a.MinSystem == "" {
		a.MinSystem = text("LSMinimumSystemVersion")
	}
	types, _ := dict["CFBundleURLTypes"].([]any)
	for _, t := range types {
		if d, ok := t.(map[string]any); ok {
			a.Schemes = append(a.Schemes, plistTexts(d["CFBundleURLSchemes"])...)
		}
	}
	slices.Sort(a.Schemes)
	a.Schemes = slices.Compact(a.Schemes)
	a.QueriesSchemes = plistTexts(dict["LSApplicationQueriesSchemes"])
	return nil
}

func plistText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

func plistTexts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, item := range list {
		if s := plistText(item); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// parsePlist returns string, int64, bool, []any, map[string]any, or nil for
// kinds of values that we ask nothing of.
func parsePlist(b []byte) (any, error) {
	if len(b) > maxManifest {
		return nil, errPlist
	}
	if bytes.HasPrefix(b, []byte("bplist0")) {
		return parseBinaryPlist(b)
	}
	return parseXMLPlist(b)
}

// binaryPlist reads the binary form (CFBinaryPList.c of Apple's CoreFoundation):
// objects that name one another by number, and their offsets at the end.
type binaryPlist struct {
	b             []byte
	offsets       []byte
	offSize, size int // bytes of an offset, of a number of an object
	left          int // objects that may still be read, since many may share one
}

func parseBinaryPlist(b []byte) (any, error) {
	const trailer = 32
	if len(b) < 8+trailer {
		return nil, errPlist
	}
	t := b[len(b)-trailer:]
	p := &binaryPlist{b: b[:len(b)-trailer], offSize: int(t[6]), size: int(t[7]), left: maxNodes}
	many, top, table := binary.BigEndian.Uint64(t[8:]), binary.BigEndian.Uint64(t[16:]), binary.BigEndian.Uint64(t[24:])
	room := uint64(len(p.b))
	if p.offSize < 1 || p.offSize > 8 || p.size < 1 || p.size > 8 || table > room || many > (room-table)/uint64(p.offSize) {
		return nil, errPlist
	}
	p.offsets = p.b[table : table+many*uint64(p.offSize)]
	return p.object(top, 0)
}

// bigEndian reads a number of as many bytes as b has.
func bigEndian(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

func (p *binaryPlist) object(i uint64, depth int) (any, error) {
	if p.left--; p.left < 0 || depth > maxDepth || i >= uint64(len(p.offsets)/p.offSize) {
		return nil, errPlist
	}
	at := bigEndian(p.offsets[int(i)*p.offSize : (int(i)+1)*p.offSize])
	if at >= uint64(len(p.b)) {
		return nil, errPlist
	}
	mark, rest := p.b[at], p.b[at+1:]
	kind, n := mark>>4, uint64(mark&15)
	switch kind {
	case 0: // null, booleans
		return mark == 9, nil
	case 1: // an integer of 2^n bytes
		if n > 4 || uint64(len(rest)) < 1<<n {
			return nil, errPlist
		}
		return int64(bigEndian(rest[:1<<n])), nil
	case 2, 3, 8: // real numbers, dates, UIDs
		return nil, nil
	}
	n, rest, ok := p.count(n, rest)
	if !ok {
		return nil, errPlist
	}
	return p.compound(kind, n, rest, depth)
}

// count reads how many there are: in the mark itself or, from 15 on, as an
// integer behind it.
func (p *binaryPlist) count(n uint64, rest []byte) (uint64, []byte, bool) {
	if n == 15 {
		if len(rest) == 0 || rest[0]>>4 != 1 || rest[0]&15 > 3 {
			return 0, nil, false
		}
		size := 1 << (rest[0] & 15)
		if len(rest) < 1+size {
			return 0, nil, false
		}
		n, rest = bigEndian(rest[1:1+size]), rest[1+size:]
	}
	return n, rest, n <= uint64(len(rest))
}

func (p *binaryPlist) compound(kind byte, n uint64, rest []byte, depth int) (any, error) {
	switch kind {
	case 4: // data
		return nil, nil
	case 5, 7: // ASCII, UTF-8
		if p.left -= int(n / 64); p.left < 0 { // long strings count too
			return nil, errPlist
		}
		return string(rest[:n]), nil
	case 6: // UTF-16
		if p.left -= int(n / 64); p.left < 0 || 2*n > uint64(len(rest)) {
			return nil, errPlist
		}
		units := make([]uint16, n)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(rest[2*i:])
		}
		return string(utf16.Decode(units)), nil
	case 10, 12: // array, set
		return p.list(n, rest, depth)
	case 13:
		keys, err := p.list(n, rest, depth)
		if err != nil || n*uint64(p.size) > uint64(len(rest)) {
			return nil, errPlist
		}
		values, err := p.list(n, rest[n*uint64(p.size):], depth)
		if err != nil {
			return nil, errPlist
		}
		dict := map[string]any{}
		for i, k := range keys {
			if s, ok := k.(string); ok {
				dict[s] = values[i]
			}
		}
		return dict, nil
	}
	return nil, errPlist
}

func (p *binaryPlist) list(n uint64, rest []byte, depth int) ([]any, error) {
	if n*uint64(p.size) > uint64(len(rest)) {
		return nil, errPlist
	}
	var out []any
	for i := range int(n) {
		v, err := p.object(bigEndian(rest[i*p.size:(i+1)*p.size]), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// parseXMLPlist reads the XML form (PropertyList-1.0.dtd).
func parseXMLPlist(b []byte) (any, error) {
	dec := xml.NewDecoder(bytes.NewReader(b))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, errPlist
		}
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local != "plist" {
			return xmlValue(dec, start, 0)
		}
	}
}

// xmlValue reads the value that begins with start.
func xmlValue(dec *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errPlist
	}
	switch start.Name.Local {
	case "dict", "array":
		return xmlCollection(dec, start, depth)
	}
	var text string
	if err := dec.DecodeElement(&text, &start); err != nil {
		return nil, errPlist
	}
	switch start.Name.Local {
	case "string", "key":
		return text, nil
	case "integer":
		n, err := strconv.ParseInt(strings.TrimSpace(text), 0, 64)
		if err != nil {
			return nil, errPlist
		}
		return n, nil
	case "true", "false":
		return start.Name.Local == "true", nil
	}
	return nil, nil
}

func xmlCollection(dec *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	var list []any
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, errPlist
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			v, err := xmlValue(dec, tok, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		case xml.EndElement:
			if start.Name.Local == "array" {
				return list, nil
			}
			return pairs(list)
		}
	}
}

// pairs makes a dict of keys and values in turn.
func pairs(list []any) (any, error) {
	if len(list)%2 != 0 {
		return nil, errPlist
	}
	dict := map[string]any{}
	for i := 0; i < len(list); i += 2 {
		key, ok := list[i].(string)
		if !ok {
			return nil, errPlist
		}
		dict[key] = list[i+1]
	}
	return dict, nil
}
