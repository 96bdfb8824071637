package entratest

import (
	"fmt"
	"slices"
	"time"
)

// SAMLMessage is what a response says, before it is written and signed. What is
// empty or zero is left out.
type SAMLMessage struct {
	ID, AssertionID string
	// IssueInstant is that of both the response and the assertion.
	IssueInstant time.Time
	// Issuer is the response's, AssertionIssuer the assertion's.
	Issuer, AssertionIssuer string
	Destination             string
	// InResponseTo is empty in an unsolicited response.
	InResponseTo string

	NameID, NameIDFormat string
	// Recipient and ConfirmedUntil are of the bearer confirmation.
	Recipient      string
	ConfirmedUntil time.Time
	// NotBefore, NotOnOrAfter and Audiences are the Conditions.
	NotBefore, NotOnOrAfter time.Time
	Audiences               []string

	AuthnInstant, SessionNotOnOrAfter time.Time
	SessionIndex, AuthnContext        string
	Attributes                        []SAMLAttribute
}

// SAMLAttribute is one Attribute of an assertion.
type SAMLAttribute struct {
	Name, FriendlyName, NameFormat string
	Values                         []string
}

// ResponseOptions describe a response that is made without a browser. The
// zero value is an unsolicited one to the first Reply URL.
type ResponseOptions struct {
	// InResponseTo is the ID of the request that it answers.
	InResponseTo string
	// ReplyURL and Identifier default to the app's first.
	ReplyURL, Identifier string
	// NameIDFormat is what a request's NameIDPolicy would ask for.
	NameIDFormat string
	// Change changes the message before it is signed, for one that is signed
	// well and wrong in what it says.
	Change func(*SAMLMessage)
}

// SAMLResponse makes the response that Entra would send for the person now:
// the XML, to be encoded in base64 for the form field SAMLResponse. Neither
// assignment nor anything else about the person is checked.
func (t *Tenant) SAMLResponse(a *App, u *User, o ResponseOptions) ([]byte, error) {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	own := t.state()
	r, p := own.app(a.ClientID), own.person(u.ObjectID)
	if r == nil || r.saml == nil || p == nil {
		return nil, fmt.Errorf("app %s with SAML, user %s: %w", a.ClientID, u.UserPrincipalName, ErrNotFound)
	}
	req := samlRequest{id: o.InResponseTo, reply: o.ReplyURL, entityID: o.Identifier, nameIDFormat: o.NameIDFormat}
	if req.reply == "" && len(r.saml.ReplyURLs) > 0 {
		req.reply = r.saml.ReplyURLs[0]
	}
	if req.entityID == "" && len(r.saml.Identifiers) > 0 {
		req.entityID = r.saml.Identifiers[0]
	}
	in := signedIn{tenant: t.ID, user: p.ObjectID, at: c.clock(), method: p.method()}
	m, f := c.samlMessage(own, r, p, in, req)
	if f != nil {
		return nil, f
	}
	if o.Change != nil {
		o.Change(&m)
	}
	raw, f := r.saml.write(m, c.clock())
	if f != nil {
		return nil, f
	}
	return raw, nil
}

// samlMessage is what the response for a person says; c.mu is held.
func (c *core) samlMessage(t *tenant, r *registration, p *person, in signedIn, req samlRequest) (SAMLMessage, *fault) {
	s, now := r.saml, c.clock()
	issuer := s.issuer(&t.Tenant, r.ClientID)
	id := "_" + newGUID()
	life := 60*time.Minute + time.Duration(randomBytes(1)[0])*2*time.Second // 60 to 70 minutes
	if c.opt.Orderly {
		life = 65 * time.Minute
	}
	m := SAMLMessage{
		ID: "_" + newGUID(), AssertionID: id, IssueInstant: now, Issuer: issuer, AssertionIssuer: issuer,
		Destination: req.reply, InResponseTo: req.id, Recipient: req.reply, ConfirmedUntil: now.Add(5 * time.Minute),
		NotBefore: now, NotOnOrAfter: now.Add(life), Audiences: []string{s.audience(req.entityID)},
		AuthnInstant: in.at, SessionIndex: id, AuthnContext: contexts[in.method],
	}
	var f *fault
	if m.NameID, m.NameIDFormat, f = c.nameID(r, p, req.nameIDFormat); f != nil {
		return m, f
	}
	m.Attributes = c.attributes(t, r, p, in)
	return m, nil
}

// issuer is the entity ID that responses name.
func (s *samlApp) issuer(t *Tenant, clientID string) string {
	switch {
	case s.Style != StyleEntra && s.Issuer != "":
		return s.Issuer
	case s.Style != StyleEntra:
		return "https://" + string(s.Style) + "." + t.Domain + "/idp"
	case s.AppendAppID:
		return t.SAMLIssuer() + clientID + "/"
	}
	return t.SAMLIssuer()
}

