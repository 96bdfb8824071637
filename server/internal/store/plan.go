package store

import (
	"strings"
	"time"
	"unicode/utf8"
)

// maxLeaves bounds the conditions of one statement. A filter with more is
// decided by Match.
const maxLeaves = 64

// node is an Expr in negation normal form: only leaves are negated.
type node struct {
	op   nodeOp
	kids []node
	leaf leaf
}

type nodeOp uint8

const (
	always nodeOp = iota
	never
	all
	some
	single
	but // everything but its kid, exactly
)

// leaf is one condition on one attribute.
type leaf struct {
	column  string // what it is in the table; "" for a term
	path    int64  // the number of a term's path
	present bool
	op      Op
	val     string
	micro   int64 // val as a time
	neg     bool
}

// The columns that are conditions of their own kind.
const (
	colID       = "id"
	colName     = "user_name_key"
	colExternal = "external_id"
	colActive   = "state"
	colCreated  = "created"
	colModified = "modified"
	colMembers  = "members" // of a group
	colGroups   = "groups"  // of a person
)

// columnsOf are the paths that need no terms.
var columnsOf = map[bool]map[string]string{
	true: {
		"id": colID, "username": colName, "externalid": colExternal, "active": colActive,
		"meta.created": colCreated, "meta.lastmodified": colModified, "groups": colGroups, "groups.value": colGroups,
	},
	false: {
		"id": colID, "meta.created": colCreated, "meta.lastmodified": colModified,
		"members": colMembers, "members.value": colMembers,
	},
}

// planner turns the Expr of a search into nodes.
type planner struct {
	columns map[string]string
	number  func(path string) (int64, error) // 0 where no resource has the path
	blind   bool                             // the index does not cover everything
	blinded bool                             // and a condition was left to Match for that
	leaves  int
	weak    bool // the nodes let through too many, so Match must decide
}

// undecided is a condition that only Match can decide.
func (p *planner) undecided() node {
	p.weak = true
	return node{op: always}
}

func (p *planner) node(e Expr, neg bool) (node, error) {
	switch e := e.(type) {
	case nil:
		return constant(!neg), nil
	case Not:
		return p.node(e.Expr, !neg)
	case And:
		return p.group(e, neg, all)
	case Or:
		return p.group(e, neg, some)
	case Present:
		return p.leaf(e.Path, leaf{present: true, neg: neg})
	case Compare:
		return p.leaf(e.Path, leaf{op: e.Op, val: e.Value, neg: neg})
	}
	return p.undecided(), nil
}

func constant(is bool) node {
	if is {
		return node{op: always}
	}
	return node{op: never}
}

// group is an And or an Or; negated each is the other.
func (p *planner) group(kids []Expr, neg bool, op nodeOp) (node, error) {
	if neg {
		op = all + some - op
	}
	n := node{op: op}
	decides, neutral := never, always
	if op == some {
		decides, neutral = always, never
	}
	for _, e := range kids {
		k, err := p.node(e, neg)
		if err != nil {
			return n, err
		}
		switch k.op {
		case decides:
			return k, nil
		case neutral:
		case op:
			n.kids = append(n.kids, k.kids...)
		default:
			n.kids = append(n.kids, k)
		}
	}
	switch len(n.kids) {
	case 0:
		return node{op: neutral}, nil
	case 1:
		return n.kids[0], nil
	}
	return n, nil
}

func (p *planner) leaf(path string, l leaf) (node, error) {
	if p.leaves++; p.leaves > maxLeaves {
		return p.undecided(), nil
	}
	var exact bool
	l.val, exact = indexed(l.val)
	if column, is := p.columns[strings.ToLower(path)]; is {
		return p.column(column, l, exact), nil
	}
	if p.blind {
		p.blinded = true
		return p.undecided(), nil
	}
	var err error
	if l.path, err = p.number(path); err != nil {
		return node{}, err
	}
	if l.path == 0 {
		return constant(l.neg), nil
	}
	switch {
	case l.present:
	case !exact:
		if l.op != EQ || l.neg || utf8.RuneCountInString(l.val) < maxValue {
			return p.undecided(), nil
		}
		p.weak = true // all whose beginning is alike
	case l.val == "" && l.op == LT:
		return constant(l.neg), nil
	case l.val == "" && (l.op == SW || l.op == CO || l.op == EW || l.op == GE):
		l = leaf{path: l.path, present: true, neg: l.neg} // every value begins with nothing
	case l.op == CO || l.op == EW:
		p.weak = true // what was cut off is not known; beginnings and order are
	}
	return node{op: single, leaf: l}, nil
}

func (p *planner) column(column string, l leaf, exact bool) node {
	l.column = column
	if !exact {
		return p.undecided()
	}
	if l.val == "" && !l.present && (l.op == SW || l.op == CO || l.op == EW) {
		l.present = true // every value begins with nothing
	}
	switch column {
	case colActive:
		if l.present {
			return constant(!l.neg)
		}
		if l.op != EQ || l.val != "true" && l.val != "false" {
			return p.undecided()
		}
	case colCreated, colModified:
		if l.present {
			return constant(!l.neg)
		}
		at, err := time.Parse(timeValue, l.val)
		if err != nil || l.op == SW || l.op == CO || l.op == EW {
			return p.undecided()
		}
		l.micro = micro(at)
	case colMembers, colGroups:
		if l.op != EQ && !l.present {
			return p.undecided()
		}
	case colID, colName:
		if l.present {
			return constant(!l.neg)
		}
	}
	return node{op: single, leaf: l}
}

// end is the least text that is greater than all that start with prefix, or ""
// where there is none.
func end(prefix string) string {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		switch r := runes[i]; {
		case r == 0xd7ff:
			runes[i] = 0xe000 // over the surrogates, which are no text
		case r < 0x10ffff:
			runes[i]++
		default:
			continue
		}
		return string(runes[:i+1])
	}
	return ""
}
