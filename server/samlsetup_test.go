package server

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// byHand is what an administrator copies from Entra's page, one by one.
func (w *samlWorld) byHand() signin.SAMLInput {
	return signin.SAMLInput{Certificate: w.tenant.SigningCertificate(w.app).PEM, Issuer: w.tenant.SAMLIssuer(), LoginURL: w.tenant.SAMLLoginURL()}
}

func (w *samlWorld) document() []byte {
	w.t.Helper()
	resp, err := http.Get(w.tenant.LoopbackMetadataURL(w.app))
	w.must(err)
	defer resp.Body.Close()
	return []byte(bodyOf(w.t, resp))
}

// req: B10
// req: B11
// req: B12
func TestSetup_eachWayInLeadsToASignIn(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	for name, in := range map[string]signin.SAMLInput{
		"the address":  {MetadataURL: w.tenant.LoopbackMetadataURL(w.app)},
		"at Microsoft": {MetadataURL: w.tenant.FederationMetadataURL(w.app)},
		"the document": {Metadata: w.document()},
		"by hand":      w.byHand(),
	} {
		t.Run(name, func(t *testing.T) {
			w.must(w.setup.Remove(t.Context(), "acme"))
			in.Change = func(c *directory.SAML) error { c.JIT = true; return nil }
			checked, err := w.setup.Check(t.Context(), "acme", in)
			w.must(err)
			if text := strings.Join(checked.Checked, " "); !strings.Contains(text, w.tenant.ID) || !strings.Contains(text, "valid for") || checked.At.IsZero() {
				t.Errorf("checked: %q", text)
			}
			if _, err := w.setup.Show(t.Context(), "acme"); codeOf(err) != problem.SAMLNotSet {
				t.Errorf("checking stored something: %v", err)
			}
			w.set(in)
			b := w.entra.Browser()
			w.login(b)
			w.signedIn(b)
		})
	}
}

// req: B10
// req: B12
func TestSetup_itRefusesAndStoresNothing(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	was, err := w.store.SAML(t.Context(), "acme")
	w.must(err)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	w.must(err)
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	hand := func(change func(*signin.SAMLInput)) signin.SAMLInput {
		in := w.byHand()
		change(&in)
		return in
	}
	set := func(change func(*directory.SAML)) signin.SAMLInput {
		return signin.SAMLInput{Change: func(c *directory.SAML) error { change(c); return nil }}
	}
	for name, c := range map[string]struct {
		in   signin.SAMLInput
		want problem.Code
	}{
		"a private key":            {hand(func(in *signin.SAMLInput) { in.Certificate = secret }), problem.CertificatePrivateKey},
		"no certificate":           {hand(func(in *signin.SAMLInput) { in.Certificate = []byte("hello") }), problem.CertificateUnreadable},
		"a login address in clear": {hand(func(in *signin.SAMLInput) { in.LoginURL = "http://idp.example/" }), problem.MetadataEndpoint},
		"two sources":              {hand(func(in *signin.SAMLInput) { in.Metadata = w.document() }), problem.BadUsage},
		"a web page":               {signin.SAMLInput{Metadata: []byte("<!doctype html><html><body>Sign in</body></html>")}, problem.MetadataHTML},
		"nobody there":             {signin.SAMLInput{MetadataURL: "http://127.0.0.1:1/m"}, problem.MetadataOffline},
		"an app that is gone":      {signin.SAMLInput{MetadataURL: w.tenant.LoopbackMetadataURL(w.app) + "0"}, problem.MetadataNotFound},
		"another company's host":   {signin.SAMLInput{MetadataURL: "https://idp.example/m"}, problem.MetadataForbidden},
		"a spaced entity ID":       {set(func(c *directory.SAML) { c.EntityID = " x" }), problem.SAMLEntityID},
		"a long entity ID":         {set(func(c *directory.SAML) { c.EntityID = strings.Repeat("x", 1025) }), problem.SAMLEntityID},
		"an unknown choice":        {set(func(c *directory.SAML) { c.IdPInitiated = "maybe" }), problem.BadUsage},
		"an hour of skew":          {set(func(c *directory.SAML) { c.Skew = time.Hour }), problem.BadUsage},
		"an unknown field":         {set(func(c *directory.SAML) { c.ClaimMap = map[string]string{"shoe_size": "x"} }), problem.BadUsage},
		"a return in clear":        {set(func(c *directory.SAML) { c.AppReturns = []string{"http://app.example/"} }), problem.ReturnUnknown},
		"anybody's scheme":         {set(func(c *directory.SAML) { c.AppReturns = []string{"app:/x"} }), problem.ReturnUnknown},
		"another company's tile":   {set(func(c *directory.SAML) { c.UserAccessURL = "https://myapps.evil.example/" }), problem.BadUsage},
	} {
		for what, do := range map[string]func() error{
			"check": func() error { _, err := w.setup.Check(t.Context(), "acme", c.in); return err },
			"set":   func() error { _, err := w.setup.Set(t.Context(), "acme", c.in); return err },
		} {
			err := do()
			if codeOf(err) != c.want {
				t.Errorf("%s, %s: %v, want %s", what, name, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), string(secret[40:80])) {
				t.Errorf("%s, %s: the error holds the key", what, name)
			}
		}
	}
	if is, err := w.store.SAML(t.Context(), "acme"); err != nil || is.Version != was.Version {
		t.Errorf("something was stored: %+v, %v", is, err)
	}
	if _, err := w.setup.Set(t.Context(), "nobody", w.byHand()); codeOf(err) != problem.UnknownWorkspace {
		t.Errorf("no workspace: %v", err)
	}
	w.must(w.setup.Remove(t.Context(), "acme"))
	if _, err := w.setup.Set(t.Context(), "acme", set(func(c *directory.SAML) { c.JIT = true })); codeOf(err) != problem.SAMLNotSet {
		t.Errorf("settings alone: %v", err)
	}
}

