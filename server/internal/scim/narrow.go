package scim

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Plan is a filter as far as an index can answer it. A store needs to know no
// schema to run one: every Path is canonical and every Value comparable, as in
// a [Term].
type Plan struct {
	Kind PlanKind
	// Args are the parts of PlanAnd and PlanOr, and the one of PlanNot.
	Args []Plan
	// Path, Op and Value are those of PlanCompare, Path that of PlanPresent. Op
	// is never ne.
	Path  string
	Op    Op
	Value string
}

// PlanKind says what a Plan does.
type PlanKind int

// The kinds of Plan. PlanCompare and PlanPresent hold where any entry of the
// path does.
const (
	PlanEverything PlanKind = iota
	PlanNothing
	PlanAnd
	PlanOr
	PlanNot
	PlanCompare
	PlanPresent
)

var (
	everything = Plan{Kind: PlanEverything}
	nothing    = Plan{Kind: PlanNothing}
)

// column reports whether a store can compare a path without an entry: these of
// every resource, and of people also the names that they are known by.
func (t *ResourceType) column(path string) bool {
	switch path {
	case "id", "meta.created", "meta.lastmodified":
		return true
	case "username", "externalid", "active":
		return t.Core.ID == UserSchema
	}
	return false
}

// Narrow returns a plan that holds for every resource that matches f. exact
// says that it holds for no other; where it does not, what the plan finds has to
// be asked again, with [ResourceType.Compile].
func (t *ResourceType) Narrow(f Filter) (plan Plan, exact bool) {
	return narrower{t: t}.narrow(f)
}

// narrower is where names are looked up: in a resource, or in an element of an
// attribute.
type narrower struct {
	t  *ResourceType
	of *target
}

func (n narrower) narrow(f Filter) (Plan, bool) {
	switch f := f.(type) {
	case And:
		l, lexact := n.narrow(f.L)
		r, rexact := n.narrow(f.R)
		// That one element satisfies both is more than that the resource does.
		return and(l, r), lexact && rexact && n.of == nil
	case Or:
		l, lexact := n.narrow(f.L)
		r, rexact := n.narrow(f.R)
		return oneOf(l, r), lexact && rexact
	case Not:
		if inner, exact := n.narrow(f.F); exact && n.of == nil {
			return opposite(inner), true
		}
	case Compare:
		return n.compare(f)
	case Present:
		return n.present(f.Path)
	case Has:
		return n.present(f.Path)
	}
	return everything, false
}

func and(l, r Plan) Plan {
	switch {
	case l.Kind == PlanNothing || r.Kind == PlanNothing:
		return nothing
	case l.Kind == PlanEverything:
		return r
	case r.Kind == PlanEverything:
		return l
	}
	return Plan{Kind: PlanAnd, Args: []Plan{l, r}}
}

func oneOf(l, r Plan) Plan {
	switch {
	case l.Kind == PlanEverything || r.Kind == PlanEverything:
		return everything
	case l.Kind == PlanNothing:
		return r
	case r.Kind == PlanNothing:
		return l
	}
	return Plan{Kind: PlanOr, Args: []Plan{l, r}}
}

func opposite(p Plan) Plan {
	switch p.Kind {
	case PlanEverything:
		return nothing
	case PlanNothing:
		return everything
	case PlanNot:
		return p.Args[0]
	}
	return Plan{Kind: PlanNot, Args: []Plan{p}}
}

// locate resolves a name in the scope. known is false where nobody declared it.
func (n narrower) locate(name string) (g target, known bool) {
	if n.of == nil {
		g = n.t.resolve(name)
		return g, g.attr != nil
	}
	if n.of.attr.isValue(name) {
		return target{schema: n.of.schema, attr: n.of.attr}, true
	}
	sub := n.of.attr.sub(name)
	if sub == nil {
		return target{}, false
	}
	return target{schema: n.of.schema, attr: n.of.attr, sub: sub}, true
}

