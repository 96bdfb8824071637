package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

const (
	// firstWindow and lastWindow bound how many candidates one query looks
	// at, so that none takes longer than some 10 ms.
	firstWindow, lastWindow = 256, 2048
	// countWindow is the same for counting rows of an index.
	countWindow = 20000
	// matchWindow is how many documents are decided by Match at a time.
	matchWindow = 250
	// lightSteps is how many queries a search may make before it has to stand
	// in line with the other long ones.
	lightSteps = 3
)

// arm is one way to come to results. What another arm before it came to is
// left out.
type arm struct {
	conds  []node  // what must hold for a row u
	routes []route // that can be chosen; the last is always there
	ranks  []int
	covers []int // which of conds a route makes sure of, -1 for none

	chosen int
	rest   node // the conds that the chosen route does not make sure of
}

func (a *arm) choice(i int) {
	a.chosen = i
	rest := slices.Clone(a.conds)
	if c := a.covers[i]; c >= 0 {
		rest = slices.Delete(rest, c, c+1)
	}
	a.rest = and(rest...)
}

// walk goes through the results of a search, arm after arm, in short queries.
type walk[T any] struct {
	s     *Store
	shelf *shelf[T]
	match func(T) (bool, error)
	arms  []arm
	shape uint32
	had   counted // by the cursor that it goes on from

	at     int // the arm
	picked bool
	place  place
	window int
	steps  int
	ended  bool
}

// found is a result and the place behind it.
type found[T any] struct {
	item  T
	arm   int
	using int
	place place
}

