package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// attributes is the document of a test person: values by path.
type attributes map[string][]string

// rules index every attribute of the documents that the tests use.
func rules(version int64) store.Rules {
	terms := func(doc []byte) []directory.Term {
		var a attributes
		if json.Unmarshal(doc, &a) != nil {
			return nil
		}
		var all []directory.Term
		for path, values := range a {
			for _, v := range values {
				all = append(all, directory.Term{Path: path, Value: v, Unique: path == "badge"})
			}
		}
		return all
	}
	return store.Rules{
		Version:  version,
		User:     func(u directory.User) []directory.Term { return terms(u.Doc) },
		Resource: func(r directory.Resource) []directory.Term { return terms(r.Doc) },
	}
}

// indexed is acme with rules.
func (f *fixture) indexed() *store.Store {
	f.Helper()
	s := f.acme()
	s.Use(rules(1))
	return s
}

func described(n int, a attributes) directory.User {
	u := ada(n)
	doc, err := json.Marshal(a)
	if err != nil {
		panic(err) // texts
	}
	u.Doc = doc
	return u
}

// holds decides an Expr in Go, from the person alone: what the indexes must
// agree with.
func holds(e store.Expr, u directory.User) bool {
	switch e := e.(type) {
	case nil:
		return true
	case store.And:
		return !slices.ContainsFunc(e, func(k store.Expr) bool { return !holds(k, u) })
	case store.Or:
		return slices.ContainsFunc(e, func(k store.Expr) bool { return holds(k, u) })
	case store.Not:
		return !holds(e.Expr, u)
	case store.Present:
		return len(valuesOf(e.Path, u)) > 0
	case store.Compare:
		return slices.ContainsFunc(valuesOf(e.Path, u), func(v string) bool { return compares(v, e.Op, e.Value) })
	}
	panic(fmt.Sprintf("%T", e))
}

func valuesOf(path string, u directory.User) []string {
	switch path {
	case "id":
		return []string{u.ID}
	case "username":
		return []string{directory.Fold(u.UserName)}
	case "externalid":
		if u.ExternalID == "" {
			return nil
		}
		return []string{u.ExternalID}
	case "active":
		return []string{fmt.Sprint(u.State == directory.Active)}
	case "meta.created":
		return []string{store.TimeValue(u.Created)}
	case "meta.lastmodified":
		return []string{store.TimeValue(u.Modified)}
	}
	var a attributes
	if err := json.Unmarshal(u.Doc, &a); err != nil {
		return nil
	}
	return a[path]
}

func compares(v string, op store.Op, want string) bool {
	switch op {
	case store.EQ:
		return v == want
	case store.SW:
		return strings.HasPrefix(v, want)
	case store.CO:
		return strings.Contains(v, want)
	case store.EW:
		return strings.HasSuffix(v, want)
	case store.GT:
		return v > want
	case store.GE:
		return v >= want
	case store.LT:
		return v < want
	}
	return v <= want
}

// everyone walks through a search, page by page.
func everyone(ctx context.Context, s *store.Store, q store.Search[directory.User]) (all []directory.User, total int, err error) {
	for pages := 0; pages < 10000; pages++ {
		page, err := s.SearchUsers(ctx, "acme", q)
		if err != nil {
			return nil, 0, err
		}
		if q.After == "" {
			total = page.Total
		} else if q.Total && page.Total != total {
			return nil, 0, fmt.Errorf("the total was %d and is %d", total, page.Total)
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, total, nil
		}
		q.After, q.Offset = page.Next, 0
	}
	return nil, 0, fmt.Errorf("the walk does not end")
}

func ids(people []directory.User) []string {
	all := []string{}
	for _, u := range people {
		all = append(all, u.ID)
	}
	return all
}

// people of every kind, many of whom share values.
func people(r *rand.Rand, n int) []directory.User {
	some := func(from ...string) []string {
		var all []string
		for range r.IntN(3) {
			all = append(all, from[r.IntN(len(from))])
		}
		return all
	}
	long := strings.Repeat("long ", 60)
	all := make([]directory.User, n)
	for i := range all {
		u := described(i, attributes{
			"dept":   some("sales", "sale", "it", "ité", "zürich", "", "\U0010ffff", "a\x00b"),
			"emails": some("ada@x.example", "bob@x.example", "ADA", "x", "it"),
			"memo":   some(long+"a", long+"b", long, "short"),
		})
		u.Created = start.Add(time.Duration(i) * time.Second)
		u.Modified = start.Add(time.Duration(r.IntN(20)) * time.Second)
		if r.IntN(4) == 0 {
			u.ExternalID = ""
		}
		if r.IntN(3) == 0 {
			u.State = directory.Suspended
		}
		all[i] = u
	}
	return all
}

