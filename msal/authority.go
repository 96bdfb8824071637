package msal

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// knownHosts are the sign-in hosts of Microsoft's clouds
// (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud).
// The authority comes from a Lanyard server that the person may have been
// talked into naming, so no other host is ever shown to them as Microsoft.
var knownHosts = map[string]bool{
	"login.microsoftonline.com":        true, // worldwide
	"login.microsoft.com":              true,
	"login.windows.net":                true,
	"login.microsoftonline.us":         true, // US Government
	"login.partner.microsoftonline.cn": true, // China
	"login.chinacloudapi.cn":           true,
	"login.sovcloud-identity.fr":       true,
	"login.sovcloud-identity.de":       true,
	"login.sovcloud-identity.sg":       true,
}

// scopeForm is one named permission of an API that an organisation registered
// itself. What Microsoft's own APIs have begins otherwise (https://graph.microsoft.com/…,
// a GUID, a bare name).
var scopeForm = regexp.MustCompile(`^api://[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*/[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// checkRequest refuses what could only come from a wrong set-up: an authority
// that is not https://<a host of Microsoft's>/<the tenant's id>, a missing
// client id or scope. The scope too comes from a Lanyard server, which will be
// sent the token: it may ask for one that lets people in to it, and never for one
// that reads their mail. It returns r with the authority in its usual form.
func checkRequest(r auth.Request) (auth.Request, error) {
	u, err := url.Parse(r.Authority)
	switch {
	case err != nil, u.Scheme != "https", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return r, problem.Wrap(problem.WorkspaceNotSet, errors.New("the authority is not an https:// address"))
	case !knownHosts[strings.ToLower(u.Host)]:
		return r, problem.Detailf(problem.WorkspaceNotSet, "The authority is not a sign-in address of Microsoft's.")
	}
	tenant := strings.ToLower(strings.Trim(u.Path, "/"))
	id, err := uuid.Parse(tenant)
	if err != nil || id.String() != tenant || !strings.EqualFold(tenant, r.TenantID) {
		return r, problem.Detailf(problem.WorkspaceNotSet, "The authority does not name the workspace's tenant.")
	}
	if _, err := uuid.Parse(r.ClientID); err != nil {
		return r, problem.Detailf(problem.WorkspaceNotSet, "The client id is missing or malformed.")
	}
	if len(r.Scope) > 512 || !scopeForm.MatchString(r.Scope) {
		return r, problem.Detailf(problem.WorkspaceNotSet, "The scope is not one like api://<client ID>/access_as_user.")
	}
	r.Authority = "https://" + strings.ToLower(u.Host) + "/" + tenant
	r.TenantID = tenant
	return r, nil
}
