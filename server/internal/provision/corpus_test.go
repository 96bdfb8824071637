package provision_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// corpus is where the shapes are kept that requests have in the world. Here each
// is sent to a live server.
const corpus = "../scim/testdata"

// live is a provider behind a real listener, at a tenant URL.
type live struct {
	*desk
	server *httptest.Server
	query  string // of the tenant URL
}

// dialects are the tenant URLs of both of Entra's dialects. Every shape of
// either is taken at both.
var dialects = map[string]string{"without the flag": "", "with the flag": "?aadOptscim062020"}

func goLive(t *testing.T, d *desk, query string) *live {
	l := &live{desk: d, server: httptest.NewServer(d.handler), query: query}
	t.Cleanup(l.server.Close)
	return l
}

// send asks the server over its connection.
func (l *live) send(t *testing.T, method, path, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.server.URL+"/scim/v2/acme"+path+l.query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+l.token.Reveal())
	req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	return read(t, res)
}

func eachFile(t *testing.T, folder string, f func(t *testing.T, name string, c map[string]string)) {
	names, err := filepath.Glob(filepath.Join(corpus, folder, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases found: %v", err)
	}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := map[string]string{}
		for _, file := range a.Files {
			c[file.Name] = string(file.Data)
		}
		base := strings.TrimSuffix(filepath.Base(name), ".txtar")
		t.Run(base, func(t *testing.T) { f(t, folder+"/"+base, c) })
	}
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

// bare is a resource without what only a server says.
func bare(doc map[string]any) map[string]any {
	doc = maps.Clone(doc)
	for _, name := range []string{"id", "meta", "groups", "members"} {
		delete(doc, name)
	}
	if e, ok := doc[scim.EnterpriseSchema].(map[string]any); ok {
		if m, ok := e["manager"].(map[string]any); ok {
			delete(m, "$ref")
		}
	}
	return doc
}

func errorOf(a answer) string {
	kind, _ := a.body["scimType"].(string)
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, kind)) + fmt.Sprintf(": %v", a.body["detail"])
}

// stored is the document that the store keeps.
func (l *live) stored(t *testing.T, kind, id string) map[string]any {
	t.Helper()
	var doc []byte
	if kind == "Users" {
		u, err := l.store.User(t.Context(), l.ws.Directory, id)
		if err != nil {
			t.Fatal(err)
		}
		doc = u.Doc
	} else {
		g, err := l.store.Resource(t.Context(), l.ws.Directory, "Group", id)
		if err != nil {
			t.Fatal(err)
		}
		doc = g.Doc
	}
	return object(t, string(doc))
}

