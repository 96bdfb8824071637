package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/internal/store/storetest"
)

// fresh is an empty database in a folder of its own, whose name would lead
// astray whoever did not escape it.
func fresh(t testing.TB) storetest.Database {
	dir := t.TempDir()
	path := filepath.Join(dir, "a b?c#d%20", "lanyard.db")
	return storetest.Database{
		Types:   engine{}.Types(),
		Adopt:   func(t testing.TB) { run(t, path, fmt.Sprintf("pragma application_id = %d", applicationID)) },
		Connect: func(ctx context.Context) (*store.Store, error) { return Open(ctx, path) },
		Dir:     func(testing.TB) string { return dir },
		Exec: func(t testing.TB, text string) {
			t.Helper()
			if err := create(path); err != nil {
				t.Fatal(err)
			}
			run(t, path, text)
		},
	}
}

// run runs SQL on a file without a store.
func run(t testing.TB, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", fileURL(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

// req: E5 E7
func TestStore_itKeepsItsPromisesOnSQLite(t *testing.T) {
	var mu sync.Mutex // replicas may be started at once
	var opened []*store.Store
	storetest.Run(t, func(t testing.TB) storetest.Database {
		d := fresh(t)
		connect := d.Connect
		d.Connect = func(ctx context.Context) (*store.Store, error) {
			s, err := connect(ctx)
			if err == nil {
				mu.Lock()
				opened = append(opened, s)
				mu.Unlock()
			}
			return s, err
		}
		return d
	}, nil)
	t.Run("by an index for each statement", func(t *testing.T) { explain(t, opened) })
}

func BenchmarkInsertUser(b *testing.B)   { storetest.BenchmarkInsertUser(b, fresh) }
func BenchmarkGetUser(b *testing.B)      { storetest.BenchmarkGetUser(b, fresh) }
func BenchmarkStartSession(b *testing.B) { storetest.BenchmarkStartSession(b, fresh) }
func BenchmarkSearch(b *testing.B)       { storetest.BenchmarkSearch(b, fresh) }
