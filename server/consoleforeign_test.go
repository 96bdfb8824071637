package server

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// foreign are words that only the workspace other has.
var foreign = []string{"Otherperson", "other.example", "Othergroup", "Otherhelper", "Othertoken", "Otherclient", "Othermail"}

// do does an act as whoever runs the server, and returns its JSON.
func (d *desk) do(name, workspace string, pairs ...string) any {
	d.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	out, err := d.Do(d.t.Context(), name, workspace, values, nil)
	if err != nil {
		d.t.Fatalf("%s of %s: %v", name, workspace, err)
	}
	return asJSON(d.t, out)
}

func asJSON(t *testing.T, v any) (out any) {
	t.Helper()
	text, err := console.WriteJSON(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// harvest calls f for each text and number in a JSON value, with its name.
func harvest(v any, name string, f func(name, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			harvest(one, k, f)
		}
	case []any:
		for _, one := range v {
			harvest(one, name, f)
		}
	case string:
		f(name, v)
	case float64:
		f(name, fmt.Sprint(int64(v)))
	}
}

// furnish gives the workspace other one of everything, through the front door.
func (d *desk) furnish() {
	d.t.Helper()
	token := ""
	harvest(d.do("provisioning.token.create", "other", "label", "Othertoken"), "", func(_, v string) {
		if strings.HasPrefix(v, "lyscim_") {
			token = v
		}
	})
	for path, body := range map[string]string{
		"Users": `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"greta@other.example","externalId":"o-1","active":true,` +
			`"displayName":"Greta Otherperson","emails":[{"type":"work","primary":true,"value":"greta@other.example"}]}`,
		"Groups": `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Othergroup","externalId":"g-1"}`,
	} {
		r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.base+"/scim/v2/other/"+path, strings.NewReader(body))
		if err != nil {
			d.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/scim+json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			d.t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			d.t.Fatalf("%s: %s", path, resp.Status)
		}
	}
	d.do("provisioning.client.create", "other", "label", "Otherclient")
	d.do("account.setuplink.create", "other", "module", "saml", "for", "Otherhelper")
	d.do("account.token.create", "other", "name", "Othertoken", "role", "viewer")
	d.do("account.member.invite", "other", "email", "admin@other.example", "role", "viewer")
	d.do("domains.add", "other", "domains", "other.example")
	d.do("microsoft.certificate.new", "other")
	if err := d.cfg.Store.QueueMail(d.t.Context(), store.QueuedMail{
		ID: "mail-of-other", Workspace: "other", Kind: "announcement", Subject: "Othermail", Body: "sealed", Created: time.Now(),
	}, []string{"greta@other.example"}); err != nil {
		d.t.Fatal(err)
	}
}

