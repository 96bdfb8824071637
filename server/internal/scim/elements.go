package scim

import (
	"reflect"
	"slices"
	"strings"
)

// list does a verb on the whole of a multi-valued attribute.
func (e *edit) list(do verb, g target, object map[string]any, raw any) error {
	old, _ := object[g.attr.Name].([]any)
	if do == remove {
		if raw == nil {
			delete(object, g.attr.Name)
			return nil
		}
		// Entra's own way of removing members and roles: the path names the
		// whole attribute, the value says which of its elements. Taken as RFC
		// 7644 has it, this would empty the attribute.
		gone, err := e.elements(g.name(), g.attr, raw)
		if err != nil {
			return err
		}
		object[g.attr.Name] = slices.DeleteFunc(old, func(element any) bool {
			return slices.ContainsFunc(gone, func(given any) bool { return named(g.attr, element, given) })
		})
		return nil
	}
	given, err := e.coerce(g.name(), g.attr, raw)
	if err != nil {
		return err
	}
	fresh, _ := given.([]any)
	if do != add {
		if fresh == nil {
			delete(object, g.attr.Name)
			return nil
		}
		object[g.attr.Name] = fresh
		return nil
	}
	for _, element := range fresh {
		old = join(g.attr, old, element)
	}
	return e.store(g, object, old)
}

// store sets a multi-valued attribute unless it has grown too long.
func (e *edit) store(g target, object map[string]any, elements []any) error {
	if len(elements) > MaxElements {
		return bad(InvalidValue, "%s would have %d values; at most %d are taken.%s", g.name(), len(elements), MaxElements, inEntra(g.name()))
	}
	object[g.attr.Name] = elements
	return nil
}

// join adds an element. One that is there already, known by value and type, is
// brought up to date and not doubled: Entra repeats an operation whose answer
// it lost.
func join(a *Attribute, elements []any, fresh any) []any {
	at := slices.IndexFunc(elements, func(old any) bool { return same(a, old, fresh) })
	if at < 0 {
		elements = append(elements, fresh)
		at = len(elements) - 1
	} else if object, ok := fresh.(map[string]any); ok {
		old := elements[at].(map[string]any)
		for k, v := range object {
			old[k] = v
		}
	}
	if isPrimary(fresh) {
		onePrimary(elements, at)
	}
	return elements
}

// same reports whether two elements stand for the same thing.
func same(a *Attribute, x, y any) bool {
	l, isObject := x.(map[string]any)
	r, both := y.(map[string]any)
	if !isObject || !both || a.main() == nil || l["value"] == nil {
		return equal(x, y)
	}
	return equal(l["value"], r["value"]) && sameText(l["type"], r["type"])
}

func sameText(x, y any) bool {
	l, _ := x.(string)
	r, _ := y.(string)
	return strings.EqualFold(l, r)
}

// named reports whether element is the one that given describes: it has the
// same value and type where given says so, or, where given has no value, agrees
// in everything that given says.
func named(a *Attribute, element, given any) bool {
	have, isObject := element.(map[string]any)
	want, both := given.(map[string]any)
	if !isObject || !both {
		return equal(element, given)
	}
	for key, v := range want {
		if want["value"] != nil && key != "value" && key != "type" {
			continue
		}
		sub := a.sub(key)
		if s, ok := v.(string); ok && !sub.CaseExact {
			if !sameText(have[key], s) {
				return false
			}
		} else if !equal(have[key], v) {
			return false
		}
	}
	return true
}

// everywhere does a verb on one sub-attribute of every element, as a path such
// as emails.type asks. Where there is no element yet, one is made.
func (e *edit) everywhere(do verb, g target, object map[string]any, raw any) error {
	elements, _ := object[g.attr.Name].([]any)
	indexes := make([]int, len(elements))
	for i := range indexes {
		indexes[i] = i
	}
	return e.setIn(do, g, object, elements, indexes, nil, raw)
}

// matching does a verb on the elements that a value path picks out.
func (e *edit) matching(do verb, path Path, g target, object map[string]any, raw any) error {
	if !g.attr.MultiValued {
		return bad(InvalidPath, "%s has one value, so the path %s cannot choose among several.%s", g.name(), shown(path.String()), inEntra(g.name()))
	}
	if path.Sub == "" && g.sub != nil {
		return unknown(path.String())
	}
	picks, err := scope{e.t, g.attr}.compile(path.Where)
	if err != nil {
		return bad(InvalidPath, "The path %s is not valid: it orders values that have no order.", shown(path.String()))
	}
	elements, _ := object[g.attr.Name].([]any)
	var indexes []int
	for i, element := range elements {
		o, isObject := element.(map[string]any)
		if !isObject {
			o = map[string]any{"value": element}
		}
		if picks(o) {
			indexes = append(indexes, i)
		}
	}
	template, fits := e.template(g.attr, path.Where)
	if e.t.strict && do == replace {
		fits = false
	}
	if len(indexes) == 0 && do != remove && !fits {
		return bad(NoTarget, "No value of %s matches %s, and none can be made from it.%s", g.name(), shown(path.Where.String()), inEntra(g.name()))
	}
	if g.sub != nil {
		return e.setIn(do, g, object, elements, indexes, template, raw)
	}
	if do == remove {
		object[g.attr.Name] = without(elements, indexes)
		return nil
	}
	return e.setWhole(do, g, object, elements, indexes, template, raw)
}

