// Package notify sends mail: invitations, alerts, announcements, and word of
// provisioning that fails.
//
// It decides how a mail gets to its recipients: it is stored first, sealed with
// the server's key, and sent by whichever of several servers takes it in hand;
// where the mail server says no it is tried again, ever more slowly, for two
// days; and what became of it is kept for each recipient. What a mail says is
// decided by whoever queues it, but for those about provisioning ([Watch]).
//
// Nobody sees who else got a mail. A mail is sent by one server at a time. Only
// where a server ends in the instant between the mail server's yes and its note
// of it, the mail is sent again, with the same Message-ID.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/seal"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// The kinds of the settings of the server that say which mail server to use.
const (
	Setting       = "mail"
	SecretSetting = Setting + store.SecretKind
)

// Mail is a mail to be sent.
type Mail = directory.Mail

// Delivery is a mail on its way to one recipient.
type Delivery = store.MailDelivery

// Config is what a [Post] needs. Fields without a comment are required.
type Config struct {
	Store *store.Store
	// Key is the server's: mails wait sealed with it. With none, no mail is sent.
	Key []byte
	// SMTP, where it is set, is the mail server, whatever is stored.
	SMTP *SMTP
	// Log gets no address, no text and no secret. Nil means none.
	Log *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Poll is how often it is looked for mail of other servers. Zero means two
	// seconds.
	Poll time.Duration
}

// Post sends mail. Use [New]. It is safe for concurrent use.
type Post struct {
	cfg  Config
	wake chan struct{}
}

// New makes a Post. It does no I/O and starts nothing.
func New(c Config) *Post {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Poll == 0 {
		c.Poll = 2 * time.Second
	}
	return &Post{cfg: c, wake: make(chan struct{}, 1)}
}

// Limits on one mail.
const (
	MaxRecipients = 100_000
	maxSubject    = 200     // characters
	maxText       = 1 << 20 // bytes, of text and HTML each
)

// body is what is sealed.
type body struct{ Text, HTML string }

// Queue stores a mail to be sent, in the transaction of ctx's audit entry where
// there is one, and returns its id. With Once, it is the id of the first mail of
// that name. The errors are problem.MailNotSet, problem.MailBadAddress,
// problem.MailEmpty and problem.WrongServerKey.
func (p *Post) Queue(ctx context.Context, m Mail) (string, error) {
	if ready, err := p.Ready(ctx); err != nil {
		return "", err
	} else if !ready {
		return "", problem.New(problem.MailNotSet)
	}
	to, err := recipients(m.To)
	if err != nil {
		return "", err
	}
	subject := strings.TrimSuffix(oneLine(m.Subject, 4*maxSubject), "…")
	if r := []rune(subject); len(r) > maxSubject {
		subject = string(r[:maxSubject-1]) + "…"
	}
	text := strings.TrimSpace(m.Text)
	switch {
	case len(to) == 0 || subject == "" || text == "":
		return "", problem.New(problem.MailEmpty)
	case len(m.Text) > maxText || len(m.HTML) > maxText || len(to) > MaxRecipients:
		return "", problem.Detailf(problem.MailEmpty, "It is longer than a mail may be, or has more than %d recipients.", MaxRecipients)
	}
	if m.HTML == "" {
		m.HTML = page(subject, text)
	}
	id := uuid.NewString()
	if m.Once != "" {
		id = uuid.NewSHA1(onceSpace, []byte(m.Workspace+"\n"+m.Kind+"\n"+m.Once)).String()
	}
	box, err := p.box()
	if err != nil {
		return "", err
	}
	sealed, err := box.Seal(body{text, m.HTML}, id)
	if err != nil {
		return "", err
	}
	err = p.cfg.Store.QueueMail(ctx, store.QueuedMail{
		ID: id, Workspace: m.Workspace, Kind: m.Kind, Subject: subject, Body: sealed, Created: p.cfg.Now(), Ends: m.Until,
	}, to)
	if errors.Is(err, store.ErrExists) && m.Once != "" {
		return id, nil
	}
	if err != nil {
		return "", fmt.Errorf("queueing a mail: %w", err)
	}
	p.hint()
	return id, nil
}

// onceSpace is the name space of ids made from Mail.Once (RFC 9562 section 5.5).
var onceSpace = uuid.MustParse("6f2f7f0e-51c4-4f0b-8a4e-0b9a51d5f2c3")

// hint has Run look for mail at once.
func (p *Post) hint() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// recipients checks addresses and leaves out those that are there twice.
func recipients(all []string) ([]string, error) {
	seen := make(map[string]bool, len(all))
	var to []string
	for _, text := range all {
		a, err := Address(text)
		if err != nil {
			return nil, err
		}
		if key := directory.Fold(a); !seen[key] {
			seen[key] = true
			to = append(to, a)
		}
	}
	return to, nil
}

func (p *Post) box() (seal.Box, error) { return seal.New(p.cfg.Key, "mail") }

// Deliveries returns the newest deliveries of a workspace of one kind, or of
// every kind where that is empty: at most 1,000, newest first.
func (p *Post) Deliveries(ctx context.Context, workspace, kind string) ([]Delivery, error) {
	return p.cfg.Store.MailDeliveries(ctx, store.MailQuery{Workspace: workspace, Kind: kind})
}
