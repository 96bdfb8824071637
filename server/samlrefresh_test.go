package server

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// kinds returns the kinds of all events so far that are about SAML.
func (w *samlWorld) kinds() []directory.Kind {
	w.t.Helper()
	all, err := w.store.Events(w.t.Context(), 0, 1000)
	w.must(err)
	var kinds []directory.Kind
	for _, e := range all {
		if strings.HasPrefix(string(e.Kind), "saml.") {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// rollOver leaves Entra with the one certificate that is active, as when the old
// one has been deleted.
func (w *samlWorld) rollOver() {
	w.t.Helper()
	before := w.tenant.SigningCertificate(w.app)
	_, err := w.tenant.RollCertificate(w.app)
	w.must(err)
	w.must(w.tenant.RemoveCertificate(w.app, before.Thumbprint))
}

// req: B18
func TestRollover_noSignInFailsOnAnyReplica(t *testing.T) {
	for name := range engines {
		t.Run(name, func(t *testing.T) {
			w := newSAML(t, name, func(c *directory.SAML) { c.JIT = true })
			other := w.serve(w.open(), func(c *Config) { c.PublicURL = w.r.server.cfg.PublicURL })
			w.rollOver()
			var wg sync.WaitGroup
			for i := range 8 {
				base := []string{w.r.URL, other.URL}[i%2]
				raw, err := w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{InResponseTo: w.asked(i)})
				w.must(err)
				form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}}
				wg.Go(func() {
					resp, err := noRedirect.PostForm(base+"/w/acme/saml/acs", form)
					if err != nil {
						t.Error(err)
						return
					}
					defer resp.Body.Close()
					if resp.StatusCode != http.StatusSeeOther {
						t.Errorf("%s: %d", base, resp.StatusCode)
					}
				})
			}
			wg.Wait()
			if got := w.kinds(); !slices.Equal(got, []directory.Kind{directory.SAMLCertificates}) {
				t.Errorf("events: %v", got)
			}
			if !strings.Contains(w.log.String(), "signing certificates changed") {
				t.Error("the log does not say so")
			}
		})
	}
}

var noRedirect = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// asked begins a sign-in and returns the id of its request.
func (w *samlWorld) asked(int) string {
	w.t.Helper()
	to, err := url.Parse(w.call(nil, "GET", w.urls().Login, nil).Header.Get("Location"))
	w.must(err)
	return askedID(w.t, to.Query().Get("SAMLRequest"))
}

// counting is a metadata address that counts who asks and answers as told.
type counting struct {
	*httptest.Server
	asked  atomic.Int64
	status atomic.Int64
	body   atomic.Value
}

// mirrored serves the app's metadata at another loopback address.
func (w *samlWorld) mirrored() *counting {
	m := &counting{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		if s := m.status.Load(); s != 0 {
			rw.WriteHeader(int(s))
			return
		}
		rw.Header().Set("ETag", `"1"`)
		if b, ok := m.body.Load().(string); ok {
			_, _ = rw.Write([]byte(b))
			return
		}
		resp, err := http.Get(w.tenant.LoopbackMetadataURL(w.app))
		if err != nil {
			rw.WriteHeader(500)
			return
		}
		defer resp.Body.Close()
		_, _ = rw.Write([]byte(bodyOf(w.t, resp)))
	}))
	w.t.Cleanup(m.Close)
	return m
}

// req: B18
func TestRefresh_anUnknownKeyCausesOneReadingInFiveMinutes(t *testing.T) {
	clock := newClock()
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.JIT = true }, nil, clock.use)
	m := w.mirrored()
	w.set(signin.SAMLInput{MetadataURL: m.URL + "/m?appid=" + w.app.ClientID})
	m.asked.Store(0)
	forger := newWorld(t, "sqlite")
	w.must(forger.tenant.SetSAML(forger.app, entratest.SAMLOptions{Identifiers: []string{w.urls().Metadata}, ReplyURLs: []string{w.urls().ACS}}))
	forge := func() {
		raw, err := forger.tenant.SAMLResponse(forger.app, forger.ada, entratest.ResponseOptions{Change: func(m *entratest.SAMLMessage) { m.Issuer = w.tenant.SAMLIssuer() }})
		w.must(err)
		w.says(w.post(raw, ""), problem.SAMLSignature)
	}
	for range 3 {
		forge()
	}
	if n := m.asked.Load(); n != 1 {
		t.Errorf("it asked %d times", n)
	}
	clock.advance(5 * time.Minute)
	forge()
	if n := m.asked.Load(); n != 2 {
		t.Errorf("after five minutes: %d times", n)
	}
}

