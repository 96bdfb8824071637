package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	_ "modernc.org/sqlite"
)

var (
	errBusy   = errors.New("busy for a moment")
	errBroken = errors.New("broken")
)

// shaky is SQLite with faults.
type shaky struct {
	begins atomic.Int32
	// fail, when set, decides how the n-th transaction begins.
	fail func(n int32) error
	// notify, when set, is what flush ends with.
	notify string
}

func (*shaky) Types() *strings.Replacer {
	return strings.NewReplacer("{PK}", "integer primary key", "{BIGPK}", "integer primary key",
		"{TEXT}", "text", "{WITHOUT_ROWID}", "without rowid",
		"{REFUSAL}", "select 1", "{REFUSE}", "begin select raise(abort, 'append-only'); end")
}

func (e *shaky) Begin(ctx context.Context, conn *sql.Conn) error {
	n := e.begins.Add(1)
	if e.fail != nil {
		if err := e.fail(n); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, "begin immediate")
	return err
}

func (*shaky) Transient(err error) bool { return errors.Is(err, errBusy) }

func (e *shaky) Notify() string { return e.notify }

func (*shaky) Wake(context.Context) <-chan struct{} { return nil }

func openShaky(t *testing.T, e *shaky) *Store {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "x.db")+"?_pragma=journal_mode(wal)")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Config{Engine: e, Read: db, Write: db})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	if err := s.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func add(ctx context.Context, s *Store, id string) error {
	u := directory.User{ID: id, Directory: "acme", UserName: id, State: directory.Active, Doc: []byte("{}")}
	return s.InsertUser(ctx, u, directory.Event{Kind: directory.UserCreated, User: id})
}

// hold keeps the writer busy until release is called, so that what is asked
// for meanwhile shares a batch.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	held, let := make(chan struct{}), make(chan struct{})
	go s.write(context.Background(), func(context.Context, *tx) error {
		close(held)
		<-let
		return nil
	})
	<-held
	return func() { close(let) }
}

// queue asks for n closures and waits until all of them are in the queue.
func queue(t *testing.T, s *Store, n int, do func(i int) func(context.Context, *tx) error) (answers func() []error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		task := &task{do: do(i), done: make(chan struct{})}
		if err := s.w.send(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			<-task.done
			errs[i] = task.err
		})
	}
	return func() []error {
		wg.Wait()
		return errs
	}
}

