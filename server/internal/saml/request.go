package saml

import (
	"crypto"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// Message is one of ours on its way to the identity provider.
type Message struct {
	// ID is what its answer's InResponseTo must be.
	ID      string
	Binding Binding
	// URL is where the browser goes: for Redirect with the query, for POST
	// the form's action.
	URL string
	// Fields are the form's hidden fields when Binding is POST.
	Fields []Field
}

// Field is one hidden field of a form.
type Field struct{ Name, Value string }

// RequestOptions says what a sign-in request asks for. The zero value asks for
// what works best with Entra: no NameIDPolicy, no RequestedAuthnContext.
type RequestOptions struct {
	// Binding is Redirect when empty.
	Binding Binding
	// ForceAuthn asks the person to prove themselves again, IsPassive forbids
	// asking anything.
	ForceAuthn bool
	IsPassive  bool
	// NameIDFormat is sent as NameIDPolicy when set. Entra then ignores the
	// administrator's choice of claim.
	NameIDFormat string
	// AuthnContext is sent as RequestedAuthnContext when set. People who
	// signed in without a password then fail with AADSTS75011.
	AuthnContext []string
	// LoginHint and DomainHint save the person typing; Entra takes them as
	// query parameters.
	LoginHint  string
	DomainHint string
	// RelayState comes back with the answer. At most [MaxRelayState] bytes.
	RelayState string
	// Signer signs the request with RSA and SHA-256. Nil means unsigned.
	Signer crypto.Signer
	// Now is the time of issue. Zero means the present.
	Now time.Time
}

// NewAuthnRequest makes a sign-in request (SAML core 3.4.1, profiles 4.1.4.1)
// with an ID that nobody can guess. The answer is asked for by HTTP-POST at
// the ACS, which Entra accepts only if it is a registered Reply URL.
func NewAuthnRequest(sp ServiceProvider, idp IdentityProvider, o RequestOptions) (*Message, error) {
	o.Binding = orRedirect(o.Binding)
	to, err := endpoint(o.Binding, idp.SSORedirect, idp.SSOPost)
	if err != nil {
		return nil, err
	}
	if err := validOptions(sp, o); err != nil {
		return nil, err
	}
	out := outgoing{
		id: newID(), parameter: "SAMLRequest", to: to, relayState: o.RelayState,
		extra: []string{"login_hint", o.LoginHint, "domain_hint", o.DomainHint}, signer: signer(sp, o.Signer),
	}
	var d document
	d.open("samlp:AuthnRequest", "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion, "ID", out.id, "Version", "2.0",
		"IssueInstant", written(o.Now), "Destination", to, "ForceAuthn", flag(o.ForceAuthn), "IsPassive", flag(o.IsPassive),
		"ProtocolBinding", string(POST), "AssertionConsumerServiceURL", sp.ACS)
	d.leaf("saml:Issuer", sp.EntityID)
	if o.NameIDFormat != "" {
		d.leaf("samlp:NameIDPolicy", "", "Format", o.NameIDFormat)
	}
	if len(o.AuthnContext) > 0 {
		d.open("samlp:RequestedAuthnContext", "Comparison", "exact")
		for _, class := range o.AuthnContext {
			d.leaf("saml:AuthnContextClassRef", class)
		}
		d.close("samlp:RequestedAuthnContext")
	}
	d.close("samlp:AuthnRequest")
	out.xml = d.String()
	return out.message(o.Binding)
}

// validOptions refuses settings that no request can be made from.
func validOptions(sp ServiceProvider, o RequestOptions) error {
	if sp.EntityID == "" || sp.ACS == "" {
		return problem.New(problem.SAMLNotSet)
	}
	if o.ForceAuthn && o.IsPassive {
		return problem.Detailf(problem.SAMLRequestRefused, "A person cannot be asked again without being asked.")
	}
	if o.NameIDFormat != "" && !strings.HasPrefix(o.NameIDFormat, "urn:oasis:names:tc:SAML:") {
		return problem.Detailf(problem.SAMLRequestRefused, "The Name ID format must begin with urn:oasis:names:tc:SAML:.")
	}
	return nil
}

func orRedirect(b Binding) Binding {
	if b == "" {
		return Redirect
	}
	return b
}

// endpoint returns where a message of the binding goes.
func endpoint(b Binding, redirect, post string) (string, error) {
	to := redirect
	if b == POST {
		to = post
	}
	if to == "" || (b != POST && b != Redirect) {
		return "", problem.New(problem.SAMLNoEndpoint)
	}
	return to, nil
}

func signer(sp ServiceProvider, key crypto.Signer) dsig.Signer {
	s := dsig.Signer{Key: key, After: issuerName}
	if len(sp.Signing) > 0 {
		s.Certificate = sp.Signing[0]
	}
	return s
}

// flag writes a boolean that is false when it is left out.
func flag(b bool) string {
	if b {
		return "true"
	}
	return ""
}
