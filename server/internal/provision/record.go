package provision

import (
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Record is what is kept of one request.
type Record = store.Request

// Limits on what others decide the length of, in bytes.
const (
	maxRecordedText  = 1000
	maxRecordedNames = 40
)

// record hands one request to Config.Record.
func (h *Handler) record(r *http.Request, c *call, out *writer, segments []string, began time.Time, err error) {
	if h.cfg.Record == nil {
		return
	}
	rec := record{store.Request{
		At: began, Method: shortMethod(r.Method), Status: out.status,
		Request: out.Header().Get("X-Request-Id"), Took: h.cfg.Now().Sub(began),
	}}
	if len(segments) > 2 {
		rec.Workspace = clip(directory.CleanID(segments[2]), 64)
	}
	if len(segments) > 3 {
		rec.Type = h.known(segments[3])
	}
	if c != nil {
		rec.about(c)
		rec.Body = redactBody(c.body)
	}
	rec.Step = stepOf(r, rec.Type)
	rec.failed(err)
	h.cfg.Record(rec.Request)
}

// random matches a search for a GUID, by whichever attribute.
var random = regexp.MustCompile(`(?i)^\s*([^\s"]+|emails\[[^\]]*\]\.value)\s+eq\s+"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"\s*$`)

// stepOf recognises Entra's Test Connection: a search for a person whose matching
// attribute is a random GUID (learn.microsoft.com,
// use-scim-to-provision-users-and-groups, "Get User by query"). By externalId,
// which is a GUID where objectId is mapped to it, people are looked up like that
// as well.
func stepOf(r *http.Request, kind string) string {
	if r.Method != http.MethodGet || kind != "Users" {
		return ""
	}
	found := random.FindStringSubmatch(r.URL.Query().Get("filter"))
	switch {
	case found == nil:
		return ""
	case strings.EqualFold(found[1], "externalId") || strings.EqualFold(found[1], "id"):
		return store.StepLookUp
	}
	return store.StepTest
}

// recordCall hands one operation of a bulk request to Config.Record.
func (h *Handler) recordCall(c *call, method, endpoint string, status int, began time.Time, err error) {
	if h.cfg.Record == nil {
		return
	}
	rec := record{store.Request{At: began, Method: method, Type: endpoint, Status: status, Request: c.request, Took: h.cfg.Now().Sub(began)}}
	rec.about(c)
	if rec.failed(err); err != nil {
		rec.Status = scimError(err).Status
	}
	h.cfg.Record(rec.Request)
}

// record is a record that is being filled in.
type record struct{ store.Request }

func (r *record) about(c *call) {
	r.Workspace, r.Credential = c.ws.ID, c.token
	r.ID, r.Name = clip(c.id, 64), clip(c.name, 256)
	r.Filter = clip(redactFilter(c.query["filter"]), 256)
	r.Attributes = c.changed
}

func (r *record) failed(err error) {
	if err != nil {
		e := scimError(err)
		r.Kind, r.Detail = string(e.Kind), clip(e.Detail, maxRecordedText)
	}
}

// known is the first word of an address if it leads anywhere, else "other".
func (h *Handler) known(first string) string {
	for name := range h.fixed {
		if word, _, _ := strings.Cut(name, "/"); word == first {
			return first
		}
	}
	if h.profiles.plain.endpoint(first) != nil {
		return first
	}
	return "other"
}

// made notes which resource a request is about, for its record.
func (c *call) made(id, name string) { c.id, c.name = id, name }

// compared notes what a request changed, for its record.
func (c *call) compared(before, after scim.Resource) {
	c.name = nameOf(after)
	c.changed = changedNames(before, after)
}

// nameOf returns what a resource is known by.
func nameOf(doc scim.Resource) string {
	for _, key := range []string{"userName", "displayName"} {
		if name, _ := doc[key].(string); name != "" {
			return name
		}
	}
	return ""
}

// changedNames returns the names of the attributes that differ, sorted. Those
// of an extension stand behind its URN.
func changedNames(before, after scim.Resource) []string {
	var names []string
	differ("", before, after, &names)
	slices.Sort(names)
	return names[:min(len(names), maxRecordedNames)]
}

func differ(prefix string, before, after map[string]any, names *[]string) {
	seen := func(key string, a, b any) {
		if key == "schemas" || reflect.DeepEqual(a, b) {
			return
		}
		am, _ := a.(map[string]any)
		bm, _ := b.(map[string]any)
		if strings.HasPrefix(key, "urn:") && (am != nil || bm != nil) {
			differ(key+":", am, bm, names)
			return
		}
		*names = append(*names, prefix+key)
	}
	for key, a := range before {
		seen(key, a, after[key])
	}
	for key, b := range after {
		if _, was := before[key]; !was {
			seen(key, nil, b)
		}
	}
}

// redactFilter replaces what stands between quotation marks: whom somebody
// looked for is nobody's business, which attributes they used helps to find a
// mistake.
func redactFilter(filter string) string {
	var b strings.Builder
	inside, escaped := false, false
	for _, r := range filter {
		switch {
		case inside && escaped:
			escaped = false
		case inside && r == '\\':
			escaped = true
		case r == '"':
			if b.WriteRune(r); !inside {
				b.WriteString("…")
			}
			inside = !inside
		case !inside:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// clip returns at most n bytes of s, all of them fit for a database.
func clip(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
