package redirect

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

var (
	guid        = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	placeholder = regexp.MustCompile(`(?i)^<.*>$|^\{.*[^0-9a-f-].*\}$|^\[.*\]$|enter_the|your[_ -]|^0{8}-0{4}-0{4}-0{4}-0{12}$`)
)

// hosts are Microsoft's sign-in services: the worldwide one under its names,
// the US government's and China's (Microsoft, "National clouds").
var hosts = []string{
	"login.microsoftonline.com", "login.microsoft.com", "login.windows.net",
	"login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
}

// everyone are the names that stand for more tenants than one.
var everyone = []string{"common", "organizations", "consumers"}

// faults returns an error for each thing in m that is wrong.
func (m MSAL) faults(o MSALOptions) []error {
	var errs []error
	add := func(code problem.Code, right string) {
		if code != "" {
			errs = append(errs, wrong(code, right))
		}
	}
	add(m.clientFault(o), o.ClientID)
	if m.UserAgent != "" && m.UserAgent != "DEFAULT" && m.UserAgent != "BROWSER" {
		add(problem.MSALUserAgent, "DEFAULT")
	}
	if placeholder.MatchString(m.RedirectURI) {
		add(problem.MSALPlaceholder, o.AndroidOptions.right())
	} else if _, err := CheckAndroid(m.RedirectURI, o.AndroidOptions); err != nil {
		errs = append(errs, err)
	} else if strings.TrimSpace(m.RedirectURI) != m.RedirectURI {
		add(problem.RedirectCharacters, strings.TrimSpace(m.RedirectURI))
	}
	if m.AccountMode != "" && m.AccountMode != "SINGLE" && m.AccountMode != "MULTIPLE" {
		add(problem.MSALAccountMode, "SINGLE")
	}
	if !m.authoritiesCount() {
		add(problem.MSALAuthorities, "")
	}
	for _, a := range m.Authorities {
		add(a.fault(o), o.TenantID)
	}
	return errs
}

// authoritiesCount reports whether MSAL would know which authority to use.
func (m MSAL) authoritiesCount() bool {
	defaults := 0
	for _, a := range m.Authorities {
		if a.Default {
			defaults++
		}
	}
	n := len(m.Authorities)
	return n == 1 || n > 1 && n <= maxAuthorities && defaults == 1
}

func (m MSAL) clientFault(o MSALOptions) problem.Code {
	switch {
	case placeholder.MatchString(m.ClientID):
		return problem.MSALPlaceholder
	case !guid.MatchString(m.ClientID):
		return problem.MSALClientID
	case o.ClientID == "" || strings.EqualFold(m.ClientID, o.ClientID):
		return ""
	case strings.EqualFold(m.ClientID, o.TenantID):
		return problem.MSALSwapped
	}
	return problem.MSALOtherClient
}

// fault judges one authority. Which form it has says nothing: the portal writes
// an audience, older samples a URL.
func (a Authority) fault(o MSALOptions) problem.Code {
	if a.Type != "" && a.Type != "AAD" {
		return problem.MSALAuthority
	}
	if a.URL != "" {
		tenant, ok := tenantIn(a.URL)
		if !ok {
			return problem.MSALAuthority
		}
		if code := tenantFault(tenant, o); code != "" || a.Audience == nil {
			return code
		}
	}
	if a.Audience == nil {
		return problem.MSALAudience // MSAL's default lets in everyone
	}
	if a.Audience.Type != myOrg {
		return problem.MSALAudience
	}
	return tenantFault(a.Audience.TenantID, o)
}

// tenantIn returns what stands for the tenant in an authority's URL.
func tenantIn(authority string) (string, bool) {
	u, err := url.Parse(authority)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !slices.Contains(hosts, strings.ToLower(u.Host)) {
		return "", false
	}
	tenant := strings.TrimSuffix(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	return tenant, !strings.ContainsAny(tenant, "/%")
}

func tenantFault(tenant string, o MSALOptions) problem.Code {
	switch {
	case tenant == "", slices.Contains(everyone, strings.ToLower(tenant)):
		return problem.MSALAudience
	case placeholder.MatchString(tenant):
		return problem.MSALPlaceholder
	case !guid.MatchString(tenant):
		return problem.MSALTenant
	case o.TenantID == "" || strings.EqualFold(tenant, o.TenantID):
		return ""
	case strings.EqualFold(tenant, o.ClientID):
		return problem.MSALSwapped
	}
	return problem.MSALOtherTenant
}
