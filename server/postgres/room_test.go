//go:build unix

package postgres

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
)

// texts returns the first column of a query.
func texts(t *testing.T, url, query string) []string {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // it was read
	rows, err := conn.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Of a PATCH PostgreSQL writes no index anew, as long as no index of users has to
// do with what each PATCH changes, and the page has room.
func TestUsers_aChangeNeedsNoIndex(t *testing.T) {
	url := pgtest.URL(t)
	pair(t, url)
	if with := texts(t, url, `select indexdef from pg_indexes where tablename = 'users' and indexdef ~ '\m(version|modified|doc|role)\M'`); len(with) > 0 {
		t.Errorf("what changes each time is in %q", with)
	}
	options := `select unnest(reloptions) from pg_class where oid = 'users'::regclass`
	if got := texts(t, url, options); !slices.Equal(got, []string{"fillfactor=80"}) {
		t.Errorf("the options are %q", got)
	}
	run(t, url, `alter table users set (fillfactor = 95)`)
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing was written
	if got := texts(t, url, options); !slices.Equal(got, []string{"fillfactor=95"}) {
		t.Errorf("somebody's choice became %q", got)
	}
}
