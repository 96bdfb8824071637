package saml

import (
	"crypto"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// LogoutOptions says what a logout message holds.
type LogoutOptions struct {
	// Binding is Redirect when empty.
	Binding Binding
	// NameID and SessionIndex name the session that a request ends.
	NameID       NameID
	SessionIndex string
	// InResponseTo is the request that a response answers, and Failed whether
	// it could not be done.
	InResponseTo string
	Failed       bool
	// RelayState goes with the message. At most [MaxRelayState] bytes.
	RelayState string
	// Signer signs the message with RSA and SHA-256. Nil means unsigned.
	Signer crypto.Signer
	// Now is the time of issue. Zero means the present.
	Now time.Time
}

// NewLogoutRequest makes a request to end the session at the identity provider
// (SAML core 3.7.1).
func NewLogoutRequest(sp ServiceProvider, idp IdentityProvider, o LogoutOptions) (*Message, error) {
	o.Binding = orRedirect(o.Binding)
	to, err := endpoint(o.Binding, idp.SLORedirect, idp.SLOPost)
	if err != nil {
		return nil, err
	}
	if o.NameID.Value == "" {
		return nil, problem.Detailf(problem.SAMLRequestRefused, "A sign-out needs the Name ID of the session.")
	}
	out := outgoing{id: newID(), parameter: "SAMLRequest", to: to, relayState: o.RelayState, signer: signer(sp, o.Signer)}
	d := opened("samlp:LogoutRequest", out.id, to, "", o.Now)
	d.leaf("saml:Issuer", sp.EntityID)
	d.leaf("saml:NameID", o.NameID.Value, "Format", o.NameID.Format, "NameQualifier", o.NameID.NameQualifier, "SPNameQualifier", o.NameID.SPNameQualifier)
	if o.SessionIndex != "" {
		d.leaf("samlp:SessionIndex", o.SessionIndex)
	}
	d.close("samlp:LogoutRequest")
	out.xml = d.String()
	return out.message(o.Binding)
}

// NewLogoutResponse makes the answer to a LogoutRequest (SAML core 3.7.2).
func NewLogoutResponse(sp ServiceProvider, idp IdentityProvider, o LogoutOptions) (*Message, error) {
	o.Binding = orRedirect(o.Binding)
	to, err := endpoint(o.Binding, idp.SLORedirect, idp.SLOPost)
	if err != nil {
		return nil, err
	}
	if idp.SLOResponse != "" {
		to = idp.SLOResponse
	}
	if !isXMLID(o.InResponseTo) {
		return nil, problem.Detailf(problem.SAMLRequestRefused, "An answer needs the request that it answers.")
	}
	out := outgoing{id: newID(), parameter: "SAMLResponse", to: to, relayState: o.RelayState, signer: signer(sp, o.Signer)}
	status := statusPrefix + "Success"
	if o.Failed {
		status = statusPrefix + "Responder"
	}
	d := opened("samlp:LogoutResponse", out.id, to, o.InResponseTo, o.Now)
	d.leaf("saml:Issuer", sp.EntityID)
	d.open("samlp:Status")
	d.leaf("samlp:StatusCode", "", "Value", status)
	d.close("samlp:Status")
	d.close("samlp:LogoutResponse")
	out.xml = d.String()
	return out.message(o.Binding)
}

func opened(name, id, to, inResponseTo string, now time.Time) *document {
	d := new(document)
	d.open(name, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion, "ID", id, "Version", "2.0",
		"IssueInstant", written(now), "Destination", to, "InResponseTo", inResponseTo)
	return d
}
