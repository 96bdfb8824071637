package entra

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

func TestVerify_itReturnsWhoTheTokenIsAbout(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(&clock{now: start})
	c := i.good().with("email", "ada@mail.example")
	got, err := v.Verify(context.Background(), c.signed(0, "k0"), i.expect())
	if err != nil {
		t.Fatal(err)
	}
	want := Identity{ObjectID: objectID, TenantID: tenantID, UserName: "ada@acme.example", Email: "ada@mail.example", Name: "Ada Lovelace"}
	if got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestVerify_itAcceptsWhatEntraMaySend(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(&clock{now: start})
	upper := i.expect()
	upper.TenantID, upper.Audience = strings.ToUpper(tenantID), strings.ToUpper(clientID)
	upper.ClientIDs = []string{otherID, strings.ToUpper(clientID)}
	upper.Authority += "/"
	cases := map[string]struct {
		token string
		want  Expect
	}{
		"settings pasted in capitals":     {i.good().signed(0, "k0"), upper},
		"a header without typ":            {sign(0, `{"alg":"RS256","kid":"k0"}`, i.good().json()), i.expect()},
		"a scope that is the only one":    {i.good().with("scp", "access_as_user").signed(0, "k0"), i.expect()},
		"our clock two minutes ahead":     {i.good().with("exp", start.Add(-119*time.Second).Unix()).signed(0, "k0"), i.expect()},
		"our clock two minutes behind":    {i.good().with("nbf", start.Add(2*time.Minute).Unix()).with("iat", start.Add(2*time.Minute).Unix()).signed(0, "k0"), i.expect()},
		"a nonce beside a scope":          {i.good().with("nonce", "x").signed(0, "k0"), i.expect()},
		"two hundred groups":              {i.good().with("groups", manyGroups(200)).signed(0, "k0"), i.expect()},
		"keys in the header are not used": {sign(0, `{"alg":"RS256","kid":"k0","jku":"https://evil.example/keys"}`, i.good().json()), i.expect()},
	}
	for name, c := range cases {
		t.Run("it accepts "+name, func(t *testing.T) {
			if _, err := v.Verify(context.Background(), c.token, c.want); err != nil {
				t.Error(err)
			}
		})
	}
}

func manyGroups(n int) []string {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = otherID
	}
	return groups
}

