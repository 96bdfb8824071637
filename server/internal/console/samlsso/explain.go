package samlsso

import (
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// meanings say of each check of a sign-in what it is for. Its name stands in
// front of them.
var meanings = map[string]string{
	saml.CheckSetUp:        "The connection has all that a sign-in is judged by.",
	saml.CheckReadable:     "What Microsoft sent is a SAML response that can be read.",
	saml.CheckEnvelope:     "It is a SAML 2.0 response, sent to this server.",
	saml.CheckStatus:       "Microsoft says that the sign-in succeeded.",
	saml.CheckDecryption:   "An encrypted assertion could be read with this side's key.",
	saml.CheckOneAssertion: "It speaks of exactly one sign-in.",
	saml.CheckSignature:    "It was signed with a certificate that is known here.",
	saml.CheckCertificate:  "That certificate is valid today.",
	saml.CheckIssuer:       "It comes from your identity provider: Microsoft Entra Identifier of part 4.",
	saml.CheckParts:        "Nothing that is required is missing.",
	saml.CheckTenant:       "It comes from your own tenant.",
	saml.CheckAudience:     "It was made for this application: Identifier (Entity ID) of part 1.",
	saml.CheckConfirmation: "Whoever brings it may use it.",
	saml.CheckRecipient:    "It was made for this address: Reply URL of part 1.",
	saml.CheckDestination:  "It was sent to this address: Reply URL of part 1.",
	saml.CheckInResponseTo: "It answers a request that was made here.",
	saml.CheckConditions:   "It sets no condition that is not understood.",
	saml.CheckNotBefore:    "It is not dated in the future.",
	saml.CheckNotOnOrAfter: "It has not expired.",
	saml.CheckAuthn:        "It says when and how the person signed in.",
	saml.CheckNameID:       "It names the person: Unique User Identifier of part 2.",
	saml.CheckObjectID:     "It holds the object ID that people are recognised by, whatever their name or address becomes.",
	saml.CheckEmail:        "It holds an e-mail address.",
	saml.CheckNameIDSource: "The Name ID is made from the attribute that was chosen in part 2.",
	saml.CheckGroups:       "The groups of the person are all there.",
	"person":               "The person is one who may enter this workspace.",
	"warning":              "",
}

// meaning is what a check is for.
func meaning(name string) string {
	if text, ok := meanings[name]; ok {
		return text
	}
	if strings.HasPrefix(name, saml.CheckClaim) {
		return "A claim that this workspace requires is there, with the right value."
	}
	return ""
}
