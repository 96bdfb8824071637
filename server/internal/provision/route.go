package provision

import (
	"context"
	"net/http"
	"net/url"
	"strings"

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

// What every resource type is served with.
var (
	collection = map[string]answer{"GET": (*call).list, "POST": (*call).create}
	single     = map[string]answer{"GET": (*call).get, "PUT": (*call).replace, "PATCH": (*call).patch, "DELETE": (*call).remove}
	searching  = map[string]answer{"POST": (*call).searchByPost}
)

// fixed are the addresses that are no resource type's, by what follows the
// workspace.
func fixed() map[string]map[string]answer {
	return map[string]map[string]answer{
		"ServiceProviderConfig": {"GET": (*call).config},
		"ResourceTypes":         {"GET": (*call).resourceTypes},
		"ResourceTypes/{id}":    {"GET": (*call).resourceType},
		"Schemas":               {"GET": (*call).listSchemas},
		"Schemas/{id}":          {"GET": (*call).getSchema},
		"Me":                    {"GET": (*call).me, "PUT": notMe, "PATCH": notMe, "DELETE": notMe, "POST": notMe},
		"Bulk":                  {"POST": (*call).bulk},
		".search":               {"POST": (*call).searchAllByPost},
		"":                      {"GET": (*call).searchRoot},
	}
}

func (c *call) create(ctx context.Context, q *ask) (*reply, error) {
	if isPeople(q.rt) {
		return c.createUser(ctx, q)
	}
	return c.createThing(ctx, q)
}

func (c *call) get(ctx context.Context, q *ask) (*reply, error) {
	if isPeople(q.rt) {
		return c.getUser(ctx, q)
	}
	return c.getThing(ctx, q)
}

func (c *call) replace(ctx context.Context, q *ask) (*reply, error) {
	if isPeople(q.rt) {
		return c.replaceUser(ctx, q)
	}
	return c.replaceThing(ctx, q)
}

func (c *call) patch(ctx context.Context, q *ask) (*reply, error) {
	if isPeople(q.rt) {
		return c.patchUser(ctx, q)
	}
	return c.patchThing(ctx, q)
}

func (c *call) remove(ctx context.Context, q *ask) (*reply, error) {
	if isPeople(q.rt) {
		return c.deleteUser(ctx, q)
	}
	return c.deleteThing(ctx, q)
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
		c.request = out.Header().Get("X-Request-Id")
		err = c.serve(out, r, u, segments[3:])
	}
	if err != nil {
		writeError(out, r, err)
	}
	h.log(r, c, out.status, err)
	h.record(r, c, out, segments, began, err)
}

// serve answers an authenticated request.
func (c *call) serve(w http.ResponseWriter, r *http.Request, u *url.URL, segments []string) error {
	q := &ask{method: r.Method, ifMatch: r.Header.Get("If-Match"), ifNoneMatch: r.Header.Get("If-None-Match")}
	if q.method == http.MethodHead {
		q.method = http.MethodGet
	}
	var err error
	if q.query, err = readParams(u.RawQuery); err != nil {
		return err
	}
	byMethod := c.route(q, segments)
	c.query, c.id = q.query, q.id
	if byMethod == nil {
		return c.nowhere(segments)
	}
	answer := byMethod[q.method]
	if answer == nil {
		w.Header().Set("Allow", allowed(byMethod))
		return &scim.Error{Status: http.StatusMethodNotAllowed, Detail: "This address takes " + allowed(byMethod) + ", but not " + shortMethod(r.Method) + "."}
	}
	switch q.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		if q.body, err = readBody(w, r); err != nil {
			return err
		}
		c.body = q.body
	}
	done, err := answer(c, r.Context(), q)
	if err != nil {
		return err
	}
	done.send(w)
	return nil
}

// route finds what is served at a path, by method, and what the path says. A
// person's own session reaches /Me and nothing else.
func (c *call) route(q *ask, segments []string) map[string]answer {
	if byMethod, found := c.h.fixed[strings.Join(segments, "/")]; found {
		return byMethod
	}
	if len(segments) == 0 || len(segments) > 2 {
		return nil
	}
	q.rt = c.types.endpoint(segments[0])
	if len(segments) == 1 {
		if q.rt == nil {
			return nil
		}
		return collection
	}
	if segments[1] == ".search" && q.rt != nil {
		return searching
	}
	id, err := url.PathUnescape(segments[1])
	if err != nil {
		return nil
	}
	q.id = id
	if q.rt != nil {
		return single
	}
	return c.h.fixed[segments[0]+"/{id}"]
}

func (c *call) nowhere(segments []string) error {
	if len(segments) == 2 && c.types.endpoint(segments[0]) != nil {
		return notFound(segments[1])
	}
	return &scim.Error{Status: http.StatusNotFound, Detail: "There is nothing at this address. The Tenant URL in Entra is " + c.base + "."}
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
