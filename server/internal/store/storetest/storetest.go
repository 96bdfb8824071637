// Package storetest holds the promises of server/internal/store as tests, to be
// run on every engine. Whoever writes a new engine runs [Run] first.
//
// It decides what a store must do, not how: it uses only the store's methods,
// and the engine's own way in where something is to be seen from outside.
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Database is one database, empty at first.
type Database struct {
	// Connect returns another handle on it, or why it does not.
	Connect func(context.Context) (*store.Store, error)
	// Exec runs SQL on it without a store.
	Exec func(t testing.TB, sql string)
	// Dir is the folder under which all of its files are. What is still in
	// memory has been written to them.
	Dir func(t testing.TB) string
	// Types is the engine's: see store.Engine.
	Types *strings.Replacer
	// Adopt, where it is set, makes the engine take for its own what Exec made
	// without it.
	Adopt func(t testing.TB)
}

// Run tests every promise, each on a database of its own. fresh makes an empty one,
// and made, where it is not nil, one that a store has been opened on before: most
// promises are about such a one, and to make it may be quicker.
func Run(t *testing.T, fresh, made func(testing.TB) Database) {
	if made == nil {
		made = fresh
	}
	groups := []struct {
		name  string
		tests []promise
	}{
		{"workspaces", workspaces},
		{"names", naming},
		{"tokens", tokens},
		{"users", users},
		{"find", finding},
		{"search", searching},
		{"groups", grouping},
		{"storm", storming},
		{"ranking", ranking},
		{"index", indexing},
		{"upgrade", upgrading},
		{"sessions", sessions},
		{"renewals", renewing},
		{"events", events},
		{"pruning", pruning},
		{"requests", requests},
		{"clients", clients},
		{"alarm", alarming},
		{"consumers", consuming},
		{"webhooks", hooking},
		{"saml", federating},
		{"mobile", registering},
		{"settings", settings},
		{"mail", mailing},
		{"sealed settings", sealing},
		{"traffic", counting},
		{"seats", seating},
		{"directories", linking},
		{"copies", copying},
		{"audit", auditing},
		{"people", peopling},
		{"enforcement", enforcing},
		{"administrators", administering},
		{"passwords", passwords},
		{"policy", permitting},
		{"domains", claiming},
		{"retries", retrying},
		{"writer", writing},
		{"durability", durability},
	}
	for _, g := range groups {
		database := made
		if g.name == "upgrade" || g.name == "durability" {
			database = fresh
		}
		t.Run(g.name, func(t *testing.T) {
			for _, p := range g.tests {
				t.Run(p.it, func(t *testing.T) {
					p.test(&fixture{T: t, db: database(t), fresh: fresh})
				})
			}
		})
	}
}

// promise is a test whose name finishes the sentence "it …".
type promise struct {
	it   string
	test func(*fixture)
}

// start is when everything happens, unless it happens later.
var start = time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC)

// fixture is one test and its database.
type fixture struct {
	*testing.T
	db    Database
	fresh func(testing.TB) Database
}

// empty goes on with a database that nobody has opened yet.
func (f *fixture) empty() { f.db = f.fresh(f.T) }

// open returns another handle on the database.
func (f *fixture) open() *store.Store {
	f.Helper()
	return open(f.T, f.db)
}

func open(t testing.TB, db Database) *store.Store {
	t.Helper()
	s, err := db.Connect(context.Background())
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// acme opens the database and makes the workspace acme.
func (f *fixture) acme() *store.Store {
	f.Helper()
	s := f.open()
	must(f, s.CreateWorkspace(f.Context(), directory.Workspace{ID: "acme", Name: "Acme", Created: start}))
	return s
}

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants checks that err is of a kind.
func wants(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want %v", err, kind)
	}
}

// taken checks that err says that a field is taken.
func taken(t testing.TB, err error, field string) {
	t.Helper()
	var e store.Exists
	if !errors.As(err, &e) || e.Field != field || !errors.Is(err, store.ErrExists) {
		t.Errorf("got %v, want that the %s exists", err, field)
	}
}

// ada is a person of acme; n tells several apart.
func ada(n int) directory.User {
	return directory.User{
		ID: fmt.Sprintf("u-%d", n), Directory: "acme", Version: 1,
		UserName:   fmt.Sprintf("Ada.%d@acme.example", n),
		ExternalID: fmt.Sprintf("ext-%d", n),
		State:      directory.Active, Role: "Member",
		Created: start, Modified: start,
		Doc: fmt.Appendf(nil, `{"userName":"Ada.%d@acme.example"}`, n),
	}
}

// insert stores a person with the event that directory makes of it.
func insert(ctx context.Context, s *store.Store, u directory.User) error {
	return s.InsertUser(ctx, u, directory.Change(directory.User{}, u).Events...)
}

// move stores a person in another state, as provisioning does.
func move(ctx context.Context, s *store.Store, dir, id string, to directory.State) error {
	was, err := s.User(ctx, dir, id)
	if err != nil {
		return err
	}
	is := was
	is.State, is.Modified = to, was.Modified.Add(time.Second)
	return s.SaveUser(ctx, is, was.Version, directory.Change(was, is))
}

// session is a new session of a person, for a day.
func session(user string) directory.Session {
	return directory.Session{
		Hash: directory.HashToken(rand.Text()), ID: "s-" + rand.Text(), User: user,
		Workspace: "acme", Device: "Ada's laptop", Created: start, Expires: start.Add(24 * time.Hour),
	}
}

func anyone(directory.User) error { return nil }
