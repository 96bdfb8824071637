package saml

import (
	"crypto/sha1" //nolint:gosec // a name in Microsoft's portal, not a proof
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// verified is a response after its signatures: elements of second parses.
type verified struct {
	// env is what stood around. Its values are believed only if env.signed.
	env         envelope
	assertion   *dsig.Element
	signed      Signed
	certificate *x509.Certificate
}

// issuerName is where a signature must stand behind.
var issuerName = dsig.Name{Space: nsAssertion, Local: "Issuer"}

// verified verifies every signature there is, and that there is one on the
// response or on the assertion and none elsewhere.
func (j *judge) verified(doc *dsig.Document, env envelope) (verified, error) {
	v := verified{env: env}
	inner := !env.encrypted && hasSignature(env.held)
	if signatures(env.root) != ones(env.signed, inner) {
		return v, j.refuse(verdict{check: CheckSignature, code: problem.SAMLSignatureForm, expected: "no signature but the response's and the assertion's"})
	}
	keys := j.keys()
	if env.signed {
		octets, cert, err := j.verify(doc, env.root, keys, false)
		if err != nil {
			return v, err
		}
		v.certificate = cert
		if v.env, err = j.reread(octets); err != nil {
			return v, err
		}
	}
	if env.encrypted {
		return j.opened(v, keys)
	}
	v.assertion = v.env.held
	if inner {
		octets, cert, err := j.verify(doc, env.held, keys, false)
		if err != nil {
			return v, err
		}
		v.certificate = cert
		if !env.signed { // otherwise it was in the response's octets already
			if v.assertion, err = j.reparse(octets); err != nil {
				return v, err
			}
		}
	}
	return j.sealed(v, env.signed, inner)
}

// opened decrypts the assertion and verifies the signature inside. Where no
// signature covers the ciphertext, whoever sent it could have changed it, and
// would learn from different answers what is inside: so there is one answer
// for all that can go wrong before a signature was verified.
func (j *judge) opened(v verified, keys []dsig.Key) (verified, error) {
	doc, err := dsig.Decrypt(v.env.held, j.DecryptionKeys, dsig.Limits{Bytes: MaxResponse})
	var d *dsig.Error
	switch {
	case errors.As(err, &d) && d.Check == dsig.CheckAlgorithm:
		return v, j.refuse(verdict{check: CheckDecryption, code: problem.SAMLEncryption, field: fieldEncryption, expected: d.Expected, received: w3cName(d.Received), cause: err})
	case err != nil:
		return v, j.undecrypted(err)
	}
	root := doc.Root()
	inner := hasSignature(root)
	switch {
	case !root.Is(nsAssertion, "Assertion"), assertions(root) != 1, signatures(root) != ones(inner):
		return v, j.undecrypted(errors.New("what is inside is not one assertion with its signature"))
	case !inner && !v.env.signed:
		return v, j.undecrypted(errors.New("the assertion inside is not signed, and nor is the response"))
	}
	v.assertion = root
	if inner {
		octets, cert, err := j.verify(doc, root, keys, !v.env.signed)
		if err != nil {
			return v, err
		}
		v.certificate = cert
		if v.assertion, err = j.reparse(octets); err != nil {
			return v, err
		}
	}
	j.passed(CheckDecryption, "", "")
	return j.sealed(v, v.env.signed, inner)
}

// sealed notes who signed what.
func (j *judge) sealed(v verified, response, assertion bool) (verified, error) {
	switch {
	case response && assertion:
		v.signed = SignedBoth
	case response:
		v.signed = SignedResponse
	case assertion:
		v.signed = SignedAssertion
	default:
		return v, j.refuse(verdict{check: CheckSignature, code: problem.SAMLUnsigned, expected: "a signed assertion or response", field: fieldSigning})
	}
	j.passed(CheckSignature, "", "signed: "+string(v.signed))
	j.certificateDates(v.certificate)
	return v, nil
}

// verify verifies the signature in e and returns the octets it covers. Of what
// was decrypted (blind) it tells no more than that it could not be.
func (j *judge) verify(doc *dsig.Document, e *dsig.Element, keys []dsig.Key, blind bool) ([]byte, *x509.Certificate, error) {
	s, err := dsig.Verify(doc, e, keys, dsig.Policy{After: issuerName, AllowSHA1: j.AllowSHA1})
	switch {
	case err == nil:
		return s.Octets, keys[s.Key].Certificate, nil
	case blind:
		return nil, nil, j.undecrypted(err)
	}
	return nil, nil, j.refuse(unverified(err))
}

// unverified says of a signature why it was refused.
func unverified(err error) verdict {
	v := verdict{check: CheckSignature, code: problem.SAMLSignature, field: fieldSigningKey, expected: "a signature of a certificate set here", cause: err}
	var d *dsig.Error
	if !errors.As(err, &d) {
		return v
	}
	v.unknownKey = unknownKey(err)
	switch d.Check {
	case dsig.CheckAlgorithm:
		v.code, v.field, v.expected, v.received = problem.SAMLAlgorithm, fieldAlgorithm, d.Expected, w3cName(d.Received)
	case dsig.CheckPlace, dsig.CheckGrammar, dsig.CheckReference, dsig.CheckQuery:
		v.code, v.field, v.expected = problem.SAMLSignatureForm, "", d.Expected
	case dsig.CheckDigest:
		v.field, v.expected = "", d.Expected
	case dsig.CheckLimit:
		v.code, v.field, v.expected = problem.SAMLTooLarge, "", d.Expected
	}
	return v
}

// unknownKey reports whether another key than the pinned ones may have signed.
func unknownKey(err error) bool {
	var d *dsig.Error
	return errors.As(err, &d) && (d.Check == dsig.CheckKey || d.Check == dsig.CheckSignature)
}

// w3cName lets the name of an algorithm through, and nothing else a stranger
// may have written in its place.
func w3cName(s string) string {
	if !strings.HasPrefix(s, "http://www.w3.org/") || strings.ContainsAny(s, " <>\"'&") {
		return ""
	}
	return s
}

// undecrypted is the one answer for whatever is wrong with what is encrypted,
// except for the algorithms, which anyone can read. Fetching the metadata again
// is worth it whatever the cause was, for doing so only at times would tell.
func (j *judge) undecrypted(err error) error {
	return j.refuse(verdict{
		check: CheckDecryption, code: problem.SAMLDecryption, field: fieldEncryption,
		expected: "an assertion that is signed, and encrypted for this workspace", unknownKey: true, cause: err,
	})
}

// reread reads the response once more from the octets that were verified.
func (j *judge) reread(octets []byte) (envelope, error) {
	doc, err := dsig.Parse(octets, dsig.Limits{Bytes: MaxResponse})
	if err != nil {
		return envelope{}, j.refuse(unverified(err))
	}
	env, v, ok := openEnvelope(doc.Root())
	if !ok {
		return env, j.refuse(v)
	}
	env.signed = true
	env.hold()
	if env.held == nil {
		return env, j.refuse(verdict{check: CheckOneAssertion, code: problem.SAMLAssertions, expected: "exactly one assertion"})
	}
	return env, nil
}

// reparse reads the assertion once more from the octets that were verified.
func (j *judge) reparse(octets []byte) (*dsig.Element, error) {
	doc, err := dsig.Parse(octets, dsig.Limits{Bytes: MaxResponse})
	if err != nil {
		return nil, j.refuse(unverified(err))
	}
	return doc.Root(), nil
}

func hasSignature(e *dsig.Element) bool {
	return e.Child(dsig.NamespaceSignature, "Signature") != nil
}

// signatures and assertions count elements anywhere under root.
func signatures(root *dsig.Element) int { return count(root, dsig.NamespaceSignature, "Signature") }

func assertions(root *dsig.Element) int {
	return count(root, nsAssertion, "Assertion") + count(root, nsAssertion, "EncryptedAssertion")
}

func ones(conditions ...bool) int {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

// keys returns the pinned certificates, those in date first, so that a key
// which stands in an old and in a renewed certificate counts as the renewed.
func (j *judge) keys() []dsig.Key {
	all := make([]dsig.Key, 0, len(j.IdP.Certificates))
	for _, inDate := range []bool{true, false} {
		for _, c := range j.IdP.Certificates {
			if c != nil && j.inDate(c) == inDate {
				all = append(all, dsig.Key{Certificate: c})
			}
		}
	}
	return all
}

func (j *judge) inDate(c *x509.Certificate) bool {
	return !j.now.After(c.NotAfter) && !j.now.Add(j.skew).Before(c.NotBefore)
}

// certificateDates checks the dates of the certificate whose key signed.
func (j *judge) certificateDates(c *x509.Certificate) {
	v := verdict{check: CheckCertificate, field: fieldSigningKey, received: Thumbprint(c)}
	ok := j.inDate(c)
	switch {
	case j.now.After(c.NotAfter):
		v.code, v.expected = problem.SAMLCertificateExpired, "a certificate in date; this one ended on "+c.NotAfter.UTC().Format(time.DateOnly)
		ok = j.AllowExpiredCertificate
	case !ok:
		v.code, v.expected = problem.SAMLCertificateNotYet, "a certificate in date; this one begins on "+c.NotBefore.UTC().Format(time.DateOnly)
	}
	j.record(ok, v)
}

// Thumbprint returns the SHA-256 of a certificate in capital hex digits.
func Thumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// PortalThumbprint returns the SHA-1 of a certificate in capital hex digits,
// which is what Microsoft's portal shows. It is a name and proves nothing.
func PortalThumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
