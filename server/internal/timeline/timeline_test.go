package timeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

// records is a store that holds what a test says.
type records struct {
	requests []store.Request
	events   []directory.Event
	acts     []store.Act
	refused  []store.Refused
	entries  []store.AuditEntry
	fails    string
}

func (r records) err(what string) error {
	if r.fails == what {
		return errors.New("out of order")
	}
	return nil
}

func (r records) Requests(context.Context, string, store.RequestQuery) ([]store.Request, error) {
	return r.requests, r.err("requests")
}

func (r records) EventsOf(context.Context, string, string, int) ([]directory.Event, error) {
	return r.events, r.err("events")
}

func (r records) Acts(context.Context, string, string, int) ([]store.Act, error) {
	return r.acts, r.err("acts")
}

func (r records) RefusedOf(context.Context, string, string) ([]store.Refused, error) {
	return r.refused, r.err("refused")
}

func (r records) AuditLog(_ context.Context, q store.AuditQuery) ([]store.AuditEntry, error) {
	if q.Workspace != "acme" || q.Target != "u-1" {
		return nil, fmt.Errorf("asked for %+v", q)
	}
	return r.entries, r.err("entries")
}

func texts(lines []Line) (all []string) {
	for _, l := range lines {
		all = append(all, fmt.Sprintf("%s %s|%s|%s|%s|%v", l.At.Format("15:04"), l.Source, l.Who, l.What, l.Result, l.Failed))
	}
	return all
}

// req: D10
func TestOf_itTellsOfEverySourceInOrderAndOfNothingTwice(t *testing.T) {
	r := records{
		requests: []store.Request{
			{At: minute(1), Credential: "tok", Method: "POST", Type: "Users", Attributes: []string{"userName", "emails"}, Status: 201},
			{At: minute(9), Method: "PATCH", Type: "Users", Status: 401, Detail: "Who is it?", Request: "req-9"},
		},
		events: []directory.Event{
			{At: minute(2), Kind: directory.UserCreated, Seq: 4},
			{At: minute(3), Kind: directory.SessionStarted, Session: "s-1", Workspace: "acme"},
			{At: minute(3), Kind: directory.SessionStarted, Session: "s-2", Workspace: "other"},
			{At: minute(4), Kind: directory.MemberAdded, Group: "g-1"},
		},
		refused: []store.Refused{
			{At: minute(5), Workspace: "acme", Method: directory.MethodSAML, Code: problem.AccessEnded, Device: "laptop"},
			{At: minute(5), Workspace: "other", Method: directory.MethodSAML, Code: problem.AccessEnded},
		},
		acts: []store.Act{
			{At: minute(6), Workspace: "acme", Who: "root@acme.example", What: "suspended"},
			{At: minute(7).Add(time.Second), Workspace: "acme", Who: Operator, What: "gave the role lead"},
			{At: minute(7), Workspace: "other", Who: Operator, What: "elsewhere"},
		},
		entries: []store.AuditEntry{
			{Seq: 1, At: minute(6), Actor: "root@acme.example", Act: "people.suspend", Outcome: store.AuditDone, Correlation: "req-6"},
			{Seq: 2, At: minute(7), Actor: Operator, Act: "user set", Outcome: store.AuditDone},
			{Seq: 3, At: minute(8), Actor: "root@acme.example", Act: "seats.free", Outcome: store.AuditDone},
			{Seq: 4, At: minute(8), Actor: "root@acme.example", Act: "people.unlink", Outcome: "LY-AUTHZ-001"},
			{Seq: 5, At: minute(30), Actor: Operator, Act: "sso lift", Outcome: store.AuditDone},
		},
	}
	want := []string{
		"09:30 command|operator (command)|sso lift||false",
		"09:09 provisioning|nobody known|PATCH Users|401 Who is it?|true",
		"09:08 admin|root@acme.example|seats.free||false",
		"09:08 admin|root@acme.example|people.unlink|LY-AUTHZ-001|true",
		"09:07 command|operator (command)|gave the role lead||false",
		"09:06 admin|root@acme.example|suspended||false",
		"09:05 sign-in|the person|sign-in refused (saml) on laptop|" + string(problem.AccessEnded) + " " + problem.Lookup(problem.AccessEnded).Sentence + "|true",
		"09:04 event|lanyard|group.member_added (group g-1)||false",
		"09:03 event|the person|session.started (session s-1)||false",
		"09:02 event|lanyard|user.created||false",
		"09:01 provisioning|tok|POST Users: userName, emails|201 Created|false",
	}
	ws, p := directory.Workspace{ID: "acme", Directory: "acme"}, directory.User{ID: "u-1"}
	lines, err := Of(t.Context(), r, ws, p, 100)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, texts(lines)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if lines[5].Audit != 1 || lines[5].RequestID != "req-6" {
		t.Errorf("the act does not lead to its entry: %+v", lines[5])
	}
	if few, err := Of(t.Context(), r, ws, p, 3); err != nil || len(few) != 3 || few[0].What != "sso lift" {
		t.Errorf("three of them: %v, %v", texts(few), err)
	}
}

func TestOf_twoActsOfOneMomentHaveTheirOwnEntries(t *testing.T) {
	r := records{
		acts: []store.Act{{At: minute(1).Add(time.Second), Workspace: "acme", Who: Operator, What: "second"}, {At: minute(1), Workspace: "acme", Who: Operator, What: "first"}},
		entries: []store.AuditEntry{
			{Seq: 2, At: minute(1).Add(time.Second), Actor: Operator, Act: "b", Outcome: store.AuditDone},
			{Seq: 1, At: minute(1), Actor: Operator, Act: "a", Outcome: store.AuditDone},
		},
	}
	lines, err := Of(t.Context(), r, directory.Workspace{ID: "acme"}, directory.User{ID: "u-1"}, 10)
	if err != nil || len(lines) != 2 || lines[0].Audit != 2 || lines[1].Audit != 1 {
		t.Errorf("got %+v, %v", lines, err)
	}
}

func TestOf_itSaysWhichRecordCannotBeRead(t *testing.T) {
	for fails, says := range map[string]string{
		"requests": "provisioning", "events": "events", "refused": "refused", "acts": "command", "entries": "audit",
	} {
		if _, err := Of(t.Context(), records{fails: fails}, directory.Workspace{ID: "acme"}, directory.User{ID: "u-1"}, 10); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", fails, err)
		}
	}
}
