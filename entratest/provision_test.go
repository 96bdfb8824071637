package entratest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

// target is the least that the provisioning service needs: it remembers what
// came, and applies only active.
type target struct {
	t     *testing.T
	mu    sync.Mutex
	next  int
	docs  map[string]map[string]any
	got   []string // "METHOD /path body"
	heads []http.Header
	fail  []int // statuses for the next requests
	seen  chan string
}

func newTarget(t *testing.T) (*target, string) {
	t.Helper()
	s := &target{t: t, docs: map[string]map[string]any{}, seen: make(chan string, 1000)}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv.URL + "/scim/v2/acme"
}

var equals = regexp.MustCompile(`^(\S+) eq "([^"]*)"$`)

func (s *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	line := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/scim/v2/acme") + " " + string(raw)
	s.got, s.heads = append(s.got, line), append(s.heads, r.Header.Clone())
	s.seen <- line
	if len(s.fail) > 0 {
		status := s.fail[0]
		s.fail = s.fail[1:]
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
		return
	}
	id := strings.TrimPrefix(r.URL.Path, "/scim/v2/acme/Users/")
	doc, known := s.docs[id]
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/scim/v2/acme/Users":
		s.list(w, r)
	case r.Method == http.MethodPost:
		var in map[string]any
		if err := json.Unmarshal(raw, &in); err != nil {
			s.t.Error(err)
		}
		s.next++
		in["id"] = fmt.Sprint("id-", s.next)
		s.docs[fmt.Sprint("id-", s.next)] = in
		s.write(w, 201, in)
	case !known:
		s.write(w, 404, map[string]any{"status": "404"})
	case r.Method == http.MethodGet:
		s.write(w, 200, doc)
	case r.Method == http.MethodPatch:
		if strings.Contains(string(raw), `"path":"active"`) {
			doc["active"] = !strings.Contains(string(raw), `"False"`) && !strings.Contains(string(raw), `"value":false`)
		}
		w.WriteHeader(204)
	case r.Method == http.MethodDelete:
		delete(s.docs, id)
		w.WriteHeader(204)
	}
}

func (s *target) list(w http.ResponseWriter, r *http.Request) {
	found := []any{}
	m := equals.FindStringSubmatch(r.URL.Query().Get("filter"))
	if m == nil {
		s.t.Errorf("a filter nobody sends: %q", r.URL.RawQuery)
		return
	}
	for _, d := range s.docs {
		if v, _ := d[m[1]].(string); strings.EqualFold(v, m[2]) {
			found = append(found, d)
		}
	}
	s.write(w, 200, map[string]any{"totalResults": len(found), "Resources": found})
}

func (s *target) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.t.Error(err)
	}
}

// sent are the requests that changed something, since the last call.
func (s *target) sent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var changes []string
	for _, l := range s.got {
		if !strings.HasPrefix(l, "GET ") {
			changes = append(changes, l)
		}
	}
	s.got = nil
	return strings.Join(changes, "\n")
}

func patchOf(id, ops string) string {
	return `PATCH /Users/` + id + ` {"Operations":[` + ops + `],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`
}

const ext = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

