package conform

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// gallery are the 25 tests of Microsoft's validation for the app gallery, in
// its order. Those which there run through a tenant send here what the tenant
// would send.
func gallery() []test {
	all := []test{
		{name: "Create_User_Test", what: "A person nobody matched is created, and then found by userName.", run: createUser},
		{name: "Update_User_Test", what: "Changed attributes arrive.", both: true, run: updateUser},
		{name: "Disable_User_Test", what: "A person whose account is disabled is shown as inactive.", both: true, run: disableUser},
		{name: "Delete_User_Test", what: "A person who was deleted for good is gone.", optional: true, run: deleteUser},
		{name: "User_Update_Manager_Test", what: "A manager is set, changed and removed, by the operations of a cycle.", both: true, run: updateManager},
		{name: "Restore_User_Test", what: "A person who was unassigned and assigned again is the same person, active again.", both: true, run: restoreUser},
		{name: "POD_User_Test", what: "Provision on demand creates a person at once.", run: createUser},
		{name: "Create_Group_Test", what: "A group nobody matched is created empty, and then found by displayName.", groups: true, run: createGroup},
		{name: "Update_Group_Test", what: "A group's new name arrives, and the old one finds nothing.", both: true, groups: true, run: updateGroup},
		{name: "Delete_Group_Test", what: "A group that was deleted is gone.", optional: true, groups: true, run: deleteGroup},
		{name: "Group_Update_Add_Member_Test", what: "Members are added, and those who were there stay.", both: true, groups: true, run: addMember},
		{name: "Group_Update_Remove_Member_Test", what: "One member is removed, and the others stay.", both: true, groups: true, run: removeMember},
		{name: "POD_Group_Test", what: "Provision on demand creates a group with five members.", groups: true, run: demandGroup},
		{name: "Restore_Group_Test", what: "A group that was deleted can be created again under the same name.", optional: true, groups: true, run: restoreGroup},
		{name: "Schema_Discoverability_Test", what: "/Schemas has every attribute of the usual mapping.", run: discoverSchema},
		{name: "SCIM_Null_Update_Test", what: "Optional attributes are emptied by \"\" and by null.", both: true, run: nullUpdate},
		{name: "SCIM_User_Create_Test", what: "POST /Users gives back an id and the same userName.", run: directUser},
		{name: "SCIM_User_Update_Test", what: "PATCH /Users/{id} changes every single-valued attribute.", both: true, run: directUserUpdate},
		{name: "SCIM_Group_Create_Test", what: "POST /Groups gives back an id and the same displayName.", groups: true, run: directGroup},
		{name: "SCIM_Group_Update_Test", what: "PATCH /Groups/{id} changes displayName and externalId.", both: true, groups: true, run: directGroupUpdate},
		{name: "Validate_Credentials_Test", what: "OAuth client credentials give a token that lives 60 to 360 minutes and is taken.", run: clientCredentials},
		{name: "Federated_Identity_Test", what: "A client assertion of a workload identity gives a token that is taken.", run: federation},
		{name: "SCIM_User_Pagination_Test", what: "Pages of five people echo their startIndex and repeat nobody.", run: func(t *try) { t.pages("/Users") }},
		{name: "SCIM_Group_Pagination_Test", what: "Pages of five groups echo their startIndex and repeat none.", optional: true, groups: true, run: func(t *try) { t.pages("/Groups") }},
		{name: "SCIM_Update_Manager_Test", what: "PATCH adds a manager, replaces them, and removes them with an empty value.", both: true, run: directManager},
	}
	for i := range all {
		all[i].suite = "gallery"
	}
	return all
}

func createUser(t *try) {
	body := t.newUser()
	filter := "userName eq " + quoted(text(body["userName"]))
	t.findsNone("/Users", filter)
	doc := t.create("/Users", body)
	t.finds("/Users", filter, text(doc["id"]))
	got := t.read(resource("/Users", text(doc["id"])))
	for _, path := range []string{"userName", "externalId", "displayName", "active", "name.familyName", workMail, workPhone, mobilePhone, department} {
		t.equal(got, path, at(body, path))
	}
}

func updateUser(t *try) {
	_, path := t.user()
	changes := []change{
		replace("title", "Engineer"), replace("displayName", "Another Name"), replace("name.familyName", "King"),
		replace(workMail, unique()+"@mail."+t.c.Domain), replace(department, "Weaving"),
	}
	t.patch(path, t.ops(changes...)...)
	t.holds(path, changes)
}

// holds ends the test unless every change is there.
func (t *try) holds(path string, changes []change) {
	doc := t.read(path)
	for _, c := range changes {
		t.equal(doc, c.path, c.value)
	}
}

func disableUser(t *try) {
	doc, path := t.user()
	t.patch(path, t.ops(replace("active", false))...)
	t.equal(t.read(path), "active", false)
	found := t.finds("/Users", "userName eq "+quoted(text(doc["userName"])), text(doc["id"]))
	t.equal(found, "active", false)
}

