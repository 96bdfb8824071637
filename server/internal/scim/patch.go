package scim

import (
	"fmt"
	"slices"
	"strings"
)

// verb is what an operation does. create is replace in a body that makes a new
// resource.
type verb int

const (
	add verb = iota
	remove
	replace
	create
)

// Operation is one operation of a PATCH (RFC 7644 section 3.5.2).
type Operation struct {
	verb  verb
	path  Path
	value any
	// all says that there is no path and value is an object to merge.
	all bool
	// loose says what RFC 7644 would not have taken of it, or is empty.
	loose string
	// idle says that nothing is left to be done.
	idle bool
}

// ParsePatch reads the body of a PATCH. Names and operations are taken in any
// case. An empty list of operations is taken too and changes nothing, since
// Microsoft's SCIM Validator sends one; a strict connection refuses it.
func ParsePatch(data []byte) ([]Operation, error) {
	body, err := Decode(data)
	if err != nil {
		return nil, err
	}
	raw, found, err := field(body, "Operations")
	if err != nil {
		return nil, err
	}
	list, isList := raw.([]any)
	switch {
	case !found || !isList:
		return nil, bad(InvalidSyntax, "The body has no list called Operations.")
	case len(list) > MaxOperations:
		return nil, bad(InvalidSyntax, "There are %d operations; at most %d are taken at a time.", len(list), MaxOperations)
	}
	named := isPatch(body)
	ops := make([]Operation, 0, max(len(list), 1))
	if len(list) == 0 {
		o := noOperation
		o.loose = "Operations is empty."
		ops = append(ops, o)
	}
	for i, item := range list {
		o, err := parseOperation(item)
		if err != nil {
			return nil, numbered(err, i, len(list))
		}
		if !named {
			o.loose = "schemas does not hold " + PatchMessage + "."
		}
		ops = append(ops, o)
	}
	return ops, nil
}

// isPatch reports whether a body says that it is one.
func isPatch(body Resource) bool {
	schemas, _, err := field(body, "schemas")
	list, _ := schemas.([]any)
	return err == nil && slices.ContainsFunc(list, func(v any) bool { return v == PatchMessage })
}

func parseOperation(item any) (Operation, error) {
	object, isObject := item.(map[string]any)
	if !isObject {
		return Operation{}, bad(InvalidSyntax, "An operation is an object, but %s was sent.", shown(item))
	}
	name, _, err := field(object, "op")
	if err != nil {
		return Operation{}, err
	}
	rawPath, hasPath, err := field(object, "path")
	if err != nil {
		return Operation{}, err
	}
	value, hasValue, err := field(object, "value")
	if err != nil {
		return Operation{}, err
	}
	o := Operation{value: value}
	word, _ := name.(string)
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "add":
		o.verb = add
	case "remove":
		o.verb = remove
	case "replace":
		o.verb = replace
	default:
		return o, bad(InvalidSyntax, "op is add, remove or replace, but %s was sent.", shown(name))
	}
	if word != strings.ToLower(word) {
		o.loose = "op is add, remove or replace in small letters, but " + shown(name) + " was sent."
	}
	if o.verb != remove && !hasValue {
		return o, bad(InvalidValue, "%s needs a value.", strings.ToLower(word))
	}
	text, isText := rawPath.(string)
	switch {
	case hasPath && rawPath != nil && !isText:
		return o, bad(InvalidPath, "path is a text, but %s was sent.", shown(rawPath))
	case strings.TrimSpace(text) != "":
		o.path, err = ParsePath(text)
		return o, err
	case o.verb == remove:
		return o, bad(NoTarget, "remove needs a path that says what to remove.")
	}
	if _, ok := value.(map[string]any); !ok {
		return o, bad(InvalidValue, "Without a path the value is an object of attributes, but %s was sent.", shown(value))
	}
	o.all = true
	return o, nil
}

// field returns a member of an object by its name in any case.
func field(object map[string]any, name string) (v any, found bool, err error) {
	for key, x := range object {
		if strings.EqualFold(key, name) {
			if found {
				return nil, false, bad(InvalidSyntax, "%s is given twice.", name)
			}
			v, found = x, true
		}
	}
	return v, found, nil
}

// numbered says in an error which of several operations it is about.
func numbered(err error, i, of int) error {
	if e, ok := err.(*Error); ok && of > 1 {
		c := *e
		c.Detail = fmt.Sprintf("Operation %d of %d: %s", i+1, of, e.Detail)
		return &c
	}
	return err
}

// Patch applies the operations to before, all of them or none. before is not
// changed. Its password, id and meta, if any, are left out of the result.
func (t *ResourceType) Patch(before Resource, ops []Operation) (Result, error) {
	stored := t.stored(before)
	e := t.edit(stored)
	for i, o := range ops {
		if err := e.operation(o); err != nil {
			return Result{}, numbered(err, i, len(ops))
		}
	}
	return e.finish(stored, false)
}

func (e *edit) operation(o Operation) error {
	if o.loose != "" {
		if err := e.t.loose(InvalidSyntax, "%s", o.loose); err != nil {
			return err
		}
	}
	if o.verb == remove && o.value != nil {
		if err := e.t.loose(InvalidSyntax, "remove takes no value. Name what to remove in the path."); err != nil {
			return err
		}
	}
	if o.all {
		return e.body(o.verb, o.value.(map[string]any), nil)
	}
	g := e.t.resolve(o.path.Attr)
	switch {
	case g.foreign && !e.t.strict:
		e.ignore(o.path.Attr, o.value)
		return nil
	case !g.known():
		return unknown(o.path.String())
	}
	if g.attr == nil && (o.path.Where != nil || o.path.Sub != "") {
		return unknown(o.path.String())
	}
	return e.apply(o.verb, o.path, g, o.value)
}