// audience is the app's Identifier as responses name it.
func (s *samlApp) audience(entityID string) string {
	switch {
	case s.Audience != "":
		return s.Audience
	case s.Style == StyleEntra && !isURI(entityID):
		return "spn:" + entityID
	}
	return entityID
}

// samlTime is how times are written.
const samlTime = "2006-01-02T15:04:05.000Z"

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(samlTime)
}

// write writes and signs the response.
func (s *samlApp) write(m SAMLMessage, now time.Time) ([]byte, *fault) {
	key := s.signer(now)
	if key == nil {
		return nil, refuse(50003, "The sign-in failed because of a missing signing key or certificate.")
	}
	h := hands[s.Style]
	if s.crypt != nil {
		h.atRoot = false // what is encrypted has to be complete in itself
	}
	signer := xmlSigner{key: key.key, cert: key.cert, sha1: s.SHA1, hand: h}
	root := h.root("Response", "ID", m.ID, "Version", "2.0", "IssueInstant", stampOf(m.IssueInstant),
		"Destination", m.Destination, "InResponseTo", m.InResponseTo)
	if m.Issuer != "" {
		root.add(h.issuer(m.Issuer, !h.atRoot))
	}
	root.add(el(h.p("Status")).add(el(h.p("StatusCode"), "Value", statusSuccess)))
	assertion := h.assertionOf(m)
	if s.Signing != SignResponse {
		signer.sign(assertion, scope{}.with(root), m.AssertionID)
	}
	if s.crypt != nil {
		sealed, err := encrypt(assertion.bytes(), s.crypt, s.Encryption)
		if err != nil {
			return nil, refuse(50007, "The partner encryption certificate was not found for this app. (%v)", err)
		}
		root.add(sealed)
	} else {
		root.add(assertion)
	}
	if s.Signing != SignAssertion {
		signer.hand.inclusive = nil // the prefixes named are the assertion's
		signer.sign(root, scope{}, m.ID)
	}
	return root.bytes(), nil
}

// assertionOf writes the assertion, unsigned.
func (h hand) assertionOf(m SAMLMessage) *node {
	a := h.a
	n := el(a("Assertion"), "ID", m.AssertionID, "IssueInstant", stampOf(m.IssueInstant), "Version", "2.0")
	switch {
	case h.unused:
		n.attrs = append(n.attrs, xmlAttr{"xmlns", nsAssertion})
		fallthrough
	default:
		if !h.atRoot {
			n.attrs = append(n.attrs, xmlAttr{declaration(h.assertion), nsAssertion})
		}
	}
	if slices.Contains(h.inclusive, "xs") {
		n.attrs = append(n.attrs, xmlAttr{"xmlns:xs", nsSchema})
	}
	if m.AssertionIssuer != "" {
		n.add(h.issuer(m.AssertionIssuer, false))
	}
	subject := el(a("Subject"))
	if m.NameID != "" {
		subject.add(textEl(a("NameID"), m.NameID, "Format", m.NameIDFormat))
	}
	subject.add(el(a("SubjectConfirmation"), "Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer").add(
		el(a("SubjectConfirmationData"), "InResponseTo", m.InResponseTo, "NotOnOrAfter", stampOf(m.ConfirmedUntil), "Recipient", m.Recipient)))
	conditions := el(a("Conditions"), "NotBefore", stampOf(m.NotBefore), "NotOnOrAfter", stampOf(m.NotOnOrAfter))
	if len(m.Audiences) > 0 {
		restriction := el(a("AudienceRestriction"))
		for _, audience := range m.Audiences {
			restriction.add(textEl(a("Audience"), audience))
		}
		conditions.add(restriction)
	}
	n.add(subject, conditions)
	if len(m.Attributes) > 0 {
		statement := el(a("AttributeStatement"))
		for _, at := range m.Attributes {
			statement.add(h.attribute(at))
		}
		n.add(statement)
	}
	if m.AuthnInstant.IsZero() {
		return n
	}
	return n.add(el(a("AuthnStatement"), "AuthnInstant", stampOf(m.AuthnInstant), "SessionIndex", m.SessionIndex,
		"SessionNotOnOrAfter", stampOf(m.SessionNotOnOrAfter)).add(
		el(a("AuthnContext")).add(textEl(a("AuthnContextClassRef"), m.AuthnContext))))
}

const nsSchema = "http://www.w3.org/2001/XMLSchema"

func (h hand) attribute(at SAMLAttribute) *node {
	n := el(h.a("Attribute"), "Name", at.Name, "FriendlyName", at.FriendlyName, "NameFormat", at.NameFormat)
	for _, v := range at.Values {
		value := textEl(h.a("AttributeValue"), v)
		if h.typed {
			value.attrs = []xmlAttr{{"xmlns:xs", nsSchema}, {"xmlns:xsi", nsInstance}, {"xsi:type", "xs:string"}}
		}
		n.add(value)
	}
	return n
}
