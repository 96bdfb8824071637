package provision_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Whatever subset of attributes is mapped, what was sent is kept as it was and
// shown again, and nobody misses groups.
//
// req: D6
func TestMappings_anySubsetIsKeptAsItWasSent(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	pool := map[string]any{
		"externalId": "0e1f", "displayName": "Ada  King", "title": "Countess", "nickName": "Ada", "preferredLanguage": "en-GB",
		"locale": "en", "timezone": "Europe/London", "userType": "Member", "profileUrl": "https://acme.example/ada",
		"name":         map[string]any{"givenName": "Ada", "familyName": "King", "honorificPrefix": "Countess"},
		"emails":       []any{map[string]any{"type": "work", "value": "Ada@acme.example", "primary": true}, map[string]any{"type": "other", "value": "a@b.example"}},
		"phoneNumbers": []any{map[string]any{"type": "mobile", "value": "+44 (0)20 79460-018"}},
		"addresses":    []any{map[string]any{"type": "work", "streetAddress": "12 St James's Sq", "country": "GB"}},
		"roles":        []any{map[string]any{"value": "pm", "display": "Project Manager", "primary": true}},
		enterprise:     map[string]any{"employeeNumber": "007", "department": "Engines", "costCenter": "42"},
	}
	names := make([]string, 0, len(pool))
	for name := range pool {
		names = append(names, name)
	}
	seen := 0
	rapid.Check(t, func(rt *rapid.T) {
		seen++
		sent := map[string]any{"userName": "p" + strings.Repeat("x", seen), "active": true}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(rt, "mapped") {
			sent[name] = pool[name]
		}
		body, err := json.Marshal(sent)
		if err != nil {
			rt.Fatal(err)
		}
		id := d.ask("POST", "/Users", string(body)).want(http.StatusCreated).id()
		got := d.ask("GET", "/Users/"+id, "").want(http.StatusOK).body
		for _, ours := range []string{"id", "meta", "schemas"} {
			delete(got, ours)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			rt.Fatalf("(-sent +shown):\n%s", diff)
		}
		d.ask("DELETE", "/Users/"+id, "").want(http.StatusNoContent)
	})
}
