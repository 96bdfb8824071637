package server

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// Who was joined once by an address is known by the object id from then on: a
// marriage, or a new domain, makes nobody somebody else.
//
// req: B7
// req: B16
func TestSAML_aLinkIsAnnouncedAndOutlivesANewName(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	w.workspace(func(ws *directory.Workspace) { ws.Domains = []string{"acme.example"} })
	if status, body := w.scimCall(w.r, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
		"externalId":"ada","userName":"somebody","active":true,"emails":[{"type":"work","value":"ada@acme.example"}]}`); status != http.StatusCreated {
		t.Fatal(body)
	}
	w.entraSAML(func(o *entratest.SAMLOptions) {
		o.Claims = []entratest.SAMLClaim{{Name: "emailaddress", Namespace: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims", Source: "user.mail"}}
	})
	in := func() string {
		t.Helper()
		b := w.entra.Browser()
		w.login(b)
		return w.signedIn(b).ID
	}
	first := in()
	linked := func() (n int) {
		t.Helper()
		all, err := w.store.EventsOf(t.Context(), "acme", first, 100)
		w.must(err)
		for _, e := range all {
			if e.Kind == directory.UserLinked {
				n++
			}
		}
		return n
	}
	if n := linked(); n != 1 {
		t.Errorf("the link was announced %d times", n)
	}
	w.must(w.tenant.UpdateUser(w.ada, func(u *entratest.User) {
		u.Mail, u.UserPrincipalName = "ada.king@elsewhere.example", "ada.king@acme.example"
	}))
	w.ada = w.tenant.User("ada.king@acme.example")
	if again := in(); again != first || linked() != 1 {
		t.Errorf("renamed, ada is %s and was %s; linked %d times", again, first, linked())
	}
}

// req: B13
func TestSAML_itOffersTheWayInByMyApps(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	const tile = "https://launcher.myapps.microsoft.com/api/signin/x?tenantId=y"
	page := func() string {
		t.Helper()
		return bodyOf(t, w.call(nil, http.MethodGet, w.r.URL+"/w/acme/", nil))
	}
	if strings.Contains(page(), "My Apps") {
		t.Error("it is offered before anybody gave the address")
	}
	for _, address := range []string{tile, "https://myapps.microsoft.com/signin/x", "https://myapplications.microsoft.us/signin/x", "https://launcher.myapps.microsoft.cn/api/signin/x"} {
		w.set(signin.SAMLInput{Change: func(c *directory.SAML) error { c.UserAccessURL = address; return nil }})
		if p := page(); !slices.Contains(strings.Split(p, `"`), address) || !strings.Contains(p, "Open from My Apps") {
			t.Errorf("with %s the page is %s", address, p)
		}
	}
}
