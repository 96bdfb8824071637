package directory

// The roles that Lanyard knows the meaning of. All others are names.
const (
	// RoleOwner may do everything. No provisioner can make an owner.
	RoleOwner = "owner"
	// RoleAdmin manages the workspace. Whoever comes back is none until
	// somebody says so (row E8).
	RoleAdmin = "admin"
)

// RoleRule gives a role to the members of a group, or to people of an app role
// of Entra's.
type RoleRule struct {
	// Group is the id, externalId or display name of a group, AppRole the value
	// or display name of a role that the provisioner sends. One of them is set.
	Group   string
	AppRole string
	// Role is the role in the workspace. It is never RoleOwner.
	Role string
}

// powerful reports whether a role must be given by somebody, not by a return.
func powerful(role string) bool { return Fold(role) == RoleOwner || Fold(role) == RoleAdmin }

// RoleFor returns the role that a workspace gives to a person with this
// resource and these groups: that of the first rule that fits, else the one the
// provisioner sent, else the workspace's default. Owner is none of them.
func RoleFor(ws Workspace, doc []byte, groups []Group) string {
	sent := rolesIn(doc)
	for _, rule := range ws.RoleRules {
		if rule.fits(sent, groups) && Fold(rule.Role) != RoleOwner {
			return rule.Role
		}
	}
	for _, role := range []string{RoleIn(doc), ws.DefaultRole} {
		if role != "" && Fold(role) != RoleOwner {
			return role
		}
	}
	return ""
}

func (r RoleRule) fits(sent []string, groups []Group) bool {
	if r.AppRole != "" {
		for _, s := range sent {
			if Fold(s) == Fold(r.AppRole) {
				return true
			}
		}
		return false
	}
	for _, g := range groups {
		if r.Names(g) {
			return true
		}
	}
	return false
}

// Names reports whether the rule is about a group.
func (r RoleRule) Names(g Group) bool {
	return r.Group != "" && (r.Group == g.ID || r.Group == g.ExternalID || Fold(r.Group) == Fold(g.DisplayName))
}

// rolesIn returns the values and displays of all roles in a resource.
func rolesIn(doc []byte) []string {
	var out []string
	for _, r := range object(doc).list("roles") {
		out = append(out, r.text("value"), r.text("display"))
	}
	return out
}

// RoleAfter returns the role of a person after a change by the provisioner.
// was and is are what RoleFor gave before and gives after it.
//
// A role that somebody gave by hand is never taken away by the way: it stays
// until what the provisioner says about roles changes from the very role that
// the person has. Whoever returns is no admin and no owner any more (row E8):
// they get the default role until somebody gives them another, or the
// provisioner gives it anew, which the change that brings them back may do.
func RoleAfter(ws Workspace, before, after User, was, is string) string {
	role := before.Role
	if Fold(before.Role) == Fold(was) || before.Role == "" {
		role = is
	}
	anew := Fold(was) != Fold(is) && role == is
	if before.State != Active && after.State == Active && powerful(role) && !anew {
		if role = ws.DefaultRole; powerful(role) {
			role = ""
		}
	}
	return role
}