// compare checks what is answered, shown and stored after a request that the
// corpus says succeeds.
func (l *live) compare(t *testing.T, kind string, a answer, id, want string, beforeTag string, changes bool) {
	t.Helper()
	after := bare(object(t, want))
	if len(a.raw) > 0 {
		if diff := cmp.Diff(after, bare(a.body)); diff != "" {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
	}
	shown := l.send(t, http.MethodGet, "/"+kind+"/"+id, "").want(http.StatusOK)
	if diff := cmp.Diff(after, bare(shown.body)); diff != "" {
		t.Errorf("what is shown (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(after, bare(l.stored(t, kind, id))); diff != "" {
		t.Errorf("what is stored (-want +got):\n%s", diff)
	}
	if tag := shown.header.Get("ETag"); beforeTag != "" && (tag != beforeTag) != changes {
		t.Errorf("the version was %s and is %s, though whether it changes is %v", beforeTag, tag, changes)
	}
}

// start makes a resource as it is before the request of a case.
func (l *live) start(t *testing.T, kind, body string) (id, tag string) {
	t.Helper()
	doc := object(t, body)
	delete(doc, "id")
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	a := l.send(t, http.MethodPost, "/"+kind, string(raw)).want(http.StatusCreated)
	shown := l.send(t, http.MethodGet, "/"+kind+"/"+a.id(), "").want(http.StatusOK)
	if diff := cmp.Diff(bare(doc), bare(shown.body)); diff != "" {
		t.Fatalf("it does not begin as the case says (-want +got):\n%s", diff)
	}
	return a.id(), shown.header.Get("ETag")
}

func (l *live) remove(t *testing.T, kind, id string) {
	t.Helper()
	l.send(t, http.MethodDelete, "/"+kind+"/"+id, "").want(http.StatusNoContent)
}

// change plays one case that changes a resource, and returns what was answered.
func (l *live) change(t *testing.T, method, kind, body string, c map[string]string) answer {
	t.Helper()
	id, tag := l.start(t, kind, c["before"])
	defer l.remove(t, kind, id)
	a := l.send(t, method, "/"+kind+"/"+id, body)
	if want := strings.TrimSpace(c["error"]); want != "" {
		if got := errorOf(a); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		l.compare(t, kind, answer{}, id, c["before"], tag, false)
		return a
	}
	if a.status != http.StatusOK && a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	l.compare(t, kind, a, id, c["after"], tag, !cmp.Equal(object(t, c["before"]), object(t, c["after"])))
	return a
}

// Every shape of the corpus, at the tenant URLs of both dialects, on both
// databases: what is answered, shown by the next GET and stored.
//
// req: E2
// req: E11
func TestTheCorpusOverHTTP(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		for name, query := range dialects {
			if query == "" && d.dir == "" {
				continue // the other database hears it
			}
			t.Run(name, func(t *testing.T) {
				l := goLive(t, d, query)
				eachFile(t, "patch", func(t *testing.T, _ string, c map[string]string) {
					l.change(t, http.MethodPatch, "Users", c["patch"], c)
				})
				eachFile(t, "create", func(t *testing.T, _ string, c map[string]string) { l.made(t, c) })
				eachFile(t, "group", func(t *testing.T, _ string, c map[string]string) { l.membership(t, c) })
				eachFile(t, "filter", func(t *testing.T, _ string, c map[string]string) { l.searched(t, c) })
			})
		}
	})
}

// made plays a POST, or a PUT where something is there before.
func (l *live) made(t *testing.T, c map[string]string) {
	if c["before"] != "" {
		l.change(t, http.MethodPut, "Users", c["body"], c)
		return
	}
	a := l.send(t, http.MethodPost, "/Users", c["body"])
	if want := strings.TrimSpace(c["error"]); want != "" {
		if got := errorOf(a); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if all := l.send(t, http.MethodGet, "/Users", "").found(); len(all) != 0 {
			t.Errorf("somebody was made: %v", all)
		}
		return
	}
	a.want(http.StatusCreated)
	defer l.remove(t, "Users", a.id())
	if a.header.Get("Location") == "" || a.header.Get("ETag") == "" {
		t.Errorf("the header is %v", a.header)
	}
	l.compare(t, "Users", a, a.id(), c["after"], "", false)
}

