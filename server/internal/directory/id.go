package directory

import (
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// reserved are ids that would read as a part of an address, or as Lanyard
// speaking itself.
var reserved = []string{
	"admin", "api", "app", "auth", "console", "events", "health", "healthz",
	"help", "lanyard", "lanyardd", "livez", "login", "logout", "me", "metrics",
	"new", "oauth", "readyz", "root", "saml", "scim", "session", "sso",
	"static", "status", "support", "system", "v1", "v2", "well-known",
	"workspace", "workspaces", "www",
}

// CleanID is what a person meant when they typed a workspace's id: without the
// space around it, and in small letters (row H2). It does not say whether the
// id is valid.
func CleanID(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }

// ValidID says whether id may name a workspace or a directory: 2 to 63 of a-z,
// 0-9 and hyphen, with a letter or digit at both ends, and no reserved word.
// The error is problem.BadWorkspaceID with a sentence about what is wrong.
//
// The rule is that of a host name's label (RFC 1123, section 2.1), so that an
// id can stand in a path, in a host name and in an entity ID.
func ValidID(id string) error {
	switch {
	case len(id) < 2 || len(id) > 63:
		return problem.Detailf(problem.BadWorkspaceID, "The name has %d characters.", len([]rune(id)))
	case strings.HasPrefix(id, "-") || strings.HasSuffix(id, "-"):
		return problem.Detailf(problem.BadWorkspaceID, "A hyphen can't be the first or the last character.")
	case strings.HasPrefix(id, "xn--"):
		return problem.Detailf(problem.BadWorkspaceID, "Names that begin with xn-- are kept for internationalised host names.")
	case slices.Contains(reserved, id):
		return problem.Detailf(problem.BadWorkspaceID, "The name %q is reserved.", id)
	}
	for _, r := range id {
		if !(r >= 'a' && r <= 'z') && !(r >= '0' && r <= '9') && r != '-' {
			return problem.Detailf(problem.BadWorkspaceID, "The character %q can't be used.", r)
		}
	}
	return nil
}
