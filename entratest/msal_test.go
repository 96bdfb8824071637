package entratest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/lanyard-sso/lanyard/entratest"
)

// msal is the real MSAL on its production path: the production authority,
// instance discovery on, everything through the CONNECT proxy, and no client
// of ours.
func (r *rig) msal(opts ...public.Option) public.Client {
	r.t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(r.e.CA()) {
		r.t.Fatal("the CA is no PEM")
	}
	proxy, err := url.Parse(r.e.ProxyURL())
	if err != nil {
		r.t.Fatal(err)
	}
	hc := &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
	c, err := public.New(r.app.ClientID, append([]public.Option{
		public.WithAuthority(r.tenant.Authority()), public.WithHTTPClient(hc),
	}, opts...)...)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) ctx() context.Context {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	r.t.Cleanup(cancel)
	return ctx
}

func TestMSAL_itSignsInByItsOwnListener(t *testing.T) {
	r := newRig(t)
	c := r.msal()
	ctx := r.ctx()
	done := make(chan error, 1)
	res, err := c.AcquireTokenInteractive(ctx, []string{r.app.ScopeName("access_as_user")},
		public.WithOpenURL(func(u string) error {
			go func() { done <- r.tenant.SignInAs(ctx, u, r.ada) }()
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if res.Account.HomeAccountID != r.ada.ObjectID+"."+r.tenant.ID || res.Account.PreferredUsername != "ada@acme.example" {
		t.Errorf("%+v", res.Account)
	}
	if len(r.e.RequestsTo(entratest.MatchPath("/token"))) != 1 {
		t.Error("more than one token request")
	}
}

// byCode signs in as our own client does: our listener, state, nonce, PKCE.
func (r *rig) byCode(c public.Client) public.AuthResult {
	r.t.Helper()
	ctx := r.ctx()
	scopes := []string{r.app.ScopeName("access_as_user")}
	raw, err := c.AuthCodeURL(ctx, r.app.ClientID, r.back, scopes)
	if err != nil {
		r.t.Fatal(err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		r.t.Fatal(err)
	}
	if want := r.e.BrowserURL() + "/" + r.tenant.ID + "/oauth2/v2.0/authorize"; !strings.HasPrefix(raw, want) {
		r.t.Fatalf("MSAL sends people to %s, not to the metadata's %s", raw, want)
	}
	q := u.Query()
	amend(q, []string{
		"scope", scopes[0] + " openid profile offline_access", "state", "s", "nonce", "the nonce",
		"code_challenge", challengeOf(verifier), "code_challenge_method", "S256", "response_mode", "form_post",
	})
	u.RawQuery = q.Encode()
	a, err := r.e.Browser().SignIn(ctx, u.String(), r.ada)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := c.AcquireTokenByAuthCode(ctx, a.Params.Get("code"), r.back, scopes, public.WithChallenge(verifier))
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

func TestMSAL_itSignsInByAListenerOfOursAndThenSilently(t *testing.T) {
	r := newRig(t, entratest.Options{AccessTokenLifetime: 299 * time.Second}) // MSAL refreshes below 300
	c := r.msal(public.WithClientCapabilities([]string{"cp1"}))
	res := r.byCode(c)
	if claims(t, res.IDToken.RawToken)["nonce"] != "the nonce" {
		t.Error("the nonce is not in the ID token")
	}
	silent := func() (public.AuthResult, error) {
		return c.AcquireTokenSilent(r.ctx(), []string{r.app.ScopeName("access_as_user")}, public.WithSilentAccount(res.Account))
	}
	got, err := silent()
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessToken == res.AccessToken || len(r.e.RequestsTo(entratest.MatchGrant("refresh_token"))) != 1 {
		t.Error("the token was not refreshed")
	}
	if cc, _ := claims(t, got.AccessToken)["xms_cc"].([]any); len(cc) != 1 || cc[0] != "cp1" {
		t.Errorf("xms_cc %v", cc)
	}
	if err := r.tenant.Disable(r.ada); err != nil {
		t.Fatal(err)
	}
	_, err = silent()
	var call msalerrors.CallErr
	if !errors.As(err, &call) || call.Resp.StatusCode != http.StatusBadRequest || !strings.Contains(err.Error(), "AADSTS50057") {
		t.Errorf("a disabled person: %v", err)
	}
}

func TestMSAL_itSignsInWithADeviceCode(t *testing.T) {
	r := newRig(t)
	scopes := []string{r.app.ScopeName("access_as_user")}
	t.Run("it waits for the person", func(t *testing.T) {
		dc, err := r.msal().AcquireTokenByDeviceCode(r.ctx(), scopes)
		if err != nil {
			t.Fatal(err)
		}
		b := r.e.Browser()
		if err := b.EnterCode(r.ctx(), dc.Result.VerificationURL, strings.ToLower(dc.Result.UserCode[:4]+"-"+dc.Result.UserCode[4:]), r.ada); err != nil {
			t.Fatal(err)
		}
		res, err := dc.AuthenticationResult(r.ctx())
		if err != nil {
			t.Fatal(err)
		}
		if res.Account.PreferredUsername != "ada@acme.example" || claims(t, res.AccessToken)["scp"] != "access_as_user" {
			t.Errorf("%+v", res.Account)
		}
		if want := "code pick password confirm consent message"; strings.Join(b.Pages, " ") != want {
			t.Errorf("pages %v, want %s", b.Pages, want)
		}
	})
	t.Run("it hears that the person declined", func(t *testing.T) {
		dc, err := r.msal().AcquireTokenByDeviceCode(r.ctx(), scopes)
		if err != nil {
			t.Fatal(err)
		}
		b := r.e.Browser()
		b.Cancel = true
		if err := b.EnterCode(r.ctx(), dc.Result.VerificationURL, dc.Result.UserCode, r.ada); err != nil {
			t.Fatal(err)
		}
		if _, err := dc.AuthenticationResult(r.ctx()); err == nil {
			t.Error("a sign-in that was declined")
		}
	})
}

func TestDeviceCode_itGoesThroughItsStates(t *testing.T) {
	r := newRig(t)
	begin := func() (device, user string) {
		t.Helper()
		r.e.ClearFailures()
		var got struct {
			answer
			DeviceCode string `json:"device_code"`
			UserCode   string `json:"user_code"`
		}
		res, err := r.http.PostForm(r.tenant.Authority()+"/oauth2/v2.0/devicecode", url.Values{
			"client_id": {r.app.ClientID}, "scope": {r.app.ScopeName("access_as_user") + " openid profile"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		decode(t, res, &got)
		return got.DeviceCode, got.UserCode
	}
	poll := func(device, grant string) answer {
		t.Helper()
		return r.token(url.Values{"grant_type": {grant}, "client_id": {r.app.ClientID}, "device_code": {device}})
	}
	const urn = "urn:ietf:params:oauth:grant-type:device_code"
	device, user := begin()
	for _, grant := range []string{urn, "device_code"} {
		if got := poll(device, grant); got.Status != 400 || got.Error != "authorization_pending" || got.code() != 70016 {
			t.Errorf("pending: %+v", got)
		}
	}
	if got := poll("nobody's", urn); got.Error != "bad_verification_code" || got.code() != 70018 {
		t.Errorf("unknown: %+v", got)
	}
	if err := r.e.Browser().EnterCode(r.ctx(), r.e.BrowserURL()+"/devicelogin", "WRONG2345", r.ada); pageError(t, err).Text == "" {
		t.Error("a wrong user code says nothing")
	}
	if err := r.e.Browser().EnterCode(r.ctx(), r.e.BrowserURL()+"/devicelogin", user, r.ada); err != nil {
		t.Fatal(err)
	}
	if got := poll(device, urn); got.Status != 200 || got.RefreshToken != "" {
		t.Errorf("done: %+v", got)
	}
	if got := poll(device, urn); got.code() != 54005 {
		t.Errorf("twice: %+v", got)
	}
	device, user = begin()
	r.e.Advance(16 * time.Minute)
	if got := poll(device, urn); got.Error != "expired_token" || got.code() != 70020 {
		t.Errorf("expired: %+v", got)
	}
	if err := r.e.Browser().EnterCode(r.ctx(), r.e.BrowserURL()+"/devicelogin", user, r.ada); !strings.Contains(pageError(t, err).Text, "expired") {
		t.Errorf("an expired code on the page: %v", err)
	}
	if err := r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.IsFallbackPublicClient = false }); err != nil {
		t.Fatal(err)
	}
	if got := r.post("/oauth2/v2.0/devicecode", url.Values{"client_id": {r.app.ClientID}, "scope": {"openid"}}); got.code() != 7000218 {
		t.Errorf("public client flows not allowed: %+v", got)
	}
}