func deleteUser(t *try) {
	doc, path := t.user()
	t.remove(path)
	t.need(t.get(path, nil), http.StatusNotFound)
	t.findsNone("/Users", "userName eq "+quoted(text(doc["userName"])))
}

func updateManager(t *try) {
	first, _ := t.user()
	second, _ := t.user()
	_, path := t.user()
	for _, boss := range []object{first, second} {
		verb := add
		if text(boss["id"]) == text(second["id"]) {
			verb = replace
		}
		t.patch(path, t.ops(verb(managerPath, boss["id"]))...)
		t.equal(t.read(path), managerPath, boss["id"])
	}
	t.patch(path, t.unset(managerPath))
	t.equal(t.read(path), managerPath, nil)
}

func restoreUser(t *try) {
	doc, path := t.user()
	t.patch(path, t.ops(replace("active", false))...)
	t.finds("/Users", "userName eq "+quoted(text(doc["userName"])), text(doc["id"]))
	t.patch(path, t.ops(replace("active", true))...)
	t.equal(t.read(path), "active", true)
}

func createGroup(t *try) {
	body := t.newGroup()
	filter := "displayName eq " + quoted(text(body["displayName"]))
	t.findsNone("/Groups", filter, "excludedAttributes", "members")
	doc := t.create("/Groups", body)
	found := t.finds("/Groups", filter, text(doc["id"]), "excludedAttributes", "members")
	t.equal(found, "displayName", body["displayName"])
	t.equal(t.read(resource("/Groups", text(doc["id"]))), "externalId", body["externalId"])
}

func updateGroup(t *try) {
	doc, path := t.group()
	name := "Group " + unique()
	t.patch(path, t.ops(replace("displayName", name))...)
	t.finds("/Groups", "displayName eq "+quoted(name), text(doc["id"]), "excludedAttributes", "members")
	t.findsNone("/Groups", "displayName eq "+quoted(text(doc["displayName"])), "excludedAttributes", "members")
}

func deleteGroup(t *try) {
	doc, path := t.group()
	t.remove(path)
	t.need(t.get(path, nil), http.StatusNotFound)
	t.findsNone("/Groups", "displayName eq "+quoted(text(doc["displayName"])))
}

// people makes n of them and returns their ids.
func (t *try) people(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		doc, _ := t.userFrom(t.bareUser())
		ids[i] = text(doc["id"])
	}
	return ids
}

func addMember(t *try) {
	ids := t.people(3)
	_, path := t.group()
	t.patch(path, t.addMembers(ids[0]))
	t.hasMembers(path, ids[0])
	t.patch(path, t.addMembers(ids[1:]...))
	t.hasMembers(path, ids...)
	t.patch(path, t.addMembers(ids[0])) // again: nobody is there twice
	t.hasMembers(path, ids...)
}

func removeMember(t *try) {
	ids := t.people(3)
	_, path := t.group()
	t.patch(path, t.addMembers(ids...))
	t.patch(path, t.removeMembers(ids[0])...)
	t.hasMembers(path, ids[1:]...)
}

func demandGroup(t *try) {
	ids := t.people(5)
	_, path := t.group()
	t.patch(path, t.addMembers(ids...))
	t.hasMembers(path, ids...)
}

func restoreGroup(t *try) {
	body := t.newGroup()
	first := t.create("/Groups", body)
	t.remove(resource("/Groups", text(first["id"])))
	second := t.create("/Groups", body)
	t.finds("/Groups", "displayName eq "+quoted(text(body["displayName"])), text(second["id"]))
}

func nullUpdate(t *try) {
	doc, path := t.user()
	optional := []string{"title", "preferredLanguage", employeeNo, department, workPhone}
	for _, a := range optional {
		if empty(at(doc, a)) {
			t.fail("%s was sent with the create and is not in the answer.", a)
		}
	}
	for _, value := range []any{"", nil} {
		var changes []change
		for _, a := range optional {
			changes = append(changes, change{"Replace", a, value})
		}
		t.patch(path, t.ops(changes...)...)
		got := t.read(path)
		for _, a := range optional {
			t.equal(got, a, nil)
		}
		t.equal(got, "userName", doc["userName"])
	}
}

func directUser(t *try) {
	body := t.newUser()
	doc := t.create("/Users", body)
	t.equal(doc, "userName", body["userName"])
}

func directUserUpdate(t *try) {
	_, path := t.user()
	changes := []change{
		replace("userName", unique()+"@"+t.c.Domain), replace("displayName", "D "+unique()), replace("title", "T "+unique()),
		replace("preferredLanguage", "da-DK"), replace("externalId", guid()),
		replace("name.givenName", "G "+unique()), replace("name.familyName", "F "+unique()), replace("name.formatted", "N "+unique()),
		replace(employeeNo, "8002"), replace(department, "Looms"),
	}
	t.patch(path, t.ops(changes...)...)
	t.holds(path, changes)
}

