package scim

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Matcher says whether a resource matches a filter.
type Matcher func(Resource) bool

// Compile binds a filter to the schemas of t. A filter that is well formed but
// asks about attributes nobody declared compiles: they simply have no value.
// Ordering booleans and binaries is invalidFilter, as RFC 7644 demands.
//
// Comparisons follow caseExact and the attribute's type, so active eq "True"
// asks for true. A comparison with an attribute of several values holds when it
// holds for any of them; ne also holds where there is no value. A complex
// attribute stands for its sub-attribute value (emails co "@example.com").
func (t *ResourceType) Compile(f Filter) (Matcher, error) {
	m, err := scope{t: t}.compile(f)
	if err != nil {
		return nil, err
	}
	return func(r Resource) bool { return m(r) }, nil
}

type match func(object map[string]any) bool

// scope is where names are looked up: in a resource, or in an element of the
// attribute of.
type scope struct {
	t  *ResourceType
	of *Attribute
}

func never(map[string]any) bool { return false }

func (s scope) compile(f Filter) (match, error) {
	switch f := f.(type) {
	case And:
		l, r, err := s.both(f.L, f.R)
		return func(o map[string]any) bool { return l(o) && r(o) }, err
	case Or:
		l, r, err := s.both(f.L, f.R)
		return func(o map[string]any) bool { return l(o) || r(o) }, err
	case Not:
		m, err := s.compile(f.F)
		return func(o map[string]any) bool { return !m(o) }, err
	case Compare:
		return s.compare(f)
	case Present:
		return s.present(f.Path)
	case Has:
		return s.present(f.Path)
	}
	return nil, bad(InvalidFilter, "The filter is empty.")
}

func (s scope) both(l, r Filter) (match, match, error) {
	left, err := s.compile(l)
	if err != nil {
		return nil, nil, err
	}
	right, err := s.compile(r)
	return left, right, err
}

// operand is where a path finds its values.
type operand struct {
	values func(object map[string]any) []any
	leaf   *Attribute
}

// operand resolves a path; nil means that nothing is declared under that name.
func (s scope) operand(p Path) (*operand, error) {
	g, get := s.locate(p.Attr)
	if g.attr == nil {
		return nil, nil
	}
	var where match
	if p.Where != nil {
		var err error
		if where, err = (scope{s.t, g.attr}).compile(p.Where); err != nil {
			return nil, err
		}
	}
	sub := g.sub
	if p.Sub != "" {
		if sub = g.attr.sub(p.Sub); sub == nil {
			return nil, nil
		}
	}
	leaf := g.attr
	if sub != nil {
		leaf = sub
	}
	return &operand{leaf: leaf, values: func(o map[string]any) []any {
		return pick(get(o), where, sub)
	}}, nil
}

// locate finds an attribute of the scope and how to read it.
func (s scope) locate(name string) (target, func(map[string]any) any) {
	if s.of != nil {
		if s.of.isValue(name) {
			return target{attr: s.of}, func(o map[string]any) any { return o["value"] }
		}
		sub := s.of.sub(name)
		if sub == nil {
			return target{}, nil
		}
		return target{attr: sub}, func(o map[string]any) any { return o[sub.Name] }
	}
	g := s.t.resolve(name)
	return g, func(o map[string]any) any {
		if g.schema != nil {
			o, _ = o[g.schema.ID].(map[string]any)
		}
		return o[g.attr.Name]
	}
}

// pick takes the elements of v that match where, and of each its sub-attribute.
func pick(v any, where match, sub *Attribute) []any {
	elements, many := v.([]any)
	if !many {
		if v == nil {
			return nil
		}
		elements = []any{v}
	}
	if where == nil && sub == nil {
		return elements
	}
	out := make([]any, 0, len(elements))
	for _, e := range elements {
		object, isObject := e.(map[string]any)
		if !isObject {
			object = map[string]any{"value": e} // a simple element is its own value
		}
		if where != nil && !where(object) {
			continue
		}
		if sub == nil {
			out = append(out, e)
		} else if v := object[sub.Name]; v != nil {
			out = append(out, v)
		}
	}
	return out
}

func (s scope) present(p Path) (match, error) {
	if s.of == nil && p.Where == nil {
		if g := s.t.resolve(p.Attr); g.schema != nil && g.attr == nil {
			id := g.schema.ID
			return func(o map[string]any) bool { return o[id] != nil }, nil
		}
	}
	x, err := s.operand(p)
	if err != nil || x == nil {
		return never, err
	}
	return func(o map[string]any) bool {
		for _, v := range x.values(o) {
			if !empty(v) {
				return true
			}
		}
		return false
	}, nil
}

