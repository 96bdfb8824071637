package api

import (
	"encoding/json"
	"slices"
	"strings"
)

// Mobile says which apps on telephones Microsoft Entra was told about for a
// workspace, as an administrator entered it. An app that finds itself missing
// can say so before a browser opens, and not after Microsoft's AADSTS50011.
type Mobile struct {
	Apple   []AppleApp   `json:"apple,omitempty"`
	Android []AndroidApp `json:"android,omitempty"`
}

// AppleApp is an app for iOS or macOS.
type AppleApp struct {
	BundleID string `json:"bundle_id"`
	// RedirectURI is msauth.<bundle ID>://auth.
	RedirectURI string `json:"redirect_uri"`
}

// AndroidApp is an app for Android with one of the certificates it is signed
// with: a package that is signed with several is there several times.
type AndroidApp struct {
	Package string `json:"package"`
	// SignatureHash is the SHA-1 of the certificate in base64, not
	// percent-encoded, as Entra's portal takes it.
	SignatureHash string `json:"signature_hash"`
	// RedirectURI is msauth://<package>/<signature hash, percent-encoded>.
	RedirectURI string `json:"redirect_uri"`
	// MSAL is the configuration file of MSAL for Android, where one was entered
	// and fits the workspace's [Microsoft]. It holds nothing secret.
	MSAL json.RawMessage `json:"msal,omitempty"`
}

// Registered reports whether an app may ask to be returned to redirectURI, as
// far as the workspace knows. Where no app of that kind was entered (Apple's
// msauth.…:// or Android's msauth://) it knows nothing, and the answer is true;
// so it is of a nil Mobile and for every other address, such as loopback's.
// Addresses are compared by character, as Entra does.
func (m *Mobile) Registered(redirectURI string) bool {
	if m == nil {
		return true
	}
	switch kind := strings.ToLower(redirectURI); {
	case strings.HasPrefix(kind, "msauth://"):
		return len(m.Android) == 0 || slices.ContainsFunc(m.Android, func(a AndroidApp) bool { return a.RedirectURI == redirectURI })
	case strings.HasPrefix(kind, "msauth."):
		return len(m.Apple) == 0 || slices.ContainsFunc(m.Apple, func(a AppleApp) bool { return a.RedirectURI == redirectURI })
	}
	return true
}
