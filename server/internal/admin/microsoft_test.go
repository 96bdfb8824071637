package admin

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
)

// msRig is a rig whose server owner set up sign-in with Microsoft.
type msRig struct {
	*rig
	e        *entratest.Entra
	tenant   *entratest.Tenant
	ada, bo  *entratest.User
	guest    *entratest.User
	owner    *device
	cookie   *http.Cookie
	settings Microsoft
}

const msSecret = "the client secret of the console"

func newMSRig(t *testing.T) *msRig {
	t.Helper()
	e := entratest.New(t)
	back := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(back.Close)
	home, err := url.Parse(strings.Replace(back.URL, "127.0.0.1", "localhost", 1))
	if err != nil {
		t.Fatal(err)
	}
	m := &msRig{e: e}
	m.rig = newRig(t, func(c *Config) {
		c.URL, c.Now = home, e.Now
		c.Microsoft = &oidc.Client{Verifier: &entra.Verifier{HTTPClient: e.HTTPClient(), Now: e.Now}, HTTPClient: e.HTTPClient(), Now: e.Now, AllowLoopbackHTTP: true}
	})
	m.rp.ID, m.rp.Origin = "localhost", home.String()
	m.tenant = e.AddTenant(entratest.TenantOptions{})
	m.ada = m.tenant.AddUser(entratest.User{GivenName: "Ada", Surname: "Lovelace", Mail: "ada@acme.example"})
	m.bo = m.tenant.AddUser(entratest.User{GivenName: "Bo", Surname: "Kim", Mail: "bo@acme.example"})
	m.guest = m.tenant.AddUser(entratest.User{GivenName: "Gil", Surname: "Guest", Mail: "gil@other.example", Guest: true})
	app := m.tenant.AddApp(entratest.App{
		Redirects: []entratest.Redirect{{Platform: entratest.Web, URI: m.RedirectURI()}}, Secrets: []string{msSecret},
	})
	m.owner, m.cookie = m.rig.owner()
	m.settings = Microsoft{TenantID: strings.ToUpper(m.tenant.ID), ClientID: app.ClientID}
	m.ok(m.SetMicrosoft(t.Context(), m.who(m.cookie), m.settings, msSecret, 0))
	return m
}

// returns has somebody sign in at Microsoft, and gives the request that their
// browser comes back with.
func (m *msRig) returns(u *entratest.User, link console.Principal, cookies ...*http.Cookie) *http.Request {
	m.t.Helper()
	address, cookie, err := m.BeginMicrosoft(m.t.Context(), link, "/admin/account")
	m.ok(err)
	a, err := m.e.Browser().SignIn(m.t.Context(), strings.Replace(address, defaultAuthority, m.e.BrowserURL(), 1), u)
	m.ok(err)
	q := request(append(cookies, cookie)...)
	q.URL.RawQuery = a.Params.Encode()
	return q
}

// linked links ada's account to the owner.
func (m *msRig) linked() {
	m.t.Helper()
	me := m.who(m.cookie)
	got, err := m.FinishMicrosoft(m.returns(m.ada, me, m.cookie), me)
	m.ok(err)
	if !got.Linked || got.Cookie != nil {
		m.t.Fatalf("linked: %+v", got)
	}
}

func TestMicrosoft_letsInWhoLinkedTheirAccountBefore(t *testing.T) {
	m := newMSRig(t)
	// An address is no proof: it is ada's at Microsoft, but she did not link it.
	_, err := m.FinishMicrosoft(m.returns(m.ada, console.Principal{}), console.Principal{})
	m.is(err, problem.AdminMSUnlinked)
	m.linked()
	q := m.returns(m.ada, console.Principal{})
	got, err := m.FinishMicrosoft(q, console.Principal{})
	m.ok(err)
	p := m.who(got.Cookie)
	if p.Email != "ada@acme.example" || !p.ServerOwner || p.Fresh || got.Next != "/admin/account" || got.Spent.MaxAge >= 0 {
		t.Errorf("signed in as %+v: %+v", p, got)
	}
	_, err = m.FinishMicrosoft(q, console.Principal{})
	m.is(err, problem.AdminMSAnswer) // each answer once
	_, err = m.FinishMicrosoft(m.returns(m.bo, console.Principal{}), console.Principal{})
	m.is(err, problem.AdminMSUnlinked)
	_, err = m.FinishMicrosoft(m.returns(m.guest, console.Principal{}), console.Principal{})
	m.is(err, problem.AdminMSGuest)
	m.ok(m.UnlinkMicrosoft(t.Context(), m.standing(got.Cookie)))
	_, err = m.FinishMicrosoft(m.returns(m.ada, console.Principal{}), console.Principal{})
	m.is(err, problem.AdminMSUnlinked)
}

