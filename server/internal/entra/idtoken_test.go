package entra

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// goodID are the claims of an ID token that is fine.
func (i *issuer) goodID() claimSet {
	return i.good().with("scp", nil).with("azp", nil).with("azpacr", nil).with("nonce", "n-0S6")
}

func (i *issuer) expectID() ExpectID {
	return ExpectID{Authority: i.URL, TenantID: tenantID, ClientID: clientID, Nonce: "n-0S6"}
}

func TestVerifyID_itReturnsWhoSignedIn(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(&clock{now: start})
	upper := i.expectID()
	upper.TenantID, upper.ClientID, upper.Authority = strings.ToUpper(tenantID), strings.ToUpper(clientID), i.URL+"/"
	for name, want := range map[string]ExpectID{"as set up": i.expectID(), "in capitals": upper} {
		got, err := v.VerifyID(context.Background(), i.goodID().signed(0, "k0"), want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.ObjectID != objectID || got.TenantID != tenantID || got.UserName != "ada@acme.example" || got.Subject != "pairwise" ||
			got.Session != "00000000" || !got.Expires.Equal(start.Add(time.Hour)) || !strings.Contains(string(got.Payload), `"sid":"00000000"`) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestVerifyID_itRefusesEachHostileTokenWithItsOwnCode(t *testing.T) {
	i := newIssuer(t)
	good := i.goodID()
	with := func(name string, value any) string { return good.with(name, value).signed(0, "k0") }
	cases := []struct {
		name, token string
		want        problem.Code
	}{
		{"an access token of the same registration", i.good().with("nonce", "n-0S6").signed(0, "k0"), problem.BadIDToken},
		{"a nonce of another request", with("nonce", "n-0S7"), problem.BadIDToken},
		{"no nonce", with("nonce", nil), problem.BadIDToken},
		{"a nonce that is no string", with("nonce", []string{"n-0S6"}), problem.BadIDToken},
		{"another issuer", with("iss", "https://evil.example/v2.0"), problem.TokenIssuer},
		{"another tenant", with("tid", otherID), problem.TokenTenant},
		{"another application", with("aud", otherID), problem.TokenAudience},
		{"several audiences", with("aud", []string{clientID, otherID}), problem.TokenAudience},
		{"asked for by another application", with("azp", otherID), problem.TokenClient},
		{"no object", with("oid", nil), problem.TokenNoObject},
		{"no subject", with("sub", nil), problem.TokenMalformed},
		{"version 1", with("ver", "1.0"), problem.TokenVersion},
		{"expired", with("exp", start.Add(-time.Hour).Unix()), problem.TokenExpired},
		{"not yet", with("nbf", start.Add(time.Hour).Unix()), problem.TokenNotYet},
		{"signed by nobody", sign(0, `{"alg":"none","kid":"k0"}`, good.json()), problem.TokenAlgorithm},
		{"signed by another key", good.signed(1, "k0"), problem.TokenSignature},
		{"a key that is not there", good.signed(1, "k9"), problem.TokenKey},
		{"nothing", "", problem.TokenMalformed},
	}
	for _, c := range cases {
		t.Run("it refuses "+c.name, func(t *testing.T) {
			_, err := i.verifier(&clock{now: start}).VerifyID(context.Background(), c.token, i.expectID())
			if code, _ := problem.Of(err); code != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestVerifyID_itNeedsToKnowWhatToExpect(t *testing.T) {
	i := newIssuer(t)
	for name, change := range map[string]func(*ExpectID){
		"no nonce":  func(e *ExpectID) { e.Nonce = "" },
		"no client": func(e *ExpectID) { e.ClientID = "" },
		"no tenant": func(e *ExpectID) { e.TenantID = "common" },
		"no https":  func(e *ExpectID) { e.Authority = "http://login.example" },
	} {
		want := i.expectID()
		change(&want)
		_, err := i.verifier(&clock{now: start}).VerifyID(context.Background(), i.goodID().signed(0, "k0"), want)
		if code, _ := problem.Of(err); code != problem.WorkspaceNotSet {
			t.Errorf("%s: %v", name, err)
		}
	}
}
