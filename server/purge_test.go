package server

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// req: E6
func TestPurge_itErasesOnlyWhoWasArchivedLongEnoughWhereThatIsWanted(t *testing.T) {
	s, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, ws := range []directory.Workspace{
		{ID: "purging", DeleteMode: directory.DeletePurge, PurgeAfter: 30 * 24 * time.Hour},
		{ID: "patient", Directory: "purging", DeleteMode: directory.DeletePurge, PurgeAfter: 40 * 24 * time.Hour},
		{ID: "keeping"},
		{ID: "mixed", Directory: "keeping", DeleteMode: directory.DeletePurge},
	} {
		if err := s.CreateWorkspace(t.Context(), ws); err != nil {
			t.Fatal(err)
		}
	}
	add := func(dir, id string, state directory.State, age time.Duration) {
		t.Helper()
		at := now.Add(-age)
		if err := s.InsertUser(t.Context(), directory.User{ID: id, Directory: dir, UserName: id, State: state, Created: at, Modified: at, Doc: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	const day = 24 * time.Hour
	add("purging", "long-gone", directory.Archived, 41*day)
	add("purging", "gone", directory.Archived, 35*day)
	add("purging", "disabled", directory.Suspended, 400*day)
	add("purging", "here", directory.Active, 400*day)
	add("keeping", "kept", directory.Archived, 400*day)

	srv := &Server{cfg: Config{Store: s, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}}
	for range 2 {
		if err := srv.purgeOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for id, dir := range map[string]string{"gone": "purging", "disabled": "purging", "here": "purging", "kept": "keeping"} {
		if _, err := s.User(t.Context(), dir, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := s.User(t.Context(), "purging", "long-gone"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("long-gone is still there: %v", err)
	}
	if n, err := s.CountUsers(t.Context(), "purging"); err != nil || n.Archived != 1 {
		t.Errorf("counted %+v, %v", n, err)
	}
}
