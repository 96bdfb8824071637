package deliver

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// GiveUp is how long an event is tried, from its first try or from when it was
// put behind another, before it becomes a dead letter.
const GiveUp = 24 * time.Hour

const (
	longestWait = 720 // Retry: an hour, between two tries of one event
	longestRest = 12  // Retry: a minute, between two tries of a webhook that is down
	// atATime is how many requests are on their way to one webhook.
	atATime = 8
	// downAfter is about how many people in a row nothing must have been accepted
	// for a webhook to be taken to be down.
	downAfter = 5
	queueRead = 100 // events, or retries, of one read
)

const acceptedNothing = "the webhook accepted nothing for a day"

// queue delivers the events of one webhook while this server has the turn.
//
// New events are sent as they come, several at a time. One that fails is parked
// in the store and tried again later, and the later events of the same person
// are parked behind it. So what is in memory is never more than one read.
type queue struct {
	h   Webhooks
	w   store.Webhook
	dir string
	t   *turn

	// parked: there may be retries.
	parked bool

	rest time.Duration // before the next try of a webhook that is down

	mu      sync.Mutex
	failing map[string]bool // subjects, since something was accepted; at most downAfter
	since   time.Time       // when the first of them failed
}

// subject is whose order an event must keep: a person's, else a group's, else
// that of the workspace.
func subject(e directory.Event) string { return cmp.Or(e.User, e.Group) }

// work delivers until ctx ends, the lease is lost or the store fails.
func (q *queue) work(ctx context.Context) {
	q.parked, q.rest = true, q.h.Retry // another server may have left some
	for ctx.Err() == nil {
		changed := q.h.Store.Changed() // before reading, so that nothing falls between
		if _, down := q.down(); down {
			wait(ctx, q.rest, nil)
			q.rest = min(2*q.rest, longestRest*q.h.Retry)
			if !q.probe(ctx) {
				return
			}
			continue
		}
		q.rest = q.h.Retry
		retried, ok := q.retry(ctx, queueRead)
		if !ok {
			return
		}
		read, ok := q.next(ctx)
		if !ok {
			return
		}
		if retried == 0 && read < queueRead {
			wait(ctx, q.h.Poll, changed)
		}
	}
}

// down reports whether the webhook accepts nothing at all, and since when.
func (q *queue) down() (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.since, len(q.failing) >= downAfter
}

