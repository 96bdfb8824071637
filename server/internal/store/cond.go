package store

import "unicode/utf8"

// cond writes a node as a condition on the row u of table.
func (n node) cond(q *sqlText, table termTable) {
	switch n.op {
	case always:
		q.put("1 = 1")
	case never:
		q.put("1 = 0")
	case single:
		if n.leaf.neg {
			q.put("not ")
		}
		q.put("(")
		n.leaf.cond(q, table)
		q.put(")")
	case but:
		q.put("not (")
		n.kids[0].cond(q, table)
		q.put(")")
	default:
		glue := " and "
		if n.op == some {
			glue = " or "
		}
		q.put("(")
		for i, k := range n.kids {
			if i > 0 {
				q.put(glue)
			}
			k.cond(q, table)
		}
		q.put(")")
	}
}

// oneByOne ends a query within exists. Without it PostgreSQL may, once it has
// forgotten how few candidates are asked about, read and sort the whole index of
// the attribute instead of looking each candidate up.
const oneByOne = " limit 1 offset 0"

// cond writes a leaf, without its negation. It is never null.
func (l leaf) cond(q *sqlText, table termTable) {
	switch l.column {
	case "":
		q.put("exists (select 1 from ", string(table), " x where x.pk = u.pk and x.path = ", bind{l.path})
		if !l.present {
			q.put(" and ")
			l.compare(q, "x.val")
		}
		q.put(oneByOne, ")")
	case colActive:
		if l.val == "true" {
			q.put("u.state = 'active'")
		} else {
			q.put("u.state = 'suspended'")
		}
	case colCreated, colModified:
		q.put("u.", l.column, operators[l.op], bind{l.micro})
	case colMembers:
		q.put("exists (select 1 from members m where m.grp = u.pk")
		if !l.present {
			q.put(" and m.member = ")
			l.memberCode(q)
		}
		q.put(oneByOne, ")")
	case colGroups:
		q.put("exists (select 1 from members m where m.member = 2 * u.pk")
		if !l.present {
			q.put(" and m.grp = ")
			l.groupKey(q)
		}
		q.put(oneByOne, ")")
	case colExternal:
		q.put("u.external_id is not null")
		if !l.present {
			q.put(" and ")
			l.compare(q, "u.external_id")
		}
	default:
		l.compare(q, "u."+l.column)
	}
}

// memberCode writes the code of the member whose id the leaf has.
func (l leaf) memberCode(q *sqlText) {
	q.put("coalesce((select 2 * y.pk from users y where y.id = ", bind{l.val},
		"), (select 2 * y.pk + 1 from resources y where y.id = ", bind{l.val}, "), -1)")
}

// groupKey writes the pk of the group whose id the leaf has.
func (l leaf) groupKey(q *sqlText) {
	q.put("coalesce((select y.pk from resources y where y.id = ", bind{l.val}, " and y.type = 'Group'), -1)")
}

var operators = map[Op]string{EQ: " = ", GT: " > ", GE: " >= ", LT: " < ", LE: " <= "}

// compare writes a comparison of text. Both databases sort it by bytes. Where
// a value was cut, an end that is not there may have been what is asked for, so
// what asks for it is given the benefit of the doubt.
func (l leaf) compare(q *sqlText, val string) {
	cut := func() {
		if !l.neg && l.column == "" {
			q.put(" or length(", val, ") >= ", bind{maxValue})
		}
	}
	switch l.op {
	case SW:
		q.put(val, " >= ", bind{l.val})
		if e := end(l.val); e != "" {
			q.put(" and ", val, " < ", bind{e})
		}
	case CO:
		q.put("(replace(", val, ", ", bind{l.val}, ", '') <> ", val)
		cut()
		q.put(")")
	case EW:
		n := utf8.RuneCountInString(l.val)
		q.put("(length(", val, ") >= ", bind{n}, " and substr(", val, ", length(", val, ") - ", bind{n}, " + 1) = ", bind{l.val})
		cut()
		q.put(")")
	default:
		q.put(val, operators[l.op], bind{l.val})
	}
}
