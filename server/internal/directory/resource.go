package directory

import "time"

// Term is one entry of the index over SCIM resources: this resource has this
// value at this path. Whoever writes a resource computes its terms, so that the
// store need not know what a schema is.
type Term struct {
	// Path is the attribute in its canonical form, in small letters, with its
	// URN where it belongs to an extension.
	Path string
	// Value sorts by its bytes as the attribute does: text folded unless it is
	// caseExact, times in UTC with a fixed number of digits.
	Value string
	// Unique: no other resource of the type in the directory may have it
	// (RFC 7643, section 2.2, uniqueness).
	Unique bool
}

// GroupType is the type of resource that groups are.
const GroupType = "Group"

// Resource is a SCIM resource that is not a person: a group, or one of a type
// that the configuration declares.
type Resource struct {
	// Type is the name of the resource type, such as "Group".
	Type string
	// ID is the SCIM id: opaque, never used twice.
	ID        string
	Directory string
	// Version counts changes from 1 and is the ETag. A change of members counts.
	Version     int64
	DisplayName string
	ExternalID  string
	Created     time.Time
	Modified    time.Time
	// Doc is the SCIM resource as stored: one JSON object without id, meta and
	// members.
	Doc []byte
	// Terms index Doc. They are nil on reads.
	Terms []Term
	// Members is how many members a group has. The store counts them.
	Members int
}

// Group is a Resource of GroupType.
type Group = Resource

// MemberKind is what a member of a group is (RFC 7643, section 4.2).
type MemberKind string

// The kinds of member.
const (
	UserMember  MemberKind = "User"
	GroupMember MemberKind = "Group"
)

// Member is one member of a group.
type Member struct {
	// Kind may be empty in what is written: then ID decides.
	Kind MemberKind
	ID   string
	// Display is the userName of a person, the displayName of a group. It is
	// set on reads.
	Display string
}

// GroupRef is a group that somebody is in.
type GroupRef struct{ ID, DisplayName string }
