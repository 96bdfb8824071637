package entratest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
)

// siteJar keeps cookies as browsers do that hold to SameSite (RFC 6265bis
// section 5.6.7.2): a form that another site posts takes along only cookies
// which say SameSite=None. Entra and the app count as two sites even where
// both are on localhost, as they are in the world.
type siteJar struct {
	all *cookiejar.Jar

	mu     sync.Mutex
	lax    map[string]bool // by name: all but SameSite=None
	across bool            // the request under way is such a form
}

func newSiteJar() *siteJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // New fails only with options
	}
	return &siteJar{all: jar, lax: map[string]bool{}}
}

// SetCookies keeps cookies of an answer.
func (j *siteJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	for _, k := range cookies {
		j.lax[k.Name] = k.SameSite != http.SameSiteNoneMode
	}
	j.mu.Unlock()
	j.all.SetCookies(u, cookies)
}

// Cookies are those that go along with a request.
func (j *siteJar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []*http.Cookie
	for _, k := range j.all.Cookies(u) {
		if !j.across || !j.lax[k.Name] {
			list = append(list, k)
		}
	}
	return list
}

// setAcross says whether the next request is a form from another site.
func (j *siteJar) setAcross(across bool) {
	j.mu.Lock()
	j.across = across
	j.mu.Unlock()
}

// load requests one page. across says that it is a form from another site.
func (b *Browser) load(req *http.Request, across bool) (*http.Response, string, error) {
	b.jar.setAcross(across)
	res, err := b.client.Do(req)
	if err != nil {
		return nil, "", fmt.Errorf("entratest: browsing: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, "", fmt.Errorf("entratest: reading a page: %w", err)
	}
	return res, string(body), nil
}

// own reports whether a request goes to a page of Entra's.
func (b *Browser) own(req *http.Request) bool {
	return strings.HasPrefix(req.URL.String(), b.core.browserURL+"/")
}

// comeHome turns an address at one of Microsoft's hosts into that of the same
// page here, as the proxy would.
func (b *Browser) comeHome(req *http.Request) {
	if req.URL.Scheme != "https" || !isMicrosoft(req.URL.Hostname()) {
		return
	}
	home, err := url.Parse(b.core.browserURL)
	if err != nil {
		panic(err) // our own listener's address
	}
	if parts := strings.Split(req.URL.Path, "/"); len(parts) == 4 && parts[1] == "signin" { // myapps.microsoft.com/signin/name/id
		req.URL.Path = "/api/signin/" + parts[3]
	}
	req.URL.Scheme, req.URL.Host, req.Host = home.Scheme, home.Host, home.Host
}

// leads is where an app's page leads by itself: by a redirect, or by a form
// to Entra that a script or a button would send. Nil is nowhere.
func (b *Browser) leads(from *http.Request, res *http.Response, body string) (*http.Request, error) {
	if !b.through {
		return nil, nil
	}
	if next := res.Header.Get("Location"); next != "" {
		return b.follow(from, next)
	}
	if doc := scan(body); doc.hidden.Has("SAMLRequest") || doc.hidden.Has("SAMLResponse") {
		return submit(from, doc.action, doc.hidden)
	}
	return nil, nil
}
