package mobileapp

import (
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// The parts that may be wrong.
const (
	InApp          = "app"
	InMSAL         = "msal"
	InRegistration = "registration"
	InWorkspace    = "workspace"
)

// MaxMSAL is how long an MSAL configuration may be, in bytes, before it is
// refused as one.
const MaxMSAL = 64 << 10

// Input is what is held against each other. What is nil or empty was not given.
type Input struct {
	App *builtapp.App
	// MSAL is the text of an MSAL configuration.
	MSAL         []byte
	Registration *register.Application
	// Workspace is what the server knows.
	Workspace *Workspace
	// Now is today, for the dates of certificates.
	Now time.Time
	// InsecureAllowDebugKey makes notes of what only an app for trying out may
	// be: signed with a debug key, and debuggable.
	InsecureAllowDebugKey bool
}

// Workspace is what a workspace is set up with.
type Workspace struct {
	ID                 string
	ClientID, TenantID string
	// RedirectURIs are those that were entered for it. The app asks for none
	// else; where there is none of a system, it asks for any.
	RedirectURIs []string
}

// Finding is one difference.
type Finding struct {
	Code problem.Code
	// Where names the part that is wrong: In….
	Where string
	// Want and Got are what should stand there and what does; either may be
	// empty.
	Want, Got string
	// Fix is the next thing to do, where it is another than the code's.
	Fix string
	// Note says that this should be known but stops nobody.
	Note bool
}

// Verify returns the differences, each once, in the order of the parts (row
// G8). A key that is for debugging is said once: what is registered is not held
// against it.
func Verify(in Input) []Finding {
	var out []Finding
	if in.App != nil {
		out = append(out, check(*in.App, in.Now, in.InsecureAllowDebugKey)...)
	}
	if in.Workspace != nil && (in.Workspace.ClientID == "" || in.Workspace.TenantID == "") {
		out = append(out, Finding{Code: problem.WorkspaceNotSet, Where: InWorkspace, Want: "a client ID and a tenant ID", Got: "none"})
	}
	msal, found := in.checkMSAL()
	out = append(out, found...)
	want := in.redirects(msal)
	if in.Registration != nil {
		out = append(out, in.checkRegistration(want)...)
	}
	if in.Workspace != nil {
		out = append(out, in.checkStored(want)...)
	}
	return out
}

// keys are the hashes that redirect URIs must be registered for: those of an
// .apk's certificates, and of an .aab, whose real key Google Play has, those
// that it has filters for.
func (in Input) keys() []redirect.Hash {
	switch {
	case in.App == nil:
		return nil
	case in.App.Kind == builtapp.AAB:
		return filterHashes(*in.App)
	}
	return signedWith(*in.App, in.InsecureAllowDebugKey)
}

// signedWith are the hashes of the certificates that redirects are for: of none
// that is for debugging, unless somebody is trying out, and of none that was
// rotated away from, unless older Androids are still shown its signature.
func signedWith(a builtapp.App, trying bool) []redirect.Hash {
	return builtapp.App{Signers: slices.DeleteFunc(slices.Clone(a.Signers), func(s builtapp.Signer) bool {
		return s.Scheme == builtapp.Lineage || s.DebugKey() && !trying
	})}.Hashes()
}

// filterHashes are the hashes in the paths of the filters.
func filterHashes(a builtapp.App) []redirect.Hash {
	var out []redirect.Hash
	for _, path := range redirectPaths(a) {
		rest, _ := strings.CutPrefix(path, "/")
		h, err := redirect.ParseHash(rest, redirect.HashOptions{})
		if err == nil && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// checkMSAL judges the MSAL configuration, and returns it where its form is
// right.
func (in Input) checkMSAL() (*redirect.MSAL, []Finding) {
	if len(in.MSAL) == 0 {
		return nil, nil
	}
	var o redirect.MSALOptions
	o.InsecureAllowDebugKey = in.InsecureAllowDebugKey
	if a := in.App; a != nil && !a.Apple() {
		o.Package, o.Known = a.ID, in.keys()
	}
	if in.Registration != nil {
		o.ClientID = in.Registration.AppID
	}
	if in.Workspace != nil {
		if in.Workspace.ClientID != "" {
			o.ClientID = in.Workspace.ClientID
		}
		o.TenantID = in.Workspace.TenantID
	}
	var got *redirect.MSAL
	var anything redirect.MSALOptions
	anything.InsecureAllowDebugKey = in.InsecureAllowDebugKey
	if m, err := redirect.CheckMSAL(in.MSAL, anything); err == nil {
		got = &m
	}
	_, err := redirect.CheckMSAL(in.MSAL, o)
	var out []Finding
	if in.App != nil && in.App.Apple() {
		out = append(out, Finding{Code: problem.VerifyMSALApple, Where: InMSAL, Note: true})
	}
	for _, one := range unjoined(err) {
		code, _ := problem.Of(one)
		f := Finding{Code: code, Where: InMSAL, Want: redirect.Right(one), Got: standing(got, code)}
		if f.Want == "" && f.Got == "" {
			f.Got = problem.DetailOf(one)
		}
		out = append(out, f)
	}
	if slices.ContainsFunc(out, func(f Finding) bool { return isRedirectCode(f.Code) }) {
		got = nil // its redirect URI is wrong already, and is held against nothing else
	}
	return got, out
}

// isRedirectCode reports whether a code is about a redirect URI or its hash.
func isRedirectCode(code problem.Code) bool {
	return strings.HasPrefix(string(code), "LY-REDIR-") || strings.HasPrefix(string(code), "LY-MOBILE-00") || strings.HasPrefix(string(code), "LY-MOBILE-01")
}

// standing is what stands in the configuration where a code points to.
func standing(m *redirect.MSAL, code problem.Code) string {
	switch {
	case m == nil:
		return ""
	case isRedirectCode(code):
		return m.RedirectURI
	case code == problem.MSALOtherClient || code == problem.MSALSwapped:
		return m.ClientID
	case code == problem.MSALOtherTenant:
		var all []string
		for _, a := range m.Authorities {
			if a.Audience != nil {
				all = append(all, a.Audience.TenantID)
			} else {
				all = append(all, a.URL)
			}
		}
		return strings.Join(all, " ")
	}
	return ""
}

// unjoined takes apart what errors.Join put together.
func unjoined(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// redirects returns the redirect URIs that must be registered: the app's, that
// of the MSAL configuration, and loopback, which is the desktops' and the last
// resort of every other system.
func (in Input) redirects(msal *redirect.MSAL) []register.Redirect {
	var out []register.Redirect
	add := func(r register.Redirect) {
		r.Platform = register.OnPublicClient
		if !slices.ContainsFunc(out, func(o register.Redirect) bool { return o.URI == r.URI }) {
			out = append(out, r)
		}
	}
	if a := in.App; a != nil && a.ID != "" {
		if a.Apple() || a.Kind == builtapp.FyneApp {
			apple := redirect.Apple{BundleID: a.ID}
			add(register.Redirect{URI: apple.RedirectURI(), For: "iOS and macOS", Apple: &apple})
		}
		for _, h := range in.keys() {
			android := redirect.Android{Package: a.ID, Hash: h}
			add(register.Redirect{URI: android.RedirectURI(), For: "Android", Android: &android})
		}
	}
	if msal != nil {
		android, err := redirect.CheckAndroid(msal.RedirectURI, redirect.AndroidOptions{HashOptions: redirect.HashOptions{InsecureAllowDebugKey: in.InsecureAllowDebugKey}})
		if err == nil {
			add(register.Redirect{URI: android.RedirectURI(), For: "Android", Android: &android})
		}
	}
	add(register.Redirect{URI: redirect.Loopback, For: "Windows, Linux, macOS"})
	return out
}

// registrationCodes are the differences of a registration that keep an app
// from signing in. The rest of a plan is for `lanyardd entra check`.
var registrationCodes = []problem.Code{
	problem.RegOtherApp, problem.RegRedirectMissing, problem.RegRedirectPlatform, problem.RegRedirectNear, problem.RegRedirectDebugKey,
	problem.RegPublicFlows, problem.RegAudience, problem.RegTokenVersion,
}

// checkRegistration holds the registration against what was built and stored.
func (in Input) checkRegistration(want []register.Redirect) []Finding {
	if in.Workspace != nil {
		want = append(slices.Clone(want), stored(in.Workspace, want)...)
	}
	plan := register.Plan{ClientID: in.Registration.AppID, Redirects: want}
	if in.Workspace != nil && in.Workspace.ClientID != "" {
		plan.ClientID, plan.Workspace = in.Workspace.ClientID, in.Workspace.ID
	}
	var out []Finding
	for _, d := range plan.Check(*in.Registration) {
		if d.Code == problem.RegRedirectOther && in.ofAnotherKey(d.Got) {
			out = append(out, Finding{Code: problem.VerifyOldKey, Where: InRegistration, Got: d.Got, Note: true})
		}
		if slices.Contains(registrationCodes, d.Code) {
			out = append(out, Finding{Code: d.Code, Where: InRegistration, Want: d.Want, Got: d.Got, Fix: d.Fix, Note: d.Note})
		}
	}
	return out
}

// stored are the redirect URIs of the workspace that are not wanted already.
func stored(ws *Workspace, have []register.Redirect) []register.Redirect {
	var out []register.Redirect
	for _, uri := range ws.RedirectURIs {
		if !slices.ContainsFunc(have, func(r register.Redirect) bool { return r.URI == uri }) {
			out = append(out, register.Redirect{Platform: register.OnPublicClient, URI: uri, For: "workspace " + ws.ID})
		}
	}
	return out
}

// ofAnotherKey reports whether a redirect URI is this app's, with a
// certificate that it is not signed with.
func (in Input) ofAnotherKey(uri string) bool {
	if in.App == nil || !in.App.Android() || len(in.keys()) == 0 {
		return false
	}
	return strings.HasPrefix(uri, schemeAndroid+"://"+in.App.ID+"/")
}

// checkStored holds what the workspace was told against what the app will ask
// for. Where nothing was entered for a system, the app asks for what it likes.
func (in Input) checkStored(want []register.Redirect) []Finding {
	var out []Finding
	for _, w := range want {
		kind := kindOf(w.URI)
		var same []string
		for _, uri := range in.Workspace.RedirectURIs {
			if kind != "" && kindOf(uri) == kind {
				same = append(same, uri)
			}
		}
		if len(same) > 0 && !slices.Contains(same, w.URI) {
			out = append(out, Finding{Code: problem.VerifyNotStored, Where: InWorkspace, Want: w.URI, Got: strings.Join(same, " ")})
		}
	}
	return out
}

// kindOf tells the redirect URIs of Android and of Apple's systems apart.
func kindOf(uri string) string {
	low := strings.ToLower(uri)
	for _, kind := range []string{"msauth://", "msauth."} {
		if strings.HasPrefix(low, kind) {
			return kind
		}
	}
	return ""
}
