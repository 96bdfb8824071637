package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

const (
	// maxValue is how many runes of a value are indexed: PostgreSQL refuses
	// index rows of more than 2,704 bytes. Match decides about the rest.
	maxValue = 250
	// termsAtOnce is how many terms one statement writes.
	termsAtOnce = 64
)

// userType is the type of people in paths.
const userType = "User"

// termTable is one of the two tables of terms.
type termTable string

const (
	userTerms     termTable = "user_terms"
	resourceTerms termTable = "resource_terms"
)

// termKey is a value at a path, as an index row has it.
type termKey struct {
	path int64
	val  string
}

// termRow is a row of a table of terms.
type termRow struct {
	termKey
	pk int64
}

// termWork is what a batch has yet to write to a table of terms. It is written
// for many people at once, since the round trips cost more than the rows.
type termWork struct {
	add, drop []termRow
	pks       map[int64]bool // of whom
}

// indexed is a value as the index has it. exact is false where it differs, so
// that different values may look the same.
func indexed(v string) (val string, exact bool) {
	if len(v) > maxValue {
		n := 0
		for i := range v {
			if n++; n > maxValue {
				v, n = v[:i], -1
				break
			}
		}
		if n == -1 {
			return clean(v), false
		}
	}
	c := clean(v)
	return c, c == v && utf8.RuneCountInString(v) < maxValue && !strings.ContainsAny(v, "\x01\ufffd")
}

// clean replaces what PostgreSQL can't keep: NUL by what comes next, so that the
// order stays.
func clean(v string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(v, "\ufffd"), "\x00", "\x01")
}

// pathKey names a path.
type pathKey struct{ directory, kind, path string }

// path returns the number of a path, which it makes where there is none.
func (t *tx) path(ctx context.Context, k pathKey) (int64, error) {
	if id, known := t.w.paths[k]; known {
		return id, nil
	}
	if id, known := t.paths[k]; known {
		return id, nil
	}
	var id int64
	find := func() error {
		return t.row(ctx, `select id from paths where directory = $1 and type = $2 and path = $3`,
			k.directory, k.kind, k.path).Scan(&id)
	}
	err := find()
	if errors.Is(err, ErrNotFound) {
		if _, err = t.exec(ctx, `insert into paths (directory, type, path) values ($1, $2, $3)`,
			k.directory, k.kind, k.path); err == nil {
			err = find()
		}
	}
	if err != nil {
		return 0, fmt.Errorf("store: numbering path %q: %w", k.path, err)
	}
	t.paths[k] = id
	return id, nil
}

// keys are terms as rows, sorted, each once. unique are those that nobody else
// may have.
func (t *tx) keys(ctx context.Context, dir, kind string, terms []directory.Term) (all []termKey, unique []directory.Term, err error) {
	all = make([]termKey, 0, len(terms))
	for _, term := range terms {
		if !storable(term.Path) {
			return nil, nil, ErrInvalid
		}
		id, err := t.path(ctx, pathKey{dir, kind, term.Path})
		if err != nil {
			return nil, nil, err
		}
		val, exact := indexed(term.Value)
		all = append(all, termKey{id, val})
		if !term.Unique {
			continue
		}
		unique = append(unique, term)
		if !exact {
			k, err := t.uniqueKey(ctx, dir, kind, term)
			if err != nil {
				return nil, nil, err
			}
			all = append(all, k)
		}
	}
	slices.SortFunc(all, compareKeys)
	return slices.Compact(all), unique, nil
}

// uniqueKey is the row of the index that two resources must not both have. Where
// the row of the value itself does not hold all of it, that is one of its own,
// with a hash of the value, at a path that no attribute has.
func (t *tx) uniqueKey(ctx context.Context, dir, kind string, term directory.Term) (termKey, error) {
	path := term.Path
	val, exact := indexed(term.Value)
	if !exact {
		sum := sha256.Sum256([]byte(term.Value))
		path, val = path+"#", hex.EncodeToString(sum[:])
	}
	id, err := t.path(ctx, pathKey{dir, kind, path})
	return termKey{id, val}, err
}

func compareKeys(a, b termKey) int {
	if a.path != b.path {
		if a.path < b.path {
			return -1
		}
		return 1
	}
	return strings.Compare(a.val, b.val)
}

// index makes terms the only ones of a resource that had others.
func (t *tx) index(ctx context.Context, table termTable, dir, kind string, pk int64, had []termKey, terms []directory.Term) error {
	want, unique, err := t.keys(ctx, dir, kind, terms)
	if err != nil {
		return err
	}
	return t.change(ctx, table, dir, kind, pk, had, want, unique)
}

// change is index with the rows that a resource is to have, of which nobody else
// may have those of unique.
func (t *tx) change(ctx context.Context, table termTable, dir, kind string, pk int64, had, want []termKey, unique []directory.Term) error {
	slices.SortFunc(had, compareKeys)
	var added, gone []termKey
	for i, j := 0, 0; i < len(had) || j < len(want); {
		switch {
		case j == len(want) || i < len(had) && compareKeys(had[i], want[j]) < 0:
			gone = append(gone, had[i])
			i++
		case i == len(had) || compareKeys(had[i], want[j]) > 0:
			added = append(added, want[j])
			j++
		default:
			i, j = i+1, j+1
		}
	}
	if len(added) > 0 { // before the work is taken up: this settles what waits
		if err := t.unclaimed(ctx, table, dir, kind, pk, unique); err != nil {
			return err
		}
	}
	if len(added)+len(gone) == 0 {
		return nil
	}
	work := t.terms[table]
	if work == nil {
		work = &termWork{pks: map[int64]bool{}}
		t.terms[table] = work
	}
	for _, k := range gone {
		work.drop = append(work.drop, termRow{k, pk})
	}
	for _, k := range added {
		work.add = append(work.add, termRow{k, pk})
	}
	work.pks[pk] = true
	return nil
}

