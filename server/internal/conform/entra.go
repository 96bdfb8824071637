package conform

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// entra are the shapes that Entra sends beyond Microsoft's two lists. The
// first ten are what providers most often get wrong.
func entra() []test {
	all := []test{
		{name: "An unmatched filter is an empty list", what: "Test Connection looks for a random name and wants 200 with nobody; a 404 quarantines the job.", run: testConnection},
		{name: "Operations and attributes in any case", what: "Replace and replace, DISPLAYNAME and displayName are one.", run: anyCase},
		{name: "Booleans as strings", what: `"False" and "True" become false and true, in PATCH and in POST.`, run: booleanStrings},
		{name: "Remove with a list of values", what: "Remove of members with a value array removes these, and never all.", groups: true, run: removeByValue},
		{name: "excludedAttributes is obeyed", what: "A group read with excludedAttributes=members is answered without them.", groups: true, run: excludeMembers},
		{name: "Disabled people stay visible", what: "GET and every filter show whoever is disabled; a second create is 409.", run: disabledVisible},
		{name: "Every matching attribute", what: "userName, externalId, e-mail, displayName and id find a person; externalId with its case, the rest without.", run: matching},
		{name: "Manager in every shape", what: "A manager comes as text, as an object, as a list and with a dot; \"\" removes it.", run: managerShapes},
		{name: "Dotted and URN names without a path", what: "A value object with dotted and URN-qualified names sets these attributes.", run: dottedNames},
		{name: "Answers are SCIM", what: "Type, id, meta and schemas are right, and no extension is listed that is not there.", run: answersAreSCIM},
		{name: "A value path nobody has", what: `Add and Replace on emails[type eq "other"].value create the element.`, both: true, run: missingElement},
		{name: "roles[primary eq \"True\"]", what: "Three adds on a filter with the text \"True\" make one role whose primary is true.", run: primaryRole},
		{name: "Nulls and a misspelt extension", what: "A create with nulls and the URN …enterprise:2.0User is taken.", run: nullsAndMisspelt},
		{name: "Reference checks", what: "id eq … and manager eq … tells whether somebody is the manager.", run: managerCheck},
		{name: "Member checks", what: "id eq … and members eq … tells whether somebody is a member.", groups: true, run: memberCheck},
		{name: "Disabled members stay members", what: "Disabling and restoring a person leaves their groups alone.", groups: true, run: disabledMember},
		{name: "A deleted person leaves their groups", what: "No group shows somebody who is gone.", groups: true, run: deletedMember},
		{name: "A wrong token", what: "Is 401 with a SCIM error.", run: wrongToken},
		{name: "Unknown ids", what: "GET, PATCH and DELETE of an id nobody has are 404 with a SCIM error.", run: unknownIDs},
		{name: "Unknown query parameters", what: "Are ignored.", run: unknownParameters},
		{name: "Microsoft reads back", what: "A filter on active and meta.lastModified takes seven digits of a second, the year 0001 and odd case.", run: readBack},
		{name: "All or nothing", what: "A PATCH whose last operation is wrong changes nothing.", run: allOrNothing},
		{name: "Values as sent", what: "A phone number and an id in capitals come back unchanged.", run: asSent},
		{name: "Odd names", what: "Quotes, plus signs, per cents and other scripts in a name are found by it.", run: oddNames},
	}
	for i := range all {
		all[i].suite = "entra"
	}
	return all
}

func testConnection(t *try) {
	for _, attribute := range []string{"userName", "externalId", workMail} {
		t.findsNone("/Users", attribute+" eq "+quoted(guid()))
	}
	a := t.search("/Users", "userName eq "+quoted(guid()))
	if !lists(a.doc, listSchema) {
		t.fail("the empty list does not list the schema %s.", listSchema)
	}
}

func anyCase(t *try) {
	_, path := t.user()
	for _, verb := range []string{"Replace", "replace", "REPLACE", "Add", "add"} {
		value := verb + " " + unique()
		t.patch(path, object{"op": verb, "path": "displayName", "value": value})
		t.equal(t.read(path), "displayName", value)
	}
	t.patch(path, object{"op": "Replace", "path": "DISPLAYNAME", "value": "shouted"})
	t.equal(t.read(path), "displayName", "shouted")
	doc := t.read(path)
	t.finds("/Users", "USERNAME Eq "+quoted(text(doc["userName"])), text(doc["id"]))
}

