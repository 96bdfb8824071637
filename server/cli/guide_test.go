package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/guide"
)

// req: I1
func TestGuide_printsWithTheWorkspacesValues(t *testing.T) {
	o := newOffice(t)
	run := func(args ...string) string {
		t.Helper()
		out, errOut, code := o.run(append([]string{"guide", "--workspace", "acme", "--public-url", "https://sso.example.com"}, args...)...)
		if code != 0 {
			t.Fatalf("%v: exit %d: %s", args, code, errOut)
		}
		return out
	}
	all := run()
	for _, s := range []string{"# Integrate with Microsoft Entra ID: Single sign-on with SAML\n", "# Integrate with Microsoft Entra ID: Provisioning with SCIM\n", "`https://sso.example.com/scim/v2/acme`"} {
		if !strings.Contains(all, s) {
			t.Errorf("no %q in\n%.400s", s, all)
		}
	}
	if one := run("--module", "scim"); strings.Contains(one, "# Integrate with Microsoft Entra ID: Single sign-on") || !strings.Contains(one, "# Integrate") {
		t.Error("--module prints another article too")
	}
	if page := run("--module", "saml", "--format", "html"); !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.Contains(page, "https://sso.example.com/w/acme/saml/acs") {
		t.Errorf("HTML: %.200s", page)
	}
	var docs []guide.Article
	if err := json.Unmarshal([]byte(run("--json")), &docs); err != nil || len(docs) != 4 {
		t.Errorf("JSON: %d articles, %v", len(docs), err)
	}
	if _, errOut, code := o.run("guide", "--workspace", "acme", "--format", "html"); code != 2 || !strings.Contains(errOut, "--module") {
		t.Errorf("HTML of everything: exit %d, %s", code, errOut)
	}
	if _, errOut, code := o.run("guide", "--workspace", "acmee"); code != 1 || !strings.Contains(errOut, "acme") {
		t.Errorf("an unknown workspace: exit %d, %s", code, errOut)
	}
}
