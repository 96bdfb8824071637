package problem

// Codes of SAML sign-in. The sentence is for whoever is looking at the page;
// what was expected and what came stands in a refusal's detail.
const (
	SAMLMalformed  Code = "LY-SAML-001" // not base64, not XML, or XML that is refused
	SAMLTooLarge   Code = "LY-SAML-002"
	SAMLWrongKind  Code = "LY-SAML-003" // another message, or not version 2.0
	SAMLIncomplete Code = "LY-SAML-004" // a required part is missing, doubled or out of place

	SAMLUnsigned      Code = "LY-SAML-010"
	SAMLSignature     Code = "LY-SAML-011" // none of the pinned keys made it
	SAMLAlgorithm     Code = "LY-SAML-012" // SHA-1, short keys, unknown algorithms
	SAMLDecryption    Code = "LY-SAML-013"
	SAMLEncryption    Code = "LY-SAML-014" // an encryption algorithm that is refused
	SAMLAssertions    Code = "LY-SAML-016" // none, or more than one
	SAMLSignatureForm Code = "LY-SAML-017" // a signature of another form or in another place

	SAMLNoWorkspace  Code = "LY-SAML-020"
	SAMLIssuer       Code = "LY-SAML-021"
	SAMLAudience     Code = "LY-SAML-022"
	SAMLRecipient    Code = "LY-SAML-023"
	SAMLDestination  Code = "LY-SAML-024"
	SAMLInResponseTo Code = "LY-SAML-025"
	SAMLReplayed     Code = "LY-SAML-026"
	SAMLUnsolicited  Code = "LY-SAML-027"
	SAMLOtherBrowser Code = "LY-SAML-028"
	SAMLTenant       Code = "LY-SAML-029"

	SAMLNoNameID       Code = "LY-SAML-030"
	SAMLClaimMissing   Code = "LY-SAML-031"
	SAMLClaimWrong     Code = "LY-SAML-032"
	SAMLClaimQuoted    Code = "LY-SAML-033" // a warning
	SAMLNoEmail        Code = "LY-SAML-034"
	SAMLNameIDSource   Code = "LY-SAML-035" // a warning
	SAMLGroupsUnknown  Code = "LY-SAML-036" // a warning
	SAMLGuest          Code = "LY-SAML-037" // a warning
	SAMLClaimAmbiguous Code = "LY-SAML-038"
	SAMLNoObjectID     Code = "LY-SAML-039" // a warning

	SAMLNotSet              Code = "LY-SAML-040" // no certificate, issuer or address configured
	SAMLCertificateExpired  Code = "LY-SAML-041"
	SAMLCertificateNotYet   Code = "LY-SAML-042"
	SAMLCertificateExpiring Code = "LY-SAML-043" // a notice

	SAMLExpired        Code = "LY-SAML-050"
	SAMLNotYet         Code = "LY-SAML-051"
	SAMLConfirmation   Code = "LY-SAML-052" // no bearer confirmation
	SAMLCondition      Code = "LY-SAML-053" // a condition that is not understood
	SAMLNoAuthn        Code = "LY-SAML-054" // no AuthnStatement
	SAMLSessionEnded   Code = "LY-SAML-055"
	SAMLAuthnWeak      Code = "LY-SAML-056" // not anew, or not in the way that was demanded
	SAMLIdPFailed      Code = "LY-SAML-060" // a status other than Success
	SAMLLogoutRefused  Code = "LY-SAML-061"
	SAMLRelayState     Code = "LY-SAML-062"
	SAMLNoEndpoint     Code = "LY-SAML-063"
	SAMLEntityID       Code = "LY-SAML-064"
	SAMLRequestRefused Code = "LY-SAML-065" // a setting that no request can be made from

	TestLinkUnknown Code = "LY-TEST-001"
	TestLinkUsed    Code = "LY-TEST-002"
)

