package directory

import "testing"

func TestReadRoleRules_readsWhatItWrites(t *testing.T) {
	const text = "group:Engineers=editor\napp-role:Boss=admin\ngroup:a=b=viewer"
	rules, err := ReadRoleRules("\n" + text + "\n\n")
	if err != nil || len(rules) != 3 || rules[2] != (RoleRule{Group: "a=b", Role: "viewer"}) || RoleRuleText(rules) != text {
		t.Errorf("read %+v, %v", rules, err)
	}
	for _, wrong := range []string{"Engineers=editor", "group:=editor", "group:Engineers", "group:Engineers=", "group:E=Owner", "team:E=x", "group:a\x07b=c"} {
		if rules, err := ReadRoleRules(wrong); err == nil {
			t.Errorf("%q was read as %+v", wrong, rules)
		}
	}
}

func FuzzReadRoleRule(f *testing.F) {
	for _, s := range []string{"group:Engineers=editor", "app-role:Boss=admin", "group:a=b=c", "=", ":", "group::=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rule, err := ReadRoleRule(s)
		if err != nil {
			return
		}
		if again, err := ReadRoleRule(rule.String()); err != nil || again != rule {
			t.Errorf("%q is %+v, and %q is %+v, %v", s, rule, rule, again, err)
		}
	})
}
