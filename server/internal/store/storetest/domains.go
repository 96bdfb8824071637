package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// claim is a domain that somebody of a workspace entered.
func claim(domain string) directory.DomainClaim {
	return directory.DomainClaim{Domain: domain, Challenge: "value of " + domain, Who: "ada", Created: start}
}

var byDNS = store.DomainProven{Proof: directory.ProofDNS, Who: "ada", Now: later}

// claims stores domains of a workspace.
func (f *fixture) claims(s *store.Store, ws string, domains ...string) {
	f.Helper()
	var all []directory.DomainClaim
	for _, d := range domains {
		all = append(all, claim(d))
	}
	_, err := s.ClaimDomains(f.Context(), ws, all, 99)
	must(f, err)
}

// second makes another workspace.
func (f *fixture) second(s *store.Store, id string) {
	f.Helper()
	must(f, s.CreateWorkspace(f.Context(), directory.Workspace{ID: id, Created: start}))
}

// leadsBy checks which workspace a domain leads to; "" is none.
func (f *fixture) leadsBy(s *store.Store, domain, want string) {
	f.Helper()
	w, err := s.WorkspaceByDomain(f.Context(), domain)
	if want == "" {
		wants(f, err, store.ErrNotFound)
	} else if err != nil || w.ID != want || !slices.Contains(w.Domains, domain) {
		f.Errorf("%s leads to %q with %v, %v; want %q", domain, w.ID, w.Domains, err, want)
	}
}

