package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// searchByPost is a query whose parameters are in the body (RFC 7644 section
// 3.4.3), which keeps names of people out of addresses and their logs.
func (c *call) searchByPost(ctx context.Context, q *ask) (*reply, error) {
	p, err := c.searchParams(q.body)
	if err != nil {
		return nil, err
	}
	q.query = p
	return c.list(ctx, q)
}

// searchParams reads the body of a search.
func (c *call) searchParams(data []byte) (params, error) {
	body, err := scim.Decode(data)
	if err != nil {
		return nil, err
	}
	if err := c.message(body, scim.SearchMessage); err != nil {
		return nil, err
	}
	out := params{}
	for key, v := range body {
		name := strings.ToLower(key)
		if known[name] == "" || v == nil {
			continue
		}
		text, ok := paramText(v)
		if !ok {
			return nil, &scim.Error{Status: http.StatusBadRequest, Kind: kindFor(name), Detail: fmt.Sprintf("%.64q has a value of the wrong type.", key)}
		}
		if _, twice := out[name]; twice {
			return nil, &scim.Error{Status: http.StatusBadRequest, Kind: kindFor(name), Detail: fmt.Sprintf("%.64q is given twice.", key)}
		}
		out[name] = text
	}
	return out, nil
}

// message refuses a body that says it is another message than the one its
// address takes. One that says nothing is taken for it, unless the connection is
// strict.
func (c *call) message(body scim.Resource, urn string) error {
	for key, v := range body {
		if !strings.EqualFold(key, "schemas") {
			continue
		}
		schemas, isList := v.([]any)
		if slices.Contains(schemas, any(urn)) {
			return nil
		}
		if !isList && v != nil || len(schemas) > 0 || c.ws.SCIMStrict {
			return notMessage(urn)
		}
	}
	if c.ws.SCIMStrict {
		return notMessage(urn)
	}
	return nil
}

func notMessage(urn string) error {
	return &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidSyntax, Detail: "schemas must be a list that holds " + urn + "."}
}

// paramText is a value of a body as it would stand in a query.
func paramText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	case []any:
		names := make([]string, len(v))
		for i, item := range v {
			name, isText := item.(string)
			if !isText {
				return "", false
			}
			names[i] = name
		}
		return strings.Join(names, ","), true
	}
	return "", false
}

// searchRoot is searchAll with the parameters in the address. One without any, or
// with another's address among them, comes from a Tenant URL that is wrong: were
// it answered with everybody, Entra would take the first for whom it looks for.
func (c *call) searchRoot(ctx context.Context, q *ask) (*reply, error) {
	meant := false
	for name := range q.query {
		if strings.Contains(name, "/") {
			return nil, c.nowhere(nil)
		}
		meant = meant || known[name] != ""
	}
	if !meant {
		return nil, c.nowhere(nil)
	}
	return c.searchAll(ctx, q)
}

// searchAllByPost is searchAll with the parameters in the body.
func (c *call) searchAllByPost(ctx context.Context, q *ask) (*reply, error) {
	p, err := c.searchParams(q.body)
	if err != nil {
		return nil, err
	}
	q.query = p
	return c.searchAll(ctx, q)
}

// searchAll searches resources of every type, one type after the other (RFC
// 7644 section 3.4.2.1).
func (c *call) searchAll(ctx context.Context, q *ask) (*reply, error) {
	p := q.query
	if p["sortby"] != "" && len(c.types.all) > 1 {
		return nil, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: "Resources of several types cannot be sorted together. Search at one endpoint, such as /Users/.search."}
	}
	if text, byCursor := p["cursor"]; byCursor {
		return c.walkAll(ctx, p, text)
	}
	all := result{}
	asked, err := p.page()
	if err != nil {
		return nil, err
	}
	skip := asked.start - 1
	for _, rt := range c.types.all {
		s, err := newSearch(rt, p)
		if err != nil {
			return nil, err
		}
		s.page.count = asked.count - len(all.items)
		found, err := c.find(ctx, s, "", skip)
		if err != nil {
			return nil, err
		}
		all.items = append(all.items, found.items...)
		all.total += found.total
		skip = max(skip-found.total, 0)
	}
	return all.reply(&asked.start, "")
}

// walkAll is searchAll by cursor: the cursor says which type it has come to.
func (c *call) walkAll(ctx context.Context, p params, text string) (*reply, error) {
	at := 0
	inner := ""
	if text != "" {
		number, rest, _ := strings.Cut(text, ".")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= len(c.types.all) || rest == "" {
			return nil, badCursor()
		}
		at, inner = n, rest
	}
	searches := make([]*search, len(c.types.all))
	for i, rt := range c.types.all {
		var err error
		if searches[i], err = newSearch(rt, p); err != nil {
			return nil, err
		}
	}
	found, next, err := c.walkOn(ctx, searches[at], inner)
	if err != nil {
		return nil, err
	}
	count := searches[at].page.count
	switch {
	case next != "":
		next = strconv.Itoa(at) + "." + next
	case at+1 < len(searches) && count > 0:
		searches[at+1].page.count = count
		next = strconv.Itoa(at+1) + "." + c.cursor(searches[at+1], "")
	}
	for i, other := range searches {
		if i == at {
			continue
		}
		other.page.count = 0
		counted, err := c.find(ctx, other, "", 0)
		if err != nil {
			return nil, err
		}
		found.total += counted.total
	}
	return found.reply(nil, next)
}
