package directory

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// The roles of administrators in a workspace, from the least. Each may do all
// that those before it may.
const (
	AdminViewer  = "viewer"
	AdminITAdmin = "it-admin"
	AdminAdmin   = "admin"
	AdminOwner   = "owner"
)

// AdminRoles are all of them, from the least.
func AdminRoles() []string { return []string{AdminViewer, AdminITAdmin, AdminAdmin, AdminOwner} }

// Administrator is somebody who uses the console. They are no person of a
// workspace, and no provisioning ever changes them.
type Administrator struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	// ServerOwner is an owner of every workspace, and of the server.
	ServerOwner bool `json:"server_owner,omitempty"`
	// First: they opened the link that the server's first owner joins by, and have
	// not joined. Of several who did, one can.
	First bool `json:"first,omitempty"`
	// Roles are those in workspaces, by id.
	Roles map[string]string `json:"roles,omitempty"`

	// Password is the PHC string of one, or empty. It never signs anybody in by
	// itself.
	Password string         `json:"password,omitempty"`
	TOTP     *AdminTOTP     `json:"totp,omitempty"`
	Passkeys []AdminPasskey `json:"passkeys,omitempty"`
	// Recovery are hashes of the recovery codes that are left, and RecoveryMade
	// is when they were made.
	Recovery     []string        `json:"recovery,omitempty"`
	RecoveryMade time.Time       `json:"recovery_made,omitzero"`
	Microsoft    *AdminMicrosoft `json:"microsoft,omitempty"`

	// Proven is when they last proved who they are without anybody else's help,
	// and ProvenBy by what: see the constants.
	Proven   time.Time `json:"proven,omitzero"`
	ProvenBy string    `json:"proven_by,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Seen     time.Time `json:"seen,omitzero"`
}

// How an administrator proves who they are.
const (
	ByPasskey   = "passkey"
	ByTOTP      = "totp"
	ByRecovery  = "recovery"
	ByMicrosoft = "microsoft"
	// ByJoining is a link of ours, good for setting up one of the others and
	// nothing else; ByRecovering is one that replaces all of them.
	ByJoining    = "joining"
	ByRecovering = "recovering"
)

// AdminTOTP is an authenticator app (RFC 6238).
type AdminTOTP struct {
	// Sealed is its secret under the server's key.
	Sealed string    `json:"sealed"`
	Since  time.Time `json:"since"`
	// Step is the newest time step of which a code was taken: none is taken twice.
	Step int64 `json:"step"`
}

// AdminPasskey is a passkey (W3C Web Authentication).
type AdminPasskey struct {
	// ID is the credential's, in base64url.
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
	// Doc is what verifying it needs, its public key and counter among it.
	Doc json.RawMessage `json:"doc"`
}

// AdminMicrosoft is the account at Microsoft that an administrator linked.
type AdminMicrosoft struct {
	TenantID string    `json:"tid"`
	ObjectID string    `json:"oid"`
	UserName string    `json:"user_name,omitempty"` // only for showing
	Linked   time.Time `json:"linked"`
}

// Clone returns a copy that shares nothing.
func (a Administrator) Clone() Administrator {
	a.Roles = maps.Clone(a.Roles)
	a.Passkeys = slices.Clone(a.Passkeys)
	a.Recovery = slices.Clone(a.Recovery)
	if a.TOTP != nil {
		t := *a.TOTP
		a.TOTP = &t
	}
	if a.Microsoft != nil {
		m := *a.Microsoft
		a.Microsoft = &m
	}
	return a
}

// HasTOTP reports whether they can sign in with a password and a code.
func (a Administrator) HasTOTP() bool { return a.Password != "" && a.TOTP != nil }

// Enrolled reports whether they can sign in by what is theirs alone.
func (a Administrator) Enrolled() bool { return len(a.Passkeys) > 0 || a.HasTOTP() }

// RoleIn is their role in a workspace, or "".
func (a Administrator) RoleIn(workspace string) string {
	if a.ServerOwner {
		return AdminOwner
	}
	return a.Roles[workspace]
}

// Owns reports whether a workspace's owners are among what they are.
func (a Administrator) Owns(workspace string) bool { return a.RoleIn(workspace) == AdminOwner }

// AdminSession is an administrator signed in, in one browser.
type AdminSession struct {
	// Hash is HashToken of what the cookie holds; ID may be shown.
	Hash, ID, Admin string
	// How it began: see the constants of Administrator.
	How string
	// Agent and IP are the browser's, to recognise it by.
	Agent, IP string
	Created   time.Time
	// Seen is when somebody last did something, to the minute, and Proven when
	// they last proved who they are; zero where they have not.
	Seen, Proven time.Time
	Expires      time.Time
	// Pending is the sealed secret of an authenticator app that is being set up.
	Pending string
}

// SetupLink lets somebody without an account set up one module of one workspace.
type SetupLink struct {
	ID, Hash  string
	Workspace string
	Module    Module
	// For is whom it was made for, and By who made it, both in words.
	For, By          string
	Created, Expires time.Time
	// Revoked is zero for one that was not.
	Revoked time.Time
	// Used is when it was last opened, and Uses how often it was.
	Used time.Time
	Uses int64
}

// Live reports whether the link leads anywhere.
func (l SetupLink) Live(now time.Time) bool { return l.Revoked.IsZero() && now.Before(l.Expires) }

// AdminToken is a token of the console's JSON API.
type AdminToken struct {
	ID, Hash, Name string
	// Admin is who made it, whose rights bound the token's; "" is an operator.
	Admin string
	// Workspace and Role are what it may do; the workspace "" with the role owner
	// is a server owner's.
	Workspace, Role  string
	Created, Expires time.Time
	Revoked, Used    time.Time
}

// Live reports whether the token works.
func (t AdminToken) Live(now time.Time) bool { return t.Revoked.IsZero() && now.Before(t.Expires) }
