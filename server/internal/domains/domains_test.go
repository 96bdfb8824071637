package domains_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/roll"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// office is a flow with a DNS and a mail of its own, and the workspaces acme and
// beta.
type office struct {
	*domains.Flow
	testing.TB
	dns  *zone
	mail *outbox

	mu sync.Mutex
	at time.Time
}

// each runs a test on both engines.
func each(t *testing.T, test func(*testing.T, *office)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, newOffice(t, onSQLite(t))) })
	t.Run("postgres", func(t *testing.T) {
		st, err := postgres.Open(t.Context(), pgschema.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		test(t, newOffice(t, st))
	})
}

func onSQLite(t testing.TB) *store.Store {
	st, err := sqlite.Open(context.Background(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func newOffice(t testing.TB, st *store.Store) *office {
	o := &office{TB: t, dns: &zone{records: map[string][]string{}, fails: map[string]error{}}, mail: &outbox{}, at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	o.Flow = &domains.Flow{Store: st, Book: &roll.Book{Store: st, Now: o.now}, Resolver: o.dns, Mail: o.mail, Now: o.now, PublicURL: &url.URL{Scheme: "https", Host: "sso.example.com"}}
	for _, id := range []string{"acme", "beta"} {
		o.must(st.CreateWorkspace(context.Background(), directory.Workspace{ID: id, Name: strings.ToUpper(id), Created: o.at}))
	}
	return o
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

func (o *office) later(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at = o.at.Add(d)
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// refused checks that err is a problem of a code.
func (o *office) refused(err error, code problem.Code) {
	o.Helper()
	if got, _ := problem.Of(err); err == nil || got != code {
		o.Errorf("got %v, want %s", err, code)
	}
}

// person adds somebody to a directory.
func (o *office) person(dir, id, userName, mail string) directory.User {
	o.Helper()
	doc := fmt.Sprintf(`{"active":true,"displayName":"Person %s","userName":%q}`, id, userName)
	if mail != "" {
		doc = fmt.Sprintf(`{"active":true,"displayName":"Person %s","emails":[{"type":"work","value":%q}],"userName":%q}`, id, mail, userName)
	}
	u := directory.User{
		ID: id, Directory: dir, Version: 1, UserName: userName, ExternalID: "x-" + id, State: directory.Active,
		Created: o.now(), Modified: o.now(), Doc: []byte(doc),
	}
	o.must(o.Store.InsertUser(context.Background(), u))
	return u
}

// proven adds a domain that DNS proves.
func (o *office) proven(ws string, names ...string) {
	o.Helper()
	added, err := o.Add(o.ctx(), ws, "ada", names)
	o.must(err)
	for _, c := range added {
		o.dns.set(c.Record(), c.Challenge)
	}
	_, err = o.Check(o.ctx(), ws, "ada", "")
	o.must(err)
}

func (o *office) ctx() context.Context { return context.Background() }

// claim is one domain as it is stored.
func (o *office) claim(ws, domain string) directory.DomainClaim {
	o.Helper()
	all, err := o.Store.DomainClaims(o.ctx(), ws)
	o.must(err)
	i := slices.IndexFunc(all, func(c directory.DomainClaim) bool { return c.Domain == domain })
	if i < 0 {
		o.Fatalf("%s is not there: %+v", domain, all)
	}
	return all[i]
}

// zone is a DNS.
type zone struct {
	mu      sync.Mutex
	records map[string][]string
	fails   map[string]error
	asked   []string
	// seen, unless nil, is sent each name that is asked for.
	seen chan string
}

func (z *zone) set(name string, values ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[name+"."] = values
}

func (z *zone) fail(name string, err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.fails[name+"."] = err
}

func (z *zone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	z.mu.Lock()
	z.asked = append(z.asked, name)
	found, err := z.records[name], z.fails[name]
	z.mu.Unlock()
	if z.seen != nil {
		select {
		case z.seen <- name:
		case <-ctx.Done():
		}
	}
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return found, nil
}

// outbox keeps mails.
type outbox struct {
	mu   sync.Mutex
	sent []directory.Mail
	err  error
}

func (o *outbox) Queue(_ context.Context, m directory.Mail) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return "", o.err
	}
	o.sent = append(o.sent, m)
	return "m-1", nil
}

// req: F1
func TestCheck_saysOfEachThingThatDNSCanAnswerWhatItMeans(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		right := func(c directory.DomainClaim) []string { return []string{c.Challenge} }
		cases := []struct {
			name, domain string
			records      func(directory.DomainClaim) []string
			at           func(directory.DomainClaim) string
			fails        error
			want         problem.Code
			detail       string
		}{
			{name: "right", domain: "ok.example", records: right},
			{name: "right among several", domain: "several-ok.example", records: func(c directory.DomainClaim) []string { return []string{"v=spf1 -all", c.Challenge} }},
			{name: "with quotation marks", domain: "quoted.example", records: func(c directory.DomainClaim) []string { return []string{` "` + c.Challenge + `" `} }},
			{name: "NXDOMAIN", domain: "none.example", want: problem.DomainNoRecord, detail: "_lanyard-challenge.none.example"},
			{name: "no TXT at the name", domain: "nodata.example", records: func(directory.DomainClaim) []string { return []string{} }, want: problem.DomainNoRecord},
			{name: "wrong", domain: "wrong.example", records: func(directory.DomainClaim) []string { return []string{"lanyard-domain-verification=other\x1b[2J"} }, want: problem.DomainWrongRecord, detail: `"lanyard-domain-verification=other[2J"`},
			{name: "the value of another case", domain: "case.example", records: func(c directory.DomainClaim) []string { return []string{strings.ToUpper(c.Challenge)} }, want: problem.DomainWrongRecord},
			{name: "several, none right", domain: "several.example", records: func(directory.DomainClaim) []string { return []string{"a", "b"} }, want: problem.DomainManyRecords, detail: "There are 2."},
			{name: "timeout", domain: "slow.example", fails: &net.DNSError{Err: "i/o timeout", IsTimeout: true}, want: problem.DomainTimeout},
			{name: "timeout of ours", domain: "slower.example", fails: context.DeadlineExceeded, want: problem.DomainTimeout},
			{name: "SERVFAIL, bogus DNSSEC", domain: "bogus.example", fails: &net.DNSError{Err: "server misbehaving", IsTemporary: true}, want: problem.DomainServFail},
			{name: "no resolver", domain: "deaf.example", fails: &net.OpError{Op: "dial", Err: errors.New("network is unreachable")}, want: problem.DomainUnreachable},
			{name: "the domain twice", domain: "twice.example", records: right, at: func(c directory.DomainClaim) string { return c.Record() + "." + c.Domain }, want: problem.DomainMisplaced, detail: "twice.example.twice.example"},
			{name: "at the domain itself", domain: "apex.example", records: right, at: func(c directory.DomainClaim) string { return c.Domain }, want: problem.DomainMisplaced},
		}
		sentences := map[string]string{}
		for _, c := range cases {
			added, err := o.Add(o.ctx(), "acme", "ada", []string{c.domain})
			o.must(err)
			claim := added[0]
			at := claim.Record()
			if c.at != nil {
				at = c.at(claim)
			}
			if c.records != nil {
				o.dns.set(at, c.records(claim)...)
			}
			if c.fails != nil {
				o.dns.fail(at, c.fails)
			}
		}
		if _, err := o.Check(o.ctx(), "acme", "ada", ""); err != nil {
			t.Fatal(err)
		}
		var proven []string
		for _, c := range cases {
			got := o.claim("acme", c.domain)
			if got.Outcome != string(c.want) || got.Proven() != (c.want == "") || got.Checked.IsZero() || !strings.Contains(got.Detail, c.detail) {
				t.Errorf("%s: %+v", c.name, got)
			}
			if c.want == "" {
				proven = append(proven, c.domain)
				continue
			}
			if got.Next.IsZero() {
				t.Errorf("%s is not looked for again", c.name)
			}
			sentences[problem.Lookup(c.want).Sentence] = c.name
		}
		if len(sentences) != 7 {
			t.Errorf("%d sentences for seven outcomes: %v", len(sentences), sentences)
		}
		ws, err := o.Store.Workspace(o.ctx(), "acme")
		slices.Sort(proven)
		if got := slices.Sorted(slices.Values(ws.Domains)); err != nil || !slices.Equal(got, proven) {
			t.Errorf("verified are %v, want %v, %v", got, proven, err)
		}
	})
}

// req: F1
func TestCheck_neverGivesAnotherWorkspacesDomainAway(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, err := o.Add(o.ctx(), "beta", "eve", []string{"acme.example"}) // nobody has it yet
		o.must(err)
		o.proven("acme", "acme.example")
		_, err = o.Add(o.ctx(), "beta", "eve", []string{"new.example", "acme.example"})
		o.refused(err, problem.DomainTaken)
		if _, text := problem.Of(err); text.Status != 409 || strings.Contains(err.Error(), "workspace acme") {
			t.Errorf("answered %d, %v", text.Status, err)
		}
		c := o.claim("beta", "acme.example")
		o.dns.set(c.Record(), c.Challenge) // even with the record
		_, err = o.Check(o.ctx(), "beta", "eve", "acme.example")
		o.must(err)
		if c = o.claim("beta", "acme.example"); c.Proven() || c.Outcome != string(problem.DomainTaken) || !c.Next.IsZero() {
			t.Errorf("%+v", c)
		}
		_, err = o.Override(o.ctx(), "beta", "operator", "acme.example", "they said so")
		o.refused(err, problem.DomainTaken)
		ws, err := o.Store.WorkspaceByDomain(o.ctx(), "acme.example")
		if err != nil || ws.ID != "acme" {
			t.Errorf("it leads to %s, %v", ws.ID, err)
		}
		o.must(o.Remove(o.ctx(), "acme", "ACME.example"))
		_, err = o.Check(o.ctx(), "beta", "eve", "acme.example")
		o.must(err)
		if c = o.claim("beta", "acme.example"); !c.Proven() {
			t.Errorf("it is free, and not given: %+v", c)
		}
	})
}

