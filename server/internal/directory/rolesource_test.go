package directory

import "testing"

func TestRoleSource_itNamesWhatRankWentBy(t *testing.T) {
	editors := RoleRule{Group: "Editors", Role: "editor"}
	bosses := RoleRule{AppRole: "Boss", Role: "admin"}
	ws := Workspace{RoleRules: []RoleRule{editors, bosses}}
	in := []Group{{ID: "g-1", DisplayName: "editors"}}
	cases := map[string]struct {
		u      User
		groups []Group
		basis  RoleBasis
		rule   RoleRule
	}{
		"by hand before every rule":          {User{Ranking: Ranking{Granted: "lead"}}, in, RoleByHand, RoleRule{}},
		"by a group":                         {User{}, in, RoleByRule, editors},
		"by an app role":                     {User{Doc: []byte(`{"roles":[{"value":"Boss"}]}`)}, nil, RoleByRule, bosses},
		"as sent":                            {User{Doc: []byte(`{"roles":[{"value":"writer"}]}`)}, nil, RoleBySent, RoleRule{}},
		"the default":                        {User{Ranking: Ranking{Base: "member"}}, nil, RoleByDefault, RoleRule{}},
		"none":                               {User{}, nil, RoleByNothing, RoleRule{}},
		"a lost admin's rule does not count": {User{Doc: []byte(`{"roles":[{"value":"Boss"}]}`), Ranking: Ranking{Had: "admin", Base: "member"}}, nil, RoleBySent, RoleRule{}},
		"an owner is never sent":             {User{Doc: []byte(`{"roles":[{"value":"owner"}]}`), Ranking: Ranking{Base: "member"}}, nil, RoleByDefault, RoleRule{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.u.State, c.u.Ranking.By = Active, 1
			basis, rule := RoleSource(ws, c.u, c.groups)
			if basis != c.basis || rule != c.rule {
				t.Errorf("got %s %+v, want %s %+v", basis, rule, c.basis, c.rule)
			}
			ranked := Rank(ws, c.u, Active, c.groups)
			want := map[RoleBasis]string{
				RoleByHand: c.u.Ranking.Granted, RoleByRule: rule.Role, RoleBySent: RoleIn(c.u.Doc), RoleByDefault: c.u.Ranking.Base,
			}[basis]
			if ranked.Role != want {
				t.Errorf("Rank gives %q, and the source is %s, which gives %q", ranked.Role, basis, want)
			}
		})
	}
}