// req: B10
func TestSetup_itWarnsOfTheWholeTenantsMetadata(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	out, err := w.setup.Check(t.Context(), "acme", signin.SAMLInput{MetadataURL: w.tenant.LoopbackMetadataURL(nil)})
	if err != nil || !slices.ContainsFunc(out.Warnings, func(x saml.Warning) bool { return x.Code == problem.MetadataNoAppID }) {
		t.Errorf("%+v, %v", out.Warnings, err)
	}
}

// req: B2
// req: B3
// req: B5
func TestSAML_workspacesThatShareANameAreKeptApart(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	ctx, now := t.Context(), time.Now()
	w.must(w.store.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Name: "Beta", Created: now, Modified: now}))
	beta := signin.URLsOf(w.r.server.cfg.PublicURL, "beta")
	for id, firm := range map[string]string{"acme": "123", "beta": "456"} {
		out, err := w.setup.Set(ctx, id, signin.SAMLInput{MetadataURL: w.tenant.LoopbackMetadataURL(w.app), Change: func(c *directory.SAML) error {
			c.JIT, c.EntityID, c.IdPInitiated = true, "BTIQ", directory.IdPAccept
			c.RequiredClaims = []directory.SAMLClaim{{Name: "CoNm", Equals: firm}}
			return nil
		}})
		w.must(err)
		if all, err := w.store.SAMLs(ctx); err != nil || len(all) == 2 && all[1].EntityID == all[0].EntityID && len(out.Warnings) == 0 {
			t.Errorf("nobody warns of the second of one name in a tenant: %+v, %v", out.Warnings, err)
		}
	}
	w.must(w.tenant.UpdateSAML(w.app, func(o *entratest.SAMLOptions) {
		o.Identifiers, o.ReplyURLs = []string{"BTIQ"}, []string{w.urls().ACS, beta.ACS}
		o.Claims = []entratest.SAMLClaim{{Name: "CoNm", Constant: `"123"`}} // with the quotes that somebody typed
	}))
	b := w.entra.Browser()
	w.login(b)
	w.signedIn(b)

	at := func(acs string, raw []byte) *http.Response {
		return w.call(nil, "POST", acs, url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}})
	}
	raw, err := w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{})
	w.must(err)
	if resp := at(beta.ACS, raw); resp.StatusCode < 400 {
		t.Errorf("acme's assertion at beta: %d", resp.StatusCode)
	}
	raw, err = w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{ReplyURL: beta.ACS})
	w.must(err)
	w.says(at(beta.ACS, raw), problem.SAMLClaimWrong)
}

