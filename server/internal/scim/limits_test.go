package scim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestLimitsAreKeptAndNamed(t *testing.T) {
	users := Users()
	person := Resource{"userName": "ada", "active": true}
	run := func(body string) error {
		ops, err := ParsePatch([]byte(body))
		if err == nil {
			_, err = users.Patch(person, ops)
		}
		return err
	}
	operations := func(n int) string {
		return `{"Operations":[` + strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"title","value":"x"},`, n), ",") + `]}`
	}
	values := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"r%d"`, i)
		}
		return `{"Operations":[{"op":"add","path":"roles","value":[` + strings.Join(list, ",") + `]}]}`
	}
	parse := func(text string) error { _, err := ParseFilter(text); return err }
	for name, c := range map[string]struct {
		err  error
		kind Kind
	}{
		"as many operations as may be":  {run(operations(MaxOperations)), ""},
		"one operation more":            {run(operations(MaxOperations + 1)), InvalidSyntax},
		"as many values as may be":      {run(values(MaxElements)), ""},
		"one value more":                {run(values(MaxElements + 1)), InvalidValue},
		"as many terms as may be":       {parse("a pr" + strings.Repeat(" and a pr", MaxTerms-1)), ""},
		"one term more":                 {parse("a pr" + strings.Repeat(" or a pr", MaxTerms)), InvalidFilter},
		"as deep as may be":             {parse(strings.Repeat("(", maxNesting) + "a pr" + strings.Repeat(")", maxNesting)), ""},
		"one level deeper":              {parse(strings.Repeat("(", maxNesting+1) + "a pr" + strings.Repeat(")", maxNesting+1)), InvalidFilter},
		"negations nest too":            {parse(strings.Repeat("not (", maxNesting+1) + "a pr" + strings.Repeat(")", maxNesting+1)), InvalidFilter},
		"a filter of thousands of open": {parse(strings.Repeat("(", MaxFilter)), InvalidFilter},
		"a longer filter":               {parse(strings.Repeat("a", MaxFilter) + " pr"), InvalidFilter},
	} {
		if (c.err == nil) != (c.kind == "") || KindOf(c.err) != c.kind {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if e, ok := TooLarge().(*Error); !ok || e.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("TooLarge is %v", e)
	}
}

// One value path after another adds an element each; the sum counts.
func TestElementsAddedOneByOneAreLimitedToo(t *testing.T) {
	users := Users()
	r := Resource{"userName": "ada", "active": true}
	for i := range MaxElements + 1 {
		ops, err := ParsePatch(fmt.Appendf(nil, `{"Operations":[{"op":"Add","path":"emails[type eq \"t%d\"].value","value":"v"}]}`, i))
		if err != nil {
			t.Fatal(err)
		}
		got, err := users.Patch(r, ops)
		if i == MaxElements {
			if KindOf(err) != InvalidValue {
				t.Fatalf("element %d: %v", i, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		r = got.After
	}
}
