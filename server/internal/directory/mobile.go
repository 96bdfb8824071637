package directory

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Mobile is what an administrator entered about a workspace's apps: those that
// Microsoft Entra was told to return people to. All of it may be shown to
// everybody. It is stored as JSON under the names given here.
type Mobile struct {
	Workspace string `json:"-"`
	// Version counts changes from 1; 0 means that nothing was ever entered.
	Version  int64     `json:"-"`
	Created  time.Time `json:"-"`
	Modified time.Time `json:"-"`
	// By is who made the last change.
	By      string       `json:"by,omitempty"`
	Apple   []AppleApp   `json:"apple,omitempty"`
	Android []AndroidApp `json:"android,omitempty"`
	// Desktop is set once somebody has said that http://localhost is registered.
	Desktop bool `json:"desktop,omitempty"`
}

// AppleApp is an app for iOS or macOS.
type AppleApp struct {
	BundleID    string `json:"bundle_id"`
	RedirectURI string `json:"redirect_uri"`
}

// AndroidApp is an app for Android with one certificate that it is signed with.
type AndroidApp struct {
	Package       string `json:"package"`
	SignatureHash string `json:"signature_hash"`
	RedirectURI   string `json:"redirect_uri"`
	// Label says which certificate it is.
	Label SigningLabel `json:"label,omitempty"`
	// MSAL is nil where no configuration was pasted for it.
	MSAL *MSALConfig `json:"msal,omitempty"`
}

// SigningLabel says what a signing certificate is for.
type SigningLabel string

// The labels. The empty one means that nobody has said.
const (
	SignedDebug   SigningLabel = "debug"   // on developers' machines
	SignedRelease SigningLabel = "release" // what is given out without a shop
	SignedUpload  SigningLabel = "upload"  // what Google Play is sent; no installed app has it
	SignedPlay    SigningLabel = "play"    // Google Play's app signing key
	SignedRotated SigningLabel = "rotated" // an earlier key
)

// SigningLabels are all but the empty one.
func SigningLabels() []SigningLabel {
	return []SigningLabel{SignedDebug, SignedRelease, SignedUpload, SignedPlay, SignedRotated}
}

// MSALConfig is a configuration of MSAL for Android that was checked.
type MSALConfig struct {
	// JSON is the file, without spaces, in one order of fields whoever pasted it.
	JSON json.RawMessage `json:"json"`
	// ClientID and TenantID stand in it, in small letters.
	ClientID string `json:"client_id"`
	TenantID string `json:"tenant_id"`
}

// Fits reports whether the configuration is for the sign-in of a workspace: it
// may have been set up anew since.
func (c *MSALConfig) Fits(m Microsoft) bool {
	return strings.EqualFold(c.ClientID, m.ClientID) && strings.EqualFold(c.TenantID, m.TenantID)
}

// Empty reports whether nothing is registered.
func (m Mobile) Empty() bool { return len(m.Apple) == 0 && len(m.Android) == 0 && !m.Desktop }

// Returns reports whether an app may be returned to an address by this server:
// one of those that are registered, to the letter. Loopback is no question of
// what is registered.
func (m Mobile) Returns(address string) bool {
	return address != "" && (slices.ContainsFunc(m.Apple, func(a AppleApp) bool { return a.RedirectURI == address }) ||
		slices.ContainsFunc(m.Android, func(a AndroidApp) bool { return a.RedirectURI == address }))
}
