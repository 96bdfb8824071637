package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/lanyard-sso/lanyard/problem"
)

const (
	// maxPaste is how much may be pasted as certificates, when it is not metadata.
	maxPaste = 256 << 10
	// maxCertificates is how many there may be.
	maxCertificates = 20
	// minRSA is the least number of bits of an RSA key.
	minRSA = 2048
)

// ParseCertificates reads pasted or uploaded signing certificates: PEM with or
// without its first and last line, DER, several of them, or a whole metadata
// document. An error carries one of the problem.Certificate… codes (or, for
// metadata, problem.Metadata…). It never holds any of what was pasted, since
// that may be a private key.
//
// Where one of several cannot be used there is a warning.
func ParseCertificates(paste []byte, now time.Time) ([]*x509.Certificate, []Warning, error) {
	plain := plainText(paste)
	text := bytes.TrimSpace(plain)
	if isMarkup(text) {
		idp, warnings, err := ParseMetadata(text, MetadataOptions{Now: now, AllowLoopbackHTTP: true})
		if err != nil {
			return nil, nil, err
		}
		return idp.Certificates, warnings, nil
	}
	switch {
	case len(text) == 0:
		return nil, nil, problem.New(problem.CertificateEmpty)
	case len(text) > maxPaste:
		return nil, nil, problem.New(problem.CertificateTooLarge)
	}
	blocks, err := derBlocks(plain, text)
	if err != nil {
		return nil, nil, err
	}
	var all []*x509.Certificate
	for _, der := range blocks {
		certs, err := certificatesIn(der)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, certs...)
	}
	if len(all) > maxCertificates {
		return nil, nil, problem.New(problem.CertificateTooLarge)
	}
	usable, warnings, err := usableCertificates(all, now)
	return usable, warnings, err
}

