package provision_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// locked is a buffer that several goroutines write to.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// desk is a workspace called acme whose people are provisioned.
type desk struct {
	t       testing.TB
	store   *store.Store
	dir     string // where SQLite keeps its files; empty on PostgreSQL
	clock   *clock
	log     *locked
	token   scim.Token
	handler http.Handler
	ws      directory.Workspace
	types   []*scim.ResourceType // nil means those of the RFC
}

// engines are the databases that every promise is kept on.
var engines = map[string]func(t testing.TB) (*store.Store, string){
	"sqlite": func(t testing.TB) (*store.Store, string) {
		dir := t.TempDir()
		file := filepath.Join(dir, "lanyard.db")
		litetest.Make(t, file)
		s, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return s, dir
	},
	"postgres": func(t testing.TB) (*store.Store, string) {
		s, err := postgres.Open(t.Context(), pgschema.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		return s, ""
	},
}

func eachEngine(t *testing.T, f func(t *testing.T, d *desk)) {
	for name := range engines {
		t.Run(name, func(t *testing.T) { f(t, newDesk(t, name, nil)) })
	}
}

// newDesk opens a desk on an engine. wrap may stand between the handler and
// the store.
func newDesk(t testing.TB, engine string, wrap func(*store.Store) provision.Store) *desk {
	t.Helper()
	s, dir := engines[engine](t)
	t.Cleanup(func() { s.Close() })
	s.Use(provision.Rules(nil))
	d := &desk{t: t, store: s, dir: dir, clock: &clock{at: start}, log: &locked{}}
	d.workspace("acme", true)
	ws, err := s.Workspace(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	d.ws = ws
	d.token = d.newToken("acme", start.Add(365*24*time.Hour))
	var behind provision.Store = s
	if wrap != nil {
		behind = wrap(s)
	}
	d.handler = d.replica(behind)
	return d
}

// replica is one more server on the same database.
func (d *desk) replica(s provision.Store) http.Handler {
	mux := http.NewServeMux()
	provision.New(provision.Config{
		Store: s, BaseURL: &url.URL{Scheme: "https", Host: "sso.example"}, Now: d.clock.now, Types: d.types,
		Log: slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}).Mount(mux)
	return provision.Tidy(mux)
}

func (d *desk) workspace(id string, enabled bool) {
	d.t.Helper()
	err := d.store.CreateWorkspace(d.t.Context(), directory.Workspace{
		ID: id, Name: id, SCIMEnabled: enabled, DefaultRole: "Member", Created: start, Modified: start,
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) newToken(workspace string, expires time.Time) scim.Token {
	d.t.Helper()
	clear := scim.NewToken()
	err := d.store.CreateToken(d.t.Context(), store.Token{
		ID: "tok-" + clear.Hash()[:8], Workspace: workspace, Label: "test", Hash: clear.Hash(), Created: start, Expires: expires,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return clear
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// ask sends a request as Entra does: no User-Agent, application/scim+json.
// headers are pairs that replace what is sent otherwise.
func (d *desk) ask(method, target, body string, headers ...string) answer {
	d.t.Helper()
	return d.askOf(d.handler, method, target, body, headers...)
}

func (d *desk) askOf(h http.Handler, method, target, body string, headers ...string) answer {
	d.t.Helper()
	if !strings.HasPrefix(strings.TrimLeft(target, "/"), "scim/") {
		target = "/scim/v2/acme" + target
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "https://sso.example"+target, reader)
	r.Header.Set("Authorization", "Bearer "+d.token.Reveal())
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return read(d.t, w.Result())
}

func read(t testing.TB, res *http.Response) answer {
	t.Helper()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{t: t, status: res.StatusCode, header: res.Header, raw: raw}
	if len(raw) > 0 {
		if got := res.Header.Get("Content-Type"); got != "application/scim+json" {
			t.Errorf("Content-Type is %q", got)
		}
		if err := json.Unmarshal(raw, &a.body); err != nil {
			t.Fatalf("the answer is not JSON: %v\n%s", err, raw)
		}
	}
	return a
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("got %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// fails checks a SCIM error: its status inside and outside, and its scimType.
func (a answer) fails(status int, kind string) answer {
	a.t.Helper()
	a.want(status)
	got, _ := a.body["scimType"].(string)
	schemas, _ := a.body["schemas"].([]any)
	if got != kind || len(schemas) != 1 || schemas[0] != scim.ErrorMessage || a.body["status"] != itoa(status) || a.body["detail"] == nil {
		a.t.Fatalf("this is no SCIM error of kind %q: %s", kind, a.raw)
	}
	return a
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

func (a answer) id() string {
	a.t.Helper()
	id, _ := a.body["id"].(string)
	if id == "" {
		a.t.Fatalf("there is no id in %s", a.raw)
	}
	return id
}

// found returns the ids of a ListResponse by index, after checking its frame.
func (a answer) found() []string {
	a.t.Helper()
	if a.body["startIndex"] == nil {
		a.t.Fatalf("this is no ListResponse: %s", a.raw)
	}
	return a.listed()
}

// listed is found of a list by cursor, which has no startIndex.
func (a answer) listed() []string {
	a.t.Helper()
	a.want(http.StatusOK)
	list, isList := a.body["Resources"].([]any)
	if !isList || a.body["totalResults"] == nil || a.body["itemsPerPage"] != float64(len(list)) {
		a.t.Fatalf("this is no ListResponse: %s", a.raw)
	}
	ids := []string{}
	for _, r := range list {
		ids = append(ids, r.(map[string]any)["id"].(string))
	}
	return ids
}

const userBody = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"externalId":"%EXT%","userName":"%NAME%","active":true,"displayName":"Ada King","meta":{"resourceType":"User"},
	"name":{"formatted":"Ada King","familyName":"King","givenName":"Ada"},
	"emails":[{"primary":true,"type":"work","value":"%NAME%"}],"roles":[],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines"}}`

func person(name, ext string) string {
	return strings.NewReplacer("%NAME%", name, "%EXT%", ext).Replace(userBody)
}

// create makes a person and returns the id.
func (d *desk) create(name, ext string) string {
	d.t.Helper()
	return d.ask("POST", "/Users", person(name, ext)).want(http.StatusCreated).id()
}

func patch(ops string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + ops + `]}`
}

const (
	disable = `{"op":"Replace","path":"active","value":"False"}`
	restore = `{"op":"Replace","path":"active","value":"True"}`
)

func filter(text string) string { return "/Users?filter=" + url.QueryEscape(text) }

// signIn gives a person a session and returns its hash.
func (d *desk) signIn(user, hash string) {
	d.t.Helper()
	err := d.store.StartSession(context.Background(), directory.Session{
		Hash: hash, ID: "s-" + hash, User: user, Workspace: "acme", Device: "laptop", Created: start, Expires: start.Add(time.Hour),
	}, func(directory.User) error { return nil }, directory.Event{At: start, Directory: d.ws.Directory, Workspace: "acme", Kind: directory.SessionStarted, User: user, Session: "s-" + hash})
	if err != nil {
		d.t.Fatal(err)
	}
}

// events returns the kinds of all events about a person, in their order.
func (d *desk) events(user string) []directory.Kind {
	d.t.Helper()
	all, err := d.store.Events(context.Background(), 0, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	var kinds []directory.Kind
	for _, e := range all {
		if e.User == user {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}
