package provision

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// params are the parameters of a query by name in small letters.
type params map[string]string

// readParams reads a query. Parameters that nobody knows are kept and ignored.
// One that cannot be decoded is an error: a filter that fell under the table
// would answer with everybody, and Entra would take the first of them for the
// person it looks for.
func readParams(query string) (params, error) {
	// A Tenant URL that ends in a flag makes …?aadOptscim062020?filter=….
	if i := strings.IndexAny(query, "?&"); i > 0 && query[i] == '?' && flagged(query[:i]) {
		query = query[i+1:]
	}
	out := params{}
	for pair := range strings.SplitSeq(query, "&") {
		name, raw, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if name = strings.ToLower(name); name == "" && err == nil {
			continue
		}
		value, verr := url.QueryUnescape(raw)
		if err != nil || verr != nil {
			return nil, &scim.Error{Status: http.StatusBadRequest, Kind: kindFor(name), Detail: "The query is not percent-encoded properly."}
		}
		if _, twice := out[name]; twice && known[name] != "" {
			return nil, &scim.Error{Status: http.StatusBadRequest, Kind: kindFor(name), Detail: "The parameter " + known[name] + " is given twice."}
		}
		out[name] = value
	}
	return out, nil
}

// known are the parameters there are, as they are written.
var known = map[string]string{
	"filter": "filter", "startindex": "startIndex", "count": "count", "attributes": "attributes", "excludedattributes": "excludedAttributes",
	"sortby": "sortBy", "sortorder": "sortOrder", "cursor": "cursor",
}

func kindFor(name string) scim.Kind {
	if name == "filter" {
		return scim.InvalidFilter
	}
	return scim.InvalidValue
}

const (
	defaultCount = 100
	// maxCount is the most resources of one page (filter.maxResults).
	maxCount = 500
)

// page is which part of a result is wanted (RFC 7644 section 3.4.2.4).
type page struct {
	start, count int
	// asked says that count was given.
	asked bool
}

// page reads startIndex and count. Numbers out of range are brought into it, as
// the RFC has it; what is not a number is an error. With a cursor a count over
// the maximum is one too.
func (p params) page() (page, error) {
	start, err := p.number("startindex", 1)
	if err != nil {
		return page{}, err
	}
	count, err := p.number("count", defaultCount)
	_, byCursor := p["cursor"]
	switch {
	case byCursor && (err != nil || count > maxCount): // RFC 9865 section 2.1
		return page{}, badCount(fmt.Sprintf("count is a number from 0 to %d.", maxCount))
	case err != nil:
		return page{}, err
	}
	return page{start: max(start, 1), count: min(max(count, 0), maxCount), asked: p["count"] != ""}, nil
}

func badCount(detail string) error {
	return &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidCount, Detail: detail}
}

func (p params) number(name string, otherwise int) (int, error) {
	text, given := p[name]
	if !given || text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: "The parameter " + known[name] + " is not a number that fits."}
	}
	return int(n), nil
}
