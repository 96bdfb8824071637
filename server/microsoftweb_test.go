package server

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// msWorld is a world whose workspace acme signs in with Microsoft 365 in a
// browser, and has neither SAML nor SCIM.
type msWorld struct {
	*samlWorld
	ms *signin.MicrosoftSetup
	// client is the confidential app registration.
	client *entratest.App
}

func newMicrosoft(t testing.TB, engine string, proof directory.MicrosoftProof) *msWorld {
	t.Helper()
	w := &msWorld{samlWorld: newSAMLWorld(t, engine)}
	w.workspace(func(ws *directory.Workspace) {
		ws.SCIMEnabled, ws.Microsoft, ws.JIT = false, directory.Microsoft{}, true
	})
	w.r = w.serve(w.store, func(c *Config) { c.ServerKey = serverKey })
	w.setUpMicrosoft(proof)
	return w
}

// setUpMicrosoft registers a confidential client and sets acme up with it.
func (w *msWorld) setUpMicrosoft(proof directory.MicrosoftProof) {
	w.t.Helper()
	w.ms = &signin.MicrosoftSetup{Store: w.store, PublicURL: w.r.server.cfg.PublicURL, Now: time.Now, Key: serverKey}
	app := entratest.App{
		Name: "Acme on the web", Redirects: []entratest.Redirect{{Platform: entratest.Web, URI: w.msURLs().Redirect}}, AdminConsent: true,
	}
	if proof == directory.ProofSecret {
		app.Secrets = []string{"a-secret-of-the-app-registration"}
	}
	w.client = w.tenant.AddApp(app)
	in := signin.MicrosoftInput{ClientID: &w.client.ClientID, TenantID: &w.tenant.ID}
	if proof == directory.ProofSecret {
		in.Secret = &app.Secrets[0]
	}
	w.msSet(in)
	if proof != directory.ProofSecret {
		out, err := w.ms.NewCertificate(context.Background(), "acme", "test")
		w.must(err)
		w.upload(out.Certificates[0].PEM)
	}
	on := true
	w.msSet(signin.MicrosoftInput{Enabled: &on, Untested: true})
}

func (w *msWorld) msURLs() signin.MicrosoftURLs {
	return signin.MicrosoftURLsOf(w.r.server.cfg.PublicURL, "acme")
}

func (w *msWorld) msSet(in signin.MicrosoftInput) signin.MicrosoftOutcome {
	w.t.Helper()
	out, err := w.ms.Set(context.Background(), "acme", "test", store.AnyVersion, in)
	w.must(err)
	return out
}

// upload is what an administrator does with a certificate under Certificates &
// secrets.
func (w *msWorld) upload(certificate string) {
	w.t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	w.must(w.tenant.UpdateApp(w.client, func(a *entratest.App) { a.Certificates = append(a.Certificates, block.Bytes) }))
}

// begin begins a sign-in with a jar and returns the address of Microsoft's page.
func (w *msWorld) begin(jar http.CookieJar, address string) *url.URL {
	w.t.Helper()
	resp := w.call(jar, "GET", address, nil)
	to, err := url.Parse(resp.Header.Get("Location"))
	w.must(err)
	if resp.StatusCode != http.StatusFound || to.Host != "login.microsoftonline.com" || !strings.HasPrefix(to.Path, "/"+w.tenant.ID+"/oauth2/v2.0/authorize") {
		w.t.Fatalf("it leads to %s with %d", to, resp.StatusCode)
	}
	return to
}

// answered has somebody sign in at Microsoft's page and returns the address that
// they are sent back to, which nobody has opened yet.
func (w *msWorld) answered(to *url.URL, u *entratest.User) string {
	w.t.Helper()
	b := w.entra.Browser()
	b.Stop = true
	answer, err := b.SignIn(context.Background(), to.String(), u)
	w.must(err)
	if !strings.HasPrefix(answer.URL.String(), w.msURLs().Redirect+"?") {
		w.t.Fatalf("sent back to %s", answer.URL)
	}
	return answer.URL.String()
}

