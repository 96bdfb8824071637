package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

func TestRun_itCatchesWhatProvidersGetWrong(t *testing.T) {
	for _, f := range mistakes {
		t.Run(f.name, func(t *testing.T) {
			c := ours(t, f.around)
			c.Only = f.caught
			for _, r := range ask(t, c).Results {
				if r.Name != f.caught {
					t.Errorf("it asked %q", r.Name)
				}
				if r.Outcome == conform.Fail && r.Why != "" {
					return
				}
			}
			t.Errorf("%q did not fail", f.caught)
		})
	}
}
