package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// guess is the move of one member, which is sent before it is known that it is
// what is wanted: with the statement that begins the transaction, so that a
// batch of such changes makes two round trips and not one for each. It is
// looked at when its turn comes. One that came true and should not have undoes
// the batch, which then goes without guesses.
type guess struct {
	pk   int64 // of the group
	add  bool
	id   string // of the member
	move first
	code int64
}

const (
	// groupsSeen is how many groups are remembered for guesses, and docSeen
	// how large their documents may be.
	groupsSeen = 256
	docSeen    = 4 << 10
)

// seenGroups remembers groups as they were when they were last changed.
type seenGroups struct {
	mu   sync.Mutex
	rows map[[2]string]resourceRow // by directory and id
}

func (s *seenGroups) get(dir, id string) (resourceRow, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rows[[2]string{dir, id}]
	return r, ok
}

func (s *seenGroups) put(r resourceRow) {
	if r.r.Type != directory.GroupType || len(r.doc) > docSeen {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = map[[2]string]resourceRow{}
	}
	k := [2]string{r.r.Directory, r.r.ID}
	if _, there := s.rows[k]; !there && len(s.rows) >= groupsSeen {
		for other := range s.rows { // any one
			delete(s.rows, other)
			break
		}
	}
	s.rows[k] = r
}

// single returns the one member that a change moves.
func (c ResourceChange) single() (m directory.Member, add, is bool) {
	switch {
	case c.Replace || len(c.Add)+len(c.Remove) != 1:
		return m, false, false
	case len(c.Add) == 1:
		return c.Add[0], true, true
	}
	return c.Remove[0], false, true
}

// guess returns what change will probably do, or nil where that is not the move
// of one person or is not worth it.
func (s *Store) guess(dir, id string, change func(directory.Resource) (ResourceChange, error)) *guess {
	if _, is := s.w.engine.(Batcher); !is {
		return nil
	}
	row, seen := s.seen.get(dir, id)
	if !seen {
		return nil
	}
	c, err := change(row.resource())
	m, add, is := c.single()
	if err != nil || !is || m.Kind == directory.GroupMember || !storable(m.ID) {
		return nil
	}
	g := &guess{pk: row.pk, add: add, id: m.ID}
	text := dropOne[0]
	if add {
		text = addOne[0]
	}
	g.move = first{text: text, args: []any{g.pk, dir, m.ID}, dest: []any{&g.code}}
	return g
}

// firsts are the statements with which a change of a group begins.
func (g *guess) firsts(read *resourceRead) []*first {
	if g == nil {
		return []*first{&read.first}
	}
	return []*first{&read.first, &g.move}
}

// taken returns the code of the member that was moved ahead of time. Where none
// was, it has to be tried now: what came before in the batch may have made it
// possible.
func (g *guess) taken(t *tx, r resourceRow, c ResourceChange) (code int64, hit bool, err error) {
	if g == nil || !g.move.wrote() {
		return 0, false, nil
	}
	g.move.ran = false
	m, add, is := c.single()
	if !is || add != g.add || m.ID != g.id || m.Kind == directory.GroupMember || r.pk != g.pk || t.moved[r.r.Directory] {
		return 0, false, errGuess
	}
	return g.code, true, nil
}

// resourceRead reads a resource with its terms, to change it.
type resourceRead struct {
	first first
	row   resourceRow
	terms string
}

func readResource(dir, kind, id string) *resourceRead {
	r := &resourceRead{}
	r.first = first{
		text: resourceWithTerms, args: []any{id, dir, kind}, once: "resource " + dir + "\x00" + kind + "\x00" + id,
		dest: append(r.row.dest(), &r.terms),
	}
	return r
}

var resourceWithTerms = `select ` + resourceColumns + `, ` + termsOf(resourceTerms) + `
	from resources u where u.id = $1 and u.directory = $2 and u.type = $3`

// resource returns a resource with its terms: as it is in this transaction.
func (t *tx) resource(ctx context.Context, r *resourceRead) (resourceRow, []termKey, error) {
	id, dir, kind := r.first.args[0].(string), r.first.args[1].(string), r.first.args[2].(string)
	if g := t.groups[id]; g != nil && g.row.r.Directory == dir && g.row.r.Type == kind {
		return g.row, g.had, nil
	}
	old := t.moved[dir]
	if !r.first.ran || old {
		if err := t.settle(ctx); err != nil {
			return resourceRow{}, nil, err
		}
	}
	if err := t.ask(ctx, &r.first, old); err != nil {
		return resourceRow{}, nil, err
	}
	had, err := hadTerms(r.terms)
	if err != nil {
		return resourceRow{}, nil, err
	}
	t.groups[id] = &openGroup{row: r.row, had: had}
	return r.row, had, nil
}

// openGroup is a resource that was read in a transaction. Many members may be
// added to one group at once, and only the first need read it, and only the last
// write what became of it.
type openGroup struct {
	row     resourceRow
	had     []termKey
	touched bool // version, time and number of members are yet to be written
}

// touch notes what became of a resource of which only version, time and members
// changed.
func (t *tx) touch(ctx context.Context, before resourceRow, after directory.Resource, now time.Time) error {
	t.dirty = true
	g := t.groups[after.ID]
	if g == nil {
		return t.writeTouched(ctx, before.pk, after.Version, after.Members, micro(now))
	}
	g.row.r.Version, g.row.r.Members, g.row.modified, g.touched = after.Version, after.Members, micro(now), true
	return nil
}

// settleGroups writes what was noted by touch.
func (t *tx) settleGroups(ctx context.Context) error {
	var all []*openGroup
	for _, g := range t.groups {
		if g.touched {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b *openGroup) int { return int(a.row.pk - b.row.pk) })
	for _, g := range all {
		g.touched = false
		if err := t.writeTouched(ctx, g.row.pk, g.row.r.Version, g.row.r.Members, g.row.modified); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) writeTouched(ctx context.Context, pk, version int64, members int, modified int64) error {
	return t.later(ctx, `update resources set version = $1, modified = $2, members = $3 where pk = $4`, version, modified, members, pk)
}

// forget drops what was read of a resource, and says that what is sent ahead for
// its directory is not to be relied upon any more.
func (t *tx) forget(dir, id string) {
	delete(t.groups, id)
	t.moved[dir] = true
}
