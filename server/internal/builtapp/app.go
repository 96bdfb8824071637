package builtapp

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"

	"github.com/lanyard-sso/lanyard/platform/redirect"
)

// Kind is the kind of a file.
type Kind string

// The kinds that are read.
const (
	APK         Kind = "apk"
	AAB         Kind = "aab"
	IPA         Kind = "ipa"
	Bundle      Kind = "app" // a folder .app, of iOS or macOS, or a zip of one
	JKS         Kind = "jks"
	PKCS12      Kind = "pkcs12"
	Certificate Kind = "certificate"
	FyneApp     Kind = "fyneapp"
)

// App is what a file says. Fields that a kind of file cannot say are empty.
type App struct {
	Kind Kind
	// ID is Android's package name or Apple's bundle ID.
	ID   string
	Name string
	// Version is the one people see (versionName, CFBundleShortVersionString),
	// Build the one that is counted (versionCode, CFBundleVersion).
	Version, Build string
	// MinSystem is minSdkVersion or MinimumOSVersion, TargetSDK Android's.
	MinSystem, TargetSDK string
	// Debuggable is android:debuggable.
	Debuggable bool
	// Schemes are the URL schemes that bring something to the app, sorted.
	Schemes []string
	// QueriesSchemes are Apple's LSApplicationQueriesSchemes.
	QueriesSchemes []string
	// Activities are Android's, in the order of the manifest.
	Activities []Activity
	// Signers are the certificates, in the order of the schemes.
	Signers []Signer
}

// Activity is one that an Android manifest declares; aliases are too.
type Activity struct {
	Name, LaunchMode string
	// Exported is whether other apps, a browser for one, may start it.
	Exported bool
	// Metadata are its meta-data elements.
	Metadata map[string]string
	Filters  []Filter
}

// Filter is an intent filter. Android takes what the Data elements say all
// together: any scheme with any host and any path.
type Filter struct {
	Actions, Categories []string
	Data                []Data
}

// Data is a data element of an intent filter. A value that begins with @0x is
// a resource that could not be found.
type Data struct {
	Scheme, Host, Port, Path, PathPrefix, PathPattern, MimeType string
}

// Scheme is the part of a file that a certificate was found in.
type Scheme string

// The places of certificates, in the order of [App.Signers].
const (
	V1      Scheme = "v1" // JAR signature
	V2      Scheme = "v2" // APK Signature Scheme v2
	V3      Scheme = "v3"
	V31     Scheme = "v3.1"
	Lineage Scheme = "lineage" // an earlier certificate, that was rotated away from
	Entry   Scheme = "entry"   // a keystore's entry, or a certificate alone
)

// Signer is one certificate that a file holds.
type Signer struct {
	Scheme Scheme
	// Name is the alias in a keystore or the signature file's name in v1.
	Name string
	// DER is the certificate.
	DER []byte
	// MinSDK and MaxSDK are the Android versions that this one is for, in v3.
	MinSDK, MaxSDK uint32
}

// Hash returns the signature hash that Microsoft Entra is told.
func (s Signer) Hash() redirect.Hash { return redirect.HashOf(s.DER) }

// SHA256 returns the certificate's SHA-256 in small hexadecimal digits, as
// apksigner prints it.
func (s Signer) SHA256() string {
	sum := sha256.Sum256(s.DER)
	return hex.EncodeToString(sum[:])
}

// Certificate returns the certificate, or nil where only its bytes are good:
// the hash does not depend on what stands in it.
func (s Signer) Certificate() *x509.Certificate {
	c, err := x509.ParseCertificate(s.DER)
	if err != nil {
		return nil
	}
	return c
}

// DebugKey reports whether this certificate is one that Android's or Fyne's
// tools make or bring for debugging, so that it must not be released with.
func (s Signer) DebugKey() bool {
	if s.Hash().Public() {
		return true
	}
	c := s.Certificate()
	return c != nil && c.Subject.CommonName == "Android Debug"
}

// Android reports whether the file is for Android, or may be.
func (a App) Android() bool { return a.Kind == APK || a.Kind == AAB }

// Apple reports whether the file is for iOS or macOS.
func (a App) Apple() bool { return a.Kind == IPA || a.Kind == Bundle }

// Hashes returns the signature hashes of all certificates, each once.
func (a App) Hashes() []redirect.Hash {
	var out []redirect.Hash
	for _, s := range a.Signers {
		if h := s.Hash(); !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// RedirectURIs returns what must be registered for the app: one for each of
// its certificates on Android, one on Apple's systems. A keystore has no
// package name and so none, nor has an app that is not signed. FyneApp.toml
// gives Apple's and that of desktops.
func (a App) RedirectURIs() []string {
	switch {
	case a.ID == "":
		return nil
	case a.Apple():
		return []string{redirect.Apple{BundleID: a.ID}.RedirectURI()}
	case a.Kind == FyneApp:
		return []string{redirect.Apple{BundleID: a.ID}.RedirectURI(), redirect.Loopback}
	}
	var out []string
	for _, h := range a.Hashes() {
		out = append(out, redirect.Android{Package: a.ID, Hash: h}.RedirectURI())
	}
	return out
}
