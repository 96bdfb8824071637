//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// bench measures one database.
type bench struct {
	settings
	db     *database
	size   int
	server *server
	spaces []workspace

	rss, peak int // MB
	bytes     int64

	mu    sync.Mutex
	made  []made
	crowd int // members of the large group at first
}

// made is a person that the measuring created.
type made struct {
	w  workspace
	id string
}

// person is the body of a create, as Entra's usual mapping sends it.
func person(name string) []byte {
	b, err := json.Marshal(map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:schemas:core:2.0:User", enterprise},
		"externalId": name + "-4000-8000-000000000000", "userName": name + "@bench.example", "active": true,
		"displayName": "Display " + name, "title": "Analyst", "preferredLanguage": "en-US",
		"meta":         map[string]any{"resourceType": "User"},
		"name":         map[string]any{"formatted": "Given " + name, "familyName": name, "givenName": "Given"},
		"emails":       []any{map[string]any{"primary": true, "type": "work", "value": name + "@mail.bench.example"}},
		"phoneNumbers": []any{map[string]any{"type": "work", "value": "+45 70 10 20 30"}},
		enterprise:     map[string]any{"employeeNumber": name, "department": "Engines"},
	})
	if err != nil {
		panic(err) // text
	}
	return b
}

type filter struct{ name, path, end string }

func (f filter) of(n int) string { return f.path + ` eq "` + numbered(n) + f.end + `"` }

// filters find one person each.
var filters = []filter{
	{"userName", "userName", "@bench.example"},
	{"externalId", "externalId", "-4000-8000-000000000000"},
	{"e-mail", `emails[type eq "work"].value`, "@mail.bench.example"},
	{"extension", enterprise + ":employeeNumber", ""},
}

// worker is one connection's part of a measurement.
type worker struct {
	*client
	b    *bench
	dice *rand.Rand
	no   int
	step int
}

// anybody is a random person among the copies.
func (w *worker) anybody() (workspace, int) {
	space := w.b.spaces[w.dice.IntN(len(w.b.spaces))]
	return space, space.from + w.dice.IntN(space.to-space.from)
}

// errDone ends a worker before its time.
var errDone = errors.New("nothing is left to do")

// steps are the figures but for those of groups and deletion.
func steps() []step {
	all := []step{
		{name: "create", want: 201, do: (*worker).create},
		{name: "get", want: 200, do: func(w *worker) (int, error) {
			s, n := w.anybody()
			return w.do("GET", w.b.path(s, "/Users/"+idOf(n)), s.token, nil)
		}},
	}
	for _, f := range filters {
		all = append(all, step{name: "filter " + f.name, want: 200, do: func(w *worker) (int, error) {
			s, n := w.anybody()
			return w.do("GET", w.b.path(s, "/Users?filter="+url.QueryEscape(f.of(n))), s.token, nil)
		}})
	}
	return append(all,
		step{name: "PATCH, 1 operation", want: 200, do: func(w *worker) (int, error) { return w.patch(1) }},
		step{name: "PATCH, 5 operations", want: 200, do: func(w *worker) (int, error) { return w.patch(5) }},
		step{name: "list of 100, first page", want: 200, do: func(w *worker) (int, error) {
			s, _ := w.anybody()
			return w.do("GET", w.b.path(s, "/Users?startIndex=1&count=100"), s.token, nil)
		}},
		step{name: "list of 100, page after page", want: 200, do: func(w *worker) (int, error) { return w.page(0) }},
		step{
			name: "list of 100, page after page from the middle", want: 200,
			do: func(w *worker) (int, error) { return w.page(w.half()) },
			// A walk comes to the middle by walking; to begin there is a jump.
			before: func(w *worker) error {
				_, err := w.page(w.half())
				w.step++
				return err
			},
		},
		step{name: "list of 100, jump to anywhere", want: 200, do: func(w *worker) (int, error) {
			return w.page(w.dice.IntN(w.b.spaces[0].to))
		}},
	)
}

