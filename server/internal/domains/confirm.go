package domains

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// ConfirmLife is how long a link to confirm an address is good.
const ConfirmLife = 7 * 24 * time.Hour

// linkPrefix lets people and secret scanners recognise a link's secret.
const linkPrefix = "lymail_"

// waiting is what a link to confirm an address stands for.
type waiting struct {
	User  string `json:"user"`
	Email string `json:"email"`
}

// link makes the link by which the owner of an address confirms that it is theirs.
func (f *Flow) link(ctx context.Context, ws directory.Workspace, person, email string) (string, time.Time, error) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	token := linkPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	doc, err := json.Marshal(waiting{person, email})
	if err != nil {
		return "", time.Time{}, err
	}
	now := f.now()
	t := store.Ticket{
		Kind: store.TicketAddress, Hash: directory.HashToken(token), Workspace: ws.ID, Doc: doc, Created: now, Expires: now.Add(ConfirmLife),
	}
	if err := f.Store.Exchange(ctx, nil, []store.Ticket{t}, now); err != nil {
		return "", time.Time{}, fmt.Errorf("keeping the link: %w", err)
	}
	at := f.PublicURL.JoinPath("w", ws.ID, "address", "confirm")
	at.RawQuery = url.Values{"t": {token}}.Encode()
	return at.String(), t.Expires, nil
}

// Address returns the address that a mailed link confirms, and leaves the link as
// it is: programs that look at links in mails must not spend them. The error is
// problem.EmailLink, whatever is wrong with it.
func (f *Flow) Address(ctx context.Context, ws directory.Workspace, token string) (string, error) {
	w, _, err := f.waiting(ctx, ws, token)
	return w.Email, err
}

// Confirm spends a mailed link: whoever holds it reads the mail of its address, and
// that is kept with what happened to the person (row F4).
func (f *Flow) Confirm(ctx context.Context, ws directory.Workspace, token string) (string, error) {
	w, key, err := f.waiting(ctx, ws, token)
	if err != nil {
		return "", err
	}
	now := f.now()
	err = f.Store.Exchange(ctx, []store.TicketKey{key}, nil, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", problem.Wrap(problem.EmailLink, err)
	case err != nil:
		return "", fmt.Errorf("spending the link: %w", err)
	}
	err = f.Store.RecordAct(ctx, store.Act{
		At: now, Directory: ws.Directory, Workspace: ws.ID, User: w.User, Who: w.Email, What: "confirmed the e-mail address " + w.Email,
	})
	if err != nil {
		return "", fmt.Errorf("recording the act: %w", err)
	}
	return w.Email, nil
}

// waiting finds what a link stands for. It is good for nothing once the person has
// another address, or is archived.
func (f *Flow) waiting(ctx context.Context, ws directory.Workspace, token string) (w waiting, key store.TicketKey, err error) {
	key = store.TicketKey{Kind: store.TicketAddress, Workspace: ws.ID, Hash: directory.HashToken(token)}
	t, err := f.Store.Ticket(ctx, key, f.now())
	if err == nil {
		if err := json.Unmarshal(t.Doc, &w); err != nil {
			return w, key, fmt.Errorf("reading a link: %w", err)
		}
		var u directory.User
		if u, err = f.Store.User(ctx, ws.Directory, w.User); err == nil && (u.State == directory.Archived || directory.MailOf(u.Doc) != w.Email) {
			err = store.ErrNotFound
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return waiting{}, key, problem.Wrap(problem.EmailLink, err)
	case err != nil:
		return waiting{}, key, fmt.Errorf("looking for a link: %w", err)
	}
	return w, key, nil
}
