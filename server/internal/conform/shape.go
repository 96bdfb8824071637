package conform

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The attributes that are sent, as Entra's mapping names them.
const (
	workMail     = `emails[type eq "work"].value`
	otherMail    = `emails[type eq "other"].value`
	workPhone    = `phoneNumbers[type eq "work"].value`
	mobilePhone  = `phoneNumbers[type eq "mobile"].value`
	faxPhone     = `phoneNumbers[type eq "fax"].value`
	workStreet   = `addresses[type eq "work"].streetAddress`
	workCity     = `addresses[type eq "work"].locality`
	workRegion   = `addresses[type eq "work"].region`
	workPostcode = `addresses[type eq "work"].postalCode`
	workCountry  = `addresses[type eq "work"].country`
	employeeNo   = enterprise + ":employeeNumber"
	department   = enterprise + ":department"
	managerPath  = enterprise + ":manager"
)

// newUser is the body of a create with Entra's usual mapping.
func (t *try) newUser() object {
	name := unique()
	return object{
		"schemas":    []any{userSchema, enterprise},
		"externalId": guid(), "userName": name + "@" + t.c.Domain, "active": true,
		"displayName": "Display " + name, "title": "Analyst", "preferredLanguage": "en-US",
		"meta":         object{"resourceType": "User"},
		"name":         object{"formatted": "Given Family", "familyName": "Family", "givenName": "Given"},
		"emails":       []any{object{"primary": true, "type": "work", "value": name + "@mail." + t.c.Domain}},
		"phoneNumbers": []any{object{"type": "work", "value": "+45 70 10 20 30"}, object{"type": "mobile", "value": "+45 (20) 11-22 33"}},
		"addresses":    []any{object{"type": "work", "streetAddress": "1 Long Street", "locality": "Aarhus", "country": "DK"}},
		"roles":        []any{},
		enterprise:     object{"employeeNumber": "7001", "department": "Engines"},
	}
}

// bareUser has what a provider may require, and no more.
func (t *try) bareUser() object {
	name := unique()
	return object{
		"schemas": []any{userSchema}, "externalId": guid(), "userName": name + "@" + t.c.Domain, "active": true,
		"name":   object{"familyName": "Family", "givenName": "Given"},
		"emails": []any{object{"primary": true, "type": "work", "value": name + "@mail." + t.c.Domain}},
	}
}

// user makes a person and returns them with the address.
func (t *try) user() (doc object, path string) { return t.userFrom(t.newUser()) }

func (t *try) userFrom(body object) (doc object, path string) {
	doc = t.create("/Users", body)
	return doc, resource("/Users", text(doc["id"]))
}

func (t *try) newGroup() object {
	return object{
		"schemas": []any{groupSchema, entraGroup}, "externalId": guid(), "displayName": "Group " + unique(),
		"meta": object{"resourceType": "Group"},
	}
}

// group makes a group without members, as Entra does.
func (t *try) group() (doc object, path string) {
	doc = t.create("/Groups", t.newGroup())
	return doc, resource("/Groups", text(doc["id"]))
}

// change is one attribute that gets a value.
type change struct {
	verb, path string
	value      any
}

func add(path string, value any) change     { return change{"Add", path, value} }
func replace(path string, value any) change { return change{"Replace", path, value} }

// ops writes changes in the dialect of the test: each as an operation with a
// path, or, with the flag, those of one verb without a filter in one
// operation without a path, with dotted and URN-qualified names.
func (t *try) ops(changes ...change) []any {
	var out []any
	if t.dialect == classic {
		for _, c := range changes {
			value := c.value
			if b, ok := value.(bool); ok {
				value = map[bool]string{true: "True", false: "False"}[b]
			}
			out = append(out, object{"op": c.verb, "path": c.path, "value": value})
		}
		return out
	}
	merged := map[string]object{}
	for _, c := range changes {
		verb := strings.ToLower(c.verb)
		if strings.Contains(c.path, "[") || c.path == "active" {
			out = append(out, object{"op": verb, "path": c.path, "value": c.value})
			continue
		}
		if merged[verb] == nil {
			merged[verb] = object{}
			out = append(out, object{"op": verb, "value": merged[verb]})
		}
		merged[verb][c.path] = c.value
	}
	return out
}

