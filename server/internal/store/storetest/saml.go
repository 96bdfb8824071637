package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// connection is a SAML connection with every field set.
func connection() directory.SAML {
	return directory.SAML{
		Type: directory.SAMLGeneric, Disabled: true,
		IdP: directory.SAMLIdP{
			EntityID: "https://sts.example/", SSORedirect: "https://idp.example/r", SSOPost: "https://idp.example/p",
			SLORedirect: "https://idp.example/sr", SLOPost: "https://idp.example/sp", SLOResponse: "https://idp.example/a", TenantID: "t",
		},
		Certificates: []directory.SAMLCertificate{{DER: []byte{0, 1, 255}, Source: "metadata", Added: start}},
		Metadata: directory.SAMLMetadata{
			URL: "https://idp.example/m", AnyHost: true, ETag: `"∆"`, EntityID: "e", Sought: start, Refreshed: start, Tried: start,
			Next: start.Add(time.Hour), Failure: "LY-MD-004", ChangedEntityID: "x", ValidUntil: start,
		},
		JIT: true, IdPInitiated: directory.IdPAccept, EntityID: "BTIQ", Audiences: []string{"a"},
		RequiredClaims: []directory.SAMLClaim{{Name: "CoNm", Equals: "456", AnyCase: true}},
		ClaimMap:       map[string]string{directory.ClaimEmail: "mail"}, NameIDSource: "mail", RequireEmail: true,
		NameIDFormat: "f", AuthnContext: "c", SignRequests: true, PostBinding: true, ForceAuthn: true,
		InsecureAllowSHA1: true, InsecureAllowExpired: true, Skew: time.Minute, UserAccessURL: "https://myapps.example/",
		AppReturns: []string{"com.example.app:/x"}, Tested: start, TestedHash: "h", Warned: []string{"w"},
		Keys: []directory.SAMLKey{{ID: "k", Use: directory.KeyEncryption, Certificate: []byte{1}, Sealed: []byte{2}, Created: start}},
	}
}

// put is a change that stores c.
func put(c directory.SAML, kinds ...directory.Kind) func(*directory.SAML) ([]directory.Kind, error) {
	return func(now *directory.SAML) ([]directory.Kind, error) {
		*now = c
		return kinds, nil
	}
}

// ticket is one of acme's, for an hour.
func ticket(kind store.TicketKind, hash string) store.Ticket {
	return store.Ticket{Kind: kind, Hash: hash, Workspace: "acme", Doc: []byte(`{"∆":1}`), Created: start, Expires: start.Add(time.Hour)}
}

func keyOf(t store.Ticket) store.TicketKey {
	return store.TicketKey{Kind: t.Kind, Workspace: t.Workspace, Hash: t.Hash}
}

