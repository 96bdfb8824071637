package msal

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// desk is one person in front of a device, and an Entra to sign in to.
type desk struct {
	entra   *entratest.Entra
	tenant  *entratest.Tenant
	app     *entratest.App
	user    *entratest.User
	browser *entratest.Browser
	dir     string
	keys    sealed.KeyStore

	mu sync.Mutex
	// opened are the addresses the browser was sent to.
	opened []string
	// before runs before the browser goes to the address.
	before func(ctx context.Context, address string)
}

func newDesk(t testing.TB, opts ...entratest.Options) *desk {
	t.Helper()
	return newDeskWith(t, "http://localhost", opts...)
}

// newDeskWith is newDesk with an app that comes back to redirect.
func newDeskWith(t testing.TB, redirect string, opts ...entratest.Options) *desk {
	t.Helper()
	d := &desk{entra: entratest.New(t, opts...), dir: t.TempDir()}
	d.tenant = d.entra.AddTenant(entratest.TenantOptions{})
	d.app = d.tenant.AddApp(entratest.App{
		Redirects:              []entratest.Redirect{{Platform: entratest.PublicClient, URI: redirect}},
		Scopes:                 []entratest.Scope{{Value: "access_as_user"}},
		IsFallbackPublicClient: true,
		AdminConsent:           true,
	})
	d.user = d.addUser(t, "Ada", "Lovelace")
	d.browser = d.entra.Browser()
	d.keys = platform.KeyFile(filepath.Join(d.dir, "key"))
	return d
}

func (d *desk) addUser(t testing.TB, given, surname string) *entratest.User {
	t.Helper()
	u := d.tenant.AddUser(entratest.User{GivenName: given, Surname: surname, DisplayName: given + " " + surname})
	if err := d.tenant.Assign(d.app, u); err != nil {
		t.Fatal(err)
	}
	return u
}

func (d *desk) file() *sealed.File { return sealed.Open(d.dir, "msal", d.keys) }

// provider is a freshly started app on this device.
func (d *desk) provider(change ...func(*Config)) *Provider {
	c := Config{
		Cache:      d.file(),
		OpenURL:    d.open,
		Return:     platform.Loopback,
		HTTPClient: d.entra.HTTPClient(),
		Now:        d.entra.Now,
	}
	for _, f := range change {
		f(&c)
	}
	return New(c)
}

// open plays the browser program: the person signs in.
func (d *desk) open(ctx context.Context, address string) error {
	d.mu.Lock()
	d.opened = append(d.opened, address)
	before := d.before
	d.mu.Unlock()
	if before != nil {
		before(ctx, address)
	}
	// What Entra shows the person on a page of its own is not the app's error.
	_, _ = d.browser.SignIn(context.WithoutCancel(ctx), address, d.user)
	return nil
}

func (d *desk) request(change ...func(*auth.Request)) auth.Request {
	r := auth.Request{
		Authority: d.tenant.Authority(),
		TenantID:  d.tenant.ID,
		ClientID:  d.app.ClientID,
		Scope:     d.app.ScopeName("access_as_user"),
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func (d *desk) signIn(t testing.TB, p *Provider) auth.Token {
	t.Helper()
	token, err := p.SignIn(t.Context(), d.request())
	if err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	return token
}

func (d *desk) of(account string) func(*auth.Request) {
	return func(r *auth.Request) { r.Account = account }
}

// tokenRequests counts what the token endpoint was asked for.
func (d *desk) tokenRequests(grant string) int {
	return len(d.entra.RequestsTo(entratest.MatchGrant(grant)))
}

// contents reads what the device keeps, with a File of its own.
func (d *desk) contents(t testing.TB) contract {
	t.Helper()
	raw, err := d.file().Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseContract(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// empty fails the test when anything is left on the device.
func (d *desk) empty(t testing.TB) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(d.dir, "*.sealed"))
	if err != nil || len(names) != 0 {
		t.Errorf("left on the device: %v %v", names, err)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "key")); err == nil {
		t.Error("the key is left on the device")
	}
}

func wantCode(t testing.TB, err error, want problem.Code) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Errorf("got code %q (%v), want %q", got, err, want)
	}
}

// param is a parameter of the address the browser was last sent to.
func (d *desk) param(t testing.TB, name string) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.opened) == 0 {
		t.Fatal("no browser was opened")
	}
	return paramOf(t, d.opened[len(d.opened)-1], name)
}

func paramOf(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// get plays some other program on the device that talks to the way back.
func get(t testing.TB, method, address string) int {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