func TestProvision_itSendsWhatEntraSends(t *testing.T) {
	for _, flag := range []bool{false, true} {
		t.Run(fmt.Sprintf("with aadOptscim062020 %v", flag), func(t *testing.T) {
			r := newRig(t)
			s, base := newTarget(t)
			p := r.tenant.Provision(r.app, base, "the token", entratest.ProvisionOptions{OptSCIM062020: flag})
			cycle := func() {
				t.Helper()
				if err := p.Cycle(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			expect := func(classic, flagged string) {
				t.Helper()
				cycle()
				want := classic
				if flag {
					want = flagged
				}
				if got := s.sent(); got != want {
					t.Errorf("sent\n%s\nwant\n%s", got, want)
				}
			}
			do := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			boss := r.tenant.AddUser(entratest.User{GivenName: "Boss"})
			do(p.TestConnection(t.Context()))
			expect("", "") // nobody is assigned
			do(r.tenant.Assign(r.app, r.ada))
			expect("", "") // with Default Access only
			do(r.tenant.Assign(r.app, r.ada, "Reader"))
			created := `POST /Users {"active":true,"displayName":"Ada Lovelace","emails":[{"primary":true,"type":"work","value":"ada@acme.example"}],` +
				`"externalId":"` + r.ada.ObjectID + `","meta":{"resourceType":"User"},"name":{"familyName":"Lovelace","formatted":"Ada Lovelace","givenName":"Ada"},` +
				`"roles":[],"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + ext + `"],"title":"Countess",` +
				`"` + ext + `":{"department":"Engines"},"userName":"ada@acme.example"}`
			expect(created, created)
			expect("", "") // nothing changed
			do(r.tenant.UpdateUser(r.ada, func(u *entratest.User) { u.Surname, u.Department, u.TelephoneNumber = "King", "Weaving", "+44 1" }))
			expect(patchOf("id-1", `{"op":"Replace","path":"name.familyName","value":"King"},{"op":"Replace","path":"name.formatted","value":"Ada King"},`+
				`{"op":"Add","path":"phoneNumbers[type eq \"work\"].value","value":"+44 1"},{"op":"Replace","path":"`+ext+`:department","value":"Weaving"}`),
				patchOf("id-1", `{"op":"replace","value":{"name.familyName":"King","name.formatted":"Ada King","`+ext+`:department":"Weaving"}},`+
					`{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"+44 1"}`))
			do(r.tenant.Disable(r.ada))
			expect(patchOf("id-1", `{"op":"Replace","path":"active","value":"False"}`), patchOf("id-1", `{"op":"replace","path":"active","value":false}`))
			expect("", "")
			do(r.tenant.Enable(r.ada))
			expect(patchOf("id-1", `{"op":"Replace","path":"active","value":"True"}`), patchOf("id-1", `{"op":"replace","path":"active","value":true}`))
			do(r.tenant.SoftDelete(r.ada))
			expect(patchOf("id-1", `{"op":"Replace","path":"active","value":"False"}`), patchOf("id-1", `{"op":"replace","path":"active","value":false}`))
			do(r.tenant.Restore(r.ada))
			expect(patchOf("id-1", `{"op":"Replace","path":"active","value":"True"}`), patchOf("id-1", `{"op":"replace","path":"active","value":true}`))
			do(r.tenant.Assign(r.app, boss, "Reader"))
			do(r.tenant.UpdateUser(r.ada, func(u *entratest.User) { u.Manager = boss.ObjectID }))
			cycle()
			got := s.sent()
			manager := `"path":"` + ext + `:manager","value":"id-2"`
			if flag {
				manager = `"value":{"` + ext + `:manager":"id-2"}`
			}
			if create, patch := strings.Index(got, "POST "), strings.Index(got, manager); create < 0 || patch < create {
				t.Errorf("the manager's reference must come after the manager:\n%s", got)
			}
			do(r.tenant.SoftDelete(r.ada))
			r.e.Advance(31 * 24 * time.Hour) // the recycle bin is emptied
			expect("DELETE /Users/id-1 ", "DELETE /Users/id-1 ")
			do(r.tenant.Unassign(r.app, boss))
			expect(patchOf("id-2", `{"op":"Replace","path":"active","value":"False"}`), patchOf("id-2", `{"op":"replace","path":"active","value":false}`))
			do(r.tenant.Delete(boss))
			expect("", "") // out of scope means out of mind: no DELETE follows
			for _, h := range s.heads {
				if h.Get("Authorization") != "Bearer the token" || h.Get("User-Agent") != "" ||
					(h.Get("Content-Type") != "" && h.Get("Content-Type") != "application/scim+json; charset=utf-8") {
					t.Fatalf("%v", h)
				}
			}
		})
	}
}

func TestProvision_itPutsTheFlagIntoEveryRequest(t *testing.T) {
	r := newRig(t)
	var queries []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		queries = append(queries, q.URL.RawQuery)
		w.Header().Set("Content-Type", "application/scim+json")
		_, _ = io.WriteString(w, `{"totalResults":0}`)
	}))
	defer srv.Close()
	p := r.tenant.Provision(r.app, srv.URL+"/scim/v2/acme/?aadOptscim062020", "x", entratest.ProvisionOptions{OptSCIM062020: true})
	if err := p.TestConnection(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(queries) != 1 || !strings.HasPrefix(queries[0], "aadOptscim062020&filter=userName") {
		t.Errorf("%q", queries)
	}
}