// measure takes every figure, one after the other.
func (b *bench) measure(ctx context.Context) ([]row, error) {
	var rows []row
	for _, s := range steps() {
		r, err := b.during(ctx, s)
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	groups, err := b.members(ctx)
	if err != nil {
		return rows, err
	}
	rows = append(rows, groups...)
	r, err := b.during(ctx, step{name: "delete", want: 204, do: (*worker).remove})
	if err != nil {
		return rows, err
	}
	b.rss, b.peak = b.memory("VmRSS"), b.memory("VmHWM")
	b.bytes, err = b.db.bytes(ctx)
	return append(rows, r), err
}

func (w *worker) create() (int, error) {
	space := w.b.spaces[w.dice.IntN(len(w.b.spaces))]
	name := fmt.Sprintf("new-%d-%d-%d", w.no, w.step, w.dice.Uint32())
	status, err := w.do("POST", w.b.path(space, "/Users"), space.token, person(name))
	if err == nil && status == 201 {
		// The id stands near the beginning; a whole parse would be measured too.
		if _, rest, ok := strings.Cut(w.body.String(), `"id":"`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			w.b.mu.Lock()
			w.b.made = append(w.b.made, made{space, id})
			w.b.mu.Unlock()
		}
	}
	return status, err
}

func (w *worker) patch(n int) (int, error) {
	value := fmt.Sprint(w.dice.Uint64())
	ops := []string{
		`{"op":"Replace","path":"displayName","value":"D` + value + `"}`,
		`{"op":"Replace","path":"title","value":"T` + value + `"}`,
		`{"op":"Replace","path":"name.formatted","value":"N` + value + `"}`,
		`{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"` + value + `"}`,
		`{"op":"Replace","path":"` + enterprise + `:department","value":"Looms ` + value + `"}`,
	}
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(ops[:n], ",") + `]}`
	s, who := w.anybody()
	return w.do("PATCH", w.b.path(s, "/Users/"+idOf(who)), s.token, []byte(body))
}

// page reads the next page of one workspace, of a walk that began at a page, and
// begins again at the end.
func (w *worker) page(first int) (int, error) {
	s := w.b.spaces[w.no%len(w.b.spaces)]
	pages := (s.to-s.from)/100 + 1
	return w.do("GET", w.b.path(s, fmt.Sprintf("/Users?startIndex=%d&count=100", (first+w.step)%pages*100+1)), s.token, nil)
}

// half is the page in the middle.
func (w *worker) half() int {
	s := w.b.spaces[w.no%len(w.b.spaces)]
	return (s.to - s.from) / 200
}

func (w *worker) remove() (int, error) {
	w.b.mu.Lock()
	n := len(w.b.made)
	if n == 0 {
		w.b.mu.Unlock()
		return 0, errDone
	}
	m := w.b.made[n-1]
	w.b.made = w.b.made[:n-1]
	w.b.mu.Unlock()
	return w.do("DELETE", w.b.path(m.w, "/Users/"+m.id), m.w.token, nil)
}

// crowds is how many members the large group has at most.
const crowds = 100_000

// members fills a group of the first workspace and adds and removes members.
func (b *bench) members(ctx context.Context) ([]row, error) {
	s := b.spaces[0]
	b.crowd = min(crowds, s.to-s.from)
	began := time.Now()
	group, err := b.fill(ctx, s, "Crowd", b.crowd)
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	fmt.Fprintf(b.log, "  a group of %d filled in %v\n", b.crowd, took.Round(time.Millisecond))
	rows := []row{{name: fmt.Sprintf("members added to a group, 1,000 a PATCH, to %d", b.crowd), perSecond: float64(b.crowd) / took.Seconds()}}
	move := func(verb string) step {
		return step{name: verb, want: 204, do: func(w *worker) (int, error) {
			// Each connection has members of its own, one after the other.
			n := w.step*b.conns + w.no
			if n >= b.crowd {
				return 0, errDone
			}
			return w.do("PATCH", b.path(s, "/Groups/"+group), s.token, memberOp(verb, idOf(s.from+n)))
		}}
	}
	profiled := b.profile("members")
	var out, in sample
	// In a small group nobody is left to remove before the time is over.
	for out.elapsed < b.each && ctx.Err() == nil {
		for _, part := range []struct {
			verb string
			to   *sample
		}{{"Remove", &out}, {"Add", &in}} {
			got, err := b.sample(ctx, b.conns, b.each, move(part.verb))
			if err != nil {
				return rows, err
			}
			part.to.add(got)
		}
	}
	if err := profiled(); err != nil {
		return rows, err
	}
	for _, r := range []row{
		out.row(fmt.Sprintf("one member removed, group of %d", b.crowd)),
		in.row(fmt.Sprintf("one member added, group of %d", b.crowd)),
	} {
		b.report(r)
		rows = append(rows, r)
	}
	return rows, ctx.Err()
}

// fill makes a group of the first n people of a workspace and returns its id.
func (b *bench) fill(ctx context.Context, s workspace, name string, n int) (string, error) {
	c, err := dial(b.server.addr)
	if err != nil {
		return "", err
	}
	defer c.close()
	doc, err := c.must(201, "POST", b.path(s, "/Groups"), s.token, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`"}`))
	if err != nil {
		return "", err
	}
	group := fmt.Sprint(doc["id"])
	for from := 0; from < n && ctx.Err() == nil; from += 1000 {
		var ids []string
		for i := from; i < min(from+1000, n); i++ {
			ids = append(ids, idOf(s.from+i))
		}
		if _, err := c.must(204, "PATCH", b.path(s, "/Groups/"+group), s.token, memberOp("Add", ids...)); err != nil {
			return "", fmt.Errorf("filling a group: %w", err)
		}
	}
	return group, ctx.Err()
}

func memberOp(verb string, ids ...string) []byte {
	var b strings.Builder
	b.WriteString(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"` + verb + `","path":"members","value":[`)
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"$ref":null,"value":"` + id + `"}`)
	}
	b.WriteString(`]}]}`)
	return []byte(b.String())
}
