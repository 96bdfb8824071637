package account

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
)

// late is a body that is sent when the server asks for it, which it does once it
// knows who sends it (RFC 9110, section 10.1.1); something happens before.
type late struct {
	io.Reader
	once sync.Once
	do   func()
}

func (l *late) Read(p []byte) (int, error) {
	l.once.Do(l.do)
	return l.Reader.Read(p)
}

// slow posts a body during which something happens.
func (b *browser) slow(path, kind, token, body string, do func()) *browser {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.base+path, &late{Reader: strings.NewReader(body), do: do})
	if err != nil {
		b.Fatal(err)
	}
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Expect", "100-continue")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	patient := &http.Client{Jar: b.http.Jar, Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	defer patient.CloseIdleConnections()
	return b.did(patient.Do(r))
}

// Somebody begins to send a form, and sends the rest when they may not any more.
func TestActs_areOfWhoMayWhenTheFormIsThere(t *testing.T) {
	s := newStage(t)
	owner, secret := s.owner()
	const form, at = "application/x-www-form-urlencoded", "/admin/workspaces/acme/admins"
	invite := url.Values{"email": {"eve@evil.example"}, "role": {"owner"}}.Encode()
	nobody := func() {
		t.Helper()
		if all, err := s.admin.Members(t.Context(), ""); err != nil || len(all) != 2 {
			t.Errorf("administrators are %+v, %v", all, err)
		}
	}
	link := owner.post(at, "email", "bo@acme.example", "role", "owner").shows(200, "is invited").find(linkForm)
	bo := s.browser()
	boSecret := bo.join(link, "Bo", "")
	who, err := s.admin.Find(t.Context(), "bo@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	ended := func() {
		if _, err := s.admin.EndSessions(t.Context(), who.ID, ""); err != nil {
			t.Error(err)
		}
	}
	bo.slow(at, form, "", invite, ended).shows(200, "Sign in to the console")
	nobody()
	s.advance(time.Minute)
	bo.post("/admin/sign-in", "email", "bo@acme.example", "password", goodPassword, "code", s.code(boSecret)).shows(200)
	bo.slow(at, form, "", invite, func() { s.advance(6 * time.Minute) }).shows(403, "Confirm that it is you")
	nobody()
	bo.slow(at, form, "", invite+"&stepup_code="+s.code(boSecret), func() {
		if _, err := s.admin.SetRole(t.Context(), console.Principal{Operator: true}, who.ID, admin.Grant{Workspace: "acme", Role: "viewer"}); err != nil {
			t.Error(err)
		}
	}).shows(403, "LY-AUTHZ-001")
	nobody()
	// A program's token, and whoever came by a setup link.
	s.advance(time.Minute)
	token := owner.post("/admin/workspaces/acme/api-tokens", "name", "x", "role", "owner", "days", "1", "stepup_code", s.code(secret)).shows(200).find(tokenForm)
	links := "/admin/api/v1/workspaces/acme/setup-links"
	bo.slow(links, "application/json", token, `{"module":"saml","for":"Eve","days":"7"}`, func() {
		all, err := s.admin.Tokens(t.Context(), "acme")
		if err != nil || len(all) != 1 || s.admin.RevokeToken(t.Context(), "acme", all[0].ID) != nil {
			t.Errorf("%v", err)
		}
	}).shows(401)
	setup := owner.post("/admin/workspaces/acme/setup-links", "module", "saml", "for", "Cy", "days", "7").shows(200).find(linkForm)
	cy := s.browser()
	cy.post("/admin/setup", "token", tokenOf(setup)).shows(200, "the pages of SAML")
	cy.slow("/admin/workspaces/acme/saml/save", form, "", "", func() {}).shows(200, "the pages of SAML", "It is saved.")
	cy.slow("/admin/workspaces/acme/saml/save", form, "", "x=1", func() {
		all, err := s.admin.SetupLinks(t.Context(), "acme")
		if err != nil || len(all) != 1 || s.admin.RevokeSetupLink(t.Context(), "acme", all[0].ID) != nil {
			t.Errorf("%+v, %v", all, err)
		}
	}).shows(200, "Sign in to the console")
}
