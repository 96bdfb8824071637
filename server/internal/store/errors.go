package store

import (
	"errors"
	"fmt"
)

// The errors that callers act on. Everything else is a fault of the database
// or of its connection.
var (
	// ErrNotFound: there is no such thing, or no longer. Unknown, expired and
	// revoked are alike.
	ErrNotFound = errors.New("store: not found")
	// ErrExists: something of that name or id exists. It comes as an [Exists].
	ErrExists = errors.New("store: exists already")
	// ErrConflict: the thing was changed since it was read. Read it again.
	ErrConflict = errors.New("store: changed meanwhile")
	// ErrNewer: the database was made by a newer Lanyard.
	ErrNewer = errors.New("store: the schema is newer than this program")
	// ErrForeign: the database holds something else than Lanyard's tables.
	ErrForeign = errors.New("store: the database is not Lanyard's")
	// ErrInvalid: a value can't be stored in every database, such as text
	// with a NUL, or an update tried to change what is fixed.
	ErrInvalid = errors.New("store: invalid value")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store: closed")
	// ErrPruned: the events that were asked for are not kept any more. It
	// comes as a [Pruned].
	ErrPruned = errors.New("store: events were deleted")
)

// Exists is the ErrExists that says what is taken: "userName", "externalId",
// "objectId", "id", "domain", "hash", "link" or "people".
type Exists struct{ Field string }

func (e Exists) Error() string { return ErrExists.Error() + ": " + e.Field }

// Is makes errors.Is(err, ErrExists) true.
func (e Exists) Is(target error) bool { return target == ErrExists }

// Pruned is the ErrPruned that says up to which number events were deleted.
type Pruned struct{ Upto int64 }

func (e Pruned) Error() string { return fmt.Sprintf("%v up to number %d", ErrPruned, e.Upto) }

// Is makes errors.Is(err, ErrPruned) true.
func (e Pruned) Is(target error) bool { return target == ErrPruned }
