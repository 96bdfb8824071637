// Package platform is what differs between the systems an employee's app runs
// on: the keychain, the browser, the way back from the browser into the app,
// the folder for data and the name of the device.
//
// It makes no decisions. Which [sealed.KeyStore] is used is the user's choice
// and is made by the caller: a keychain, a key file they named, or memory
// only. Nothing here falls back from one to another by itself, and nothing
// ever writes a secret in the clear.
//
// There is one file per system. Those for desktops exclude phones by name
// (linux && !android, darwin && !ios), since Go counts Android as Linux and
// iOS as Darwin only half of the time.
package platform
