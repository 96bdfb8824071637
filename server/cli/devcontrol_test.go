package cli

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
)

// fewPeople is an Entra with people in it that only remembers what was done.
type fewPeople struct {
	Entra
	people []EntraPerson
	did    []string
}

func (f *fewPeople) People() []EntraPerson { return f.people }
func (f *fewPeople) Act(_ context.Context, id string, act EntraAct, roles ...string) error {
	if act == EntraPurge {
		return errors.New("the directory is read-only")
	}
	f.did = append(f.did, strings.Join(append([]string{string(act), id}, roles...), " "))
	return nil
}

func newFewPeople() *fewPeople { return &fewPeople{people: devPeople(uuid.Nil)} }

// startDev makes a state file whose control service runs, as dev does.
func startDev(t *testing.T, c *command, e Entra) *devState {
	t.Helper()
	env := &devEnv{entra: e}
	env.public = mustURL("http://localhost:1")
	if err := c.openState(env); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(env.state.close)
	return env.state
}

func mustURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}

func devCommand(t *testing.T, env map[string]string) *command {
	c := newCommand(env)
	c.ctx, c.opt.Now = t.Context(), time.Now
	return c
}

func TestDevState_aSecondTerminalFindsIt(t *testing.T) {
	dir := t.TempDir()
	c := devCommand(t, map[string]string{"XDG_RUNTIME_DIR": dir})
	if _, err := c.findDev(); !errors.Is(err, problem.New(problem.NoDevRunning)) {
		t.Fatalf("before: %v, want %s", err, problem.NoDevRunning)
	}
	e := newFewPeople()
	s := startDev(t, c, e)
	if s.file != filepath.Join(dir, "lanyard", "dev.json") {
		t.Errorf("the file is %s", s.file)
	}
	if info, err := os.Stat(s.file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v; want 0600", info.Mode(), err)
	}
	k, err := c.findDev()
	if err != nil {
		t.Fatal(err)
	}
	var p EntraPerson
	if err := k.call(c.ctx, http.MethodPost, "/acts", actRequest{"ADA", EntraAssign, []string{roleAdmin}}, &p); err != nil {
		t.Fatal(err)
	}
	if want := "assign " + e.people[0].ObjectID + " Admin"; len(e.did) != 1 || e.did[0] != want || p.UserPrincipalName != "ada@acme.example" {
		t.Errorf("did %q to %+v, want %q", e.did, p, want)
	}
	err = k.call(c.ctx, http.MethodPost, "/acts", actRequest{"adda", EntraDisable, nil}, nil)
	if code, _ := problem.Of(err); code != problem.UnknownPerson || !strings.Contains(problem.DetailOf(err), `Did you mean "ada"`) {
		t.Errorf("an unknown person: %v", err)
	}
	for act, want := range map[EntraAct]string{EntraRestore: "is not deleted", EntraPurge: "the directory is read-only"} {
		err = k.call(c.ctx, http.MethodPost, "/acts", actRequest{"ada", act, nil}, nil)
		if code, _ := problem.Of(err); code != problem.DevEntraRefused || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", act, err)
		}
	}
	s.close()
	if _, err := os.Stat(s.file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the end the file is still there (%v)", err)
	}
}

func TestDevState_aStaleFileIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	c := devCommand(t, map[string]string{"XDG_RUNTIME_DIR": dir})
	s := startDev(t, c, newFewPeople())
	left, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.close()
	if err := os.WriteFile(s.file, left, 0o600); err != nil { // as after kill -9
		t.Fatal(err)
	}
	_, err = c.findDev()
	if code, _ := problem.Of(err); code != problem.NoDevRunning || !strings.Contains(problem.DetailOf(err), "left over") {
		t.Errorf("got %v", err)
	}
	again := startDev(t, c, newFewPeople())
	if again.file != s.file {
		t.Errorf("the next dev did not take %s over but took %s", s.file, again.file)
	}
	if _, err := c.findDev(); err != nil {
		t.Errorf("the next dev is not found: %v", err)
	}
}

