package msal

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// req: G6
func TestSignIn_itBringsATokenAndKeepsTheAccount(t *testing.T) {
	d := newDesk(t)
	token := d.signIn(t, d.provider())
	if token.AccessToken == "" || token.Account == "" || token.Notice != nil {
		t.Fatalf("got %+v", token)
	}
	if token.UserName != d.user.UserPrincipalName {
		t.Errorf("user name %q, want %q", token.UserName, d.user.UserPrincipalName)
	}
	if !token.ExpiresAt.After(time.Now()) {
		t.Errorf("expires at %v", token.ExpiresAt)
	}
	c := d.contents(t)
	for _, section := range []string{"AccessToken", "RefreshToken", "IdToken", "Account", "AppMetadata"} {
		if len(c[section]) != 1 {
			t.Errorf("%d rows in %s, want 1", len(c[section]), section)
		}
	}
}

// req: G6
// req: H3
func TestSignIn_itAsksMicrosoftForAllThatTheAnswerIsCheckedBy(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	_, err := p.SignIn(t.Context(), d.request(func(r *auth.Request) {
		r.LoginHint, r.DomainHint, r.Prompt = "ada@acme.example", "acme.example", "select_account"
	}))
	if err != nil {
		t.Fatal(err)
	}
	asked := d.entra.RequestsTo(entratest.MatchPath("/authorize"))
	if len(asked) != 1 {
		t.Fatalf("%d authorize requests", len(asked))
	}
	q := asked[0].Params
	for name, want := range map[string]string{
		"client_id": d.app.ClientID, "response_type": "code", "response_mode": "form_post",
		"scope":                 "openid profile offline_access " + d.app.ScopeName("access_as_user"),
		"code_challenge_method": "S256",
		"login_hint":            "ada@acme.example", "domain_hint": "acme.example", "prompt": "select_account",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if got := q.Get(name); len(got) != 43 { // 32 bytes
			t.Errorf("%s is %q", name, got)
		}
	}
	if u, err := url.Parse(q.Get("redirect_uri")); err != nil || u.Scheme != "http" || u.Hostname() != "localhost" || u.Port() == "" || u.Path != "" {
		t.Errorf("redirect_uri is %q", q.Get("redirect_uri"))
	}
	if !strings.Contains(q.Get("claims"), `"cp1"`) {
		t.Errorf("claims is %q: no client capability", q.Get("claims"))
	}
	redeemed := d.entra.RequestsTo(entratest.MatchGrant("authorization_code"))
	if len(redeemed) != 1 || redeemed[0].Params.Get("code_verifier") == "" {
		t.Fatalf("redeemed %v", redeemed)
	}
	id := q.Get("client-request-id")
	if got := redeemed[0].Header.Get("client-request-id"); got != id || !guidForm.MatchString(id) {
		t.Errorf("correlation ids %q and %q", id, got)
	}

	// Without hints there are none, and nothing is used twice.
	d.signIn(t, p)
	again := d.entra.RequestsTo(entratest.MatchPath("/authorize"))[1].Params
	for _, name := range []string{"login_hint", "domain_hint", "prompt"} {
		if again.Has(name) {
			t.Errorf("%s is %q", name, again.Get(name))
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if again.Get(name) == q.Get(name) {
			t.Errorf("%s is used twice", name)
		}
	}
}

// req: H6
func TestSignIn_itAsksForNothingInASessionThatMicrosoftHas(t *testing.T) {
	d := newDesk(t)
	d.signIn(t, d.provider())
	if !slices.Contains(d.browser.Pages, "password") {
		t.Fatalf("the first sign-in has the pages %v", d.browser.Pages)
	}
	d.signIn(t, d.provider())
	// The page that posts the answer is nothing to look at.
	if diff := cmp.Diff([]string{"post"}, d.browser.Pages); diff != "" {
		t.Errorf("pages of the second sign-in (-want +got):\n%s", diff)
	}
}

// req: G6
func TestSignIn_itSurvivesStraysBeforeTheAnswer(t *testing.T) {
	d := newDesk(t)
	d.before = func(_ context.Context, address string) {
		back := paramOf(t, address, "redirect_uri")
		for _, stray := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/favicon.ico", 404},
			{"GET", "/", 400},
			{"HEAD", "/", 405},
			{"POST", "/", 400},
			{"GET", "/?code=stolen&state=wrong", 400},
			{"GET", "/?error=access_denied", 400},
		} {
			if got := get(t, stray.method, back+stray.path); got != stray.status {
				t.Errorf("%s %s: status %d, want %d", stray.method, stray.path, got, stray.status)
			}
		}
		// A bare connection must not hold anything up either.
		c, err := net.Dial("tcp", strings.TrimPrefix(back, "http://"))
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	d.signIn(t, d.provider())
	if _, err := net.Dial("tcp", strings.TrimPrefix(d.param(t, "redirect_uri"), "http://")); err == nil {
		t.Error("the port is still open")
	}
}

// req: G6
func TestSignIn_itEndsWhenThePersonSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		press func(*entratest.Browser)
		want  problem.Code
	}{
		"cancels":          {func(b *entratest.Browser) { b.Cancel = true }, problem.SignInCancelled},
		"declines consent": {func(b *entratest.Browser) { b.Decline = true }, problem.ConsentNeeded},
	} {
		t.Run("it ends when the person "+name, func(t *testing.T) {
			d := newDesk(t)
			if err := d.tenant.RevokeConsent(d.app); err != nil {
				t.Fatal(err)
			}
			c.press(d.browser)
			_, err := d.provider().SignIn(t.Context(), d.request())
			wantCode(t, err, c.want)
			d.empty(t)
		})
	}
}

