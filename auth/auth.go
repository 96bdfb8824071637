// Package auth signs one employee in to one workspace and keeps them signed in.
//
// A [Client] is always in exactly one [Phase]. Every change is published, so a
// window only has to draw the latest [State]:
//
//	SignedOut → SigningIn → SignedIn → Offline | Revoked
//
// What the workspace offers decides how: with Microsoft, or with its SAML
// identity provider, which the server talks to ([Method]).
//
// auth decides. It does not talk to Microsoft (msal does), store secrets or open
// browsers (platform does) or draw (app does), so all of it runs in a plain go
// test.
package auth

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/api"
)

// Phase is where a person stands.
type Phase int

// The phases. The zero Phase is Starting: nothing is known yet.
const (
	Starting  Phase = iota // reading what is saved on this device
	SignedOut              // nobody is signed in
	SigningIn              // the browser, or a code on another device, has the next move
	SignedIn
	Offline // signed in, but the server cannot be reached; within the grace
	Revoked // the organisation ended the access; everything saved is wiped
)

// Method is a way to sign in.
type Method string

// The methods.
const (
	Microsoft Method = "microsoft"
	SAML      Method = "saml"
)

// MethodsOf returns what a workspace offers, the first being the one to take
// where nobody chose.
func MethodsOf(ws api.Workspace) []Method {
	var all []Method
	if ws.Microsoft != nil {
		all = append(all, Microsoft)
	}
	if ws.SAML != nil {
		all = append(all, SAML)
	}
	return all
}

// State is all that a window needs to draw. It is a value: a published State
// never changes.
type State struct {
	Phase Phase
	// Workspace is set from the moment one was found. In SignedOut it is the
	// last one that was.
	Workspace *api.Workspace
	// Method is how the person signs in or signed in. It is set with Workspace
	// in SigningIn, SignedIn and Offline.
	Method Method
	// Person is set in SignedIn and Offline.
	Person *api.Person
	// DeviceCode is set in SigningIn when the person must go on elsewhere.
	DeviceCode *DeviceCode
	// Err is what went wrong last, and nil when nothing did. It carries a
	// problem code. In Revoked it says who ended the access.
	Err error
	// Notice is something the person should know that stopped nothing, such
	// as a saved sign-in that could not be read. It carries a problem code.
	Notice error
	// OfflineUntil is, in Offline, when the grace ends.
	OfflineUntil time.Time
	// LastWorkspace is the workspace named last on this device, for the field.
	LastWorkspace string
}

// Request is what a Provider needs to know about one sign-in.
type Request struct {
	// Authority is https://login.microsoftonline.com/<tenant id>.
	Authority string
	TenantID  string
	ClientID  string
	Scope     string
	// Account is the HomeAccountID ([Token.Account]) for Silent and SignOut.
	Account string
	// LoginHint and DomainHint are passed on to Microsoft when set.
	LoginHint  string
	DomainHint string
	// Prompt is "" (use the session that Microsoft already has) or
	// "select_account" (let the person choose, on a retry).
	Prompt string
	// DeviceCode asks for the device-code flow. It is called once, with what
	// to show to the person. Nil asks for the browser.
	DeviceCode func(DeviceCode)
	// ForceRefresh makes Silent ignore a cached access token.
	ForceRefresh bool
	// Claims is a claims challenge to pass on, as the JSON it decodes to. A
	// Provider remembers one that Microsoft itself answered Silent with.
	Claims string
}

// DeviceCode is what a person types on another device (RFC 8628).
type DeviceCode struct {
	// URL is where to go, UserCode what to type there.
	URL, UserCode string
	ExpiresAt     time.Time
}

// Token is what a Provider returns. Its String and LogValue hide the secret.
type Token struct {
	// AccessToken is a Microsoft v2.0 access token.
	AccessToken string
	ExpiresAt   time.Time
	// Account is MSAL's HomeAccountID, the key for Silent and SignOut.
	Account string
	// UserName is the preferred_username of the ID token, for login_hint.
	UserName string
	// Notice is something to tell the person that stopped nothing.
	Notice error
}

