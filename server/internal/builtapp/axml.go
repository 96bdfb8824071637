package builtapp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// Chunks of Android's binary XML (ResourceTypes.h of AOSP's androidfw).
const (
	chunkStringPool   = 0x0001
	chunkXML          = 0x0003
	chunkStartElement = 0x0102
	chunkEndElement   = 0x0103
	chunkResourceMap  = 0x0180

	noString = 0xffffffff
)

var errAXML = errors.New("binary XML is damaged")

// chunk is a piece of binary XML: its head says how long it and its body are.
type chunk struct {
	kind uint16
	all  []byte
	body int // where the body begins in all
}

// cutChunk takes the first chunk off b.
func cutChunk(b []byte) (chunk, []byte, error) {
	if len(b) < 8 {
		return chunk{}, nil, errAXML
	}
	head, size := int(binary.LittleEndian.Uint16(b[2:])), int64(binary.LittleEndian.Uint32(b[4:]))
	if head < 8 || size < int64(head) || size > int64(len(b)) {
		return chunk{}, nil, errAXML
	}
	return chunk{binary.LittleEndian.Uint16(b), b[:size], head}, b[size:], nil
}

// axmlReader builds the elements while it goes through the chunks.
type axmlReader struct {
	pool  *stringPool
	ids   []uint32
	open  []*node
	root  *node
	count int
}

// parseAXML reads Android's binary XML.
func parseAXML(b []byte) (*node, error) {
	if len(b) > maxManifest {
		return nil, errAXML
	}
	doc, _, err := cutChunk(b)
	if err != nil || doc.kind != chunkXML {
		return nil, errAXML
	}
	var r axmlReader
	for rest := doc.all[doc.body:]; len(rest) > 0; {
		var c chunk
		if c, rest, err = cutChunk(rest); err != nil {
			return nil, err
		}
		if err := r.take(c); err != nil {
			return nil, err
		}
	}
	if r.root == nil || len(r.open) > 0 {
		return nil, errAXML
	}
	return r.root, nil
}

func (r *axmlReader) take(c chunk) (err error) {
	switch c.kind {
	case chunkStringPool:
		if r.pool != nil {
			return errAXML
		}
		r.pool, err = readPool(c)
	case chunkResourceMap:
		for b := c.all[c.body:]; len(b) >= 4; b = b[4:] {
			r.ids = append(r.ids, binary.LittleEndian.Uint32(b))
		}
	case chunkStartElement:
		err = r.start(c)
	case chunkEndElement:
		if len(r.open) == 0 {
			return errAXML
		}
		r.open = r.open[:len(r.open)-1]
	}
	return err
}

// start reads an element's head and attributes. Their sizes are given in the
// file, since later Androids may add to them.
func (r *axmlReader) start(c chunk) error {
	r.count++
	body := c.all[c.body:]
	if r.pool == nil || len(body) < 20 || r.count > maxNodes || len(r.open) >= maxDepth {
		return errAXML
	}
	n := &node{}
	var err error
	if n.Name, err = r.pool.get(binary.LittleEndian.Uint32(body[4:])); err != nil {
		return err
	}
	begin, size, many := int(binary.LittleEndian.Uint16(body[8:])), int(binary.LittleEndian.Uint16(body[10:])), int(binary.LittleEndian.Uint16(body[12:]))
	if many > 0 && (size < 20 || begin+many*size > len(body)) {
		return errAXML
	}
	for i := range many {
		a, err := r.attribute(body[begin+i*size:])
		if err != nil {
			return err
		}
		n.Attrs = append(n.Attrs, a)
	}
	switch {
	case len(r.open) > 0:
		parent := r.open[len(r.open)-1]
		parent.Children = append(parent.Children, n)
	case r.root != nil:
		return errAXML
	default:
		r.root = n
	}
	r.open = append(r.open, n)
	return nil
}

