package scim

import (
	"slices"
	"strings"
)

// Type is the data type of an attribute (RFC 7643 section 2.3).
type Type string

// The data types.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	Decimal   Type = "decimal"
	Integer   Type = "integer"
	DateTime  Type = "dateTime"
	Reference Type = "reference"
	Binary    Type = "binary"
	Complex   Type = "complex"
)

// The values of mutability, returned and uniqueness (RFC 7643 section 7).
const (
	ReadWrite = "readWrite"
	ReadOnly  = "readOnly"
	WriteOnly = "writeOnly"
	Immutable = "immutable"

	ReturnedDefault = "default"
	ReturnedAlways  = "always"
	ReturnedNever   = "never"
	ReturnedRequest = "request"

	UniqueNone   = "none"
	UniqueServer = "server"
	UniqueGlobal = "global"
)

// Attribute is one row of a schema: what RFC 7643 section 7 calls the
// characteristics of an attribute. Empty characteristics mean their defaults,
// readWrite, default and none. The JSON is that of the /Schemas endpoint.
type Attribute struct {
	Name        string       `json:"name"`
	Type        Type         `json:"type"`
	MultiValued bool         `json:"multiValued"`
	Description string       `json:"description"`
	Required    bool         `json:"required"`
	Canonical   []string     `json:"canonicalValues,omitempty"`
	CaseExact   bool         `json:"caseExact"`
	Mutability  string       `json:"mutability"`
	Returned    string       `json:"returned"`
	Uniqueness  string       `json:"uniqueness"`
	References  []string     `json:"referenceTypes,omitempty"`
	Sub         []*Attribute `json:"subAttributes,omitempty"`

	// Default is given to a new resource without a value; such an attribute
	// cannot be unassigned later.
	Default any `json:"-"`
	// Indexed says that a store keeps [Term] entries of the attribute, so that it
	// can be searched and sorted by.
	Indexed bool `json:"-"`
	// Checked says that canonical values, references and binaries are enforced.
	// The attributes of the RFC are not: what Entra's mappings send is kept as it
	// came, unless a connection is strict.
	Checked bool `json:"-"`
	// Forgotten says that values are accepted and kept nowhere: the password.
	Forgotten bool `json:"-"`

	subs map[string]*Attribute // by folded name
}

// sub returns the sub-attribute of that name, or nil.
func (a *Attribute) sub(name string) *Attribute { return a.subs[strings.ToLower(name)] }

// isValue reports whether name, inside a value path of the simple attribute a,
// stands for its values: tags[value eq "x"].
func (a *Attribute) isValue(name string) bool {
	return a.Type != Complex && strings.EqualFold(name, "value")
}

// main returns the sub-attribute that stands for the whole of a complex
// attribute, which is the one called value, or nil.
func (a *Attribute) main() *Attribute { return a.subs["value"] }

// Schema is a set of attributes under a URN.
type Schema struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Attributes  []*Attribute `json:"attributes"`

	attrs map[string]*Attribute // by folded name
}

func (s *Schema) attribute(name string) *Attribute { return s.attrs[strings.ToLower(name)] }

// ResourceType is a kind of resource: a core schema and its extensions. Build
// it with [NewResourceType]; after that it is read-only.
type ResourceType struct {
	// Name is "User"; Endpoint is "/Users".
	Name, Endpoint, Description string
	Core                        *Schema
	Extensions                  []*Schema

	prefixes []prefix // how extensions and the core schema are addressed
	common   map[string]*Attribute
	indexed  []indexEntry
	// relations are the paths that a store answers by membership: no document
	// holds them.
	relations map[string]bool
	required  []target // beyond what the schemas say
	strict    bool
	hides     bool // some attribute that is stored is not shown by default
}

// prefix is one spelling of a schema's URN, folded.
type prefix struct {
	text   string
	schema *Schema
}

// NewResourceType compiles a resource type. misspelt maps further spellings of
// a schema URN that are met in the world to the URN that is meant.
func NewResourceType(name, endpoint, description string, core *Schema, extensions []*Schema, misspelt map[string]string) *ResourceType {
	t := &ResourceType{Name: name, Endpoint: endpoint, Description: description, Core: core, Extensions: extensions}
	t.common = index(commonAttributes())
	for _, s := range t.Schemas() {
		s.attrs = index(s.Attributes)
		t.prefixes = append(t.prefixes, prefix{strings.ToLower(s.ID), s})
		for wrong, right := range misspelt {
			if strings.EqualFold(right, s.ID) {
				t.prefixes = append(t.prefixes, prefix{strings.ToLower(wrong), s})
			}
		}
	}
	// A URN may be the beginning of another, so the longer are tried first.
	slices.SortStableFunc(t.prefixes, func(a, b prefix) int { return len(b.text) - len(a.text) })
	t.indexed = t.findIndexed()
	if x := t.common["externalid"]; core.attribute("externalId") == nil {
		x.Indexed = true
		t.indexed = append(t.indexed, indexEntryOf(target{attr: x}))
	}
	t.relations = map[string]bool{}
	for _, s := range t.Schemas() {
		for _, a := range s.Attributes {
			t.hides = t.hides || hidden(a)
		}
	}
	return t
}

