package deliver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var key = []byte(strings.Repeat("k", deliver.MinWebhookKey))

// The vector of the Standard Webhooks specification.
func TestSign_itSignsAsTheStandardDoes(t *testing.T) {
	got, err := deliver.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, secret := range []string{"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"} {
		if _, err := deliver.Sign(secret, "id", time.Unix(0, 0), nil); err == nil {
			t.Errorf("it signed with %q", secret)
		}
	}
}

func TestCheckTarget_itKeepsWebhooksOnThePublicInternet(t *testing.T) {
	for address, want := range map[string]bool{
		"https://hooks.example/lanyard?x=1":    true,
		"https://93.184.216.34/":               true,
		"https://[2606:2800:220:1::1]/":        true,
		"http://hooks.example/":                false,
		"ftp://hooks.example/":                 false,
		"https://user:pass@hooks.example/":     false,
		"https://":                             false,
		"/hooks":                               false,
		"https://127.0.0.1/":                   false,
		"https://10.0.0.1/":                    false,
		"https://172.16.0.1/":                  false,
		"https://192.168.1.1/":                 false,
		"https://169.254.169.254/metadata":     false,
		"https://100.64.0.1/":                  false,
		"https://0.0.0.0/":                     false,
		"https://255.255.255.255/":             false,
		"https://224.0.0.1/":                   false,
		"https://[::1]/":                       false,
		"https://[::ffff:127.0.0.1]/":          false,
		"https://[fd00::1]/":                   false,
		"https://[fe80::1]/":                   false,
		"https://[64:ff9b::a9fe:a9fe]/":        false,
		"https://[2002:a9fe:a9fe::]/":          false,
		"https://[::a9fe:a9fe]/":               false,
		"https://" + strings.Repeat("a", 3000): false,
	} {
		if err := deliver.CheckTarget(address, false); (err == nil) != want {
			t.Errorf("%.60s: %v", address, err)
		}
	}
	for address, want := range map[string]bool{"http://127.0.0.1:9/": true, "http://localhost/": true, "http://hooks.example/": false, "https://10.0.0.1/": false} {
		if err := deliver.CheckTarget(address, true); (err == nil) != want {
			t.Errorf("%s beside a server on loopback: %v", address, err)
		}
	}
}

func TestWebhookClient_itAsksWhereANameLeads(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer s.Close()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if _, err := deliver.NewWebhookClient(false).Get(strings.Replace(s.URL, "127.0.0.1", host, 1)); err == nil || !strings.Contains(err.Error(), "not an address of the public internet") {
			t.Errorf("%s: %v", host, err)
		}
	}
	moved := httptest.NewServer(http.RedirectHandler(s.URL, http.StatusFound))
	defer moved.Close()
	res, err := deliver.NewWebhookClient(true).Get(moved.URL)
	if err != nil || res.StatusCode != http.StatusFound {
		t.Errorf("a redirect: %v, %v", res, err)
	}
	res.Body.Close()
}

// endpoint is somebody's server, which checks what it gets.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	seen   []int64 // accepted
	fail   func(seq int64, try int) bool
	tries  map[int64]int
	secret string
	got    chan struct{} // receives after each request
}

func newEndpoint(t *testing.T, secret string) *endpoint {
	e := &endpoint{tries: map[int64]int{}, secret: secret, fail: func(int64, int) bool { return false }, got: make(chan struct{}, 10_000)}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seconds, _ := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64)
		want, err := deliver.Sign(e.secret, r.Header.Get("Webhook-Id"), time.Unix(seconds, 0), body)
		var m deliver.Message
		if err != nil || want != r.Header.Get("Webhook-Signature") || json.Unmarshal(body, &m) != nil {
			t.Errorf("a message that nobody may trust: %v %s", r.Header, body)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if want := fmt.Sprintf("w-1-%d", m.Data.Seq); r.Header.Get("Webhook-Id") != want || m.Type != "user.created" || m.Data.User == "" || m.Data.Workspace != "acme" {
			t.Errorf("the message is %s %s", r.Header.Get("Webhook-Id"), body)
		}
		if e.tries[m.Data.Seq]++; e.fail(m.Data.Seq, e.tries[m.Data.Seq]) {
			w.WriteHeader(http.StatusInternalServerError)
		} else {
			e.seen = append(e.seen, m.Data.Seq)
		}
		e.got <- struct{}{}
	}))
	t.Cleanup(e.Close)
	return e
}