// String hides the token.
func (t Token) String() string { return "Token(" + t.Account + ")" }

// GoString hides the token.
func (t Token) GoString() string { return t.String() }

// Provider gets tokens from Microsoft. msal.Provider is the real one.
// Its methods may block for as long as a person takes; ctx ends them.
type Provider interface {
	// SignIn lets the person sign in, in the browser or by device code.
	SignIn(ctx context.Context, r Request) (Token, error)
	// Silent returns a token without the person, from the cache or by
	// refreshing. problem.SignInAgain means only SignIn can help;
	// problem.NoEntra that Microsoft cannot be reached.
	Silent(ctx context.Context, r Request) (Token, error)
	// SignOut forgets the account on this device. An account that is not
	// there is not an error.
	SignOut(ctx context.Context, r Request) error
	// LogoutURL is where the browser ends Microsoft's own session
	// (OpenID Connect RP-Initiated Logout 1.0).
	LogoutURL(ctx context.Context, r Request) (string, error)
}

// Saved is what a device keeps about a signed-in person.
type Saved struct {
	Server        string        `json:"server"`
	LastWorkspace string        `json:"last_workspace"`
	Workspace     api.Workspace `json:"workspace"`
	// Method is how the person signed in. Empty means Microsoft.
	Method Method `json:"method,omitempty"`
	// SessionToken is empty when nobody is signed in.
	SessionToken string    `json:"session_token,omitempty"`
	ExpiresAt    time.Time `json:"expires_at"`
	// RefreshToken gets the next SessionToken where Method is SAML. RetryKey is
	// sent with it: see api.SessionRequest.
	RefreshToken string     `json:"refresh_token,omitempty"`
	RetryKey     string     `json:"retry_key,omitempty"`
	Account      string     `json:"account,omitempty"`
	UserName     string     `json:"user_name,omitempty"`
	Person       api.Person `json:"person"`
	// SeenAt is when the server last confirmed the session.
	SeenAt              time.Time `json:"seen_at"`
	OfflineGraceSeconds int64     `json:"offline_grace_seconds"`
}

// ErrNothingSaved is what Vault.Load returns on a device where nobody signed in.
var ErrNothingSaved = errors.New("nothing saved")

// Vault keeps Saved where only this person on this device can read it.
// platform.OpenVault returns the real one. Calls may block on the keychain, so
// never call them from a UI goroutine. A Vault is safe for concurrent use.
type Vault interface {
	// Load returns ErrNothingSaved when there is nothing. An error with
	// problem.CacheUnreadable means that what was there has been set aside
	// and the vault is now empty.
	Load(ctx context.Context) (Saved, error)
	Save(ctx context.Context, s Saved) error
	// Clear removes what Save kept. Nothing there is not an error.
	Clear(ctx context.Context) error
	// Exclusive runs do while no other call of it does, in any process that
	// has this vault: what replaces a refresh token reads, uses and saves it
	// in there. ctx bounds the wait, and do may call the other methods. The
	// error is of the wait; then do has not run.
	Exclusive(ctx context.Context, do func()) error
}

// Return is the way back into the app for one sign-in: a loopback listener, an
// app link. It is used once.
type Return interface {
	// RedirectURI is what to tell Microsoft.
	RedirectURI() string
	// Wait blocks until the browser came back with this state, and returns
	// the parameters (code, or error and error_description). Strays, such as
	// requests for favicon.ico or with another state, are answered and
	// otherwise ignored.
	Wait(ctx context.Context) (url.Values, error)
	// Close frees the port. It may be called twice.
	Close() error
}

// ReturnFunc prepares a Return that accepts only answers carrying state.
type ReturnFunc func(ctx context.Context, state string) (Return, error)