// hidden reports whether an attribute, or a part of it, is stored but not shown
// by default.
func hidden(a *Attribute) bool {
	return !a.Forgotten && (a.Returned == ReturnedNever || a.Returned == ReturnedRequest || slices.ContainsFunc(a.Sub, hidden))
}

// Hides reports whether an answer must leave out attributes that are stored, so
// that a stored resource cannot be sent as it is.
func (t *ResourceType) Hides() bool { return t.hides }

// Schemas returns the core schema and the extensions.
func (t *ResourceType) Schemas() []*Schema {
	return append([]*Schema{t.Core}, t.Extensions...)
}

// index fills in the defaults of attributes and returns them by folded name.
func index(attributes []*Attribute) map[string]*Attribute {
	byName := make(map[string]*Attribute, len(attributes))
	for _, a := range attributes {
		a.Mutability = or(a.Mutability, ReadWrite)
		a.Returned = or(a.Returned, ReturnedDefault)
		a.Uniqueness = or(a.Uniqueness, UniqueNone)
		a.subs = index(a.Sub)
		byName[strings.ToLower(a.Name)] = a
	}
	return byName
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// schema returns the schema that a URN names, in any spelling we know, or nil.
func (t *ResourceType) schema(urn string) *Schema {
	folded := strings.ToLower(urn)
	for _, p := range t.prefixes {
		if p.text == folded {
			return p.schema
		}
	}
	return nil
}

// target is what a path's attribute part means under a resource type.
type target struct {
	// schema is set for extensions only: their attributes are in an object of
	// their own, under the URN.
	schema *Schema
	// attr is nil when the path names a whole schema.
	attr *Attribute
	sub  *Attribute
	// foreign is set when the path begins with a URN of no declared schema.
	foreign bool
}

func (g target) known() bool { return g.schema != nil || g.attr != nil }

// resolve finds what an attribute path such as userName, name.givenName or
// urn:…:User:manager.value means. The zero target means: nothing declared.
func (t *ResourceType) resolve(path string) target {
	folded := strings.ToLower(path)
	for _, p := range t.prefixes {
		if !strings.HasPrefix(folded, p.text) {
			continue
		}
		rest := path[len(p.text):]
		extension := p.schema
		if extension == t.Core {
			extension = nil
		}
		switch {
		case rest == "":
			return target{schema: p.schema}
		case rest[0] == ':' || rest[0] == '.' && !t.strict: // Microsoft's own examples have the dot too
			return within(extension, p.schema.attrs, rest[1:])
		}
	}
	if strings.Contains(path, ":") {
		return target{foreign: true}
	}
	if g := within(nil, t.Core.attrs, path); g.known() {
		return g
	}
	if g := within(nil, t.common, path); g.known() {
		return g
	}
	if t.strict {
		return target{}
	}
	// Microsoft's samples and reference queries say manager without its URN.
	for _, s := range t.Extensions {
		if g := within(s, s.attrs, path); g.known() {
			return g
		}
	}
	return target{}
}

func within(s *Schema, attrs map[string]*Attribute, path string) target {
	name, subName, dotted := strings.Cut(path, ".")
	a := attrs[strings.ToLower(name)]
	if a == nil {
		return target{}
	}
	if !dotted {
		return target{schema: s, attr: a}
	}
	sub := a.sub(subName)
	if sub == nil {
		return target{}
	}
	return target{schema: s, attr: a, sub: sub}
}

// name is the target as an administrator finds it in Entra's mappings.
func (g target) name() string {
	var b strings.Builder
	if g.schema != nil {
		b.WriteString(g.schema.ID)
		if g.attr != nil {
			b.WriteByte(':')
		}
	}
	if g.attr != nil {
		b.WriteString(g.attr.Name)
	}
	if g.sub != nil {
		b.WriteByte('.')
		b.WriteString(g.sub.Name)
	}
	return b.String()
}
