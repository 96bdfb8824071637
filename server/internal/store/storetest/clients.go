package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var federated = store.Federation{Issuer: "https://login.example/t/v2.0", Subject: "s", Audience: "a"}

func client() store.Client {
	return store.Client{ID: "c-1", Workspace: "acme", Label: "Entra", TokenLife: time.Hour, Federation: federated, Created: start.Truncate(time.Microsecond)}
}

func secret(id string) store.Secret {
	return store.Secret{ID: id, Client: "c-1", Hash: directory.HashToken(id), Created: start.Truncate(time.Microsecond), Expires: start.Truncate(time.Microsecond).Add(365 * 24 * time.Hour)}
}

func access(n string, at time.Time) store.Token {
	return store.Token{ID: "c-1." + n, Workspace: "acme", Hash: directory.HashToken("access" + n), Created: at}
}

var clients = []promise{
	{"gives an access token for each of a client's secrets until that ends", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateClient(ctx, client(), secret("one")))
		must(f, s.AddSecret(ctx, "acme", secret("two")))
		taken(f, s.CreateClient(ctx, client(), secret("three")), "id")
		wants(f, s.AddSecret(ctx, "other", secret("four")), store.ErrNotFound)
		for _, id := range []string{"one", "two"} {
			c, err := s.GrantToken(ctx, "c-1", access(id, start), store.Grant{SecretHash: secret(id).Hash})
			must(f, err)
			tok, w, err := s.TokenByHash(ctx, access(id, start).Hash, start.Add(59*time.Minute))
			must(f, err)
			if w.ID != "acme" || tok.Client != "c-1" || tok.Secret != id || c.Label != "Entra" {
				f.Errorf("%+v of %s, %+v", tok, w.ID, c)
			}
			_, _, err = s.TokenByHash(ctx, access(id, start).Hash, start.Add(time.Hour))
			wants(f, err, store.ErrNotFound)
		}
		must(f, s.RevokeSecret(ctx, "acme", "one", start))
		wants(f, s.RevokeSecret(ctx, "acme", "one", start), store.ErrNotFound)
		wants(f, s.RevokeSecret(ctx, "other", "two", start), store.ErrNotFound)
		_, _, err := s.TokenByHash(ctx, access("one", start).Hash, start)
		wants(f, err, store.ErrNotFound)
		_, _, err = s.TokenByHash(ctx, access("two", start).Hash, start)
		must(f, err)
		for name, g := range map[string]struct {
			client, workspace, hash string
			at                      time.Time
		}{
			"a revoked secret":        {"c-1", "acme", secret("one").Hash, start},
			"a secret of nobody":      {"c-1", "acme", directory.HashToken("x"), start},
			"no secret":               {"c-1", "acme", "", start},
			"an expired secret":       {"c-1", "acme", secret("two").Hash, secret("two").Expires},
			"another client":          {"c-2", "acme", secret("two").Hash, start},
			"another workspace":       {"c-1", "other", secret("two").Hash, start},
			"what no database can be": {"c-1\x00", "acme", secret("two").Hash, start},
		} {
			n := access("x", g.at)
			n.Workspace = g.workspace
			if _, err := s.GrantToken(ctx, g.client, n, store.Grant{SecretHash: g.hash}); err == nil {
				f.Errorf("%s was accepted", name)
			} else {
				wants(f, err, store.ErrNotFound)
			}
		}
		all, err := s.Secrets(ctx, "acme")
		must(f, err)
		if len(all) != 2 || all[0].ID != "one" || !all[0].Revoked.Equal(secret("one").Created) || !all[1].LastUsed.Equal(secret("two").Created) {
			f.Errorf("the list shows %+v", all)
		}
	}},
	{"ends a client's access tokens with the client", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateClient(ctx, client(), secret("one")))
		_, err := s.GrantToken(ctx, "c-1", access("one", start), store.Grant{SecretHash: secret("one").Hash})
		must(f, err)
		got, err := s.Client(ctx, "acme", "c-1")
		must(f, err)
		if diff := cmp.Diff(client(), got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		wants(f, s.RevokeClient(ctx, "other", "c-1", start), store.ErrNotFound)
		must(f, s.RevokeClient(ctx, "acme", "c-1", start))
		wants(f, s.RevokeClient(ctx, "acme", "c-1", start), store.ErrNotFound)
		_, _, err = s.TokenByHash(ctx, access("one", start).Hash, start)
		wants(f, err, store.ErrNotFound)
		_, err = s.GrantToken(ctx, "c-1", access("two", start), store.Grant{SecretHash: secret("one").Hash})
		wants(f, err, store.ErrNotFound)
		_, err = s.Client(ctx, "acme", "c-1")
		wants(f, err, store.ErrNotFound)
		wants(f, s.AddSecret(ctx, "acme", secret("two")), store.ErrNotFound)
		tokens, err := s.Tokens(ctx, "acme")
		must(f, err)
		all, err := s.Clients(ctx, "acme")
		must(f, err)
		if len(tokens) != 0 || len(all) != 1 || all[0].Revoked.IsZero() {
			f.Errorf("tokens %+v, clients %+v", tokens, all)
		}
	}},
	{"accepts an assertion once, whoever of several servers is asked", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		must(f, s.CreateClient(ctx, client(), store.Secret{}))
		var accepted atomic.Int32
		var asked sync.WaitGroup
		for i := range 16 {
			asked.Go(func() {
				from := []*store.Store{s, other}[i%2]
				_, err := from.GrantToken(ctx, "c-1", access(string(rune('a'+i)), start), store.Grant{Assertion: "jti", Expires: start.Add(time.Hour), Federation: federated})
				if err == nil {
					accepted.Add(1)
				} else {
					wants(f, err, store.ErrNotFound)
				}
			})
		}
		asked.Wait()
		if n := accepted.Load(); n != 1 {
			f.Errorf("it was accepted %d times", n)
		}
		_, err := s.GrantToken(ctx, "c-1", access("z", start), store.Grant{Assertion: "next", Expires: start, Federation: store.Federation{Issuer: "another", Subject: "s", Audience: "a"}})
		wants(f, err, store.ErrNotFound)
		n, err := s.ExpireTokens(ctx, start.Add(time.Hour))
		must(f, err)
		if n != 2 { // the token and the assertion
			f.Errorf("%d expired", n)
		}
		must(f, s.SetFederation(ctx, "acme", "c-1", store.Federation{}, start))
		_, err = s.GrantToken(ctx, "c-1", access("y", start), store.Grant{Assertion: "last", Expires: start})
		wants(f, err, store.ErrNotFound)
	}},
	{"rotates a token with an overlap", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		old, next := token(1), token(2)
		must(f, s.CreateToken(ctx, old))
		until := start.Add(time.Hour)
		must(f, s.RotateToken(ctx, "acme", old.ID, next, until))
		for name, c := range map[string]struct {
			hash string
			at   time.Time
			ok   bool
		}{
			"the old one before": {old.Hash, until.Add(-time.Second), true},
			"the old one after":  {old.Hash, until, false},
			"the new one before": {next.Hash, until.Add(-time.Second), true},
			"the new one after":  {next.Hash, until, true},
		} {
			if _, _, err := s.TokenByHash(ctx, c.hash, c.at); (err == nil) != c.ok {
				f.Errorf("%s: %v", name, err)
			}
		}
		wants(f, s.RotateToken(ctx, "other", old.ID, token(3), until), store.ErrNotFound)
		must(f, s.RevokeToken(ctx, "acme", next.ID, start))
		wants(f, s.RotateToken(ctx, "acme", next.ID, token(3), until), store.ErrNotFound)
	}},
}
