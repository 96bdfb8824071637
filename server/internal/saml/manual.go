package saml

import (
	"crypto/x509"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/problem"
)

// Validate judges an identity provider whose fields were entered by hand, as
// ParseMetadata judges a document: an error carries a problem code. It returns
// the provider mended, with its tenant, and without certificates that cannot
// be used; a lost trailing slash of Entra's issuer is put back with a notice.
func (p IdentityProvider) Validate(o MetadataOptions) (IdentityProvider, []Warning, error) {
	var warnings []Warning
	p.EntityID = trim(p.EntityID)
	if tenantOf(p.EntityID) != "" && strings.Count(p.EntityID, "/") == 3 {
		p.EntityID += "/"
		warnings = append(warnings, Warning{Code: problem.MetadataSlash, Detail: "It is now " + Shown(p.EntityID) + ".", Field: fieldIssuer})
	}
	for _, s := range []*string{&p.SSORedirect, &p.SSOPost, &p.SLORedirect, &p.SLOPost, &p.SLOResponse} {
		if *s = trim(*s); *s != "" && !isEndpoint(*s, o.AllowLoopbackHTTP) {
			return p, nil, problem.Detailf(problem.MetadataEndpoint, "It is %q.", Shown(*s))
		}
	}
	if p.SSORedirect == "" && p.SSOPost == "" {
		return p, nil, problem.New(problem.MetadataNoSignOn)
	}
	if err := p.name(); err != nil {
		return p, nil, err
	}
	certs, more, err := usableCertificates(p.Certificates, o.now())
	if err != nil {
		return p, nil, err
	}
	p.Certificates = certs
	return p, append(warnings, more...), nil
}

// ValidEntityID reports whether s may be a service provider's entity ID: 1 to
// MaxEntityID characters that print, without spaces around them.
func ValidEntityID(s string) error {
	if n := utf8.RuneCountInString(s); n == 0 || n > MaxEntityID || !utf8.ValidString(s) || strings.TrimSpace(s) != s ||
		strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return problem.New(problem.SAMLEntityID)
	}
	return nil
}

// Expiry returns when the last of the provider's certificates ends, after
// which nobody can sign in. It is zero where there is none.
func (p IdentityProvider) Expiry() time.Time {
	var last time.Time
	for _, c := range p.Certificates {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	return last
}

// SameKeys reports whether two lists hold the same certificates, in any order.
func SameKeys(a, b []*x509.Certificate) bool {
	for _, c := range a {
		if !known(b, c) {
			return false
		}
	}
	for _, c := range b {
		if !known(a, c) {
			return false
		}
	}
	return true
}

// duration reads the part of xs:duration that metadata uses: days, hours,
// minutes and seconds, with years and months as 365 and 30 days. What it does
// not understand is zero.
func duration(s string) time.Duration {
	rest, ok := strings.CutPrefix(trim(s), "P")
	if !ok || len(rest) > 40 {
		return 0
	}
	const day = 24 * time.Hour
	units := map[byte]time.Duration{'Y': 365 * day, 'M': 30 * day, 'D': day}
	var total time.Duration
	n, digits := time.Duration(0), 0
	for _, c := range []byte(rest) {
		switch unit, isUnit := units[c]; {
		case c == 'T' && digits == 0:
			units = map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}
		case c >= '0' && c <= '9' && digits < 6:
			n, digits = n*10+time.Duration(c-'0'), digits+1
		case isUnit && digits > 0 && n <= maxDuration/unit:
			total += n * unit
			n, digits = 0, 0
		default:
			return 0
		}
	}
	if digits > 0 {
		return 0
	}
	return min(total, maxDuration)
}

// maxDuration bounds what a document may ask us to keep it for: ten years.
const maxDuration = 3650 * 24 * time.Hour
