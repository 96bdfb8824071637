package directory

import (
	"strings"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
)

// Identity is who Microsoft says is signing in. Every field comes from a token
// whose signature, audience and times were verified.
type Identity struct {
	// ObjectID is oid, the immutable id of the person in the tenant.
	ObjectID string
	// TenantID is tid.
	TenantID string
	// UserName is preferred_username, normally the user principal name. It
	// may be given to another person later, so it proves nothing by itself.
	UserName string
	// Email is not verified by Microsoft. It is for display only.
	Email string
	Name  string
}

// Admit decides whether id may enter ws as u. A nil u means that the directory
// knows nobody of that identity. The error is a problem:
//
//   - NotAdmitted: nobody provisioned the person, and the workspace does not
//     create people at sign-in (row H5), or the person belongs to another
//     directory;
//   - TokenTenant, TokenNoObject: the identity is not one of the workspace's
//     tenant; the verifier says so first, and this is the second look;
//   - NotLinked: a person of that user name exists, but nothing says that it
//     is the same one;
//   - AccessEnded: the person is suspended or archived (rows E5, E7).
//
// A nil error with a nil u means that the person may be created. A nil error
// with NeedsLink(*u, id) means that the object id has to be linked first.
func Admit(ws Workspace, u *User, id Identity) error {
	switch {
	case id.ObjectID == "":
		return problem.New(problem.TokenNoObject)
	case ws.Microsoft.TenantID == "" || !strings.EqualFold(id.TenantID, ws.Microsoft.TenantID):
		return problem.New(problem.TokenTenant)
	case u == nil && ws.JIT:
		return nil
	case u == nil || u.Directory != ws.Directory:
		return problem.New(problem.NotAdmitted)
	case NeedsLink(*u, id) && !linkable(ws, *u, id):
		return problem.New(problem.NotLinked)
	case u.State != Active:
		return problem.New(problem.AccessEnded)
	}
	return nil
}

// NeedsLink reports whether nothing joins u with id yet: neither the
// externalId that the provisioner sent nor an object id linked earlier. Object
// ids are GUIDs, which have no case.
func NeedsLink(u User, id Identity) bool {
	return id.ObjectID == "" ||
		(!strings.EqualFold(u.ExternalID, id.ObjectID) && !strings.EqualFold(u.ObjectID, id.ObjectID))
}

// linkable says whether the first sign-in may join u with id by user name.
// User names are given to new people when someone leaves, so it must be allowed
// by the workspace, happens once, and never happens where the externalId is an
// object id already: then it is another person's.
func linkable(ws Workspace, u User, id Identity) bool {
	return ws.LinkByUserName && u.ObjectID == "" && uuid.Validate(u.ExternalID) != nil &&
		id.UserName != "" && Fold(u.UserName) == Fold(id.UserName)
}
