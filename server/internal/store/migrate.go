package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Migrations are files NNNN_words.sql without gaps. A released one is never
// changed; a mistake is mended by the next.
//
//go:embed migrations/*.sql
var migrations embed.FS

// step is one migration: its statements with the tokens still in them, and what
// is done after them, if anything.
type step struct {
	name string
	sql  []string
	then func(context.Context, *tx) error
}

// steps returns the migrations in their order. The first brings schema 1.
func steps() []step {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		panic(err) // the pattern is ours
	}
	all := make([]step, 0, len(names))
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			panic(err) // embedded
		}
		all = append(all, step{name: name, sql: statements(string(text)), then: computed[name]})
	}
	return all
}

// statements splits a migration at the semicolons that end a line, and leaves
// comments out.
func statements(text string) []string {
	var all []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		b.WriteString(line)
		if s, ended := strings.CutSuffix(strings.TrimSpace(b.String()), ";"); ended {
			all = append(all, s)
			b.Reset()
		}
	}
	return all
}

// migrate brings the schema to the last of steps, each in a transaction of
// its own that keeps other writers out, so that replicas may start at once.
func (w *writer) migrate(ctx context.Context, all []step) error {
	for {
		var have int
		before, err := w.alone(ctx, func(ctx context.Context, t *tx) (err error) {
			have, err = t.advance(ctx, all)
			return err
		})
		switch {
		case errors.Is(err, ErrNewer):
			return problem.Wrap(problem.DatabaseNewer, err)
		case err != nil && before && have < len(all):
			return fmt.Errorf("store: bringing the schema from %d to %d: %w", have, have+1, err)
		case err != nil:
			return fmt.Errorf("store: preparing the schema: %w", err)
		case have >= len(all):
			return nil
		}
	}
}

// alone runs one closure as a batch of its own, on the caller's goroutine.
// It is for the time before run.
func (w *writer) alone(ctx context.Context, do func(context.Context, *tx) error) (before bool, err error) {
	t := &task{do: do, done: make(chan struct{})}
	before, err = w.attempt(ctx, []*task{t})
	return before, errors.Join(err, t.err)
}

// advance applies the next step, if there is one, and returns the schema that
// the database has now.
func (t *tx) advance(ctx context.Context, all []step) (have int, err error) {
	types := t.w.engine.Types()
	if _, err := t.exec(ctx, types.Replace(
		`create table if not exists meta (k {TEXT} not null primary key, v bigint not null) {WITHOUT_ROWID}`)); err != nil {
		return 0, err
	}
	if _, err := t.exec(ctx, `insert into meta (k, v) values ('schema', 0) on conflict do nothing`); err != nil {
		return 0, err
	}
	if err := t.row(ctx, `select v from meta where k = 'schema'`).Scan(&have); err != nil {
		return 0, err
	}
	if have > len(all) {
		return have, fmt.Errorf("%w: it has %d, this program knows %d", ErrNewer, have, len(all))
	}
	if have == len(all) {
		return have, nil
	}
	for _, s := range all[have].sql {
		if _, err := t.exec(ctx, types.Replace(s)); err != nil {
			return have, fmt.Errorf("%s: %w", all[have].name, err)
		}
	}
	if then := all[have].then; then != nil {
		if err := then(ctx, t); err != nil {
			return have, fmt.Errorf("%s: %w", all[have].name, err)
		}
	}
	_, err = t.exec(ctx, `update meta set v = $1 where k = 'schema'`, have+1)
	return have + 1, err
}
