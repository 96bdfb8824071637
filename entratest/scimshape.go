package entratest

import (
	"encoding/json"
	"strings"
)

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterprise  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	managerPath = enterprise + ":manager"
	rolesPath   = "roles"
)

// attr is one mapped attribute: its path in Entra's mapping, and its value.
// Roles are kept as the JSON of their list.
type attr struct{ path, value string }

func valueOf(attrs []attr, path string) string {
	for _, a := range attrs {
		if a.path == path {
			return a.value
		}
	}
	return ""
}

func only(attrs []attr, path string) []attr {
	if v := valueOf(attrs, path); v != "" {
		return []attr{{path, v}}
	}
	return nil
}

// attributes are the default mappings of a non-gallery app, in their order.
func (p *Provisioner) attributes(s subject) []attr {
	u := s.user
	external := u.ObjectID
	if p.opt.ExternalID == ExternalIDMailNickname {
		external = u.MailNickname
	}
	attrs := []attr{
		{"userName", u.UserPrincipalName},
		{"displayName", u.DisplayName},
		{"title", u.JobTitle},
		{`emails[type eq "work"].value`, u.Mail},
		{"preferredLanguage", u.PreferredLanguage},
		{"name.givenName", u.GivenName},
		{"name.familyName", u.Surname},
		{"name.formatted", strings.TrimSpace(u.GivenName + " " + u.Surname)},
		{`addresses[type eq "other"].formatted`, u.OfficeLocation},
		{`phoneNumbers[type eq "work"].value`, u.TelephoneNumber},
		{`phoneNumbers[type eq "mobile"].value`, u.MobilePhone},
		{"externalId", external},
		{enterprise + ":employeeNumber", u.EmployeeID},
		{enterprise + ":department", u.Department},
	}
	if p.opt.Roles {
		attrs = append(attrs, attr{rolesPath, rolesJSON(s.roles)})
	}
	return attrs
}

// manager is the reference to the manager, once the target has them.
func (p *Provisioner) manager(s subject) []attr {
	if m := p.remote[s.user.Manager]; s.user.Manager != "" && m != nil {
		return []attr{{managerPath, m.id}}
	}
	return nil
}

type roleValue struct {
	ID          string `json:"id"`
	Value       string `json:"value"`
	DisplayName string `json:"displayName"`
}

func rolesJSON(roles []AppRole) string {
	list := []roleValue{}
	for _, r := range roles {
		list = append(list, roleValue{r.ID, r.Value, r.DisplayName})
	}
	if len(list) == 0 {
		return ""
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings
	}
	return string(b)
}

func parseRoles(s string) []roleValue {
	var list []roleValue
	if s == "" || json.Unmarshal([]byte(s), &list) != nil {
		return nil
	}
	return list
}

// flagged reports whether requests are written in the dialect of the flag. On
// demand they are not, whatever the tenant URL says.
func (p *Provisioner) flagged() bool { return p.opt.OptSCIM062020 && !p.plain }

// verb writes an operation's name: with a capital, or without under the flag.
func (p *Provisioner) verb(name string) string {
	if p.flagged() {
		return strings.ToLower(name)
	}
	return name
}

func (p *Provisioner) op(name, path string, value any) map[string]any {
	return map[string]any{"op": p.verb(name), "path": path, "value": value}
}

// activeOp disables or restores: with the string "False", or a boolean under
// the flag.
func (p *Provisioner) activeOp(active bool) map[string]any {
	if p.flagged() {
		return p.op("Replace", "active", active)
	}
	if active {
		return p.op("Replace", "active", "True")
	}
	return p.op("Replace", "active", "False")
}