// Codes of an identity provider's metadata: fetching it, and reading it.
const (
	MetadataNotURL     Code = "LY-MD-001"
	MetadataNotHTTPS   Code = "LY-MD-002"
	MetadataForbidden  Code = "LY-MD-003" // a private address, or a host that is not allowed
	MetadataDNS        Code = "LY-MD-004"
	MetadataTLS        Code = "LY-MD-005"
	MetadataOffline    Code = "LY-MD-006" // refused, reset, timed out
	MetadataNoAppID    Code = "LY-MD-007" // a warning
	MetadataNotFound   Code = "LY-MD-008" // 404 and 410
	MetadataStatus     Code = "LY-MD-009" // another status than 200
	MetadataTooLarge   Code = "LY-MD-010"
	MetadataHTML       Code = "LY-MD-011"
	MetadataUnreadable Code = "LY-MD-012" // not XML, or XML that is refused
	MetadataOther      Code = "LY-MD-013" // XML, but not metadata
	MetadataNoIdP      Code = "LY-MD-014" // no IDPSSODescriptor of SAML 2.0
	MetadataNoKey      Code = "LY-MD-015"
	MetadataCommon     Code = "LY-MD-016" // {tenant}, common, organizations
	MetadataExpired    Code = "LY-MD-017" // validUntil has passed
	MetadataOldKeys    Code = "LY-MD-018" // every certificate has expired
	MetadataNoSignOn   Code = "LY-MD-019"
	MetadataEndpoint   Code = "LY-MD-020" // an endpoint that is not https
	MetadataSeveral    Code = "LY-MD-021"
	MetadataChanged    Code = "LY-MD-022" // the entity ID is another than before
	MetadataEntityID   Code = "LY-MD-023"
	MetadataRedirect   Code = "LY-MD-024"
	MetadataSomeOld    Code = "LY-MD-025" // a warning: one certificate of several is no good
	MetadataSlash      Code = "LY-MD-026" // a notice: a trailing slash was added
	MetadataNotMember  Code = "LY-MD-027" // the asked-for entity ID is not in the document
	MetadataKeyWeak    Code = "LY-MD-028" // certificates there are, but none that may be used
)

// Codes of a pasted or uploaded signing certificate.
const (
	CertificateUnreadable Code = "LY-CERT-001"
	CertificatePrivateKey Code = "LY-CERT-002"
	CertificateRequest    Code = "LY-CERT-003"
	CertificatePublicKey  Code = "LY-CERT-004"
	CertificateExpired    Code = "LY-CERT-005"
	CertificateNotYet     Code = "LY-CERT-006"
	CertificateWeak       Code = "LY-CERT-007" // RSA below 2048 bits
	CertificateSHA1       Code = "LY-CERT-008" // a warning
	CertificateTooLarge   Code = "LY-CERT-009"
	CertificateKeyKind    Code = "LY-CERT-010"
	CertificateEmpty      Code = "LY-CERT-011"
)

const (
	samlSentence = "The sign-in that came from your organisation could not be accepted."
	samlAgain    = "Sign in again. If it happens again, copy the details for your IT administrator."
	samlCopy     = "Copy the details and send them to your IT administrator."
	mdAppURL     = "In Microsoft Entra open the application, then Single sign-on, and copy the App Federation Metadata Url of step 3."
	mdXML        = "In Microsoft Entra open the application, then Single sign-on, and download the Federation Metadata XML of step 3."
	certBase64   = "In Microsoft Entra open the application, then Single sign-on, download Certificate (Base64) of step 3, and paste everything in that file."
	certRenew    = "In Microsoft Entra open SAML Certificates, make a new certificate, make it active, and paste that one."
)

