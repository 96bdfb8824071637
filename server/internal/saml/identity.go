package saml

import (
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// multipleAuthn is the method that Entra names after a second factor.
const multipleAuthn = "http://schemas.microsoft.com/claims/multipleauthn"

// maxAttributes bounds the claims of one assertion. Each is compared with each.
const maxAttributes = 1000

// common are the names that providers other than Entra give to claims, by the
// field of ClaimMap (X.500 and LDAP attribute profiles, SAML profiles 8.2, and
// what Okta, Keycloak, AD FS and SimpleSAMLphp send by default).
var common = map[string][]string{
	ClaimObjectID:    {"urn:oasis:names:tc:SAML:attribute:subject-id", "urn:oasis:names:tc:SAML:attribute:pairwise-id"},
	ClaimEmail:       {"urn:oid:0.9.2342.19200300.100.1.3", "mail", "email", "emailAddress", "Email"},
	ClaimName:        {ClaimUPN, "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName", "urn:oid:0.9.2342.19200300.100.1.1", "uid", "username"},
	ClaimDisplayName: {"urn:oid:2.16.840.1.113730.3.1.241", "displayName", "cn"},
	ClaimGivenName:   {"urn:oid:2.5.4.42", "givenName", "firstName"},
	ClaimSurname:     {"urn:oid:2.5.4.4", "sn", "surname", "lastName"},
	ClaimGroups:      {"groups", "memberOf", "http://schemas.xmlsoap.org/claims/Group"},
	ClaimRole:        {"Role", "roles"},
}

// attributes reads all attribute statements. The same name twice is one
// attribute with all values.
func (j *judge) attributes(el *dsig.Element) ([]Attribute, error) {
	var out []Attribute
	for s := el.FirstChild(); s != nil; s = s.Next() {
		if !s.Is(nsAssertion, "AttributeStatement") {
			continue
		}
		for e := s.FirstChild(); e != nil; e = e.Next() {
			name := attr(e, "Name")
			if !e.Is(nsAssertion, "Attribute") || name == "" {
				return nil, j.refuse(verdict{check: CheckParts, code: problem.SAMLIncomplete, expected: "attributes with a Name and in the clear"})
			}
			if out = withValues(out, e, name); len(out) > maxAttributes {
				return nil, j.refuse(verdict{check: CheckParts, code: problem.SAMLTooLarge, expected: "at most 1000 attributes"})
			}
		}
	}
	return out, nil
}

// withValues adds the values of one Attribute element.
func withValues(list []Attribute, e *dsig.Element, name string) []Attribute {
	at := -1
	for i := range list {
		if list[i].Name == name {
			at = i
		}
	}
	if at < 0 {
		list = append(list, Attribute{Name: name, NameFormat: attr(e, "NameFormat"), FriendlyName: attr(e, "FriendlyName")})
		at = len(list) - 1
	}
	for v := e.FirstChild(); v != nil; v = v.Next() {
		if text, ok := valueOf(v); ok && v.Is(nsAssertion, "AttributeValue") {
			list[at].Values = append(list[at].Values, text)
		}
	}
	return list
}

// valueOf reads a value that is text, or a NameID alone (as in eduPerson's
// targeted ID). Other structure means nothing to us.
func valueOf(v *dsig.Element) (string, bool) {
	inner := v.FirstChild()
	if inner == nil {
		return v.Text(), true
	}
	if inner.Next() != nil || !inner.Is(nsAssertion, "NameID") || trim(v.Text()) != "" {
		return "", false
	}
	id, ok := readNameID(inner)
	return id.Value, ok
}

// identify reads claims into an Identity and checks those that bind.
func (j *judge) identify(a *Assertion) {
	m := j.Claims
	id := &a.Identity
	id.ObjectID = j.single(a, m.ObjectID, ClaimObjectID)
	if isGUID(id.ObjectID) {
		id.ObjectID = strings.ToLower(id.ObjectID)
	}
	id.TenantID = strings.ToLower(j.single(a, m.TenantID, ClaimTenantID))
	id.Email = trim(first(j.claim(a, m.Email, ClaimEmail)))
	id.UserName = trim(first(j.claim(a, m.UserName, ClaimName)))
	id.DisplayName = first(j.claim(a, m.DisplayName, ClaimDisplayName))
	id.GivenName = first(j.claim(a, m.GivenName, ClaimGivenName))
	id.FamilyName = first(j.claim(a, m.FamilyName, ClaimSurname))
	id.Groups = j.claim(a, m.Groups, ClaimGroups)
	id.Roles = j.claim(a, m.Roles, ClaimRole)
	j.tenant(a)
	j.objectID(a)
	j.email(a)
	j.groups(a)
	for _, want := range j.RequiredClaims {
		j.required(a, want)
	}
	for _, method := range a.Values(ClaimAuthnMethods) {
		id.MFA = id.MFA || method == multipleAuthn
	}
	id.Guest = j.isGuest(a)
	if id.Guest {
		j.warned = append(j.warned, Warning{Code: problem.SAMLGuest, Detail: "The person is a guest in the tenant."})
	}
	j.nameIDSource(a)
}

// claim returns the values of a claim: of the configured name alone, or of
// Entra's, or where the provider is not Entra of those in common use.
func (j *judge) claim(a *Assertion, configured, entra string) []string {
	if configured != "" {
		return a.Values(configured)
	}
	if vs := a.Values(entra); len(vs) > 0 || j.expectedTenant() != "" {
		return vs
	}
	for _, name := range common[entra] {
		if vs := a.Values(name); len(vs) > 0 {
			return vs
		}
	}
	return nil
}

// single returns the only value of a claim that may have one. Two different
// ones would let the order decide who somebody is.
func (j *judge) single(a *Assertion, configured, entra string) string {
	vs := j.claim(a, configured, entra)
	for _, v := range vs {
		if v != vs[0] {
			name := entra
			if configured != "" {
				name = configured
			}
			j.record(false, verdict{check: CheckClaim + " " + Shown(name), code: problem.SAMLClaimAmbiguous, field: fieldClaims, expected: "one value of " + Shown(name)})
			return ""
		}
	}
	return trim(first(vs))
}

func first(vs []string) string {
	if len(vs) == 0 {
		return ""
	}
	return vs[0]
}

// expectedTenant is the tenant whose tokens the issuer makes, or "" where the
// provider is not Entra.
func (j *judge) expectedTenant() string {
	if j.IdP.TenantID != "" {
		return strings.ToLower(j.IdP.TenantID)
	}
	return tenantOf(j.IdP.EntityID)
}

// tenant compares the claim with the issuer's tenant. The issuer binds already;
// where the claim is sent it must agree.
func (j *judge) tenant(a *Assertion) {
	want := j.expectedTenant()
	if want == "" {
		j.checks = append(j.checks, Check{Name: CheckTenant, Skipped: true})
		return
	}
	got := a.Identity.TenantID
	ok := got == want || (got == "" && len(j.claim(a, j.Claims.TenantID, ClaimTenantID)) == 0)
	j.record(ok, verdict{check: CheckTenant, code: problem.SAMLTenant, expected: want, received: got})
	a.Identity.TenantID = want
}

// objectID warns where Entra sends no immutable key. Other providers have the
// issuer and a persistent Name ID in its place.
func (j *judge) objectID(a *Assertion) {
	if j.expectedTenant() == "" && a.Identity.ObjectID == "" {
		j.checks = append(j.checks, Check{Name: CheckObjectID, Skipped: true})
		return
	}
	j.record(a.Identity.ObjectID != "", verdict{
		check: CheckObjectID, code: problem.SAMLNoObjectID, warning: true, field: fieldClaims,
		expected: "the claim " + ClaimObjectID, received: a.Identity.ObjectID,
	})
}

// email refuses or warns where there is no address (B24's "Contact info").
func (j *judge) email(a *Assertion) {
	j.record(a.Identity.Email != "", verdict{
		check: CheckEmail, code: problem.SAMLNoEmail, warning: !j.RequireEmail, field: "the person's Contact information → Email",
		expected: "an email address", received: a.Identity.Email,
	})
}

// groups notes the overage link, which Entra sends in place of more than 150.
func (j *judge) groups(a *Assertion) {
	link := a.Values(ClaimGroupsLink)
	a.Identity.GroupsUnknown = len(link) > 0 && len(a.Identity.Groups) == 0
	j.record(!a.Identity.GroupsUnknown, verdict{
		check: CheckGroups, code: problem.SAMLGroupsUnknown, warning: true, field: fieldGroups, expected: "at most 150 groups",
	})
}

// required checks one claim that binds the assertion to the workspace (B5).
func (j *judge) required(a *Assertion, want RequiredClaim) {
	v := verdict{check: CheckClaim + " " + want.Name, code: problem.SAMLClaimMissing, field: fieldClaims, expected: "a value of " + want.Name}
	if want.Equals != "" {
		v.expected = want.Equals
	}
	values := claimed(a, want)
	if len(values) == 0 || trim(values[0]) == "" {
		j.record(false, v)
		return
	}
	v.received = values[0]
	for _, other := range values {
		if other != values[0] {
			v.code = problem.SAMLClaimAmbiguous
			j.record(false, v)
			return
		}
	}
	got, quoted := values[0], false
	if want.Equals != "" && !same(got, want.Equals, want.FoldCase) {
		got, quoted = unquoted(got)
	}
	v.code = problem.SAMLClaimWrong
	ok := want.Equals == "" || same(got, want.Equals, want.FoldCase)
	if j.record(ok, v) && quoted {
		j.warned = append(j.warned, Warning{Code: problem.SAMLClaimQuoted, Detail: want.Name + " came in quotation marks.", Field: fieldClaims})
	}
}

// claimed returns the values of the claim of this name. Only where no name is
// exactly the same is its namespace left aside.
func claimed(a *Assertion, want RequiredClaim) []string {
	var values []string
	for _, exact := range []bool{true, false} {
		for i := range a.Attributes {
			has, wanted := a.Attributes[i].Name, want.Name
			if !exact {
				has, wanted = local(has), local(wanted)
			}
			if same(has, wanted, want.FoldCase) {
				values = append(values, a.Attributes[i].Values...)
			}
		}
		if len(values) > 0 {
			return values
		}
	}
	return nil
}

// local is a claim's name without its namespace.
func local(name string) string { return name[strings.LastIndexAny(name, "/:#")+1:] }

func same(a, b string, fold bool) bool {
	return a == b || (fold && strings.EqualFold(a, b))
}

// unquoted takes one pair of quotation marks away, which Entra's portal keeps
// when a constant is entered with them.
func unquoted(s string) (string, bool) {
	s = trim(s)
	for _, pair := range [][2]string{{`"`, `"`}, {`'`, `'`}, {"“", "”"}} {
		if rest, ok := strings.CutPrefix(s, pair[0]); ok {
			if inner, ok := strings.CutSuffix(rest, pair[1]); ok {
				return inner, true
			}
		}
	}
	return s, false
}

// isGuest reports whether another organisation vouches for the person.
func (j *judge) isGuest(a *Assertion) bool {
	if isGuestName(a.NameID.Value) || isGuestName(a.Identity.UserName) {
		return true
	}
	tenant := j.expectedTenant()
	idp := first(a.Values(ClaimIDP))
	return tenant != "" && idp != "" && idp != a.Issuer && tenantOf(idp) != tenant
}

// isGuestName recognises the user name that Entra gives to guests.
func isGuestName(s string) bool { return strings.Contains(strings.ToUpper(s), "#EXT#") }
