//go:build unix

package consoletest

import (
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/postgres"
)

// Each runs a test on SQLite and on PostgreSQL. The package's TestMain must be
// that of pgtest.
func Each(t *testing.T, make func(*Console) []console.Section, test func(*testing.T, *Console)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, on(t, sqliteStore(t), make)) })
	t.Run("postgres", func(t *testing.T) {
		st, err := postgres.Open(t.Context(), pgschema.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		test(t, on(t, st, make))
	})
}
