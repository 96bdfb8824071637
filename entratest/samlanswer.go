package entratest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// participant is an app that got an assertion about somebody signed in.
type participant struct {
	client, nameID, format, index string
}

// parked is a request that came by POST. The browser is sent to fetch its
// page with GET, since it does not send our Lax cookie along with a POST from
// another site.
type parked struct {
	params url.Values
	born   time.Time
}

// serveSAML is the one address for every SAML message.
func (c *core) serveSAML(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	binding, query, params := bindingRedirect, r.URL.RawQuery, r.URL.Query()
	if r.Method == http.MethodPost {
		c.show(w, r, c.park(r), id)
		return
	}
	cookie := c.cookie(r)
	c.mu.Lock()
	if key := params.Get("post"); key != "" {
		if p, ok := c.parked[key]; ok {
			binding, query, params = bindingPOST, "", p.params
			delete(c.parked, key)
		}
	}
	next := c.samlArrived(r.PathValue("tenant"), cookie, binding, query, params, id)
	c.mu.Unlock()
	c.show(w, r, next, id)
}

func (c *core) park(r *http.Request) step {
	key := randomText(24)
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, p := range c.parked {
		if c.clock().Sub(p.born) > flowLife {
			delete(c.parked, k)
		}
	}
	params := url.Values{}
	for k, v := range r.Form { // login_hint may be in the address
		params[k] = v
	}
	c.parked[key] = parked{params, c.clock()}
	return step{goTo: r.URL.Path + "?post=" + key}
}

// samlArrived decides what a message leads to; c.mu is held.
func (c *core) samlArrived(name, cookie, binding, query string, params url.Values, id ids) step {
	t := c.tenant(name)
	if t == nil {
		return step{page: errorPage(unknownTenant(name), id)}
	}
	t.sweep(c.clock())
	m, f := readSAML(binding, query, params)
	if f != nil {
		return step{page: errorPage(f, id)}
	}
	switch {
	case !m.response && m.root.is(scope{}, nsProtocol, "AuthnRequest"):
		a, onPage, toApp := c.readAuthnRequest(t, m, id)
		switch {
		case onPage != nil:
			return step{page: errorPage(onPage, id)}
		case toApp != nil:
			return step{answer: a.refusal(toApp)}
		}
		return c.begin(cookie, a)
	case !m.response && m.root.is(scope{}, nsProtocol, "LogoutRequest"):
		return c.logoutAsked(t, m, cookie, id)
	case m.response && m.root.is(scope{}, nsProtocol, "LogoutResponse"):
		return c.logoutAnswered(m, id)
	}
	return step{page: errorPage(refuse(75005, "The request is not a valid Saml2 protocol message."), id)}
}

// answerSAML is the last step of a sign-in by SAML: the response, or why
// there is none. c.mu is held.
func (c *core) answerSAML(f *flow, p *person) step {
	t := c.tenant(f.tenant)
	r := t.app(f.client)
	in := c.sessionOf(f.cookie, t, p)
	if in == nil { // signed out in another tab
		in = &signedIn{tenant: t.ID, user: p.ObjectID, epoch: p.epoch, at: c.clock(), method: p.method()}
	}
	if r.saml.Refuse != 0 {
		return step{answer: f.refusal(refuse(r.saml.Refuse, "This sign-in is refused because a test asked for it."))}
	}
	raw, fault := c.respond(t, r, p, in, f.saml)
	switch {
	case fault == nil:
	case c.opt.PolicyErrorsToApp:
		return step{answer: f.refusal(fault)}
	default:
		return step{page: errorPage(fault, f.ids)}
	}
	return step{answer: f.saml.answer(raw)}
}

// respond makes the response, and notes that the app has part in the session.
func (c *core) respond(t *tenant, r *registration, p *person, in *signedIn, s *samlRequest) ([]byte, *fault) {
	if !s.contextMet(in.method) {
		return nil, refuse(75011, "Authentication method '%s' by which the user authenticated with the service doesn't match requested authentication method '%s'. "+
			"Contact the %s application owner.", shortContext(contexts[in.method]), shortContext(s.contexts[0]), r.Name)
	}
	m, fault := c.samlMessage(t, r, p, *in, *s)
	if fault != nil {
		return nil, fault
	}
	raw, fault := r.saml.write(m, c.clock())
	if fault != nil {
		return nil, fault
	}
	in.apps = append(in.apps, participant{r.ClientID, m.NameID, m.NameIDFormat, m.SessionIndex})
	return raw, nil
}

