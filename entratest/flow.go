package entratest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// session is what one browser's cookie stands for.
type session struct {
	accounts []signedIn
}

// signedIn is one person signed in at a browser.
type signedIn struct {
	tenant, user, sid string
	epoch             int
	at                time.Time
	method            string // how they proved it
	apps              []participant
}

// flow is one sign-in under way in one browser.
type flow struct {
	authRequest
	id      string
	cookie  string // the browser it belongs to
	step    string // pick, username, password, consent, code, confirm
	user    string // object id, once chosen
	sid     string
	typed   string // what was typed as a name
	problem string // shown on the page
	proved  bool   // the person is who they say
	born    time.Time
	device  *device // for a device code sign-in
}

// flowLife is how long a page stays good.
const flowLife = time.Hour

func (c *core) cookieName() string {
	// Cookies know no ports, and several local Entras may run at once.
	return "ESTSAUTH-" + c.browserURL[strings.LastIndex(c.browserURL, ":")+1:]
}

func (c *core) cookie(r *http.Request) string {
	if k, err := r.Cookie(c.cookieName()); err == nil {
		return k.Value
	}
	return ""
}

// signedInAt lists who is signed in at a browser in a tenant, and still may be.
func (c *core) signedInAt(cookie string, t *tenant) []*person {
	s := c.sessions[cookie]
	if s == nil {
		return nil
	}
	var people []*person
	for _, a := range s.accounts {
		if p := t.person(a.user); a.tenant == t.ID && p != nil && p.epoch == a.epoch {
			people = append(people, p)
		}
	}
	return people
}

// begin starts a sign-in and decides its first step; c.mu is held.
func (c *core) begin(cookie string, a authRequest) step {
	f := &flow{authRequest: a, id: randomText(24), cookie: cookie, born: c.clock()}
	t := c.tenant(a.tenant)
	here := c.signedInAt(cookie, t)
	var hinted *person
	if a.loginHint != "" {
		hinted = t.bySignInName(a.loginHint)
	}
	switch a.prompt {
	case "none":
		return c.silently(f, t, here, hinted)
	case "select_account":
		f.step = "pick"
	case "login":
		f.askFor(hinted)
	default:
		f.choose(here, hinted)
	}
	if f.proved {
		return c.goOn(f)
	}
	return c.keep(f)
}

// choose takes the person whom the session and the hint make certain: nobody
// is asked for what is known.
func (f *flow) choose(here []*person, hinted *person) {
	switch {
	case hinted != nil && slices.Contains(here, hinted):
		f.user, f.proved = hinted.ObjectID, true
	case f.loginHint != "":
		f.askFor(hinted)
	case len(here) == 1:
		f.user, f.proved = here[0].ObjectID, true
	default:
		f.step = "pick"
	}
}

// askFor goes to the page on which this person proves who they are.
func (f *flow) askFor(p *person) {
	switch {
	case p != nil && !p.Passwordless:
		f.user, f.step = p.ObjectID, "password"
	case f.loginHint != "":
		f.typed, f.step = f.loginHint, "username"
	default:
		f.step = "pick"
	}
}

// silently answers prompt=none: with a code, or with why not.
func (c *core) silently(f *flow, t *tenant, here []*person, hinted *person) step {
	var p *person
	switch {
	case f.loginHint != "" && slices.Contains(here, hinted) && hinted != nil:
		p = hinted
	case f.loginHint == "" && len(here) == 1:
		p = here[0]
	case f.loginHint == "" && len(here) > 1:
		return step{answer: f.refusal(refuse(16000, "Either several accounts are signed in or the session's account is not the one that was asked for; select one."))}
	default:
		return step{answer: f.refusal(refuse(50058, "A silent sign-in request was sent but no user is signed in."))}
	}
	client := t.app(f.client)
	if _, fault := c.standing(t, client, p.ObjectID); fault != nil {
		return step{answer: f.refusal(fault)}
	}
	if f.saml == nil {
		if names, _ := t.pending(client, p.ObjectID, f.scopes); len(names) > 0 {
			return step{answer: f.refusal(notConsented(client))}
		}
	}
	return c.leave(f, p)
}