// stored is the path of the column or the entries of g, if there are any.
func (n narrower) stored(g target) (path string, ok bool) {
	path = strings.ToLower(g.name())
	if g.schema == nil && (n.t.column(path) || n.t.relations[path]) {
		return path, true
	}
	return path, g.leaf().Indexed && g.leaf().Type != Complex
}

// within narrows the filter of a value path. Of a single comparison the answer
// is exact: some element satisfies it if the index has such an entry.
func (n narrower) within(g target, where Filter) (Plan, bool) {
	if !g.attr.MultiValued {
		return everything, false
	}
	return narrower{n.t, &g}.narrow(where)
}

func (n narrower) present(p Path) (Plan, bool) {
	g, known := n.locate(p.Attr)
	switch {
	case !known && n.of == nil && p.Where == nil && n.t.resolve(p.Attr).schema != nil:
		return everything, false // a whole extension
	case !known:
		return nothing, true
	case p.Where != nil:
		plan, exact := n.within(g, p.Where)
		return plan, exact && p.Sub == ""
	}
	path, ok := n.stored(g)
	switch {
	case !ok && n.of == nil && n.t.relations[path+".value"]:
		return Plan{Kind: PlanPresent, Path: path + ".value"}, true
	case !ok:
		return everything, false
	case path == "active" || strings.HasPrefix(path, "meta.") || path == "id":
		return everything, true // everybody has one
	}
	return Plan{Kind: PlanPresent, Path: path}, true
}

func (n narrower) compare(f Compare) (Plan, bool) {
	if f.Value == nil && (f.Op == Eq || f.Op == Ne) {
		plan, exact := n.present(f.Path)
		switch {
		case f.Op == Ne:
			return plan, exact
		case exact && n.of == nil:
			return opposite(plan), true
		}
		return everything, false
	}
	g, known := n.locate(f.Path.Attr)
	if known && f.Path.Sub != "" {
		g.sub = g.attr.sub(f.Path.Sub)
		known = g.sub != nil
	}
	if !known {
		if f.Op == Ne {
			return everything, n.of == nil && f.Path.Where == nil
		}
		return nothing, true
	}
	if leaf := g.leaf(); leaf.Type == Complex && leaf.main() != nil {
		g.sub = leaf.main()
	}
	where, exact := everything, true
	if f.Path.Where != nil {
		where, _ = n.within(g, f.Path.Where)
		exact = false
	}
	path, ok := n.stored(g)
	if !ok {
		return where, false
	}
	if f.Op == Ne {
		// Of several values any other one will do, so eq says nothing about ne.
		if g.attr.MultiValued || f.Path.Where != nil {
			return everything, false
		}
		f.Op = Eq
		plan, exact := n.t.entry(path, g.leaf(), f)
		if !exact {
			return everything, false
		}
		return opposite(plan), true
	}
	plan, precise := n.t.entry(path, g.leaf(), f)
	return and(where, plan), exact && precise
}

// entry is the comparison of one entry. f.Op is not ne.
func (t *ResourceType) entry(path string, a *Attribute, f Compare) (Plan, bool) {
	plan := Plan{Kind: PlanCompare, Path: path, Op: f.Op}
	partial := f.Op == Co || f.Op == Sw || f.Op == Ew
	switch a.Type {
	case Boolean:
		want, ok := boolean(f.Value)
		if !ok || f.Op != Eq {
			return nothing, true
		}
		plan.Value = strconv.FormatBool(want)
		return plan, true
	case DateTime:
		want, ok := moment(f.Value)
		if !ok || partial {
			return everything, false
		}
		return instant(plan, want, t.column(path))
	case Integer, Decimal:
		want, ok := literalNumber(f.Value)
		if !ok || partial {
			return nothing, true
		}
		plan.Value = orderedNumber(want)
		return plan, true
	}
	want, isText := f.Value.(string)
	switch {
	case !isText:
		return nothing, true
	case !utf8.ValidString(want) || strings.ContainsAny(want, "\x00"+cutMark):
		return everything, false // no database holds it, and it is rare
	case want == "" && f.Op == Eq:
		return nothing, true // an empty text is no value
	case want == "":
		return everything, false
	}
	if !a.CaseExact {
		want = Fold(want)
	}
	plan.Value = want
	if t.relations[path] && f.Op != Eq {
		return everything, false
	}
	if t.column(path) || t.relations[path] || whole(a) {
		return plan, true
	}
	return words(plan, want)
}

