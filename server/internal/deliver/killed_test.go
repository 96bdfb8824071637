package deliver_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// asSender names the database whose webhooks a child of this test serves.
const asSender = "LANYARD_TEST_SEND"

func openStore(ctx context.Context, address string) (*store.Store, error) {
	if strings.HasPrefix(address, "postgres:") {
		return postgres.Open(ctx, address)
	}
	return sqlite.Open(ctx, address)
}

// sendAll is a child: it delivers until it is killed.
func sendAll(address string) error {
	ctx := context.Background()
	s, err := openStore(ctx, address)
	if err != nil {
		return err
	}
	fmt.Println("up")
	return deliver.Webhooks{
		Store: s, Log: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond, Retry: 20 * time.Millisecond, Lease: time.Second,
		Sender: deliver.Sender{Key: key, Client: deliver.NewWebhookClient(true), Loopback: true, Now: time.Now},
	}.Run(ctx)
}

// sender starts a child, and returns what kills it.
func sender(t *testing.T, address string) (kill func()) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), asSender+"="+address)
	child.Stderr = os.Stderr
	said, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = child.Process.Kill() // kill -9; it may be dead already
		_ = child.Wait()
	}
	t.Cleanup(kill)
	if _, err := io.ReadFull(said, make([]byte, 3)); err != nil {
		t.Fatal("the child did not come up")
	}
	return kill
}

// Two servers deliver to one webhook, and one after the other is killed in the
// middle of it.
//
// req: E13
func TestWebhooks_itLosesNothingAndKeepsTheOrderWhenServersAreKilled(t *testing.T) {
	for engine, address := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "lanyard.db") },
		"postgres": func(t *testing.T) string { return pgtest.URL(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			db := address(t)
			s, err := openStore(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			if err := s.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Created: time.Now()}); err != nil {
				t.Fatal(err)
			}
			e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
			e.refuse = func(d deliver.Data, try int) bool { return d.Seq%7 == 0 && try < 3 }
			w := hook(t, s, e.URL)
			kill := [2]func(){sender(t, db), sender(t, db)}
			e.churn(t, s, churn{people: 10, times: 6, rounds: 4}, func(round int) {
				kill[round%2]()
				kill[round%2] = sender(t, db)
			})
			if dead, err := s.DeadLetters(t.Context(), w.ID); err != nil || len(dead) > 0 {
				t.Errorf("given up: %v, %v", dead, err)
			}
		})
	}
}
