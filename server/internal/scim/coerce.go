package scim

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// coerce turns a value as it was sent into one of the attribute's type, or nil
// for no value. name is how errors call the attribute.
func (e *edit) coerce(name string, a *Attribute, raw any) (any, error) {
	if empty(raw) {
		return nil, nil
	}
	if a.MultiValued {
		v, err := e.elements(name, a, raw)
		if len(v) == 0 {
			return nil, err
		}
		return v, err
	}
	if list, isList := raw.([]any); isList {
		if len(list) != 1 {
			return nil, bad(InvalidValue, "%s has one value, but a list of %d was sent.%s", name, len(list), inEntra(name))
		}
		if err := e.t.loose(InvalidValue, "%s has one value, but a list was sent.", name); err != nil {
			return nil, err
		}
		raw = list[0] // Entra sends the manager as a list of one
	}
	return e.single(name, a, raw)
}

// elements coerces the values of a multi-valued attribute. One value without
// its list is taken as a list of one.
func (e *edit) elements(name string, a *Attribute, raw any) ([]any, error) {
	list, isList := raw.([]any)
	if !isList {
		if err := e.t.loose(InvalidValue, "%s has several values, but no list was sent.", name); err != nil {
			return nil, err
		}
		list = []any{raw}
	}
	if len(list) > MaxElements {
		return nil, bad(InvalidValue, "%s has %d values; at most %d are taken.%s", name, len(list), MaxElements, inEntra(name))
	}
	out := make([]any, 0, len(list))
	for _, item := range list {
		v, err := e.single(name, a, item)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
	first := slices.IndexFunc(out, isPrimary)
	if first >= 0 && slices.ContainsFunc(out[first+1:], isPrimary) {
		if err := e.t.loose(InvalidValue, "%s has more than one primary value.", name); err != nil {
			return nil, err
		}
	}
	onePrimary(out, first)
	return out, nil
}

// single coerces one value, or one element of several.
func (e *edit) single(name string, a *Attribute, raw any) (any, error) {
	if empty(raw) {
		return nil, nil
	}
	switch a.Type {
	case Complex:
		return e.complex(name, a, raw)
	case Boolean:
		if b, isBool := raw.(bool); isBool {
			return b, nil
		}
		if b, ok := boolean(raw); ok && !e.t.strict {
			return b, nil
		}
		return nil, bad(InvalidValue, "%s is true or false, but %s was sent.%s", name, e.shown(a, raw), inEntra(name))
	case Integer, Decimal:
		if n, ok := raw.(json.Number); ok && validNumber(a.Type, n) {
			return n, nil
		}
		return nil, bad(InvalidValue, "%s is a number, but %s was sent.%s", name, e.shown(a, raw), inEntra(name))
	}
	s, ok := raw.(string)
	switch {
	case !ok:
		return nil, bad(InvalidValue, "%s is a text, but %s was sent.%s", name, e.shown(a, raw), inEntra(name))
	case strings.ContainsRune(s, 0):
		return nil, bad(InvalidValue, "%s holds the character U+0000, which no database takes.%s", name, inEntra(name))
	case a.Uniqueness != UniqueNone && len(s) > MaxKey:
		return nil, bad(InvalidValue, "%s is %d bytes long; at most %d are taken.%s", name, len(s), MaxKey, inEntra(name))
	case a.Type == DateTime:
		if _, isTime := moment(s); !isTime {
			return nil, bad(InvalidValue, "%s is a date and time such as 2026-01-31T12:00:00Z, but %s was sent.%s", name, e.shown(a, raw), inEntra(name))
		}
	}
	return s, e.checked(name, a, s)
}

// checked enforces what most attributes only suggest: canonical values, the
// form of references, and base64.
func (e *edit) checked(name string, a *Attribute, s string) error {
	if !a.Checked {
		return nil
	}
	switch {
	case len(a.Canonical) > 0 && !slices.ContainsFunc(a.Canonical, func(c string) bool { return c == s || !a.CaseExact && Fold(c) == Fold(s) }):
		return bad(InvalidValue, "%s is one of %s, but %s was sent.%s", name, strings.Join(a.Canonical, ", "), e.shown(a, s), inEntra(name))
	case a.Type == Reference && !refers(a, s):
		return bad(InvalidValue, "%s is an address (%s), but %s was sent.%s", name, strings.Join(a.References, " or "), e.shown(a, s), inEntra(name))
	case a.Type == Binary && !isBase64(s):
		return bad(InvalidValue, "%s is base64, but %s was sent.%s", name, e.shown(a, s), inEntra(name))
	}
	return nil
}

// refers reports whether s is a reference of one of the kinds that a takes: an
// absolute address for external, any URI for uri, and for a resource type one
// that ends in its endpoint and an id.
func refers(a *Attribute, s string) bool {
	u, err := url.Parse(s)
	if err != nil || strings.ContainsFunc(s, unicode.IsSpace) {
		return false
	}
	if len(a.References) == 0 {
		return true
	}
	for _, kind := range a.References {
		switch {
		case kind == "external":
			if u.IsAbs() && (u.Host != "" || u.Opaque != "") {
				return true
			}
		case kind == "uri":
			if s != "" {
				return true
			}
		default:
			if parts := strings.Split(strings.TrimSuffix(u.Path, "/"), "/"); len(parts) >= 2 && strings.EqualFold(parts[len(parts)-2], kind+"s") {
				return true
			}
		}
	}
	return false
}

func isBase64(s string) bool {
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if _, err := enc.DecodeString(s); err == nil {
			return true
		}
	}
	return false
}

