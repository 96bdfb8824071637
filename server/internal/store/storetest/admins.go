package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func (f *fixture) admin(s *store.Store, id string, roles map[string]string) directory.Administrator {
	f.Helper()
	a := directory.Administrator{ID: id, Email: id + "@Acme.example", Name: id, Roles: roles, Created: start}
	if err := s.CreateAdmin(f.Context(), a, nil); err != nil {
		f.Fatal(err)
	}
	return a
}

func adminSession(id, admin string) directory.AdminSession {
	return directory.AdminSession{
		Hash: "hash-" + id, ID: id, Admin: admin, How: directory.ByPasskey, Agent: "a browser", IP: "192.0.2.1",
		Created: start, Seen: start, Proven: start, Expires: start.Add(12 * time.Hour),
	}
}

var administering = []promise{
	{"knows administrators by id and by address, whatever its capitals, and no two of one address", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.admin(s, "ada", map[string]string{"acme": directory.AdminOwner})
		for _, find := range []func() (directory.Administrator, error){
			func() (directory.Administrator, error) { return s.Admin(ctx, "ada") },
			func() (directory.Administrator, error) { return s.AdminByEmail(ctx, "ADA@acme.EXAMPLE") },
		} {
			a, err := find()
			if err != nil || a.ID != "ada" || a.Roles["acme"] != directory.AdminOwner || !a.Created.Equal(start) {
				f.Errorf("found %+v, %v", a, err)
			}
		}
		err := s.CreateAdmin(ctx, directory.Administrator{ID: "eve", Email: "ada@ACME.example"}, nil)
		wants(f, err, store.ErrExists)
		wants(f, s.CreateAdmin(ctx, directory.Administrator{ID: "eve", Email: "eve@acme.example", Roles: map[string]string{"nobodys": "owner"}}, nil), store.ErrNotFound)
		wants(f, s.CreateAdmin(ctx, directory.Administrator{ID: "eve"}, nil), store.ErrInvalid)
		_, err = s.Admin(ctx, "eve")
		wants(f, err, store.ErrNotFound)
		_, err = s.AdminByEmail(ctx, "eve\x00")
		wants(f, err, store.ErrNotFound)
	}},
	{"changes an administrator once for each of many at once", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		a := f.admin(s, "ada", nil)
		_, err := s.ChangeAdmin(ctx, a.ID, store.AdminChange{}, func(a *directory.Administrator, _ func() ([]directory.Administrator, error)) error {
			a.Recovery = []string{"code"}
			return nil
		})
		must(f, err)
		spent := errors.New("spent")
		var wg sync.WaitGroup
		var mu sync.Mutex
		took := 0
		for range 20 {
			wg.Go(func() {
				_, err := s.ChangeAdmin(ctx, a.ID, store.AdminChange{}, func(a *directory.Administrator, _ func() ([]directory.Administrator, error)) error {
					if len(a.Recovery) == 0 {
						return spent
					}
					a.Recovery = nil
					return nil
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					took++
				case !errors.Is(err, spent):
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if took != 1 {
			f.Errorf("%d took the one recovery code", took)
		}
	}},
	{"shows a change the others of that moment, and keeps nothing of one that was refused", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.admin(s, "ada", nil)
		f.admin(s, "bo", nil)
		no := errors.New("no")
		n := adminSession("s-1", "ada")
		_, err := s.ChangeAdmin(ctx, "ada", store.AdminChange{Start: &n}, func(a *directory.Administrator, others func() ([]directory.Administrator, error)) error {
			all, err := others()
			if err != nil || len(all) != 1 || all[0].ID != "bo" {
				f.Errorf("the others are %v, %v", all, err)
			}
			a.Name = "changed"
			return no
		})
		wants(f, err, no)
		if a, err := s.Admin(ctx, "ada"); err != nil || a.Name != "ada" {
			f.Errorf("now %+v, %v", a, err)
		}
		_, _, err = s.AdminSession(ctx, n.Hash, start)
		wants(f, err, store.ErrNotFound)
		_, err = s.ChangeAdmin(ctx, "ada", store.AdminChange{}, func(a *directory.Administrator, _ func() ([]directory.Administrator, error)) error {
			a.Email = "BO@acme.example"
			return nil
		})
		wants(f, err, store.ErrExists)
	}},
	{"changes nothing once the session or the ticket is gone that a change stands on", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.admin(s, "ada", nil)
		f.admin(s, "bo", nil)
		must(f, startAdmin(ctx, s, adminSession("s-1", "ada")))
		must(f, s.PutAdminTickets(ctx, store.AdminTicket{Kind: "join", Hash: "h", Created: start, Expires: later}))
		change := func(who string, c store.AdminChange) error {
			_, err := s.ChangeAdmin(ctx, who, c, func(a *directory.Administrator, _ func() ([]directory.Administrator, error)) error {
				a.Name += "+"
				return nil
			})
			return err
		}
		both := store.AdminChange{Session: "hash-s-1", Ticket: store.AdminTicketKey{Kind: "join", Hash: "h"}}
		must(f, change("ada", both))
		wants(f, change("bo", both), store.ErrNotFound) // it is ada's session
		wants(f, change("ada", store.AdminChange{Ticket: store.AdminTicketKey{Kind: "invite", Hash: "h"}}), store.ErrNotFound)
		_, err := s.TakeAdminTicket(ctx, "join", "h", start)
		must(f, err)
		wants(f, change("ada", both), store.ErrNotFound)
		both.Ticket = store.AdminTicketKey{}
		must(f, change("ada", both))
		must(f, s.EndAdminSession(ctx, "ada", "s-1"))
		wants(f, change("ada", both), store.ErrNotFound)
		if a, err := s.Admin(ctx, "ada"); err != nil || a.Name != "ada++" {
			f.Errorf("she is %q, %v", a.Name, err)
		}
	}},
	{"ends sessions and tickets with what they belong to", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.admin(s, "ada", nil)
		f.admin(s, "bo", nil)
		for _, id := range []string{"s-1", "s-2", "s-3"} {
			must(f, startAdmin(ctx, s, adminSession(id, "ada")))
		}
		must(f, startAdmin(ctx, s, adminSession("s-bo", "bo")))
		wants(f, startAdmin(ctx, s, adminSession("s-x", "nobody")), store.ErrNotFound)
		wants(f, s.EndAdminSession(ctx, "bo", "s-1"), store.ErrNotFound)
		must(f, s.EndAdminSession(ctx, "ada", "s-1"))
		must(f, s.PutAdminTickets(ctx, store.AdminTicket{Kind: "join", Hash: "h", Admin: "ada", Created: start, Expires: later}))
		_, err := s.ChangeAdmin(ctx, "ada", store.AdminChange{EndOthers: true, Keep: "hash-s-3", Proven: "hash-s-3", Now: later},
			func(*directory.Administrator, func() ([]directory.Administrator, error)) error { return nil })
		must(f, err)
		all, err := s.AdminSessions(ctx, "ada", start)
		if err != nil || len(all) != 1 || all[0].ID != "s-3" || !all[0].Proven.Equal(later) {
			f.Errorf("left are %+v, %v", all, err)
		}
		_, err = s.AdminTicket(ctx, "join", "h", start)
		wants(f, err, store.ErrNotFound)
		n, a, err := s.AdminSession(ctx, "hash-s-bo", start)
		if err != nil || n != adminSession("s-bo", "bo") || a.ID != "bo" {
			f.Errorf("bo's is %+v of %+v, %v", n, a, err)
		}
		_, _, err = s.AdminSession(ctx, "hash-s-bo", start.Add(12*time.Hour))
		wants(f, err, store.ErrNotFound)
		must(f, s.CreateAdminToken(ctx, directory.AdminToken{ID: "t", Hash: "th", Admin: "bo", Role: "owner", Created: start, Expires: later}))
		must(f, s.RemoveAdmin(ctx, "bo", start, func(a directory.Administrator, others []directory.Administrator) error {
			if a.ID != "bo" || len(others) != 1 {
				f.Errorf("%+v, %v", a, others)
			}
			return nil
		}))
		_, _, err = s.AdminSession(ctx, "hash-s-bo", start)
		wants(f, err, store.ErrNotFound)
		_, err = s.AdminToken(ctx, "th", start)
		wants(f, err, store.ErrNotFound)
	}},
	{"keeps a bounded number of sessions, the newest", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.admin(s, "ada", nil)
		for i := range 25 {
			n := adminSession(fmt.Sprintf("s-%02d", i), "ada")
			n.Created = start.Add(time.Duration(i) * time.Second)
			must(f, startAdmin(ctx, s, n))
		}
		all, err := s.AdminSessions(ctx, "ada", start)
		if err != nil || len(all) != 20 || all[0].ID != "s-24" || all[19].ID != "s-05" {
			f.Errorf("%d are left, %v", len(all), err)
		}
	}},
	{"notes when a session was used, and holds the first secret that it sets up", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.admin(s, "ada", nil)
		must(f, startAdmin(ctx, s, adminSession("s-1", "ada")))
		must(f, s.SeeAdminSession(ctx, "hash-s-1", later))
		must(f, s.SeeAdminSession(ctx, "hash-s-1", start)) // never back
		if kept, err := s.HoldPending(ctx, "hash-s-1", "one"); err != nil || kept != "one" {
			f.Errorf("kept %q, %v", kept, err)
		}
		if kept, err := s.HoldPending(ctx, "hash-s-1", "two"); err != nil || kept != "one" {
			f.Errorf("then %q, %v", kept, err)
		}
		n, _, err := s.AdminSession(ctx, "hash-s-1", start)
		if err != nil || !n.Seen.Equal(later) || n.Pending != "one" {
			f.Errorf("now %+v, %v", n, err)
		}
		if kept, err := s.HoldPending(ctx, "hash-s-1", ""); err != nil || kept != "" {
			f.Errorf("at last %q, %v", kept, err)
		}
		_, err = s.HoldPending(ctx, "hash-none", "one")
		wants(f, err, store.ErrNotFound)
	}},
	{"lets a ticket be put once, taken once, and the newest of its kind stand alone", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		k := store.AdminTicket{Kind: "first", Hash: "h-1", Doc: []byte(`{}`), Created: start, Expires: later, Alone: true}
		must(f, s.PutAdminTickets(ctx, k))
		wants(f, s.PutAdminTickets(ctx, store.AdminTicket{Kind: "first", Hash: "h-1", Expires: later}), store.ErrExists)
		k.Hash = "h-2"
		must(f, s.PutAdminTickets(ctx, k))
		_, err := s.AdminTicket(ctx, "first", "h-1", start)
		wants(f, err, store.ErrNotFound)
		if all, err := s.AdminTickets(ctx, "first", start); err != nil || len(all) != 1 || all[0].Hash != "h-2" {
			f.Errorf("all: %+v, %v", all, err)
		}
		_, err = s.TakeAdminTicket(ctx, "first", "h-2", later)
		wants(f, err, store.ErrNotFound)
		if got, err := s.TakeAdminTicket(ctx, "first", "h-2", start); err != nil || got.Hash != "h-2" || string(got.Doc) != "{}" {
			f.Errorf("took %+v, %v", got, err)
		}
		_, err = s.TakeAdminTicket(ctx, "first", "h-2", start)
		wants(f, err, store.ErrNotFound)
	}},
	{"forgets what has expired", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.admin(s, "ada", nil)
		must(f, startAdmin(ctx, s, adminSession("s-1", "ada")))
		must(f, s.PutAdminTickets(ctx, store.AdminTicket{Kind: "seen", Hash: "h", Expires: start.Add(time.Minute)}))
		if n, err := s.ExpireAdmins(ctx, start.Add(time.Minute)); err != nil || n != 1 {
			f.Errorf("%d expired, %v", n, err)
		}
		if n, err := s.ExpireAdmins(ctx, start.Add(24*time.Hour)); err != nil || n != 1 {
			f.Errorf("%d expired, %v", n, err)
		}
	}},
	{"opens a setup link until it expires or is revoked, and counts", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		l := directory.SetupLink{ID: "l-1", Hash: "h", Workspace: "acme", Module: directory.ModuleSAML, For: "Bo of IT", By: "ada", Created: start, Expires: later}
		must(f, s.CreateSetupLink(ctx, l))
		wants(f, s.CreateSetupLink(ctx, directory.SetupLink{ID: "l-2", Hash: "h2", Workspace: "nobodys"}), store.ErrNotFound)
		for i := range 2 {
			got, err := s.UseSetupLink(ctx, "h", start)
			if err != nil || got.Uses != int64(i+1) || got.Module != directory.ModuleSAML || got.For != "Bo of IT" || !got.Used.Equal(start) {
				f.Errorf("opened %+v, %v", got, err)
			}
		}
		_, err := s.UseSetupLink(ctx, "h", later)
		wants(f, err, store.ErrNotFound)
		_, err = s.SetupLink(ctx, "l-1", start)
		must(f, err)
		_, err = s.SetupLinkOf(ctx, "h", start)
		must(f, err)
		wants(f, s.RevokeSetupLink(ctx, "other", "l-1", start), store.ErrNotFound)
		must(f, s.RevokeSetupLink(ctx, "acme", "l-1", start))
		wants(f, s.RevokeSetupLink(ctx, "acme", "l-1", start), store.ErrNotFound)
		_, err = s.SetupLink(ctx, "l-1", start)
		wants(f, err, store.ErrNotFound)
		_, err = s.UseSetupLink(ctx, "h", start)
		wants(f, err, store.ErrNotFound)
		if all, err := s.SetupLinks(ctx, "acme"); err != nil || len(all) != 1 || all[0].Live(start) {
			f.Errorf("all: %+v, %v", all, err)
		}
	}},
	{"knows tokens by their hash until they expire or are revoked", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateAdminToken(ctx, directory.AdminToken{ID: "t-1", Hash: "h", Name: "deploy", Workspace: "acme", Role: "viewer", Created: start, Expires: later}))
		wants(f, s.CreateAdminToken(ctx, directory.AdminToken{ID: "t-2", Hash: "h2", Workspace: "nobodys"}), store.ErrNotFound)
		must(f, s.SeeAdminToken(ctx, "t-1", start))
		got, err := s.AdminToken(ctx, "h", start)
		if err != nil || got.Name != "deploy" || got.Role != "viewer" || !got.Used.Equal(start) {
			f.Errorf("got %+v, %v", got, err)
		}
		_, err = s.AdminToken(ctx, "h", later)
		wants(f, err, store.ErrNotFound)
		wants(f, s.RevokeAdminToken(ctx, "", "t-1", start), store.ErrNotFound)
		must(f, s.RevokeAdminToken(ctx, "acme", "t-1", start))
		_, err = s.AdminToken(ctx, "h", start)
		wants(f, err, store.ErrNotFound)
		if all, err := s.AdminTokens(ctx, "acme"); err != nil || len(all) != 1 || all[0].Revoked.IsZero() {
			f.Errorf("all: %+v, %v", all, err)
		}
	}},
}

// startAdmin starts a session of an administrator, and changes nothing else.
func startAdmin(ctx context.Context, s *store.Store, n directory.AdminSession) error {
	_, err := s.ChangeAdmin(ctx, n.Admin, store.AdminChange{Start: &n}, func(*directory.Administrator, func() ([]directory.Administrator, error)) error { return nil })
	return err
}
