package entratest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/lanyard-sso/lanyard/entratest"
)

func TestTokens_theyHaveEntrasClaims(t *testing.T) {
	r := newRig(t)
	if err := r.tenant.Assign(r.app, r.ada, "Reader", "Admin"); err != nil {
		t.Fatal(err)
	}
	got := r.redeem(r.signIn("claims", `{"access_token":{"xms_cc":{"values":["cp1"]}}}`).Get("code"))
	id, access := claims(t, got.IDToken), claims(t, got.AccessToken)
	for name, want := range map[string]any{
		"iss": "https://login.microsoftonline.com/" + r.tenant.ID + "/v2.0", "aud": r.app.ClientID, "tid": r.tenant.ID, "oid": r.ada.ObjectID,
		"preferred_username": "ada@acme.example", "name": "Ada Lovelace", "ver": "2.0",
	} {
		if id[name] != want || access[name] != want {
			t.Errorf("%s: %v and %v, want %v", name, id[name], access[name], want)
		}
	}
	if id["nonce"] != "the nonce" || id["email"] != "ada@acme.example" || id["sid"] == nil {
		t.Errorf("ID token: %v", id)
	}
	if access["azp"] != r.app.ClientID || access["azpacr"] != "0" || access["scp"] != "access_as_user" ||
		fmt.Sprint(access["xms_cc"]) != "[cp1]" || access["email"] != nil || access["idtyp"] != nil || access["nonce"] != nil {
		t.Errorf("access token: %v", access)
	}
	for _, c := range []map[string]any{id, access} {
		if fmt.Sprint(c["roles"]) != "[Admin Reader]" || c["groups"] != nil || c["aio"] == nil || c["uti"] == nil || c["rh"] == nil {
			t.Errorf("%v", c)
		}
		if life := c["exp"].(float64) - c["iat"].(float64); life < 3600+300 || life > 5400+300 || c["nbf"] != c["iat"] {
			t.Errorf("times: %v %v %v", c["iat"], c["nbf"], c["exp"])
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(got.ClientInfo)
	if err != nil {
		t.Fatal(err)
	}
	var info map[string]string
	if err := json.Unmarshal(raw, &info); err != nil || info["uid"] != r.ada.ObjectID || info["utid"] != r.tenant.ID {
		t.Errorf("client_info %s", raw)
	}
}

func TestTokens_theyLeaveOutWhatWasNotAskedFor(t *testing.T) {
	r := newRig(t)
	none := r.tenant.AddUser(entratest.User{GivenName: "Nomail"})
	a, err := r.e.Browser().SignIn(t.Context(), r.authorize(), none)
	if err != nil {
		t.Fatal(err)
	}
	if id := claims(t, r.redeem(a.Params.Get("code")).IDToken); id["email"] != nil {
		t.Errorf("a person without a mailbox has the e-mail %v", id["email"])
	}
	bare := r.redeem(r.signIn("scope", r.app.ScopeName("access_as_user")+" openid", "nonce", "").Get("code"))
	if id := claims(t, bare.IDToken); id["name"] != nil || id["preferred_username"] != nil || id["oid"] != nil || id["nonce"] != nil {
		t.Errorf("without profile: %v", id)
	}
	if bare.RefreshToken != "" {
		t.Error("a refresh token without offline_access")
	}
	if got := r.redeem(r.signIn("scope", r.app.ScopeName("access_as_user")).Get("code")); got.IDToken != "" {
		t.Error("an ID token without openid")
	}
}

func TestTokens_theirSubIsAnotherInEachApp(t *testing.T) {
	r := newRig(t)
	other := r.tenant.AddApp(entratest.App{Name: "Other"})
	a, b := claims(t, r.tenant.IDToken(r.app, r.ada)), claims(t, r.tenant.IDToken(other, r.ada))
	again := claims(t, r.tenant.IDToken(r.app, r.ada))
	if a["sub"] == b["sub"] || a["sub"] != again["sub"] || a["oid"] != b["oid"] {
		t.Errorf("%v, %v, %v", a["sub"], b["sub"], again["sub"])
	}
}

func TestTokens_theyListGroupsUntilThereAreTooMany(t *testing.T) {
	r := newRig(t)
	groups := func(kind entratest.GroupClaims) map[string]any {
		if err := r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.GroupClaims = kind }); err != nil {
			t.Fatal(err)
		}
		return claims(t, r.tenant.AccessToken(r.app, r.ada))
	}
	g := r.tenant.AddGroup(entratest.Group{DisplayName: "G", Members: []string{r.ada.ObjectID}})
	h := r.tenant.AddGroup(entratest.Group{DisplayName: "H", Members: []string{r.ada.ObjectID}})
	if err := r.tenant.AssignGroup(r.app, h, "Reader"); err != nil {
		t.Fatal(err)
	}
	if c := groups(entratest.SecurityGroups); fmt.Sprint(c["groups"]) != fmt.Sprint([]string{g.ObjectID, h.ObjectID}) || fmt.Sprint(c["roles"]) != "[Reader]" {
		t.Errorf("%v", c)
	}
	if c := groups(entratest.AssignedGroups); fmt.Sprint(c["groups"]) != fmt.Sprint([]string{h.ObjectID}) {
		t.Errorf("%v", c)
	}
	if c := groups(entratest.NoGroups); c["groups"] != nil {
		t.Errorf("%v", c)
	}
	for range 199 {
		r.tenant.AddGroup(entratest.Group{Members: []string{r.ada.ObjectID}})
	}
	c := groups(entratest.SecurityGroups)
	if c["groups"] != nil || !strings.Contains(fmt.Sprint(c["_claim_names"]), "src1") ||
		!strings.Contains(fmt.Sprint(c["_claim_sources"]), "/users/"+r.ada.ObjectID+"/getMemberObjects") {
		t.Errorf("%v", c)
	}
}

