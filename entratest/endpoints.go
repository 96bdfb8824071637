package entratest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// endpoints are the addresses of Microsoft's hosts. A browser has no business
// here: the pages stand on http://localhost, and the two paths that people
// type from memory lead there.
func (c *core) endpoints() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", c.serveMetadata)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", c.serveKeys)
	mux.HandleFunc("GET /common/discovery/instance", c.serveInstance)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", c.serveToken)
	mux.HandleFunc("OPTIONS /{tenant}/oauth2/v2.0/token", c.servePreflight)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/devicecode", c.serveDeviceCode)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", c.toBrowser)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/logout", c.toBrowser)
	mux.HandleFunc("GET /{tenant}/saml2", c.toBrowser)
	mux.HandleFunc("POST /{tenant}/saml2", c.toBrowser)
	mux.HandleFunc("GET "+launcherHost+"/api/signin/{appid}", c.toBrowser)
	mux.HandleFunc("GET myapps.microsoft.com/signin/{name}/{appid}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, c.browserURL+"/api/signin/"+r.PathValue("appid")+"?"+r.URL.RawQuery, http.StatusFound)
	})
	c.federation(mux)
	for _, host := range graphHosts {
		mux.HandleFunc(host+"/v1.0/", c.serveGraph)
	}
	mux.HandleFunc("GET graph.microsoft.com/oidc/userinfo", c.serveUserInfo)
	mux.HandleFunc("POST graph.microsoft.com/oidc/userinfo", c.serveUserInfo)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOnly(r.Host)
		if !isMicrosoft(host) && !loopbackHost(host) {
			http.Error(w, "entratest: not a host of Microsoft", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func hostOnly(hostport string) string {
	u := url.URL{Host: hostport}
	return strings.ToLower(u.Hostname())
}

func (c *core) toBrowser(w http.ResponseWriter, r *http.Request) {
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusTemporaryRedirect // with the form
	}
	http.Redirect(w, r, c.browserURL+r.URL.Path+"?"+r.URL.RawQuery, status)
}

// serveMetadata is the OpenID Connect Discovery 1.0 document.
func (c *core) serveMetadata(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	name := r.PathValue("tenant")
	base := "https://" + r.Host + "/"
	var issuer, tid string
	switch name {
	case "common", "organizations":
		// Entra writes the placeholder; each token names its tenant.
		issuer, tid = "https://"+microsoftHosts[0]+"/{tenantid}/v2.0", name
	default:
		t, f := c.lookUp(name)
		if f != nil {
			writeFault(w, f, id)
			return
		}
		issuer, tid = t.Issuer(), t.ID
	}
	doc := map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                c.browserURL + "/" + tid + "/oauth2/v2.0/authorize",
		"end_session_endpoint":                  c.browserURL + "/" + tid + "/oauth2/v2.0/logout",
		"token_endpoint":                        base + tid + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         base + tid + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              base + tid + "/discovery/v2.0/keys",
		"userinfo_endpoint":                     "https://graph.microsoft.com/oidc/userinfo",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"request_uri_parameter_supported":       false,
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"claims_supported": []string{
			"sub", "iss", "cloud_instance_name", "aud", "exp", "iat", "auth_time", "nonce",
			"preferred_username", "name", "tid", "ver", "email",
		},
		"tenant_region_scope":      "EU",
		"cloud_instance_name":      "microsoftonline.com",
		"cloud_graph_host_name":    "graph.windows.net",
		"msgraph_host":             "graph.microsoft.com",
		"rbac_url":                 "https://pas.windows.net",
		"kerberos_endpoint":        nil,
		"entratest_do_not_rely_on": randomText(6),
	}
	if c.opt.Orderly {
		delete(doc, "entratest_do_not_rely_on")
	}
	stamp(w, id)
	writeJSON(w, http.StatusOK, doc)
}

// lookUp finds a tenant by the first segment of a path.
func (c *core) lookUp(name string) (*Tenant, *fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.tenant(name); t != nil {
		return t.copy(), nil
	}
	return nil, unknownTenant(name)
}

func (c *core) serveKeys(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	issuer := "https://" + microsoftHosts[0] + "/{tenantid}/v2.0"
	if name := r.PathValue("tenant"); name != "common" && name != "organizations" {
		t, f := c.lookUp(name)
		if f != nil {
			writeFault(w, f, id)
			return
		}
		issuer = t.Issuer()
	}
	set, err := c.jwks(issuer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	stamp(w, id)
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, set)
}

// clouds are the instance discovery's alias sets: the first is the preferred one.
var clouds = [][]string{
	{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"},
	{"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"},
	{"login.microsoftonline.us", "login.usgovcloudapi.net"},
}

// serveInstance is instance discovery: whether a host is one of Microsoft's,
// and by which names it goes. MSAL asks it before anything else.
func (c *core) serveInstance(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	u, err := url.Parse(r.FormValue("authorization_endpoint"))
	if err != nil || u.Host == "" {
		writeFault(w, refuse(900144, "The request must contain the parameter 'authorization_endpoint'."), id)
		return
	}
	known := slices.ContainsFunc(clouds, func(names []string) bool { return slices.Contains(names, u.Hostname()) })
	if !known && !loopbackHost(u.Hostname()) {
		f := refuse(50049, "Unknown or invalid instance.")
		f.OAuth = "invalid_instance"
		writeFault(w, f, id)
		return
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	var meta []any
	for _, names := range clouds {
		cache := names[0]
		if slices.Contains(names, "login.windows.net") {
			cache = "login.windows.net"
		}
		meta = append(meta, map[string]any{"preferred_network": names[0], "preferred_cache": cache, "aliases": names})
	}
	stamp(w, id)
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": "https://" + u.Host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  meta,
	})
}
