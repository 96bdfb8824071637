package deliver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// asConsumer names the database that a child of this test consumes, and
// asConsumerOut the file it writes the numbers of events to.
const asConsumer, asConsumerOut = "LANYARD_TEST_CONSUME", "LANYARD_TEST_CONSUME_OUT"

func TestMain(m *testing.M) {
	if address := os.Getenv(asSender); address != "" {
		if err := sendAll(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path := os.Getenv(asConsumer); path != "" {
		if err := consume(path, os.Getenv(asConsumerOut)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Main(m))
}

// consume is a child: it writes the number of every event to a file and says
// so, until it is killed.
func consume(path, out string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	fmt.Println(0)
	return deliver.Consumer{
		Store: s, Name: "hook", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Poll: 10 * time.Millisecond, Lease: 500 * time.Millisecond,
		Do: func(_ context.Context, e directory.Event) error {
			_, err := fmt.Fprintln(f, e.Seq)
			fmt.Println(e.Seq)
			return err
		},
	}.Run(ctx)
}

func newStore(t *testing.T) (*store.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lanyard.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return s, path
}

func add(t *testing.T, s *store.Store, i int) {
	t.Helper()
	now := time.Now()
	u := directory.User{ID: fmt.Sprint("u", i), Directory: "acme", Version: 1, UserName: fmt.Sprint("p", i), State: directory.Active, Created: now, Modified: now, Doc: []byte(`{}`)}
	if err := s.InsertUser(t.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
		t.Fatal(err)
	}
}

// req: E13
func TestConsumer_itLosesNoEventAndKeepsTheOrderWhenServersAreKilled(t *testing.T) {
	s, path := newStore(t)
	// The consumer exists before the first event.
	if _, _, err := s.TakeConsumer(t.Context(), "hook", "test", time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "seen")
	const kills, each = 6, 40
	for round := range kills {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), asConsumer+"="+path, asConsumerOut+"="+out)
		child.Stderr = os.Stderr
		said, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			add(t, s, round*each+i)
		}
		// It is killed in the middle of the round's events; the last child may
		// come to their end.
		end := int64(round*each + each/2)
		if round == kills-1 {
			end = kills * each
		}
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if n, _ := strconv.ParseInt(lines.Text(), 10, 64); n >= end {
				break
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // killed
	}
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	newest, again := int64(0), 0
	last := int64(0)
	for _, line := range strings.Fields(string(raw)) {
		n, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case n > newest+1:
			t.Fatalf("event %d came after %d: one in between is lost", n, newest)
		case n <= newest:
			again++
		}
		if n > last+1 {
			t.Fatalf("event %d came right after %d", n, last)
		}
		newest, last = max(newest, n), n
	}
	if newest != kills*each {
		t.Errorf("the last event seen is %d of %d", newest, kills*each)
	}
	t.Logf("%d events, %d came again", newest, again)
}

func TestConsumer_itTriesAnEventAgainBeforeTheNext(t *testing.T) {
	s, _ := newStore(t)
	if _, _, err := s.TakeConsumer(t.Context(), "hook", "test", time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var seen []int64
	c := deliver.Consumer{
		Store: s, Name: "hook", Now: time.Now, Log: slog.New(slog.DiscardHandler), Poll: time.Millisecond, Retry: time.Millisecond,
		Do: func(_ context.Context, e directory.Event) error {
			seen = append(seen, e.Seq)
			switch len(seen) {
			case 2:
				return errors.New("not now")
			case 3:
				panic("not now either")
			case 6:
				cancel()
			}
			return nil
		},
	}
	for i := range 4 {
		add(t, s, i)
	}
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(seen); got != "[1 2 2 2 3 4]" {
		t.Errorf("the calls were %s", got)
	}
	// What was done in the end was noted, and the work given up.
	seq, ok, err := s.TakeConsumer(t.Context(), "hook", "next", time.Now(), time.Now())
	if err != nil || !ok || seq != 4 {
		t.Errorf("the next begins after %d, %v, %v", seq, ok, err)
	}
}