// req: E7
func TestProvision_itPushesAChangeAtOnce(t *testing.T) {
	r := newRig(t)
	s, base := newTarget(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{PushOnChange: true})
	if err := r.tenant.Assign(r.app, r.ada, "Reader"); err != nil {
		t.Fatal(err)
	}
	if err := p.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for len(s.seen) > 0 {
		<-s.seen
	}
	before := time.Now()
	if err := r.tenant.Disable(r.ada); err != nil {
		t.Fatal(err)
	}
	select {
	case line := <-s.seen:
		if !strings.Contains(line, `"path":"active"`) {
			t.Errorf("%s", line)
		}
		t.Logf("the PATCH came %v after the change", time.Since(before))
	case <-time.After(5 * time.Second):
		t.Fatal("no push")
	}
	if err := p.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := p.Log()[len(p.Log())-1]
	if last.Action != "disable" || last.Status != 204 || last.User != "ada@acme.example" || last.Err != "" {
		t.Errorf("%+v", last)
	}
	r.e.Close()
	if err := p.Settle(t.Context()); err == nil {
		t.Error("a job of an Entra that is closed still settles")
	}
}

func TestProvision_itFindsThoseWhoAreThere(t *testing.T) {
	r := newRig(t)
	s, base := newTarget(t)
	s.docs["id-9"] = map[string]any{"id": "id-9", "userName": "ADA@acme.example", "active": true, "displayName": "Ada Lovelace", "externalId": "ada"}
	if err := r.tenant.Assign(r.app, r.ada, "Reader"); err != nil {
		t.Fatal(err)
	}
	off := r.tenant.AddUser(entratest.User{GivenName: "Off", Disabled: true})
	if err := r.tenant.Assign(r.app, off, "Reader"); err != nil {
		t.Fatal(err)
	}
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{ExternalID: entratest.ExternalIDMailNickname})
	if err := p.Cycle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.sent()
	if strings.Contains(got, "POST") || !strings.HasPrefix(got, "PATCH /Users/id-9 ") || strings.Contains(got, "displayName") || strings.Contains(got, "externalId") ||
		!strings.Contains(got, `{"op":"Add","path":"title","value":"Countess"}`) {
		t.Errorf("%s", got)
	}
	// Somebody removes her there: she is found missing at the next change.
	s.mu.Lock()
	delete(s.docs, "id-9")
	s.mu.Unlock()
	if err := r.tenant.UpdateUser(r.ada, func(u *entratest.User) { u.JobTitle = "Analyst" }); err != nil {
		t.Fatal(err)
	}
	if err := p.OnDemand(t.Context(), r.ada); err != nil {
		t.Fatal(err)
	}
	if got := s.sent(); !strings.HasPrefix(got, "POST /Users ") || !strings.Contains(got, `"externalId":"ada"`) {
		t.Errorf("%s", got)
	}
}

func TestProvision_itSendsRolesInEveryMapping(t *testing.T) {
	for mapping, want := range map[entratest.RoleMapping][2]string{
		entratest.SingleAppRoleAssignment: {
			`"roles":[{"display":"Admin","primary":"True","type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]`,
			`{"op":"Replace","path":"roles[primary eq \"True\"].value","value":"Reader"}`,
		},
		entratest.AppRoleAssignmentsComplex: {
			`"roles":[{"display":"Admin","primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]`,
			`{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"`,
		},
		entratest.AssertiveAppRoleAssignmentsComplex: {
			`"roles":[{"display":"Admin","primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]`,
			`{"op":"Replace","path":"roles","value":[{"display":"Reader","primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"Reader"}]}`,
		},
	} {
		t.Run(string(mapping), func(t *testing.T) {
			r := newRig(t)
			s, base := newTarget(t)
			p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{Roles: true, RoleMapping: mapping})
			for i, role := range []string{"Admin", "Reader"} {
				if err := r.tenant.Assign(r.app, r.ada, role); err != nil {
					t.Fatal(err)
				}
				if err := p.Cycle(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := s.sent(); !strings.Contains(got, want[i]) {
					t.Errorf("%s: sent\n%s\nwithout\n%s", role, got, want[i])
				}
			}
		})
	}
}

