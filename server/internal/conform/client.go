package conform

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The URNs that are sent or looked for (RFC 7643 section 8, RFC 7644 section 3).
const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterprise  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	listSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
	entraGroup  = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
)

const (
	mediaType = "application/scim+json"
	// maxAnswer is the largest answer that is read, in bytes.
	maxAnswer = 16 << 20
)

type object = map[string]any

// dialect is one of Entra's two ways of writing.
type dialect int

const (
	classic dialect = iota // without a flag
	flagged                // with aadOptscim062020
)

func (d dialect) String() string {
	if d == flagged {
		return "flag"
	}
	return "default"
}

// try is one test while it runs.
type try struct {
	*runner
	dialect dialect
	made    []string // paths, in the order in which they were made
	failed  string
	skipped string
}

// answer is what came back for one request.
type answer struct {
	method, path string
	status       int
	header       http.Header
	raw          []byte
	doc          object // nil where the body is none
}

// exchange sends one request as Entra does: no User-Agent, the type with its
// charset, the flag among the query.
func (t *try) exchange(method, path string, query url.Values, body any) (answer, error) {
	a := answer{method: method, path: path}
	if len(query) > 0 {
		a.path += "?" + query.Encode()
	}
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return a, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.ctx, method, t.address(path, query), in)
	if err != nil {
		return a, err
	}
	req.Header.Set("Authorization", "Bearer "+t.c.Token)
	req.Header.Set("Accept", mediaType)
	req.Header.Set("User-Agent", "")
	if body != nil {
		req.Header.Set("Content-Type", mediaType+"; charset=utf-8")
	}
	res, err := t.c.HTTPClient.Do(req)
	if err != nil {
		return a, fmt.Errorf("%s %s: no answer: %w", method, a.path, withoutURL(err))
	}
	defer res.Body.Close() //nolint:errcheck // read to its end or given up
	if a.raw, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return a, fmt.Errorf("%s %s: the answer broke off: %w", method, a.path, err)
	}
	a.status, a.header = res.StatusCode, res.Header
	if json.Unmarshal(a.raw, &a.doc) != nil {
		a.doc = nil
	}
	return a, nil
}

// withoutURL takes away what the caller says already.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// address puts the path before the query of the base, as Entra does with
// …/scim?aadOptscim062020.
func (t *try) address(path string, query url.Values) string {
	u := *t.c.Base
	var parts []string
	for _, part := range strings.Split(u.RawQuery, "&") {
		if part != "" && !strings.HasPrefix(strings.ToLower(part), "aadoptscim062020") {
			parts = append(parts, part)
		}
	}
	if t.dialect == flagged {
		parts = append(parts, "aadOptscim062020")
	}
	if len(query) > 0 {
		parts = append(parts, strings.ReplaceAll(query.Encode(), "+", "%20"))
	}
	out := u.Scheme + "://" + u.Host
	if base := strings.Trim(u.EscapedPath(), "/"); base != "" {
		out += "/" + base
	}
	out += path
	if len(parts) > 0 {
		out += "?" + strings.Join(parts, "&")
	}
	return out
}

// send is exchange for tests: without an answer, the test has failed.
func (t *try) send(method, path string, query url.Values, body any) answer {
	a, err := t.exchange(method, path, query, body)
	if err != nil {
		t.fail("%v", err)
	}
	return a
}

func (t *try) get(path string, query url.Values) answer {
	return t.send(http.MethodGet, path, query, nil)
}

// need ends the test unless the status is one of these.
func (t *try) need(a answer, statuses ...int) answer {
	if !slices.Contains(statuses, a.status) {
		t.fail("%s %s was answered with %d where %s is due%s", a.method, a.path, a.status, oneOf(statuses), excerpt(a))
	}
	return a
}

func oneOf(statuses []int) string {
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = fmt.Sprint(s)
	}
	return strings.Join(words, " or ")
}

// excerpt is what the provider said, short.
func excerpt(a answer) string {
	said := text(a.doc["detail"])
	if said == "" {
		said = strings.Join(strings.Fields(string(a.raw)), " ")
	}
	if said == "" {
		return "."
	}
	if len(said) > 300 {
		said = said[:300] + "…"
	}
	return ": " + said
}

// isSCIM reports whether the answer has the type of SCIM.
func (a answer) isSCIM() bool {
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	return err == nil && kind == mediaType
}

// list are the resources of a ListResponse.
func (a answer) list() []object { return objects(a.doc["Resources"]) }

// total is totalResults, -1 where there is none.
func (a answer) total() int {
	if n, ok := a.doc["totalResults"].(float64); ok {
		return int(n)
	}
	return -1
}

// search looks for resources; anything but 200 ends the test.
func (t *try) search(endpoint, filter string, more ...string) answer {
	q := url.Values{"filter": {filter}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	a := t.need(t.get(endpoint, q), http.StatusOK)
	if a.total() < 0 {
		t.fail("%s %s: the answer has no totalResults.", a.method, a.path)
	}
	return a
}

// finds ends the test unless exactly the resource with this id is found.
func (t *try) finds(endpoint, filter, id string, more ...string) object {
	a := t.search(endpoint, filter, more...)
	list := a.list()
	if a.total() != 1 || len(list) != 1 {
		t.fail("%s %s found %d where one is due.", a.method, a.path, a.total())
	}
	if text(list[0]["id"]) != id {
		t.fail("%s %s found id %q where %q is due.", a.method, a.path, text(list[0]["id"]), id)
	}
	return list[0]
}

// findsNone ends the test unless the answer is 200 with an empty list.
func (t *try) findsNone(endpoint, filter string, more ...string) {
	a := t.search(endpoint, filter, more...)
	if a.total() != 0 || len(a.list()) != 0 {
		t.fail("%s %s found %d where nobody is due.", a.method, a.path, max(a.total(), len(a.list())))
	}
}

// read gets one resource.
func (t *try) read(path string, query ...string) object {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	a := t.need(t.get(path, q), http.StatusOK)
	if a.doc == nil {
		t.fail("GET %s: the answer is no JSON object.", a.path)
	}
	return a.doc
}

// create makes a resource, which is deleted after the test.
func (t *try) create(endpoint string, body object) object {
	a := t.need(t.send(http.MethodPost, endpoint, nil, body), http.StatusCreated, http.StatusOK)
	id := text(a.doc["id"])
	if id == "" {
		t.fail("POST %s: the answer has no id.", endpoint)
	}
	t.made = append(t.made, resource(endpoint, id))
	return a.doc
}

func resource(endpoint, id string) string { return endpoint + "/" + url.PathEscape(id) }

// patch sends operations; 200 and 204 are right.
func (t *try) patch(path string, ops ...any) answer {
	return t.need(t.send(http.MethodPatch, path, nil, object{"schemas": []string{patchSchema}, "Operations": ops}), http.StatusOK, http.StatusNoContent)
}

// remove deletes; 204 is right, and 200 is tolerated by Microsoft.
func (t *try) remove(path string) {
	t.need(t.send(http.MethodDelete, path, nil, nil), http.StatusNoContent, http.StatusOK)
}

// clean deletes what the test made, the newest first.
func (t *try) clean() {
	for _, path := range slices.Backward(t.made) {
		a, err := t.exchange(http.MethodDelete, path, nil, nil)
		if err != nil || a.status >= 300 && a.status != http.StatusNotFound {
			t.report.Left = append(t.report.Left, path)
		}
	}
}

// unique is a name nobody has.
func unique() string { return "conform-" + strings.ToLower(rand.Text()[:12]) }

// guid is a random UUID (RFC 9562 version 4).
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
