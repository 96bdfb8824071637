package deliver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
)

// eachStore runs f on both databases.
func eachStore(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Run("sqlite", func(t *testing.T) {
		s, _ := newStore(t)
		f(t, s)
	})
	t.Run("postgres", func(t *testing.T) {
		s, err := postgres.Open(t.Context(), pgschema.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Created: time.Now()}); err != nil {
			t.Fatal(err)
		}
		f(t, s)
	})
}

// endpoint is somebody's server, which checks what it gets.
type endpoint struct {
	*httptest.Server
	mu       sync.Mutex
	accepted []deliver.Data
	tries    map[int64]int
	asked    int
	refuse   func(d deliver.Data, try int) bool
	got      chan struct{} // has room for one: something came
}

func newEndpoint(t *testing.T, secret string) *endpoint {
	e := &endpoint{tries: map[int64]int{}, refuse: func(deliver.Data, int) bool { return false }, got: make(chan struct{}, 1)}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender was killed
		}
		seconds, _ := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64)
		want, err := deliver.Sign(secret, r.Header.Get("Webhook-Id"), time.Unix(seconds, 0), body)
		var m deliver.Message
		if err != nil || want != r.Header.Get("Webhook-Signature") || json.Unmarshal(body, &m) != nil {
			t.Errorf("a message that nobody may trust: %v %s", r.Header, body)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if want := fmt.Sprintf("w-1-%d", m.Data.Seq); r.Header.Get("Webhook-Id") != want || m.Type == "" || m.Data.Workspace != "acme" {
			t.Errorf("the message is %s %s", r.Header.Get("Webhook-Id"), body)
		}
		e.asked++
		if e.tries[m.Data.Seq]++; e.refuse(m.Data, e.tries[m.Data.Seq]) {
			w.WriteHeader(http.StatusInternalServerError)
		} else {
			e.accepted = append(e.accepted, m.Data)
		}
		select {
		case e.got <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) set(refuse func(d deliver.Data, try int) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse = refuse
}

// until waits for requests until ok, under the endpoint's lock. It also looks
// now and then, for what happens after a request was answered.
func (e *endpoint) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(time.Minute)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		e.mu.Lock()
		done := ok()
		e.mu.Unlock()
		if done {
			return
		}
		select {
		case <-e.got:
		case <-look.C:
		case <-timeout:
			e.mu.Lock()
			defer e.mu.Unlock()
			t.Fatalf("%s: it did not happen; accepted: %v", what, e.accepted)
		}
	}
}

// of returns the numbers of what was accepted about a person, in the order in
// which it came first. The lock is held.
func (e *endpoint) of(user string) []int64 {
	var all []int64
	for _, d := range e.accepted {
		if d.User == user && !slices.Contains(all, d.Seq) {
			all = append(all, d.Seq)
		}
	}
	return all
}

// clock is a time that a test moves on.
type clock struct {
	mu   sync.Mutex
	more time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.more)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.more += d
}

// webhooks runs deliveries on a store, until the test ends or stop is called.
func webhooks(t *testing.T, s *store.Store, now func() time.Time) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	h := deliver.Webhooks{
		Store: s, Log: slog.New(slog.DiscardHandler), Poll: 5 * time.Millisecond, Retry: time.Millisecond, Lease: 5 * time.Second,
		Sender: deliver.Sender{Key: key, Client: deliver.NewWebhookClient(true), Loopback: true, Now: now},
	}
	go func() { defer close(ended); _ = h.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

func hook(t *testing.T, s *store.Store, address string) store.Webhook {
	t.Helper()
	w := store.Webhook{ID: "w-1", Workspace: "acme", URL: address, Hash: directory.HashToken(deliver.WebhookSecret(key, "w-1")), Created: time.Now()}
	if err := s.CreateWebhook(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	return w
}

// happen writes one event for each of the people named, in a transaction.
func happen(t *testing.T, s *store.Store, people ...string) {
	t.Helper()
	events := make([]directory.Event, len(people))
	for i, user := range people {
		events[i] = directory.Event{At: time.Now(), Directory: "acme", Kind: directory.UserUpdated, User: user}
	}
	write(t, s, events...)
}

func write(t *testing.T, s *store.Store, events ...directory.Event) {
	t.Helper()
	last, err := s.LastEvent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now, id := time.Now(), fmt.Sprint("somebody", last)
	u := directory.User{ID: id, Directory: "acme", Version: 1, UserName: id, State: directory.Active, Created: now, Modified: now, Doc: []byte(`{}`)}
	if err := s.InsertUser(t.Context(), u, events...); err != nil {
		t.Fatal(err)
	}
}

// crowd names people one after the other, each several times.
func crowd(people, times int) []string {
	var all []string
	for range times {
		for i := range people {
			all = append(all, fmt.Sprint("p", i))
		}
	}
	return all
}

// req: E13
func TestWebhooks_itDeliversSignedAndAgainUntilAcceptedInOrderForOnePerson(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
		e.refuse = func(d deliver.Data, try int) bool { return d.Seq%5 == 0 && try < 3 }
		hook(t, s, e.URL+"/a?token=x")
		webhooks(t, s, time.Now)
		webhooks(t, s, time.Now) // a second server
		const people, times = 7, 9
		for _, who := range crowd(people, times) {
			happen(t, s, who)
		}
		e.until(t, "all of them", func() bool { return len(e.accepted) >= people*times })
		e.mu.Lock()
		defer e.mu.Unlock()
		for i := range people {
			if got := e.of(fmt.Sprint("p", i)); len(got) != times || !slices.IsSorted(got) {
				t.Errorf("p%d's came as %v", i, got)
			}
		}
	})
}

