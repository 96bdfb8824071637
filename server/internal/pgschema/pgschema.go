//go:build unix

// Package pgschema gives tests a PostgreSQL database with an empty schema quickly:
// the schema is made once for each process, and every test has a copy of its own.
package pgschema

import (
	"context"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/postgres"
)

// URL returns the address of a database of the test's own, as [pgtest.URL] does.
func URL(t testing.TB) string {
	t.Helper()
	return pgtest.Copy(t, func(address string) error {
		st, err := postgres.Open(context.Background(), address)
		if err != nil {
			return err
		}
		return st.Close()
	})
}