func directGroup(t *try) {
	body := t.newGroup()
	t.equal(t.create("/Groups", body), "displayName", body["displayName"])
}

func directGroupUpdate(t *try) {
	_, path := t.group()
	changes := []change{replace("displayName", "Group "+unique()), replace("externalId", guid())}
	t.patch(path, t.ops(changes...)...)
	t.holds(path, changes)
}

// pages walks three pages of five.
func (t *try) pages(endpoint string) {
	have := t.need(t.get(endpoint, url.Values{"startIndex": {"1"}, "count": {"1"}}), http.StatusOK).total()
	for ; have < 11; have++ {
		if endpoint == "/Users" {
			t.userFrom(t.bareUser())
		} else {
			t.group()
		}
	}
	seen := map[string]bool{}
	for page := range 3 {
		start := page*5 + 1
		q := url.Values{"startIndex": {fmt.Sprint(start)}, "count": {"5"}}
		if endpoint == "/Groups" {
			q.Set("excludedAttributes", "members")
		}
		a := t.need(t.get(endpoint, q), http.StatusOK)
		if got, ok := a.doc["startIndex"].(float64); !ok || int(got) != start {
			t.fail("%s: startIndex is %s where %d is due.", a.path, show(a.doc["startIndex"]), start)
		}
		list := a.list()
		if n := len(list); n > 5 || page < 2 && n != 5 || n == 0 {
			t.fail("%s: %d resources are on the page.", a.path, n)
		}
		if got, ok := a.doc["itemsPerPage"].(float64); !ok || int(got) != len(list) {
			t.fail("%s: itemsPerPage is %s where %d is due.", a.path, show(a.doc["itemsPerPage"]), len(list))
		}
		for _, r := range list {
			id := text(r["id"])
			if seen[id] {
				t.fail("%s: id %s was on an earlier page already.", a.path, id)
			}
			seen[id] = true
		}
	}
}

func directManager(t *try) {
	first, _ := t.user()
	second, _ := t.user()
	_, path := t.user()
	t.patch(path, t.ops(add(managerPath, first["id"]))...)
	t.equal(t.read(path), managerPath, first["id"])
	t.patch(path, t.ops(replace(managerPath, second["id"]))...)
	t.equal(t.read(path), managerPath, second["id"])
	t.patch(path, t.ops(replace(managerPath, ""))...)
	t.equal(t.read(path), managerPath, nil)
}

// mapped are the attributes of the usual mapping, as Microsoft flattens them.
var mapped = map[string][]string{
	userSchema: {
		"userName", "active", "displayName", "title", "preferredLanguage", "externalId", "name.givenName", "name.familyName", "name.formatted",
		"emails.value", "emails.type", "emails.primary", "phoneNumbers.value", "phoneNumbers.type",
		"addresses.formatted", "addresses.streetAddress", "addresses.locality", "addresses.region", "addresses.postalCode", "addresses.country", "addresses.type",
	},
	enterprise:  {"employeeNumber", "department", "manager"},
	groupSchema: {"displayName", "members", "members.value", "externalId"},
}

// common are the attributes that every resource has (RFC 7643 section 3.1):
// a provider need not list them in its schemas.
var common = []string{"externalid", "id", "meta"}

func discoverSchema(t *try) {
	a := t.need(t.get("/Schemas", nil), http.StatusOK)
	if a.doc["Resources"] == nil {
		t.fail("GET /Schemas: the answer has no Resources.")
	}
	if path := nullIn(a.doc, "$"); path != "" {
		t.fail("GET /Schemas: %s is null.", path)
	}
	flat := map[string]map[string]bool{}
	for _, s := range a.list() {
		names := map[string]bool{}
		for _, c := range common {
			names[c] = true
		}
		flatten(names, "", objects(s["attributes"]))
		flat[text(s["id"])] = names
	}
	for _, schema := range []string{userSchema, enterprise, groupSchema} {
		if flat[schema] == nil {
			t.fail("GET /Schemas: there is no %s.", schema)
		}
		for _, name := range mapped[schema] {
			if !flat[schema][strings.ToLower(name)] {
				t.fail("GET /Schemas: %s has no attribute %s.", schema, name)
			}
		}
	}
}

// flatten notes the names of attributes with their sub-attributes.
func flatten(into map[string]bool, prefix string, attributes []object) {
	for _, a := range attributes {
		name := prefix + strings.ToLower(text(a["name"]))
		into[name] = true
		flatten(into, name+".", objects(a["subAttributes"]))
	}
}

// nullIn is where a null stands in a document, or "".
func nullIn(v any, path string) string {
	switch v := v.(type) {
	case nil:
		return path
	case []any:
		for i, item := range v {
			if p := nullIn(item, fmt.Sprintf("%s[%d]", path, i)); p != "" {
				return p
			}
		}
	case object:
		for k, item := range v {
			if p := nullIn(item, path+"."+k); p != "" {
				return p
			}
		}
	}
	return ""
}
