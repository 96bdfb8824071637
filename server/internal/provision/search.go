package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// search is a query for resources of one type.
type search struct {
	rt     *scim.ResourceType
	text   string // the filter as it was written
	filter scim.Filter
	match  scim.Matcher
	sortBy string
	desc   bool
	// key orders by what no index does, or is nil.
	key  scim.SortKey
	show scim.Selection
	page page
}

// result is a part of what a search finds.
type result struct {
	items []json.RawMessage
	next  store.Cursor
	total int
}

// newSearch reads what is asked. A filter that matches nobody is no error: a
// 404 or 400 would quarantine Entra's job.
func newSearch(rt *scim.ResourceType, p params) (*search, error) {
	s := &search{rt: rt, text: p["filter"], show: rt.Selects(p["attributes"], p["excludedattributes"])}
	var err error
	if s.page, err = p.page(); err != nil {
		return nil, err
	}
	if _, filtered := p["filter"]; filtered {
		if s.filter, err = scim.ParseFilter(s.text); err != nil {
			return nil, err
		}
		if s.match, err = rt.Compile(s.filter); err != nil {
			return nil, err
		}
	}
	return s, s.sorting(p)
}

// sorting reads sortBy and sortOrder (RFC 7644 section 3.4.2.3).
func (s *search) sorting(p params) error {
	switch order := p["sortorder"]; {
	case order == "" || strings.EqualFold(order, "ascending"):
	case strings.EqualFold(order, "descending"):
		s.desc = true
	default:
		return &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: fmt.Sprintf("sortOrder is ascending or descending, but %.64q was sent.", order)}
	}
	if name := p["sortby"]; name != "" {
		path, ok := s.rt.SortPath(name)
		if !ok {
			path, s.key, ok = s.rt.SortKey(name)
		}
		if !ok {
			return &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: fmt.Sprintf("This server cannot sort by %.64q. It sorts by every attribute of the resource that has an order, such as userName, name.familyName, emails and meta.created.", name)}
		}
		s.sortBy = path
	}
	if s.sortBy == "" {
		s.desc = false
	}
	return nil
}

// list answers a query of one endpoint.
func (c *call) list(ctx context.Context, q *ask) (*reply, error) {
	s, err := newSearch(q.rt, q.query)
	if err != nil {
		return nil, err
	}
	if text, given := q.query["cursor"]; given {
		return c.listByCursor(ctx, s, text)
	}
	return c.listByIndex(ctx, s)
}

// listByIndex answers with the page that begins at startIndex.
func (c *call) listByIndex(ctx context.Context, s *search) (*reply, error) {
	walk := c.walk(s)
	after, known := c.h.walks.at(walk, s.page.start)
	offset := s.page.start - 1
	if known {
		offset = 0
	}
	found, err := c.find(ctx, s, after, offset)
	if errors.Is(err, store.ErrCursor) { // of before an upgrade
		found, err = c.find(ctx, s, "", s.page.start-1)
	}
	if err != nil {
		return nil, err
	}
	if found.next != "" && len(found.items) > 0 {
		c.h.walks.remember(walk, s.page.start+len(found.items), found.next)
	}
	return found.reply(&s.page.start, "")
}

// listByCursor answers with the page behind a cursor (RFC 9865). An empty one
// asks for the first page.
func (c *call) listByCursor(ctx context.Context, s *search, text string) (*reply, error) {
	found, next, err := c.walkOn(ctx, s, text)
	if err != nil {
		return nil, err
	}
	return found.reply(nil, next)
}

// walkOn returns the page behind a cursor, and the next cursor.
func (c *call) walkOn(ctx context.Context, s *search, text string) (found result, next string, err error) {
	after := store.Cursor("")
	if text != "" {
		if after, err = c.resume(s, text); err != nil {
			return result{}, "", err
		}
	}
	found, err = c.find(ctx, s, after, 0)
	if errors.Is(err, store.ErrCursor) {
		return result{}, "", badCursor()
	}
	if err == nil && found.next != "" {
		next = c.cursor(s, found.next)
	}
	return found, next, err
}

// cursor is the place behind after in a query, for the outside. It is bound to
// its query, since behind it stands a place in that query's order, and to its
// count: RFC 9865 section 2 wants both kept throughout.
func (c *call) cursor(s *search, after store.Cursor) string {
	return c.print(s) + "." + strconv.Itoa(s.page.count) + "." + string(after)
}

func (c *call) print(s *search) string {
	return fingerprint(c.ws.Directory, s.rt.Name, s.text, s.sortBy, strconv.FormatBool(s.desc))
}