// req: G6
func TestSignIn_itEndsWithItsContextAndInTime(t *testing.T) {
	d := newDesk(t)
	nobody := func(c *Config) { c.OpenURL = func(context.Context, string) error { return nil } }
	ctx, cancel := context.WithCancel(t.Context())
	p := d.provider(nobody, func(c *Config) {
		c.OpenURL = func(context.Context, string) error { cancel(); return nil }
	})
	_, err := p.SignIn(ctx, d.request())
	wantCode(t, err, problem.SignInCancelled)

	p = d.provider(nobody, func(c *Config) { c.SignInLimit = 200 * time.Millisecond })
	_, err = p.SignIn(t.Context(), d.request())
	wantCode(t, err, problem.SignInTimedOut)
	d.empty(t)
	if got := New(Config{}).config.SignInLimit; got != 5*time.Minute {
		t.Errorf("the limit is %v by default", got)
	}
}

func TestSignIn_itSaysWhenThereIsNoBrowserOrNoPort(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct {
		change func(*Config)
		want   problem.Code
	}{
		"no opener":   {func(c *Config) { c.OpenURL = nil }, problem.NoBrowser},
		"no way back": {func(c *Config) { c.Return = nil }, problem.NoBrowser},
		"an opener fails": {func(c *Config) {
			c.OpenURL = func(context.Context, string) error { return problem.New(problem.NoBrowser) }
		}, problem.NoBrowser},
		"an unknown failure": {func(c *Config) {
			c.OpenURL = func(_ context.Context, u string) error { return fmt.Errorf("cannot open %s", u) }
		}, problem.NoBrowser},
		"no port": {func(c *Config) {
			c.Return = func(context.Context, string) (auth.Return, error) { return nil, problem.New(problem.PortBusy) }
		}, problem.PortBusy},
	} {
		t.Run("it says so: "+name, func(t *testing.T) {
			_, err := d.provider(c.change).SignIn(t.Context(), d.request())
			wantCode(t, err, c.want)
			if strings.Contains(err.Error(), "code_challenge") {
				t.Errorf("the error holds the address: %v", err)
			}
		})
	}
}

// tokenAnswer makes the token endpoint answer with this ID token.
func (d *desk) tokenAnswer(idToken string) {
	body, _ := json.Marshal(map[string]any{
		"token_type": "Bearer", "scope": d.app.ScopeName("access_as_user"), "expires_in": 3600,
		"access_token": d.tenant.AccessToken(d.app, d.user), "refresh_token": "1.canary", "id_token": idToken,
	})
	d.entra.FailNext(entratest.MatchGrant("authorization_code"), entratest.Failure{
		Status: 200, Body: string(body),
		Header: map[string][]string{"Content-Type": {"application/json"}},
	})
}

// req: G6
func TestSignIn_itRefusesAnIDTokenThatFailsACheck(t *testing.T) {
	claim := func(name string, value any) func(entratest.Claims) {
		return func(c entratest.Claims) { c[name] = value }
	}
	const other = "11111111-2222-4333-8444-555555555555"
	for name, c := range map[string]struct {
		mutate func(entratest.Claims)
		reason string
	}{
		"another nonce":         {claim("nonce", "another"), "nonce"},
		"no nonce":              {func(c entratest.Claims) { delete(c, "nonce") }, "nonce"},
		"another audience":      {claim("aud", other), "another app"},
		"another issuer":        {claim("iss", "https://login.microsoftonline.com/"+other+"/v2.0"), "issuer"},
		"an issuer of nobody's": {claim("iss", "https://login.example.com/v2.0"), "issuer"},
		"another tenant":        {claim("tid", other), "tenant"},
		"version 1":             {claim("ver", "1.0"), "version"},
		"no object id":          {func(c entratest.Claims) { delete(c, "oid") }, "object id"},
		"expired":               {claim("exp", time.Now().Add(-10*time.Minute).Unix()), "expired"},
		"no expiry":             {func(c entratest.Claims) { delete(c, "exp") }, "expired"},
		"not valid yet":         {claim("nbf", time.Now().Add(10*time.Minute).Unix()), "not valid yet"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			d := newDesk(t)
			d.before = func(_ context.Context, address string) {
				d.tokenAnswer(d.tenant.IDToken(d.app, d.user, claim("nonce", paramOf(t, address, "nonce")), c.mutate))
			}
			_, err := d.provider().SignIn(t.Context(), d.request())
			wantCode(t, err, problem.BadIDToken)
			if !strings.Contains(problem.DetailOf(err), c.reason) {
				t.Errorf("refused for %q, want %q", problem.DetailOf(err), c.reason)
			}
			d.empty(t)
		})
	}
	t.Run("it takes the same one unchanged", func(t *testing.T) {
		d := newDesk(t)
		d.before = func(_ context.Context, address string) {
			d.tokenAnswer(d.tenant.IDToken(d.app, d.user, claim("nonce", paramOf(t, address, "nonce"))))
		}
		d.signIn(t, d.provider())
	})
}

