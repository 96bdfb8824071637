package problem

// Codes of a redirect URI that was pasted, held against the app it is for.
const (
	RedirectEmpty       Code = "LY-REDIR-001"
	RedirectCharacters  Code = "LY-REDIR-002" // quotation marks, spaces, what Entra refuses
	RedirectTooLong     Code = "LY-REDIR-003"
	RedirectSeveral     Code = "LY-REDIR-004"
	RedirectIncomplete  Code = "LY-REDIR-005" // an ID, a scheme or a hash alone
	RedirectMalformed   Code = "LY-REDIR-006" // no ://
	RedirectSchemeCase  Code = "LY-REDIR-007"
	RedirectSlash       Code = "LY-REDIR-008" // a slash at the end
	RedirectQuery       Code = "LY-REDIR-009" // ? or #
	RedirectMSALScheme  Code = "LY-REDIR-010" // msal<client id>://
	RedirectADALScheme  Code = "LY-REDIR-011" // x-msauth-…://
	RedirectOtherSystem Code = "LY-REDIR-012"
	RedirectWeb         Code = "LY-REDIR-013"
	RedirectAuthority   Code = "LY-REDIR-014" // something else than auth after ://
	RedirectAllEncoded  Code = "LY-REDIR-015" // %3A%2F%2F
	RedirectOther       Code = "LY-REDIR-016" // a scheme that has nothing to do with it
	RedirectBundle      Code = "LY-REDIR-020"
	RedirectBundleCase  Code = "LY-REDIR-021"
	RedirectTeamID      Code = "LY-REDIR-022"
	RedirectDot         Code = "LY-REDIR-023" // msauthcom.acme.app://
	RedirectPackage     Code = "LY-REDIR-030"
	RedirectPackageCase Code = "LY-REDIR-031"
	RedirectNoHash      Code = "LY-REDIR-032"
	RedirectNotEncoded  Code = "LY-REDIR-033"
	RedirectTwice       Code = "LY-REDIR-034" // %252F
	RedirectHexCase     Code = "LY-REDIR-035" // %2f
	RedirectSwapped     Code = "LY-REDIR-036"
	RedirectPath        Code = "LY-REDIR-037" // more after the hash
	RedirectLoopback    Code = "LY-REDIR-040" // a desktop's address that is not http://localhost

	// RedirectNotRegistered: the app's own address is not among those that the
	// workspace's administrator entered.
	RedirectNotRegistered Code = "LY-REDIR-050"
)

// Codes of a signature hash, of names and of an intent filter's path.
const (
	HashUnreadable Code = "LY-MOBILE-001"
	HashHex        Code = "LY-MOBILE-002"
	HashSHA256     Code = "LY-MOBILE-003"
	HashMD5        Code = "LY-MOBILE-004"
	HashOfNothing  Code = "LY-MOBILE-005"
	HashOfError    Code = "LY-MOBILE-006" // keytool's error message was hashed
	HashOfText     Code = "LY-MOBILE-007" // the fingerprint's letters were hashed or encoded
	HashDebugKey   Code = "LY-MOBILE-008" // the key that Fyne publishes
	HashUnknown    Code = "LY-MOBILE-009"
	HashCase       Code = "LY-MOBILE-010"
	HashPadding    Code = "LY-MOBILE-011"
	HashPlusLost   Code = "LY-MOBILE-012"
	HashURLSafe    Code = "LY-MOBILE-013"
	HashEncoded    Code = "LY-MOBILE-014"
	HashEmpty      Code = "LY-MOBILE-015"
	PathNoSlash    Code = "LY-MOBILE-016"
	PathWrong      Code = "LY-MOBILE-017"
	PackageName    Code = "LY-MOBILE-020"
	BundleID       Code = "LY-MOBILE-021"
)

