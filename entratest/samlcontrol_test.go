package entratest_test

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

func TestControlSAML_theSingleSignOnPageIsManagedFromOutside(t *testing.T) {
	r := newRig(t)
	s := httptest.NewServer(r.e.Control("secret"))
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := &entratest.ControlClient{Base: base, Token: "secret"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.SAML(t.Context()); !errors.Is(err, entratest.ErrNotFound) {
		t.Errorf("before there is one: %v", err)
	}
	in := entratest.ControlSAML{
		Identifiers: []string{"BTIQ"}, ReplyURLs: []string{samlSP + "/acs"}, Signing: "both", Claims: map[string]string{"CoNm": "4711"},
		NameIDSource: "user.mail", EncryptionCertificate: string(ecCertificate(t)), VerificationCertificate: string(ecCertificate(t)),
	}
	page, err := c.SetSAML(t.Context(), in)
	must(err)
	if page.MetadataURL != r.tenant.FederationMetadataURL(r.app) || page.LaunchURL != r.tenant.LaunchURL(r.app) || page.Signing != "both" || len(page.Certificates) != 1 {
		t.Errorf("%+v", page)
	}
	o, ok := r.tenant.SAML(r.app)
	if !ok || o.Signing != entratest.SignResponseAndAssertion || o.NameID.Source != "user.mail" || len(o.Claims) != 1 || o.Encryption.Certificate == nil || len(o.VerificationCertificates) != 1 {
		t.Errorf("%+v", o)
	}
	must(c.AddCertificate(t.Context(), 24*time.Hour))
	must(c.RollCertificate(t.Context()))
	page, err = c.SAML(t.Context())
	must(err)
	if len(page.Certificates) != 3 || !page.Certificates[2].Active || page.Claims["CoNm"] != "4711" {
		t.Fatalf("%+v", page)
	}
	must(c.DoCertificate(t.Context(), page.Certificates[1].Thumbprint, "activate"))
	must(c.DoCertificate(t.Context(), page.Certificates[2].Thumbprint, "remove"))
	if got := r.tenant.SigningCertificate(r.app); got.Thumbprint != page.Certificates[1].Thumbprint || got.NotAfter.Sub(got.NotBefore) != 24*time.Hour {
		t.Errorf("%+v signs", got)
	}
	for name, err := range map[string]error{
		"an unknown act": c.DoCertificate(t.Context(), page.Certificates[0].Thumbprint, "polish"), "an unknown certificate": c.DoCertificate(t.Context(), "00", "remove"),
	} {
		if !errors.Is(err, entratest.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, spoil := range map[string]func(*entratest.ControlSAML){
		"signing": func(c *entratest.ControlSAML) { c.Signing = "none" }, "style": func(c *entratest.ControlSAML) { c.Style = "baroque" },
		"reply URL": func(c *entratest.ControlSAML) { c.ReplyURLs = []string{"http://a.example/"} },
	} {
		bad := in
		spoil(&bad)
		if _, err := c.SetSAML(t.Context(), bad); err == nil {
			t.Errorf("it took a wrong %s", name)
		}
	}
}