var samlTexts = map[Code]Text{
	SAMLMalformed:  {400, "What came back from your organisation's sign-in could not be read.", samlAgain, You},
	SAMLTooLarge:   {413, "What came back from your organisation's sign-in is larger than the server takes.", "Send fewer claims: in Microsoft Entra limit the groups claim to groups assigned to the application.", Admin},
	SAMLWrongKind:  {400, "What came back from your organisation's sign-in is not a SAML 2.0 response.", samlAgain, Admin},
	SAMLIncomplete: {400, "What came back from your organisation's sign-in lacks a part that is required, or has it in a wrong place.", samlCopy, Admin},

	SAMLUnsigned:      {403, "The sign-in that came from your organisation is not signed.", "In Microsoft Entra open SAML Certificates and set Signing Option to Sign SAML assertion.", Admin},
	SAMLSignature:     {403, "The sign-in was not signed with a certificate this workspace knows.", "Import the App Federation Metadata Url again, so that the active certificate is known here.", Admin},
	SAMLAlgorithm:     {403, "The sign-in was signed in a way that is no longer safe.", "In Microsoft Entra open SAML Certificates and set Signing Algorithm to SHA-256.", Admin},
	SAMLDecryption:    {403, "The sign-in that came from your organisation could not be decrypted.", "In Microsoft Entra open Token encryption and activate this workspace's current encryption certificate.", Admin},
	SAMLEncryption:    {403, "The sign-in was encrypted in a way that is not safe.", "Set the identity provider's encryption to AES with RSA-OAEP.", Admin},
	SAMLAssertions:    {400, "What came back from your organisation's sign-in does not hold exactly one assertion.", samlCopy, Admin},
	SAMLSignatureForm: {403, "The sign-in carries a signature of a form or in a place that is not accepted.", samlCopy, Admin},

	SAMLNoWorkspace:  {400, "The workspace of this sign-in cannot be determined.", "Start at your workspace's own sign-in address.", You},
	SAMLIssuer:       {403, "The sign-in was issued by another identity provider than this workspace's.", "Compare the Microsoft Entra Identifier in step 4 of Single sign-on with the issuer set here.", Admin},
	SAMLAudience:     {403, "The sign-in was made for another application.", "In Microsoft Entra open Basic SAML Configuration and set Identifier (Entity ID) to the one shown here.", Admin},
	SAMLRecipient:    {403, "The sign-in was made for another address than this workspace's.", "In Microsoft Entra open Basic SAML Configuration and set Reply URL to the one shown here.", Admin},
	SAMLDestination:  {403, "The sign-in was sent to another address than this workspace's.", "In Microsoft Entra open Basic SAML Configuration and set Reply URL to the one shown here.", Admin},
	SAMLInResponseTo: {400, "What came back does not belong to a sign-in that was started here.", "Close the browser tab and sign in again.", You},
	SAMLReplayed:     {403, "This sign-in has been used already.", "Sign in again.", You},
	SAMLUnsolicited:  {403, "This workspace does not accept a sign-in that was started elsewhere.", "Start at your workspace's own sign-in address.", You},
	SAMLOtherBrowser: {403, "This sign-in was started in another browser, or too long ago.", "Sign in again in this browser.", You},
	SAMLTenant:       {403, "The sign-in comes from another Microsoft tenant than this workspace's.", "Sign in with your work account of this organisation.", You},

	SAMLNoNameID:       {403, "The sign-in does not say who signed in.", "In Microsoft Entra open Attributes & Claims and give Unique User Identifier (Name ID) a source that is filled for this person.", Admin},
	SAMLClaimMissing:   {403, "The sign-in lacks a claim that this workspace requires.", "In Microsoft Entra open Attributes & Claims and add the claim that is named.", Admin},
	SAMLClaimWrong:     {403, "The sign-in is for another workspace than this one.", "In Microsoft Entra open Attributes & Claims and set the claim that is named to this workspace's value.", Admin},
	SAMLClaimQuoted:    {403, "A claim's value stands in quotation marks; they were ignored.", "In Microsoft Entra open Attributes & Claims and enter the constant without quotation marks.", Admin},
	SAMLNoEmail:        {403, "The sign-in holds no email address.", "In Microsoft Entra fill the person's Email under Contact information, or send another attribute as the emailaddress claim.", Admin},
	SAMLNameIDSource:   {403, "The Name ID is another attribute than this workspace expects.", "In Microsoft Entra open Attributes & Claims and set the source of Unique User Identifier (Name ID) to the one that is named.", Admin},
	SAMLGroupsUnknown:  {403, "The person is in more than 150 groups, so Microsoft Entra did not send them.", "In Microsoft Entra limit the groups claim to groups assigned to the application.", Admin},
	SAMLGuest:          {403, "The person is a guest from another organisation.", "Check that guests are meant to sign in to this workspace.", Admin},
	SAMLClaimAmbiguous: {403, "A claim that may have one value came with several.", "In Microsoft Entra open Attributes & Claims and send one value for the claim that is named.", Admin},
	SAMLNoObjectID:     {403, "The sign-in holds no object ID to recognise the person by.", "Leave Microsoft Entra's objectidentifier claim on, or map the claim that holds a permanent ID.", Admin},

	SAMLNotSet:              {409, "This workspace is not ready for SAML sign-in yet.", "Finish the set-up: issuer, login address and signing certificate are all needed.", Admin},
	SAMLCertificateExpired:  {403, "The certificate that signed this sign-in has expired.", certRenew, Admin},
	SAMLCertificateNotYet:   {403, "The certificate that signed this sign-in is not valid yet.", "Check the clocks, and the certificate's dates under SAML Certificates in Microsoft Entra.", Admin},
	SAMLCertificateExpiring: {403, "The certificate that signs this workspace's sign-ins expires soon.", "In Microsoft Entra open SAML Certificates and make a new one before that day.", Admin},

	SAMLExpired:        {403, "The sign-in has expired.", "Sign in again. If it happens again, check the server's clock.", You},
	SAMLNotYet:         {403, "The sign-in is dated in the future.", "Sign in again. If it happens again, check the server's clock.", Operator},
	SAMLConfirmation:   {403, "The sign-in does not say that it may be used by whoever brings it.", "Set the identity provider to send a bearer confirmation, as the Web Browser SSO profile asks.", Admin},
	SAMLCondition:      {403, "The sign-in sets a condition that this server does not know.", samlCopy, Admin},
	SAMLNoAuthn:        {403, "The sign-in does not say how the person was authenticated.", samlCopy, Admin},
	SAMLSessionEnded:   {403, "Your organisation's sign-in has ended already.", "Sign in again.", You},
	SAMLAuthnWeak:      {403, "You were not signed in in the way that this workspace demands.", "Sign in again. If it goes on, tell your IT administrator what stands below.", You},
	SAMLIdPFailed:      {403, "Your organisation did not let you sign in.", samlCopy, Admin},
	SAMLLogoutRefused:  {400, "The request to sign out could not be accepted.", "Sign out here instead.", You},
	SAMLRelayState:     {400, "The place to return to is too long.", "Sign in again from the app's first page.", You},
	SAMLNoEndpoint:     {409, "The identity provider offers no address for this.", "Import its metadata again, or enter its login address.", Admin},
	SAMLEntityID:       {400, "An entity ID has 1 to 1024 characters, without spaces around it.", "Enter another Identifier (Entity ID).", Admin},
	SAMLRequestRefused: {409, "The sign-in request could not be made from this workspace's settings.", "Mend the setting that is named.", Admin},

	TestLinkUnknown: {404, "There is no test sign-in at this address, or its time has run out.", "Ask for a new test link.", You},
	TestLinkUsed:    {410, "This test link has been used already.", "Ask for a new test link.", You},

	MetadataNotURL:     {400, "This is not a web address.", mdAppURL, Admin},
	MetadataNotHTTPS:   {400, "The metadata's address must begin with https://.", mdAppURL, Admin},
	MetadataForbidden:  {400, "Metadata may not be fetched from this address.", "Use an address of Microsoft's, or have whoever runs this server allow the host.", Admin},
	MetadataDNS:        {502, "The host in this address does not exist.", "Check the address for a slip of the pen. " + mdAppURL, Admin},
	MetadataTLS:        {502, "The host in this address has no certificate that can be trusted.", "Check the address, and whether a proxy stands between.", Operator},
	MetadataOffline:    {504, "The metadata's address did not answer.", "Check that this server may reach it, then try again.", Operator},
	MetadataNoAppID:    {400, "This metadata is the whole tenant's: its certificates do not sign this application's sign-ins.", mdAppURL, Admin},
	MetadataNotFound:   {404, "There is no metadata at this address: the application may have been deleted.", mdAppURL, Admin},
	MetadataStatus:     {502, "The metadata's address answered with a failure.", "Try again later. If it happens again, copy the address once more.", Admin},
	MetadataTooLarge:   {413, "The metadata is larger than one megabyte.", mdAppURL, Admin},
	MetadataHTML:       {400, "This is a web page and not metadata.", mdAppURL, Admin},
	MetadataUnreadable: {400, "The metadata could not be read.", mdXML, Admin},
	MetadataOther:      {400, "This is XML, but it is not SAML metadata.", mdXML, Admin},
	MetadataNoIdP:      {400, "This metadata does not describe a SAML 2.0 identity provider.", "Use the identity provider's metadata and not the service provider's.", Admin},
	MetadataNoKey:      {400, "The metadata holds no signing certificate.", "In Microsoft Entra open SAML Certificates, make one and make it active, then try again.", Admin},
	MetadataCommon:     {400, "This metadata is for every Microsoft tenant at once, which would let anyone in.", mdAppURL, Admin},
	MetadataExpired:    {400, "The metadata is no longer valid.", mdXML, Admin},
	MetadataOldKeys:    {400, "Every signing certificate in the metadata has expired.", certRenew, Admin},
	MetadataNoSignOn:   {400, "The metadata names no address to sign in at.", mdXML, Admin},
	MetadataEndpoint:   {400, "An address of the identity provider is not encrypted.", "Use addresses that begin with https://.", Admin},
	MetadataSeveral:    {400, "The metadata describes several identity providers.", "Say which by its entity ID.", Admin},
	MetadataChanged:    {409, "The metadata now names another identity provider than before, so nothing was changed.", "If that is meant, agree to the new entity ID.", Admin},
	MetadataEntityID:   {400, "The metadata names no usable entity ID.", mdXML, Admin},
	MetadataRedirect:   {502, "The metadata's address sends on to an address that may not be used.", mdAppURL, Admin},
	MetadataSomeOld:    {400, "One of the signing certificates in the metadata cannot be used.", "Nothing needs to be done while another one is active.", Admin},
	MetadataSlash:      {400, "The issuer was given without its trailing slash, which was added.", "Compare it with Microsoft Entra Identifier in step 4 of Single sign-on.", Admin},
	MetadataNotMember:  {404, "The metadata does not describe an identity provider of this entity ID.", "Check the entity ID.", Admin},
	MetadataKeyWeak:    {400, "No signing certificate in the metadata may be used.", "Make one with an RSA key of at least 2048 bits, or with P-256 or P-384.", Admin},

	CertificateUnreadable: {400, "This is not a certificate.", certBase64, Admin},
	CertificatePrivateKey: {400, "This holds a private key, which nobody should be given. It was not kept.", "Treat that key as known to others: make a new certificate in its place, and paste only the certificate.", Admin},
	CertificateRequest:    {400, "This is a request for a certificate and not a certificate.", certBase64, Admin},
	CertificatePublicKey:  {400, "This is a public key without its certificate.", certBase64, Admin},
	CertificateExpired:    {400, "The certificate has expired.", certRenew, Admin},
	CertificateNotYet:     {400, "The certificate is not valid yet.", "Check its dates, and this server's clock.", Admin},
	CertificateWeak:       {400, "The certificate's key is too short to be safe.", "Make one with an RSA key of at least 2048 bits.", Admin},
	CertificateSHA1:       {400, "The certificate itself is signed with SHA-1, which does no harm here but is out of date.", "Make a new one when it suits you.", Admin},
	CertificateTooLarge:   {413, "This is too large to be a certificate, or holds too many.", certBase64, Admin},
	CertificateKeyKind:    {400, "The certificate has a kind of key that cannot be used.", "Make one with an RSA key of at least 2048 bits, or with P-256 or P-384.", Admin},
	CertificateEmpty:      {400, "No certificate was given.", certBase64, Admin},
}