// webhooks runs deliveries on a store until the test ends.
func webhooks(t *testing.T, s *store.Store, now func() time.Time) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	h := deliver.Webhooks{
		Store: s, Log: slog.New(slog.DiscardHandler), Poll: 5 * time.Millisecond, Retry: time.Millisecond, Lease: time.Second,
		Sender: deliver.Sender{Key: key, Client: deliver.NewWebhookClient(true), Loopback: true, Now: now},
	}
	go func() { defer close(ended); _ = h.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func hook(t *testing.T, s *store.Store, address string) store.Webhook {
	t.Helper()
	w := store.Webhook{ID: "w-1", Workspace: "acme", URL: address, Kinds: []string{"user.created"}, Hash: directory.HashToken(deliver.WebhookSecret(key, "w-1")), Created: time.Now()}
	if err := s.CreateWebhook(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	return w
}

// until waits for requests until ok, under the endpoint's lock.
func (e *endpoint) until(t *testing.T, ok func() bool) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		e.mu.Lock()
		done := ok()
		e.mu.Unlock()
		if done {
			return
		}
		select {
		case <-e.got:
		case <-timeout:
			t.Fatalf("it did not happen: %v", e.seen)
		}
	}
}

// req: E13
func TestWebhooks_itDeliversSignedInOrderAndAgainUntilAccepted(t *testing.T) {
	s, _ := newStore(t)
	e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
	e.fail = func(seq int64, try int) bool { return seq%5 == 0 && try < 3 }
	hook(t, s, e.URL+"/a?token=x")
	webhooks(t, s, time.Now)
	webhooks(t, s, time.Now) // a second server
	const n = 30
	for i := range n {
		add(t, s, i)
	}
	e.until(t, func() bool { return len(e.seen) >= n })
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, seq := range e.seen {
		if seq != int64(i+1) {
			t.Fatalf("they came as %v", e.seen)
		}
	}
}

// req: E13
func TestWebhooks_itGivesUpAfterADayAndGoesOn(t *testing.T) {
	s, _ := newStore(t)
	e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
	e.fail = func(seq int64, _ int) bool { return seq == 1 }
	w := hook(t, s, e.URL)
	add(t, s, 1)
	add(t, s, 2)
	webhooks(t, s, func() time.Time { return time.Now().Add(deliver.GiveUp) })
	e.until(t, func() bool { return len(e.seen) == 1 && e.seen[0] == 2 })
	dead, err := s.DeadLetters(t.Context(), w.ID)
	if err != nil || len(dead) != 1 || dead[0].Seq != 1 || dead[0].Error != "the answer was status 500" {
		t.Errorf("dead letters: %+v, %v", dead, err)
	}
	// Somebody wants all of it again.
	e.mu.Lock()
	e.fail = func(int64, int) bool { return false }
	e.mu.Unlock()
	if err := s.RewindConsumer(t.Context(), w.Consumer(), 0); err != nil {
		t.Fatal(err)
	}
	e.until(t, func() bool { return fmt.Sprint(e.seen) == "[2 1 2]" })
}

func TestWebhooks_itSendsNothingWithAnotherKeyOrToWithin(t *testing.T) {
	s, _ := newStore(t)
	w := hook(t, s, "https://10.0.0.1/")
	send := func(k []byte) error {
		return deliver.Sender{Key: k, Client: deliver.NewWebhookClient(false), Now: time.Now}.Send(t.Context(), w, directory.Event{Seq: 1, Kind: directory.UserCreated})
	}
	if err := send([]byte(strings.Repeat("x", 32))); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("another key: %v", err)
	}
	if err := send(key); err == nil || !strings.Contains(err.Error(), "public internet") {
		t.Errorf("a private address: %v", err)
	}
}
