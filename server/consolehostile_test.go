package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// evil is what a directory, or somebody with a form, would write to have a page
// run, draw or say something of theirs. Quotes, angle brackets and ends of the
// elements that take text as it is; a template's braces; an override of the
// direction of writing, and what clears a terminal.
const evil = `"'><xss-canary onclick=canary()>{{7*7}}</title></textarea></script></noscript><script>window.canary=1</script>` + "\u202e\u200b\x1b[2J"

// misled says what stands in a page that is not of ours.
func misled(page string) (wrong []string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	for n := range root.Descendants() {
		if n.Type == html.TextNode && strings.ContainsAny(n.Data, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x1b") {
			if n.Parent.Data != "textarea" && n.Parent.Data != "title" {
				wrong = append(wrong, fmt.Sprintf("the text of <%s> is steered: %.80q", n.Parent.Data, n.Data))
			}
		}
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "xss-canary", "iframe", "object", "embed", "base", "style", "math", "svg":
			wrong = append(wrong, "an element "+n.Data)
		}
		for _, a := range n.Attr {
			scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(a.Val)), ":")
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "http-equiv":
				wrong = append(wrong, fmt.Sprintf("<%s %s=%.60q>", n.Data, a.Key, a.Val))
			case n.Data == "script" && (a.Key != "src" && a.Key != "defer" || a.Key == "src" && !strings.HasPrefix(a.Val, console.Root+"/static/console.js?")):
				wrong = append(wrong, fmt.Sprintf("<script %s=%.60q>", a.Key, a.Val))
			case slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) && slices.Contains([]string{"javascript", "data", "vbscript"}, scheme):
				wrong = append(wrong, fmt.Sprintf("<%s %s=%.60q>", n.Data, a.Key, a.Val))
			}
		}
		if n.Data == "script" && n.FirstChild != nil {
			wrong = append(wrong, "a script in the page")
		}
	}
	return wrong
}

// plant has Entra, people and administrators write what is hostile wherever
// something is kept of it.
func (w *msWorld) plant(d *desk) {
	w.t.Helper()
	text := func(v any) string {
		b, err := json.Marshal(v)
		w.must(err)
		return string(b)
	}
	for n, field := range []map[string]any{
		{"name": map[string]any{"givenName": evil, "familyName": evil, "formatted": evil}},
		{"userName": evil},
		{"userName": "javascript:canary()//" + evil + "@outside.example"},
		{"externalId": evil},
		{"active": false, "title": evil},
		{"emails": []any{map[string]any{"type": "work", "primary": true, "value": evil + "@outside.example"}}},
		{"title": evil, "nickName": evil, "preferredLanguage": evil, "locale": evil, "timezone": evil, "profileUrl": "javascript:canary()", "userType": evil},
		{"photos": []any{map[string]any{"type": "photo", "value": "javascript:canary()"}}, "phoneNumbers": []any{map[string]any{"type": "work", "value": evil}}},
		{"addresses": []any{map[string]any{"type": "work", "formatted": evil, "country": evil}}, "roles": []any{map[string]any{"value": evil, "display": evil, "primary": true}}},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"department": evil, "employeeNumber": evil, "costCenter": evil, "organization": evil, "division": evil}},
		{evil: evil},
		{"schemas": []string{evil}},
		{"active": evil},
		{"emails": evil},
	} {
		doc := map[string]any{
			"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},
			"userName": fmt.Sprintf("person%d@outside.example", n), "externalId": fmt.Sprintf("x-%d", n), "active": true, "displayName": evil,
		}
		maps.Copy(doc, field)
		w.scimCall(w.r, "POST", "/Users", text(doc))
	}
	w.scimCall(w.r, "POST", "/Groups", text(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": evil, "externalId": evil,
	}))
	for _, path := range []string{"/Users/" + url.PathEscape(evil), "/Users?filter=" + url.QueryEscape(`userName eq "`+evil+`"`), "/" + url.PathEscape(evil)} {
		w.scimCall(w.r, "GET", path, "")
	}
	w.scimCall(w.r, "PATCH", "/Users/nobody", text(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{map[string]any{"op": "add", "path": evil, "value": 1}},
	}))
	for refused := 0; refused < 5; { // requests are logged a little later
		all, err := w.store.Requests(w.t.Context(), "acme", store.RequestQuery{Failed: true, Limit: 10})
		w.must(err)
		refused = len(all)
	}
	// Somebody whose name and device say it too signs in.
	name := strings.TrimSuffix(evil, "\x1b[2J")
	eve := w.tenant.AddUser(entratest.User{DisplayName: name, GivenName: name, Surname: name})
	w.provision(w.r, eve)
	_, err := w.r.client.StartSession(w.t.Context(), api.SessionRequest{Workspace: "acme", AccessToken: w.tenant.AccessToken(w.app, eve), Device: evil})
	w.must(err)
	w.entra.AlterIDTokens(func(c entratest.Claims) {
		for _, name := range []string{"name", "preferred_username", "email", "given_name", "family_name"} {
			c[name] = evil
		}
	})
	for _, module := range []string{"microsoft.test.new", "saml.test.new"} {
		if link, ok := d.try(module).(map[string]any); ok {
			w.visit(w.entra.Browser(), fmt.Sprint(link["url"]))
		}
	}
	for _, name := range []string{"error", "error_description", "state"} {
		w.call(nil, "GET", w.msURLs().Redirect+"?error=x&"+name+"="+url.QueryEscape(evil), nil)
	}
	// And administrators.
	for _, act := range [][]string{
		{"workspaces.change", "name", evil},
		{"provisioning.token.create", "label", evil},
		{"provisioning.client.create", "label", evil},
		{"account.setuplink.create", "module", "saml", "for", evil},
		{"account.token.create", "name", evil, "role", "viewer"},
		{"announce.save", "subject", evil, "text", evil, "help", evil, "download", "https://example.com/?" + evil, "date", "2030-01-01"},
		{"domains.add", "domains", evil},
		{"mobile.addandroid", "package", evil, "signature_hash", evil},
	} {
		d.try(act[0], act[1:]...)
	}
}

