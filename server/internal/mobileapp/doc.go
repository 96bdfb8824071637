// Package mobileapp writes the AndroidManifest.xml that Lanyard's app is
// packaged with, and holds what was built against what is registered for it.
//
// It decides what must stand in that manifest, and which differences between a
// built app, an MSAL configuration, an app registration and a workspace would
// keep somebody from signing in or let a stranger in. It reads no files and
// opens no database: an app is read by builtapp, a registration by register, and
// how a redirect URI is written is decided by platform/redirect.
//
// # How a sign-in comes back on Android
//
// Fyne's activity cannot be told of an intent, and `fyne package` takes no Java.
// So a second activity, the framework's own android.app.NativeActivity, has the
// intent filter. It loads the app's library and calls the C function [FuncName]
// in place of the app's main, which hands the URI to Go, brings the app to the
// front and ends (Android developers, NativeActivity, META_DATA_FUNC_NAME).
package mobileapp
