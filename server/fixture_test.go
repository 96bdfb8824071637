package server

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
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

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// engines opens one database as often as it is called: several replicas.
var engines = map[string]func(t testing.TB, dir string) func() *Store{
	"sqlite": func(t testing.TB, dir string) func() *Store {
		path := filepath.Join(dir, "lanyard.db")
		litetest.Make(t, path)
		return func() *Store { return opened(t)(sqlite.Open(context.Background(), path)) }
	},
	"postgres": func(t testing.TB, _ string) func() *Store {
		address := pgschema.URL(t)
		return func() *Store { return opened(t)(postgres.Open(context.Background(), address)) }
	},
}

func opened(t testing.TB) func(*Store, error) *Store {
	return func(s *Store, err error) *Store {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
}

// world is a local Entra with one tenant and app, and servers on one database
// with the workspace acme.
type world struct {
	t      testing.TB
	entra  *entratest.Entra
	tenant *entratest.Tenant
	app    *entratest.App
	ada    *entratest.User
	dir    string // of an SQLite database
	open   func() *Store
	store  *Store
	scim   string // the SCIM token
	// patience is the HTTP servers' timeout. Zero means a minute: a machine that is
	// busy refuses nobody.
	patience time.Duration
	log      *logBuffer
}

func newWorld(t testing.TB, engine string) *world {
	w := &world{t: t, entra: entratest.New(t), log: &logBuffer{}, dir: t.TempDir()}
	w.open = engines[engine](t, w.dir)
	w.tenant = w.entra.AddTenant(entratest.TenantOptions{})
	w.app = w.tenant.AddApp(entratest.App{Scopes: []entratest.Scope{{Value: "access_as_user"}}, AdminConsent: true})
	w.ada = w.tenant.AddUser(entratest.User{DisplayName: "Ada Lovelace", GivenName: "Ada", Surname: "Lovelace"})
	w.store = w.open()
	ctx, now := context.Background(), time.Now()
	err := w.store.CreateWorkspace(ctx, directory.Workspace{
		ID: "acme", Name: "Acme", Domains: []string{"acme.example"}, SCIMEnabled: true, Created: now, Modified: now,
		Microsoft: directory.Microsoft{TenantID: w.tenant.ID, ClientID: w.app.ClientID},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.scim = "lyscim_" + strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")
	err = w.store.CreateToken(ctx, store.Token{
		ID: "t1", Workspace: "acme", Hash: scim.HashToken(w.scim), Created: now, Expires: now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// replica is one running server.
type replica struct {
	*httptest.Server
	client *api.Client
	server *Server
}

// serve starts a server on a store of the world's database. Run is running,
// and ready, when it returns.
func (w *world) serve(s *Store, change ...func(*Config)) *replica {
	w.t.Helper()
	front := httptest.NewUnstartedServer(nil)
	public, err := url.Parse("http://" + front.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	c := Config{
		Store: s, PublicURL: public, HTTPClient: w.entra.HTTPClient(), Version: "test",
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&c)
	}
	srv, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	front.Config.Handler = srv
	timeout := cmp.Or(w.patience, time.Minute)
	front.Config.ReadTimeout, front.Config.WriteTimeout = timeout, timeout
	front.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- srv.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			w.t.Errorf("Run: %v", err)
		}
		front.Close()
	})
	r := &replica{Server: front, client: api.NewClient(public, front.Client()), server: srv}
	for srv.hub.Healthy() != nil {
		<-time.After(time.Millisecond)
	}
	return r
}

// provision creates a person as Entra would, and returns their SCIM id.
func (w *world) provision(r *replica, u *entratest.User) string {
	w.t.Helper()
	status, body := w.scimCall(r, "POST", "/Users", fmt.Sprintf(`{
		"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":%q,"userName":%q,"active":true,"displayName":%q,
		"emails":[{"primary":true,"type":"work","value":%q}],"name":{"givenName":%q,"familyName":%q},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines"}}`,
		u.ObjectID, u.UserPrincipalName, u.DisplayName, u.UserPrincipalName, u.GivenName, u.Surname))
	if status != http.StatusCreated {
		w.t.Fatalf("POST /Users: %d %s", status, body)
	}
	people, err := w.store.UserByExternalID(context.Background(), "acme", u.ObjectID)
	if err != nil {
		w.t.Fatal(err)
	}
	return people.ID
}

// setActive patches a person as Entra does, booleans as text and all.
func (w *world) setActive(r *replica, id string, active bool) {
	w.t.Helper()
	value := map[bool]string{true: "True", false: "False"}[active]
	status, body := w.scimCall(r, "PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"Replace","path":"active","value":"`+value+`"}]}`)
	if status != http.StatusOK && status != http.StatusNoContent {
		w.t.Fatalf("PATCH: %d %s", status, body)
	}
}

func (w *world) scimCall(r *replica, method, path, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequest(method, r.URL+"/scim/v2/acme"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/scim+json")
	req.Header.Set("Authorization", "Bearer "+w.scim)
	resp, err := r.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// signIn exchanges a token of Entra for a session.
func (w *world) signIn(r *replica, token string) (api.Session, error) {
	return r.client.StartSession(context.Background(), api.SessionRequest{Workspace: "acme", AccessToken: token, Device: "test"})
}

// mustSignIn signs ada in.
func (w *world) mustSignIn(r *replica) api.Session {
	w.t.Helper()
	s, err := w.signIn(r, w.tenant.AccessToken(w.app, w.ada))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// logBuffer keeps a log for a test to look into.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}
