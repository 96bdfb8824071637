package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// scimFlags are the settings of a workspace's provisioning.
type scimFlags struct {
	Required   *string  `name:"scim-required" placeholder:"entra|NAMES" help:"Attributes that people must come with besides userName, separated by commas. entra means emails,name.givenName,name.familyName; an empty text means none."`
	Strict     *toggle  `name:"scim-strict" placeholder:"on|off" help:"Take nothing from the provisioner that the RFCs do not allow. Leave it off for Entra."`
	DeleteMode *string  `name:"delete-mode" placeholder:"archive|purge|reject" help:"What a deletion by the provisioner does: keep people archived, erase them after --purge-after, or refuse."`
	PurgeAfter *string  `name:"purge-after" placeholder:"30d" help:"How long people are kept with --delete-mode purge."`
	RoleRule   []string `name:"role-rule" placeholder:"RULE" sep:"none" help:"Role of the members of a group or of people with an app role: group:Engineers=editor or app-role:Boss=admin. Repeat for several, the first that fits counts. They replace those that were set; one empty rule means none."`
}

// changes checks every flag that was given and returns what they do.
func (f scimFlags) changes() (do []func(*directory.Workspace), err error) {
	if f.Strict != nil {
		do = append(do, func(ws *directory.Workspace) { ws.SCIMStrict = bool(*f.Strict) })
	}
	if f.Required != nil {
		names, err := requiredNames(*f.Required)
		if err != nil {
			return nil, err
		}
		do = append(do, func(ws *directory.Workspace) { ws.SCIMRequired = names })
	}
	if f.DeleteMode != nil {
		mode := directory.DeleteMode(strings.ToLower(strings.TrimSpace(*f.DeleteMode)))
		switch mode {
		case directory.DeleteArchive, directory.DeletePurge, directory.DeleteReject, "":
		default:
			return nil, badValue("--delete-mode", *f.DeleteMode, "must be archive, purge or reject.")
		}
		do = append(do, func(ws *directory.Workspace) { ws.DeleteMode = mode })
	}
	if f.PurgeAfter != nil {
		d, err := parseDuration("--purge-after", strings.TrimSpace(*f.PurgeAfter))
		if err != nil {
			return nil, err
		}
		do = append(do, func(ws *directory.Workspace) { ws.PurgeAfter = d.Truncate(time.Second) })
	}
	if f.RoleRule != nil {
		rules, err := roleRules(f.RoleRule)
		if err != nil {
			return nil, err
		}
		do = append(do, func(ws *directory.Workspace) { ws.RoleRules = rules })
	}
	return do, nil
}

// requiredNames reads --scim-required. Extensions of a configuration are not
// known here, so only the attributes of the RFC can be required.
func requiredNames(text string) ([]string, error) {
	if text = strings.TrimSpace(text); strings.EqualFold(text, "entra") {
		return directory.EntraRequired, nil
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if _, err := scim.Users().With(scim.Profile{Required: []string{name}}); err != nil {
			return nil, badValue("--scim-required", name, "is no attribute that people can be required to have, such as emails, displayName or name.givenName.")
		}
		names = append(names, name)
	}
	return names, nil
}

// maxRoleRules bounds the rules of a workspace: each is looked at for everybody.
const maxRoleRules = 100

// roleRules reads --role-rule.
func roleRules(flags []string) ([]directory.RoleRule, error) {
	var out []directory.RoleRule
	for _, flag := range flags {
		if strings.TrimSpace(flag) == "" {
			continue
		}
		what, role, _ := cutLast(flag, "=")
		kind, name, _ := strings.Cut(what, ":")
		name, role = strings.TrimSpace(name), strings.TrimSpace(role)
		rule := directory.RoleRule{Role: role}
		switch kind = strings.ToLower(strings.TrimSpace(kind)); kind {
		case "group":
			rule.Group = name
		case "app-role":
			rule.AppRole = name
		}
		switch {
		case rule.Group+rule.AppRole == "" || role == "":
			return nil, badValue("--role-rule", flag, "does not read like group:Engineers=editor or app-role:Boss=admin.")
		case directory.Fold(role) == directory.RoleOwner:
			return nil, badValue("--role-rule", flag, "would make owners; only lanyardd user set --role does.")
		}
		if err := checkText("--role-rule", role, 64); err != nil {
			return nil, err
		}
		if err := checkText("--role-rule", name, 256); err != nil {
			return nil, err
		}
		out = append(out, rule)
	}
	if len(out) > maxRoleRules {
		return nil, problem.Detailf(problem.BadUsage, "There are %d role rules; at most %d are taken.", len(out), maxRoleRules)
	}
	return out, nil
}

// cutLast is strings.Cut at the last sep: a group's name may hold one.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// defaultRoleName refuses owner: whoever comes would be one.
func defaultRoleName(v string) (string, error) {
	if directory.Fold(v) == directory.RoleOwner {
		return "", badValue("--default-role", v, "would make everybody who comes an owner.")
	}
	return v, checkText("--default-role", v, 64)
}

// ruleTexts are rules as they are typed.
func ruleTexts(rules []directory.RoleRule) []string {
	out := []string{}
	for _, r := range rules {
		if r.AppRole != "" {
			out = append(out, fmt.Sprintf("app-role:%s=%s", r.AppRole, r.Role))
		} else {
			out = append(out, fmt.Sprintf("group:%s=%s", r.Group, r.Role))
		}
	}
	return out
}

// deletion says in words what a deletion does.
func deletion(ws directory.Workspace) string {
	switch ws.DeleteMode {
	case directory.DeletePurge:
		return "purge after " + formatDuration(ws.PurgeAfter)
	case directory.DeleteReject:
		return "reject"
	}
	return "archive"
}
