package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: E13
func TestServer_itSendsWebhooksFromAnyReplica(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine)
			key := []byte(strings.Repeat("k", 32))
			type message struct{ id, body string }
			got := make(chan message, 100)
			target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got <- message{r.Header.Get("Webhook-Id"), string(body)}
			}))
			defer target.Close()
			err := w.store.CreateWebhook(t.Context(), store.Webhook{
				ID: "w", Workspace: "acme", URL: target.URL, Hash: directory.HashToken(deliver.WebhookSecret(key, "w")), Created: time.Now(),
			})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				w.serve(w.open(), func(c *Config) { c.WebhookKey = key })
			}
			now := time.Now()
			u := directory.User{ID: "u1", Directory: "acme", Version: 1, UserName: "p", State: directory.Active, Created: now, Modified: now, Doc: []byte(`{}`)}
			if err := w.store.InsertUser(t.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
				t.Fatal(err)
			}
			select {
			case m := <-got:
				if m.id != "w-1" || !strings.Contains(m.body, `"type":"user.created"`) || !strings.Contains(m.body, `"user":"u1"`) {
					t.Errorf("got %+v", m)
				}
			case <-time.After(time.Minute):
				t.Error("it never came")
			}
		})
	}
}

func TestNew_itRefusesAShortWebhookKey(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	_, err := New(Config{Store: w.store, PublicURL: r.server.cfg.PublicURL, WebhookKey: []byte("short")})
	if code, _ := problem.Of(err); code != problem.BadConfig {
		t.Errorf("got %v", err)
	}
}
