package builtapp

import (
	"crypto/hmac"
	"crypto/subtle"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"unicode/utf16"

	"github.com/lanyard-sso/lanyard/problem"
)

// The parts of PKCS #12 (RFC 7292 section 4) that lead to certificates. Private
// keys are left as they are: encrypted.
type (
	pfx struct {
		Version  int
		AuthSafe contentInfo
		MAC      macData `asn1:"optional"`
	}
	macData struct {
		Digest     digestInfo
		Salt       []byte
		Iterations int `asn1:"optional,default:1"`
	}
	digestInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	encryptedData struct {
		Version int
		Content struct {
			Type      asn1.ObjectIdentifier
			Algorithm pkix.AlgorithmIdentifier
			Encrypted []byte `asn1:"optional,tag:0"`
		}
	}
	safeBag struct {
		ID         asn1.ObjectIdentifier
		Value      asn1.RawValue  `asn1:"tag:0,explicit"`
		Attributes []bagAttribute `asn1:"set,optional"`
	}
	bagAttribute struct {
		ID     asn1.ObjectIdentifier
		Values asn1.RawValue `asn1:"set"`
	}
	certBag struct {
		ID   asn1.ObjectIdentifier
		Data []byte `asn1:"tag:0,explicit"`
	}
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidCertBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidFriendlyName  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
	oidLocalKeyID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 21}

	errPKCS12 = errors.New("PKCS #12 is damaged")
)

// isPKCS12 reports whether b begins as a PFX does.
func isPKCS12(b []byte) bool {
	var p pfx
	_, err := asn1.Unmarshal(b, &p)
	return err == nil && p.Version == 3 && p.AuthSafe.Type.Equal(oidData)
}

// readPKCS12 reads a keystore in PKCS #12.
func readPKCS12(b []byte, password string) (App, error) {
	var p pfx
	if _, err := asn1.Unmarshal(b, &p); err != nil {
		return App{}, problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	safe, err := octets(p.AuthSafe)
	if err != nil {
		return App{}, problem.Wrap(problem.AppDamaged, err)
	}
	d := &derivation{password: password, left: maxIterations}
	if len(p.MAC.Digest.Digest) > 0 {
		if err := p.MAC.verify(safe, d); err != nil {
			return App{}, err
		}
	}
	var parts []contentInfo
	if _, err := asn1.Unmarshal(safe, &parts); err != nil || len(parts) > 16 {
		return App{}, problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	var r safeReader
	for _, part := range parts {
		contents, err := opened(part, d)
		if err == nil && contents != nil {
			err = r.take(contents)
		}
		if err != nil {
			return App{}, err
		}
	}
	return keystoreOf(PKCS12, r.keys, r.others)
}

// octets returns the content of a ContentInfo of type data.
func octets(c contentInfo) (b []byte, err error) {
	if _, err := asn1.Unmarshal(c.Content.Bytes, &b); err != nil || !c.Type.Equal(oidData) {
		return nil, errPKCS12
	}
	return b, nil
}

// opened returns the SafeContents of one part, or nil where it is of a kind
// that holds no certificates.
func opened(part contentInfo, d *derivation) ([]byte, error) {
	switch {
	case part.Type.Equal(oidData):
		b, err := octets(part)
		return b, problem.Wrap(problem.AppDamaged, err)
	case !part.Type.Equal(oidEncryptedData):
		return nil, nil
	}
	var data encryptedData
	if _, err := asn1.Unmarshal(part.Content.Bytes, &data); err != nil {
		return nil, problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	return d.decrypt(data.Content.Algorithm, data.Content.Encrypted)
}

// safeReader gathers the certificates, with their names.
type safeReader struct{ keys, others []Signer }

func (r *safeReader) take(contents []byte) error {
	var bags []safeBag
	if _, err := asn1.Unmarshal(contents, &bags); err != nil {
		return problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	if len(bags) > maxCertificates {
		return problem.New(problem.AppTooLarge)
	}
	for _, bag := range bags {
		if !bag.ID.Equal(oidCertBag) {
			continue
		}
		var c certBag
		if _, err := asn1.Unmarshal(bag.Value.Bytes, &c); err != nil {
			return problem.Wrap(problem.AppDamaged, errPKCS12)
		}
		if !c.ID.Equal(oidX509) {
			continue
		}
		name, ofKey := bag.about()
		s := Signer{Scheme: Entry, Name: name, DER: c.Data}
		if ofKey {
			r.keys = append(r.keys, s)
		} else {
			r.others = append(r.others, s)
		}
	}
	return nil
}

// about returns a bag's alias, and whether a key belongs to it.
func (b safeBag) about() (name string, ofKey bool) {
	for _, attr := range b.Attributes {
		switch {
		case attr.ID.Equal(oidLocalKeyID):
			ofKey = true
		case attr.ID.Equal(oidFriendlyName):
			var bmp asn1.RawValue
			if _, err := asn1.Unmarshal(attr.Values.Bytes, &bmp); err == nil {
				name = fromBMP(bmp.Bytes)
			}
		}
	}
	return name, ofKey
}

func fromBMP(b []byte) string {
	var units []uint16
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, uint16(b[0])<<8|uint16(b[1]))
	}
	return string(utf16.Decode(units))
}

// verify holds the password against the MAC over all contents (RFC 7292
// appendix B, or RFC 9579 for PBMAC1).
func (m macData) verify(safe []byte, d *derivation) error {
	hash, key, err := m.key(d)
	if err != nil {
		return err
	}
	mac := hmac.New(hash.New, key)
	mac.Write(safe) // an HMAC never fails
	if subtle.ConstantTimeCompare(mac.Sum(nil), m.Digest.Digest) != 1 {
		return problem.New(problem.KeystorePassword)
	}
	return nil
}
