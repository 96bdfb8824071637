//go:build unix

package cli_test

import (
	"database/sql"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	_ "modernc.org/sqlite" // to make a database look newer
)

// served is what serve --json prints.
type served struct {
	PublicURL   string `json:"public_url"`
	Listen      string `json:"listen"`
	AdminListen string `json:"admin_listen"`
	DB          string `json:"db"`
}

// engines are the databases to try, by name.
func engines() map[string]func(*testing.T) string {
	return map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "lanyard.db") },
		"postgres": func(t *testing.T) string { return pgtest.URL(t) },
	}
}

func TestServe_commandsWorkBesideIt(t *testing.T) {
	for name, db := range engines() {
		t.Run(name, func(t *testing.T) {
			tm := newTerminal(t, "LANYARD_DB="+db(t), "LANYARD_LOG_LEVEL=debug")
			d := tm.start("serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--json")
			var s served
			d.line(&s)
			ready(t, s.PublicURL)
			ready(t, "http://"+s.AdminListen)

			if got := tm.must("workspace", "create", "acme", "--name", "Acme Ltd"); got != "acme\n" {
				t.Errorf("create printed %q", got)
			}
			tm.must("workspace", "set", "acme", "--tenant-id", "aaaaaaaa-2222-3333-4444-555555555555", "--client-id", "bbbbbbbb-2222-3333-4444-555555555555")
			var found struct{ Name string }
			getJSON(t, s.PublicURL+"/v1/workspaces/acme", &found)
			if found.Name != "Acme Ltd" {
				t.Errorf("the running server knows %+v", found)
			}

			token := strings.TrimSpace(tm.must("scim", "token", "create", "--workspace", "acme"))
			users := s.PublicURL + "/scim/v2/acme/Users"
			if code, body := scimPost(t, users, token, adaSCIM); code != http.StatusCreated {
				t.Fatalf("POST /Users: %d %s", code, body)
			}
			checkUser(t, tm)

			var tokens []struct{ ID string }
			decode(t, tm.must("scim", "token", "list", "--workspace", "acme", "--json"), &tokens)
			if len(tokens) != 1 {
				t.Fatalf("the tokens are %+v", tokens)
			}
			tm.must("scim", "token", "revoke", tokens[0].ID, "--workspace", "acme")
			if code, _ := scimPost(t, users, token, adaSCIM); code != http.StatusUnauthorized {
				t.Errorf("with the revoked token POST /Users is %d", code)
			}

			code, rest := d.stop(syscall.SIGTERM)
			if code != 0 || rest != "" {
				t.Errorf("it ended with %d and printed %q besides its line", code, rest)
			}
			if log := d.said(); strings.Contains(log, token) {
				t.Errorf("the token is in the log:\n%s", log)
			}
			// All of it is still there for the next.
			if got := tm.must("user", "list", "--workspace", "acme"); !strings.Contains(got, "ada@acme.example") {
				t.Errorf("afterwards the people are %s", got)
			}
		})
	}
}

