// Package directory holds the nouns of a Lanyard server (workspace, user,
// session, event) and the rules between them: who is admitted, and what a
// change of a person causes.
//
// The rules are pure functions: they read no clock, no database and no
// network, so that each can be tried in a table. Storing what they decide is
// store's job, and serving it that of the flows.
package directory

import "time"

// Directory is a set of people. A person belongs to exactly one; each workspace
// links to one, and SCIM writes the workspace's directory.
type Directory struct {
	ID   string
	Name string
	// Source is where its people come from, in words: "Microsoft Entra ID". It
	// may be empty.
	Source string
	// Owner is the id of the administrator who made it, or empty.
	Owner   string
	Created time.Time
}

// Workspace is what people sign in to.
type Workspace struct {
	// ID is the name people type: see ValidID.
	ID   string
	Name string
	// Directory is the id of the directory it links to.
	Directory string
	Microsoft Microsoft
	// Domains are the e-mail domains that lead here, in lower case.
	Domains []string
	// DefaultRole and DefaultDepartment are given to a person created without.
	DefaultRole       string
	DefaultDepartment string
	// JIT admits people of the tenant who were never provisioned.
	JIT bool
	// LinkByUserName lets the first sign-in of a person whose externalId is
	// not their object id be matched by userName = UPN, once.
	LinkByUserName bool
	// SCIMEnabled is the switch of automatic provisioning.
	SCIMEnabled bool
	// SCIMStrict takes nothing from the provisioner that the RFCs do not allow.
	SCIMStrict bool
	// SCIMRequired are attributes that people must come with, beyond userName:
	// see EntraRequired.
	SCIMRequired []string
	// DeleteMode is what becomes of people whom the provisioner deletes.
	DeleteMode DeleteMode
	// PurgeAfter is how long they are kept under DeletePurge.
	PurgeAfter time.Duration
	// RoleRules give roles to groups and to the roles that a provisioner sends.
	RoleRules []RoleRule
	// SCIMAccept is a SCIM filter that people must meet to be taken (row D7).
	// Empty takes everybody.
	SCIMAccept string
	// SCIMRate is how many provisioning requests a second are served before
	// others are asked to wait. 0 means that there is no limit.
	SCIMRate int
	// OfflineGrace is how long clients may work without the server.
	OfflineGrace time.Duration
	Created      time.Time
	Modified     time.Time
	Version      int64
}

// EntraRequired are the attributes that a set-up with Entra should require
// besides userName: an e-mail address, first and last name (row E9).
var EntraRequired = []string{"emails", "name.givenName", "name.familyName"}

// DeleteMode is what a DELETE of a person does (row E6).
type DeleteMode string

// The modes. The zero mode is DeleteArchive.
const (
	// DeleteArchive keeps people: gone for the provisioner, and restorable.
	DeleteArchive DeleteMode = "archive"
	// DeletePurge archives people, and erases them after PurgeAfter.
	DeletePurge DeleteMode = "purge"
	// DeleteReject refuses: people may only be disabled.
	DeleteReject DeleteMode = "reject"
)

// Microsoft is how a workspace signs in with Microsoft Entra ID. It is set up
// when TenantID and ClientID are.
type Microsoft struct {
	// Authority is the host part, https://login.microsoftonline.com by default.
	Authority string
	TenantID  string
	// ClientID is the application (client) ID of the app people sign in with.
	ClientID string
	// Audience is the aud of access tokens: ClientID by default.
	Audience string
	// Scope is the delegated permission in full; api://ClientID/access_as_user
	// by default.
	Scope      string
	DomainHint string
}

// State is a person's standing.
type State string

// The states of a person (rows E5, E7, E8).
const (
	Active    State = "active"
	Suspended State = "suspended" // active:false; may be reactivated by Entra
	Archived  State = "archived"  // deleted through SCIM; kept, invisible to SCIM
)

