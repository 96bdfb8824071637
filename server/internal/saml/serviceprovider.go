package saml

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// MetadataXML returns our metadata (SAML metadata 2.4.4), for the identity
// provider's administrator: elements in the order of the schema, certificates
// with their use, one ACS by HTTP-POST and the logout service in both bindings.
// It has no end and no signature; it is fetched where it is needed.
func (sp ServiceProvider) MetadataXML() ([]byte, error) {
	if err := ValidEntityID(sp.EntityID); err != nil {
		return nil, err
	}
	if sp.ACS == "" {
		return nil, problem.New(problem.SAMLNotSet)
	}
	var d document
	d.WriteString(xml.Header)
	d.open("md:EntityDescriptor", "xmlns:md", nsMetadata, "xmlns:ds", dsig.NamespaceSignature, "entityID", sp.EntityID)
	d.open("md:SPSSODescriptor", "AuthnRequestsSigned", strconv.FormatBool(sp.SignsRequests), "WantAssertionsSigned", "true",
		"protocolSupportEnumeration", nsProtocol)
	for _, c := range sp.Signing {
		d.key("signing", c)
	}
	for _, c := range sp.Encryption {
		d.key("encryption", c, encryptionMethods...)
	}
	if sp.SLO != "" {
		for _, b := range []Binding{Redirect, POST} {
			d.leaf("md:SingleLogoutService", "", "Binding", string(b), "Location", sp.SLO)
		}
	}
	for _, format := range []string{FormatEmail, FormatPersistent, FormatUnspecified} {
		d.leaf("md:NameIDFormat", format)
	}
	d.leaf("md:AssertionConsumerService", "", "Binding", string(POST), "Location", sp.ACS, "index", "0", "isDefault", "true")
	d.close("md:SPSSODescriptor")
	d.close("md:EntityDescriptor")
	return []byte(strings.ReplaceAll(d.String(), "><", ">\n<") + "\n"), nil
}

// encryptionMethods are what we decrypt, the best first. The one of Entra,
// AES-256-CBC, is among them.
var encryptionMethods = []string{
	"http://www.w3.org/2009/xmlenc11#aes256-gcm",
	"http://www.w3.org/2009/xmlenc11#aes128-gcm",
	"http://www.w3.org/2001/04/xmlenc#aes256-cbc",
	"http://www.w3.org/2001/04/xmlenc#aes128-cbc",
	"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
}

// key writes a KeyDescriptor.
func (d *document) key(use string, c *x509.Certificate, methods ...string) {
	d.open("md:KeyDescriptor", "use", use)
	d.open("ds:KeyInfo")
	d.open("ds:X509Data")
	d.leaf("ds:X509Certificate", base64.StdEncoding.EncodeToString(c.Raw))
	d.close("ds:X509Data")
	d.close("ds:KeyInfo")
	for _, m := range methods {
		d.leaf("md:EncryptionMethod", "", "Algorithm", m)
	}
	d.close("md:KeyDescriptor")
}
