package builtapp

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

const (
	maxCertificateFile = 1 << 20
	maxCertificates    = 100
	// maxRSA is the longest RSA key that Android verifies with, in bits. What one
	// signature costs grows with its cube.
	maxRSA = 8192
)

var errCertificate = errors.New("certificate is damaged")

// bareCertificate is as much of a certificate as a signature is verified with.
// Package x509 refuses some, such as those with a negative serial number, that
// Android takes and that apps have been signed with for years.
type bareCertificate struct {
	der, issuer, serial, keyInfo []byte
	key                          any // nil where the kind of key is unknown, or too long
}

func readBare(der []byte) (*bareCertificate, error) {
	whole, ok := elements(der)
	if !ok || len(whole) != 1 || whole[0].Tag != asn1.TagSequence {
		return nil, errCertificate
	}
	parts, ok := elements(whole[0].Bytes)
	if !ok || len(parts) != 3 {
		return nil, errCertificate
	}
	tbs, ok := elements(parts[0].Bytes)
	if ok && len(tbs) > 0 && tbs[0].Class == asn1.ClassContextSpecific { // version
		tbs = tbs[1:]
	}
	if !ok || len(tbs) < 6 {
		return nil, errCertificate
	}
	b := &bareCertificate{der: der, serial: tbs[0].FullBytes, issuer: tbs[2].FullBytes, keyInfo: tbs[5].FullBytes}
	b.key, _ = x509.ParsePKIXPublicKey(b.keyInfo) // a kind that is unknown verifies nothing
	if k, ok := b.key.(*rsa.PublicKey); ok && k.N.BitLen() > maxRSA {
		b.key = nil
	}
	return b, nil
}

// elements splits what stands in a SEQUENCE; RFC 5280 section 4.1 says what
// stands where in a certificate.
func elements(b []byte) ([]asn1.RawValue, bool) {
	var out []asn1.RawValue
	for len(b) > 0 {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(b, &one)
		if err != nil || len(out) > maxSigners {
			return nil, false
		}
		out, b = append(out, one), rest
	}
	return out, true
}

// readCertificates reads certificates in PEM, of which there may be several,
// or one in DER.
func readCertificates(b []byte) (App, error) {
	a := App{Kind: Certificate}
	if bytes.Contains(b, []byte("PRIVATE KEY-----")) {
		return App{}, problem.New(problem.AppPrivateKey)
	}
	if _, err := readBare(b); err == nil {
		a.Signers = []Signer{{Scheme: Entry, DER: b}}
		return a, nil
	}
	for rest := b; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
			continue
		}
		if _, err := readBare(block.Bytes); err != nil {
			return App{}, problem.Wrap(problem.AppDamaged, err)
		}
		if a.Signers = append(a.Signers, Signer{Scheme: Entry, DER: block.Bytes}); len(a.Signers) > maxCertificates {
			return App{}, problem.New(problem.AppTooLarge)
		}
	}
	if len(a.Signers) == 0 {
		return App{}, problem.Wrap(problem.AppDamaged, errCertificate)
	}
	return a, nil
}

// isPrivateKey reports whether DER is a key in PKCS #1 (RFC 8017 appendix A.1.2),
// SEC 1 (RFC 5915) or PKCS #8 (RFC 5208). It goes by the form alone: package x509
// also calculates with the numbers, which takes hours where they are long.
func isPrivateKey(der []byte) bool {
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &whole); err != nil || len(rest) > 0 || whole.Tag != asn1.TagSequence {
		return false
	}
	parts, ok := elements(whole.Bytes)
	if !ok || len(parts) < 2 || parts[0].Tag != asn1.TagInteger || len(parts[0].Bytes) != 1 {
		return false
	}
	var tags []int
	for _, p := range parts[1:] {
		tags = append(tags, p.Tag)
	}
	numbers := slices.Repeat([]int{asn1.TagInteger}, 8)
	return tags[0] == asn1.TagOctetString ||
		len(tags) > 1 && tags[0] == asn1.TagSequence && tags[1] == asn1.TagOctetString ||
		len(tags) >= len(numbers) && slices.Equal(tags[:len(numbers)], numbers)
}

func isPEM(b []byte) bool { return strings.Contains(string(b[:min(len(b), 4096)]), "-----BEGIN ") }
