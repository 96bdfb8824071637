package store

import (
	"context"
	"fmt"
	"strconv"
)

// route is an index in whose order a search walks. It gives every candidate
// once, as rows of pk and val.
type route struct {
	from    string             // the table, as alias t
	where   func(q *sqlText)   // what all rows of the walk have in common
	pk      string             // the key of the resource
	code    func(pk int64) any // pk as the index has it, nil: as it is
	order   string             // the index column for pk, "" where that is pk
	val     string             // what is walked by before pk; "" for nothing
	low, to any                // bounds of val, nil for none
	above   bool               // the lower bound is left out itself
	upto    bool               // the upper bound is taken itself
	desc    bool
	check   *leaf // a condition on val
	// path is that of the term where one resource may have several values:
	// then it counts at the first.
	path int64
	// few, when set, gives the candidates, which are put in the order of key:
	// for a route that nobody should take unless they are few.
	few *route
	key func(q *sqlText) // of a candidate f
	num bool             // val is a number
}

// gathered returns the routes that put the candidates of a condition in the
// order of another route, which is by key.
func (v *view) gathered(root node, dir string, order route, key func(q *sqlText)) []route {
	kids := []node{root}
	if root.op == all {
		kids = root.kids
	}
	var routes []route
	for _, k := range kids {
		if k.op != single {
			continue
		}
		few, rank := v.route(k.leaf, dir)
		// Of the active there are many; the suspended may be few.
		if suspended := rank == rankHalf && k.leaf.val != "true"; rank > rankRange && !suspended {
			continue
		}
		d := route{pk: "t.pk", desc: order.desc, few: &few, key: key, num: order.numeric()}
		d.where = func(q *sqlText) { q.put("1 = 1") }
		if order.val != "" {
			d.val = "t.val"
			d.where = func(q *sqlText) { q.put("t.val is not null") }
		}
		routes = append(routes, d)
	}
	return routes
}

// numeric reports whether val is a number.
func (d route) numeric() bool { return d.num || d.val == "t."+colModified }

// source writes what the rows of the walk are taken from, as t.
func (d route) source(q *sqlText) {
	if d.few == nil {
		q.put(d.from, " t")
		return
	}
	q.put("(select f.pk as pk, ")
	d.key(q)
	q.put(" as val from (select distinct ", d.few.pk, " as pk from ", d.few.from, " t where ")
	d.few.where(q)
	d.few.bounds(q, place{}, "")
	q.put(") f) t")
}

// rank is how many candidates an index can be expected to give; less is better.
const (
	rankOne = iota
	rankEqual
	rankRange
	rankHalf
	rankCheck
	rankPresent
	rankAll
)

// route returns the index for a leaf, if there is one, and its rank.
func (v *view) route(l leaf, dir string) (route, int) {
	if l.neg {
		return route{}, rankAll
	}
	switch l.column {
	case "":
		return v.termRoute(l)
	case colID:
		if l.op == EQ {
			return route{from: v.table, pk: "t.pk", where: func(q *sqlText) {
				v.here(q, dir)
				q.put(" and t.id = ", bind{l.val})
			}}, rankOne
		}
	case colName, colExternal:
		return v.nameRoute(l, dir)
	case colActive:
		return route{from: v.table, pk: "t.pk", where: func(q *sqlText) {
			q.put("t.directory = ", bind{dir}, " and ")
			leaf{column: colActive, val: l.val}.state(q)
		}}, rankHalf
	case colModified:
		if l.op == EQ || l.op == GT || l.op == GE || l.op == LT || l.op == LE {
			d := v.byColumn(colModified, dir)
			d.bound(l.op, l.micro)
			return d, rankRange
		}
	case colMembers:
		if l.op == EQ && !l.present {
			return route{from: "members", pk: "t.grp", order: "t.grp", where: func(q *sqlText) {
				q.put("t.member = ")
				l.memberCode(q)
				q.put(" and exists (select 1 from resources y where y.pk = t.grp and y.directory = ", bind{dir},
					" and y.type = 'Group')")
			}}, rankEqual
		}
	case colGroups:
		if l.op == EQ && !l.present {
			return route{
				from: "members", pk: "t.member / 2", order: "t.member",
				code: func(pk int64) any { return 2 * pk }, where: func(q *sqlText) {
					// The directory matters: another's group leads to its people.
					q.put("t.grp = coalesce((select y.pk from resources y where y.id = ", bind{l.val},
						" and y.type = 'Group' and y.directory = ", bind{dir}, "), -1) and t.member % 2 = 0")
				},
			}, rankEqual
		}
	}
	return route{}, rankAll
}

func (l leaf) state(q *sqlText) {
	if l.val == "true" {
		q.put("t.state = 'active'")
	} else {
		q.put("t.state = 'suspended'")
	}
}

func (v *view) termRoute(l leaf) (route, int) {
	d := route{from: string(v.terms), pk: "t.pk", path: l.path, val: "t.val"}
	switch {
	case l.present:
		d.where = pathIs(l.path)
		return d, rankPresent
	case l.op == EQ:
		d.path, d.val = 0, ""
		d.where = func(q *sqlText) { q.put("t.path = ", bind{l.path}, " and t.val = ", bind{l.val}) }
		return d, rankEqual
	case l.op == CO || l.op == EW:
		d.where, d.check = pathIs(l.path), &l
		return d, rankCheck
	}
	d.where = pathIs(l.path)
	d.boundText(l)
	return d, rankRange
}