// keep remembers a flow that waits for the person and shows its page. A
// browser without a cookie gets one, so that nobody else can go on with it.
func (c *core) keep(f *flow) step {
	s := step{}
	if f.cookie == "" || c.sessions[f.cookie] == nil {
		f.cookie = randomText(24)
		c.sessions[f.cookie] = &session{}
		s.cookie, s.session = f.cookie, true
	}
	for id, old := range c.flows {
		if c.clock().Sub(old.born) > flowLife {
			delete(c.flows, id)
		}
	}
	c.flows[f.id] = f
	s.page = c.pageFor(f)
	return s
}

// goOn decides what follows once the person has proved who they are: a
// refusal, consent, or the code. c.mu is held.
func (c *core) goOn(f *flow) step {
	t := c.tenant(f.tenant)
	client := t.app(f.client)
	p, fault := c.standing(t, client, f.user)
	if fault != nil {
		delete(c.flows, f.id)
		if c.opt.PolicyErrorsToApp && f.device == nil {
			return step{answer: f.refusal(fault)}
		}
		return step{page: errorPage(fault, f.ids)}
	}
	if f.device != nil && f.step != "confirm" {
		f.step = "confirm"
		return c.keep(f)
	}
	if f.saml != nil { // there is nothing to consent to
		return c.done(f, p)
	}
	names, admin := t.pending(client, p.ObjectID, f.scopes)
	if admin {
		delete(c.flows, f.id)
		return step{page: errorPage(refuse(90094, "%s needs permission to access resources in your organisation that only an administrator can grant. "+
			"Ask an administrator to grant it before you can use it.", client.Name), f.ids)}
	}
	if len(names) > 0 || f.prompt == "consent" {
		f.step = "consent"
		return c.keep(f)
	}
	return c.done(f, p)
}

// done ends a flow well.
func (c *core) done(f *flow, p *person) step {
	delete(c.flows, f.id)
	if f.device == nil {
		return c.leave(f, p)
	}
	d := f.device
	d.done, d.user, d.epoch, d.authTime, d.sid = true, p.ObjectID, p.epoch, c.clock(), f.sid
	return step{page: &page{
		Kind: "message", ID: "device-done", Title: "You're signed in",
		Text: "You have signed in to " + c.tenant(f.tenant).app(f.client).Name + " on your device. You may now close this window.",
	}}
}

// remember signs the person in at the browser, under a new cookie: the old
// one may be known to others (session fixation).
func (c *core) remember(f *flow, p *person) step {
	old := c.sessions[f.cookie]
	delete(c.sessions, f.cookie)
	if old == nil {
		old = &session{}
	}
	old.accounts = slices.DeleteFunc(old.accounts, func(a signedIn) bool { return a.tenant == f.tenant && a.user == p.ObjectID })
	f.sid = newGUID()
	old.accounts = append(old.accounts, signedIn{
		tenant: f.tenant, user: p.ObjectID, sid: f.sid, epoch: p.epoch, at: c.clock(), method: p.method(),
	})
	fresh, before := randomText(24), f.cookie
	for _, other := range c.flows {
		if other.cookie == before { // sign-ins in other tabs go on
			other.cookie = fresh
		}
	}
	f.cookie = fresh
	c.sessions[fresh] = old
	return step{cookie: fresh, session: true}
}

// serveFlow takes what a person did on one of the pages.
func (c *core) serveFlow(w http.ResponseWriter, r *http.Request) {
	cookie := c.cookie(r)
	id := c.idsFor(r)
	c.mu.Lock()
	f := c.flows[r.PathValue("flow")]
	var next step
	switch {
	case f == nil || f.cookie != cookie || cookie == "" || c.clock().Sub(f.born) > flowLife:
		next = step{page: errorPage(refuse(90008, "This page is no longer good. Go back to the app and sign in again."), id)}
	case r.Method == http.MethodGet:
		next = step{page: c.pageFor(f)}
	default:
		next = c.act(f, r)
	}
	c.mu.Unlock()
	c.show(w, r, next, id)
}

