package register

import (
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

func (p Plan) checkRoles(a Application) (out []Difference) {
	const field, page = "appRoles", "App roles → "
	known := map[string]bool{}
	for _, w := range p.Roles {
		known[w.Value] = true
		d := Difference{Field: field, Want: w.Value}
		with := func(match func(AppRole) bool) *AppRole {
			if i := slices.IndexFunc(a.AppRoles, match); i >= 0 {
				return &a.AppRoles[i]
			}
			return nil
		}
		exact := with(func(r AppRole) bool { return r.Value == w.Value && r.Enabled })
		if exact == nil {
			exact = with(func(r AppRole) bool { return r.Value == w.Value })
		}
		near := with(func(r AppRole) bool { return strings.EqualFold(r.Value, w.Value) })
		switch {
		case exact == nil && near != nil:
			known[near.Value] = true
			d.Code, d.Got, d.Fix = problem.RegRoleNear, near.Value, page+near.DisplayName+" → Value: "+w.Value
		case exact == nil:
			d.Code, d.Got = problem.RegRoleMissing, list(roleValues(a.AppRoles))
			d.Fix = page + "Create app role: Display name " + w.DisplayName + ", Allowed member types Users/Groups, Value " + w.Value
		case !exact.Enabled:
			d.Code, d.Got, d.Want = problem.RegRoleDisabled, "disabled", w.Value+" enabled"
			d.Fix = page + exact.DisplayName + ` → "Do you want to enable this app role?"`
		case !slices.Contains(exact.Members, "User"):
			d.Code, d.Got, d.Want = problem.RegRoleMembers, list(exact.Members), w.Value+" for Users/Groups"
			d.Fix = page + exact.DisplayName + " → Allowed member types: Users/Groups"
		default:
			continue
		}
		out = append(out, d)
	}
	for _, v := range twice(roleValues(a.AppRoles)) {
		out = append(out, Difference{Code: problem.RegRoleTwice, Field: field, Want: v + " once", Got: "more than once", Fix: page + v + ": disable and delete all but one"})
	}
	for _, r := range a.AppRoles {
		if r.Value != "" && r.Enabled && !known[r.Value] {
			out = append(out, Difference{Code: problem.RegRoleOther, Field: field, Want: "nothing of it in the plan", Got: r.Value, Note: true, Fix: page + r.DisplayName + ": leave it, or remove it where nobody is assigned it"})
		}
	}
	return out
}

func roleValues(all []AppRole) (out []string) {
	for _, r := range all {
		if r.Value != "" {
			out = append(out, r.Value)
		}
	}
	return out
}

// CheckPrincipal holds an enterprise application against the plan, with the
// consents and assignments where it has been given them. a is the registration
// that it belongs to.
func (p Plan) CheckPrincipal(a Application, s ServicePrincipal) []Difference {
	p = p.With(a.AppID)
	if !strings.EqualFold(a.AppID, s.AppID) {
		return []Difference{{
			Code: problem.RegOtherApp, Field: "servicePrincipal.appId", Want: a.AppID, Got: s.AppID,
			Fix: "Enterprise apps → " + p.Name + " → Properties → Application ID: give the one with this ID",
		}}
	}
	var out []Difference
	if s.Enabled != nil && !*s.Enabled {
		out = append(out, Difference{
			Code: problem.RegDisabled, Field: "servicePrincipal.accountEnabled", Want: "true", Got: "false",
			Fix: "Enterprise apps → " + p.Name + " → Properties → Enabled for users to sign-in? Yes",
		})
	}
	if s.AssignmentRequired == nil || !*s.AssignmentRequired {
		out = append(out, Difference{
			Code: problem.RegAssignment, Field: "servicePrincipal.appRoleAssignmentRequired", Want: "true", Got: shownBool(s.AssignmentRequired),
			Fix: "Enterprise apps → " + p.Name + " → Properties → Assignment required? Yes",
		})
	}
	if p.SAML != nil {
		page := "Enterprise apps → " + p.Name + " → Single sign-on → "
		if s.SignOnMode != "saml" {
			out = append(out, Difference{Code: problem.RegSAML, Field: "servicePrincipal.preferredSingleSignOnMode", Want: "saml", Got: shown(s.SignOnMode), Fix: page + "SAML"})
		}
		if s.LoginURL != p.SAML.SignOnURL {
			out = append(out, Difference{
				Code: problem.RegSAML, Field: "servicePrincipal.loginUrl", Want: p.SAML.SignOnURL, Got: shown(s.LoginURL),
				Fix: page + "Basic SAML Configuration → Sign on URL: " + p.SAML.SignOnURL,
			})
		}
	}
	return slices.Concat(out, p.checkConsent(a, s), p.checkAssignments(s))
}

// checkConsent looks whether an administrator has consented for all. Where
// nobody asked for the consents nothing is said.
func (p Plan) checkConsent(a Application, s ServicePrincipal) []Difference {
	scope, ok := p.scope(a)
	if s.Grants == nil || !ok || preauthorized(a, scope) {
		return nil
	}
	for _, g := range s.Grants {
		if g.ConsentType == "AllPrincipals" && g.ResourceID == s.ID && slices.Contains(strings.Fields(g.Scope), p.Scope.Value) {
			return nil
		}
	}
	return []Difference{{
		Code: problem.RegConsent, Field: "oauth2PermissionGrants", Want: p.Scope.Value + " for AllPrincipals", Got: nothing,
		Fix: "API permissions → Grant admin consent",
	}}
}

// checkAssignments finds those whom provisioning leaves out (row D8).
func (p Plan) checkAssignments(s ServicePrincipal) []Difference {
	var names []string
	for _, a := range s.Assignments {
		if a.RoleID == DefaultAccess && a.Kind != "ServicePrincipal" {
			names = append(names, shown(a.Principal))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []Difference{{
		Code: problem.RegDefaultAccess, Field: "appRoleAssignedTo", Want: "a role of the application", Got: "Default Access: " + list(names), Note: !p.SCIM,
		Fix: "Enterprise apps → " + p.Name + " → Users and groups: select them → Edit assignment → Select a role, such as " + p.Roles[0].DisplayName,
	}}
}
