package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Rules compute the terms of resources, for those who write without them and
// for those that were stored under other rules. They must be pure.
type Rules struct {
	// Version tells rules apart; any number but 0. It must change whenever
	// one of the functions would return something else.
	Version  int64
	User     func(directory.User) []directory.Term
	Resource func(directory.Resource) []directory.Term
}

// TimeValue writes t as terms and Compare have it, so that text sorts as times.
func TimeValue(t time.Time) string { return t.UTC().Format(timeValue) }

const timeValue = "2006-01-02T15:04:05.000000Z"

// reindexAtOnce is how many resources one transaction of Reindex indexes. It
// takes some 20 ms.
const reindexAtOnce = 50

// ErrIndexing: the index does not cover everything yet, and the Search has no
// Match to do without it.
var ErrIndexing = errors.New("store: the index is being built")

// Use sets the rules for terms. Call it once, before anything else. A Store
// without rules stores no terms and searches without them.
func (s *Store) Use(r Rules) {
	if r.Version != 0 {
		r.Version = max(1, (r.Version^indexVersion<<40)&math.MaxInt64)
	}
	s.rules = r
}

// indexVersion tells apart what this package makes of terms: when that changes,
// everything is indexed anew.
const indexVersion = 1

// userTerms fills in the terms of a person who comes without, and returns the
// version of the rules they follow.
func (s *Store) userTerms(u *directory.User) int64 {
	if u.Terms == nil && s.rules.User != nil {
		u.Terms = s.rules.User(*u)
	}
	return s.rules.Version
}

func (s *Store) resourceTerms(r *directory.Resource) int64 {
	if r.Terms == nil && s.rules.Resource != nil {
		r.Terms = s.rules.Resource(*r)
	}
	return s.rules.Version
}

// covered reports whether the index covers everything. Once it does, it is not
// asked again until Reindex finds something, since only servers with other
// rules could change that.
func (s *Store) covered(ctx context.Context) (bool, error) {
	if s.rules.Version == 0 {
		return false, nil
	}
	if s.ready.Load() {
		return true, nil
	}
	for _, query := range stale {
		var there int
		switch err := s.read.row(ctx, query, s.rules.Version).Scan(&there); {
		case err == nil:
			return false, nil
		case !errors.Is(err, ErrNotFound):
			return false, fmt.Errorf("store: looking at the index: %w", err)
		}
	}
	s.ready.Store(true)
	return true, nil
}

// stale find a row under other rules. There is one for each end of the index,
// since no index finds what differs.
var stale = []string{
	`select 1 from users where rules < $1 limit 1`,
	`select 1 from users where rules > $1 limit 1`,
	`select 1 from resources where rules < $1 limit 1`,
	`select 1 from resources where rules > $1 limit 1`,
}

// Reindex computes the terms of all resources that were stored under other
// rules, in short transactions, and returns how many there were. While there
// are some, every Search is decided by its Match. Run it at the start, and now
// and then: another server may have other rules.
func (s *Store) Reindex(ctx context.Context) (int, error) {
	if s.rules.Version == 0 {
		return 0, nil
	}
	total := 0
	for _, table := range []struct {
		name string
		step func(context.Context, *tx, string) (int, error)
	}{
		{"users", s.reindexUsers},
		{"resources", s.reindexResources},
	} {
		for _, op := range []string{"<", ">"} {
			for n := reindexAtOnce; n == reindexAtOnce; {
				found, err := s.anyStale(ctx, table.name, op)
				if err != nil {
					return total, fmt.Errorf("store: looking for what is not indexed: %w", err)
				}
				if !found {
					break
				}
				s.ready.Store(false)
				if err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
					n, err = table.step(ctx, t, op)
					return err
				}); err != nil {
					return total, fmt.Errorf("store: indexing %s: %w", table.name, err)
				}
				total += n
			}
		}
	}
	return total, nil
}

func (s *Store) anyStale(ctx context.Context, table, op string) (bool, error) {
	var there int
	err := s.read.row(ctx, `select 1 from `+table+` where rules `+op+` $1 limit 1`, s.rules.Version).Scan(&there)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) reindexUsers(ctx context.Context, t *tx, op string) (int, error) {
	type one struct {
		pk    int64
		terms string
		u     directory.User
	}
	var all []one
	if err := t.settle(ctx); err != nil {
		return 0, err
	}
	if err := t.each(ctx, func(row scanner) error {
		var o one
		var r userRow
		if err := row.Scan(append(r.dest(), &o.pk, &o.terms)...); err != nil {
			return err
		}
		o.u = r.user()
		all = append(all, o)
		return nil
	}, `select `+userColumns+`, u.pk, `+termsOf(userTerms)+` from users u where u.rules `+op+` $1 order by u.rules, u.pk limit $2`,
		s.rules.Version, reindexAtOnce); err != nil {
		return 0, err
	}
	for _, o := range all {
		had, err := hadTerms(o.terms)
		if err != nil {
			return 0, err
		}
		if o.u.State != directory.Archived {
			s.userTerms(&o.u)
		}
		if err := t.reindexed(ctx, "users", userTerms, o.u.Directory, userType, o.pk, s.rules.Version, had, o.u.Terms); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

func (s *Store) reindexResources(ctx context.Context, t *tx, op string) (int, error) {
	type one struct {
		resourceRow
		terms string
	}
	var all []one
	if err := t.settle(ctx); err != nil {
		return 0, err
	}
	if err := t.each(ctx, func(row scanner) error {
		var o one
		err := row.Scan(append(o.dest(), &o.terms)...)
		all = append(all, o)
		return err
	}, `select `+resourceColumns+`, `+termsOf(resourceTerms)+` from resources u where u.rules `+op+` $1 order by u.rules, u.pk limit $2`,
		s.rules.Version, reindexAtOnce); err != nil {
		return 0, err
	}
	for _, row := range all {
		had, err := hadTerms(row.terms)
		if err != nil {
			return 0, err
		}
		r := row.resource()
		if !strings.HasPrefix(r.Type, hidden) {
			s.resourceTerms(&r)
		}
		if err := t.reindexed(ctx, "resources", resourceTerms, r.Directory, r.Type, row.pk, s.rules.Version, had, r.Terms); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// reindexed stores terms that follow new rules. What was unique under the old
// ones may not be under the new; then both stay, and the next to be written
// must change.
func (t *tx) reindexed(ctx context.Context, rows string, table termTable, dir, kind string, pk, version int64,
	had []termKey, terms []directory.Term,
) error {
	want, _, err := t.keys(ctx, dir, kind, terms)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, `update `+rows+` set rules = $1 where pk = $2`, version, pk); err != nil {
		return err
	}
	return t.change(ctx, table, dir, kind, pk, had, want, nil)
}
