//go:build unix

package postgres

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// fresh is an empty database.
func fresh(t testing.TB) storetest.Database { return at(pgtest.URL(t)) }

// made is one that a store has been opened on.
func made(t testing.TB) storetest.Database {
	return at(pgtest.Copy(t, func(url string) error {
		s, err := Open(context.Background(), url)
		if err != nil {
			return err
		}
		return s.Close()
	}))
}

func at(url string) storetest.Database {
	return storetest.Database{
		Types:   (&engine{}).Types(),
		Connect: func(ctx context.Context) (*store.Store, error) { return Open(ctx, url) },
		Dir:     pgtest.Dir,
		Exec: func(t testing.TB, text string) {
			t.Helper()
			run(t, url, text)
		},
	}
}

// run runs SQL on a database without a store.
func run(t testing.TB, url, text string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, text); err != nil {
		t.Fatal(err)
	}
}

// req: E5 E7
func TestStore_itKeepsItsPromisesOnPostgreSQL(t *testing.T) { storetest.Run(t, fresh, made) }

func BenchmarkInsertUser(b *testing.B)   { storetest.BenchmarkInsertUser(b, fresh) }
func BenchmarkGetUser(b *testing.B)      { storetest.BenchmarkGetUser(b, fresh) }
func BenchmarkStartSession(b *testing.B) { storetest.BenchmarkStartSession(b, fresh) }
func BenchmarkSearch(b *testing.B)       { storetest.BenchmarkSearch(b, fresh) }