// Codes of a pasted MSAL configuration.
const (
	MSALEmpty       Code = "LY-MOBILE-030"
	MSALTooLarge    Code = "LY-MOBILE-031"
	MSALUnreadable  Code = "LY-MOBILE-032"
	MSALOther       Code = "LY-MOBILE-033" // the snippet for iOS, a web page, a manifest
	MSALTwice       Code = "LY-MOBILE-034"
	MSALMissing     Code = "LY-MOBILE-035"
	MSALKind        Code = "LY-MOBILE-036" // a word where a list belongs
	MSALClientID    Code = "LY-MOBILE-037"
	MSALPlaceholder Code = "LY-MOBILE-038"
	MSALOtherClient Code = "LY-MOBILE-039"
	MSALTenant      Code = "LY-MOBILE-040"
	MSALOtherTenant Code = "LY-MOBILE-041"
	MSALAudience    Code = "LY-MOBILE-042" // open to other organisations
	MSALAuthority   Code = "LY-MOBILE-043"
	MSALAuthorities Code = "LY-MOBILE-044" // none, or several without a default
	MSALSecret      Code = "LY-MOBILE-045"
	MSALUserAgent   Code = "LY-MOBILE-046"
	MSALAccountMode Code = "LY-MOBILE-047"
	MSALSwapped     Code = "LY-MOBILE-048" // client and tenant changed places
)

// Codes of reading a built app, a keystore or a certificate.
const (
	AppUnknown       Code = "LY-MOBILE-060"
	AppDamaged       Code = "LY-MOBILE-061"
	AppTooLarge      Code = "LY-MOBILE-062"
	AppNoManifest    Code = "LY-MOBILE-063"
	AppSignature     Code = "LY-MOBILE-064" // what is signed and what is there differ
	KeystoreLocked   Code = "LY-MOBILE-065"
	KeystorePassword Code = "LY-MOBILE-066"
	KeystoreEmpty    Code = "LY-MOBILE-067"
	KeystoreKind     Code = "LY-MOBILE-068"
	AppPrivateKey    Code = "LY-MOBILE-069"
)

const (
	enterURI   = "Copy the redirect URI that is shown here, and register that one in Microsoft Entra."
	enterHash  = "Use the signature hash that is shown here, or read it from the built app with: lanyardd mobile ids <file>."
	copyMSAL   = "In Microsoft Entra open the app registration, then Authentication, then the Android platform, choose View, and copy the whole MSAL Configuration."
	buildAgain = "Build the app again, and check that the file was copied whole."
)