// User is a person as the directory knows them.
type User struct {
	// ID is the SCIM id: opaque, never used twice.
	ID        string
	Directory string
	// Version counts changes from 1 and is the ETag.
	Version  int64
	UserName string
	// ExternalID is what the provisioner calls the person, normally the
	// Entra object id. It may be empty.
	ExternalID string
	// ObjectID is the Entra object id that sign-in linked, when that is not
	// ExternalID. It may be empty.
	ObjectID string
	State    State
	// Role is the role in the workspace.
	Role string
	// Ranking is where Role comes from.
	Ranking  Ranking
	Created  time.Time
	Modified time.Time
	// Doc is the SCIM resource as stored: one JSON object without id, meta
	// and password.
	Doc []byte
	// Terms index Doc. They are nil on reads; where they are nil on writes, the
	// store computes them.
	Terms []Term
}

// Session is one signed-in device.
type Session struct {
	// Hash is the SHA-256 of the token, in hex. The token itself is never kept.
	Hash      string
	ID        string // public handle, for lists and logs
	User      string
	Workspace string
	Device    string
	Created   time.Time
	Expires   time.Time
	// Web is set where a browser has the token, in a cookie. It is no bearer
	// token then.
	Web bool
	// Method is how the session began; empty in those that are older than methods:
	// see Via.
	Method Method
	// SAML is set where the session began with an assertion, OIDC where it began
	// with Microsoft in a browser.
	SAML *SAMLSession
	OIDC *OIDCSession
	// Renewal is set where a refresh token can replace Hash and Expires.
	Renewal *Renewal
	// Password is, while the session begins, since when the password is the
	// person's that it begins with. It is not stored; zero means none that is kept
	// here.
	Password time.Time
}

// Renewal is how a session is renewed: by refresh tokens, each good once (RFC
// 6749, section 6). All of a session begin with the same secret.
type Renewal struct {
	// Family is the SHA-256 of what they begin with, Hash that of the whole
	// token that is good now, in hex.
	Family, Hash string
	// Until is when the session ends, unless it is renewed before.
	Until time.Time
}

// Ends is when the session ends, unless it is renewed before.
func (s Session) Ends() time.Time {
	if s.Renewal != nil && s.Renewal.Until.After(s.Expires) {
		return s.Renewal.Until
	}
	return s.Expires
}

// Kind says what an Event is about.
type Kind string

// The kinds of event (row E13).
const (
	UserCreated     Kind = "user.created"
	UserUpdated     Kind = "user.updated"
	UserSuspended   Kind = "user.suspended"
	UserReactivated Kind = "user.reactivated"
	UserArchived    Kind = "user.archived"
	UserLinked      Kind = "user.linked"
	SessionStarted  Kind = "session.started"
	SessionEnded    Kind = "session.ended"
	GroupCreated    Kind = "group.created"
	GroupUpdated    Kind = "group.updated" // its attributes, not its members
	GroupDeleted    Kind = "group.deleted" // with all memberships
	MemberAdded     Kind = "group.member_added"
	MemberRemoved   Kind = "group.member_removed"

	// Of SAML connections (row B18). None names a person.
	SAMLCertificates Kind = "saml.certificates_changed"
	SAMLEntityID     Kind = "saml.entity_id_changed"
	SAMLExpiring     Kind = "saml.certificate_expiring"

	// MobileChanged: other apps are registered for a workspace (rows G2, G4).
	MobileChanged Kind = "mobile.changed"
)

// Event is something that happened, written in the transaction of the change.
type Event struct {
	// Seq is given by the store: 1, 2, 3 … without gaps, in commit order.
	Seq       int64
	At        time.Time
	Directory string
	// Workspace is set where the event concerns one only.
	Workspace string
	Kind      Kind
	// User is the person concerned: in the events of members the one who was
	// added or removed, empty where that is a group.
	User string
	// Group is the group of group and member events.
	Group string
	// Nested is the group that was added to or removed from Group.
	Nested string
	// Session is the public handle of the session of a session event; empty in
	// SessionEnded means all of the user's sessions.
	Session string
}
