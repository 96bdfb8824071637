package scim

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// filters draws filters that the grammar allows.
func filters(depth int) *rapid.Generator[Filter] {
	return rapid.Custom(func(t *rapid.T) Filter { return drawFilter(t, depth, false) })
}

func drawFilter(t *rapid.T, depth int, inside bool) Filter {
	if depth > 0 {
		switch rapid.IntRange(0, 5).Draw(t, "shape") {
		case 0:
			return And{drawFilter(t, depth-1, inside), drawFilter(t, depth-1, inside)}
		case 1:
			return Or{drawFilter(t, depth-1, inside), drawFilter(t, depth-1, inside)}
		case 2:
			return Not{drawFilter(t, depth-1, inside)}
		case 3:
			if !inside {
				return Has{Path{Attr: drawName(t, false), Where: drawFilter(t, depth-1, true)}}
			}
		}
	}
	p := Path{Attr: drawName(t, inside)}
	if !inside && rapid.Bool().Draw(t, "value path") {
		p.Where = drawFilter(t, max(depth-1, 0), true)
		p.Sub = rapid.SampledFrom([]string{"value", "type", "$ref", "x-y_z"}).Draw(t, "sub")
	}
	if rapid.IntRange(0, 5).Draw(t, "presence") == 0 {
		return Present{p}
	}
	return Compare{p, rapid.SampledFrom([]Op{Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le}).Draw(t, "op"), drawLiteral(t)}
}

func drawName(t *rapid.T, inside bool) string {
	if inside {
		return rapid.SampledFrom([]string{"value", "type", "primary", "display", "not", "and", "or", "pr"}).Draw(t, "name")
	}
	return rapid.SampledFrom([]string{
		"userName", "emails", "name.givenName", "active", "not", "or", "and", "pr", "eq", "true", "null", "meta.lastModified",
		EnterpriseSchema + ":manager.value", EnterpriseSchema + ".manager", UserSchema + ":title", "urn:x:y:1.0:Z:w", "roles", "schemas", "groups",
	}).Draw(t, "name")
}

func drawLiteral(t *rapid.T) any {
	return rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Int(), func(n int) any { return json.Number(literal(n)) }),
		rapid.SampledFrom([]any{"True", "work", "2026-01-31T12:00:00.1234567Z", "a\"b\\c", "<&>", json.Number("-1.5e3")}),
	).Draw(t, "literal")
}

