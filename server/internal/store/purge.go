package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// purgeAtOnce is how many people one transaction of Purge erases.
const purgeAtOnce = 100

// Purge erases the people of a directory who were archived before a time, and
// returns how many there were. It works in short transactions. Whoever is
// archived has no session, no group and no entry in the index; the events that
// name them by their ids stay.
func (s *Store) Purge(ctx context.Context, dir string, before time.Time) (int, error) {
	if !storable(dir) {
		return 0, nil
	}
	for total := 0; ; {
		gone := 0
		err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			gone, err = t.purge(ctx, dir, before)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("store: erasing people: %w", err)
		}
		if total += gone; gone < purgeAtOnce {
			return total, nil
		}
	}
}

func (t *tx) purge(ctx context.Context, dir string, before time.Time) (int, error) {
	var ids []string
	err := t.each(ctx, func(row scanner) error {
		var pk int64
		var id string
		err := row.Scan(&pk, &id)
		ids = append(ids, id)
		t.saved[pk] = true // who is being brought back at this moment is not
		return err
	}, `select pk, id from users where directory = $1 and state = 'archived' and modified < $2 order by pk limit $3`, dir, micro(before), purgeAtOnce)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if _, err := t.exec(ctx, `delete from sessions where user_id = $1`, id); err != nil {
			return 0, err
		}
		if _, err := t.exec(ctx, `delete from passwords where user_id = $1`, id); err != nil {
			return 0, err
		}
		if _, err := t.exec(ctx, `delete from domain_decisions where person = $1`, id); err != nil {
			return 0, err
		}
		if _, err := t.exec(ctx, `delete from refused where directory = $1 and user_id = $2`, dir, id); err != nil {
			return 0, err
		}
		if _, err := t.exec(ctx, `delete from users where id = $1`, id); err != nil {
			return 0, err
		}
	}
	t.count(dir, directory.Archived, -len(ids))
	return len(ids), nil
}
