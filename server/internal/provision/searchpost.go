package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// searchByPost is a query whose parameters are in the body (RFC 7644 section
// 3.4.3), which keeps names of people out of addresses and their logs.
func (c *call) searchByPost(ctx context.Context, q *ask) (*reply, error) {
	p, err := searchParams(q.body)
	if err != nil {
		return nil, err
	}
	q.query = p
	return c.list(ctx, q)
}

// searchParams reads the body of a search.
func searchParams(data []byte) (params, error) {
	body, err := scim.Decode(data)
	if err != nil {
		return nil, err
	}
	if schemas, _ := body["schemas"].([]any); len(schemas) > 0 && schemas[0] != scim.SearchMessage {
		return nil, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidSyntax, Detail: "schemas must hold " + scim.SearchMessage + "."}
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

// searchAll searches resources of every type, one type after the other (RFC
// 7644 section 3.4.3).
func (c *call) searchAll(ctx context.Context, q *ask) (*reply, error) {
	p, err := searchParams(q.body)
	if err != nil {
		return nil, err
	}
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
		if err != nil || n < 0 || n >= len(c.types.all) {
			return nil, badCursor()
		}
		at, inner = n, rest
	}
	s, err := newSearch(c.types.all[at], p)
	if err != nil {
		return nil, err
	}
	found, next, err := c.walkOn(ctx, s, inner)
	if err != nil {
		return nil, err
	}
	switch {
	case next != "":
		next = strconv.Itoa(at) + "." + next
	case at+1 < len(c.types.all):
		next = strconv.Itoa(at+1) + "."
	}
	for i, rt := range c.types.all {
		if i == at {
			continue
		}
		other, err := newSearch(rt, p)
		if err != nil {
			return nil, err
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
