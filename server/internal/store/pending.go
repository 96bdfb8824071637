// Package store keeps everything a Lanyard server must not forget.
package store

import (
	"context"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

type Store struct{}

type Token struct {
	ID, Workspace, Label                string
	Hash                                string
	Created, Expires, LastUsed, Revoked time.Time
}

type Query struct {
	UserName, ExternalID, ID *string
	State                    directory.State
	IncludeArchived          bool
	StartIndex, Count        int
}

func (s *Store) Close() error                   { panic(0) }
func (s *Store) Ping(ctx context.Context) error { panic(0) }
func (s *Store) CreateWorkspace(ctx context.Context, w directory.Workspace) error {
	panic(0)
}
func (s *Store) Workspace(ctx context.Context, id string) (directory.Workspace, error) { panic(0) }
func (s *Store) Workspaces(ctx context.Context) ([]directory.Workspace, error)         { panic(0) }
func (s *Store) UpdateWorkspace(ctx context.Context, id string, now time.Time, change func(*directory.Workspace) error) (directory.Workspace, error) {
	panic(0)
}
func (s *Store) WorkspaceByDomain(ctx context.Context, domain string) (directory.Workspace, error) {
	panic(0)
}
func (s *Store) CreateToken(ctx context.Context, t Token) error                { panic(0) }
func (s *Store) Tokens(ctx context.Context, workspace string) ([]Token, error) { panic(0) }
func (s *Store) RevokeToken(ctx context.Context, workspace, id string, now time.Time) error {
	panic(0)
}
func (s *Store) TokenByHash(ctx context.Context, hash string, now time.Time) (Token, directory.Workspace, error) {
	panic(0)
}
func (s *Store) User(ctx context.Context, dir, id string) (directory.User, error) { panic(0) }
func (s *Store) UserByUserName(ctx context.Context, dir, userName string) (directory.User, error) {
	panic(0)
}
func (s *Store) UserByExternalID(ctx context.Context, dir, externalID string) (directory.User, error) {
	panic(0)
}
func (s *Store) UserByObjectID(ctx context.Context, dir, objectID string) (directory.User, error) {
	panic(0)
}
func (s *Store) FindUsers(ctx context.Context, dir string, q Query) ([]directory.User, int, error) {
	panic(0)
}
func (s *Store) CountUsers(ctx context.Context, dir string) (Counts, error) { panic(0) }

type Counts struct{ Active, Suspended, Archived int }

func (s *Store) InsertUser(ctx context.Context, u directory.User, events ...directory.Event) error {
	panic(0)
}
func (s *Store) SaveUser(ctx context.Context, u directory.User, version int64, c directory.Consequence) error {
	panic(0)
}
func (s *Store) LinkObjectID(ctx context.Context, dir, user, objectID string, now time.Time) error {
	panic(0)
}
func (s *Store) StartSession(ctx context.Context, n directory.Session, admit func(directory.User) error, ev directory.Event) error {
	panic(0)
}
func (s *Store) Session(ctx context.Context, hash string, now time.Time) (directory.Session, directory.User, directory.Workspace, error) {
	panic(0)
}
func (s *Store) SessionsOfUser(ctx context.Context, user string) ([]directory.Session, error) {
	panic(0)
}
func (s *Store) EndSession(ctx context.Context, hash string, now time.Time) error { panic(0) }
func (s *Store) EndUserSessions(ctx context.Context, workspace, user string, now time.Time) error {
	panic(0)
}
func (s *Store) ExpireSessions(ctx context.Context, now time.Time) (int, error) { panic(0) }
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]directory.Event, error) {
	panic(0)
}
func (s *Store) LastEvent(ctx context.Context) (int64, error) { panic(0) }

// Changed returns a channel that is closed when events may have been added after the call. Take it before reading.
func (s *Store) Changed() <-chan struct{} { panic(0) }
