package scim

import (
	"fmt"
	"slices"
	"strings"
)

// Profile is how one connection differs from the others.
type Profile struct {
	// Strict takes nothing that the RFCs do not allow: none of what the package
	// comment lists as tolerated, but names in any case.
	Strict bool
	// Required are attributes that a resource must have beyond what its schema
	// says, such as emails or name.givenName.
	Required []string
}

// With returns t under a profile. The error names a required attribute that
// nobody declared, or that the server sets itself.
func (t *ResourceType) With(p Profile) (*ResourceType, error) {
	if !p.Strict && len(p.Required) == 0 {
		return t, nil
	}
	misspelt := map[string]string{}
	if !p.Strict {
		for _, x := range t.prefixes {
			misspelt[x.text] = x.schema.ID
		}
	}
	var extensions []*Schema
	for _, s := range t.Extensions {
		extensions = append(extensions, s.copy(p.Strict))
	}
	c := NewResourceType(t.Name, t.Endpoint, t.Description, t.Core.copy(p.Strict), extensions, misspelt)
	c.strict, c.relations = p.Strict, t.relations
	for _, name := range p.Required {
		g := c.resolve(name)
		if g.attr == nil || g.leaf().Mutability == ReadOnly || g.attr.Forgotten || g.sub != nil && g.attr.MultiValued {
			return nil, fmt.Errorf("scim: %q is no attribute that can be required", name)
		}
		g.leaf().Required = true
		if !slices.Contains(c.required, g) {
			c.required = append(c.required, g)
		}
	}
	return c, nil
}

// copy copies a schema with all its attributes.
func (s *Schema) copy(checked bool) *Schema {
	return &Schema{ID: s.ID, Name: s.Name, Description: s.Description, Attributes: copyAll(s.Attributes, checked)}
}

func copyAll(attributes []*Attribute, checked bool) []*Attribute {
	if attributes == nil {
		return nil
	}
	out := make([]*Attribute, len(attributes))
	for i, a := range attributes {
		c := *a
		c.Sub = copyAll(a.Sub, checked)
		c.Checked = a.Checked || checked
		out[i] = &c
	}
	return out
}

// has reports whether doc has a value of g that says anything: of several
// values, any one.
func (g target) has(doc map[string]any) bool {
	if g.schema != nil {
		doc, _ = doc[g.schema.ID].(map[string]any)
	}
	sub := g.sub
	if sub == nil && g.attr.MultiValued {
		sub = g.attr.main()
	}
	for _, v := range pick(doc[g.attr.Name], nil, sub) {
		if !blank(v) && !empty(v) {
			return true
		}
	}
	return false
}

// missing names what a resource has to have and has not. Of a resource that was
// there before, only what it had counts: somebody who was made before an
// attribute became required must still be able to lose their access.
func (t *ResourceType) missing(before, after Resource, fresh bool) []string {
	var names []string
	lacked := map[target]bool{}
	if !fresh {
		for _, g := range t.lacks(before) {
			lacked[g] = true
		}
	}
	for _, g := range t.lacks(after) {
		if !lacked[g] {
			names = append(names, source(g))
		}
	}
	return names
}

// lacks are the required attributes that doc has no value of. Those of an
// extension are required where the extension is used, and parts of a complex
// attribute where the attribute is.
func (t *ResourceType) lacks(doc Resource) []target {
	var out []target
	for _, s := range t.Schemas() {
		extension := s
		if s == t.Core {
			extension = nil
		} else if empty(doc[s.ID]) {
			continue
		}
		for _, a := range s.Attributes {
			g := target{schema: extension, attr: a}
			if a.Required && !slices.Contains(t.required, g) && !g.has(doc) {
				out = append(out, g)
			}
			for _, sub := range a.Sub {
				if g.sub = sub; sub.Required && !slices.Contains(t.required, g) && !g.everyHas(doc) {
					out = append(out, g)
				}
			}
		}
	}
	for _, g := range t.required {
		if !g.has(doc) {
			out = append(out, g)
		}
	}
	return out
}

// everyHas reports whether every element of a complex attribute has g's part.
func (g target) everyHas(doc map[string]any) bool {
	if g.schema != nil {
		doc, _ = doc[g.schema.ID].(map[string]any)
	}
	for _, v := range pick(doc[g.attr.Name], nil, nil) {
		if object, _ := v.(map[string]any); object != nil && blank(object[g.sub.Name]) {
			return false
		}
	}
	return true
}

// sources are the attributes of Entra that are usually mapped to ours.
var sources = map[string][2]string{
	"username":        {"userName", "userPrincipalName"},
	"externalid":      {"externalId", "objectId"},
	"displayname":     {"displayName", "displayName"},
	"emails":          {`emails[type eq "work"].value`, "mail"},
	"name.givenname":  {"name.givenName", "givenName"},
	"name.familyname": {"name.familyName", "surname"},
	"title":           {"title", "jobTitle"},
	strings.ToLower(EnterpriseSchema + ":department"):     {EnterpriseSchema + ":department", "department"},
	strings.ToLower(EnterpriseSchema + ":employeeNumber"): {EnterpriseSchema + ":employeeNumber", "employeeId"},
}

// source is g as Entra's mappings call it, with what it is usually mapped to.
func source(g target) string {
	if s, known := sources[strings.ToLower(g.name())]; known {
		return s[0] + " (usually from " + s[1] + ")"
	}
	return g.name()
}

// loose refuses what only tolerance lets pass.
func (t *ResourceType) loose(kind Kind, format string, args ...any) error {
	if !t.strict {
		return nil
	}
	return bad(kind, format+" This connection is strict.", args...)
}
