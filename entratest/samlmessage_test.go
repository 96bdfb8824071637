package entratest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

const samlSP = "https://lanyard.example/w/acme/saml"

// samlRig is a rig whose app has a single sign-on page.
func samlRig(t *testing.T, o entratest.SAMLOptions, opts ...entratest.Options) *rig {
	t.Helper()
	r := newRig(t, opts...)
	if o.Identifiers == nil {
		o.Identifiers = []string{samlSP + "/metadata"}
	}
	if o.ReplyURLs == nil {
		o.ReplyURLs = []string{samlSP + "/acs"}
	}
	if err := r.tenant.SetSAML(r.app, o); err != nil {
		t.Fatal(err)
	}
	return r
}

// xmlsec checks the signature inside of the element of that name with the
// app's certificates.
func xmlsec(t *testing.T, r *rig, doc []byte, element string) {
	t.Helper()
	dir := t.TempDir()
	file, pem := filepath.Join(dir, "response.xml"), filepath.Join(dir, "cert.pem")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pem, r.tenant.SigningCertificate(r.app).PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "xmlsec1", "--verify", "--enabled-reference-uris", "same-doc",
		"--id-attr:ID", "Response", "--id-attr:ID", "Assertion", "--pubkey-cert-pem", pem,
		"--node-xpath", "//*[local-name()='"+element+"']/*[local-name()='Signature']", file).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("OK")) {
		t.Fatalf("xmlsec1: %v\n%s\n%s", err, out, doc)
	}
}

func TestSAMLResponse_itVerifiesWithXmlsec1(t *testing.T) {
	for _, style := range []entratest.SAMLStyle{entratest.StyleEntra, entratest.StyleADFS, entratest.StyleKeycloak, entratest.StyleOkta} {
		for _, signing := range []entratest.SigningOption{entratest.SignAssertion, entratest.SignResponse, entratest.SignResponseAndAssertion} {
			t.Run(string(style)+" "+string(signing), func(t *testing.T) {
				r := samlRig(t, entratest.SAMLOptions{Style: style, Signing: signing})
				raw, err := r.tenant.SAMLResponse(r.app, r.ada, entratest.ResponseOptions{InResponseTo: "_abc"})
				if err != nil {
					t.Fatal(err)
				}
				if signing != entratest.SignResponse {
					xmlsec(t, r, raw, "Assertion")
				}
				if signing != entratest.SignAssertion {
					xmlsec(t, r, raw, "Response")
				}
			})
		}
	}
}
