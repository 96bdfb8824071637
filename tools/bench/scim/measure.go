//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
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
	group string // id of the large group
	crowd int    // its members at first
}

// made is a person that the measuring created.
type made struct {
	w  workspace
	id string
}

// row is one line of the table.
type row struct {
	name      string
	perSecond float64
	p50, p99  time.Duration
	// cpu is the server's processor time for each: what it costs whatever else
	// the machine does.
	cpu    time.Duration
	failed int
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

// during runs do on every connection until the time is over.
func (b *bench) during(ctx context.Context, name string, want int, do func(w *worker) (int, error)) (row, error) {
	type result struct {
		took   []time.Duration
		failed int
		err    error
	}
	results := make([]result, b.conns)
	var wg sync.WaitGroup
	profiled := b.profile(name)
	began, used := time.Now(), b.cpu()
	for i := range b.conns {
		c, err := dial(b.server.addr)
		if err != nil {
			return row{}, err
		}
		w := &worker{client: c, b: b, no: i, dice: rand.New(rand.NewPCG(uint64(i), uint64(len(name))))}
		wg.Go(func() {
			defer c.close()
			r := &results[i]
			for time.Since(began) < b.each && ctx.Err() == nil {
				start := time.Now()
				status, err := do(w)
				if err != nil {
					if !errors.Is(err, errDone) {
						r.err = err
					}
					return
				}
				r.took = append(r.took, time.Since(start))
				if status != want {
					if r.failed++; r.failed == 1 {
						fmt.Fprintf(b.log, "%s: %d where %d is due: %.300s\n", name, status, want, w.body.Bytes())
					}
				}
				w.step++
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	if err := profiled(); err != nil {
		return row{}, err
	}
	out := row{name: name}
	var all []time.Duration
	for _, r := range results {
		if r.err != nil {
			return out, fmt.Errorf("%s: %w", name, r.err)
		}
		all = append(all, r.took...)
		out.failed += r.failed
	}
	slices.Sort(all)
	if n := len(all); n > 0 {
		out.perSecond = float64(n) / took.Seconds()
		out.cpu = ((b.cpu() - used) / time.Duration(n)).Round(time.Microsecond)
		out.p50, out.p99 = all[n/2].Round(10*time.Microsecond), all[n*99/100].Round(10*time.Microsecond)
	}
	fmt.Fprintf(b.log, "  %s: %s a second, p50 %v, p99 %v, CPU %v, %d failed\n", name, rate(out.perSecond), out.p50, out.p99, out.cpu, out.failed)
	return out, ctx.Err()
}

// measure takes every figure, one after the other.
func (b *bench) measure(ctx context.Context) ([]row, error) {
	steps := []struct {
		name string
		want int
		do   func(*worker) (int, error)
	}{
		{"create", 201, (*worker).create},
		{"get", 200, func(w *worker) (int, error) {
			s, n := w.anybody()
			return w.do("GET", b.path(s, "/Users/"+idOf(n)), s.token, nil)
		}},
	}
	for _, f := range filters {
		steps = append(steps, step{"filter " + f.name, 200, func(w *worker) (int, error) {
			s, n := w.anybody()
			return w.do("GET", b.path(s, "/Users?filter="+url.QueryEscape(f.of(n))), s.token, nil)
		}})
	}
	steps = append(steps,
		step{"PATCH, 1 operation", 200, func(w *worker) (int, error) { return w.patch(1) }},
		step{"PATCH, 5 operations", 200, func(w *worker) (int, error) { return w.patch(5) }},
		step{"list of 100, first page", 200, func(w *worker) (int, error) {
			s, _ := w.anybody()
			return w.do("GET", b.path(s, "/Users?startIndex=1&count=100"), s.token, nil)
		}},
		step{"list of 100, page after page", 200, (*worker).walk},
	)
	var rows []row
	for _, s := range steps {
		r, err := b.during(ctx, s.name, s.want, s.do)
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
	r, err := b.during(ctx, "delete", 204, (*worker).remove)
	if err != nil {
		return rows, err
	}
	b.rss, b.peak = b.memory("VmRSS"), b.memory("VmHWM")
	b.bytes, err = b.db.bytes(ctx)
	return append(rows, r), err
}

type step = struct {
	name string
	want int
	do   func(*worker) (int, error)
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

// walk reads everybody of one workspace, page after page, and begins again at
// the end.
func (w *worker) walk() (int, error) {
	s := w.b.spaces[w.no%len(w.b.spaces)]
	pages := (s.to-s.from)/100 + 1
	return w.do("GET", w.b.path(s, fmt.Sprintf("/Users?startIndex=%d&count=100", w.step%pages*100+1)), s.token, nil)
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
	c, err := dial(b.server.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	doc, err := c.must(201, "POST", b.path(s, "/Groups"), s.token, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Crowd"}`))
	if err != nil {
		return nil, err
	}
	b.group = fmt.Sprint(doc["id"])
	b.crowd = min(crowds, s.to-s.from)
	began := time.Now()
	for from := 0; from < b.crowd && ctx.Err() == nil; from += 1000 {
		var ids []string
		for n := from; n < min(from+1000, b.crowd); n++ {
			ids = append(ids, idOf(s.from+n))
		}
		if status, err := c.do("PATCH", b.path(s, "/Groups/"+b.group), s.token, memberOp("Add", ids...)); err != nil || status != 204 && status != 200 {
			return nil, fmt.Errorf("filling a group: %d %w: %.300s", status, err, c.body.Bytes())
		}
	}
	took := time.Since(began)
	fmt.Fprintf(b.log, "  a group of %d filled in %v\n", b.crowd, took.Round(time.Millisecond))
	rows := []row{{name: fmt.Sprintf("members added to a group, 1,000 a PATCH, to %d", b.crowd), perSecond: float64(b.crowd) / took.Seconds()}}
	for _, verb := range []string{"Remove", "Add"} {
		name := fmt.Sprintf("one member %s, group of %d", map[string]string{"Remove": "removed", "Add": "added"}[verb], b.crowd)
		r, err := b.during(ctx, name, 204, func(w *worker) (int, error) {
			// Each connection has members of its own, one after the other.
			n := w.step*b.conns + w.no
			if n >= b.crowd {
				return 0, errDone
			}
			return w.do("PATCH", b.path(s, "/Groups/"+b.group), s.token, memberOp(verb, idOf(s.from+n)))
		})
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
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
