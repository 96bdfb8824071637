package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
)

// begin plans a search and stands before its first result.
func begin[T any](ctx context.Context, s *Store, sh *shelf[T], dir string, q Search[T]) (*walk[T], error) {
	w := &walk[T]{s: s, shelf: sh}
	p := &planner{columns: sh.columns, number: func(path string) (int64, error) {
		return s.number(ctx, pathKey{dir, sh.kind, path})
	}}
	covered, err := s.covered(ctx)
	if err != nil {
		return nil, err
	}
	p.blind = !covered
	root, err := p.node(q.Where, false)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Match != nil && (q.Partial || p.weak):
		w.match = q.Match
	case p.weak:
		return nil, ErrIndexing
	}
	if q.Sort == nil {
		w.arms = sh.arms(root, dir)
	} else if w.arms, err = sorted(sh, p, root, dir, *q.Sort); err != nil {
		return nil, err
	}
	w.ended = len(w.arms) == 0
	var order Sort // by its value: an address is another one each time
	if q.Sort != nil {
		order = *q.Sort
	}
	w.shape = shape(sh.kind, dir, q.Where, order, p.blinded)
	return w, nil
}

// maxArms bounds how many ways to results a search goes one after the other.
const maxArms = 32

// fewArms is how many ways are worth what may turn out to be one.
const fewArms = 4

// arms are the ways to the results: one for each alternative of an Or.
func (v *view) arms(root node, dir string) []arm {
	switch root.op {
	case never:
		return nil
	case some:
		if arms := v.alternatives(root.kids, dir); arms != nil {
			return arms
		}
	case all:
		if arms := v.distributed(root.kids, dir); arms != nil {
			return arms
		}
		return []arm{v.conjunction(root.kids, dir)}
	}
	return []arm{v.conjunction([]node{root}, dir)}
}

// distributed are the arms for an And of which one part is an Or whose every
// alternative promises less than the other parts: (a or b) and c is then taken
// for (a and c) or (b and c). nil where there is none.
func (v *view) distributed(kids []node, dir string) []arm {
	direct, at := v.conjunction(kids, dir).rank(), -1
	for i, k := range kids {
		if k.op != some {
			continue
		}
		worst := rankOne
		for _, alternative := range k.kids {
			worst = max(worst, v.conjunction(parts(alternative), dir).rank())
		}
		// Where both promise the same, each arm asks which is the less.
		if worst < direct || worst == direct && at < 0 && worst <= rankRange && len(k.kids) <= fewArms {
			direct, at = worst, i
		}
	}
	if at < 0 {
		return nil
	}
	others := slices.Delete(slices.Clone(kids), at, at+1)
	var all []node
	for _, alternative := range kids[at].kids {
		all = append(all, and(append(slices.Clone(others), alternative)...))
	}
	return v.alternatives(all, dir)
}

// parts are the nodes that must all hold for n.
func parts(n node) []node {
	if n.op == all {
		return n.kids
	}
	return []node{n}
}

// rank is that of the best route.
func (a arm) rank() int { return slices.Min(a.ranks) }

// alternatives are the arms of an Or, nil where one of them would walk through
// everything: then one walk does for all.
func (v *view) alternatives(kids []node, dir string) []arm {
	if len(kids) > maxArms {
		return nil
	}
	var arms []arm
	var before []node
	for _, k := range kids {
		a := v.conjunction(parts(k), dir)
		if len(a.routes) == 1 {
			return nil
		}
		// What an arm before came to was decided there, so what is left out is
		// exactly what it came to, even where that was too much.
		a.conds = append(a.conds, before...)
		arms = append(arms, a)
		before = append(before, except(k))
	}
	return arms
}

// conjunction is the arm for an And.
func (v *view) conjunction(kids []node, dir string) arm {
	a := arm{conds: slices.Clone(kids)}
	for i, k := range kids {
		if k.op != single {
			continue
		}
		if d, rank := v.route(k.leaf, dir); rank < rankAll {
			a.routes, a.ranks, a.covers = append(a.routes, d), append(a.ranks, rank), append(a.covers, i)
		}
	}
	a.routes, a.ranks, a.covers = append(a.routes, v.all(dir)), append(a.ranks, rankAll), append(a.covers, -1)
	return a
}

// and joins nodes.
func and(kids ...node) node {
	n := node{op: all}
	for _, k := range kids {
		switch k.op {
		case always:
		case all:
			n.kids = append(n.kids, k.kids...)
		default:
			n.kids = append(n.kids, k)
		}
	}
	switch len(n.kids) {
	case 0:
		return node{op: always}
	case 1:
		return n.kids[0]
	}
	return n
}

// except is everything but n, exactly.
func except(n node) node { return node{op: but, kids: []node{n}} }

