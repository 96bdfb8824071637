package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

const (
	// eventsAtOnce is how many events one statement inserts.
	eventsAtOnce   = 16
	columnsOfEvent = 9
	// maxEvents bounds one call of Events.
	maxEvents = 1000
)

// Events returns the events after a number in their order, at most limit and
// never more than 1,000. Numbers have no gaps and become visible in their
// order, so a reader that remembers the last one misses nothing.
//
// After 0 they begin with the oldest that is kept. After another number whose
// next was deleted it is a [Pruned]: see PruneEvents.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]directory.Event, error) {
	limit = min(max(limit, 0), maxEvents)
	var all []directory.Event
	err := s.read.each(ctx, func(row scanner) error {
		var e directory.Event
		var at int64
		if err := row.Scan(&e.Seq, &at, &e.Directory, &e.Workspace, &e.Kind, &e.User, &e.Session, &e.Group, &e.Nested); err != nil {
			return err
		}
		e.At = fromMicro(at)
		all = append(all, e)
		return nil
	}, `select seq, at, directory, workspace, kind, user_id, session_id, group_id, nested_id
		from events where seq > $1 order by seq limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("store: reading events: %w", err)
	}
	if after > 0 && limit > 0 && (len(all) == 0 || all[0].Seq != after+1) {
		if err := s.kept(ctx, after); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// LastEvent returns the number of the newest event, 0 before the first.
func (s *Store) LastEvent(ctx context.Context) (int64, error) { return s.meta(ctx, "seq") }

// flush writes what the closures of a batch left for its end: the counters
// and the events. The row that numbers events is touched last.
func (t *tx) flush(ctx context.Context) error {
	if err := t.settle(ctx); err != nil {
		return err
	}
	if err := t.flushCounts(ctx); err != nil {
		return err
	}
	if len(t.events) == 0 {
		return nil
	}
	if err := t.later(ctx, `update meta set v = v + $1 where k = 'seq'`, len(t.events)); err != nil {
		return fmt.Errorf("store: numbering events: %w", err)
	}
	for rest := t.events; len(rest) > 0; {
		n := min(len(rest), eventsAtOnce)
		args := make([]any, 0, columnsOfEvent*n)
		for i, e := range rest[:n] {
			args = append(args, len(rest)-i-1, micro(e.At), e.Directory, e.Workspace, string(e.Kind), e.User, e.Session, e.Group, e.Nested)
		}
		if err := t.later(ctx, insertEvents[n], args...); err != nil {
			return fmt.Errorf("store: writing events: %w", err)
		}
		rest = rest[n:]
	}
	if notify := t.w.engine.Notify(); notify != "" {
		return t.later(ctx, notify)
	}
	return nil
}

// flushCounts writes the counters that changed.
func (t *tx) flushCounts(ctx context.Context) error {
	for k, by := range t.counts {
		if by == 0 {
			continue
		}
		var err error
		if k.kind != "" {
			err = t.later(ctx, `insert into resource_counts (directory, type, n) values ($1, $2, $3)
				on conflict (directory, type) do update set n = resource_counts.n + excluded.n`, k.directory, k.kind, by)
		} else {
			err = t.later(ctx, countUpdate[k.state], by, k.directory)
		}
		if err != nil {
			return fmt.Errorf("store: counting: %w", err)
		}
	}
	return nil
}

// countUpdate is one text for each state, since a column can't be a parameter.
var countUpdate = map[directory.State]string{
	directory.Active:    `update directories set active = active + $1 where id = $2`,
	directory.Suspended: `update directories set suspended = suspended + $1 where id = $2`,
	directory.Archived:  `update directories set archived = archived + $1 where id = $2`,
}

// insertEvents[n] inserts n events. Their numbers are counted down from the
// last, which need not be read for it.
var insertEvents = func() (texts [eventsAtOnce + 1]string) {
	for n := 1; n <= eventsAtOnce; n++ {
		rows := make([]string, n)
		for i := range rows {
			b := columnsOfEvent * i
			rows[i] = fmt.Sprintf("((select v from meta where k = 'seq') - $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", b+1, b+2, b+3, b+4, b+5, b+6, b+7, b+8, b+9)
		}
		texts[n] = `insert into events (seq, at, directory, workspace, kind, user_id, session_id, group_id, nested_id) values ` +
			strings.Join(rows, ", ")
	}
	return texts
}()

func micro(t time.Time) int64 { return t.UnixMicro() }

func fromMicro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// orNull stores a zero time as null.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// fromNull is the other way round.
func fromNull(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return fromMicro(*us)
}

// textOrNull stores "" as null, so that it is not unique.
func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// storable reports whether every text can be kept by both databases:
// PostgreSQL knows no NUL and only UTF-8.
func storable(texts ...string) bool {
	for _, s := range texts {
		if strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s {
			return false
		}
	}
	return true
}
