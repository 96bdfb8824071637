package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/audit"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func sections(c *consoletest.Console) []console.Section {
	return []console.Section{audit.New(audit.Config{Store: c.Store}), testActs{c}}
}

func TestPages_lookAsTheyDid(t *testing.T) { consoletest.Golden(t, audit.New(audit.Config{})) }

// log fills the audit log: 60 entries of acme, then one of other and one of none.
func log(c *consoletest.Console) {
	c.Helper()
	day := time.Date(2026, 3, 14, 23, 59, 59, 999_000_000, time.UTC)
	for i := range 62 {
		e := store.AuditEntry{
			At: day.Add(time.Duration(i) * time.Millisecond), Workspace: "acme", Actor: "ada@acme.example", ActorID: "adm-1",
			Act: []string{"people.role", "saml.save"}[i%2], Target: fmt.Sprintf("u-%d", i), Outcome: store.AuditDone,
			Detail: map[string]string{"role": "<b>"},
		}
		switch i {
		case 60:
			e.Workspace = "other"
		case 61:
			e.Workspace, e.Actor = "", "operator (command)"
		}
		if err := c.Store.AppendAudit(c.Context(), e); err != nil {
			c.Fatal(err)
		}
	}
}

const list = "/workspaces/acme/audit"

func serverOwner() console.Principal {
	return console.Principal{ID: "root", Name: "Root", ServerOwner: true, Fresh: true}
}

// found are the numbers of the entries of a page.
func found(a *consoletest.Answer) (all []int64, next int64) {
	var p struct {
		Entries []struct{ Seq int64 }
		Next    int64
	}
	a.OK().Into(&p)
	for _, e := range p.Entries {
		all = append(all, e.Seq)
	}
	return all, p.Next
}

// req: D10
func TestLog_isListedFilteredAndLedThrough(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		c.Get(list).OK().Has("Nothing was changed yet")
		log(c)
		ask := func(path string, pairs ...string) ([]int64, int64) {
			q := url.Values{}
			for i := 0; i < len(pairs); i += 2 {
				q.Set(pairs[i], pairs[i+1])
			}
			return found(c.JSON(http.MethodGet, path+"?"+q.Encode(), nil))
		}
		first, next := ask(list)
		if len(first) != 50 || first[0] != 60 || next != 11 {
			t.Errorf("the first page: %v, next %d", first, next)
		}
		if rest, next := ask(list, "before", "11"); len(rest) != 10 || rest[9] != 1 || next != 0 {
			t.Errorf("the second page: %v, next %d", rest, next)
		}
		for want, pairs := range map[int][]string{
			30: {"act", "saml."},
			1:  {"target", "u-7"},
			0:  {"target", "u-60"}, // of another workspace
		} {
			if got, _ := ask(list, pairs...); len(got) != want {
				t.Errorf("%v: %d entries, want %d", pairs, len(got), want)
			}
		}
		if got, _ := ask(list, "to", "2026-03-14"); len(got) != 1 || got[0] != 1 {
			t.Errorf("up to a day: %v", got)
		}
		if got, _ := ask(list, "from", "2026-03-15", "act", "people.role"); len(got) != 29 {
			t.Errorf("from a day on: %v", got)
		}
		page := c.Get(list).OK().Has("ada@acme.example", "people.role", "Download (NDJSON)").HasNot("u-60", "operator (command)")
		c.Get(page.Link("Next")).OK().Has("Newest", "u-0")
		c.Get(list + "?from=yesterday").Is(http.StatusUnprocessableEntity)
		c.Get(list + "?actor=nobody").OK().Has("Nothing is found")

		c.As(serverOwner())
		if all, _ := ask("/audit"); len(all) != 50 || all[0] != 62 {
			t.Errorf("of the server: %v", all)
		}
		if all, _ := ask("/audit", "server", "true"); len(all) != 1 || all[0] != 62 {
			t.Errorf("of no workspace: %v", all)
		}
	})
}

