package explain

import (
	"bytes"
	"compress/flate"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// address explains an https:// or http:// address, or an app's own.
func (r reader) address(s string) (Explanation, bool) {
	scheme, _, ok := strings.Cut(s, ":")
	if !ok || strings.ContainsAny(s, " \t\r\n<>{}\"") || !strings.Contains(s, "/") || strings.ContainsAny(scheme, "=&%.;,") && !strings.Contains(s, "://") {
		return Explanation{}, false
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return Explanation{}, false
	}
	query := u.Query()
	if query.Has("SAMLRequest") || query.Has("SAMLResponse") {
		return r.redirect(u.RawQuery, s), true
	}
	if e, ok := errorIn(query); ok {
		return e, true
	}
	if fragment, err := url.ParseQuery(u.Fragment); err == nil {
		if e, ok := errorIn(fragment); ok {
			return e, true
		}
	}
	if n, err := strconv.Atoi(query.Get("code")); err == nil && strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/error") {
		return explainCode(n, ""), true
	}
	return r.plainAddress(u), true
}

// plainAddress says what an address without a message leads to.
func (r reader) plainAddress(u *url.URL) Explanation {
	e := Explanation{Kind: KindAddress, OK: true}
	e.fact("host", u.Host)
	path := strings.ToLower(u.Path)
	microsoft := strings.HasSuffix(u.Hostname(), ".microsoftonline.com") || strings.HasSuffix(u.Hostname(), ".microsoftonline.us") || strings.HasSuffix(u.Hostname(), ".microsoftonline.cn")
	tenant, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	switch {
	case strings.Contains(path, "/federationmetadata/"):
		e.Kind = KindMetadataURL
		e.fact("tenant", tenant)
		e.fact("application", u.Query().Get("appid"))
		e.note("Have it read with: lanyardd saml check --workspace <workspace> --metadata-url '" + u.Redacted() + "'")
		if strings.EqualFold(tenant, "common") || strings.EqualFold(tenant, "organizations") {
			e.refused(problem.New(problem.MetadataCommon))
		} else if microsoft && u.Query().Get("appid") == "" {
			e.warned([]saml.Warning{{Code: problem.MetadataNoAppID}})
		}
	case microsoft && strings.HasSuffix(strings.TrimSuffix(path, "/"), "/saml2"):
		e.fact("tenant", tenant)
		e.note("This is Microsoft's Login URL. It belongs into --login-url. Opened by itself it answers AADSTS750054: people start at the workspace's own login address.")
	case strings.Contains(u.Hostname(), "myapps.microsoft"):
		e.note("This is a User access URL: lanyardd saml set --user-access-url.")
	case strings.HasSuffix(path, "/saml/acs"):
		e.note("This is a workspace's Reply URL (Assertion Consumer Service URL). Browsers post to it; it is not to be opened.")
	case strings.HasSuffix(path, "/saml/metadata"):
		e.note("This is the metadata of a workspace, and by default its Identifier (Entity ID).")
	default:
		e.Kind, e.OK = KindUnknown, false
		e.note("Nothing in this address is an error or a SAML message. Paste the error's text instead.")
	}
	return e
}

// redirect explains a message of the HTTP-Redirect binding, from its raw query.
func (r reader) redirect(query, from string) Explanation {
	m, err := dsig.ParseRedirect(query, dsig.Limits{Bytes: saml.MaxResponse})
	if err == nil {
		return r.message(m.Message, query, m.Signed)
	}
	// A POST's field in an address, or a message that was not compressed.
	values, verr := url.ParseQuery(query)
	for _, name := range []string{"SAMLResponse", "SAMLRequest"} {
		if field := values.Get(name); verr == nil && field != "" {
			if inner, ok := decoded(field); ok && r.depth < maxDepth {
				e := r.inside(inner)
				if strings.Contains(from, "?") && name == "SAMLRequest" {
					e.OK = false
					e.note("In an address the message must be compressed (raw DEFLATE) before base64, and this one is not: Microsoft answers AADSTS75005.")
				}
				return e
			}
		}
	}
	e := Explanation{Kind: KindRequest}
	e.note("The address holds a SAML message that cannot be read: it must be compressed (raw DEFLATE), then base64, then escaped. Microsoft answers such a one with AADSTS75005.")
	var d *dsig.Error
	if errors.As(err, &d) {
		e.note("Expected " + d.Expected + ".")
	}
	return e
}

