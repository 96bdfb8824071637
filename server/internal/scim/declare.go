package scim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Declaration is what a configuration adds to the resource types of the RFC:
// extensions of them, and types of its own. Its TOML is read by the command
// line; the keys are those of the fields in small letters.
type Declaration struct {
	Extensions    []DeclaredSchema `toml:"extension"`
	ResourceTypes []DeclaredType   `toml:"resource_type"`
}

// DeclaredSchema is a schema: an extension, or the core of a type.
type DeclaredSchema struct {
	// Of is the resource type that an extension is one of: User, Group, or a
	// declared one.
	Of          string `toml:"of"`
	ID          string `toml:"id"` // the URN
	Name        string `toml:"name"`
	Description string `toml:"description"`

	Attributes []DeclaredAttribute `toml:"attribute"`
}

// DeclaredType is a resource type.
type DeclaredType struct {
	Name        string         `toml:"name"`
	Endpoint    string         `toml:"endpoint"` // such as /Devices
	Description string         `toml:"description"`
	Schema      DeclaredSchema `toml:"schema"`
}

// DeclaredAttribute is an attribute with its characteristics (RFC 7643 section
// 7). What is left out is the RFC's default.
type DeclaredAttribute struct {
	Name            string   `toml:"name"`
	Type            string   `toml:"type"`
	Description     string   `toml:"description"`
	MultiValued     bool     `toml:"multi_valued"`
	Required        bool     `toml:"required"`
	CaseExact       bool     `toml:"case_exact"`
	Mutability      string   `toml:"mutability"`
	Returned        string   `toml:"returned"`
	Uniqueness      string   `toml:"uniqueness"`
	CanonicalValues []string `toml:"canonical_values"`
	ReferenceTypes  []string `toml:"reference_types"`
	// NotIndexed keeps the attribute out of the index: writes cost less, and
	// filters on it have to look at every resource.
	NotIndexed bool `toml:"not_indexed"`

	Sub []DeclaredAttribute `toml:"sub_attribute"`
}

// Limits on a declaration.
const (
	maxDeclaredSchemas    = 20
	maxDeclaredAttributes = 100
)

