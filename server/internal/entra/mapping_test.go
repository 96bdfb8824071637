package entra

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// req: D6
func TestMappings_theyGoThroughGraphUnchanged(t *testing.T) {
	data, err := Graph(Recommended())
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadGraph(data)
	if err != nil {
		t.Fatal(err)
	}
	want := Recommended()
	for i := range want {
		want[i].Why = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if wrong := CheckMappings(got, []string{"emails", "name.givenName", "name.familyName"}); len(wrong) > 0 {
		t.Errorf("what is recommended is wrong: %q", wrong)
	}
}

// req: D6
func TestCheckMappings_itSaysWhatToChangeInEntra(t *testing.T) {
	change := func(target string, f func(*Mapping)) []Mapping {
		var out []Mapping
		for _, m := range Recommended() {
			if m.Target == target {
				f(&m)
			}
			if m.Target != "" {
				out = append(out, m)
			}
		}
		return out
	}
	drop := func(m *Mapping) { m.Target = "" }
	for name, c := range map[string]struct {
		all  []Mapping
		want string
	}{
		"mailNickname":       {change("externalId", func(m *Mapping) { m.Source = "mailNickname" }), "externalId is mapped from mailNickname"},
		"no externalId":      {change("externalId", drop), "Nothing is mapped to externalId"},
		"no active":          {change("active", drop), "nobody ever loses access"},
		"no required family": {change("name.familyName", drop), "requires name.familyName"},
		"no required mail":   {change(`emails[type eq "work"].value`, drop), "requires emails"},
	} {
		wrong := CheckMappings(c.all, []string{"emails", "name.familyName"})
		if len(wrong) != 1 || !strings.Contains(wrong[0], c.want) {
			t.Errorf("%s: %q", name, wrong)
		}
	}
	if wrong := CheckMappings([]Mapping{{Source: "[objectId]", Target: "externalId"}, {Target: "active"}, {Target: "userName"}}, nil); len(wrong) != 1 || !strings.Contains(wrong[0], "matching") {
		t.Errorf("without matching: %q", wrong)
	}
}

// FuzzReadGraph: whatever a file holds, it is read or refused, and what is read
// can be checked and written.
func FuzzReadGraph(f *testing.F) {
	good, err := Graph(Recommended())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(good), `{}`, `[]`, `{"synchronizationRules":[{"objectMappings":[{"sourceObjectName":"user","enabled":true,"attributeMappings":[{"source":null}]}]}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ReadGraph(data)
		if err != nil {
			return
		}
		CheckMappings(all, []string{"emails"})
		if _, err := Graph(all); err != nil {
			t.Fatal(err)
		}
	})
}
