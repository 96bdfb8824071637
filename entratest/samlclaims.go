package entratest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
)

// The NameID formats that Entra knows.
const (
	formatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatWindows     = "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName"
	formatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	formatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// The namespaces of claim names.
const (
	claimsWS        = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	claimsIdentity  = "http://schemas.microsoft.com/identity/claims/"
	claimsMicrosoft = "http://schemas.microsoft.com/claims/"
	claimsRole      = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
)

// maxSAMLGroups is how many groups a SAML token carries; with more there is a
// link in their place.
const maxSAMLGroups = 150

// samlSources are the attributes that a claim or the NameID can come from.
var samlSources = map[string]func(*person) string{
	"user.userprincipalname": func(p *person) string { return p.UserPrincipalName },
	"user.mail":              func(p *person) string { return p.Mail },
	"user.objectid":          func(p *person) string { return p.ObjectID },
	"user.displayname":       func(p *person) string { return p.DisplayName },
	"user.givenname":         func(p *person) string { return p.GivenName },
	"user.surname":           func(p *person) string { return p.Surname },
	"user.mailnickname":      func(p *person) string { return p.MailNickname },
	"user.employeeid":        func(p *person) string { return p.EmployeeID },
	"user.department":        func(p *person) string { return p.Department },
	"user.jobtitle":          func(p *person) string { return p.JobTitle },
	"user.telephonenumber":   func(p *person) string { return p.TelephoneNumber },
	"user.preferredlanguage": func(p *person) string { return p.PreferredLanguage },
	"user.localuserprincipalname": func(p *person) string { // a guest's address at home
		if p.Guest && p.Mail != "" {
			return p.Mail
		}
		return p.UserPrincipalName
	},
}

// SAMLSources lists the source attributes of claims.
func SAMLSources() []string { return slices.Sorted(maps.Keys(samlSources)) }

func sourcesOf(claims []SAMLClaim) []string {
	var list []string
	for _, c := range claims {
		if c.Source != "" {
			list = append(list, c.Source)
		}
	}
	return list
}

func (c SAMLClaim) valueFor(p *person) string {
	if c.Source == "" {
		return c.Constant
	}
	return samlSources[c.Source](p)
}

// How people prove who they are.
const (
	byPassword = "password"
	byPasskey  = "passkey"
)

// contexts are the authentication context classes of the methods.
var contexts = map[string]string{
	byPassword: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
	byPasskey:  "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
}

// references are the values of authnmethodsreferences.
var references = map[string][]string{
	byPassword: {"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"},
	byPasskey: {
		"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/x509",
		"http://schemas.microsoft.com/claims/multipleauthn",
	},
}

// method is how this person signs in.
func (p *person) method() string {
	if p.Passwordless {
		return byPasskey
	}
	return byPassword
}

// nameID is the person's name in a response. A format that the request asks
// for goes before what the administrator set; c.mu is held.
func (c *core) nameID(r *registration, p *person, asked string) (value, format string, f *fault) {
	o := r.saml.NameID
	switch asked {
	case formatTransient:
		return "_" + newGUID(), asked, nil
	case formatPersistent, formatUnspecified:
		return c.opaque(r.ClientID, p.ObjectID), asked, nil
	case formatEmail:
		o.Format = asked
	}
	if o.Format == formatPersistent {
		return c.opaque(r.ClientID, p.ObjectID), o.Format, nil
	}
	value = samlSources[o.Source](p)
	if value == "" {
		return "", "", refuse(501241, "Mandatory Input '%s' missing from transformation id 'NameID'. "+
			"The claim that makes the name identifier has no value for this user.", o.Source)
	}
	return value, o.Format, nil
}

// opaque is a pairwise identifier: the same for a person at one app, and
// another one at every other app.
func (c *core) opaque(clientID, objectID string) string {
	mac := hmac.New(sha256.New, c.pairwise)
	mac.Write([]byte("saml " + clientID + " " + objectID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// attributes are the claims about a person, in Entra's order; c.mu is held.
func (c *core) attributes(t *tenant, r *registration, p *person, in signedIn) []SAMLAttribute {
	s := r.saml
	if s.Style != StyleEntra {
		return s.foreignAttributes(t, r, p)
	}
	var list []SAMLAttribute
	put := func(name string, values ...string) {
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) > 0 {
			list = append(list, SAMLAttribute{Name: name, Values: values})
		}
	}
	put(claimsIdentity+"tenantid", t.ID)
	put(claimsIdentity+"objectidentifier", p.ObjectID)
	put(claimsIdentity+"displayname", p.DisplayName)
	groups := t.groupClaim(r, p.ObjectID)
	name := claimsRole + "groups"
	if s.GroupsAsRoles {
		name = claimsRole + "role"
	}
	if len(groups) > maxSAMLGroups {
		put(claimsMicrosoft+"groups.link", t.groupsLink(p))
	} else {
		put(name, groups...)
	}
	home := t.SAMLIssuer()
	if p.Guest {
		home = "https://sts.windows.net/" + c.guestHome(p) + "/"
	}
	put(claimsIdentity+"identityprovider", home)
	put(claimsMicrosoft+"authnmethodsreferences", slices.Clone(references[in.method])...)
	if !s.GroupsAsRoles {
		put(claimsRole+"role", t.roleValues(r, p.ObjectID)...)
	}
	if !s.WithoutDefaultClaims {
		put(claimsWS+"givenname", p.GivenName)
		put(claimsWS+"surname", p.Surname)
		put(claimsWS+"emailaddress", p.Mail)
		put(claimsWS+"name", p.UserPrincipalName)
	}
	for _, claim := range s.Claims {
		list = slices.DeleteFunc(list, func(a SAMLAttribute) bool { return a.Name == claim.FullName() })
		put(claim.FullName(), claim.valueFor(p))
	}
	if s.NameFormats {
		for i := range list {
			list[i].NameFormat = nameFormat(list[i].Name)
		}
	}
	return list
}

// nameFormat is the NameFormat that "Include attribute name format" adds.
func nameFormat(name string) string {
	if isURI(name) {
		return "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	}
	return "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "")
}

// foreignAttributes are the attributes that identity providers of other
// makers send by default.
func (s *samlApp) foreignAttributes(t *tenant, r *registration, p *person) []SAMLAttribute {
	const basic, uri = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	groups, roles := t.groupNames(p.ObjectID), t.roleValues(r, p.ObjectID)
	var list []SAMLAttribute
	switch s.Style {
	case StyleADFS:
		list = []SAMLAttribute{
			{Name: claimsWS + "upn", Values: []string{p.UserPrincipalName}},
			{Name: claimsWS + "emailaddress", Values: []string{p.Mail}},
			{Name: claimsWS + "name", Values: []string{p.DisplayName}},
			{Name: "http://schemas.xmlsoap.org/claims/Group", Values: groups},
		}
	case StyleKeycloak:
		list = []SAMLAttribute{
			{Name: "urn:oid:1.2.840.113549.1.9.1", FriendlyName: "email", NameFormat: uri, Values: []string{p.Mail}},
			{Name: "urn:oid:2.5.4.42", FriendlyName: "givenName", NameFormat: uri, Values: []string{p.GivenName}},
			{Name: "urn:oid:2.5.4.4", FriendlyName: "surname", NameFormat: uri, Values: []string{p.Surname}},
		}
		for _, role := range roles { // one attribute for each, all of one name
			list = append(list, SAMLAttribute{Name: "Role", NameFormat: basic, Values: []string{role}})
		}
	default:
		const unspecified = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
		list = []SAMLAttribute{
			{Name: "email", NameFormat: unspecified, Values: []string{p.Mail}},
			{Name: "firstName", NameFormat: unspecified, Values: []string{p.GivenName}},
			{Name: "lastName", NameFormat: unspecified, Values: []string{p.Surname}},
			{Name: "groups", NameFormat: basic, Values: groups},
		}
	}
	for _, claim := range s.Claims {
		list = append(list, SAMLAttribute{Name: claim.FullName(), Values: []string{claim.valueFor(p)}})
	}
	return slices.DeleteFunc(list, func(a SAMLAttribute) bool {
		return !slices.ContainsFunc(a.Values, func(v string) bool { return v != "" })
	})
}

// groupNames are the names of a person's groups.
func (t *tenant) groupNames(user string) []string {
	var names []string
	for _, id := range t.groupsOf(user) {
		names = append(names, t.group(id).DisplayName)
	}
	return names
}