func TestWriter_itSharesOneTransactionAmongThoseWhoWait(t *testing.T) {
	e := &shaky{}
	s := openShaky(t, e)
	release := hold(t, s)
	before := e.begins.Load()
	answers := queue(t, s, maxBatch, func(i int) func(context.Context, *tx) error {
		return func(ctx context.Context, x *tx) error {
			x.emit(directory.Event{Kind: directory.UserUpdated, User: fmt.Sprint(i)})
			if i%3 == 0 { // undone, with its events
				if _, err := x.exec(ctx, `insert into meta (k, v) values ($1, 1)`, fmt.Sprint("undone-", i)); err != nil {
					return err
				}
				return errBroken
			}
			return nil
		}
	})
	release()
	for i, err := range answers() {
		if (i%3 == 0) != errors.Is(err, errBroken) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if n := e.begins.Load() - before; n != 2 {
		t.Errorf("%d transactions, want one without savepoints and one with", n)
	}
	events, err := s.Events(t.Context(), 0, 100)
	if err != nil || len(events) != maxBatch-(maxBatch+2)/3 {
		t.Errorf("%d events, %v", len(events), err)
	}
	for i, ev := range events {
		if ev.Seq != int64(i+1) {
			t.Errorf("event %d has number %d", i, ev.Seq)
		}
	}
	if _, err := s.meta(t.Context(), "undone-0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("what failed is still there: %v", err)
	}
}

func TestWriter_itLetsNobodySufferForOneBadClosure(t *testing.T) {
	s := openShaky(t, &shaky{})
	if err := s.write(t.Context(), func(ctx context.Context, x *tx) error {
		_, err := x.exec(ctx, `create trigger t before insert on events when new.user_id = 'bad'
			begin select raise(abort, 'no such event'); end`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	release := hold(t, s)
	answers := queue(t, s, 9, func(i int) func(context.Context, *tx) error {
		return func(ctx context.Context, x *tx) error {
			x.emit(directory.Event{Kind: directory.UserUpdated, User: map[bool]string{true: "bad", false: "good"}[i == 4]})
			return nil
		}
	})
	release()
	for i, err := range answers() {
		if (err != nil) != (i == 4) {
			t.Errorf("%d: %v", i, err)
		}
	}
	events, err := s.Events(t.Context(), 0, 100)
	if err != nil || len(events) != 8 || events[7].Seq != 8 {
		t.Errorf("%+v, %v; want 8 events", events, err)
	}
}

func TestWriter_itTriesAgainWhatWillPass(t *testing.T) {
	e := &shaky{}
	s := openShaky(t, e)
	first := e.begins.Load()
	e.fail = func(n int32) error {
		if n < first+maxTries {
			return errBusy
		}
		return nil
	}
	if err := add(t.Context(), s, "u-1"); err != nil {
		t.Error(err)
	}
	e.fail = func(int32) error { return errBusy }
	if err := add(t.Context(), s, "u-2"); !errors.Is(err, errBusy) {
		t.Errorf("it goes on forever: %v", err)
	}
	before := e.begins.Load()
	e.fail = func(int32) error { return errBroken }
	if err := add(t.Context(), s, "u-3"); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	if n := e.begins.Load() - before; n != 1 {
		t.Errorf("what will not pass was tried %d times", n)
	}
	e.fail = nil
	if err := add(t.Context(), s, "u-4"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWriter_itStoresNothingWhenTheEndFails(t *testing.T) {
	e := &shaky{}
	s := openShaky(t, e)
	e.notify = `insert into nowhere (x) values (1)`
	if err := add(t.Context(), s, "u-1"); err == nil {
		t.Error("it was stored")
	}
	e.notify = ""
	if _, err := s.User(t.Context(), "acme", "u-1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the person: %v", err)
	}
	if c, err := s.CountUsers(t.Context(), "acme"); err != nil || c != (Counts{}) {
		t.Errorf("the count: %+v, %v", c, err)
	}
	if err := add(t.Context(), s, "u-1"); err != nil {
		t.Error(err)
	}
	if last, err := s.LastEvent(t.Context()); last != 1 || err != nil {
		t.Errorf("the last event is %d, %v; want 1", last, err)
	}
}

func TestMigrate_itUndoesAStepThatFailsAndDoesItLater(t *testing.T) {
	s := openShaky(t, &shaky{})
	ctx := t.Context()
	w := newWriter(s.w.db, s.w.engine)
	defer w.drop()
	bad := step{name: "0002_bad.sql", sql: []string{`create table more (x {TEXT})`, `create table more (x {TEXT})`}}
	err := w.migrate(ctx, append(steps(), bad))
	if err == nil || !strings.Contains(err.Error(), "0002_bad.sql") {
		t.Errorf("got %v", err)
	}
	if v, err := s.meta(ctx, "schema"); err != nil || int(v) != len(steps()) {
		t.Errorf("the schema is %d, %v", v, err)
	}
	good := step{name: "0002_good.sql", sql: bad.sql[:1]}
	after := step{name: "0003_more.sql", sql: []string{`insert into more (x) values ('kept')`}}
	for range 2 { // the second time there is nothing to do
		if err := w.migrate(ctx, append(steps(), good, after)); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := s.read.row(ctx, `select count(*) from more`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v; want 1", n, err)
	}
	if err := w.migrate(ctx, steps()); !errors.Is(err, ErrNewer) {
		t.Errorf("with the older program: %v", err)
	}
}

func TestStatements_itSplitsAtSemicolonsThatEndALine(t *testing.T) {
	got := statements("-- a; comment\ncreate table a (\n  -- why;\n  x text default ';'  \n);\n\ninsert into a values (1);\n-- the end\n")
	want := []string{"create table a (\n  x text default ';'  \n)", "insert into a values (1)"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %q", got)
	}
}

func TestSteps_theyAreNumberedWithoutGapsAndEndCleanly(t *testing.T) {
	left := maps.Clone(computed)
	for i, s := range steps() {
		if !strings.HasPrefix(s.name, fmt.Sprintf("migrations/%04d_", i+1)) {
			t.Errorf("step %d is %s", i+1, s.name)
		}
		text, err := migrations.ReadFile(s.name)
		if err != nil || s.then == nil && len(s.sql) == 0 || len(s.sql) > 0 && !strings.HasSuffix(strings.TrimSpace(string(text)), ";") {
			t.Errorf("%s: %v, %d statements, and must end in a semicolon", s.name, err, len(s.sql))
		}
		delete(left, s.name)
	}
	if len(left) > 0 {
		t.Errorf("of no migration: %v", left)
	}
}
