// Package redirect computes the redirect URI that Microsoft Entra must know
// for an app on each system, and says what is wrong with one that a person
// pasted.
//
// It decides how a URI, a signature hash, an intent filter's path and an MSAL
// configuration are written, and which of the many wrong ways somebody has
// found. It reads no files and keeps nothing: what a built app is signed with
// is found elsewhere, and where the pasted value is kept too.
//
//	iOS, macOS   msauth.<bundle ID>://auth
//	Android      msauth://<package name>/<base64 of SHA-1, percent-encoded>
//	desktops     http://localhost
//	Windows WAM  ms-appx-web://microsoft.aad.brokerplugin/<client ID>
//
// Microsoft Entra compares redirect URIs by character, capitals too, so there
// is one right way and every other is an error. Each error carries a code of
// package problem; [Right] gives the value that would have been right.
//
// Source: Microsoft, "Redirect URI (reply URL) best practices and
// limitations", and MSAL for Android, "Redirect URI". Everything here is pure
// and may be used from several goroutines.
package redirect
