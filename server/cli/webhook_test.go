package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: E13
func TestWebhook_itIsMadeTriedReplayedAndRevoked(t *testing.T) {
	o := newOffice(t)
	keyFile := filepath.Join(t.TempDir(), "hooks.key")
	var secret atomic.Value
	var status, got atomic.Int32
	status.Store(200)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want, err := deliver.Sign(secret.Load().(string), r.Header.Get("Webhook-Id"), o.now, body)
		if err != nil || want != r.Header.Get("Webhook-Signature") {
			t.Errorf("the signature is wrong: %v", err)
		}
		got.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	defer s.Close()
	type hook struct {
		ID, Secret, Host, State string
		Behind                  int64                 `json:"events_behind"`
		Dead                    []struct{ Seq int64 } `json:"given_up"`
	}
	run := func(args ...string) []string {
		return append(args, "--workspace", "acme", "--webhook-key-file", keyFile)
	}
	var made hook
	o.must(&made, run("webhook", "create", s.URL+"/?token=canary", "--kind", "user.created,user.archived")...)
	secret.Store(made.Secret)
	if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v, %v", info, err)
	}
	o.must(nil, run("webhook", "test", made.ID)...)
	status.Store(500)
	if _, errOut, code := o.run(run("webhook", "test", made.ID)...); code != 1 || !strings.Contains(errOut, "status 500") || strings.Contains(errOut, "canary") {
		t.Errorf("a failing test: %d %s", code, errOut)
	}
	u := directory.User{ID: "u1", Directory: "acme", Version: 1, UserName: "p", State: directory.Active, Created: o.now, Modified: o.now, Doc: []byte(`{}`)}
	if err := o.store.InsertUser(t.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
		t.Fatal(err)
	}
	if err := o.store.AddDeadLetter(t.Context(), made.ID, store.DeadLetter{Seq: 1, At: o.now, Error: "x"}); err != nil {
		t.Fatal(err)
	}
	var all []hook
	list := func() hook {
		t.Helper()
		all = nil
		o.must(&all, "webhook", "list", "--workspace", "acme")
		if len(all) != 1 {
			t.Fatalf("the list is %+v", all)
		}
		return all[0]
	}
	if h := list(); h.Behind != 1 || len(h.Dead) != 1 || h.Secret != "" || h.State != "sending" {
		t.Errorf("the list is %+v", h)
	}
	if _, _, code := o.run(run("webhook", "replay", made.ID)...); code != 1 || len(list().Dead) != 1 {
		t.Errorf("a replay that is refused: %d", code)
	}
	status.Store(204)
	before := got.Load()
	o.must(nil, run("webhook", "replay", made.ID)...)
	if len(list().Dead) != 0 || got.Load() != before+1 {
		t.Errorf("after the replay: %+v, %d requests", all, got.Load()-before)
	}
	o.must(nil, run("webhook", "replay", made.ID, "--after", "0")...)
	if seq, err := o.store.ConsumerSeq(t.Context(), "webhook:"+made.ID); err != nil || seq != 0 {
		t.Errorf("it was moved to %d, %v", seq, err)
	}
	o.must(nil, "webhook", "revoke", made.ID, "--workspace", "acme")
	if list().State != "revoked" {
		t.Errorf("it is %+v", all)
	}
	for name, c := range map[string]struct {
		code int
		args []string
	}{
		"an address within":    {2, run("webhook", "create", "https://10.0.0.1/")},
		"http":                 {2, run("webhook", "create", "http://hooks.example/")},
		"a kind that is none":  {2, run("webhook", "create", "https://hooks.example/", "--kind", "user.eaten")},
		"a revoked one":        {1, run("webhook", "test", made.ID)},
		"revoking it again":    {1, []string{"webhook", "revoke", made.ID, "--workspace", "acme"}},
		"loopback from public": {2, run("webhook", "create", s.URL, "--public-url", "https://sso.example")},
	} {
		if _, errOut, code := o.run(c.args...); code != c.code {
			t.Errorf("%s ended with %d: %s", name, code, errOut)
		}
	}
	out, errOut, _ := o.run(run("webhook", "create", s.URL)...)
	if !strings.HasPrefix(out, "whsec_") || strings.Contains(errOut, strings.TrimSpace(out)) {
		t.Errorf("it printed %s and said %s", out, errOut)
	}
}
