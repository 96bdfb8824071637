package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// archivedLooked is how many archived people one call of ArchivedUsers looks at.
const archivedLooked = 800

// ArchivedUsers returns at most count people who are archived and whom match
// takes, those who came last first. It looks at a bounded number of them: a page
// may be empty though more follow. Next continues behind what was looked at, ""
// where that is all.
func (s *Store) ArchivedUsers(ctx context.Context, dir string, after Cursor, count int, match func(directory.User) bool) (page Page[directory.User], err error) {
	if !storable(dir) || count <= 0 {
		return page, nil
	}
	before := int64(1<<63 - 1)
	if after != "" {
		if before, err = strconv.ParseInt(string(after), 36, 64); err != nil || before < 1 {
			return page, ErrCursor
		}
	}
	count = min(count, maxPage)
	for looked := 0; looked < archivedLooked; {
		n := 0
		err := s.read.each(ctx, func(row scanner) error {
			var pk int64
			var r userRow
			if err := row.Scan(append(r.dest(), &pk)...); err != nil {
				return err
			}
			n++
			if len(page.Items) == count { // one more, which begins the next page
				page.Next = Cursor(strconv.FormatInt(before, 36))
				return nil
			}
			before = pk
			if u := r.user(); match == nil || match(u) {
				page.Items = append(page.Items, u)
			}
			return nil
		}, `select `+userColumns+`, u.pk from users u where u.directory = $1 and u.state = 'archived' and u.pk < $2 order by u.pk desc limit $3`,
			dir, before, count+1)
		if err != nil {
			return page, fmt.Errorf("store: listing who is archived: %w", err)
		}
		if looked += n; n <= count || page.Next != "" {
			return page, nil
		}
	}
	page.Next = Cursor(strconv.FormatInt(before, 36))
	return page, nil
}

// UnlinkObjectID parts a person from the Entra object id that a sign-in joined
// them with, and ends all of their sessions, in every workspace. The next sign-in
// has to be found and linked anew. Where nothing was linked it is ErrNotFound:
// an externalId is the provisioner's word and stays.
func (s *Store) UnlinkObjectID(ctx context.Context, act Act) error {
	if !act.valid() {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update users set object_id = null where directory = $1 and id = $2 and object_id is not null`, act.Directory, act.User)
		switch {
		case err != nil:
			return fmt.Errorf("store: unlinking: %w", err)
		case n == 0:
			return ErrNotFound
		}
		if _, err := t.exec(ctx, `delete from sessions where user_id = $1`, act.User); err != nil {
			return fmt.Errorf("store: ending sessions: %w", err)
		}
		t.emit(
			directory.Event{At: act.At, Directory: act.Directory, Kind: directory.UserUpdated, User: act.User},
			directory.Event{At: act.At, Directory: act.Directory, Kind: directory.SessionEnded, User: act.User},
		)
		return t.record(ctx, act)
	})
}

// SignOutOne ends one session of a person in the act's workspace, by its public
// handle. One that is not there, or somebody else's, is ErrNotFound.
func (s *Store) SignOutOne(ctx context.Context, act Act, session string) error {
	if !act.valid() || !storable(session) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `delete from sessions where id = $1 and user_id = $2 and workspace = $3`, session, act.User, act.Workspace)
		switch {
		case err != nil:
			return fmt.Errorf("store: ending a session: %w", err)
		case n == 0:
			return ErrNotFound
		}
		t.emit(directory.Event{
			At: act.At, Directory: act.Directory, Workspace: act.Workspace, Kind: directory.SessionEnded, User: act.User, Session: session,
		})
		return t.record(ctx, act)
	})
}

// ChangeState suspends a person, brings one back or archives one, for somebody
// else than the provisioner; the act is recorded in the same transaction. All
// follows that would follow the provisioner's doing so: sessions end, a lost
// administrator's role stays lost (row E8). It returns the person as stored;
// whoever is in that state already is returned as they are, and nothing happens.
// A name that somebody else has by now is an [Exists].
func (s *Store) ChangeState(ctx context.Context, ws directory.Workspace, id string, to directory.State, act Act) (after directory.User, err error) {
	act.Directory, act.Workspace, act.User = ws.Directory, ws.ID, id
	if !act.valid() {
		return after, ErrInvalid
	}
	var has standing
	var row userRow
	read := has.of(ws.Directory, id)
	text, dest := read.text, read.dest
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.settle(ctx); err != nil {
			return err
		}
		if err := t.row(ctx, withUser(text), ws.Directory, id).Scan(append(row.dest(), dest...)...); err != nil {
			return err
		}
		var err error
		if has.terms, err = hadTerms(has.text); err != nil {
			return err
		}
		before := row.user()
		if after = before; before.State == to {
			return nil
		}
		after.State, after.Modified = to, act.At.UTC()
		rules := s.userTerms(&after)
		c := directory.Change(before, after)
		c.Rank = &ws
		after.Version = before.Version + 1
		if after, err = t.save(ctx, after, has, rules, c); err != nil {
			return err
		}
		after.Terms = nil
		return t.record(ctx, act)
	})
	return after, err
}

// FindPerson finds somebody by exactly what they are called: their id, user name,
// externalId or object id, in this order; archived people by their id or object
// id.
func (s *Store) FindPerson(ctx context.Context, dir, name string) (directory.User, error) {
	for _, look := range []func(context.Context, string, string) (directory.User, error){
		s.User, s.UserByUserName, s.UserByExternalID, s.UserByObjectID,
	} {
		u, err := look(ctx, dir, name)
		if err == nil || !errors.Is(err, ErrNotFound) {
			return u, err
		}
	}
	return directory.User{}, ErrNotFound
}