// act does what the pressed button says; c.mu is held.
func (c *core) act(f *flow, r *http.Request) step {
	t := c.tenant(f.tenant)
	f.problem = ""
	switch action := r.PostForm.Get("action"); {
	case action == "cancel":
		return c.cancelled(f)
	case action == "other":
		f.step, f.user, f.typed = "username", "", ""
	case action == "back":
		f.step, f.user = "pick", ""
	case f.step == "code" && action == "next":
		return c.codeTyped(f, r.PostForm.Get("user_code"))
	case f.step == "pick" && action == "pick":
		return c.named(f, t, t.person(r.PostForm.Get("user")))
	case f.step == "username" && action == "next":
		f.typed = strings.TrimSpace(r.PostForm.Get("username"))
		return c.named(f, t, t.bySignInName(f.typed))
	case f.step == "password" && action == "next":
		return c.passwordTyped(f, t, r.PostForm.Get("password"))
	case f.step == "consent" && action == "accept" && f.proved:
		t.app(f.client).consent(f.user, t.app(f.scopes.resource), f.consentNames())
		return c.done(f, t.person(f.user))
	case f.step == "confirm" && action == "next" && f.proved:
		return c.goOn(f)
	}
	return c.keep(f)
}

func (f *flow) consentNames() []string {
	if f.scopes.graph() {
		return append(slices.Clone(f.scopes.oidc), f.scopes.values...)
	}
	return f.scopes.values
}

// named goes on with the person who was picked or whose name was typed.
func (c *core) named(f *flow, t *tenant, p *person) step {
	if p == nil || p.Deleted {
		f.step, f.user = "username", ""
		f.problem = "We couldn't find an account with that username in " + t.Name + "."
		return c.keep(f)
	}
	f.user = p.ObjectID
	if p.Passwordless || (f.prompt != "login" && slices.Contains(c.signedInAt(f.cookie, t), p)) {
		return c.proved(f, p)
	}
	f.step = "password"
	return c.keep(f)
}

func (c *core) passwordTyped(f *flow, t *tenant, password string) step {
	p := t.person(f.user)
	if p == nil || p.Deleted || !equalSecret(p.Password, password) {
		f.problem = "Your account or password is incorrect. If you don't remember your password, ask your administrator. (AADSTS50126)"
		return c.keep(f)
	}
	return c.proved(f, p)
}

func (c *core) proved(f *flow, p *person) step {
	f.proved = true
	s := step{}
	if !p.Disabled { // no session for those who may not sign in
		s = c.remember(f, p)
	}
	next := c.goOn(f)
	if !next.session {
		next.cookie, next.session = s.cookie, s.session
	}
	return next
}

// cancelled goes back to the app, or tells the waiting device.
func (c *core) cancelled(f *flow) step {
	delete(c.flows, f.id)
	if f.step == "code" {
		return step{page: &page{Kind: "message", ID: "device-cancelled", Title: "Cancelled", Text: "You may now close this window."}}
	}
	if f.device != nil {
		f.device.done, f.device.declined = true, true
		return step{page: &page{Kind: "message", ID: "device-cancelled", Title: "Cancelled", Text: "Nobody was signed in on your device. You may now close this window."}}
	}
	text := "The user cancelled the sign-in."
	if f.step == "consent" {
		text = "The user declined to consent to access the app."
	}
	return step{answer: f.refusal(refuse(65004, "%s", text))}
}

// serveDeviceLogin is the page on which a person types a code (RFC 8628
// section 3.3).
func (c *core) serveDeviceLogin(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	cookie := c.cookie(r)
	c.mu.Lock()
	f := &flow{id: randomText(24), cookie: cookie, step: "code", born: c.clock()}
	f.ids = id
	next := c.keep(f)
	c.mu.Unlock()
	c.show(w, r, next, id)
}

// codeTyped looks the code up and goes on to sign the person in.
func (c *core) codeTyped(f *flow, typed string) step {
	d, fault := c.deviceByUserCode(typed)
	if fault != nil {
		f.problem = fault.Text
		return c.keep(f)
	}
	f.device = d
	f.tenant, f.client, f.scopes, f.caps = d.tenant, d.client, d.scopes, d.caps
	f.choose(c.signedInAt(f.cookie, c.tenant(f.tenant)), nil)
	if f.proved {
		return c.goOn(f)
	}
	return c.keep(f)
}
