package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// admin is whoever types commands beside a running server.
type admin struct {
	t   *testing.T
	env map[string]string
}

// types runs a command and returns what it prints and its exit code.
func (a admin) types(args ...string) (out, errOut string, code int) {
	a.t.Helper()
	var o, e bytes.Buffer
	env := func(name string) (string, bool) { v, ok := a.env[name]; return v, ok }
	code = cli.Run(a.t.Context(), args, env, strings.NewReader(""), &o, &e, cli.Options{OpenSQLite: sqlite.Open})
	return o.String(), e.String(), code
}

// must runs a command that must succeed, and reads its JSON.
func (a admin) must(into any, args ...string) {
	a.t.Helper()
	out, errOut, code := a.types(append(args, "--json")...)
	if code != 0 {
		a.t.Fatalf("lanyardd %s ended with %d: %s", strings.Join(args, " "), code, errOut)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(out), into); err != nil {
			a.t.Fatalf("lanyardd %s printed %s: %v", strings.Join(args, " "), out, err)
		}
	}
}

// tried is the result of a test sign-in, as saml result prints it.
type tried struct {
	State, Code string
	Checks      []struct {
		Name, Expected, Received, Field string
		OK                              bool
	}
	Person *struct {
		UserName string `json:"user_name"`
	}
	Would []string
}

// req: B5
// req: C1
func TestSAMLTest_theResultSaysWhoItWouldBeAndEveryCheck(t *testing.T) {
	dir := t.TempDir()
	r, _ := startDev(t, dir, "saml")
	a := admin{t, map[string]string{"LANYARD_DB": "sqlite:" + filepath.Join(dir, "lanyard.db"), "LANYARD_PUBLIC_URL": r.server}}
	ada := r.entra.tenant.User("ada@acme.example")
	try := func() (b *entratest.Browser, page, id, link string) {
		t.Helper()
		var made struct{ ID, URL string }
		a.must(&made, "saml", "test", "--workspace", "acme")
		b = r.entra.entra.Browser()
		answer, err := b.Visit(t.Context(), made.URL, ada)
		if err != nil {
			t.Fatal(err)
		}
		return b, answer.Body, made.ID, made.URL
	}
	b, page, id, link := try()
	var res tried
	a.must(&res, "saml", "result", id, "--workspace", "acme", "--wait")
	if res.State != "passed" || res.Person == nil || res.Person.UserName != "ada@acme.example" || len(res.Checks) < 10 || len(res.Would) == 0 {
		t.Errorf("the result is %+v\n%s", res, page)
	}
	for _, c := range res.Checks {
		if c.Name == "audience" && (!c.OK || c.Received != r.server+"/w/acme/saml/metadata") {
			t.Errorf("the audience: %+v", c)
		}
	}
	if status, _ := r.whoami(b); status != 401 {
		t.Errorf("a test signed somebody in: %d", status)
	}
	if again, err := b.Get(t.Context(), link); err != nil || again.Status != 410 || !strings.Contains(again.Body, "LY-TEST-002") {
		t.Errorf("the link a second time: %v, %+v", err, again)
	}
	if out, _, code := a.types("saml", "result", id, "--workspace", "acme"); code != 0 || !strings.Contains(out, "✔ audience") {
		t.Errorf("for people it is %d: %s", code, out)
	}
	// Entra sends no CoNm, which the workspace demands from now on.
	a.must(nil, "saml", "set", "--workspace", "acme", "--require-claim", "CoNm=456")
	_, page, id, _ = try()
	out, errOut, code := a.types("saml", "result", id, "--workspace", "acme", "--wait")
	if code != 1 || !strings.Contains(out, "✖ claim CoNm") || !strings.Contains(out, "expected  456") || !strings.Contains(errOut, "LY-SAML-031") {
		t.Errorf("a missing claim: %d\n%s\n%s\n%s", code, out, errOut, page)
	}
}

// What a browser carried is explained check by check, by what the workspace
// expects.
//
// req: C2
func TestDoctor_itJudgesAResponseAsTheWorkspaceDoes(t *testing.T) {
	dir := t.TempDir()
	r, _ := startDev(t, dir, "saml")
	a := admin{t, map[string]string{"LANYARD_DB": "sqlite:" + filepath.Join(dir, "lanyard.db"), "LANYARD_PUBLIC_URL": r.server}}
	paste := func(change func(*entratest.SAMLMessage)) string {
		t.Helper()
		raw, err := r.entra.tenant.SAMLResponse(r.entra.app, r.entra.tenant.User("ada@acme.example"), entratest.ResponseOptions{Change: change})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "response.txt")
		if err := os.WriteFile(file, []byte("SAMLResponse="+strings.ReplaceAll(base64.StdEncoding.EncodeToString(raw), "+", "%2B")), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, c := range map[string]struct {
		change    func(*entratest.SAMLMessage)
		workspace bool
		says      []string
	}{
		"good":              {nil, true, []string{"would accept this response", "✔ signature", "✔ audience", "claim http://schemas.microsoft.com/identity/claims/objectidentifier"}},
		"another audience":  {func(m *entratest.SAMLMessage) { m.Audiences = []string{"BTIQ"} }, true, []string{"✖ audience", "received  BTIQ", "in Entra  Basic SAML Configuration → Identifier (Entity ID)", "LY-SAML-022"}},
		"without workspace": {nil, false, []string{"– signature", "– audience", "Nothing is wrong with it as far as can be told"}},
		"an old one": {func(m *entratest.SAMLMessage) {
			for _, at := range []*time.Time{&m.IssueInstant, &m.NotBefore, &m.NotOnOrAfter, &m.ConfirmedUntil} {
				*at = at.Add(-24 * time.Hour)
			}
		}, true, []string{"✖ not on or after", "Only its age is wrong"}},
	} {
		args := []string{"doctor", paste(c.change)}
		if c.workspace {
			args = append(args, "--workspace", "acme")
		}
		out, errOut, code := a.types(args...)
		if code != 0 {
			t.Errorf("%s: %d %s", name, code, errOut)
		}
		for _, s := range c.says {
			if !strings.Contains(out, s) {
				t.Errorf("%s: %q is not in\n%s", name, s, out)
			}
		}
	}
}
