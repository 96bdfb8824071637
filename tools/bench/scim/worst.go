//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"
)

// attack is something that costs a lot.
type attack struct {
	name string
	// query is asked for in the workspace that has nearly everybody.
	query url.Values
	// do is what is done where it is no query. It returns errDone at the end.
	do func(w *worker) error
	// before makes what do needs.
	before func(ctx context.Context, b *bench) error
}

// attacks are the worst that are known: each made a server wait for somebody
// once, or would have.
func (b *bench) attacks() []attack {
	busy := b.spaces[0]
	middle := fmt.Sprint((busy.to - busy.from) / 2)
	q := func(pairs ...string) url.Values {
		v := url.Values{"count": {"100"}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	all := []attack{
		{name: "nothing"},
		{name: "co that nobody has", query: q("filter", `displayName co "nobody has this"`)},
		{name: "ew that nobody has", query: q("filter", `userName ew "nobody has this"`)},
		{name: "not, of what all have", query: q("filter", `not (name.givenName eq "Given")`)},
		{name: "ne, of what all have, without an index", query: q("filter", `title ne "Analyst"`)},
		{name: "co or co", query: q("filter", `displayName co "qqqq" or name.familyName co "wwww"`)},
		{name: "(a or b) and c", query: q("filter", `(displayName eq "nobody" or name.familyName eq "nobody") and name.givenName eq "Given"`)},
		{name: "two that all have, and no one", query: q("filter", `name.givenName eq "Given" and not (displayName sw "Display")`)},
		{name: "an attribute without an index", query: q("filter", `phoneNumbers.value eq "+45 99"`)},
		{name: "sorted, of a filter that one fits", query: q("filter", `userName eq "`+numbered(busy.to-1)+`@bench.example"`, "sortBy", "displayName")},
		{name: "sorted, of a filter that nobody fits", query: q("filter", `name.familyName sw "nobody"`, "sortBy", "displayName")},
		{name: "jump to the middle", query: q("startIndex", middle)},
		{name: "jump to the middle of a filter", query: q("startIndex", middle, "filter", `name.givenName eq "Given"`)},
		{name: "jump to the middle, sorted", query: q("startIndex", middle, "sortBy", "displayName")},
		{name: "total of a co that all fit", query: q("filter", `displayName co "seed"`, "count", "1")},
		{name: "cursor through a filter that all fit", do: b.cursor(`name.givenName eq "Given" and displayName sw "D"`)},
	}
	return append(all, b.changes()...)
}

// cursor walks through a filter by cursor: each page tells the total.
func (b *bench) cursor(filter string) func(*worker) error {
	next := make([]string, 16) // of each connection
	return func(w *worker) error {
		s := b.spaces[0]
		v := url.Values{"count": {"100"}, "filter": {filter}, "cursor": {next[w.no]}}
		doc, err := w.must(200, "GET", b.path(s, "/Users?"+v.Encode()), s.token, nil)
		if err == nil {
			next[w.no], _ = doc["nextCursor"].(string)
		}
		return err
	}
}

// long is until told otherwise.
const long = time.Hour

// manyGroups is how many groups the person is in who is archived.
func (b *bench) manyGroups() int { return min(3000, max(20, b.size/10)) }

// changes are the largest changes. Each is made once by the first connection.
func (b *bench) changes() []attack {
	var group, person string
	busy := b.spaces[0]
	crowd := min(crowds, (busy.to-busy.from)/2)
	one := func(status int, method string, path func() string, body func() []byte) func(*worker) error {
		return func(w *worker) error {
			if w.no > 0 || w.step > 0 {
				return errDone
			}
			_, err := w.must(status, method, b.path(busy, path()), busy.token, body())
			return err
		}
	}
	crowded := func(ctx context.Context, b *bench) (err error) {
		group, err = b.fill(ctx, busy, fmt.Sprintf("Crowd %d", time.Now().UnixNano()), crowd)
		return err
	}
	nothing := func() []byte { return nil }
	return []attack{
		{name: fmt.Sprintf("all %d members of a group replaced", crowd), before: crowded, do: one(204, "PATCH", func() string { return "/Groups/" + group }, func() []byte {
			ids := make([]string, min(crowd/2, 10_000)) // a request may have 1 MiB
			for i := range ids {
				ids[i] = idOf(busy.from + crowd + i)
			}
			return memberOp("Replace", ids...)
		})},
		{name: fmt.Sprintf("a group of %d deleted", crowd), before: crowded, do: one(204, "DELETE", func() string { return "/Groups/" + group }, nothing)},
		{name: fmt.Sprintf("a person of %d groups deleted", b.manyGroups()), before: func(ctx context.Context, b *bench) (err error) {
			person = idOf(busy.from)
			return b.joinMany(ctx, person)
		}, do: one(204, "DELETE", func() string { return "/Users/" + person }, nothing)},
	}
}

// joinMany makes groups whose only member is a person.
func (b *bench) joinMany(ctx context.Context, person string) error {
	s := b.spaces[0]
	var mu sync.Mutex
	made := 0
	_, err := b.sample(ctx, b.conns, long, step{name: "groups", want: 201, do: func(w *worker) (int, error) {
		mu.Lock()
		n := made
		made++
		mu.Unlock()
		if n >= b.manyGroups() {
			return 0, errDone
		}
		return w.do("POST", b.path(s, "/Groups"), s.token, fmt.Appendf(nil,
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Small %d","members":[{"value":%q}]}`, n, person))
	}})
	return err
}

// notice is what was measured of one attack.
type notice struct {
	attack      sample
	read, write sample
}

// worstOf measures every attack and prints the table.
func (b *bench) worstOf(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "\n%s, %d people: what another workspace notices\n\n", b.db.kind, b.size)
	fmt.Fprintf(out, "| while another asks for | done | each takes | read p50 | p99 | longest | write p50 | p99 | longest |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, a := range b.attacks() {
		fmt.Fprintf(b.log, "  %s\n", a.name)
		n, err := b.notice(ctx, a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		done, each := "0", "longer"
		if len(n.attack.took) > 0 {
			slices.Sort(n.attack.took)
			done, each = fmt.Sprint(len(n.attack.took)), fmt.Sprint(n.attack.took[len(n.attack.took)/2].Round(time.Millisecond))
		}
		fmt.Fprintf(out, "| %s | %s | %s |", a.name, done, each)
		for _, s := range []sample{n.read, n.write} {
			r := s.row("")
			fmt.Fprintf(out, " %v | %v | %v |", r.p50, r.p99, s.took[len(s.took)-1].Round(10*time.Microsecond))
		}
		fmt.Fprintln(out)
	}
	_, err := fmt.Fprintf(out, "\nserver %d MB resident at most\n", b.memory("VmHWM"))
	return err
}

// notice measures one attack: for as long as -each says, and as the attack
// takes where that is longer.
func (b *bench) notice(ctx context.Context, a attack) (n notice, err error) {
	if a.before != nil {
		if err := a.before(ctx, b); err != nil {
			return n, err
		}
	}
	s := b.spaces[1]
	calm, end := context.WithCancel(ctx)
	defer end()
	var wg sync.WaitGroup
	var errs [2]error
	wg.Go(func() {
		n.read, errs[0] = b.sample(calm, 1, long, step{name: "read", want: 200, do: func(w *worker) (int, error) {
			return w.do("GET", b.path(s, "/Users/"+idOf(s.from+w.dice.IntN(s.to-s.from))), s.token, nil)
		}})
	})
	wg.Go(func() {
		n.write, errs[1] = b.sample(calm, 1, long, step{name: "write", want: 200, do: func(w *worker) (int, error) {
			body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"title","value":"T%d"}]}`, w.step)
			return w.do("PATCH", b.path(s, "/Users/"+idOf(s.from+w.dice.IntN(s.to-s.from))), s.token, []byte(body))
		}})
	})
	n.attack, err = b.attack(ctx, a)
	end()
	wg.Wait()
	if err := errors.Join(err, errs[0], errs[1], ctx.Err()); err != nil {
		return n, err
	}
	if len(n.read.took) == 0 || len(n.write.took) == 0 {
		return n, errors.New("another workspace was not served at all")
	}
	slices.Sort(n.read.took)
	slices.Sort(n.write.took)
	return n, nil
}

// attack runs an attack on two connections. A query that is not answered in time
// is given up, as a client would.
func (b *bench) attack(ctx context.Context, a attack) (sample, error) {
	s := b.spaces[0]
	do := a.do
	switch {
	case do == nil && a.query == nil:
		select {
		case <-time.After(b.each):
		case <-ctx.Done():
		}
		return sample{}, nil
	case do == nil:
		do = func(w *worker) error {
			if err := w.conn.SetDeadline(time.Now().Add(2 * b.each)); err != nil {
				return err
			}
			_, err := w.must(200, "GET", b.path(s, "/Users?"+a.query.Encode()), s.token, nil)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return errDone
			}
			return err
		}
	}
	return b.sample(ctx, 2, b.each, step{name: a.name, do: func(w *worker) (int, error) { return 0, do(w) }})
}