// req: F1
func TestRun_looksForRecordsByItselfUntilTheyAreThere(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		added, err := o.Add(o.ctx(), "acme", "ada", []string{"acme.example"})
		o.must(err)
		o.Poll = time.Millisecond
		o.dns.seen = make(chan string)
		ctx, cancel := context.WithCancel(o.ctx())
		done := make(chan error, 1)
		go func() { done <- o.Run(ctx) }()
		first := <-o.dns.seen
		if first != added[0].Record()+"." {
			t.Errorf("it asks for %q", first)
		}
		for range 2 {
			<-o.dns.seen // the usual slips
		}
		o.dns.set(added[0].Record(), added[0].Challenge)
		for !o.claim("acme", "acme.example").Proven() {
			o.later(time.Minute) // when it is due again
			select {
			case <-o.dns.seen:
			case <-time.After(time.Millisecond): // between two looks
			case err := <-done:
				t.Fatalf("it ended: %v", err)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if c := o.claim("acme", "acme.example"); c.VerifiedBy != domains.Checker || c.Proof != directory.ProofDNS {
			t.Errorf("%+v", c)
		}
	})
}

func TestCheck_looksLessAndLessOftenAndInTheEndNotAtAll(t *testing.T) {
	o := newOffice(t, onSQLite(t))
	_, err := o.Add(o.ctx(), "acme", "ada", []string{"acme.example"})
	o.must(err)
	for _, c := range []struct{ after, next time.Duration }{
		{time.Minute, time.Minute},
		{2 * time.Hour, 10 * time.Minute},
		{30 * time.Hour, time.Hour},
		{14 * 24 * time.Hour, -1},
	} {
		o.later(c.after)
		_, err := o.Check(o.ctx(), "acme", "ada", "")
		o.must(err)
		next := o.claim("acme", "acme.example").Next
		if c.next < 0 && !next.IsZero() || c.next > 0 && !next.Equal(o.now().Add(c.next)) {
			t.Errorf("after %v more it is looked for at %v, and now is %v", c.after, next, o.now())
		}
	}
}

