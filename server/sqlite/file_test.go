package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var start = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// asWriter names the file that a child of this test writes to.
const asWriter = "LANYARD_TEST_WRITER"

// perProcess is how many people each child creates.
const perProcess = 60

func TestMain(m *testing.M) {
	if path := os.Getenv(asWriter); path != "" {
		if err := write(path, os.Args[1], os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Main(m))
}

// write is a child: it opens the database, says so, waits for its input to
// end and creates people.
func write(path, name string, begin io.Reader) error {
	ctx := context.Background()
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	fmt.Println("open")
	if _, err := io.Copy(io.Discard, begin); err != nil {
		return err
	}
	for i := range perProcess {
		u := person(fmt.Sprintf("%s-%d", name, i))
		if err := s.InsertUser(ctx, u, directory.Change(directory.User{}, u).Events...); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return s.Close()
}

func person(id string) directory.User {
	return directory.User{
		ID: id, Directory: "acme", UserName: id + "@acme.example", State: directory.Active,
		Created: start, Modified: start, Doc: []byte("{}"),
	}
}

func TestOpen_itSharesTheFileWithOtherProcesses(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "lanyard.db")
	const processes = 3
	var children []*exec.Cmd
	var gates []io.Closer
	for i := range processes {
		c := exec.CommandContext(ctx, os.Args[0], fmt.Sprint("p", i))
		c.Env = append(os.Environ(), asWriter+"="+path)
		var errOut strings.Builder
		c.Stderr = &errOut
		gate, err1 := c.StdinPipe()
		out, err2 := c.StdoutPipe()
		if err := errors.Join(err1, err2, c.Start()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(errOut.String())
			}
		})
		if i == processes-1 { // all of them opened it while it was new
			if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				t.Fatalf("a child did not open it: %v", err)
			}
		}
		children, gates = append(children, c), append(gates, gate)
	}
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateWorkspace(ctx, directory.Workspace{ID: "acme", Created: start}); err != nil {
		t.Fatal(err)
	}
	for _, g := range gates {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	for i := range perProcess { // we write, too
		u := person(fmt.Sprint("we-", i))
		if err := s.InsertUser(ctx, u, directory.Change(directory.User{}, u).Events...); err != nil {
			t.Error(err)
		}
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Errorf("a child: %v", err)
		}
	}
	events, err := s.Events(ctx, 0, 1000)
	if err != nil || len(events) != (processes+1)*perProcess {
		t.Fatalf("%d events, %v; want %d", len(events), err, (processes+1)*perProcess)
	}
	for i, e := range events {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has number %d", i+1, e.Seq)
		}
	}
}

func TestOpen_itMakesFileAndFolderForTheOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "deep", "lanyard.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700, filepath.Dir(filepath.Dir(path)): 0o700,
		path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info, err, want)
		}
	}
}

func TestOpen_itUsesTheDiskAsItSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lanyard.db")
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	db, err := pool(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := claim(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
		"busy_timeout": "10000", "application_id": fmt.Sprint(applicationID),
	} {
		var got string
		if err := db.QueryRow("pragma " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", pragma, got, err, want)
		}
	}
}

func TestOpen_itRefusesWhatIsNotItsDatabase(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("Dear diary, ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	others := filepath.Join(dir, "others.db")
	run(t, others, `create table bookmarks (url text)`)
	marked := filepath.Join(dir, "marked.db")
	run(t, marked, `pragma application_id = 7`)
	for _, path := range []string{text, others, marked, dir, "", filepath.Join(text, "x.db")} {
		before, _ := os.ReadFile(path)
		s, err := Open(t.Context(), path)
		if err == nil {
			_ = s.Close()
		}
		if code, _ := problem.Of(err); code != problem.BadDatabaseURL {
			t.Errorf("%q: got %v", path, err)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%q was changed", path)
		}
		if isDatabase := path == text || path == others || path == marked; isDatabase && !errors.Is(err, store.ErrForeign) {
			t.Errorf("%q: got %v, want ErrForeign", path, err)
		}
	}
}
