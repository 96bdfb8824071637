package scim

import (
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The reference model: filter and PATCH once more, slow and plain, by another
// road. It knows no schema but a few words about the attributes that the
// generators use.

// modelValues walks a dotted path through a resource, into every element of
// every list, comparing names without case.
func modelValues(v any, names []string) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var out []any
		for _, e := range v {
			out = append(out, modelValues(e, names)...)
		}
		return out
	case map[string]any:
		if len(names) == 0 {
			return []any{v}
		}
		for key, x := range v {
			if strings.EqualFold(key, names[0]) {
				return modelValues(x, names[1:])
			}
		}
		return nil
	}
	if len(names) > 0 {
		return nil
	}
	return []any{v}
}

// modelNames splits a path into the names of objects on the way.
func modelNames(attr string) []string {
	if rest, ok := strings.CutPrefix(attr, EnterpriseSchema); ok {
		if rest == "" {
			return []string{EnterpriseSchema}
		}
		return append([]string{EnterpriseSchema}, strings.Split(rest[1:], ".")...)
	}
	attr = strings.TrimPrefix(attr, UserSchema+":")
	names := strings.Split(attr, ".")
	if strings.EqualFold(names[0], "manager") {
		return append([]string{EnterpriseSchema}, names...)
	}
	return names
}

// modelExact are the last names of paths that compare with case.
var modelExact = map[string]bool{"id": true, "externalId": true, "manager": true, "groups": true, "schemas": true, "$ref": true}

func modelFilter(f Filter, object map[string]any, of string) bool {
	switch f := f.(type) {
	case And:
		return modelFilter(f.L, object, of) && modelFilter(f.R, object, of)
	case Or:
		return modelFilter(f.L, object, of) || modelFilter(f.R, object, of)
	case Not:
		return !modelFilter(f.F, object, of)
	case Present:
		return slices.ContainsFunc(modelPath(f.Path, object), func(v any) bool { return !empty(v) })
	case Has:
		return len(modelPath(f.Path, object)) > 0
	case Compare:
		values := modelPath(f.Path, object)
		present := slices.ContainsFunc(values, func(v any) bool { return !empty(v) })
		if f.Value == nil && f.Op == Eq {
			return !present
		}
		if f.Value == nil && f.Op == Ne {
			return present
		}
		names := modelNames(f.Path.Attr)
		last := names[len(names)-1]
		exact := modelExact[last] || last == "value" && len(names) > 1 && modelExact[names[len(names)-2]] || modelExact[of]
		var leaves []any
		for _, v := range values {
			if o, isObject := v.(map[string]any); isObject {
				if o["value"] == nil {
					continue
				}
				v = o["value"]
			}
			leaves = append(leaves, v)
		}
		for _, v := range leaves {
			if modelCompare(f.Op, v, f.Value, exact, strings.EqualFold(names[0], "meta")) {
				return true
			}
		}
		return len(leaves) == 0 && f.Op == Ne
	}
	return false
}

func modelPath(p Path, object map[string]any) []any {
	names := modelNames(p.Attr)
	if p.Where == nil {
		return modelValues(object, names)
	}
	var out []any
	for _, e := range modelValues(object, names) {
		if o, isObject := e.(map[string]any); isObject && modelFilter(p.Where, o, names[len(names)-1]) {
			if p.Sub == "" {
				out = append(out, e)
			} else {
				out = append(out, modelValues(e, []string{p.Sub})...)
			}
		}
	}
	return out
}

func modelCompare(o Op, have, want any, exact, isTime bool) bool {
	if b, isBool := have.(bool); isBool {
		text, _ := want.(string)
		w, wantsBool := want.(bool)
		if strings.EqualFold(text, "true") {
			w, wantsBool = true, true
		} else if strings.EqualFold(text, "false") {
			wantsBool = true
		}
		same := wantsBool && b == w
		return o == Eq && same || o == Ne && !same
	}
	h, _ := have.(string)
	w, isText := want.(string)
	if !isText {
		return o == Ne
	}
	if isTime && o != Co && o != Sw && o != Ew {
		at, err1 := time.Parse(time.RFC3339Nano, h)
		then, err2 := time.Parse(time.RFC3339Nano, w)
		if err1 == nil && err2 == nil {
			return modelOrder(o, at.Compare(then))
		}
	}
	if !exact {
		h, w = Fold(h), Fold(w)
	}
	switch o {
	case Co:
		return strings.Contains(h, w)
	case Sw:
		return strings.HasPrefix(h, w)
	case Ew:
		return strings.HasSuffix(h, w)
	}
	return modelOrder(o, cmp.Compare(h, w))
}

