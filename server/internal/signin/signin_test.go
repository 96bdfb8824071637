package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

const (
	tenantID = "11111111-2222-4333-8444-555555555555"
	clientID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	adaOID   = "0a0a0a0a-0b0b-4c0c-8d0d-0e0e0e0e0e0e"
	bobOID   = "0b0b0b0b-0b0b-4c0c-8d0d-0e0e0e0e0e0e"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// judge stands for entra.Verifier: the raw token is the key of who it is
// about, and what was expected is kept.
type judge struct {
	mu     sync.Mutex
	people map[string]entra.Identity
	err    error
	want   entra.Expect
}

func (j *judge) Verify(_ context.Context, raw string, want entra.Expect) (entra.Identity, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.want = want
	if j.err != nil {
		return entra.Identity{}, j.err
	}
	id, ok := j.people[raw]
	if !ok {
		return entra.Identity{}, problem.Wrap(problem.TokenSignature, errors.New("made up"))
	}
	return id, nil
}

// fixture is a handler on a real database with the workspace acme.
type fixture struct {
	t     *testing.T
	store *store.Store
	judge *judge
	h     *Handler
	mux   *http.ServeMux
	now   time.Time
}

func newFixture(t *testing.T, change ...func(*directory.Workspace)) *fixture {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ws := directory.Workspace{
		ID: "acme", Name: "Acme", Domains: []string{"acme.example"}, OfflineGrace: 8 * time.Hour,
		Microsoft: directory.Microsoft{TenantID: tenantID, ClientID: clientID}, Created: start, Modified: start,
	}
	for _, c := range change {
		c(&ws)
	}
	if err := s.CreateWorkspace(ctx, ws); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, store: s, now: start, mux: http.NewServeMux()}
	person := func(oid, upn string) entra.Identity {
		return entra.Identity{ObjectID: oid, TenantID: tenantID, UserName: upn, Name: "From the token", Email: upn}
	}
	guest := person(bobOID, "ada@acme.example")
	guest.Guest = true
	f.judge = &judge{people: map[string]entra.Identity{
		"ada": person(adaOID, "ada@acme.example"), "bob": person(bobOID, "bob@acme.example"), "guest": guest,
	}}
	free := func(*http.Request) error { return nil }
	f.h = &Handler{
		Store: s, Verifier: f.judge, Now: func() time.Time { return f.now }, TTL: time.Hour,
		LookupLimit: free, SignInLimit: free, Proved: func(context.Context, directory.Workspace) {},
	}
	f.h.Mount(f.mux)
	return f
}

