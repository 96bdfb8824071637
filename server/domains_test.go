package server_test

import (
	"context"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// zone is a DNS of TXT records that says when it was asked.
type zone struct {
	mu      sync.Mutex
	records map[string][]string
}

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if found := z.records[name]; found != nil {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// req: F1
func TestRun_provesADomainWhoseRecordIsThere(t *testing.T) {
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	added, err := (&domains.Flow{Store: st}).Add(t.Context(), "acme", "ada", []string{"acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	dns := &zone{records: map[string][]string{added[0].Record() + ".": {added[0].Challenge}}}
	s, err := server.New(server.Config{Store: st, PublicURL: &url.URL{Scheme: "https", Host: "sso.example.com"}, Resolver: dns})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	deadline := time.After(time.Minute)
	for {
		changed := st.Changed()
		ws, err := st.Workspace(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		if len(ws.Domains) == 1 && ws.Domains[0] == "acme.example" {
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // a change without an event
		case err := <-done:
			t.Fatalf("it ended: %v", err)
		case <-deadline:
			t.Fatal("the domain is not proven after a minute")
		}
	}
}
