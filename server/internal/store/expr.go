package store

// Expr is a condition on resources that can be decided by indexes: [And], [Or],
// [Not], [Compare] or [Present]. A nil Expr is true.
//
// Paths are those of directory.Term. These are columns and need no terms, for
// people: "id", "username", "externalid", "active", "meta.created" and
// "meta.lastmodified"; for other resources "id", "meta.created" and
// "meta.lastmodified". Values are in the form terms have: user names folded,
// times as [TimeValue] writes them, "true" and "false".
type Expr interface{ expr() }

// And is true when all are.
type And []Expr

// Or is true when one is.
type Or []Expr

// Not is true when Expr is not, so also for a resource without the attribute.
type Not struct{ Expr Expr }

// Compare is true for a resource that has a value at Path for which Op holds.
// SCIM's ne is a Not of EQ.
type Compare struct {
	Path  string
	Op    Op
	Value string
}

// Present is true for a resource that has a value at Path.
type Present struct{ Path string }

func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (Compare) expr() {}
func (Present) expr() {}

// Op is an operator of Compare (RFC 7644, section 3.4.2.2).
type Op uint8

// The operators.
const (
	EQ Op = iota // equal
	SW           // starts with
	CO           // contains
	EW           // ends with
	GT
	GE
	LT
	LE
)
