package scim

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Term is one entry of an index: a value that a resource has at an attribute.
type Term struct {
	// Path is the attribute in canonical form: small letters, with the URN
	// before it for an extension's, such as emails.value.
	Path string
	// Value is a text that compares, byte by byte, as the attribute does: folded
	// unless caseExact, times in UTC with nine digits of fraction, numbers in a
	// form that keeps their order, true and false.
	Value string
	// Unique: no other resource of the type may have it.
	Unique bool
}

// MaxTerm is the longest value of an index entry, in bytes, without the mark
// that says that it was cut. Longer values are found by their beginning.
const MaxTerm = 240

// cutMark ends a value that was cut. It is no character that text may hold
// (U+FFFF), so that a cut value is never taken for a whole one.
const cutMark = "\uffff"

// Terms returns the index entries of a resource, sorted and each once: the
// values of the attributes that are [Attribute.Indexed], as [ResourceType.Narrow]
// looks for them. What every store has a column for is not among them.
func (t *ResourceType) Terms(doc Resource) []Term {
	var out []Term
	for _, x := range t.indexed {
		var v any = doc[x.attr.Name]
		if x.schema != nil {
			object, _ := doc[x.schema.ID].(map[string]any)
			v = object[x.attr.Name]
		}
		for _, leaf := range pick(v, nil, x.sub) {
			if value, ok := sortable(x.leaf(), leaf); ok {
				out = append(out, Term{x.path, value, x.leaf().Uniqueness != UniqueNone})
			}
		}
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Path < out[j].Path || out[i].Path == out[j].Path && out[i].Value < out[j].Value
	})
	return slices.Compact(out)
}

// indexForm is the form of the values of entries. It must change whenever
// [ResourceType.Terms] would return something else for the same schemas.
const indexForm = "2"

// IndexVersion tells the entries of these resource types from those of others:
// two numbers are the same only where Terms is. It is never 0.
func IndexVersion(all []*ResourceType) int64 {
	h := fnv.New64a()
	for _, t := range all {
		fmt.Fprintln(h, indexForm, t.Name)
		for _, x := range t.indexed {
			a := x.leaf()
			fmt.Fprintln(h, x.path, a.Type, a.CaseExact, a.Uniqueness)
		}
	}
	return int64(h.Sum64()>>1) | 1
}

// indexEntry is an attribute that is indexed.
type indexEntry struct {
	target
	path string
}

// findIndexed lists the attributes of t that have entries.
func (t *ResourceType) findIndexed() []indexEntry {
	var out []indexEntry
	for _, s := range t.Schemas() {
		extension := s
		if s == t.Core {
			extension = nil
		}
		for _, a := range s.Attributes {
			if x := indexEntryOf(target{schema: extension, attr: a}); (a.Indexed || a.Uniqueness != UniqueNone) && (extension != nil || !t.column(x.path)) {
				a.Indexed = true
				out = append(out, x)
			}
			for _, sub := range a.Sub {
				if sub.Indexed {
					out = append(out, indexEntryOf(target{schema: extension, attr: a, sub: sub}))
				}
			}
		}
	}
	return out
}

func indexEntryOf(g target) indexEntry { return indexEntry{g, strings.ToLower(g.name())} }

// leaf is the attribute whose values stand in the index.
func (g target) leaf() *Attribute {
	if g.sub != nil {
		return g.sub
	}
	return g.attr
}

// sortable turns a value of a resource into that of an index entry. What has
// no value has no entry.
func sortable(a *Attribute, v any) (string, bool) {
	switch a.Type {
	case Boolean:
		b, ok := v.(bool)
		return strconv.FormatBool(b), ok
	case Integer, Decimal:
		n, ok := number(v)
		return orderedNumber(n), ok
	case DateTime:
		at, ok := moment(v)
		return orderedTime(at), ok
	case Complex:
		return "", false
	}
	s, ok := v.(string)
	if s == "" || !ok {
		return "", false
	}
	if !a.CaseExact {
		s = Fold(s)
	}
	if whole(a) {
		return s, true
	}
	return cut(s), true
}

// whole reports whether the values of a are never cut: they must not be unique
// by their beginnings, and are short enough ([MaxKey]).
func whole(a *Attribute) bool { return a.Uniqueness != UniqueNone }

// cut shortens a value that is too long for an index.
func cut(s string) string {
	if len(s) <= MaxTerm {
		return s
	}
	return beginning(s) + cutMark
}

// beginning is as much of a long value as an index holds.
func beginning(s string) string {
	end := MaxTerm
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// orderedTime writes a time so that texts compare as the times do, from year
// 0001 to 9999.
func orderedTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// orderedNumber writes a number so that texts compare as the numbers do: the
// bits of an IEEE 754 double with the sign turned, in hex.
func orderedNumber(f float64) string {
	if f == 0 {
		f = 0 // there is a negative zero
	}
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	const digits = 16
	s := strconv.FormatUint(bits, 16)
	return strings.Repeat("0", digits-len(s)) + s
}

// literalNumber reads a number of a filter.
func literalNumber(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	return number(n)
}