// plainText takes a byte order mark away, and makes UTF-8 of the UTF-16 that
// some Windows programs save.
func plainText(b []byte) []byte {
	if rest, ok := bytes.CutPrefix(b, []byte("\xef\xbb\xbf")); ok {
		return rest
	}
	var order binary.ByteOrder = binary.LittleEndian
	if bytes.HasPrefix(b, []byte("\xfe\xff")) {
		order = binary.BigEndian
	} else if !bytes.HasPrefix(b, []byte("\xff\xfe")) {
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, order.Uint16(b[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

func isMarkup(text []byte) bool { return len(text) > 0 && text[0] == '<' }

// derBlocks returns what stands between BEGIN and END lines, decoded, or the
// whole as one block where there are none. text is plain without the white space
// around it, which in DER may be a part of it.
func derBlocks(plain, text []byte) ([][]byte, error) {
	if text[0] == 0x30 && !isBase64(text) {
		return derValues(plain)
	}
	s := string(text)
	if strings.Contains(s, "PRIVATE KEY") {
		return nil, problem.New(problem.CertificatePrivateKey)
	}
	var blocks [][]byte
	for {
		_, rest, found := strings.Cut(s, "-----BEGIN ")
		label, rest, named := strings.Cut(rest, "-----")
		if !found || !named {
			break
		}
		body, after, _ := strings.Cut(rest, "-----END "+label+"-----")
		s = after
		if err := labelled(label); err != nil {
			return nil, err
		}
		der, ok := unbase64(body)
		if !ok {
			return nil, problem.New(problem.CertificateUnreadable)
		}
		blocks = append(blocks, der)
	}
	if len(blocks) > 0 {
		return blocks, nil
	}
	s, _, _ = strings.Cut(string(text), "-----END")
	der, ok := unbase64(s)
	if !ok {
		return nil, problem.New(problem.CertificateUnreadable)
	}
	return [][]byte{der}, nil
}

// derValues returns the DER values that stand one after the other, with white
// space around them at most.
func derValues(plain []byte) ([][]byte, error) {
	var all [][]byte
	for rest := plain; len(bytes.TrimSpace(rest)) > 0; {
		var v asn1.RawValue
		after, err := asn1.Unmarshal(bytes.TrimLeft(rest, " \t\r\n"), &v)
		if err != nil {
			return nil, problem.Wrap(problem.CertificateUnreadable, err)
		}
		all, rest = append(all, v.FullBytes), after
	}
	return all, nil
}

// labelled refuses PEM blocks that hold something else.
func labelled(label string) error {
	switch {
	case strings.HasSuffix(label, "CERTIFICATE REQUEST"):
		return problem.New(problem.CertificateRequest)
	case strings.HasSuffix(label, "PUBLIC KEY"):
		return problem.New(problem.CertificatePublicKey)
	case label == "CERTIFICATE", label == "X509 CERTIFICATE", label == "TRUSTED CERTIFICATE":
		return nil
	}
	return problem.New(problem.CertificateUnreadable)
}

// unbase64 decodes base64 with any white space in it, padded or not.
func unbase64(s string) ([]byte, bool) {
	s = strings.TrimRight(strings.Join(strings.Fields(s), ""), "=")
	der, err := base64.RawStdEncoding.DecodeString(s)
	return der, err == nil && len(der) > 0
}

func isBase64(text []byte) bool {
	_, ok := unbase64(string(text))
	return ok
}

// certificatesIn parses DER, and says of what is no certificate what it is.
func certificatesIn(der []byte) ([]*x509.Certificate, error) {
	if certs, err := x509.ParseCertificates(der); err == nil && len(certs) > 0 {
		return certs, nil
	}
	if isPrivateKey(der) {
		return nil, problem.New(problem.CertificatePrivateKey)
	}
	if _, err := x509.ParseCertificateRequest(der); err == nil {
		return nil, problem.New(problem.CertificateRequest)
	}
	if _, err := x509.ParsePKIXPublicKey(der); err == nil {
		return nil, problem.New(problem.CertificatePublicKey)
	}
	if _, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return nil, problem.New(problem.CertificatePublicKey)
	}
	return nil, problem.New(problem.CertificateUnreadable)
}

// isPrivateKey recognises the forms in which private keys are kept: PKCS #1,
// PKCS #8 open or encrypted, SEC 1, and PKCS #12 files (RFC 7292).
//
// Only their forms are looked at. Package x509 would calculate with the numbers,
// which takes minutes where somebody pastes as long ones as fit.
func isPrivateKey(der []byte) bool {
	type algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	var pkcs1 struct {
		Version       int
		N, E, D, P, Q *big.Int
	}
	var pkcs8 struct {
		Version   int
		Algorithm algorithm
		Key       []byte
	}
	var sec1 struct {
		Version int
		Key     []byte
	}
	var pfx struct {
		Version int
		Content asn1.RawValue
		MAC     asn1.RawValue `asn1:"optional"`
	}
	var sealed struct {
		Algorithm algorithm
		Data      []byte
	}
	for _, form := range []any{&pkcs1, &pkcs8, &sec1, &sealed} {
		if _, err := asn1.Unmarshal(der, form); err == nil {
			return true
		}
	}
	_, err := asn1.Unmarshal(der, &pfx)
	return err == nil && pfx.Version == 3
}

// usableCertificates leaves out what can never be used, with a warning each.
// One that is out of date stays beside one that is in date: the next may begin
// to sign at any moment, and of the last it can then be said that it has ended.
// If none is in date, the first reason is the error.
func usableCertificates(all []*x509.Certificate, now time.Time) ([]*x509.Certificate, []Warning, error) {
	if now.IsZero() {
		now = time.Now()
	}
	var kept []*x509.Certificate
	var warnings []Warning
	var refused error
	good := 0
	for _, c := range all {
		if known(kept, c) {
			continue
		}
		code, detail := judgeCertificate(c, now)
		if code != "" {
			warnings = append(warnings, Warning{Code: code, Detail: detail, Field: fieldSigningKey})
		}
		switch code {
		case "", problem.CertificateSHA1:
			good++
			kept = append(kept, c)
			continue
		case problem.CertificateExpired, problem.CertificateNotYet:
			kept = append(kept, c)
		}
		if refused == nil {
			refused = &problem.Error{Code: code, Detail: detail}
		}
	}
	switch {
	case good > 0:
		return kept, warnings, nil
	case refused != nil:
		return nil, nil, refused
	}
	return nil, nil, problem.New(problem.CertificateEmpty)
}

func known(list []*x509.Certificate, c *x509.Certificate) bool {
	for _, k := range list {
		if k.Equal(c) {
			return true
		}
	}
	return false
}

// judgeCertificate says what is wrong with a certificate, or "".
func judgeCertificate(c *x509.Certificate, now time.Time) (problem.Code, string) {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return problem.CertificateWeak, described(c)
		}
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() && key.Curve != elliptic.P384() {
			return problem.CertificateKeyKind, described(c)
		}
	default:
		return problem.CertificateKeyKind, described(c)
	}
	switch {
	case now.After(c.NotAfter):
		return problem.CertificateExpired, described(c) + " It ended on " + c.NotAfter.UTC().Format(time.DateOnly) + "."
	case now.Before(c.NotBefore.Add(-DefaultSkew)):
		return problem.CertificateNotYet, described(c) + " It begins on " + c.NotBefore.UTC().Format(time.DateOnly) + "."
	}
	switch c.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1, x509.MD5WithRSA:
		return problem.CertificateSHA1, described(c)
	}
	return "", ""
}

// described names a certificate by what the portal shows of it too: the SHA-1
// thumbprint is a name there, and no security is built on it.
func described(c *x509.Certificate) string {
	return "It is the one of " + Shown(c.Subject.String()) + " with the thumbprint " + PortalThumbprint(c) + "."
}