// unclaimed checks that nobody else has a unique term.
func (t *tx) unclaimed(ctx context.Context, table termTable, dir, kind string, pk int64, unique []directory.Term) error {
	if len(unique) == 0 {
		return nil
	}
	if err := t.settle(ctx); err != nil {
		return err
	}
	for _, term := range unique {
		k, err := t.uniqueKey(ctx, dir, kind, term)
		if err != nil {
			return err
		}
		var there int
		err = t.row(ctx, claimedBy[table], k.path, k.val, pk).Scan(&there)
		switch {
		case err == nil:
			return Exists{term.Path}
		case !errors.Is(err, ErrNotFound):
			return fmt.Errorf("store: looking for %s: %w", term.Path, err)
		}
	}
	return nil
}

// settle writes the terms that wait, and what became of groups. Whoever reads
// either in the writer calls it first.
func (t *tx) settle(ctx context.Context) error {
	if err := t.settleGroups(ctx); err != nil {
		return fmt.Errorf("store: changing a group: %w", err)
	}
	for table, work := range t.terms {
		if err := t.settleTable(ctx, table, work); err != nil {
			return fmt.Errorf("store: indexing: %w", err)
		}
	}
	clear(t.terms)
	return nil
}

func (t *tx) settleTable(ctx context.Context, table termTable, work *termWork) error {
	for _, r := range work.drop {
		// One by one: neither planner is to be trusted with a list of rows.
		if err := t.later(ctx, dropTerm[table], r.path, r.val, r.pk); err != nil {
			return err
		}
	}
	for rows := range slices.Chunk(work.add, termsAtOnce) {
		if err := t.termRows(ctx, addTerms[table], rows); err != nil {
			return err
		}
	}
	return nil
}

// termRows runs the texts for rows: in few sizes, so that few are prepared.
func (t *tx) termRows(ctx context.Context, texts func(n int) string, rows []termRow) error {
	for len(rows) > 0 {
		n := 1
		for 2*n <= len(rows) {
			n *= 2
		}
		args := make([]any, 0, 3*n)
		for _, r := range rows[:n] {
			args = append(args, r.path, r.val, r.pk)
		}
		if err := t.later(ctx, texts(n), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// addTerms are the statements for n rows, n a power of two.
var (
	addTerms = map[termTable]func(int) string{
		userTerms:     texts(`insert into user_terms (path, val, pk) values `, ` on conflict do nothing`),
		resourceTerms: texts(`insert into resource_terms (path, val, pk) values `, ` on conflict do nothing`),
	}
	claimedBy = map[termTable]string{ // by somebody else
		userTerms:     `select 1 from user_terms where path = $1 and val = $2 and pk <> $3 limit 1`,
		resourceTerms: `select 1 from resource_terms where path = $1 and val = $2 and pk <> $3 limit 1`,
	}
	dropTerm = map[termTable]string{
		userTerms:     `delete from user_terms where path = $1 and val = $2 and pk = $3`,
		resourceTerms: `delete from resource_terms where path = $1 and val = $2 and pk = $3`,
	}
)

func texts(before, after string) func(int) string {
	all := map[int]string{}
	for n := 1; n <= termsAtOnce; n *= 2 {
		rows := make([]string, n)
		for i := range rows {
			// Without the casts PostgreSQL takes parameters in VALUES for text.
			rows[i] = fmt.Sprintf("(cast($%d as bigint), $%d, cast($%d as bigint))", 3*i+1, 3*i+2, 3*i+3)
		}
		all[n] = before + strings.Join(rows, ", ") + after
	}
	return func(n int) string { return all[n] }
}

// termsOf is a column: the terms of the row of alias u in one text, so that
// reading them takes no query of its own. hadTerms reads it.
func termsOf(table termTable) string {
	return `coalesce((select string_agg(cast(x.path as text) || ':' || cast(length(x.val) as text) || ':' || x.val, '')
		from ` + string(table) + ` x where x.pk = u.pk), '')`
}

// hadTerms reads what termsOf wrote: for each term its path, the length of its
// value in runes, and the value.
func hadTerms(text string) ([]termKey, error) {
	var all []termKey
	for text != "" {
		path, rest, ok := strings.Cut(text, ":")
		length, rest, ok2 := strings.Cut(rest, ":")
		id, err := strconv.ParseInt(path, 10, 64)
		n, err2 := strconv.Atoi(length)
		if !ok || !ok2 || err != nil || err2 != nil {
			return nil, errors.New("store: reading terms: malformed")
		}
		end := len(rest)
		for i := range rest {
			if n == 0 {
				end = i
				break
			}
			n--
		}
		all = append(all, termKey{id, rest[:end]})
		text = rest[end:]
	}
	return all, nil
}
