package redirect

import (
	"encoding/xml"
	"strings"
)

// BrokerSchemes are the URL schemes of Microsoft Authenticator that an app asks
// iOS about, and so must list under LSApplicationQueriesSchemes (MSAL for iOS
// and macOS, "Configure Xcode project settings").
func BrokerSchemes() []string { return []string{"msauthv2", "msauthv3"} }

// InfoPlist returns the entries of Info.plist that let a browser or Microsoft
// Authenticator return to a, to stand in its topmost dict. An app that only
// uses ASWebAuthenticationSession needs none of them.
func (a Apple) InfoPlist() string {
	var b strings.Builder
	b.WriteString("<key>CFBundleURLTypes</key>\n<array>\n\t<dict>\n\t\t<key>CFBundleURLName</key>\n\t\t")
	b.WriteString(plistString(a.BundleID))
	b.WriteString("\t\t<key>CFBundleURLSchemes</key>\n\t\t<array>\n\t\t\t")
	b.WriteString(plistString(a.Scheme()))
	b.WriteString("\t\t</array>\n\t</dict>\n</array>\n<key>LSApplicationQueriesSchemes</key>\n<array>\n")
	for _, s := range BrokerSchemes() {
		b.WriteString("\t" + plistString(s))
	}
	b.WriteString("</array>\n")
	return b.String()
}

func plistString(s string) string { return "<string>" + escaped(s) + "</string>\n" }

// IntentFilter returns the intent filter that receives the redirect to a, for
// AndroidManifest.xml. Its path is not percent-encoded, though that of the
// redirect URI is.
func (a Android) IntentFilter() string {
	return `<intent-filter>
	<action android:name="android.intent.action.VIEW" />
	<category android:name="android.intent.category.DEFAULT" />
	<category android:name="android.intent.category.BROWSABLE" />
	<data android:scheme="msauth" android:host="` + escaped(a.Package) + `" android:path="` + escaped(a.IntentPath()) + `" />
</intent-filter>
`
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}