// setIn sets a sub-attribute of the elements at indexes. Where there is none, one is
// made from template: Entra adds to and replaces in emails[type eq "work"] of
// people who have no such address, and expects it to be there afterwards.
func (e *edit) setIn(do verb, g target, object map[string]any, elements []any, indexes []int, template map[string]any, raw any) error {
	var v any
	if do != remove {
		var err error
		if v, err = e.coerce(g.name(), g.sub, raw); err != nil {
			return err
		}
	}
	if v != nil && len(indexes) == 0 {
		fresh := map[string]any{}
		for k, x := range template {
			fresh[k] = x
		}
		elements = append(elements, fresh)
		indexes = []int{len(elements) - 1}
		if isPrimary(fresh) {
			onePrimary(elements, indexes[0])
		}
	}
	var hollow []int
	for _, i := range indexes {
		element, isObject := elements[i].(map[string]any)
		if !isObject {
			continue
		}
		if g.sub.once(element[g.sub.Name], v) {
			return fixed(g.name())
		}
		setOrDelete(element, g.sub.Name, v)
		if v == nil && isHollow(element) {
			hollow = append(hollow, i)
		}
	}
	if g.sub.Name == "primary" && v == true && len(indexes) > 0 {
		onePrimary(elements, indexes[0])
	}
	return e.store(g, object, without(elements, hollow))
}

// setWhole adds to or replaces the elements at indexes.
func (e *edit) setWhole(do verb, g target, object map[string]any, elements []any, indexes []int, template map[string]any, raw any) error {
	if list, isList := raw.([]any); isList && len(list) == 1 {
		raw = list[0]
	}
	v, err := e.single(g.name(), g.attr, raw)
	if err != nil {
		return err
	}
	if v == nil {
		if do == replace {
			object[g.attr.Name] = without(elements, indexes)
		}
		return nil
	}
	if len(indexes) == 0 {
		elements = append(elements, map[string]any{})
		indexes = []int{len(elements) - 1}
	}
	for _, i := range indexes {
		given, isObject := v.(map[string]any)
		if !isObject {
			elements[i] = v
			continue
		}
		fresh := map[string]any{}
		if old, ok := elements[i].(map[string]any); ok && do == add {
			fresh = old
		}
		for k, x := range template {
			fresh[k] = x
		}
		for k, x := range given {
			fresh[k] = clone(x)
		}
		elements[i] = fresh
	}
	if isPrimary(elements[indexes[0]]) {
		onePrimary(elements, indexes[0])
	}
	return e.store(g, object, elements)
}

// template is the least element that the filter of a value path matches. It
// exists where the filter is comparisons with eq joined by and.
func (e *edit) template(a *Attribute, f Filter) (map[string]any, bool) {
	switch f := f.(type) {
	case And:
		l, lok := e.template(a, f.L)
		r, rok := e.template(a, f.R)
		if !lok || !rok {
			return nil, false
		}
		for k, v := range r {
			if old, twice := l[k]; twice && !equal(old, v) {
				return nil, false
			}
			l[k] = v
		}
		return l, true
	case Compare:
		sub := a.sub(f.Path.Attr)
		if f.Op != Eq || sub == nil || f.Path.Where != nil {
			return nil, false
		}
		v, err := e.coerce(a.Name+"."+sub.Name, sub, f.Value)
		if err != nil || v == nil {
			return nil, false
		}
		return map[string]any{sub.Name: v}, true
	}
	return nil, false
}

// isHollow reports whether nothing is left of an element but what told it from
// its neighbours.
func isHollow(element map[string]any) bool {
	for key := range element {
		if key != "type" && key != "primary" {
			return false
		}
	}
	return true
}

func without(elements []any, indexes []int) []any {
	if len(indexes) == 0 {
		return elements
	}
	out := make([]any, 0, len(elements))
	for i, element := range elements {
		if !slices.Contains(indexes, i) {
			out = append(out, element)
		}
	}
	return out
}

func equal(x, y any) bool { return reflect.DeepEqual(x, y) }
