package store

import (
	"strconv"
	"strings"
)

// sqlText is a statement in the making. Parameters are numbered in the order in
// which they are written, since SQLite takes $1 for a name and numbers names by
// their first appearance.
type sqlText struct {
	b    strings.Builder
	args []any
}

// bind is a value that becomes a parameter.
type bind struct{ v any }

// put writes pieces: strings as they are, a bind as a parameter.
func (q *sqlText) put(pieces ...any) {
	for _, p := range pieces {
		switch p := p.(type) {
		case string:
			q.b.WriteString(p)
		case bind:
			q.args = append(q.args, p.v)
			q.b.WriteByte('$')
			q.b.WriteString(strconv.Itoa(len(q.args)))
		}
	}
}

func (q *sqlText) String() string { return q.b.String() }
