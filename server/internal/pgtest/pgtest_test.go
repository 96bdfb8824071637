//go:build unix

package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestURL_itNamesANewDatabaseEachTime(t *testing.T) {
	ctx := context.Background()
	for range 2 {
		conn, err := pgx.Connect(ctx, URL(t))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		var collation string
		if err := conn.QueryRow(ctx, `select datcollate from pg_database where datname = current_database()`).Scan(&collation); err != nil {
			t.Fatal(err)
		}
		if collation != "C" {
			t.Errorf("the collation is %q, want C", collation)
		}
		// A second database that were the first would refuse this.
		if _, err := conn.Exec(ctx, `create table once (x int)`); err != nil {
			t.Errorf("the database is not new: %v", err)
		}
	}
}

func TestStop_itLeavesNeitherProcessNorFolder(t *testing.T) {
	c, err := startCluster()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.admin(context.Background(), `select 1`); err != nil {
		t.Fatal(err)
	}
	if err := c.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if !c.cmd.ProcessState.Exited() {
		t.Errorf("the server has not ended: %v", c.cmd.ProcessState)
	}
}

func TestByVersion_itPutsFifteenAfterNine(t *testing.T) {
	if byVersion("/usr/lib/postgresql/15/bin/postgres", "/usr/lib/postgresql/9/bin/postgres") <= 0 {
		t.Error("15 is before 9")
	}
}