// req: A15
func TestMicrosoft_itSignsInWithCertificateAndSecretWithNeitherSAMLNorSCIM(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, proof := range []directory.MicrosoftProof{directory.ProofCertificate, directory.ProofSecret} {
			t.Run(engine+"/"+string(proof), func(t *testing.T) {
				w := newMicrosoft(t, engine, proof)
				b := w.entra.Browser()
				answer := w.visit(b, w.r.URL+"/w/acme/microsoft/login")
				if answer.Status != 200 || !strings.Contains(answer.Body, "signed in as") || answer.URL.Path != "/w/acme/" {
					t.Fatalf("%d at %s: %s", answer.Status, answer.URL, answer.Body)
				}
				me := w.signedIn(b)
				if me.UserName != w.ada.UserPrincipalName || me.Issuer != w.tenant.Issuer() || me.Attributes["oid"][0] != w.ada.ObjectID || me.Attributes["tid"][0] != w.tenant.ID {
					t.Errorf("whoami: %+v", me)
				}
				all, err := w.store.SessionsOfUser(t.Context(), me.ID)
				if err != nil || len(all) != 1 || all[0].Via() != directory.MethodMicrosoftWeb || !all[0].Web || all[0].OIDC == nil || all[0].SAML != nil {
					t.Errorf("the session is %+v, %v", all, err)
				}
				// The other modules stay off.
				w.says(w.call(nil, "GET", w.urls().Login, nil), problem.ModuleOff)
				if _, err := w.signIn(w.r, w.tenant.AccessToken(w.app, w.ada)); err == nil {
					t.Error("the app signs in, which is not set up")
				}
				resp := w.call(nil, "POST", w.r.URL+"/w/acme/signout", url.Values{})
				if resp.StatusCode != 200 {
					t.Errorf("signing out without a session: %d", resp.StatusCode)
				}
			})
		}
	}
}

// req: A15
func TestMicrosoft_itAsksForACodeWithPKCENonceAndState(t *testing.T) {
	w := newMicrosoft(t, "sqlite", directory.ProofCertificate)
	jar := w.jar()
	q := w.begin(jar, w.msURLs().Login+"?login_hint=ada@acme.example&prompt=select_account&return_to=https://evil.example/").Query()
	for name, want := range map[string]string{
		"response_type": "code", "response_mode": "query", "code_challenge_method": "S256", "client_id": w.client.ClientID,
		"redirect_uri": w.msURLs().Redirect, "login_hint": "ada@acme.example", "prompt": "select_account", "scope": "openid profile email",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("state")) < 43 || len(q.Get("nonce")) < 43 || len(q.Get("code_challenge")) != 43 {
		t.Errorf("short secrets: %v", q)
	}
	again := w.begin(jar, w.msURLs().Login).Query()
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if again.Get(name) == q.Get(name) {
			t.Errorf("%s is used twice", name)
		}
	}
	// What the database holds of the request redeems nothing.
	ticket, err := w.store.Ticket(t.Context(), store.TicketKey{Kind: store.TicketRequest, Workspace: "acme", Hash: directory.HashToken(q.Get("state"))}, time.Now())
	w.must(err)
	if strings.Contains(string(ticket.Doc), q.Get("nonce")) || strings.Contains(string(ticket.Doc), "verifier") || strings.Contains(string(ticket.Doc), "evil") {
		t.Errorf("the ticket holds %s", ticket.Doc)
	}
}

