//go:build unix

package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var start = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// late is when a test stops waiting for what should come at once.
const late = 20 * time.Second

func pair(t *testing.T, url string) (a, b *store.Store) {
	t.Helper()
	for _, s := range []**store.Store{&a, &b} {
		var err error
		if *s, err = Open(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := (*s).Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
	}
	if err := a.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Created: start}); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func insert(t *testing.T, s *store.Store, id string) error {
	t.Helper()
	u := directory.User{
		ID: id, Directory: "acme", UserName: id, State: directory.Active,
		Created: start, Modified: start, Doc: []byte("{}"),
	}
	return s.InsertUser(t.Context(), u, directory.Change(directory.User{}, u).Events...)
}

// hears waits until a bell of s rings for an event that is there. The bell may
// ring without one, so it is asked again.
func hears(t *testing.T, s *store.Store, want int64) {
	t.Helper()
	timeout := time.NewTimer(late)
	defer timeout.Stop()
	for {
		changed := s.Changed()
		last, err := s.LastEvent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if last >= want {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			t.Fatalf("nothing rang for event %d", want)
		}
	}
}

func TestChanged_itRingsForAnotherServersEvents(t *testing.T) {
	a, b := pair(t, pgtest.URL(t))
	for i, id := range []string{"u-1", "u-2", "u-3"} {
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			hears(t, b, int64(i+1))
		}()
		if err := insert(t, a, id); err != nil {
			t.Fatal(err)
		}
		<-heard
	}
}

func TestStore_itGoesOnAfterItsConnectionsBroke(t *testing.T) {
	url := pgtest.URL(t)
	a, b := pair(t, url)
	if err := insert(t, a, "u-1"); err != nil {
		t.Fatal(err)
	}
	hears(t, b, 1)
	run(t, url, `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`)
	// Nobody who asks now is told of it: what was not committed is done anew.
	if err := insert(t, a, "u-2"); err != nil {
		t.Errorf("writing: %v", err)
	}
	if _, err := b.User(t.Context(), "acme", "u-2"); err != nil {
		t.Errorf("reading: %v", err)
	}
	// The listener comes back by itself.
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		hears(t, b, 3)
	}()
	if err := insert(t, a, "u-3"); err != nil {
		t.Fatal(err)
	}
	<-heard
}

func TestOpen_itSaysWhatIsWrongWithoutThePassword(t *testing.T) {
	const password = "hunter2-0c9f"
	for url, want := range map[string]problem.Code{
		"postgres://lanyard:" + password + "@[::1/db":                      problem.BadDatabaseURL,
		"postgres://lanyard:" + password + "@127.0.0.1:x/db":               problem.BadDatabaseURL,
		"postgres://lanyard:" + password + "@127.0.0.1:1/db?sslmode=maybe": problem.BadDatabaseURL,
		"postgres://lanyard:" + password + "@127.0.0.1:1/db":               problem.DatabaseDown,
		strings.Replace(pgtest.URL(t), "/test_", "/missing_", 1):           problem.DatabaseDown,
	} {
		s, err := Open(t.Context(), url)
		if err == nil {
			_ = s.Close()
			t.Fatalf("%s was opened", url)
		}
		if code, _ := problem.Of(err); code != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func TestColumns_theySortByBytesWhateverTheDatabase(t *testing.T) {
	url := pgtest.URL(t)
	pair(t, url)
	run(t, url, `do $$ begin
		if exists (select 1 from information_schema.columns where table_schema = 'public'
			and data_type = 'text' and collation_name is distinct from 'C')
		then raise exception 'a text column has another collation'; end if;
		if not exists (select 1 from information_schema.columns where table_name = 'users' and collation_name = 'C')
		then raise exception 'no text column was found'; end if; end $$`)
}
