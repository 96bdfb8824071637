package scim

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Filter is a parsed filter (RFC 7644 section 3.4.2.2). It is one of [And],
// [Or], [Not], [Compare], [Present] and [Has]. String writes it so that parsing
// it again gives an equal Filter.
type Filter interface {
	String() string
	// bind says how tightly the outermost operator binds: 1 or, 2 and, 3 else.
	bind() int
}

// And matches what both sides match.
type And struct{ L, R Filter }

// Or matches what either side matches.
type Or struct{ L, R Filter }

// Not matches what F does not.
type Not struct{ F Filter }

// Compare matches resources with a value at Path that compares.
type Compare struct {
	Path Path
	Op   Op
	// Value is a string, a bool, a json.Number or nil for null.
	Value any
}

// Present matches resources with any value at Path.
type Present struct{ Path Path }

// Has is a value path on its own, such as emails[type eq "work"]: it matches
// resources with such an element.
type Has struct{ Path Path }

// Op is a comparison operator.
type Op string

// The operators of RFC 7644, table 3; pr is [Present].
const (
	Eq Op = "eq"
	Ne Op = "ne"
	Co Op = "co"
	Sw Op = "sw"
	Ew Op = "ew"
	Gt Op = "gt"
	Ge Op = "ge"
	Lt Op = "lt"
	Le Op = "le"
)

// Path names an attribute, elements of one, or a sub-attribute of either
// (RFC 7644 figure 7): Attr, Attr[Where] or Attr[Where].Sub. Attr is as it was
// written and may hold a URN and a dotted sub-attribute; what it means is a
// question for a [ResourceType].
type Path struct {
	Attr  string
	Where Filter
	Sub   string
}

func (f And) String() string {
	return group(f.L, 2) + " and " + group(f.R, 3)
}

func (f Or) String() string {
	return group(f.L, 1) + " or " + group(f.R, 2)
}

func (f Not) String() string     { return "not (" + f.F.String() + ")" }
func (f Present) String() string { return f.Path.String() + " pr" }
func (f Has) String() string     { return f.Path.String() }

func (f Compare) String() string {
	return f.Path.String() + " " + string(f.Op) + " " + literal(f.Value)
}

func (p Path) String() string {
	s := p.Attr
	if p.Where != nil {
		s += "[" + p.Where.String() + "]"
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

func (And) bind() int     { return 2 }
func (Or) bind() int      { return 1 }
func (Not) bind() int     { return 3 }
func (Compare) bind() int { return 3 }
func (Present) bind() int { return 3 }
func (Has) bind() int     { return 3 }

// group puts f in parentheses unless it binds at least as tightly as least.
func group(f Filter, least int) string {
	if f.bind() >= least {
		return f.String()
	}
	return "(" + f.String() + ")"
}

func literal(v any) string {
	data, err := marshal(v)
	if err != nil {
		return "null" // cannot happen: the parser makes no other values
	}
	return string(data)
}

// marshal is json.Marshal without HTML's escapes, so that values are stored and
// sent as they came.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// op returns the operator that a word names, in any case.
func op(word string) (Op, bool) {
	switch o := Op(strings.ToLower(word)); o {
	case Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le:
		return o, true
	}
	return "", false
}
