package scim

import (
	"slices"
	"strings"
)

// Selection is which attributes an answer shows (RFC 7644 section 3.9).
type Selection struct {
	only, without map[string]bool // by folded target name; nil means not asked
}

// Selects reads the parameters attributes and excludedAttributes, which are
// lists separated by commas. attributes wins where both are given. Names that
// nobody declared select nothing.
func (t *ResourceType) Selects(attributes, excluded string) Selection {
	if only := t.names(attributes); only != nil {
		return Selection{only: only}
	}
	return Selection{without: t.names(excluded)}
}

// All reports whether everything is shown that is shown by default, so that a
// stored resource can be sent as it is.
func (s Selection) All() bool { return s.only == nil && s.without == nil }

func (t *ResourceType) names(list string) map[string]bool {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	out := map[string]bool{}
	for _, name := range strings.Split(list, ",") {
		if g := t.resolve(strings.TrimSpace(name)); g.known() {
			out[strings.ToLower(g.name())] = true
		}
	}
	return out
}

// Project returns what s shows of r. What is returned always stays, what is
// returned never goes. r, which holds id and meta, is not changed; parts of it
// are shared with the result.
func (t *ResourceType) Project(r Resource, s Selection) Resource {
	out := Resource{}
	t.project(out, r, nil, t.Core.attrs, s)
	t.project(out, r, nil, t.common, s)
	for _, ext := range t.Extensions {
		object, _ := r[ext.ID].(map[string]any)
		inner := map[string]any{}
		t.project(inner, object, ext, ext.attrs, s)
		if len(inner) > 0 {
			out[ext.ID] = inner
		}
	}
	if r["schemas"] != nil {
		out["schemas"] = t.schemasOf(out)
	}
	return out
}

func (t *ResourceType) project(out, in map[string]any, schema *Schema, attrs map[string]*Attribute, s Selection) {
	for _, a := range attrs {
		v := in[a.Name]
		if v == nil {
			continue
		}
		if v := s.show(target{schema: schema, attr: a}, v); v != nil {
			out[a.Name] = v
		}
	}
}

// show returns what is shown of one attribute's value, or nil.
func (s Selection) show(g target, v any) any {
	name := strings.ToLower(g.name())
	whole := v
	if slices.ContainsFunc(g.attr.Sub, hidden) {
		whole = parts(g.attr, v, func(sub *Attribute) bool { return sub.Returned != ReturnedRequest })
	}
	switch {
	case g.attr.Returned == ReturnedNever:
		return nil
	case g.attr.Returned == ReturnedAlways:
		return whole
	case g.schema != nil && s.only[strings.ToLower(g.schema.ID)] || s.only[name]:
		return whole
	case g.schema != nil && s.without[strings.ToLower(g.schema.ID)] || s.without[name]:
		return nil
	case g.attr.Returned == ReturnedRequest:
		return nil
	}
	keep := func(sub *Attribute) bool {
		full := strings.ToLower(target{g.schema, g.attr, sub, false}.name())
		switch {
		case s.only != nil:
			return s.only[full]
		case sub.Returned == ReturnedRequest:
			return false
		}
		return !s.without[full]
	}
	if len(g.attr.Sub) == 0 {
		if s.only != nil {
			return nil
		}
		return v
	}
	return parts(g.attr, v, keep)
}

// parts keeps some sub-attributes of a complex value, or of each of several.
func parts(a *Attribute, v any, keep func(*Attribute) bool) any {
	if list, isList := v.([]any); isList {
		out := make([]any, 0, len(list))
		for _, element := range list {
			if kept := parts(a, element, keep); kept != nil {
				out = append(out, kept)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	object, _ := v.(map[string]any)
	out := map[string]any{}
	for _, sub := range a.Sub {
		if x := object[sub.Name]; x != nil && sub.Returned != ReturnedNever && (keep(sub) || sub.Returned == ReturnedAlways) {
			out[sub.Name] = x
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