func pathIs(path int64) func(*sqlText) {
	return func(q *sqlText) { q.put("t.path = ", bind{path}) }
}

// nameRoute walks by userName or externalId.
func (v *view) nameRoute(l leaf, dir string) (route, int) {
	d := v.all(dir)
	here := d.where
	d.where = func(q *sqlText) {
		here(q)
		if l.column == colExternal {
			q.put(" and t.external_id is not null")
		}
	}
	switch {
	case l.op == EQ && !l.present:
		rest := d.where
		d.where = func(q *sqlText) {
			rest(q)
			q.put(" and t.", l.column, " = ", bind{l.val})
		}
		return d, rankOne
	case l.present:
		d.val = "t." + l.column
		return d, rankPresent
	case l.op == CO || l.op == EW:
		d.val, d.check = "t."+l.column, &l
		return d, rankCheck
	}
	d.val = "t." + l.column
	d.boundText(l)
	return d, rankRange
}

// boundText bounds val by a comparison of text.
func (d *route) boundText(l leaf) {
	if l.op != SW {
		d.bound(l.op, l.val)
		return
	}
	d.low = l.val
	if e := end(l.val); e != "" {
		d.to = e
	}
}

func (d *route) bound(op Op, v any) {
	switch op {
	case EQ:
		d.low, d.to, d.upto = v, v, true
	case GT:
		d.low, d.above = v, true
	case GE:
		d.low = v
	case LT:
		d.to = v
	case LE:
		d.to, d.upto = v, true
	}
}

// all walks through every resource, in the order of creation.
func (v *view) all(dir string) route {
	return route{from: v.table, pk: "t.pk", where: func(q *sqlText) { v.here(q, dir) }}
}

// byColumn walks through every resource in the order of a column.
func (v *view) byColumn(column, dir string) route {
	d := v.all(dir)
	if column == colModified && v.changed != "" {
		d = route{from: v.changed, pk: "t.pk", where: func(q *sqlText) { q.put("t.directory = ", bind{dir}) }}
	}
	d.val = "t." + column
	return d
}

// place is where a walk is: behind a row of a route.
type place struct {
	set bool
	val any // as the route's val; nil where it has none
	pk  int64
}

// rows writes the query for the next rows of the walk.
func (d route) rows(q *sqlText, after place, limit, offset int) {
	order := d.order
	if order == "" {
		order = d.pk
	}
	val := d.val
	if val == "" {
		val = "''"
	}
	q.put("select ", d.pk, " as pk, ", val, " as val from ")
	d.source(q)
	q.put(" where ")
	d.where(q)
	d.bounds(q, after, order)
	way := ""
	if d.desc {
		way = " desc"
	}
	q.put(" order by ")
	if d.val != "" {
		q.put(d.val, way, ", ")
	}
	// As a number in the text: what PostgreSQL plans without it is made for a
	// tenth of the table.
	q.put(order, way, " limit ", strconv.Itoa(limit))
	if offset > 0 {
		q.put(" offset ", bind{offset})
	}
}

// bounds writes the bounds of val, of which after replaces one.
func (d route) bounds(q *sqlText, after place, order string) {
	beyond, lower, upper := " > ", d.low, d.to
	if d.desc {
		beyond = " < "
	}
	if after.set {
		var at any = after.pk
		if d.code != nil {
			at = d.code(after.pk)
		}
		if d.val == "" {
			q.put(" and ", order, beyond, bind{at})
		} else {
			q.put(" and (", d.val, ", ", order, ")", beyond, "(", bind{after.val}, ", ", bind{at}, ")")
		}
		if d.desc {
			upper = nil
		} else {
			lower = nil
		}
	}
	if lower != nil {
		q.put(" and ", d.val, map[bool]string{true: " > ", false: " >= "}[d.above], bind{lower})
	}
	if upper != nil {
		q.put(" and ", d.val, map[bool]string{true: " <= ", false: " < "}[d.upto], bind{upper})
	}
}

// checks writes what must hold for a row d of the walk besides.
func (d route) checks(q *sqlText, terms termTable) {
	if d.check != nil {
		q.put(" and ")
		d.check.compare(q, "d.val")
	}
	if d.path == 0 {
		return
	}
	// It is counted at its first value within the bounds.
	q.put(" and not exists (select 1 from ", string(terms), " x where x.pk = d.pk and x.path = ", bind{d.path})
	if d.desc {
		q.put(" and x.val > d.val")
	} else {
		q.put(" and x.val < d.val")
		if d.low != nil {
			q.put(" and x.val", map[bool]string{true: " > ", false: " >= "}[d.above], bind{d.low})
		}
	}
	if d.check != nil {
		q.put(" and ")
		d.check.compare(q, "x.val")
	}
	q.put(oneByOne, ")")
}

// estimate counts the candidates of a route, up to a few.
func (s *Store) estimate(ctx context.Context, d route) (int, error) {
	var q sqlText
	var n int
	q.put("select count(*) from (")
	d.rows(&q, place{}, enough, 0)
	q.put(") d")
	if err := s.read.ask(ctx, &q).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: choosing an index: %w", err)
	}
	return n, nil
}

// enough is how many candidates are too many to tell indexes apart.
const enough = 2000