// unset removes an attribute by path.
func (t *try) unset(path string) object { return object{"op": t.verb("Remove"), "path": path} }

func (t *try) verb(v string) string {
	if t.dialect == flagged {
		return strings.ToLower(v)
	}
	return v
}

// addMembers is one operation for all of them.
func (t *try) addMembers(ids ...string) object {
	return object{"op": t.verb("Add"), "path": "members", "value": references(ids)}
}

// removeMembers is one operation with a list of values, or with the flag one
// operation with a filter for each.
func (t *try) removeMembers(ids ...string) []any {
	if t.dialect == classic {
		return []any{object{"op": "Remove", "path": "members", "value": references(ids)}}
	}
	var out []any
	for _, id := range ids {
		out = append(out, object{"op": "remove", "path": `members[value eq "` + id + `"]`})
	}
	return out
}

func references(ids []string) []any {
	var out []any
	for _, id := range ids {
		out = append(out, object{"$ref": nil, "value": id})
	}
	return out
}

// quoted writes a value for a filter.
func quoted(v string) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a string
	}
	return string(b)
}

// equal ends the test unless the attribute at path has the value; nil means
// that it is empty or absent.
func (t *try) equal(doc object, path string, want any) {
	got := at(doc, path)
	if want == nil || want == "" {
		if !empty(got) {
			t.fail("%s is %s where nothing is due.", path, show(got))
		}
		return
	}
	if got != want {
		t.fail("%s is %s where %s is due.", path, show(got), show(want))
	}
}

// empty reports whether a value counts as none (RFC 7643 section 2.5).
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, sub := range v {
			if !empty(sub) {
				return false
			}
		}
		return true
	}
	return false
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(b) > 200 {
		return string(b[:200]) + "…"
	}
	return string(b)
}

// at reads an attribute by the path that Entra's mapping gives it; names are
// compared without case (RFC 7643 section 2.1).
func at(doc object, path string) any {
	if rest, ok := strings.CutPrefix(path, enterprise+":"); ok {
		ext, _ := member(doc, enterprise).(object)
		if rest == "manager" {
			m, _ := member(ext, "manager").(object)
			return member(m, "value")
		}
		return at(ext, rest)
	}
	if list, rest, ok := strings.Cut(path, `[type eq "`); ok {
		kind, name, _ := strings.Cut(rest, `"].`)
		for _, item := range objects(member(doc, list)) {
			if strings.EqualFold(text(member(item, "type")), kind) {
				return member(item, name)
			}
		}
		return nil
	}
	if parent, child, ok := strings.Cut(path, "."); ok {
		m, _ := member(doc, parent).(object)
		return at(m, child)
	}
	return member(doc, path)
}

func member(doc object, name string) any {
	if v, ok := doc[name]; ok {
		return v
	}
	for k, v := range doc {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// objects are the objects in a list.
func objects(v any) []object {
	items, _ := v.([]any)
	var out []object
	for _, item := range items {
		if o, ok := item.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

// memberIDs are the values of a group's members.
func memberIDs(group object) map[string]bool {
	ids := map[string]bool{}
	for _, m := range objects(member(group, "members")) {
		ids[text(m["value"])] = true
	}
	return ids
}

// hasMembers ends the test unless the group has exactly these.
func (t *try) hasMembers(path string, ids ...string) {
	have := memberIDs(t.read(path))
	for _, id := range ids {
		if !have[id] {
			t.fail("the group has lost member %s; it has %d members where %d are due.", id, len(have), len(ids))
		}
	}
	if len(have) != len(ids) {
		t.fail("the group has %d members where %d are due.", len(have), len(ids))
	}
}
