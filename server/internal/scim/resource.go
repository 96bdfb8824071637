package scim

import (
	"net/http"
	"slices"
	"strings"
)

// Create normalises the body of a POST into a resource.
func (t *ResourceType) Create(body Resource) (Result, error) {
	return t.fill(body, Resource{}, true)
}

// Replace normalises the body of a PUT. An attribute that is not given is
// cleared, except active: a person nobody spoke about is neither
// suspended nor let in again (RFC 7644 section 3.5.1 leaves this to the server).
func (t *ResourceType) Replace(before, body Resource) (Result, error) {
	return t.fill(body, t.stored(before), false)
}

func (t *ResourceType) fill(body, before Resource, fresh bool) (Result, error) {
	if err := t.checkSchemas(body); err != nil {
		return Result{}, err
	}
	e := t.edit(Resource{})
	if err := e.body(create, body, nil); err != nil {
		return Result{}, err
	}
	if err := e.keep(before); err != nil {
		return Result{}, err
	}
	return e.finish(before, fresh)
}

// keep holds a PUT to what may be set only once: it may leave such an attribute
// out, and then it stays, but not give it another value (RFC 7644 section 3.5.1).
func (e *edit) keep(before Resource) error {
	for _, s := range e.t.Schemas() {
		extension := s
		if s == e.t.Core {
			extension = nil
		}
		for _, a := range s.Attributes {
			g := target{schema: extension, attr: a}
			old := g.in(before)
			switch now := g.in(e.doc); {
			case a.Mutability != Immutable || empty(old):
			case empty(now):
				g.put(e.doc, clone(old))
			case a.once(old, now):
				return fixed(g.name())
			}
		}
	}
	return nil
}

// in is the value of g's attribute in doc, or nil.
func (g target) in(doc map[string]any) any {
	if g.schema != nil {
		doc, _ = doc[g.schema.ID].(map[string]any)
	}
	return doc[g.attr.Name]
}

// put sets the value of g's attribute in doc.
func (g target) put(doc map[string]any, v any) {
	if g.schema != nil {
		object, _ := doc[g.schema.ID].(map[string]any)
		if object == nil {
			object = map[string]any{}
			doc[g.schema.ID] = object
		}
		doc = object
	}
	doc[g.attr.Name] = v
}

// checkSchemas refuses a body that is about another kind of resource. A body
// without schemas is taken for what its address says.
func (t *ResourceType) checkSchemas(body Resource) error {
	raw, found, err := field(body, "schemas")
	if err != nil {
		return err
	}
	list, isList := raw.([]any)
	if !t.strict && (!found || raw == nil || isList && len(list) == 0) {
		return nil
	}
	if !lists(list, t.Core.ID) {
		return bad(InvalidSyntax, "schemas must be a list that holds %q, but %s was sent.", t.Core.ID, shown(raw))
	}
	for _, s := range t.Extensions {
		v, _, err := field(body, s.ID)
		if err != nil {
			return err
		}
		if !empty(v) && !lists(list, s.ID) { // Entra does not list the extensions of a customer
			if err := t.loose(InvalidSyntax, "schemas does not list %q, of which attributes were sent.", s.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// lists reports whether a URN is among those of a schemas attribute.
func lists(schemas []any, urn string) bool {
	return slices.ContainsFunc(schemas, func(v any) bool {
		text, ok := v.(string)
		return ok && strings.EqualFold(text, urn)
	})
}

// stored is r without what is never stored in the document.
func (t *ResourceType) stored(r Resource) Resource {
	out := make(Resource, len(r))
	for key, v := range r {
		if a := t.Core.attribute(key); key == "id" || key == "meta" || a != nil && a.Forgotten {
			continue
		}
		out[key] = v
	}
	return out
}

// schemasOf lists the URNs of the schemas that doc has data of.
func (t *ResourceType) schemasOf(doc map[string]any) []any {
	out := []any{t.Core.ID}
	for _, s := range t.Extensions {
		if !empty(doc[s.ID]) {
			out = append(out, s.ID)
		}
	}
	return out
}

func blank(v any) bool {
	s, isText := v.(string)
	return v == nil || isText && strings.TrimSpace(s) == ""
}

// Conflict is the error for a value that somebody else has already.
func Conflict(attribute, value string) error {
	return &Error{
		Status: http.StatusConflict, Kind: Uniqueness,
		Detail: "Another resource has the " + attribute + " " + shown(value) + " already. Entra matches with it when " + attribute +
			" is a matching attribute; otherwise correct the source of that mapping.",
	}
}

// Value returns the name of an attribute as the schema spells it and what doc
// has there, as text. path may be in any case.
func (t *ResourceType) Value(doc Resource, path string) (name, value string) {
	g := t.resolve(path)
	if g.attr == nil {
		return path, ""
	}
	object := map[string]any(doc)
	if g.schema != nil {
		object, _ = doc[g.schema.ID].(map[string]any)
	}
	for _, v := range pick(object[g.attr.Name], nil, g.sub) {
		if s, isText := v.(string); isText {
			return g.name(), s
		}
	}
	return g.name(), ""
}