// req: B18
func TestRefresh_itReadsTwiceADayAndOutlivesFailures(t *testing.T) {
	clock := newClock()
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.JIT = true }, nil, clock.use)
	m := w.mirrored()
	w.set(signin.SAMLInput{MetadataURL: m.URL + "/m?appid=" + w.app.ClientID})
	m.asked.Store(0)
	refresh := w.r.server.saml
	clock.advance(10 * time.Hour)
	refresh.Due(t.Context())
	if n := m.asked.Load(); n != 0 {
		t.Errorf("after ten hours: %d times", n)
	}
	clock.advance(4 * time.Hour)
	m.status.Store(503)
	refresh.Due(t.Context())
	refresh.Due(t.Context())
	c, err := w.store.SAML(t.Context(), "acme")
	if n := m.asked.Load(); err != nil || n != 1 || c.Metadata.Failure != string(problem.MetadataStatus) || len(c.Certificates) == 0 {
		t.Errorf("a failure: asked %d times, %+v, %v", n, c.Metadata, err)
	}
	clock.advance(5 * time.Minute)
	m.status.Store(0)
	w.rollOver()
	refresh.Due(t.Context())
	if c, err = w.store.SAML(t.Context(), "acme"); err != nil || c.Metadata.Failure != "" || !c.Metadata.Refreshed.Equal(clock.read().UTC()) {
		t.Errorf("the next success: %+v, %v", c.Metadata, err)
	}
	if got := w.kinds(); !slices.Contains(got, directory.SAMLCertificates) {
		t.Errorf("events: %v", got)
	}
}

// req: B18
func TestRefresh_anotherEntityIDStopsUntilAnAdministratorAgrees(t *testing.T) {
	clock := newClock()
	w := newSAMLWorld(t, "sqlite").start(nil, nil, clock.use)
	m := w.mirrored()
	w.set(signin.SAMLInput{MetadataURL: m.URL + "/m?appid=" + w.app.ClientID})
	was, err := w.store.SAML(t.Context(), "acme")
	w.must(err)
	other := w.entra.AddTenant(entratest.TenantOptions{ID: "0d5c2f4e-5b1a-4a53-9c6e-2f1d3c4b5a60", Domain: "other.example"})
	theirs := other.AddApp(entratest.App{})
	w.must(other.SetSAML(theirs, entratest.SAMLOptions{Identifiers: []string{"x"}, ReplyURLs: []string{w.urls().ACS}}))
	resp, err := http.Get(other.LoopbackMetadataURL(theirs))
	w.must(err)
	defer resp.Body.Close()
	m.body.Store(bodyOf(t, resp))
	for range 2 {
		clock.advance(14 * time.Hour)
		w.r.server.saml.Due(t.Context())
	}
	is, err := w.store.SAML(t.Context(), "acme")
	w.must(err)
	if is.IdP != was.IdP || len(is.Certificates) != len(was.Certificates) || string(is.Certificates[0].DER) != string(was.Certificates[0].DER) ||
		is.Metadata.ChangedEntityID != other.SAMLIssuer() {
		t.Errorf("it became %+v", is)
	}
	if got := w.kinds(); len(got) == 0 || got[len(got)-1] != directory.SAMLEntityID || slices.Index(got, directory.SAMLEntityID) != len(got)-1 {
		t.Errorf("it is announced once: %v", got)
	}
	if _, err := w.setup.Agree(t.Context(), "acme", "https://sts.windows.net/somebody/"); err == nil {
		t.Error("it agreed to what was not announced")
	}
	out, err := w.setup.Agree(t.Context(), "acme", other.SAMLIssuer())
	if err != nil || out.SAML.IdP.EntityID != other.SAMLIssuer() || out.SAML.Metadata.ChangedEntityID != "" {
		t.Errorf("%+v, %v", out.SAML, err)
	}
}

// req: B18
func TestRefresh_itWarnsFourTimesBeforeACertificateEnds(t *testing.T) {
	clock := newClock()
	w := newSAMLWorld(t, "sqlite").start(nil, nil, clock.use)
	ends := w.tenant.SigningCertificate(w.app).NotAfter
	warned := 0
	for _, days := range []int{61, 60, 45, 30, 29, 8, 7, 2, 1} {
		clock.advance(ends.Add(-time.Duration(days) * 24 * time.Hour).Sub(clock.read()))
		w.r.server.saml.Warn(t.Context())
		w.r.server.saml.Warn(t.Context())
		if slices.Contains([]int{60, 30, 7, 1}, days) {
			warned++
		}
		n := 0
		for _, k := range w.kinds() {
			if k == directory.SAMLExpiring {
				n++
			}
		}
		if n != warned {
			t.Errorf("%d days before: %d warnings, want %d", days, n, warned)
		}
	}
}

// What is encrypted tells nobody why it was refused, so the metadata is read for
// all of it.
//
// req: B18
func TestRollover_encryptedSignInsDoNotFailEither(t *testing.T) {
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.JIT = true }, serverKey)
	sp, err := w.setup.Show(t.Context(), "acme")
	w.must(err)
	w.entraSAML(func(o *entratest.SAMLOptions) { o.Encryption.Certificate = sp.SAML.Keys[0].Certificate })
	w.rollOver()
	b := w.entra.Browser()
	w.login(b)
	w.signedIn(b)
}

// req: B18
// req: B19
func TestRollover_microsoftsSignOutDoesNotFailEither(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	b := w.entra.Browser()
	w.login(b)
	me := w.signedIn(b)
	w.rollOver()
	w.must(b.SignOut(t.Context(), w.tenant))
	if left, err := w.store.SessionsOfUser(t.Context(), me.ID); err != nil || len(left) != 0 {
		t.Errorf("%d sessions are left, %v", len(left), err)
	}
}
