package domains_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
	"github.com/lanyard-sso/lanyard/server/internal/roll"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// staffed is acme with its domain, somebody inside, three outside and one of them
// a guest.
func (o *office) staffed() {
	o.proven("acme", "acme.example")
	o.person("acme", "in", "in@acme.example", "in@acme.example")
	o.person("acme", "out", "out@acme.example", "out@mail.example")
	o.person("acme", "upn", "upn@tenant.example", "")
	o.person("acme", "guest", "g_partner.example#EXT#@acme.example", "")
	gone := o.person("acme", "gone", "gone@mail.example", "")
	_, err := o.Store.ChangeState(o.ctx(), directory.Workspace{ID: "acme", Directory: "acme"}, gone.ID, directory.Suspended, store.Act{At: o.now(), Who: "x", What: "x"})
	o.must(err)
	o.person("beta", "other", "other@mail.example", "")
}

func ids(people []domains.Person) []string {
	var all []string
	for _, p := range people {
		all = append(all, p.ID)
	}
	slices.Sort(all)
	return all
}

// report is acme's.
func (o *office) report() domains.Report {
	o.Helper()
	r, err := o.Report(o.ctx(), "acme")
	o.must(err)
	return r
}

// req: F3
func TestReport_listsThoseWhoMaySignInAndAreOutside(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.person("acme", "early", "early@mail.example", "")
		if r := o.report(); r.Outside != 0 || r.Ready || len(r.People) != 0 {
			t.Errorf("without a domain: %+v", r)
		}
		o.refused(o.Ready(o.ctx(), "acme"), problem.DomainUnproven)
		o.must(o.Decided(o.ctx(), "acme"))
		o.staffed()
		o.refused(o.Decided(o.ctx(), "acme"), problem.DomainUndecided)
		r := o.report()
		if got := ids(r.People); !slices.Equal(got, []string{"early", "guest", "out", "upn"}) || r.Outside != 4 || r.Undecided != 4 || r.Guests != 1 || r.Checked != 5 || r.Ready {
			t.Errorf("%v of %+v", got, r)
		}
		i := slices.IndexFunc(r.People, func(p domains.Person) bool { return p.ID == "guest" })
		if p := r.People[i]; !p.Guest || p.By != directory.ByGuest || p.Judged != "g@partner.example" || p.Domain != "partner.example" || p.Name != "Person guest" {
			t.Errorf("%+v", p)
		}
		for find, want := range map[domains.Filter][]string{
			{Find: "MAIL.example"}: {"early", "out"}, {Find: "person upn"}: {"upn"}, {Find: "nobody"}: nil, {Show: "guests"}: {"guest"},
			{Show: "open"}: {"early", "guest", "out", "upn"}, {Show: "exempt"}: nil,
		} {
			if got := ids(r.Only(find)); !slices.Equal(got, want) {
				t.Errorf("%+v leaves %v, want %v", find, got, want)
			}
		}
	})
}

// What a roll remembers must never be older than the directory.
func TestReport_seesEveryChangeOfPeople(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.staffed()
		want := []string{"guest", "out", "upn"}
		check := func(step string) {
			t.Helper()
			if got := ids(o.report().People); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", step, got, want)
			}
		}
		check("at first")
		o.person("acme", "new", "new@mail.example", "") // in the same microsecond as others
		want = []string{"guest", "new", "out", "upn"}
		check("after somebody came")
		ws := directory.Workspace{ID: "acme", Directory: "acme"}
		o.later(time.Second)
		for i, to := range []directory.State{directory.Archived, directory.Active, directory.Suspended} {
			_, err := o.Store.ChangeState(o.ctx(), ws, "new", to, store.Act{At: o.now(), Who: "x", What: "x"})
			o.must(err)
			want = []string{"guest", "out", "upn"}
			if to == directory.Active {
				want = []string{"guest", "new", "out", "upn"}
			}
			check(fmt.Sprint("step ", i))
		}
		_, err := o.ChangeEmail(o.ctx(), "acme", "ada", "upn", 0, "upn@acme.example")
		o.must(err)
		want = []string{"guest", "out"}
		check("after an address was changed")
		// One leaves and another comes: the number is the same.
		_, err = o.Store.ChangeState(o.ctx(), ws, "out", directory.Archived, store.Act{At: o.now(), Who: "x", What: "x"})
		o.must(err)
		o.person("acme", "next", "next@mail.example", "")
		want = []string{"guest", "next"}
		check("after one came for another")
	})
}

