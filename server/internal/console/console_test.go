package console_test

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

//go:embed testdata/templates
var files embed.FS

// notes is a section of tests: one note for each workspace.
type notes struct{ store *store.Store }

type notePage struct {
	Text  string   `json:"text"`
	Tags  []string `json:"tags"`
	Count int64    `json:"count"`
}

func (notePage) Head() console.Head { return console.Head{Title: "Note", Template: "note.html"} }

type noteInput struct {
	Text string         `json:"text"`
	Loud bool           `json:"loud"`
	Keep time.Duration  `json:"keep"`
	Tags []string       `json:"tags"`
	File console.Upload `json:"file"`
}

type none struct{}

func (n notes) Routes() []console.Route {
	return []console.Route{
		console.Page("notes.show", "/workspaces/{ws}/note", console.Access{Role: console.Viewer}, n.show),
		console.Act("notes.write", "/workspaces/{ws}/note", console.Access{Role: console.Admin}, n.write).On("notes.show"),
		console.Act("notes.clear", "/workspaces/{ws}/note/clear", console.Access{Role: console.Owner, StepUp: true}, n.clear).On("notes.show"),
		console.Act("notes.setup", "/workspaces/{ws}/note/setup", console.Access{Role: console.ITAdmin, Module: directory.ModuleSAML}, n.clear),
		console.Act("notes.quiet", "/workspaces/{ws}/note/quiet", console.Access{Role: console.Admin}, n.quiet),
		console.Page("notes.server", "/notes", console.Access{Role: console.ServerOwner}, n.all),
		console.Download("notes.file", "/workspaces/{ws}/note.txt", console.Access{Role: console.Viewer}, n.file),
	}
}

func (notes) Templates() fs.FS {
	t, err := fs.Sub(files, "testdata/templates")
	if err != nil {
		panic(err)
	}
	return t
}

func (notes) Examples() []console.Example {
	return []console.Example{
		{Name: "note empty", View: notePage{}},
		{Name: "note full", View: notePage{Text: "Bring <b>keys</b>", Tags: []string{"a", "b"}, Count: 3}},
		{Name: "note refused", View: notePage{}, Err: console.Bad("text", "It is too long.")},
	}
}

func (n notes) show(ctx context.Context, c *console.Call, _ none) (notePage, error) {
	p, v, err := store.ReadSetting[notePage](ctx, n.store, c.Workspace.ID, "note")
	p.Count = v
	return p, err
}

func (n notes) write(ctx context.Context, c *console.Call, in noteInput) (console.Done, error) {
	c.Target("the note")
	if len(in.Text) > 40 {
		return console.Done{}, console.Bad("text", "It has more than 40 letters.")
	}
	c.Note("letters", "some")
	_, _, err := store.ChangeSetting(ctx, n.store, c.Workspace.ID, "note", store.SettingChange{Version: store.AnyVersion, Now: c.Now}, func(p *notePage) error {
		if p.Text = in.Text; in.Loud {
			p.Text = strings.ToUpper(in.Text)
		}
		p.Tags = in.Tags
		p.Text += string(in.File.Data) + in.Keep.String()
		return nil
	})
	return console.Done{To: c.Path("notes.show"), Say: "The note is kept."}, err
}

func (n notes) clear(ctx context.Context, c *console.Call, _ none) (console.Done, error) {
	return console.Done{To: c.Path("notes.show"), Say: "Gone."}, n.store.DeleteSetting(ctx, c.Workspace.ID, "note")
}

func (notes) quiet(context.Context, *console.Call, none) (console.Done, error) {
	return console.Done{To: "https://evil.example/"}, nil
}

func (notes) all(context.Context, *console.Call, none) (notePage, error) { return notePage{}, nil }

func (n notes) file(ctx context.Context, c *console.Call, _ none) (console.File, error) {
	p, err := n.show(ctx, c, none{})
	return console.File{Name: "note \"1\".txt", Type: "text/plain", Data: []byte(p.Text)}, err
}

func open(t testing.TB) *consoletest.Console {
	return consoletest.New(t, func(c *consoletest.Console) []console.Section { return []console.Section{notes{c.Store}} })
}

const notePath = "/workspaces/acme/note"

func TestGolden_everyPageIsDrawnEmptyAndFull(t *testing.T) { consoletest.Golden(t, notes{}) }