// membership plays a PATCH of a group whose members are the people u1 and u3.
func (l *live) membership(t *testing.T, c map[string]string) {
	words, names := []string{}, map[string]string{}
	for _, name := range []string{"u1", "u2", "u3"} {
		id, _ := l.start(t, "Users", `{"schemas":["`+scim.UserSchema+`"],"userName":"`+name+`","active":true}`)
		defer l.remove(t, "Users", id)
		words, names[id] = append(words, `"`+name+`"`, `"`+id+`"`, `\"`+name+`\"`, `\"`+id+`\"`), name
	}
	with := strings.NewReplacer(words...)
	id, _ := l.start(t, "Groups", c["before"])
	defer l.remove(t, "Groups", id)
	fill := patch(`{"op":"add","path":"members","value":[{"value":"u1"},{"value":"u3"}]}`)
	l.send(t, http.MethodPatch, "/Groups/"+id, with.Replace(fill)).want(http.StatusNoContent)
	a := l.send(t, http.MethodPatch, "/Groups/"+id, with.Replace(c["patch"]))
	want := map[string]bool{"u1": true, "u3": true}
	if text := strings.TrimSpace(c["error"]); text != "" {
		if got := errorOf(a); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	} else {
		if a.status/100 != 2 {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		for _, line := range strings.Split(strings.TrimSpace(c["members"]), "\n") {
			switch who, _, _ := strings.Cut(strings.TrimLeft(line, "+-"), " "); {
			case line == "all":
				clear(want)
			case strings.HasPrefix(line, "-"):
				delete(want, who)
			case strings.HasPrefix(line, "+"):
				want[who] = true
			}
		}
		l.compare(t, "Groups", answer{}, id, c["after"], "", false)
	}
	var got []string
	list, _ := l.send(t, http.MethodGet, "/Groups/"+id, "").want(http.StatusOK).body["members"].([]any)
	for _, m := range list {
		got = append(got, names[m.(map[string]any)["value"].(string)])
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

// searched asks every filter of a case. The person has another id and another
// time here than in the file, so filters on those are asked elsewhere.
func (l *live) searched(t *testing.T, c map[string]string) {
	doc := object(t, c["resource"])
	delete(doc, "meta")
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := l.start(t, "Users", string(raw))
	defer l.remove(t, "Users", id)
	for section, found := range map[string]int{"matches": 1, "differs": 0} {
		for _, text := range strings.Split(strings.TrimSuffix(c[section], "\n"), "\n") {
			if strings.Contains(text, "meta.created") {
				continue
			}
			got := l.ask("GET", filter(strings.ReplaceAll(text, `"018f-ada"`, `"`+id+`"`)), "").found()
			if len(got) != found {
				t.Errorf("%s: found %v", text, got)
			}
		}
	}
	for _, text := range strings.Split(strings.TrimSuffix(c["invalid"], "\n"), "\n") {
		if text != "" {
			l.ask("GET", filter(text), "").fails(http.StatusBadRequest, "invalidFilter")
		}
	}
}

// What a strict connection says to each shape is written down in one file: it
// takes those of the RFCs with the same result, and refuses the dialects'.
func TestTheCorpusOnAStrictConnection(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(corpus, "strict.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if name, outcome, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			want[name] = strings.TrimSpace(outcome)
		}
	}
	eachEngine(t, func(t *testing.T, d *desk) {
		l := goLive(t, d, "")
		strict := func(on bool) { d.set(func(ws *directory.Workspace) { ws.SCIMStrict = on }) }
		asked := 0
		for _, folder := range []string{"patch", "create"} {
			eachFile(t, folder, func(t *testing.T, name string, c map[string]string) {
				asked++
				strict(false)
				method, path, body := http.MethodPost, "/Users", c["body"]
				var id string
				if c["before"] != "" {
					id, _ = l.start(t, "Users", c["before"])
					defer func() { l.remove(t, "Users", id) }()
					method, path = http.MethodPut, "/Users/"+id
				}
				if c["patch"] != "" {
					method, body = http.MethodPatch, c["patch"]
				}
				strict(true)
				defer strict(false)
				a := l.send(t, method, path, body)
				kind, _ := a.body["scimType"].(string)
				got := strings.TrimSpace(fmt.Sprintf("%d %s", a.status, kind))
				if got != want[name] {
					t.Errorf("%s %s %v, want %q", name, got, a.body["detail"], want[name])
				}
				if a.status/100 != 2 {
					return
				}
				if id == "" {
					id = a.id()
					defer l.remove(t, "Users", id)
				}
				l.compare(t, "Users", a, id, c["after"], "", false)
			})
		}
		if asked != len(want) {
			t.Errorf("%d cases, and %d lines in strict.txt", asked, len(want))
		}
	})
}
