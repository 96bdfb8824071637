package entratest

import (
	"bytes"
	"crypto/subtle"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed web
var web embed.FS

var pageTemplate = template.Must(template.ParseFS(web, "web/page.html"))

// maxPicks is how many accounts the picker offers; the others type their name.
const maxPicks = 12

// page is all that one page shows.
type page struct {
	Kind   string // pick, username, password, consent, code, confirm, post, error, message, index
	ID     string // of a message
	Title  string
	Text   string
	Tenant string
	App    string
	Who    string
	Action string // where its form goes
	Fields url.Values

	Problem     string
	Typed       string
	Hint        string
	Accounts    []account
	Permissions []string

	Code                          int
	Trace, Correlation, Timestamp string
}

// account is one line of the picker.
type account struct {
	N                         int
	User, UPN, Name, Initials string
	SignedIn                  bool
}

// pages are the addresses that a person's browser visits, on http://localhost.
func (c *core) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", c.serveAuthorize)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/authorize", c.serveAuthorize)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/logout", c.serveLogout)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/logout", c.serveLogout)
	mux.HandleFunc("GET /api/signin/{appid}", c.serveLaunch)
	c.federation(mux)
	mux.HandleFunc("GET /flow/{flow}", c.serveFlow)
	mux.HandleFunc("POST /flow/{flow}", c.serveFlow)
	mux.HandleFunc("GET /devicelogin", c.serveDeviceLogin)
	mux.HandleFunc("GET /{$}", c.serveIndex)
	for name, kind := range map[string]string{
		"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
	} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			b, err := web.ReadFile("web/" + name)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(b)
		})
	}
	saml := http.NewServeMux() // of its own: /{tenant}/saml2 and /flow/{flow} overlap
	saml.HandleFunc("GET /{tenant}/saml2", c.serveSAML)
	saml.HandleFunc("POST /{tenant}/saml2", c.serveSAML)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A name that somebody points at loopback must not read these pages
		// (DNS rebinding).
		if !loopbackHost(hostOnly(r.Host)) {
			http.Error(w, "entratest: use http://localhost", http.StatusMisdirectedRequest)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/saml2") {
			saml.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// render writes a page. form-action stays open in the policy: the answer's
// form goes to the app, and browsers hold redirects after a form against it.
func (c *core) render(w http.ResponseWriter, p *page) {
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "page", p); err != nil {
		http.Error(w, "entratest: drawing a page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	if p.Kind == "error" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(b.Bytes())
}

// errorPage is the page that Entra shows in place of going back to the app.
func errorPage(f *fault, id ids) *page {
	return &page{
		Kind: "error", Title: "Sorry, we could not sign you in", Text: f.Error(), Code: f.Code,
		Trace: id.Trace, Correlation: id.Correlation, Timestamp: id.At.Format("2006-01-02T15:04:05Z"),
	}
}

// pageFor draws where a sign-in stands; c.mu is held.
func (c *core) pageFor(f *flow) *page {
	p := &page{Kind: f.step, Action: "/flow/" + f.id, Problem: f.problem, Typed: f.typed}
	if f.step == "code" {
		p.Title, p.Text = "Enter the code", "It is shown on the device or in the app that you want to sign in to."
		return p
	}
	t := c.tenant(f.tenant)
	client := t.app(f.client)
	p.Tenant, p.App = t.Name, client.Name
	if who := t.person(f.user); who != nil {
		p.Who = who.signInName()
		if c.opt.ShowPasswords && f.step == "password" {
			p.Hint = who.Password
		}
	}
	switch f.step {
	case "pick":
		p.Title, p.Text, p.Who = "Pick an account", "to go on to "+client.Name, ""
		p.Accounts = c.accounts(f, t)
	case "username":
		p.Title = "Sign in"
		if p.Typed == "" && f.domainHint != "" && f.problem == "" {
			p.Typed = "@" + f.domainHint
		}
	case "password":
		p.Title = "Enter password"
	case "consent":
		p.Title, p.Permissions = "Permissions requested", c.permissions(f, t)
	case "confirm":
		p.Title = "Are you trying to sign in to " + client.Name + "?"
	}
	return p
}

// accounts are the lines of the picker: those signed in at this browser
// first, then everybody else who could, as far as domain_hint allows.
func (c *core) accounts(f *flow, t *tenant) []account {
	here := c.signedInAt(f.cookie, t)
	people := slices.Clone(here)
	for _, p := range t.users {
		if !p.Deleted && !slices.Contains(here, p) {
			people = append(people, p)
		}
	}
	var list []account
	for _, p := range people {
		name := p.signInName()
		if _, domain, _ := strings.Cut(name, "@"); f.domainHint != "" && strings.Contains(f.domainHint, ".") && !strings.EqualFold(domain, f.domainHint) {
			continue
		}
		if len(list) == maxPicks {
			break
		}
		list = append(list, account{
			N: len(list) + 1, User: p.ObjectID, UPN: p.UserPrincipalName, Name: p.DisplayName,
			Initials: initials(p.DisplayName), SignedIn: slices.Contains(here, p),
		})
	}
	return list
}

func (c *core) permissions(f *flow, t *tenant) []string {
	var list []string
	resource := t.app(f.scopes.resource)
	for _, v := range f.scopes.values {
		text := "Sign you in and read your profile"
		if resource != nil {
			text = "Use " + resource.Name + " as you (" + v + ")"
			for _, s := range resource.Scopes {
				if s.Value == v && s.ConsentName != "" {
					text = s.ConsentName
				}
			}
		}
		list = append(list, text)
	}
	if len(f.scopes.oidc) > 0 {
		list = append(list, "See your name, user name and e-mail address")
	}
	if slices.Contains(f.scopes.oidc, "offline_access") {
		list = append(list, "Keep this access while you are away")
	}
	return list
}

func (c *core) serveIndex(w http.ResponseWriter, _ *http.Request) {
	p := &page{Kind: "index", Title: "A local Entra"}
	c.mu.Lock()
	for _, t := range c.tenants {
		p.Permissions = append(p.Permissions, t.Name+" · "+t.Domain+" · "+t.ID)
	}
	c.mu.Unlock()
	c.render(w, p)
}

// initials are the first letters of the first and the last name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) > 2 {
		words = []string{words[0], words[len(words)-1]}
	}
	var b strings.Builder
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		b.WriteString(strings.ToUpper(string(r)))
	}
	return b.String()
}

func equalSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
