package saml

import (
	"net/netip"
	"net/url"
	"strings"
)

// tenantIssuer begins the entity ID of every Entra tenant: by cloud, the global
// one and China's.
var tenantIssuer = []string{"https://sts.windows.net/", "https://sts.chinacloudapi.cn/"}

// tenantOf returns the tenant that an Entra entity ID names, in small letters,
// or "". Behind the tenant an application ID may stand, where the administrator
// has it appended.
func tenantOf(entityID string) string {
	for _, prefix := range tenantIssuer {
		if rest, ok := strings.CutPrefix(entityID, prefix); ok {
			id, _, _ := strings.Cut(rest, "/")
			if isGUID(id) {
				return strings.ToLower(id)
			}
		}
	}
	return ""
}

// signOn is Microsoft's sign-in service for the tenants of tenantIssuer.
var signOn = []string{"https://login.microsoftonline.com/", "https://login.partner.microsoftonline.cn/"}

// TenantLoginURL returns the Login URL of the Entra tenant that an entity ID
// names, or "" where it names none. Tenants of the US government, whose entity IDs
// look like all others, have theirs at login.microsoftonline.us instead.
// Source: https://learn.microsoft.com/entra/identity-platform/single-sign-on-saml-protocol
func TenantLoginURL(entityID string) string {
	tenant := tenantOf(entityID)
	for i, prefix := range tenantIssuer {
		if tenant != "" && strings.HasPrefix(entityID, prefix) {
			return signOn[i] + tenant + "/saml2"
		}
	}
	return ""
}

// isGUID reports whether s has the form 8-4-4-4-12 in hex digits.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

// isPlain reports whether an entity ID is a word and no address or URN.
func isPlain(entityID string) bool { return !strings.Contains(entityID, ":") }

// isLoopback reports whether a URL's host is this machine.
func isLoopback(u *url.URL) bool {
	if u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}

// isEndpoint reports whether s may be an address that a browser is sent to:
// https, or http on loopback where that is allowed.
func isEndpoint(s string, loopback bool) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(s) > 2048 || strings.ContainsAny(s, " \"<>\\") {
		return false
	}
	return u.Scheme == "https" || (loopback && u.Scheme == "http" && isLoopback(u))
}