func booleanStrings(t *try) {
	_, path := t.user()
	for _, step := range []struct {
		sent any
		want bool
	}{{"False", false}, {"True", true}, {"false", false}, {"true", true}, {false, false}, {true, true}} {
		t.patch(path, object{"op": "Replace", "path": "active", "value": step.sent})
		t.equal(t.read(path), "active", step.want)
	}
	body := t.newUser()
	body["emails"] = []any{object{"primary": "True", "type": "work", "value": unique() + "@mail." + t.c.Domain}}
	doc := t.create("/Users", body)
	t.equal(doc, `emails[type eq "work"].primary`, true)
}

func removeByValue(t *try) {
	ids := t.people(4)
	_, path := t.group()
	t.patch(path, t.addMembers(ids...))
	t.patch(path, object{"op": "Remove", "path": "members", "value": references(ids[:1])})
	t.hasMembers(path, ids[1:]...)
	t.patch(path, object{"op": "Remove", "path": "members", "value": references(ids[1:3])})
	t.hasMembers(path, ids[3])
}

func disabledVisible(t *try) {
	body := t.newUser()
	doc, path := t.userFrom(body)
	id := text(doc["id"])
	t.patch(path, object{"op": "Replace", "path": "active", "value": "False"})
	t.equal(t.read(path), "active", false)
	for _, filter := range []string{
		"userName eq " + quoted(text(body["userName"])), "externalId eq " + quoted(text(body["externalId"])),
		workMail + " eq " + quoted(text(at(body, workMail))), "id eq " + quoted(id),
	} {
		t.equal(t.finds("/Users", filter, id), "active", false)
	}
	t.refusedTwin("/Users", body)
}

func matching(t *try) {
	body := t.newUser()
	body["externalId"] = "Conform-" + guid()
	doc := t.create("/Users", body)
	id, external := text(doc["id"]), text(body["externalId"])
	for path, value := range map[string]string{
		"userName": text(body["userName"]), workMail: text(at(body, workMail)), "displayName": text(body["displayName"]),
	} {
		t.finds("/Users", path+" eq "+quoted(value), id)
		t.finds("/Users", path+" eq "+quoted(strings.ToUpper(value)), id)
	}
	t.finds("/Users", "externalId eq "+quoted(external), id)
	t.findsNone("/Users", "externalId eq "+quoted(strings.ToUpper(external)))
	t.finds("/Users", "id eq "+quoted(id), id)
}

func managerShapes(t *try) {
	boss, _ := t.user()
	id := text(boss["id"])
	body := t.newUser()
	body[enterprise].(object)["manager"] = id
	doc, path := t.userFrom(body)
	t.equal(doc, managerPath, id)
	shapes := []struct {
		how string
		op  object
	}{
		{"text", object{"op": "Add", "path": managerPath, "value": id}},
		{"an object", object{"op": "Add", "path": managerPath, "value": object{"value": id}}},
		{"a list", object{"op": "Add", "path": "manager", "value": []any{object{"$ref": "../Users/" + id, "value": id}}}},
		{"a dot before it", object{"op": "Replace", "path": enterprise + ".manager", "value": id}},
	}
	for _, s := range shapes {
		for _, unset := range []object{
			{"op": "Replace", "path": managerPath, "value": ""},
			{"op": "Remove", "path": managerPath},
		} {
			t.patch(path, unset)
			t.equal(t.read(path), managerPath, nil)
			t.patch(path, s.op)
			if got := at(t.read(path), managerPath); got != id {
				t.fail("after a manager sent as %s, manager.value is %s where %q is due.", s.how, show(got), id)
			}
		}
	}
}

func dottedNames(t *try) {
	_, path := t.user()
	value := object{
		"displayName": "D " + unique(), "name.givenName": "G " + unique(), "name.familyName": "F " + unique(),
		employeeNo: "4004", department: "Dots",
	}
	t.patch(path, object{"op": "replace", "value": value})
	doc := t.read(path)
	for name, want := range value {
		t.equal(doc, name, want)
		if _, literal := doc[name]; literal && name != "displayName" {
			t.fail("%q is stored as the name of an attribute.", name)
		}
	}
}