// resume reads a cursor. A count that is not repeated is that of the beginning.
func (c *call) resume(s *search, text string) (store.Cursor, error) {
	of, rest, _ := strings.Cut(text, ".")
	number, after, whole := strings.Cut(rest, ".")
	count, err := strconv.Atoi(number)
	if of != c.print(s) || !whole || err != nil || count < 0 || count > maxCount || len(after) > scim.MaxFilter {
		return "", badCursor()
	}
	if s.page.asked && s.page.count != count {
		return "", badCount(fmt.Sprintf("count was %d on the first page. Keep it the same throughout, or leave it out.", count))
	}
	s.page.count = count
	return store.Cursor(after), nil
}

func badCursor() error {
	return &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidCursor, Detail: "The cursor is not one of this query. Begin again with an empty cursor, and keep filter and sorting the same throughout."}
}

// reply is a ListResponse (RFC 7644 section 3.4.2), written by hand because the
// resources are JSON already.
func (f result) reply(start *int, next string) (*reply, error) {
	size := 160 + len(next)
	for _, r := range f.items {
		size += len(r) + 1
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	fmt.Fprintf(b, `{"schemas":["%s"],"totalResults":%d,"itemsPerPage":%d`, scim.ListMessage, f.total, len(f.items))
	if start != nil {
		fmt.Fprintf(b, `,"startIndex":%d`, *start)
	}
	if next != "" {
		fmt.Fprintf(b, `,"nextCursor":%q`, next)
	}
	b.WriteString(`,"Resources":[`)
	for i, r := range f.items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(r)
	}
	b.WriteString("]}\n")
	return &reply{status: http.StatusOK, body: b.Bytes()}, nil
}

// find returns a part of what s asks for.
func (c *call) find(ctx context.Context, s *search, after store.Cursor, offset int) (result, error) {
	where, partial := s.where()
	var sort *store.Sort
	if s.sortBy != "" && s.key == nil {
		sort = &store.Sort{Path: s.sortBy, Desc: s.desc}
	}
	if isPeople(s.rt) {
		return c.findPeople(ctx, s, store.Search[directory.User]{
			Where: where, Partial: partial, Sort: sort, Count: s.page.count, After: after, Offset: offset, Total: true,
		})
	}
	return c.findThings(ctx, s, store.Search[directory.Resource]{
		Where: where, Partial: partial, Sort: sort, Count: s.page.count, After: after, Offset: offset, Total: true,
	})
}

// where is the filter as far as an index answers it.
func (s *search) where() (where store.Expr, partial bool) {
	if s.filter == nil {
		return nil, false
	}
	plan, exact := s.rt.Narrow(s.filter)
	return expr(plan), !exact
}

func (c *call) findPeople(ctx context.Context, s *search, q store.Search[directory.User]) (result, error) {
	if s.match != nil {
		related := s.rt.Mentions(s.filter, "groups")
		q.Match = func(u directory.User) (bool, error) {
			doc, err := c.person(u)
			if err != nil {
				return false, err
			}
			if related {
				if doc["groups"], err = c.groupsOf(ctx, u.ID); err != nil {
					return false, err
				}
			}
			return s.match(doc), nil
		}
	}
	found, err := c.searchPeople(ctx, s, q)
	if err != nil {
		return result{}, fmt.Errorf("finding people: %w", err)
	}
	var groups map[string][]directory.GroupRef
	if s.show.Shows("groups") && len(found.Items) > 0 {
		ids := make([]string, len(found.Items))
		for i, u := range found.Items {
			ids[i] = u.ID
		}
		if groups, err = c.h.cfg.Store.GroupsOfPeople(ctx, c.ws.Directory, ids); err != nil {
			return result{}, fmt.Errorf("reading the groups of people: %w", err)
		}
	}
	out := result{next: found.Next, total: found.Total}
	for _, u := range found.Items {
		data, err := c.renderPerson(s.rt, u, c.groupRefs(groups[u.ID]), s.show)
		if err != nil {
			return result{}, err
		}
		out.items = append(out.items, data)
	}
	return out, nil
}

func (c *call) findThings(ctx context.Context, s *search, q store.Search[directory.Resource]) (result, error) {
	if s.match != nil {
		related := isGroups(s.rt) && s.rt.Mentions(s.filter, "members")
		q.Match = func(r directory.Resource) (bool, error) {
			doc, err := c.thing(s.rt, r)
			if err != nil {
				return false, err
			}
			if related {
				if doc["members"], err = c.membersOf(ctx, r.ID); err != nil {
					return false, err
				}
			}
			return s.match(doc), nil
		}
	}
	found, err := c.searchThings(ctx, s, q)
	if err != nil {
		return result{}, fmt.Errorf("finding resources: %w", err)
	}
	out := result{next: found.Next, total: found.Total}
	for _, r := range found.Items {
		data, err := c.renderThing(ctx, s.rt, r, s.show)
		if err != nil {
			return result{}, err
		}
		out.items = append(out.items, data)
	}
	return out, nil
}
