package server

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var madeSecret = regexp.MustCompile(`(?:lyadm_|lyscim_|lysec_|lycli_|token=)([A-Za-z0-9_-]{40,})`)

// Everything secret that administrators enter or are shown once, is shown once: it
// is in no page afterwards, not in the audit log, not in the log of requests, not
// in the queue of mails, and not on disk.
func TestConsole_secretsAreShownOnceAndKeptNowhere(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store, func(c *Config) { c.ServerKey = serverKey })
	var secrets []string
	do := func(name, ws string, pairs ...string) {
		t.Helper()
		values := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		out, err := r.server.Do(t.Context(), name, ws, values, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := console.WriteJSON(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range madeSecret.FindAllStringSubmatch(string(text), -1) {
			secrets = append(secrets, m[1])
		}
	}
	planted := func(what string) string {
		s := canary + "-" + what
		secrets = append(secrets, s)
		return s
	}
	do("notify.set", "", "host", "127.0.0.1", "port", "1", "encryption", "none", "from", "lanyard@acme.example", "user", "lanyard", "password", planted("smtp"))
	do("account.member.invite", "acme", "email", "bo@acme.example", "role", "admin")
	do("account.admin.invite", "", "email", "cy@acme.example")
	do("account.setuplink.create", "acme", "module", "saml", "for", "Bo")
	do("account.token.create", "acme", "name", "deploy", "role", "admin")
	do("account.servertoken.create", "", "name", "ops")
	do("provisioning.token.create", "acme", "label", "entra")
	do("provisioning.client.create", "acme", "label", "entra")
	do("microsoft.web.save", "acme", "client_id", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "tenant_id", w.tenant.ID)
	do("microsoft.secret.save", "acme", "secret", planted("client-secret"))
	do("account.microsoft.set", "", "client_id", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "tenant_id", w.tenant.ID, "secret", planted("admins-secret"))
	do("microsoft.certificate.new", "acme")
	if len(secrets) < 10 {
		t.Fatalf("only %d secrets were made", len(secrets))
	}

	// What was made is used, in addresses, headers and forms, also where it does not
	// belong.
	seen := &strings.Builder{}
	use := func(method, path, bearer string, form url.Values) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, r.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		resp, err := r.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range append([]string{planted("typed")}, secrets...) {
		for _, bearer := range []string{"", s, "lyadm_" + s, "lyscim_" + s} {
			use(http.MethodGet, "/admin/api/v1/workspaces/acme/people", bearer, nil)
			use(http.MethodGet, "/admin/join?token="+url.QueryEscape(s), bearer, nil)
		}
		use(http.MethodGet, "/admin/setup?token="+url.QueryEscape(s), "", nil)
		use(http.MethodPost, "/admin/setup", "", url.Values{"token": {s}})
		use(http.MethodPost, "/admin/sign-in", "", url.Values{"email": {"bo@acme.example"}, "password": {s}, "code": {s}})
		use(http.MethodPost, "/admin/sign-in/passkey", "", url.Values{"answer": {s}})
		use(http.MethodPost, "/admin/sign-in", "", url.Values{s: {s}}) // what is no form is all name
	}
	// All pages, as an owner of the server and as programs see them.
	for _, rt := range r.server.ConsoleRoutes() {
		if rt.Mutates() || !rt.Callable() || len(namesIn(rt.Path)) > 0 {
			continue
		}
		out, err := r.server.Do(t.Context(), rt.Name, "acme", nil, nil)
		if err != nil {
			seen.WriteString(err.Error())
			continue
		}
		text, err := console.WriteJSON(out)
		if err != nil {
			t.Fatal(err)
		}
		seen.Write(text)
	}
	w.leaks(t, "the pages", seen.String(), secrets)
	w.leaks(t, "the log", w.log.String(), secrets)
	all, err := w.store.AuditLog(t.Context(), store.AuditQuery{Limit: 1000})
	if err != nil || len(all) < 10 {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	for _, e := range all {
		line := e.Actor + e.ActorID + e.Act + e.Target
		for k, v := range e.Detail {
			line += k + "=" + v
		}
		w.leaks(t, "the audit log", line, secrets)
	}
	for _, name := range databaseFiles(t, w) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		w.leaks(t, filepath.Base(name), string(data), secrets)
		if strings.Contains(string(data), "PRIVATE KEY") {
			t.Errorf("%s holds a private key in the clear", filepath.Base(name))
		}
	}
}
