package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: D1
func TestSCIMTokenRotate_itLetsBothWorkDuringTheOverlap(t *testing.T) {
	o := newOffice(t)
	type token struct{ ID, Token, Label, State string }
	var old, next token
	o.must(&old, "scim", "token", "create", "--workspace", "acme", "--label", "Entra", "--expires", "30d")
	o.must(&next, "scim", "token", "rotate", old.ID, "--workspace", "acme", "--overlap", "2d", "--expires", "365d")
	if next.Label != "Entra" || next.ID == old.ID || !scim.WellFormed(next.Token) {
		t.Errorf("the successor is %+v", next)
	}
	works := func(tok token, at time.Time) bool {
		_, _, err := o.store.TokenByHash(t.Context(), scim.HashToken(tok.Token), at)
		return err == nil
	}
	end := o.now.Add(48 * time.Hour)
	if !works(old, end.Add(-time.Second)) || works(old, end) || !works(next, o.now) || !works(next, end) {
		t.Error("the overlap is not what was asked for")
	}
	out, _, _ := o.run("scim", "token", "list", "--workspace", "acme")
	if !strings.Contains(out, "valid, 2 days left") || strings.Contains(out, next.Token) {
		t.Errorf("the list does not warn:\n%s", out)
	}
	o.now = end
	if _, errOut, code := o.run("scim", "token", "rotate", old.ID, "--workspace", "acme"); code != 1 || !strings.Contains(errOut, old.ID) {
		t.Errorf("an expired token: %d %s", code, errOut)
	}
	if _, errOut, code := o.run("scim", "token", "rotate", next.Token, "--workspace", "acme"); code != 2 || strings.Contains(errOut, next.Token) {
		t.Errorf("the token itself: %d %s", code, errOut)
	}
}

// req: D3
func TestSCIMClient_itIsMadeListedAndRevoked(t *testing.T) {
	o := newOffice(t)
	type secret struct{ ID, Secret, State string }
	type client struct {
		ID, State, Issuer string
		TokenURL          string `json:"token_url"`
		Secrets           []secret
	}
	var made client
	var second secret
	o.must(&made, "scim", "client", "create", "--workspace", "acme", "--label", "Entra", "--token-life", "90m", "--expires", "730d", "--public-url", "https://sso.example")
	o.now = o.now.Add(time.Minute)
	o.must(&second, "scim", "client", "secret", "add", made.ID, "--workspace", "acme")
	if made.TokenURL != "https://sso.example/scim/v2/acme/oauth/token" || len(made.Secrets) != 1 || !scim.WellFormed(made.Secrets[0].Secret) {
		t.Fatalf("made %+v", made)
	}
	grant := func(clear string) error {
		n := scim.NewToken()
		_, err := o.store.GrantToken(t.Context(), made.ID, store.Token{ID: n.Hash()[:8], Workspace: "acme", Hash: n.Hash(), Created: o.now}, store.Grant{SecretHash: scim.HashToken(clear)})
		return err
	}
	if grant(made.Secrets[0].Secret) != nil || grant(second.Secret) != nil {
		t.Error("a secret does not work")
	}
	o.must(nil, "scim", "client", "secret", "revoke", second.ID, "--workspace", "acme")
	if grant(made.Secrets[0].Secret) != nil || grant(second.Secret) == nil {
		t.Error("the wrong secret was revoked")
	}
	issuer := "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0"
	o.must(nil, "scim", "federation", "set", made.ID, "--workspace", "acme", "--issuer", issuer, "--subject", "s", "--audience", "a")
	var all []client
	o.must(&all, "scim", "client", "list", "--workspace", "acme")
	if len(all) != 1 || all[0].Issuer != issuer || len(all[0].Secrets) != 2 || all[0].Secrets[1].State != "revoked" || all[0].Secrets[0].Secret != "" {
		t.Errorf("the list is %+v", all)
	}
	o.must(nil, "scim", "federation", "clear", made.ID, "--workspace", "acme")
	o.must(nil, "scim", "client", "revoke", made.ID, "--workspace", "acme")
	if grant(made.Secrets[0].Secret) == nil {
		t.Error("a revoked client's secret works")
	}
	for name, args := range map[string][]string{
		"a token life of a day":      {"scim", "client", "create", "--workspace", "acme", "--token-life", "24h"},
		"a secret for ten years":     {"scim", "client", "create", "--workspace", "acme", "--expires", "3650d"},
		"an issuer of everybody":     {"scim", "federation", "set", made.ID, "--workspace", "acme", "--issuer", "https://login.microsoftonline.com/common/v2.0", "--subject", "s", "--audience", "a"},
		"an issuer without https":    {"scim", "federation", "set", made.ID, "--workspace", "acme", "--issuer", strings.Replace(issuer, "https", "http", 1), "--subject", "s", "--audience", "a"},
		"an empty subject":           {"scim", "federation", "set", made.ID, "--workspace", "acme", "--issuer", issuer, "--subject", "", "--audience", "a"},
		"a secret in place of an id": {"scim", "client", "secret", "revoke", second.Secret, "--workspace", "acme"},
	} {
		if _, errOut, code := o.run(args...); code != 2 || strings.Contains(errOut, second.Secret) {
			t.Errorf("%s ended with %d: %s", name, code, errOut)
		}
	}
	if _, errOut, code := o.run("scim", "client", "revoke", made.ID, "--workspace", "acme"); code != 1 || !strings.Contains(errOut, "LY-CLI-008") {
		t.Errorf("revoking twice: %d %s", code, errOut)
	}
}
