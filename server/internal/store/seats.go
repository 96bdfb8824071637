package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// arrival is when somebody came, or last came back, and their place among those
// who came in the same microsecond.
type arrival struct{ at, pk int64 }

// lastSeat returns who has the last of so many seats in a directory. ErrNotFound
// means that there is a seat for everybody.
func (s *Store) lastSeat(ctx context.Context, dir string, seats int) (a arrival, err error) {
	err = s.read.row(ctx, `select coalesce(arrived, created), pk from users where directory = $1 and state = 'active'
		and coalesce(arrived, created) >= 0 order by coalesce(arrived, created), pk limit 1 offset $2`, dir, seats-1).Scan(&a.at, &a.pk)
	return a, err
}

// Seated returns those of some people of a directory who have one of so many
// seats: the active people who came first, or last came back first. So whoever
// has a seat keeps it, and one that becomes free is the next one's in the order
// of arrival (row A9). 0 seats means that there is one for everybody.
func (s *Store) Seated(ctx context.Context, dir string, seats int, people ...string) (map[string]bool, error) {
	seated := make(map[string]bool, len(people))
	if !storable(append(people, dir)...) {
		return seated, nil
	}
	limited := seats > 0
	var last arrival
	if limited {
		var err error
		last, err = s.lastSeat(ctx, dir, seats)
		if limited = err == nil; err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("store: looking for the last seat: %w", err)
		}
	}
	for _, id := range people {
		var a arrival
		err := s.read.row(ctx, `select coalesce(arrived, created), pk from users where directory = $1 and id = $2 and state = 'active'`,
			dir, id).Scan(&a.at, &a.pk)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, fmt.Errorf("store: looking for a seat: %w", err)
		default:
			seated[id] = !limited || a.at < last.at || a.at == last.at && a.pk <= last.pk
		}
	}
	return seated, nil
}

// Waiting returns the active people of a directory who have none of so many
// seats, at most limit, in the order in which they will get one.
func (s *Store) Waiting(ctx context.Context, dir string, seats, limit int) (all []directory.User, err error) {
	if seats <= 0 || !storable(dir) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		u, err := scanUser(row)
		all = append(all, u)
		return err
	}, `select `+userColumns+` from users u where u.directory = $1 and u.state = 'active'
		and coalesce(u.arrived, u.created) >= 0 order by coalesce(u.arrived, u.created), u.pk limit $2 offset $3`, dir, limit, seats)
	if err != nil {
		return nil, fmt.Errorf("store: listing who waits for a seat: %w", err)
	}
	return all, nil
}

// newest is when the last one came of the directory $1.
const newest = `(select coalesce(o.arrived, o.created) from users o where o.directory = $1 and o.state = 'active'
	and coalesce(o.arrived, o.created) >= 0 order by coalesce(o.arrived, o.created) desc, o.pk desc limit 1)`

// arrives puts somebody who is back behind all others, whatever the clocks of
// the servers say.
func (t *tx) arrives(ctx context.Context, dir string, pk, at int64) error {
	if err := t.later(ctx, `update users set arrived = case when `+newest+` >= cast($2 as bigint) then `+newest+` + 1
		else cast($2 as bigint) end where pk = $3`, dir, at, pk); err != nil {
		return fmt.Errorf("store: noting an arrival: %w", err)
	}
	return nil
}