// try does an act that may be refused.
func (d *desk) try(name string, pairs ...string) any {
	d.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	out, err := d.Do(d.t.Context(), name, "acme", values, nil)
	if err != nil {
		return err
	}
	return asJSON(d.t, out)
}

// Whatever stands in a directory, in a claim, in a device's name or in a form:
// no page of the console runs it, draws it, or is led or turned round by it, and
// nothing but pages is HTML.
func TestConsole_whatOthersWroteIsText(t *testing.T) {
	sentry := &chosen{}
	sentry.be(console.Principal{ID: "root", Email: "root@acme.test", ServerOwner: true, Fresh: true, Roles: map[string]console.Role{"acme": console.Owner}})
	w := &msWorld{samlWorld: newSAMLWorld(t, "sqlite").start(nil, serverKey, func(c *Config) { c.sentry = sentry })}
	w.setUpMicrosoft(directory.ProofSecret)
	d := &desk{Server: w.r.server, t: t, sentry: sentry, base: w.r.URL}
	w.plant(d)

	if len(misled("<p>"+evil)) < 4 {
		t.Fatal("a page that is all theirs is taken for one of ours")
	}
	ids := append(d.ids("acme"), url.QueryEscape(evil))
	shown, live := map[string]bool{}, 0
	visit := func(route console.Route, method, path string, form url.Values) {
		t.Helper()
		h, body := d.fetch(method, console.Root+path, form)
		kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
		if h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: the kind of %s may be guessed", route.Name, path)
		}
		switch {
		case body == "":
		case kind == "text/html" && h.Get("Content-Disposition") == "":
			for _, wrong := range misled(body) {
				t.Errorf("%s %s: %s", route.Name, path, wrong)
			}
		case kind == "image/svg+xml", strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename="):
			if !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s: the file %s may run", route.Name, path)
			}
		default:
			t.Errorf("%s %s is of the kind %q", route.Name, path, kind)
		}
		if !strings.Contains(body, "xss-canary") {
			return
		}
		if method == "GET" && strings.Contains(body, " data-live") && !shown[route.Name] {
			live++
			for _, wrong := range misled(d.region(console.Root + path)) {
				t.Errorf("%s %s, live: %s", route.Name, path, wrong)
			}
		}
		shown[route.Name] = true
	}
	for _, route := range d.ConsoleRoutes() {
		if route.Mutates() || !route.Callable() {
			continue
		}
		fill := ids
		if len(namesIn(route.Path)) == 0 {
			fill = []string{""}
		}
		for _, id := range fill {
			path := strings.ReplaceAll(route.Path, "{ws}", "acme")
			for _, name := range namesIn(route.Path) {
				path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(id))
			}
			visit(route, "GET", path, nil)
			q := url.Values{}
			for _, f := range route.Fields() {
				if !slices.Contains(namesIn(route.Path), f) {
					q.Set(f, evil)
				}
			}
			if len(q) > 0 && id == fill[0] {
				visit(route, "GET", path+"?"+q.Encode(), nil)
			}
		}
	}
	// What is refused says again what was entered.
	for _, route := range d.ConsoleRoutes() {
		if !route.Mutates() || !route.Callable() || strings.Contains(route.Name, "delete") {
			continue
		}
		path, form := at(route, "acme"), url.Values{}
		for _, f := range route.Fields() {
			form.Set(f, evil)
		}
		visit(route, "POST", path, form)
	}
	if len(shown) < 80 || live < 3 {
		t.Errorf("only %d pages show what was planted, %d of them live: %s", len(shown), live, slices.Sorted(maps.Keys(shown)))
	}
}

// region is all that a page first has in its stream.
func (d *desk) region(path string) string {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	for in := bufio.NewReader(resp.Body); ; {
		line, err := in.ReadString('\n')
		if err != nil {
			d.t.Fatalf("the stream of %s: %v", path, err)
		}
		if text, ok := strings.CutPrefix(line, "data: "); ok {
			var all map[string]string
			if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) == 0 {
				d.t.Fatalf("the stream of %s says %.200s, %v", path, text, err)
			}
			return strings.Join(slices.Collect(maps.Values(all)), "")
		}
	}
}

// fetch asks for something as a browser does.
func (d *desk) fetch(method, path string, form url.Values) (http.Header, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode >= 500 {
		d.t.Errorf("%s %s: %s %.300s", method, path, resp.Status, body)
	}
	return resp.Header, string(body)
}
