package saml

import (
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Words for what a Name ID looks like, in Entra's names of attributes.
const (
	looksMail      = "user.mail"
	looksUPN       = "user.userprincipalname"
	looksGuestUPN  = "user.userprincipalname of a guest"
	looksObjectID  = "user.objectid"
	looksBoth      = "user.mail or user.userprincipalname"
	looksAddress   = "an address that is neither the mail nor the user name sent"
	looksPairwise  = "an opaque name for this application"
	looksTransient = "a name for one session only"
)

// NameIDLooksLike says which of Entra's attributes the Name ID looks like, by
// comparing it with the claims beside it.
func (a *Assertion) NameIDLooksLike() string {
	id, value := a.Identity, a.NameID.Value
	mail := id.Email != "" && strings.EqualFold(value, id.Email)
	upn := id.UserName != "" && strings.EqualFold(value, id.UserName)
	switch {
	case isGuestName(value):
		return looksGuestUPN
	case mail && upn:
		return looksBoth
	case mail:
		return looksMail
	case upn:
		return looksUPN
	case id.ObjectID != "" && strings.EqualFold(value, id.ObjectID):
		return looksObjectID
	case a.NameID.Format == FormatTransient:
		return looksTransient
	case strings.Contains(value, "@"):
		return looksAddress
	}
	return looksPairwise
}

// attribute is the source in Entra's words.
func (s NameIDSource) attribute() string {
	switch s {
	case NameIDMail:
		return looksMail
	case NameIDUPN:
		return looksUPN
	case NameIDObjectID:
		return looksObjectID
	case NameIDPersistent:
		return looksPairwise
	}
	return ""
}

// Valid reports whether s is one of the sources, or empty.
func (s NameIDSource) Valid() bool { return s == "" || s.attribute() != "" }

// meets reports whether a Name ID that looks like this may come from s.
func (s NameIDSource) meets(looks string) bool {
	switch s {
	case NameIDMail:
		return looks == looksMail || looks == looksBoth
	case NameIDUPN:
		return looks == looksUPN || looks == looksBoth || looks == looksGuestUPN
	}
	return looks == s.attribute()
}

// nameIDSource warns where the Name ID is another attribute than was asked for
// (B7). It refuses nothing: people are recognised by object ID.
func (j *judge) nameIDSource(a *Assertion) {
	if j.NameID == "" || a.NameID.Value == "" {
		j.checks = append(j.checks, Check{Name: CheckNameIDSource, Skipped: true})
		return
	}
	looks := a.NameIDLooksLike()
	j.record(j.NameID.meets(looks), verdict{
		check: CheckNameIDSource, code: problem.SAMLNameIDSource, warning: true, field: fieldNameID,
		expected: j.NameID.attribute(), received: "what looks like " + looks,
	})
}
