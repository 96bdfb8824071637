package console_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
)

// stream opens a page to be kept current.
func stream(t *testing.T, c *consoletest.Console) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.Server.String()+"/admin"+notePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := c.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// One person cannot have the server draw pages without end; what they close makes
// room, and nobody else is kept from theirs.
func TestLive_onePersonHasSoManyAtOnce(t *testing.T) {
	c := open(t)
	var first *http.Response
	for i := range 20 {
		resp := stream(t, c)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("stream %d: %d", i, resp.StatusCode)
		}
		if first == nil {
			first = resp
		}
	}
	if got := stream(t, c).StatusCode; got != http.StatusNoContent {
		t.Errorf("one too many: %d", got)
	}
	c.As(console.Principal{ID: "another", Roles: map[string]console.Role{"acme": console.Viewer}})
	if got := stream(t, c).StatusCode; got != http.StatusOK {
		t.Errorf("another person: %d", got)
	}
	c.As(consoletest.Owner())
	c.As(console.Principal{}) // signed out: every stream ends by itself
	if _, err := io.Copy(io.Discard, first.Body); err != nil {
		t.Error(err)
	}
	c.As(consoletest.Owner())
	for stream(t, c).StatusCode != http.StatusOK { // until the server has seen it
		if t.Context().Err() != nil {
			t.Fatal("what ended made no room")
		}
	}
}