func TestAFilterThatIsWrittenAndParsedIsTheSame(t *testing.T) {
	users := Users()
	rapid.Check(t, func(t *rapid.T) {
		f := filters(4).Draw(t, "filter")
		text := f.String()
		if len(text) > MaxFilter {
			return
		}
		again, err := ParseFilter(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(f, again) {
			t.Fatalf("%s became %s", text, again)
		}
		m, err := users.Compile(f)
		if err != nil {
			if KindOf(err) != InvalidFilter {
				t.Fatal(err)
			}
			return
		}
		not, err := users.Compile(Not{f})
		if err != nil {
			t.Fatal(err)
		}
		if r := drawUser(t); m(r) == not(r) {
			t.Fatalf("%s and its negation agree on %v", text, r)
		}
	})
}

func drawUser(t *rapid.T) Resource {
	r := Resource{
		"schemas": []any{UserSchema}, "active": rapid.Bool().Draw(t, "active"),
		"userName": rapid.StringMatching(`[a-cA-C]{1,3}@x\.example`).Draw(t, "userName"),
	}
	if rapid.Bool().Draw(t, "has title") {
		r["title"] = rapid.SampledFrom([]string{"A", "b", "Ü"}).Draw(t, "title")
	}
	var emails []any
	for range rapid.IntRange(0, 3).Draw(t, "emails") {
		e := map[string]any{"value": rapid.SampledFrom([]string{"a@x", "B@x"}).Draw(t, "value")}
		if rapid.Bool().Draw(t, "typed") {
			e["type"] = rapid.SampledFrom([]string{"work", "home"}).Draw(t, "type")
		}
		emails = append(emails, e)
	}
	if len(emails) > 0 {
		emails[0].(map[string]any)["primary"] = true
		r["emails"] = emails
	}
	if rapid.Bool().Draw(t, "has manager") {
		r[EnterpriseSchema] = map[string]any{"manager": map[string]any{"value": "m"}}
		r["schemas"] = []any{UserSchema, EnterpriseSchema}
	}
	return r
}

// drawOperation draws one operation and what the reference model makes of it.
func drawOperation(t *rapid.T) map[string]any {
	op := map[string]any{"op": rapid.SampledFrom([]string{"add", "Add", "replace", "Replace", "remove", "Remove"}).Draw(t, "op")}
	value := rapid.SampledFrom([]any{
		"x", "", nil, "True", "False", true,
		map[string]any{"value": "x"},
		[]any{map[string]any{"value": "a@x", "type": "work"}},
		[]any{},
		map[string]any{},
		[]any{"x", "y"},
		map[string]any{"primary": true, "value": "p@x"},
	}).Draw(t, "value")
	path := rapid.SampledFrom([]string{
		"", "userName", "title", "active", "emails", `emails[type eq "work"]`, `emails[type eq "work"].value`, `emails[primary eq "True"].value`, "emails.type", "emails.primary",
		`emails[value sw "a"].type`, `emails[not (type pr)]`, "name", "name.givenName", "manager", EnterpriseSchema + ":manager", EnterpriseSchema + ":manager.value", EnterpriseSchema, UserSchema,
		EnterpriseSchema + ":department", "password", "roles", `roles[primary eq "True"].display`, "urn:x:y:Z:w", "schemas", "id", "groups", "colour", "x509Certificates", `addresses[type eq "work"].locality`,
	}).Draw(t, "path")
	if path != "" {
		op["path"] = path
	} else {
		value = map[string]any{rapid.SampledFrom([]string{"title", "NAME.givenName", EnterpriseSchema + ":department", "emails", "active", "colour", EnterpriseSchema}).Draw(t, "key"): value}
	}
	if rapid.IntRange(0, 9).Draw(t, "valueless") > 0 {
		op["value"] = value
	}
	return op
}

// Whatever the operations are: a PATCH changes all or nothing, never its
// argument; its result is normal, keeps what must be kept, and the same PATCH
// split in two gives the same.
func TestAnyPatchKeepsTheRules(t *testing.T) {
	users := Users()
	rapid.Check(t, func(t *rapid.T) {
		before := drawUser(t)
		kept := clone(map[string]any(before))
		list := rapid.SliceOfN(rapid.Custom(drawOperation), 0, 5).Draw(t, "operations")
		raw := make([]any, len(list))
		for i, o := range list {
			raw[i] = o
		}
		body, err := json.Marshal(map[string]any{"Operations": raw})
		if err != nil {
			t.Fatal(err)
		}
		ops, err := ParsePatch(body)
		if err != nil {
			if KindOf(err) == "" {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		got, err := users.Patch(before, ops)
		if !reflect.DeepEqual(kept, map[string]any(before)) {
			t.Fatalf("the argument changed to %v", before)
		}
		if err != nil {
			if KindOf(err) == "" || got.After != nil {
				t.Fatalf("%v with %v", err, got.After)
			}
			return
		}
		checkNormal(t, users, got.After)
		if got.Changed == reflect.DeepEqual(kept, map[string]any(got.After)) {
			t.Fatalf("Changed is %v for %v", got.Changed, got.After)
		}
		step := before
		for _, o := range ops { // one by one, unless a step alone is refused
			r, err := users.Patch(step, []Operation{o})
			if err != nil {
				return
			}
			step = r.After
		}
		if !reflect.DeepEqual(step, got.After) {
			t.Fatalf("at once %v\nin steps %v", got.After, step)
		}
	})
}

// checkNormal checks what is true of every stored resource.
func checkNormal(t interface {
	Fatalf(format string, args ...any)
}, users *ResourceType, r Resource,
) {
	data, err := r.Encode()
	if err != nil {
		t.Fatalf("%v", err)
	}
	back, err := Decode(data)
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Fatalf("written and read again %v is %v (%v)", r, back, err)
	}
	if _, isBool := r["active"].(bool); !isBool || blank(r["userName"]) {
		t.Fatalf("active or userName is missing: %s", data)
	}
	for _, key := range []string{"password", "id", "meta", "groups"} {
		if r[key] != nil {
			t.Fatalf("%s is stored: %s", key, data)
		}
	}
	if !slices.Contains(r["schemas"].([]any), any(UserSchema)) || slices.Contains(r["schemas"].([]any), any(EnterpriseSchema)) != (r[EnterpriseSchema] != nil) {
		t.Fatalf("schemas does not list what is there: %s", data)
	}
	var walk func(v any)
	walk = func(v any) {
		if empty(v) {
			t.Fatalf("an empty value is stored: %s", data)
		}
		switch v := v.(type) {
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		case []any:
			primary := 0
			for _, e := range v {
				walk(e)
				if isPrimary(e) {
					primary++
				}
			}
			if primary > 1 {
				t.Fatalf("%d primaries: %s", primary, data)
			}
		}
	}
	walk(map[string]any(r))
	again, err := users.Patch(r, nil)
	if err != nil || again.Changed {
		t.Fatalf("not normal: %v becomes %v (%v)", r, again.After, err)
	}
	put, err := users.Replace(r, r)
	if err != nil || put.Changed {
		t.Fatalf("a PUT of itself changes %v to %v (%v)", r, put.After, err)
	}
}

func TestFoldIsAnEquivalenceThatStringsEqualFoldImplies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := strings.ReplaceAll(rapid.String().Draw(t, "a"), string(iotaBelow), "")
		for _, b := range []string{strings.ToLower(a), strings.ToUpper(a), Fold(a)} {
			if strings.EqualFold(a, b) && Fold(a) != Fold(b) {
				t.Fatalf("%q and %q are equal without case, but not folded: %q, %q", a, b, Fold(a), Fold(b))
			}
		}
		if Fold(Fold(a)) != Fold(a) {
			t.Fatalf("folding %q twice differs", a)
		}
	})
}

func TestTokens(t *testing.T) {
	seen := map[Token]bool{}
	for range 1000 {
		k := NewToken()
		if seen[k] || !WellFormed(k.Reveal()) || len(k) != 56 {
			t.Fatalf("%q", k.Reveal())
		}
		seen[k] = true
		broken := []byte(k.Reveal())
		broken[20] ^= 1
		if WellFormed(string(broken)) {
			t.Fatalf("%s passes for %s", broken, k.Reveal())
		}
	}
	for _, s := range []string{"", "lyscim_", strings.Repeat("x", 56), "lyscim_" + strings.Repeat("0", 49)} {
		if WellFormed(s) {
			t.Errorf("%q passes for a token", s)
		}
	}
}