// req: A15
func TestMicrosoft_itRefusesEveryWrongAnswerWithACodeOfItsOwn(t *testing.T) {
	w := newMicrosoft(t, "sqlite", directory.ProofCertificate)
	const personal = "9188040d-6c67-4c5b-b112-36a304b66dad"
	other := w.entra.AddTenant(entratest.TenantOptions{Domain: "other.example"})
	for _, c := range []struct {
		it     string
		change func(entratest.Claims)
		want   problem.Code
	}{
		{"of another tenant", func(c entratest.Claims) { c["tid"], c["iss"] = other.ID, other.Issuer() }, problem.M365Tenant},
		{"for another application", func(c entratest.Claims) { c["aud"] = w.app.ClientID }, problem.M365Audience},
		{"without a nonce", func(c entratest.Claims) { delete(c, "nonce") }, problem.M365Nonce},
		{"with another nonce", func(c entratest.Claims) { c["nonce"] = "another" }, problem.M365Nonce},
		{"with the issuer of a template", func(c entratest.Claims) { c["iss"] = "https://login.microsoftonline.com/{tenantid}/v2.0" }, problem.M365IssuerClaim},
		{"with the issuer of all tenants", func(c entratest.Claims) { c["iss"] = "https://login.microsoftonline.com/common/v2.0" }, problem.M365IssuerClaim},
		{"of a personal account", func(c entratest.Claims) {
			c["tid"], c["iss"] = personal, "https://login.microsoftonline.com/"+personal+"/v2.0"
		}, problem.M365Personal},
		{"that has ended", func(c entratest.Claims) { c["exp"] = time.Now().Add(-time.Hour).Unix() }, problem.M365Time},
		{"without an object id", func(c entratest.Claims) { delete(c, "oid") }, problem.M365Token},
		{"of version 1", func(c entratest.Claims) { c["ver"] = "1.0" }, problem.M365Token},
		{"that is an access token", func(c entratest.Claims) { c["scp"] = "access_as_user" }, problem.M365Nonce},
	} {
		t.Run("it refuses one "+c.it, func(t *testing.T) {
			w.entra.AlterIDTokens(c.change)
			defer w.entra.AlterIDTokens(nil)
			b := w.entra.Browser()
			w.t = t
			w.refused(w.visit(b, w.msURLs().Login), c.want)
			if w.whoami(b, w.r) != nil {
				t.Error("somebody is signed in")
			}
		})
	}
	w.t = t
	w.signedIn(func() *entratest.Browser { b := w.entra.Browser(); w.visit(b, w.msURLs().Login); return b }())
}