// req: E13
func TestWebhooks_itLetsNobodyWaitForAnothersFailure(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
		e.refuse = func(d deliver.Data, _ int) bool { return d.User == "p0" }
		w := hook(t, s, e.URL)
		happen(t, s, "p0", "p0", "p0")
		happen(t, s, crowd(40, 6)...)
		webhooks(t, s, time.Now)
		e.until(t, "all but p0's", func() bool { return len(e.accepted) == 39*6 })
		e.until(t, "more tries", func() bool { return e.tries[1] > 4 })
		e.mu.Lock()
		if e.tries[2] != 0 {
			t.Error("the second went before the first")
		}
		e.mu.Unlock()
		if n, err := s.CountRetries(t.Context(), w.ID); err != nil || n != 9 {
			t.Errorf("%d wait, %v", n, err)
		}
		e.set(func(deliver.Data, int) bool { return false })
		e.until(t, "p0's", func() bool { return len(e.of("p0")) == 9 })
		e.mu.Lock()
		defer e.mu.Unlock()
		if got := e.of("p0"); !slices.IsSorted(got) {
			t.Errorf("they came as %v", got)
		}
	})
}

// req: E13
func TestWebhooks_itGivesUpAfterADayAndGoesOn(t *testing.T) {
	s, _ := newStore(t)
	e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
	e.refuse = func(d deliver.Data, _ int) bool { return d.Seq == 1 }
	w := hook(t, s, e.URL)
	happen(t, s, "p0", "p0")
	c := &clock{}
	webhooks(t, s, c.now)
	e.until(t, "a failure", func() bool { return e.tries[1] > 2 })
	if dead, err := s.DeadLetters(t.Context(), w.ID); err != nil || len(dead) != 0 {
		t.Errorf("given up at once: %+v, %v", dead, err)
	}
	c.advance(deliver.GiveUp)
	e.until(t, "the second", func() bool { return len(e.accepted) == 1 && e.accepted[0].Seq == 2 })
	dead, err := s.DeadLetters(t.Context(), w.ID)
	if err != nil || len(dead) != 1 || dead[0].Seq != 1 || dead[0].Error != "the answer was status 500" {
		t.Errorf("dead letters: %+v, %v", dead, err)
	}
	// Somebody wants all of it again.
	e.set(func(deliver.Data, int) bool { return false })
	if err := s.RewindConsumer(t.Context(), w.Consumer(), 0); err != nil {
		t.Fatal(err)
	}
	e.until(t, "both again", func() bool {
		n := len(e.accepted)
		return n > 2 && e.accepted[n-2].Seq == 1 && e.accepted[n-1].Seq == 2
	})
}

