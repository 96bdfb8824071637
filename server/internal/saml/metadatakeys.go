package saml

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// signingCertificates reads the certificates of keys for signing or for any
// use. broken counts those that cannot be parsed.
func signingCertificates(role *dsig.Element) (certs []*x509.Certificate, broken int, err error) {
	for k := role.FirstChild(); k != nil; k = k.Next() {
		use, limited := k.Attr("", "use")
		if !k.Is(nsMetadata, "KeyDescriptor") || (limited && use != "signing") {
			continue
		}
		for e := k; e != nil; e = following(e, k) {
			if !e.Is(dsig.NamespaceSignature, "X509Certificate") {
				continue
			}
			if len(certs)+broken >= maxCertificates {
				return nil, 0, problem.Detailf(problem.MetadataTooLarge, "It holds more than %d signing certificates.", maxCertificates)
			}
			if c := certificate(e.Text()); c != nil {
				certs = append(certs, c)
			} else {
				broken++
			}
		}
	}
	return certs, broken, nil
}

func certificate(text string) *x509.Certificate {
	der, ok := unbase64(text)
	if !ok {
		return nil
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return c
}

// pinned keeps the certificates that may be used.
func (p *IdentityProvider) pinned(certs []*x509.Certificate, broken int, now time.Time) ([]Warning, error) {
	if len(certs) == 0 {
		if broken > 0 {
			return nil, problem.Detailf(problem.MetadataKeyWeak, "%d could not be read.", broken)
		}
		return nil, problem.New(problem.MetadataNoKey)
	}
	usable, warnings, err := usableCertificates(certs, now)
	if err != nil {
		code, _ := problem.Of(err)
		as := problem.MetadataKeyWeak
		if code == problem.CertificateExpired {
			as = problem.MetadataOldKeys
		}
		return nil, &problem.Error{Code: as, Detail: problem.DetailOf(err), Cause: err}
	}
	for i := range warnings {
		if warnings[i].Code != problem.CertificateSHA1 {
			warnings[i].Code = problem.MetadataSomeOld
		}
	}
	if broken > 0 {
		warnings = append(warnings, Warning{Code: problem.MetadataSomeOld, Detail: fmt.Sprintf("%d certificates could not be read.", broken)})
	}
	p.Certificates = usable
	return warnings, nil
}

// tenantKeys is the subject of the keys that sign a tenant's tokens, and never
// an application's assertions.
const tenantKeys = "accounts.accesscontrol.windows.net"

// scope warns where a Microsoft document is the whole tenant's.
func (p *IdentityProvider) scope(source string) []Warning {
	u, err := url.Parse(source)
	if err == nil {
		p.AppID = strings.ToLower(u.Query().Get("appid"))
	}
	if p.TenantID == "" || (p.AppID != "" && isGUID(p.AppID)) {
		return nil
	}
	wide := source != ""
	if !wide {
		wide = true
		for _, c := range p.Certificates {
			wide = wide && c.Subject.CommonName == tenantKeys
		}
	}
	if !wide {
		return nil
	}
	return []Warning{{Code: problem.MetadataNoAppID, Detail: "The address has no appid.", Field: "SAML Certificates → App Federation Metadata Url"}}
}
