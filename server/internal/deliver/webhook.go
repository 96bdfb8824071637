package deliver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// GiveUp is how long an event is tried before it becomes a dead letter. One that
// is older by the time it is tried at all, since those before it failed for so
// long, is tried once.
const GiveUp = 24 * time.Hour

// MinWebhookKey is the least length of the key that secrets are made from, in
// bytes.
const MinWebhookKey = 32

// WebhookSecret is the signing secret of a webhook in the form of Standard
// Webhooks, whsec_ and base64 of 32 bytes. It is computed from a key that only
// the servers have, so that no database and no backup of one holds it.
func WebhookSecret(key []byte, id string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("lanyard webhook 1 " + id))
	return secretPrefix + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

const secretPrefix = "whsec_"

// Sign returns the webhook-signature of a message (Standard Webhooks 1.0).
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	if len(secret) < len(secretPrefix) || secret[:len(secretPrefix)] != secretPrefix {
		return "", errors.New("the signing secret does not begin with whsec_")
	}
	raw, err := base64.StdEncoding.DecodeString(secret[len(secretPrefix):])
	if err != nil {
		return "", errors.New("the signing secret is not base64")
	}
	mac := hmac.New(sha256.New, raw)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Message is the body of a webhook.
type Message struct {
	Type string    `json:"type"`
	At   time.Time `json:"timestamp"`
	Data Data      `json:"data"`
}

// Data names who and what an event is about, and holds nothing about them.
type Data struct {
	Seq       int64  `json:"seq"`
	Workspace string `json:"workspace"`
	User      string `json:"user,omitempty"`
	Group     string `json:"group,omitempty"`
	Nested    string `json:"nested,omitempty"`
	Session   string `json:"session,omitempty"`
}

// Sender sends events to webhooks.
type Sender struct {
	Key    []byte
	Client *http.Client
	// Loopback accepts addresses on loopback; see [CheckTarget].
	Loopback bool
	Now      func() time.Time
}

// Send makes one attempt to deliver an event. The message id is the same at
// every attempt.
func (s Sender) Send(ctx context.Context, w store.Webhook, e directory.Event) error {
	secret := WebhookSecret(s.Key, w.ID)
	if directory.HashToken(secret) != w.Hash {
		return errors.New("the webhook was made with another key than this server has")
	}
	if err := CheckTarget(w.URL, s.Loopback); err != nil {
		return fmt.Errorf("the webhook's address: %w", err)
	}
	body, err := json.Marshal(Message{Type: string(e.Kind), At: e.At.UTC(), Data: Data{e.Seq, w.Workspace, e.User, e.Group, e.Nested, e.Session}})
	if err != nil {
		return err
	}
	now, id := s.Now(), w.ID+"-"+strconv.FormatInt(e.Seq, 10)
	signature, err := Sign(secret, id, now, body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Lanyard-Webhooks/1")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature)
	res, err := s.Client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which may hold a secret of theirs
		}
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the answer was status %d", res.StatusCode)
	}
	return nil
}

// WebhookStore is what webhooks ask of the server's memory.
type WebhookStore interface {
	ConsumerStore
	Webhooks(ctx context.Context, workspace string) ([]store.Webhook, error)
	Workspace(ctx context.Context, id string) (directory.Workspace, error)
	AddDeadLetter(ctx context.Context, webhook string, d store.DeadLetter) error
}

// Webhooks delivers events to every webhook there is. Each has its own place
// among the events, is served by one of several servers at a time, and gets
// every event at least once and in order; one that fails waits for nobody else.
type Webhooks struct {
	Store  WebhookStore
	Sender Sender
	Log    *slog.Logger
	// Poll is how often it is looked for new and revoked webhooks, and for
	// events without a hint. Zero means one second.
	Poll time.Duration
	// Retry and Lease are those of each webhook's [Consumer]. Zero Retry means
	// five seconds.
	Retry, Lease time.Duration
}

// Run delivers until ctx ends, and returns nil then.
func (h Webhooks) Run(ctx context.Context) error {
	h.Poll, h.Retry = or(h.Poll, defaultPoll), or(h.Retry, 5*time.Second)
	type work struct {
		stop  context.CancelFunc
		ended chan struct{}
	}
	running := map[string]work{}
	defer func() {
		for _, w := range running {
			w.stop()
		}
		for _, w := range running {
			<-w.ended
		}
	}()
	for ctx.Err() == nil {
		all, err := h.Store.Webhooks(ctx, "")
		if err != nil && ctx.Err() == nil {
			h.Log.ErrorContext(ctx, "webhooks cannot be read", "error", err)
		}
		for _, w := range all {
			have, runs := running[w.ID]
			switch {
			case w.Revoked.IsZero() && !runs:
				one, stop := context.WithCancel(ctx)
				n := work{stop, make(chan struct{})}
				running[w.ID] = n
				go func() {
					defer close(n.ended)
					h.deliver(one, w)
				}()
			case !w.Revoked.IsZero() && runs:
				have.stop()
				<-have.ended
				delete(running, w.ID)
			}
		}
		wait(ctx, h.Poll, nil)
	}
	return nil
}

// deliver serves one webhook.
func (h Webhooks) deliver(ctx context.Context, w store.Webhook) {
	dir := ""
	c := Consumer{
		Store: h.Store, Name: w.Consumer(), Now: h.Sender.Now, Log: h.Log, Poll: h.Poll,
		Retry: h.Retry, MaxRetry: time.Hour, Lease: h.Lease,
		Do: func(ctx context.Context, e directory.Event) error {
			if dir == "" { // a workspace keeps its directory
				ws, err := h.Store.Workspace(ctx, w.Workspace)
				if err != nil {
					return err
				}
				dir = ws.Directory
			}
			if !Concerns(w, dir, e) {
				return nil
			}
			err := h.Sender.Send(ctx, w, e)
			if err == nil || ctx.Err() != nil || h.Sender.Now().Sub(e.At) < GiveUp {
				return err
			}
			h.Log.ErrorContext(ctx, "an event could not be delivered to a webhook; it is a dead letter now", "webhook", w.ID, "workspace", w.Workspace, "event", e.Seq, "error", err)
			return h.Store.AddDeadLetter(ctx, w.ID, store.DeadLetter{Seq: e.Seq, At: h.Sender.Now(), Error: err.Error()})
		},
	}
	_ = c.Run(ctx) // it always returns nil
}

// Concerns reports whether a webhook of a workspace with that directory gets an
// event.
func Concerns(w store.Webhook, dir string, e directory.Event) bool {
	if e.Directory != dir || e.Workspace != "" && e.Workspace != w.Workspace {
		return false
	}
	return len(w.Kinds) == 0 || slices.Contains(w.Kinds, string(e.Kind))
}