func TestMicrosoft_anAnswerBelongsToTheBrowserAndTheSessionThatAsked(t *testing.T) {
	m := newMSRig(t)
	me := m.who(m.cookie)
	whole := m.returns(m.ada, me, m.cookie)
	other := m.returns(m.bo, console.Principal{})
	bare := request()
	bare.URL.RawQuery = whole.URL.RawQuery
	_, err := m.FinishMicrosoft(bare, me)
	m.is(err, problem.AdminMSAnswer)
	mixed := whole.Clone(t.Context())
	mixed.URL.RawQuery = other.URL.RawQuery
	_, err = m.FinishMicrosoft(mixed, me)
	m.is(err, problem.AdminMSAnswer)
	_, err = m.FinishMicrosoft(whole, console.Principal{}) // signed out meanwhile
	m.is(err, problem.AdminMSAnswer)
	late := m.returns(m.ada, me, m.cookie)
	m.e.Advance(oidcFor)
	_, err = m.FinishMicrosoft(late, me)
	m.is(err, problem.AdminMSAnswer)
	cancelled := m.returns(m.ada, me, m.cookie)
	state := cancelled.URL.Query().Get("state")
	cancelled.URL.RawQuery = url.Values{"error": {"access_denied"}, "state": {state}}.Encode()
	_, err = m.FinishMicrosoft(cancelled, me)
	m.is(err, problem.SignInCancelled)
}

func TestMicrosoft_anAccountIsLinkedToOneAdministrator(t *testing.T) {
	m := newMSRig(t)
	m.linked()
	_, cookie := m.withPasskey(m.invited("bo@acme.example", "acme", "admin"), "Bo", "")
	bo := m.who(cookie)
	_, err := m.FinishMicrosoft(m.returns(m.ada, bo, cookie), bo)
	m.is(err, problem.AdminMSTaken)
	_, err = m.FinishMicrosoft(m.returns(m.bo, bo, cookie), bo)
	m.ok(err)
}

func TestMicrosoft_isSetUpByAServerOwnerAndItsSecretIsSealed(t *testing.T) {
	m := newMSRig(t)
	me := m.who(m.cookie)
	good := m.settings
	for name, bad := range map[string]Microsoft{
		"no tenant":   {ClientID: good.ClientID},
		"everybody's": {TenantID: "common", ClientID: good.ClientID},
		"no client":   {TenantID: good.TenantID},
		"no https":    {TenantID: good.TenantID, ClientID: good.ClientID, Authority: "http://login.example"},
	} {
		if err := m.SetMicrosoft(t.Context(), me, bad, "x", 1); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	m.is(m.SetMicrosoft(t.Context(), me, good, "", 0), problem.ChangedSince)
	m.ok(m.SetMicrosoft(t.Context(), me, good, "", 1)) // keeps the secret
	m.linked()
	m.is(m.SetMicrosoft(t.Context(), me, good, "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", 2), problem.FieldBad)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	m.ok(err)
	now := m.e.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "console"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	m.ok(err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	m.is(m.SetMicrosoft(t.Context(), me, good, text, 2), problem.FieldBad) // its key is missing
	text += string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	m.ok(m.SetMicrosoft(t.Context(), me, good, text, 2))
	set, version, err := m.MicrosoftSetting(t.Context())
	if err != nil || !set.On() || !set.Certificate || version != 3 {
		t.Errorf("set: %+v, %d, %v", set, version, err)
	}
	reg, err := m.registration(t.Context())
	if err != nil || reg.Credential.Certificate == nil || reg.Credential.Secret != "" {
		t.Errorf("it signs in with %v, %v", reg, err)
	}
	m.ok(m.ClearMicrosoft(t.Context()))
	_, _, err = m.BeginMicrosoft(t.Context(), console.Principal{}, "")
	m.is(err, problem.AdminMSUnset)
	m.ok(m.st.Close())
	file, err := os.ReadFile(m.file)
	m.ok(err)
	if s := string(file) + m.log.String(); strings.Contains(s, msSecret) || strings.Contains(s, "RSA PRIVATE KEY") {
		t.Error("a credential is in the clear")
	}
}

// A Microsoft account that is an owner's way in is no break-glass: only what is
// theirs alone counts.
func TestMicrosoft_isNoProofForWhenItDoesNotAnswer(t *testing.T) {
	m := newMSRig(t)
	m.linked()
	m.e.Advance(ProofFor + time.Hour)
	got, err := m.FinishMicrosoft(m.returns(m.ada, console.Principal{}), console.Principal{})
	m.ok(err)
	who, err := m.Find(t.Context(), m.who(got.Cookie).ID)
	m.ok(err)
	who.Recovery = []string{"one"}
	if g := GlassOf(who, m.e.Now()); g.Ready || g.By != directory.ByPasskey {
		t.Errorf("%+v", g)
	}
}
