package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// userColumns must be in the order of userRow.
const userColumns = `u.id, u.directory, u.version, u.user_name, coalesce(u.external_id, ''),
	coalesce(u.object_id, ''), u.state, u.role, u.created, u.modified, u.doc, ` + rankingColumns

// rankingColumns must be in the order of userRow's ranking.
const rankingColumns = `u.granted, u.base_role, u.had_role, coalesce(u.had_until, 0), u.ranked`

type userRow struct {
	u                           directory.User
	created, modified, hadUntil int64
	doc                         string
}

func (r *userRow) dest() []any {
	return append([]any{
		&r.u.ID, &r.u.Directory, &r.u.Version, &r.u.UserName, &r.u.ExternalID,
		&r.u.ObjectID, &r.u.State, &r.u.Role, &r.created, &r.modified, &r.doc,
	}, r.ranking()...)
}

func (r *userRow) ranking() []any {
	return []any{&r.u.Ranking.Granted, &r.u.Ranking.Base, &r.u.Ranking.Had, &r.hadUntil, &r.u.Ranking.By}
}

func (r *userRow) user() directory.User {
	u := r.u
	u.Created, u.Modified, u.Doc = fromMicro(r.created), fromMicro(r.modified), []byte(r.doc)
	if r.hadUntil != 0 {
		u.Ranking.HadUntil = fromMicro(r.hadUntil)
	}
	return u
}

func scanUser(row scanner) (directory.User, error) {
	var r userRow
	if err := row.Scan(r.dest()...); err != nil {
		return directory.User{}, err
	}
	return r.user(), nil
}

// hadBefore finds what somebody was who was archived and whose externalId comes
// again: they may be the same person (row E8).
const hadBefore = `from users where directory = $1 and external_id = $5 and state = 'archived' and had_role <> ''
	order by pk desc limit 1`

// InsertUser stores a new person with version 1 and the events. It returns an
// [Exists] where somebody who is not archived has the userName (without case)
// or the externalId (exactly), or anybody the id. The directory must exist.
func (s *Store) InsertUser(ctx context.Context, u directory.User, events ...directory.Event) error {
	if u.ID == "" || !storableUser(u) {
		return ErrInvalid
	}
	key := directory.Fold(u.UserName)
	rules := s.userTerms(&u)
	var pk int64
	comes := 0 // to wait behind all who are there, whatever the clocks say
	if u.State == directory.Active {
		comes = 1
	}
	added := &first{
		text: `insert into users (directory, id, version, user_name, user_name_key,
			external_id, object_id, state, role, created, modified, doc, rules, granted, base_role, had_role, had_until, ranked, arrived)
		values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
			coalesce(nullif($15, ''), (select had_role ` + hadBefore + `), ''), coalesce($16, (select had_until ` + hadBefore + `)), $17,
			case when $18 <> 0 and ` + newest + ` > $9 then ` + newest + ` + 1 end)
		on conflict do nothing returning pk`,
		args: []any{
			u.Directory, u.ID, u.UserName, key, textOrNull(u.ExternalID), textOrNull(u.ObjectID),
			string(u.State), u.Role, micro(u.Created), micro(u.Modified), string(u.Doc), rules,
			u.Ranking.Granted, u.Ranking.Base, u.Ranking.Had, orNull(u.Ranking.HadUntil), u.Ranking.By, comes,
		},
		dest: []any{&pk},
	}
	return s.writeFirst(ctx, func(ctx context.Context, t *tx) error {
		err := t.ask(ctx, added, false)
		if errors.Is(err, ErrNotFound) {
			if err := t.taken(ctx, u, key); err != nil {
				return err
			}
			// A name may have become free since it was first tried.
			if err = t.ask(ctx, added, true); errors.Is(err, ErrNotFound) {
				return Exists{"id"}
			}
		}
		if err != nil {
			return fmt.Errorf("store: inserting user: %w", err)
		}
		if err := t.changed(ctx, u.Directory, pk, "", 0, u.State, micro(u.Modified)); err != nil {
			return err
		}
		t.count(u.Directory, u.State, 1)
		t.emit(events...)
		return t.index(ctx, userTerms, u.Directory, userType, pk, nil, u.Terms)
	}, added)
}

// taken says which name of u somebody else has who is not archived.
func (t *tx) taken(ctx context.Context, u directory.User, key string) error {
	checks := []struct{ field, value, query string }{
		{"userName", key, `select 1 from users where directory = $1 and user_name_key = $2
			and state <> 'archived' and id <> $3`},
		{"externalId", u.ExternalID, `select 1 from users where directory = $1 and external_id = $2
			and state <> 'archived' and id <> $3`},
		{"objectId", u.ObjectID, `select 1 from users where directory = $1 and object_id = $2
			and state <> 'archived' and id <> $3`},
	}
	for _, c := range checks {
		if c.value == "" {
			continue
		}
		var there int
		err := t.row(ctx, c.query, u.Directory, c.value, u.ID).Scan(&there)
		switch {
		case err == nil:
			return Exists{c.field}
		case !errors.Is(err, ErrNotFound):
			return fmt.Errorf("store: looking for %s: %w", c.field, err)
		}
	}
	return nil
}

