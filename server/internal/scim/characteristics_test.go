package scim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const characterText = `
[[extension]]
of = "User"
id = "urn:acme:scim:2.0:User"
  [[extension.attribute]]
  name = "tags"
  multi_valued = true
  [[extension.attribute]]
  name = "born"
  mutability = "immutable"
  [[extension.attribute]]
  name = "desk"
  type = "complex"
    [[extension.attribute.sub_attribute]]
    name = "number"
    mutability = "immutable"
    [[extension.attribute.sub_attribute]]
    name = "floor"
  [[extension.attribute]]
  name = "cars"
  type = "complex"
  multi_valued = true
    [[extension.attribute.sub_attribute]]
    name = "value"
    mutability = "immutable"
    [[extension.attribute.sub_attribute]]
    name = "colour"
`

const characterURN = "urn:acme:scim:2.0:User"

func characterUsers(t *testing.T) (*ResourceType, Resource) {
	t.Helper()
	all, err := declaredTypes(t, characterText)
	if err != nil {
		t.Fatal(err)
	}
	made, err := all[0].Create(decode(t, `{"userName":"ada","`+characterURN+`":{"tags":["a","B","c"],"born":"2000",
		"desk":{"number":"7","floor":"1"},"cars":[{"value":"x","colour":"red"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	return all[0], made.After
}

// RFC 7644 section 3.5.2 lets a value path pick among plain values too, where
// "value" stands for the value itself.
func TestAValuePathPicksAmongPlainValues(t *testing.T) {
	users, ada := characterUsers(t)
	for text, want := range map[string]bool{`tags[value eq "b"]`: true, `tags[value sw "x"]`: false, `tags[not (value eq "a")]`: true} {
		f, err := ParseFilter(characterURN + ":" + text)
		if err != nil {
			t.Fatal(err)
		}
		m, err := users.Compile(f)
		if err != nil {
			t.Fatal(err)
		}
		if m(ada) != want {
			t.Errorf("%s: %v, want %v", text, !want, want)
		}
		if plan, exact := users.Narrow(f); want && plan.Kind == PlanNothing || !want && !exact && plan.Kind == PlanEverything {
			t.Errorf("%s: the index is asked %+v, exactly: %v", text, plan, exact)
		}
	}
	ops, err := ParsePatch([]byte(`{"Operations":[{"op":"remove","path":"` + characterURN + `:tags[value eq \"b\"]"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := users.Patch(ada, ops)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{"a", "c"}, got.After[characterURN].(map[string]any)["tags"]); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestWhatIsSetOnceStays(t *testing.T) {
	users, ada := characterUsers(t)
	for _, op := range []string{
		`{"op":"replace","path":"desk.number","value":"8"}`,
		`{"op":"remove","path":"desk.number"}`,
		`{"op":"add","path":"desk","value":{"number":"8"}}`,
		`{"op":"replace","path":"cars[colour eq \"red\"].value","value":"y"}`,
		`{"op":"remove","path":"born"}`,
		`{"op":"replace","value":{"born":"2001"}}`,
	} {
		ops, err := ParsePatch([]byte(`{"Operations":[` + op + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := users.Patch(ada, ops); KindOf(err) != Mutability {
			t.Errorf("%s: %v %v", op, got.After, err)
		}
	}
	for extension, wants := range map[string]string{
		`{"born":"2001"}`:                        "",
		`{"born":"2000","tags":["z"]}`:           "2000",
		`{"tags":["z"]}`:                         "2000",
		`{"born":null,"desk":{"number":"9"}}`:    "2000",
		`{"born":"","cars":[{"value":"other"}]}`: "2000",
	} {
		got, err := users.Replace(ada, decode(t, `{"userName":"ada","`+characterURN+`":`+extension+`}`))
		if wants == "" {
			if KindOf(err) != Mutability {
				t.Errorf("PUT %s: %v %v", extension, got.After, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("PUT %s: %v", extension, err)
		} else if born := got.After[characterURN].(map[string]any)["born"]; born != wants {
			t.Errorf("PUT %s: born is %v, want %s", extension, born, wants)
		}
	}
	if got, err := users.Replace(ada, decode(t, `{"userName":"ada"}`)); err != nil || got.After[characterURN] == nil {
		t.Errorf("PUT without the extension: %v %v", got.After, err)
	}
}

func TestAStrictConnectionTakesMembersAsTheRFCHasThem(t *testing.T) {
	groups, err := Groups().With(Profile{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{`"u1"`, `{"value":"u1"}`, `["u1"]`, `[{"value":"u1","colour":"red"}]`} {
		ops, err := ParsePatch([]byte(`{"schemas":["` + PatchMessage + `"],"Operations":[{"op":"add","path":"members","value":` + value + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := groups.SplitMembers(ops); KindOf(err) == "" {
			t.Errorf("%s was taken", value)
		}
		if _, _, err := Groups().SplitMembers(ops); err != nil {
			t.Errorf("%s was not taken where it may be: %v", value, err)
		}
	}
	for _, body := range []string{
		`{"schemas":["` + PatchMessage + `"],"Operations":[]}`,
		`{"Operations":[{"op":"add","value":{"displayName":"x"}}]}`,
	} {
		ops, err := ParsePatch([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := groups.SplitMembers(ops); KindOf(err) != InvalidSyntax {
			t.Errorf("%s: %v", body, err)
		}
	}
	users, err := Users().With(Profile{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	unlisted := `{"schemas":["` + UserSchema + `"],"userName":"a","` + EnterpriseSchema + `":{"department":"D"}}`
	if _, err := users.Create(decode(t, unlisted)); KindOf(err) != InvalidSyntax {
		t.Errorf("an extension that is not listed: %v", err)
	}
}
