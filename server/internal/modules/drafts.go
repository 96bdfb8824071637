package modules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Progress is how far a set-up came (row A16).
type Progress struct {
	// Step is the id of the step to go on with, Number which one that is of Of.
	Step   string `json:"step"`
	Number int    `json:"number"`
	Of     int    `json:"of"`
	// Done are the ids of the steps that are done, Skipped of those that are not
	// needed.
	Done    []string `json:"done,omitempty"`
	Skipped []string `json:"skipped,omitempty"`
}

// Draft is a set-up that somebody began, saved at every step. T is what was
// entered; it must hold no secret.
type Draft[T any] struct {
	Progress
	Values T `json:"values"`

	// Version is what is stored: 0 where nothing ever was. Whoever saves says which
	// version they saw. Who saved it, and At, are the store's to say.
	Version int64     `json:"-"`
	Who     string    `json:"-"`
	At      time.Time `json:"-"`
}

// Begun reports whether there is a draft.
func (d Draft[T]) Begun() bool { return d.Step != "" }

// DraftConflict is what SaveDraft returns where somebody else saved meanwhile:
// problem.DraftChanged, with both versions to choose from.
type DraftConflict[T any] struct {
	// Yours is what was to be saved; Theirs is what is stored. Saving Yours with
	// the version of Theirs replaces it.
	Yours, Theirs Draft[T]
}

func (c *DraftConflict[T]) Error() string { return c.Unwrap().Error() }

// Unwrap is problem.DraftChanged with who saved, and when.
func (c *DraftConflict[T]) Unwrap() error {
	did := "saved"
	if !c.Theirs.Begun() {
		did = "finished or discarded"
	}
	return problem.Detailf(problem.DraftChanged, "%s %s it at %s.", c.Theirs.Who, did, c.Theirs.At.UTC().Format("15:04 UTC on 2 January 2006"))
}

func draftKind(m directory.Module) string { return directory.SettingDraft + string(m) }

// LoadDraft returns how far the set-up of a module came. Where none was begun it
// is the zero Draft.
func LoadDraft[T any](ctx context.Context, s *store.Store, workspace string, m directory.Module) (Draft[T], error) {
	n, err := s.Setting(ctx, workspace, draftKind(m))
	if errors.Is(err, store.ErrNotFound) {
		return Draft[T]{}, nil
	}
	if err != nil {
		return Draft[T]{}, fmt.Errorf("reading the draft: %w", err)
	}
	return draftOf[T](n)
}

func draftOf[T any](n store.Setting) (Draft[T], error) {
	var d Draft[T]
	if err := json.Unmarshal(n.Doc, &d); err != nil {
		return d, fmt.Errorf("reading the draft: %w", err)
	}
	d.Version, d.Who, d.At = n.Version, n.Who, n.Modified
	return d, nil
}

// SaveDraft stores d, which was made from the version d.Version, and returns it
// as it is stored. Where another version is stored by now, the error is a
// *DraftConflict[T], and nothing is stored.
func SaveDraft[T any](ctx context.Context, s *store.Store, workspace string, m directory.Module, d Draft[T], who string, now time.Time) (Draft[T], error) {
	type stored = Draft[T]
	_, v, err := store.ChangeSetting(ctx, s, workspace, draftKind(m),
		store.SettingChange{Version: d.Version, Who: who, Now: now}, func(into *stored) error {
			*into = d
			return nil
		})
	if errors.Is(err, store.ErrConflict) {
		theirs, err := LoadDraft[T](ctx, s, workspace, m)
		if err != nil {
			return Draft[T]{}, err
		}
		return Draft[T]{}, &DraftConflict[T]{Yours: d, Theirs: theirs}
	}
	if err != nil {
		return Draft[T]{}, fmt.Errorf("saving the draft: %w", err)
	}
	d.Version, d.Who, d.At = v, who, now.UTC().Truncate(time.Microsecond)
	return d, nil
}

// DropDraft forgets a draft: its set-up is finished, or was discarded. Its
// version goes on counting, so that whoever has an older one before them notices.
func DropDraft(ctx context.Context, s *store.Store, workspace string, m directory.Module, who string, now time.Time) error {
	_, _, err := store.ChangeSetting(ctx, s, workspace, draftKind(m),
		store.SettingChange{Version: store.AnyVersion, Who: who, Now: now}, func(into *Draft[json.RawMessage]) error {
			*into = Draft[json.RawMessage]{}
			return nil
		})
	if err != nil {
		return fmt.Errorf("dropping the draft: %w", err)
	}
	return nil
}