func shortContext(class string) string { return class[strings.LastIndexByte(class, ':')+1:] }

// answer posts a response to the Reply URL.
func (s *samlRequest) answer(raw []byte) *answer {
	p := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}}
	if s.relay != "" {
		p.Set("RelayState", s.relay)
	}
	return &answer{redirect: s.reply, mode: "form_post", params: p}
}

// sessionOf finds somebody who is signed in at a browser; nil when they are
// not. What it points to is the session's own.
func (c *core) sessionOf(cookie string, t *tenant, p *person) *signedIn {
	s := c.sessions[cookie]
	if s == nil {
		return nil
	}
	for i := range s.accounts {
		if a := &s.accounts[i]; a.tenant == t.ID && a.user == p.ObjectID && a.epoch == p.epoch {
			return a
		}
	}
	return nil
}

// statuses are the status codes that go with a number (SAML core section
// 3.2.2.2). Whatever is not here is the responder's refusal.
var statuses = map[int][2]string{
	50058:  {statusResponder, "NoPassive"},
	16000:  {statusResponder, "NoPassive"},
	65004:  {statusResponder, "AuthnFailed"},
	75011:  {statusResponder, "NoAuthnContext"},
	75003:  {statusRequester, "UnsupportedBinding"},
	75006:  {statusRequester, "RequestUnsupported"},
	90011:  {statusRequester, "RequestUnsupported"},
	900236: {statusRequester, "RequestUnsupported"},
	75016:  {statusRequester, "InvalidNameIDPolicy"},
}

// refusal is a failed Response: unsigned and without Destination, as Entra
// sends it.
func (s *samlRequest) refusal(f *fault, id ids) *answer {
	h := hands[s.style]
	code, ok := statuses[f.Code]
	if !ok {
		code = [2]string{statusResponder, "RequestDenied"}
	}
	text := f.describe(id)
	if s.style != StyleEntra {
		text = f.Text
	}
	root := h.root("Response", "ID", "_"+newGUID(), "Version", "2.0", "IssueInstant", stampOf(id.At), "InResponseTo", s.id).add(
		h.issuer(s.issuer, !h.atRoot),
		el(h.p("Status")).add(
			el(h.p("StatusCode"), "Value", code[0]).add(el(h.p("StatusCode"), "Value", statusPrefix+code[1])),
			textEl(h.p("StatusMessage"), text),
		))
	return s.answer(root.bytes())
}

// The status codes of SAML core section 3.2.2.2.
const (
	statusPrefix    = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess   = statusPrefix + "Success"
	statusRequester = statusPrefix + "Requester"
	statusResponder = statusPrefix + "Responder"
)

// serveLaunch is the user access URL: what a tile in My Apps opens.
func (c *core) serveLaunch(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	cookie := c.cookie(r)
	c.mu.Lock()
	next := c.launch(cookie, r.PathValue("appid"), r.URL.Query(), id)
	c.mu.Unlock()
	c.show(w, r, next, id)
}

// launch signs somebody in to an app that did not ask for it; c.mu is held.
func (c *core) launch(cookie, appid string, q url.Values, id ids) step {
	t := c.tenant(q.Get("tenantId"))
	if t == nil {
		return step{page: errorPage(unknownTenant(q.Get("tenantId")), id)}
	}
	r := t.app(appid)
	switch {
	case r == nil || r.saml == nil:
		return step{page: errorPage(unknownApp(appid, &t.Tenant), id)}
	case r.saml.SignOnURL != "" && q.Get("test") == "":
		return step{goTo: r.saml.SignOnURL}
	case len(r.saml.ReplyURLs) == 0 || len(r.saml.Identifiers) == 0:
		return step{page: errorPage(refuse(900971, "No reply address provided."), id)}
	case len(r.saml.verify) > 0:
		return step{page: errorPage(refuse(76021, "The request sent by client is not signed while the application requires signed requests."), id)}
	}
	return c.begin(cookie, t.samlAuth(r, &samlRequest{
		entityID: r.saml.Identifiers[0], reply: r.saml.ReplyURLs[0], relay: r.saml.RelayState,
		issuer: r.saml.issuer(&t.Tenant, r.ClientID), style: r.saml.Style,
	}, q, id))
}
