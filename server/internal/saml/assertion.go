package saml

import (
	"crypto/x509"
	"time"
)

// Signed says what the identity provider signed.
type Signed string

// Entra's three signing options.
const (
	SignedAssertion Signed = "assertion"
	SignedResponse  Signed = "response"
	SignedBoth      Signed = "both"
)

// Assertion holds what a verified response says. There is nothing in it that
// was not covered by a signature of a pinned key.
type Assertion struct {
	// ID is unique for the issuer. Remember it until NotOnOrAfter (which has
	// the skew in it already) so that it is used once.
	ID     string
	Issuer string
	// InResponseTo is the ID of the request that this answers. Empty means
	// that nobody asked (IdP-initiated). It must still be bound to the
	// browser that started.
	InResponseTo string
	NameID       NameID
	// SessionIndex names the session at the identity provider, for logout.
	SessionIndex string
	// SessionNotOnOrAfter is when that session ends. Zero means unknown.
	SessionNotOnOrAfter time.Time
	IssueInstant        time.Time
	// AuthnInstant is when the person was authenticated, AuthnContext how.
	AuthnInstant time.Time
	AuthnContext string
	// NotOnOrAfter is when the assertion can no longer be accepted here.
	NotOnOrAfter time.Time
	Attributes   []Attribute
	// Identity is Attributes read by the workspace's claim map.
	Identity Identity
	// Certificate is the pinned certificate whose key signed, Signed what it
	// signed, and Encrypted whether the assertion came encrypted.
	Certificate *x509.Certificate
	Signed      Signed
	Encrypted   bool
	// Warnings are for the administrator.
	Warnings []Warning
	// Report lists every check.
	Report Report
}

// NameID is the subject's name (SAML core 2.2.3).
type NameID struct {
	Value           string
	Format          string // a urn:oasis:names:tc:SAML:… URI, or empty
	NameQualifier   string
	SPNameQualifier string
}

// Attribute is one claim with its values, in the order they came in.
type Attribute struct {
	Name         string
	NameFormat   string
	FriendlyName string
	Values       []string
}

// Value returns the first value of the attribute of exactly this name.
func (a *Assertion) Value(name string) (string, bool) {
	if vs := a.Values(name); len(vs) > 0 {
		return vs[0], true
	}
	return "", false
}

// Values returns all values of the attribute of exactly this name.
func (a *Assertion) Values(name string) []string {
	for i := range a.Attributes {
		if a.Attributes[i].Name == name {
			return a.Attributes[i].Values
		}
	}
	return nil
}

// Identity is who an assertion is about, by claims. Every field may be empty.
type Identity struct {
	// ObjectID and TenantID, in small letters, are Entra's immutable key to a
	// person, and what recognises them: the same as SCIM's externalId and a
	// token's oid and tid. TenantID is the issuer's when no claim says it.
	ObjectID string
	TenantID string
	// Email and UserName may change, and be given to others.
	Email       string
	UserName    string
	DisplayName string
	GivenName   string
	FamilyName  string
	// Groups are object IDs. GroupsUnknown says that there were too many to
	// send, which is not the same as none.
	Groups        []string
	GroupsUnknown bool
	Roles         []string
	// MFA says that more than one factor was used.
	MFA bool
	// Guest says that another organisation vouches for the person, so that
	// Email and UserName are not the tenant's word.
	Guest bool
}
