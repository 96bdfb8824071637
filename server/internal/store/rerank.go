package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// rankPage is how many people are looked at between two notes of how far it
// went.
const rankPage = 1000

// rerank notes that everybody in a directory has to be looked at.
//
// What is below 0 means from the beginning, and each time it is another number,
// so that whoever works under the rules of before finds out.
func (t *tx) rerank(ctx context.Context, dir string, now time.Time) error {
	if _, err := t.exec(ctx, `insert into reranks (directory, after) values ($1, $2)
		on conflict (directory) do update set after = excluded.after`, dir, -micro(now)); err != nil {
		return fmt.Errorf("store: noting that rules changed: %w", err)
	}
	return nil
}

// Unranked returns the directories where somebody's role has to be looked at.
func (s *Store) Unranked(ctx context.Context) (all []string, err error) {
	err = s.read.each(ctx, func(row scanner) error {
		var dir string
		err := row.Scan(&dir)
		all = append(all, dir)
		return err
	}, `select d.id from directories d where exists (select 1 from reranks r where r.directory = d.id)
		or exists (select 1 from users u where u.directory = d.id and u.ranked <= 0)
		or exists (select 1 from resources r where r.directory = d.id and r.unranked is not null) order by d.id`)
	if err != nil {
		return nil, fmt.Errorf("store: looking for roles that are due: %w", err)
	}
	return all, nil
}

// Rerank gives everybody in a directory whose role is due the one that follows
// from the rules, with an event for each that changes, in short transactions.
// It returns how many people it looked at. Where it is interrupted, the next
// call goes on; several at once do no harm.
func (s *Store) Rerank(ctx context.Context, dir string, now time.Time) (int, error) {
	ws, err := s.ranking(ctx, dir)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := s.unrankGroups(ctx, dir); err != nil {
		return 0, err
	}
	total := 0
	for {
		due, _, err := s.due(ctx, `select u.pk, u.id, u.ranked from users u where u.directory = $1 and u.ranked <= 0
			order by u.pk limit `+fmt.Sprint(rankAtOnce), ws, dir)
		if err != nil || len(due) == 0 {
			if err != nil {
				return total, err
			}
			break
		}
		if err := s.rankSome(ctx, ws, dir, due, now); err != nil {
			return total, err
		}
		total += len(due)
	}
	n, err := s.rerankAll(ctx, ws, dir, now)
	return total + n, err
}

// ranking returns the workspace whose rules give the people of a directory the
// roles that are stored: of several, the first that has rules.
func (s *Store) ranking(ctx context.Context, dir string) (ws directory.Workspace, err error) {
	found := false
	err = s.read.each(ctx, func(row scanner) error {
		w, err := scanWorkspace(row)
		if err == nil && (!found || len(ws.RoleRules) == 0) {
			ws, found = w, true
		}
		return err
	}, `select `+workspaceColumns+` from workspaces w where w.directory = $1 order by w.id`, dir)
	if err == nil && !found {
		err = ErrNotFound
	}
	return ws, err
}

// due returns the ids of those people of a query whose role was worked out under
// other rules than ws's, and the key of the last one that the query found.
func (s *Store) due(ctx context.Context, query string, ws directory.Workspace, args ...any) (ids []string, last int64, err error) {
	by := ws.RankedBy()
	err = s.read.each(ctx, func(row scanner) error {
		var id string
		var ranked int64
		err := row.Scan(&last, &id, &ranked)
		if ranked != by {
			ids = append(ids, id)
		}
		return err
	}, query, args...)
	if err != nil {
		err = fmt.Errorf("store: looking for roles that are due: %w", err)
	}
	return ids, last, err
}

func (s *Store) rankSome(ctx context.Context, ws directory.Workspace, dir string, people []string, now time.Time) error {
	for chunk := range slices.Chunk(people, rankAtOnce) {
		if err := s.write(ctx, func(ctx context.Context, t *tx) error {
			return t.rankPeople(ctx, ws, dir, chunk, now)
		}); err != nil {
			return err
		}
	}
	return nil
}

// rerankAll goes through a directory whose rules changed, from where it was left.
func (s *Store) rerankAll(ctx context.Context, ws directory.Workspace, dir string, now time.Time) (total int, err error) {
	for {
		var after int64
		err := s.read.row(ctx, `select after from reranks where directory = $1`, dir).Scan(&after)
		if errors.Is(err, ErrNotFound) {
			return total, nil
		}
		if err != nil {
			return total, fmt.Errorf("store: looking how far roles were given: %w", err)
		}
		if after < 0 { // the rules may have changed since they were read
			if ws, err = s.ranking(ctx, dir); err != nil {
				return total, err
			}
		}
		due, last, err := s.due(ctx, `select u.pk, u.id, u.ranked from users u where u.directory = $1 and u.pk > $2
			order by u.pk limit `+fmt.Sprint(rankPage), ws, dir, after)
		if err != nil {
			return total, err
		}
		if err := s.rankSome(ctx, ws, dir, due, now); err != nil {
			return total, err
		}
		total += len(due)
		// Whoever changed the rules meanwhile has set another number.
		step, args := `update reranks set after = $1 where directory = $2 and after = $3`, []any{last, dir, after}
		if last == 0 {
			step, args = `delete from reranks where directory = $1 and after = $2`, []any{dir, after}
		}
		if err := s.write(ctx, func(ctx context.Context, t *tx) error {
			_, err := t.exec(ctx, step, args...)
			return err
		}); err != nil {
			return total, fmt.Errorf("store: noting how far roles were given: %w", err)
		}
	}
}
