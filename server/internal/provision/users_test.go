package provision_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: E1
func TestCreateAnswersWithTheWholeResource(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		a := d.ask("POST", "/Users", person("Ada@acme.example", "0a1B")).want(http.StatusCreated)
		where := "https://sso.example/scim/v2/acme/Users/" + a.id()
		if a.header.Get("Location") != where || a.header.Get("ETag") != `W/"1"` {
			t.Errorf("headers: %v", a.header)
		}
		meta := map[string]any{"resourceType": "User", "created": "2026-01-31T12:00:00.000000Z", "lastModified": "2026-01-31T12:00:00.000000Z", "location": where, "version": `W/"1"`}
		if diff := cmp.Diff(meta, a.body["meta"]); diff != "" {
			t.Errorf("meta (-want +got):\n%s", diff)
		}
		for _, attributes := range []string{"", "?attributes=", "?unknown=1"} {
			got := d.ask("GET", "/Users/"+a.id()+attributes, "").want(http.StatusOK)
			if diff := cmp.Diff(a.body, got.body); diff != "" {
				t.Errorf("GET%s differs from POST:\n%s", attributes, diff)
			}
		}
		if u, err := d.store.User(t.Context(), d.ws.Directory, a.id()); err != nil || u.Role != "Member" || u.State != directory.Active {
			t.Errorf("stored: %+v, %v", u, err)
		}
		if diff := cmp.Diff([]directory.Kind{directory.UserCreated}, d.events(a.id())); diff != "" {
			t.Error(diff)
		}
	})
}

// req: E1
func TestCreateOfWhoIsThereIsAConflictThatNamesTheField(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		d.create("Ada@acme.example", "0a1B")
		for name, c := range map[string]struct{ body, field string }{
			"same userName":               {person("Ada@acme.example", "other"), "userName"},
			"same userName, other case":   {person("ADA@ACME.example", "other"), "userName"},
			"same externalId":             {person("grace@acme.example", "0a1B"), "externalId"},
			"same both: userName is told": {person("Ada@acme.example", "0a1B"), "userName"},
		} {
			a := d.ask("POST", "/Users", c.body).fails(http.StatusConflict, "uniqueness")
			if !strings.Contains(a.body["detail"].(string), "has the "+c.field+" ") {
				t.Errorf("%s: %s", name, a.raw)
			}
		}
		d.create("grace@acme.example", "0A1b") // externalId is compared exactly
		other := d.create("joan@acme.example", "j")
		d.ask("PATCH", "/Users/"+other, patch(`{"op":"Replace","path":"userName","value":"ADA@acme.example"}`)).fails(http.StatusConflict, "uniqueness")
		d.ask("PATCH", "/Users/"+other, patch(`{"op":"Replace","path":"userName","value":"JOAN@acme.example"}`)).want(http.StatusOK)
	})
}

// The answer to a POST is lost on its way, after the commit. Entra sends the
// request again, is told 409, asks by its matching attribute and finds whom it
// made the first time.
//
// req: E1
func TestCreateAfterALostAnswerConflictsAndTheFilterFindsTheFirst(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		var lost atomic.Bool
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if lost.CompareAndSwap(false, true) {
				d.handler.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			}
			d.handler.ServeHTTP(w, r)
		}))
		defer srv.Close()
		post := func() (*http.Response, error) {
			r, err := http.NewRequest("POST", srv.URL+"/scim/v2/acme/Users", strings.NewReader(person("ada@acme.example", "0a1b")))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+d.token.Reveal())
			r.Header.Set("Content-Type", "application/scim+json")
			return srv.Client().Do(r)
		}
		if res, err := post(); err == nil {
			res.Body.Close()
			t.Fatal("the first answer was not lost")
		}
		res, err := post()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		read(t, res).fails(http.StatusConflict, "uniqueness")
		if ids := d.ask("GET", filter(`userName eq "ada@acme.example"`), "").found(); len(ids) != 1 {
			t.Fatalf("found %v", ids)
		}
	})
}

