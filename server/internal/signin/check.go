package signin

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// accessHosts are where an Entra tenant's people find their apps (row B13).
var accessHosts = []string{
	"myapps.microsoft.com", "launcher.myapps.microsoft.com", "account.activedirectory.windowsazure.com",
	"myapplications.microsoft.us", "launcher.myapps.microsoft.us", "myapps.microsoft.us",
	"myapps.microsoft.scloud", "launcher.myapps.microsoft.cn", "myapps.windowsazure.cn",
}

// maxSkew bounds what an administrator may allow clocks to differ: beyond it a
// stolen assertion would be good for too long.
const maxSkew = 10 * time.Minute

// CheckSettings says what is wrong with the values that an administrator may set,
// apart from the identity provider's: the first one, as a problem.
func CheckSettings(c directory.SAML) error { return checkSAML(c) }

// checkSAML checks every value that an administrator may set.
func checkSAML(c directory.SAML) error {
	for _, id := range append([]string{c.EntityID}, c.Audiences...) {
		if len(id) > saml.MaxEntityID || id != strings.TrimSpace(id) || strings.ContainsFunc(id, unicode.IsControl) {
			return problem.New(problem.SAMLEntityID)
		}
	}
	if !slices.Contains([]directory.IdPInitiated{"", directory.IdPBounce, directory.IdPAccept, directory.IdPReject}, c.IdPInitiated) {
		return problem.Detailf(problem.BadUsage, "A sign-in started at the identity provider is answered with bounce, accept or reject.")
	}
	if !slices.Contains([]directory.SAMLType{"", directory.SAMLEntra, directory.SAMLGeneric}, c.Type) {
		return problem.Detailf(problem.BadUsage, "A connection's type is entra or generic.")
	}
	if c.Skew < 0 || c.Skew > maxSkew {
		return problem.Detailf(problem.BadUsage, "Clocks may be allowed to differ by ten minutes at most.")
	}
	switch saml.NameIDSource(c.NameIDSource) {
	case "", saml.NameIDMail, saml.NameIDUPN, saml.NameIDObjectID, saml.NameIDPersistent:
	default:
		return problem.Detailf(problem.BadUsage, "The NameID's source is mail, upn, objectid or persistent.")
	}
	for name := range c.ClaimMap {
		if claimMap(map[string]string{name: "x"}) == (saml.ClaimMap{}) {
			return problem.Detailf(problem.BadUsage, "%.60q is no field that a claim can be mapped to.", name)
		}
	}
	for _, r := range c.RequiredClaims {
		if strings.TrimSpace(r.Name) == "" {
			return problem.Detailf(problem.BadUsage, "A required claim has no name.")
		}
	}
	for _, back := range c.AppReturns {
		if !registrable(back) {
			return problem.Detailf(problem.ReturnUnknown, "%.100q is neither an https:// address nor one with a scheme of the app's own, such as com.example.app:/signed-in.", back)
		}
	}
	return CheckAccessURL(c.UserAccessURL)
}

// CheckAccessURL checks Entra's User access URL; "" is none. The error is
// problem.BadUsage with a sentence about what to copy.
func CheckAccessURL(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || !slices.Contains(accessHosts, strings.ToLower(u.Host)) {
		return problem.Detailf(problem.BadUsage, "The User access URL is not one of My Apps. Copy it from the application's Properties page in Microsoft Entra.")
	}
	return nil
}

// registrable says whether an address may be registered for apps to be returned
// to: an app link, or a scheme of the app's own (RFC 8252, sections 7.1, 7.2).
// Those are reverse domain names; a plain word could be any program's.
func registrable(address string) bool {
	u, err := url.Parse(address)
	switch {
	case err != nil || strings.Contains(address, "#") || u.User != nil || len(address) > 500 || strings.ContainsFunc(address, unicode.IsControl):
		return false
	case u.Scheme == "https":
		return u.Host != "" && !api.Loopback(u.Hostname())
	}
	return strings.Contains(u.Scheme, ".") || u.Scheme == "lanyard"
}

// returnable says whether an app may be returned to an address: loopback of any
// port (RFC 8252, section 7.3), or one that was registered, to the letter.
func returnable(address string, registered []string) bool {
	if slices.Contains(registered, address) {
		return registrable(address)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Opaque != "" || len(address) > 500 || u.Port() == "" ||
		strings.ContainsFunc(address, unicode.IsControl) || strings.ContainsAny(address, `\#`) {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

// ownPath returns where on this server a browser may be sent: a path. What is
// not one, or leads to another host when a browser reads it, is "".
func ownPath(s string) string {
	if len(s) > 500 || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.Contains(s, "\\") ||
		strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil {
		return ""
	}
	return s
}
