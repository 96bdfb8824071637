package saml_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/jonboulle/clockwork"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// accepted is a message that the core accepts, with what an oracle needs to
// judge it too.
type accepted struct {
	name       string
	doc        []byte
	pinned     []*x509.Certificate
	decryption *rsa.PrivateKey
}

// acceptedMessages are the benign documents and what entratest sends.
func acceptedMessages(t *testing.T) []accepted {
	t.Helper()
	var all []accepted
	for _, k := range hostile.Benign() {
		c := newCorpus(t)
		all = append(all, accepted{k.Name, k.Make(c.World), c.Keys.Pinned(), c.decryption[0]})
	}
	return append(all, fromEntra(t)...)
}

// fromEntra are responses of entratest in each handwriting, with each signing
// option, plain and encrypted. The core must accept them.
func fromEntra(t *testing.T) []accepted {
	t.Helper()
	c := newCorpus(t)
	entra := entratest.New(t)
	tenant := entra.AddTenant(entratest.TenantOptions{})
	ada := tenant.AddUser(entratest.User{GivenName: "Ada", Surname: "Lovelace", Mail: "ada@acme.example"})
	recipient := certificateFor(t, c.decryption[0])
	app := tenant.AddApp(entratest.App{})
	err := tenant.SetSAML(app, entratest.SAMLOptions{Identifiers: []string{c.EntityID}, ReplyURLs: []string{c.ACS}})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(tenant.SigningCertificate(app).PEM)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var all []accepted
	each(func(style entratest.SAMLStyle, signing entratest.SigningOption, crypt entratest.EncryptionOptions) {
		if crypt.Data == plain {
			crypt = entratest.EncryptionOptions{}
		} else {
			crypt.Certificate = recipient
		}
		m := accepted{fmt.Sprintf("entratest %q %q %q", style, signing, crypt.Data), nil, []*x509.Certificate{cert}, c.decryption[0]}
		err := tenant.UpdateSAML(app, func(o *entratest.SAMLOptions) { o.Style, o.Signing, o.Encryption = style, signing, crypt })
		if err == nil {
			m.doc, err = tenant.SAMLResponse(app, ada, entratest.ResponseOptions{InResponseTo: c.RequestID})
		}
		if err != nil {
			t.Fatal(err)
		}
		e := c.expect(hostile.Setup{})
		e.IdP = saml.IdentityProvider{EntityID: parsed(t, m.doc).FindElement("./Issuer").Text(), Certificates: m.pinned}
		e.Now = time.Time{}
		if _, err := saml.ParseResponse(m.doc, e); err != nil {
			t.Errorf("%s: the core refused it: %v", m.name, err)
		}
		all = append(all, m)
	})
	return all
}

// plain stands for no encryption.
const plain entratest.DataEncryption = "plain"

// each calls f with every handwriting, signing option and kind of encryption.
func each(f func(entratest.SAMLStyle, entratest.SigningOption, entratest.EncryptionOptions)) {
	for _, style := range []entratest.SAMLStyle{entratest.StyleEntra, entratest.StyleADFS, entratest.StyleKeycloak, entratest.StyleOkta} {
		for _, signing := range []entratest.SigningOption{entratest.SignAssertion, entratest.SignResponse, entratest.SignResponseAndAssertion} {
			for _, data := range []entratest.DataEncryption{plain, entratest.AES256CBC, entratest.AES128GCM} {
				f(style, signing, entratest.EncryptionOptions{Data: data})
			}
		}
	}
}

func certificateFor(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func parsed(t *testing.T, doc []byte) *etree.Element {
	t.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(doc); err != nil {
		t.Fatal(err)
	}
	return tree.Root()
}

// signedElements names the elements of a response with a Signature in them:
// "Response", "Assertion" or both.
func signedElements(root *etree.Element) []string {
	var names []string
	for _, path := range []string{".", "./Assertion", "./EncryptedAssertion/Assertion"} {
		if el := root.FindElement(path); el != nil && el.SelectElement("Signature") != nil {
			names = append(names, el.Tag)
		}
	}
	return names
}

// xmlsecLimits are what xmlsec1 1.2 does not do.
var xmlsecLimits = map[string]string{
	"OAEP with SHA-256 and a mask with SHA-1": "knows OAEP with SHA-1 alone before 1.3",
	"OAEP 1.1 with SHA-256 throughout":        "knows OAEP with SHA-1 alone before 1.3",
}

// req: B19
func TestOracle_whatIsAcceptedIsAcceptedByXmlsec1(t *testing.T) {
	for _, m := range acceptedMessages(t) {
		if xmlsecLimits[m.name] != "" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			x := newXmlsec(t, m)
			outer := signedElements(parsed(t, m.doc))
			for _, name := range outer {
				x.verify(m.doc, name)
			}
			if !bytes.Contains(m.doc, []byte("EncryptedAssertion")) {
				if len(outer) == 0 {
					t.Error("nothing in it is signed")
				}
				return
			}
			plain := x.decrypt(m.doc)
			inner := signedElements(parsed(t, plain))
			if len(inner) == 0 {
				t.Error("nothing in it is signed")
			}
			if inner[len(inner)-1] == "Assertion" {
				x.verify(plain, "Assertion")
			}
		})
	}
}

// xmlsec asks the program xmlsec1.
type xmlsec struct {
	t     *testing.T
	dir   string
	certs []string // files in dir
	key   string   // file in dir
}

