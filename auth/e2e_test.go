package auth_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/msal"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// world is everything real but the window, the keychain and Microsoft: a server
// on SQLite, MSAL, our loopback listener, the sealed files, and entratest.
type world struct {
	t       *testing.T
	entra   *entratest.Entra
	tenant  *entratest.Tenant
	app     *entratest.App
	ada     *entratest.User
	job     *entratest.Provisioner
	server  *url.URL
	db      string
	browser *person
	phone   *handset // nil for a desktop
}

// person is somebody with a browser whose cookies last.
type person struct {
	mu    sync.Mutex
	b     *entratest.Browser
	user  *entratest.User
	seen  [][]string // the pages of each visit
	fails chan error // visits that ended on a page of Entra's own
}

func (p *person) open(ctx context.Context, address string) error {
	go func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, err := p.b.Visit(context.WithoutCancel(ctx), address, p.user)
		p.seen = append(p.seen, p.b.Pages)
		if err != nil {
			p.fails <- err
		}
	}()
	return nil
}

func (p *person) visits() [][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

func newWorld(t *testing.T) *world {
	return newWorldWith(t, entratest.Redirect{Platform: entratest.PublicClient, URI: "http://localhost"})
}

// newWorldWith is newWorld with an app that comes back to redirect.
func newWorldWith(t *testing.T, redirect entratest.Redirect) *world {
	w := &world{t: t, entra: entratest.New(t)}
	w.tenant = w.entra.AddTenant(entratest.TenantOptions{Domain: "acme.example", Name: "Acme"})
	w.app = w.tenant.AddApp(entratest.App{
		Name: "Lanyard", IsFallbackPublicClient: true, AssignmentRequired: true, AdminConsent: true,
		Scopes:    []entratest.Scope{{Value: "access_as_user"}},
		Redirects: []entratest.Redirect{redirect},
	})
	w.ada = w.tenant.AddUser(entratest.User{UserPrincipalName: "ada@acme.example", DisplayName: "Ada Lovelace", Mail: "ada@acme.example", Department: "Engineering", Password: "a password"})
	if err := w.tenant.Assign(w.app, w.ada); err != nil {
		t.Fatal(err)
	}
	w.browser = &person{b: w.entra.Browser(), user: w.ada, fails: make(chan error, 8)}
	w.serve()
	return w
}

// command runs lanyardd on the server's database.
func (w *world) command(args ...string) string {
	w.t.Helper()
	var out, errOut bytes.Buffer
	none := func(string) (string, bool) { return "", false }
	args = append(args, "--db", "sqlite:"+w.db)
	if code := cli.Run(w.t.Context(), args, none, strings.NewReader(""), &out, &errOut, cli.Options{OpenSQLite: sqlite.Open}); code != 0 {
		w.t.Fatalf("lanyardd %q: exit %d: %s", args, code, errOut.String())
	}
	return strings.TrimSpace(out.String())
}

// bySAML sets both sides up for SAML, as the only way to sign in.
func (w *world) bySAML() {
	at := func(name string) string { return w.server.JoinPath("w", "acme", "saml", name).String() }
	err := w.tenant.SetSAML(w.app, entratest.SAMLOptions{Identifiers: []string{at("metadata")}, ReplyURLs: []string{at("acs")}, LogoutURL: at("slo")})
	if err != nil {
		w.t.Fatal(err)
	}
	folder := w.t.TempDir()
	w.command("saml", "set", "--workspace", "acme", "--public-url", w.server.String(), "--server-key-file", filepath.Join(folder, "server.key"),
		"--metadata-url", w.tenant.LoopbackMetadataURL(w.app))
	w.command("workspace", "set", "acme", "--tenant-id", "", "--client-id", "")
}

// serve sets the workspace up with lanyardd's commands, serves it, and lets
// Entra provision.
func (w *world) serve() {
	t := w.t
	w.db = filepath.Join(t.TempDir(), "lanyard.db")
	w.command("workspace", "create", "acme", "--name", "Acme")
	w.command("workspace", "set", "acme", "--tenant-id", w.tenant.ID, "--client-id", w.app.ClientID, "--scim=on", "--domain", "acme.example", "--offline-grace=1h")
	token := w.command("scim", "token", "create", "--workspace", "acme")

	st, err := sqlite.Open(t.Context(), w.db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	ts := httptest.NewUnstartedServer(nil)
	w.server = &url.URL{Scheme: "http", Host: ts.Listener.Addr().String()}
	srv, err := server.New(server.Config{Store: st, PublicURL: w.server, HTTPClient: w.entra.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	ts.Config.Handler = srv
	ts.Start()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; ts.CloseClientConnections(); ts.Close() })

	w.job = w.tenant.Provision(w.app, w.server.JoinPath("scim", "v2", "acme").String(), token, entratest.ProvisionOptions{PushOnChange: true})
	if err := w.job.Cycle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// device is one installation of the app.
type device struct {
	*auth.Client
	dir  string
	log  *bytes.Buffer
	stop func()
}

// start opens the app on the device that keeps its files in dir.
func (w *world) start(dir string) *device {
	t := w.t
	vault, err := platform.OpenVault(platform.VaultConfig{Dir: filepath.Join(dir, "data"), Keys: platform.KeyFile(filepath.Join(dir, "key"))})
	if err != nil {
		t.Fatal(err)
	}
	d := &device{dir: dir, log: &bytes.Buffer{}}
	c := auth.Config{
		Server: w.server, Vault: vault, Device: "test", OpenURL: w.browser.open, Return: platform.Loopback,
		Log: slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if h := w.phone; h != nil {
		c.OpenURL, c.Return, c.Fallback, c.Resume, c.Pending = h.open, h.prepare, platform.Loopback, h.resume, vault.Pending()
	}
	c.Provider = msal.New(msal.Config{Cache: vault.File("msal"), OpenURL: c.OpenURL, Return: c.Return, HTTPClient: w.entra.HTTPClient()})
	d.Client = auth.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	d.stop = func() { cancel(); <-done }
	t.Cleanup(d.stop)
	return d
}

// reach waits until the device is in phase p.
func (d *device) reach(t *testing.T, p auth.Phase) auth.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last auth.State
	for s := range d.States(ctx) {
		if last = s; s.Phase == p {
			return s
		}
	}
	t.Fatalf("the phase is %v, error %v; waited for %v", last.Phase, last.Err, p)
	return last
}

// browse signs in, and gives up when the browser ends on a page of Entra's own.
func (w *world) browse(d *device, where string) error {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	go func() {
		select {
		case err := <-w.browser.fails:
			w.t.Logf("the browser shows: %v", err)
			cancel()
		case <-ctx.Done():
		}
	}()
	return d.SignIn(ctx, where)
}

// nothingSaved fails when anything but locks is in the device's folder.
func (d *device) nothingSaved(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(d.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Size() > 0 && !strings.HasSuffix(path, ".lock") {
			t.Errorf("%s is still there, %d bytes", e.Name(), info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// req: E7
// req: H6
// req: G7
func TestEndToEnd_anEmployeeSignsInAndEntraEndsTheAccess(t *testing.T) {
	w := newWorld(t)
	home := t.TempDir()
	d := w.start(home)
	d.reach(t, auth.SignedOut)
	if err := d.SignIn(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	s := d.reach(t, auth.SignedIn)
	if s.Person.DisplayName != "Ada Lovelace" || s.Person.Email != "ada@acme.example" || s.Person.Department != "Engineering" {
		t.Fatalf("person %+v", s.Person)
	}
	d.stop()

	d = w.start(home) // opened again: no browser
	d.reach(t, auth.SignedIn)
	if n := len(w.browser.visits()); n != 1 {
		t.Fatalf("the browser was opened %d times", n)
	}

	other := w.start(t.TempDir()) // a second device, the same browser: no page to fill in
	other.reach(t, auth.SignedOut)
	if err := other.SignIn(t.Context(), "ada@acme.example"); err != nil {
		t.Fatal(err)
	}
	if v := w.browser.visits(); len(v) != 2 || strings.Contains(strings.Join(v[1], " "), "password") {
		t.Fatalf("pages %q", v)
	}

	begun := time.Now()
	if err := w.tenant.Disable(w.ada); err != nil {
		t.Fatal(err)
	}
	for _, dev := range []*device{d, other} {
		s = dev.reach(t, auth.Revoked)
		if k, _ := problem.Of(s.Err); k != problem.AccessEnded {
			t.Errorf("error %v", s.Err)
		}
		dev.nothingSaved(t)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // Entra says so on a page of its own, which the person closes
		t.Logf("the browser shows: %v", <-w.browser.fails)
		cancel()
	}()
	if err := d.SignIn(ctx, "acme"); err == nil {
		t.Error("a disabled person signed in")
	}
	d.reach(t, auth.SignedOut)
}

// req: E7
// req: G6
// req: H6
func TestEndToEnd_bySAMLItIsTheSame(t *testing.T) {
	w := newWorld(t)
	w.bySAML()
	home := t.TempDir()
	d := w.start(home)
	d.reach(t, auth.SignedOut)
	if err := w.browse(d, "acme"); err != nil {
		t.Fatal(err)
	}
	if s := d.reach(t, auth.SignedIn); s.Method != auth.SAML || s.Person.DisplayName != "Ada Lovelace" || s.Person.Department != "Engineering" {
		t.Fatalf("%v, person %+v", s.Method, s.Person)
	}
	d.stop()
	d = w.start(home) // opened again: no browser
	d.reach(t, auth.SignedIn)
	if n := len(w.browser.visits()); n != 1 {
		t.Fatalf("the browser was opened %d times", n)
	}
	asleep := w.start(t.TempDir())
	asleep.reach(t, auth.SignedOut)
	if err := w.browse(asleep, "ada@acme.example"); err != nil {
		t.Fatal(err)
	}
	asleep.stop()
	if err := w.tenant.Disable(w.ada); err != nil {
		t.Fatal(err)
	}
	d.reach(t, auth.Revoked)
	woken := w.start(asleep.dir)
	for _, dev := range []*device{d, woken} {
		if k, _ := problem.Of(dev.reach(t, auth.Revoked).Err); k != problem.AccessEnded {
			t.Errorf("it says %v", k)
		}
		dev.nothingSaved(t)
	}
}

// req: H9
func TestEndToEnd_signingOutEverywhereReachesTheOtherDevice(t *testing.T) {
	w := newWorld(t)
	one, two := w.start(t.TempDir()), w.start(t.TempDir())
	for _, d := range []*device{one, two} {
		d.reach(t, auth.SignedOut)
		if err := d.SignIn(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.SignOut(t.Context(), auth.AllDevices); err != nil {
		t.Fatal(err)
	}
	if s := two.reach(t, auth.SignedOut); s.Notice == nil {
		t.Errorf("state %+v", s)
	}
	one.nothingSaved(t)
	two.nothingSaved(t)
	two.stop()
	again := w.start(two.dir)
	again.reach(t, auth.SignedOut)
}