// state is all that the pages of a workspace say, but for the audit log: what was
// tried is noted there.
func (d *desk) state(workspace string) string {
	d.t.Helper()
	all := map[string]any{}
	for _, r := range d.ConsoleRoutes() {
		if r.Mutates() || !r.Callable() || r.IsDownload() || len(namesIn(r.Path)) > 0 || !strings.Contains(r.Path, "{ws}") || strings.HasPrefix(r.Name, "audit.") {
			continue
		}
		out, err := d.Do(d.t.Context(), r.Name, workspace, nil, nil)
		if err != nil {
			all[r.Name] = err.Error()
			continue
		}
		all[r.Name] = asJSON(d.t, out)
	}
	text, err := json.Marshal(all)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

// ids are all that the pages of a workspace call something by.
func (d *desk) ids(workspace string) []string {
	d.t.Helper()
	found := map[string]bool{"mail-of-other": true, "dir-" + workspace: true, workspace: true}
	for _, r := range d.ConsoleRoutes() {
		if r.Mutates() || !r.Callable() || r.IsDownload() || len(namesIn(r.Path)) > 0 || !strings.Contains(r.Path, "{ws}") {
			continue
		}
		out, err := d.Do(d.t.Context(), r.Name, workspace, nil, nil)
		if err != nil {
			continue
		}
		harvest(asJSON(d.t, out), "", func(name, v string) {
			if v != "" && len(v) <= 64 && (name == "id" || name == "seq" || name == "domain" || strings.HasSuffix(name, "_id") && len(v) == 36) {
				found[v] = true
			}
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// send asks for a page or an act as a browser does, and returns what came.
func (d *desk) send(method, path string, form url.Values) (status int, text string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.base+console.Root+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

// Whoever owns one workspace names, on each page and act of their own, what
// belongs to another: by its real id, in the path, the query and the form. None is
// found, nothing of it is shown, and nothing there changes.
func TestConsole_nothingOfAnotherWorkspaceIsReachedByItsId(t *testing.T) {
	d := newDesk(t)
	d.furnish()
	ids := d.ids("other")
	if len(ids) < 10 {
		t.Fatalf("there is little to try with: %q", ids)
	}
	for seen := 0; seen < 2; { // requests are logged a little later
		all, err := d.cfg.Store.Requests(t.Context(), "other", store.RequestQuery{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		seen = len(all)
	}
	before := d.state("other")
	for _, word := range []string{"Otherperson", "Othergroup", "Otherhelper", "Otherclient"} {
		if !strings.Contains(before, word) {
			t.Fatalf("the pages of the workspace do not show %s", word)
		}
	}
	d.sentry.be(console.Principal{ID: "mallory", Email: "m@acme.test", Fresh: true, Roles: map[string]console.Role{"acme": console.Owner}})
	tried := 0
	for _, r := range d.ConsoleRoutes() {
		if !r.Callable() || r.Access.Role == console.Anybody || r.Access.Role == console.ServerOwner {
			continue
		}
		inPath := namesIn(r.Path)
		fields := r.Fields()
		if !strings.Contains(r.Path, "{ws}") && len(fields) == 0 {
			continue
		}
		for _, id := range ids {
			path := strings.ReplaceAll(r.Path, "{ws}", "acme")
			for _, name := range inPath {
				path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(id))
			}
			form, body := url.Values{}, map[string]any{}
			for _, f := range fields {
				if slices.Contains([]string{"id", "person", "people", "groups", "group", "domain", "dir", "other", "workspace", "session", "secret", "test", "mail", "after", "key"}, f) && !slices.Contains(inPath, f) {
					form.Set(f, id)
					body[f] = id
				}
			}
			if len(inPath) == 0 && len(form) == 0 {
				continue
			}
			tried++
			var answers [2]struct {
				status int
				text   string
			}
			if r.Mutates() {
				text, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				answers[0].status, answers[0].text = d.ask(r.Method, path, string(text))
				answers[1].status, answers[1].text = d.send(r.Method, path, form)
			} else {
				q := ""
				if len(form) > 0 {
					q = "?" + form.Encode()
				}
				answers[0].status, answers[0].text = d.ask(r.Method, path+q, "")
				answers[1].status, answers[1].text = d.send(r.Method, path+q, nil)
			}
			for i, a := range answers {
				if a.status >= 500 {
					t.Errorf("%s with %s: %d %.300s", r.Name, id, a.status, a.text)
				}
				if len(inPath) > 0 && a.status < 400 && id != "other" && id != "other.example" {
					t.Errorf("%s finds %s of another workspace (%d, %d)", r.Name, id, i, a.status)
				}
				text := strings.ReplaceAll(a.text, id, "") // what was asked may be said again
				for _, word := range foreign {
					if strings.HasPrefix(r.Name, "audit.") && slices.Contains(ids, word) {
						continue // one's own log says what one tried
					}
					if strings.Contains(text, word) && !strings.Contains(id, word) {
						t.Errorf("%s with %s says %s: %.200s", r.Name, id, word, text[max(0, strings.Index(text, word)-100):])
					}
				}
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d were tried", tried)
	}
	if after := d.state("other"); after != before {
		i := 0
		for i < len(after) && i < len(before) && after[i] == before[i] {
			i++
		}
		t.Errorf("the other workspace changed: was …%.200s, is …%.200s", before[max(0, i-80):], after[max(0, i-80):])
	}
}