func TestVerify_itRefusesEachHostileTokenWithItsOwnCode(t *testing.T) {
	i := newIssuer(t)
	good := i.good()
	with := func(name string, value any) string { return good.with(name, value).signed(0, "k0") }
	header := func(h string) string { return sign(0, h, good.json()) }
	parts := strings.Split(good.signed(0, "k0"), ".")
	idToken := good.with("scp", nil).with("azp", nil).with("azpacr", nil).with("nonce", "n-0S6")

	cases := []struct {
		name, token string
		want        problem.Code
	}{
		{"nothing", "", problem.TokenMalformed},
		{"words", "not a token", problem.TokenMalformed},
		{"only dots", "..", problem.TokenMalformed},
		{"two parts", parts[0] + "." + parts[1], problem.TokenMalformed},
		{"five parts, which is encrypted", strings.Join(append(parts, "x", "y"), "."), problem.TokenMalformed},
		{"33 KiB", parts[0] + "." + strings.Repeat("A", MaxToken) + "." + parts[2], problem.TokenMalformed},
		{"a line end at the end", good.signed(0, "k0") + "\n", problem.TokenMalformed},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], problem.TokenMalformed},
		{"a header that is an array", sign(0, `["RS256"]`, good.json()), problem.TokenMalformed},
		{"a header that is null", sign(0, `null`, good.json()), problem.TokenMalformed},
		{"alg twice in the header", header(`{"alg":"RS256","alg":"none","kid":"k0"}`), problem.TokenMalformed},
		{"alg in capitals", header(`{"ALG":"RS256","kid":"k0"}`), problem.TokenAlgorithm},
		{"alg none", b64([]byte(`{"alg":"none","typ":"JWT","kid":"k0"}`)) + "." + parts[1] + ".", problem.TokenAlgorithm},
		{"alg NonE", b64([]byte(`{"alg":"NonE","kid":"k0"}`)) + "." + parts[1] + ".", problem.TokenAlgorithm},
		{"no alg", header(`{"kid":"k0"}`), problem.TokenAlgorithm},
		{"HS256 with the public key as secret", hs256(good), problem.TokenAlgorithm},
		{"RS512", header(`{"alg":"RS512","kid":"k0"}`), problem.TokenAlgorithm},
		{"PS256", header(`{"alg":"PS256","kid":"k0"}`), problem.TokenAlgorithm},
		{"crit", header(`{"alg":"RS256","kid":"k0","crit":["exp"]}`), problem.TokenMalformed},
		{"crit null", header(`{"alg":"RS256","kid":"k0","crit":null}`), problem.TokenMalformed},
		{"unencoded payload (RFC 7797)", header(`{"alg":"RS256","kid":"k0","b64":false,"crit":["b64"]}`), problem.TokenMalformed},
		{"typ dpop+jwt", header(`{"alg":"RS256","kid":"k0","typ":"dpop+jwt"}`), problem.TokenMalformed},
		{"no kid", header(`{"alg":"RS256"}`), problem.TokenKey},
		{"a kid nobody published", good.signed(0, "nobody"), problem.TokenKey},
		{"a key of its own in the header", sign(1, `{"alg":"RS256","kid":"k1","jwk":`+ownJWK()+`}`, good.json()), problem.TokenKey},
		{"signed by another key under our kid", good.signed(1, "k0"), problem.TokenSignature},
		{"a signature of another token", swapSignature(good.signed(0, "k0"), good.with("oid", otherID).signed(0, "k0")), problem.TokenSignature},
		{"a signature cut off", parts[0] + "." + parts[1] + "." + parts[2][:40], problem.TokenSignature},
		{"no signature", parts[0] + "." + parts[1] + ".", problem.TokenSignature},
		{"claims that are no object", sign(0, goodHeader, `"sub"`), problem.TokenMalformed},
		{"a claim twice", sign(0, goodHeader, strings.Replace(good.json(), `"ver":"2.0"`, `"ver":"2.0","tid":"`+otherID+`"`, 1)), problem.TokenMalformed},
		{"something after the claims", sign(0, goodHeader, good.json()+"{}"), problem.TokenMalformed},
		{"version 1.0", good.with("ver", "1.0").with("azp", nil).with("appid", clientID).signed(0, "k0"), problem.TokenVersion},
		{"no version", with("ver", nil), problem.TokenVersion},
		{"version as a number", with("ver", 2.0), problem.TokenVersion},
		{"an issuer with a slash more", with("iss", i.expect().Issuer()+"/"), problem.TokenIssuer},
		{"the v1.0 issuer", with("iss", "https://sts.windows.net/"+tenantID+"/"), problem.TokenIssuer},
		{"the issuer of another tenant", with("iss", i.URL+"/"+otherID+"/v2.0"), problem.TokenIssuer},
		{"no issuer", with("iss", nil), problem.TokenIssuer},
		{"another tenant in tid alone", with("tid", otherID), problem.TokenTenant},
		{"no tenant", with("tid", nil), problem.TokenTenant},
		{"another app's audience", with("aud", otherID), problem.TokenAudience},
		{"Microsoft Graph's audience", with("aud", "00000003-0000-0000-c000-000000000000"), problem.TokenAudience},
		{"several audiences", with("aud", []string{clientID, otherID}), problem.TokenAudience},
		{"no audience", with("aud", nil), problem.TokenAudience},
		{"asked for by another client", with("azp", otherID), problem.TokenClient},
		{"asked for by nobody", with("azp", ""), problem.TokenClient},
		{"another scope", with("scp", "User.Read"), problem.TokenScope},
		{"a scope that only begins alike", with("scp", "access_as_user.read"), problem.TokenScope},
		{"the scope in capitals", with("scp", "ACCESS_AS_USER"), problem.TokenScope},
		{"an empty scope", with("scp", ""), problem.TokenScope},
		{"an application's own token", good.with("scp", nil).with("roles", []string{"access_as_user"}).with("idtyp", "app").signed(0, "k0"), problem.TokenScope},
		{"the ID token of the same app", idToken.signed(0, "k0"), problem.TokenIsIDToken},
		{"an ID token without nonce", idToken.with("nonce", nil).signed(0, "k0"), problem.TokenIsIDToken},
		{"an ID token that names a client", idToken.with("azp", clientID).signed(0, "k0"), problem.TokenIsIDToken},
		{"no oid", with("oid", nil), problem.TokenNoObject},
		{"an oid that is no GUID", with("oid", "ada"), problem.TokenNoObject},
		{"expired two minutes ago", with("exp", start.Add(-2*time.Minute).Unix()), problem.TokenExpired},
		{"no exp", with("exp", nil), problem.TokenMalformed},
		{"exp as text", with("exp", "4102444800"), problem.TokenMalformed},
		{"exp beyond all time", with("exp", 1e300), problem.TokenMalformed},
		{"not valid yet", with("nbf", start.Add(2*time.Minute+time.Second).Unix()), problem.TokenNotYet},
		{"no nbf", with("nbf", nil), problem.TokenMalformed},
		{"issued in the future", with("iat", start.Add(3*time.Minute).Unix()), problem.TokenNotYet},
		{"no iat", with("iat", nil), problem.TokenMalformed},
	}
	if len(cases) < 25 {
		t.Fatalf("only %d tokens", len(cases))
	}
	for _, c := range cases {
		t.Run("it refuses "+c.name, func(t *testing.T) {
			v := i.verifier(&clock{now: start})
			id, err := v.Verify(context.Background(), c.token, i.expect())
			if code, _ := problem.Of(err); code != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if id != (Identity{}) {
				t.Errorf("a refused token has the identity %+v", id)
			}
			if len(c.token) > 100 && err != nil && strings.Contains(err.Error(), c.token[len(c.token)-40:]) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

// A token that fails a check which needs no key must not reach the network:
// else a stranger could make us ask Microsoft as often as they like.
func TestVerify_itAsksNobodyAboutATokenThatIsWrongAnyway(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(&clock{now: start})
	for _, token := range []string{
		"junk", i.good().with("aud", otherID).signed(0, "k0"), i.good().with("exp", 1).signed(0, "k0"),
		b64([]byte(`{"alg":"none","kid":"k0"}`)) + "." + b64([]byte(i.good().json())) + ".",
	} {
		if _, err := v.Verify(context.Background(), token, i.expect()); err == nil {
			t.Errorf("%.30s… was accepted", token)
		}
	}
	if n := i.asked(); n != 0 {
		t.Errorf("the keys were asked for %d times", n)
	}
}

func TestVerify_itTellsGuestsApart(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(&clock{now: start})
	for _, c := range []struct {
		claim string
		value any
		guest bool
	}{
		{"idp", "https://sts.windows.net/" + otherID + "/", true},
		{"idp", "live.com", true},
		{"idp", "https://evil.example/" + tenantID, true},
		{"acct", 1, true},
		{"acct", "1", true},
		{"acct", 0, false},
		{"idp", "https://sts.windows.net/" + tenantID + "/", false},
		{"idp", i.expect().Issuer(), false},
		{"idp", nil, false},
	} {
		id, err := v.Verify(context.Background(), i.good().with(c.claim, c.value).signed(0, "k0"), i.expect())
		if err != nil || id.Guest != c.guest {
			t.Errorf("%s=%v: guest %v, %v", c.claim, c.value, id.Guest, err)
		}
	}
}

func TestVerify_itBlamesTheSetUpForIncompleteSettings(t *testing.T) {
	i := newIssuer(t)
	v := &Verifier{HTTPClient: i.Client(), Now: (&clock{now: start}).Now}
	for name, change := range map[string]func(*Expect){
		"http authority":      func(*Expect) {},
		"no authority":        func(e *Expect) { e.Authority = "" },
		"authority with user": func(e *Expect) { e.Authority = "https://a:b@login.example" },
		"tenant by domain":    func(e *Expect) { e.TenantID = "acme.example" },
		"no audience":         func(e *Expect) { e.Authority, e.Audience = "https://x.example", "" },
		"no client":           func(e *Expect) { e.Authority, e.ClientIDs = "https://x.example", nil },
		"an empty client":     func(e *Expect) { e.Authority, e.ClientIDs = "https://x.example", []string{""} },
		"no scope":            func(e *Expect) { e.Authority, e.Scope = "https://x.example", "api://x/" },
	} {
		e := i.expect()
		change(&e)
		_, err := v.Verify(context.Background(), i.good().signed(0, "k0"), e)
		if code, _ := problem.Of(err); code != problem.WorkspaceNotSet {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShown_itRepeatsOnlyIdentifiers(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "nothing",
		"https://a.example/x/v2.0":   `"https://a.example/x/v2.0"`,
		"two\nlines level=ERROR":     "an odd value of 21 bytes",
		strings.Repeat("a", 121):     "a value of 121 bytes",
		"Bearer eyJhbGciOiJSUzI1NiJ": "an odd value of 26 bytes",
	} {
		if got := shown(in); got != want {
			t.Errorf("shown(%q) = %s, want %s", in, got, want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	i := newIssuer(f)
	v := i.verifier(&clock{now: start})
	good := i.good().signed(0, "k0")
	f.Add(good)
	f.Add("..")
	f.Add(b64([]byte(`{"alg":"none"}`)) + ".e30.")
	f.Add(hs256(i.good()))
	f.Add(sign(0, goodHeader, `{"ver":"2.0","exp":1e999}`))
	f.Add(sign(0, goodHeader, strings.Repeat(`{"a":`, 500)))
	f.Fuzz(func(t *testing.T, raw string) {
		id, err := v.Verify(context.Background(), raw, i.expect())
		if err == nil && raw != good {
			// Only somebody with the key makes a token that is accepted.
			t.Errorf("accepted %q", raw)
		}
		if err == nil && id.ObjectID != objectID {
			t.Errorf("identity %+v", id)
		}
		if code, text := problem.Of(err); err != nil && (code == problem.Internal || text.Sentence == "") {
			t.Errorf("unclassified: %v", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	i := newIssuer(b)
	v := i.verifier(&clock{now: start})
	token := i.good().signed(0, "k0")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Verify(context.Background(), token, i.expect()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// hs256 signs with HMAC, taking the public key's PEM for the secret: the
// classic confusion of algorithms.
func hs256(c claimSet) string {
	der, err := x509.MarshalPKIXPublicKey(&signKeys()[0].PublicKey)
	if err != nil {
		panic(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	input := b64([]byte(`{"alg":"HS256","typ":"JWT","kid":"k0"}`)) + "." + b64([]byte(c.json()))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func ownJWK() string {
	b, err := json.Marshal(publicJWK("k1", &signKeys()[1].PublicKey))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func swapSignature(of, into string) string {
	return into[:strings.LastIndexByte(into, '.')] + of[strings.LastIndexByte(of, '.'):]
}