// shown keeps what is sent as a password out of every message.
func (e *edit) shown(a *Attribute, raw any) string {
	if a.Returned == ReturnedNever {
		return "something else"
	}
	return shown(raw)
}

func validNumber(t Type, n json.Number) bool {
	if t == Integer {
		_, err := strconv.ParseInt(string(n), 10, 64)
		return err == nil
	}
	f, err := strconv.ParseFloat(string(n), 64)
	return err == nil && !math.IsInf(f, 0)
}

// complex coerces an object. A bare value stands for an object with that value.
func (e *edit) complex(name string, a *Attribute, raw any) (any, error) {
	object, isObject := raw.(map[string]any)
	if !isObject {
		if a.main() == nil {
			return nil, bad(InvalidValue, "%s is an object, but %s was sent.%s", name, shown(raw), inEntra(name))
		}
		if err := e.t.loose(InvalidValue, "%s is an object, but %s was sent.", name, e.shown(a, raw)); err != nil {
			return nil, err
		}
		object = map[string]any{"value": raw}
	}
	out := make(map[string]any, len(object))
	seen := make(map[*Attribute]bool, len(object))
	for _, key := range sortedKeys(object) {
		sub := a.sub(key)
		if sub == nil {
			if err := e.t.loose(InvalidSyntax, "%s has no part %s.", name, shown(key)); err != nil {
				return nil, err
			}
			e.ignore(name+"."+key, object[key])
			continue
		}
		if seen[sub] {
			return nil, bad(InvalidSyntax, "%s.%s is given twice.", name, sub.Name)
		}
		seen[sub] = true
		if sub.Mutability == ReadOnly {
			continue
		}
		v, err := e.coerce(name+"."+sub.Name, sub, object[key])
		if err != nil {
			return nil, err
		}
		if v != nil {
			out[sub.Name] = v
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for k := range object {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func isPrimary(element any) bool {
	object, _ := element.(map[string]any)
	return object["primary"] == true
}

// onePrimary keeps the element at index the only primary one (RFC 7643 section
// 2.4: "no more than once"). A negative index leaves all as they are.
func onePrimary(elements []any, index int) {
	if index < 0 {
		return
	}
	for i, element := range elements {
		if i != index && isPrimary(element) {
			element.(map[string]any)["primary"] = false
		}
	}
}
