package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// UnknownMember is the error for a member that does not exist, or no longer.
type UnknownMember struct{ ID string }

func (e UnknownMember) Error() string { return fmt.Sprintf("store: no member %q", e.ID) }

// Is makes errors.Is(err, ErrNotMember) true.
func (e UnknownMember) Is(target error) bool { return target == ErrUnknownMember }

// ErrUnknownMember: see UnknownMember.
var ErrUnknownMember = errors.New("store: unknown member")

// ResourceChange is what becomes of a resource.
type ResourceChange struct {
	// After is the resource with its new DisplayName, ExternalID, Doc and Terms.
	After directory.Resource
	// Add and Remove change the members of a group. To add who is a member, or
	// remove who is not, does nothing.
	Add, Remove []directory.Member
	// Replace makes Members the only ones, before Add and Remove are applied.
	Replace bool
	Members []directory.Member
}

// UpdateUser changes a person inside the writer, so that of many changes at once
// none is lost and none has to be repeated.
func (s *Store) UpdateUser(ctx context.Context, dir, id string,
	change func(before directory.User) (after directory.User, c directory.Consequence, err error),
) (after directory.User, err error) {
	return directory.User{}, errors.ErrUnsupported
}

// Resource returns a resource by id, or ErrNotFound.
func (s *Store) Resource(ctx context.Context, dir, kind, id string) (directory.Resource, error) {
	return directory.Resource{}, errors.ErrUnsupported
}

// InsertResource stores a new resource with version 1, its members and events.
func (s *Store) InsertResource(ctx context.Context, r directory.Resource, members []directory.Member, events ...directory.Event) error {
	return errors.ErrUnsupported
}

// ChangeResource changes a resource inside the writer.
func (s *Store) ChangeResource(ctx context.Context, dir, kind, id string, now time.Time,
	change func(before directory.Resource) (ResourceChange, error),
) (after directory.Resource, changed bool, err error) {
	return directory.Resource{}, false, errors.ErrUnsupported
}

// DeleteResource deletes a resource. A version other than 0 must be its.
func (s *Store) DeleteResource(ctx context.Context, dir, kind, id string, version int64, now time.Time) error {
	return errors.ErrUnsupported
}

// Members returns a page of the members of a group.
func (s *Store) Members(ctx context.Context, dir, group string, after Cursor, count int) (Page[directory.Member], error) {
	return Page[directory.Member]{}, errors.ErrUnsupported
}

// IsMember reports whether somebody is a direct member of a group.
func (s *Store) IsMember(ctx context.Context, dir, group, member string) (bool, error) {
	return false, errors.ErrUnsupported
}

// GroupsOf returns the groups that a person or group is a direct member of.
func (s *Store) GroupsOf(ctx context.Context, dir, member string) ([]directory.GroupRef, error) {
	return nil, errors.ErrUnsupported
}
