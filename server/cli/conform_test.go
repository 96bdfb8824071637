//go:build unix

package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/cli"
)

// runHere runs a command in this process.
func runHere(t *testing.T, env map[string]string, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	look := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	code = cli.Run(t.Context(), args, look, strings.NewReader(""), &o, &e, cli.Options{})
	return o.String(), e.String(), code
}

func TestConform_itExitsWithOneOnAFailure(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "you sent "+r.Header.Get("Authorization")+"\x1b[2J", http.StatusNotFound)
	}))
	defer provider.Close()
	out, errOut, code := runHere(t, nil, "conform", "scim", provider.URL, "--token", "a-token-of-somebody")
	if code != 1 || !strings.Contains(errOut, "LY-CLI-006") {
		t.Errorf("it ended with %d:\n%s", code, errOut)
	}
	if !strings.Contains(out, "fail  gallery/Create_User_Test\n") || !strings.Contains(out, " failed, ") || strings.Contains(out, "\x1b") {
		t.Errorf("it printed\n%s", out)
	}
	out, _, code = runHere(t, map[string]string{"LANYARD_CONFORM_TOKEN": "a-token-of-somebody"}, "conform", "scim", provider.URL, "--json")
	var report struct {
		Results []struct{ Suite, Name, Outcome, Why string }
		Counts  map[string]int
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if code != 1 || len(report.Results) < 60 || report.Counts["fail"] < 40 || report.Results[0].Why == "" {
		t.Errorf("it ended with %d: %+v", code, report)
	}
}

// federated is a tenant that signs assertions: its issuer, where its keys are,
// and one assertion.
func federated(t *testing.T) (issuer, keys, assertion string) {
	t.Helper()
	tenant := entratest.New(t)
	acme := tenant.AddTenant(entratest.TenantOptions{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := tenant.HTTPClient().Get(acme.Authority() + "/discovery/v2.0/keys")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, res.Body)
	}))
	t.Cleanup(server.Close)
	return acme.Issuer(), server.URL + "/keys", acme.FederatedToken(entratest.FederatedOptions{
		ServicePrincipal: "the-service-principal", Audience: "api://lanyard", NoID: true,
	})
}

// Nothing is skipped: the tests of credentials are asked of Lanyard's own token
// endpoint, with a secret and with an assertion of another tenant's.
//
// req: D3 E15
func TestConform_lanyardPasses(t *testing.T) {
	for name, db := range engines() {
		t.Run(name, func(t *testing.T) {
			tm := newTerminal(t, "LANYARD_DB="+db(t))
			d := tm.start("serve", "--listen", "127.0.0.1:0", "--json")
			var s served
			d.line(&s)
			ready(t, s.PublicURL)
			tm.must("workspace", "create", "acme", "--name", "Acme")
			tm.env = append(tm.env, "LANYARD_CONFORM_TOKEN="+strings.TrimSpace(tm.must("scim", "token", "create", "--workspace", "acme")))
			var made struct {
				ID       string
				TokenURL string `json:"token_url"`
				Secrets  []struct{ Secret string }
			}
			decode(t, tm.must("scim", "client", "create", "--workspace", "acme", "--public-url", s.PublicURL, "--json"), &made)
			issuer, keys, assertion := federated(t)
			tm.must("scim", "federation", "set", made.ID, "--workspace", "acme", "--issuer", issuer, "--jwks-url", keys,
				"--subject", "the-service-principal", "--audience", "api://lanyard")
			tm.env = append(tm.env, "LANYARD_CONFORM_CLIENT_SECRET="+made.Secrets[0].Secret, "LANYARD_CONFORM_CLIENT_ASSERTION="+assertion)
			out, errOut, code := tm.run("conform", "scim", s.PublicURL+"/scim/v2/acme/?aadOptscim062020",
				"--token-endpoint", made.TokenURL, "--client-id", made.ID)
			if code != 0 || errOut != "" || !strings.Contains(out, " 0 failed, 0 warned (optional), 0 skipped\n") {
				t.Errorf("it ended with %d:\n%s%s", code, errOut, out)
			}
		})
	}
}

func TestConform_itSaysWhatItNeeds(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"http://127.0.0.1:1"}, 2, "A token is needed"},
		{[]string{"sso.example.com", "--token", "a-secret-token"}, 2, "LY-CLI-001"},
		{[]string{"ftp://sso.example.com", "--token", "a-secret-token"}, 2, "LY-CLI-001"},
		{[]string{gone.URL, "--token", "a-secret-token"}, 1, "LY-CLI-007"},
		{[]string{gone.URL, "--token", "a-secret-token", "--only", "no such"}, 2, `There is no test called "no such".`},
		{[]string{gone.URL, "--token-endpoint", gone.URL, "--client-id", "x", "--client-secret", "a-secret-token"}, 1, "LY-CLI-007"},
	} {
		out, errOut, code := runHere(t, nil, append([]string{"conform", "scim"}, c.args...)...)
		if code != c.code || !strings.Contains(errOut, c.says) || out != "" {
			t.Errorf("%v ended with %d:\n%s%s", c.args, code, out, errOut)
		}
		if strings.Contains(errOut, "a-secret-token") {
			t.Errorf("%v shows the secret:\n%s", c.args, errOut)
		}
	}
}
