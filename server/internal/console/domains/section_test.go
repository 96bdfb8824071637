package domains_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/domains"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	flow "github.com/lanyard-sso/lanyard/server/internal/domains"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestPages_lookAsTheyDid(t *testing.T) { consoletest.Golden(t, domains.New(nil)) }

// dns is a DNS of TXT records.
type dns struct {
	mu      sync.Mutex
	records map[string][]string
}

func (d *dns) set(name string, values ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records[name+"."] = values
}

func (d *dns) LookupTXT(_ context.Context, name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if found := d.records[name]; found != nil {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// outbox keeps mails.
type outbox struct{ sent []directory.Mail }

func (o *outbox) Queue(_ context.Context, m directory.Mail) (string, error) {
	o.sent = append(o.sent, m)
	return "m", nil
}

// each plays on both engines.
func each(t *testing.T, test func(*testing.T, *consoletest.Console, *dns, *outbox)) {
	zone, mail := &dns{records: map[string][]string{}}, &outbox{}
	consoletest.Each(t, func(c *consoletest.Console) []console.Section {
		zone.records = map[string][]string{}
		mail.sent = nil
		return []console.Section{domains.New(&flow.Flow{Store: c.Store, Resolver: zone, Mail: mail, Now: c.Now})}
	}, func(t *testing.T, c *consoletest.Console) { test(t, c, zone, mail) })
}

func person(t *testing.T, c *consoletest.Console, dir, id, mail string) {
	t.Helper()
	err := c.Store.InsertUser(t.Context(), directory.User{
		ID: id, Directory: dir, Version: 1, UserName: id + "@tenant.example", State: directory.Active, Created: c.Now(), Modified: c.Now(),
		Doc: fmt.Appendf(nil, `{"displayName":"Person %s","emails":[{"type":"work","value":%q}],"userName":"%s@tenant.example"}`, id, mail, id),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// req: F1
// req: F3
// req: F4
// req: F5
// req: F6
func TestDomains_anAdministratorGoesFromEnteringThemToTheDepartment(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console, zone *dns, mail *outbox) {
		for id, addr := range map[string]string{"in": "in@acme.example", "one": "one@mail.example", "two": "two@mail.example", "three": "three@mail.example"} {
			person(t, c, "dir-acme", id, addr)
		}
		person(t, c, "dir-other", "stranger", "stranger@mail.example")
		c.Get("/workspaces/acme/domains").OK().Has("Enter your domains", "Run the check", "No domains yet", "acme.example")
		c.Post("/workspaces/acme/domains/add", url.Values{"domains": {"gmail.com\nada@acme.example"}}).Is(http.StatusBadRequest).
			Has("LY-DOM-003", "ada@acme.example", "gmail.com")
		c.Post("/workspaces/acme/domains/add", url.Values{"domains": {""}}).Is(http.StatusBadRequest).Has("No domain was entered")
		c.Post("/workspaces/acme/domains/add", url.Values{"suggested": {"acme.example"}}).Is(http.StatusSeeOther).Follow().OK().
			Has("There is no TXT record of that name yet", "Not verified")
		var home struct{ Domains []flow.Document }
		c.JSON(http.MethodGet, "/workspaces/acme/domains", nil).OK().Into(&home)
		if len(home.Domains) != 1 || home.Domains[0].Record == nil {
			t.Fatalf("%+v", home)
		}
		r := home.Domains[0].Record
		c.Get("/workspaces/acme/domain-report").OK().Has("No domain is verified yet")
		zone.set(r.Name, r.Value)
		c.Post("/workspaces/acme/domains/add", nil).Is(http.StatusSeeOther).Follow().OK().
			Has("Verified", "1 domain is verified", "3 people have no e-mail address of your domains", "View")
		page := c.Get("/workspaces/acme/domain-report").OK().Has("Person one", "Edit", "Allow", "Next", "To be decided", "3 people are left").HasNot("Person in", "stranger")
		if !strings.Contains(page.Body, `class="primary" disabled`) {
			t.Error("Next can be chosen before all are decided on")
		}
		c.Post("/workspaces/acme/domain-report/next", nil).Is(http.StatusConflict).Has("LY-DOM-011")
		// Edit.
		c.Post("/workspaces/acme/domain-report/one/email", url.Values{"email": {"in@ACME.example"}}).Is(http.StatusConflict).Has("LY-DOM-031", "in@ACME.example")
		c.Post("/workspaces/acme/domain-report/one/email", url.Values{"email": {"one"}}).Is(http.StatusBadRequest).Has("LY-DOM-030")
		c.Post("/workspaces/acme/domain-report/stranger/email", url.Values{"email": {"x@acme.example"}}).Is(http.StatusNotFound)
		c.Get("/workspaces/acme/domain-report/stranger/email").Is(http.StatusNotFound)
		c.Post("/workspaces/acme/domain-report/one/email", url.Values{"email": {"one@acme.example"}, "version": {"1"}}).Is(http.StatusSeeOther).Follow().OK().
			Has("A mail asks them to confirm it", "2 people are left")
		if len(mail.sent) != 1 || mail.sent[0].To[0] != "one@acme.example" {
			t.Errorf("mails: %+v", mail.sent)
		}
		// Allow, in both meanings.
		c.Get("/workspaces/acme/domain-report/allow?id=two").OK().Has("Let them lose access", "Exempt", "Person two")
		c.Get("/workspaces/acme/domain-report/allow?id=in").Is(http.StatusBadRequest)
		c.Post("/workspaces/acme/domain-report/allow?id=two", url.Values{"id": {"two"}}).Is(http.StatusBadRequest).Has("LY-DOM-013")
		c.Post("/workspaces/acme/domain-report/allow?id=two", url.Values{"id": {"two"}, "kind": {"exempt"}, "reason": {"auditor & co"}, "owner": {"boss"}}).Is(http.StatusBadRequest).
			Has("An exemption needs somebody who answers for it", "An exemption needs an end").HasNot("An exemption needs a reason")
		c.Post("/workspaces/acme/domain-report/allow", url.Values{"id": {"stranger"}, "kind": {"lose_access"}}).Is(http.StatusConflict).Has("LY-DOM-012")
		c.Post("/workspaces/acme/domain-report/allow?id=two", url.Values{
			"id": {"two"}, "kind": {"exempt"}, "reason": {"auditor"}, "owner": {"boss@acme.example"}, "until": {c.Now().AddDate(0, 1, 0).Format(time.DateOnly)},
		}).Is(http.StatusSeeOther).Follow().OK().Has("1 person exempt", "One person is left")
		c.Post("/workspaces/acme/domain-report/allow", url.Values{"all": {"true"}, "kind": {"lose_access"}}).Is(http.StatusSeeOther).Follow().OK().Has("Loses access").HasNot(" disabled")
		var report flow.Report
		c.JSON(http.MethodGet, "/workspaces/acme/domain-report", nil).OK().Into(&report)
		if !report.Ready || report.Losing != 1 || report.Exempt != 1 || report.Outside != 2 {
			t.Errorf("%+v", report)
		}
		if csv := c.Get("/workspaces/acme/domain-report.csv?show=exempt").OK(); !strings.Contains(csv.Body, "Person two") || strings.Contains(csv.Body, "Person three") {
			t.Errorf("%q", csv.Body)
		}
		c.Post("/workspaces/acme/domain-report/next", nil).Is(http.StatusSeeOther).Follow().OK().Has("Choose a default department for new users created from Microsoft Azure")
		c.Post("/workspaces/acme/domains/department", url.Values{"department": {strings.Repeat("x", 101)}}).Is(http.StatusBadRequest).Has("LY-DOM-040")
		c.Post("/workspaces/acme/domains/department", url.Values{"department": {"Sales"}}).Is(http.StatusSeeOther).Follow().OK().Has("New people get the department Sales")
		// What was done stands in the log, with who did it.
		log, err := c.Store.AuditLog(t.Context(), store.AuditQuery{Workspace: "acme", Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		acts := map[string]int{}
		for _, e := range log {
			acts[e.Act]++
		}
		for _, want := range []string{"domains.add", "domains.email", "domains.allow", "domains.setdepartment"} {
			if acts[want] == 0 {
				t.Errorf("%s is not in the log: %v", want, acts)
			}
		}
	})
}

// req: F1
func TestDomains_anotherWorkspacesDomainIsNotGiven(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console, _ *dns, _ *outbox) {
		op := console.Principal{ID: "root", Name: "Root", ServerOwner: true, Fresh: true}
		c.As(op)
		c.Post("/workspaces/other/domains/add", url.Values{"domains": {"acme.example"}}).Is(http.StatusSeeOther)
		c.Post("/workspaces/other/domains/acme.example/override", url.Values{}).Is(http.StatusBadRequest).Has("LY-DOM-009")
		c.Post("/workspaces/other/domains/acme.example/override", url.Values{"reason": {"seen"}}).Is(http.StatusSeeOther).Follow().OK().Has("Verified", "Confirmed without a record: seen")
		c.As(consoletest.Owner())
		c.Post("/workspaces/acme/domains/add", url.Values{"domains": {"acme.example"}}).Is(http.StatusConflict).Has("LY-DOM-004").HasNot("Other<", "workspaces/other")
		if code := c.JSON(http.MethodPost, "/workspaces/acme/domains/add", map[string]any{"domains": "acme.example"}).Is(http.StatusConflict).Code(); code != problem.DomainTaken {
			t.Errorf("the API says %s", code)
		}
		c.Post("/workspaces/acme/domains/x.example/override", url.Values{"reason": {"me"}}).Is(http.StatusForbidden)
		c.Get("/workspaces/other/domains").Is(http.StatusNotFound)
	})
}

func TestDomains_rulesAndRemovalAreAnAdministrators(t *testing.T) {
	each(t, func(t *testing.T, c *consoletest.Console, zone *dns, _ *outbox) {
		c.Post("/workspaces/acme/domains/add", url.Values{"domains": {"acme.example other.example"}}).Is(http.StatusSeeOther)
		c.As(consoletest.With(console.Viewer))
		c.Get("/workspaces/acme/domains").OK().Has("acme.example").HasNot("Run the check", ">Save<", ">Remove<", "Check again")
		c.Post("/workspaces/acme/domains/add", url.Values{"domains": {"b.example"}}).Is(http.StatusForbidden)
		c.As(consoletest.With(console.ITAdmin))
		c.Get("/workspaces/acme/domains").OK().Has("Run the check").HasNot(">Remove<")
		c.Post("/workspaces/acme/domains/check", url.Values{"domain": {"acme.example"}}).Is(http.StatusSeeOther)
		c.Post("/workspaces/acme/domains/check", url.Values{"domain": {"nobody.example"}}).Is(http.StatusNotFound).Has("LY-DOM-005")
		c.Post("/workspaces/acme/domains/rules", url.Values{"enforcement": {"warn"}}).Is(http.StatusForbidden)
		c.Post("/workspaces/acme/domains/acme.example/remove", nil).Is(http.StatusForbidden)
		c.As(consoletest.With(console.Admin))
		c.Post("/workspaces/acme/domains/rules", url.Values{"enforcement": {"warn"}, "subdomains": {"true"}, "version": {"0"}}).Is(http.StatusSeeOther).Follow().Has("The rules are saved")
		c.Post("/workspaces/acme/domains/rules", url.Values{"enforcement": {"deny"}, "version": {"0"}}).Is(http.StatusConflict).Has("LY-DOM-041")
		c.Post("/workspaces/acme/domains/rules", url.Values{"enforcement": {"off"}, "version": {"1"}}).Is(http.StatusBadRequest).Has("LY-DOM-019")
		stale := consoletest.With(console.Admin)
		stale.Fresh = false
		c.As(stale)
		c.Get("/workspaces/acme/domains/acme.example/remove").OK().Has("another value to put into DNS")
		c.Post("/workspaces/acme/domains/acme.example/remove", nil).Is(http.StatusForbidden).Has("Confirm that it is you")
		c.Post("/workspaces/acme/domains/acme.example/remove", url.Values{"stepup_code": {"123456"}}).Is(http.StatusSeeOther).Follow().OK().Has("acme.example is removed", "other.example")
		c.Get("/workspaces/acme/domains/acme.example/remove").Is(http.StatusNotFound)
		_ = zone
	})
}
