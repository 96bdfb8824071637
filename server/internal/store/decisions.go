package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// DomainDecisions returns what was decided about the people of a workspace who
// are outside its domains, by their ids. Some may be of people who are inside, or
// gone, by now.
func (s *Store) DomainDecisions(ctx context.Context, workspace string) (map[string]directory.DomainDecision, error) {
	all := map[string]directory.DomainDecision{}
	if !storable(workspace) {
		return all, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		d, err := scanDecision(row)
		all[d.Person] = d
		return err
	}, `select `+decisionColumns+` from domain_decisions where workspace = $1`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: reading decisions: %w", err)
	}
	return all, nil
}

// decisionColumns must be in the order of scanDecision.
const decisionColumns = `person, kind, owner, reason, coalesce(until, 0), who, at`

func scanDecision(row scanner) (d directory.DomainDecision, err error) {
	var until, at int64
	err = row.Scan(&d.Person, (*string)(&d.Kind), &d.Owner, &d.Reason, &until, &d.By, &at)
	d.Until, d.At = timeOrZero(until), timeOrZero(at)
	return d, err
}

// Exemption returns a person's exemption from the domains of a workspace, which
// may be over; the zero one where there is none. It is asked at each sign-in.
func (s *Store) Exemption(ctx context.Context, workspace, person string) (directory.Exemption, error) {
	if !storable(workspace, person) {
		return directory.Exemption{}, nil
	}
	d, err := scanDecision(s.read.row(ctx, `select `+decisionColumns+` from domain_decisions where workspace = $1 and person = $2`, workspace, person))
	switch {
	case errors.Is(err, ErrNotFound), err == nil && d.Kind != directory.DecideExempt:
		return directory.Exemption{}, nil
	case err != nil:
		return directory.Exemption{}, fmt.Errorf("store: reading an exemption: %w", err)
	}
	return d.Exemption, nil
}

// decidedAtOnce is how many decisions one transaction stores at most.
const decidedAtOnce = 20_000

// DecideDomains stores decisions about people of a workspace, all or none. The
// empty kind takes a decision back. An unknown workspace is ErrNotFound, and so
// is somebody who is not in its directory.
func (s *Store) DecideDomains(ctx context.Context, workspace string, decisions []directory.DomainDecision) error {
	if len(decisions) > decidedAtOnce {
		return fmt.Errorf("%w: %d decisions at once", ErrInvalid, len(decisions))
	}
	for _, d := range decisions {
		if !storable(workspace, d.Person, string(d.Kind), d.Owner, d.Reason, d.By) {
			return ErrInvalid
		}
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var dir string
		if err := t.row(ctx, `select directory from workspaces where id = $1`, workspace).Scan(&dir); err != nil {
			return err
		}
		for _, d := range decisions {
			if err := t.decide(ctx, workspace, dir, d); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) decide(ctx context.Context, workspace, dir string, d directory.DomainDecision) error {
	if d.Kind == "" {
		if _, err := t.exec(ctx, `delete from domain_decisions where workspace = $1 and person = $2`, workspace, d.Person); err != nil {
			return fmt.Errorf("store: taking a decision back: %w", err)
		}
		return nil
	}
	// Somebody of another directory is nobody.
	n, err := t.exec(ctx, `insert into domain_decisions (workspace, person, kind, owner, reason, until, who, at)
		select $1, u.id, $2, $3, $4, $5, $6, $7 from users u where u.directory = $8 and u.id = $9 and u.state <> 'archived'
		on conflict (workspace, person) do update set kind = excluded.kind, owner = excluded.owner, reason = excluded.reason,
		until = excluded.until, who = excluded.who, at = excluded.at`,
		workspace, string(d.Kind), d.Owner, d.Reason, orNull(d.Until), d.By, micro(d.At), dir, d.Person)
	switch {
	case err != nil:
		return fmt.Errorf("store: storing a decision: %w", err)
	case n == 0:
		return ErrNotFound
	}
	return nil
}

// Known is what tells whether somebody has an address of their organisation.
type Known struct {
	ID, UserName string
	State        directory.State
	Version      int64
	// Doc is the SCIM resource. It is good until the next is read.
	Doc []byte
}

// EachKnown calls f with each person of a directory who is not archived and who
// was changed at a time or later; the zero time is everybody.
func (s *Store) EachKnown(ctx context.Context, dir string, since time.Time, f func(Known) error) error {
	if !storable(dir) {
		return nil
	}
	after := int64(-1 << 63)
	if !since.IsZero() {
		after = since.UnixMicro()
	}
	err := s.read.each(ctx, func(row scanner) error {
		var k Known
		var doc string
		if err := row.Scan(&k.ID, &k.UserName, (*string)(&k.State), &k.Version, &doc); err != nil {
			return err
		}
		k.Doc = []byte(doc)
		return f(k)
	}, `select u.id, u.user_name, u.state, u.version, u.doc from users_changed c join users u on u.pk = c.pk
		where c.directory = $1 and c.modified >= $2`, dir, after)
	if err != nil {
		return fmt.Errorf("store: reading people: %w", err)
	}
	return nil
}
