package entratest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// stub is a SCIM target that knows people and groups as far as a job needs it:
// it keeps documents, obeys filters of eq and and, and changes active,
// displayName, manager and members.
type stub struct {
	t    *testing.T
	mu   sync.Mutex
	next int
	docs map[string]map[string]any // "Users/id-1"
	got  []string                  // changes: "METHOD /path body"
	asks []string                  // GETs, with their query
	// refuse answers a request with a status, unless it is 0.
	refuse func(r *http.Request, body string) int
	header http.Header // of refusals
}

func newStub(t *testing.T) (*stub, string) {
	t.Helper()
	s := &stub{t: t, docs: map[string]map[string]any{}, header: http.Header{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv.URL + "/scim"
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/scim/")
	if r.Method == http.MethodGet {
		s.asks = append(s.asks, "/"+path+"?"+r.URL.Query().Encode())
	} else {
		s.got = append(s.got, strings.TrimSpace(r.Method+" /"+path+" "+string(raw)))
	}
	if s.refuse != nil {
		if status := s.refuse(r, string(raw)); status != 0 {
			maps.Copy(w.Header(), s.header)
			w.WriteHeader(status)
			return
		}
	}
	kind, id, one := strings.Cut(path, "/")
	doc := s.docs[path]
	switch {
	case r.Method == http.MethodGet && !one:
		s.list(w, r, kind)
	case r.Method == http.MethodPost:
		s.create(w, kind, raw)
	case doc == nil:
		s.write(w, 404, map[string]any{"status": "404"})
	case r.Method == http.MethodGet:
		s.write(w, 200, s.shown(r, doc))
	case r.Method == http.MethodDelete:
		delete(s.docs, path)
		for _, g := range s.docs {
			delete(s.members(g), id)
		}
		w.WriteHeader(204)
	default:
		s.patch(doc, raw)
		w.WriteHeader(204)
	}
}

func (s *stub) create(w http.ResponseWriter, kind string, raw []byte) {
	var in map[string]any
	if err := json.Unmarshal(raw, &in); err != nil {
		s.t.Error(err)
	}
	for path, d := range s.docs {
		for _, key := range []string{"userName", "displayName"} {
			if strings.HasPrefix(path, kind+"/") && (kind == "Groups") == (key == "displayName") && d[key] == in[key] {
				s.write(w, 409, map[string]any{"status": "409", "scimType": "uniqueness"})
				return
			}
		}
	}
	s.next++
	in["id"] = fmt.Sprint("id-", s.next)
	if kind == "Groups" {
		in["members"] = map[string]bool{}
	}
	s.docs[fmt.Sprint(kind, "/id-", s.next)] = in
	s.write(w, 201, in)
}

func (s *stub) members(doc map[string]any) map[string]bool {
	m, _ := doc["members"].(map[string]bool)
	return m
}

// shown is a document without what was excluded, with members as a list.
func (s *stub) shown(r *http.Request, doc map[string]any) map[string]any {
	out := maps.Clone(doc)
	if have := s.members(doc); have != nil {
		list := []any{}
		for _, id := range slices.Sorted(maps.Keys(have)) {
			list = append(list, map[string]any{"value": id})
		}
		out["members"] = list
	}
	if r.URL.Query().Get("excludedAttributes") == "members" {
		delete(out, "members")
	}
	return out
}

var clause = regexp.MustCompile(`^(\S+) eq "([^"]*)"$`)

func (s *stub) matches(doc map[string]any, filter string) bool {
	for _, part := range strings.Split(filter, " and ") {
		m := clause.FindStringSubmatch(part)
		if m == nil {
			s.t.Errorf("a filter nobody sends: %q", filter)
			return false
		}
		switch m[1] {
		case "members":
			if !s.members(doc)[m[2]] {
				return false
			}
		default:
			if v, _ := doc[m[1]].(string); !strings.EqualFold(v, m[2]) {
				return false
			}
		}
	}
	return true
}

func (s *stub) list(w http.ResponseWriter, r *http.Request, kind string) {
	q := r.URL.Query()
	all := []any{}
	for _, path := range slices.SortedFunc(maps.Keys(s.docs), func(a, b string) int { return len(a)*1000 + strings.Compare(a, b) - len(b)*1000 }) {
		if d := s.docs[path]; strings.HasPrefix(path, kind+"/") && (!q.Has("filter") || s.matches(d, q.Get("filter"))) {
			all = append(all, s.shown(r, d))
		}
	}
	total, start := len(all), 1
	if n, err := strconv.Atoi(q.Get("startIndex")); err == nil {
		start = n
		count, err := strconv.Atoi(q.Get("count"))
		if err != nil {
			s.t.Error(err)
		}
		all = all[min(start-1, total):min(start-1+count, total)]
	}
	s.write(w, 200, map[string]any{"totalResults": total, "startIndex": start, "itemsPerPage": len(all), "Resources": all})
}

func (s *stub) patch(doc map[string]any, raw []byte) {
	var body struct {
		Operations []struct {
			Op, Path string
			Value    any
		}
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		s.t.Error(err)
	}
	for _, op := range body.Operations {
		values, _ := op.Value.([]any)
		switch {
		case op.Path == "members":
			for _, v := range values {
				id := v.(map[string]any)["value"].(string)
				if strings.EqualFold(op.Op, "remove") {
					delete(s.members(doc), id)
				} else {
					s.members(doc)[id] = true
				}
			}
		case strings.HasPrefix(op.Path, "members["):
			delete(s.members(doc), strings.Split(op.Path, `"`)[1])
		case op.Path == "active":
			doc["active"] = op.Value == true || op.Value == "True"
		case op.Path == "displayName", op.Path == "externalId":
			doc[op.Path] = op.Value
		case strings.HasSuffix(op.Path, ":manager"):
			doc["manager"] = op.Value
		case op.Path == "":
			for k, v := range op.Value.(map[string]any) {
				doc[k] = v
			}
		}
	}
}

func (s *stub) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.t.Error(err)
	}
}

// sent are the changes that came since the last call.
func (s *stub) sent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.got, "\n")
	s.got = nil
	return out
}

// asked are the reads that came since the last call.
func (s *stub) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.asks, "\n")
	s.asks = nil
	return out
}

// group is the one group there: its name and how many members it has.
func (s *stub) group() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for path, d := range s.docs {
		if strings.HasPrefix(path, "Groups/") {
			out = append(out, fmt.Sprintf("%s %d", d["displayName"], len(s.members(d))))
		}
	}
	return strings.Join(out, ", ")
}

// refusing sets what is refused.
func (s *stub) refusing(f func(r *http.Request, body string) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}
