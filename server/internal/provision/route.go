package provision

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// Tidy mends the addresses that come of a Tenant URL with something left at its
// end, before next sees them: doubled and trailing slashes, and a flag that
// swallowed the path (…/scim/v2/acme?aadOptscim062020/Users?filter=…). Requests
// for other addresses pass untouched.
func Tidy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, changed := tidy(r.URL); changed {
			c := *r
			c.URL = u
			r = &c
		}
		next.ServeHTTP(w, r)
	})
}

// tidy returns u as it was meant.
func tidy(u *url.URL) (*url.URL, bool) {
	path, query := u.EscapedPath(), u.RawQuery
	segments := split(path)
	if len(segments) < 2 || segments[0] != "scim" || segments[1] != "v2" {
		return u, false
	}
	if len(segments) == 3 {
		if flag, rest, found := strings.Cut(query, "/"); found && flagged(flag) {
			end := strings.IndexAny(rest+"?", "?&")
			segments = append(segments, split(rest[:end])...)
			query = strings.TrimLeft(rest[end:], "?&")
		}
	}
	clean := "/" + strings.Join(segments, "/")
	if len(segments) == 2 {
		clean += "/"
	}
	if clean == path && query == u.RawQuery {
		return u, false
	}
	plain, err := url.PathUnescape(clean)
	if err != nil {
		return u, false
	}
	c := *u
	c.Path, c.RawPath, c.RawQuery = plain, clean, query
	return &c, true
}

// flagged reports whether a query's text is one of Entra's feature flags, with
// or without a value.
func flagged(text string) bool {
	name, _, _ := strings.Cut(strings.ToLower(text), "=")
	return strings.HasPrefix(name, "aadoptscim") || strings.HasPrefix(name, "azureadscimpatch")
}

// split returns the segments of a path that are not empty.
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// call is one authenticated request.
type call struct {
	h  *Handler
	ws directory.Workspace
	// base is the address of the workspace's SCIM, without a slash at the end.
	base string
	// id is what follows /Users/, or "".
	id    string
	query params
	token string // the handle of the token, for the log
	// name and changed are for the record: what the resource is known by, and
	// which attributes the request changed.
	name    string
	changed []string
}

// answer serves one kind of request.
type answer func(c *call, w http.ResponseWriter, r *http.Request) error

// routes says what is served where: by resource, with an id or without, and
// by method. HEAD is GET.
var routes = map[string]map[string]answer{
	"Users":                 {"GET": (*call).listUsers, "POST": (*call).createUser},
	"Users/{id}":            {"GET": (*call).getUser, "PUT": (*call).replaceUser, "PATCH": (*call).patchUser, "DELETE": (*call).deleteUser},
	"Groups":                {"GET": (*call).listGroups, "POST": (*call).noGroups},
	"Groups/{id}":           {"GET": (*call).noGroup, "PUT": (*call).noGroup, "PATCH": (*call).noGroup, "DELETE": (*call).noGroup},
	"ServiceProviderConfig": {"GET": (*call).config},
	"ResourceTypes":         {"GET": (*call).resourceTypes},
	"ResourceTypes/{id}":    {"GET": (*call).resourceType},
	"Schemas":               {"GET": (*call).schemas},
	"Schemas/{id}":          {"GET": (*call).schema},
	"Me":                    {"GET": unsupported, "PUT": unsupported, "PATCH": unsupported, "DELETE": unsupported, "POST": unsupported},
	"Bulk":                  {"POST": unsupported},
	".search":               {"POST": unsupported},
	"Users/.search":         {"POST": unsupported},
	"Groups/.search":        {"POST": unsupported},
}

// methods in the order they are named in Allow.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// ServeHTTP authenticates, finds the route and writes what it returns.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, began := &writer{ResponseWriter: w}, h.cfg.Now()
	u, _ := tidy(r.URL)
	segments := split(u.EscapedPath())
	c, err := h.authenticate(r, segments)
	if err == nil {
		if c.query, err = readParams(u.RawQuery); err == nil {
			err = c.route(out, r, segments[3:])
		}
	}
	if err != nil {
		writeError(out, r, err)
	}
	h.log(r, c, out.status, err)
	h.record(r, c, out, segments, began, err)
}

func (c *call) route(w http.ResponseWriter, r *http.Request, segments []string) error {
	name := strings.Join(segments, "/")
	byMethod, found := routes[name]
	if !found && len(segments) == 2 {
		id, err := url.PathUnescape(segments[1])
		if err != nil {
			return notFound(segments[1])
		}
		c.id = id
		byMethod, found = routes[segments[0]+"/{id}"]
	}
	if !found {
		return &scim.Error{Status: http.StatusNotFound, Detail: "There is nothing at this address. The Tenant URL in Entra is " + c.base + "."}
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve := byMethod[method]
	if serve == nil {
		w.Header().Set("Allow", allowed(byMethod))
		return &scim.Error{Status: http.StatusMethodNotAllowed, Detail: "This address takes " + allowed(byMethod) + ", but not " + shortMethod(r.Method) + "."}
	}
	return serve(c, w, r)
}

func allowed(byMethod map[string]answer) string {
	var names []string
	for _, m := range methods {
		if byMethod[m] != nil || m == http.MethodHead && byMethod[http.MethodGet] != nil {
			names = append(names, m)
		}
	}
	return strings.Join(names, ", ")
}

// shortMethod keeps an answer from repeating whatever somebody sent as method.
func shortMethod(m string) string {
	if len(m) > 16 {
		return "that method"
	}
	return m
}

func unsupported(c *call, _ http.ResponseWriter, r *http.Request) error {
	return &scim.Error{Status: http.StatusNotImplemented, Detail: "This server does not support that; /ServiceProviderConfig says what it supports."}
}
