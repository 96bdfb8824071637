package scim

import (
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// edit is a resource being changed. It owns doc and may write in it.
type edit struct {
	t       *ResourceType
	doc     map[string]any
	ignored map[string]bool
}

func (t *ResourceType) edit(doc Resource) *edit {
	return &edit{t: t, doc: clone(map[string]any(doc)).(map[string]any), ignored: map[string]bool{}}
}

// ignore notes that a value was left out, unless it is none.
func (e *edit) ignore(name string, value any) {
	if !empty(value) {
		e.ignored[name] = true
	}
}

// body merges an object, as it stands in a POST, a PUT or an operation without
// a path, into the resource. Keys may be attributes, whole extensions, dotted
// and URN-qualified names and value paths: Entra sends all of them.
func (e *edit) body(verb verb, object map[string]any, under *Schema) error {
	seen := make(map[string]bool, len(object))
	for _, key := range sortedKeys(object) {
		path, g := e.key(key, under)
		name := g.name()
		switch {
		case !g.known():
			if err := e.t.loose(InvalidSyntax, "There is no attribute %s.", shown(key)); err != nil {
				return err
			}
			e.ignore(key, object[key])
			continue
		case g.attr != nil && (g.sub != nil || path.Where != nil || strings.Contains(key, ":")):
			if err := e.t.loose(InvalidSyntax, "%s is a path; an object has attributes.", shown(key)); err != nil {
				return err
			}
			if path.Where != nil || path.Sub != "" {
				name = path.String()
			}
		}
		if seen[name] {
			return bad(InvalidSyntax, "%s is given twice.", name)
		}
		seen[name] = true
		if g.attr != nil && (g.attr.Mutability == ReadOnly || g.attr.Name == "schemas") {
			continue // RFC 7644 section 3.5.1: readOnly values are ignored
		}
		if err := e.apply(verb, path, g, object[key]); err != nil {
			return err
		}
	}
	return nil
}

// key finds what a key of a body means.
func (e *edit) key(key string, under *Schema) (Path, target) {
	path := Path{Attr: key}
	if s := e.t.schema(key); s != nil {
		return path, target{schema: s}
	}
	path, err := ParsePath(key)
	if err != nil {
		return path, target{}
	}
	if under != nil && under != e.t.Core {
		if g := within(under, under.attrs, path.Attr); g.known() {
			return path, g
		}
	}
	return path, e.t.resolve(path.Attr)
}

// apply does one verb at one place.
func (e *edit) apply(do verb, path Path, g target, raw any) error {
	if g.attr == nil {
		return e.whole(do, g.schema, raw)
	}
	if path.Sub != "" {
		if g.sub != nil || g.attr.sub(path.Sub) == nil {
			return unknown(path.String())
		}
		g.sub = g.attr.sub(path.Sub)
	}
	if err := writable(do, path, g); err != nil || g.attr.Forgotten {
		return err
	}
	object := e.doc
	if g.schema != nil {
		object, _ = e.doc[g.schema.ID].(map[string]any)
		if object == nil {
			object = map[string]any{}
		}
	}
	before := clone(object[g.attr.Name])
	if err := e.change(do, path, g, object, raw); err != nil {
		return err
	}
	after := object[g.attr.Name]
	if err := kept(do, g, before, after); err != nil {
		return err
	}
	if empty(after) {
		delete(object, g.attr.Name)
	}
	if g.schema != nil {
		e.doc[g.schema.ID] = object
		if len(object) == 0 {
			delete(e.doc, g.schema.ID)
		}
	}
	return nil
}

// change sets object[g.attr.Name].
func (e *edit) change(do verb, path Path, g target, object map[string]any, raw any) error {
	switch {
	case path.Where != nil:
		return e.matching(do, path, g, object, raw)
	case g.sub != nil && g.attr.MultiValued:
		return e.everywhere(do, g, object, raw)
	case g.sub != nil:
		return e.part(do, g, object, raw)
	case g.attr.MultiValued:
		return e.list(do, g, object, raw)
	}
	if do == remove {
		delete(object, g.attr.Name)
		return nil
	}
	v, err := e.coerce(g.name(), g.attr, raw)
	if err != nil {
		return err
	}
	old, _ := object[g.attr.Name].(map[string]any)
	given, _ := v.(map[string]any)
	sent, _ := raw.(map[string]any)
	if old == nil || len(sent) == 0 || given["value"] != nil || g.attr.main() != nil && given == nil {
		object[g.attr.Name] = v
		return nil
	}
	// RFC 7644 section 3.5.2.3: the sub-attributes that are not named stay.
	for name, x := range given {
		if g.attr.sub(name).once(old[name], x) {
			return fixed(g.name() + "." + name)
		}
		old[name] = x
	}
	for name, x := range sent {
		if sub := g.attr.sub(name); sub != nil && empty(x) {
			delete(old, sub.Name)
		}
	}
	return nil
}

// part sets a sub-attribute of a complex attribute with one value.
func (e *edit) part(do verb, g target, object map[string]any, raw any) error {
	old, _ := object[g.attr.Name].(map[string]any)
	if old == nil {
		old = map[string]any{}
	}
	var v any
	if do != remove {
		var err error
		if v, err = e.coerce(g.name(), g.sub, raw); err != nil {
			return err
		}
	}
	if g.sub.once(old[g.sub.Name], v) {
		return fixed(g.name())
	}
	if g.sub == g.attr.main() && v != old["value"] {
		old = map[string]any{} // $ref and displayName spoke of the old one
	}
	setOrDelete(old, g.sub.Name, v)
	object[g.attr.Name] = old
	return nil
}

// once reports whether a change from old to v is one that a's mutability forbids.
func (a *Attribute) once(old, v any) bool {
	return a.Mutability == Immutable && !empty(old) && !equal(old, v)
}

func setOrDelete(object map[string]any, key string, v any) {
	if v == nil {
		delete(object, key)
		return
	}
	object[key] = v
}

// whole does a verb on all of a schema's attributes.
func (e *edit) whole(do verb, s *Schema, raw any) error {
	extension := s != e.t.Core
	object, isObject := raw.(map[string]any)
	switch {
	case extension && (do == remove || do == replace && empty(raw)):
		delete(e.doc, s.ID)
		return nil
	case do == remove:
		return bad(NoTarget, "The whole of %s cannot be removed. Delete the resource instead.", s.ID)
	case empty(raw):
		return nil
	case !isObject:
		return bad(InvalidValue, "%s is an object, but %s was sent.%s", s.ID, shown(raw), inEntra(s.ID))
	}
	return e.body(do, object, s)
}

// writable refuses to change what only the server may change.
func writable(do verb, path Path, g target) error {
	readOnly := g.attr.Mutability == ReadOnly || g.sub != nil && g.sub.Mutability == ReadOnly
	switch {
	case readOnly || g.attr.Name == "schemas":
		return bad(Mutability, "%s is set by the server and cannot be changed. In Entra, remove the mapping whose target is %s.", g.name(), g.name())
	case do == remove && g.sub == nil && path.Where == nil && g.attr.Required:
		return bad(Mutability, "%s is required and cannot be removed.%s", g.name(), inEntra(g.name()))
	}
	return nil
}

// kept refuses to change what may be set only once, and to unassign what always
// has a value.
func kept(do verb, g target, before, after any) error {
	if g.attr.once(before, after) {
		return fixed(g.name())
	}
	if do != create && g.attr.Default != nil && empty(after) {
		return bad(InvalidValue, "%s always has a value and cannot be cleared.%s", g.name(), inEntra(g.name()))
	}
	return nil
}

// fixed is the error about what may be set only once.
func fixed(name string) error {
	return bad(Mutability, "%s cannot be changed once it is set. In Entra, apply that mapping only during object creation.", name)
}

func unknown(path string) error {
	return bad(InvalidPath, "This server has no attribute %s; /Schemas lists all it has. In Entra, open Provisioning, Mappings, and remove the mapping with that target.", shown(path))
}

// finish checks what is true of the whole resource.
func (e *edit) finish(before Resource, fresh bool) (Result, error) {
	for _, a := range e.t.Core.Attributes {
		if a.Default != nil && e.doc[a.Name] == nil {
			e.doc[a.Name] = a.Default
			if old := before[a.Name]; old != nil {
				e.doc[a.Name] = old
			}
		}
	}
	if missing := e.t.missing(before, e.doc, fresh); len(missing) > 0 {
		return Result{}, absent(missing)
	}
	e.doc["schemas"] = e.t.schemasOf(e.doc)
	return Result{After: e.doc, Changed: !equal(map[string]any(before), e.doc), Ignored: keys(e.ignored)}, nil
}

func keys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		if len(k) > 128 {
			k = strconv.Quote(k[:128]) // a name as long as this is no name
		}
		out = append(out, k)
	}
	sort.Strings(out)
	return slices.Compact(out)
}

func absent(names []string) error {
	return &Error{
		Status: http.StatusBadRequest, Kind: InvalidValue,
		Detail: "A value is missing for: " + strings.Join(names, ", ") + ". In Entra, open Provisioning, Mappings, and map each of them to a source attribute that every person has.",
	}
}
