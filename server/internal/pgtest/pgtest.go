//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// role is the superuser of the clusters.
const role = "lanyard"

// shared is the cluster of this test binary, started by the first test that
// wants it.
var shared struct {
	once    sync.Once
	cluster *cluster
	err     error
	serial  atomic.Int64
	filled  sync.Once
	fillErr error
	// strategy is how copies are made, where that can be said.
	strategy string
}

// Main runs the tests and then ends the cluster, if one was started. It returns
// the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.cluster == nil {
		return code
	}
	if err := shared.cluster.stop(); err != nil {
		fmt.Println("pgtest:", err)
		return max(code, 1)
	}
	return code
}

// URL returns the address of a new, empty database in UTF8 with the C
// collation, which is dropped at the end of the test. A missing PostgreSQL
// fails the test.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, start(t), empty)
}

// Copy is URL, but the database is a copy of one that fill has filled, which is
// done once for all tests of a process: they all give the same fill.
func Copy(t testing.TB, fill func(address string) error) string {
	t.Helper()
	c := start(t)
	shared.filled.Do(func() {
		ctx := context.Background()
		if shared.fillErr = c.admin(ctx, `create database `+template+empty); shared.fillErr == nil {
			shared.fillErr = fill(c.url(template))
		}
		// Since PostgreSQL 15 a copy goes through the log unless told not to.
		const files = ` strategy file_copy`
		if c.admin(ctx, `create database tried template template0`+files) == nil {
			shared.strategy = files
		}
	})
	if shared.fillErr != nil {
		t.Fatalf("pgtest: filling a database: %v", shared.fillErr)
	}
	return create(t, c, ` template `+template+shared.strategy)
}

const (
	// empty makes a database empty, and template is the one that is copied.
	empty    = ` template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`
	template = "filled"
)

// create makes a database for a test.
func create(t testing.TB, c *cluster, how string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", shared.serial.Add(1))
	ctx := context.Background()
	if err := c.admin(ctx, `create database `+name+how); err != nil {
		t.Fatalf("pgtest: creating a database: %v", err)
	}
	t.Cleanup(func() {
		if err := c.admin(ctx, `drop database `+name+` with (force)`); err != nil {
			t.Errorf("pgtest: dropping a database: %v", err)
		}
	})
	return c.url(name)
}

// Dir returns the folder in which the cluster keeps every file of every
// database, its write-ahead log and its own log, for tests that look for what
// must not be there. It writes the pages that are still in memory first.
func Dir(t testing.TB) string {
	t.Helper()
	c := start(t)
	if err := c.admin(context.Background(), `checkpoint`); err != nil {
		t.Fatalf("pgtest: writing pages: %v", err)
	}
	return c.dir
}

func start(t testing.TB) *cluster {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = startCluster() })
	if errors.Is(shared.err, errMissing) {
		t.Fatal("These tests need PostgreSQL's server programs. Install them with: apt install postgresql")
	}
	if shared.err != nil {
		t.Fatalf("pgtest: %v", shared.err)
	}
	return shared.cluster
}

// url is the address of a database of the cluster.
func (c *cluster) url(name string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User(role), Path: "/" + name,
		RawQuery: url.Values{"host": {c.dir}, "port": {port}}.Encode(),
	}).String()
}

// admin runs a statement in the database postgres.
func (c *cluster) admin(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
