package hostile

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // 3DES is one of the things to refuse
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
)

// Names of XML Encryption.
const (
	xenc11    = "http://www.w3.org/2009/xmlenc11#"
	aes128GCM = xenc11 + "aes128-gcm"
	aes256GCM = xenc11 + "aes256-gcm"
	aes128CBC = xenc + "aes128-cbc"
	aes256CBC = xenc + "aes256-cbc"
	tripleDES = xenc + "tripledes-cbc"
	oaepMGF1P = xenc + "rsa-oaep-mgf1p"
	oaep11    = xenc11 + "rsa-oaep"
	rsa15     = xenc + "rsa-1_5"
)

// sealing says how to encrypt. Its zero value encrypts as Entra does.
type sealing struct {
	data    string              // algorithm that encrypts and is named
	named   string              // algorithm that is named instead
	key     string              // key transport that is named and used
	inside  string              // in the key's EncryptionMethod; empty: what belongs there
	sha256  bool                // OAEP with SHA-256 as digest and in its mask
	to      *rsa.PublicKey      // nil: the World's Recipient
	size    int                 // of the key, where it should be wrong
	pad     *byte               // the last byte of CBC's padding, where it should be wrong
	tamper  func([]byte) []byte // of what CipherValue holds
	wrapKey func([]byte) []byte // of what the EncryptedKey's CipherValue holds
	beside  bool                // EncryptedKey behind EncryptedData, with a RetrievalMethod
	element string              // Type of EncryptedData; empty: Element
	line    string              // put into base64 every 64 characters
	change  edit                // of the whole
}

// encrypted is the unsigned Response around the encrypted inner.
func (w World) encrypted(inner string, s sealing) string {
	return w.response(w.seal(inner, s))
}

// seal makes the EncryptedAssertion that holds text.
func (w World) seal(text string, s sealing) string {
	s.defaults(w)
	key := make([]byte, s.size)
	rand.Read(key) //nolint:errcheck // never fails
	raw := s.cipher(key, []byte(text))
	if s.tamper != nil {
		raw = s.tamper(raw)
	}
	id := newID()
	encryptedKey := fmt.Sprintf(`<e:EncryptedKey xmlns:e="%s" Id="%s"><e:EncryptionMethod Algorithm="%s">%s</e:EncryptionMethod><e:CipherData><e:CipherValue>%s</e:CipherValue></e:CipherData></e:EncryptedKey>`,
		xenc, id, s.key, s.inside, wrapped(s.transported(key), s.line))
	info, behind := encryptedKey, ""
	if s.beside {
		info, behind = fmt.Sprintf(`<RetrievalMethod Type="%sEncryptedKey" URI="#%s"/>`, xenc, id), encryptedKey
	}
	doc := fmt.Sprintf(`<EncryptedAssertion xmlns="%s"><xenc:EncryptedData xmlns:xenc="%s" Type="%s"><xenc:EncryptionMethod Algorithm="%s"/>`, nsAssertion, xenc, s.element, s.named) +
		fmt.Sprintf(`<KeyInfo xmlns="%s">%s</KeyInfo><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>%s</EncryptedAssertion>`,
			nsSignature, info, wrapped(raw, s.line), behind)
	if s.change != nil {
		doc = s.change(doc)
	}
	return doc
}

func (s *sealing) defaults(w World) {
	for _, d := range []struct {
		field *string
		value string
	}{{&s.data, aes256CBC}, {&s.key, oaepMGF1P}, {&s.element, xenc + "Element"}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if s.named == "" {
		s.named = s.data
	}
	if s.to == nil {
		s.to = w.Recipient
	}
	if s.size == 0 {
		s.size = map[string]int{aes128CBC: 16, aes128GCM: 16, tripleDES: 24}[s.data]
		if s.size == 0 {
			s.size = 32
		}
	}
	if s.inside != "" {
		return
	}
	switch {
	case s.sha256:
		s.inside = fmt.Sprintf(`<DigestMethod xmlns="%s" Algorithm="%s"/>`, nsSignature, digest256)
		if s.key == oaep11 {
			s.inside += fmt.Sprintf(`<m:MGF xmlns:m="%s" Algorithm="%smgf1sha256"/>`, xenc11, xenc11)
		}
	case s.key == oaepMGF1P:
		s.inside = fmt.Sprintf(`<DigestMethod xmlns="%s" Algorithm="%ssha1"/>`, nsSignature, nsSignature)
	}
}

// cipher encrypts text and puts the IV or nonce in front.
func (s *sealing) cipher(key, text []byte) []byte {
	switch s.data {
	case aes128GCM, aes256GCM:
		gcm, err := cipher.NewGCM(must(aes.NewCipher(key)))
		if err != nil {
			panic("hostile: " + err.Error())
		}
		nonce := make([]byte, gcm.NonceSize())
		rand.Read(nonce) //nolint:errcheck // never fails
		return gcm.Seal(nonce, nonce, text, nil)
	case tripleDES:
		return s.cbc(must(des.NewTripleDESCipher(key)), text) //nolint:gosec // to be refused
	}
	return s.cbc(must(aes.NewCipher(key)), text)
}

// cbc pads as XML Encryption does: arbitrary bytes, and the count in the last.
func (s *sealing) cbc(block cipher.Block, text []byte) []byte {
	size := block.BlockSize()
	pad := size - len(text)%size
	padded := append(bytes.Clone(text), bytes.Repeat([]byte{0xA5}, pad)...)
	padded[len(padded)-1] = byte(pad)
	if s.pad != nil {
		padded[len(padded)-1] = *s.pad
	}
	out := make([]byte, size+len(padded))
	rand.Read(out[:size]) //nolint:errcheck // never fails
	cipher.NewCBCEncrypter(block, out[:size]).CryptBlocks(out[size:], padded)
	return out
}

// transported encrypts the key for its recipient.
func (s *sealing) transported(key []byte) []byte {
	var raw []byte
	var err error
	options := rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	if s.sha256 {
		options.Hash = crypto.SHA256
	}
	if s.sha256 && s.key == oaep11 {
		options.MGFHash = crypto.SHA256
	}
	if s.key == rsa15 {
		//lint:ignore SA1019 it is one of the things to refuse
		raw, err = rsa.EncryptPKCS1v15(rand.Reader, s.to, key)
	} else {
		raw, err = rsa.EncryptOAEPWithOptions(rand.Reader, s.to, key, &options)
	}
	if err != nil {
		panic("hostile: encrypting a key: " + err.Error())
	}
	if s.wrapKey != nil {
		raw = s.wrapKey(raw)
	}
	return raw
}

func must(block cipher.Block, err error) cipher.Block {
	if err != nil {
		panic("hostile: " + err.Error())
	}
	return block
}

// values replaces the text of a CipherValue: 0 is the key's, 1 the data's.
func values(n int, text string) edit {
	return func(doc string) string {
		parts := strings.Split(doc, "CipherValue>")
		end := strings.IndexByte(parts[2*n+1], '<')
		parts[2*n+1] = text + parts[2*n+1][end:]
		return strings.Join(parts, "CipherValue>")
	}
}

func base64Of(n int) string {
	raw := make([]byte, n)
	rand.Read(raw) //nolint:errcheck // never fails
	return base64.StdEncoding.EncodeToString(raw)
}
