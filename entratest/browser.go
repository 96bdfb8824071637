package entratest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Browser plays a person at a browser with a cookie jar of its own: it reads
// the pages, presses their buttons and follows where they lead, by real HTTP.
// Scripts do not run; the page that posts the answer is pressed by hand.
// One Browser serves one goroutine at a time.
type Browser struct {
	// Cancel presses Cancel on the first page. Decline accepts everything but
	// the consent page, where it presses Cancel.
	Cancel, Decline bool
	// Stop ends [Browser.SignIn] before the app's redirect URI is opened, as when
	// somebody takes the address to another browser.
	Stop bool
	// Password is typed in place of the person's own.
	Password string
	// Pages are the kinds of pages seen by the last SignIn or EnterCode, such
	// as pick, password, consent.
	Pages []string

	// Posted is the last form that a page of Entra sent to an app, such as
	// SAMLResponse and RelayState.
	Posted url.Values

	client *http.Client
	jar    *siteJar
	core   *core
	// through goes on where an app's pages lead.
	through bool
}

// PageError is a page of Entra on which a sign-in ended.
type PageError struct {
	AADSTS      int // 0 for a message beside a field
	Text        string
	Correlation string
}

func (e *PageError) Error() string {
	return fmt.Sprintf("entratest: the sign-in ended on a page (AADSTS%d): %s", e.AADSTS, e.Text)
}

// maxSteps bounds a walk through the pages.
const maxSteps = 40

// Browser returns a fresh browser, signed in nowhere.
func (e *Entra) Browser() *Browser {
	jar := newSiteJar()
	return &Browser{core: e.core, jar: jar, client: &http.Client{
		Jar:           jar,
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// SignInAs plays the person in a fresh browser: from authorizeURL through the
// pages up to and including the app's redirect URI, which is really requested.
// It can stand in for the function with which an app opens a browser.
func (t *Tenant) SignInAs(ctx context.Context, authorizeURL string, u *User) error {
	e := &Entra{core: t.core}
	_, err := e.Browser().SignIn(ctx, authorizeURL, u)
	return err
}

// Answer is what the app's redirect URI received and answered.
type Answer struct {
	// URL is the redirect URI with its query or fragment.
	URL *url.URL
	// Params are those sent to the app: of the query, the fragment or the form.
	Params url.Values
	// Status and Body are the app's answer; Status is 0 for a redirect URI
	// that is not http (an app's own scheme), which nobody requests.
	Status int
	Body   string
}

// SignIn walks from authorizeURL to the app's redirect URI. It returns a
// *[PageError] where Entra ends on a page of its own.
func (b *Browser) SignIn(ctx context.Context, authorizeURL string, u *User) (*Answer, error) {
	b.Pages = nil
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizeURL, nil)
	if err != nil {
		return nil, fmt.Errorf("entratest: the authorize address: %w", err)
	}
	return b.walk(req, u, "")
}

// Visit opens any address, such as an app's login address or
// [Tenant.LaunchURL], and goes wherever redirects and forms lead: the app,
// Entra's pages, the app again. It ends on the app's first page that leads
// nowhere by itself, or returns a *[PageError] where Entra ends on a page of its
// own. The answer is nil when that page is no refusal ("You signed out").
func (b *Browser) Visit(ctx context.Context, address string, u *User) (*Answer, error) {
	b.Pages, b.Posted = nil, nil
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("entratest: the address to visit: %w", err)
	}
	b.through = true
	defer func() { b.through = false }()
	return b.walk(req, u, "")
}

// Get opens an address with the browser's cookies and follows nothing: to look
// at a page after [Browser.Visit].
func (b *Browser) Get(ctx context.Context, address string) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("entratest: the address to get: %w", err)
	}
	res, body, err := b.load(req, false)
	if err != nil {
		return nil, err
	}
	return &Answer{URL: req.URL, Params: paramsOf(req), Status: res.StatusCode, Body: body}, nil
}

// EnterCode plays the person who types a device code at verificationURL.
func (b *Browser) EnterCode(ctx context.Context, verificationURL, userCode string, u *User) error {
	b.Pages = nil
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, verificationURL, nil)
	if err != nil {
		return fmt.Errorf("entratest: the verification address: %w", err)
	}
	_, err = b.walk(req, u, userCode)
	return err
}

// SignOut visits the end session endpoint, and the logout addresses of apps
// that have part in the session.
func (b *Browser) SignOut(ctx context.Context, t *Tenant) error {
	_, err := b.Visit(ctx, b.core.browserURL+"/"+t.ID+"/oauth2/v2.0/logout", nil)
	return err
}