func answersAreSCIM(t *try) {
	body := t.bareUser()
	created := t.need(t.send(http.MethodPost, "/Users", nil, body), http.StatusCreated, http.StatusOK)
	id := text(created.doc["id"])
	t.made = append(t.made, resource("/Users", id))
	path := resource("/Users", id)
	for _, a := range []answer{created, t.need(t.get(path, nil), http.StatusOK), t.need(t.get("/Users", url.Values{"filter": {"id eq " + quoted(id)}}), http.StatusOK)} {
		if !a.isSCIM() {
			t.fail("%s %s: the type is %q, not %s.", a.method, a.path, a.header.Get("Content-Type"), mediaType)
		}
		doc := a.doc
		if lists(doc, listSchema) {
			if len(a.list()) != 1 {
				t.fail("%s %s: there is not one resource on the list.", a.method, a.path)
			}
			doc = a.list()[0]
		}
		meta, _ := doc["meta"].(object)
		switch {
		case text(doc["id"]) == "":
			t.fail("%s %s: there is no id.", a.method, a.path)
		case !lists(doc, userSchema):
			t.fail("%s %s: schemas is %s, without %s.", a.method, a.path, show(doc["schemas"]), userSchema)
		case text(meta["resourceType"]) != "User":
			t.fail("%s %s: meta.resourceType is %s.", a.method, a.path, show(meta["resourceType"]))
		case lists(doc, enterprise) && empty(doc[enterprise]):
			t.fail("%s %s: schemas lists %s, of which there is nothing.", a.method, a.path, enterprise)
		}
		for _, stamp := range []string{"created", "lastModified"} {
			if _, err := time.Parse(time.RFC3339, text(meta[stamp])); err != nil {
				t.fail("%s %s: meta.%s is %s, which is no date.", a.method, a.path, stamp, show(meta[stamp]))
			}
		}
	}
	t.isError(t.need(t.get(resource("/Users", guid()), nil), http.StatusNotFound))
}

func missingElement(t *try) {
	_, path := t.userFrom(t.bareUser())
	changes := []change{add(otherMail, unique()+"@mail."+t.c.Domain), replace(mobilePhone, "+45 9"), add(workCity, "Ribe")}
	t.patch(path, t.ops(changes...)...)
	t.holds(path, changes)
	if n := len(objects(t.read(path)["emails"])); n != 2 {
		t.fail("there are %d e-mail addresses where two are due.", n)
	}
}

func primaryRole(t *try) {
	_, path := t.user()
	var ops []any
	for _, part := range [][2]string{{"display", "Reader of all"}, {"value", "Reader"}, {"type", "WindowsAzureActiveDirectoryRole"}} {
		ops = append(ops, object{"op": "Add", "path": `roles[primary eq "True"].` + part[0], "value": part[1]})
	}
	t.patch(path, ops...)
	roles := objects(t.read(path)["roles"])
	if len(roles) != 1 {
		t.fail("there are %d roles where one is due.", len(roles))
	}
	for name, want := range (object{"primary": true, "value": "Reader", "display": "Reader of all"}) {
		if roles[0][name] != want {
			t.fail("the role's %s is %s where %s is due.", name, show(roles[0][name]), show(want))
		}
	}
}

func nullsAndMisspelt(t *try) {
	body := t.bareUser()
	body["schemas"] = []any{userSchema, strings.Replace(enterprise, "2.0:User", "2.0User", 1)}
	for _, name := range []string{"addresses", "phoneNumbers", "title", "department", "manager"} {
		body[name] = nil
	}
	doc := t.create("/Users", body)
	t.equal(doc, "userName", body["userName"])
	t.equal(doc, "title", nil)
}

func managerCheck(t *try) {
	path, boss := t.managed()
	id := text(t.read(path)["id"])
	t.finds("/Users", "id eq "+quoted(id)+" and manager eq "+quoted(boss), id, "attributes", "id")
	t.findsNone("/Users", "id eq "+quoted(id)+" and manager eq "+quoted(guid()), "attributes", "id")
}