// req: A15
func TestMicrosoft_itGivesAnAttackerNothing(t *testing.T) {
	w := newMicrosoft(t, "sqlite", directory.ProofCertificate)
	eve := w.tenant.AddUser(entratest.User{GivenName: "Eve", Surname: "Other"})
	get := func(jar http.CookieJar, address string) *http.Response {
		t.Helper()
		return w.call(jar, "GET", address, nil)
	}
	nobody := func(jar http.CookieJar) {
		t.Helper()
		if resp := get(jar, w.r.URL+"/w/acme/whoami"); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("whoami: %d", resp.StatusCode)
		}
	}
	t.Run("by login CSRF: an answer of the attacker's in another browser", func(*testing.T) {
		mine, theirs := w.jar(), w.jar()
		back := w.answered(w.begin(mine, w.msURLs().Login), eve)
		w.begin(theirs, w.msURLs().Login) // who has begun one of their own
		w.says(get(theirs, back), problem.M365OtherBrowser)
		nobody(theirs)
		// It was one guess: the state is spent for its own browser too.
		w.says(get(mine, back), problem.M365State)
		nobody(mine)
	})
	t.Run("by replay", func(*testing.T) {
		jar := w.jar()
		back := w.answered(w.begin(jar, w.msURLs().Login), w.ada)
		if resp := get(jar, back); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/w/acme/" {
			t.Fatalf("%d %s", resp.StatusCode, resp.Header.Get("Location"))
		}
		w.says(get(jar, back), problem.M365State)
		w.says(get(w.jar(), back), problem.M365State)
	})
	t.Run("by code injection: a code of theirs with the state of another's sign-in", func(*testing.T) {
		victim := w.jar()
		state := w.begin(victim, w.msURLs().Login).Query().Get("state")
		stolen, err := url.Parse(w.answered(w.begin(w.jar(), w.msURLs().Login), eve))
		w.must(err)
		q := stolen.Query()
		q.Set("state", state)
		stolen.RawQuery = q.Encode()
		w.says(get(victim, stolen.String()), problem.OIDCRefused) // PKCE, and before it the nonce
		nobody(victim)
	})
	t.Run("by state fixation: a state and a cookie that were made beforehand", func(*testing.T) {
		attacker, victim := w.jar(), w.jar()
		to := w.begin(attacker, w.msURLs().Login)
		at, err := url.Parse(w.r.URL)
		w.must(err)
		fixed := attacker.Cookies(at)[0]
		fixed.Value = strings.Repeat("A", 43)
		victim.SetCookies(at, []*http.Cookie{fixed})
		w.says(get(victim, w.answered(to, eve)), problem.M365OtherBrowser)
		nobody(victim)
	})
	t.Run("by mix-up: an answer that names another server, or comes to another workspace", func(*testing.T) {
		jar := w.jar()
		back := w.answered(w.begin(jar, w.msURLs().Login), w.ada)
		w.says(get(jar, back+"&iss="+url.QueryEscape("https://login.evil.example/v2.0")), problem.M365Issuer)
		nobody(jar)
		w.must(w.store.CreateWorkspace(t.Context(), directory.Workspace{ID: "beta", Name: "Beta", Created: time.Now(), Modified: time.Now(), JIT: true}))
		on, tenant := true, w.tenant.ID
		secret := "a-secret-of-the-app-registration"
		_, err := w.ms.Set(t.Context(), "beta", "test", store.AnyVersion, signin.MicrosoftInput{
			ClientID: &w.client.ClientID, TenantID: &tenant, Secret: &secret, Enabled: &on, Untested: true,
		})
		w.must(err)
		back = w.answered(w.begin(jar, w.msURLs().Login), w.ada)
		w.says(get(jar, strings.Replace(back, "/w/acme/", "/w/beta/", 1)), problem.M365State)
		nobody(jar)
	})
	t.Run("by cookie tossing: on https only this very host can set the cookie", func(*testing.T) {
		secure := w.serve(w.open(), func(c *Config) {
			c.PublicURL, c.ServerKey = &url.URL{Scheme: "https", Host: "sso.acme.example"}, serverKey
		})
		cookies := get(nil, secure.URL+"/w/acme/microsoft/login").Cookies()
		if len(cookies) != 1 || !strings.HasPrefix(cookies[0].Name, "__Host-lanyard-r-") || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].Domain != "" || cookies[0].Path != "/" {
			t.Errorf("cookies: %+v", cookies)
		}
	})
	t.Run("by an open redirect", func(*testing.T) {
		for _, to := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"} {
			jar := w.jar()
			back := w.answered(w.begin(jar, w.msURLs().Login+"?return_to="+url.QueryEscape(to)), w.ada)
			if resp := get(jar, back); resp.Header.Get("Location") != "/w/acme/" {
				t.Errorf("%s leads to %s", to, resp.Header.Get("Location"))
			}
		}
		jar := w.jar()
		back := w.answered(w.begin(jar, w.msURLs().Login+"?return_to="+url.QueryEscape("/w/acme/whoami")), w.ada)
		if resp := get(jar, back); resp.Header.Get("Location") != "/w/acme/whoami" {
			t.Errorf("a path of ours leads to %s", resp.Header.Get("Location"))
		}
	})
	t.Run("by looking: a HEAD spends nothing", func(*testing.T) {
		jar := w.jar()
		back := w.answered(w.begin(jar, w.msURLs().Login), w.ada)
		if resp := w.call(jar, "HEAD", back, nil); resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("HEAD: %d", resp.StatusCode)
		}
		if resp := get(jar, back); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("afterwards: %d", resp.StatusCode)
		}
	})
	t.Run("by odd answers", func(*testing.T) {
		for _, q := range []string{"", "?code=x", "?state=", "?state=unknown&code=x", "?state=a&state=b&code=c"} {
			w.says(get(w.jar(), w.msURLs().Redirect+q), problem.M365State)
		}
		jar := w.jar()
		state := w.begin(jar, w.msURLs().Login).Query().Get("state")
		w.says(get(jar, w.msURLs().Redirect+"?state="+state), problem.BadCallback)
	})
	if log := w.log.String(); strings.Contains(log, "lysess_") || strings.Contains(log, "code=1.") {
		t.Error("the log holds a secret")
	}
}