var (
	attributeName = regexp.MustCompile(`^[A-Za-z][-_A-Za-z0-9]{0,63}$`) // RFC 7643 section 2.1, without $
	typeName      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,63}$`)
	schemaURN     = regexp.MustCompile(`^urn:[A-Za-z0-9][-A-Za-z0-9]{1,31}:[-A-Za-z0-9._:]{0,150}[A-Za-z0-9]$`)
)

// Types returns all resource types: people, groups, and the declared ones. The
// errors say what is wrong with the declaration, and where.
func (d Declaration) Types() ([]*ResourceType, error) {
	if len(d.Extensions) > maxDeclaredSchemas || len(d.ResourceTypes) > maxDeclaredSchemas {
		return nil, fmt.Errorf("at most %d extensions and %d resource types are taken", maxDeclaredSchemas, maxDeclaredSchemas)
	}
	taken := map[string]bool{}
	for _, urn := range []string{UserSchema, EnterpriseSchema, GroupSchema} {
		taken[strings.ToLower(urn)] = true
	}
	extensions := map[string][]*Schema{}
	for _, x := range d.Extensions {
		s, err := x.schema(taken)
		if err != nil {
			return nil, fmt.Errorf("extension %q: %w", x.ID, err)
		}
		extensions[x.Of] = append(extensions[x.Of], s)
	}
	all := []*ResourceType{Users(extensions["User"]...), Groups(extensions["Group"]...)}
	delete(extensions, "User")
	delete(extensions, "Group")
	for _, x := range d.ResourceTypes {
		if err := x.check(all); err != nil {
			return nil, fmt.Errorf("resource type %q: %w", x.Name, err)
		}
		core, err := x.Schema.schema(taken)
		if err != nil {
			return nil, fmt.Errorf("resource type %q: %w", x.Name, err)
		}
		for _, a := range core.Attributes {
			if slices.Contains([]string{"id", "externalid", "meta", "schemas"}, strings.ToLower(a.Name)) {
				return nil, fmt.Errorf("resource type %q: every resource has %s already", x.Name, a.Name)
			}
		}
		all = append(all, NewResourceType(x.Name, x.Endpoint, x.Description, core, extensions[x.Name], nil))
		delete(extensions, x.Name)
	}
	for of := range extensions {
		return nil, fmt.Errorf("there is an extension of %q, but no such resource type", of)
	}
	return all, nil
}

func (x DeclaredType) check(others []*ResourceType) error {
	if !typeName.MatchString(x.Name) || !strings.HasPrefix(x.Endpoint, "/") || !typeName.MatchString(x.Endpoint[1:]) {
		return fmt.Errorf("it needs a name such as Device and an endpoint such as /Devices, of letters and digits; the endpoint is %q", x.Endpoint)
	}
	if slices.ContainsFunc([]string{"/Me", "/Bulk", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig"}, func(e string) bool { return strings.EqualFold(e, x.Endpoint) }) {
		return fmt.Errorf("the endpoint %s has a meaning already", x.Endpoint)
	}
	for _, o := range others {
		if strings.EqualFold(o.Name, x.Name) || strings.EqualFold(o.Endpoint, x.Endpoint) {
			return fmt.Errorf("its name or endpoint is that of %s", o.Name)
		}
	}
	return nil
}

func (x DeclaredSchema) schema(taken map[string]bool) (*Schema, error) {
	switch {
	case !schemaURN.MatchString(x.ID):
		return nil, fmt.Errorf("its id %q is no URN such as urn:acme:scim:2.0:User", x.ID)
	case taken[strings.ToLower(x.ID)]:
		return nil, fmt.Errorf("there is a schema %q already", x.ID)
	case len(x.Attributes) == 0 || len(x.Attributes) > maxDeclaredAttributes:
		return nil, fmt.Errorf("it has %d attributes; from 1 to %d are taken", len(x.Attributes), maxDeclaredAttributes)
	}
	taken[strings.ToLower(x.ID)] = true
	attributes, err := declared(x.Attributes, false)
	if err != nil {
		return nil, err
	}
	return &Schema{ID: x.ID, Name: or(x.Name, x.ID[strings.LastIndexByte(x.ID, ':')+1:]), Description: or(x.Description, "Declared by the configuration"), Attributes: attributes}, nil
}

func declared(list []DeclaredAttribute, inside bool) ([]*Attribute, error) {
	seen := map[string]bool{}
	var out []*Attribute
	for _, x := range list {
		a, err := x.attribute(inside)
		if err == nil && seen[strings.ToLower(x.Name)] {
			err = fmt.Errorf("it is declared twice")
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", x.Name, err)
		}
		seen[strings.ToLower(x.Name)] = true
		out = append(out, a)
	}
	return out, nil
}

func (x DeclaredAttribute) attribute(inside bool) (*Attribute, error) {
	a := &Attribute{
		Name: x.Name, Type: Type(or(x.Type, string(String))), MultiValued: x.MultiValued, Description: or(x.Description, "Declared by the configuration"),
		Required: x.Required, CaseExact: x.CaseExact, Mutability: or(x.Mutability, ReadWrite), Returned: or(x.Returned, ReturnedDefault),
		Uniqueness: or(x.Uniqueness, UniqueNone), Canonical: x.CanonicalValues, References: x.ReferenceTypes, Checked: true,
	}
	if a.Type == Reference || a.Type == Binary {
		a.CaseExact = true // RFC 7643 sections 2.3.6 and 2.3.7
	}
	simple := a.Type != Complex
	a.Indexed = simple && a.Type != Binary && a.Mutability != WriteOnly && a.Returned != ReturnedNever && !x.NotIndexed
	isText := a.Type == String || a.Type == Reference
	switch {
	case !attributeName.MatchString(x.Name):
		return nil, fmt.Errorf("its name is not made of letters, digits, - and _")
	case !slices.Contains([]Type{String, Boolean, Decimal, Integer, DateTime, Reference, Binary, Complex}, a.Type):
		return nil, fmt.Errorf("there is no type %q", x.Type)
	case !slices.Contains([]string{ReadWrite, ReadOnly, WriteOnly, Immutable}, a.Mutability):
		return nil, fmt.Errorf("there is no mutability %q", x.Mutability)
	case !slices.Contains([]string{ReturnedDefault, ReturnedAlways, ReturnedNever, ReturnedRequest}, a.Returned):
		return nil, fmt.Errorf("there is no returned %q", x.Returned)
	case !slices.Contains([]string{UniqueNone, UniqueServer, UniqueGlobal}, a.Uniqueness):
		return nil, fmt.Errorf("there is no uniqueness %q", x.Uniqueness)
	case a.Mutability == WriteOnly && a.Returned != ReturnedNever:
		return nil, fmt.Errorf("what is only written must have returned = \"never\"")
	case a.Mutability == ReadOnly && a.Required:
		return nil, fmt.Errorf("what the server sets cannot be required")
	case a.Uniqueness != UniqueNone && (inside || a.MultiValued || !isText || x.NotIndexed):
		return nil, fmt.Errorf("only an indexed text of one value, not a part of another attribute, can be unique")
	case len(a.Canonical) > 0 && a.Type != String:
		return nil, fmt.Errorf("only a string has canonical_values")
	case len(a.References) > 0 && a.Type != Reference:
		return nil, fmt.Errorf("only a reference has reference_types")
	case simple && len(x.Sub) > 0:
		return nil, fmt.Errorf("only a complex attribute has sub_attribute")
	case !simple && (inside || len(x.Sub) == 0):
		return nil, fmt.Errorf("a complex attribute has sub_attribute, none of which is complex")
	}
	var err error
	a.Sub, err = declared(x.Sub, true)
	return a, err
}
