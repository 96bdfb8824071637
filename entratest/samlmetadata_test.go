package entratest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// federation is what tests look at in metadata.
type federation struct {
	EntityID string `xml:"entityID,attr"`
	Children []struct {
		XMLName xml.Name
		Type    string   `xml:"type,attr"`
		Keys    []string `xml:"KeyDescriptor>KeyInfo>X509Data>X509Certificate"`
		Single  []struct {
			XMLName  xml.Name
			Binding  string `xml:",attr"`
			Location string `xml:",attr"`
		} `xml:",any"`
	} `xml:",any"`
}

// endpoints are "name binding location" of the role for SAML.
func (f federation) endpoints() (list []string, keys []string) {
	for _, c := range f.Children {
		if c.XMLName.Local != "IDPSSODescriptor" {
			continue
		}
		keys = c.Keys
		for _, e := range c.Single {
			if e.Location != "" {
				list = append(list, e.XMLName.Local+" "+e.Binding[strings.LastIndexByte(e.Binding, ':')+1:]+" "+e.Location)
			}
		}
	}
	return list, keys
}

// fetchMetadata reads a document at an address.
func (r *rig) fetchMetadata(client *http.Client, address string) (int, []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, raw
}

// req: B10
func TestFederationMetadata_itHasEntrasShape(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{})
	_, err := r.tenant.AddCertificate(r.app, entratest.CertificateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	status, raw := r.fetchMetadata(r.http, r.tenant.FederationMetadataURL(r.app))
	if status != 200 || !bytes.HasPrefix(raw, []byte("\ufeff<?xml ")) {
		t.Fatalf("%d %.60q", status, raw)
	}
	var doc federation
	if err := xml.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &doc); err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, c := range doc.Children {
		roles = append(roles, c.XMLName.Local+c.Type)
	}
	if want := []string{"Signature", "RoleDescriptorfed:SecurityTokenServiceType", "RoleDescriptorfed:ApplicationServiceType", "IDPSSODescriptor"}; !slices.Equal(roles, want) {
		t.Errorf("the roles are %v", roles)
	}
	endpoints, keys := doc.endpoints()
	at := r.tenant.SAMLLoginURL()
	if want := []string{"SingleLogoutService HTTP-Redirect " + at, "SingleSignOnService HTTP-Redirect " + at, "SingleSignOnService HTTP-POST " + at}; !slices.Equal(endpoints, want) {
		t.Errorf("the endpoints are %v", endpoints)
	}
	var certs []string
	for _, c := range r.tenant.Certificates(r.app) {
		block, _ := pem.Decode(c.PEM)
		certs = append(certs, base64.StdEncoding.EncodeToString(block.Bytes))
	}
	if doc.EntityID != r.tenant.SAMLIssuer() || !slices.Equal(keys, certs) || !slices.Equal(doc.Children[1].Keys, certs) {
		t.Errorf("entity %s with %d keys", doc.EntityID, len(keys))
	}
	_, direct := r.fetchMetadata(http.DefaultClient, r.tenant.LoopbackMetadataURL(r.app))
	if !bytes.Contains(direct, []byte(keys[0])) {
		t.Error("another document without the proxy")
	}
	verifiesByItself(t, raw)
}

// verifiesByItself checks the document's signature with the key in it.
func verifiesByItself(t *testing.T, raw []byte) {
	t.Helper()
	dir := t.TempDir()
	text, _, _ := strings.Cut(string(raw[bytes.Index(raw, []byte("<X509Certificate>"))+len("<X509Certificate>"):]), "<")
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	cert, file := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "metadata.xml")
	for name, b := range map[string][]byte{cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), file: raw} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "xmlsec1", "--verify", "--enabled-reference-uris", "same-doc", "--id-attr:ID", "EntityDescriptor", "--pubkey-cert-pem", cert, file).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFederationMetadata_theWrongOnesAreWrongAsInLife(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{})
	_, whole := r.fetchMetadata(r.http, r.tenant.FederationMetadataURL(nil))
	own, _ := pem.Decode(r.tenant.SigningCertificate(r.app).PEM)
	if bytes.Contains(whole, []byte(base64.StdEncoding.EncodeToString(own.Bytes))) || !bytes.Contains(whole, []byte(r.tenant.SAMLIssuer())) {
		t.Error("the document of the tenant has the app's key, or another issuer")
	}
	_, common := r.fetchMetadata(r.http, strings.Replace(r.tenant.FederationMetadataURL(nil), r.tenant.ID, "common", 1))
	if !bytes.Contains(common, []byte(`entityID="https://sts.windows.net/{tenant}/"`)) || !bytes.Contains(common, []byte("/common/saml2")) {
		t.Errorf("common: %.300s", common)
	}
	for _, address := range []string{
		r.tenant.FederationMetadataURL(&entratest.App{ClientID: r.tenant.ID}),
		strings.Replace(r.tenant.FederationMetadataURL(nil), r.tenant.ID, r.app.ClientID, 1),
	} {
		if status, body := r.fetchMetadata(r.http, address); status != 404 || !bytes.HasPrefix(body, []byte("AADSTS")) {
			t.Errorf("%s: %d %s", address, status, body)
		}
	}
	capital := strings.Replace(r.tenant.FederationMetadataURL(r.app), "/federationmetadata/2007-06/federationmetadata", "/FederationMetadata/2007-06/FederationMetadata", 1)
	if status, _ := r.fetchMetadata(r.http, capital); status != 200 {
		t.Errorf("in the documentation's spelling: %d", status)
	}
}

// req: B17
func TestFederationMetadata_othersWriteItDifferently(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{Style: entratest.StyleKeycloak, Issuer: "https://keycloak.example/realms/acme"}, entratest.Options{MicrosoftAddresses: true})
	_, raw := r.fetchMetadata(r.http, r.tenant.FederationMetadataURL(r.app))
	var doc federation
	if err := xml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	endpoints, keys := doc.endpoints()
	if doc.EntityID != "https://keycloak.example/realms/acme" || len(keys) != 1 || !strings.Contains(keys[0], "\n") || len(endpoints) != 4 ||
		!strings.HasSuffix(endpoints[0], " https://login.microsoftonline.com/"+r.tenant.ID+"/saml2") {
		t.Errorf("%+v", doc)
	}
}
