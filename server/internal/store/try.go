package store

import (
	"context"
	"errors"
)

type tryKey struct{}

// errTried undoes what was only tried.
var errTried = errors.New("store: only tried")

// Trying returns a context with which everything is judged and answered as ever,
// and nothing is stored: each transaction is undone at its end. Where several
// follow one another, the later ones do not see what the earlier did.
func Trying(ctx context.Context) context.Context { return context.WithValue(ctx, tryKey{}, true) }

func trying(ctx context.Context) bool { return ctx.Value(tryKey{}) != nil }

// tried is do, undone at its end.
func tried(do func(context.Context, *tx) error) func(context.Context, *tx) error {
	return func(ctx context.Context, t *tx) error {
		if err := do(ctx, t); err != nil {
			return err
		}
		if err := t.settle(ctx); err != nil { // what waits may be refused as well
			return err
		}
		return errTried
	}
}