// At 100,000 people that would take a second for each page.
func TestReport_readsNobodyAgainWhoWasChangedLongAgo(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.staffed()
		o.later(time.Hour)
		want := ids(o.report().People)
		u, err := o.Store.User(o.ctx(), "acme", "out")
		o.must(err)
		u.Version, u.Doc = 2, []byte(`{"active":true,"emails":[{"type":"work","value":"out@acme.example"}],"userName":"out@acme.example"}`)
		o.must(o.Store.SaveUser(o.ctx(), u, 1, directory.Consequence{})) // dated an hour ago, which no change is
		if got := ids(o.report().People); !slices.Equal(got, want) {
			t.Errorf("everybody was read again: %v, want %v", got, want)
		}
		u.Version, u.Modified = 3, o.now()
		o.must(o.Store.SaveUser(o.ctx(), u, 2, directory.Consequence{}))
		if got := ids(o.report().People); slices.Contains(got, "out") {
			t.Errorf("a change of now is not seen: %v", got)
		}
	})
}

// req: F5
// req: F6
func TestDecide_letsGoOnOnlyOnceEverybodyIsDecidedOn(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.staffed()
		until := o.now().AddDate(0, 1, 0)
		exempt := domains.Choice{People: []string{"upn"}, Kind: directory.DecideExempt, Owner: "boss@acme.example", Reason: "auditor", Until: until}
		o.refused(o.Ready(o.ctx(), "acme"), problem.DomainUndecided)
		if n, err := o.Decide(o.ctx(), "acme", "ada", domains.Choice{People: []string{"out", "guest", "out"}, Kind: directory.DecideLose}); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		o.refused(o.Ready(o.ctx(), "acme"), problem.DomainUndecided)
		_, err := o.Decide(o.ctx(), "acme", "ada", exempt)
		o.must(err)
		o.must(o.Ready(o.ctx(), "acme"))
		r := o.report()
		if r.Losing != 2 || r.Exempt != 1 || r.Undecided != 0 || !r.Ready {
			t.Errorf("%+v", r)
		}
		// An exemption that is over is none.
		o.later(40 * 24 * time.Hour)
		if got := ids(o.report().Only(domains.Filter{Show: "expired"})); !slices.Equal(got, []string{"upn"}) {
			t.Errorf("expired are %v", got)
		}
		o.refused(o.Ready(o.ctx(), "acme"), problem.DomainUndecided)
		// Fixed instead.
		c, err := o.ChangeEmail(o.ctx(), "acme", "ada", "upn", 0, "upn@acme.example")
		if err != nil || !c.Verdict.Inside {
			t.Errorf("%+v, %v", c, err)
		}
		o.must(o.Ready(o.ctx(), "acme"))
		// And taken back.
		_, err = o.Decide(o.ctx(), "acme", "ada", domains.Choice{People: []string{"out"}})
		o.must(err)
		o.refused(o.Ready(o.ctx(), "acme"), problem.DomainUndecided)
		// Where people are only warned of, nothing has to be decided.
		o.must(o.SetPolicy(o.ctx(), "acme", "ada", store.AnyVersion, directory.DomainPolicy{Enforcement: directory.DomainWarn}))
		o.must(o.Ready(o.ctx(), "acme"))
	})
}

