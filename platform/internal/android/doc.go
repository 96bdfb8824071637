// Package android is what Lanyard asks of Android through Java's native
// interface: to open a browser, to receive what a browser sends back, to say
// which certificates the app is signed with, and to keep a key in the Android
// Keystore.
//
// It decides how those calls are made, and that nothing of Java outlives them:
// every local reference lies in a frame that is popped, every exception is
// cleared and becomes an [Error] with the exception's class but not its message,
// which may hold an address with a code in it. What to do about an error is
// decided by package platform.
//
// No Java is compiled into the app. The way back from a browser is a second
// activity, of the framework's own class android.app.NativeActivity, whose
// android.app.func_name in AndroidManifest.xml is Lanyard_onRedirect (Android
// developers, "NativeActivity"). It runs in the app's process, which may have
// been started for it: Go's init functions have run then, main may not have.
//
// All classes that are looked up belong to Android itself, so every thread's
// class loader finds them.
//
// The C files build for Android. With the tag lanyard_jvm they, and what package
// platform does on Android, build on Linux too, so that tests run them under an
// ordinary JVM.
package android
