package scim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// index is the slowest store there is: the entries of one resource.
type entries map[string][]string

func indexOf(t *ResourceType, r Resource) entries {
	x := entries{}
	put := func(path, v string) { x[path] = append(x[path], v) }
	for _, term := range t.Terms(r) {
		put(term.Path, term.Value)
	}
	if s, ok := r["userName"].(string); ok {
		put("username", Fold(s))
	}
	for column, name := range map[string]string{"id": "id", "externalid": "externalId"} {
		if s, ok := r[name].(string); ok {
			put(column, s)
		}
	}
	put("active", literal(r["active"]))
	meta, _ := r["meta"].(map[string]any)
	for _, name := range []string{"created", "lastModified"} {
		if at, ok := moment(meta[name]); ok {
			put("meta."+strings.ToLower(name), at.UTC().Format(columnTime))
		}
	}
	groups, _ := r["groups"].([]any)
	for _, g := range groups {
		put("groups.value", g.(map[string]any)["value"].(string))
	}
	return x
}

func (x entries) holds(p Plan) bool {
	switch p.Kind {
	case PlanEverything:
		return true
	case PlanAnd:
		return !slices.ContainsFunc(p.Args, func(a Plan) bool { return !x.holds(a) })
	case PlanOr:
		return slices.ContainsFunc(p.Args, x.holds)
	case PlanNot:
		return !x.holds(p.Args[0])
	case PlanPresent:
		return len(x[p.Path]) > 0
	case PlanCompare:
		return slices.ContainsFunc(x[p.Path], func(v string) bool {
			switch p.Op {
			case Co:
				return strings.Contains(v, p.Value)
			case Sw:
				return strings.HasPrefix(v, p.Value)
			case Ew:
				return strings.HasSuffix(v, p.Value)
			}
			return holds(p.Op, strings.Compare(v, p.Value))
		})
	}
	return false
}

func drawIndexed(t *rapid.T) Resource {
	r := drawUser(t)
	r["id"] = rapid.SampledFrom([]string{"i1", "I1"}).Draw(t, "id")
	r["meta"] = map[string]any{"created": "2026-01-31T12:00:00.000000Z", "lastModified": rapid.SampledFrom([]string{"2026-01-31T12:00:00.000000Z", "2026-01-31T12:00:00.123456Z"}).Draw(t, "modified")}
	if rapid.Bool().Draw(t, "named") {
		r["name"] = map[string]any{"familyName": drawLong(t), "givenName": "Ada"}
		r["displayName"] = drawLong(t)
	}
	if rapid.Bool().Draw(t, "grouped") {
		r["groups"] = []any{map[string]any{"value": "g1", "display": "x"}}
	}
	return r
}

// drawLong draws texts about as long as an entry, which differ at the end.
func drawLong(t *rapid.T) string {
	n := rapid.SampledFrom([]int{0, 0, 0, 234, 236, 237, 238, 239, 240, 241, 300}).Draw(t, "length")
	return strings.Repeat("x", n) + rapid.SampledFrom([]string{"a", "B", "é", "ÉÉ", "€uro", "K"}).Draw(t, "end")
}

func drawSharp(t *rapid.T, depth int) Filter {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0:
			return And{drawSharp(t, depth-1), drawSharp(t, depth-1)}
		case 1:
			return Or{drawSharp(t, depth-1), drawSharp(t, depth-1)}
		case 2:
			return Not{drawSharp(t, depth-1)}
		case 3:
			return Has{Path{Attr: "emails", Where: drawFilter(t, depth-1, true)}}
		}
	}
	p := Path{Attr: rapid.SampledFrom([]string{
		"id", "userName", "externalId", "active", "meta.created", "meta.lastModified", "displayName", "name.familyName", "title",
		"emails", "emails.value", "emails.type", "manager", EnterpriseSchema + ":manager.value", EnterpriseSchema, "groups", "groups.value", "groups.display", "roles", "colour", "nickName",
	}).Draw(t, "attribute")}
	if rapid.IntRange(0, 5).Draw(t, "present") == 0 {
		return Present{p}
	}
	value := rapid.OneOf(rapid.Custom(func(t *rapid.T) any { return drawLong(t) }), rapid.SampledFrom([]any{
		nil, true, "False", json.Number("5"), "", "a", "i1", "m", "g1", "a@x", "A@X.example", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.1234567Z",
		"2026-01-31T12:00:00.123456Z", "0001-01-03T00:00:00.0000000Z", "\uffff", "a\x00",
	})).Draw(t, "value")
	return Compare{p, rapid.SampledFrom([]Op{Eq, Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le}).Draw(t, "op"), value}
}

// What an index finds must hold all that match, and where it says so, no other.
func TestAPlanMissesNobodyWhoMatches(t *testing.T) {
	users := Users()
	rapid.Check(t, func(t *rapid.T) {
		r := drawIndexed(t)
		f := drawSharp(t, 3)
		m, err := users.Compile(f)
		if err != nil {
			return
		}
		plan, exact := users.Narrow(f)
		found, want := indexOf(users, r).holds(plan), m(r)
		if want && !found || exact && want != found {
			t.Fatalf("%s\nof %v\nmatches: %v, the index says %v (exact: %v): %+v", f, r, want, found, exact, plan)
		}
	})
}

func TestWhatEntraAsksForIsAnsweredByAnIndexAlone(t *testing.T) {
	users, groups := Users(), Groups()
	for text, rt := range map[string]*ResourceType{
		`userName eq "a@acme.example"`: users, `externalId eq "x"`: users, `emails.value eq "a"`: users, `emails eq "a"`: users,
		`id eq "1" and manager eq "2"`: users, `displayName eq "Ada"`: users,
		`active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "2026-01-31T12:00:00.0000001Z")`: users,
		EnterpriseSchema + `:employeeNumber eq "7"`: users, `groups.value eq "g"`: users, `not (userName sw "a")`: users,
		`displayName eq "Engineers"`: groups, `id eq "1" and members eq "2"`: groups, `members[value eq "2"]`: groups, `members pr`: groups,
	} {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		if plan, exact := rt.Narrow(f); !exact || plan.Kind == PlanEverything {
			t.Errorf("%s: %+v, exact: %v", text, plan, exact)
		}
	}
	f, err := ParseFilter(`emails[type eq "work"].value eq "A@x"`)
	if err != nil {
		t.Fatal(err)
	}
	want := Plan{Kind: PlanCompare, Path: "emails.value", Op: Eq, Value: "a@x"}
	if plan, exact := users.Narrow(f); exact || !cmp.Equal(plan, want) {
		t.Errorf("got %+v, exact: %v", plan, exact)
	}
}

func TestTermsCompareAsTheirAttributesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
		if got := strings.Compare(orderedNumber(a), orderedNumber(b)); holds(Lt, got) != (a < b) || holds(Eq, got) != (a == b) {
			t.Fatalf("%v and %v compare as %d", a, b, got)
		}
	})
	long := strings.Repeat("Ü", MaxTerm)
	got := Users().Terms(Resource{"displayName": long, "emails": []any{map[string]any{"value": "B@x"}, map[string]any{"value": "b@X", "type": "home"}}})
	want := []Term{{"displayname", strings.Repeat("ü", MaxTerm/2) + cutMark, false}, {"emails.value", "b@x", false}}
	for i := range got {
		if got[i].Path == "displayname" {
			got[i].Value = strings.ToLower(got[i].Value)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