// req: F5
func TestDecide_refusesWhatIsIncompleteAndWhoeverIsNotListed(t *testing.T) {
	o := newOffice(t, onSQLite(t))
	o.staffed()
	good := domains.Choice{People: []string{"out"}, Kind: directory.DecideExempt, Owner: "boss@acme.example", Reason: "auditor", Until: o.now().AddDate(0, 1, 0)}
	for name, c := range map[string]struct {
		change func(*domains.Choice)
		want   problem.Code
	}{
		"nobody":          {func(c *domains.Choice) { c.People = nil }, problem.DomainNobody},
		"no kind":         {func(c *domains.Choice) { c.Kind = "allow" }, problem.DomainDecision},
		"no owner":        {func(c *domains.Choice) { c.Owner = "" }, problem.ExemptionOwner},
		"owner no e-mail": {func(c *domains.Choice) { c.Owner = "the boss" }, problem.ExemptionOwner},
		"no reason":       {func(c *domains.Choice) { c.Reason = " " }, problem.ExemptionReason},
		"long reason":     {func(c *domains.Choice) { c.Reason = strings.Repeat("x", 501) }, problem.ExemptionReason},
		"no end":          {func(c *domains.Choice) { c.Until = time.Time{} }, problem.ExemptionUntil},
		"over":            {func(c *domains.Choice) { c.Until = o.now() }, problem.ExemptionUntil},
		"for ever":        {func(c *domains.Choice) { c.Until = o.now().AddDate(2, 0, 0) }, problem.ExemptionUntil},
		"inside":          {func(c *domains.Choice) { c.People = []string{"out", "in"} }, problem.DomainInside},
		"suspended":       {func(c *domains.Choice) { c.People = []string{"gone"} }, problem.DomainInside},
		"of another":      {func(c *domains.Choice) { c.People = []string{"other"} }, problem.DomainInside},
	} {
		t.Run(name, func(t *testing.T) {
			choice := good
			c.change(&choice)
			_, err := o.Decide(o.ctx(), "acme", "ada", choice)
			o.refused(err, c.want)
		})
	}
	_, err := o.Decide(o.ctx(), "acme", "ada", domains.Choice{People: []string{"out"}, Kind: directory.DecideExempt})
	if got := len(domains.Faults(err)); got != 3 {
		t.Errorf("%d faults of three: %v", got, err)
	}
	if r := o.report(); r.Undecided != 3 {
		t.Errorf("something was stored: %+v", r)
	}
}

// req: F5
func TestSettle_suspendsThoseWhoWereToLoseTheirAccessAndNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.staffed()
		if _, err := o.Settle(o.ctx(), "acme", "ada"); err == nil {
			t.Error("it was done before everybody was decided on")
		}
		_, err := o.Decide(o.ctx(), "acme", "ada", domains.Choice{People: []string{"out", "guest"}, Kind: directory.DecideLose})
		o.must(err)
		_, err = o.Decide(o.ctx(), "acme", "ada", domains.Choice{People: []string{"upn"}, Kind: directory.DecideExempt, Owner: "boss@acme.example", Reason: "auditor", Until: o.now().AddDate(0, 1, 0)})
		o.must(err)
		// One was given an address of the domain after it was decided.
		_, err = o.ChangeEmail(o.ctx(), "acme", "ada", "guest", 0, "guest@acme.example")
		o.must(err)
		state := func(id string) directory.State {
			u, err := o.Store.User(o.ctx(), "acme", id)
			o.must(err)
			return u.State
		}
		if state("out") != directory.Active {
			t.Error("suspended before it was enabled")
		}
		o.must(o.Store.StartSession(o.ctx(), directory.Session{
			Hash: directory.HashToken("t"), ID: "s", User: "out", Workspace: "acme", Created: o.now(), Expires: o.now().Add(time.Hour),
		}, func(directory.User) error { return nil }, directory.Event{At: o.now(), Directory: "acme", Kind: directory.SessionStarted, User: "out"}))
		s, err := o.Settle(o.ctx(), "acme", "ada")
		if err != nil || s != (domains.Settled{Suspended: 1, Exempt: 1}) {
			t.Errorf("%+v, %v", s, err)
		}
		for id, want := range map[string]directory.State{"out": directory.Suspended, "upn": directory.Active, "guest": directory.Active, "in": directory.Active} {
			if got := state(id); got != want {
				t.Errorf("%s is %s, want %s", id, got, want)
			}
		}
		if left, err := o.Store.SessionsOfUser(o.ctx(), "out"); err != nil || len(left) != 0 {
			t.Errorf("sessions: %v, %v", left, err)
		}
		if acts, err := o.Store.Acts(o.ctx(), "acme", "out", 9); err != nil || len(acts) != 1 || acts[0].Who != "ada" || !strings.Contains(acts[0].What, "mail.example") {
			t.Errorf("acts: %+v, %v", acts, err)
		}
		ex, err := o.Store.Exemption(o.ctx(), "acme", "upn")
		if err != nil || !ex.Valid(o.now()) {
			t.Errorf("%+v, %v", ex, err)
		}
		if again, err := o.Settle(o.ctx(), "acme", "ada"); err != nil || again.Suspended != 0 {
			t.Errorf("done again: %+v, %v", again, err)
		}
	})
}

