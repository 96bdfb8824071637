package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/conform"
)

type object = map[string]any

// exchange is one request and its answer while they pass a provider that gets
// something wrong.
type exchange struct {
	r      *http.Request
	body   object // what was sent
	status int
	header http.Header
	doc    object // what is answered
}

func (x *exchange) refuse(status int) {
	x.status = status
	x.doc = object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": fmt.Sprint(status), "detail": "No."}
}

func (x *exchange) filter() string { return x.r.URL.Query().Get("filter") }

// operations are those of a PATCH.
func (x *exchange) operations() []object {
	var out []object
	list, _ := x.body["Operations"].([]any)
	for _, item := range list {
		if op, ok := item.(object); ok {
			out = append(out, op)
		}
	}
	return out
}

// resources are all that an answer shows.
func (x *exchange) resources() []object {
	list, ok := x.doc["Resources"].([]any)
	if !ok {
		if x.doc == nil || x.doc["Operations"] != nil {
			return nil
		}
		return []object{x.doc}
	}
	var out []object
	for _, item := range list {
		if r, ok := item.(object); ok {
			out = append(out, r)
		}
	}
	return out
}

// fault makes a good provider into one with a mistake: before sees a request
// and may change or refuse it, after sees the answer.
type fault struct {
	name   string
	caught string // the test that must fail
	before func(x *exchange)
	after  func(x *exchange)
}

// around puts the fault in front of a good provider.
func (f fault) around(good http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		x := &exchange{r: r.Clone(r.Context())}
		if json.Unmarshal(raw, &x.body) != nil {
			x.body = nil
		}
		if f.before != nil {
			f.before(x)
		}
		if x.status == 0 {
			if x.body != nil {
				if raw, err = json.Marshal(x.body); err != nil {
					http.Error(w, "", http.StatusInternalServerError)
					return
				}
			}
			x.r.Body, x.r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
			rec := httptest.NewRecorder()
			good.ServeHTTP(rec, x.r)
			x.status, x.header = rec.Code, rec.Header().Clone()
			if json.Unmarshal(rec.Body.Bytes(), &x.doc) != nil {
				x.doc = nil
			}
			if f.after != nil {
				f.after(x)
			}
		}
		for k, v := range x.header {
			if k != "Content-Length" && k != "Etag" {
				w.Header()[k] = v
			}
		}
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/scim+json")
		}
		w.WriteHeader(x.status)
		if x.doc != nil {
			_ = json.NewEncoder(w).Encode(x.doc)
		}
	})
}

// eachOp changes the operations of a PATCH.
func eachOp(change func(op object)) func(*exchange) {
	return func(x *exchange) {
		for _, op := range x.operations() {
			change(op)
		}
	}
}

