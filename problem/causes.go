package problem

import "slices"

// causes are what is most often behind a failed sign-in, the likeliest first
// (row C2): for whoever set it up, not for whoever only signs in.
var causes = map[Code][]string{
	SAMLUnsigned: {
		"Signing Option under SAML Certificates is neither Sign SAML assertion nor Sign SAML response.",
		"Something between Microsoft and this server alters the response.",
	},
	SAMLSignature: {
		"The metadata that was imported is the whole tenant's: the App Federation Metadata Url ends in ?appid= and the application's ID.",
		"Another certificate was made active in Entra, and the metadata has not been read since, or the certificate was entered by hand.",
		"The sign-in comes from another enterprise application of the same tenant.",
	},
	SAMLIssuer: {
		"Microsoft Entra Identifier was entered by hand with a mistake, or without its last slash.",
		"Append application ID to issuer is on under Attributes & Claims → Advanced settings.",
		"The sign-in comes from another tenant.",
	},
	SAMLAudience: {
		"Identifier (Entity ID) in Basic SAML Configuration is not the one shown in part 1, letter for letter.",
		"Override audience claim is on under Attributes & Claims → Advanced settings.",
	},
	SAMLRecipient:   {"Reply URL in Basic SAML Configuration is another address than the one shown in part 1.", "There are several Reply URLs, and the default one is another workspace's."},
	SAMLDestination: {"Reply URL in Basic SAML Configuration is another address than the one shown in part 1."},
	SAMLTenant:      {"Somebody signed in with the account of another organisation.", "The metadata is of another tenant than the application."},
	SAMLClaimMissing: {
		"The claim was not added under Attributes & Claims → Add new claim, or not saved.",
		"Its name has another spelling: CoNm is written with a capital C and N.",
	},
	SAMLClaimWrong: {"The constant in Source attribute is not this workspace's ID.", "Another workspace's application was used for the test."},
	SAMLNoNameID:   {"Unique User Identifier (Name ID) is made from an attribute that this person does not have, such as user.mail without a mailbox."},
	SAMLNoEmail:    {"Email is empty under the person's Contact information.", "The emailaddress claim was removed under Attributes & Claims."},
	SAMLNoObjectID: {"The objectidentifier claim was removed, or the identity provider is not Entra and none is mapped in its place."},
	SAMLIdPFailed: {
		"You did not add yourself under Users and groups of the application (AADSTS50105).",
		"A Conditional Access policy stopped the sign-in: look at the sign-in log of the application.",
		"Enabled for users to sign in? is No under Properties.",
	},
	SAMLExpired:            {"This server's clock is wrong.", "The page was left open for a long time before it was sent."},
	SAMLNotYet:             {"This server's clock is slow."},
	SAMLCertificateExpired: {"The certificate in SAML Certificates has run out, and no newer one is active."},
	SAMLDecryption:         {"Token encryption in Entra uses an older certificate of this side than the two that are kept.", "The server's key is another than when the certificate was made."},
	SAMLOtherBrowser:       {"The link was opened in one window and the sign-in finished in another.", "Cookies are blocked in the private window."},
	NotAdmitted: {
		"The person was not provisioned, and people are not created at their first sign-in.",
		"Provisioning has not run since they were assigned: it takes up to 40 minutes.",
	},
	NotLinked:   {"The person is known here, but nothing proves that it is the same one: their e-mail address is of no verified domain of the workspace."},
	AccessEnded: {"The person was suspended or archived here, or unassigned in Entra."},
}

// Causes returns what is most often behind a failure of this code, the likeliest
// first; none where nothing is known.
func Causes(code Code) []string { return slices.Clone(causes[code]) }