var federating = []promise{
	{"gives a connection back as it was stored, and says what happened", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		_, err := s.SAML(ctx, "acme")
		wants(f, err, store.ErrNotFound)
		_, err = s.UpdateSAML(ctx, "nobody", start, put(connection()))
		wants(f, err, store.ErrNotFound)
		stored, err := s.UpdateSAML(ctx, "acme", start, put(connection(), directory.SAMLCertificates))
		must(f, err)
		want := connection()
		want.Workspace, want.Version, want.Created, want.Modified = "acme", 1, start.Truncate(time.Microsecond), start.Truncate(time.Microsecond)
		got, err := s.SAML(ctx, "acme")
		must(f, err)
		if diff := cmp.Diff(want, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, stored); diff != "" {
			f.Errorf("returned (-want +got):\n%s", diff)
		}
		all, err := s.Events(ctx, 0, 10)
		must(f, err)
		if len(all) != 1 || all[0].Kind != directory.SAMLCertificates || all[0].Workspace != "acme" || all[0].Directory != "acme" {
			f.Errorf("events: %+v", all)
		}
		no := errors.New("no")
		_, err = s.UpdateSAML(ctx, "acme", start, func(c *directory.SAML) ([]directory.Kind, error) {
			c.JIT = false
			return []directory.Kind{directory.SAMLEntityID}, no
		})
		wants(f, err, no)
		if again, err := s.SAML(ctx, "acme"); err != nil || !again.JIT || again.Version != 1 {
			f.Errorf("a refused change: %+v, %v", again, err)
		}
		must(f, s.DeleteSAML(ctx, "acme"))
		wants(f, s.DeleteSAML(ctx, "acme"), store.ErrNotFound)
		_, err = s.SAML(ctx, "acme")
		wants(f, err, store.ErrNotFound)
	}},
	{"loses none of twenty changes of a connection at once, through two handles", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		var wg sync.WaitGroup
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				if _, err := h.UpdateSAML(ctx, "acme", start, func(c *directory.SAML) ([]directory.Kind, error) {
					c.Warned = append(c.Warned, fmt.Sprint(i))
					return nil, nil
				}); err != nil {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if c, err := s.SAML(ctx, "acme"); err != nil || len(c.Warned) != 20 || c.Version != 20 {
			f.Errorf("%+v, %v", c, err)
		}
	}},
	{"knows which metadata is due", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i, id := range []string{"b", "c", "d"} {
			must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: id, Created: start}))
			c := connection()
			if c.Metadata.Next = start.Add(-time.Duration(i) * time.Hour); id == "d" {
				c.Metadata.Next = time.Time{}
			}
			_, err := s.UpdateSAML(ctx, id, start, put(c))
			must(f, err)
		}
		for _, q := range []struct {
			at    time.Time
			limit int
			want  string
		}{{start, 10, "cb"}, {start, 1, "c"}, {start.Add(-time.Minute), 10, "c"}, {start.Add(-2 * time.Hour), 10, ""}} {
			due, err := s.SAMLDue(ctx, q.at, q.limit)
			must(f, err)
			got := ""
			for _, c := range due {
				got += c.Workspace
			}
			if got != q.want {
				f.Errorf("at %v: %q, want %q", q.at, got, q.want)
			}
		}
		if all, err := s.SAMLs(ctx); err != nil || len(all) != 3 || all[0].Workspace != "b" {
			f.Errorf("%+v, %v", all, err)
		}
	}},
	{"gives a ticket to one of twenty takers, through two handles", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		one := ticket(store.TicketCode, "h")
		must(f, s.Exchange(ctx, nil, []store.Ticket{one}, start))
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				got, err := h.TakeTicket(ctx, keyOf(one), start)
				if err == nil {
					won.Add(1)
					if diff := cmp.Diff(one.Doc, got.Doc); diff != "" {
						f.Error(diff)
					}
				} else if !errors.Is(err, store.ErrNotFound) {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			f.Errorf("%d of them got it", won.Load())
		}
	}},
	{"lets one of twenty put the same ticket, through two handles", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				err := h.Exchange(ctx, nil, []store.Ticket{ticket(store.TicketSeen, "h")}, start)
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, store.ErrExists) {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			f.Errorf("%d of them did", won.Load())
		}
	}},
	{"exchanges tickets all or nothing", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		request, seen, parked := ticket(store.TicketRequest, "r"), ticket(store.TicketSeen, "s"), ticket(store.TicketParked, "p")
		must(f, s.Exchange(ctx, nil, []store.Ticket{request}, start))
		other := keyOf(request)
		other.Workspace = "beta"
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Created: start}))
		wants(f, s.Exchange(ctx, []store.TicketKey{other}, []store.Ticket{seen}, start), store.ErrNotFound)
		wants(f, s.Exchange(ctx, []store.TicketKey{keyOf(request), keyOf(parked)}, []store.Ticket{seen}, start), store.ErrNotFound)
		wants(f, s.Exchange(ctx, []store.TicketKey{keyOf(request)}, []store.Ticket{parked, seen, seen}, start), store.ErrExists)
		if _, err := s.Ticket(ctx, keyOf(request), start); err != nil {
			f.Errorf("the request was taken by the way: %v", err)
		}
		for _, gone := range []store.Ticket{seen, parked} {
			_, err := s.Ticket(ctx, keyOf(gone), start)
			wants(f, err, store.ErrNotFound)
		}
		must(f, s.Exchange(ctx, []store.TicketKey{keyOf(request)}, []store.Ticket{seen, parked}, start))
		wants(f, s.Exchange(ctx, []store.TicketKey{keyOf(request)}, nil, start), store.ErrNotFound)
		got, err := s.Ticket(ctx, keyOf(parked), start)
		must(f, err)
		parked.Created, parked.Expires = parked.Created.Truncate(time.Microsecond), parked.Expires.Truncate(time.Microsecond)
		if diff := cmp.Diff(parked, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		lost := ticket(store.TicketCode, "x")
		lost.Workspace = "nobody"
		wants(f, s.Exchange(ctx, nil, []store.Ticket{lost}, start), store.ErrNotFound)
		wants(f, s.Exchange(ctx, nil, []store.Ticket{{Kind: store.TicketCode, Workspace: "acme"}}, start), store.ErrInvalid)
	}},
	{"does not give a ticket to whoever comes too late, and forgets it", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		one := ticket(store.TicketCode, "h")
		must(f, s.Exchange(ctx, nil, []store.Ticket{one}, start))
		_, err := s.Ticket(ctx, keyOf(one), one.Expires)
		wants(f, err, store.ErrNotFound)
		_, err = s.TakeTicket(ctx, keyOf(one), one.Expires)
		wants(f, err, store.ErrNotFound)
		// An assertion stays known until it is forgotten, expired or not.
		wants(f, s.Exchange(ctx, nil, []store.Ticket{one}, one.Expires), store.ErrExists)
		if n, err := s.ExpireTickets(ctx, one.Expires.Add(-time.Second)); err != nil || n != 0 {
			f.Errorf("%d, %v", n, err)
		}
		if n, err := s.ExpireTickets(ctx, one.Expires); err != nil || n != 1 {
			f.Errorf("%d, %v", n, err)
		}
	}},
	{"keeps what a session came from, and ends those that a provider names", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		of := func(nameID, index string) directory.Session {
			n := session("u-1")
			n.Web = true
			n.SAML = &directory.SAMLSession{
				Issuer: "https://sts.example/", NameID: nameID, Format: "f", Index: index, Email: "e",
				Attributes: map[string][]string{"a": {"1", "∆"}},
			}
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
			return n
		}
		one, two, none, others := of("ada", "i1"), of("ada", "i2"), of("ada", ""), of("bob", "i1")
		plain := session("u-1")
		must(f, s.StartSession(ctx, plain, anyone, directory.Event{}))
		got, _, _, err := s.Session(ctx, one.Hash, start)
		must(f, err)
		if diff := cmp.Diff(one.SAML, got.SAML); diff != "" || !got.Web {
			f.Errorf("web %v (-want +got):\n%s", got.Web, diff)
		}
		if got, _, _, err = s.Session(ctx, plain.Hash, start); err != nil || got.Web || got.SAML != nil {
			f.Errorf("a plain one: %+v, %v", got, err)
		}
		live := func(n directory.Session) bool {
			_, _, _, err := s.Session(ctx, n.Hash, start)
			return err == nil
		}
		for _, q := range []struct {
			issuer, nameID string
			indexes        []string
			ended          int
		}{
			{"https://other.example/", "ada", nil, 0},
			{"https://sts.example/", "nobody", nil, 0},
			{"https://sts.example/", "ada", []string{"i1"}, 2}, // and the one without an index
			{"https://sts.example/", "ada", nil, 1},
		} {
			if n, err := s.EndSAMLSessions(ctx, "acme", q.issuer, q.nameID, q.indexes, start); err != nil || n != q.ended {
				f.Errorf("%+v: %d ended, %v", q, n, err)
			}
		}
		if live(one) || live(two) || live(none) || !live(others) || !live(plain) {
			f.Errorf("live: %v %v %v %v %v", live(one), live(two), live(none), live(others), live(plain))
		}
		ended := 0
		all, err := s.Events(ctx, 0, 100)
		must(f, err)
		for _, e := range all {
			if e.Kind == directory.SessionEnded && e.User == "u-1" && e.Session != "" {
				ended++
			}
		}
		if ended != 3 {
			f.Errorf("%d events", ended)
		}
	}},
	{"ends everything that began by SAML in a workspace, however much, and nothing else", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Directory: "acme", Created: start}))
		const people, each = 3, 90 // more than one transaction's worth
		begin := func(user, workspace string, bySAML bool) directory.Session {
			n := session(user)
			n.Workspace = workspace
			if bySAML {
				n.SAML = &directory.SAMLSession{Issuer: "https://sts.example/", NameID: user}
			}
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
			return n
		}
		for i := range people {
			must(f, insert(ctx, s, ada(i)))
			for range each {
				begin(fmt.Sprint("u-", i), "acme", true)
			}
		}
		plain, elsewhere := begin("u-1", "acme", false), begin("u-1", "beta", true)
		act := store.Act{At: start.Add(time.Minute), Directory: "acme", Workspace: "acme", Who: "operator", What: "ended"}
		if n, err := s.EndEverySAMLSession(ctx, act); n != people*each || err != nil {
			f.Errorf("%d ended, %v", n, err)
		}
		if n, err := s.EndEverySAMLSession(ctx, act); n != 0 || err != nil {
			f.Errorf("again: %d ended, %v", n, err)
		}
		for i := range people {
			user, left := fmt.Sprint("u-", i), 0
			if i == 1 {
				left = 2
			}
			if all, err := s.SessionsOfUser(ctx, user); len(all) != left || err != nil {
				f.Errorf("%s has %d sessions, %v", user, len(all), err)
			}
			// One who has sessions in two transactions has the act twice.
			if acts, err := s.Acts(ctx, "acme", user, 9); err != nil || len(acts) < 1 || len(acts) > 3 || acts[0].What != act.What {
				f.Errorf("%s: %+v, %v", user, acts, err)
			}
			evs, err := s.EventsOf(ctx, "acme", user, 1000)
			must(f, err)
			ended := map[string]bool{}
			for _, e := range evs {
				if e.Kind == directory.SessionEnded {
					ended[e.Session] = true
				}
			}
			if len(ended) != each || ended[plain.ID] || ended[elsewhere.ID] {
				f.Errorf("%s: %d events of ended sessions", user, len(ended))
			}
		}
	}},
	{"finds people by their e-mail addresses and user names, without case", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		u := ada(1)
		u.Doc = []byte(`{"userName":"Ada.1@acme.example","emails":[{"value":"Countess@Acme.example"},{"value":"ada@home.example"}]}`)
		must(f, insert(ctx, s, u))
		must(f, insert(ctx, s, ada(2)))
		for email, want := range map[string]string{
			"countess@acme.example": "u-1", "ADA@HOME.example": "u-1", "ada.2@ACME.example": "u-2", "nobody@acme.example": "", "": "", "\x00": "",
		} {
			found, err := s.UsersByEmail(ctx, "acme", email)
			must(f, err)
			if (want == "") != (len(found) == 0) || len(found) > 0 && found[0].ID != want {
				f.Errorf("%q finds %+v, want %q", email, found, want)
			}
		}
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		if found, err := s.UsersByEmail(ctx, "acme", "countess@acme.example"); err != nil || len(found) != 0 {
			f.Errorf("archived: %+v, %v", found, err)
		}
	}},
}
