package store

import (
	"context"
	"errors"
	"fmt"
)

// unrankMembers notes that the roles of a group's members have to be looked at,
// because the group has begun or ceased to give one. Of many members that is
// noted on the group, which takes no longer for more of them: whoever comes in
// is asked for meanwhile (see lags), and Rerank looks for them.
func (t *tx) unrankMembers(ctx context.Context, g resourceRow) error {
	if err := t.settle(ctx); err != nil {
		return err
	}
	if g.r.Members <= membersAtOnce {
		return t.unrank(ctx, unrankAll, []any{g.pk})
	}
	t.forget(g.r.Directory, g.r.ID)
	if _, err := t.exec(ctx, `update resources set unranked = 0 where pk = $1`, g.pk); err != nil {
		return fmt.Errorf("store: noting that roles of a group are due: %w", err)
	}
	return nil
}

// unrankAll notes it on the members of a group, unrankNext on those with a range
// of codes.
const (
	unrankAll = `update users set ranked = -1 where ranked > 0 and pk in
		(select m.member / 2 from members m where m.grp = $1 and m.member % 2 = 0) returning pk`
	unrankNext = `update users set ranked = -1 where ranked > 0 and pk in
		(select m.member / 2 from members m where m.grp = $1 and m.member > $2 and m.member <= $3 and m.member % 2 = 0)
		returning pk`
)

// unrank runs one of the texts that note that people's roles are due. What was
// read of those people before is old then.
func (t *tx) unrank(ctx context.Context, text string, args []any) error {
	err := t.each(ctx, func(row scanner) error {
		var pk int64
		err := row.Scan(&pk)
		t.saved[pk] = true
		return err
	}, text, args...)
	if err != nil {
		return fmt.Errorf("store: noting who needs a role: %w", err)
	}
	return nil
}

// unrankGroups takes what was noted on groups of a directory to their members.
func (s *Store) unrankGroups(ctx context.Context, dir string) error {
	for {
		var pk int64
		err := s.read.row(ctx, `select pk from resources where directory = $1 and unranked is not null order by pk limit 1`, dir).Scan(&pk)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("store: looking for groups whose roles are due: %w", err)
		}
		if err := s.unrankGroup(ctx, pk); err != nil {
			return err
		}
	}
}

// unrankGroup does it for one group, in short transactions.
func (s *Store) unrankGroup(ctx context.Context, pk int64) error {
	for more := true; more; {
		err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			more, err = t.unrankSome(ctx, pk)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unrankSome does it for the next members of a group. Rows of the group that
// were read before stay good: a mark too many costs a look at somebody's role.
func (t *tx) unrankSome(ctx context.Context, pk int64) (more bool, err error) {
	var after, last int64
	err = t.row(ctx, `select coalesce(unranked, -1) from resources where pk = $1`, pk).Scan(&after)
	if errors.Is(err, ErrNotFound) || err == nil && after < 0 {
		return false, nil
	}
	if err == nil {
		err = t.row(ctx, `select coalesce(max(member), -1) from (select member from members
			where grp = $1 and member > $2 order by member limit $3) s`, pk, after, membersAtOnce).Scan(&last)
	}
	if err != nil {
		return false, fmt.Errorf("store: looking for members whose roles are due: %w", err)
	}
	if last < 0 {
		_, err := t.exec(ctx, `update resources set unranked = null where pk = $1`, pk)
		return false, err
	}
	if err := t.unrank(ctx, unrankNext, []any{pk, after, last}); err != nil {
		return false, err
	}
	_, err = t.exec(ctx, `update resources set unranked = $1 where pk = $2`, last, pk)
	return true, err
}