// req: G6
func TestSignIn_itRefusesAForgedSignature(t *testing.T) {
	// Those forgeries that are about the signature; the others are about
	// claims that access tokens have.
	forgeries := []entratest.Forgery{
		entratest.AlgNone, entratest.AlgNoneMixedCase, entratest.AlgEmpty, entratest.HS256PublicPEM,
		entratest.HS256Certificate, entratest.HS512PublicDER, entratest.AlgRS512, entratest.OtherKey,
		entratest.OtherKeyNoKid, entratest.UnknownKid, entratest.NoKid, entratest.EmptyKid,
		entratest.EmbeddedJWK, entratest.JKU, entratest.CritUnknown, entratest.BadSignature,
		entratest.ChangedClaims, entratest.OtherTenant, entratest.OtherIssuer, entratest.IssuerSlash,
		entratest.OtherAudience, entratest.AudienceList, entratest.Expired, entratest.NotYetValid,
		entratest.NoExpiry, entratest.NoObjectID, entratest.V1Token,
	}
	for _, f := range forgeries {
		t.Run("it refuses "+string(f), func(t *testing.T) {
			d := newDesk(t)
			var forged string
			d.before = func(_ context.Context, address string) {
				forged = d.tenant.Forge(f, d.app, d.user, func(c entratest.Claims) { c["nonce"] = paramOf(t, address, "nonce") })
				d.tokenAnswer(forged)
			}
			_, err := d.provider().SignIn(t.Context(), d.request())
			// MSAL itself chokes on a few, which is as good.
			if code := codeOf(err); code != problem.BadIDToken && code != problem.EntraRefused {
				t.Errorf("got %v", err)
			}
			if strings.Contains(err.Error(), "metadata") || strings.Contains(err.Error(), "keys:") {
				t.Errorf("it was not the token that was refused: %v", err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %s", err, err, problem.DetailOf(err)), forged[:40]) {
				t.Errorf("the error holds the token: %v", err)
			}
			d.empty(t)
		})
	}
}

func TestSignIn_itFindsTheNewKeyAfterMicrosoftChangedKeys(t *testing.T) {
	d := newDesk(t)
	p := d.provider()
	d.signIn(t, p)
	for range 2 { // the next key is published before it is used
		if err := d.entra.RotateKeys(); err != nil {
			t.Fatal(err)
		}
	}
	d.entra.Advance(keyRetry + time.Second)
	d.signIn(t, p)
}

// req: G7
func TestSignIn_itSetsABadCacheAsideBeforeTheBrowserOpens(t *testing.T) {
	spoil := map[string]func(*testing.T, *desk){
		"damaged": func(t *testing.T, d *desk) {
			if err := os.WriteFile(filepath.Join(d.dir, "msal.sealed"), []byte("rubbish"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"without its key": func(t *testing.T, d *desk) {
			if err := os.Remove(filepath.Join(d.dir, "key")); err != nil {
				t.Fatal(err)
			}
		},
		"not JSON":                 sealText(`{"AccessToken":`),
		"null":                     sealText(`null`),
		"a list":                   sealText(`[]`),
		"a section that is none":   sealText(`{"AccessToken":5}`),
		"a row MSAL cannot decode": sealText(`{"AccessToken":{"k":{"expires_on":["canary"]}}}`),
	}
	for name, f := range spoil {
		t.Run("it survives one that is "+name, func(t *testing.T) {
			d := newDesk(t)
			d.signIn(t, d.provider())
			f(t, d)
			asideAtBrowser := -1
			d.before = func(context.Context, string) {
				names, _ := filepath.Glob(filepath.Join(d.dir, "*.corrupt-*"))
				asideAtBrowser = len(names)
			}
			p := d.provider()
			token, err := p.SignIn(t.Context(), d.request())
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, token.Notice, problem.CacheUnreadable)
			if strings.Contains(token.Notice.Error(), "canary") {
				t.Errorf("the notice quotes the cache: %v", token.Notice)
			}
			if asideAtBrowser != 1 {
				t.Errorf("when the browser opened, %d files had been set aside", asideAtBrowser)
			}
			if again, err := p.Silent(t.Context(), d.request(d.of(token.Account))); err != nil || again.Notice != nil {
				t.Errorf("then: %v, notice %v", err, again.Notice)
			}
		})
	}
}

func sealText(text string) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		err := d.file().Update(t.Context(), func([]byte) ([]byte, error) { return []byte(text), nil })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// lockedKeys is a keychain that is locked.
type lockedKeys struct{ sealed.KeyStore }

func (lockedKeys) Load(context.Context) (sealed.Key, error) {
	return sealed.Key{}, problem.New(problem.KeychainLocked)
}

// req: G7
func TestSignIn_itAsksNobodyWhenTheKeychainIsLocked(t *testing.T) {
	d := newDesk(t)
	d.keys = lockedKeys{}
	_, err := d.provider().SignIn(t.Context(), d.request())
	wantCode(t, err, problem.KeychainLocked)
	if len(d.opened) != 0 {
		t.Error("the browser was opened all the same")
	}
}

func TestSignIn_itWorksInMemoryOnly(t *testing.T) {
	d := newDesk(t)
	v, err := platform.OpenVault(platform.VaultConfig{Keys: platform.MemoryKey()})
	if err != nil {
		t.Fatal(err)
	}
	p := d.provider(func(c *Config) { c.Cache = v.File("msal") })
	token := d.signIn(t, p)
	if _, err := p.Silent(t.Context(), d.request(d.of(token.Account))); err != nil {
		t.Error(err)
	}
	d.empty(t)
}

func TestSignIn_itRefusesARequestThatIsNotMicrosofts(t *testing.T) {
	const tenant = "11111111-2222-4333-8444-555555555555"
	good := auth.Request{
		Authority: "https://login.microsoftonline.com/" + tenant, TenantID: tenant,
		ClientID: "99999999-2222-4333-8444-555555555555", Scope: "api://x/access_as_user",
	}
	if _, err := checkRequest(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*auth.Request){
		"a look-alike host": func(r *auth.Request) { r.Authority = "https://login.microsoftonline.com.evil.example/" + tenant },
		"a port":            func(r *auth.Request) { r.Authority = "https://login.microsoftonline.com:8443/" + tenant },
		"http":              func(r *auth.Request) { r.Authority = "http://login.microsoftonline.com/" + tenant },
		"a user name":       func(r *auth.Request) { r.Authority = "https://login.microsoftonline.com@evil.example/" + tenant },
		"the common tenant": func(r *auth.Request) { r.Authority = "https://login.microsoftonline.com/common" },
		"another tenant":    func(r *auth.Request) { r.TenantID = good.ClientID },
		"a longer path":     func(r *auth.Request) { r.Authority += "/v2.0" },
		"a query":           func(r *auth.Request) { r.Authority += "?x=y" },
		"no client id":      func(r *auth.Request) { r.ClientID = "" },
		"no scope":          func(r *auth.Request) { r.Scope = "" },
		"two scopes in one": func(r *auth.Request) { r.Scope = "a b" },
		// A server that the person was talked into naming gets the token, so it
		// must never be one for their mail.
		"Microsoft Graph":      func(r *auth.Request) { r.Scope = "https://graph.microsoft.com/Mail.Read" },
		"all of an API":        func(r *auth.Request) { r.Scope = "https://management.azure.com/.default" },
		"all of one's own API": func(r *auth.Request) { r.Scope = "api://x/.Default" },
		"a scope of Graph's":   func(r *auth.Request) { r.Scope = "Files.ReadWrite.All" },
		"an API by its GUID":   func(r *auth.Request) { r.Scope = "00000003-0000-0000-c000-000000000000/Mail.Read" },
		"an API and a query":   func(r *auth.Request) { r.Scope = "api://x/y?z" },
		"no address at all":    func(r *auth.Request) { r.Authority = "" },
		"an escaped address":   func(r *auth.Request) { r.Authority = "https://%zz" },
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			r := good
			change(&r)
			p := New(Config{Cache: sealed.InMemory()})
			_, err := p.SignIn(t.Context(), r)
			wantCode(t, err, problem.WorkspaceNotSet)
			r.Account = "a.b"
			_, err = p.Silent(t.Context(), r)
			wantCode(t, err, problem.WorkspaceNotSet)
			_, err = p.LogoutURL(t.Context(), r)
			wantCode(t, err, problem.WorkspaceNotSet)
		})
	}
}