var mobileTexts = map[Code]Text{
	RedirectEmpty:       {400, "No redirect URI was given.", enterURI, Admin},
	RedirectCharacters:  {400, "The redirect URI holds a character that it may not hold.", enterURI, Admin},
	RedirectTooLong:     {400, "The redirect URI is longer than the 256 characters that Microsoft Entra takes.", "Choose a shorter ID for the app.", Admin},
	RedirectSeveral:     {400, "More than one redirect URI was given.", "Enter one at a time.", Admin},
	RedirectIncomplete:  {400, "This is only a part of a redirect URI.", enterURI, Admin},
	RedirectMalformed:   {400, "This is not a redirect URI: it needs a scheme, then :// and what follows.", enterURI, Admin},
	RedirectSchemeCase:  {400, "The scheme msauth is written with capitals, and Microsoft Entra tells capitals from small letters.", enterURI, Admin},
	RedirectSlash:       {400, "There is a slash too many at the end of the redirect URI.", "Take the last slash away, here and in Microsoft Entra.", Admin},
	RedirectQuery:       {400, "The redirect URI goes on with a question mark or a number sign, which it may not.", "Take away everything from that character on.", Admin},
	RedirectMSALScheme:  {400, "This is the redirect URI of an older kind, made from the application's ID.", enterURI, Admin},
	RedirectADALScheme:  {400, "This is the redirect URI of ADAL, which Microsoft has ended.", enterURI, Admin},
	RedirectOtherSystem: {400, "This is the redirect URI of another system.", "Enter it under that system, and here the one that is shown.", Admin},
	RedirectWeb:         {400, "This is the address of a web site, to which an app on a phone cannot be returned.", enterURI, Admin},
	RedirectAuthority:   {400, "After :// the redirect URI must go on with auth in small letters and nothing else.", enterURI, Admin},
	RedirectAllEncoded:  {400, "The whole redirect URI is percent-encoded.", "Copy it from the field itself and not from a browser's address line.", Admin},
	RedirectOther:       {400, "This redirect URI does not begin with msauth.", enterURI, Admin},
	RedirectBundle:      {400, "The redirect URI is that of another bundle ID.", "Check that the platform in Microsoft Entra was made with this app's bundle ID.", Admin},
	RedirectBundleCase:  {400, "The bundle ID in the redirect URI differs in capitals and small letters.", enterURI, Admin},
	RedirectTeamID:      {400, "The bundle ID in the redirect URI has Apple's team ID before it.", "Register the bundle ID alone, without the ten characters of the team.", Admin},
	RedirectDot:         {400, "Between msauth and the bundle ID there must be one full stop.", enterURI, Admin},
	RedirectPackage:     {400, "The redirect URI is that of another package name.", "Check that the platform in Microsoft Entra was made with this app's package name.", Admin},
	RedirectPackageCase: {400, "The package name in the redirect URI differs in capitals and small letters.", enterURI, Admin},
	RedirectNoHash:      {400, "The redirect URI ends without a signature hash.", enterURI, Admin},
	RedirectNotEncoded:  {400, "The signature hash in the redirect URI is not percent-encoded: + is written %2B there, / is %2F and = is %3D.", enterURI, Admin},
	RedirectTwice:       {400, "The signature hash in the redirect URI is percent-encoded twice: %25 stands where % should.", enterURI, Admin},
	RedirectHexCase:     {400, "The signature hash in the redirect URI is encoded with small letters: it must be %2B, %2F and %3D.", enterURI, Admin},
	RedirectSwapped:     {400, "Package name and signature hash have changed places in the redirect URI.", enterURI, Admin},
	RedirectPath:        {400, "The redirect URI goes on after the signature hash.", enterURI, Admin},
	RedirectLoopback:    {400, "An app on a desktop is returned to at http://localhost, without port or path.", "Register http://localhost under Mobile and desktop applications.", Admin},

	RedirectNotRegistered: {403, "This build of the app is not registered for your workspace, so Microsoft could not return you to it.", "In Microsoft Entra open App registrations, the app, Authentication, Add a platform, add the app's redirect URI, and enter it here with: lanyardd mobile set.", Admin},

	HashUnreadable: {400, "This is not a signature hash: one has 28 characters of base64 and ends with =.", enterHash, Admin},
	HashHex:        {400, "This is a fingerprint in hexadecimal digits; Microsoft Entra wants the same bytes as base64.", enterHash, Admin},
	HashSHA256:     {400, "This is a SHA-256 hash; Microsoft Entra wants the SHA-1 hash.", enterHash, Admin},
	HashMD5:        {400, "This is an MD5 hash; Microsoft Entra wants the SHA-1 hash.", enterHash, Admin},
	HashOfNothing:  {400, "This is the hash of nothing at all: the command that should have printed the certificate printed nothing.", "Check the keystore's name, the alias and the password. " + enterHash, Admin},
	HashOfError:    {400, "This is the hash of an error message: the command that should have printed the certificate failed.", "Check the keystore's name, the alias and the password. " + enterHash, Admin},
	HashOfText:     {400, "The letters of the fingerprint were hashed or encoded instead of its bytes.", enterHash, Admin},
	HashDebugKey:   {400, "This is the hash of the debug key that Fyne publishes: anyone can sign an app with it and take its sign-ins.", "Sign the app with a key of your own, and register that key's hash.", Admin},
	HashUnknown:    {400, "The signature hash is of a certificate that this app is not signed with.", "Check which key the installed app was signed with; apps from Google Play are signed with Google's app signing key and not with the upload key.", Admin},
	HashCase:       {400, "The signature hash differs in capitals and small letters.", enterHash, Admin},
	HashPadding:    {400, "The = at the end of the signature hash is missing.", enterHash, Admin},
	HashPlusLost:   {400, "A + of the signature hash has become a space on the way.", enterHash, Admin},
	HashURLSafe:    {400, "The signature hash is written with - or _ where + or / belongs.", enterHash, Admin},
	HashEncoded:    {400, "The signature hash is percent-encoded, which it must not be here.", enterHash, Admin},
	HashEmpty:      {400, "No signature hash was given.", enterHash, Admin},
	PathNoSlash:    {400, "The path in the manifest must be a slash and then the signature hash, even where the hash itself begins with a slash.", "Write android:path as it is shown here.", You},
	PathWrong:      {400, "The path in the manifest is not that of this app's signature hash.", "Write android:path as it is shown here.", You},
	PackageName:    {400, "A package name has two or more parts with full stops between them, each of letters, digits and underscores and beginning with a letter.", "Read it from the built app with: lanyardd mobile ids <file>.", Admin},
	BundleID:       {400, "A bundle ID has letters, digits, hyphens and full stops, and no part of it is empty.", "Read it from the built app with: lanyardd mobile ids <file>.", Admin},

	MSALEmpty:       {400, "No MSAL configuration was given.", copyMSAL, Admin},
	MSALTooLarge:    {413, "This is too large to be an MSAL configuration.", copyMSAL, Admin},
	MSALUnreadable:  {400, "The MSAL configuration could not be read.", copyMSAL, Admin},
	MSALOther:       {400, "This is not the MSAL configuration of an Android app.", copyMSAL, Admin},
	MSALTwice:       {400, "The MSAL configuration gives the same thing twice.", "Take one of them away.", Admin},
	MSALMissing:     {400, "The MSAL configuration lacks something that it needs.", copyMSAL, Admin},
	MSALKind:        {400, "Something in the MSAL configuration has the wrong form.", copyMSAL, Admin},
	MSALClientID:    {400, "The client_id is not an application (client) ID.", "Copy Application (client) ID from the app registration's Overview.", Admin},
	MSALPlaceholder: {400, "The MSAL configuration still has a placeholder in it.", copyMSAL, Admin},
	MSALOtherClient: {400, "The client_id is that of another application than this workspace's.", "Copy the MSAL configuration of the app registration that the workspace was set up with.", Admin},
	MSALTenant:      {400, "The tenant_id is not a directory (tenant) ID.", "Copy Directory (tenant) ID from the app registration's Overview.", Admin},
	MSALOtherTenant: {400, "The authority is that of another tenant than this workspace's.", "Copy the MSAL configuration of the app registration in this workspace's tenant.", Admin},
	MSALAudience:    {400, "The authority is open to people of other organisations.", "Set Supported account types of the app registration to this organisational directory only, and copy the configuration again.", Admin},
	MSALAuthority:   {400, "The authority is not an address of Microsoft's sign-in.", copyMSAL, Admin},
	MSALAuthorities: {400, "The MSAL configuration must name one authority, or mark one of several as the default.", copyMSAL, Admin},
	MSALSecret:      {400, "The MSAL configuration holds a secret, which everyone who has the app could read. It was not kept.", "Delete that secret in Microsoft Entra, and take it out of the configuration.", Admin},
	MSALUserAgent:   {400, "The authorization_user_agent must be DEFAULT or BROWSER: a sign-in page inside the app could be read by the app.", "Set authorization_user_agent to DEFAULT.", Admin},
	MSALAccountMode: {400, "The account_mode must be SINGLE or MULTIPLE.", "Set account_mode to SINGLE.", Admin},
	MSALSwapped:     {400, "The client_id and the tenant's ID have changed places.", copyMSAL, Admin},

	AppUnknown:       {400, "This is not a file that IDs can be read from.", "Give an .apk, .aab, .ipa, .app, a keystore, a certificate or FyneApp.toml.", You},
	AppDamaged:       {400, "The file is damaged.", buildAgain, You},
	AppTooLarge:      {413, "The file is larger inside than an app ever is.", buildAgain, You},
	AppNoManifest:    {400, "The file has nothing in it that says which app it is.", buildAgain, You},
	AppSignature:     {400, "The app is not what was signed.", "Sign the app again, as the last thing that is done to it.", You},
	KeystoreLocked:   {400, "The keystore needs its password.", "Set LANYARD_KEYSTORE_PASSWORD, or enter the password when asked.", You},
	KeystorePassword: {400, "The keystore does not open with this password.", "Check the password; it is the store's and not the key's.", You},
	KeystoreEmpty:    {400, "The keystore holds no certificate.", "Check that it is the keystore the app is signed with.", You},
	KeystoreKind:     {400, "This kind of keystore cannot be read.", "Turn it into PKCS#12 with: keytool -importkeystore -deststoretype pkcs12.", You},
	AppPrivateKey:    {400, "This is a private key, which nobody should be given. It was not kept.", "Give the certificate that belongs to it.", You},
}
