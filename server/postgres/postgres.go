// Package postgres opens a Lanyard store in a PostgreSQL database.
package postgres

import (
	"context"

	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Open opens the database at url.
func Open(ctx context.Context, url string) (*store.Store, error) { panic(0) }
