package provision

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// call is the authenticated side of a request: who asks, and where.
type call struct {
	h     *Handler
	ws    directory.Workspace
	types *types
	// base is the address of the workspace's SCIM, without a slash at the end.
	base  string
	token string // the handle of the token, for the log
	// self is the person whose session the request came with, or empty. Such a
	// request may read /Me and nothing else.
	self string
	// id is the resource that was asked for or made, name what it is known by,
	// changed which attributes the request changed, and query what was asked: for
	// the log and the record.
	id, name string
	changed  []string
	query    params
	// request is the id that the answer carries in X-Request-Id.
	request string
	// body is what was sent, for the record.
	body []byte
}

// now is the time as the store keeps it.
func (c *call) now() time.Time { return c.h.cfg.Now().UTC().Truncate(time.Microsecond) }

// ask is one request, or one operation of a bulk request.
type ask struct {
	method string
	// id is what follows the endpoint in the path, or "".
	id    string
	rt    *scim.ResourceType // of the endpoint, or nil
	query params
	body  []byte
	// ifMatch and ifNoneMatch are the headers of those names.
	ifMatch, ifNoneMatch string
}

// reply is the answer to an ask.
type reply struct {
	status int
	// location is the Location header, content the Content-Location.
	location, content string
	// version makes the ETag, unless it is 0.
	version int64
	body    []byte
	// stream writes the body instead, where it is too long to be held.
	stream func(io.Writer) error
}

// answer serves one kind of request.
type answer func(c *call, ctx context.Context, q *ask) (*reply, error)

// send writes a reply.
func (a *reply) send(w http.ResponseWriter) {
	h := w.Header()
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.content != "" {
		h.Set("Content-Location", a.content)
	}
	if a.version != 0 {
		h.Set("ETag", etag(a.version))
	}
	switch {
	case a.stream != nil:
		frame(h)
		w.WriteHeader(a.status)
		if err := a.stream(w); err != nil {
			panic(http.ErrAbortHandler) // a list that ends early must not look whole
		}
	case a.body == nil:
		w.WriteHeader(a.status)
	default:
		writeBytes(w, a.status, a.body)
	}
}

// unchanged answers a GET whose If-None-Match names the version, or is nil.
func (q *ask) unchanged(version int64) *reply {
	if q.method == http.MethodGet && q.ifNoneMatch != "" && matches(q.ifNoneMatch, version) {
		return &reply{status: http.StatusNotModified, version: version}
	}
	return nil
}

// stale refuses a change whose If-Match does not name the version, or whose
// If-None-Match does.
func (q *ask) stale(version int64) error {
	if q.ifMatch != "" && !matches(q.ifMatch, version) || q.ifNoneMatch != "" && matches(q.ifNoneMatch, version) {
		return &scim.Error{Status: http.StatusPreconditionFailed, Detail: "The resource has changed: its version is " + etag(version) + " now."}
	}
	return nil
}

// selection is which attributes the answer shows.
func (q *ask) selection() scim.Selection {
	return q.rt.Selects(q.query["attributes"], q.query["excludedattributes"])
}

// types are the resource types as one kind of connection sees them.
type types struct {
	all []*scim.ResourceType // people, groups, then those of the configuration
}

func (t *types) endpoint(name string) *scim.ResourceType {
	for _, rt := range t.all {
		if rt.Endpoint == "/"+name {
			return rt
		}
	}
	return nil
}

// schemas are all schemas of all types, each once.
func (t *types) schemas() []*scim.Schema {
	var out []*scim.Schema
	seen := map[string]bool{}
	for _, rt := range t.all {
		for _, s := range rt.Schemas() {
			if !seen[s.ID] {
				seen[s.ID] = true
				out = append(out, s)
			}
		}
	}
	return out
}

// profiles keeps the types of the profiles that were met.
type profiles struct {
	plain *types
	mu    sync.Mutex
	made  map[string]*types
}

// maxProfiles is how many profiles are kept. Another one is worked out again.
const maxProfiles = 1000

// of returns the types under a workspace's profile.
func (p *profiles) of(ws directory.Workspace) (*types, error) {
	if !ws.SCIMStrict && len(ws.SCIMRequired) == 0 {
		return p.plain, nil
	}
	key := strconv.FormatBool(ws.SCIMStrict) + "\n" + strings.Join(ws.SCIMRequired, "\n")
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.made[key]; t != nil {
		return t, nil
	}
	t := &types{}
	for _, rt := range p.plain.all {
		profile := scim.Profile{Strict: ws.SCIMStrict}
		if isPeople(rt) {
			profile.Required = ws.SCIMRequired
		}
		under, err := rt.With(profile)
		if err != nil {
			return nil, problem.Wrap(problem.BadConfig, err)
		}
		t.all = append(t.all, under)
	}
	if p.made == nil || len(p.made) >= maxProfiles {
		p.made = map[string]*types{}
	}
	p.made[key] = t
	return t, nil
}

func isPeople(rt *scim.ResourceType) bool { return rt.Core.ID == scim.UserSchema }
func isGroups(rt *scim.ResourceType) bool { return rt.Core.ID == scim.GroupSchema }
