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
	"strings"
	"testing"
	"time"

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
