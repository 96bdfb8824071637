// Package sqlite opens a Lanyard store in one SQLite file.
package sqlite

import (
	"context"

	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Open opens the database in the file path, which is made if it is missing.
func Open(ctx context.Context, path string) (*store.Store, error) { panic(0) }
