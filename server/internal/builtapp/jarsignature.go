package builtapp

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // v1 signatures of old apps are made with it
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

const (
	maxSignatureFile  = 32 << 20 // it has some lines for every entry
	maxSignatureBlock = 1 << 20
)

var errPKCS7 = errors.New("signature block is damaged")

// jarSigners returns the certificates of scheme v1 (JAR File Specification,
// "Signature Validation"): of each .RSA, .DSA or .EC file in META-INF the one
// whose key signed the .SF file of the same name.
func (a *archive) jarSigners() ([]Signer, error) {
	var blocks []string
	files := map[string]string{}
	for _, name := range a.names {
		upper := metaName(name)
		files[upper] = name
		if slices.Contains([]string{".RSA", ".DSA", ".EC"}, path.Ext(upper)) {
			blocks = append(blocks, upper)
		}
	}
	slices.Sort(blocks)
	var out []Signer
	for _, block := range blocks {
		if len(out) >= maxSigners {
			return nil, problem.New(problem.AppTooLarge)
		}
		stem := strings.TrimSuffix(block, path.Ext(block))
		file, there := files[stem+".SF"]
		if !there {
			continue // Android ignores it too
		}
		der, err := a.jarSigner(files[block], file)
		switch {
		case errors.Is(err, errUntrue):
			return nil, problem.Wrap(problem.AppSignature, fmt.Errorf("%s: %w", block, err))
		case errors.Is(err, errPKCS7):
			return nil, problem.Wrap(problem.AppDamaged, fmt.Errorf("%s: %w", block, err))
		case err != nil:
			return nil, err
		}
		out = append(out, Signer{Scheme: V1, Name: stem, DER: der})
	}
	return out, nil
}

func (a *archive) jarSigner(block, file string) ([]byte, error) {
	raw, err := a.read(block, maxSignatureBlock)
	if err != nil {
		return nil, err
	}
	signed, err := a.read(file, maxSignatureFile)
	if err != nil {
		return nil, err
	}
	return pkcs7Signer(raw, signed)
}

// The parts of PKCS #7 SignedData (RFC 2315 section 9) that a JAR signature
// uses.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
	}
	pkcs7Signed struct {
		Version      int
		Digests      asn1.RawValue
		Content      asn1.RawValue
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		CRLs         asn1.RawValue `asn1:"optional,tag:1"`
		Signers      []signerInfo  `asn1:"set"`
	}
	signerInfo struct {
		Version   int
		Issuer    issuerAndSerial
		Digest    pkix.AlgorithmIdentifier
		Attrs     asn1.RawValue `asn1:"optional,tag:0"`
		Algorithm pkix.AlgorithmIdentifier
		Signature []byte
	}
	issuerAndSerial struct {
		Name   asn1.RawValue
		Serial asn1.RawValue
	}
)

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}

	digestOIDs = map[string]crypto.Hash{
		"1.3.14.3.2.26":          crypto.SHA1,
		"2.16.840.1.101.3.4.2.4": crypto.SHA224,
		"2.16.840.1.101.3.4.2.1": crypto.SHA256,
		"2.16.840.1.101.3.4.2.2": crypto.SHA384,
		"2.16.840.1.101.3.4.2.3": crypto.SHA512,
	}
)

// pkcs7Signer returns the certificate of the first signer, after verifying that
// its key signed what is in signed.
func pkcs7Signer(raw, signed []byte) ([]byte, error) {
	var outer contentInfo
	if _, err := asn1.Unmarshal(raw, &outer); err != nil || !outer.Type.Equal(oidSignedData) {
		return nil, errPKCS7
	}
	var data pkcs7Signed
	if _, err := asn1.Unmarshal(outer.Content.Bytes, &data); err != nil || len(data.Signers) == 0 {
		return nil, errPKCS7
	}
	signer := data.Signers[0]
	cert, err := findCertificate(data.Certificates.Bytes, signer.Issuer)
	if err != nil {
		return nil, err
	}
	hash, known := digestOIDs[signer.Digest.Algorithm.String()]
	if !known {
		return nil, fmt.Errorf("%w: a digest of another kind", errPKCS7)
	}
	content := signed
	if len(signer.Attrs.FullBytes) > 0 {
		if content, err = signedAttributes(signer.Attrs, digestOf(hash, signed)); err != nil {
			return nil, err
		}
	}
	sum := digestOf(hash, content)
	for _, kind := range []string{"rsa", "ecdsa", "dsa"} {
		if keyFits(cert.key, kind, hash, sum, signer.Signature) {
			return cert.der, nil
		}
	}
	return nil, errUntrue
}

func digestOf(hash crypto.Hash, b []byte) []byte {
	h := hash.New()
	h.Write(b) // a hash never fails
	return h.Sum(nil)
}

// findCertificate returns the one that the signer names among those there are.
func findCertificate(all []byte, want issuerAndSerial) (*bareCertificate, error) {
	for n := 0; len(all) > 0 && n < maxSigners; n++ {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(all, &one)
		if err != nil {
			return nil, errPKCS7
		}
		all = rest
		cert, err := readBare(one.FullBytes)
		if err == nil && bytes.Equal(cert.issuer, want.Name.FullBytes) && bytes.Equal(cert.serial, want.Serial.FullBytes) {
			return cert, nil
		}
	}
	return nil, fmt.Errorf("%w: the signer's certificate is missing", errPKCS7)
}

// signedAttributes returns what is signed when there are attributes: a SET of
// them, one of which is the content's digest (RFC 2315 section 9.3).
func signedAttributes(attrs asn1.RawValue, sum []byte) ([]byte, error) {
	for rest := attrs.Bytes; len(rest) > 0; {
		var attr struct {
			Type   asn1.ObjectIdentifier
			Values asn1.RawValue `asn1:"set"`
		}
		var err error
		if rest, err = asn1.Unmarshal(rest, &attr); err != nil {
			return nil, errPKCS7
		}
		if !attr.Type.Equal(oidMessageDigest) {
			continue
		}
		var digest []byte
		if _, err := asn1.Unmarshal(attr.Values.Bytes, &digest); err != nil {
			return nil, errPKCS7
		}
		if !bytes.Equal(digest, sum) {
			return nil, errUntrue
		}
		asSet := bytes.Clone(attrs.FullBytes)
		asSet[0] = 0x31
		return asSet, nil
	}
	return nil, fmt.Errorf("%w: the content's digest is missing", errPKCS7)
}
