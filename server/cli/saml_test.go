package cli_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// A key made by a command on one machine would be unknown to the servers of a
// PostgreSQL database on others: they could not read what it sealed, and nobody
// could sign in any more.
func TestSAMLSet_itMakesNoKeyThatServersOfPostgreSQLDoNotHave(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	run := func(args ...string) (string, string, int) {
		t.Helper()
		var out, errOut bytes.Buffer
		env := func(name string) (string, bool) {
			v, ok := map[string]string{"LANYARD_DB": "postgres://lanyard@db.example/x"}[name]
			return v, ok
		}
		code := cli.Run(t.Context(), args, env, strings.NewReader(""), &out, &errOut, cli.Options{
			OpenPostgres: func(ctx context.Context, _ string) (*server.Store, error) { // the commands cannot tell
				return sqlite.Open(ctx, filepath.Join(dir, "stands-in.db"))
			},
		})
		return out.String(), errOut.String(), code
	}
	if _, errOut, code := run("workspace", "create", "acme"); code != 0 {
		t.Fatal(errOut)
	}
	file := filepath.Join(dir, "metadata.xml")
	if err := os.WriteFile(file, []byte(metadataText(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	set := []string{"saml", "set", "--workspace", "acme", "--metadata-file", file, "--json"}
	out, errOut, code := run(set...)
	if code != 0 || !strings.Contains(errOut, "--server-key-file") || strings.Contains(out, `"use": "encryption"`) {
		t.Errorf("without a key file: %d %s\n%s", code, errOut, out)
	}
	for _, args := range [][]string{{"saml", "key", "add", "encryption", "--workspace", "acme"}, {"saml", "set", "--workspace", "acme", "--sign-requests", "on"}} {
		if _, errOut, code := run(args...); code != 1 || !strings.Contains(errOut, "LY-CFG-008") {
			t.Errorf("%q: %d %s", args, code, errOut)
		}
	}
	if all, _ := filepath.Glob(filepath.Join(dir, "*.key")); len(all) != 0 {
		t.Errorf("it made %q", all)
	}
	// Named, it is made, and used.
	out, errOut, code = run(append(set, "--server-key-file", filepath.Join(dir, "named.key"))...)
	if code != 0 || !strings.Contains(out, `"use": "encryption"`) {
		t.Errorf("with a key file: %d %s\n%s", code, errOut, out)
	}
}

// entraParts are the numbered parts of Entra's page, in order. The last two have
// the application's name in their title.
var entraParts = []string{
	"1  Basic SAML Configuration",
	"2  Attributes & Claims",
	"3  SAML Certificates",
	"4  Set up <application>",
	"5  Test single sign-on with <application>",
}

// shown is what saml show prints of a workspace that has no connection, in lines.
func shown(t *testing.T, o *office) []string {
	t.Helper()
	out, errOut, code := o.run("saml", "show", "--workspace", "acme")
	if code != 0 {
		t.Fatal(errOut)
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

// req: B4
func TestSAMLShow_itHasEntrasPartsWithTheirNumbersAndTitlesInOrder(t *testing.T) {
	var titles []string
	done := 0
	for _, line := range shown(t, newOffice(t)) {
		switch {
		case line[0] >= '0' && line[0] <= '9':
			titles = append(titles, line)
		case strings.HasPrefix(line, "  done when "):
			if done++; done != len(titles) {
				t.Errorf("part %d does not end with what is then seen: %q", len(titles), line)
			}
		}
	}
	if diff := cmp.Diff(entraParts, titles); diff != "" {
		t.Errorf("the titles (-want +got):\n%s", diff)
	}
	if done != len(entraParts) {
		t.Errorf("%d parts say what is seen when they are done", done)
	}
}

// req: B4
func TestSAMLGuide_itNamesTheSamePartsAsSAMLShow(t *testing.T) {
	text, err := os.ReadFile("../../docs/entra/saml.md")
	if err != nil {
		t.Fatal(err)
	}
	// Where a line breaks, and how Markdown writes angle brackets, is no matter.
	guide := strings.ReplaceAll(strings.Join(strings.Fields(string(text)), " "), `\`, "")
	for _, title := range entraParts {
		want := "**" + strings.Replace(title, "  ", " ", 1) + "**"
		_, rest, found := strings.Cut(guide, want)
		if !found {
			t.Fatalf("after the part before, docs/entra/saml.md has no %q", want)
		}
		guide = rest
	}
}

// req: B6
func TestSAMLShow_theWorkspacesIDStandsBesideTheClaimItIsNeededFor(t *testing.T) {
	o := newOffice(t)
	o.now = time.Now().UTC()
	part2 := func() []string {
		t.Helper()
		lines := shown(t, o)
		from, to := slices.Index(lines, entraParts[1]), slices.Index(lines, entraParts[2])
		if from < 0 || to < from {
			t.Fatalf("there is no part 2 in %q", lines)
		}
		return lines[from:to]
	}
	find := func(lines []string, name string) int {
		return slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "  "+name+" ") })
	}
	lines := part2()
	at := find(lines, "workspace ID")
	if at < 0 || at+2 >= len(lines) || strings.Fields(lines[at])[2] != "acme" {
		t.Fatalf("part 2 has no workspace ID: %q", lines)
	}
	if !strings.Contains(lines[at+1], "Add new claim") || !strings.Contains(lines[at+1], "the constant acme,") {
		t.Errorf("what it is needed for is not beside it: %q", lines[at+1])
	}
	// The command is there to be copied as it stands, and does what it says.
	command := strings.Fields(lines[at+2])
	file := filepath.Join(t.TempDir(), "metadata.xml")
	if err := os.WriteFile(file, []byte(metadataText(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	o.must(nil, "saml", "set", "--workspace", "acme", "--metadata-file", file, "--type", "generic")
	o.must(nil, command[1:]...)
	lines = part2()
	at, claim := find(lines, "workspace ID"), find(lines, "claim CoNm")
	if at < 0 || claim != at+1 || !strings.HasSuffix(lines[claim], "constant acme") {
		t.Errorf("once it is required: %q", lines)
	}
}

// metadataText is metadata of an identity provider with a certificate of today.
func metadataText(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(der) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>`
}