// step makes one query for at most limit results, and moves on. It may find
// none though more follow.
func (w *walk[T]) step(ctx context.Context, limit int, docs bool) (got []found[T], err error) {
	a, d, err := w.current(ctx)
	if err != nil || w.ended {
		return nil, err
	}
	done, err := w.queue(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	docs = docs || w.match != nil
	if w.match != nil {
		limit = min(max(limit, 8<<min(w.steps, 5)), matchWindow)
	}
	window := limit
	sifted := w.sifted(a, d)
	if sifted {
		w.window = min(max(firstWindow, 2*limit, 4*w.window), lastWindow)
		window = max(w.window, limit)
	}
	var q sqlText
	w.query(&q, a, d, window, limit, docs)
	rows := 0
	err = w.s.read.askEach(ctx, func(row scanner) error {
		f := found[T]{arm: w.at, using: a.chosen, place: place{set: true}}
		dest := []any{&f.place.pk, &f.place.val}
		item := func() (none T) { return none }
		if docs {
			var more []any
			more, item = w.shelf.scan()
			dest = append(more, dest...)
		}
		if err := row.Scan(dest...); err != nil {
			return err
		}
		rows++
		f.place.tidy()
		f.item = item()
		got = append(got, f)
		return nil
	}, &q)
	if err != nil {
		return nil, fmt.Errorf("store: searching: %w", err)
	}
	if err := w.advance(ctx, d, got, rows == limit, sifted, window); err != nil {
		return nil, err
	}
	return w.matching(got)
}

// advance moves behind what was looked at.
func (w *walk[T]) advance(ctx context.Context, d route, got []found[T], full, sifted bool, window int) error {
	switch {
	case full:
		w.place = got[len(got)-1].place
	case !sifted:
		w.nextArm()
	default:
		p, err := w.jump(ctx, d, window)
		if err != nil {
			return err
		}
		if !p.set {
			w.nextArm()
			return nil
		}
		w.place = p
	}
	return nil
}

// matching leaves those that Match says yes to.
func (w *walk[T]) matching(got []found[T]) ([]found[T], error) {
	if w.match == nil {
		return got, nil
	}
	kept := got[:0]
	for _, f := range got {
		yes, err := w.match(f.item)
		if err != nil {
			return nil, err
		}
		if yes {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

// jump returns the place n rows of the route further on, unset where there
// are fewer.
func (w *walk[T]) jump(ctx context.Context, d route, n int) (place, error) {
	var q sqlText
	d.rows(&q, w.place, 1, n-1)
	p := place{set: true}
	err := w.s.read.askEach(ctx, func(row scanner) error { return row.Scan(&p.pk, &p.val) }, &q)
	if err != nil {
		return place{}, fmt.Errorf("store: searching: %w", err)
	}
	if p.pk == 0 {
		return place{}, nil
	}
	p.tidy()
	return p, nil
}

// tidy makes val a string or an int64, whatever the route reads.
func (p *place) tidy() {
	if b, is := p.val.([]byte); is {
		p.val = string(b)
	}
}

// sifted reports whether rows of the route may turn out to be no results.
func (w *walk[T]) sifted(a *arm, d route) bool {
	return a.rest.op != always || d.path != 0 || d.check != nil
}

// query writes the statement of a step.
func (w *walk[T]) query(q *sqlText, a *arm, d route, window, limit int, docs bool) {
	q.put("select ")
	if docs {
		q.put(w.shelf.read, ", ")
	}
	q.put("d.pk, d.val from (")
	d.rows(q, w.place, window, 0)
	q.put(") d")
	w.conditions(q, a, d, docs)
	way := ""
	if d.desc {
		way = " desc"
	}
	q.put(" order by ")
	if d.val != "" {
		q.put("d.val", way, ", ")
	}
	q.put("d.pk", way, " limit ", strconv.Itoa(limit))
}

// conditions joins the resource, where it is needed, and writes what must hold.
func (w *walk[T]) conditions(q *sqlText, a *arm, d route, docs bool) {
	if docs || a.rest.op != always {
		// cross join keeps SQLite from starting with u.
		q.put(" cross join ", w.shelf.table, " u where u.pk = d.pk")
	} else {
		q.put(" where 1 = 1")
	}
	d.checks(q, w.shelf.terms)
	if a.rest.op != always {
		q.put(" and ")
		a.rest.cond(q, w.shelf.terms)
	}
}

// count counts what is left of the walk, and ends it.
func (w *walk[T]) count(ctx context.Context) (int, error) {
	total := 0
	for !w.ended {
		if w.match != nil {
			got, err := w.step(ctx, matchWindow, true)
			if err != nil {
				return 0, err
			}
			total += len(got)
			continue
		}
		n, err := w.countStep(ctx)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// countStep counts the results among the next rows of the route.
func (w *walk[T]) countStep(ctx context.Context) (int, error) {
	a, d, err := w.current(ctx)
	if err != nil || w.ended {
		return 0, err
	}
	done, err := w.queue(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	window := countWindow
	if w.sifted(a, d) {
		window = lastWindow
	}
	var q sqlText
	q.put("select count(*) from (")
	d.rows(&q, w.place, window, 0)
	q.put(") d")
	w.conditions(&q, a, d, false)
	var n int
	if err := w.s.read.ask(ctx, &q).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: counting: %w", err)
	}
	if !w.sifted(a, d) && n < window {
		w.nextArm()
		return n, nil
	}
	p, err := w.jump(ctx, d, window)
	switch {
	case err != nil:
		return 0, err
	case !p.set:
		w.nextArm()
	default:
		w.place = p
	}
	return n, nil
}

// skip passes n results over, or fewer where there are no more.
func (w *walk[T]) skip(ctx context.Context, n int) (skipped int, err error) {
	for skipped < n && !w.ended {
		a, d, err := w.current(ctx)
		if err != nil || w.ended {
			return skipped, err
		}
		if w.match == nil && !w.sifted(a, d) {
			step := min(n-skipped, countWindow)
			p, err := w.jumpInLine(ctx, d, step)
			if err != nil {
				return skipped, err
			}
			if p.set {
				w.place = p
				skipped += step
				continue
			}
			// Fewer are left in this arm: they are counted.
			left, err := w.countStep(ctx)
			if err != nil {
				return skipped, err
			}
			skipped += left
			continue
		}
		got, err := w.step(ctx, min(n-skipped, lastWindow), false)
		if err != nil {
			return skipped, err
		}
		if skipped += len(got); skipped > n {
			w.back(got[len(got)-1-(skipped-n)])
			skipped = n
		}
	}
	return skipped, nil
}

func (w *walk[T]) jumpInLine(ctx context.Context, d route, n int) (place, error) {
	done, err := w.queue(ctx)
	if err != nil {
		return place{}, err
	}
	defer done()
	return w.jump(ctx, d, n)
}

// current returns the arm and its route, which it chooses at the first time.
func (w *walk[T]) current(ctx context.Context) (*arm, route, error) {
	if w.at >= len(w.arms) {
		w.ended = true
		return nil, route{}, nil
	}
	a := &w.arms[w.at]
	if !w.picked {
		if err := a.choose(ctx, w.s); err != nil {
			return nil, route{}, err
		}
		w.picked = true
	}
	return a, a.routes[a.chosen], nil
}

// back goes back to behind a result.
func (w *walk[T]) back(f found[T]) {
	w.at, w.place, w.picked, w.ended = f.arm, f.place, true, false
	w.arms[f.arm].choice(f.using)
}

func (w *walk[T]) nextArm() {
	w.at++
	w.picked, w.place, w.window = false, place{}, 0
	w.ended = w.at >= len(w.arms)
}

// choose takes the route of the best rank. Between several that promise little
// the database is asked.
func (a *arm) choose(ctx context.Context, s *Store) error {
	best, rivals := len(a.routes)-1, 0
	for i, r := range a.ranks {
		if r < a.ranks[best] {
			best = i
		}
		if r == rankEqual || r == rankRange {
			rivals++
		}
	}
	least := enough
	for i, d := range a.routes {
		if d.few == nil {
			continue
		}
		n, err := s.estimate(ctx, *d.few)
		if err != nil {
			return err
		}
		if n < least {
			least, best = n, i
		}
	}
	for i, r := range a.ranks {
		if rivals < 2 || a.ranks[best] == rankOne {
			break
		}
		if r != rankEqual && r != rankRange {
			continue
		}
		n, err := s.estimate(ctx, a.routes[i])
		if err != nil {
			return err
		}
		if n < least {
			least, best = n, i
		}
	}
	a.choice(best)
	return nil
}

// queue lets a walk that has become long wait for its turn: one of them works
// at a time, one query long, so that neither the writer nor the short searches
// lack a processor or a connection.
func (w *walk[T]) queue(ctx context.Context) (done func(), err error) {
	if w.steps++; w.steps <= lightSteps {
		return func() {}, ctx.Err()
	}
	select {
	case w.s.heavy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return func() { <-w.s.heavy }, nil
}
