package announce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Log is what became of one announcement, by recipient.
type Log struct {
	directory.Sent
	Waiting   int `json:"waiting"`
	Delivered int `json:"delivered"`
	Failed    int `json:"failed"`
	// Failures are those that failed, or were tried in vain so far, at most
	// shownFailures.
	Failures []Delivery `json:"failures,omitempty"`
	// Page are recipients, the newest deliveries first, and More is where the next
	// page begins; 0 where there is none.
	Page []Delivery `json:"deliveries"`
	More int64      `json:"more,omitempty"`
}

// Delivery is what became of an announcement for one recipient.
type Delivery struct {
	To    string    `json:"to"`
	State string    `json:"state"` // waiting, delivered, failed
	At    time.Time `json:"at,omitzero"`
	Tries int       `json:"tries"`
	// Error is what the mail server said last.
	Error string `json:"error,omitempty"`
}

const (
	logPage       = 100
	shownFailures = 200
)

// The words of a delivery's state.
const (
	Waiting   = "waiting"
	Delivered = "delivered"
	Failed    = "failed"
)

// Log tells what became of an announcement that was sent. before is where the
// page begins: Log.More of the page before, or 0. What is not one of the
// workspace's is problem.NotFound.
func (d *Desk) Log(ctx context.Context, workspace, mail string, before int64) (Log, error) {
	a, _, err := d.Read(ctx, workspace)
	if err != nil {
		return Log{}, err
	}
	i := slices.IndexFunc(a.Sent, func(s directory.Sent) bool { return s.Mail == mail && mail != "" })
	if i < 0 {
		return Log{}, problem.New(problem.NotFound)
	}
	out := Log{Sent: a.Sent[i], Page: []Delivery{}}
	counts, err := d.Store.CountMail(ctx, workspace, mail)
	if err != nil && !errors.Is(err, store.ErrNotFound) { // an old log is forgotten
		return Log{}, err
	}
	out.Waiting, out.Delivered, out.Failed = counts[store.MailWaiting], counts[store.MailSent], counts[store.MailFailed]
	page, err := d.Store.MailDeliveries(ctx, store.MailQuery{Workspace: workspace, Kind: Kind, Mail: mail, Before: before, Limit: logPage})
	if err != nil {
		return Log{}, err
	}
	for _, x := range page {
		out.Page = append(out.Page, deliveryOf(x))
	}
	if len(page) == logPage {
		out.More = page[len(page)-1].Number
	}
	return out, d.failures(ctx, &out, workspace, mail)
}

// failures collects those that failed.
func (d *Desk) failures(ctx context.Context, out *Log, workspace, mail string) error {
	if out.Failed+out.Waiting == 0 {
		return nil
	}
	var before int64
	for {
		page, err := d.Store.MailDeliveries(ctx, store.MailQuery{Workspace: workspace, Kind: Kind, Mail: mail, Before: before})
		if err != nil {
			return fmt.Errorf("announce: %w", err)
		}
		for _, x := range page {
			if x.State == store.MailFailed || x.State == store.MailWaiting && x.Error != "" {
				out.Failures = append(out.Failures, deliveryOf(x))
			}
			if len(out.Failures) == shownFailures {
				return nil
			}
		}
		if len(page) == 0 {
			return nil
		}
		before = page[len(page)-1].Number
	}
}

func deliveryOf(x store.MailDelivery) Delivery {
	states := map[store.DeliveryState]string{store.MailWaiting: Waiting, store.MailSent: Delivered, store.MailFailed: Failed}
	return Delivery{To: x.To, State: states[x.State], At: x.At, Tries: x.Tries, Error: x.Error}
}
