package mobile

import (
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// The bounds of what one workspace registers, and of what one Input may hold.
const (
	maxApps   = 50
	maxPasted = 100
)

// Input is what an administrator enters about a workspace's apps. What it names
// is added to what is registered already, or takes the place of the same app;
// nothing goes away but by Remove.
type Input struct {
	// Version, unless nil, is the one the administrator saw. Another one stored
	// since is a [Conflict].
	Version *int64       `json:"version,omitempty"`
	Apple   []AppleApp   `json:"apple,omitempty"`
	Android []AndroidApp `json:"android,omitempty"`
	// RedirectURIs are pasted for any system, http://localhost among them. Each is
	// held against the apps of its kind that are registered or named here; where
	// there is none, it says itself which app it is of.
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	// MSAL are pasted MSAL configurations, each for one certificate of an app.
	MSAL []string `json:"msal,omitempty"`
	// InsecureAllowDebugKey accepts the key that Fyne publishes, with a warning.
	InsecureAllowDebugKey bool `json:"insecure_allow_debug_key,omitempty"`
}

// AppleApp is an app for iOS or macOS. Where RedirectURI is empty, it is the one
// that follows from the bundle ID.
type AppleApp struct {
	BundleID    string `json:"bundle_id"`
	RedirectURI string `json:"redirect_uri,omitempty"`
}

// AndroidApp is an app for Android with one of its certificates. The hash may
// come from the redirect URI, and the redirect URI follows from the hash; without
// either, what is pasted elsewhere in the Input must bring them.
type AndroidApp struct {
	Package       string                 `json:"package"`
	SignatureHash string                 `json:"signature_hash,omitempty"`
	RedirectURI   string                 `json:"redirect_uri,omitempty"`
	Label         directory.SigningLabel `json:"label,omitempty"`
}

func (in Input) count() int {
	return len(in.Apple) + len(in.Android) + len(in.RedirectURIs) + len(in.MSAL)
}

// Removal names what is to be registered no more.
type Removal struct {
	// Version is as in Input.
	Version *int64 `json:"version,omitempty"`
	// All takes everything away, and the rest is not looked at.
	All          bool     `json:"all,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	BundleIDs    []string `json:"bundle_ids,omitempty"`
	// Packages with Hashes name those certificates of those apps, Packages alone
	// all of theirs, and Hashes alone those of any app.
	Packages []string `json:"packages,omitempty"`
	Hashes   []string `json:"signature_hashes,omitempty"`
	// MSAL takes away the MSAL configurations of the Android apps that are named,
	// or of all where none is, and leaves the apps.
	MSAL bool `json:"msal,omitempty"`
}

// Fault is one thing that is wrong with an Input.
type Fault struct {
	// Field is where it stands, such as android[0].signature_hash.
	Field string
	// Err holds a problem with its code; it never holds what was pasted as an
	// MSAL configuration.
	Err error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }

// Unwrap returns Err.
func (f *Fault) Unwrap() error { return f.Err }

// Faults returns what is wrong, one by one, where err came of an Input or a
// Removal, and else nothing.
func Faults(err error) []*Fault {
	switch e := err.(type) {
	case *Fault:
		return []*Fault{e}
	case interface{ Unwrap() []error }:
		var all []*Fault
		for _, one := range e.Unwrap() {
			all = append(all, Faults(one)...)
		}
		return all
	case interface{ Unwrap() error }:
		return Faults(e.Unwrap())
	}
	return nil
}

// Conflict is the error of a change that began with another version than the one
// that is stored. It unwraps to problem.MobileChanged.
type Conflict struct {
	// Seen is the version that the administrator saw.
	Seen int64
	// Stored is what is there now, and Wanted what it would become.
	Stored, Wanted directory.Mobile
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("version %d was seen, %d is stored", c.Seen, c.Stored.Version)
}

// Unwrap returns the problem.
func (c *Conflict) Unwrap() error {
	return problem.Detailf(problem.MobileChanged, "Version %d was seen, and %s has stored version %d.", c.Seen, c.Stored.By, c.Stored.Version)
}

// Warning is something an administrator should know of, for which nothing is
// refused.
type Warning struct {
	Code problem.Code
	// Detail says of which app, or is empty.
	Detail string
	// Field is what it is about, such as a redirect URI, or empty.
	Field string
}