// req: E1
func TestOfTwinsExactlyOneIsCreated(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		second := d.replica(d.store)
		var made, refused atomic.Int32
		var wg sync.WaitGroup
		for i := range 16 {
			h := d.handler
			if i%2 == 1 {
				h = second
			}
			wg.Go(func() {
				switch a := d.askOf(h, "POST", "/Users", person("ada@acme.example", "0a1b")); a.status {
				case http.StatusCreated:
					made.Add(1)
				case http.StatusConflict:
					refused.Add(1)
				default:
					t.Errorf("got %d: %s", a.status, a.raw)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 || refused.Load() != 15 {
			t.Errorf("%d were created, %d refused", made.Load(), refused.Load())
		}
		if ids := d.ask("GET", "/Users", "").found(); len(ids) != 1 {
			t.Errorf("there are %v", ids)
		}
	})
}

// req: E2
func TestAnUpdateIsStoredAndANullUpdateLeavesVersionAndLastModifiedAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		id := d.create("ada@acme.example", "0a1b")
		d.clock.advance(time.Minute)
		a := d.ask("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"name.familyName","value":"Lovelace"},
			{"op":"Add","path":"emails[type eq \"home\"].value","value":"ada@home.example"}`)).want(http.StatusOK)
		meta := a.body["meta"].(map[string]any)
		if meta["version"] != `W/"2"` || meta["lastModified"] != "2026-01-31T12:01:00.000000Z" || a.header.Get("ETag") != `W/"2"` {
			t.Errorf("meta is %v", meta)
		}
		d.clock.advance(time.Minute)
		again := d.ask("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"name.familyName","value":"Lovelace"},
			{"op":"Replace","path":"active","value":"True"},{"op":"Remove","path":"title"}`)).want(http.StatusOK)
		if diff := cmp.Diff(a.body, again.body); diff != "" {
			t.Errorf("a PATCH that alters nothing altered:\n%s", diff)
		}
		body := strings.Replace(string(a.raw), `"id"`, `"ID"`, 1) // the answer sent back as a PUT
		put := d.ask("PUT", "/Users/"+id, body).want(http.StatusOK)
		if diff := cmp.Diff(a.body, put.body); diff != "" {
			t.Errorf("a PUT of what is there altered:\n%s", diff)
		}
		if diff := cmp.Diff([]directory.Kind{directory.UserCreated, directory.UserUpdated}, d.events(id)); diff != "" {
			t.Error(diff)
		}
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"title","value":"X"},{"op":"Replace","path":"colour","value":"X"}`)).fails(http.StatusBadRequest, "invalidPath")
		if got := d.ask("GET", "/Users/"+id, ""); got.body["title"] != nil {
			t.Errorf("half of a refused PATCH was stored: %s", got.raw)
		}
	})
}

// req: E5
func TestWhoIsDisabledStaysVisibleAndWhoIsDeletedIsGone(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		id := d.create("ada@acme.example", "0a1b")
		d.ask("PATCH", "/Users/"+id, patch(disable)).want(http.StatusOK)
		if got := d.ask("GET", "/Users/"+id, "").want(http.StatusOK); got.body["active"] != false {
			t.Errorf("active is %v", got.body["active"])
		}
		for _, f := range []string{`userName eq "ADA@acme.example"`, `externalId eq "0a1b"`, `active eq "False"`} {
			if ids := d.ask("GET", filter(f), "").found(); !slices.Equal(ids, []string{id}) {
				t.Errorf("%s found %v", f, ids)
			}
		}
		d.ask("POST", "/Users", person("ada@acme.example", "0a1b")).fails(http.StatusConflict, "uniqueness")

		d.ask("DELETE", "/Users/"+id, "").want(http.StatusNoContent)
		d.ask("DELETE", "/Users/"+id, "").fails(http.StatusNotFound, "")
		d.ask("GET", "/Users/"+id, "").fails(http.StatusNotFound, "")
		d.ask("PATCH", "/Users/"+id, patch(restore)).fails(http.StatusNotFound, "")
		for _, target := range []string{"/Users", filter(`userName eq "ada@acme.example"`), filter(`id eq "` + id + `"`), filter(`externalId eq "0a1b"`), filter(`title pr or active eq false`)} {
			if ids := d.ask("GET", target, "").found(); len(ids) != 0 {
				t.Errorf("%s found %v", target, ids)
			}
		}
		if u, err := d.store.User(t.Context(), d.ws.Directory, id); err != nil || u.State != directory.Archived || !strings.Contains(string(u.Doc), "Ada King") {
			t.Errorf("the archived person is not kept: %+v, %v", u, err)
		}
		if again := d.create("ada@acme.example", "0a1b"); again == id {
			t.Error("an id was used twice")
		}
		want := []directory.Kind{directory.UserCreated, directory.UserSuspended, directory.UserArchived}
		if diff := cmp.Diff(want, d.events(id)); diff != "" {
			t.Error(diff)
		}
	})
}

// When the answer to the PATCH is there, no session of the person is left, on
// any server, and restoring the person brings none back.
//
// req: E7
func TestWhoIsDisabledHasNoSessionLeft(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ada, grace := d.create("ada@acme.example", "0a1b"), d.create("grace@acme.example", "0a1c")
		for name, end := range map[string]func(){
			"default dialect": func() { d.ask("PATCH", "/Users/"+ada, patch(disable)).want(http.StatusOK) },
			"flag": func() {
				d.ask("PATCH", "/Users/"+ada, patch(`{"op":"replace","value":{"active":false}}`)).want(http.StatusOK)
			},
			"PUT": func() {
				d.ask("PUT", "/Users/"+ada, strings.Replace(person("ada@acme.example", "0a1b"), `"active":true`, `"active":"False"`, 1)).want(http.StatusOK)
			},
		} {
			d.signIn(ada, "a1-"+name)
			d.signIn(ada, "a2-"+name)
			d.signIn(grace, "g-"+name)
			end()
			d.wantNoSession("a1-"+name, "a2-"+name)
			if _, _, _, err := d.store.Session(t.Context(), "g-"+name, start); err != nil {
				t.Errorf("%s: another person's session ended: %v", name, err)
			}
			d.ask("PATCH", "/Users/"+ada, patch(restore)).want(http.StatusOK)
			d.wantNoSession("a1-"+name, "a2-"+name)
		}
		d.signIn(ada, "a3")
		d.ask("DELETE", "/Users/"+ada, "").want(http.StatusNoContent)
		d.wantNoSession("a3")
	})
}

func (d *desk) wantNoSession(hashes ...string) {
	d.t.Helper()
	for _, h := range hashes {
		if _, _, _, err := d.store.Session(context.Background(), h, start); !errors.Is(err, store.ErrNotFound) {
			d.t.Errorf("session %s: %v", h, err)
		}
	}
}

func TestPreconditions(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "0a1b")
	title := patch(`{"op":"Add","path":"title","value":"Countess"}`)
	d.ask("PATCH", "/Users/"+id, title, "If-Match", `W/"7"`).fails(http.StatusPreconditionFailed, "")
	d.ask("DELETE", "/Users/"+id, "", "If-Match", `"0"`).fails(http.StatusPreconditionFailed, "")
	d.ask("PUT", "/Users/"+id, person("a@b.example", "x"), "If-Match", `W/"2"`).fails(http.StatusPreconditionFailed, "")
	d.ask("PATCH", "/Users/"+id, title, "If-Match", `W/"9", W/"1"`).want(http.StatusOK)
	d.ask("GET", "/Users/"+id, "", "If-None-Match", `W/"2"`).want(http.StatusNotModified)
	d.ask("GET", "/Users/"+id, "", "If-None-Match", `W/"1"`).want(http.StatusOK)
	d.ask("DELETE", "/Users/"+id, "", "If-Match", "*").want(http.StatusNoContent)
}

// racing is a store in which somebody else changes the person right before each
// of the first saves.
type racing struct {
	*store.Store
	left atomic.Int32
}

func (s *racing) SaveUser(ctx context.Context, u directory.User, version int64, c directory.Consequence) error {
	if s.left.Add(-1) >= 0 {
		other, err := s.Store.User(ctx, u.Directory, u.ID)
		if err != nil {
			return err
		}
		other.Doc = []byte(strings.Replace(string(other.Doc), `"displayName":"Ada King"`, fmt.Sprintf(`"displayName":"Ada %d"`, s.left.Load()), 1))
		if err := s.Store.SaveUser(ctx, other, other.Version, directory.Consequence{}); err != nil {
			return err
		}
	}
	return s.Store.SaveUser(ctx, u, version, c)
}

func TestALostRaceIsRunAgainWhereNobodyElseCanWin(t *testing.T) {
	var s *racing
	d := newDesk(t, "sqlite", func(real *store.Store) provision.Store { s = &racing{Store: real}; return s })
	id := d.create("ada@acme.example", "0a1b")
	s.left.Store(1)
	a := d.ask("PATCH", "/Users/"+id, patch(`{"op":"Add","path":"title","value":"Countess"}`)).want(http.StatusOK)
	if a.body["title"] != "Countess" || a.body["displayName"] != "Ada 0" || a.header.Get("ETag") != `W/"3"` {
		t.Errorf("one of two changes was lost: %s", a.raw)
	}
	s.left.Store(1)
	d.ask("PATCH", "/Users/"+id, patch(`{"op":"Add","path":"title","value":"Duchess"}`), "If-Match", `W/"3"`).fails(http.StatusPreconditionFailed, "")
	d.create("grace@acme.example", "0a1c")
	s.left.Store(1)
	d.ask("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"userName","value":"grace@acme.example"}`)).fails(http.StatusConflict, "uniqueness")
	if got := d.ask("GET", "/Users/"+id, ""); got.body["title"] != "Countess" || got.body["userName"] != "ada@acme.example" {
		t.Errorf("stored: %s", got.raw)
	}
}

