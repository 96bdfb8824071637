package directory

import (
	"time"

	"github.com/google/uuid"
)

// Method is a way to prove who one is to a workspace.
type Method string

// The methods.
const (
	MethodSAML         Method = "saml"
	MethodMicrosoft    Method = "microsoft"     // the app's access token
	MethodMicrosoftWeb Method = "microsoft-web" // Microsoft 365 in a browser
	MethodLocal        Method = "local"         // a password that this server or its embedder keeps
)

// Methods are all of them, in the order in which people are offered them.
var Methods = []Method{MethodMicrosoft, MethodMicrosoftWeb, MethodSAML, MethodLocal}

// Module is the part of the workspace that a method belongs to. A password
// belongs to none: LocalPolicy switches it.
func (m Method) Module() Module {
	switch m {
	case MethodSAML:
		return ModuleSAML
	case MethodMicrosoft, MethodMicrosoftWeb:
		return ModuleMicrosoft
	}
	return ""
}

// SSO reports whether the organisation vouches for the person.
func (m Method) SSO() bool { return m.Module() != "" }

// Via is how a session began. Those from before methods were kept began with an
// assertion or an access token.
func (s Session) Via() Method {
	switch {
	case s.Method != "":
		return s.Method
	case s.SAML != nil:
		return MethodSAML
	}
	return MethodMicrosoft
}

// OIDCSession is what a web session remembers of a sign-in with Microsoft 365.
// Every field comes from an ID token that was verified.
type OIDCSession struct {
	Issuer   string `json:"issuer,omitempty"`
	Subject  string `json:"subject,omitempty"` // sub: pairwise, only for showing
	ObjectID string `json:"object_id,omitempty"`
	TenantID string `json:"tenant_id,omitempty"`
	Email    string `json:"email,omitempty"`
	// Claims are those that a page of the workspace's own may want.
	Claims map[string][]string `json:"claims,omitempty"`
	// Ends is when the ID token said that it ends; the session may last longer.
	Ends time.Time `json:"ends,omitzero"`
}

// Usable reports whether everything is there that a sign-in by SAML needs.
func (c SAML) Usable() bool {
	return c.IdP.EntityID != "" && (c.IdP.SSORedirect != "" || c.IdP.SSOPost != "") && len(c.Certificates) > 0
}

// Linkable reports whether nobody's object id is joined with a person yet, by a
// provisioner or at a sign-in.
func Linkable(u User) bool { return u.ObjectID == "" && uuid.Validate(u.ExternalID) != nil }