func TestSettle_doesNothingWhereNoDomainIsVerified(t *testing.T) {
	o := newOffice(t, onSQLite(t))
	o.person("acme", "1", "a@mail.example", "")
	if s, err := o.Settle(o.ctx(), "acme", "ada"); err != nil || s != (domains.Settled{}) {
		t.Errorf("%+v, %v", s, err)
	}
}

// req: F4
func TestChangeEmail_checksTheAddressChangesItAndTellsIt(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.staffed()
		for typed, want := range map[string]problem.Code{
			"": problem.EmailInvalid, "out": problem.EmailInvalid, "out@acme": problem.EmailInvalid, "a b@acme.example": problem.EmailInvalid,
			"Out <out2@acme.example>": problem.EmailInvalid, "x@acme.example\r\nBcc: y@z.example": problem.EmailInvalid, "x@192.0.2.1": problem.EmailInvalid,
			"IN@acme.example": problem.EmailTaken, "OUT@mail.example": problem.EmailSame,
		} {
			_, err := o.ChangeEmail(o.ctx(), "acme", "ada", "out", 0, typed)
			o.refused(err, want)
		}
		_, err := o.ChangeEmail(o.ctx(), "acme", "ada", "other", 0, "x@acme.example") // beta's
		o.refused(err, problem.NotFound)
		_, err = o.ChangeEmail(o.ctx(), "acme", "ada", "out", 7, "x@acme.example")
		o.refused(err, problem.EmailChanged)
		if len(o.mail.sent) != 0 {
			t.Errorf("mails were sent: %+v", o.mail.sent)
		}
		o.later(time.Minute)
		c, err := o.ChangeEmail(o.ctx(), "acme", "ada", "out", 1, " Out.Two@münchen.example ")
		const want = "Out.Two@xn--mnchen-3ya.example"
		if err != nil || directory.MailOf(c.Person.Doc) != want || c.Was != "out@mail.example" || c.Verdict.Inside || !c.Mailed {
			t.Fatalf("%+v, %v", c, err)
		}
		if len(o.mail.sent) != 1 || o.mail.sent[0].To[0] != want || !strings.Contains(o.mail.sent[0].Text, "ada") || o.mail.sent[0].Workspace != "acme" {
			t.Errorf("mails: %+v", o.mail.sent)
		}
		if acts, err := o.Store.Acts(o.ctx(), "acme", "out", 9); err != nil || len(acts) != 1 || acts[0].Who != "ada" {
			t.Errorf("acts: %+v, %v", acts, err)
		}
		u, err := o.Store.User(o.ctx(), "acme", "out")
		if err != nil || u.Version != 2 || directory.MailOf(u.Doc) != want {
			t.Errorf("%+v, %v", u, err)
		}
		o.mail.err = problem.New(problem.MailNotSet)
		c, err = o.ChangeEmail(o.ctx(), "acme", "ada", "out", 0, "out@acme.example")
		if err != nil || c.Mailed || c.MailError == nil || !c.Verdict.Inside {
			t.Errorf("without mail: %+v, %v", c, err)
		}
	})
}

