package conform

import (
	"net/http"
	"strings"
)

// validator are the required tests of Microsoft's SCIM Validator.
func validator() []test {
	all := []test{
		{name: "Create a new User", what: "POST /Users answers 201 with everything that was sent.", run: validCreate},
		{name: "Create a duplicate User", what: "A second POST of the same person is 409.", run: duplicateUser},
		{name: "Filter for an existing user", what: "A filter on userName finds the person.", run: func(t *try) {
			doc, _ := t.user()
			t.finds("/Users", "userName eq "+quoted(text(doc["userName"])), text(doc["id"]))
		}},
		{name: "Filter for a non-existing user", what: "A filter that matches nobody is 200 with an empty list.", run: func(t *try) {
			t.findsNone("/Users", "userName eq "+quoted(guid()))
		}},
		{name: "Filter for an existing user with a different case", what: "userName is compared without case.", run: func(t *try) {
			doc, _ := t.user()
			t.finds("/Users", "userName eq "+quoted(strings.ToUpper(text(doc["userName"]))), text(doc["id"]))
		}},
		{name: "Patch User - Replace Attributes Verbose Request", what: "Each attribute is replaced by an operation of its own.", both: true, run: replaceVerbose},
		{name: "Update User userName", what: "userName is replaced by an operation without a path.", run: patchUserName},
		{name: "Patch User - Disable User", what: "GET and filter show a disabled person as inactive.", both: true, run: disableUser},
		{name: "Patch User - Add Attributes Verbose Request", what: "Every attribute is added to a person who has none.", both: true, run: addVerbose},
		{name: "Patch User - Add Manager", what: "A manager is added.", both: true, run: func(t *try) { t.managed() }},
		{name: "Patch User - Replace Manager", what: "A manager is replaced.", both: true, run: func(t *try) {
			path, _ := t.managed()
			other, _ := t.user()
			t.patch(path, t.ops(replace(managerPath, other["id"]))...)
			t.equal(t.read(path), managerPath, other["id"])
		}},
		{name: "Patch User - Remove Manager", what: "A manager is removed.", both: true, run: func(t *try) {
			path, _ := t.managed()
			t.patch(path, t.unset(managerPath))
			t.equal(t.read(path), managerPath, nil)
		}},
		{name: "Delete User", what: "DELETE is 204, and GET then 404.", run: func(t *try) {
			_, path := t.user()
			t.need(t.send(http.MethodDelete, path, nil, nil), http.StatusNoContent)
			t.need(t.get(path, nil), http.StatusNotFound)
		}},
		{name: "Create a new Group", what: "POST /Groups answers 201 with the name.", groups: true, run: func(t *try) {
			body := t.newGroup()
			a := t.need(t.send(http.MethodPost, "/Groups", nil, body), http.StatusCreated)
			t.made = append(t.made, resource("/Groups", text(a.doc["id"])))
			t.equal(a.doc, "displayName", body["displayName"])
		}},
		{name: "Create a duplicate Group", what: "A second POST of the same group is 409.", groups: true, run: func(t *try) {
			body := t.newGroup()
			t.create("/Groups", body)
			t.refusedTwin("/Groups", body)
		}},
		{name: "Get Group excluding members", what: "excludedAttributes=members leaves the members out.", groups: true, run: excludeMembers},
		{name: "Filter for an existing group", what: "A filter on displayName finds the group, with members and without.", groups: true, run: filterGroup},
		{name: "Filter for a non-existing group", what: "A filter that matches no group is 200 with an empty list.", groups: true, run: func(t *try) {
			t.findsNone("/Groups", "displayName eq "+quoted(guid()), "excludedAttributes", "members")
		}},
		{name: "Filter for an existing group with a different case", what: "displayName is compared without case.", groups: true, run: func(t *try) {
			doc, _ := t.group()
			t.finds("/Groups", "displayName eq "+quoted(strings.ToUpper(text(doc["displayName"]))), text(doc["id"]))
		}},
		{name: "Patch Group - Replace Attributes", what: "A group is renamed by an operation without a path.", groups: true, run: func(t *try) {
			_, path := t.group()
			name := "Group " + unique()
			t.patch(path, object{"op": "replace", "value": object{"displayName": name}})
			t.equal(t.read(path), "displayName", name)
		}},
		{name: "Patch Group - Update externalId", what: "A group's externalId is replaced.", both: true, groups: true, run: func(t *try) {
			_, path := t.group()
			value := guid()
			t.patch(path, t.ops(replace("externalId", value))...)
			t.equal(t.read(path), "externalId", value)
		}},
		{name: "Patch Group - Add Member", what: "A member is added.", both: true, groups: true, run: addMember},
		{name: "Patch Group - Remove Member", what: "A member is removed.", both: true, groups: true, run: removeMember},
		{name: "Delete Group", what: "DELETE is 204, and GET then 404.", groups: true, run: func(t *try) {
			_, path := t.group()
			t.need(t.send(http.MethodDelete, path, nil, nil), http.StatusNoContent)
			t.need(t.get(path, nil), http.StatusNotFound)
		}},
	}
	for i := range all {
		all[i].suite = "validator"
	}
	return all
}