func TestTwoServersPatchOnePersonAndLoseNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		id := d.create("ada@acme.example", "0a1b")
		second := d.replica(d.store)
		var wg sync.WaitGroup
		for i := range 20 {
			h := d.handler
			if i%2 == 1 {
				h = second
			}
			wg.Go(func() {
				body := patch(fmt.Sprintf(`{"op":"Add","path":"roles","value":[{"value":"r%d"}]}`, i))
				for {
					a := d.askOf(h, "PATCH", "/Users/"+id, body)
					if a.status == http.StatusConflict {
						continue // told to try again
					}
					a.want(http.StatusOK)
					return
				}
			})
		}
		wg.Wait()
		a := d.ask("GET", "/Users/"+id, "").want(http.StatusOK)
		if roles, _ := a.body["roles"].([]any); len(roles) != 20 || a.header.Get("ETag") != `W/"21"` {
			t.Errorf("%d roles at version %s", len(roles), a.header.Get("ETag"))
		}
	})
}

func TestNeitherTokenNorPasswordReachesTheLogOrTheDisk(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	secret := "hunter2-correct-horse"
	id := d.ask("POST", "/Users", strings.Replace(person("ada@acme.example", "0a1b"), `"active"`, `"password":"`+secret+`","active"`, 1)).want(http.StatusCreated).id()
	d.ask("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"password","value":"`+secret+`"}`)).want(http.StatusOK)
	d.ask("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"password","value":{"x":"`+secret+`"}}`)).want(http.StatusOK)
	a := d.ask("GET", "/Users/"+id+"?attributes=password,userName", "").want(http.StatusOK)
	d.ask("GET", "/Users", "", "Authorization", "Bearer "+scim.NewToken().Reveal()).want(http.StatusUnauthorized)
	seen := map[string]string{"the answer": string(a.raw), "the log": d.log.String()}
	files, err := filepath.Glob(filepath.Join(d.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database files: %v", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		seen[f] = string(data)
	}
	for where, text := range seen {
		for _, hidden := range []string{secret, d.token.Reveal()} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s holds %q", where, hidden)
			}
		}
	}
	if !strings.Contains(d.log.String(), "scim request refused") {
		t.Errorf("the log says nothing of the refusal: %s", d.log)
	}
}