func modelOrder(o Op, c int) bool {
	return map[Op]bool{Eq: c == 0, Ne: c != 0, Gt: c > 0, Ge: c >= 0, Lt: c < 0, Le: c <= 0}[o]
}

// aMillion lets rapid.Check try a million cases where ./test --long asks for
// it, in two minutes; else some thousands.
func aMillion(t *testing.T) {
	f := flag.Lookup("rapid.checks")
	checks, before := "5000", f.Value.String()
	if os.Getenv("LANYARD_TEST_LONG") == "1" {
		checks = "1000000"
	}
	if before != f.DefValue {
		return // somebody said how many
	}
	if err := f.Value.Set(checks); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(before) })
}

func TestFiltersAgreeWithTheModel(t *testing.T) {
	aMillion(t)
	users := Users()
	rapid.Check(t, func(t *rapid.T) {
		f := drawSharp(t, 3)
		m, err := users.Compile(f)
		if err != nil {
			return // it orders what has no order, which has a test of its own
		}
		r := drawIndexed(t)
		if got, want := m(r), modelFilter(f, r, ""); got != want {
			t.Fatalf("%s\nof %v\ngot %v, the model says %v", f, r, got, want)
		}
	})
}

// modelUser is a person as the model of PATCH sees them.
type modelUser struct {
	userName, title, given, family, department, manager string
	active                                              bool
	emails                                              []map[string]any
}

// resource is u as PATCH should leave it.
func (u modelUser) resource() Resource {
	r := Resource{"schemas": []any{UserSchema}, "userName": u.userName, "active": u.active}
	put := func(o map[string]any, key, v string) {
		if v != "" {
			o[key] = v
		}
	}
	put(r, "title", u.title)
	name, enterprise := map[string]any{}, map[string]any{}
	put(name, "givenName", u.given)
	put(name, "familyName", u.family)
	put(enterprise, "department", u.department)
	if u.manager != "" {
		enterprise["manager"] = map[string]any{"value": u.manager}
	}
	if len(name) > 0 {
		r["name"] = name
	}
	if len(enterprise) > 0 {
		r[EnterpriseSchema] = enterprise
		r["schemas"] = []any{UserSchema, EnterpriseSchema}
	}
	if len(u.emails) > 0 {
		list := make([]any, len(u.emails))
		for i, e := range u.emails {
			list[i] = e
		}
		r["emails"] = list
	}
	return r
}

// step is one operation as JSON, and what the model makes of it; false means
// that it is refused.
type step struct {
	op map[string]any
	do func(*modelUser) bool
}