func TestAct_isDoneShownAndNoted(t *testing.T) {
	consoletest.Each(t, func(c *consoletest.Console) []console.Section { return []console.Section{notes{c.Store}} },
		func(t *testing.T, c *consoletest.Console) {
			page := c.Get(notePath).OK()
			done := page.Form("/note").Set("text", "hello", "loud", "on", "keep", "2d").Add("tags", "x", "y").Submit().Is(http.StatusSeeOther)
			done.Follow().OK().Has("HELLO48h0m0s", "The note is kept.")
			if again := c.Get(notePath).OK(); strings.Contains(again.Body, "The note is kept.") {
				t.Error("the page says twice what was done")
			}
			all, err := c.Store.AuditLog(t.Context(), store.AuditQuery{Limit: 10})
			if err != nil || len(all) != 1 {
				t.Fatalf("the log has %d entries, %v", len(all), err)
			}
			e := all[0]
			if e.Act != "notes.write" || e.Target != "the note" || e.Workspace != "acme" || e.Actor != "ada@acme.example" || e.Outcome != "done" || e.Detail["letters"] != "some" {
				t.Errorf("the log says %+v", e)
			}
			c.Post(notePath+"/quiet", nil).Is(http.StatusSeeOther)
			if all, err = c.Store.AuditLog(t.Context(), store.AuditQuery{Limit: 10}); err != nil || len(all) != 2 {
				t.Errorf("after an act that stores nothing: %d entries, %v", len(all), err)
			}
		})
}

func TestAct_thatIsRefusedKeepsWhatWasEntered(t *testing.T) {
	c := open(t)
	long := strings.Repeat("long ", 10)
	a := c.Get(notePath).Form("/note").Set("text", long).Submit().Is(http.StatusUnprocessableEntity)
	a.Has(strings.TrimSpace(long), "It has more than 40 letters.", string(problem.FieldBad))
	if got, v, err := store.ReadSetting[notePage](t.Context(), c.Store, "acme", "note"); v != 0 || err != nil {
		t.Errorf("it was stored all the same: %v %v", got, err)
	}
	all, err := c.Store.AuditLog(t.Context(), store.AuditQuery{Limit: 10})
	if err != nil || len(all) != 1 || all[0].Outcome != string(problem.FieldBad) {
		t.Errorf("the log says %+v %v", all, err)
	}
	c.Post(notePath, url.Values{"text": {"x"}, "keep": {"soon"}}).Is(http.StatusUnprocessableEntity)
	c.Post(notePath, url.Values{"txet": {"x"}}).Is(http.StatusBadRequest).Has("txet")
}

func TestAPI_doesTheSameInJSON(t *testing.T) {
	c := open(t)
	var done console.Done
	c.JSON("POST", notePath, map[string]any{"text": "hi", "loud": true, "tags": []string{"a"}, "file": map[string]any{"name": "n", "data": []byte("!")}}).OK().Into(&done)
	if done.Say != "The note is kept." {
		t.Errorf("said %q", done.Say)
	}
	var p notePage
	c.JSON("GET", notePath, nil).OK().Into(&p)
	if p.Text != "HI!0s" || len(p.Tags) != 1 || p.Count != 1 {
		t.Errorf("got %+v", p)
	}
	if a := c.JSON("POST", notePath, map[string]any{"txet": "x"}); a.Status != 400 || a.Code() != problem.FieldUnknown {
		t.Errorf("an unknown member: %d %s", a.Status, a.Body)
	}
	if a := c.JSON("POST", notePath, map[string]any{"text": map[string]any{"a": 1}, "loud": []any{map[string]any{}}}); a.Status != 400 {
		t.Errorf("a wrong type: %d %s", a.Status, a.Body)
	}
	var refused struct {
		Faults []struct{ Field string }
	}
	c.JSON("POST", notePath, map[string]any{"text": strings.Repeat("x", 50)}).Is(422).Into(&refused)
	if len(refused.Faults) != 1 || refused.Faults[0].Field != "text" {
		t.Errorf("faults: %+v", refused)
	}
	// A form of another site has no JSON.
	c.Post("/admin/api/v1"+notePath, url.Values{"text": {"x"}}).Is(400)
}