// walk follows redirects and presses buttons until the app, an error page or
// the last page is reached.
func (b *Browser) walk(req *http.Request, u *User, userCode string) (*Answer, error) {
	var before bool // the page that led here was ours
	for range maxSteps {
		b.comeHome(req)
		own := b.own(req)
		if !own && (b.Stop && !b.through || req.URL.Scheme != "http" && req.URL.Scheme != "https") {
			return &Answer{URL: req.URL, Params: paramsOf(req)}, nil
		}
		across := before && !own && req.Method == http.MethodPost
		if across {
			b.Posted = paramsOf(req)
		}
		res, body, err := b.load(req, across)
		if err != nil {
			return nil, err
		}
		before = own
		if !own {
			next, err := b.leads(req, res, body)
			if err != nil {
				return nil, err
			}
			if next == nil {
				return &Answer{URL: req.URL, Params: paramsOf(req), Status: res.StatusCode, Body: body}, nil
			}
			req = next
			continue
		}
		if next := res.Header.Get("Location"); next != "" {
			if req, err = b.follow(req, next); err != nil {
				return nil, err
			}
			continue
		}
		doc, err := readPage(body)
		if err != nil {
			return nil, err
		}
		b.Pages = append(b.Pages, doc.kind)
		if doc.kind == "message" {
			return nil, nil
		}
		if req, err = b.press(req, doc, u, userCode); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("entratest: the pages go round in a circle")
}

func (b *Browser) follow(from *http.Request, to string) (*http.Request, error) {
	next, err := from.URL.Parse(to)
	if err != nil {
		return nil, fmt.Errorf("entratest: a redirect to %q: %w", to, err)
	}
	return http.NewRequestWithContext(from.Context(), http.MethodGet, next.String(), nil)
}

// press decides what the person does on a page.
func (b *Browser) press(from *http.Request, doc *shownPage, u *User, userCode string) (*http.Request, error) {
	form := url.Values{}
	switch {
	case doc.kind == "error":
		return nil, doc.err
	case doc.kind == "post":
		form = doc.hidden
	case doc.problem != "":
		return nil, &PageError{AADSTS: aadstsIn(doc.problem), Text: doc.problem}
	case b.Cancel && doc.kind != "code", b.Decline && doc.kind == "consent":
		form.Set("action", "cancel")
	case doc.kind == "pick":
		form.Set("action", "other")
		if id, ok := doc.accounts[strings.ToLower(u.UserPrincipalName)]; ok {
			form.Set("action", "pick")
			form.Set("user", id)
		}
	case doc.kind == "username":
		form = url.Values{"action": {"next"}, "username": {u.UserPrincipalName}}
	case doc.kind == "password":
		form = url.Values{"action": {"next"}, "password": {u.Password}}
		if b.Password != "" {
			form.Set("password", b.Password)
		}
	case doc.kind == "code":
		form = url.Values{"action": {"next"}, "user_code": {userCode}}
	case doc.kind == "consent":
		form.Set("action", "accept")
	case doc.kind == "confirm":
		form.Set("action", "next")
	default:
		return nil, fmt.Errorf("entratest: a page nobody knows: %q", doc.kind)
	}
	req, err := submit(from, doc.action, form)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Origin", b.core.browserURL)
	return req, nil
}

// submit posts a form from a page.
func submit(from *http.Request, action string, form url.Values) (*http.Request, error) {
	target, err := from.URL.Parse(action)
	if err != nil {
		return nil, fmt.Errorf("entratest: a form to %q: %w", action, err)
	}
	req, err := http.NewRequestWithContext(from.Context(), http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// paramsOf are the parameters that a request carries to the app.
func paramsOf(r *http.Request) url.Values {
	if r.Body != nil && r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			raw, _ := io.ReadAll(body)
			if v, err := url.ParseQuery(string(raw)); err == nil && len(v) > 0 {
				return v
			}
		}
	}
	if r.URL.Fragment != "" {
		if v, err := url.ParseQuery(r.URL.EscapedFragment()); err == nil {
			return v
		}
	}
	return r.URL.Query()
}

var aadstsNumber = regexp.MustCompile(`AADSTS(\d+)`)

func aadstsIn(text string) int {
	m := aadstsNumber.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// shownPage is a page as the person sees it.
type shownPage struct {
	kind, action, problem string
	hidden                url.Values
	accounts              map[string]string // UPN in lower case → value of its button
	err                   *PageError
}

// tag is an opening tag of our own pages and the text right after it. Their
// template writes attributes in double quotes only.
var (
	tag       = regexp.MustCompile(`<([a-z0-9]+)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>([^<]*)`)
	attribute = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// readPage picks the documented ids and attributes out of a page.
func readPage(body string) (*shownPage, error) {
	doc := scan(body)
	if doc.kind == "" {
		return nil, fmt.Errorf("entratest: not one of our pages: %.200s", body)
	}
	return doc, nil
}

// scan reads any page.
func scan(body string) *shownPage {
	doc := &shownPage{hidden: url.Values{}, accounts: map[string]string{}, err: &PageError{}}
	for _, m := range tag.FindAllStringSubmatch(body, -1) {
		attr := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(m[2], -1) {
			attr[a[1]] = html.UnescapeString(a[2])
		}
		doc.read(m[1], attr, html.UnescapeString(strings.TrimSpace(m[3])))
	}
	return doc
}

func (doc *shownPage) read(name string, attr map[string]string, text string) {
	switch {
	case name == "body":
		doc.kind = attr["data-page"]
	case name == "form" && doc.action == "":
		doc.action = attr["action"]
	case name == "input" && attr["type"] == "hidden":
		doc.hidden.Add(attr["name"], attr["value"])
	case attr["data-upn"] != "":
		doc.accounts[strings.ToLower(attr["data-upn"])] = attr["value"]
	case attr["id"] == "problem":
		doc.problem = text
	case attr["class"] == "text":
		doc.err.Text = text
	case attr["id"] == "aadsts":
		doc.err.AADSTS = aadstsIn(text)
	case attr["id"] == "correlation":
		doc.err.Correlation = text
	}
}