func TestTokens_theyTellGuestsAndVersionsApart(t *testing.T) {
	r := newRig(t)
	guest := r.tenant.AddUser(entratest.User{Guest: true, Mail: "Zoe@Partner.Example", DisplayName: "Zoe"})
	if guest.UserPrincipalName != "Zoe_Partner.Example#EXT#@acme.example" {
		t.Errorf("UPN %q", guest.UserPrincipalName)
	}
	if c := claims(t, r.tenant.AccessToken(r.app, guest)); c["preferred_username"] != "Zoe@Partner.Example" || c["tid"] != r.tenant.ID || c["idp"] == nil {
		t.Errorf("%v", c)
	}
	if err := r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.RequestedAccessTokenVersion = 1 }); err != nil {
		t.Fatal(err)
	}
	c := claims(t, r.tenant.AccessToken(r.app, r.ada))
	if c["ver"] != "1.0" || c["iss"] != "https://sts.windows.net/"+r.tenant.ID+"/" || c["aud"] != r.app.AppIDURI || c["appid"] != r.app.ClientID || c["azp"] != nil {
		t.Errorf("version 1: %v", c)
	}
}

// keySet reads the JWKS with somebody else's code.
func (r *rig) keySet() jose.JSONWebKeySet {
	r.t.Helper()
	_, doc := r.get(r.tenant.Authority() + "/discovery/v2.0/keys")
	var kept []any
	for _, k := range doc["keys"].([]any) {
		if k.(map[string]any)["kty"] == "RSA" { // RFC 7517 section 5: ignore the others
			kept = append(kept, k)
		}
	}
	raw, err := json.Marshal(map[string]any{"keys": kept})
	if err != nil {
		r.t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		r.t.Fatal(err)
	}
	return set
}

// verified checks a token with another implementation than ours.
func (r *rig) verified(set jose.JSONWebKeySet, token string) bool {
	r.t.Helper()
	tok, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return false
	}
	keys := set.Key(tok.Headers[0].KeyID)
	var c jwt.Claims
	return len(keys) == 1 && tok.Claims(keys[0].Key, &c) == nil && c.ValidateWithLeeway(jwt.Expected{Time: r.e.Now()}, time.Minute) == nil
}

func TestKeys_theyVerifyElsewhereAndRollOver(t *testing.T) {
	r := newRig(t)
	before := r.keySet()
	old := r.tenant.AccessToken(r.app, r.ada)
	if len(before.Keys) < 2 || !r.verified(before, old) {
		t.Fatalf("%d keys; another implementation does not accept our token", len(before.Keys))
	}
	for _, k := range before.Keys {
		if len(k.Certificates) != 1 {
			t.Error("a key without x5c")
		}
	}
	if err := r.e.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	if !r.verified(before, r.tenant.AccessToken(r.app, r.ada)) {
		t.Error("the next key was not published before its use")
	}
	if err := r.tenant.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	fresh := r.tenant.AccessToken(r.app, r.ada)
	if r.verified(before, fresh) {
		t.Error("two rotations on, the old key set still does")
	}
	if after := r.keySet(); !r.verified(after, fresh) || !r.verified(after, old) {
		t.Error("the published keys verify neither the new nor the old token")
	}
	r.e.Advance(25 * time.Hour)
	old1, old2 := before.Keys[0].KeyID, before.Keys[1].KeyID
	if now := r.keySet(); len(now.Keys) != 2 || len(now.Key(old1)) != 0 || len(now.Key(old2)) != 0 {
		t.Error("retired keys stay published for more than a day")
	}
	if err := r.e.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	r.e.WithdrawKeys()
	if len(r.keySet().Keys) != 2 {
		t.Error("withdrawn keys are still published")
	}
}

func TestForge_noForgeryPassesAnotherVerifierThatChecksEverything(t *testing.T) {
	r := newRig(t)
	set := r.keySet()
	accepts := func(token string) bool {
		if !r.verified(set, token) {
			return false
		}
		c := claims(t, token)
		return c["iss"] == r.tenant.Issuer() && c["aud"] == r.app.ClientID && c["tid"] == r.tenant.ID && c["azp"] == r.app.ClientID &&
			c["ver"] == "2.0" && strings.Contains(" "+fmt.Sprint(c["scp"])+" ", " access_as_user ") && c["oid"] == r.ada.ObjectID && c["exp"] != nil
	}
	only := func(c entratest.Claims) { c["scp"] = "access_as_user" }
	if !accepts(r.tenant.AccessToken(r.app, r.ada, only)) {
		t.Fatal("the good token is refused")
	}
	seen := map[string]bool{}
	for _, f := range entratest.Forgeries() {
		token := r.tenant.Forge(f, r.app, r.ada, only)
		// This verifier leaves typ to the application.
		if f != entratest.WrongTyp && accepts(token) {
			t.Errorf("%s was accepted", f)
		}
		if seen[token] {
			t.Errorf("%s is another forgery once more", f)
		}
		seen[token] = true
	}
}