func TestDevState_severalAreKeptApart(t *testing.T) {
	c := devCommand(t, map[string]string{"XDG_RUNTIME_DIR": t.TempDir()})
	first, second, third := startDev(t, c, newFewPeople()), startDev(t, c, newFewPeople()), startDev(t, c, newFewPeople())
	if first.file == second.file || second.file == third.file {
		t.Fatalf("they share a file: %s %s %s", first.file, second.file, third.file)
	}
	if k, err := c.findDev(); err != nil || k.record.Token != first.record.Token {
		t.Errorf("the first is not the one found: %v", err)
	}
	first.close()
	_, err := c.findDev()
	if code, _ := problem.Of(err); code != problem.BadUsage || !strings.Contains(problem.DetailOf(err), second.file) {
		t.Errorf("with two others: %v", err)
	}
	third.close()
	if k, err := c.findDev(); err != nil || k.record.Token != second.record.Token {
		t.Errorf("the only one left is not found: %v", err)
	}
	named := devCommand(t, map[string]string{stateVariable: second.file})
	if k, err := named.findDev(); err != nil || k.record.Token != second.record.Token {
		t.Errorf("the named one is not found: %v", err)
	}
	err = named.openState(&devEnv{entra: newFewPeople(), public: mustURL("http://localhost:1")})
	if code, _ := problem.Of(err); code != problem.BadUsage {
		t.Errorf("a named file in use: %v, want %s", err, problem.BadUsage)
	}
}

func TestDevState_withoutAPlaceForItItIsBesideTheDatabase(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := devCommand(t, map[string]string{"XDG_RUNTIME_DIR": file})
	env := &devEnv{dir: dir, entra: newFewPeople(), public: mustURL("http://localhost:1")}
	if err := c.openState(env); err != nil {
		t.Fatal(err)
	}
	defer env.state.close()
	if env.state.file != filepath.Join(dir, "dev.json") {
		t.Errorf("it is %s", env.state.file)
	}
	if _, err := devCommand(t, map[string]string{stateVariable: env.state.file}).findDev(); err != nil {
		t.Errorf("told by the variable, it is not found: %v", err)
	}
	named := devCommand(t, map[string]string{stateVariable: filepath.Join(file, "dev.json")})
	if code, _ := problem.Of(named.openState(env)); code != problem.BadUsage {
		t.Errorf("a named file that cannot be: %s", code)
	}
}

func TestControl_itAnswersOnlyThoseWithTheToken(t *testing.T) {
	e := newFewPeople()
	h := controlHandler(e, "right")
	for _, authorization := range []string{"", "right", "Bearer", "Bearer ", "Bearer wrong", "bearer right", "Basic right"} {
		for _, path := range []string{"/alive", "/people", "/acts"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"who":"ada","act":"disable"}`))
			if path != "/acts" {
				r.Method = http.MethodGet
			}
			r.Header.Set("Authorization", authorization)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code == http.StatusOK || strings.Contains(w.Body.String(), "ada@") {
				t.Errorf("%q may %s: %d %s", authorization, path, w.Code, w.Body)
			}
		}
	}
	if len(e.did) > 0 {
		t.Errorf("done without the token: %q", e.did)
	}
}

// The token in a damaged or planted state file must not leave the machine.
func TestControl_itSendsTheTokenToLoopbackOnly(t *testing.T) {
	for _, control := range []string{"http://192.0.2.1:80", "http://localhost.example.com:80", "nonsense", ""} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := newControlClient(devRecord{Control: control, Token: "x"}).call(ctx, http.MethodGet, "/alive", nil, nil)
		cancel()
		if code, _ := problem.Of(err); code != problem.NoDevRunning {
			t.Errorf("%q: %v, want %s", control, err, problem.NoDevRunning)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q was called", control)
		}
	}
}
