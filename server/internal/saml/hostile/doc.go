// Package hostile makes SAML documents that must be refused, and ones that must
// be accepted, for tests.
//
// It writes documents as text, canonicalises what is to be signed with goxmldsig
// and etree, and signs and encrypts with the standard library. It shares no
// parser, canonicaliser, signer or cipher with the core, which could otherwise
// agree with its own mistakes.
//
// A [World] is the two sides a document is made for. [Hostile] lists the
// documents that must be refused, each with the check that has to find it where
// only one can; [Benign] lists those that real identity providers send;
// [Truncations] lists those whose signature holds and whose text a careless
// reader would cut short. What refuses them, and how fast, is the tests' to say.
package hostile

// Check names what has to refuse a document, in this package's own words. The
// zero value says that several may.
type Check string

// What may refuse a document.
const (
	Parse      Check = "parse"      // not XML as we accept it, or too much of it
	Grammar    Check = "grammar"    // a signature of a shape or algorithm that is not allowed
	Unsigned   Check = "unsigned"   // nothing that counts is signed
	Signature  Check = "signature"  // digest or signature do not hold under a pinned key
	Structure  Check = "structure"  // not one Response with exactly one assertion, or a required part is missing
	Decryption Check = "decryption" // the assertion cannot be decrypted
	Status     Check = "status"     // the identity provider says it failed
	Issuer     Check = "issuer"
	Tenant     Check = "tenant"
	Audience   Check = "audience"
	Recipient  Check = "recipient" // Recipient or Destination
	Time       Check = "time"
	Subject    Check = "subject" // the subject, its name or its confirmation
	Request    Check = "request" // InResponseTo
	Claim      Check = "claim"   // a required claim
)

// Setup is what the service provider must be set up with for a case, beside what
// its World says.
type Setup struct {
	// EntityID replaces the World's when it is not empty.
	EntityID string
	// RequiredClaims are names with the value they must have.
	RequiredClaims map[string]string
	// Unsolicited says that nobody asked: the document answers no request.
	Unsolicited bool
}

// Case is one document.
type Case struct {
	// Name finishes the sentence "a document with …" and is unique.
	Name string
	// Class groups what an attacker, or an identity provider, does.
	Class string
	// Check must refuse the document. Empty means that more than one may.
	Check Check
	// Setup is what the service provider needs for it.
	Setup Setup
	// Make makes the document for w: XML, or with Encoded the form field's value.
	Make func(w World) []byte
	// Encoded says that Make returns the value of the form field SAMLResponse.
	Encoded bool
}

// Hostile returns every document that must be refused.
func Hostile() []Case {
	return join(wrapping(), stripping(), references(), transforms(), algorithms(), keys(), tampering(),
		documentTypes(), wellFormedness(), namespaces(), identifiers(), characters(), formField(),
		volume(), counting(), encryption(), plaintexts(), responses(), subjects(), conditions(), statements(), claims())
}

// Benign returns every document that must be accepted.
func Benign() []Case {
	return join(signingOptions(), ciphers(), spellings(), people(), products())
}

func join(lists ...[]Case) []Case {
	var all []Case
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
