package dsig

import "crypto/rsa"

// encryptedKeys bounds the EncryptedKey elements of one message: each is tried
// with each of our keys, and an RSA private operation is by far the dearest
// thing that a stranger can ask for.
const encryptedKeys = 2

// ErrDecryption is the one answer for everything that can go wrong with a
// ciphertext, a wrapped key or the plaintext.
var ErrDecryption error = &Error{Check: CheckDecryption, Expected: "data encrypted for one of our keys"}

// Decrypt decrypts the EncryptedData inside enc (a saml:EncryptedAssertion) and
// parses what comes out, with the namespaces that are in scope there. The
// EncryptedKey stands in its KeyInfo or beside it. Every failure after the
// choice of algorithms is ErrDecryption, whatever the cause.
//
// The result is not verified: AES-CBC protects nothing from being changed. Where
// the outcome of Verify on it is shown to whoever sent it, it should look like
// ErrDecryption too, or the difference can be used to decrypt piece by piece.
func Decrypt(enc *Element, keys []*rsa.PrivateKey, l Limits) (*Document, error) {
	if enc == nil {
		return nil, refuse(CheckGrammar, "EncryptedData", "nothing")
	}
	c, err := readCiphertext(enc)
	if err != nil {
		if err.Line == 0 {
			err.Line = enc.Line()
		}
		return nil, err
	}
	if len(keys) == 0 {
		return nil, refuse(CheckKey, "a decryption key", "none")
	}
	data, ok := decodeBase64(c.data)
	if !ok {
		return nil, ErrDecryption
	}
	scope := enc.scope()
	for _, w := range c.wrapped {
		for _, k := range keys {
			plain, ok := c.cipher.open(w.unwrap(k), data)
			if !ok {
				continue
			}
			if d, err := parse(plain, l, scope); err == nil {
				return d, nil
			}
		}
	}
	return nil, ErrDecryption
}

// ciphertext is an EncryptedData as it was read: shape and algorithms are as
// they must be, the rest is not known.
type ciphertext struct {
	cipher  dataCipher
	data    string // base64
	wrapped []wrappedKey
}

// readCiphertext reads the one EncryptedData in enc (XML Encryption 1.1, section
// 3) and finds its keys.
func readCiphertext(enc *Element) (ciphertext, *Error) {
	var c ciphertext
	var data *Element
	var beside []*Element
	for e := range enc.Children() {
		switch {
		case e.Is(NamespaceEncryption, "EncryptedData") && data == nil:
			data = e
		case e.Is(NamespaceEncryption, "EncryptedKey"):
			beside = append(beside, e)
		default:
			return c, refuse(CheckGrammar, "one EncryptedData and its keys", e.name.Local)
		}
	}
	if data == nil {
		return c, refuse(CheckGrammar, "EncryptedData", "none")
	}
	if kind, ok := data.Attr("", "Type"); ok && kind != NamespaceEncryption+"Element" {
		return c, refuse(CheckGrammar, "an encrypted element", kind)
	}
	method := data.Child(NamespaceEncryption, "EncryptionMethod")
	if method == nil {
		return c, refuse(CheckGrammar, "EncryptionMethod in EncryptedData", "none")
	}
	uri, err := algorithmOf(method)
	if err != nil {
		return c, err
	}
	if c.cipher, err = cipherBy(uri); err != nil {
		return c, err
	}
	if c.data, err = cipherValue(data); err != nil {
		return c, err
	}
	return c, c.readKeys(data.Child(NamespaceSignature, "KeyInfo"), beside)
}

// readKeys reads the EncryptedKeys in KeyInfo and those beside the EncryptedData.
// A RetrievalMethod may only point at one of the latter.
func (c *ciphertext) readKeys(info *Element, beside []*Element) *Error {
	found := beside
	if info != nil {
		for e := range info.Children() {
			switch {
			case e.Is(NamespaceEncryption, "EncryptedKey"):
				found = append(found, e)
			case e.Is(NamespaceSignature, "RetrievalMethod"):
				if uri, _ := e.Attr("", "URI"); !pointsAtOne(uri, beside) {
					return refuse(CheckReference, "a key beside EncryptedData", uri)
				}
			}
		}
	}
	if len(found) == 0 || len(found) > encryptedKeys {
		return refuse(CheckGrammar, "one or two EncryptedKeys", number(len(found)))
	}
	for _, e := range found {
		w, err := readWrappedKey(e)
		if err != nil {
			return err
		}
		c.wrapped = append(c.wrapped, w)
	}
	return nil
}

func pointsAtOne(uri string, elements []*Element) bool {
	for _, e := range elements {
		if isFragment(e.ID()) && uri == "#"+e.ID() {
			return true
		}
	}
	return false
}

// cipherValue returns the text of CipherData/CipherValue. A CipherReference
// would have us fetch something.
func cipherValue(e *Element) (string, *Error) {
	data := e.Child(NamespaceEncryption, "CipherData")
	if data == nil {
		return "", refuse(CheckGrammar, "CipherData in "+e.name.Local, "none")
	}
	value := data.FirstChild()
	if !value.Is(NamespaceEncryption, "CipherValue") || value.Next() != nil || value.FirstChild() != nil {
		return "", refuse(CheckGrammar, "one CipherValue in CipherData", nameOf(value))
	}
	return value.Text(), nil
}

// scope returns the declarations in scope inside e, outermost first.
func (e *Element) scope() []binding {
	return append(e.around(), e.declarations()...)
}

// around returns the declarations in scope around e.
func (e *Element) around() []binding {
	if e.parent == none {
		return append([]binding(nil), e.doc.outer...)
	}
	return e.doc.nodes[e.parent].scope()
}
