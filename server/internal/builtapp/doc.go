// Package builtapp reads out of a built app what must be registered for it in
// Microsoft Entra: its ID, its version, the certificates it is signed with,
// and the URL schemes and intent filters it declares. No Android SDK, JDK or
// Xcode is needed.
//
// It reads .apk, .aab, .ipa and .app, keystores (JKS, JCEKS, PKCS#12),
// certificates (PEM, DER) and FyneApp.toml. What a file is, its content tells
// and not its name. Every size and count is bounded, since files come from
// anywhere: nothing here unpacks, writes or starts anything.
//
// It decides what a file says. Whether that is right is decided elsewhere, by
// holding it against a registration; how a redirect URI is written is decided
// by platform/redirect.
//
// The signatures of an APK's schemes v2 and v3 are verified together with what
// they cover, so an app that was changed after signing is an error. Of scheme
// v1 the signature over the signature file is verified, but not the digest of
// each entry: that is Android's own check when it installs. Apple's code
// signature is not read, since no redirect URI depends on it.
package builtapp
