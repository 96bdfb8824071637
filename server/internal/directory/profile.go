package directory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// EnterpriseSchema is the extension that holds department, employee number and
// manager (RFC 7643, section 4.3).
const EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// Profile is what people are shown about a person.
type Profile struct {
	UserName    string
	DisplayName string
	GivenName   string
	FamilyName  string
	// Email is empty when the provisioner sent none: a user name is not an
	// address, even where it looks like one.
	Email      string
	Title      string
	Department string
	Role       string
	// Picture is an https address, or empty.
	Picture string
}

// ProfileOf reads a person's profile out of the stored SCIM resource. What is
// missing or of the wrong type is left out; it never fails, since a person
// with an odd attribute must still be able to sign in.
//
// The display name is displayName, else name.formatted, else given and family
// name, else the user name. The e-mail address is the one of type work, else
// the primary, else the first (row E9). The role is User.Role: what a resource
// says about roles counts only as far as Rank let it.
func ProfileOf(u User) Profile {
	doc := object(u.Doc)
	name, enterprise := object(doc.get("name")), object(doc.get(EnterpriseSchema))
	p := Profile{
		UserName:   u.UserName,
		GivenName:  name.text("givenName"),
		FamilyName: name.text("familyName"),
		Email:      pick(doc.list("emails"), "work", "value"),
		Title:      doc.text("title"),
		Department: enterprise.text("department"),
		Role:       u.Role,
		Picture:    pictureURL(pick(doc.list("photos"), "photo", "value")),
	}
	p.DisplayName = first(doc.text("displayName"), name.text("formatted"),
		strings.TrimSpace(p.GivenName+" "+p.FamilyName), u.UserName)
	return p
}

// RoleIn returns the role that a SCIM resource names: the display, else the
// value, of the primary or else the first element of roles; or "".
func RoleIn(doc []byte) string {
	roles := object(doc).list("roles")
	for i, r := range roles {
		roles[i] = unfolded(r)
	}
	return first(pick(roles, "", "display"), pick(roles, "", "value"))
}

// NewUser gives a person who is about to be created what the workspace gives
// to everybody new: a role (RoleFor, with no groups yet), and the
// default department where the resource has none (rows E3, E4). It is applied
// on creation only, so a value that was taken away later stays away.
func NewUser(ws Workspace, u User) (User, error) {
	u.Directory = ws.Directory
	u.Version = 1
	if u.State == "" {
		u.State = Active
	}
	if Fold(ws.DefaultRole) != RoleOwner {
		u.Ranking.Base = ws.DefaultRole
	}
	u.Ranking.Granted, u.Ranking.By = u.Role, ws.RankedBy()
	u = Rank(ws, u, Active, nil)
	if ws.DefaultDepartment == "" {
		return u, nil
	}
	doc, err := withDepartment(u.Doc, ws.DefaultDepartment)
	if err != nil {
		return User{}, err
	}
	u.Doc = doc
	return u, nil
}

// withDepartment returns doc with the department added if it has none.
func withDepartment(doc []byte, department string) ([]byte, error) {
	fields := fieldsOf{}
	if len(bytes.TrimSpace(doc)) > 0 {
		if err := json.Unmarshal(doc, &fields); err != nil {
			return nil, fmt.Errorf("directory: reading the resource: %w", err)
		}
	}
	enterprise := object(fields.get(EnterpriseSchema))
	if enterprise.text("department") != "" {
		return doc, nil
	}
	if fields == nil { // the resource was null
		fields = fieldsOf{}
	}
	if enterprise == nil {
		enterprise = fieldsOf{}
	}
	enterprise.set("department", mustJSON(department))
	fields.set(EnterpriseSchema, mustJSON(enterprise))
	var schemas []string
	if json.Unmarshal(fields.get("schemas"), &schemas) == nil && !slices.Contains(schemas, EnterpriseSchema) {
		fields.set("schemas", mustJSON(append(schemas, EnterpriseSchema)))
	}
	return json.Marshal(fields)
}

// mustJSON encodes values that cannot fail: strings and what was JSON before.
func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// fieldsOf is a JSON object whose names are compared without case, as SCIM's
// are (RFC 7643, section 2.1).
type fieldsOf map[string]json.RawMessage

// object is b as an object, or nil where it is none.
func object(b []byte) fieldsOf {
	var f fieldsOf
	if json.Unmarshal(b, &f) != nil {
		return nil
	}
	return f
}

func (f fieldsOf) get(name string) json.RawMessage {
	if v, ok := f[name]; ok {
		return v
	}
	for k, v := range f {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

// set puts v in the place of whatever has that name in any case.
func (f fieldsOf) set(name string, v json.RawMessage) {
	for k := range f {
		if strings.EqualFold(k, name) {
			delete(f, k)
		}
	}
	f[name] = v
}

// text is the string of that name without the space around it, or "".
func (f fieldsOf) text(name string) string {
	var s string
	if json.Unmarshal(f.get(name), &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

// truth reads a boolean, also in the "True" that Entra sends for one.
func (f fieldsOf) truth(name string) bool {
	var b bool
	return (json.Unmarshal(f.get(name), &b) == nil && b) || strings.EqualFold(f.text(name), "true")
}

// list is the objects in the array of that name.
func (f fieldsOf) list(name string) []fieldsOf {
	var raw []json.RawMessage
	if json.Unmarshal(f.get(name), &raw) != nil {
		return nil
	}
	var all []fieldsOf
	for _, r := range raw {
		if o := object(r); o != nil {
			all = append(all, o)
		}
	}
	return all
}

// pick returns an attribute of the element of that type, else of the primary
// one, else of the first that has it.
func pick(list []fieldsOf, kind, name string) string {
	choices := []func(fieldsOf) bool{
		func(f fieldsOf) bool { return kind != "" && strings.EqualFold(f.text("type"), kind) },
		func(f fieldsOf) bool { return f.truth("primary") },
		func(fieldsOf) bool { return true },
	}
	for _, fits := range choices {
		for _, f := range list {
			if v := f.text(name); v != "" && fits(f) {
				return v
			}
		}
	}
	return ""
}

// pictureURL returns s if it is an https address. Anything else could make a
// client read a local file or run a script.
func pictureURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return s
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