// roleOps sends roles as the role mapping does.
func (p *Provisioner) roleOps(before string, a attr) []any {
	had := map[string]bool{}
	for _, r := range parseRoles(before) {
		had[r.ID] = true
	}
	roles := parseRoles(a.value)
	if len(roles) == 0 {
		return nil
	}
	switch p.opt.RoleMapping {
	case SingleAppRoleAssignment:
		r, name := roles[0], "Replace"
		if before == "" {
			name = "Add"
		}
		return []any{
			p.op(name, `roles[primary eq "True"].display`, r.DisplayName),
			p.op(name, `roles[primary eq "True"].value`, r.Value),
			p.op(name, `roles[primary eq "True"].type`, "WindowsAzureActiveDirectoryRole"),
		}
	case AssertiveAppRoleAssignmentsComplex:
		return []any{p.op("Replace", rolesPath, complexRoles(roles, false))}
	}
	var added []any
	for _, r := range roles {
		if had[r.ID] {
			continue
		}
		b, err := json.Marshal(r)
		if err != nil {
			panic(err) // strings
		}
		added = append(added, map[string]any{"value": string(b)})
	}
	if len(added) == 0 {
		return nil
	}
	return []any{p.op("Add", rolesPath, added)}
}

func complexRoles(roles []roleValue, primary bool) []any {
	list := []any{}
	for _, r := range roles {
		var flag any = primary
		if primary {
			flag = "True" // as Entra writes it in a create
		}
		list = append(list, map[string]any{
			"primary": flag, "type": "WindowsAzureActiveDirectoryRole", "display": r.DisplayName, "value": r.Value,
		})
	}
	return list
}

// createBody is the body of POST /Users.
func (p *Provisioner) createBody(s subject, attrs []attr) map[string]any {
	get := func(path string) string { return valueOf(attrs, path) }
	body := map[string]any{
		"schemas":    []string{userSchema, enterprise},
		"externalId": get("externalId"), "userName": get("userName"), "active": true,
		"displayName": get("displayName"),
		"meta":        map[string]any{"resourceType": "User"},
		"roles":       []any{},
	}
	set(body, "title", get("title"))
	set(body, "preferredLanguage", get("preferredLanguage"))
	name := map[string]any{}
	for _, part := range []string{"formatted", "familyName", "givenName"} {
		set(name, part, get("name."+part))
	}
	if len(name) > 0 {
		body["name"] = name
	}
	if mail := get(`emails[type eq "work"].value`); mail != "" {
		body["emails"] = []any{map[string]any{"primary": true, "type": "work", "value": mail}}
	}
	var phones []any
	for _, kind := range []string{"work", "mobile"} {
		if n := get(`phoneNumbers[type eq "` + kind + `"].value`); n != "" {
			phones = append(phones, map[string]any{"type": kind, "value": n})
		}
	}
	if phones != nil {
		body["phoneNumbers"] = phones
	}
	if office := get(`addresses[type eq "other"].formatted`); office != "" {
		body["addresses"] = []any{map[string]any{"primary": false, "type": "other", "formatted": office}}
	}
	ext := map[string]any{}
	set(ext, "employeeNumber", get(enterprise+":employeeNumber"))
	set(ext, "department", get(enterprise+":department"))
	if len(ext) > 0 {
		body[enterprise] = ext
	}
	if roles := parseRoles(get(rolesPath)); len(roles) > 0 {
		single := p.opt.RoleMapping == SingleAppRoleAssignment
		if single {
			roles = roles[:1]
		}
		body["roles"] = complexRoles(roles, single)
	}
	return body
}

func set(m map[string]any, name, value string) {
	if value != "" {
		m[name] = value
	}
}

func isValuePath(path string) bool { return strings.Contains(path, "[") }

// readPath reads one of the mapped paths out of a resource; "" when it is not
// there.
func readPath(doc map[string]any, path string) string {
	if rest, ok := strings.CutPrefix(path, enterprise+":"); ok {
		ext, _ := doc[enterprise].(map[string]any)
		v, _ := ext[rest].(string)
		if m, ok := ext[rest].(map[string]any); ok { // the manager
			v, _ = m["value"].(string)
		}
		return v
	}
	if list, rest, ok := strings.Cut(path, `[type eq "`); ok {
		kind, member, _ := strings.Cut(rest, `"].`)
		items, _ := doc[list].([]any)
		for _, item := range items {
			if m, _ := item.(map[string]any); m["type"] == kind {
				v, _ := m[member].(string)
				return v
			}
		}
		return ""
	}
	if parent, child, ok := strings.Cut(path, "."); ok {
		m, _ := doc[parent].(map[string]any)
		v, _ := m[child].(string)
		return v
	}
	v, _ := doc[path].(string)
	return v
}