// add provisions a person as SCIM would.
func (f *fixture) add(id, userName, externalID string) directory.User {
	f.t.Helper()
	u, err := directory.NewUser(f.workspace(), directory.User{
		ID: id, UserName: userName, ExternalID: externalID, Created: start, Modified: start,
		Doc: []byte(`{"userName":"` + userName + `","displayName":"Ada Lovelace","title":"Analyst",
			"name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"value":"ada@acme.example","type":"work"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines"}}`),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.store.InsertUser(context.Background(), u, directory.Change(directory.User{}, u).Events...); err != nil {
		f.t.Fatal(err)
	}
	return u
}

// to changes a person's state as SCIM would.
func (f *fixture) to(id string, state directory.State) {
	f.t.Helper()
	ctx := context.Background()
	before, err := f.store.User(ctx, f.workspace().Directory, id)
	if err != nil {
		f.t.Fatal(err)
	}
	after := before
	after.State, after.Version, after.Modified = state, before.Version+1, f.now
	if err := f.store.SaveUser(ctx, after, before.Version, directory.Change(before, after)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) workspace() directory.Workspace {
	f.t.Helper()
	ws, err := f.store.Workspace(context.Background(), "acme")
	if err != nil {
		f.t.Fatal(err)
	}
	return ws
}

// call makes a request and decodes the answer, or its problem, into answer.
func (f *fixture) call(method, path, bearer string, body, answer any) (int, string) {
	f.t.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			f.t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, &b)
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, r)
	var p api.Problem
	if w.Code >= 400 {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			f.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	} else if answer != nil {
		if err := json.Unmarshal(w.Body.Bytes(), answer); err != nil {
			f.t.Fatal(err)
		}
	}
	return w.Code, p.Code
}

func (f *fixture) signIn(token string) (api.Session, problem.Code) {
	f.t.Helper()
	var s api.Session
	_, code := f.call("POST", "/v1/session", "", api.SessionRequest{Workspace: "ACME ", AccessToken: token, Device: "Ada's\nlaptop"}, &s)
	return s, problem.Code(code)
}

// req: H5
func TestSession_itAdmitsWhoWasProvisionedWithoutJIT(t *testing.T) {
	f := newFixture(t)
	f.add("u1", "ada@acme.example", adaOID)
	s, code := f.signIn("ada")
	if code != "" {
		t.Fatal(code)
	}
	want := api.Person{
		ID: "u1", Workspace: "acme", WorkspaceName: "Acme", UserName: "ada@acme.example", DisplayName: "Ada Lovelace",
		GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@acme.example", Title: "Analyst", Department: "Engines",
	}
	if s.Me != want {
		t.Errorf("me is %+v\nwant %+v", s.Me, want)
	}
	if !s.ExpiresAt.Equal(start.Add(time.Hour)) || s.OfflineGraceSeconds != 8*3600 {
		t.Errorf("expires %s, grace %d", s.ExpiresAt, s.OfflineGraceSeconds)
	}
	if !strings.HasPrefix(s.Token, tokenPrefix) || len(s.Token) != len(tokenPrefix)+43 {
		t.Errorf("the token has %d bytes", len(s.Token))
	}
	var me api.Person
	if status, _ := f.call("GET", "/v1/me", s.Token, nil, &me); status != 200 || me != want {
		t.Errorf("GET /v1/me: %d %+v", status, me)
	}
	all, err := f.store.SessionsOfUser(context.Background(), "u1")
	if err != nil || len(all) != 1 || all[0].Device != "Ada's laptop" || all[0].Hash == s.Token || strings.Contains(all[0].Hash, "lyses") {
		t.Errorf("stored %+v, %v", all, err)
	}
	if got := f.judge.want; got.Authority != "https://login.microsoftonline.com" || got.Audience != clientID ||
		got.Scope != "api://"+clientID+"/access_as_user" || got.TenantID != tenantID || got.ClientIDs[0] != clientID {
		t.Errorf("expected of the token: %+v", got)
	}
	if _, code := f.signIn("bob"); code != problem.NotAdmitted {
		t.Errorf("somebody nobody provisioned: %q", code)
	}
}

// req: E5
func TestSession_itRefusesWhoWasSuspendedOrArchived(t *testing.T) {
	for _, jit := range []bool{false, true} {
		for _, state := range []directory.State{directory.Suspended, directory.Archived} {
			f := newFixture(t, func(w *directory.Workspace) { w.JIT = jit })
			f.add("u1", "ada@acme.example", adaOID)
			s, code := f.signIn("ada")
			if code != "" {
				t.Fatal(code)
			}
			f.to("u1", state)
			if status, code := f.call("GET", "/v1/me", s.Token, nil, nil); status != 401 || code != string(problem.SessionGone) {
				t.Errorf("jit %v, %s: the old session: %d %s", jit, state, status, code)
			}
			if _, code := f.signIn("ada"); code != problem.AccessEnded {
				t.Errorf("jit %v, %s: signing in again: %q", jit, state, code)
			}
		}
	}
}

// req: E7
func TestSession_itNeverOutlivesADisableAtTheSameTime(t *testing.T) {
	f := newFixture(t)
	f.add("u1", "ada@acme.example", adaOID)
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for range 20 {
		wg.Go(func() {
			<-begin
			if _, code := f.signIn("ada"); code != "" && code != problem.AccessEnded {
				t.Error(code)
			}
		})
	}
	wg.Go(func() { <-begin; f.to("u1", directory.Suspended) })
	close(begin)
	wg.Wait()
	left, err := f.store.SessionsOfUser(context.Background(), "u1")
	if err != nil || len(left) != 0 {
		t.Errorf("%d sessions are left, %v", len(left), err)
	}
}

// What was true when the person was looked up may have changed when the session
// is stored: the transaction asks again, about the person as they are then.
func TestSession_itAsksAgainInTheTransaction(t *testing.T) {
	f := newFixture(t)
	f.add("u1", "ada@acme.example", adaOID)
	f.h.Store = &lateStore{Store: f.store}
	if _, code := f.signIn("ada"); code != problem.NotLinked {
		t.Errorf("got %q", code)
	}
	if left, err := f.store.SessionsOfUser(context.Background(), "u1"); err != nil || len(left) != 0 {
		t.Errorf("%d sessions, %v", len(left), err)
	}
}

// lateStore joins the person with another object id just before the session.
type lateStore struct{ Store }

func (l *lateStore) StartSession(ctx context.Context, s directory.Session, admit func(directory.User) error, ev directory.Event) error {
	return l.Store.StartSession(ctx, s, func(u directory.User) error {
		u.ExternalID = bobOID
		return admit(u)
	}, ev)
}

func TestSession_itSaysOneSentenceForEveryRefusedToken(t *testing.T) {
	f := newFixture(t)
	var first []byte
	for _, code := range problem.Codes() {
		if !strings.HasPrefix(string(code), "LY-TOK-") {
			continue
		}
		f.judge.err = problem.Wrap(code, errors.New("inner words"))
		trace := &api.Trace{}
		r := httptest.NewRequest("POST", "/v1/session", strings.NewReader(`{"workspace":"acme","access_token":"x"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		f.mux.ServeHTTP(w, r.WithContext(api.WithTrace(r.Context(), trace)))
		if first == nil {
			first = w.Body.Bytes()
		}
		if w.Code != 401 || !bytes.Equal(first, w.Body.Bytes()) || !strings.Contains(w.Body.String(), string(problem.TokenRefused)) {
			t.Errorf("%s: %d %s", code, w.Code, w.Body)
		}
		if !strings.Contains(trace.Err.Error(), string(code)) {
			t.Errorf("the log does not have %s: %v", code, trace.Err)
		}
	}
	f.judge.err = problem.Wrap(problem.NoEntra, errors.New("down"))
	if _, code := f.signIn("ada"); code != problem.NoEntra {
		t.Errorf("Microsoft down: %q", code)
	}
}

func TestSession_itLinksByUserNameOnceWhereAllowed(t *testing.T) {
	f := newFixture(t, func(w *directory.Workspace) { w.LinkByUserName = true })
	f.add("u1", "Ada@Acme.example", "ada") // externalId is mailNickname
	if _, code := f.signIn("guest"); code != problem.NotAdmitted {
		t.Errorf("a guest of the same name: %q", code)
	}
	if s, code := f.signIn("ada"); code != "" || s.Me.ID != "u1" {
		t.Fatalf("linking: %q %+v", code, s.Me)
	}
	f.judge.people["other"] = entra.Identity{ObjectID: bobOID, TenantID: tenantID, UserName: "ada@acme.example"}
	if _, code := f.signIn("other"); code != problem.NotLinked {
		t.Errorf("a second object id of the same name: %q", code)
	}
	f.judge.people["ada"] = entra.Identity{ObjectID: adaOID, TenantID: tenantID, UserName: "ada.king@acme.example"}
	if s, code := f.signIn("ada"); code != "" || s.Me.ID != "u1" {
		t.Errorf("after she changed her name: %q %+v", code, s.Me)
	}
}

func TestSession_itNamesTheMappingWhereLinkingIsNotAllowed(t *testing.T) {
	f := newFixture(t)
	f.add("u1", "ada@acme.example", "ada")
	if _, code := f.signIn("ada"); code != problem.NotLinked {
		t.Errorf("got %q", code)
	}
}

func TestSession_itNeverLinksAPersonWhoseExternalIDIsAnotherObjectID(t *testing.T) {
	f := newFixture(t, func(w *directory.Workspace) { w.LinkByUserName = true })
	f.add("u1", "ada@acme.example", bobOID)
	if _, code := f.signIn("ada"); code != problem.NotLinked {
		t.Errorf("got %q", code)
	}
}

func TestSession_itCreatesPeopleWhereJITIsOn(t *testing.T) {
	f := newFixture(t, func(w *directory.Workspace) { w.JIT, w.DefaultRole, w.DefaultDepartment = true, "Member", "Unsorted" })
	s, code := f.signIn("ada")
	if code != "" || s.Me.DisplayName != "From the token" || s.Me.Role != "Member" || s.Me.Department != "Unsorted" {
		t.Fatalf("%q %+v", code, s.Me)
	}
	again, code := f.signIn("ada")
	if code != "" || again.Me.ID != s.Me.ID {
		t.Errorf("the second time: %q, %s then %s", code, s.Me.ID, again.Me.ID)
	}
	u, err := f.store.UserByExternalID(context.Background(), f.workspace().Directory, adaOID)
	if err != nil || u.UserName != "ada@acme.example" {
		t.Errorf("a provisioner would not find them: %+v, %v", u, err)
	}
	if _, code := f.signIn("guest"); code != problem.NotAdmitted {
		t.Errorf("a guest: %q", code)
	}
}

func TestSession_itCreatesOnePersonForManyDevicesAtOnce(t *testing.T) {
	f := newFixture(t, func(w *directory.Workspace) { w.JIT = true })
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, code := f.signIn("ada"); code != "" {
				t.Error(code)
			}
		})
	}
	wg.Wait()
	c, err := f.store.CountUsers(context.Background(), f.workspace().Directory)
	if err != nil || c.Active != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestSession_itDoesNotBringBackAnArchivedPersonUnderJIT(t *testing.T) {
	f := newFixture(t, func(w *directory.Workspace) { w.JIT = true })
	f.add("u1", "ada@acme.example", "ada") // never joined to an object id
	f.to("u1", directory.Archived)
	if _, code := f.signIn("ada"); code != problem.NotLinked {
		t.Errorf("got %q", code)
	}
}

func TestSession_itLooksAtEveryArchivedPersonOfTheName(t *testing.T) {
	f := newFixture(t, func(w *directory.Workspace) { w.JIT = true })
	f.add("u1", "ada@acme.example", bobOID) // had the name first, and is somebody else
	f.to("u1", directory.Archived)
	f.add("u2", "ada@acme.example", "ada") // never joined to an object id
	f.to("u2", directory.Archived)
	if _, code := f.signIn("ada"); code != problem.NotLinked {
		t.Errorf("got %q", code)
	}
}

func TestSession_itKnowsAnObjectIDInCapitals(t *testing.T) {
	f := newFixture(t, func(w *directory.Workspace) { w.JIT = true })
	f.add("u1", "ada.lovelace@acme.example", strings.ToUpper(adaOID))
	if s, code := f.signIn("ada"); code != "" || s.Me.ID != "u1" {
		t.Errorf("active: %q, %+v", code, s.Me)
	}
	f.to("u1", directory.Archived)
	if _, code := f.signIn("ada"); code != problem.AccessEnded {
		t.Errorf("archived: %q", code)
	}
}

func TestSession_itRefusesWhatIsNoSignIn(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct {
		body any
		want problem.Code
	}{
		"an unknown workspace": {api.SessionRequest{Workspace: "nobody", AccessToken: "ada"}, problem.UnknownWorkspace},
		"no workspace":         {api.SessionRequest{AccessToken: "ada"}, problem.UnknownWorkspace},
		"a made-up token":      {api.SessionRequest{Workspace: "acme", AccessToken: "zz"}, problem.TokenRefused},
		"a number for a token": {map[string]any{"workspace": "acme", "access_token": 7}, problem.BadRequest},
		"an array":             {[]int{1}, problem.BadRequest},
		"a huge body":          {api.SessionRequest{Workspace: "acme", Device: strings.Repeat("x", api.MaxBody)}, problem.TooLarge},
	} {
		if _, code := f.call("POST", "/v1/session", "", c.body, nil); code != string(c.want) {
			t.Errorf("%s: %q, want %s", name, code, c.want)
		}
	}
	g := newFixture(t, func(w *directory.Workspace) { w.Microsoft = directory.Microsoft{} })
	if _, code := g.signIn("ada"); code != problem.ModuleOff {
		t.Errorf("a workspace without Microsoft: %q", code)
	}
}

func TestEnd_itEndsThisDeviceOrAll(t *testing.T) {
	f := newFixture(t)
	f.add("u1", "ada@acme.example", adaOID)
	var tokens []string
	for range 3 {
		s, code := f.signIn("ada")
		if code != "" {
			t.Fatal(code)
		}
		tokens = append(tokens, s.Token)
	}
	live := func() (n int) {
		for _, token := range tokens {
			if status, _ := f.call("GET", "/v1/me", token, nil, nil); status == 200 {
				n++
			}
		}
		return n
	}
	if status, _ := f.call("DELETE", "/v1/session?all=maybe", tokens[0], nil, nil); status != 400 || live() != 3 {
		t.Errorf("an unclear wish: %d, %d live", status, live())
	}
	if status, _ := f.call("DELETE", "/v1/session", tokens[0], nil, nil); status != 204 || live() != 2 {
		t.Errorf("one device: %d, %d live", status, live())
	}
	if status, code := f.call("DELETE", "/v1/session?all=true", tokens[0], nil, nil); status != 401 || code != string(problem.SessionGone) || live() != 2 {
		t.Errorf("with an ended session: %d %s, %d live", status, code, live())
	}
	if status, _ := f.call("DELETE", "/v1/session?all=true", tokens[1], nil, nil); status != 204 || live() != 0 {
		t.Errorf("every device: %d, %d live", status, live())
	}
}

func TestMe_itRefusesEveryOtherTokenAlike(t *testing.T) {
	f := newFixture(t)
	f.add("u1", "ada@acme.example", adaOID)
	s, _ := f.signIn("ada")
	f.now = start.Add(time.Hour)
	for name, token := range map[string]string{
		"expired": s.Token, "none": "", "made up": tokenPrefix + strings.Repeat("A", 43), "too long": strings.Repeat("x", 600),
	} {
		if status, code := f.call("GET", "/v1/me", token, nil, nil); status != 401 || code != string(problem.SessionGone) {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
}

// req: H2
func TestWorkspace_itIsFoundInAnyCaseAndUnknownSaysOnlyThat(t *testing.T) {
	f := newFixture(t)
	for _, id := range []string{"acme", "ACME", "Acme", "%20acme%20"} {
		var w api.Workspace
		if status, _ := f.call("GET", "/v1/workspaces/"+id, "", nil, &w); status != 200 || w.ID != "acme" || w.Name != "Acme" ||
			w.Microsoft == nil || w.Microsoft.Authority != "https://login.microsoftonline.com/"+tenantID {
			t.Errorf("%s: %d %+v", id, status, w)
		}
	}
	var first []byte
	for _, id := range []string{"acm", "x", "admin", "%00", "%ff", strings.Repeat("a", 500), "a%2Fb", "-acme", "..%2f..%2fme"} {
		w := httptest.NewRecorder()
		f.mux.ServeHTTP(w, httptest.NewRequest("GET", "/v1/workspaces/"+id, nil))
		if first == nil {
			first = w.Body.Bytes()
		}
		if w.Code != 404 || !bytes.Equal(w.Body.Bytes(), first) || !strings.Contains(w.Body.String(), string(problem.UnknownWorkspace)) {
			t.Errorf("%q: %d %s", id, w.Code, w.Body)
		}
	}
}

// req: H2
func TestDiscover_itAnswersAlikeWhetherThePersonExistsOrNot(t *testing.T) {
	f := newFixture(t)
	f.add("u1", "ada@acme.example", adaOID)
	watched := &watchedStore{Store: f.store}
	f.h.Store = watched
	answer := func(email string) string {
		r := httptest.NewRequest("POST", "/v1/discover", strings.NewReader(`{"email":`+quoted(email)+`}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		f.mux.ServeHTTP(w, r)
		return w.Result().Status + "\n" + w.Body.String()
	}
	known := answer("ada@acme.example")
	if !strings.HasPrefix(known, "200") || !strings.Contains(known, `"id":"acme"`) {
		t.Fatal(known)
	}
	for _, email := range []string{"nobody@acme.example", "ADA@ACME.EXAMPLE", "x@ACME.example.", `"a@b"@acme.example`} {
		if got := answer(email); got != known {
			t.Errorf("%s: %s", email, got)
		}
	}
	if a, b := answer("ada@elsewhere.example"), answer("nobody@other.example"); a != b || !strings.HasPrefix(a, "404") {
		t.Errorf("other domains: %s and %s", a, b)
	}
	for _, email := range []string{"", "ada", "@acme.example", "ada@", "ada@a b", "ada@\u0000"} {
		if got := answer(email); !strings.HasPrefix(got, "400") {
			t.Errorf("%q: %s", email, got)
		}
	}
	if watched.people != 0 {
		t.Errorf("people were looked up %d times", watched.people)
	}
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// watchedStore counts look-ups of people: discovery must make none, so that
// neither its answer nor the time it takes depends on who exists.
type watchedStore struct {
	Store
	people int
}

func (w *watchedStore) UserByObjectID(ctx context.Context, dir, oid string) (directory.User, error) {
	w.people++
	return w.Store.UserByObjectID(ctx, dir, oid)
}

func (w *watchedStore) UserByUserName(ctx context.Context, dir, name string) (directory.User, error) {
	w.people++
	return w.Store.UserByUserName(ctx, dir, name)
}

func (w *watchedStore) FindUsers(ctx context.Context, dir string, q store.Query) ([]directory.User, int, error) {
	w.people++
	return w.Store.FindUsers(ctx, dir, q)
}

func TestLimits_itAsksTheRightOneFirst(t *testing.T) {
	f := newFixture(t)
	tooMany := func(*http.Request) error { return problem.New(problem.TooMany) }
	f.h.LookupLimit = tooMany
	if status, _ := f.call("GET", "/v1/workspaces/acme", "", nil, nil); status != 429 {
		t.Errorf("workspace: %d", status)
	}
	if status, _ := f.call("POST", "/v1/discover", "", api.DiscoverRequest{Email: "a@acme.example"}, nil); status != 429 {
		t.Errorf("discover: %d", status)
	}
	f.add("u1", "ada@acme.example", adaOID)
	if _, code := f.signIn("ada"); code != "" {
		t.Errorf("sign-in under the look-up limit: %s", code)
	}
	// Names could be guessed here as well, so a failure counts as a look-up,
	// and does so alike for a workspace that exists and one that does not.
	for _, workspace := range []string{"acme", "nowhere"} {
		_, code := f.call("POST", "/v1/session", "", api.SessionRequest{Workspace: workspace, AccessToken: "forged"}, nil)
		if problem.Code(code) != problem.TooMany {
			t.Errorf("a failure at %s: %s", workspace, code)
		}
	}
	f.h.SignInLimit = tooMany
	if _, code := f.signIn("ada"); code != problem.TooMany {
		t.Errorf("sign-in: %s", code)
	}
}

func FuzzDiscover(f *testing.F) {
	for _, s := range []string{"ada@acme.example", "@", "a@b@c", " a@B. ", "a@\x00", "ä@ö.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, email string) {
		d, err := domainOf(email)
		if err == nil && (d == "" || strings.ContainsAny(d, "@ \x00") || d != strings.ToLower(d)) {
			t.Errorf("%q gives %q", email, d)
		}
	})
}