func TestEntry_isShownToItsWorkspaceAlone(t *testing.T) {
	c := consoletest.New(t, sections)
	log(c)
	c.Get(list+"/7").OK().Has("Entry 7", "people.role", "u-6", "role <b>", "adm-1").HasNot("<b>", "was altered")
	for _, seq := range []string{"61", "62", "63", "0", "-1"} {
		c.Get(list + "/" + seq).Is(http.StatusNotFound)
	}
	c.Get(list + "/x").Is(http.StatusUnprocessableEntity)
	c.Get("/audit").Is(http.StatusForbidden)
	c.Get("/audit/7").Is(http.StatusForbidden)
	c.Get("/audit/check/chain").Is(http.StatusForbidden)
	c.Get("/audit/export/ndjson").Is(http.StatusForbidden)
	c.Get("/workspaces/other/audit").Is(http.StatusNotFound)
	c.As(consoletest.With(console.ITAdmin))
	c.Get(list + "/export/ndjson").Is(http.StatusForbidden)
	c.Get(list).OK().HasNot("Download")
	c.As(serverOwner())
	c.Get("/audit/62").OK().Has("the server", "operator (command)")
}

// What is saved can be checked by whoever has it, without this program.
func TestExport_holdsTheChain(t *testing.T) {
	c := consoletest.New(t, sections)
	log(c)
	c.As(serverOwner())
	a := c.Get("/audit/export/ndjson").OK()
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/x-ndjson") || !strings.Contains(a.Header.Get("Content-Disposition"), ".ndjson") {
		t.Errorf("headers %v", a.Header)
	}
	prev, n := "", int64(0)
	for line := range strings.Lines(a.Body) {
		n++
		var e store.AuditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Seq != n || e.Prev != prev || e.Sum() != e.Hash {
			t.Fatalf("line %d does not hold: %s", n, line)
		}
		prev = e.Hash
	}
	if n != 62 {
		t.Errorf("%d lines", n)
	}
	if part := c.Get("/workspaces/acme/audit/export/ndjson?act=saml.save&after=50").OK(); strings.Count(part.Body, "\n") != 5 {
		t.Errorf("a part:\n%s", part.Body)
	}
}

func TestVerify_saysWhetherTheLogIsWhole(t *testing.T) {
	c := consoletest.New(t, sections)
	log(c)
	c.As(serverOwner())
	const check = "/audit/check/chain"
	c.Get(check).OK().Has("names the first").HasNot("is whole</p>")
	var v struct {
		Entries int64
		Head    string
		Broken  int64
		Checked bool
	}
	c.JSON(http.MethodGet, check+"?check=true", nil).OK().Into(&v)
	if v.Entries != 62 || v.Broken != 0 || !v.Checked || !strings.HasPrefix(v.Head, "62:") {
		t.Errorf("verdict %+v", v)
	}
	c.Get(check+"?check=true&head="+v.Head).OK().Has("The audit log is whole", "Entries: 62.")
	c.Get(check+"?check=true&head=70:"+v.Head[3:]).OK().Has("is not as it was written", "cut off")
	c.Get(check + "?check=true&head=x").Is(http.StatusUnprocessableEntity)
}

// testActs is a section with an act of each outcome.
type testActs struct{ c *consoletest.Console }

func (a testActs) Routes() []console.Route {
	type in struct {
		Fail bool `json:"fail"`
	}
	return []console.Route{
		console.Act("test.store", "/workspaces/{ws}/test", console.Access{Role: console.Viewer}, func(ctx context.Context, call *console.Call, in in) (console.Done, error) {
			call.Target("t-1")
			call.Note("when", "before")
			_, _, err := store.ChangeSetting(ctx, a.c.Store, call.Workspace.ID, "test", store.SettingChange{Version: store.AnyVersion, Now: call.Now}, func(*struct{}) error { return nil })
			if err == nil && in.Fail {
				err = console.Bad("fail", "It failed afterwards.")
			}
			return console.Done{To: "/admin/"}, err
		}),
	}
}

func (testActs) Templates() fs.FS { return nil }

func (testActs) Examples() []console.Example { return nil }

// An act is in the log with what it stored, in the same transaction; one that
// fails afterwards is there a second time, with the code.
func TestActs_areInTheLog(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		c.Post("/workspaces/acme/test", nil).Is(http.StatusSeeOther)
		c.Get(list).OK().Has("test.store", "t-1", "Done")
		c.Get(list+"/1").OK().Has("ada@acme.example", "when before")
		c.Post("/workspaces/acme/test", url.Values{"fail": {"true"}}).Is(http.StatusUnprocessableEntity)
		if all, _ := found(c.JSON(http.MethodGet, list, nil)); len(all) != 3 {
			t.Errorf("%d entries, want three", len(all))
		}
		c.Get(list + "/3").OK().Has("LY-UI-002")
	})
}