func (r *axmlReader) attribute(b []byte) (a attribute, err error) {
	space, name, raw := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	if space != noString {
		if a.Space, err = r.pool.get(space); err != nil {
			return a, err
		}
	}
	if a.Name, err = r.pool.get(name); err != nil {
		return a, err
	}
	if int64(name) < int64(len(r.ids)) {
		a.ID = r.ids[name]
	}
	a.Value, err = r.value(b[15], binary.LittleEndian.Uint32(b[16:]), raw)
	return a, err
}

// Types of a value (Res_value of AOSP's ResourceTypes.h).
const (
	typeReference = 0x01
	typeString    = 0x03
	typeDecimal   = 0x10
	typeHex       = 0x11
	typeBoolean   = 0x12
)

func (r *axmlReader) value(kind byte, data, raw uint32) (string, error) {
	switch {
	case kind == typeString:
		return r.pool.get(data)
	case kind == typeReference:
		return reference(data), nil
	case kind == typeDecimal:
		return strconv.Itoa(int(int32(data))), nil
	case kind == typeHex:
		return fmt.Sprintf("0x%x", data), nil
	case kind == typeBoolean:
		return strconv.FormatBool(data != 0), nil
	case raw != noString:
		return r.pool.get(raw)
	}
	return "", nil
}

// reference writes a resource's number as it stays when it cannot be found.
func reference(id uint32) string { return fmt.Sprintf("@0x%08x", id) }

// stringPool holds a file's strings, which are decoded when they are asked for.
type stringPool struct {
	offsets []byte // four bytes each
	data    []byte
	utf8    bool
	made    map[uint32]string // by offset, since many may share one
	left    int               // how many more bytes may be decoded
}

func readPool(c chunk) (*stringPool, error) {
	if len(c.all) < 28 || c.body < 28 {
		return nil, errAXML
	}
	many, flags, begin := int64(binary.LittleEndian.Uint32(c.all[8:])), binary.LittleEndian.Uint32(c.all[16:]), int64(binary.LittleEndian.Uint32(c.all[20:]))
	if int64(c.body)+4*many > int64(len(c.all)) || begin > int64(len(c.all)) {
		return nil, errAXML
	}
	return &stringPool{
		offsets: c.all[c.body : int64(c.body)+4*many],
		data:    c.all[begin:],
		utf8:    flags&0x100 != 0,
		made:    map[uint32]string{},
		left:    4 * maxManifest,
	}, nil
}

func (p *stringPool) get(i uint32) (string, error) {
	if int64(i)*4 >= int64(len(p.offsets)) {
		return "", errAXML
	}
	at := binary.LittleEndian.Uint32(p.offsets[4*int(i):])
	if s, ok := p.made[at]; ok {
		return s, nil
	}
	if int64(at) > int64(len(p.data)) {
		return "", errAXML
	}
	decode := decodeUTF16
	if p.utf8 {
		decode = decodeUTF8
	}
	s, ok := decode(p.data[at:])
	p.left -= len(s)
	if !ok || p.left < 0 {
		return "", errAXML
	}
	p.made[at] = s
	return s, nil
}

// decodeUTF8 reads two lengths, in characters and in bytes, each of one or two
// bytes, and then the string.
func decodeUTF8(b []byte) (string, bool) {
	n := 0
	for range 2 {
		if len(b) < 2 {
			return "", false
		}
		n = int(b[0])
		if n&0x80 == 0 {
			b = b[1:]
			continue
		}
		n = n&0x7f<<8 | int(b[1])
		b = b[2:]
	}
	if n > len(b) {
		return "", false
	}
	return string(b[:n]), true
}

// decodeUTF16 reads a length of one or two units and then the string.
func decodeUTF16(b []byte) (string, bool) {
	if len(b) < 2 {
		return "", false
	}
	n := int(binary.LittleEndian.Uint16(b))
	b = b[2:]
	if n&0x8000 != 0 {
		if len(b) < 2 {
			return "", false
		}
		n = n&0x7fff<<16 | int(binary.LittleEndian.Uint16(b))
		b = b[2:]
	}
	if int64(n)*2 > int64(len(b)) {
		return "", false
	}
	units := make([]uint16, n)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units)), true
}
