package directory

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// req: A13
func TestProfileOf(t *testing.T) {
	for _, c := range []struct {
		it, role, doc string
		want          Profile
	}{
		{
			"reads what Entra sends", "Project Manager",
			`{"displayName":"Ada Lovelace","name":{"givenName":"Ada","familyName":"Lovelace","formatted":"Ada L."},
			"emails":[{"type":"other","value":"x@x.example"},{"primary":true,"type":"work","value":"ada@acme.example"}],
			"title":"Countess","photos":[{"type":"photo","value":"https://img.example/a.png"}],
			"roles":[{"primary":"True","value":"pm","display":"Project Manager"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Analysis"}}`,
			Profile{
				DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@acme.example",
				Title: "Countess", Department: "Analysis", Role: "Project Manager", Picture: "https://img.example/a.png",
			},
		},
		{"falls back to the user name alone", "Member", `{}`, Profile{DisplayName: "ada", Role: "Member"}},
		{"survives what is no JSON", "", `{"displayName":`, Profile{DisplayName: "ada"}},
		{"survives no resource at all", "", ``, Profile{DisplayName: "ada"}},
		{"survives JSON of another kind", "", `[1,2]`, Profile{DisplayName: "ada"}},
		{
			"survives wrong types and keeps the rest", "b",
			`{"displayName":7,"name":"Ada","emails":{"value":"x"},"title":null,"roles":["a",{"value":"b"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":["x"]},"photos":[{"value":true}]}`,
			Profile{DisplayName: "ada", Role: "b"},
		},
		{"takes the formatted name", "", `{"displayName":" ","name":{"formatted":"Ada L.","givenName":"Ada"}}`, Profile{DisplayName: "Ada L.", GivenName: "Ada"}},
		{"joins the names", "", `{"name":{"givenName":"Ada","familyName":"Lovelace"}}`, Profile{DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace"}},
		{"does with one name", "", `{"name":{"familyName":"Lovelace"}}`, Profile{DisplayName: "Lovelace", FamilyName: "Lovelace"}},
		{"takes the primary address where none is for work", "", `{"emails":[{"value":"a@x.example"},{"value":"b@x.example","primary":true}]}`, Profile{DisplayName: "ada", Email: "b@x.example"}},
		{"takes the address for work before the primary", "", `{"emails":[{"value":"a@x.example","primary":true},{"value":"b@x.example","type":"Work"}]}`, Profile{DisplayName: "ada", Email: "b@x.example"}},
		{"takes the first address otherwise", "", `{"emails":[{"value":""},{"value":"a@x.example"},{"value":"b@x.example"}]}`, Profile{DisplayName: "ada", Email: "a@x.example"}},
		{"passes over an empty address for work", "", `{"emails":[{"value":" ","type":"work"},{"value":"b@x.example"}]}`, Profile{DisplayName: "ada", Email: "b@x.example"}},
		{"reads names without case", "", `{"DISPLAYNAME":"Ada","Emails":[{"Value":"a@x.example"}]}`, Profile{DisplayName: "Ada", Email: "a@x.example"}},
		{"shows the role that counts, not the one that was sent", "Member", `{"roles":[{"value":"owner","primary":true}]}`, Profile{DisplayName: "ada", Role: "Member"}},
		{"shows no picture that is a script", "", `{"photos":[{"value":"javascript:alert(1)"}]}`, Profile{DisplayName: "ada"}},
		{"shows no picture of the local disk", "", `{"photos":[{"value":"file:///etc/passwd"}]}`, Profile{DisplayName: "ada"}},
		{"shows no picture that anyone on the way can see", "", `{"photos":[{"value":"http://img.example/a.png"}]}`, Profile{DisplayName: "ada"}},
		{"shows no picture without a host", "", `{"photos":[{"value":"https:a.png"}]}`, Profile{DisplayName: "ada"}},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			c.want.UserName = "ada"
			got := ProfileOf(User{UserName: "ada", Role: c.role, Doc: []byte(c.doc)})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// req: E3 E4
func TestNewUser(t *testing.T) {
	ws := Workspace{Directory: "people", DefaultRole: "Project Manager", DefaultDepartment: "Everyone"}
	const ext = `"` + EnterpriseSchema + `"`
	for _, c := range []struct{ it, role, doc, wantRole, wantDoc string }{
		{"gives both where there are none", "", `{"schemas":["core"]}`, "Project Manager", `{"schemas":["core",` + ext + `],` + ext + `:{"department":"Everyone"}}`},
		{"keeps what was sent", "", `{"roles":[{"value":"Editor"}],` + ext + `:{"department":"R&D"}}`, "Editor", `{"roles":[{"value":"Editor"}],` + ext + `:{"department":"R&D"}}`},
		{"keeps the role it was given", "Guest", `{` + ext + `:{"department":"R&D"}}`, "Guest", `{` + ext + `:{"department":"R&D"}}`},
		{"keeps the rest of the extension", "", `{"schemas":[` + ext + `],` + ext + `:{"employeeNumber":"7"}}`, "Project Manager", `{"schemas":[` + ext + `],` + ext + `:{"department":"Everyone","employeeNumber":"7"}}`},
		{"takes a blank department for none", "", `{` + ext + `:{"Department":" "}}`, "Project Manager", `{` + ext + `:{"department":"Everyone"}}`},
		{"finds the extension in other case", "", `{"URN:IETF:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D"}}`, "Project Manager", `{"URN:IETF:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D"}}`},
		{"takes a null extension for none", "", `{` + ext + `:null}`, "Project Manager", `{` + ext + `:{"department":"Everyone"}}`},
		{"makes a resource where there is none", "", ``, "Project Manager", `{` + ext + `:{"department":"Everyone"}}`},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			got, err := NewUser(ws, User{ID: "u-1", UserName: "ada", Role: c.role, Doc: []byte(c.doc)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, c.wantDoc), decode(t, string(got.Doc))); diff != "" {
				t.Errorf("resource (-want +got):\n%s", diff)
			}
			if got.Role != c.wantRole || got.Directory != "people" || got.Version != 1 || got.State != Active {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestNewUser_itLeavesTheResourceAloneWithoutDefaults(t *testing.T) {
	doc := `{ "displayName" : "Ada" }`
	got, err := NewUser(Workspace{}, User{State: Suspended, Doc: []byte(doc)})
	if err != nil || string(got.Doc) != doc || got.State != Suspended || got.Role != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := NewUser(Workspace{DefaultDepartment: "x"}, User{Doc: []byte(`[]`)}); err == nil {
		t.Error("a resource that is no object passed")
	}
}

func FuzzProfileOf(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `null`, `{"emails":[null,{"primary":"True","value":"a"}]}`, `{"name":{"givenName":1}}`,
		`{"photos":[{"value":"https://a/b"}]}`, `{"` + EnterpriseSchema + `":{"department":"x"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		p := ProfileOf(User{UserName: "ada", Doc: doc})
		if p.DisplayName == "" {
			t.Errorf("%q has no name to show", doc)
		}
		u, err := NewUser(Workspace{DefaultDepartment: "Everyone"}, User{UserName: "ada", Doc: doc})
		if err == nil && ProfileOf(u).Department == "" {
			t.Errorf("%q became %q, without a department", doc, u.Doc)
		}
	})
}

func decode(t *testing.T, s string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}
