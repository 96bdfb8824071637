package msal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

func must(t testing.TB, text string) contract {
	t.Helper()
	c, err := parseContract([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func row(account, value string) string {
	return fmt.Sprintf(`{"home_account_id":%q,"secret":%q}`, account, value)
}

func TestMerge_itTakesEachSidesChanges(t *testing.T) {
	a1, a2, b, c := row("a", "1"), row("a", "2"), row("b", "1"), row("c", "1")
	for name, m := range map[string]struct{ base, mine, theirs, want string }{
		"both add": {
			`{}`, `{"Account":{"a":` + a1 + `}}`, `{"Account":{"b":` + b + `}}`,
			`{"Account":{"a":` + a1 + `,"b":` + b + `}}`,
		},
		"mine changes": {
			`{"RefreshToken":{"a":` + a1 + `,"b":` + b + `}}`, `{"RefreshToken":{"a":` + a2 + `,"b":` + b + `}}`, `{"RefreshToken":{"a":` + a1 + `,"b":` + b + `}}`,
			`{"RefreshToken":{"a":` + a2 + `,"b":` + b + `}}`,
		},
		"theirs changes, mine does not": {
			`{"RefreshToken":{"a":` + a1 + `}}`, `{"RefreshToken":{"a":` + a1 + `}}`, `{"RefreshToken":{"a":` + a2 + `}}`,
			`{"RefreshToken":{"a":` + a2 + `}}`,
		},
		"mine deletes": {
			`{"Account":{"a":` + a1 + `,"b":` + b + `}}`, `{"Account":{"b":` + b + `}}`, `{"Account":{"a":` + a1 + `,"b":` + b + `,"c":` + c + `}}`,
			`{"Account":{"b":` + b + `,"c":` + c + `}}`,
		},
		"theirs deletes": {
			`{"Account":{"a":` + a1 + `,"b":` + b + `}}`, `{"Account":{"a":` + a1 + `,"b":` + b + `}}`, `{"Account":{"b":` + b + `}}`,
			`{"Account":{"b":` + b + `}}`,
		},
		"theirs deletes what mine changes": {
			`{"Account":{"a":` + a1 + `},"AccessToken":{"t":` + a1 + `}}`, `{"Account":{"a":` + a1 + `},"AccessToken":{"t":` + a2 + `}}`, `{"Account":{"a":` + a1 + `}}`,
			`{"Account":{"a":` + a1 + `}}`,
		},
		"a refresh does not bring back who signed out elsewhere": {
			`{"Account":{"a":` + a1 + `},"RefreshToken":{"a":` + a1 + `}}`,
			`{"Account":{"a":` + a1 + `},"RefreshToken":{"a":` + a2 + `},"AccessToken":{"new":` + a2 + `}}`,
			`{}`, `{"Account":{},"RefreshToken":{},"AccessToken":{}}`,
		},
		"signing in again does": {
			`{}`, `{"Account":{"a":` + a2 + `}}`, `{}`, `{"Account":{"a":` + a2 + `}}`,
		},
		"sections nobody knows stay": {
			`{}`, `{"Account":{"a":` + a1 + `}}`, `{"Future":{"k":{"n":12345678901234567890}}}`,
			`{"Account":{"a":` + a1 + `},"Future":{"k":{"n":12345678901234567890}}}`,
		},
	} {
		t.Run("it is right when "+name, func(t *testing.T) {
			got, err := merge(must(t, m.base), must(t, m.mine), must(t, m.theirs)).bytes()
			if err != nil {
				t.Fatal(err)
			}
			want, err := must(t, m.want).bytes()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever two processes do to different accounts, in whichever order they
// come to write, the outcome is both.
func TestMerge_theOrderOfTwoProcessesDoesNotMatter(t *testing.T) {
	gen := func(name string) *rapid.Generator[contract] {
		return rapid.Custom(func(rt *rapid.T) contract {
			c := contract{sectionAccounts: {}, sectionAccess: {}}
			for _, k := range []string{name + "1", name + "2", name + "3"} {
				for _, section := range []string{sectionAccounts, sectionAccess} {
					if v := rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, section+k); v != "" {
						c[section][k] = json.RawMessage(row(k, v))
					}
				}
			}
			return c
		})
	}
	union := func(parts ...contract) contract {
		return merge(contract{}, parts[0], merge(contract{}, parts[1], contract{}))
	}
	text := func(c contract) string {
		raw, err := c.bytes()
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	rapid.Check(t, func(rt *rapid.T) {
		a0, a1 := gen("a").Draw(rt, "a before"), gen("a").Draw(rt, "a after")
		b0, b1 := gen("b").Draw(rt, "b before"), gen("b").Draw(rt, "b after")
		base := union(a0, b0)
		mineA, mineB := union(a1, b0), union(a0, b1)
		one := merge(base, mineB, merge(base, mineA, base))
		two := merge(base, mineA, merge(base, mineB, base))
		if want := union(a1, b1); text(one) != text(want) || text(two) != text(want) {
			rt.Fatalf("A then B: %s\nB then A: %s\nwant: %s", text(one), text(two), text(want))
		}
	})
}

func TestForget_itFindsTheRowsOfEveryTenantAndApp(t *testing.T) {
	c := must(t, `{
		"Account": {"o.t-login-t": {"home_account_id":"O.T","realm":"t"}, "o.t-login-guest": {"home_account_id":"o.t","realm":"guest"}},
		"RefreshToken": {"x": {"home_account_id":"o.t","client_id":"1"}, "y": {"home_account_id":"o.t","client_id":"2"}},
		"AppMetadata": {"m": {"client_id":"1"}}
	}`)
	c.forget("o.t")
	if raw, err := c.bytes(); err != nil || raw != nil {
		t.Errorf("left: %s, %v", raw, err)
	}
}

func FuzzContract(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `null`, `[]`, `{"Account":null}`, `{"Account":{"a":{"home_account_id":"a"}}}`, `{"Account":{"a":5}}`,
		`{"AccessToken":{"k":{"expires_on":"1","secret":"s","target":"a b"}}}`, `{"a":{"b":1e999}}`, `{} {}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseContract(raw)
		if err != nil {
			return
		}
		out, err := c.bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseContract(out)
		if err != nil {
			t.Fatalf("what we wrote we cannot read: %s", out)
		}
		if second, err := again.bytes(); err != nil || string(second) != string(out) {
			t.Fatalf("not stable: %s, %s", out, second)
		}
		merge(c, again, contract{}).forget("a")
		c.validToken(auth.Request{Account: "a"}, time.Unix(0, 0))
	})
}

// FuzzEntraError: whatever Microsoft answers, what is shown has a known form.
func FuzzEntraError(f *testing.F) {
	f.Add(`{"error":"invalid_grant","error_description":"AADSTS50173: x Trace ID: 11111111-2222-3333-4444-555555555555","error_codes":[50173],"suberror":"bad_token","claims":"{}"}`)
	f.Add(`{"error":"<script>","error_codes":[-1],"trace_id":"canary"}`)
	f.Add(`<html>`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, body string) {
		resp := &http.Response{StatusCode: 400, Header: http.Header{"X-Ms-Request-Id": {body}}}
		v := url.Values{"error": {body}, "error_description": {body}, "error_subcode": {body}}
		for _, e := range []*entraError{readEntraError(resp, []byte(body), ""), authorizeError(v, "")} {
			if strings.ContainsAny(e.detail(), "<>\"'\n") || len(e.Error()) > 400 {
				t.Fatalf("shown: %q", e.Error())
			}
			for _, silent := range []bool{true, false} {
				if code, _ := problem.Of(e.problem(silent)); code == problem.Internal || code == "" {
					t.Fatalf("no code for %q", body)
				}
			}
		}
	})
}

// FuzzClaims: no claims but the right ones pass.
func FuzzClaims(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	r := auth.Request{ClientID: "c", TenantID: "t"}
	f.Add([]byte(`{"iss":"i","aud":"c","tid":"t","oid":"o","nonce":"n","ver":"2.0","exp":1800000000,"nbf":1800000000}`))
	f.Add([]byte(`{"iss":"i","aud":["c"],"tid":"T","oid":"o","nonce":"n","ver":"2.0","exp":"1800000000"}`))
	f.Add([]byte(`{"iss":"i","aud":["c","d"],"exp":1e300}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var c claims
		if json.Unmarshal(raw, &c) != nil || c.check(r, "i", "n", now) != nil {
			return
		}
		if c.Issuer != "i" || c.Nonce != "n" || c.Object == "" || len(c.Audience) != 1 || c.Audience[0] != "c" {
			t.Fatalf("accepted %s", raw)
		}
	})
}

// FuzzKeySet: a set of keys with strange ones in it gives the others.
func FuzzKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"XYZ"},{"kty":"RSA","kid":"1","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":{}}`))
	f.Add([]byte(`{"keys":[null,1,"x"]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s keySet
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		for _, k := range s {
			if !k.Valid() || !k.IsPublic() {
				t.Fatalf("kept %v", k.KeyID)
			}
		}
	})
}
