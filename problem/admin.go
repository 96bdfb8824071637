package problem

// Codes of administrators: signing in, what they prove it with, and whom they let
// in.
const (
	AdminWrong        Code = "LY-ADMIN-001" // unknown, wrong, used before: alike
	AdminLink         Code = "LY-ADMIN-002" // a link: unknown, used, expired, revoked: alike
	AdminPasskey      Code = "LY-ADMIN-003" // a passkey was not taken
	AdminCode         Code = "LY-ADMIN-004" // a code, while it is being set up
	AdminPassword     Code = "LY-ADMIN-005"
	AdminLastFactor   Code = "LY-ADMIN-006"
	AdminNoFactor     Code = "LY-ADMIN-007" // nothing that could prove it anew
	AdminNoAccount    Code = "LY-ADMIN-008" // a token, a link or a command has no account
	AdminExists       Code = "LY-ADMIN-009"
	AdminUnknown      Code = "LY-ADMIN-010"
	AdminLastOwner    Code = "LY-ADMIN-011"
	AdminTooSmall     Code = "LY-ADMIN-012" // more than whoever gives it has
	AdminAddress      Code = "LY-ADMIN-013"
	AdminNoRecovery   Code = "LY-ADMIN-014" // recovery codes without a password
	AdminNoPasskeys   Code = "LY-ADMIN-015" // the console has no host name
	AdminElsewhere    Code = "LY-ADMIN-016" // an account that is not whoever gives's alone
	AdminMSUnset      Code = "LY-ADMIN-020"
	AdminMSUnlinked   Code = "LY-ADMIN-021"
	AdminMSTaken      Code = "LY-ADMIN-022"
	AdminMSAnswer     Code = "LY-ADMIN-023" // an answer that nobody here waits for
	AdminMSGuest      Code = "LY-ADMIN-024"
	AdminTokenTooLong Code = "LY-ADMIN-030"
	AdminHasOwner     Code = "LY-ADMIN-031"
)

var adminTexts = map[Code]Text{
	AdminWrong:        {401, "This does not sign you in.", "Check the e-mail address, the password and the code. Each code works once. If you lost what you sign in with, ask another owner for a new link.", You},
	AdminLink:         {410, "This link does not work, or does not work any more.", "Ask whoever sent it for a new one.", You},
	AdminPasskey:      {400, "The passkey was not accepted.", "Try again with the passkey of this console, or choose another way to sign in.", You},
	AdminCode:         {422, "The code is not the one that is expected now.", "Enter the six digits that the app shows now. If it keeps failing, check that the clocks of the telephone and of the server are right.", You},
	AdminPassword:     {422, "This password cannot be used.", "Choose another one: a few words that do not belong together are good.", You},
	AdminLastFactor:   {409, "This is the last thing that you can sign in with.", "Add a passkey or an authenticator app first, then remove this one.", You},
	AdminNoFactor:     {409, "There is nothing that you could prove it with here.", "Add a passkey, or a password with an authenticator app, to your account.", You},
	AdminNoAccount:    {403, "Only somebody with an account of their own can do this.", "Sign in to the console yourself.", You},
	AdminExists:       {409, "There is an administrator with this e-mail address already.", "Change their role instead.", You},
	AdminUnknown:      {404, "There is no such administrator.", "See who there is with: lanyardd admin list.", Admin},
	AdminLastOwner:    {409, "This would leave nobody who owns it.", "Make somebody else an owner first, and have them sign in once.", Admin},
	AdminTooSmall:     {403, "You cannot give away more than you have.", "Ask an owner to do it.", Admin},
	AdminAddress:      {422, "This is not an e-mail address.", "Enter one such as ada@acme.example.", You},
	AdminNoRecovery:   {409, "Recovery codes need a password beside them.", "Set a password first: a code alone opens nothing.", You},
	AdminNoPasskeys:   {409, "This console is reached by a number and not by a name, for which browsers make no passkeys.", "Use an authenticator app, or reach the console by a host name.", Operator},
	AdminElsewhere:    {409, "Somebody with this e-mail address administers other workspaces already.", "Ask an owner of the server to give them the role: that the account is theirs has to be known.", Admin},
	AdminMSUnset:      {409, "Sign-in with Microsoft is not set up for administrators.", "Sign in another way. A server owner can set it up under Your account.", Admin},
	AdminMSUnlinked:   {403, "No administrator is linked to this Microsoft account.", "Sign in another way, then link your Microsoft account under Your account.", You},
	AdminMSTaken:      {409, "This Microsoft account is linked to another administrator.", "Sign in at Microsoft with your own account.", You},
	AdminMSAnswer:     {400, "This answer from Microsoft belongs to no sign-in that was begun in this browser, or comes too late.", "Begin again from the sign-in page.", You},
	AdminMSGuest:      {403, "Guests of the organisation cannot administer this server with their Microsoft account.", "Sign in another way.", You},
	AdminTokenTooLong: {422, "A token or link cannot be valid that long.", "Choose a shorter time, and make a new one before it ends.", You},
	AdminHasOwner:     {409, "This server has an owner already.", "An owner can invite others. If every owner lost their way in, use: lanyardd admin recover.", Operator},
}