// expr makes a random condition.
func expr(r *rand.Rand, depth int) store.Expr {
	if depth > 0 && r.IntN(2) == 0 {
		kids := make([]store.Expr, r.IntN(3)+1)
		for i := range kids {
			kids[i] = expr(r, depth-1)
		}
		switch r.IntN(3) {
		case 0:
			return store.And(kids)
		case 1:
			return store.Or(kids)
		}
		return store.Not{Expr: kids[0]}
	}
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	op := store.Op(r.IntN(int(store.LE) + 1))
	switch r.IntN(9) {
	case 0:
		return store.Compare{Path: "username", Op: op, Value: pick("ada.1@acme.example", "ada.1", "ada", "b", ".example", "")}
	case 1:
		return store.Compare{Path: "externalid", Op: op, Value: pick("ext-1", "ext-2", "ext", "f", "3", "")}
	case 2:
		return store.Compare{Path: "id", Op: op, Value: pick("u-1", "u-11", "u-", "v", "7")}
	case 3:
		return store.Compare{Path: "active", Op: store.EQ, Value: pick("true", "false")}
	case 4:
		times := []store.Op{store.EQ, store.GT, store.GE, store.LT, store.LE}
		return store.Compare{
			Path: pick("meta.lastmodified", "meta.created"), Op: times[r.IntN(len(times))],
			Value: store.TimeValue(start.Add(time.Duration(r.IntN(20)) * time.Second)),
		}
	case 5:
		return store.Present{Path: pick("dept", "emails", "externalid", "nothing", "active")}
	case 6:
		long := strings.Repeat("long ", 60)
		return store.Compare{Path: "memo", Op: op, Value: pick(long+"a", long+"b", "short", "b", "long", "lonh")}
	}
	return store.Compare{Path: pick("dept", "emails"), Op: op, Value: pick("sales", "sale", "it", "é", "zü", "ada", "x", "", "\U0010ffff", "a\x00b")}
}

var searching = []promise{
	{"finds by its indexes whom one would find by looking at all", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		r := rand.New(rand.NewPCG(7, 11))
		crowd := people(r, 120)
		for _, u := range crowd {
			must(f, insert(ctx, s, u))
		}
		for range 400 {
			where := expr(r, 3)
			match := func(u directory.User) (bool, error) { return holds(where, u), nil }
			want := []string{}
			for _, u := range crowd {
				if holds(where, u) {
					want = append(want, u.ID)
				}
			}
			all, total, err := everyone(ctx, s, store.Search[directory.User]{
				Where: where, Match: match, Partial: r.IntN(10) == 0, Count: 1 + r.IntN(40), Total: true,
			})
			got := ids(all)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); err != nil || diff != "" || total != len(want) {
				f.Fatalf("%#v: total %d, want %d, %v; (-want +got):\n%s", where, total, len(want), err, diff)
			}
			offset := r.IntN(30)
			page, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{Where: where, Match: match, Offset: offset, Count: 7, Total: true})
			if err != nil || page.Total != len(want) {
				f.Fatalf("%#v: total %d, want %d, %v", where, page.Total, len(want), err)
			}
			if diff := cmp.Diff(ids(all[min(offset, len(all)):min(offset+7, len(all))]), ids(page.Items)); diff != "" {
				f.Fatalf("%#v from %d (-walk +offset):\n%s", where, offset, diff)
			}
		}
	}},
	{"sorts by any indexed attribute, those without a value at the end", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		r := rand.New(rand.NewPCG(3, 5))
		crowd := people(r, 90)
		for _, u := range crowd {
			must(f, insert(ctx, s, u))
		}
		for range 60 {
			path := []string{"dept", "emails", "username", "externalid", "meta.lastmodified", "meta.created"}[r.IntN(6)]
			desc := r.IntN(2) == 0
			where := expr(r, 2)
			var want []directory.User
			for _, u := range crowd {
				if holds(where, u) {
					want = append(want, u)
				}
			}
			slices.SortStableFunc(want, func(a, b directory.User) int { return inOrder(path, desc, a, b) })
			if desc {
				slices.Reverse(want)
			}
			all, total, err := everyone(ctx, s, store.Search[directory.User]{
				Where: where, Match: func(u directory.User) (bool, error) { return holds(where, u), nil },
				Sort: &store.Sort{Path: path, Desc: desc}, Count: 1 + r.IntN(40), Total: true,
			})
			if diff := cmp.Diff(ids(want), ids(all)); err != nil || diff != "" || total != len(want) {
				f.Fatalf("by %s, desc %v, %#v: total %d, want %d, %v; (-want +got):\n%s", path, desc, where, total, len(want), err, diff)
			}
		}
		_, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{Count: 1, Sort: &store.Sort{Path: "active"}})
		wants(f, err, store.ErrNoOrder)
	}},
	{"counts a walk once, and again where something changed", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		for i := range 5 {
			must(f, insert(ctx, s, described(i, attributes{"dept": {"sales"}})))
		}
		asked := 0
		q := store.Search[directory.User]{
			Where: store.Compare{Path: "dept", Value: "sales"}, Partial: true, Count: 2, Total: true,
			Match: func(directory.User) (bool, error) { asked++; return true, nil },
		}
		next := func(want, most int) {
			f.Helper()
			asked = 0
			page, err := s.SearchUsers(ctx, "acme", q)
			if err != nil || page.Total != want || asked > most {
				f.Errorf("total %d, want %d, after looking at %d, %v", page.Total, want, asked, err)
			}
			q.After = page.Next
		}
		next(5, 5)
		next(5, 3) // this page, and one more
		must(f, insert(ctx, s, described(5, attributes{"dept": {"sales"}})))
		next(6, 9)
	}},
}

// inOrder compares by the smallest value, for descending order the greatest.
// Who has none comes after all others, and so before them when it is reversed.
func inOrder(path string, desc bool, a, b directory.User) int {
	x, y := valuesOf(path, a), valuesOf(path, b)
	switch {
	case len(x) == 0 && len(y) == 0:
		return 0
	case len(x) == 0:
		return 1
	case len(y) == 0:
		return -1
	case desc:
		return strings.Compare(slices.Max(x), slices.Max(y))
	}
	return strings.Compare(slices.Min(x), slices.Min(y))
}
