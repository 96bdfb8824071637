package scim

import (
	"slices"
	"strings"
)

// SortKey is what a sortBy orders a resource by: a text that compares as the
// attribute does. ok is false where the resource has no value.
type SortKey func(Resource) (key string, ok bool)

// SortKey returns the canonical path that a sortBy names, and the key of that
// order. Of several values the primary one counts, else the first (RFC 7644
// section 3.4.2.3). ok is false for what nobody declared, what is never shown,
// and what has no order. Groups and members are in no document and have none.
func (t *ResourceType) SortKey(name string) (path string, key SortKey, ok bool) {
	g := t.resolve(name)
	if g.attr == nil {
		return "", nil, false
	}
	if leaf := g.leaf(); leaf.Type == Complex && leaf.main() != nil {
		g.sub = leaf.main()
	}
	path = strings.ToLower(g.name())
	leaf := g.leaf()
	secret := g.attr.Returned == ReturnedNever || leaf.Returned == ReturnedNever
	if secret || leaf.Type == Complex || leaf.Type == Binary || t.relates(g) {
		return "", nil, false
	}
	return path, func(r Resource) (string, bool) { return g.foremost(r) }, true
}

// relates reports whether a store answers g by membership.
func (t *ResourceType) relates(g target) bool {
	return g.schema == nil && t.relations[strings.ToLower(g.attr.Name)+".value"]
}

// foremost is the value that stands for all of g's when it comes to order.
func (g target) foremost(doc map[string]any) (string, bool) {
	v := g.in(doc)
	if elements, many := v.([]any); many {
		if len(elements) == 0 {
			return "", false
		}
		v = elements[max(slices.IndexFunc(elements, isPrimary), 0)]
	}
	if object, isObject := v.(map[string]any); isObject && g.sub != nil {
		v = object[g.sub.Name]
	}
	return sortable(g.leaf(), v)
}
