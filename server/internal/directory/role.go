package directory

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

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

// Powerful reports whether a role must be given by somebody, not by a return.
func Powerful(role string) bool { return Fold(role) == RoleOwner || Fold(role) == RoleAdmin }

// RoleFor returns the role that a workspace gives to a person with this
// resource and these groups: that of the first rule that fits, else the one the
// provisioner sent, else base. Owner is none of them.
func RoleFor(ws Workspace, doc []byte, groups []Group, base string) string {
	return roleFor(ws, doc, groups, base, func(role string) bool { return Fold(role) != RoleOwner })
}

// roleFor is RoleFor among the roles that may be given.
func roleFor(ws Workspace, doc []byte, groups []Group, base string, may func(string) bool) string {
	var sent []string
	if bytes.Contains(bytes.ToLower(doc), []byte(`"roles"`)) {
		sent = rolesIn(doc)
	}
	for _, rule := range ws.RoleRules {
		if rule.fits(sent, groups) && may(rule.Role) {
			return rule.Role
		}
	}
	if len(sent) > 0 {
		if role := RoleIn(doc); role != "" && may(role) {
			return role
		}
	}
	if may(base) {
		return base
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
		r = unfolded(r)
		out = append(out, r.text("value"), r.text("display"))
	}
	return out
}

// unfolded is a role whose value is a JSON text taken apart: so Entra's
// AppRoleAssignments functions send one where the mapping is to the whole
// attribute, with displayName for the display.
func unfolded(r fieldsOf) fieldsOf {
	text := r.text("value")
	if !strings.HasPrefix(text, "{") {
		return r
	}
	inner := object([]byte(text))
	if inner.text("value") == "" {
		return r
	}
	out := fieldsOf{"value": inner.get("value"), "display": inner.get("displayName"), "primary": r.get("primary")}
	if inner.text("displayName") == "" {
		out["display"] = inner.get("display")
	}
	return out
}

// Ranking is where a person's role comes from.
type Ranking struct {
	// Granted is the role that somebody gave by hand, or empty. It stands
	// before every rule, so no provisioner takes it away by the way (row E3).
	Granted string
	// Base is the default role at the time the person came.
	Base string
	// Had is the role of an administrator or owner that the person lost when
	// their access ended, and HadUntil when that was (row E8). While it stands
	// here no rule makes them one again: somebody has to say so.
	Had      string
	HadUntil time.Time
	// By names the rules that Role was worked out under: see RankedBy. 0 means
	// that it never was, -1 that something changed since.
	By int64
}

// RankedBy names the role rules of a workspace: other rules, another number. It
// is never 0 or less.
func (ws Workspace) RankedBy() int64 {
	if len(ws.RoleRules) == 0 {
		return 1
	}
	h := fnv.New64a()
	for _, r := range ws.RoleRules {
		_, _ = fmt.Fprintf(h, "%q %q %q\n", r.Group, r.AppRole, r.Role) // it never fails
	}
	return int64(h.Sum64()>>2) + 2
}

// RanksGroups reports whether any rule is about groups.
func (ws Workspace) RanksGroups() bool {
	return slices.ContainsFunc(ws.RoleRules, func(r RoleRule) bool { return r.Group != "" })
}

// RanksGroup reports whether a role hangs on the group.
func (ws Workspace) RanksGroup(g Group) bool {
	return slices.ContainsFunc(ws.RoleRules, func(r RoleRule) bool { return r.Names(g) })
}

// Rank returns u, who was in the state from before and is in these groups, with
// the role that follows: the one given by hand, else RoleFor's.
//
// Whoever loses their access or gets it back is no longer the admin or owner
// that they were, whether by hand or by a rule (row E8): that stands in
// Ranking.Had from then on, until Confirm or another role given by hand.
func Rank(ws Workspace, u User, from State, groups []Group) User {
	r := &u.Ranking
	if r.By == 0 { // from before rankings were kept
		r.Base = ws.DefaultRole
		if u.Role != "" && Fold(u.Role) != Fold(RoleFor(ws, u.Doc, groups, r.Base)) {
			r.Granted = u.Role
		}
	}
	if (from == Active) != (u.State == Active) && Powerful(u.Role) {
		if r.Had == "" {
			r.Had, r.HadUntil = u.Role, u.Modified
		}
		if Powerful(r.Granted) {
			r.Granted = ""
		}
	}
	role := first(r.Granted, RoleFor(ws, u.Doc, groups, r.Base))
	if r.Had != "" && r.Granted == "" && Powerful(role) {
		role = roleFor(ws, u.Doc, groups, r.Base, func(role string) bool { return !Powerful(role) })
	}
	u.Role, r.By = role, ws.RankedBy()
	return u
}

// Confirm gives u the role back that Ranking.Had tells of. Where a rule gives
// that role, it follows the rule again; else it is given by hand.
func Confirm(ws Workspace, u User, groups []Group) User {
	r := &u.Ranking
	if r.Had == "" {
		return u
	}
	r.Granted = ""
	if Fold(RoleFor(ws, u.Doc, groups, r.Base)) != Fold(r.Had) {
		r.Granted = r.Had
	}
	u.Role, r.Had, r.HadUntil, r.By = r.Had, "", time.Time{}, ws.RankedBy()
	return u
}

// Grant gives u a role by hand, or, where role is empty, takes the one away
// that was: then the rules decide again.
func Grant(ws Workspace, u User, groups []Group, role string) User {
	if u.Ranking.By == 0 {
		u = Rank(ws, u, u.State, groups)
	}
	u.Ranking.Granted = role
	if role != "" {
		u.Ranking.Had, u.Ranking.HadUntil = "", time.Time{}
	}
	return Rank(ws, u, u.State, groups)
}
