package admin

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	virtual "github.com/descope/virtualwebauthn"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/password"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

var start = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// rig is administrators on a real database, with a clock that the test moves, a
// post that keeps what is sent, and a log.
type rig struct {
	*Admin
	t    *testing.T
	file string
	st   *store.Store
	rp   virtual.RelyingParty

	mu   sync.Mutex
	now  time.Time
	mail []directory.Mail
	log  bytes.Buffer
}

func (r *rig) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(b)
}

// Queue keeps a mail.
func (r *rig) Queue(_ context.Context, m directory.Mail) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mail = append(r.mail, m)
	return "m", nil
}

func (r *rig) sent() []directory.Mail {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.mail
	r.mail = nil
	return all
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

const host = "console.acme.example"

func newRig(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, now: start, file: filepath.Join(t.TempDir(), "lanyard.db")}
	litetest.Make(t, r.file)
	st, err := sqlite.Open(t.Context(), r.file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	r.st = st
	for _, id := range []string{"acme", "other"} {
		w := directory.Workspace{ID: id, Name: id, Directory: "dir-" + id, SCIMEnabled: true, Created: start, Modified: start}
		if err := st.CreateWorkspace(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	r.rp = virtual.RelyingParty{Name: "Lanyard", ID: host, Origin: "https://" + host}
	c := Config{
		Store: st, URL: &url.URL{Scheme: "https", Host: host, Path: "/admin"}, Key: bytes.Repeat([]byte{7}, 32),
		Mail: r, Passwords: password.NewHasher(password.Cost{Memory: 64, Passes: 1, Threads: 1}), Now: r.clock,
		Log: slog.New(slog.NewTextHandler(r, nil)), InsecureNoRateLimits: true,
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
	}
	for _, f := range change {
		f(&c)
	}
	r.Admin = New(c)
	return r
}

var visitor = Visitor{IP: netip.MustParseAddr("192.0.2.1"), Agent: "a browser"}

// request is one of a browser with cookies.
func request(cookies ...*http.Cookie) *http.Request {
	q := httptest.NewRequest(http.MethodGet, "/admin/", nil)
	for _, k := range cookies {
		q.AddCookie(k)
	}
	return q
}

func (r *rig) who(cookies ...*http.Cookie) console.Principal {
	r.t.Helper()
	p, err := r.Who(request(cookies...))
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func secretOf(l Link) string { return l.URL[strings.Index(l.URL, "token=")+6:] }

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) is(err error, want problem.Code) {
	r.t.Helper()
	if got, _ := problem.Of(err); got != want {
		r.t.Errorf("got %v, want %s", err, want)
	}
}

// device is a browser with a passkey in it.
type device struct {
	auth virtual.Authenticator
	cred virtual.Credential
}

func newDevice() *device {
	cred := virtual.NewCredential(virtual.KeyTypeEC2)
	// The library leaves zeros at the front of a coordinate out, which RFC 9053,
	// section 7.1.1, forbids: 77 bytes is a key with both of 32.
	for len(cred.Key.AttestationData()) != 77 {
		cred = virtual.NewCredential(virtual.KeyTypeEC2)
	}
	return &device{auth: virtual.NewAuthenticator(), cred: cred}
}

// create answers the options for a new passkey.
func (d *device) create(r *rig, options string) string {
	r.t.Helper()
	o, err := virtual.ParseAttestationOptions(options)
	r.ok(err)
	d.auth.Options.UserHandle = []byte(o.UserID)
	return virtual.CreateAttestationResponse(r.rp, d.auth, d.cred, *o)
}

// get answers the options for a sign-in.
func (d *device) get(r *rig, options string) string { return d.getAt(r, r.rp, options) }

func (d *device) getAt(r *rig, rp virtual.RelyingParty, options string) string {
	r.t.Helper()
	o, err := virtual.ParseAssertionOptions(options)
	r.ok(err)
	d.cred.Counter++
	return virtual.CreateAssertionResponse(rp, d.auth, d.cred, *o)
}

// standing is who a cookie is.
func (r *rig) standing(k *http.Cookie) Standing {
	r.t.Helper()
	s, ok, err := r.Standing(request(k))
	r.ok(err)
	if !ok {
		r.t.Fatal("nobody")
	}
	return s
}

// withPasskey has whoever has a link join with a passkey.
func (r *rig) withPasskey(l Link, name, email string) (*device, *http.Cookie) {
	r.t.Helper()
	in, err := r.Join(r.t.Context(), secretOf(l), name, email, visitor)
	r.ok(err)
	s := r.standing(in.Cookie)
	options, err := r.RegisterOptions(s.Admin, s.Session.ID)
	r.ok(err)
	d := newDevice()
	signed, _, err := r.Enrol(r.t.Context(), s, Factor{Passkey: d.create(r, options), Label: "laptop"}, visitor)
	r.ok(err)
	return d, signed.Cookie
}

// app is an authenticator app.
type app struct{ secret string }

func (r *rig) code(a app) string {
	r.t.Helper()
	return codeAt(r.t, a.secret, r.clock())
}

const goodPassword = "correct horse battery"

// withApp has whoever has a link join with a password and an app.
func (r *rig) withApp(l Link, name, email string) (app, []string, *http.Cookie) {
	r.t.Helper()
	in, err := r.Join(r.t.Context(), secretOf(l), name, email, visitor)
	r.ok(err)
	s := r.standing(in.Cookie)
	p, err := r.BeginTOTP(r.t.Context(), s.Admin, s.Session)
	r.ok(err)
	a := app{strings.ReplaceAll(p.Secret, " ", "")}
	signed, codes, err := r.Enrol(r.t.Context(), r.standing(in.Cookie), Factor{Password: goodPassword, Code: r.code(a)}, visitor)
	r.ok(err)
	return a, codes, signed.Cookie
}

// owner is the server's first owner, ada, with a passkey.
func (r *rig) owner() (*device, *http.Cookie) {
	r.t.Helper()
	l, err := r.FirstLink(r.t.Context())
	r.ok(err)
	return r.withPasskey(l, "Ada Lovelace", "ada@acme.example")
}

// invited is a link for somebody with a role.
func (r *rig) invited(email, ws, role string) Link {
	r.t.Helper()
	_, l, err := r.Invite(r.t.Context(), console.Principal{Operator: true}, email, "", Grant{Workspace: ws, Role: role})
	r.ok(err)
	return l
}
