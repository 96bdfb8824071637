package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// txt is a DNS of TXT records.
type txt map[string][]string

func (z txt) LookupTXT(_ context.Context, name string) ([]string, error) {
	if found := z[strings.TrimSuffix(name, ".")]; found != nil {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// desk runs commands on a database of its own.
type desk struct {
	*testing.T
	file string
	dns  txt
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, file: filepath.Join(t.TempDir(), "lanyard.db"), dns: txt{}}
	d.ok("workspace", "create", "acme", "--name", "Acme")
	d.ok("workspace", "create", "beta", "--name", "Beta")
	return d
}

func (d *desk) run(args ...string) (out, errOut string, code int) {
	d.Helper()
	var o, e bytes.Buffer
	code = cli.Run(d.Context(), append(args, "--db", "sqlite:"+d.file), func(string) (string, bool) { return "", false }, strings.NewReader(""), &o, &e,
		cli.Options{OpenSQLite: sqlite.Open, Resolver: d.dns})
	return o.String(), e.String(), code
}

func (d *desk) ok(args ...string) string {
	d.Helper()
	out, errOut, code := d.run(args...)
	if code != 0 {
		d.Fatalf("%v ended with %d:\n%s%s", args, code, out, errOut)
	}
	return out
}

// no checks that a command ends with a code and says something.
func (d *desk) no(code int, says string, args ...string) {
	d.Helper()
	if _, errOut, got := d.run(args...); got != code || !strings.Contains(errOut, says) {
		d.Errorf("%v ended with %d, want %d and %q:\n%s", args, got, code, says, errOut)
	}
}

// req: F1
func TestDomain_itIsProvenByARecordOrByAnOperatorsWord(t *testing.T) {
	d := newDesk(t)
	d.no(1, "LY-DOM-003", "domain", "add", "acme", "gmail.com")
	out := d.ok("domain", "add", "acme", "acme.example", "--json")
	var added []domains.Document
	if err := json.Unmarshal([]byte(out), &added); err != nil || len(added) != 1 || added[0].Record == nil || added[0].Verified {
		t.Fatalf("%v: %s", err, out)
	}
	d.no(1, "LY-DOM-020", "domain", "verify", "acme")
	d.dns[added[0].Record.Name] = []string{"something else"}
	d.no(1, "LY-DOM-021", "domain", "verify", "acme", "acme.example")
	d.dns[added[0].Record.Name] = []string{added[0].Record.Value}
	if out := d.ok("domain", "verify", "acme", "acme.example"); !strings.Contains(out, "verified (dns)") {
		t.Error(out)
	}
	if out := d.ok("workspace", "show", "acme"); !strings.Contains(out, "acme.example") {
		t.Errorf("discovery does not know it: %s", out)
	}
	d.no(1, "LY-DOM-004", "domain", "add", "beta", "acme.example")
	d.no(1, "LY-DOM-004", "domain", "verify", "beta", "acme.example", "--override", "--reason", "they said so")
	d.no(2, "--override", "domain", "verify", "beta", "beta.example", "--reason", "x")
	d.no(2, "--override", "domain", "verify", "beta", "--override", "--reason", "x")
	d.no(1, "LY-DOM-009", "domain", "verify", "beta", "beta.example", "--override")
	d.ok("domain", "verify", "beta", "beta.example", "--override", "--reason", "seen in their portal")
	if out := d.ok("audit", "list", "--json"); !strings.Contains(out, "domain verify") || !strings.Contains(out, "beta.example") {
		t.Errorf("the audit log does not say so: %s", out)
	}
	d.ok("domain", "remove", "acme", "acme.example")
	d.no(1, "LY-DOM-005", "domain", "remove", "acme", "acme.example")
	d.ok("workspace", "set", "beta", "--domain", "op.example")
	if out := d.ok("domain", "list", "beta"); !strings.Contains(out, "op.example") || !strings.Contains(out, "operator") || strings.Contains(out, "beta.example") {
		t.Errorf("out of step: %s", out)
	}
	if out := d.ok("domain", "rules", "beta", "--outside", "warn", "--subdomains", "on"); !strings.Contains(out, "warn") {
		t.Error(out)
	}
	d.no(2, "outside", "domain", "rules", "beta", "--outside", "off")
}

// req: F3
// req: F5
func TestDomain_itListsThoseOutsideAndKeepsWhatIsDecided(t *testing.T) {
	d := newDesk(t)
	d.ok("domain", "verify", "acme", "acme.example", "--override", "--reason", "ours")
	st, err := sqlite.Open(t.Context(), d.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ada", "bob", "cy"} {
		if err := st.InsertUser(t.Context(), directory.User{
			ID: "u-" + id, Directory: "acme", Version: 1, UserName: id + "@mail.example", State: directory.Active,
			Created: time.Now(), Modified: time.Now(), Doc: []byte(`{"userName":"` + id + `@mail.example","displayName":"=` + id + `\u001b[2J"}`),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	out := d.ok("domain", "report", "acme")
	if strings.Count(out, "to be decided") != 3 || strings.Contains(out, "\x1b") {
		t.Errorf("%q", out)
	}
	if out := d.ok("domain", "report", "acme", "--csv"); !strings.Contains(out, "'=ada") {
		t.Error(out)
	}
	d.no(1, "LY-DOM-016", "domain", "exempt", "acme", "u-ada", "--owner", "boss@acme.example", "--reason", "auditor")
	d.no(1, "LY-DOM-014", "domain", "exempt", "acme", "u-ada", "--reason", "auditor", "--until", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	d.no(2, "one of", "domain", "exempt", "acme", "u-ada", "--lose-access", "--reason", "x")
	d.ok("domain", "exempt", "acme", "u-ada", "--owner", "boss@acme.example", "--reason", "auditor", "--until", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	d.ok("domain", "exempt", "acme", "bob@mail.example", "u-cy", "--lose-access")
	d.ok("domain", "exempt", "acme", "u-cy", "--undo")
	var r domains.Report
	if err := json.Unmarshal([]byte(d.ok("domain", "report", "acme", "--json")), &r); err != nil || r.Exempt != 1 || r.Losing != 1 || r.Undecided != 1 || r.Ready {
		t.Errorf("%+v, %v", r, err)
	}
	if out := d.ok("domain", "report", "acme", "--show", "exempt"); !strings.Contains(out, "u-ada") || strings.Contains(out, "u-bob") {
		t.Error(out)
	}
}