// req: F1
func TestOverride_takesAnOperatorsWordWithAReasonAndNoMore(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for _, reason := range []string{"", "  ", strings.Repeat("x", 501), "two\nlines"} {
			_, err := o.Override(o.ctx(), "acme", "operator", "acme.example", reason)
			o.refused(err, problem.DomainReason)
		}
		_, err := o.Override(o.ctx(), "acme", "operator", "gmail.com", "I know them")
		o.refused(err, problem.DomainFreeMail)
		_, err = o.Override(o.ctx(), "nobody", "operator", "acme.example", "I know them")
		o.refused(err, problem.UnknownWorkspace)
		c, err := o.Override(o.ctx(), "acme", "operator", "acme.onmicrosoft.com", "seen in their portal")
		if err != nil || c.Proof != directory.ProofOverride || c.Reason != "seen in their portal" || c.VerifiedBy != "operator" {
			t.Errorf("%+v, %v", c, err)
		}
		_, err = o.Add(o.ctx(), "acme", "ada", []string{"other.onmicrosoft.com"})
		o.refused(err, problem.DomainInitial)
	})
}

func TestSuggest_namesDomainsThatPeopleHaveAddressesOf(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.person("acme", "1", "a@acme.example", "a@acme.example")
		o.person("acme", "2", "b@tenant.onmicrosoft.com", "b@acme.example")
		o.person("acme", "3", "c@eu.acme.example", "c@gmail.com")
		o.person("acme", "4", "d_partner.example#EXT#@tenant.onmicrosoft.com", "d@partner.example")
		o.person("acme", "5", "no address", "")
		o.person("acme", "6", "e@own.example", "")
		_, err := o.Store.UpdateWorkspace(o.ctx(), "acme", o.now(), func(w *directory.Workspace) error {
			w.Microsoft.DomainHint = "hint.example"
			return nil
		})
		o.must(err)
		_, err = o.Add(o.ctx(), "acme", "ada", []string{"own.example"})
		o.must(err)
		view, err := o.Show(o.ctx(), "acme")
		o.must(err)
		got, err := o.Suggest(o.ctx(), view, "ada@asker.example")
		o.must(err)
		want := []domains.Suggestion{{Domain: "acme.example", People: 2}, {Domain: "eu.acme.example", People: 1}, {Domain: "asker.example"}, {Domain: "hint.example", Tenant: true}}
		if !slices.Equal(got, want) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestSetPolicy_keepsWhatSomebodyElseChangedMeanwhile(t *testing.T) {
	o := newOffice(t, onSQLite(t))
	o.must(o.SetPolicy(o.ctx(), "acme", "ada", 0, directory.DomainPolicy{Enforcement: directory.DomainWarn}))
	o.refused(o.SetPolicy(o.ctx(), "acme", "bob", 0, directory.DomainPolicy{}), problem.DomainChanged)
	o.refused(o.SetPolicy(o.ctx(), "acme", "bob", 1, directory.DomainPolicy{Enforcement: "off"}), problem.DomainWeakOption)
	o.refused(o.SetPolicy(o.ctx(), "nobody", "bob", 0, directory.DomainPolicy{}), problem.UnknownWorkspace)
	if view, err := o.Show(o.ctx(), "acme"); err != nil || view.Policy.Enforcement != directory.DomainWarn || view.Version != 1 {
		t.Errorf("%+v, %v", view, err)
	}
}

func TestSetDepartment_takesOneLineOrNone(t *testing.T) {
	o := newOffice(t, onSQLite(t))
	ws, err := o.SetDepartment(o.ctx(), "acme", "  Sales ")
	if err != nil || ws.DefaultDepartment != "Sales" {
		t.Errorf("%q, %v", ws.DefaultDepartment, err)
	}
	_, err = o.SetDepartment(o.ctx(), "acme", "a\nb")
	o.refused(err, problem.DepartmentInvalid)
	if ws, err = o.SetDepartment(o.ctx(), "acme", ""); err != nil || ws.DefaultDepartment != "" {
		t.Errorf("%q, %v", ws.DefaultDepartment, err)
	}
}
