package server

import (
	"net/url"
	"slices"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// unaudited are the acts that leave no entry by themselves, each with the reason.
var unaudited = map[string]string{
	"theme.set":                  "it changes what one browser looks like",
	"account.signin.code":        "signing in is noted once it is known who it is",
	"account.signin.passkey":     "signing in is noted once it is known who it is",
	"account.signout":            "it ends the session of whoever asks, and nothing else",
	"account.join.accept":        "joining is noted with the first proof that is set up",
	"account.enrol.passkey":      "joining is noted once it is known who it is",
	"account.enrol.totp":         "joining is noted once it is known who it is",
	"account.setup.open":         "opening a setup link is noted with the link",
	"provisioning.mapping.check": "it only says what would be",
	"provisioning.scope.try":     "it only says what would be",
	"provisioning.try":           "it only says what would be",
	"domains.next":               "it only looks whether everybody is decided about",
}

// count is how many entries the audit log has of an act.
func (d *desk) count(act string) int {
	d.t.Helper()
	all, err := d.cfg.Store.AuditLog(d.t.Context(), store.AuditQuery{Act: act})
	if err != nil {
		d.t.Fatal(err)
	}
	return len(all)
}

// Every act of the console leaves exactly one entry in the audit log each time
// that somebody signed in asks for it, whether it is done or refused, by the API
// and by a command. So nobody can add an act that leaves none: the list is the
// console's own.
//
// req: D10
func TestConsole_everyActIsInTheAuditLogOnce(t *testing.T) {
	d := newDesk(t)
	var silent []string
	audited := 0
	for _, r := range d.ConsoleRoutes() {
		if !r.Mutates() {
			continue
		}
		if !r.Audited() {
			silent = append(silent, r.Name)
			if unaudited[r.Name] == "" {
				t.Errorf("%s leaves no entry, and nobody says why", r.Name)
			}
			continue
		}
		audited++
		t.Run(r.Name, func(t *testing.T) {
			d.t = t
			d.sentry.be(console.Principal{ID: "a", Name: "Ada", Email: "ada@acme.example", ServerOwner: true, Fresh: true})
			status, text := d.ask(r.Method, at(r, "acme"), "{}")
			if n := d.count(r.Name); n != 1 && (r.Access.Role != console.Anybody || status < 300 || n > 1) {
				t.Errorf("asked for once (answer %d), it is in the log %d times: %.200s", status, n, text)
			}
			before := d.count(r.Name)
			values := url.Values{}
			for _, name := range namesIn(r.Path) {
				values.Set(name, "nothing")
			}
			if _, err := d.Do(t.Context(), r.Name, "acme", values, nil); r.Access.Role != console.Anybody || err == nil {
				if n := d.count(r.Name); n != before+1 {
					t.Errorf("asked for by a command (%v), it is in the log %d times more", err, n-before)
				}
			}
		})
	}
	d.t = t
	if audited < 20 {
		t.Errorf("only %d acts were asked for", audited)
	}
	for name := range unaudited {
		if !slices.Contains(silent, name) {
			t.Errorf("%s leaves an entry: take it out of the list", name)
		}
	}
	v, err := d.cfg.Store.VerifyAudit(t.Context())
	if err != nil || !v.OK() || v.Entries < int64(audited) {
		t.Errorf("the chain: %+v, %v", v, err)
	}
}

// namesIn are the names in a path, but for the workspace's.
func namesIn(path string) (all []string) {
	for i := 0; i < len(path); i++ {
		if path[i] != '{' {
			continue
		}
		j := i + 1
		for path[j] != '}' {
			j++
		}
		if name := path[i+1 : j]; name != "ws" {
			all = append(all, name)
		}
		i = j
	}
	return all
}