// preview are those tests that the SCIM Validator calls preview.
func preview() []test {
	all := []test{
		{name: "Patch User - Multiple Operations on different attributes", what: "Add, replace and remove in one request.", both: true, run: func(t *try) {
			_, path := t.user()
			mail := unique() + "@mail." + t.c.Domain
			ops := t.ops(replace("displayName", "Many"), add(otherMail, mail), replace(department, "Looms"))
			t.patch(path, append(ops, t.unset("title"))...)
			doc := t.read(path)
			t.equal(doc, "displayName", "Many")
			t.equal(doc, otherMail, mail)
			t.equal(doc, department, "Looms")
			t.equal(doc, "title", nil)
		}},
		{name: "Patch User - Multiple Operations on same attribute", what: "The last of several operations on one attribute counts.", run: func(t *try) {
			_, path := t.user()
			t.patch(path,
				object{"op": "Remove", "path": "displayName"},
				object{"op": "Add", "path": "displayName", "value": "first"},
				object{"op": "Replace", "path": "displayName", "value": "last"})
			t.equal(t.read(path), "displayName", "last")
		}},
		{name: "Delete a non-existent User", what: "DELETE of an id nobody has is 404.", run: func(t *try) {
			t.need(t.send(http.MethodDelete, resource("/Users", guid()), nil, nil), http.StatusNotFound)
		}},
		{name: "Delete a non-existent Group", what: "DELETE of an id no group has is 404.", groups: true, run: func(t *try) {
			t.need(t.send(http.MethodDelete, resource("/Groups", guid()), nil, nil), http.StatusNotFound)
		}},
		{name: "Delete the same User twice", what: "The second DELETE is 404.", run: func(t *try) {
			_, path := t.user()
			t.remove(path)
			t.need(t.send(http.MethodDelete, path, nil, nil), http.StatusNotFound)
		}},
		{name: "Delete the same Group twice", what: "The second DELETE is 404.", groups: true, run: func(t *try) {
			_, path := t.group()
			t.remove(path)
			t.need(t.send(http.MethodDelete, path, nil, nil), http.StatusNotFound)
		}},
		{name: "Patch Group - Multiple Operations on members", what: "One request removes a member and adds two.", both: true, groups: true, run: func(t *try) {
			ids := t.people(4)
			_, path := t.group()
			t.patch(path, t.addMembers(ids[:2]...))
			t.patch(path, append(t.removeMembers(ids[0]), t.addMembers(ids[2]), t.addMembers(ids[3]))...)
			t.hasMembers(path, ids[1:]...)
		}},
	}
	for i := range all {
		all[i].suite = "validator-preview"
	}
	return all
}

func validCreate(t *try) {
	body := t.newUser()
	a := t.need(t.send(http.MethodPost, "/Users", nil, body), http.StatusCreated)
	if id := text(a.doc["id"]); id != "" {
		t.made = append(t.made, resource("/Users", id))
	} else {
		t.fail("POST /Users: the answer has no id.")
	}
	for _, path := range []string{"userName", "externalId", "displayName", "active", "title", "preferredLanguage", "name.givenName", "name.familyName", "name.formatted", workMail, workPhone, mobilePhone, workStreet, workCity, workCountry, employeeNo, department} {
		t.equal(a.doc, path, at(body, path))
	}
}

func duplicateUser(t *try) {
	body := t.newUser()
	t.create("/Users", body)
	t.refusedTwin("/Users", body)
}

// refusedTwin ends the test unless a second create is refused as one.
func (t *try) refusedTwin(endpoint string, body object) {
	a := t.send(http.MethodPost, endpoint, nil, body)
	if id := text(a.doc["id"]); id != "" && a.status < 300 {
		t.made = append(t.made, resource(endpoint, id))
	}
	t.need(a, http.StatusConflict)
	t.isError(a)
	if kind := text(a.doc["scimType"]); kind != "" && kind != "uniqueness" {
		t.fail("POST %s: the scimType is %q where uniqueness is due.", endpoint, kind)
	}
}

