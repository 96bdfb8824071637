package scim

import (
	"net/http"
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
	return e.finish(before, fresh)
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
	for _, item := range list {
		if urn, ok := item.(string); ok && strings.EqualFold(urn, t.Core.ID) {
			return nil
		}
	}
	return bad(InvalidSyntax, "schemas must be a list that holds %q, but %s was sent.", t.Core.ID, shown(raw))
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
