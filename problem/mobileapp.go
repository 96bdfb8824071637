package problem

// Codes of the commands about built apps.
const (
	BadAppDetails Code = "LY-MOBILE-070" // FyneApp.toml's Name, Version or Build
	AppUnopened   Code = "LY-MOBILE-071"
	AppsUnread    Code = "LY-MOBILE-072" // some of several files
	ManifestTheir Code = "LY-MOBILE-073" // a manifest that somebody wrote
)

// Codes of a built app that Lanyard cannot, or should not, sign people in to.
const (
	AppUnsigned      Code = "LY-MOBILE-080"
	AppDebugKey      Code = "LY-MOBILE-081"
	AppDebuggable    Code = "LY-MOBILE-082"
	AppExpired       Code = "LY-MOBILE-083" // a certificate's dates
	AppPlaySigning   Code = "LY-MOBILE-084" // an .aab shows the upload key alone
	FilterMissing    Code = "LY-MOBILE-090"
	FilterHost       Code = "LY-MOBILE-091"
	FilterAction     Code = "LY-MOBILE-092" // or its categories
	FilterScheme     Code = "LY-MOBILE-093"
	ActivityHidden   Code = "LY-MOBILE-094" // not exported
	ActivityClass    Code = "LY-MOBILE-095"
	ActivityOrder    Code = "LY-MOBILE-096"
	ActivityMode     Code = "LY-MOBILE-097" // launchMode
	ActivityFunction Code = "LY-MOBILE-098"
	ActivityLibrary  Code = "LY-MOBILE-099"
	AppleScheme      Code = "LY-MOBILE-100" // msauth.<another bundle>
	VerifyOtherID    Code = "LY-MOBILE-110" // package name or bundle ID
	VerifyNotStored  Code = "LY-MOBILE-112" // not told to the workspace
	VerifyOldKey     Code = "LY-MOBILE-113" // a redirect URI of a key that is used no longer
	VerifyMSALApple  Code = "LY-MOBILE-114" // an MSAL configuration beside an app for Apple's systems
	VerifyDiffers    Code = "LY-MOBILE-119"
)

const writeManifest = "Write the manifest again with: lanyardd mobile manifest."

var mobileAppTexts = map[Code]Text{
	BadAppDetails: {400, "What the app's manifest is made from is not right.", "Correct it in FyneApp.toml or on the command line.", You},
	AppUnopened:   {400, "The file could not be opened.", "Check its name, and that you may read it.", You},
	AppsUnread:    {422, "Not every file could be read.", "See above what is wrong with each.", You},
	ManifestTheir: {409, "There is a manifest that was not written by this command.", "Move it away, or replace it with --force.", You},

	AppUnsigned:      {422, "The app is not signed.", "Sign it with your own key, and check the signed one.", You},
	AppDebugKey:      {422, "The app is signed with a debug key.", "Sign the app with a key of your own before anybody is given it.", You},
	AppDebuggable:    {422, "The app is debuggable: whoever holds the telephone can read what the app keeps.", "Build it with fyne package --release, and write its manifest without --debug.", You},
	AppExpired:       {422, "A certificate that the app is signed with is not valid today.", "Android still installs the app, but app stores refuse it; plan a new key.", You},
	AppPlaySigning:   {422, "An .aab shows the upload key alone, and Google Play signs the app with a key of its own.", "Copy the SHA-1 fingerprint of the app signing key from Google Play Console, App integrity, and register and filter for that key too.", Admin},
	FilterMissing:    {422, "The manifest has no intent filter for the redirect URI.", writeManifest, You},
	FilterHost:       {422, "The host of the intent filter is not the app's package name.", writeManifest, You},
	FilterAction:     {422, "The intent filter does not receive what a browser sends.", writeManifest, You},
	FilterScheme:     {422, "The scheme of the intent filter must be msauth in small letters.", writeManifest, You},
	ActivityHidden:   {422, "The activity that receives the redirect is not exported, so no browser can start it.", writeManifest, You},
	ActivityClass:    {422, "The intent filter stands on an activity that cannot receive it.", writeManifest, You},
	ActivityOrder:    {422, "The activities stand in the wrong order: the one that receives the redirect comes first, and Fyne's is the last.", writeManifest, You},
	ActivityMode:     {422, "An activity is started anew for each intent, so that sign-ins return to another copy of the app.", writeManifest, You},
	ActivityFunction: {422, "The activity that receives the redirect calls another function than the app provides.", writeManifest, You},
	ActivityLibrary:  {422, "The activity that receives the redirect loads another library than the app's.", writeManifest, You},
	AppleScheme:      {422, "The app declares the URL scheme of another bundle ID.", "Correct CFBundleURLTypes in Info.plist, or take it out: the app needs none.", You},
	VerifyOtherID:    {422, "The built app has another ID than the one it is held against.", "Check that both are of the same app, with the same capitals.", Admin},
	VerifyNotStored:  {422, "The workspace does not know this redirect URI, so the app will not ask for it.", "Enter it with: lanyardd mobile set.", Admin},
	VerifyOldKey:     {422, "A redirect URI is registered for this app but not for a key that it is signed with.", "Leave it while apps with that key are in use; remove it afterwards.", Admin},
	VerifyMSALApple:  {422, "An MSAL configuration is Android's, and an app for Apple's systems is not held against it.", "Verify the app for Android with it.", Admin},
	VerifyDiffers:    {422, "What was built and what is registered differ.", "Correct what is listed, then verify again.", Admin},
}
