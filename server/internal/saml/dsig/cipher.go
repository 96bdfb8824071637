package dsig

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
)

// dataCipher is how the data is encrypted: AES by key size, in GCM or CBC mode.
type dataCipher struct {
	keySize int
	gcm     bool
}

func cipherBy(uri string) (dataCipher, *Error) {
	switch uri {
	case "http://www.w3.org/2009/xmlenc11#aes128-gcm":
		return dataCipher{16, true}, nil
	case "http://www.w3.org/2009/xmlenc11#aes256-gcm":
		return dataCipher{32, true}, nil
	case NamespaceEncryption + "aes128-cbc":
		return dataCipher{16, false}, nil
	case NamespaceEncryption + "aes256-cbc":
		return dataCipher{32, false}, nil
	}
	return dataCipher{}, refuse(CheckAlgorithm, "AES-128 or AES-256, GCM or CBC", uri)
}

// open decrypts data: the nonce or initialisation vector comes first (XML
// Encryption 1.1, section 5.2).
func (c dataCipher) open(key, data []byte) ([]byte, bool) {
	if len(key) != c.keySize {
		return nil, false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	if !c.gcm {
		return openCBC(block, data)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil || len(data) < aead.NonceSize() {
		return nil, false
	}
	plain, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], nil)
	return plain, err == nil
}

// openCBC decrypts and takes the padding off: the last byte says how long it is,
// the others may be anything.
func openCBC(block cipher.Block, data []byte) ([]byte, bool) {
	const size = aes.BlockSize
	if len(data) < 2*size || len(data)%size != 0 {
		return nil, false
	}
	plain := make([]byte, len(data)-size)
	cipher.NewCBCDecrypter(block, data[:size]).CryptBlocks(plain, data[size:])
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > size {
		return nil, false
	}
	return plain[:len(plain)-padding], true
}

// wrappedKey is an EncryptedKey: the key of the data, encrypted with RSA-OAEP.
type wrappedKey struct {
	options rsa.OAEPOptions
	value   string // base64
}

func readWrappedKey(e *Element) (wrappedKey, *Error) {
	var w wrappedKey
	method := e.Child(NamespaceEncryption, "EncryptionMethod")
	if method == nil {
		return w, refuse(CheckGrammar, "EncryptionMethod in EncryptedKey", "none")
	}
	var err *Error
	if w.options, err = oaepOf(method); err != nil {
		return w, err
	}
	w.value, err = cipherValue(e)
	return w, err
}

// oaepOf reads how a key was encrypted (XML Encryption 1.1, section 5.5.2). What
// was left out means SHA-1; its weakness does not touch OAEP.
func oaepOf(method *Element) (rsa.OAEPOptions, *Error) {
	o := rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	uri, _ := method.Attr("", "Algorithm")
	if uri != NamespaceEncryption+"rsa-oaep-mgf1p" && uri != namespaceEncryption11+"rsa-oaep" {
		return o, refuse(CheckAlgorithm, "RSA-OAEP", uri)
	}
	for e := range method.Children() {
		var err *Error
		switch {
		case e.Is(NamespaceSignature, "DigestMethod"):
			err = hashInto(&o.Hash, e, hashBy)
		case e.Is(namespaceEncryption11, "MGF") && uri == namespaceEncryption11+"rsa-oaep":
			err = hashInto(&o.MGFHash, e, maskBy)
		case e.Is(NamespaceEncryption, "OAEPparams"):
			o.Label, err = base64Of(e)
		default:
			err = outOfPlace("DigestMethod, MGF or OAEPparams", e)
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

const namespaceEncryption11 = "http://www.w3.org/2009/xmlenc11#"

// hashInto reads the Algorithm of e with by.
func hashInto(h *crypto.Hash, e *Element, by func(string) crypto.Hash) *Error {
	uri, err := algorithmOf(e)
	if err != nil {
		return err
	}
	if *h = by(uri); *h == 0 {
		return refuse(CheckAlgorithm, "RSA-OAEP with SHA-1 or SHA-2", uri)
	}
	return nil
}

// maskBy returns the hash of a mask generation function, or 0.
func maskBy(uri string) crypto.Hash {
	switch uri {
	case namespaceEncryption11 + "mgf1sha1":
		return crypto.SHA1
	case namespaceEncryption11 + "mgf1sha256":
		return crypto.SHA256
	case namespaceEncryption11 + "mgf1sha384":
		return crypto.SHA384
	case namespaceEncryption11 + "mgf1sha512":
		return crypto.SHA512
	}
	return 0
}

// unwrap returns the key of the data, or nil.
func (w wrappedKey) unwrap(k *rsa.PrivateKey) []byte {
	value, ok := decodeBase64(w.value)
	if !ok || len(value) != k.Size() {
		return nil
	}
	key, err := k.Decrypt(nil, value, &w.options)
	if err != nil {
		return nil
	}
	return key
}
