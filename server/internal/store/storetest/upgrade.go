package storetest

import (
	_ "embed"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var (
	//go:embed testdata/schema1.sql
	schema1 string
	//go:embed testdata/schema7.sql
	schema7 string // comes after schema1
)

var upgrading = []promise{
	{"finds in a database of the first schema all that was stored", func(f *fixture) {
		s, ctx := f.upgraded(), f.Context()
		ws, err := s.Workspace(ctx, "acme")
		must(f, err)
		if ws.Name != "Acme" || ws.Microsoft.TenantID != "t-1" || ws.DefaultRole != "Member" || !ws.JIT || !ws.SCIMEnabled || ws.OfflineGrace != time.Hour || ws.Version != 3 {
			f.Errorf("the workspace became %+v", ws)
		}
		if by, err := s.WorkspaceByDomain(ctx, "acme.example"); err != nil || by.ID != "acme" {
			f.Errorf("by its domain: %v, %v", by.ID, err)
		}
		token, _, err := s.TokenByHash(ctx, "hash-good", start)
		if err != nil || token.ID != "tok-1" || token.Workspace != "acme" {
			f.Errorf("the token: %+v, %v", token, err)
		}
		_, _, err = s.TokenByHash(ctx, "hash-revoked", start)
		wants(f, err, store.ErrNotFound)
		session, u, _, err := s.Session(ctx, "session-hash", start)
		if err != nil || session.ID != "s-1" || u.ID != "u-ada" || u.Role != "Admin" {
			f.Errorf("the session: %+v of %+v, %v", session, u, err)
		}
		events, err := s.Events(ctx, 0, 10)
		if err != nil || len(events) != 4 || events[3].Session != "s-1" || events[3].Seq != 4 {
			f.Errorf("events are %v, %v", events, err)
		}
		if c, err := s.CountUsers(ctx, "acme"); err != nil || c != (store.Counts{Active: 2, Suspended: 1, Archived: 1}) {
			f.Errorf("counts are %+v, %v", c, err)
		}
		if u, err := s.UserByObjectID(ctx, "acme", "oid-bo"); err != nil || u.ID != "u-bo" {
			f.Errorf("by object id: %v, %v", u.ID, err)
		}
		if u, err := s.UserByObjectID(ctx, "acme", "ext-gone"); err != nil || u.State != directory.Archived {
			f.Errorf("who left: %+v, %v", u, err)
		}
	}},
	{"finds in one of the seventh schema what had been added", func(f *fixture) {
		s, ctx := f.upgraded(schema7), f.Context()
		ws, err := s.Workspace(ctx, "acme")
		must(f, err)
		f.has(s, "g-1", "u-ada", "u-cy")
		if _, u, _, err := s.Session(ctx, "session-hash", start); err != nil || u.ID != "u-ada" || u.Role != "Admin" {
			f.Errorf("the session is of %+v, %v", u, err)
		}
		if a, err := s.Alarm(ctx, "acme"); err != nil || a.People != 7 || a.Percent != 9 || !a.Hold {
			f.Errorf("the alarm became %+v, %v", a, err)
		}
		hooks, err := s.Webhooks(ctx, "acme")
		if err != nil || len(hooks) != 1 || len(hooks[0].Kinds) != 2 {
			f.Errorf("webhooks are %+v, %v", hooks, err)
		}
		if dead, err := s.DeadLetters(ctx, "w-1"); err != nil || len(dead) != 1 || dead[0].Seq != 2 {
			f.Errorf("given up was %+v, %v", dead, err)
		}
		if seq, ok, err := s.TakeConsumer(ctx, hooks[0].Consumer(), "me", start, start); err != nil || !ok || seq != 3 {
			f.Errorf("the webhook goes on after event %d, %v, %v; want 3", seq, ok, err)
		}
		_, err = s.Reindex(ctx)
		must(f, err)
		f.filters(s)
		f.dated(s)
		_, err = s.Rerank(ctx, "acme", later)
		must(f, err)
		// Who was an administrator when their access ended is none when they return.
		cy, err := s.User(ctx, "acme", "u-cy")
		must(f, err)
		cy.State, cy.Modified = directory.Active, later
		must(f, s.SaveUser(ctx, cy, cy.Version, directory.Consequence{Rank: &ws}))
		if cy, err = s.User(ctx, "acme", "u-cy"); err != nil || directory.Powerful(cy.Role) || cy.Ranking.Had != "admin" {
			f.Errorf("Cy came back as %q, was %q, %v", cy.Role, cy.Ranking.Had, err)
		}
		f.dated(s)
	}},
	{"answers every filter on it, before it is indexed and after", func(f *fixture) {
		s := f.upgraded()
		f.filters(s)
		if n, err := s.Reindex(f.Context()); n != 4 || err != nil {
			f.Fatalf("indexed %d, %v; want 4", n, err)
		}
		f.filters(s)
		if n, err := s.Reindex(f.Context()); n != 0 || err != nil {
			f.Errorf("indexed %d again, %v", n, err)
		}
	}},
	{"goes on with it as with one of its own", func(f *fixture) {
		s, ctx := f.upgraded(), f.Context()
		_, err := s.Reindex(ctx)
		must(f, err)
		taken(f, insert(ctx, s, described(9, attributes{"badge": {"b-7"}})), "badge")
		must(f, s.InsertResource(ctx, group("a"), members("u-ada", "u-cy")))
		_, _, err = alter(ctx, s, "a", store.ResourceChange{Add: members("u-bo")})
		must(f, err)
		f.has(s, "a", "u-ada", "u-bo", "u-cy")
		if refs, err := s.GroupsOf(ctx, "acme", "u-cy"); err != nil || len(refs) != 1 || refs[0].ID != "a" {
			f.Errorf("groups of Cy are %v, %v", refs, err)
		}
		if _, err := s.UserByUserName(ctx, "acme", "ADA@acme.example"); err != nil {
			f.Error(err)
		}
		must(f, move(ctx, s, "acme", "u-ada", directory.Archived))
		_, _, _, err = s.Session(ctx, "session-hash", start)
		wants(f, err, store.ErrNotFound)
		f.has(s, "a", "u-bo", "u-cy")
		events, err := s.Events(ctx, 4, 100)
		must(f, err)
		var seqs []int64
		for _, e := range events {
			seqs = append(seqs, e.Seq)
		}
		if !slices.Equal(seqs[:3], []int64{5, 6, 7}) {
			f.Errorf("events go on with %v", seqs)
		}
		if n, err := s.Purge(ctx, "acme", start); n != 2 || err != nil {
			f.Errorf("erased %d, %v", n, err)
		}
	}},
	{"finds people by names that are folded otherwise since", func(f *fixture) {
		s, ctx := f.upgraded(greek), f.Context()
		for name, id := range map[string]string{
			"ΚΑΙ@acme.example": "u-kai", "και@acme.example": "u-kai", "ada@acme.example": "u-ada", "\u1fd2@acme.example": "u-one",
		} {
			if u, err := s.UserByUserName(ctx, "acme", name); err != nil || u.ID != id {
				f.Errorf("%s is %q, %v", name, u.ID, err)
			}
		}
		for _, id := range []string{"u-left", "u-two"} {
			if _, err := s.User(ctx, "acme", id); err != nil {
				f.Errorf("%s: %v", id, err)
			}
		}
	}},
}

// greek are people whose keys an earlier Lanyard made: of the two at the end, whose
// names now are one, each keeps a key.
const greek = `
insert into users (id, directory, version, user_name, user_name_key, external_id, object_id, state, role, created, modified, doc) values
  ('u-kai', 'acme', 1, 'και@acme.example', 'Κᾼ@acme.example', null, null, 'active', 'Member', 1700000000000000, 1700000000000000, '{}'),
  ('u-left', 'acme', 1, 'αι@acme.example', 'ᾼ@acme.example', null, null, 'archived', 'Member', 1700000000000000, 1700000000000000, '{}'),
  ('u-one', 'acme', 1, 'Ϊ̀@acme.example', 'Ϊ̀@acme.example', null, null, 'active', 'Member', 1700000000000000, 1700000000000000, '{}'),
  ('u-two', 'acme', 1, 'ῒ@acme.example', 'ῒ@acme.example', null, null, 'active', 'Member', 1700000000000000, 1700000000000000, '{}');
`

// upgraded opens a database that the first Lanyard made, or one that has come
// further since.
func (f *fixture) upgraded(further ...string) *store.Store {
	f.Helper()
	for _, text := range append([]string{schema1}, further...) {
		f.db.Exec(f, f.db.Types.Replace(text))
	}
	if f.db.Adopt != nil {
		f.db.Adopt(f)
	}
	s := f.open()
	s.Use(rules(1))
	return s
}

// filters checks whom each kind of condition finds.
func (f *fixture) filters(s *store.Store) {
	f.Helper()
	eq := func(path, value string) store.Expr { return store.Compare{Path: path, Value: value} }
	for it, c := range map[string]struct {
		where store.Expr
		want  []string
	}{
		"all":             {nil, []string{"u-ada", "u-bo", "u-cy"}},
		"id":              {eq("id", "u-bo"), []string{"u-bo"}},
		"userName":        {eq("username", "ada@acme.example"), []string{"u-ada"}},
		"externalId":      {eq("externalid", "ext-cy"), []string{"u-cy"}},
		"externalId left": {eq("externalid", "ext-gone"), nil},
		"active":          {eq("active", "false"), []string{"u-cy"}},
		"a term":          {eq("title", "clerk"), []string{"u-bo", "u-cy"}},
		"several values":  {store.Compare{Path: "emails.value", Op: store.SW, Value: "ada@"}, []string{"u-ada"}},
		"not":             {store.Not{Expr: eq("title", "clerk")}, []string{"u-ada"}},
		"present":         {store.Present{Path: "badge"}, []string{"u-bo"}},
		"time":            {store.Compare{Path: "meta.lastmodified", Op: store.GT, Value: store.TimeValue(time.UnixMicro(1700000006000000))}, []string{"u-bo", "u-cy"}},
		"both":            {store.And{eq("title", "clerk"), eq("active", "true")}, []string{"u-bo"}},
		"either":          {store.Or{eq("title", "countess"), eq("badge", "b-7")}, []string{"u-ada", "u-bo"}},
	} {
		page, err := s.SearchUsers(f.Context(), "acme", store.Search[directory.User]{
			Where: c.where, Match: func(u directory.User) (bool, error) { return holds(c.where, u), nil }, Count: 10, Total: true,
		})
		var got []string
		for _, u := range page.Items {
			got = append(got, u.ID)
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" || page.Total != len(c.want) {
			f.Errorf("%s: total %d, %v (-want +got):\n%s", it, page.Total, err, diff)
		}
	}
}
