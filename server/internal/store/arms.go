package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
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
		return []arm{v.conjunction(root.kids, dir)}
	}
	return []arm{v.conjunction([]node{root}, dir)}
}

// alternatives are the arms of an Or, nil where one of them would walk through
// everything: then one walk does for all.
func (v *view) alternatives(kids []node, dir string) []arm {
	if len(kids) > maxArms {
		return nil
	}
	var arms []arm
	var before []node
	for _, k := range kids {
		parts := []node{k}
		if k.op == all {
			parts = k.kids
		}
		a := v.conjunction(parts, dir)
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
	one := func(d route, rest node) arm {
		return arm{routes: []route{d}, ranks: []int{rankAll}, covers: []int{-1}, conds: []node{rest}}
	}
	d := sh.all(dir)
	d.desc = s.Desc
	column, is := sh.columns[strings.ToLower(s.Path)]
	switch {
	case is && (column == colCreated || column == colID):
		return []arm{one(d, root)}, nil // ids and times are given in this order
	case is && (column == colName || column == colModified):
		d.val = "t." + column
		return []arm{one(d, root)}, nil
	case is && column != colExternal:
		return nil, ErrNoOrder
	}
	l := leaf{column: column, present: true}
	if !is {
		if p.blind {
			return nil, ErrIndexing
		}
		var err error
		if l.path, err = p.number(s.Path); err != nil {
			return nil, err
		}
		if l.path == 0 {
			return []arm{one(d, root)}, nil // nobody has a value
		}
	}
	with, _ := sh.route(l, dir)
	with.desc = s.Desc
	without := l
	without.neg = true
	valued := one(with, root)
	empty := one(d, and(root, node{op: single, leaf: without}))
	if s.Desc {
		return []arm{empty, valued}, nil
	}
	return []arm{valued, empty}, nil
}

// shape is a number for what is searched, so that a cursor is not used for
// something else by mistake.
func shape(parts ...any) uint32 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%#v", parts)
	return h.Sum32()
}

// cursor writes the place behind a result. Its form: version 1, shape, arm,
// route, pk, and val as nothing, a number or a text.
func (w *walk[T]) cursor(f found[T]) Cursor {
	b := binary.BigEndian.AppendUint32([]byte{1}, w.shape)
	b = binary.AppendUvarint(b, uint64(f.arm))
	b = binary.AppendUvarint(b, uint64(f.using))
	b = binary.AppendVarint(b, f.place.pk)
	switch v := f.place.val.(type) {
	case int64:
		b = binary.AppendVarint(append(b, 'n'), v)
	case string:
		b = append(append(b, 't'), v...)
	}
	return Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// resume goes to where a cursor stands.
func (w *walk[T]) resume(c Cursor) error {
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil || len(b) < 5 || b[0] != 1 || binary.BigEndian.Uint32(b[1:]) != w.shape {
		return ErrCursor
	}
	r := bytes.NewReader(b[5:])
	at, err1 := binary.ReadUvarint(r)
	using, err2 := binary.ReadUvarint(r)
	pk, err3 := binary.ReadVarint(r)
	if err1 != nil || err2 != nil || err3 != nil || at >= uint64(len(w.arms)) || using >= uint64(len(w.arms[at].routes)) {
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
	if _, number := p.val.(int64); number != (d.val == "t."+colModified) {
		return ErrCursor
	}
	w.at, w.place, w.picked = int(at), p, true
	w.arms[at].choice(int(using))
	return nil
}
