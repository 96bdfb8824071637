package problem

// Codes of the app and of signing in.
const (
	Internal  Code = "LY-INT-001"
	Offline   Code = "LY-NET-001" // the server cannot be reached
	BadServer Code = "LY-NET-002" // something answered, but it is not a Lanyard server
	Insecure  Code = "LY-NET-003" // http:// where https:// is required
	TooMany   Code = "LY-NET-004" // rate limited
	NoEntra   Code = "LY-NET-005" // Microsoft cannot be reached

	BadRequest       Code = "LY-REQ-001"
	TooLarge         Code = "LY-REQ-002"
	NotFound         Code = "LY-REQ-003"
	MethodNotAllowed Code = "LY-REQ-004"

	UnknownWorkspace Code = "LY-WS-001"
	WorkspaceNotSet  Code = "LY-WS-002" // exists, but Microsoft sign-in is not set up
	BadWorkspaceID   Code = "LY-WS-003"
	WorkspaceExists  Code = "LY-WS-004"

	SignInCancelled Code = "LY-SIGN-001"
	SignInTimedOut  Code = "LY-SIGN-002"
	NoBrowser       Code = "LY-SIGN-003"
	BadCallback     Code = "LY-SIGN-004" // wrong state, replayed, not ours
	BadIDToken      Code = "LY-SIGN-005" // ID token failed a check of ours
	SignInAgain     Code = "LY-SIGN-006" // silent sign-in needs the person
	EntraRefused    Code = "LY-SIGN-007" // an AADSTS code without an entry of its own
	NotAssigned     Code = "LY-SIGN-008" // AADSTS50105
	AccountDisabled Code = "LY-SIGN-009" // AADSTS50057
	ConsentNeeded   Code = "LY-SIGN-010" // AADSTS65001, AADSTS65004
	RedirectUnknown Code = "LY-SIGN-011" // AADSTS50011
	ScopeDeclined   Code = "LY-SIGN-012"
	WrongAccount    Code = "LY-SIGN-013" // a different person than the one who was to sign in again
	PortBusy        Code = "LY-SIGN-014"
	DeviceExpired   Code = "LY-SIGN-015" // device code ran out
	CodeSpent       Code = "LY-SIGN-016" // unknown, spent, expired, of another app: alike
	ReturnUnknown   Code = "LY-SIGN-017" // an app's return address that is not allowed
	BadAppRequest   Code = "LY-SIGN-018" // an app's request without what OAuth 2.0 asks for
	NoDeviceCode    Code = "LY-SIGN-019" // a code on another device is only there with Microsoft
	SignInRefused   Code = "LY-SIGN-020" // access_denied at the app's return address, without a code of ours

	// Refusals of a Microsoft access token. The person sees one sentence for
	// all of them; the code tells the log which check failed.
	TokenMalformed Code = "LY-TOK-001"
	TokenAlgorithm Code = "LY-TOK-002"
	TokenKey       Code = "LY-TOK-003"
	TokenSignature Code = "LY-TOK-004"
	TokenIssuer    Code = "LY-TOK-005"
	TokenAudience  Code = "LY-TOK-006"
	TokenTenant    Code = "LY-TOK-007"
	TokenClient    Code = "LY-TOK-008" // azp
	TokenScope     Code = "LY-TOK-009"
	TokenExpired   Code = "LY-TOK-010"
	TokenNotYet    Code = "LY-TOK-011"
	TokenVersion   Code = "LY-TOK-012"
	TokenIsIDToken Code = "LY-TOK-013"
	TokenNoObject  Code = "LY-TOK-014" // no oid
	TokenPersonal  Code = "LY-TOK-015" // of a personal Microsoft account
	TokenRefused   Code = "LY-TOK-000" // what the outside is told for all of the above

	SessionGone  Code = "LY-SES-001" // unknown, expired, revoked: alike
	AccessEnded  Code = "LY-SES-002" // suspended or archived
	NotAdmitted  Code = "LY-JIT-OFF" // signed in at Microsoft, but nobody provisioned this person
	NotLinked    Code = "LY-LINK-001"
	SignedOutAll Code = "LY-SES-003" // signed out from another device
	RefreshSpent Code = "LY-SES-004" // a refresh token: unknown, used, expired, of another workspace: alike

	NoKeychain       Code = "LY-KEY-001"
	KeychainLocked   Code = "LY-KEY-002"
	KeychainTimeout  Code = "LY-KEY-003"
	CacheUnreadable  Code = "LY-KEY-004" // set aside, started empty
	KeyFileInvalid   Code = "LY-KEY-005"
	KeyFileOpenToAll Code = "LY-KEY-006"
	DiskWrite        Code = "LY-KEY-007"

	SCIMUnauthorized Code = "LY-SCIM-001"
	SCIMDisabled     Code = "LY-SCIM-002"
	SCIMHeld         Code = "LY-SCIM-003" // too many people would lose access

	// Codes of the server's set-up and commands.
	BadConfig       Code = "LY-CFG-001"
	BadPublicURL    Code = "LY-CFG-002"
	BadDatabaseURL  Code = "LY-CFG-003"
	DatabaseDown    Code = "LY-CFG-004"
	DatabaseNewer   Code = "LY-CFG-005" // schema is of a newer version
	ListenFailed    Code = "LY-CFG-006"
	NoDatabaseFound Code = "LY-CFG-007"
	WrongServerKey  Code = "LY-CFG-008" // not the key that secrets in the database were sealed with
	BadUsage        Code = "LY-CLI-001"
	NoDevRunning    Code = "LY-CLI-002"
	UnknownPerson   Code = "LY-CLI-003"
	UnknownToken    Code = "LY-CLI-004"
	DevEntraRefused Code = "LY-CLI-005"
	NotConformant   Code = "LY-CLI-006"
	NoSCIMAnswer    Code = "LY-CLI-007"
	UnknownClient   Code = "LY-CLI-008"
	UnknownWebhook  Code = "LY-CLI-009"
	WebhookFailed   Code = "LY-CLI-010"
	EventsPruned    Code = "LY-CLI-011" // events that are not kept any more
	NotExplained    Code = "LY-CLI-012" // nothing that doctor knows
)