// An address that accepts nothing is asked seldom, and has all in order when it
// is back. After a day it is kept waiting for nothing.
//
// req: E13
func TestWebhooks_itRestsWhileTheAddressIsDown(t *testing.T) {
	s, _ := newStore(t)
	e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
	e.refuse = func(deliver.Data, int) bool { return true }
	w := hook(t, s, e.URL)
	const people, times = 30, 4
	happen(t, s, crowd(people, times)...)
	c := &clock{}
	webhooks(t, s, c.now)
	e.until(t, "some failures", func() bool { return e.asked > 25 })
	e.mu.Lock()
	if first := len(e.tries); first > people {
		t.Errorf("%d events of %d people were tried", first, people)
	}
	e.mu.Unlock()
	e.set(func(deliver.Data, int) bool { return false })
	e.until(t, "all of them", func() bool { return len(e.accepted) >= people*times })
	e.mu.Lock()
	for i := range people {
		if got := e.of(fmt.Sprint("p", i)); len(got) != times || !slices.IsSorted(got) {
			t.Errorf("p%d's came as %v", i, got)
		}
	}
	e.mu.Unlock()

	e.set(func(deliver.Data, int) bool { return true })
	happen(t, s, crowd(people, times)...)
	e.mu.Lock()
	before := e.asked
	e.mu.Unlock()
	e.until(t, "failures again", func() bool { return e.asked > before+12 })
	c.advance(deliver.GiveUp + time.Hour)
	e.until(t, "dead letters", func() bool {
		dead, err := s.DeadLetters(t.Context(), w.ID)
		return err == nil && len(dead) == people*times
	})
	e.set(func(deliver.Data, int) bool { return false })
	write(t, s, directory.Event{At: c.now(), Directory: "acme", Kind: directory.UserUpdated, User: "q"})
	e.until(t, "what is new", func() bool { return len(e.of("q")) == 1 })
}

// req: E13
func TestWebhooks_itTellsOfAGroupBeforeItsMembers(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
		e.refuse = func(d deliver.Data, try int) bool { return d.Seq == 1 && try < 4 }
		hook(t, s, e.URL)
		about := func(kind directory.Kind, group, user string) directory.Event {
			return directory.Event{At: time.Now(), Directory: "acme", Kind: kind, Group: group, User: user}
		}
		write(t, s, about(directory.GroupCreated, "g", ""), about(directory.MemberAdded, "g", "p1"), about(directory.UserUpdated, "", "p1"), about(directory.UserUpdated, "", "p2"))
		webhooks(t, s, time.Now)
		e.until(t, "all of them", func() bool { return len(e.accepted) == 4 })
		e.mu.Lock()
		defer e.mu.Unlock()
		var order []int64
		for _, d := range e.accepted {
			order = append(order, d.Seq)
		}
		if !slices.Equal(order, []int64{4, 1, 2, 3}) {
			t.Errorf("they came as %v", order)
		}
	})
}

// Servers come and go in the middle of it.
//
// req: E13
func TestWebhooks_itLosesNothingAndKeepsTheOrderWhileServersComeAndGo(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		e := newEndpoint(t, deliver.WebhookSecret(key, "w-1"))
		e.refuse = func(d deliver.Data, try int) bool { return d.Seq%3 == 0 && try < 2 }
		hook(t, s, e.URL)
		running := [2]func(){webhooks(t, s, time.Now), webhooks(t, s, time.Now)}
		e.churn(t, s, churn{people: 12, times: 5, rounds: 5}, func(round int) {
			running[round%2]()
			running[round%2] = webhooks(t, s, time.Now)
		})
	})
}

// churn is how much happens: in each round something to each of the people, so
// many times.
type churn struct{ people, times, rounds int }

// churn lets things happen while senders are replaced in the middle of each
// round, and fails unless all of it arrives, in order for each of the people.
func (e *endpoint) churn(t *testing.T, s *store.Store, c churn, replace func(round int)) {
	t.Helper()
	for round := range c.rounds {
		e.mu.Lock()
		before := e.asked
		e.mu.Unlock()
		happen(t, s, crowd(c.people, c.times)...)
		e.until(t, "the middle of it", func() bool { return e.asked > before+c.people })
		replace(round)
	}
	each := c.times * c.rounds
	e.until(t, "all of them", func() bool {
		for i := range c.people {
			if len(e.of(fmt.Sprint("p", i))) < each {
				return false
			}
		}
		return true
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range c.people {
		if got := e.of(fmt.Sprint("p", i)); !slices.IsSorted(got) || len(got) != each {
			t.Errorf("p%d's came as %v", i, got)
		}
	}
	t.Logf("%d events, %d requests", c.people*each, e.asked)
}
