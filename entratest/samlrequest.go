package entratest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The bindings of SAML 2.0.
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// maxSAMLMessage bounds a message once it is inflated, maxSAMLQuery the
// address that carries it (AADSTS90015); in bytes.
const (
	maxSAMLMessage = 256 << 10
	maxSAMLQuery   = 8 << 10
)

// samlIn is a message that a browser brought, not yet believed.
type samlIn struct {
	root     *node
	response bool // it came as SAMLResponse
	binding  string
	relay    string
	query    string // as received: signatures of the Redirect binding are over it
	params   url.Values
}

// readSAML takes the message out of a query or a form.
func readSAML(binding, query string, params url.Values) (samlIn, *fault) {
	m := samlIn{binding: binding, query: query, params: params, relay: params.Get("RelayState")}
	if len(query) > maxSAMLQuery {
		return m, refuse(90015, "The query string is too long: %d bytes.", len(query))
	}
	text := params.Get("SAMLRequest")
	if !params.Has("SAMLRequest") {
		text, m.response = params.Get("SAMLResponse"), true
	}
	if text == "" {
		return m, refuse(750054, "SAMLRequest or SAMLResponse must be present as query string parameters in HTTP request for SAML Redirect binding.")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err == nil && binding == bindingRedirect {
		raw, err = inflate(raw)
	}
	if err == nil {
		m.root, err = readXML(raw)
	}
	if err != nil {
		return m, refuse(75005, "The request is not a valid Saml2 protocol message.")
	}
	return m, nil
}

// inflate undoes raw DEFLATE (SAML bindings section 3.4.4.1).
func inflate(raw []byte) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(raw))
	out, err := io.ReadAll(io.LimitReader(r, maxSAMLMessage+1))
	if err == nil && len(out) > maxSAMLMessage {
		err = errors.New("the message is too long")
	}
	return out, err
}

// deflate makes the Redirect binding's form of a message.
func deflate(raw []byte) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		panic(err) // a level that there is
	}
	_, _ = w.Write(raw) // a bytes.Buffer takes everything
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// samlRequest is a sign-in by SAML whose app and Reply URL are good.
type samlRequest struct {
	id           string // "" for one that nobody asked for
	entityID     string
	reply        string
	relay        string
	nameIDFormat string
	contexts     []string // authentication contexts of which one is required
	issuer       string   // ours, for a Status
	style        SAMLStyle
}

// readHead checks what requests of every kind have, and finds the app by its
// Issuer; c.mu is held.
func (t *tenant) readHead(m samlIn, now time.Time) (*registration, *fault) {
	root := m.root
	if root.value("Version") != "2.0" {
		return nil, refuse(75005, "The request is not a valid Saml2 protocol message. (Version)")
	}
	if id := root.value("ID"); id == "" || strings.IndexByte("0123456789-.", id[0]) >= 0 || strings.ContainsAny(id, " :\t\r\n") {
		return nil, refuse(7500529, "The value '%s' is not a valid SAML ID. The ID must not begin with a number.", id)
	}
	if _, err := time.Parse(time.RFC3339Nano, root.value("IssueInstant")); err != nil {
		return nil, refuse(75005, "The request is not a valid Saml2 protocol message. (IssueInstant)")
	}
	issuer := root.child(scope{}, nsAssertion, "Issuer")
	if issuer == nil || issuer.text() == "" {
		return nil, refuse(75005, "The request is not a valid Saml2 protocol message. (Issuer)")
	}
	r := t.appByEntityID(issuer.text())
	if r == nil {
		return nil, unknownApp(issuer.text(), &t.Tenant)
	}
	if r.saml.signer(now) == nil {
		return nil, refuse(50003, "The sign-in failed because of a missing signing key or certificate.")
	}
	return r, nil
}

// readAuthnRequest checks a request for a sign-in, as far as Entra reads it.
// onPage and toApp are as in readAuthorize. Destination, Consent, ProviderName
// and Conditions are ignored, and so is a signature nobody asked for. c.mu is
// held.
func (c *core) readAuthnRequest(t *tenant, m samlIn, id ids) (a authRequest, onPage, toApp *fault) {
	r, f := t.readHead(m, c.clock())
	if f != nil {
		return a, f, nil
	}
	root := m.root
	reply := root.value("AssertionConsumerServiceURL")
	switch {
	case len(r.saml.ReplyURLs) == 0:
		return a, refuse(900971, "No reply address provided."), nil
	case reply == "":
		reply = r.saml.ReplyURLs[0]
	case !slices.Contains(r.saml.ReplyURLs, reply):
		return a, refuse(50011, "The reply URL '%s' specified in the request does not match the reply URLs configured for the application '%s'. "+
			"Make sure the reply URL sent in the request matches one added to your application in the Azure portal.", reply, r.saml.Identifiers[0]), nil
	}
	if f := r.saml.checkSigned(m); f != nil {
		return a, f, nil
	}
	s := &samlRequest{
		id: root.value("ID"), entityID: root.child(scope{}, nsAssertion, "Issuer").text(), reply: reply, relay: m.relay,
		issuer: r.saml.issuer(&t.Tenant, r.ClientID), style: r.saml.Style,
	}
	a = t.samlAuth(r, s, m.params, id)
	force, passive := isTrue(root.value("ForceAuthn")), isTrue(root.value("IsPassive"))
	switch {
	case force && passive:
		toApp = refuse(50058, "A silent sign-in request was sent, and it forbids to use the session that there may be.")
	case passive:
		a.prompt = "none"
	case force:
		a.prompt = "login"
	}
	if f := s.readWishes(root); f != nil {
		toApp = f
	}
	return a, nil, toApp
}