func drawStep(t *rapid.T) step {
	verb := rapid.SampledFrom([]string{"add", "Add", "replace", "Replace"}).Draw(t, "verb")
	text := rapid.SampledFrom([]string{"", "x", "Y", "é"}).Draw(t, "text")
	at := func(path string, value any) map[string]any {
		return map[string]any{"op": verb, "path": path, "value": value}
	}
	whole := func(value map[string]any) map[string]any { return map[string]any{"op": verb, "value": value} }
	simple := []struct {
		path string
		at   func(*modelUser) *string
	}{
		{"title", func(u *modelUser) *string { return &u.title }},
		{"name.givenName", func(u *modelUser) *string { return &u.given }},
		{UserSchema + ":name.familyName", func(u *modelUser) *string { return &u.family }},
		{EnterpriseSchema + ":department", func(u *modelUser) *string { return &u.department }},
	}
	kind := rapid.SampledFrom([]string{"work", "home", "Work"}).Draw(t, "kind")
	where := `emails[type eq "` + kind + `"]`
	picked := func(e map[string]any) bool { s, _ := e["type"].(string); return strings.EqualFold(s, kind) }
	switch rapid.IntRange(0, 12).Draw(t, "step") {
	case 0, 1:
		s := rapid.SampledFrom(simple).Draw(t, "attribute")
		set := func(u *modelUser) bool { *s.at(u) = text; return true }
		if rapid.Bool().Draw(t, "without a path") {
			return step{whole(map[string]any{s.path: text}), set}
		}
		return step{at(s.path, text), set}
	case 2:
		s := rapid.SampledFrom(simple).Draw(t, "attribute")
		return step{map[string]any{"op": "Remove", "path": strings.ToUpper(s.path)}, func(u *modelUser) bool { *s.at(u) = ""; return true }}
	case 3:
		value := rapid.SampledFrom([]any{true, false, "True", "false", "", "no"}).Draw(t, "active")
		return step{at("active", value), func(u *modelUser) bool {
			s, isText := value.(string)
			if isText && !strings.EqualFold(s, "true") && !strings.EqualFold(s, "false") {
				return false
			}
			u.active = value == true || strings.EqualFold(s, "true")
			return true
		}}
	case 4:
		return step{at("userName", text), func(u *modelUser) bool { u.userName = text; return true }}
	case 5:
		path := rapid.SampledFrom([]string{"manager", EnterpriseSchema + ":manager", EnterpriseSchema + ".manager"}).Draw(t, "path")
		value := rapid.SampledFrom([]any{text, map[string]any{"value": text}, []any{map[string]any{"value": text}}}).Draw(t, "manager")
		return step{at(path, value), func(u *modelUser) bool { u.manager = text; return true }}
	case 6:
		return step{whole(map[string]any{"name": map[string]any{"givenName": "G"}, "colour": "green"}), func(u *modelUser) bool { u.given = "G"; return true }}
	case 7, 8:
		return step{at(where+".value", text), func(u *modelUser) bool {
			found := false
			u.emails = slices.DeleteFunc(u.emails, func(e map[string]any) bool {
				if !picked(e) {
					return false
				}
				found = true
				if e["value"] = text; text == "" {
					delete(e, "value")
				}
				return text == "" && e["display"] == nil
			})
			if !found && text != "" {
				u.emails = append(u.emails, map[string]any{"type": kind, "value": text})
			}
			return true
		}}
	case 9:
		return step{map[string]any{"op": "remove", "path": where}, func(u *modelUser) bool { u.emails = slices.DeleteFunc(u.emails, picked); return true }}
	case 10:
		return step{map[string]any{"op": "Remove", "path": "emails", "value": []any{map[string]any{"value": text}}}, func(u *modelUser) bool {
			u.emails = slices.DeleteFunc(u.emails, func(e map[string]any) bool {
				s, _ := e["value"].(string)
				return text != "" && strings.EqualFold(s, text)
			})
			return true
		}}
	case 11:
		primary := rapid.Bool().Draw(t, "primary")
		value := "v" + text
		return step{map[string]any{"op": "Add", "path": "emails", "value": []any{map[string]any{"value": value, "type": kind, "primary": primary}}}, func(u *modelUser) bool {
			fresh := map[string]any{"value": value, "type": kind, "primary": primary}
			at := slices.IndexFunc(u.emails, func(e map[string]any) bool { return e["value"] == value && picked(e) })
			if at < 0 {
				u.emails = append(u.emails, fresh)
				at = len(u.emails) - 1
			} else {
				u.emails[at] = fresh
			}
			for i, e := range u.emails {
				if primary && i != at && e["primary"] == true {
					e["primary"] = false
				}
			}
			return true
		}}
	}
	return step{map[string]any{"op": "replace", "path": "emails", "value": []any{map[string]any{"value": "r", "type": kind}}}, func(u *modelUser) bool {
		u.emails = []map[string]any{{"value": "r", "type": kind}}
		return true
	}}
}

// req: E2
func TestPatchesAgreeWithTheModel(t *testing.T) {
	aMillion(t)
	users := Users()
	rapid.Check(t, func(t *rapid.T) {
		model := modelUser{userName: "ada", active: true}
		before := model.resource()
		for range rapid.IntRange(1, 4).Draw(t, "requests") {
			next := modelUser(model)
			next.emails = nil
			for _, e := range model.emails {
				next.emails = append(next.emails, clone(e).(map[string]any))
			}
			var ops []any
			ok := true
			for range rapid.IntRange(1, 5).Draw(t, "operations") {
				s := drawStep(t)
				ops = append(ops, s.op)
				ok = ok && s.do(&next)
			}
			ok = ok && next.userName != ""
			body, err := json.Marshal(map[string]any{"schemas": []string{PatchMessage}, "Operations": ops})
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := ParsePatch(body)
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			got, err := users.Patch(before, parsed)
			if (err == nil) != ok {
				t.Fatalf("%s\nof %v\ngot the error %v, the model takes it: %v", body, before, err, ok)
			}
			if err != nil {
				continue // all or nothing: both stay as they were
			}
			want := next.resource()
			if diff := gocmp.Diff(map[string]any(want), map[string]any(got.After)); diff != "" {
				t.Fatalf("%s\nof %v (-model +got):\n%s", body, before, diff)
			}
			if got.Changed != !gocmp.Equal(map[string]any(before), map[string]any(want)) {
				t.Fatalf("%s: Changed is %v", body, got.Changed)
			}
			model, before = next, got.After
		}
	})
}
