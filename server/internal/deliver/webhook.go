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
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

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
