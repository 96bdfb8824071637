package explain

import (
	"encoding/json"
	"regexp"
	"strings"
)

// defaultAccess is the role ID of an assignment without a role (Microsoft
// Graph, "appRoleAssignment resource type").
const defaultAccess = "00000000-0000-0000-0000-000000000000"

// entitledForm is why Entra's provisioning logs say that somebody was skipped.
var entitledForm = regexp.MustCompile(`(?i)\bnot\s*effectively\s*entitled\b|\bdefault access\b`)

// notProvisioned says why somebody who may sign in at Microsoft is nobody here
// (row D8).
func notProvisioned() []string {
	return []string{
		"If the person is assigned to the application and did not arrive, look at the role of the assignment: people and groups assigned with " +
			"Default Access are not provisioned, though they can sign in at Microsoft.",
		"Where, in Microsoft Entra: Enterprise apps, the application, Users and groups: select them, Edit assignment, and choose one of the " +
			"application's roles. lanyardd entra plan says which roles to make, and lanyardd entra check names who has Default Access.",
		"Otherwise the next cycle of provisioning has not come yet (about every 40 minutes; Provision on demand sends one person at once), " +
			"provisioning is off, or its scope leaves the person out: lanyardd scim log --failed shows what was refused here.",
	}
}

// provisioning explains a line of Entra's provisioning logs about somebody who
// was skipped, and assignments as Microsoft Graph or az lists them.
func (r reader) provisioning(s string) (Explanation, bool) {
	e := Explanation{Kind: KindProvisioning}
	if all, ok := assignmentsIn(s); ok {
		for _, a := range all {
			if a.RoleID == defaultAccess {
				e.fact("assigned with Default Access", a.Name)
			} else {
				e.fact("assigned with a role", a.Name)
			}
		}
		if e.OK = !strings.Contains(s, defaultAccess); e.OK {
			e.note("Everybody in this list is assigned with a role of the application, so provisioning sends them.")
		} else {
			e.note(notProvisioned()[:2]...)
		}
		return e, true
	}
	if len(s) > 64<<10 || !entitledForm.MatchString(s) {
		return Explanation{}, false
	}
	e.fact("reason", "not effectively entitled: Entra did not send this person")
	e.note(notProvisioned()[:2]...)
	return e, true
}

// assignment is one appRoleAssignment.
type assignment struct {
	RoleID string `json:"appRoleId"`
	Name   string `json:"principalDisplayName"`
}

// assignmentsIn reads appRoleAssignedTo: a list, or one assignment.
func assignmentsIn(s string) ([]assignment, bool) {
	var doc struct {
		assignment
		Value []assignment `json:"value"`
	}
	var all []assignment
	switch {
	case strings.HasPrefix(s, "[") && json.Unmarshal([]byte(s), &all) == nil:
	case strings.HasPrefix(s, "{") && json.Unmarshal([]byte(s), &doc) == nil:
		if all = doc.Value; doc.RoleID != "" {
			all = append(all, doc.assignment)
		}
	}
	for _, a := range all {
		if a.RoleID == "" {
			return nil, false
		}
	}
	return all, len(all) > 0
}
