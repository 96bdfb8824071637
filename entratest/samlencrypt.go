package entratest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // RSA-OAEP-MGF1P is SHA-1 where nothing else is said
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
)

// encrypt wraps an assertion that is complete in itself (SAML core section
// 2.3.4), in the shape in which Entra writes it.
func encrypt(assertion []byte, to *x509.Certificate, o EncryptionOptions) (*node, error) {
	pub, ok := to.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("entratest: the encryption certificate has no RSA key")
	}
	alg, size := o.Data, 32
	switch o.Data {
	case AES256CBC:
		alg = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	case AES128CBC, AES128GCM:
		size = 16
	}
	key := randomBytes(size)
	data, err := seal(alg, key, assertion)
	if err != nil {
		return nil, err
	}
	oaep, digest := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}, algSHA1
	if o.OAEPSHA256 {
		oaep.Hash, digest = crypto.SHA256, algSHA256
	}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, pub, key, oaep)
	if err != nil {
		return nil, fmt.Errorf("entratest: encrypting the key: %w", err)
	}
	encryptedKey := el("e:EncryptedKey", "xmlns:e", nsEncrypt).add(
		el("e:EncryptionMethod", "Algorithm", nsEncrypt+"rsa-oaep-mgf1p").add(el("DigestMethod", "Algorithm", digest)),
		el("KeyInfo").add(
			el("o:SecurityTokenReference", "xmlns:o", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd").add(
				el("X509Data").add(el("X509IssuerSerial").add(
					textEl("X509IssuerName", to.Issuer.String()),
					textEl("X509SerialNumber", to.SerialNumber.String()),
				)))),
		el("e:CipherData").add(textEl("e:CipherValue", base64.StdEncoding.EncodeToString(wrapped))),
	)
	return el("EncryptedAssertion", "xmlns", nsAssertion).add(
		el("xenc:EncryptedData", "Type", nsEncrypt+"Element", "xmlns:xenc", nsEncrypt).add(
			el("xenc:EncryptionMethod", "Algorithm", string(alg)),
			el("KeyInfo", "xmlns", nsSignature).add(encryptedKey),
			el("xenc:CipherData").add(textEl("xenc:CipherValue", base64.StdEncoding.EncodeToString(data))),
		)), nil
}

// seal encrypts as XML Encryption 1.1 section 5.2 says: the nonce first; in
// CBC mode the last byte is the length of the padding and the others are random.
func seal(alg DataEncryption, key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("entratest: encrypting: %w", err)
	}
	if alg == AES128GCM || alg == AES256GCM {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("entratest: encrypting: %w", err)
		}
		nonce := randomBytes(gcm.NonceSize())
		return gcm.Seal(nonce, nonce, plain, nil), nil
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	padding := randomBytes(pad)
	padding[pad-1] = byte(pad)
	plain = append(append([]byte(nil), plain...), padding...)
	iv := randomBytes(aes.BlockSize)
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, plain)
	return append(iv, out...), nil
}
