package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// insertLarge makes a group with many members: nobody sees it until it has them
// all.
func (s *Store) insertLarge(ctx context.Context, ws *directory.Workspace, r directory.Resource, members []directory.Member, rules int64, events []directory.Event) error {
	who, err := s.known(ctx, r.Directory, members)
	if err != nil {
		return err
	}
	var pk int64
	if err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		pk, err = t.insertResource(ctx, r, hidden+r.Type, rules)
		return err
	}); err != nil {
		return err
	}
	err = s.fillLarge(ctx, ws, pk, r, sortedKeys(who), events)
	if err != nil {
		// Nobody saw it. Should this fail as well, Sweep does it.
		err = errors.Join(err, s.empty(context.WithoutCancel(ctx), pk))
	}
	return err
}

func (s *Store) fillLarge(ctx context.Context, ws *directory.Workspace, pk int64, r directory.Resource, who []int64, events []directory.Event) error {
	for chunk := range slices.Chunk(who, membersAtOnce) {
		if err := s.write(ctx, func(ctx context.Context, t *tx) error {
			there, err := t.existing(ctx, chunk)
			if err != nil {
				return err
			}
			added, err := t.addMembers(ctx, pk, sortedKeys(there))
			if err != nil {
				return err
			}
			_, err = t.exec(ctx, `update resources set members = members + $1 where pk = $2`, len(added), pk)
			return err
		}); err != nil {
			return err
		}
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `update resources set type = $1, version = 1, modified = $2 where pk = $3`,
			r.Type, micro(r.Modified), pk); err != nil {
			return fmt.Errorf("store: inserting %s: %w", r.Type, err)
		}
		t.created(r, events)
		if ws != nil && ws.RanksGroup(r) {
			if err := t.unrankMembers(ctx, resourceRow{pk: pk, r: directory.Resource{Directory: r.Directory, ID: r.ID, Members: len(who)}}); err != nil {
				return err
			}
		}
		return t.index(ctx, resourceTerms, r.Directory, r.Type, pk, nil, r.Terms)
	})
}

// known returns the codes of members, who must all exist. It reads outside the
// writer.
func (s *Store) known(ctx context.Context, dir string, members []directory.Member) (map[int64]string, error) {
	if !storableMembers(members) {
		return nil, ErrInvalid
	}
	found, err := codes(ctx, s.read, dir, members)
	if err != nil {
		return nil, err
	}
	who := make(map[int64]string, len(members))
	for _, m := range members {
		code, is := found[m.ID]
		if !is {
			return nil, UnknownMember{m.ID}
		}
		who[code] = m.ID
	}
	return who, nil
}

// existing returns the ids of those codes that still are somebody's: people may
// have been archived, and groups deleted, since they were looked up.
func (t *tx) existing(ctx context.Context, who []int64) (map[int64]string, error) {
	there := make(map[int64]string, len(who))
	var people, groups []int64
	for _, code := range who {
		if code%2 == 0 {
			people = append(people, code/2)
		} else {
			groups = append(groups, code/2)
		}
	}
	look := func(pks []int64, before string, code func(int64) int64) error {
		for chunk := range slices.Chunk(pks, idsAtOnce) {
			text, args := listed(before, "#", ")", chunk)
			if err := t.each(ctx, func(row scanner) error {
				var id string
				var pk int64
				err := row.Scan(&id, &pk)
				there[code(pk)] = id
				return err
			}, text, args...); err != nil {
				return fmt.Errorf("store: looking for members: %w", err)
			}
		}
		return nil
	}
	return there, errors.Join(
		look(people, `select id, pk from users where state <> 'archived' and pk in (`, userCode),
		look(groups, `select id, pk from resources where type = 'Group' and pk in (`, groupCode))
}

// changeLarge is ChangeResource for many members. What is to be moved is worked
// out by reading; each step then does a part of it, and whatever others do
// between two steps comes after this change.
func (s *Store) changeLarge(ctx context.Context, dir, kind, id string, now time.Time, c ResourceChange,
	change func(before directory.Resource) (ResourceChange, error),
) (after directory.Resource, changed bool, err error) {
	r, err := s.resource(ctx, dir, kind, id)
	if err != nil {
		return after, false, err
	}
	drop, add, err := s.difference(ctx, r, c)
	if err != nil {
		return after, false, err
	}
	// The attributes go first: should change refuse now, nothing happened.
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		before, had, err := t.resource(ctx, readResource(dir, kind, id))
		if err != nil {
			return err
		}
		again, err := change(before.resource())
		if err != nil {
			return err
		}
		if after, changed, err = s.rewrite(ctx, t, before, had, again, now, false, 0); err != nil {
			return err
		}
		return t.rankMoved(ctx, again.Rank, before, after, nil, now)
	})
	if err != nil {
		return after, false, err
	}
	for len(drop)+len(add) > 0 {
		gone := drop[:min(len(drop), membersAtOnce/2)]
		come := add[:min(len(add), membersAtOnce-len(gone))]
		var moved bool
		if after, moved, err = s.moveSome(ctx, c.Rank, dir, kind, id, gone, come, now); err != nil {
			return after, changed, fmt.Errorf("store: changing many members: %w", err)
		}
		changed = changed || moved
		drop, add = drop[len(gone):], add[len(come):]
	}
	return after, changed, nil
}

// moveSome is one step of changeLarge.
func (s *Store) moveSome(ctx context.Context, ws *directory.Workspace, dir, kind, id string, drop, add []int64, now time.Time) (after directory.Resource, moved bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		before, had, err := t.resource(ctx, readResource(dir, kind, id))
		if err != nil {
			return err
		}
		gone, err := t.existing(ctx, drop)
		if err != nil {
			return err
		}
		come, err := t.existing(ctx, add)
		if err != nil {
			return err
		}
		n := len(t.events)
		some, by, err := t.move(ctx, before, drop, gone, sortedKeys(come), come, now)
		if err != nil {
			return err
		}
		moves := t.events[n:len(t.events):len(t.events)]
		same := ResourceChange{After: before.resource()}
		if after, moved, err = s.rewrite(ctx, t, before, had, same, now, some, by); err != nil {
			return err
		}
		return t.rankMoved(ctx, ws, before, after, moves, now)
	})
	return after, moved, err
}

// difference works out whom a change removes and adds.
func (s *Store) difference(ctx context.Context, r resourceRow, c ResourceChange) (drop, add []int64, err error) {
	if !storableMembers(c.Remove) {
		return nil, nil, ErrInvalid
	}
	want, err := s.known(ctx, r.r.Directory, append(slices.Clip(c.Members), c.Add...))
	if err != nil {
		return nil, nil, err
	}
	leaving, err := codes(ctx, s.read, r.r.Directory, c.Remove)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range c.Add { // they are added last
		delete(leaving, m.ID)
	}
	out := make(map[int64]bool, len(leaving))
	for _, code := range leaving {
		out[code] = true
		delete(want, code)
	}
	for after := int64(-1); ; {
		n := 0
		if err := s.read.each(ctx, func(row scanner) error {
			if err := row.Scan(&after); err != nil {
				return err
			}
			n++
			_, wanted := want[after]
			if out[after] || c.Replace && !wanted {
				drop = append(drop, after)
			}
			delete(want, after) // no need to add
			return nil
		}, `select member from members where grp = $1 and member > $2 order by member limit $3`, r.pk, after, membersRead); err != nil {
			return nil, nil, fmt.Errorf("store: reading members: %w", err)
		}
		if n < membersRead {
			return drop, sortedKeys(want), nil
		}
	}
}

// membersRead is how many members one query reads.
const membersRead = 5000
