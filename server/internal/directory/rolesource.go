package directory

// RoleBasis is what a person's role comes from.
type RoleBasis string

// What a role may come from, in the order in which each stands before the next.
const (
	RoleByHand    RoleBasis = "hand"    // Ranking.Granted
	RoleByRule    RoleBasis = "rule"    // a RoleRule
	RoleBySent    RoleBasis = "sent"    // the provisioner
	RoleByDefault RoleBasis = "default" // the workspace's default
	RoleByNothing RoleBasis = "nothing" // there is none
)

// RoleSource says what gives a person in these groups their role, and which rule
// where it is one. It follows [Rank].
func RoleSource(ws Workspace, u User, groups []Group) (RoleBasis, RoleRule) {
	if u.Ranking.Granted != "" {
		return RoleByHand, RoleRule{}
	}
	may := func(role string) bool {
		return Fold(role) != RoleOwner && (u.Ranking.Had == "" || !Powerful(role))
	}
	sent := rolesIn(u.Doc)
	for _, rule := range ws.RoleRules {
		if rule.fits(sent, groups) && may(rule.Role) {
			return RoleByRule, rule
		}
	}
	switch role := RoleIn(u.Doc); {
	case role != "" && may(role):
		return RoleBySent, RoleRule{}
	case u.Ranking.Base != "" && may(u.Ranking.Base):
		return RoleByDefault, RoleRule{}
	}
	return RoleByNothing, RoleRule{}
}