// SaveUser stores what became of a person, and all that it causes, in one
// transaction. version is that of the person it was made from: if theirs is
// another by now, it is ErrConflict and nothing happened. The stored version
// is version+1, whatever u.Version says.
//
// A name somebody else has is an [Exists]. ObjectID, Created and Directory
// are not changed: LinkObjectID is the only one to write the first. Whoever is
// archived leaves all groups; whoever is suspended stays in theirs.
func (s *Store) SaveUser(ctx context.Context, u directory.User, version int64, c directory.Consequence) error {
	if !storableUser(u) {
		return ErrInvalid
	}
	rules := s.userTerms(&u)
	var has standing
	read := has.of(u.Directory, u.ID)
	return s.writeFirst(ctx, func(ctx context.Context, t *tx) error {
		if err := t.stand(ctx, read, &has); err != nil {
			return err
		}
		if has.version != version {
			return ErrConflict
		}
		_, err := t.save(ctx, u, has, rules, c)
		return err
	}, read)
}

// UpdateUser changes a person inside the writer, so that of many changes at
// once none is lost and none is refused. change is given the person as they
// are; it may run more than once, must be quick, must not use the Store, and
// must not change what it is given. An error of change is returned as it is,
// and nothing happened. Where it returns a Consequence without events and the
// same Doc, State, UserName, ExternalID and Role, nothing is stored.
//
// It returns the person as stored. Otherwise it is like SaveUser, which lets
// others work while the change is computed: try that first.
func (s *Store) UpdateUser(ctx context.Context, dir, id string,
	change func(before directory.User) (after directory.User, c directory.Consequence, err error),
) (after directory.User, err error) {
	if !storable(dir, id) {
		return after, ErrNotFound
	}
	var has standing
	var row userRow
	read := has.of(dir, id)
	read.text = withUser(read.text)
	read.dest = append(row.dest(), read.dest...)
	err = s.writeFirst(ctx, func(ctx context.Context, t *tx) error {
		if err := t.stand(ctx, read, &has); err != nil {
			return err
		}
		before := row.user()
		var c directory.Consequence
		var err error
		if after, c, err = change(before); err != nil {
			return err
		}
		if len(c.Events) == 0 && unchanged(before, after) {
			after = before
			return nil
		}
		after.ID, after.Directory, after.ObjectID, after.Created = before.ID, before.Directory, before.ObjectID, before.Created
		if !storableUser(after) {
			return ErrInvalid
		}
		rules := s.userTerms(&after)
		after.Version = before.Version + 1
		after, err = t.save(ctx, after, has, rules, c)
		return err
	}, read)
	after.Terms = nil
	return after, err
}

func unchanged(a, b directory.User) bool {
	return a.State == b.State && a.UserName == b.UserName && a.ExternalID == b.ExternalID &&
		a.Role == b.Role && a.Ranking == b.Ranking && bytes.Equal(a.Doc, b.Doc)
}

// standing is what saving a person has to know of what is stored.
type standing struct {
	pk, version, modified     int64
	state                     directory.State
	key, externalID, objectID string
	role                      string
	rank                      userRow // the Ranking alone
	text                      string  // of terms
	terms                     []termKey
}

// of is the statement that reads a standing into has.
func (has *standing) of(dir, id string) *first {
	return &first{
		text: `select u.pk, u.version, u.state, u.user_name_key, coalesce(u.external_id, ''), coalesce(u.object_id, ''),
			u.role, u.modified, ` + rankingColumns + `, ` + termsOf(userTerms) + ` from users u where u.directory = $1 and u.id = $2`,
		args: []any{dir, id},
		dest: slices.Concat([]any{&has.pk, &has.version, &has.state, &has.key, &has.externalID, &has.objectID, &has.role, &has.modified}, has.rank.ranking(), []any{&has.text}),
	}
}

// withUser is the statement that also reads the person, before the standing.
func withUser(text string) string {
	return strings.Replace(text, "select ", "select "+userColumns+", ", 1)
}

func (has *standing) ranking() directory.Ranking { return has.rank.user().Ranking }