// sorted are the arms for an order: those with a value, and those without.
func sorted[T any](sh *shelf[T], p *planner, root node, dir string, s Sort) ([]arm, error) {
	if root.op == never {
		return nil, nil
	}
	d := sh.all(dir)
	d.desc = s.Desc
	column, is := sh.columns[strings.ToLower(s.Path)]
	switch {
	case is && (column == colCreated || column == colID):
		return []arm{sh.ordered(d, root, dir, nothing)}, nil // ids and times are given in this order
	case is && (column == colName || column == colModified):
		order := sh.byColumn(column, dir)
		order.desc = s.Desc
		return []arm{sh.ordered(order, root, dir, sh.columnOf(column))}, nil
	case is && column != colExternal:
		return nil, ErrNoOrder
	}
	l, key := leaf{column: column, present: true}, sh.columnOf(column)
	if !is {
		if p.blind {
			return nil, ErrIndexing
		}
		var err error
		if l.path, err = p.number(s.Path); err != nil {
			return nil, err
		}
		if l.path == 0 {
			return []arm{sh.ordered(d, root, dir, nothing)}, nil // nobody has a value
		}
		key = sh.valueOf(l.path, s.Desc)
	}
	with, _ := sh.route(l, dir)
	with.desc = s.Desc
	without := l
	without.neg = true
	valued := sh.ordered(with, root, dir, key)
	empty := sh.ordered(d, and(root, node{op: single, leaf: without}), dir, nothing)
	if s.Desc {
		return []arm{empty, valued}, nil
	}
	return []arm{valued, empty}, nil
}

// ordered is the arm that walks in the order of a route, or puts the few whom an
// index of the condition gives in that order.
func (v *view) ordered(d route, root node, dir string, key func(q *sqlText)) arm {
	a := arm{conds: []node{root}, routes: append(v.gathered(root, dir, d, key), d)}
	for range a.routes {
		a.ranks, a.covers = append(a.ranks, rankAll), append(a.covers, -1)
	}
	return a
}

// nothing, columnOf and valueOf write what a candidate f is ordered by.
func nothing(q *sqlText) { q.put("''") }

func (v *view) columnOf(column string) func(q *sqlText) {
	return func(q *sqlText) { q.put("(select y.", column, " from ", v.table, " y where y.pk = f.pk)") }
}

func (v *view) valueOf(path int64, desc bool) func(q *sqlText) {
	which := "min"
	if desc {
		which = "max"
	}
	return func(q *sqlText) {
		q.put("(select ", which, "(x.val) from ", string(v.terms), " x where x.pk = f.pk and x.path = ", bind{path}, ")")
	}
}

// shape is a number for what is searched, so that a cursor is not used for
// something else by mistake, nor one that was garbled.
func shape(parts ...any) uint32 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%#v", parts)
	return h.Sum32()
}

// cursor writes the place behind a result. Its form: version 2, a check of the
// rest and of what is searched, what was counted, arm, route, pk, and val as
// nothing, a number or a text.
func (w *walk[T]) cursor(f found[T], c counted) Cursor {
	var b []byte
	b = binary.AppendUvarint(b, uint64(c.total))
	b = binary.AppendUvarint(b, uint64(c.seq))
	b = binary.AppendUvarint(b, uint64(f.arm))
	b = binary.AppendUvarint(b, uint64(f.using))
	b = binary.AppendVarint(b, f.place.pk)
	switch v := f.place.val.(type) {
	case int64:
		b = binary.AppendVarint(append(b, 'n'), v)
	case string:
		b = append(append(b, 't'), v...)
	}
	head := binary.BigEndian.AppendUint32([]byte{2}, shape(w.shape, b))
	return Cursor(base64.RawURLEncoding.EncodeToString(append(head, b...)))
}

// resume goes to where a cursor stands.
func (w *walk[T]) resume(c Cursor) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(b) < 5 || b[0] != 2 || binary.BigEndian.Uint32(b[1:]) != shape(w.shape, b[5:]) {
		return ErrCursor
	}
	r := bytes.NewReader(b[5:])
	total, err0 := binary.ReadUvarint(r)
	seq, err4 := binary.ReadUvarint(r)
	at, err1 := binary.ReadUvarint(r)
	using, err2 := binary.ReadUvarint(r)
	pk, err3 := binary.ReadVarint(r)
	if errors.Join(err0, err1, err2, err3, err4) != nil || total > math.MaxInt32 || seq > math.MaxInt64 || at >= uint64(len(w.arms)) || using >= uint64(len(w.arms[at].routes)) {
		return ErrCursor
	}
	p := place{set: true, pk: pk}
	switch tag, err := r.ReadByte(); {
	case err != nil:
		return ErrCursor
	case tag == 'n':
		n, err := binary.ReadVarint(r)
		if err != nil {
			return ErrCursor
		}
		p.val = n
	case tag == 't':
		text := string(b[len(b)-r.Len():])
		if !storable(text) {
			return ErrCursor
		}
		p.val = text
	default:
		return ErrCursor
	}
	d := w.arms[at].routes[using]
	if _, number := p.val.(int64); number != d.numeric() {
		return ErrCursor
	}
	w.at, w.place, w.picked = int(at), p, true
	w.arms[at].choice(int(using))
	w.had = counted{total: int(total), seq: int64(seq)}
	return nil
}
