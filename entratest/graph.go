package entratest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Microsoft Graph v1.0, as far as registering an application needs it:
// applications, servicePrincipals with their appRoleAssignedTo, and
// oauth2PermissionGrants. What is changed here is what people sign in with.
// Requests need a token of [Tenant.GraphToken], or an access token for Graph
// with the permission in its scp.

// The permissions that are looked at.
const (
	graphReadApps   = "Application.Read.All"
	graphWriteApps  = "Application.ReadWrite.All"
	graphReadGrants = "DelegatedPermissionGrant.Read.All"
	graphGrants     = "DelegatedPermissionGrant.ReadWrite.All"
	graphAssign     = "AppRoleAssignment.ReadWrite.All"
)

// GraphToken signs an application's access token for Microsoft Graph with these
// permissions, such as Application.Read.All. Each mutate may change the claims.
func (t *Tenant) GraphToken(permissions []string, mutate ...func(Claims)) string {
	id := newGUID()
	return t.FederatedToken(FederatedOptions{ServicePrincipal: id, Audience: graphID}, append([]func(Claims){func(c Claims) {
		c["iss"], c["roles"] = "https://sts.windows.net/"+t.ID+"/", permissions
	}}, mutate...)...)
}

// Graph answers Microsoft Graph's requests below /v1.0, for a client that is
// told another address than https://graph.microsoft.com.
func (e *Entra) Graph() http.Handler { return http.HandlerFunc(e.core.serveGraph) }