var claiming = []promise{
	{"gives domains back as they were entered, and leads nobody anywhere before they are proven", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		_, err := s.ClaimDomains(ctx, "nobody", []directory.DomainClaim{claim("acme.example")}, 9)
		wants(f, err, store.ErrNotFound)
		added, err := s.ClaimDomains(ctx, "acme", []directory.DomainClaim{claim("b.example"), claim("acme.example")}, 9)
		if err != nil || len(added) != 2 {
			f.Fatalf("added %+v, %v", added, err)
		}
		again := claim("acme.example")
		again.Challenge = "another"
		if added, err := s.ClaimDomains(ctx, "acme", []directory.DomainClaim{again}, 9); err != nil || len(added) != 0 {
			f.Errorf("entered twice: %+v, %v", added, err)
		}
		at := start.Truncate(time.Microsecond)
		want := claim("acme.example")
		want.Workspace, want.Environment, want.Created, want.Next = "acme", directory.Production, at, at
		all, err := f.open().DomainClaims(ctx, "acme")
		if err != nil || len(all) != 2 || all[1].Domain != "b.example" {
			f.Fatalf("%+v, %v", all, err)
		}
		if diff := cmp.Diff(want, all[0]); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		f.leadsBy(s, "acme.example", "")
	}},
	{"takes no more domains than it is told, and then none of them", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.claims(s, "acme", "a.example")
		_, err := s.ClaimDomains(ctx, "acme", []directory.DomainClaim{claim("b.example"), claim("c.example")}, 2)
		wants(f, err, store.ErrInvalid)
		if all, err := s.DomainClaims(ctx, "acme"); err != nil || len(all) != 1 {
			f.Errorf("%+v, %v", all, err)
		}
	}},
	{"makes a proven domain lead to its workspace, and lets no other have it", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.second(s, "beta")
		f.claims(s, "acme", "acme.example")
		f.claims(s, "beta", "acme.example") // nobody has proven it yet
		wants(f, s.ProveDomain(ctx, "acme", "other.example", byDNS), store.ErrNotFound)
		must(f, s.ProveDomain(ctx, "acme", "acme.example", byDNS))
		f.leadsBy(s, "acme.example", "acme")
		w, err := s.Workspace(ctx, "acme")
		must(f, err)
		must(f, s.ProveDomain(ctx, "acme", "acme.example", store.DomainProven{Proof: directory.ProofOverride, Who: "x", Now: later}))
		all, err := s.DomainClaims(ctx, "acme")
		if err != nil || len(all) != 1 || all[0].Proof != directory.ProofDNS || all[0].VerifiedBy != "ada" || !all[0].Verified.Equal(later) || !all[0].Next.IsZero() {
			f.Errorf("%+v, %v", all, err)
		}
		if again, err := s.Workspace(ctx, "acme"); err != nil || again.Version != w.Version {
			f.Errorf("proving twice made version %d of %d, %v", again.Version, w.Version, err)
		}
		var held store.DomainHeld
		if err := s.ProveDomain(ctx, "beta", "acme.example", byDNS); !errors.As(err, &held) || held.Domain != "acme.example" || !errors.Is(err, store.ErrExists) {
			f.Errorf("a take-over: %v", err)
		}
		f.second(s, "gamma")
		_, err = s.ClaimDomains(ctx, "gamma", []directory.DomainClaim{claim("new.example"), claim("acme.example")}, 9)
		wants(f, err, store.ErrExists)
		if all, err := s.DomainClaims(ctx, "gamma"); err != nil || len(all) != 0 {
			f.Errorf("of several, one held, these were noted: %+v, %v", all, err)
		}
		f.leadsBy(s, "acme.example", "acme")
	}},
	{"gives a domain that twenty prove at once to exactly one", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		for i := range 20 {
			f.second(s, fmt.Sprintf("ws-%d", i))
			f.claims(s, fmt.Sprintf("ws-%d", i), "acme.example")
		}
		var wg sync.WaitGroup
		var got atomic.Int64
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				switch err := h.ProveDomain(ctx, fmt.Sprintf("ws-%d", i), "acme.example", byDNS); {
				case err == nil:
					got.Add(1)
				case !errors.Is(err, store.ErrExists):
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			f.Errorf("%d workspaces have it", got.Load())
		}
	}},
	{"frees a domain that is dropped, and forgets one that was never proven", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.second(s, "beta")
		f.claims(s, "acme", "acme.example", "b.example")
		f.claims(s, "beta", "acme.example")
		must(f, s.ProveDomain(ctx, "acme", "acme.example", byDNS))
		wants(f, s.DropDomain(ctx, "acme", "c.example", later), store.ErrNotFound)
		must(f, s.DropDomain(ctx, "acme", "b.example", later))
		must(f, s.DropDomain(ctx, "acme", "acme.example", later))
		f.leadsBy(s, "acme.example", "")
		must(f, s.ProveDomain(ctx, "beta", "acme.example", byDNS))
		f.leadsBy(s, "acme.example", "beta")
	}},
	{"keeps step with the domains that an operator sets", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.claims(s, "acme", "acme.example", "wait.example")
		must(f, s.ProveDomain(ctx, "acme", "acme.example", byDNS))
		set := func(ws string, domains ...string) error {
			_, err := s.UpdateWorkspace(ctx, ws, later, func(w *directory.Workspace) error {
				w.Domains = domains
				return nil
			})
			return err
		}
		must(f, set("acme", "acme.example", "op.example", "wait.example"))
		proofs := map[string]directory.DomainProof{}
		all, err := s.DomainClaims(ctx, "acme")
		must(f, err)
		for _, c := range all {
			proofs[c.Domain] = c.Proof
		}
		want := map[string]directory.DomainProof{"acme.example": directory.ProofDNS, "op.example": directory.ProofOperator, "wait.example": directory.ProofOperator}
		if diff := cmp.Diff(want, proofs); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		must(f, set("acme", "op.example"))
		if all, err := s.DomainClaims(ctx, "acme"); err != nil || len(all) != 1 || all[0].Domain != "op.example" {
			f.Errorf("%+v, %v", all, err)
		}
		f.second(s, "beta")
		taken(f, set("beta", "op.example"), "domain")
		f.leadsBy(s, "op.example", "acme")
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "gamma", Created: start, Domains: []string{"gamma.example"}}))
		if all, err := s.DomainClaims(ctx, "gamma"); err != nil || len(all) != 1 || all[0].Proof != directory.ProofOperator || !all[0].Verified.Equal(start.Truncate(time.Microsecond)) {
			f.Errorf("%+v, %v", all, err)
		}
	}},
	{"lets a sandbox prove what production has, and still leads to production", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for _, ws := range []string{"box", "box-two"} {
			f.second(s, ws)
			_, _, err := store.ChangeSetting(ctx, s, ws, directory.SettingEnvironment, store.SettingChange{Version: store.AnyVersion, Who: "x", Now: start},
				func(e *directory.Environment) error {
					e.Kind = directory.Sandbox
					return nil
				})
			must(f, err)
			f.claims(s, ws, "acme.example")
		}
		must(f, s.ProveDomain(ctx, "box", "acme.example", byDNS))
		f.leadsBy(s, "acme.example", "")
		f.claims(s, "acme", "acme.example")
		must(f, s.ProveDomain(ctx, "acme", "acme.example", byDNS))
		f.leadsBy(s, "acme.example", "acme")
		if w, err := s.Workspace(ctx, "box"); err != nil || !slices.Equal(w.Domains, []string{"acme.example"}) {
			f.Errorf("%v, %v", w.Domains, err)
		}
		wants(f, s.ProveDomain(ctx, "box-two", "acme.example", byDNS), store.ErrExists)
	}},
	{"hands each domain that is due to one of those who ask, and notes what came of it", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		f.claims(s, "acme", "a.example", "b.example", "c.example")
		must(f, s.ProveDomain(ctx, "acme", "c.example", byDNS))
		if due, err := s.DueDomains(ctx, start.Add(-time.Second), later, 9); err != nil || len(due) != 0 {
			f.Errorf("before their time: %+v, %v", due, err)
		}
		var wg sync.WaitGroup
		var n atomic.Int64
		for i := range 8 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				due, err := h.DueDomains(ctx, start, start.Add(time.Hour), 1)
				if err != nil {
					f.Error(err)
				}
				n.Add(int64(len(due)))
			})
		}
		wg.Wait()
		if n.Load() != 2 {
			f.Errorf("%d were handed out, want 2", n.Load())
		}
		all, err := s.DomainClaims(ctx, "acme")
		must(f, err)
		a, c := all[0], all[2]
		a.Checked, a.Outcome, a.Detail, a.Next = later, "LY-DOM-020", "x", later.Add(time.Hour)
		must(f, s.NoteDomain(ctx, a))
		c.Outcome = "LY-DOM-020"
		must(f, s.NoteDomain(ctx, c)) // it was proven meanwhile
		all, err = s.DomainClaims(ctx, "acme")
		must(f, err)
		a.Checked, a.Next = a.Checked.Truncate(time.Microsecond), a.Next.Truncate(time.Microsecond)
		if diff := cmp.Diff(a, all[0]); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		if all[2].Outcome != "" || !all[2].Proven() {
			f.Errorf("%+v", all[2])
		}
		if due, err := s.DueDomains(ctx, later.Add(24*time.Hour), later.Add(48*time.Hour), 9); err != nil || len(due) != 2 {
			f.Errorf("%+v, %v", due, err)
		}
	}},
	{"keeps what was decided about people, of its own directory alone", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.second(s, "beta")
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		at := start.Truncate(time.Microsecond)
		exempt := directory.DomainDecision{Person: "u-1", Kind: directory.DecideExempt, Exemption: directory.Exemption{
			Owner: "boss@acme.example", Reason: "auditor", Until: at.Add(time.Hour), By: "me", At: at,
		}}
		lose := directory.DomainDecision{Person: "u-2", Kind: directory.DecideLose, Exemption: directory.Exemption{By: "me", At: at}}
		wants(f, s.DecideDomains(ctx, "beta", []directory.DomainDecision{exempt}), store.ErrNotFound)
		wants(f, s.DecideDomains(ctx, "acme", []directory.DomainDecision{lose, {Person: "u-9", Kind: directory.DecideLose}}), store.ErrNotFound)
		if all, err := s.DomainDecisions(ctx, "acme"); err != nil || len(all) != 0 {
			f.Errorf("of two, one nobody's, was stored %v, %v", all, err)
		}
		must(f, s.DecideDomains(ctx, "acme", []directory.DomainDecision{exempt, lose}))
		all, err := f.open().DomainDecisions(ctx, "acme")
		must(f, err)
		if diff := cmp.Diff(map[string]directory.DomainDecision{"u-1": exempt, "u-2": lose}, all); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		for person, want := range map[string]directory.Exemption{"u-1": exempt.Exemption, "u-2": {}, "u-3": {}, "\x00": {}} {
			if e, err := s.Exemption(ctx, "acme", person); err != nil || e != want {
				f.Errorf("%s: %+v, %v", person, e, err)
			}
		}
		if e, err := s.Exemption(ctx, "beta", "u-1"); err != nil || e != (directory.Exemption{}) {
			f.Errorf("in another workspace: %+v, %v", e, err)
		}
		must(f, s.DecideDomains(ctx, "acme", []directory.DomainDecision{{Person: "u-2"}}))
		if all, err := s.DomainDecisions(ctx, "acme"); err != nil || len(all) != 1 {
			f.Errorf("after one was taken back: %v, %v", all, err)
		}
	}},
	{"tells who was changed since, and forgets decisions about those who are erased", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		see := func(since time.Time) (ids []string) {
			must(f, s.EachKnown(ctx, "acme", since, func(k store.Known) error {
				ids = append(ids, k.ID)
				if len(k.Doc) == 0 || k.UserName == "" || k.State == "" || k.Version == 0 {
					f.Errorf("%+v", k)
				}
				return nil
			}))
			slices.Sort(ids)
			return ids
		}
		if ids := see(time.Time{}); len(ids) != 0 {
			f.Errorf("nobody: %v", ids)
		}
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		if ids := see(start); !slices.Equal(ids, []string{"u-1", "u-2"}) {
			f.Errorf("since they came: %v", ids)
		}
		must(f, move(ctx, s, "acme", "u-2", directory.Suspended))
		if ids := see(start.Add(time.Microsecond)); !slices.Equal(ids, []string{"u-2"}) {
			f.Errorf("changed: %v", ids)
		}
		must(f, s.DecideDomains(ctx, "acme", []directory.DomainDecision{{Person: "u-2", Kind: directory.DecideLose}}))
		must(f, move(ctx, s, "acme", "u-2", directory.Archived))
		if ids := see(time.Time{}); !slices.Equal(ids, []string{"u-1"}) {
			f.Errorf("archived: %v", ids)
		}
		_, err := s.Purge(ctx, "acme", start.AddDate(9, 0, 0))
		must(f, err)
		if all, err := s.DomainDecisions(ctx, "acme"); err != nil || len(all) != 0 {
			f.Errorf("%v, %v", all, err)
		}
	}},
	{"takes the domains of an earlier schema for an operator's", func(f *fixture) {
		f.empty()
		s, ctx := f.upgraded(schema7), f.Context()
		all, err := s.DomainClaims(ctx, "acme")
		if err != nil || len(all) == 0 || all[0].Domain != "acme.example" || all[0].Proof != directory.ProofOperator || all[0].Verified.IsZero() {
			f.Errorf("%+v, %v", all, err)
		}
		f.leadsBy(s, "acme.example", "acme")
	}},
}