func newXmlsec(t *testing.T, m accepted) *xmlsec {
	x := &xmlsec{t: t, dir: t.TempDir()}
	for i, c := range m.pinned {
		x.certs = append(x.certs, x.file(fmt.Sprintf("%d.pem", i), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
	}
	x.key = x.file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(m.decryption)}))
	return x
}

func (x *xmlsec) file(name string, content []byte) string {
	x.t.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, name), content, 0o600); err != nil {
		x.t.Fatal(err)
	}
	return name
}

// run returns what xmlsec1 writes to a file, with IDs declared.
func (x *xmlsec) run(doc []byte, args ...string) ([]byte, error) {
	args = append(args, "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "--output", "out.xml", x.file("in.xml", doc))
	// A comma in the name of a file would be a separator, and tests' folders have
	// commas.
	program := exec.CommandContext(x.t.Context(), "xmlsec1", args...)
	program.Dir = x.dir
	if words, err := program.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, words)
	}
	return os.ReadFile(filepath.Join(x.dir, "out.xml"))
}

// verify fails the test unless the Signature in the element of this name holds
// under a pinned key. What KeyInfo says is ignored, as the core ignores it.
func (x *xmlsec) verify(doc []byte, element string) {
	x.t.Helper()
	var last error
	for _, cert := range x.certs {
		_, last = x.run(doc, "--verify", "--enabled-reference-uris", "same-doc", "--enabled-key-data", "key-name", "--pubkey-cert-pem", cert,
			"--node-xpath", "//*[local-name()='"+element+"']/*[local-name()='Signature']")
		if last == nil {
			return
		}
	}
	x.t.Errorf("the signature of %s: %v\n%s", element, last, doc)
}

func (x *xmlsec) decrypt(doc []byte) []byte {
	x.t.Helper()
	plain, err := x.run(doc, "--decrypt", "--privkey-pem", x.key, "--node-xpath", "//*[local-name()='EncryptedData']",
		"--id-attr:Id", "http://www.w3.org/2001/04/xmlenc#:EncryptedKey")
	if err != nil {
		x.t.Fatalf("decrypting: %v\n%s", err, doc)
	}
	return plain
}

// goxmldsigLimits are what goxmldsig 1.6.1 does not do, or etree reads otherwise.
var goxmldsigLimits = map[string]string{
	"ECDSA on P-256":                          "reads ECDSA signatures as ASN.1, not as XML Signature writes them",
	"ECDSA on P-384":                          "reads ECDSA signatures as ASN.1, not as XML Signature writes them",
	"base64 in indented lines":                "takes no tabs and blanks in base64",
	"OAEP with SHA-256 and a mask with SHA-1": "xmlsec1 does not decrypt it",
	"OAEP 1.1 with SHA-256 throughout":        "xmlsec1 does not decrypt it",
}

func TestOracle_whatIsAcceptedIsAcceptedByGoxmldsig(t *testing.T) {
	for _, m := range acceptedMessages(t) {
		if goxmldsigLimits[m.name] != "" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			root := parsed(t, m.doc)
			if root.FindElement("./EncryptedAssertion") != nil && root.SelectElement("Signature") == nil {
				root = parsed(t, newXmlsec(t, m).decrypt(m.doc))
			}
			names := signedElements(root)
			if len(names) == 0 {
				t.Fatal("nothing in it is signed")
			}
			for _, name := range names {
				if err := goxmldsig(root, name, m.pinned); err != nil {
					t.Errorf("the signature of %s: %v\n%s", name, err, m.doc)
				}
			}
		})
	}
}

// goxmldsig verifies the Signature of the element of this name. It believes a
// KeyInfo, and without one only a single root, so that KeyInfo is taken out and
// each pinned certificate tried alone.
func goxmldsig(root *etree.Element, name string, pinned []*x509.Certificate) error {
	el := root
	if name == "Assertion" {
		if el = root.FindElement(".//Assertion"); el == nil {
			return fmt.Errorf("there is no Assertion")
		}
	}
	context, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		return err
	}
	alone, err := etreeutils.NSDetatch(context, el)
	if err != nil {
		return err
	}
	var last error
	for _, cert := range pinned {
		copied := alone.Copy()
		if info := copied.FindElement("./Signature/KeyInfo"); info != nil {
			info.Parent().RemoveChild(info)
		}
		v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
		v.Clock = dsig.NewFakeClock(clockwork.NewFakeClockAt(cert.NotBefore.Add(time.Minute)))
		if _, last = v.Validate(copied); last == nil {
			return nil
		}
	}
	return last
}

// The oracles themselves are tried: what was changed on its way they refuse.
func TestOracle_itRefusesWhatWasChanged(t *testing.T) {
	c := newCorpus(t)
	for _, k := range hostile.Hostile() {
		if k.Name != "another attribute" {
			continue
		}
		m := accepted{k.Name, k.Make(c.World), c.Keys.Pinned()[:1], c.decryption[0]}
		x := newXmlsec(t, m)
		if _, err := x.run(m.doc, "--verify", "--enabled-key-data", "key-name", "--pubkey-cert-pem", x.certs[0],
			"--node-xpath", "//*[local-name()='Signature']"); err == nil || !strings.Contains(err.Error(), "FAIL") {
			t.Errorf("xmlsec1 says %v", err)
		}
		if err := goxmldsig(parsed(t, m.doc), "Assertion", m.pinned); err == nil {
			t.Error("goxmldsig accepted it")
		}
		return
	}
	t.Fatal("the document is not in the corpus any more")
}
