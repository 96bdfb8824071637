package entratest

// The status codes of SAML core section 3.2.2.2.
const (
	statusSuccess   = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusRequester = "urn:oasis:names:tc:SAML:2.0:status:Requester"
	statusResponder = "urn:oasis:names:tc:SAML:2.0:status:Responder"
)

// samlRequest is a sign-in by SAML whose app and Reply URL are good.
type samlRequest struct {
	id           string // "" for one that nobody asked for
	entityID     string
	reply        string
	relay        string
	nameIDFormat string
	context      string // the one authentication context that would do
	issuer       string // ours, for a Status
	style        SAMLStyle
}