func memberCheck(t *try) {
	ids := t.people(2)
	doc, path := t.group()
	t.patch(path, t.addMembers(ids[0]))
	id := text(doc["id"])
	found := t.finds("/Groups", "id eq "+quoted(id)+" and members eq "+quoted(ids[0]), id, "attributes", "id")
	if !empty(found["members"]) {
		t.fail("attributes=id is answered with members.")
	}
	t.findsNone("/Groups", "id eq "+quoted(id)+" and members eq "+quoted(ids[1]), "attributes", "id")
}

func disabledMember(t *try) {
	ids := t.people(2)
	_, path := t.group()
	t.patch(path, t.addMembers(ids...))
	for _, active := range []string{"False", "True"} {
		t.patch(resource("/Users", ids[0]), object{"op": "Replace", "path": "active", "value": active})
		t.hasMembers(path, ids...)
	}
}

func deletedMember(t *try) {
	ids := t.people(2)
	_, path := t.group()
	t.patch(path, t.addMembers(ids...))
	t.remove(resource("/Users", ids[0]))
	t.hasMembers(path, ids[1])
}

func wrongToken(t *try) {
	runner := *t.runner
	runner.c.Token = "conform-is-not-a-token"
	with := *t
	with.runner = &runner
	a, err := with.exchange(http.MethodGet, "/Users", url.Values{"filter": {"userName eq " + quoted(guid())}}, nil)
	if err != nil {
		t.fail("%v.", err)
	}
	t.isError(t.need(a, http.StatusUnauthorized))
}

func unknownIDs(t *try) {
	path := resource("/Users", guid())
	t.isError(t.need(t.get(path, nil), http.StatusNotFound))
	patch := object{"schemas": []string{patchSchema}, "Operations": t.ops(replace("active", false))}
	t.isError(t.need(t.send(http.MethodPatch, path, nil, patch), http.StatusNotFound))
	t.isError(t.need(t.send(http.MethodDelete, path, nil, nil), http.StatusNotFound))
}

func unknownParameters(t *try) {
	doc, _ := t.user()
	t.finds("/Users", "userName eq "+quoted(text(doc["userName"])), text(doc["id"]), "AzureAdScimPatch2017", "", "conform", "x")
}

func readBack(t *try) {
	doc, _ := t.user()
	now := t.c.Now().UTC().Add(time.Minute).Format("2006-01-02T15:04:05.0000000Z")
	for _, filter := range []string{
		`active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "` + now + `")`,
		`ActiVe eq true and (meta.lastmodified ge "0001-01-03T00:00:00.0000000Z" and meta.lastmodified le "` + now + `")`,
	} {
		a := t.search("/Users", filter+" and id eq "+quoted(text(doc["id"])), "count", "5", "startIndex", "1")
		if a.total() != 1 {
			t.fail("%s found %d where one is due.", a.path, a.total())
		}
	}
	t.need(t.get("/Users", url.Values{"startindex": {"0"}, "count": {"5"}}), http.StatusOK)
}

func allOrNothing(t *try) {
	doc, path := t.user()
	body := object{"schemas": []string{patchSchema}, "Operations": []any{
		object{"op": "Replace", "path": "displayName", "value": "half done"},
		object{"op": "Replace", "path": "active", "value": "perhaps"},
	}}
	t.isError(t.need(t.send(http.MethodPatch, path, nil, body), http.StatusBadRequest))
	t.equal(t.read(path), "displayName", doc["displayName"])
}

func asSent(t *try) {
	body := t.newUser()
	body["externalId"] = strings.ToUpper(guid())
	doc, path := t.userFrom(body)
	for _, name := range []string{"externalId", mobilePhone} {
		t.equal(doc, name, at(body, name))
		t.equal(t.read(path), name, at(body, name))
	}
}

func oddNames(t *try) {
	for i, odd := range []string{`O'Neil "Q"`, `plus+per%25cent`, "Ærø Ñandú 李", `back\slash`} {
		body := t.bareUser()
		body["displayName"] = odd + " " + unique()
		body["userName"] = fmt.Sprintf("%s+%d%%o'x@%s", unique(), i, t.c.Domain)
		doc := t.create("/Users", body)
		for _, name := range []string{"displayName", "userName"} {
			t.finds("/Users", name+" eq "+quoted(text(body[name])), text(doc["id"]))
		}
	}
}