// words compares text. What is longer than an entry is compared by its
// beginning, and then asked again.
func words(plan Plan, want string) (Plan, bool) {
	long := len(want) > MaxTerm-utf8.UTFMax
	switch plan.Op {
	case Co, Ew:
		// The end of a value that was cut is not in the index.
		whole := Plan{Kind: PlanCompare, Path: plan.Path, Op: Ew, Value: cutMark}
		if long {
			plan.Op, plan.Value = Co, want[:runeBefore(want, MaxTerm-utf8.UTFMax)]
		}
		return oneOf(plan, whole), false
	case Eq, Sw:
		if long {
			plan.Op, plan.Value = Sw, want[:runeBefore(want, MaxTerm-utf8.UTFMax)]
			return plan, false
		}
	default:
		if long {
			return everything, false
		}
	}
	return plan, true
}

// runeBefore is the last beginning of a character in s at or before i.
func runeBefore(s string, i int) int {
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// instant compares times. Those of the server have microseconds, so a finer one
// lies between two of them.
func instant(plan Plan, want time.Time, column bool) (Plan, bool) {
	if column {
		if floor := want.Truncate(time.Microsecond); !floor.Equal(want) {
			want = floor
			switch plan.Op {
			case Eq:
				return nothing, true
			case Ge:
				plan.Op = Gt
			case Lt:
				plan.Op = Le
			}
		}
	}
	plan.Value = orderedTime(want)
	if column {
		plan.Value = want.UTC().Format(columnTime)
	}
	return plan, true
}

// columnTime is how a store writes its times, to the microsecond.
const columnTime = "2006-01-02T15:04:05.000000Z"

// Mentions reports whether f asks about an attribute, or a part of it, by its
// name in the core schema.
func (t *ResourceType) Mentions(f Filter, attribute string) bool {
	about := func(p Path) bool {
		g := t.resolve(p.Attr)
		return g.attr != nil && g.schema == nil && strings.EqualFold(g.attr.Name, attribute)
	}
	switch f := f.(type) {
	case And:
		return t.Mentions(f.L, attribute) || t.Mentions(f.R, attribute)
	case Or:
		return t.Mentions(f.L, attribute) || t.Mentions(f.R, attribute)
	case Not:
		return t.Mentions(f.F, attribute)
	case Compare:
		return about(f.Path)
	case Present:
		return about(f.Path)
	case Has:
		return about(f.Path)
	}
	return false
}

// SortPath returns the path of the entries or the column that a sortBy names.
// ok is false where there are none, and for what has several values: a store
// does not know which of them counts. [ResourceType.SortKey] does.
func (t *ResourceType) SortPath(name string) (path string, ok bool) {
	n := narrower{t: t}
	g, known := n.locate(name)
	if !known {
		return "", false
	}
	if leaf := g.leaf(); leaf.Type == Complex && leaf.main() != nil {
		g.sub = leaf.main()
	}
	path, ok = n.stored(g)
	return path, ok && !t.relations[path] && path != "active" && !g.attr.MultiValued
}

// Shows reports whether s shows an attribute of the core schema that is shown by
// default, or a part of it.
func (s Selection) Shows(attribute string) bool {
	name := strings.ToLower(attribute)
	if s.only == nil {
		return !s.without[name]
	}
	for asked := range s.only {
		if asked == name || strings.HasPrefix(asked, name+".") {
			return true
		}
	}
	return false
}

// Without reports whether s leaves out nothing but these attributes of the core
// schema, all of which are in no document: then a stored document can be sent as
// it is.
func (s Selection) Without(attributes ...string) bool {
	for name := range s.without {
		if !slices.Contains(attributes, name) {
			return false
		}
	}
	return s.only == nil
}
