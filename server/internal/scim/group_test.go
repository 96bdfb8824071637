package scim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines writes what a request does to members, one line for each.
func (m Members) lines() []string {
	out := []string{}
	if m.All {
		out = append(out, "all")
	}
	for _, x := range m.Remove {
		out = append(out, strings.TrimSpace("-"+x.ID+" "+x.Type))
	}
	for _, x := range m.Add {
		out = append(out, strings.TrimSpace("+"+x.ID+" "+x.Type))
	}
	for _, f := range m.Where {
		out = append(out, "where "+f.String())
	}
	return out
}

// Each file in testdata/group is one PATCH of a group as it is sent in the world.
//
// req: E11
func TestPatchOfAGroup(t *testing.T) {
	groups := Groups()
	eachCase(t, "group", func(t *testing.T, c map[string]string) {
		before := decode(t, c["before"])
		ops, err := ParsePatch([]byte(c["patch"]))
		if err != nil {
			t.Fatal(err)
		}
		rest, m, err := groups.SplitMembers(ops)
		var got Result
		if err == nil {
			got, err = groups.Patch(before, rest)
		}
		checkResult(t, c, before, got, err)
		if err != nil {
			return
		}
		if diff := cmp.Diff(strings.Split(strings.TrimSuffix("\n"+c["members"], "\n"), "\n")[1:], m.lines()); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
		if got.After["members"] != nil {
			t.Error("the document holds members")
		}
		if Idle(rest) && got.Changed {
			t.Error("a change of members alone changed the document")
		}
	})
}

// Whatever is sent, a value in a Remove never empties the group, members never
// get into a document, and nobody is both added and removed.
func FuzzMembers(f *testing.F) {
	seeds(f, "group", "patch", false)
	groups := Groups()
	before := Resource{"schemas": []any{GroupSchema}, "displayName": "G"}
	f.Fuzz(func(t *testing.T, text string) {
		ops, err := ParsePatch([]byte(text))
		if err != nil {
			return
		}
		rest, m, err := groups.SplitMembers(ops)
		if err != nil {
			if KindOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if len(rest) != len(ops) {
			t.Fatalf("%d operations became %d", len(ops), len(rest))
		}
		both := map[string]bool{}
		for _, x := range append(m.Add, m.Remove...) {
			if both[x.ID] || x.ID == "" {
				t.Fatalf("%q is named twice: %v", x.ID, m.lines())
			}
			both[x.ID] = true
		}
		got, err := groups.Patch(before, rest)
		if err != nil {
			return
		}
		if _, holds := got.After["members"]; holds {
			t.Fatalf("the document holds members: %v", got.After)
		}
		empties := m.All && len(m.Add) == 0
		for _, o := range ops {
			empties = empties && !(o.verb == remove && o.value != nil && len(ops) == 1)
		}
		if m.All && len(m.Add) == 0 && len(ops) == 1 && !empties {
			t.Fatalf("a Remove with a value emptied the group: %s", text)
		}
	})
}
