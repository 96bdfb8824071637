package problem

// Codes of registering a workspace's apps on this server.
const (
	MobileNotSet      Code = "LY-MOBILE-200" // nothing is registered, or not what was named
	MobileChanged     Code = "LY-MOBILE-201" // by somebody else meanwhile
	MobileTooMany     Code = "LY-MOBILE-202"
	MobileLabel       Code = "LY-MOBILE-203"
	MobileUnknownKind Code = "LY-MOBILE-204" // a redirect URI of which nobody can say what system it is for
	MobileOtherApp    Code = "LY-MOBILE-205" // a file of another app than the one named
	MobileNoPackage   Code = "LY-MOBILE-206" // a keystore, and nobody said of which app

	// What is said as a warning; nothing is refused for it.
	MobileUnheld   Code = "LY-MOBILE-210" // nothing to hold a pasted value against
	MobileNoEntra  Code = "LY-MOBILE-211"
	MobileStale    Code = "LY-MOBILE-212"
	MobileNoBroker Code = "LY-MOBILE-213"
	MobileUpload   Code = "LY-MOBILE-214"
	MobileDebugKey Code = "LY-MOBILE-215"
)

var mobileSetupTexts = map[Code]Text{
	MobileNotSet:      {404, "No such app is registered for this workspace.", "See what is registered with: lanyardd mobile show.", Admin},
	MobileChanged:     {409, "Somebody else changed this workspace's apps meanwhile.", "Look at what is there now, and make your change again.", Admin},
	MobileTooMany:     {400, "These are more apps than a workspace can have.", "Remove those that are not in use any more with: lanyardd mobile remove.", Admin},
	MobileLabel:       {400, "This is no label of a signing certificate.", "Say debug, release, upload, play or rotated, or nothing.", Admin},
	MobileUnknownKind: {400, "It cannot be told for which system this redirect URI is.", "An app's begins with msauth:// on Android and with msauth. on iOS and macOS; a desktop's is http://localhost.", Admin},
	MobileOtherApp:    {400, "The file is of another app than the one that was named.", "Choose the file of that app, or leave the package name empty.", Admin},
	MobileNoPackage:   {400, "A keystore or certificate does not say which app is signed with it.", "Enter the package name of the app beside the file.", Admin},

	MobileUnheld:   {400, "The app's ID was taken from what was pasted, as there was nothing to hold it against.", "Check that it is the ID of the app that people have: lanyardd mobile ids <file>.", Admin},
	MobileNoEntra:  {400, "Client and tenant could not be compared, as sign-in with Microsoft is not set up for this workspace.", "Set it up with lanyardd workspace set, and look again with lanyardd mobile show.", Admin},
	MobileStale:    {400, "An MSAL configuration is not of the app registration and tenant that the workspace has now, so apps are not given it.", copyMSAL, Admin},
	MobileNoBroker: {400, "The MSAL configuration says that Microsoft Authenticator may not return to this redirect URI.", "Where people sign in through Microsoft Authenticator or Company Portal, set broker_redirect_uri_registered to true.", Admin},
	MobileUpload:   {400, "An app is registered with its upload key only, which no app that was installed from Google Play is signed with.", "Copy the SHA-1 of the app signing key from Play Console, App integrity, and register that as well.", Admin},
	MobileDebugKey: {400, "An app is registered with the debug key that Fyne publishes: anyone can sign an app with it and take its sign-ins.", "Use it only for trying things out, and remove it with: lanyardd mobile remove.", Admin},
}
