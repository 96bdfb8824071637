package problem

// Codes of employees' sign-in in a browser: which way in is whose, passwords,
// linking, and sign-in with Microsoft 365.
const (
	UseSSO     Code = "LY-SSO-040"   // a password, of somebody who is to use single sign-on
	NotInPilot Code = "LY-PILOT-010" // single sign-on, of somebody who is not to try it yet

	PasswordRefused   Code = "LY-PW-001" // unknown, wrong, none, several, no access: alike
	PasswordWeak      Code = "LY-PW-002"
	PasswordLink      Code = "LY-PW-003" // a mailed link: unknown, used, expired: alike
	PasswordWait      Code = "LY-PW-004" // too many wrong ones
	PasswordTwice     Code = "LY-PW-005" // the two that were typed differ
	PasswordElsewhere Code = "LY-PW-006" // an embedding program keeps the accounts
	PasswordNobody    Code = "LY-PW-007" // for commands: no such person, or no password
	PasswordNoMail    Code = "LY-PW-008" // the person has no e-mail address
	PasswordNoLinks   Code = "LY-PW-009" // nobody can be mailed a link: there is no mail server

	LinkGone     Code = "LY-LINK-002" // the sign-in that waited for a password: unknown, used, expired
	LinkTaken    Code = "LY-LINK-003" // the account is another Microsoft account's
	LinkPassword Code = "LY-LINK-004" // unknown, wrong, not to be linked: alike

	M365NotSet       Code = "LY-MSWEB-001"
	M365State        Code = "LY-MSWEB-002" // unknown, spent, expired, of another workspace: alike
	M365OtherBrowser Code = "LY-MSWEB-003"
	M365Issuer       Code = "LY-MSWEB-004" // the answer says that another server gave it (RFC 9207)
	M365Answer       Code = "LY-MSWEB-005" // neither a code nor an error, or both
	M365Credential   Code = "LY-MSWEB-006" // Microsoft took neither certificate nor secret
	M365NoKey        Code = "LY-MSWEB-007" // no certificate or secret is set
	M365Code         Code = "LY-MSWEB-008" // the code was refused
	M365Untested     Code = "LY-MSWEB-009"
	M365BadSetting   Code = "LY-MSWEB-010"
	M365NoTest       Code = "LY-MSWEB-011"
	M365Changed      Code = "LY-MSWEB-012"

	// What an ID token can fail: an administrator is told which check it was.
	M365Tenant      Code = "LY-MSWEB-020"
	M365Audience    Code = "LY-MSWEB-021"
	M365Nonce       Code = "LY-MSWEB-022" // missing, or another's; or no ID token at all
	M365IssuerClaim Code = "LY-MSWEB-023"
	M365Personal    Code = "LY-MSWEB-024"
	M365Time        Code = "LY-MSWEB-025"
	M365Token       Code = "LY-MSWEB-026" // any other check
)

var localTexts = map[Code]Text{
	UseSSO:     {403, "You sign in here through your organisation, not with a password.", "Choose Sign in with SSO.", You},
	NotInPilot: {403, "Single sign-on is being tried out with a few people first, and you are not one of them yet.", "Sign in as you did before, or ask your IT administrator.", Admin},

	PasswordRefused:   {401, "This e-mail address and password do not open this workspace.", "Check both and try again. If your organisation has single sign-on, choose Sign in with SSO.", You},
	PasswordWeak:      {422, "This password is too easy to guess.", "Choose a longer one: a few words that do not belong together are good.", You},
	PasswordLink:      {410, "This link was used before, is too old, or was never valid.", "Ask for a new one with Forgot your password.", You},
	PasswordWait:      {429, "There were too many tries with a wrong password.", "Wait a while and try again, or choose Forgot your password.", You},
	PasswordTwice:     {422, "The two passwords that you entered are not the same.", "Enter the new password twice.", You},
	PasswordElsewhere: {409, "Passwords of this workspace are kept by the program that this server is part of.", "Change the password there.", Operator},
	PasswordNobody:    {404, "There is nobody of that name in this workspace, or they have no password.", "See who has one with: lanyardd local list.", Admin},
	PasswordNoMail:    {409, "This person has no e-mail address that a link could be sent to.", "Add one, or have a link printed with: lanyardd local link.", Admin},
	PasswordNoLinks:   {409, "Links to choose a new password cannot be mailed here yet.", "Ask your IT administrator, who can make you one.", Admin},

	LinkGone:     {410, "This sign-in waited too long, or was finished before.", "Sign in again.", You},
	LinkTaken:    {409, "This account is linked to another Microsoft account already.", "Sign in with that one, or ask your IT administrator.", Admin},
	LinkPassword: {401, "This e-mail address and password belong to no account that can be linked here.", "Check both and try again, or ask your IT administrator to add you.", You},

	M365NotSet:       {404, "Sign-in with Microsoft is not set up for this workspace's pages.", "Ask your IT administrator how to sign in.", Admin},
	M365State:        {400, "This answer belongs to no sign-in that was begun here, or comes too late.", "Sign in again.", You},
	M365OtherBrowser: {400, "The sign-in was begun in another browser.", "Sign in again, in one browser from beginning to end.", You},
	M365Issuer:       {400, "The answer comes from another sign-in service than the one that was asked.", "Sign in again. If it happens once more, tell your IT administrator.", Admin},
	M365Answer:       {400, "Microsoft's answer was not whole.", "Sign in again.", You},
	M365Credential:   {502, "Microsoft did not accept this server's certificate or client secret.", "Upload the certificate again, or enter a new client secret, under Certificates & secrets of the app registration.", Admin},
	M365NoKey:        {409, "There is neither a certificate nor a client secret for sign-in with Microsoft.", "Make a certificate and upload it to the app registration, or enter a client secret.", Admin},
	M365Code:         {400, "Microsoft did not accept the code that this sign-in brought.", "Sign in again.", You},
	M365Untested:     {409, "No test sign-in has succeeded with these settings.", "Make a test sign-in first, then switch it on.", Admin},
	M365BadSetting:   {422, "This setting of sign-in with Microsoft can't be used.", "Correct it and save again.", Admin},
	M365NoTest:       {410, "This test link was used before, is too old, or was never valid.", "Make a new one.", Admin},
	M365Tenant:       {403, "You signed in with an account of another organisation.", nextAccount, You},
	M365Audience:     {502, "Microsoft's answer was made for another application.", "Compare the Application (client) ID of the app registration with the one that is set here.", Admin},
	M365Nonce:        {400, "Microsoft's answer does not belong to this sign-in.", "Sign in again. If it happens once more, tell your IT administrator.", Admin},
	M365IssuerClaim:  {502, "Microsoft's answer names another issuer than this organisation's tenant.", "Compare the Directory (tenant) ID with the one that is set here, and the supported account types of the app registration: accounts in this organizational directory only.", Admin},
	M365Personal:     {403, "You signed in with a personal Microsoft account.", "Sign in with your work account.", You},
	M365Time:         {502, "Microsoft's answer is not valid at this time.", "Set the clock of this server, and sign in again.", Operator},
	M365Token:        {502, "Microsoft's answer failed a check.", "Sign in again. If it happens once more, look into the server's log by the correlation id.", Admin},

	M365Changed: {409, "Somebody else changed the set-up of sign-in with Microsoft meanwhile.", "Look at what is there now, and make your change again.", Admin},
}
