package entratest

import (
	"crypto/sha1" //nolint:gosec // a key name, not a signature
	"crypto/x509"
	"encoding/base64"
)

// hand is how an identity provider writes: prefixes, where namespaces are
// declared, what it adds. All are right in the eyes of the standard, and
// service providers have stumbled over each.
type hand struct {
	protocol  string // prefix of samlp
	assertion string // prefix of assertions; "" declares them as the default namespace
	signature string // prefix of signatures; "" likewise
	atRoot    bool   // the assertion's prefix is declared on the root
	unused    bool   // the assertion declares a default namespace that nothing uses
	typed     bool   // attribute values say xsi:type="xs:string"
	consent   bool
	entityFmt bool // Issuer has the format entity
	keyName   bool
	rebind    bool // KeyInfo declares the default namespace as well (AD FS)
	// inclusive are the prefixes named in InclusiveNamespaces.
	inclusive []string
}

// hands are the styles.
var hands = map[SAMLStyle]hand{
	StyleEntra:    {protocol: "samlp"},
	StyleADFS:     {protocol: "samlp", signature: "ds", consent: true, rebind: true},
	StyleKeycloak: {protocol: "samlp", assertion: "saml", signature: "dsig", atRoot: true, unused: true, typed: true, keyName: true},
	StyleOkta:     {protocol: "saml2p", assertion: "saml2", signature: "ds", typed: true, entityFmt: true, inclusive: []string{"xs"}},
}

func prefixed(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

func declaration(prefix string) string {
	if prefix == "" {
		return "xmlns"
	}
	return "xmlns:" + prefix
}

func (h hand) p(local string) string   { return prefixed(h.protocol, local) }
func (h hand) a(local string) string   { return prefixed(h.assertion, local) }
func (h hand) sig(local string) string { return prefixed(h.signature, local) }
func (h hand) sigDecl() string         { return declaration(h.signature) }

// issuer writes an Issuer. declare says that no element around it has
// declared its namespace.
func (h hand) issuer(value string, declare bool) *node {
	n := textEl(h.a("Issuer"), value)
	if declare {
		n.attrs = append(n.attrs, xmlAttr{declaration(h.assertion), nsAssertion})
	}
	if h.entityFmt {
		n.attrs = append(n.attrs, xmlAttr{"Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"})
	}
	return n
}

// root starts a protocol message.
func (h hand) root(local string, attrs ...string) *node {
	n := el(h.p(local), attrs...)
	if h.consent {
		n.attrs = append(n.attrs, xmlAttr{"Consent", "urn:oasis:names:tc:SAML:2.0:consent:unspecified"})
	}
	n.attrs = append(n.attrs, xmlAttr{declaration(h.protocol), nsProtocol})
	if h.atRoot {
		n.attrs = append(n.attrs, xmlAttr{declaration(h.assertion), nsAssertion})
	}
	return n
}

// keyInfo carries the certificate, for those who look at it. A service
// provider must not (facts: KeyInfo is the sender's word).
func (h hand) keyInfo(cert *x509.Certificate) *node {
	q := h.sig
	n := el(q("KeyInfo"))
	if h.rebind {
		n = el("KeyInfo", "xmlns", nsSignature)
	}
	if h.keyName {
		sum := sha1.Sum(cert.RawSubjectPublicKeyInfo) //nolint:gosec // see the import
		n.add(textEl(q("KeyName"), base64.RawURLEncoding.EncodeToString(sum[:])))
	}
	return n.add(el(q("X509Data")).add(textEl(q("X509Certificate"), base64.StdEncoding.EncodeToString(cert.Raw))))
}
