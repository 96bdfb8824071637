package dsig

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
)

// Signer signs our own messages, with RSA-SHA256: Entra takes nothing else.
type Signer struct {
	// Key must be an RSA key of 2048 bits or more.
	Key crypto.Signer
	// Certificate goes into KeyInfo, if it is not nil. Only Sign looks at it.
	Certificate *x509.Certificate
	// After is as in Policy. Only Sign looks at it.
	After Name
}

// Sign returns the canonical form of message with a Signature in it. The root
// must have an ID and no Signature yet.
func (s Signer) Sign(message []byte) ([]byte, error) {
	d, err := Parse(message, Limits{})
	if err != nil {
		return nil, fmt.Errorf("reading what is to be signed: %w", err)
	}
	id := d.Root().ID()
	if !isFragment(id) || d.Root().Child(NamespaceSignature, "Signature") != nil {
		return nil, errors.New("what is to be signed needs an ID, and no Signature")
	}
	octets, err := Canonical(d.Root())
	if err != nil {
		return nil, fmt.Errorf("canonicalising what is to be signed: %w", err)
	}
	at, err := s.gap(octets)
	if err != nil {
		return nil, err
	}
	signature, err := s.signature(id, digest(crypto.SHA256, octets))
	if err != nil {
		return nil, err
	}
	signed := append([]byte(nil), octets[:at]...)
	signed = append(signed, signature...)
	return append(signed, octets[at:]...), nil
}

// gap returns where in a canonical document the Signature belongs.
func (s Signer) gap(octets []byte) (int, error) {
	d, err := Parse(octets, Limits{})
	if err != nil {
		return 0, fmt.Errorf("reading what is to be signed: %w", err)
	}
	if s.After == (Name{}) {
		return int(d.Root().body), nil
	}
	first := d.Root().FirstChild()
	if !first.Is(s.After.Space, s.After.Local) {
		return 0, fmt.Errorf("what is to be signed must begin with %s", s.After.Local)
	}
	return int(first.end), nil
}

// signature writes the Signature element. What is between its tags is written in
// canonical form, so that only the declaration on SignedInfo, which stands on
// Signature in the document, has to be added for signing.
func (s Signer) signature(id string, sum []byte) (string, error) {
	const declaration = ` xmlns:ds="` + NamespaceSignature + `"`
	info := `><ds:CanonicalizationMethod Algorithm="` + exclusiveC14N + `"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="` + rsaSHA256 + `"></ds:SignatureMethod>` +
		`<ds:Reference URI="#` + id + `"><ds:Transforms>` +
		`<ds:Transform Algorithm="` + enveloped + `"></ds:Transform>` +
		`<ds:Transform Algorithm="` + exclusiveC14N + `"></ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + digestSHA256 + `"></ds:DigestMethod>` +
		`<ds:DigestValue>` + base64.StdEncoding.EncodeToString(sum) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	value, err := s.sign([]byte(`<ds:SignedInfo` + declaration + info))
	if err != nil {
		return "", err
	}
	var keyInfo string
	if s.Certificate != nil {
		keyInfo = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(s.Certificate.Raw) +
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	}
	return `<ds:Signature` + declaration + `><ds:SignedInfo` + info +
		`<ds:SignatureValue>` + value + `</ds:SignatureValue>` + keyInfo + `</ds:Signature>`, nil
}

// SignRedirect returns the query that carries r with a signature.
func (s Signer) SignRedirect(r Redirect) (string, error) {
	query, err := r.Query()
	if err != nil {
		return "", err
	}
	query += "&SigAlg=" + url.QueryEscape(rsaSHA256)
	signature, err := s.sign([]byte(query))
	if err != nil {
		return "", err
	}
	return query + "&Signature=" + url.QueryEscape(signature), nil
}

// sign returns the signature over data, in base64.
func (s Signer) sign(data []byte) (string, error) {
	if s.Key == nil {
		return "", errors.New("no signing key")
	}
	public, ok := s.Key.Public().(*rsa.PublicKey)
	if !ok || public.N.BitLen() < minimumRSABits {
		return "", errors.New("the signing key is not RSA of at least 2048 bits")
	}
	signature, err := s.Key.Sign(rand.Reader, digest(crypto.SHA256, data), crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}
