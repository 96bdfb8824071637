package console

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Call is who asks, from where, and about which workspace. It belongs to one
// request.
type Call struct {
	Me Principal
	// Workspace is the one in the path, where the route has one.
	Workspace directory.Workspace
	Now       time.Time
	// Console is the address of the console, with /admin; Public that of the
	// server, which people and Microsoft use.
	Console, Public *url.URL
	IP              netip.Addr
	// Request is nil for a command.
	Request *http.Request

	routes map[string]Route
	fixed  map[string]string // the names in the path, for a command
	// What the audit log will say.
	audited *store.Audited
	target  string
	notes   map[string]string
	cookies []*http.Cookie
}

// Path returns the path of a route, whose names are filled in from pairs and from
// what the call is about: {ws} by itself. A pair that is no name in the path
// becomes a part of the query.
func (c *Call) Path(route string, pairs ...string) string {
	r, ok := c.routes[route]
	if !ok {
		panic("console: no route is called " + route)
	}
	values := map[string]string{"ws": c.Workspace.ID}
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	path := r.Path
	for _, name := range names(r.Path) {
		v := values[name]
		if v == "" && c.Request != nil {
			v = c.Request.PathValue(name)
		}
		if v == "" {
			v = c.fixed[name]
		}
		if v == "" {
			panic(fmt.Sprintf("console: the path of %s needs %s", route, name))
		}
		path = strings.Replace(path, "{"+name+"}", url.PathEscape(v), 1)
		delete(values, name)
	}
	delete(values, "ws")
	for name, v := range values {
		query.Set(name, v)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.Console.Path + path
}

// URL is Path with the console's scheme and host.
func (c *Call) URL(route string, pairs ...string) string {
	return c.Console.Scheme + "://" + c.Console.Host + c.Path(route, pairs...)
}

// May says whether whoever asks may use a route, of the same workspace.
func (c *Call) May(route string) bool {
	r, ok := c.routes[route]
	if !ok {
		return false
	}
	ws := ""
	if strings.Contains(r.Path, "{ws}") {
		ws = c.Workspace.ID
	}
	return c.Me.may(r.Access, ws) == nil
}

// Has says whether there is a route of that name.
func (c *Call) Has(route string) bool {
	_, ok := c.routes[route]
	return ok
}

// Target says what the act is done to, for the audit log: an id or a name.
func (c *Call) Target(id string) {
	c.target = id
	if c.audited != nil {
		c.audited.Edit(func(e *store.AuditEntry) { e.Target = id })
	}
}

// Within says which workspace the act concerns, where that is not the one of the
// path: an act that makes one is in its log, too.
func (c *Call) Within(workspace string) {
	if c.audited != nil {
		c.audited.Edit(func(e *store.AuditEntry) { e.Workspace = workspace })
	}
}

// Note adds a detail to what the audit log will say. It is never a secret.
func (c *Call) Note(key, value string) {
	if c.notes == nil {
		c.notes = map[string]string{}
	}
	c.notes[key] = value
	if c.audited != nil {
		c.audited.Edit(func(e *store.AuditEntry) { e.Detail[key] = value })
	}
}

// Notes are the details so far.
func (c *Call) Notes() map[string]string { return maps.Clone(c.notes) }

// SetCookie sends a cookie with the answer.
func (c *Call) SetCookie(k *http.Cookie) { c.cookies = append(c.cookies, k) }
