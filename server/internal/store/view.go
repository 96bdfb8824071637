package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// view is what a search has to know of the resources of a type.
type view struct {
	table   string
	kind    string
	terms   termTable
	columns map[string]string
	changed string // the table that modified is ordered by, "" where that is table
	// here writes the condition that a row t is one of them.
	here func(q *sqlText, dir string)
	// count is how many there are.
	count func(ctx context.Context, dir string) (int, error)
}

// shelf is a view with the way its rows are read.
type shelf[T any] struct {
	view
	read string                   // the columns of alias u
	scan func() ([]any, func() T) // where a row is read into, and what is made of it
}

func (s *Store) userShelf() *shelf[directory.User] {
	return &shelf[directory.User]{
		view: view{
			table: "users", kind: userType, terms: userTerms, columns: columnsOf[true], changed: usersChanged,
			here: func(q *sqlText, dir string) {
				q.put("t.directory = ", bind{dir}, " and t.state <> 'archived'")
			},
			count: func(ctx context.Context, dir string) (int, error) {
				c, err := s.CountUsers(ctx, dir)
				return c.Active + c.Suspended, err
			},
		},
		read: userColumns,
		scan: func() ([]any, func() directory.User) {
			var r userRow
			return r.dest(), r.user
		},
	}
}

func (s *Store) resourceShelf(kind string) *shelf[directory.Resource] {
	return &shelf[directory.Resource]{
		view: view{
			table: "resources", kind: kind, terms: resourceTerms, columns: columnsOf[false],
			here: func(q *sqlText, dir string) {
				q.put("t.directory = ", bind{dir}, " and t.type = ", bind{kind})
			},
			count: func(ctx context.Context, dir string) (n int, err error) {
				err = s.read.row(ctx, `select n from resource_counts where directory = $1 and type = $2`, dir, kind).Scan(&n)
				return n, err
			},
		},
		read: resourceColumns,
		scan: func() ([]any, func() directory.Resource) {
			var r resourceRow
			return r.dest(), r.resource
		},
	}
}

// number returns the number of a path, 0 where no resource has it.
func (s *Store) number(ctx context.Context, k pathKey) (int64, error) {
	if id, known := s.paths.Load(k); known {
		return id.(int64), nil
	}
	if !storable(k.path) {
		return 0, nil
	}
	var id int64
	err := s.read.row(ctx, `select id from paths where directory = $1 and type = $2 and path = $3`,
		k.directory, k.kind, k.path).Scan(&id)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, nil // one may come
	case err != nil:
		return 0, fmt.Errorf("store: looking for path %q: %w", k.path, err)
	}
	s.paths.Store(k, id)
	return id, nil
}
