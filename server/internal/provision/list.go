package provision

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// list is a ListResponse (RFC 7644 section 3.4.2).
type list struct {
	Schemas      [1]string         `json:"schemas"`
	TotalResults int               `json:"totalResults"`
	StartIndex   int               `json:"startIndex"`
	ItemsPerPage int               `json:"itemsPerPage"`
	Resources    []json.RawMessage `json:"Resources"`
}

func writeList(w http.ResponseWriter, p page, total int, resources []json.RawMessage) error {
	if resources == nil {
		resources = []json.RawMessage{} // some clients stumble over null
	}
	return writeJSON(w, http.StatusOK, list{[1]string{scim.ListMessage}, total, p.start, len(resources), resources})
}

// scanPage is how many people are read at a time by a filter that no index
// helps with. It bounds the memory such a filter takes.
const scanPage = 200

// listUsers answers a query. Whoever is disabled is in it; who is archived is
// not. A filter that matches nobody is 200 and an empty list: a 404 would
// quarantine Entra's job.
func (c *call) listUsers(w http.ResponseWriter, r *http.Request) error {
	p, err := c.query.page()
	if err != nil {
		return err
	}
	text, filtered := c.query["filter"]
	var people []directory.User
	var total int
	if filtered {
		people, total, err = c.search(r, text, p)
	} else {
		people, total, err = c.h.cfg.Store.FindUsers(r.Context(), c.ws.Directory, store.Query{StartIndex: p.start, Count: p.count})
	}
	if err != nil {
		return fmt.Errorf("finding people: %w", err)
	}
	resources := make([]json.RawMessage, 0, len(people))
	show := c.selection()
	for _, u := range people {
		data, err := c.render(u, show)
		if err != nil {
			return err
		}
		resources = append(resources, data)
	}
	return writeList(w, p, total, resources)
}

// search returns the page of the people that match, and how many do.
func (c *call) search(r *http.Request, text string, p page) ([]directory.User, int, error) {
	filter, err := scim.ParseFilter(text)
	if err != nil {
		return nil, 0, err
	}
	match, err := c.h.users.Compile(filter)
	if err != nil {
		return nil, 0, err
	}
	var found []directory.User
	total := 0
	take := func(u directory.User) error {
		doc, err := c.resource(u)
		if err != nil {
			return err
		}
		if match(doc) {
			if total++; total >= p.start && len(found) < p.count {
				found = append(found, u)
			}
		}
		return nil
	}
	err = c.candidates(r, c.h.users.Keys(filter), take)
	return found, total, err
}

// candidates calls take for everybody that a filter with these keys could
// match: one person by a unique key, else all, a page at a time.
func (c *call) candidates(r *http.Request, keys map[string]string, take func(directory.User) error) error {
	one := func(u directory.User, err error) error {
		if errors.Is(err, store.ErrNotFound) || err == nil && u.State == directory.Archived {
			return nil
		}
		if err != nil {
			return err
		}
		return take(u)
	}
	ctx, dir, s := r.Context(), c.ws.Directory, c.h.cfg.Store
	for _, k := range []struct {
		name string
		find func(string) (directory.User, error)
	}{
		{"id", func(v string) (directory.User, error) { return s.User(ctx, dir, v) }},
		{"userName", func(v string) (directory.User, error) { return s.UserByUserName(ctx, dir, v) }},
		{"externalId", func(v string) (directory.User, error) { return s.UserByExternalID(ctx, dir, v) }},
	} {
		if v, asked := keys[k.name]; asked {
			if v == "" || !storable(v) {
				return nil // nobody is called that
			}
			return one(k.find(v))
		}
	}
	return c.everybody(r, take)
}

// everybody calls take for every person who is not archived.
func (c *call) everybody(r *http.Request, take func(directory.User) error) error {
	for start := 1; ; start += scanPage {
		people, _, err := c.h.cfg.Store.FindUsers(r.Context(), c.ws.Directory, store.Query{StartIndex: start, Count: scanPage})
		if err != nil {
			return err
		}
		for _, u := range people {
			if err := take(u); err != nil {
				return err
			}
		}
		if len(people) < scanPage {
			return nil
		}
	}
}
