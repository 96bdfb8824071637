package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// req: E13
func TestServer_itTellsAnEmbeddingProgramOfEveryEventInOrder(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine)
			if _, _, err := w.store.TakeConsumer(t.Context(), "hook", "test", time.Now(), time.Now()); err != nil {
				t.Fatal(err)
			}
			const people = 60
			var mu sync.Mutex
			var seen []Event
			all := make(chan struct{})
			failed := false
			hook := func(_ context.Context, e Event) error {
				mu.Lock()
				defer mu.Unlock()
				if e.Seq == 3 && !failed {
					failed = true
					return errors.New("try again")
				}
				seen = append(seen, e)
				if len(seen) == people {
					close(all)
				}
				return nil
			}
			for range 2 { // two replicas: each event is handled by one of them
				w.serve(w.open(), func(c *Config) { c.OnEvent = hook })
			}
			for i := range people {
				now := time.Now()
				u := directory.User{ID: fmt.Sprint("u", i), Directory: "acme", Version: 1, UserName: fmt.Sprint("p", i), State: directory.Active, Created: now, Modified: now, Doc: []byte(`{}`)}
				if err := w.store.InsertUser(t.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case <-all:
			case <-time.After(time.Minute):
				t.Fatal("they never came")
			}
			mu.Lock()
			defer mu.Unlock()
			for i, e := range seen {
				if e.Seq != int64(i+1) || e.Kind != "user.created" || e.User != fmt.Sprint("u", i) || e.Directory != "acme" {
					t.Fatalf("event %d is %+v", i+1, e)
				}
			}
		})
	}
}
