package dsig

import (
	"fmt"
	"strings"
)

// Check names the check that refused a document. The words are stable: they may
// be shown, logged and compared.
type Check string

// The checks, in the order in which they are made.
const (
	// CheckLimit: the document is larger, deeper or fuller than Limits allow.
	CheckLimit Check = "limit"
	// CheckXML: it is not well-formed XML 1.0 with namespaces, in UTF-8.
	CheckXML Check = "xml"
	// CheckForbidden: it is XML, but of a kind that a signed message has no
	// business with: a DTD, a processing instruction, a relative namespace,
	// another encoding, a name that is not ASCII.
	CheckForbidden Check = "forbidden"
	// CheckID: two elements have one ID, or one element has two.
	CheckID Check = "id"
	// CheckPlace: there is no Signature, or not where it must stand.
	CheckPlace Check = "place"
	// CheckGrammar: Signature, EncryptedData or EncryptedKey has another shape
	// than the one that is accepted.
	CheckGrammar Check = "grammar"
	// CheckAlgorithm: an algorithm is not on the list.
	CheckAlgorithm Check = "algorithm"
	// CheckReference: the signature is over something else than the element it
	// stands in.
	CheckReference Check = "reference"
	// CheckKey: there is no pinned key that the algorithm could be used with, or
	// only weak ones.
	CheckKey Check = "key"
	// CheckSignature: no pinned key made this signature.
	CheckSignature Check = "signature"
	// CheckDigest: the signature is genuine, but the element was changed after
	// it was signed.
	CheckDigest Check = "digest"
	// CheckDecryption: it could not be decrypted, or what came out is not XML.
	// There is one such error for every cause.
	CheckDecryption Check = "decryption"
	// CheckQuery: the query of a redirect is not what the binding prescribes.
	CheckQuery Check = "query"
)

// Error is a refusal. Received may hold what a stranger sent, cut to 100 bytes
// with everything but printable ASCII replaced: fit for a log or a page that
// escapes, never for HTML as it is.
type Error struct {
	Check    Check
	Expected string
	Received string
	// Line is where in the document, counted from 1, or 0 where no line says it.
	Line int
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: expected %s", e.Check, e.Expected)
	if e.Received != "" {
		fmt.Fprintf(&b, ", received %s", e.Received)
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, " (line %d)", e.Line)
	}
	return b.String()
}

// refuse makes an Error about a whole document.
func refuse(c Check, expected, received string) *Error {
	return &Error{Check: c, Expected: expected, Received: shown(received)}
}

// shown makes a stranger's text fit to be shown.
func shown(s string) string {
	const most = 100
	cut := len(s) > most
	if cut {
		s = s[:most]
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	if cut {
		s += "…"
	}
	return s
}
