package saml

import (
	"crypto/x509"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// Incoming is a logout message as the browser brought it.
type Incoming struct {
	// Query is the raw query of a GET as received, never re-encoded: the
	// signature is over those very bytes.
	Query string
	// Request or Response is the form field SAMLRequest or SAMLResponse of a
	// POST, and RelayState its RelayState.
	Request    string
	Response   string
	RelayState string
}

// IsLogoutRequest reports whether a request to sign out came, as opposed to an
// answer to one of ours. It says nothing of whether it will be accepted.
func (in Incoming) IsLogoutRequest() bool {
	if in.Query == "" {
		return in.Request != ""
	}
	for part := range strings.SplitSeq(in.Query, "&") {
		if strings.HasPrefix(part, "SAMLRequest=") {
			return true
		}
	}
	return false
}

// LogoutRequest asks us to end sessions. Its values are verified.
type LogoutRequest struct {
	ID     string
	Issuer string
	NameID NameID
	// SessionIndexes are the sessions meant. None means all of the person's.
	SessionIndexes []string
	// NotOnOrAfter is until when to remember the ID, so that it is used once.
	NotOnOrAfter time.Time
	RelayState   string
}

// LogoutResponse answers a logout request of ours.
type LogoutResponse struct {
	ID           string
	InResponseTo string
	// Success says that the identity provider ended all it could.
	Success bool
	// Signed says that a pinned key vouches for it. Entra does not always
	// sign it, and nothing is decided by it.
	Signed     bool
	RelayState string
}

// logoutLife is for how long a LogoutRequest without an end of its own is good.
const logoutLife = 5 * time.Minute

var logoutRequestGrammar = grammar{
	{space: nsAssertion, local: "Issuer", required: true},
	{space: dsig.NamespaceSignature, local: "Signature"},
	{space: nsProtocol, local: "Extensions"},
	{space: nsAssertion, local: "NameID", required: true},
	{space: nsProtocol, local: "SessionIndex", many: true},
}

// ParseLogoutRequest judges a request to sign out, which must be signed (SAML
// profiles 4.4.3.1): anyone could end sessions otherwise. An error is a
// *Refusal.
func ParseLogoutRequest(in Incoming, e Expect) (*LogoutRequest, error) {
	j := newJudge(e)
	m, err := j.logout(in, "LogoutRequest", "SAMLRequest")
	if err != nil {
		return nil, err
	}
	if !m.signed {
		return nil, j.refuse(verdict{check: CheckSignature, code: problem.SAMLUnsigned, expected: "a signed LogoutRequest"})
	}
	if expected := logoutRequestGrammar.fits(m.root); expected != "" {
		return nil, j.refuse(verdict{check: CheckParts, code: problem.SAMLLogoutRefused, expected: expected})
	}
	r := &LogoutRequest{ID: attr(m.root, "ID"), Issuer: m.issuer, RelayState: m.relayState}
	id, ok := readNameID(m.root.Child(nsAssertion, "NameID"))
	end, timed := when(m.root, "NotOnOrAfter")
	if !ok || !timed {
		return nil, j.refuse(verdict{check: CheckNameID, code: problem.SAMLLogoutRefused, expected: "a NameID in the clear and times in UTC"})
	}
	r.NameID = id
	for s := m.root.FirstChild(); s != nil; s = s.Next() {
		if text, ok := leaf(s); ok && s.Is(nsProtocol, "SessionIndex") {
			r.SessionIndexes = append(r.SessionIndexes, trim(text))
		}
	}
	var w window
	w.until(m.issued.Add(logoutLife))
	w.until(end)
	r.NotOnOrAfter = w.end.Add(j.skew)
	if !j.now.Before(r.NotOnOrAfter) {
		return nil, j.refuse(verdict{check: CheckNotOnOrAfter, code: problem.SAMLExpired, expected: "a request that is still good", received: w.end.UTC().Format(time.RFC3339)})
	}
	return r, nil
}

var logoutResponseGrammar = grammar{
	{space: nsAssertion, local: "Issuer", required: true},
	{space: dsig.NamespaceSignature, local: "Signature"},
	{space: nsProtocol, local: "Extensions"},
	{space: nsProtocol, local: "Status", required: true},
}

// ParseLogoutResponse judges the answer to a logout request of ours. It must
// name a request; that it is one of ours is for the caller to know. A signature
// that is there must be good. An error is a *Refusal.
func ParseLogoutResponse(in Incoming, e Expect) (*LogoutResponse, error) {
	j := newJudge(e)
	m, err := j.logout(in, "LogoutResponse", "SAMLResponse")
	if err != nil {
		return nil, err
	}
	if expected := logoutResponseGrammar.fits(m.root); expected != "" {
		return nil, j.refuse(verdict{check: CheckParts, code: problem.SAMLLogoutRefused, expected: expected})
	}
	r := &LogoutResponse{ID: attr(m.root, "ID"), InResponseTo: attr(m.root, "InResponseTo"), Signed: m.signed, RelayState: m.relayState}
	if !isXMLID(r.InResponseTo) {
		return nil, j.refuse(verdict{check: CheckInResponseTo, code: problem.SAMLInResponseTo, expected: "a request of ours"})
	}
	r.Success = readStatus(m.root.Child(nsProtocol, "Status")).Success()
	return r, nil
}

// logoutMessage is a logout message after its signature.
type logoutMessage struct {
	root       *dsig.Element
	issuer     string
	issued     time.Time
	signed     bool
	relayState string
}

// logout reads a logout message of either binding and checks what both kinds
// have in common.
func (j *judge) logout(in Incoming, kind, parameter string) (*logoutMessage, error) {
	if err := j.setUp(); err != nil {
		return nil, err
	}
	m := &logoutMessage{relayState: in.RelayState}
	read := j.logoutPost
	if in.Query != "" {
		read = j.logoutRedirect
	}
	if err := read(m, in, parameter); err != nil {
		return nil, err
	}
	if !m.root.Is(nsProtocol, kind) {
		return nil, j.refuse(verdict{check: CheckEnvelope, code: problem.SAMLWrongKind, expected: "a " + kind})
	}
	if expected := header(m.root); expected != "" {
		return nil, j.refuse(verdict{check: CheckEnvelope, code: problem.SAMLWrongKind, expected: expected})
	}
	issuer, ok := issuerOf(m.root.Child(nsAssertion, "Issuer"))
	if m.issuer = issuer; !ok || (issuer != j.IdP.EntityID && !(kind == "LogoutResponse" && j.isLoginIssuer(issuer))) {
		return nil, j.refuse(verdict{check: CheckIssuer, code: problem.SAMLIssuer, field: fieldIssuer, expected: j.IdP.EntityID, received: onlyIf(m.signed, issuer)})
	}
	to, has := m.root.Attr("", "Destination")
	if has && (j.SP.SLO == "" || to != j.SP.SLO) || (!has && m.signed) {
		return nil, j.refuse(verdict{check: CheckDestination, code: problem.SAMLDestination, expected: j.SP.SLO, received: onlyIf(m.signed, to)})
	}
	m.issued, _ = when(m.root, "IssueInstant")
	if j.now.Add(j.skew).Before(m.issued) {
		return nil, j.refuse(verdict{check: CheckNotBefore, code: problem.SAMLNotYet, expected: "a message that is not of the future"})
	}
	return m, nil
}

func onlyIf(ok bool, s string) string {
	if ok {
		return s
	}
	return ""
}

// loginHosts are where Entra signs people in, by cloud.
var loginHosts = []string{"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"}

// isLoginIssuer recognises the issuer that Entra gives its LogoutResponse:
// https://login.microsoftonline.com/{tenant}/, on one of Microsoft's hosts or on
// that of its endpoints.
func (j *judge) isLoginIssuer(issuer string) bool {
	tenant := j.expectedTenant()
	if tenant == "" {
		return false
	}
	for _, host := range loginHosts {
		if issuer == "https://"+host+"/"+tenant+"/" {
			return true
		}
	}
	for _, address := range []string{j.IdP.SLORedirect, j.IdP.SSORedirect, j.IdP.SSOPost} {
		u, err := url.Parse(address)
		if err == nil && u.Host != "" && issuer == u.Scheme+"://"+u.Host+"/"+tenant+"/" {
			return true
		}
	}
	return false
}

// logoutRedirect reads the HTTP-Redirect binding, verifying first.
func (j *judge) logoutRedirect(m *logoutMessage, in Incoming, parameter string) error {
	limits := dsig.Limits{Bytes: MaxResponse}
	r, err := dsig.ParseRedirect(in.Query, limits)
	if err != nil {
		return j.refuse(verdict{check: CheckReadable, code: problem.SAMLMalformed, expected: "a query of the redirect binding", cause: err})
	}
	m.relayState = r.RelayState
	if r.Signed {
		keys := j.keys()
		if r, err = dsig.VerifyRedirect(in.Query, keys, dsig.Policy{AllowSHA1: j.AllowSHA1}, limits); err != nil {
			return j.refuse(unverified(err))
		}
		m.signed = true
		if err := j.inForce(keys[r.Key].Certificate); err != nil {
			return err
		}
	}
	if r.Parameter != parameter {
		return j.refuse(verdict{check: CheckEnvelope, code: problem.SAMLWrongKind, expected: "the parameter " + parameter})
	}
	doc, err := j.read(r.Message)
	if err != nil {
		return err
	}
	m.root = doc.Root()
	if signatures(m.root) != 0 {
		return j.refuse(verdict{check: CheckSignature, code: problem.SAMLSignatureForm, expected: "the signature in the query alone"})
	}
	return nil
}

// logoutPost reads the HTTP-POST binding; a signed message is read once more
// from the octets that were verified.
func (j *judge) logoutPost(m *logoutMessage, in Incoming, parameter string) error {
	value := in.Response
	if parameter == "SAMLRequest" {
		value = in.Request
	}
	raw, err := decode(value)
	if err != nil || value == "" {
		return j.refuse(verdict{check: CheckReadable, code: codeOf(err), expected: "base64 of a message", cause: err})
	}
	doc, err := j.read(raw)
	if err != nil {
		return err
	}
	m.root = doc.Root()
	m.signed = hasSignature(m.root)
	if signatures(m.root) != ones(m.signed) {
		return j.refuse(verdict{check: CheckSignature, code: problem.SAMLSignatureForm, expected: "no signature but the message's"})
	}
	if !m.signed {
		return nil
	}
	octets, cert, err := j.verify(doc, m.root, j.keys(), false)
	if err != nil {
		return err
	}
	if err := j.inForce(cert); err != nil {
		return err
	}
	m.root, err = j.reparse(octets)
	return err
}

// inForce refuses what was signed with a certificate that is not in date.
func (j *judge) inForce(c *x509.Certificate) error {
	j.certificateDates(c)
	return j.refusal()
}