// eachResource changes what is shown.
func eachResource(change func(r object)) func(*exchange) {
	return func(x *exchange) {
		if x.status < 300 {
			for _, r := range x.resources() {
				change(r)
			}
		}
	}
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// mistakes are the ten things that providers most often get wrong, each in the
// ways in which they were seen.
var mistakes = []fault{
	{name: "1 an unmatched filter is 404", caught: "An unmatched filter is an empty list", after: func(x *exchange) {
		if x.filter() != "" && x.doc["totalResults"] == 0.0 {
			x.refuse(http.StatusNotFound)
		}
	}},
	{name: "1 an unmatched filter is 400", caught: "Filter for a non-existing user", after: func(x *exchange) {
		if x.filter() != "" && x.doc["totalResults"] == 0.0 {
			x.refuse(http.StatusBadRequest)
		}
	}},
	{name: "2 op with a capital is refused", caught: "Operations and attributes in any case", before: func(x *exchange) {
		for _, op := range x.operations() {
			if name, _ := op["op"].(string); name != strings.ToLower(name) {
				x.refuse(http.StatusBadRequest)
			}
		}
	}},
	{name: "2 attribute names are compared with case", caught: "Operations and attributes in any case", before: eachOp(func(op object) {
		if op["path"] == "DISPLAYNAME" {
			op["path"] = "nickName"
		}
	})},
	{name: "3 booleans as text are refused", caught: "Booleans as strings", before: func(x *exchange) {
		for _, op := range x.operations() {
			if op["value"] == "False" || op["value"] == "True" {
				x.refuse(http.StatusBadRequest)
			}
		}
	}},
	{name: "3 False is read as true", caught: "Booleans as strings", before: eachOp(func(op object) {
		if op["path"] == "active" && op["value"] == "False" {
			op["value"] = true
		}
	})},
	{name: "3 booleans are stored as text", caught: "Disable_User_Test", after: eachResource(func(r object) {
		if r["active"] == false {
			r["active"] = "False"
		}
	})},
	{name: "4 Remove with values empties the group", caught: "Remove with a list of values", before: eachOp(func(op object) {
		if name, _ := op["op"].(string); strings.EqualFold(name, "remove") && op["path"] == "members" {
			delete(op, "value")
		}
	})},
	{name: "5 excludedAttributes is ignored", caught: "excludedAttributes is obeyed", before: func(x *exchange) {
		q := x.r.URL.Query()
		q.Del("excludedAttributes")
		x.r.URL.RawQuery = q.Encode()
	}},
	{name: "6 GET hides the disabled", caught: "Disabled people stay visible", after: func(x *exchange) {
		if x.r.Method == http.MethodGet && x.doc["active"] == false {
			x.refuse(http.StatusNotFound)
		}
	}},
	{name: "6 filters hide the disabled", caught: "Disabled people stay visible", after: func(x *exchange) {
		for _, r := range x.resources() {
			if x.filter() != "" && r["active"] == false {
				x.doc["totalResults"], x.doc["Resources"] = 0, []any{}
			}
		}
	}},
	{name: "7 only userName can be searched", caught: "Every matching attribute", before: func(x *exchange) {
		if f := strings.ToLower(x.filter()); f != "" && !strings.HasPrefix(f, "username") && !strings.HasPrefix(f, "displayname") {
			x.refuse(http.StatusBadRequest)
		}
	}},
	{name: "7 userName is compared with case", caught: "Filter for an existing user with a different case", after: func(x *exchange) {
		for _, r := range x.resources() {
			if name, _ := r["userName"].(string); strings.HasPrefix(x.filter(), "userName eq") && !strings.Contains(x.filter(), name) {
				x.doc["totalResults"], x.doc["Resources"] = 0, []any{}
			}
		}
	}},
	{name: "8 a manager as text is refused", caught: "Manager in every shape", before: func(x *exchange) {
		for _, op := range x.operations() {
			path, _ := op["path"].(string)
			if id, isText := op["value"].(string); strings.HasSuffix(path, "manager") && isText && id != "" {
				x.refuse(http.StatusBadRequest)
			}
		}
	}},
	{name: "8 an empty manager is refused", caught: "SCIM_Update_Manager_Test", before: func(x *exchange) {
		for _, op := range x.operations() {
			if path, _ := op["path"].(string); strings.HasSuffix(path, "manager") && op["value"] == "" {
				x.refuse(http.StatusBadRequest)
			}
		}
	}},
	{name: "9 dotted names are stored as they are", caught: "Dotted and URN names without a path", before: eachOp(func(op object) {
		if value, ok := op["value"].(object); ok && op["path"] == nil {
			for name := range value {
				if strings.ContainsAny(name, ".:") {
					delete(value, name)
				}
			}
			value["nickName"] = "stored beside"
		}
	})},
	{name: "10 answers are application/json", caught: "Answers are SCIM", after: func(x *exchange) { x.header.Set("Content-Type", "application/json") }},
	{name: "10 resources have no meta", caught: "Answers are SCIM", after: eachResource(func(r object) { delete(r, "meta") })},
	{name: "10 resources have no schemas", caught: "Answers are SCIM", after: eachResource(func(r object) { delete(r, "schemas") })},
	{name: "10 a create has no id", caught: "Create a new User", after: func(x *exchange) {
		if x.r.Method == http.MethodPost {
			delete(x.doc, "id")
		}
	}},
	{name: "10 an extension without data is listed", caught: "Answers are SCIM", after: eachResource(func(r object) {
		if list, ok := r["schemas"].([]any); ok && r[enterprise] == nil && r["userName"] != nil {
			r["schemas"] = append(list, enterprise)
		}
	})},
}

// The faults that many tests must notice, whatever else they ask.
var (
	// patchLost: a PATCH is acknowledged, and nothing changes.
	patchLost = fault{name: "a PATCH changes nothing", before: func(x *exchange) {
		if x.r.Method == http.MethodPatch {
			x.status = http.StatusNoContent
		}
	}}
	// deleteLost: a DELETE is acknowledged, and nothing goes.
	deleteLost = fault{name: "a DELETE deletes nothing", before: func(x *exchange) {
		if x.r.Method == http.MethodDelete {
			x.status = http.StatusNoContent
		}
	}}
	// blind: filters find nothing.
	blind = fault{name: "filters find nothing", after: func(x *exchange) {
		if x.filter() != "" && x.status == http.StatusOK {
			x.doc["totalResults"], x.doc["itemsPerPage"], x.doc["Resources"] = 0, 0, []any{}
		}
	}}
	// twins: a second create of the same is taken.
	twins = fault{name: "a duplicate is taken", after: func(x *exchange) {
		if x.status == http.StatusConflict {
			x.status, x.doc = http.StatusCreated, object{"id": "another"}
		}
	}}
	// lossy: a create leaves out what it is named by.
	lossy = fault{name: "a create answers without the name", after: func(x *exchange) {
		if x.r.Method == http.MethodPost {
			delete(x.doc, "userName")
			delete(x.doc, "displayName")
		}
	}}
	// firstPage: every page is the first.
	firstPage = fault{name: "startIndex is ignored", before: func(x *exchange) {
		q := x.r.URL.Query()
		q.Del("startIndex")
		x.r.URL.RawQuery = q.Encode()
	}}
	// open: nobody is turned away, and nothing is missing.
	open = fault{name: "401 and 404 are answered with 200", after: func(x *exchange) {
		if x.status == http.StatusUnauthorized || x.status == http.StatusNotFound {
			x.status, x.doc = http.StatusOK, object{}
		}
	}}
	// noToken: the token endpoint refuses.
	noToken = fault{name: "the token endpoint refuses", after: func(x *exchange) {
		if strings.HasSuffix(x.r.URL.Path, "/oauth/token") {
			x.status, x.doc = http.StatusBadRequest, object{"error": "invalid_client"}
		}
	}}
)

// byTest are the tests that [mistakes] do not name, with what they must notice.
var byTest = map[string]fault{
	"Create_User_Test": blind, "POD_User_Test": blind, "Create_Group_Test": blind, "Restore_Group_Test": twinsRefused,
	"Update_User_Test": patchLost, "User_Update_Manager_Test": patchLost, "Restore_User_Test": neverBack,
	"Update_Group_Test": patchLost, "Group_Update_Add_Member_Test": patchLost, "Group_Update_Remove_Member_Test": patchLost, "POD_Group_Test": patchLost,
	"SCIM_Null_Update_Test": patchLost, "SCIM_User_Update_Test": patchLost, "SCIM_Group_Update_Test": patchLost,
	"Delete_User_Test": deleteLost, "Delete_Group_Test": deleteLost,
	"SCIM_User_Create_Test": lossy, "SCIM_Group_Create_Test": lossy,
	"SCIM_User_Pagination_Test": firstPage, "SCIM_Group_Pagination_Test": firstPage,
	"Validate_Credentials_Test": shortLife, "Federated_Identity_Test": noToken, "Schema_Discoverability_Test": noSchemas,

	"Create a duplicate User": twins, "Create a duplicate Group": twins, "Create a new Group": lossy,
	"Filter for an existing user": blind, "Filter for an existing group": blind, "Filter for an existing group with a different case": blind,
	"Filter for a non-existing group":                 mistakes[0],
	"Patch User - Replace Attributes Verbose Request": patchLost, "Update User userName": patchLost, "Patch User - Disable User": patchLost,
	"Patch User - Add Attributes Verbose Request": patchLost, "Patch User - Add Manager": patchLost, "Patch User - Replace Manager": patchLost,
	"Patch User - Remove Manager": patchLost, "Delete User": deleteLost, "Delete Group": deleteLost,
	"Get Group excluding members":      excludedShown,
	"Patch Group - Replace Attributes": patchLost, "Patch Group - Update externalId": patchLost, "Patch Group - Add Member": patchLost, "Patch Group - Remove Member": patchLost,
	"Patch User - Multiple Operations on different attributes": patchLost, "Patch User - Multiple Operations on same attribute": patchLost,
	"Delete a non-existent User": deleteLost, "Delete a non-existent Group": deleteLost, "Delete the same User twice": deleteLost, "Delete the same Group twice": deleteLost,
	"Patch Group - Multiple Operations on members": patchLost,

	"A value path nobody has": missingRefused, `roles[primary eq "True"]`: missingRefused, "Nulls and a misspelt extension": nullsRefused,
	"Reference checks": blind, "Member checks": blind, "Disabled members stay members": disabledLeave, "A deleted person leaves their groups": deleteLost,
	"A wrong token": open, "Unknown ids": open, "Unknown query parameters": strictQuery, "Microsoft reads back": shortFractions,
	"All or nothing": halfDone, "Values as sent": tidyPhones, "Odd names": plusIsSpace,
}

// The faults of one test each.
var (
	twinsRefused = fault{name: "a group that was deleted is in the way", before: deleteLost.before}
	neverBack    = fault{name: "nobody comes back", before: eachOp(func(op object) {
		if op["path"] == "active" && (op["value"] == true || op["value"] == "True") {
			op["value"] = false
		}
		if value, ok := op["value"].(object); ok && value["active"] == true {
			value["active"] = false
		}
	})}
	shortLife = fault{name: "tokens live a minute", after: func(x *exchange) {
		if x.doc["expires_in"] != nil {
			x.doc["expires_in"] = 60
		}
	}}
	noSchemas = fault{name: "/Schemas is empty", after: func(x *exchange) {
		if strings.HasSuffix(x.r.URL.Path, "/Schemas") {
			x.doc["Resources"] = []any{}
		}
	}}
	excludedShown = fault{name: "excludedAttributes is ignored", before: func(x *exchange) {
		q := x.r.URL.Query()
		q.Del("excludedAttributes")
		x.r.URL.RawQuery = q.Encode()
	}}
	missingRefused = fault{name: "a value path nobody has is refused", before: func(x *exchange) {
		for _, op := range x.operations() {
			if path, _ := op["path"].(string); strings.Contains(path, "[") {
				x.refuse(http.StatusBadRequest)
			}
		}
	}}
	nullsRefused = fault{name: "nulls are refused", before: func(x *exchange) {
		for _, v := range x.body {
			if v == nil && x.r.Method == http.MethodPost {
				x.refuse(http.StatusBadRequest)
			}
		}
	}}
	disabledLeave = fault{name: "who is disabled leaves the groups", after: func(x *exchange) {
		if list, ok := x.doc["members"].([]any); ok && x.r.Method == http.MethodGet && len(list) > 1 {
			x.doc["members"] = list[1:]
		}
	}}
	strictQuery = fault{name: "unknown parameters are refused", before: func(x *exchange) {
		if x.r.URL.Query().Has("conform") {
			x.refuse(http.StatusBadRequest)
		}
	}}
	shortFractions = fault{name: "seven digits of a second are refused", before: func(x *exchange) {
		if strings.Contains(x.filter(), ".0000000Z") {
			x.refuse(http.StatusBadRequest)
		}
	}}
	halfDone = fault{
		name: "the first operation stays where the last fails",
		before: func(x *exchange) {
			if list, ok := x.body["Operations"].([]any); ok && len(list) > 1 {
				x.body["Operations"] = list[:1]
			}
		},
		after: func(x *exchange) {
			if x.r.Method == http.MethodPatch {
				x.refuse(http.StatusBadRequest)
			}
		},
	}
	tidyPhones = fault{name: "phone numbers are tidied", after: eachResource(func(r object) {
		for _, p := range list(r["phoneNumbers"]) {
			p["value"] = strings.NewReplacer(" ", "", "(", "", ")", "", "-", "").Replace(fmt.Sprint(p["value"]))
		}
	})}
	plusIsSpace = fault{name: "a plus in a filter is a space", before: func(x *exchange) {
		if f := x.filter(); f != "" {
			q := x.r.URL.Query()
			q.Set("filter", strings.ReplaceAll(f, "+", " "))
			x.r.URL.RawQuery = q.Encode()
		}
	}}
)

func list(v any) []object {
	var out []object
	all, _ := v.([]any)
	for _, item := range all {
		if o, ok := item.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

// faults are all there are; every test is named by one at least.
func faults() []fault {
	all := slices.Clone(mistakes)
	for test, f := range byTest {
		f.caught = test
		all = append(all, f)
	}
	return all
}

func TestRun_itCatchesWhatProvidersGetWrong(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.caught+"/"+f.name, func(t *testing.T) {
			t.Parallel()
			c := ours(t, f.around)
			c.Only = f.caught
			for _, r := range ask(t, c).Results {
				if r.Name != f.caught {
					t.Errorf("it asked %q", r.Name)
				}
				if (r.Outcome == conform.Fail || r.Outcome == conform.Warn) && r.Why != "" {
					return
				}
			}
			t.Errorf("%q did not fail", f.caught)
		})
	}
}

// A test that nothing could fail would prove nothing.
func TestRun_itHasATestForNothingThatCannotFail(t *testing.T) {
	caught := map[string]bool{}
	for _, f := range faults() {
		caught[f.caught] = true
	}
	asked := map[string]bool{}
	for _, r := range ask(t, ours(t, nil)).Results {
		asked[r.Name] = true
		if !caught[r.Name] {
			t.Errorf("no broken provider fails %q", r.Name)
		}
	}
	for name := range caught {
		if !asked[name] {
			t.Errorf("there is no test called %q", name)
		}
	}
}