// samlAuth makes the request with which the pages go on. Hints come in the
// query: Subject is not supported.
func (t *tenant) samlAuth(r *registration, s *samlRequest, params url.Values, id ids) authRequest {
	a := authRequest{
		tenant: t.ID, client: r.ClientID, redirect: s.reply, mode: "form_post", ids: id, saml: s,
		loginHint: params.Get("login_hint"), domainHint: params.Get("domain_hint"),
	}
	if a.domainHint == "" {
		a.domainHint = params.Get("whr")
	}
	return a
}

func isTrue(s string) bool { return s == "true" || s == "1" }

// readWishes reads the optional parts of a request, and refuses those that
// Entra does not support.
func (s *samlRequest) readWishes(root *node) *fault {
	inner := scope{}.with(root)
	if b := root.value("ProtocolBinding"); b != "" && b != bindingPOST {
		return refuse(75003, "The response binding '%s' is not supported; use HTTP-POST.", b)
	}
	if root.child(scope{}, nsAssertion, "Subject") != nil {
		return notSupported("Subject")
	}
	if policy := root.child(scope{}, nsProtocol, "NameIDPolicy"); policy != nil {
		if policy.value("SPNameQualifier") != "" {
			return refuse(90011, "The SAML authentication request property 'NameIDPolicy/SPNameQualifier' is not supported.")
		}
		s.nameIDFormat = policy.value("Format")
		if !slices.Contains([]string{"", formatPersistent, formatEmail, formatUnspecified, formatTransient}, s.nameIDFormat) {
			return refuse(75016, "The SAML2 authentication request has an invalid NameIDPolicy: '%s'.", s.nameIDFormat)
		}
	}
	if scoping := root.child(scope{}, nsProtocol, "Scoping"); scoping != nil {
		if _, ok := scoping.attr("ProxyCount"); ok {
			return notSupported("Scoping/ProxyCount")
		}
		for _, name := range []string{"IDPList", "RequesterID"} {
			if scoping.child(inner, nsProtocol, name) != nil {
				return notSupported("Scoping/" + name)
			}
		}
	}
	if wish := root.child(scope{}, nsProtocol, "RequestedAuthnContext"); wish != nil {
		if c := wish.value("Comparison"); c != "" && c != "exact" {
			return refuse(75006, "The comparison '%s' of RequestedAuthnContext is not supported; use exact.", c)
		}
		for _, e := range wish.elements() {
			if e.is(inner.with(wish), nsAssertion, "AuthnContextClassRef") {
				s.contexts = append(s.contexts, e.text())
			}
		}
	}
	return nil
}

func notSupported(property string) *fault {
	return refuse(900236, "The SAML authentication request property '%s' is not supported and must not be set.", property)
}

// contextMet reports whether the way in which somebody proved who they are is
// one that the request demands.
func (s *samlRequest) contextMet(method string) bool {
	if len(s.contexts) == 0 {
		return true
	}
	return slices.ContainsFunc(s.contexts, func(c string) bool {
		return c == contexts[method] || c == formatlessContext ||
			(method == byPassword && c == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
	})
}

const formatlessContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"

// checkSigned checks a request's signature where the app demands one.
func (s *samlApp) checkSigned(m samlIn) *fault {
	if len(s.verify) == 0 {
		return nil
	}
	unsigned := refuse(76021, "The request sent by client is not signed while the application requires signed requests.")
	wrong := refuse(50006, "Signature verification failed because of an invalid signature.")
	if m.binding == bindingPOST {
		if m.root.child(scope{}, nsSignature, "Signature") == nil {
			return unsigned
		}
		if verifyEnveloped(m.root, s.verify, s.AllowSHA1Requests) != nil {
			return wrong
		}
		return nil
	}
	if m.params.Get("Signature") == "" || m.params.Get("SigAlg") == "" {
		return unsigned
	}
	sig, err := base64.StdEncoding.DecodeString(m.params.Get("Signature"))
	if err != nil || verifyBytes(m.params.Get("SigAlg"), signedQuery(m.query), sig, s.verify, s.AllowSHA1Requests) != nil {
		return wrong
	}
	return nil
}

// signedQuery is the part of a query that its signature is over: the values
// as they were received (SAML bindings section 3.4.4.1).
func signedQuery(query string) []byte {
	raw := map[string]string{}
	for _, part := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		raw[name] = part
	}
	var parts []string
	for _, name := range []string{"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg"} {
		if part, ok := raw[name]; ok {
			parts = append(parts, part)
		}
	}
	return []byte(strings.Join(parts, "&"))
}
