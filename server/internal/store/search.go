package store

import (
	"context"
	"errors"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Search asks for resources of one type. The zero Search asks for nothing but
// the total.
type Search[T any] struct {
	// Where narrows by indexes. With Match set, it may let through too many,
	// never too few.
	Where Expr
	// Match, when set, is the whole condition, decided in Go. It is asked for
	// every candidate where Partial says so, and for all resources while the
	// index is being built: set it whenever Where is set.
	Match func(T) (bool, error)
	// Partial: Where alone does not decide.
	Partial bool
	// Sort orders the result; nil is whatever order is cheapest, the same
	// throughout a walk.
	Sort *Sort
	// Count is the size of the page, at most 1,000. Zero or less asks for the
	// total alone.
	Count int
	// After continues behind a page of the same Search. Where it is set,
	// Offset is not used.
	After Cursor
	// Offset skips results, at the cost of walking past them.
	Offset int
	// Total asks for the number of all results.
	Total bool
}

// Sort is an order: by the value at Path, then by creation. Of several values
// the smallest counts, descending the greatest. Resources without a value come
// last, descending first (RFC 7644, section 3.4.2.3).
type Sort struct {
	Path string
	Desc bool
}

// Page is a part of the result.
type Page[T any] struct {
	Items []T
	// Next continues behind this page, "" where nothing follows. A page that
	// follows may turn out empty.
	Next Cursor
	// Total is how many there are in all, where it was asked for.
	Total int
}

// Cursor is a position behind a resource, in text that is safe in a URL. It
// says where, not for what: it holds no secret, belongs to one Search, and
// stays good whatever is added or removed meanwhile. One that was not made by
// this store for this Search is ErrCursor.
type Cursor string

// ErrCursor: a Cursor that does not belong to the Search.
var ErrCursor = errors.New("store: no cursor of this search")

// Rules compute the terms of resources, for those who write without them and
// for those that were stored under other rules.
type Rules struct {
	// Version tells rules apart; any number but 0. It must change whenever
	// one of the functions would return something else.
	Version  int64
	User     func(directory.User) []directory.Term
	Resource func(directory.Resource) []directory.Term
}

// TimeValue writes t as terms and Compare have it, so that text sorts as times.
func TimeValue(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Use sets the rules for terms. Call it once, before anything else.
func (s *Store) Use(r Rules) {}

// Reindex computes the terms of all resources that were stored under other
// rules, in short transactions, and returns how many there were. Until it has
// returned once without an error, every Search is decided by its Match.
func (s *Store) Reindex(ctx context.Context) (int, error) { return 0, errors.ErrUnsupported }

// SearchUsers returns people of a directory who are not archived.
func (s *Store) SearchUsers(ctx context.Context, dir string, q Search[directory.User]) (Page[directory.User], error) {
	return Page[directory.User]{}, errors.ErrUnsupported
}

// SearchResources returns resources of a type.
func (s *Store) SearchResources(ctx context.Context, dir, kind string, q Search[directory.Resource]) (Page[directory.Resource], error) {
	return Page[directory.Resource]{}, errors.ErrUnsupported
}