const adaSCIM = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"userName":"ada@acme.example","externalId":"cccccccc-2222-3333-4444-555555555555","active":true,"displayName":"Ada Lovelace","title":"Countess",
	"name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"type":"work","primary":true,"value":"ada.lovelace@acme.example"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engineering"}}`

// checkUser looks the person up in each way that user show takes.
func checkUser(t *testing.T, tm *terminal) {
	t.Helper()
	type person struct {
		ID, State, Department string
		DisplayName           string `json:"display_name"`
		Sessions              []any
	}
	var all []person
	decode(t, tm.must("user", "list", "--workspace", "acme", "--json"), &all)
	if len(all) != 1 || all[0].State != "active" || all[0].Sessions != nil {
		t.Fatalf("the people are %+v", all)
	}
	for _, who := range []string{all[0].ID, "ADA@acme.example", "cccccccc-2222-3333-4444-555555555555", "Ada.Lovelace@acme.example"} {
		var p person
		decode(t, tm.must("user", "show", who, "--workspace", "acme", "--json"), &p)
		if p.ID != all[0].ID || p.DisplayName != "Ada Lovelace" || p.Department != "Engineering" || p.Sessions == nil {
			t.Errorf("user show %s is %+v", who, p)
		}
	}
	if _, errOut, code := tm.run("user", "show", "adda@acme.example", "--workspace", "acme"); code != 1 || !strings.Contains(errOut, `Did you mean "ada@acme.example"`) {
		t.Errorf("a misspelt name: %d %s", code, errOut)
	}
}

// Replicas of a PostgreSQL database run in folders of their own: a key made in
// each would be another in each.
func TestServe_itMakesNoServerKeyThatOtherServersDoNotHave(t *testing.T) {
	db := "LANYARD_DB=" + pgtest.URL(t)
	serve := func(tm *terminal, more ...string) string {
		t.Helper()
		d := tm.start(append([]string{"serve", "--listen", "127.0.0.1:0", "--json"}, more...)...)
		var s served
		d.line(&s)
		ready(t, s.PublicURL)
		if code, _ := d.stop(syscall.SIGTERM); code != 0 {
			t.Errorf("it ended with %d", code)
		}
		return d.said()
	}
	one, two := newTerminal(t, db), newTerminal(t, db)
	words := serve(one)
	for _, want := range []string{"no server key", "signs no requests", "no encrypted assertions", "--server-key-file", "LANYARD_SERVER_KEY_FILE"} {
		if !strings.Contains(words, want) {
			t.Errorf("it did not say %q:\n%s", want, words)
		}
	}
	if strings.Contains(words, "sealed") {
		t.Errorf("nothing is sealed yet:\n%s", words)
	}
	if left, _ := filepath.Glob(filepath.Join(one.dir, "*.key")); len(left) > 0 {
		t.Errorf("it made %q", left)
	}

	// One that is named is made, and is the same for whoever names it.
	key := filepath.Join(t.TempDir(), "server.key")
	if words := serve(one, "--server-key-file", key); !strings.Contains(words, "was made in "+key) || strings.Contains(words, "no server key") {
		t.Errorf("named, it said:\n%s", words)
	}
	if words := serve(two, "--server-key-file", key); strings.Contains(words, "was made") || strings.Contains(words, "no server key") {
		t.Errorf("the second server said:\n%s", words)
	}
	// One that stands where it is looked for needs no name.
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(two.dir, "lanyard-server.key"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if words := serve(two); strings.Contains(words, "no server key") {
		t.Errorf("with the default file it said:\n%s", words)
	}

	// What was sealed meanwhile is named, since it stops working without the key.
	file := filepath.Join(t.TempDir(), "metadata.xml")
	if err := os.WriteFile(file, []byte(metadataText(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	one.must("workspace", "create", "acme")
	one.must("saml", "set", "--workspace", "acme", "--metadata-file", file, "--server-key-file", key)
	if words := serve(one); !strings.Contains(words, "sealed with a server key (workspaces: acme)") {
		t.Errorf("with sealed keys it said:\n%s", words)
	}
}

func TestServe_theFirstStartNeedsNoFlagsAndSaysWhatIsNext(t *testing.T) {
	tm := newTerminal(t, "LANYARD_LISTEN=127.0.0.1:0") // 8080 may be taken here
	d := tm.start("serve", "--json")
	var s served
	d.line(&s)
	ready(t, s.PublicURL)
	if s.DB != "sqlite:lanyard.db" || !strings.HasPrefix(s.PublicURL, "http://localhost:") {
		t.Errorf("it serves %+v", s)
	}
	if info, err := os.Stat(filepath.Join(tm.dir, "lanyard.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database: %v, %v", info, err)
	}
	// In the same folder, without a flag, the other commands find it.
	tm.must("workspace", "create", "acme")
	if code, _ := d.stop(syscall.SIGINT); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	words := d.said()
	for _, want := range []string{"is ready at " + s.PublicURL, "lanyardd workspace create acme", "lanyardd dev", "Ctrl+C"} {
		if !strings.Contains(words, want) {
			t.Errorf("it did not say %q:\n%s", want, words)
		}
	}
}

func TestServe_itWarnsWhereOthersCanReachItInTheClear(t *testing.T) {
	for _, c := range []struct {
		listen, public string
		warns          bool
	}{
		{"0.0.0.0:0", "http://localhost:8080", true},
		{"127.0.0.1:0", "http://localhost:8080", false},
		{"0.0.0.0:0", "https://sso.example.com", false}, // a proxy in front
	} {
		d := newTerminal(t).start("serve", "--listen", c.listen, "--public-url", c.public, "--json")
		var s served
		d.line(&s)
		d.stop(syscall.SIGTERM)
		if warned := strings.Contains(d.said(), "in the clear"); warned != c.warns {
			t.Errorf("%s at %s: warned %v", c.public, c.listen, warned)
		}
	}
}

func TestServe_aBusyPortIsNamedAndNothingIsMade(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tm := newTerminal(t)
	for _, args := range [][]string{
		{"serve", "--listen", l.Addr().String()},
		{"serve", "--listen", "127.0.0.1:0", "--admin-listen", l.Addr().String()},
		{"dev", "--listen", l.Addr().String()},
	} {
		out, errOut, code := tm.run(args...)
		if code != 1 || out != "" || !strings.Contains(errOut, l.Addr().String()) || !strings.Contains(errOut, "address already in use") || !strings.Contains(errOut, "LY-CFG-006") {
			t.Errorf("%q: %d\n%s%s", args, code, out, errOut)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(tm.dir, "lanyard*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestServe_aNewerDatabaseIsLeftAlone(t *testing.T) {
	tm := newTerminal(t)
	tm.must("workspace", "create", "acme", "--db", "sqlite:lanyard.db")
	db, err := sql.Open("sqlite", filepath.Join(tm.dir, "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`update meta set v = 9999 where k = 'schema'`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"workspace", "list"}} {
		out, errOut, code := tm.run(args...)
		if code != 1 || out != "" || !strings.Contains(errOut, "LY-CFG-005") || !strings.Contains(errOut, "made by a newer Lanyard") {
			t.Errorf("%q: %d\n%s%s", args, code, out, errOut)
		}
	}
}

func TestServe_anUnreachablePostgreSQLIsSaidWithoutThePassword(t *testing.T) {
	tm := newTerminal(t)
	for _, db := range []string{
		"postgres://lanyard:c4nary-p4ss@127.0.0.1:1/lanyard",
		strings.Replace(pgtest.URL(t), "lanyard@", "nobody-there:c4nary-p4ss@", 1),
	} {
		_, errOut, code := tm.run("serve", "--listen", "127.0.0.1:0", "--db", db)
		if code != 1 || !strings.Contains(errOut, "LY-CFG-004") || !strings.Contains(errOut, "Cause: ") || strings.Contains(errOut, "c4nary") {
			t.Errorf("%d %s", code, errOut)
		}
	}
}

func getJSON(t *testing.T, at string, into any) {
	t.Helper()
	resp, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s", at, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func scimPost(t *testing.T, at, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
