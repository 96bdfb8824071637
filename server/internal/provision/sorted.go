package provision

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Sorting by what no index orders looks at every result once for each page, a
// few hundred at a time, and keeps only the keys of those that come first.
const (
	sortStep = 500
	// maxSorted is how far into such an order a jump may lead. Walking on from
	// page to page leads to the end.
	maxSorted = 10000
)

// rank is the place of one resource in an order: by key, those without one
// last, then by id, which is by creation.
type rank struct {
	key, id string
	has     bool
}

func (a rank) compare(b rank) int {
	if a.has != b.has {
		if a.has {
			return -1
		}
		return 1
	}
	return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.id, b.id))
}

// cursor and parseRank write a place for [store.Page.Next].
func (a rank) cursor() store.Cursor {
	flag := "0"
	if a.has {
		flag = "1"
	}
	return store.Cursor(base64.RawURLEncoding.EncodeToString([]byte(flag + a.id + "\x00" + a.key)))
}

func parseRank(c store.Cursor) (rank, error) {
	text, err := base64.RawURLEncoding.DecodeString(string(c))
	head, key, whole := strings.Cut(string(text), "\x00")
	if err != nil || !whole || head == "" || head[0] != '0' && head[0] != '1' {
		return rank{}, store.ErrCursor
	}
	return rank{key: key, id: head[1:], has: head[0] == '1'}, nil
}

// order is a sort by a key: the foremost results, with the last of them on top.
type order struct {
	desc  bool
	ranks []rank
}

func (o *order) compare(a, b rank) int {
	if o.desc {
		return b.compare(a)
	}
	return a.compare(b)
}
func (o *order) Len() int           { return len(o.ranks) }
func (o *order) Less(i, j int) bool { return o.compare(o.ranks[i], o.ranks[j]) > 0 }
func (o *order) Swap(i, j int)      { o.ranks[i], o.ranks[j] = o.ranks[j], o.ranks[i] }
func (o *order) Push(x any)         { o.ranks = append(o.ranks, x.(rank)) }
func (o *order) Pop() any {
	last := o.ranks[len(o.ranks)-1]
	o.ranks = o.ranks[:len(o.ranks)-1]
	return last
}

// offer keeps r if it is among the most foremost ones.
func (o *order) offer(r rank, most int) {
	if len(o.ranks) < most {
		heap.Push(o, r)
	} else if o.compare(r, o.ranks[0]) < 0 {
		o.ranks[0] = r
		heap.Fix(o, 0)
	}
}

// shelf is how the resources of a type are found and read.
type shelf[T any] struct {
	find func(store.Search[T]) (store.Page[T], error)
	read func(id string) (T, error)
	rank func(T) (rank, error)
}

// sorted is a search of a shelf in the order of s.key.
func sorted[T any](s *search, q store.Search[T], sh shelf[T]) (store.Page[T], error) {
	var page store.Page[T]
	if q.Count <= 0 {
		return sh.find(q)
	}
	var behind *rank
	if q.After != "" {
		r, err := parseRank(q.After)
		if err != nil {
			return page, err
		}
		behind, q.Offset = &r, 0
	}
	most := q.Offset + q.Count + 1 // one more tells whether another page follows
	if most > maxSorted {
		return page, &scim.Error{Status: http.StatusBadRequest, Kind: scim.TooMany, Detail: fmt.Sprintf("In this order a jump beyond the result %d costs too much. Walk there page by page, or sort by an attribute that has an index, such as userName.", maxSorted)}
	}
	best := &order{desc: s.desc}
	step := q
	step.After, step.Offset, step.Count, step.Total = "", 0, sortStep, false
	for {
		part, err := sh.find(step)
		if err != nil {
			return page, err
		}
		for _, item := range part.Items {
			r, err := sh.rank(item)
			if err != nil {
				return page, err
			}
			if page.Total++; behind == nil || best.compare(r, *behind) > 0 {
				best.offer(r, most)
			}
		}
		if step.After = part.Next; step.After == "" {
			break
		}
	}
	slices.SortFunc(best.ranks, best.compare)
	ranks := best.ranks[min(q.Offset, len(best.ranks)):]
	if len(ranks) > q.Count {
		ranks = ranks[:q.Count]
		page.Next = ranks[q.Count-1].cursor()
	}
	for _, r := range ranks {
		item, err := sh.read(r.id)
		if errors.Is(err, store.ErrNotFound) {
			continue // gone meanwhile
		}
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, item)
	}
	return page, nil
}

// ranked is the rank of a resource with that id.
func (s *search) ranked(id string, doc scim.Resource, err error) (rank, error) {
	if err != nil {
		return rank{}, err
	}
	key, has := s.key(doc)
	return rank{key, id, has}, nil
}

func (c *call) searchPeople(ctx context.Context, s *search, q store.Search[directory.User]) (store.Page[directory.User], error) {
	ctx, end := bounded(ctx)
	defer end()
	find := func(q store.Search[directory.User]) (store.Page[directory.User], error) {
		page, err := c.h.cfg.Store.SearchUsers(ctx, c.ws.Directory, q)
		return page, endless(ctx, err)
	}
	if s.key == nil {
		return find(q)
	}
	return sorted(s, q, shelf[directory.User]{
		find: find,
		read: func(id string) (directory.User, error) {
			u, err := c.h.cfg.Store.User(ctx, c.ws.Directory, id)
			if err == nil && u.State == directory.Archived {
				err = store.ErrNotFound
			}
			return u, err
		},
		rank: func(u directory.User) (rank, error) {
			doc, err := c.person(u)
			return s.ranked(u.ID, doc, err)
		},
	})
}

func (c *call) searchThings(ctx context.Context, s *search, q store.Search[directory.Resource]) (store.Page[directory.Resource], error) {
	ctx, end := bounded(ctx)
	defer end()
	find := func(q store.Search[directory.Resource]) (store.Page[directory.Resource], error) {
		page, err := c.h.cfg.Store.SearchResources(ctx, c.ws.Directory, s.rt.Name, q)
		return page, endless(ctx, err)
	}
	if s.key == nil {
		return find(q)
	}
	return sorted(s, q, shelf[directory.Resource]{
		find: find,
		read: func(id string) (directory.Resource, error) {
			return c.h.cfg.Store.Resource(ctx, c.ws.Directory, s.rt.Name, id)
		},
		rank: func(r directory.Resource) (rank, error) {
			doc, err := c.thing(s.rt, r)
			return s.ranked(r.ID, doc, err)
		},
	})
}
