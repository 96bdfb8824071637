package entratest_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// canonicalCases are what exclusive canonicalisation is about: which
// namespaces are rendered where, the order of attributes, escapes.
var canonicalCases = []string{
	`<a/>`,
	`<a xmlns="urn:1"><b xmlns=""><c xmlns="urn:1"/></b></a>`,
	`<a xmlns="urn:1" xmlns:x="urn:2" xmlns:y="urn:3"><x:b y:z="1" b="2" a="3" x:a="4"><x:c/></x:b><y:d/></a>`,
	`<x:a xmlns:x="urn:1"><x:b xmlns:x="urn:2"><x:c xmlns:x="urn:1"/></x:b><x:d xmlns:x="urn:1"/></x:a>`,
	"<a b=\"&lt;&amp;&quot;&apos;&gt;&#9;&#10;&#13;\">&lt;&amp;&quot;'&gt;&#9;&#10;&#13; \u00e9\u4e2d\U0001f511</a>",
	`<?xml version="1.0"?><!-- c --><a><!-- d -->t<![CDATA[<&>]]>u</a><!-- e -->`,
	"<a>\r\n<b  c = 'd'\n/>\r</a>",
	`<a xml:lang="en" xmlns:b="urn:b" b:xml="1"><c xml:space="preserve"> </c></a>`,
	`<a xmlns:z="urn:a" xmlns:a="urn:z" a:x="1" z:x="2" x="3"/>`,
}

func TestCanonical_itEqualsThatOfXmllint(t *testing.T) {
	for _, text := range canonicalCases {
		file := filepath.Join(t.TempDir(), "in.xml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		// xmllint keeps comments; they are taken out before, since SAML's
		// canonicalisation is the one without.
		plain := text
		for {
			before, rest, ok := strings.Cut(plain, "<!--")
			if !ok {
				break
			}
			_, after, _ := strings.Cut(rest, "-->")
			plain = before + after
		}
		if err := os.WriteFile(file, []byte(plain), 0o600); err != nil {
			t.Fatal(err)
		}
		want, err := exec.CommandContext(t.Context(), "xmllint", "--exc-c14n", file).Output()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := entratest.CanonicalForTest([]byte(text))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q:\n got %q, %v\nwant %q", text, got, err, want)
		}
	}
}

func FuzzSAMLRequest(f *testing.F) {
	e, err := entratest.Start(entratest.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(e.Close)
	tenant := e.AddTenant(entratest.TenantOptions{})
	app := tenant.AddApp(entratest.App{})
	if err := tenant.SetSAML(app, entratest.SAMLOptions{Identifiers: []string{"sp"}, ReplyURLs: []string{samlSP + "/acs"}}); err != nil {
		f.Fatal(err)
	}
	const request = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" IsPassive="1">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">sp</Issuer><samlp:NameIDPolicy Format="x"/><samlp:RequestedAuthnContext/></samlp:AuthnRequest>`
	for _, s := range append([]string{request, strings.ReplaceAll(request, "AuthnRequest", "LogoutRequest"), "<a", "<a><b></a>", strings.Repeat("<a>", 70)}, canonicalCases...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for binding, text := range map[string]string{
			"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST":     base64.StdEncoding.EncodeToString(raw),
			"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect": deflated(string(raw)),
		} {
			if page, app := entratest.SAMLForTest(tenant, binding, text); page == app {
				t.Errorf("%s: page %v, app %v", binding, page, app)
			}
		}
		once, err := entratest.CanonicalForTest(raw)
		if err != nil {
			return
		}
		if twice, err := entratest.CanonicalForTest(once); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("canonical form %q becomes %q, %v", once, twice, err)
		}
	})
}