const (
	tokenSentence = "This server did not accept the sign-in from Microsoft."
	tokenNext     = "Sign in again. If it happens again, copy the details for your IT administrator."
)

// texts are the sentences of everything but SAML, whose are in saml.go.
var texts = map[Code]Text{
	Internal:  {500, "Something went wrong that should not have.", "Try again. If it happens again, copy the details and send them to whoever runs Lanyard for you.", Operator},
	Offline:   {503, "The Lanyard server cannot be reached.", "Check your network connection, then try again.", You},
	BadServer: {502, "What answered at this address is not a Lanyard server.", "Check the server address.", You},
	Insecure:  {400, "This server address is not encrypted.", "Use an address that begins with https://.", You},
	TooMany:   {429, "There have been too many tries from here.", "Wait a minute, then try again.", You},
	NoEntra:   {503, "Microsoft's sign-in service cannot be reached.", "Check your network connection, then try again.", You},

	BadRequest:       {400, "The server did not understand the request.", "Update the app, then try again.", You},
	TooLarge:         {413, "The request is larger than the server takes.", "Send less at a time.", You},
	NotFound:         {404, "There is nothing at this address.", "Check the address.", You},
	MethodNotAllowed: {405, "This address does not take that kind of request.", "Check the API's documentation.", You},

	UnknownWorkspace: {404, "There is no workspace of that name.", "Check the spelling, or ask a colleague for your workspace's name.", You},
	WorkspaceNotSet:  {409, "This workspace is not ready for sign-in with Microsoft yet.", "Ask your IT administrator to finish the set-up.", Admin},
	BadWorkspaceID:   {400, "A workspace's name has 2 to 63 small letters, digits and hyphens, and begins and ends with a letter or digit.", "Choose another name.", You},
	WorkspaceExists:  {409, "There is a workspace of that name already.", "Choose another name.", You},

	SignInCancelled: {400, "The sign-in was cancelled.", "Choose Sign in to try again.", You},
	SignInTimedOut:  {408, "The sign-in was not finished in time.", "Choose Sign in to try again.", You},
	NoBrowser:       {500, "No browser could be opened on this device.", "Sign in with a code instead.", You},
	BadCallback:     {400, "The answer that came back from the browser does not belong to this sign-in.", "Close the browser tab and sign in again.", You},
	BadIDToken:      {400, "What came back from Microsoft failed a security check.", "Sign in again. If it happens again, tell your IT administrator.", Admin},
	SignInAgain:     {401, "Microsoft asks you to sign in again.", "Choose Sign in.", You},
	EntraRefused:    {403, "Microsoft did not let you sign in.", "Copy the details and send them to your IT administrator.", Admin},
	NotAssigned:     {403, "Your organisation has not given you access to this app.", "Ask your IT administrator to assign you to it in Microsoft Entra.", Admin},
	AccountDisabled: {403, "Your organisation has disabled your Microsoft account.", "Ask your IT administrator.", Admin},
	ConsentNeeded:   {403, "This app has not been approved for your organisation yet.", "Ask your IT administrator to approve it in Microsoft Entra.", Admin},
	RedirectUnknown: {400, "The app's return address is not registered in Microsoft Entra.", "Ask your IT administrator to add the redirect URI http://localhost under Mobile and desktop applications.", Admin},
	ScopeDeclined:   {403, "Microsoft did not grant the app the access it needs.", "Ask your IT administrator to grant the app's permissions in Microsoft Entra.", Admin},
	WrongAccount:    {403, "You signed in with a different account than before.", "Sign in with the account shown, or sign out first.", You},
	PortBusy:        {500, "No free port was found to receive the sign-in.", "Close some programs and try again, or sign in with a code.", You},
	DeviceExpired:   {408, "The code has run out.", "Ask for a new one.", You},
	CodeSpent:       {400, "This sign-in cannot be finished any more.", "Choose Sign in to try again.", You},
	ReturnUnknown:   {400, "The app asked to be returned to at an address that is not registered.", "Update the app, or ask whoever runs this server to register its return address with: lanyardd mobile set.", Operator},
	BadAppRequest:   {400, "The app did not ask for the sign-in in the right way.", "Update the app, then try again.", You},
	NoDeviceCode:    {400, "This workspace has no sign-in with a code.", "Sign in with the browser of this device.", You},
	SignInRefused:   {403, "Your organisation's sign-in did not let you in.", "Copy the details and send them to your IT administrator.", Admin},

	TokenRefused:   {401, tokenSentence, tokenNext, Admin},
	TokenMalformed: {401, tokenSentence, tokenNext, Admin},
	TokenAlgorithm: {401, tokenSentence, tokenNext, Admin},
	TokenKey:       {401, tokenSentence, tokenNext, Admin},
	TokenSignature: {401, tokenSentence, tokenNext, Admin},
	TokenIssuer:    {401, tokenSentence, tokenNext, Admin},
	TokenAudience:  {401, tokenSentence, tokenNext, Admin},
	TokenTenant:    {401, tokenSentence, tokenNext, Admin},
	TokenClient:    {401, tokenSentence, tokenNext, Admin},
	TokenScope:     {401, tokenSentence, tokenNext, Admin},
	TokenExpired:   {401, tokenSentence, tokenNext, Admin},
	TokenNotYet:    {401, tokenSentence, tokenNext, Admin},
	TokenVersion:   {401, tokenSentence, tokenNext, Admin},
	TokenIsIDToken: {401, tokenSentence, tokenNext, Admin},
	TokenNoObject:  {401, tokenSentence, tokenNext, Admin},
	TokenPersonal:  {401, tokenSentence, tokenNext, Admin},

	SessionGone:  {401, "You are signed out.", "Sign in again.", You},
	AccessEnded:  {403, "Your access was removed by your organisation.", "If you think this is a mistake, ask your IT administrator.", Admin},
	NotAdmitted:  {403, "You are not a member of this workspace yet.", "Ask your IT administrator to assign you to the app in Microsoft Entra.", Admin},
	NotLinked:    {403, "Your Microsoft account could not be matched to a member of this workspace.", "Ask your IT administrator to map objectId to externalId in the provisioning attribute mappings.", Admin},
	SignedOutAll: {401, "You were signed out from another device.", "Sign in again.", You},
	RefreshSpent: {400, "Your sign-in has ended.", "Sign in again.", You},

	NoKeychain:       {500, "This device has no keychain to keep your sign-in in.", "Choose where to keep it.", You},
	KeychainLocked:   {500, "This device's keychain is locked.", "Unlock it, then try again.", You},
	KeychainTimeout:  {500, "This device's keychain did not answer.", "Look for a window that asks to unlock it, then try again.", You},
	CacheUnreadable:  {500, "The saved sign-in could not be read and was set aside.", "Sign in again.", You},
	KeyFileInvalid:   {400, "The key file does not hold a key.", "Name another file, or a new one to have a key made.", You},
	KeyFileOpenToAll: {400, "The key file can be read by other people on this device.", "Make it readable by you alone (chmod 600), then try again.", You},
	DiskWrite:        {500, "Your sign-in could not be saved on this device.", "Check that the disk is not full and that the folder is yours.", You},

	SCIMUnauthorized: {401, "The SCIM token is not valid.", "Make a new one with: lanyardd scim token create --workspace <workspace>.", Admin},
	SCIMDisabled:     {403, "Provisioning is switched off for this workspace.", "Switch it on, then press Test Connection in Microsoft Entra again.", Admin},
	SCIMHeld:         {429, "Unusually many people were to lose access, so further removals are held. Nothing was changed.", "If that is meant, let them pass with: lanyardd scim release --workspace <workspace>.", Admin},

	BadConfig:       {400, "The configuration could not be read.", "Mend the line that is named and start again.", Operator},
	BadPublicURL:    {400, "The public URL must be https://, or http:// on loopback.", "Set --public-url to the address people use, such as https://sso.example.com.", Operator},
	BadDatabaseURL:  {400, "The database address is not one Lanyard knows.", "Use sqlite:FILE or postgres://USER@HOST/NAME.", Operator},
	DatabaseDown:    {503, "The database cannot be reached.", "Check that it runs and that the address and password are right.", Operator},
	DatabaseNewer:   {500, "The database was made by a newer Lanyard.", "Start the newer version, or restore a backup.", Operator},
	ListenFailed:    {500, "The server cannot listen on that address.", "Choose another with --listen, or end the program that uses it.", Operator},
	NoDatabaseFound: {404, "There is no Lanyard database here.", "Name it with --db or LANYARD_DB, or start one with: lanyardd serve.", Operator},
	WrongServerKey:  {500, "The server's key is missing, or is not the one that its secrets were sealed with.", "Give every server of this database, and the commands, the same key file.", Operator},
	BadUsage:        {400, "The command was not understood.", "See lanyardd --help.", Operator},
	NoDevRunning:    {404, "No lanyardd dev is running here.", "Start one with: lanyardd dev.", You},
	UnknownPerson:   {404, "There is no person of that name.", "See lanyardd user list --workspace <workspace>.", Operator},
	UnknownToken:    {404, "There is no token with that id.", "See lanyardd scim token list --workspace <workspace>.", Operator},
	DevEntraRefused: {409, "The local Entra did not do that.", "See lanyardd dev entra list.", You},
	NotConformant:   {422, "The provider does not do all that Microsoft Entra needs.", "Mend what is listed as failed, then ask again.", Operator},
	NoSCIMAnswer:    {502, "The SCIM provider could not be asked.", "Check the address and that the provider runs.", Operator},
	UnknownClient:   {404, "There is no OAuth client or secret with that id.", "See lanyardd scim client list --workspace <workspace>.", Operator},
	UnknownWebhook:  {404, "There is no webhook with that id.", "See lanyardd webhook list --workspace <workspace>.", Operator},
	WebhookFailed:   {502, "The webhook's address did not accept the event.", "Mend what answers there, then try again.", Operator},
	NotExplained:    {422, "What was pasted is nothing that can be explained.", "Paste an error, an address, a SAMLResponse, a token, metadata or a certificate, whole.", You},
	EventsPruned:    {410, "Those events are not kept any more.", "Begin after 0, which gives the oldest that are kept, and read anew what you keep of people and groups.", Operator},
}
