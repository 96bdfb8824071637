package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// maxPage bounds the page of FindUsers.
const maxPage = 1000

// User returns a person by id, archived or not, or ErrNotFound.
func (s *Store) User(ctx context.Context, dir, id string) (directory.User, error) {
	return s.user(ctx, `u.id = $2`, dir, id)
}

// UserByUserName returns who has a user name, without case, or ErrNotFound.
// Whoever is archived has none.
func (s *Store) UserByUserName(ctx context.Context, dir, userName string) (directory.User, error) {
	return s.user(ctx, `u.user_name_key = $2 and u.state <> 'archived'`, dir, directory.Fold(userName))
}

// UserByExternalID returns who has an externalId, exactly, or ErrNotFound.
// Whoever is archived has none.
func (s *Store) UserByExternalID(ctx context.Context, dir, externalID string) (directory.User, error) {
	return s.user(ctx, `u.external_id = $2 and u.state <> 'archived'`, dir, externalID)
}

// UserByObjectID returns who an Entra object id stands for: the person with
// that externalId, else the one it was linked to, else ErrNotFound.
//
// It is the one look-up that knows the archived: if the only one of that id is
// archived, it returns the latest of them, so that directory.Admit refuses a
// person who was removed instead of taking them for a new one.
func (s *Store) UserByObjectID(ctx context.Context, dir, objectID string) (directory.User, error) {
	for _, where := range []string{
		`u.external_id = $2 and u.state <> 'archived'`,
		`u.object_id = $2 and u.state <> 'archived'`,
		`u.external_id = $2 and u.state = 'archived' order by u.pk desc limit 1`,
		`u.object_id = $2 and u.state = 'archived' order by u.pk desc limit 1`,
	} {
		if u, err := s.user(ctx, where, dir, objectID); !errors.Is(err, ErrNotFound) {
			return u, err
		}
	}
	return directory.User{}, ErrNotFound
}

func (s *Store) user(ctx context.Context, where, dir, value string) (directory.User, error) {
	if value == "" || !storable(dir, value) {
		return directory.User{}, ErrNotFound
	}
	return scanUser(s.read.row(ctx, `select `+userColumns+` from users u where u.directory = $1 and `+where, dir, value))
}

// Query asks for people of a directory. Its conditions must all hold; the zero
// Query means everybody who is not archived.
type Query struct {
	// UserName is compared without case, ExternalID and ID exactly.
	UserName, ExternalID, ID *string
	// State, when set, is the only one wanted. Archived implies IncludeArchived.
	State           directory.State
	IncludeArchived bool
	// StartIndex counts from 1, as SCIM's does (RFC 7644, section 3.4.2.4).
	// Less means 1.
	StartIndex int
	// Count is the size of the page, at most 1,000. Zero or less asks for the
	// total alone.
	Count int
}

// FindUsers returns a page of the people who fit q, in the order in which they
// were created, and how many there are in all.
func (s *Store) FindUsers(ctx context.Context, dir string, q Query) (page []directory.User, total int, err error) {
	where, args, possible := q.where(dir)
	if !possible {
		return nil, 0, nil
	}
	if total, err = s.total(ctx, dir, q, where, args); err != nil {
		return nil, 0, err
	}
	start, count := max(q.StartIndex, 1), min(q.Count, maxPage)
	if count <= 0 || start > total {
		return nil, total, nil
	}
	text := `select ` + userColumns + ` from users u where ` + where +
		` order by u.pk limit $` + strconv.Itoa(len(args)+1) + ` offset $` + strconv.Itoa(len(args)+2)
	err = s.read.each(ctx, func(row scanner) error {
		u, err := scanUser(row)
		page = append(page, u)
		return err
	}, text, append(args, count, start-1)...)
	if err != nil {
		return nil, 0, fmt.Errorf("store: finding users: %w", err)
	}
	return page, total, nil
}

// total counts who fits q: from the directory's counters where nothing is
// asked but the state, so that a list costs the same at any size.
func (s *Store) total(ctx context.Context, dir string, q Query, where string, args []any) (int, error) {
	if q.UserName == nil && q.ExternalID == nil && q.ID == nil {
		c, err := s.CountUsers(ctx, dir)
		if errors.Is(err, ErrNotFound) {
			return 0, nil
		}
		switch {
		case err != nil || q.State == directory.Active:
			return c.Active, err
		case q.State == directory.Suspended:
			return c.Suspended, nil
		case q.State == directory.Archived:
			return c.Archived, nil
		case q.IncludeArchived:
			return c.Active + c.Suspended + c.Archived, nil
		}
		return c.Active + c.Suspended, nil
	}
	var n int
	if err := s.read.row(ctx, `select count(*) from users u where `+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: counting users: %w", err)
	}
	return n, nil
}

// where is q in SQL. The texts are few, so each is prepared once.
func (q Query) where(dir string) (text string, args []any, possible bool) {
	and, args := []string{`u.directory = $1`}, []any{dir}
	add := func(column, value string) {
		args = append(args, value)
		and = append(and, column+" = $"+strconv.Itoa(len(args)))
	}
	possible = storable(dir)
	for _, c := range []struct {
		column string
		value  *string
		key    func(string) string
	}{
		{`u.user_name_key`, q.UserName, directory.Fold},
		{`u.external_id`, q.ExternalID, nil},
		{`u.id`, q.ID, nil},
	} {
		if c.value == nil {
			continue
		}
		value := *c.value
		possible = possible && storable(value)
		if c.key != nil {
			value = c.key(value)
		}
		add(c.column, value)
	}
	// States are written out, so that the partial indexes can be used.
	switch {
	case q.State == directory.Active, q.State == directory.Suspended:
		and = append(and, `u.state = '`+string(q.State)+`' and u.state <> 'archived'`)
	case q.State == directory.Archived:
		and = append(and, `u.state = 'archived'`)
	case q.State != "":
		possible = false // nobody has it
	case !q.IncludeArchived:
		and = append(and, `u.state <> 'archived'`)
	}
	return strings.Join(and, " and "), args, possible
}

// Counts is how many people of each state a directory has.
type Counts struct {
	Active    int `json:"active"`
	Suspended int `json:"suspended"`
	Archived  int `json:"archived"`
}

// CountUsers returns the counts of a directory, or ErrNotFound. It reads
// counters, so it costs the same at any size.
func (s *Store) CountUsers(ctx context.Context, dir string) (Counts, error) {
	var c Counts
	if !storable(dir) {
		return c, ErrNotFound
	}
	err := s.read.row(ctx, `select active, suspended, archived from directories where id = $1`, dir).
		Scan(&c.Active, &c.Suspended, &c.Archived)
	return c, err
}
