package builtapp

import (
	"encoding/binary"
	"errors"
	"strconv"
)

var errProto = errors.New("protobuf XML is damaged")

// field is one of a protobuf message: a number for wire type 0, bytes for
// wire type 2 (protobuf.dev, "Encoding").
type field struct {
	tag   int
	value uint64
	bytes []byte
}

// eachField calls f with the fields of a message. Groups are refused: they are
// of no message that we read.
func eachField(b []byte, f func(field) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return errProto
		}
		b = b[n:]
		x := field{tag: int(key >> 3)}
		size := 0
		switch key & 7 {
		case 0:
			if x.value, size = binary.Uvarint(b); size <= 0 {
				return errProto
			}
		case 1:
			size = 8
		case 5:
			size = 4
		case 2:
			long, n := binary.Uvarint(b)
			if n <= 0 || long > uint64(len(b)-n) {
				return errProto
			}
			size = n + int(long)
			x.bytes = b[n:size]
		default:
			return errProto
		}
		if size > len(b) {
			return errProto
		}
		b = b[size:]
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// protoReader reads the XML of an app bundle (Resources.proto of AOSP's aapt2).
type protoReader struct{ count int }

// parseProtoXML reads the manifest of an app bundle: an XmlNode.
func parseProtoXML(b []byte) (*node, error) {
	if len(b) > maxManifest {
		return nil, errProto
	}
	var r protoReader
	n, err := r.xmlNode(b, 0)
	if err == nil && n == nil {
		err = errProto
	}
	return n, err
}

// xmlNode reads an XmlNode, which is an element or, as nil here, a text.
func (r *protoReader) xmlNode(b []byte, depth int) (n *node, err error) {
	if r.count++; depth > maxDepth || r.count > maxNodes {
		return nil, errProto
	}
	err = eachField(b, func(x field) (err error) {
		if x.tag == 1 {
			n, err = r.element(x.bytes, depth)
		}
		return err
	})
	return n, err
}

func (r *protoReader) element(b []byte, depth int) (*node, error) {
	n := &node{}
	err := eachField(b, func(x field) error {
		switch x.tag {
		case 3:
			n.Name = string(x.bytes)
		case 4:
			a, err := protoAttribute(x.bytes)
			n.Attrs = append(n.Attrs, a)
			return err
		case 5:
			child, err := r.xmlNode(x.bytes, depth+1)
			if child != nil {
				n.Children = append(n.Children, child)
			}
			return err
		}
		return nil
	})
	return n, err
}

// protoAttribute reads an XmlAttribute. What was compiled from its text is only
// looked at when the text itself was left out.
func protoAttribute(b []byte) (a attribute, err error) {
	var compiled []byte
	err = eachField(b, func(x field) error {
		switch x.tag {
		case 1:
			a.Space = string(x.bytes)
		case 2:
			a.Name = string(x.bytes)
		case 3:
			a.Value = string(x.bytes)
		case 5:
			a.ID = uint32(x.value)
		case 6:
			compiled = x.bytes
		}
		return nil
	})
	if err == nil && a.Value == "" && compiled != nil {
		a.Value, err = protoItem(compiled)
	}
	return a, err
}

// protoItem reads an Item: a reference, a string or a Primitive.
func protoItem(b []byte) (value string, err error) {
	err = eachField(b, func(x field) error {
		switch x.tag {
		case 1: // Reference: 2 is the ID
			return eachField(x.bytes, func(y field) error {
				if y.tag == 2 {
					value = reference(uint32(y.value))
				}
				return nil
			})
		case 2, 3: // String, RawString: 1 is the value
			return eachField(x.bytes, func(y field) error {
				if y.tag == 1 {
					value = string(y.bytes)
				}
				return nil
			})
		case 7: // Primitive: 6 decimal, 7 hexadecimal, 8 boolean
			return eachField(x.bytes, func(y field) error {
				switch y.tag {
				case 6, 7:
					value = strconv.Itoa(int(int32(y.value)))
				case 8:
					value = strconv.FormatBool(y.value != 0)
				}
				return nil
			})
		}
		return nil
	})
	return value, err
}