func TestProvision_itTriesAgainAndSaysWhatFailed(t *testing.T) {
	r := newRig(t)
	s, base := newTarget(t)
	if err := r.tenant.Assign(r.app, r.ada, "Reader"); err != nil {
		t.Fatal(err)
	}
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{Retry: []time.Duration{time.Millisecond, time.Millisecond}})
	s.fail = []int{503, 0}
	if err := p.Cycle(t.Context()); err != nil {
		t.Fatalf("after a 503 and a lost connection: %v", err)
	}
	again := 0
	for _, l := range p.Log() {
		if l.Err != "" {
			t.Errorf("what was tried again with success counts as failed: %+v", l)
		}
		if strings.HasPrefix(l.Note, "tried again: ") {
			again++
		}
	}
	if again == 0 {
		t.Error("the log does not tell what was tried again")
	}
	if err := r.tenant.Disable(r.ada); err != nil {
		t.Fatal(err)
	}
	s.fail = []int{400}
	if err := p.Cycle(t.Context()); err == nil || !strings.Contains(err.Error(), "ada@acme.example: status 400") {
		t.Errorf("%v", err)
	}
	s.fail = []int{401, 401}
	if err := p.TestConnection(t.Context()); err == nil {
		t.Error("a wrong token passes the test connection")
	}
	s.fail = []int{404, 404}
	if err := p.TestConnection(t.Context()); err == nil {
		t.Error("a 404 in place of an empty list passes the test connection")
	}
	s.sent()
	if err := p.Cycle(t.Context()); err != nil || s.sent() != "" {
		t.Fatalf("what failed was tried again at once: %v", err)
	}
	r.e.Advance(6 * time.Hour)
	if err := p.Cycle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.sent(); got != patchOf("id-1", `{"op":"Replace","path":"active","value":"False"}`) {
		t.Errorf("what failed was not tried again:\n%s", got)
	}
	for _, bad := range []string{"http://scim.example.com/", "scim.example.com", "ftp://localhost/", "https://", "%"} {
		job := r.tenant.Provision(r.app, bad, "x", entratest.ProvisionOptions{})
		if err := job.TestConnection(t.Context()); err == nil {
			t.Errorf("%q is taken for a tenant URL", bad)
		}
	}
}

func TestControl_itManagesFromOutside(t *testing.T) {
	r := newRig(t)
	s, base := newTarget(t)
	r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{PushOnChange: true})
	srv := httptest.NewServer(r.e.Control("the control token"))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := &entratest.ControlClient{Base: u, Token: "the control token"}
	ctx := t.Context()
	do := func(f func(context.Context) error) {
		t.Helper()
		if err := f(ctx); err != nil {
			t.Fatal(err)
		}
	}
	guest, err := c.AddUser(ctx, entratest.ControlUser{Guest: true, Mail: "zoe@partner.example", Name: "Zoe"})
	if err != nil || guest.UserPrincipalName != "zoe_partner.example#EXT#@acme.example" || guest.Password == "" {
		t.Fatalf("%+v, %v", guest, err)
	}
	do(func(ctx context.Context) error { return c.Assign(ctx, guest.UserPrincipalName, "Admin") })
	do(func(ctx context.Context) error { return c.Do(ctx, guest.UserPrincipalName, "disable") })
	if got := s.sent(); !strings.HasSuffix(got, patchOf("id-1", `{"op":"Replace","path":"active","value":"False"}`)) {
		t.Errorf("when the answer came, the change was not provisioned:\n%s", got)
	}
	list, err := c.Users(ctx)
	if err != nil || len(list) != 2 || !list[1].Disabled || list[0].Disabled {
		t.Errorf("%+v, %v", list, err)
	}
	for _, act := range []string{"enable", "revoke", "delete", "restore", "unassign", "purge"} {
		do(func(ctx context.Context) error { return c.Do(ctx, guest.ObjectID, act) })
	}
	if r.tenant.User(guest.ObjectID) != nil {
		t.Error("purged, and still there")
	}
	before := r.e.Now()
	do(func(ctx context.Context) error { return c.Advance(ctx, 36*time.Hour) })
	if d := r.e.Now().Sub(before); d < 36*time.Hour {
		t.Errorf("the clock moved by %v", d)
	}
	do(c.RotateKeys)
	do(c.Cycle)
	for why, err := range map[string]error{
		"an unknown person": c.Do(ctx, "nobody@acme.example", "disable"),
		"an unknown act":    c.Do(ctx, "ada@acme.example", "promote"),
		"an unknown tenant": (&entratest.ControlClient{Base: u, Token: c.Token, Tenant: "other.example"}).Cycle(ctx),
		"a wrong token":     (&entratest.ControlClient{Base: u, Token: "guess"}).Cycle(ctx),
		"no token":          (&entratest.ControlClient{Base: u}).Cycle(ctx),
		"a role it has not": c.Assign(ctx, "ada@acme.example", "Emperor"),
	} {
		if err == nil {
			t.Errorf("it takes %s", why)
		}
	}
}