// req: F3
func TestCSV_holdsNoCellThatASpreadsheetWouldRun(t *testing.T) {
	var people []domains.Person
	hostile := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|calc", "\ufeff=1", "\n=cmd", "%0A=1"}
	for _, h := range hostile {
		people = append(people, domains.Person{ID: "u", Name: h, UserName: h, Mail: "a@x.example", Reason: h})
	}
	data, err := domains.CSV(append(people, domains.Person{Name: `Smith, "Ada"`, Mail: "ada@x.example"}))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil || len(rows) != len(hostile)+2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[1 : len(rows)-1] {
		for _, column := range []int{1, 2, 10} {
			if !strings.HasPrefix(row[column], "'") {
				t.Errorf("%q became the cell %q", hostile[i], row[column])
			}
		}
	}
	if last := rows[len(rows)-1]; last[1] != `Smith, "Ada"` || last[3] != "ada@x.example" {
		t.Errorf("harmless cells became %q", last)
	}
}

// crowd adds many people, all but a few of them outside.
func (o *office) crowd(n int) {
	o.proven("acme", "acme.example")
	var g sem
	for i := range n {
		g.do(func() {
			mail := fmt.Sprintf("p%d@mail.example", i)
			if i%10 == 0 {
				mail = fmt.Sprintf("p%d@acme.example", i)
			}
			o.person("acme", fmt.Sprintf("u-%06d", i), fmt.Sprintf("p%06d@tenant.example", i), mail)
		})
	}
	g.wait()
}

// sem runs many things a few at a time, so that the store commits them together.
type sem struct{ slots chan struct{} }

func (s *sem) do(f func()) {
	if s.slots == nil {
		s.slots = make(chan struct{}, 64)
	}
	s.slots <- struct{}{}
	go func() {
		defer func() { <-s.slots }()
		f()
	}()
}

func (s *sem) wait() {
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
}

// req: F3
func TestReport_ofManyPeopleIsWholeAndTheyAreDecidedOnAtOnce(t *testing.T) {
	o := newOffice(t, onSQLite(t))
	o.crowd(500)
	if r := o.report(); r.Checked != 500 || r.Outside != 450 || r.Undecided != 450 {
		t.Errorf("%d of %d are outside", r.Outside, r.Checked)
	}
	// All of them at once.
	all := ids(o.report().People)
	if n, err := o.Decide(o.ctx(), "acme", "ada", domains.Choice{People: all, Kind: directory.DecideLose}); err != nil || n != 450 {
		t.Errorf("%d, %v", n, err)
	}
	o.must(o.Ready(o.ctx(), "acme"))
}

// BenchmarkReport is row F3's: 10,000 people in less than a second, the first time
// ("cold") and once they are known ("warm").
func BenchmarkReport(b *testing.B) {
	o := newOffice(b, onSQLite(b))
	o.crowd(10_000)
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			f := &domains.Flow{Store: o.Store, Now: o.now, Book: &roll.Book{Store: o.Store, Now: o.now}}
			if r, err := f.Report(context.Background(), "acme"); err != nil || r.Outside != 9000 {
				b.Fatal(r.Outside, err)
			}
		}
	})
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			if r, err := o.Report(context.Background(), "acme"); err != nil || r.Outside != 9000 {
				b.Fatal(r.Outside, err)
			}
		}
	})
}
