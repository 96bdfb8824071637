package samlsso_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
)

// req: C1
func TestTest_theResultAppearsByItself(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.jit()
	address := link(t, w.open("/test").Form("/test").Submit().Follow().OK())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Server.String()+console.Root+at+"/test", nil)
	w.must(err)
	req.Header.Set("Accept", "text/event-stream")
	stream, err := w.Client.Do(req)
	w.must(err)
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	lines.Buffer(nil, 1<<20)
	// wait reads the stream until the region says something.
	wait := func(says string) {
		t.Helper()
		for lines.Scan() {
			if line := lines.Text(); strings.HasPrefix(line, "data: ") && strings.Contains(line, says) && strings.Contains(line, "test-result") {
				return
			}
		}
		t.Fatalf("the stream ended without %q: %v", says, lines.Err())
	}
	wait("Waiting for the test sign-in")
	w.visit(address)
	wait("The test sign-in succeeded")
}
