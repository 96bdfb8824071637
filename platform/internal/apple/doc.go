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
// The calls exist in builds with cgo for macOS and iOS. Elsewhere the package
// has types and numbers only.
package apple
