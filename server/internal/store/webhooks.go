package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Webhook is an address that the events of a workspace are sent to.
type Webhook struct {
	ID        string
	Workspace string
	URL       string
	// Kinds are the kinds of event that are sent. None means all.
	Kinds []string
	// Hash is directory.HashToken of the signing secret, which is not kept.
	Hash    string
	Created time.Time
	// Revoked is zero for one that was not.
	Revoked time.Time
}

// Consumer is the name under which the webhook's place among the events is
// kept: see TakeConsumer.
func (w Webhook) Consumer() string { return "webhook:" + w.ID }

// DeadLetter is an event that could not be delivered to a webhook.
type DeadLetter struct {
	Seq   int64
	At    time.Time // when it was given up
	Error string
}

// CreateWebhook stores a new webhook. It begins after the newest event. An
// unknown workspace is ErrNotFound, an id that is there already ErrExists.
func (s *Store) CreateWebhook(ctx context.Context, w Webhook) error {
	kinds := strings.Join(w.Kinds, " ")
	if w.ID == "" || w.URL == "" || w.Hash == "" || !storable(w.ID, w.Workspace, w.URL, w.Hash, kinds) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var there int
		if err := t.row(ctx, `select 1 from workspaces where id = $1`, w.Workspace).Scan(&there); err != nil {
			return err
		}
		n, err := t.exec(ctx, `insert into webhooks (id, workspace, url, kinds, hash, created)
			values ($1, $2, $3, $4, $5, $6) on conflict do nothing`, w.ID, w.Workspace, w.URL, kinds, w.Hash, micro(w.Created))
		switch {
		case err != nil:
			return fmt.Errorf("store: creating webhook: %w", err)
		case n == 0:
			return Exists{"id"}
		}
		_, err = t.exec(ctx, `insert into consumers (name, seq, owner, until, seen)
			select $1, v, '', 0, cast($2 as bigint) from meta where k = 'seq' on conflict (name) do nothing`, w.Consumer(), micro(w.Created))
		return err
	})
}

// Webhooks returns the webhooks of a workspace, or of all where that is empty,
// oldest first, with those that were revoked.
func (s *Store) Webhooks(ctx context.Context, workspace string) ([]Webhook, error) {
	var all []Webhook
	if !storable(workspace) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var w Webhook
		var kinds string
		var created int64
		var revoked *int64
		if err := row.Scan(&w.ID, &w.Workspace, &w.URL, &kinds, &w.Hash, &created, &revoked); err != nil {
			return err
		}
		w.Kinds, w.Created, w.Revoked = strings.Fields(kinds), fromMicro(created), fromNull(revoked)
		all = append(all, w)
		return nil
	}, `select id, workspace, url, kinds, hash, created, revoked from webhooks
		where $1 = '' or workspace = $1 order by created, id`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: listing webhooks: %w", err)
	}
	return all, nil
}

// RevokeWebhook ends a webhook of a workspace: nothing more is sent, and what
// was not delivered is forgotten. One that is not the workspace's, or was
// revoked before, is ErrNotFound.
func (s *Store) RevokeWebhook(ctx context.Context, workspace, id string, now time.Time) error {
	if !storable(workspace, id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update webhooks set revoked = $1
			where id = $2 and workspace = $3 and revoked is null`, micro(now), id, workspace)
		if err := ended(n, err, "webhook"); err != nil {
			return err
		}
		for _, of := range []string{`delete from dead_letters where webhook = $1`, `delete from webhook_retries where webhook = $1`} {
			if _, err := t.exec(ctx, of, id); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, `delete from consumers where name = $1`, Webhook{ID: id}.Consumer())
		return err
	})
}

// AddDeadLetter notes that an event was given up for a webhook.
func (s *Store) AddDeadLetter(ctx context.Context, webhook string, d DeadLetter) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.addDeadLetter(ctx, webhook, d) })
}

// DeadLetters returns what could not be delivered to a webhook, in the order
// of events, at most 1,000.
func (s *Store) DeadLetters(ctx context.Context, webhook string) ([]DeadLetter, error) {
	var all []DeadLetter
	if !storable(webhook) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var d DeadLetter
		var at int64
		if err := row.Scan(&d.Seq, &at, &d.Error); err != nil {
			return err
		}
		d.At = fromMicro(at)
		all = append(all, d)
		return nil
	}, `select seq, at, error from dead_letters where webhook = $1 order by seq limit 1000`, webhook)
	if err != nil {
		return nil, fmt.Errorf("store: listing dead letters: %w", err)
	}
	return all, nil
}

// DropDeadLetter forgets one, after it was delivered.
func (s *Store) DropDeadLetter(ctx context.Context, webhook string, seq int64) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `delete from dead_letters where webhook = $1 and seq = $2`, webhook, seq)
		return err
	})
}

// RewindConsumer moves a consumer back, or forward, to after an event; after 0
// means to the oldest that is kept, and after another that is not kept any more
// is a [Pruned]. Whoever works for it notices, and begins anew from there. An
// unknown one is ErrNotFound.
func (s *Store) RewindConsumer(ctx context.Context, name string, after int64) error {
	if !storable(name) || after < 0 {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var pruned int64
		err := t.row(ctx, `select v from meta where k = 'pruned'`).Scan(&pruned)
		switch {
		case err != nil:
			return fmt.Errorf("store: moving consumer: %w", err)
		case after > 0 && after < pruned:
			return gone(pruned)
		}
		n, err := t.exec(ctx, `update consumers set seq = $1, owner = '', until = 0 where name = $2`, after, name)
		return ended(n, err, "consumer")
	})
}