// isError ends the test unless the answer is a SCIM error (RFC 7644 section 3.12).
func (t *try) isError(a answer) {
	if !a.isSCIM() {
		t.fail("%s %s: the error's type is %q, not %s.", a.method, a.path, a.header.Get("Content-Type"), mediaType)
	}
	if !lists(a.doc, errorSchema) {
		t.fail("%s %s: the error does not list the schema %s.", a.method, a.path, errorSchema)
	}
	if got := text(a.doc["status"]); got != show(a.status) {
		t.fail("%s %s: the error's status is %s, not the string %q.", a.method, a.path, show(a.doc["status"]), show(a.status))
	}
	if text(a.doc["detail"]) == "" {
		t.fail("%s %s: the error has no detail.", a.method, a.path)
	}
}

// lists reports whether a resource lists a schema.
func lists(doc object, schema string) bool {
	schemas, _ := doc["schemas"].([]any)
	for _, s := range schemas {
		if text(s) == schema {
			return true
		}
	}
	return false
}

func replaceVerbose(t *try) {
	_, path := t.user()
	changes := []change{
		replace("displayName", "D "+unique()), replace("title", "T "+unique()), replace("preferredLanguage", "fr-FR"),
		replace("name.givenName", "G "+unique()), replace("name.familyName", "F "+unique()), replace("name.formatted", "N "+unique()),
		replace(workMail, unique()+"@mail."+t.c.Domain),
		replace(workPhone, "+45 1"), replace(mobilePhone, "+45 2"),
		replace(workStreet, "2 Short Street"), replace(workCity, "Odense"), replace(workCountry, "SE"),
		replace(employeeNo, "9003"), replace(department, "Looms"),
	}
	t.patch(path, t.ops(changes...)...)
	t.holds(path, changes)
}

func patchUserName(t *try) {
	doc, path := t.user()
	name := unique() + "@" + t.c.Domain
	t.patch(path, object{"op": "replace", "value": object{"userName": name}})
	t.finds("/Users", "userName eq "+quoted(name), text(doc["id"]))
	t.findsNone("/Users", "userName eq "+quoted(text(doc["userName"])))
}

func addVerbose(t *try) {
	_, path := t.userFrom(t.bareUser())
	changes := []change{
		add("displayName", "D "+unique()), add("title", "T "+unique()), add("preferredLanguage", "fr-FR"),
		add("nickName", "Nick"), add("userType", "Employee"), add("locale", "da-DK"), add("timezone", "Europe/Copenhagen"),
		add("profileUrl", "https://people."+t.c.Domain+"/"+unique()),
		add("name.formatted", "N "+unique()), add("name.middleName", "Middle"), add("name.honorificPrefix", "Dr"), add("name.honorificSuffix", "III"),
		add(otherMail, unique()+"@mail."+t.c.Domain), add(`emails[type eq "home"].value`, unique()+"@mail."+t.c.Domain),
		add(workPhone, "+45 1"), add(mobilePhone, "+45 2"), add(faxPhone, "+45 3"),
		add(workStreet, "2 Short Street"), add(workCity, "Odense"), add(workRegion, "Fyn"), add(workPostcode, "5000"), add(workCountry, "DK"),
		add(`addresses[type eq "work"].formatted`, "2 Short Street, Odense"),
		add(employeeNo, "9003"), add(department, "Looms"), add(enterprise+":costCenter", "C1"), add(enterprise+":organization", "O1"), add(enterprise+":division", "V1"),
	}
	t.patch(path, t.ops(changes...)...)
	t.holds(path, changes)
}

// managed makes a person with a manager.
func (t *try) managed() (path, manager string) {
	boss, _ := t.user()
	_, path = t.user()
	t.patch(path, t.ops(add(managerPath, boss["id"]))...)
	t.equal(t.read(path), managerPath, boss["id"])
	return path, text(boss["id"])
}

func excludeMembers(t *try) {
	ids := t.people(2)
	doc, path := t.group()
	t.patch(path, t.addMembers(ids...))
	if n := len(memberIDs(t.read(path, "excludedAttributes", "members"))); n != 0 {
		t.fail("GET with excludedAttributes=members shows %d members.", n)
	}
	found := t.finds("/Groups", "displayName eq "+quoted(text(doc["displayName"])), text(doc["id"]), "excludedAttributes", "members")
	if n := len(memberIDs(found)); n != 0 {
		t.fail("a filter with excludedAttributes=members shows %d members.", n)
	}
}

func filterGroup(t *try) {
	ids := t.people(1)
	doc, path := t.group()
	t.patch(path, t.addMembers(ids...))
	filter := "displayName eq " + quoted(text(doc["displayName"]))
	t.finds("/Groups", filter, text(doc["id"]), "excludedAttributes", "members")
	found := t.finds("/Groups", filter, text(doc["id"]))
	if !memberIDs(found)[ids[0]] {
		t.fail("a filter without excludedAttributes does not show the member.")
	}
}
