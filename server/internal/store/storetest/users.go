package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var users = []promise{
	{"gives a person back as they were stored", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		want := ada(1)
		want.ObjectID, want.Doc = "oid-1", []byte("{\"displayName\":\"Ada \\u0000 \U0001f451\",  \"x\":1}")
		must(f, insert(ctx, s, want))
		for name, get := range map[string]func() (directory.User, error){
			"id":         func() (directory.User, error) { return s.User(ctx, "acme", "u-1") },
			"userName":   func() (directory.User, error) { return s.UserByUserName(ctx, "acme", "aDA.1@ACME.example") },
			"externalId": func() (directory.User, error) { return s.UserByExternalID(ctx, "acme", "ext-1") },
			"objectId":   func() (directory.User, error) { return s.UserByObjectID(ctx, "acme", "oid-1") },
		} {
			got, err := get()
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				f.Errorf("by %s: %v, (-want +got):\n%s", name, err, diff)
			}
		}
		_, err := s.User(ctx, "other", "u-1")
		wants(f, err, store.ErrNotFound)
		_, err = s.UserByExternalID(ctx, "acme", "EXT-1")
		wants(f, err, store.ErrNotFound)
	}},
	{"keeps userName unique without case and externalId exactly", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Created: start}))
		must(f, insert(ctx, s, ada(1)))
		same := ada(2)
		same.UserName = "ADA.1@acme.EXAMPLE"
		taken(f, insert(ctx, s, same), "userName")
		same = ada(2)
		same.ExternalID = "ext-1"
		taken(f, insert(ctx, s, same), "externalId")
		same.ExternalID = "EXT-1" // another, since case counts
		must(f, insert(ctx, s, same))
		again := ada(3)
		again.ID = "u-1"
		taken(f, insert(ctx, s, again), "id")
		elsewhere := ada(1)
		elsewhere.ID, elsewhere.Directory = "u-b", "beta"
		must(f, insert(ctx, s, elsewhere))
		for i := 4; i < 6; i++ { // nobody's externalId is the same as nobody's
			none := ada(i)
			none.ExternalID = ""
			must(f, insert(ctx, s, none))
		}
	}},
	{"lets one of twenty who create a person do it", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		var wg sync.WaitGroup
		var did atomic.Int32
		for i := range 20 {
			h, u := []*store.Store{s, other}[i%2], ada(i)
			u.UserName = []string{"ada@acme.example", "Ada@Acme.Example"}[i%2]
			wg.Go(func() {
				switch err := insert(ctx, h, u); {
				case err == nil:
					did.Add(1)
				case !errors.Is(err, store.ErrExists):
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if _, total, err := s.FindUsers(ctx, "acme", store.Query{IncludeArchived: true}); did.Load() != 1 || total != 1 || err != nil {
			f.Errorf("%d did and there are %d, %v; want 1 and 1", did.Load(), total, err)
		}
	}},
	{"lets one of twenty changes of one version win", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		var wg sync.WaitGroup
		var did atomic.Int32
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			is := ada(1)
			is.Role = fmt.Sprint("Role ", i)
			wg.Go(func() {
				switch err := h.SaveUser(ctx, is, 1, directory.Change(ada(1), is)); {
				case err == nil:
					did.Add(1)
				case !errors.Is(err, store.ErrConflict):
					f.Error(err)
				}
			})
		}
		wg.Wait()
		u, err := s.User(ctx, "acme", "u-1")
		must(f, err)
		last, err := s.LastEvent(ctx)
		must(f, err)
		if did.Load() != 1 || u.Version != 2 || last != 2 {
			f.Errorf("%d did, version %d, %d events; want 1, 2 and 2", did.Load(), u.Version, last)
		}
	}},
	{"does nothing of a change that came too late", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		n := session("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		gone := ada(1)
		gone.State = directory.Suspended
		wants(f, s.SaveUser(ctx, gone, 7, directory.Change(ada(1), gone)), store.ErrConflict)
		if _, u, _, err := s.Session(ctx, n.Hash, start); err != nil || u.State != directory.Active {
			f.Errorf("the session: %v, %v", u.State, err)
		}
		if last, err := s.LastEvent(ctx); err != nil || last != 2 {
			f.Errorf("%d events, %v; want 2", last, err)
		}
		gone.ID = "u-9"
		wants(f, s.SaveUser(ctx, gone, 1, directory.Consequence{}), store.ErrNotFound)
	}},
	// req: E5
	{"keeps who is archived and frees their names", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		_, err := s.UserByUserName(ctx, "acme", ada(1).UserName)
		wants(f, err, store.ErrNotFound)
		_, err = s.UserByExternalID(ctx, "acme", "ext-1")
		wants(f, err, store.ErrNotFound)
		old, err := s.User(ctx, "acme", "u-1")
		if err != nil || old.State != directory.Archived || string(old.Doc) != string(ada(1).Doc) {
			f.Errorf("the data: %+v, %v", old, err)
		}
		again := ada(1)
		again.ID = "u-2"
		must(f, insert(ctx, s, again))
		taken(f, move(ctx, s, "acme", "u-1", directory.Active), "userName")
		must(f, move(ctx, s, "acme", "u-2", directory.Archived))
		must(f, move(ctx, s, "acme", "u-1", directory.Active))
	}},
	{"does not give a person another's name", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		is := ada(2)
		is.UserName = "ADA.1@acme.example"
		taken(f, s.SaveUser(ctx, is, 1, directory.Consequence{}), "userName")
		is = ada(2)
		is.ExternalID = "ext-1"
		taken(f, s.SaveUser(ctx, is, 1, directory.Consequence{}), "externalId")
		is = ada(2)
		is.UserName = "ADA.2@acme.example" // their own, with other case
		must(f, s.SaveUser(ctx, is, 1, directory.Consequence{}))
		u, err := s.UserByUserName(ctx, "acme", "ada.2@acme.example")
		if err != nil || u.UserName != "ADA.2@acme.example" || u.Version != 2 {
			f.Errorf("got %+v, %v", u, err)
		}
	}},
	{"links an object id once, to one person", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i := range 3 {
			must(f, insert(ctx, s, ada(i)))
		}
		must(f, s.LinkObjectID(ctx, "acme", "u-1", "oid", start))
		must(f, s.LinkObjectID(ctx, "acme", "u-1", "oid", start)) // the same again
		wants(f, s.LinkObjectID(ctx, "acme", "u-1", "oid-2", start), store.ErrConflict)
		taken(f, s.LinkObjectID(ctx, "acme", "u-2", "oid", start), "objectId")
		taken(f, s.LinkObjectID(ctx, "acme", "u-2", "ext-0", start), "objectId")
		wants(f, s.LinkObjectID(ctx, "acme", "u-9", "oid-9", start), store.ErrNotFound)
		// A change that was made from what was read before keeps the link.
		is := ada(1)
		is.Role = "Other"
		must(f, s.SaveUser(ctx, is, 1, directory.Consequence{}))
		u, err := s.UserByObjectID(ctx, "acme", "oid")
		if err != nil || u.ID != "u-1" || u.Role != "Other" {
			f.Errorf("got %+v, %v", u, err)
		}
		all, err := s.Events(ctx, 3, 10)
		if err != nil || len(all) != 1 || all[0].Kind != directory.UserLinked || all[0].User != "u-1" {
			f.Errorf("events: %+v, %v", all, err)
		}
	}},
	{"refuses what one of the databases could not keep", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for _, odd := range []string{"a\x00b", "a\xffb"} {
			u := ada(1)
			u.UserName = odd
			wants(f, insert(ctx, s, u), store.ErrInvalid)
			wants(f, s.SaveUser(ctx, u, 1, directory.Consequence{}), store.ErrInvalid)
			_, err := s.UserByUserName(ctx, "acme", odd)
			wants(f, err, store.ErrNotFound)
			_, err = s.Workspace(ctx, odd)
			wants(f, err, store.ErrNotFound)
			_, total, err := s.FindUsers(ctx, "acme", store.Query{ExternalID: &odd, Count: 1})
			if err != nil || total != 0 {
				f.Errorf("finding %q: %d, %v", odd, total, err)
			}
		}
		u := ada(1)
		u.State = "gone"
		wants(f, insert(ctx, s, u), store.ErrInvalid)
	}},
}
