package directory

import (
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
)

// Claimed is who a SAML identity provider says is signing in. Every field comes
// from a verified assertion.
type Claimed struct {
	// Identity is as in a token. ObjectID is Entra's object id, or a key that
	// SubjectKey made where the provider has none.
	Identity
	// Guest says that another organisation vouches for the person, so that
	// user name and e-mail address are not the provider's word.
	Guest bool
}

// keyPrefix tells keys that SubjectKey made from object ids.
const keyPrefix = "saml:"

// SubjectKey is the key of a person of a provider without object ids: a hash of
// issuer and NameID, so that two providers' people are never mixed up.
func SubjectKey(issuer, nameID string) string {
	return keyPrefix + HashToken(issuer + "\x00" + nameID)[:40]
}

// AdmitSAML decides whether id may enter ws as u. A nil u means that the
// directory knows nobody of that identity; jit says whether the connection
// creates people. The tenant was compared by whoever verified the assertion.
// The errors and results are those of Admit, with SAMLNoObjectID where nothing
// tells who it is.
func AdmitSAML(ws Workspace, jit bool, u *User, id Claimed) error {
	switch {
	case id.ObjectID == "":
		return problem.New(problem.SAMLNoObjectID)
	case u == nil && jit:
		return nil
	case u == nil || u.Directory != ws.Directory:
		return problem.New(problem.NotAdmitted)
	case NeedsLink(*u, id.Identity) && !linkableSAML(ws, *u, id):
		return problem.New(problem.NotLinked)
	case u.State != Active:
		return problem.New(problem.AccessEnded)
	}
	return nil
}

// linkableSAML says whether the first sign-in may join u with id: by an e-mail
// address of one of the workspace's own domains, or by user name where the
// workspace allows it (row B16). It happens once; a guest is never joined; and
// where the externalId is an object id already, it is another person's.
func linkableSAML(ws Workspace, u User, id Claimed) bool {
	if id.Guest || u.ObjectID != "" {
		return false
	}
	if !strings.HasPrefix(id.ObjectID, keyPrefix) && uuid.Validate(u.ExternalID) == nil {
		return false
	}
	if ws.LinkByUserName && id.UserName != "" && Fold(u.UserName) == Fold(id.UserName) {
		return true
	}
	return VerifiedEmail(ws, id.Email) && HasEmail(u, id.Email)
}

// VerifiedEmail reports whether an address is of a domain that leads to the
// workspace, so that only its own organisation can have given it.
func VerifiedEmail(ws Workspace, email string) bool {
	i := strings.LastIndexByte(email, '@')
	return i > 0 && slices.Contains(ws.Domains, strings.ToLower(strings.TrimSuffix(email[i+1:], ".")))
}

// HasEmail reports whether one of a person's addresses, or their user name, is
// this one, without case.
func HasEmail(u User, email string) bool {
	if email == "" {
		return false
	}
	if Fold(u.UserName) == Fold(email) {
		return true
	}
	for _, address := range AddressesOf(u) {
		if Fold(address) == Fold(email) {
			return true
		}
	}
	return false
}

// AddressesOf are a person's e-mail addresses, in the order in which the
// provisioner sent them.
func AddressesOf(u User) (all []string) {
	for _, e := range object(u.Doc).list("emails") {
		if address := e.text("value"); address != "" {
			all = append(all, address)
		}
	}
	return all
}