// form explains a form's body or a query: SAMLResponse=…&RelayState=….
func (r reader) form(s string) (Explanation, bool) {
	i := strings.Index(s, "SAMLResponse=")
	if j := strings.Index(s, "SAMLRequest="); i < 0 || (j >= 0 && j < i) {
		i = j
	}
	if i < 0 {
		if v, err := url.ParseQuery(s); err == nil && strings.Contains(s, "error=") && !strings.ContainsAny(s, " \n") {
			return errorIn(v)
		}
		return Explanation{}, false
	}
	rest := strings.Join(strings.Fields(s[i:]), "")
	return r.redirect(rest, rest), true
}

// decoded takes base64, escaped or not and wrapped or not, off a text.
func decoded(s string) ([]byte, bool) {
	s = strings.Join(strings.Fields(s), "")
	if strings.Contains(s, "%") {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		s = strings.Join(strings.Fields(plain), "")
	}
	s = strings.TrimRight(s, "=")
	if len(s) < 16 {
		return nil, false
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(s); err == nil {
			return b, true
		}
	}
	return nil, false
}

// encoded explains what stands in base64: XML, compressed XML, or DER.
func (r reader) encoded(s string) (Explanation, bool) {
	b, ok := decoded(strings.TrimSpace(strings.TrimPrefix(s, "SAMLResponse:")))
	if !ok {
		return Explanation{}, false
	}
	if isXML(b) {
		return r.inside(b), true
	}
	if e, ok := r.der(string(b)); ok {
		return e, true
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), MaxText+1))
	if err == nil && len(plain) <= MaxText && isXML(plain) {
		return r.inside(plain), true
	}
	return Explanation{}, false
}

func isXML(b []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))), []byte("<"))
}

// pem explains PEM.
func (r reader) pem(s string) (Explanation, bool) {
	if !strings.Contains(s, "-----BEGIN ") {
		return Explanation{}, false
	}
	return r.certificate([]byte(s)), true
}

// der explains the bytes of a certificate, a request for one, or a key.
func (r reader) der(s string) (Explanation, bool) {
	if len(s) < 32 || s[0] != 0x30 || printable(s) && strings.TrimSpace(s) != s {
		return Explanation{}, false
	}
	_, _, err := saml.ParseCertificates([]byte(s), r.now())
	if code, _ := problem.Of(err); code == problem.CertificateUnreadable {
		return Explanation{}, false
	}
	return r.certificate([]byte(s)), true
}

func (r reader) certificate(raw []byte) Explanation {
	e := Explanation{Kind: KindCertificate, OK: true}
	certs, warnings, err := saml.ParseCertificates(raw, r.now())
	if code, _ := problem.Of(err); code == problem.CertificatePrivateKey {
		e.Kind = KindPrivateKey
	}
	if err != nil {
		e.refused(err)
		return e
	}
	for _, c := range certs {
		e.certificateFacts(c)
		if r.Expect != nil {
			known := false
			for _, pinned := range r.Expect.IdP.Certificates {
				known = known || pinned.Equal(c)
			}
			e.Checks = append(e.Checks, Check{
				Name: "known to the workspace", OK: known, Received: saml.PortalThumbprint(c), Code: codeUnless(known, problem.SAMLSignature),
				Sentence: sentenceUnless(known, "The workspace does not know this certificate: import the metadata again, or set it with --certificate."),
			})
			e.OK = e.OK && known
		}
	}
	e.warned(warnings)
	return e
}

func codeUnless(ok bool, code problem.Code) problem.Code {
	if ok {
		return ""
	}
	return code
}

func sentenceUnless(ok bool, s string) string {
	if ok {
		return ""
	}
	return s
}

// certificateFacts adds what the portal shows of a certificate too.
func (e *Explanation) certificateFacts(c *x509.Certificate) {
	e.fact("certificate of", c.Subject.String())
	e.fact("thumbprint (SHA-1, as in the portal)", saml.PortalThumbprint(c))
	e.fact("thumbprint (SHA-256)", saml.Thumbprint(c))
	e.fact("valid", c.NotBefore.UTC().Format("2006-01-02")+" to "+c.NotAfter.UTC().Format("2006-01-02"))
	e.fact("key", c.PublicKeyAlgorithm.String())
}
