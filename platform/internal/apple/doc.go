// Package apple calls the two parts of Apple's systems that the app needs and
// that no Go library offers: web authentication sessions
// (ASWebAuthenticationSession) and Keychain items (SecItem).
//
// It passes on what the system says, as a [Failure] or a [Status], and decides
// nothing about sign-ins: platform does that, in Go that is tried on any
// system. What is left here is kept thin, since it runs nowhere but on a Mac or
// an iPhone. On Linux its tests read every file with clang against headers of
// our own that declare Apple's interfaces as they are documented, and run the C
// files against a keychain in memory.
//
// What a package must carry for it:
//
//   - iOS 13 or later, or macOS 10.15 or later. Before, a session fails with
//     [NotSupported].
//   - Nothing in Info.plist: the scheme of a web authentication session is not
//     to be declared in CFBundleURLTypes, and no NS…UsageDescription is needed.
//   - On iOS no entitlement but those of every provisioning profile.
//   - On a Mac the identifier of FyneApp.toml in Contents/Info.plist, and for
//     the data protection keychain these entitlements, which the app's
//     provisioning profile (Contents/embedded.provisionprofile) must allow:
//     com.apple.application-identifier and keychain-access-groups, each
//     TEAMID.identifier. Without them the login keychain is used; with them but
//     without the profile macOS does not start the app.
//   - In the App Sandbox com.apple.security.network.client.
//
// The calls exist in builds with cgo for macOS and iOS. Elsewhere the package
// has types and numbers only.
package apple