// graphHosts are Microsoft Graph's names in the clouds ("National cloud
// deployments", Microsoft Graph).
var graphHosts = []string{"graph.microsoft.com", "graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}

// graphFault is an error of Graph's ("Microsoft Graph error responses").
type graphFault struct {
	status        int
	code, message string
}

func (f *graphFault) Error() string { return f.code + ": " + f.message }

func badGraph(format string, args ...any) error {
	return &graphFault{http.StatusBadRequest, "Request_BadRequest", fmt.Sprintf(format, args...)}
}

func noGraph(id string) error {
	return &graphFault{
		http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '" + id + "' does not exist or one of its queried reference-property objects are not present.",
	}
}

// graphRequest is one request whose token is good.
type graphRequest struct {
	tenant  *tenant
	method  string
	path    []string // without v1.0
	query   url.Values
	body    []byte
	granted []string
}

// need refuses whoever has none of the permissions.
func (g graphRequest) need(permissions ...string) error {
	for _, p := range permissions {
		if slices.Contains(g.granted, p) {
			return nil
		}
	}
	return &graphFault{http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."}
}

// needApps refuses whoever may not read applications or, with another method
// than GET, not write them.
func (g graphRequest) needApps() error {
	if g.method == http.MethodGet {
		return g.need(graphWriteApps, graphReadApps)
	}
	return g.need(graphWriteApps)
}

// read decodes the body. Properties that nobody knows are refused, as Graph does.
func (g graphRequest) read(v any) error {
	dec := json.NewDecoder(strings.NewReader(string(g.body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return badGraph("Invalid JSON payload: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badGraph("Invalid JSON payload: there is something after it")
	}
	return nil
}

// serveGraph checks the token and finds the resource.
func (c *core) serveGraph(w http.ResponseWriter, r *http.Request) {
	claims, f := c.graphToken(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if f == nil && err != nil {
		f = &graphFault{http.StatusRequestEntityTooLarge, "Request_EntityTooLarge", "The request is too large."}
	}
	if f == nil && len(body) > 0 && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		f = &graphFault{http.StatusUnsupportedMediaType, "Request_UnsupportedMediaType", "Write requests must contain the Content-Type header application/json."}
	}
	if f != nil {
		writeGraphFault(w, f)
		return
	}
	var out any
	status := http.StatusOK
	var after func() error
	c.mu.Lock()
	tid, _ := claims["tid"].(string)
	t := c.tenant(tid)
	if t == nil {
		err = &graphFault{http.StatusUnauthorized, "InvalidAuthenticationToken", "The tenant of the token is not there."}
	} else {
		g := graphRequest{
			tenant: t, method: r.Method, query: r.URL.Query(), body: body, granted: permissionsIn(claims),
			path: strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/v1.0"), "/"), "/"),
		}
		status, out, after, err = c.graphRoute(g)
	}
	c.mu.Unlock()
	if err == nil && after != nil {
		err = after()
	}
	var gf *graphFault
	switch {
	case errors.As(err, &gf):
		writeGraphFault(w, gf)
	case err != nil:
		writeGraphFault(w, &graphFault{http.StatusBadRequest, "Request_BadRequest", err.Error()})
	case out == nil:
		w.WriteHeader(status)
	default:
		writeJSON(w, status, out)
	}
}

func (c *core) graphToken(r *http.Request) (Claims, *graphFault) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || raw == "" {
		return nil, &graphFault{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty."}
	}
	claims, ok := c.ownToken(raw)
	aud, _ := claims["aud"].(string)
	if !ok || (aud != graphID && aud != graphResource) {
		return nil, &graphFault{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience, signature or lifetime."}
	}
	return claims, nil
}

func permissionsIn(claims Claims) (out []string) {
	roles, _ := claims["roles"].([]any)
	for _, r := range roles {
		if s, ok := r.(string); ok {
			out = append(out, s)
		}
	}
	scp, _ := claims["scp"].(string)
	return append(out, strings.Fields(scp)...)
}

func writeGraphFault(w http.ResponseWriter, f *graphFault) {
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	id := newGUID()
	writeJSON(w, f.status, map[string]any{"error": map[string]any{
		"code": f.code, "message": f.message, "innerError": map[string]string{"request-id": id, "client-request-id": id},
	}})
}

var keyed = regexp.MustCompile(`^(applications|servicePrincipals)\(appId='([0-9A-Za-z-]{1,64})'\)$`)

// graphRoute finds what a request is about. c.mu is held; after runs without it.
func (c *core) graphRoute(g graphRequest) (status int, out any, after func() error, err error) {
	head, id := g.path[0], ""
	rest := g.path[1:]
	if m := keyed.FindStringSubmatch(head); m != nil {
		head, id = m[1], m[2]
	} else if len(rest) > 0 {
		id, rest = rest[0], rest[1:]
	}
	switch {
	case head == "applications" && len(rest) == 0:
		return c.graphApplications(g, id)
	case head == "applicationTemplates" && len(rest) == 1 && strings.EqualFold(strings.TrimPrefix(rest[0], "microsoft.graph."), "instantiate") && g.method == http.MethodPost:
		return c.graphInstantiate(g, id)
	case head == "servicePrincipals" && len(rest) == 0:
		return c.graphPrincipals(g, id)
	case head == "servicePrincipals" && len(rest) == 1 && rest[0] == "appRoleAssignedTo":
		return c.graphAssignments(g, id)
	case head == "servicePrincipals" && len(rest) == 1 && rest[0] == "oauth2PermissionGrants":
		r, err := g.tenant.principal(id)
		if err == nil {
			err = g.need(graphReadGrants, graphGrants)
		}
		if err != nil || g.method != http.MethodGet {
			return 0, nil, nil, errors.Join(err, wrongMethod(g.method, http.MethodGet))
		}
		return http.StatusOK, graphList("oauth2PermissionGrants", g.tenant.grantsOf(r)), nil, nil
	case head == "oauth2PermissionGrants" && id == "":
		return c.graphGrants(g)
	}
	return 0, nil, nil, badGraph("Resource not found for the segment '%s'.", strings.Join(g.path, "/"))
}

func wrongMethod(got string, allowed ...string) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return &graphFault{http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."}
}

func graphList[T any](name string, all []T) map[string]any {
	return map[string]any{"@odata.context": graphResource + "/v1.0/$metadata#" + name, "value": append([]T{}, all...)}
}

var equals = regexp.MustCompile(`^\s*([A-Za-z]+)\s+eq\s+'((?:[^']|'')*)'\s*$`)

// filter reads $filter: comparisons for equality, joined by and.
func (g graphRequest) filter(allowed ...string) (map[string]string, error) {
	raw := g.query.Get("$filter")
	out := map[string]string{}
	if raw == "" {
		return out, nil
	}
	for part := range strings.SplitSeq(raw, " and ") {
		m := equals.FindStringSubmatch(part)
		if m == nil || !slices.Contains(allowed, m[1]) {
			return nil, badGraph("Invalid filter clause: '%s'", part)
		}
		out[m[1]] = strings.ReplaceAll(m[2], "''", "'")
	}
	return out, nil
}
