package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

func TestSCIMReplay_itSaysWhatWouldHappenAndChangesNothing(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	for i, state := range []directory.State{directory.Active, directory.Active, directory.Suspended, directory.Archived} {
		name := fmt.Sprintf("p%d@acme.example", i)
		u := directory.User{
			ID: fmt.Sprint("u", i), Directory: "acme", Version: 1, UserName: name, ExternalID: fmt.Sprint("e", i), State: state, Created: o.now, Modified: o.now,
			Doc: fmt.Appendf(nil, `{"active":%v,"externalId":"e%d","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q}`, state == directory.Active, i, name),
		}
		if err := o.store.InsertUser(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	g := directory.Resource{ID: "g1", Directory: "acme", Type: directory.GroupType, Version: 1, DisplayName: "Team", Created: o.now, Modified: o.now, Doc: []byte(`{"displayName":"Team","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}`)}
	if err := o.store.InsertResource(ctx, g, []directory.Member{{Kind: "User", ID: "u0"}}); err != nil {
		t.Fatal(err)
	}
	last, err := o.store.LastEvent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	op := func(ops string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + ops + `]}`
	}
	file := filepath.Join(t.TempDir(), "cycle.ndjson")
	lines := []string{
		`{"method":"GET","path":"/Users?filter=userName+eq+%22new@acme.example%22"}`,
		`{"method":"POST","path":"/Users","id":"recorded-1","body":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new@acme.example","externalId":"n","active":true}}`,
		`{"method":"PATCH","path":"/Users/recorded-1","body":` + op(`{"op":"Replace","path":"title","value":"Chief"}`) + `}`,
		`{"method":"PATCH","path":"/Users/u0","body":` + op(`{"op":"Replace","path":"active","value":"False"}`) + `}`,
		``,
		`{"method":"PATCH","path":"/Users/u2","body":` + op(`{"op":"Replace","path":"active","value":"True"}`) + `}`,
		`{"method":"PATCH","path":"/Groups/g1","body":` + op(`{"op":"Remove","path":"members","value":[{"value":"u0"}]},{"op":"Add","path":"members","value":[{"value":"recorded-1"}]}`) + `}`,
		`{"method":"DELETE","path":"/Users/u9"}`,
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	var sum struct {
		Requests, Created, Updated int
		LoseAccess                 int `json:"lose_access"`
		GainAccess                 int `json:"gain_access"`
		Added                      int `json:"members_added"`
		Removed                    int `json:"members_removed"`
		Refused                    []struct{ Line, Status int }
	}
	o.must(&sum, "scim", "replay", "--dry-run", file, "--workspace", "acme")
	if sum.Requests != 7 || sum.Created != 1 || sum.Updated != 1 || sum.LoseAccess != 1 || sum.GainAccess != 1 || sum.Added != 1 || sum.Removed != 1 ||
		len(sum.Refused) != 1 || sum.Refused[0].Line != 8 || sum.Refused[0].Status != 404 {
		t.Errorf("it says %+v", sum)
	}
	out, _, _ := o.run("scim", "replay", "--dry-run", file, "--workspace", "acme")
	if !strings.Contains(out, "1 created, 1 updated, 1 lose access") {
		t.Errorf("it prints %s", out)
	}
	now, err := o.store.LastEvent(ctx)
	if err != nil || now != last {
		t.Errorf("something was changed: %d events, %v", now-last, err)
	}
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--dry-run", bad}, {"--dry-run", bad + "x"}, {file}} {
		if _, _, code := o.run(append([]string{"scim", "replay", "--workspace", "acme"}, args...)...); code != 2 {
			t.Errorf("%v ended with %d", args, code)
		}
	}
}
