package store

import (
	"context"
	"errors"

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
	// Total asks for the number of all results. Behind a cursor it is counted
	// anew only where something changed since; and not even then where it is
	// large and only Match can tell.
	Total bool
}

// Sort is an order: by the value at Path, then by creation; descending is the
// reverse of it. Of several values the smallest counts, descending the greatest. Resources without a value come
// last, descending first (RFC 7644, section 3.4.2.3). Columns that have an order
// are id and meta.created (both that of creation), meta.lastmodified, and for
// people userName and externalId; another is ErrNoOrder. While the index is
// being built, a path of terms is ErrIndexing.
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

// ErrNoOrder: the Store has no index for the Sort, and does not sort without.
var ErrNoOrder = errors.New("store: no index for this order")

// SearchUsers returns people of a directory who are not archived. A directory
// that does not exist is empty.
func (s *Store) SearchUsers(ctx context.Context, dir string, q Search[directory.User]) (Page[directory.User], error) {
	return search(ctx, s, s.userShelf(), dir, q)
}

// SearchResources returns resources of a type, such as directory.GroupType.
func (s *Store) SearchResources(ctx context.Context, dir, kind string, q Search[directory.Resource]) (Page[directory.Resource], error) {
	return search(ctx, s, s.resourceShelf(kind), dir, q)
}

func search[T any](ctx context.Context, s *Store, sh *shelf[T], dir string, q Search[T]) (page Page[T], err error) {
	if !storable(dir, sh.kind) {
		return page, nil
	}
	count, offset := min(q.Count, maxPage), max(q.Offset, 0)
	if q.After != "" {
		offset = 0
	}
	w, err := begin(ctx, s, sh, dir, q)
	if err != nil {
		return page, err
	}
	if q.After != "" {
		if err := w.resume(q.After); err != nil {
			return page, err
		}
	}
	plain := q.Where == nil && !q.Partial
	if count <= 0 {
		if !q.Total {
			return page, nil
		}
		page.Total, err = total(ctx, s, sh, dir, q, w, plain, 0)
		return page, err
	}
	skipped, err := w.skip(ctx, offset)
	if err != nil {
		return page, err
	}
	more, last, err := w.fill(ctx, &page, count)
	if err != nil {
		return page, err
	}
	follows := more > 0 || !w.ended
	var c counted
	if q.Total {
		if c, err = w.counted(ctx, dir, q, plain, follows, skipped+len(page.Items)+more); err != nil {
			return page, err
		}
		page.Total = c.total
	}
	if follows {
		page.Next = w.cursor(last, c)
	}
	return page, nil
}

// fill reads a page. more is how many results were read beyond it, and last the
// last in it.
func (w *walk[T]) fill(ctx context.Context, page *Page[T], count int) (more int, last found[T], err error) {
	for !w.ended && more == 0 && len(page.Items) < count {
		// One more tells whether another page follows.
		got, err := w.step(ctx, count-len(page.Items)+1, true)
		if err != nil {
			return 0, last, err
		}
		for _, f := range got {
			if len(page.Items) == count {
				more++
				continue
			}
			page.Items = append(page.Items, f.item)
			last = f
		}
	}
	return more, last, nil
}

// counted is a total, and the last event before it was counted: a cursor carries
// it, so that a walk counts once. Zero means that nothing was.
type counted struct {
	total int
	seq   int64
}

// manyCounted is from when on a total that only Match can tell is not counted
// anew for the next page, even where something changed.
const manyCounted = 1000

// counted returns the number of all results, of which so many were seen.
func (w *walk[T]) counted(ctx context.Context, dir string, q Search[T], plain, follows bool, seen int) (c counted, err error) {
	// Only people and groups have an event for every change.
	sure := !plain && (w.shelf.kind == userType || w.shelf.kind == directory.GroupType)
	if sure && (follows || w.had.total > 0) {
		if c.seq, err = w.s.LastEvent(ctx); err != nil {
			return c, err
		}
	}
	if had := w.had; had.total > 0 && (sure && had.seq == c.seq || w.match != nil && had.total > manyCounted) {
		return had, nil
	}
	c.total, err = total(ctx, w.s, w.shelf, dir, q, w, plain, seen)
	return c, err
}

// total is how many results there are: from the counters where nothing is
// asked, else what was seen and what is left of the walk. Behind a cursor that
// is not known, and all is counted.
func total[T any](ctx context.Context, s *Store, sh *shelf[T], dir string, q Search[T], w *walk[T], plain bool, seen int) (int, error) {
	if plain {
		n, err := sh.count(ctx, dir)
		if errors.Is(err, ErrNotFound) {
			return 0, nil
		}
		return n, err
	}
	if q.After != "" {
		var err error
		if w, err = begin(ctx, s, sh, dir, q); err != nil {
			return 0, err
		}
		seen = 0
	}
	left, err := w.count(ctx)
	return seen + left, err
}
