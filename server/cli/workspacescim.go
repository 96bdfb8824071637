package cli

import (
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// scimFlags are the settings of a workspace's provisioning.
type scimFlags struct {
	Required   *string  `name:"scim-required" placeholder:"entra|NAMES" help:"Attributes that people must come with besides userName, separated by commas. entra means emails,name.givenName,name.familyName; an empty text means none."`
	Strict     *toggle  `name:"scim-strict" placeholder:"on|off" help:"Take nothing from the provisioner that the RFCs do not allow. Leave it off for Entra."`
	DeleteMode *string  `name:"delete-mode" placeholder:"archive|purge|reject" help:"What a deletion by the provisioner does: keep people archived, erase them after --purge-after, or refuse."`
	PurgeAfter *string  `name:"purge-after" placeholder:"30d" help:"How long people are kept with --delete-mode purge."`
	Accept     *string  `name:"scim-accept" placeholder:"FILTER" help:"A SCIM filter that people must meet to be provisioned, such as 'userType eq \"Member\"'. An empty text takes everybody."`
	Rate       *int     `name:"scim-rate" placeholder:"N" help:"How many provisioning requests a second each server takes before it asks to wait (429). 0 is any number; Entra needs 25."`
	People     *int     `name:"alarm-people" placeholder:"N" help:"As --people of lanyardd scim alarm."`
	Percent    *int     `name:"alarm-percent" placeholder:"N" help:"As --percent of lanyardd scim alarm."`
	Hold       *toggle  `name:"alarm-hold" placeholder:"on|off" help:"As --hold of lanyardd scim alarm."`
	Schemas    *string  `name:"scim-schemas" placeholder:"FILE" help:"The server's file of SCIM schemas (LANYARD_SCIM_SCHEMAS), where --scim-required or --scim-accept name an attribute of it."`
	RoleRule   []string `name:"role-rule" placeholder:"RULE" sep:"none" help:"Role of the members of a group or of people with an app role: group:Engineers=editor or app-role:Boss=admin. Repeat for several, the first that fits counts. They replace those that were set; one empty rule means none."`
}

// alarm are the settings of the alarm, which are those of the directory.
func (f scimFlags) alarm() scimAlarmCmd {
	return scimAlarmCmd{People: f.People, Percent: f.Percent, Hold: f.Hold}
}

// minRate is the least that --scim-rate may be: Microsoft's gallery asks that a
// tenant be served 25 requests a second.
const minRate, maxRate = 25, 1_000_000

// changes checks every flag that was given and returns what they do. people is
// the resource type of people, with the extensions of the configuration.
func (f scimFlags) changes(people *scim.ResourceType) (do []func(*directory.Workspace), err error) {
	if f.Strict != nil {
		do = append(do, func(ws *directory.Workspace) { ws.SCIMStrict = bool(*f.Strict) })
	}
	if f.Required != nil {
		names, err := requiredNames(*f.Required, people)
		if err != nil {
			return nil, err
		}
		do = append(do, func(ws *directory.Workspace) { ws.SCIMRequired = names })
	}
	if f.Accept != nil {
		filter := strings.TrimSpace(*f.Accept)
		if err := checkText("--scim-accept", filter, 1000); err != nil {
			return nil, err
		}
		if _, err := provision.Accept(people, filter); err != nil {
			return nil, badValue("--scim-accept", filter, "is no SCIM filter of people. "+scim.Sentence(err))
		}
		do = append(do, func(ws *directory.Workspace) { ws.SCIMAccept = filter })
	}
	if f.Rate != nil {
		if n := *f.Rate; n != 0 && (n < minRate || n > maxRate) {
			return nil, problem.Detailf(problem.BadUsage, "--scim-rate %d is neither 0 nor between %d and %d.", n, minRate, maxRate)
		}
		do = append(do, func(ws *directory.Workspace) { ws.SCIMRate = *f.Rate })
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

// requiredNames reads --scim-required.
func requiredNames(text string, people *scim.ResourceType) ([]string, error) {
	if text = strings.TrimSpace(text); strings.EqualFold(text, "entra") {
		return directory.EntraRequired, nil
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if _, err := people.With(scim.Profile{Required: []string{name}}); err != nil {
			return nil, badValue("--scim-required", name, "is no attribute that people can be required to have, such as emails, displayName or name.givenName. One of an extension of yours is named with its URN, and --scim-schemas says where it is declared.")
		}
		names = append(names, name)
	}
	return names, nil
}

// roleRules reads --role-rule.
func roleRules(flags []string) ([]directory.RoleRule, error) {
	var out []directory.RoleRule
	for _, flag := range flags {
		if strings.TrimSpace(flag) == "" {
			continue
		}
		rule, err := directory.ReadRoleRule(flag)
		if err != nil {
			return nil, badValue("--role-rule", flag, err.Error()+".")
		}
		out = append(out, rule)
	}
	if len(out) > directory.MaxRoleRules {
		return nil, problem.Detailf(problem.BadUsage, "There are %d role rules; at most %d are taken.", len(out), directory.MaxRoleRules)
	}
	return out, nil
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
		out = append(out, r.String())
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