// send makes one attempt. It reports false where none may be made, since
// another server may have the work by now.
func (q *queue) send(ctx context.Context, e directory.Event) (err error, sent bool) { //nolint:revive // the error is the result
	if ctx.Err() != nil || !q.t.held() {
		return nil, false
	}
	err = q.h.Sender.Send(ctx, q.w, e)
	if ctx.Err() != nil && err != nil {
		return nil, false // it was us who hung up
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil {
		q.failing = map[string]bool{}
		return nil, true
	}
	if len(q.failing) == 0 {
		q.since = q.h.Sender.Now()
	}
	if len(q.failing) < downAfter {
		q.failing[subject(e)] = true
	}
	return err, true
}

// failed is a retry after another failure.
func (q *queue) failed(ctx context.Context, r store.Retry, err error) store.Retry {
	pause := q.h.Retry
	for range r.Tries {
		pause = min(2*pause, longestWait*q.h.Retry)
	}
	pause += rand.N(pause/10 + 1) // so that those that failed together do not come together
	r.Tries++
	r.Due, r.Error = q.h.Sender.Now().Add(pause), err.Error()
	q.h.Log.WarnContext(ctx, "a webhook did not accept an event; it is tried again", "webhook", q.w.ID, "workspace", q.w.Workspace, "event", r.Event.Seq, "try", r.Tries, "wait", pause, "error", err)
	return r
}

// retry tries what is due, at most limit, and returns how many there were.
func (q *queue) retry(ctx context.Context, limit int) (n int, ok bool) {
	if !q.parked {
		return 0, true
	}
	due, err := q.h.Store.Retries(ctx, q.w.ID, q.h.Sender.Now(), limit)
	if err == nil && len(due) == 0 {
		n, err = q.h.Store.CountRetries(ctx, q.w.ID)
		q.parked = n > 0
	}
	if err != nil {
		return 0, q.lost(ctx, err)
	}
	lanes := make([][]store.Retry, len(due))
	for i, r := range due { // of different people, all of them
		lanes[i] = []store.Retry{r}
	}
	ok = true
	var mu sync.Mutex
	inParallel(lanes, func(r store.Retry) {
		if _, down := q.down(); down && limit > 1 {
			return
		}
		if !q.settle(ctx, r) {
			mu.Lock()
			ok = false
			mu.Unlock()
		}
	})
	return len(due), ok
}

// settle tries one retry and notes what became of it.
func (q *queue) settle(ctx context.Context, r store.Retry) bool {
	err, sent := q.send(ctx, r.Event)
	if !sent {
		return false
	}
	now, outcome := q.h.Sender.Now(), store.Accepted
	switch {
	case err != nil && now.Sub(r.Since) >= GiveUp:
		outcome, r.Error = store.GivenUp, err.Error()
		q.h.Log.ErrorContext(ctx, "an event could not be delivered to a webhook; it is a dead letter now", "webhook", q.w.ID, "workspace", q.w.Workspace, "event", r.Event.Seq, "error", err)
	case err != nil:
		outcome, r = store.TryAgain, q.failed(ctx, r, err)
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	ok, err := q.h.Store.SettleRetry(short, q.w, q.t.owner, r, outcome, now)
	return err == nil && ok || q.lost(ctx, err)
}

// lost ends the turn: the store failed, or another server has the work.
func (q *queue) lost(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		q.h.Log.WarnContext(ctx, "the work on a webhook begins anew", "webhook", q.w.ID, "error", err)
	}
	return false
}

// next sends the next events, and returns how many were read.
func (q *queue) next(ctx context.Context) (read int, ok bool) {
	b, ok := q.batch(ctx)
	if !ok || len(b.events) == 0 {
		return 0, ok
	}
	for i := 0; i < len(b.events); {
		// What is about no one person is sent alone: a group is known before its
		// members are, and they have left before it is gone.
		end := i
		for end < len(b.events) && b.events[end].User != "" {
			end++
		}
		inParallel(lanesOf(b.events[i:end]), func(e directory.Event) { b.deliver(ctx, e) })
		if end < len(b.events) {
			b.deliver(ctx, b.events[end])
			end++
		}
		i = end
	}
	return len(b.events), b.note(ctx)
}

// probe tries what is oldest of the retries and the next new event of a webhook
// that accepts nothing. What could not be tried for a day is given up.
func (q *queue) probe(ctx context.Context) bool {
	if _, ok := q.retry(ctx, 1); !ok {
		return false
	}
	now := q.h.Sender.Now()
	since, down := q.down()
	gone := down && now.Sub(since) >= GiveUp
	if gone && !q.forsake(ctx, now) {
		return false
	}
	b, ok := q.batch(ctx)
	if !ok {
		return false
	}
	for i, e := range b.events {
		if gone && now.Sub(e.At) >= GiveUp && Concerns(q.w, q.dir, e) {
			b.dead = append(b.dead, store.DeadLetter{Seq: e.Seq, At: now, Error: acceptedNothing})
			continue
		}
		if b.deliver(ctx, e) {
			b.events = b.events[:i+1]
			break
		}
	}
	return len(b.events) == 0 || b.note(ctx)
}

// forsake gives up the retries that are a day old, tried or not.
func (q *queue) forsake(ctx context.Context, now time.Time) bool {
	for ctx.Err() == nil {
		all, err := q.h.Store.Retries(ctx, q.w.ID, now.Add(2*longestWait*q.h.Retry), queueRead)
		if err != nil {
			return q.lost(ctx, err)
		}
		old := 0
		for _, r := range all {
			if now.Sub(r.Since) < GiveUp {
				continue
			}
			r.Error = cmp.Or(r.Error, acceptedNothing)
			if ok, err := q.h.Store.SettleRetry(ctx, q.w, q.t.owner, r, store.GivenUp, now); err != nil || !ok {
				return q.lost(ctx, err)
			}
			old++
		}
		if old == 0 {
			return true
		}
		q.h.Log.ErrorContext(ctx, "a webhook accepted nothing for a day; what waited for it are dead letters now", "webhook", q.w.ID, "workspace", q.w.Workspace, "events", old)
	}
	return false
}

// batch is one read of new events and what became of them.
type batch struct {
	q       *queue
	events  []directory.Event
	blocked map[int64]bool // by what was parked before
	probing bool

	mu      sync.Mutex
	waiting map[string]bool // subjects of which one is parked now
	parked  []store.Retry
	dead    []store.DeadLetter
}

func (q *queue) batch(ctx context.Context) (*batch, bool) {
	events, err := q.t.read(ctx, queueRead)
	if err != nil {
		return nil, false
	}
	_, down := q.down()
	b := &batch{q: q, events: events, waiting: map[string]bool{}, probing: down}
	if q.parked && len(events) > 0 {
		b.blocked, err = q.h.Store.Blocked(ctx, q.w.ID, q.t.last, events[len(events)-1].Seq)
	}
	if err != nil {
		return nil, q.lost(ctx, err)
	}
	return b, true
}

// deliver sends an event, or parks it where it must wait or was not accepted.
// It reports whether it was sent.
func (b *batch) deliver(ctx context.Context, e directory.Event) bool {
	if !Concerns(b.q.w, b.q.dir, e) {
		return false
	}
	now := b.q.h.Sender.Now()
	r := store.Retry{Event: e, Subject: subject(e), Behind: e.Group, Since: now, Due: now}
	b.mu.Lock()
	waits := b.blocked[e.Seq] || b.waiting[r.Subject] || e.Group != "" && b.waiting[e.Group]
	b.mu.Unlock()
	_, down := b.q.down()
	if waits || down && !b.probing {
		b.park(r)
		return false
	}
	err, sent := b.q.send(ctx, e)
	switch {
	case !sent:
		b.park(r)
	case err != nil:
		b.park(b.q.failed(ctx, r, err))
	}
	return sent
}

func (b *batch) park(r store.Retry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parked = append(b.parked, r)
	b.waiting[r.Subject] = true
}

// note writes down what became of the batch, all at once.
func (b *batch) note(ctx context.Context) bool {
	q, done := b.q, b.events[len(b.events)-1].Seq
	if len(b.parked)+len(b.dead) == 0 {
		return q.t.advance(ctx, done)
	}
	q.parked = q.parked || len(b.parked) > 0
	return q.t.note(ctx, done, func(ctx context.Context) (bool, error) {
		return q.h.Store.ParkEvents(ctx, q.w, q.t.owner, q.t.last, done, b.parked, b.dead)
	})
}

// lanesOf parts events by subject, each in its order.
func lanesOf(events []directory.Event) [][]directory.Event {
	var lanes [][]directory.Event
	at := map[string]int{}
	for _, e := range events {
		i, there := at[subject(e)]
		if !there {
			i = len(lanes)
			at[subject(e)] = i
			lanes = append(lanes, nil)
		}
		lanes[i] = append(lanes[i], e)
	}
	return lanes
}

// inParallel calls f for everything in the lanes, in order within each and for
// several lanes at a time, and returns when all is done.
func inParallel[T any](lanes [][]T, f func(T)) {
	free := make(chan struct{}, atATime)
	var all sync.WaitGroup
	for _, lane := range lanes {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			for _, one := range lane {
				f(one)
			}
		})
	}
	all.Wait()
}
