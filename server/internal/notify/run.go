package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

const (
	// lease is how long a server has what it took; half of it is for sending.
	lease = 5 * time.Minute
	// atOnce is how many deliveries are taken at a time.
	atOnce   = 50
	noteTime = 5 * time.Second

	firstWait   = time.Minute // before the second try
	longestWait = time.Hour
	// GiveUp is how long a mail is tried.
	GiveUp = 48 * time.Hour

	// restMost is the longest rest after the mail server could not be reached.
	restMost = time.Minute
	// keepFor is how long the delivery log is kept.
	keepFor    = 90 * 24 * time.Hour
	pruneEvery = time.Hour
)

// Run sends what is queued until ctx ends, and returns nil then. Several servers
// on one database may each run it.
func (p *Post) Run(ctx context.Context) error {
	owner := rand.Text()
	var pruned time.Time
	rest := p.cfg.Poll
	for ctx.Err() == nil {
		n, err := p.Send(ctx, owner)
		if err != nil && ctx.Err() == nil {
			p.cfg.Log.ErrorContext(ctx, "mail could not be sent; it waits", "error", err)
			rest = min(2*rest, restMost)
		} else {
			rest = p.cfg.Poll
		}
		if now := p.cfg.Now(); now.Sub(pruned) >= pruneEvery {
			pruned = now
			if _, err := p.cfg.Store.PruneMail(ctx, now.Add(-keepFor)); err != nil && ctx.Err() == nil {
				p.cfg.Log.WarnContext(ctx, "the log of deliveries could not be cut", "error", err)
			}
		}
		if n < atOnce || err != nil {
			p.pause(ctx, rest)
		}
	}
	return nil
}

func (p *Post) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-p.wake:
	case <-t.C:
	}
}

// Send sends what is due, as owner, and returns how many deliveries it had in
// hand. An error is about the mail server or the store; what was not sent waits.
func (p *Post) Send(ctx context.Context, owner string) (int, error) {
	now, began := p.cfg.Now(), time.Now()
	all, err := p.cfg.Store.TakeMail(ctx, owner, now, now.Add(lease), atOnce)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	t := &tour{p: p, owner: owner, until: began.Add(lease / 2)}
	defer t.end()
	for i, d := range all {
		if err := t.deliver(ctx, d); err != nil {
			return i, errors.Join(err, t.giveBack(ctx, all[i:], err))
		}
	}
	return len(all), nil
}

// tour is one round of deliveries over one connection.
type tour struct {
	p     *Post
	owner string
	until time.Time // of the machine's own clock: then another may have them
	server
}

type server struct {
	link *link
	box  interface {
		Open(sealed, bound string, v any) error
	}
}

func (t *tour) end() {
	if t.link != nil {
		t.link.close()
	}
}

// connect dials where there is no connection.
func (t *tour) connect(ctx context.Context) error {
	if t.link != nil {
		return nil
	}
	box, err := t.p.box()
	if err != nil {
		return err
	}
	s, _, err := t.p.Server(ctx)
	if err != nil {
		return err
	}
	link, err := s.dial(ctx)
	if err == nil {
		t.server = server{link, box}
	}
	return err
}

// deliver makes one try and notes how it ended. An error means that no more can
// be tried now.
func (t *tour) deliver(ctx context.Context, d Delivery) error {
	now := t.p.cfg.Now()
	if !d.Mail.Ends.IsZero() && !now.Before(d.Mail.Ends) {
		d.State, d.At, d.Error = store.MailFailed, now, "It was of no use any more when it could have been sent."
		return t.note(ctx, d)
	}
	if err := t.connect(ctx); err != nil {
		return err
	}
	var b body
	if err := t.box.Open(d.Mail.Body, d.Mail.ID, &b); err != nil {
		return t.note(ctx, after(d, now, "The mail was sealed with another server key than this server has."))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if time.Now().After(t.until) {
		return errors.New("the mail server is so slow that others take over")
	}
	f, said := t.link.send(b, d, now)
	switch f {
	case taken:
		d.State, d.At, d.Error = store.MailSent, now, ""
		d.Tries++
		if said != "" { // it was taken, and then the connection failed
			t.link.close()
			t.link = nil
		}
		return t.note(ctx, d)
	case never:
		d.State, d.At, d.Error = store.MailFailed, now, said
		d.Tries++
		return t.note(ctx, d)
	case later:
		return t.note(ctx, after(d, now, said))
	}
	t.link.close()
	t.link = nil
	return problem.Detailf(problem.MailRefused, "%s", said)
}

// after is a delivery that failed for now.
func after(d Delivery, now time.Time, said string) Delivery {
	d.At, d.Error = now, said
	wait := firstWait
	for range d.Tries {
		wait = min(2*wait, longestWait)
	}
	wait += mrand.N(wait/10 + 1) // so that those that failed together do not come together
	d.Tries++
	if d.Due = now.Add(wait); now.Sub(d.Mail.Created) >= GiveUp {
		d.State = store.MailFailed
	}
	return d
}

// note writes down how a try ended, also when ctx has just ended: what was sent
// must not be sent again.
func (t *tour) note(ctx context.Context, d Delivery) error {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	ok, err := t.p.cfg.Store.SettleMail(short, t.owner, d)
	if err == nil && !ok {
		err = fmt.Errorf("another server has mail %s in hand", d.Mail.ID)
	}
	return err
}

// giveBack lets go of what was not tried. Where that was the mail server's fault
// each has had its try.
func (t *tour) giveBack(ctx context.Context, all []Delivery, why error) error {
	code, _ := problem.Of(why)
	now := t.p.cfg.Now()
	var failed error
	for _, d := range all {
		if code == problem.MailRefused {
			said := problem.DetailOf(why)
			d = after(d, now, said)
		}
		failed = errors.Join(failed, t.note(ctx, d))
	}
	return failed
}