// stand reads a standing, anew where somebody in this transaction changed it
// after it was read.
func (t *tx) stand(ctx context.Context, read *first, has *standing) (err error) {
	if !read.ran {
		err = t.settle(ctx)
	}
	if err == nil {
		err = t.ask(ctx, read, false)
	}
	if err == nil && t.saved[has.pk] {
		if err = t.settle(ctx); err == nil {
			err = t.ask(ctx, read, true)
		}
	}
	if err == nil {
		has.terms, err = hadTerms(has.text)
	}
	return err
}

// save writes u over has, whose version was checked in this transaction, and
// returns what it wrote.
func (t *tx) save(ctx context.Context, u directory.User, has standing, rules int64, c directory.Consequence) (directory.User, error) {
	if has.state == directory.Active && u.State != directory.Active {
		if err := t.removal(ctx, u.Directory, u.Modified); err != nil {
			return u, err
		}
	}
	if err := t.rank(ctx, &u, has, &c); err != nil {
		return u, err
	}
	key := directory.Fold(u.UserName)
	restored := has.state == directory.Archived && u.State != directory.Archived
	if restored || (u.State != directory.Archived && (has.key != key || has.externalID != u.ExternalID)) {
		u.ObjectID = has.objectID
		if err := t.taken(ctx, u, key); err != nil {
			return u, err
		}
	}
	t.saved[has.pk] = true
	if err := t.later(ctx, `update users set version = $1, user_name = $2, user_name_key = $3,
			external_id = $4, state = $5, role = $6, modified = $7, doc = $8, rules = $9,
			granted = $10, base_role = $11, had_role = $12, had_until = $13, ranked = $14 where pk = $15`,
		has.version+1, u.UserName, key, textOrNull(u.ExternalID), string(u.State), u.Role,
		micro(u.Modified), string(u.Doc), rules, u.Ranking.Granted, u.Ranking.Base, u.Ranking.Had,
		orNull(u.Ranking.HadUntil), u.Ranking.By, has.pk); err != nil {
		return u, fmt.Errorf("store: saving user: %w", err)
	}
	if err := t.changed(ctx, u.Directory, has.pk, has.state, has.modified, u.State, micro(u.Modified)); err != nil {
		return u, err
	}
	if has.state != u.State {
		if u.State == directory.Active {
			if err := t.arrives(ctx, u.Directory, has.pk, micro(u.Modified)); err != nil {
				return u, err
			}
		}
		t.count(u.Directory, has.state, -1)
		t.count(u.Directory, u.State, 1)
	}
	// Nobody but the active has a session, whatever the caller thought of.
	if c.EndSessions || u.State != directory.Active {
		if has.state == directory.Active && u.State != directory.Active {
			if err := t.remember(ctx, u.ID); err != nil {
				return u, err
			}
		}
		if err := t.later(ctx, `delete from sessions where user_id = $1`, u.ID); err != nil {
			return u, fmt.Errorf("store: ending sessions: %w", err)
		}
	}
	t.emit(c.Events...)
	if u.State == directory.Archived {
		u.Terms = nil // SCIM does not see them
		if has.state != directory.Archived {
			if err := t.leaveGroups(ctx, u.Directory, userCode(has.pk), u.ID, u.Modified); err != nil {
				return u, err
			}
		}
	}
	return u, t.index(ctx, userTerms, u.Directory, userType, has.pk, has.terms, u.Terms)
}

// LinkObjectID joins a person with an Entra object id, once, and writes a
// UserLinked event. Linking the same again does nothing; another id is
// ErrConflict, and one that somebody else has an [Exists] of "objectId". The
// version stays, since the SCIM resource does not change.
func (s *Store) LinkObjectID(ctx context.Context, dir, user, objectID string, now time.Time) error {
	if objectID == "" || !storable(dir, user, objectID) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		u := directory.User{ID: user, Directory: dir, ExternalID: objectID, ObjectID: objectID}
		var linked string
		err := t.row(ctx, `select coalesce(object_id, '') from users
			where directory = $1 and id = $2 and state <> 'archived'`, dir, user).Scan(&linked)
		switch {
		case err != nil:
			return err
		case linked == objectID:
			return nil
		case linked != "":
			return ErrConflict
		}
		var e Exists
		if err := t.taken(ctx, u, ""); errors.As(err, &e) {
			return Exists{"objectId"} // as their externalId or linked
		} else if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update users set object_id = $1 where id = $2`, objectID, user); err != nil {
			return fmt.Errorf("store: linking object id: %w", err)
		}
		t.emit(directory.Event{At: now, Directory: dir, Kind: directory.UserLinked, User: user})
		return nil
	})
}

func storableUser(u directory.User) bool {
	return storable(u.ID, u.Directory, u.UserName, u.ExternalID, u.ObjectID, string(u.State), u.Role, string(u.Doc),
		u.Ranking.Granted, u.Ranking.Base, u.Ranking.Had) &&
		(u.State == directory.Active || u.State == directory.Suspended || u.State == directory.Archived)
}
