package scim

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// seeds adds every file of that name in the corpus, or its lines.
func seeds(f *testing.F, glob, name string, lines bool) {
	names, err := filepath.Glob(filepath.Join("testdata", glob, "*.txtar"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no cases found: %v", err)
	}
	for _, n := range names {
		a, err := txtar.ParseFile(n)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			switch {
			case lines && file.Name == name:
				for _, line := range strings.Split(string(file.Data), "\n") {
					f.Add(line)
				}
			case file.Name == name:
				f.Add(string(file.Data))
			}
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, section := range []string{"matches", "differs", "invalid"} {
		seeds(f, "filter", section, true)
	}
	users := Users()
	r := Resource{"userName": "ada", "active": true, "emails": []any{map[string]any{"type": "work", "value": "a@b"}}}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := ParseFilter(text)
		if err != nil {
			if KindOf(err) != InvalidFilter {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := ParseFilter(x.String())
		if len(x.String()) <= MaxFilter && (err != nil || !reflect.DeepEqual(x, again)) {
			t.Fatalf("%q became %q: %v", text, x, err)
		}
		m, err := users.Compile(x)
		if err != nil {
			if KindOf(err) != InvalidFilter {
				t.Fatalf("%v", err)
			}
			return
		}
		plan, exact := users.Narrow(x)
		if found := indexOf(users, r).holds(plan); m(r) && !found || exact && m(r) != found {
			t.Fatalf("%q matches: %v, the index says %v (exact: %v)", text, m(r), found, exact)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"userName", "name.givenName", `emails[type eq "work"].value`, `roles[primary eq "True"]`, EnterpriseSchema + ":manager", EnterpriseSchema + ".manager.value", "a[b", "a].b", "", ".", "$ref"} {
		f.Add(s)
	}
	users := Users()
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePath(text)
		if err != nil {
			if KindOf(err) != InvalidPath {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := ParsePath(p.String())
		if len(p.String()) <= MaxFilter && (err != nil || !reflect.DeepEqual(p, again)) {
			t.Fatalf("%q became %q: %v", text, p, err)
		}
		users.resolve(p.Attr)
	})
}

func FuzzPatch(f *testing.F) {
	seeds(f, "patch", "patch", false)
	users := Users()
	before := Resource{
		"schemas": []any{UserSchema, EnterpriseSchema}, "userName": "ada@acme.example", "active": true, "title": "T",
		"emails":         []any{map[string]any{"type": "work", "value": "a@b", "primary": true}, map[string]any{"type": "home", "value": "c@d"}},
		"roles":          []any{map[string]any{"value": "admin", "primary": true}},
		EnterpriseSchema: map[string]any{"manager": map[string]any{"value": "m"}},
	}
	kept := clone(map[string]any(before))
	f.Fuzz(func(t *testing.T, body string) {
		ops, err := ParsePatch([]byte(body))
		if err != nil {
			return
		}
		got, err := users.Patch(before, ops)
		if !reflect.DeepEqual(kept, map[string]any(before)) {
			t.Fatalf("the argument changed to %v", before)
		}
		if err == nil {
			if _, err := got.After.Encode(); err != nil {
				return // too large
			}
			checkNormal(t, users, got.After)
		}
	})
}

func FuzzResource(f *testing.F) {
	seeds(f, "create", "body", false)
	users := Users()
	f.Fuzz(func(t *testing.T, body string) {
		r, err := Decode([]byte(body))
		if err != nil {
			return
		}
		got, err := users.Create(r)
		if err != nil {
			if KindOf(err) == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		if _, err := got.After.Encode(); err != nil {
			return // too large
		}
		checkNormal(t, users, got.After)
		users.Project(got.After, users.Selects("emails.value,name", ""))
	})
}

func BenchmarkPatch(b *testing.B) {
	users := Users()
	before := Resource{
		"schemas": []any{UserSchema, EnterpriseSchema}, "userName": "ada@acme.example", "active": true, "displayName": "Ada King",
		"name":           map[string]any{"givenName": "Ada", "familyName": "King"},
		"emails":         []any{map[string]any{"type": "work", "value": "a@b", "primary": true}},
		EnterpriseSchema: map[string]any{"department": "Engines"},
	}
	for name, body := range map[string]string{
		"one":  `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`,
		"five": `{"Operations":[{"op":"Replace","path":"active","value":"False"},{"op":"Replace","path":"displayName","value":"A"},{"op":"Replace","path":"name.givenName","value":"G"},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x@y"},{"op":"Add","path":"` + EnterpriseSchema + `:department","value":"D"}]}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ops, err := ParsePatch([]byte(body))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := users.Patch(before, ops); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFilter(b *testing.B) {
	users := Users()
	r := Resource{"userName": "ada@acme.example", "emails": []any{map[string]any{"type": "work", "value": "a@b"}}}
	b.ReportAllocs()
	for b.Loop() {
		f, err := ParseFilter(`emails[type eq "work"].value eq "A@B"`)
		if err != nil {
			b.Fatal(err)
		}
		m, err := users.Compile(f)
		if err != nil || !m(r) {
			b.Fatal(err)
		}
	}
}
