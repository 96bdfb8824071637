package directory

import (
	"errors"
	"fmt"
	"strings"
)

// MaxRoleRules bounds the rules of a workspace: each is looked at for everybody.
const MaxRoleRules = 100

// Limits on the parts of a rule, in bytes.
const (
	maxRole      = 64
	maxRoleMatch = 256
)

// ReadRoleRule reads a rule as people write it: group:Engineers=editor or
// app-role:Boss=admin. The error ends a sentence about the rule.
func ReadRoleRule(text string) (RoleRule, error) {
	i := strings.LastIndexByte(text, '=') // a group's name may hold one
	if i < 0 {
		i = len(text)
		text += "="
	}
	kind, name, _ := strings.Cut(text[:i], ":")
	name, role := strings.TrimSpace(name), strings.TrimSpace(text[i+1:])
	rule := RoleRule{Role: role}
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "group":
		rule.Group = name
	case "app-role":
		rule.AppRole = name
	}
	switch {
	case rule.Group+rule.AppRole == "" || role == "":
		return rule, errors.New("does not read like group:Engineers=editor or app-role:Boss=admin")
	case Fold(role) == RoleOwner:
		return rule, errors.New("would make owners; only lanyardd user set --role does")
	case len(role) > maxRole || len(name) > maxRoleMatch:
		return rule, fmt.Errorf("is longer than %d and %d characters", maxRoleMatch, maxRole)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return rule, errors.New("holds what cannot be printed")
	}
	return rule, nil
}

// ReadRoleRules reads rules, one a line; empty lines are none. The error
// names the rule.
func ReadRoleRules(text string) ([]RoleRule, error) {
	var all []RoleRule
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		rule, err := ReadRoleRule(line)
		if err != nil {
			return nil, fmt.Errorf("%.300q %w", line, err)
		}
		all = append(all, rule)
	}
	if len(all) > MaxRoleRules {
		return nil, fmt.Errorf("there are %d role rules; at most %d are taken", len(all), MaxRoleRules)
	}
	return all, nil
}

// String is the rule as people write it.
func (r RoleRule) String() string {
	if r.AppRole != "" {
		return fmt.Sprintf("app-role:%s=%s", r.AppRole, r.Role)
	}
	return fmt.Sprintf("group:%s=%s", r.Group, r.Role)
}

// RoleRuleText is rules one a line.
func RoleRuleText(rules []RoleRule) string {
	all := make([]string, len(rules))
	for i, r := range rules {
		all[i] = r.String()
	}
	return strings.Join(all, "\n")
}