// req: B17
func TestSAML_aGenericProvidersPeopleAreKnownByIssuerAndNameID(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	for _, style := range []entratest.SAMLStyle{entratest.StyleADFS, entratest.StyleKeycloak, entratest.StyleOkta} {
		t.Run(string(style), func(t *testing.T) {
			w.entraSAML(func(o *entratest.SAMLOptions) { o.Style = style })
			w.set(signin.SAMLInput{Metadata: w.document(), Change: func(c *directory.SAML) error { c.JIT = true; return nil }})
			var ids []string
			for range 2 {
				b := w.entra.Browser()
				w.login(b)
				ids = append(ids, w.signedIn(b).ID)
			}
			if ids[0] != ids[1] {
				t.Errorf("two people: %v", ids)
			}
			if c, err := w.store.SAML(t.Context(), "acme"); err != nil || c.Type != directory.SAMLGeneric {
				t.Errorf("the type: %q, %v", c.Type, err)
			}
			if u, err := w.store.User(t.Context(), "acme", ids[0]); err != nil || u.ExternalID != "" || u.ObjectID == "" {
				t.Errorf("%+v, %v", u, err)
			}
			w.must(w.store.SaveUser(t.Context(), archived(t, w.store, ids[0]), 1, directory.Consequence{}))
		})
	}
}

// archived is a person as archived, so that another may have their name.
func archived(t *testing.T, st *store.Store, id string) directory.User {
	t.Helper()
	u, err := st.User(t.Context(), "acme", id)
	if err != nil {
		t.Fatal(err)
	}
	u.State = directory.Archived
	return u
}

func TestSetup_anotherKeyStandsBesideTheOldOne(t *testing.T) {
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.JIT = true }, serverKey)
	old, err := w.setup.Show(t.Context(), "acme")
	w.must(err)
	next, err := w.setup.AddKey(t.Context(), "acme", directory.KeyEncryption)
	w.must(err)
	for _, cert := range [][]byte{old.SAML.Keys[0].Certificate, next.Certificate} {
		w.entraSAML(func(o *entratest.SAMLOptions) { o.Encryption = entratest.EncryptionOptions{Certificate: cert} })
		b := w.entra.Browser()
		w.login(b)
		w.signedIn(b)
	}
	_, err = w.setup.AddKey(t.Context(), "acme", directory.KeyEncryption)
	w.must(err)
	if c, err := w.store.SAML(t.Context(), "acme"); err != nil || len(c.Keys) != 2 || c.Keys[0].ID != next.ID {
		t.Errorf("%d keys, %v", len(c.Keys), err)
	}
}

func TestSAML_aLostServerKeyStopsOnlyWhatWasEncrypted(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	theirs := *w.setup // of a server that has the key
	theirs.Key = serverKey
	_, err := theirs.Set(t.Context(), "acme", signin.SAMLInput{Metadata: w.document()})
	w.must(err)
	c, err := w.store.SAML(t.Context(), "acme")
	w.must(err)
	b := w.entra.Browser()
	w.login(b)
	w.signedIn(b)
	w.entraSAML(func(o *entratest.SAMLOptions) {
		o.Encryption = entratest.EncryptionOptions{Certificate: c.Keys[0].Certificate}
	})
	w.refused(w.login(w.entra.Browser()), problem.SAMLDecryption)
	if !strings.Contains(w.log.String(), string(problem.WrongServerKey)) {
		t.Error("the log does not say why")
	}
}