func TestAccess_isAskedOfEveryRole(t *testing.T) {
	c := open(t)
	link := console.Principal{ID: "link:1", Link: &console.LinkScope{ID: "1", Workspace: "acme", Module: directory.ModuleSAML}}
	other := link
	other.Link = &console.LinkScope{ID: "2", Workspace: "other", Module: directory.ModuleSAML}
	provisioning := link
	provisioning.Link = &console.LinkScope{ID: "3", Workspace: "acme", Module: directory.ModuleSCIM}
	owner := console.Principal{ID: "o", ServerOwner: true, Fresh: true}
	elsewhere := console.Principal{ID: "e", Roles: map[string]console.Role{"other": console.Owner}, Fresh: true}
	cases := []struct {
		who                               string
		me                                console.Principal
		show, write, clear, setup, server int
	}{
		{"nobody", console.Principal{}, 401, 401, 401, 401, 401},
		{"a viewer", consoletest.With(console.Viewer), 200, 403, 403, 403, 403},
		{"an it-admin", consoletest.With(console.ITAdmin), 200, 403, 403, 200, 403},
		{"an admin", consoletest.With(console.Admin), 200, 200, 403, 200, 403},
		{"an owner", consoletest.With(console.Owner), 200, 200, 200, 200, 403},
		{"an owner of the server", owner, 200, 200, 200, 200, 200},
		{"an owner of another workspace", elsewhere, 404, 404, 404, 404, 403},
		{"a setup link", link, 403, 403, 403, 200, 403},
		{"a setup link of another workspace", other, 404, 404, 404, 404, 403},
		{"a setup link of another module", provisioning, 403, 403, 403, 403, 403},
	}
	for _, k := range cases {
		t.Run(k.who, func(t *testing.T) {
			c.As(k.me)
			for path, want := range map[string]int{
				"GET " + notePath: k.show, "POST " + notePath: k.write, "POST " + notePath + "/clear": k.clear,
				"POST " + notePath + "/setup": k.setup, "GET /notes": k.server, "GET " + notePath + ".txt": k.show,
			} {
				method, at, _ := strings.Cut(path, " ")
				if got := c.JSON(method, at, nil); got.Status != want {
					t.Errorf("%s answered %d, want %d: %s", path, got.Status, want, got.Body)
				}
			}
			unknown := c.JSON("GET", "/workspaces/nowhere/note", nil)
			if hidden := c.JSON("GET", "/workspaces/"+map[bool]string{true: "acme", false: "other"}[k.show == 404]+"/note", nil); k.me.Known() && !k.me.ServerOwner && hidden.Status != unknown.Status {
				t.Errorf("a workspace that is not theirs answers %d, one that is not there %d", hidden.Status, unknown.Status)
			}
		})
	}
}

func TestProof_isAskedForAndTheFormKept(t *testing.T) {
	c := open(t)
	c.Get(notePath).Form("/note").Set("text", "here").Submit().Is(303)
	me := consoletest.Owner()
	me.Fresh = false
	c.As(me)
	asked := c.Post(notePath+"/clear", nil).Is(http.StatusForbidden).Has("Confirm that it is you")
	asked = asked.Form("/note/clear").Set("stepup_code", "000000").Submit().Is(http.StatusForbidden)
	asked.Form("/note/clear").Set("stepup_code", "123456").Submit().Is(http.StatusSeeOther)
	if _, v, _ := store.ReadSetting[notePage](t.Context(), c.Store, "acme", "note"); v != 0 {
		t.Error("the act was not done")
	}
	if a := c.JSON("POST", notePath+"/clear", nil); a.Status != 403 || a.Code() != problem.StepUpNeeded {
		t.Errorf("in JSON: %d %s", a.Status, a.Body)
	}
}

func TestBrowser_anotherSiteCanDoNothing(t *testing.T) {
	c := open(t)
	for name, headers := range map[string]map[string]string{
		"a form of another site":   {"Sec-Fetch-Site": "cross-site"},
		"a form of a sister":       {"Sec-Fetch-Site": "same-site"},
		"an old browser's form":    {"Origin": "https://evil.example"},
		"a form without an origin": {"Origin": "null"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/admin" + notePath, "/admin/api/v1" + notePath, "/admin/theme"} {
				r, err := http.NewRequestWithContext(t.Context(), "POST", c.Server.String()+path, strings.NewReader("text=x"))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				for k, v := range headers {
					r.Header.Set(k, v)
				}
				resp, err := c.Client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusForbidden {
					t.Errorf("%s answered %d", path, resp.StatusCode)
				}
			}
		})
	}
}