func (s scope) compare(f Compare) (match, error) {
	if f.Value == nil && (f.Op == Eq || f.Op == Ne) { // null is having no value
		m, err := s.present(f.Path)
		if f.Op == Ne {
			return m, err
		}
		return func(o map[string]any) bool { return !m(o) }, err
	}
	x, err := s.operand(f.Path)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return func(map[string]any) bool { return f.Op == Ne }, nil
	}
	if x.leaf.Type == Complex && x.leaf.main() != nil {
		whole, main := x.values, x.leaf.main()
		x = &operand{leaf: main, values: func(o map[string]any) []any { return pick(whole(o), nil, main) }}
	}
	test, err := comparison(x.leaf, f)
	if err != nil {
		return nil, err
	}
	return func(o map[string]any) bool {
		values := x.values(o)
		for _, v := range values {
			if test(v) {
				return true
			}
		}
		return len(values) == 0 && f.Op == Ne
	}, nil
}

// comparison returns the test of one value.
func comparison(a *Attribute, f Compare) (func(any) bool, error) {
	ordering := f.Op == Gt || f.Op == Ge || f.Op == Lt || f.Op == Le
	switch a.Type {
	case Boolean:
		if ordering {
			return nil, bad(InvalidFilter, "%s is true or false and cannot be compared with %s.", a.Name, f.Op)
		}
		want, ok := boolean(f.Value)
		return func(v any) bool {
			b, isBool := v.(bool)
			return isBool && (f.Op == Eq && ok && b == want || f.Op == Ne && !(ok && b == want))
		}, nil
	case Binary:
		if ordering {
			return nil, bad(InvalidFilter, "%s is binary and cannot be compared with %s.", a.Name, f.Op)
		}
	case DateTime:
		if want, ok := moment(f.Value); ok && f.Op != Co && f.Op != Sw && f.Op != Ew {
			return func(v any) bool {
				at, ok := moment(v)
				return ok && holds(f.Op, at.Compare(want))
			}, nil
		}
	case Integer, Decimal:
		want, ok := number(f.Value)
		return func(v any) bool {
			n, isNumber := number(v)
			if !ok || !isNumber {
				return f.Op == Ne
			}
			return holds(f.Op, cmp.Compare(n, want))
		}, nil
	}
	return textual(a.CaseExact, f), nil
}

func textual(exact bool, f Compare) func(any) bool {
	want, ok := f.Value.(string)
	if !ok { // a string is never equal to a number or a boolean
		return func(any) bool { return f.Op == Ne }
	}
	fold := func(s string) string { return s }
	if !exact {
		fold = Fold
		want = Fold(want)
	}
	return func(v any) bool {
		s, ok := v.(string)
		if !ok {
			return f.Op == Ne
		}
		s = fold(s)
		switch f.Op {
		case Co:
			return strings.Contains(s, want)
		case Sw:
			return strings.HasPrefix(s, want)
		case Ew:
			return strings.HasSuffix(s, want)
		}
		return holds(f.Op, strings.Compare(s, want))
	}
}

// Fold returns s as it is compared where case does not matter: Unicode
// normalisation form C with simple case folding, so that no two words of
// different length become one. It is the same relation that the store keeps
// user names unique by; otherwise a filter could miss whom a POST collides with.
// Whoever changes what it returns changes indexForm.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			// Bare letters first: the capital of ῒ is several characters.
			bare := strings.Map(foldRune, norm.NFD.String(s))
			return norm.NFC.String(strings.Map(foldRune, norm.NFC.String(bare)))
		}
	}
	return strings.ToLower(s)
}

// iotaBelow is a mark that differs from the letter iota in case only. As a part
// of letters (ᾳ) it stays a mark.
const iotaBelow = '\u0345'

// foldRune returns the one rune that stands for all that differ from r in case
// only: the least of them, and for ASCII its small letter.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r && r != iotaBelow; f = unicode.SimpleFold(f) {
		if f != iotaBelow {
			least = min(least, f)
		}
	}
	if least >= 'A' && least <= 'Z' { // not ToLower: İ differs from i in more than case
		return least + 'a' - 'A'
	}
	return least
}

// holds reports whether a comparison that came out as c satisfies op.
func holds(op Op, c int) bool {
	switch op {
	case Eq:
		return c == 0
	case Ne:
		return c != 0
	case Gt:
		return c > 0
	case Ge:
		return c >= 0
	case Lt:
		return c < 0
	case Le:
		return c <= 0
	}
	return false // co, sw and ew ask about text only
}

// boolean reads true and false, also as the strings that Entra sends.
func boolean(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	return false, false
}

// moment reads an xsd:dateTime as RFC 3339 restricts it: any number of
// fraction digits (Microsoft sends seven) and any year from 0001.
func moment(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(n), 64)
	return f, err == nil
}
