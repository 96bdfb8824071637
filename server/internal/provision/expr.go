package provision

import (
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var operators = map[scim.Op]store.Op{
	scim.Eq: store.EQ, scim.Co: store.CO, scim.Sw: store.SW, scim.Ew: store.EW,
	scim.Gt: store.GT, scim.Ge: store.GE, scim.Lt: store.LT, scim.Le: store.LE,
}

// expr turns the plan of a filter into a condition of the store.
func expr(p scim.Plan) store.Expr {
	switch p.Kind {
	case scim.PlanNothing:
		return store.Or{}
	case scim.PlanAnd:
		all := make(store.And, len(p.Args))
		for i, a := range p.Args {
			all[i] = expr(a)
		}
		return all
	case scim.PlanOr:
		any := make(store.Or, len(p.Args))
		for i, a := range p.Args {
			any[i] = expr(a)
		}
		return any
	case scim.PlanNot:
		return store.Not{Expr: expr(p.Args[0])}
	case scim.PlanPresent:
		return store.Present{Path: p.Path}
	case scim.PlanCompare:
		if !storable(p.Value) {
			return store.Or{} // nobody has what no database holds
		}
		return store.Compare{Path: p.Path, Op: operators[p.Op], Value: p.Value}
	}
	return store.And{}
}