func TestPages_haveTheHeadersThatProtectThem(t *testing.T) {
	c := open(t)
	for _, path := range []string{notePath, "/nothing", "/static/console.css"} {
		h := c.Get(path).Header
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		csp := h.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: %s", path, csp)
		}
	}
	c.Get("/nothing").Is(404)
	c.Post("/nothing", nil).Is(404)
	if a := c.Get(notePath + "/clear"); a.Status != 405 || a.Header.Get("Allow") != "POST" {
		t.Errorf("GET of an act answered %d, allows %q", a.Status, a.Header.Get("Allow"))
	}
}

func TestDone_leadsToTheConsoleOnly(t *testing.T) {
	c := open(t)
	for _, next := range []string{"https://evil.example", "//evil.example/admin/", `/\evil.example`, "/w/acme", "/admin/../w", "javascript:alert(1)", "/adminx", "/admin/\t//x"} {
		a := c.Post("/theme", url.Values{"theme": {"dark"}, "next": {next}}).Is(303)
		if to := a.Header.Get("Location"); to != "/admin/" {
			t.Errorf("%q leads to %q", next, to)
		}
	}
	if to := c.Post(notePath+"/quiet", nil).Header.Get("Location"); to != "/admin/" {
		t.Errorf("an act leads to %q", to)
	}
	a := c.Post("/theme", url.Values{"theme": {"dark"}, "next": {"/admin" + notePath + "?a=b"}})
	if a.Follow().OK(); !strings.Contains(c.Get(notePath).Body, `data-theme="dark"`) {
		t.Error("the theme was not kept")
	}
}

func TestDo_isTheSameForACommand(t *testing.T) {
	c := open(t)
	out, err := c.Do(t.Context(), "notes.write", "acme", url.Values{"text": {"by hand"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := out.(console.Done); !ok || d.Say == "" {
		t.Errorf("got %+v", out)
	}
	if out, err = c.Do(t.Context(), "notes.show", "acme", nil, nil); err != nil || out.(notePage).Text != "by hand0s" {
		t.Errorf("got %+v %v", out, err)
	}
	all, err := c.Store.AuditLog(t.Context(), store.AuditQuery{Limit: 10})
	if err != nil || len(all) != 1 || all[0].Actor != "operator (command)" {
		t.Errorf("the log says %+v %v", all, err)
	}
	for name, ws := range map[string]string{"notes.nothing": "acme", "notes.show": "nowhere"} {
		if _, err := c.Do(t.Context(), name, ws, nil, nil); !errors.Is(err, problem.New(problem.NotFound)) {
			if code, _ := problem.Of(err); code != problem.NotFound {
				t.Errorf("%s of %s: %v", name, ws, err)
			}
		}
	}
}

func TestLive_sendsWhatChanges(t *testing.T) {
	c := open(t)
	r, err := http.NewRequestWithContext(t.Context(), "GET", c.Server.String()+"/admin"+notePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := c.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	seen := make(chan string, 100)
	go func() {
		defer close(seen)
		for b := make([]byte, 4096); ; {
			n, err := resp.Body.Read(b)
			if seen <- string(b[:n]); err != nil {
				return
			}
		}
	}()
	var all string
	wait := func(want string) {
		t.Helper()
		for !strings.Contains(all, want) {
			select {
			case s, ok := <-seen:
				if !ok {
					t.Fatalf("the stream ended without %q: %s", want, all)
				}
				all += s
			case <-t.Context().Done():
				t.Fatal("nothing came")
			}
		}
	}
	wait("event: all")
	c.Post(notePath, url.Values{"text": {"news"}}).Is(303)
	wait("news0s")
	c.As(console.Principal{})
	wait("event: over")
}

func TestOpenAPI_describesWhatIsThere(t *testing.T) {
	c := open(t)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	c.Get("/api/openapi.json").OK().Into(&doc)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %q", doc.OpenAPI)
	}
	for _, r := range c.Routes() {
		if doc.Paths[r.Path][strings.ToLower(r.Method)] == nil {
			t.Errorf("%s %s is not described", r.Method, r.Path)
		}
	}
}
