package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// hidden before the type of a resource keeps it from everybody: it is being
// made or deleted in more than one transaction.
const hidden = "~"

// resourceColumns must be in the order of resourceRow.
const resourceColumns = `u.pk, u.id, u.directory, u.type, u.version, u.display_name, u.external_id,
	u.members, u.created, u.modified, u.doc, coalesce(u.unranked, -1)`

type resourceRow struct {
	pk                int64
	r                 directory.Resource
	created, modified int64
	doc               string
	unranked          int64 // see unrankMembers; -1 where there is nothing to do
}

func (r *resourceRow) dest() []any {
	return []any{
		&r.pk, &r.r.ID, &r.r.Directory, &r.r.Type, &r.r.Version, &r.r.DisplayName, &r.r.ExternalID,
		&r.r.Members, &r.created, &r.modified, &r.doc, &r.unranked,
	}
}

func (r *resourceRow) resource() directory.Resource {
	x := r.r
	x.Created, x.Modified, x.Doc = fromMicro(r.created), fromMicro(r.modified), []byte(r.doc)
	return x
}

// Resource returns a resource by id, or ErrNotFound.
func (s *Store) Resource(ctx context.Context, dir, kind, id string) (directory.Resource, error) {
	r, err := s.resource(ctx, dir, kind, id)
	return r.resource(), err
}

func (s *Store) resource(ctx context.Context, dir, kind, id string) (r resourceRow, err error) {
	if !storable(dir, kind, id) {
		return r, ErrNotFound
	}
	err = s.read.row(ctx, resourceByID, id, dir, kind).Scan(r.dest()...)
	return r, err
}

const resourceByID = `select ` + resourceColumns + ` from resources u where u.id = $1 and u.directory = $2 and u.type = $3`

// Group returns a group by id, or ErrNotFound.
func (s *Store) Group(ctx context.Context, dir, id string) (directory.Group, error) {
	return s.Resource(ctx, dir, directory.GroupType, id)
}

// InsertResource stores a new resource with version 1, and for a group its
// members, all at once. The store writes the event of a group; further events
// come after it.
//
// A term that is Unique and somebody else's is an [Exists] with its path, an id
// that was given one with "id". A member that does not exist is an
// [UnknownMember]. The directory must exist.
func (s *Store) InsertResource(ctx context.Context, r directory.Resource, members []directory.Member, events ...directory.Event) error {
	return s.InsertGroup(ctx, nil, r, members, events...)
}

// InsertGroup is InsertResource for a group whose members are given their roles
// by the rules of ws, unless that is nil. Where they are many, Rerank has yet to
// do it.
func (s *Store) InsertGroup(ctx context.Context, ws *directory.Workspace, r directory.Resource, members []directory.Member, events ...directory.Event) error {
	if r.ID == "" || r.Type == "" || r.Type[0] == hidden[0] || !storableResource(r) || !storableMembers(members) {
		return ErrInvalid
	}
	rules := s.resourceTerms(&r)
	if len(members) > membersAtOnce {
		return s.insertLarge(ctx, ws, r, members, rules, events)
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		pk, err := t.insertResource(ctx, r, r.Type, rules)
		if err != nil {
			return err
		}
		t.created(r, events)
		if err := t.index(ctx, resourceTerms, r.Directory, r.Type, pk, nil, r.Terms); err != nil || len(members) == 0 {
			return err
		}
		who, err := t.resolve(ctx, r.Directory, members)
		if err != nil {
			return err
		}
		added, err := t.addMembers(ctx, pk, sortedKeys(who))
		if err != nil {
			return err
		}
		if err := t.later(ctx, `update resources set members = members + $1 where pk = $2`, len(added), pk); err != nil {
			return err
		}
		return t.rankFirst(ctx, ws, r, who)
	})
}

// created counts and tells of a new resource. Its first members need no event of
// their own.
func (t *tx) created(r directory.Resource, events []directory.Event) {
	t.counts[tally{directory: r.Directory, kind: r.Type}]++
	if r.Type == directory.GroupType {
		t.emit(directory.Event{At: r.Created, Directory: r.Directory, Kind: directory.GroupCreated, Group: r.ID})
	}
	t.emit(events...)
}

func (t *tx) insertResource(ctx context.Context, r directory.Resource, kind string, rules int64) (pk int64, err error) {
	err = t.row(ctx, `insert into resources (id, directory, type, version, display_name, external_id,
			created, modified, rules, doc) values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)
		on conflict do nothing returning pk`, r.ID, r.Directory, kind, r.DisplayName, r.ExternalID,
		micro(r.Created), micro(r.Modified), rules, string(r.Doc)).Scan(&pk)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, Exists{"id"}
	case err != nil:
		return 0, fmt.Errorf("store: inserting %s: %w", r.Type, err)
	}
	return pk, nil
}

// ResourceChange is what becomes of a resource.
type ResourceChange struct {
	// After is the resource with its new DisplayName, ExternalID, Doc and
	// Terms. Everything else of it is not looked at.
	After directory.Resource
	// Add and Remove change the members of a group. To add who is a member, or
	// remove who is not, does nothing.
	Add, Remove []directory.Member
	// Rank, unless nil, is the workspace whose rules give the people who are
	// moved their roles, in the transaction that moves them.
	Rank *directory.Workspace
	// Replace makes Members the only ones, before Remove and then Add.
	Replace bool
	Members []directory.Member
}

// errLarge: a change has too many members for one transaction.
var errLarge = errors.New("store: too many members for one transaction")

// ChangeResource changes a resource inside the writer, so that of many changes
// at once, on whatever server, none is lost. change is given the resource as it
// is; it may run more than once, must be quick, and must not use the Store. An
// error of change is returned as it is, and nothing happened.
//
// A change that alters nothing leaves Version and Modified alone; else the
// resource is dated now, and events of the group and its members tell of it.
// More than some hundred members are changed in steps, so that others need not
// wait: each step is a transaction, so readers may see some members changed and
// others not yet. An [UnknownMember] is found out before the first.
func (s *Store) ChangeResource(ctx context.Context, dir, kind, id string, now time.Time,
	change func(before directory.Resource) (ResourceChange, error),
) (after directory.Resource, changed bool, err error) {
	if !storable(dir, kind, id) {
		return after, false, ErrNotFound
	}
	var c ResourceChange
	var before resourceRow
	g, read := s.guess(dir, id, change), readResource(dir, kind, id)
	err = s.writeFirst(ctx, func(ctx context.Context, t *tx) error {
		var had []termKey
		var err error
		if before, had, err = t.resource(ctx, read); err != nil {
			return err
		}
		if c, err = change(before.resource()); err != nil {
			return err
		}
		if c.large(before.r.Members) {
			return errLarge
		}
		after, changed, err = s.apply(ctx, t, before, had, c, now, g)
		return err
	}, g.firsts(read)...)
	if errors.Is(err, errLarge) {
		return s.changeLarge(ctx, dir, kind, id, now, c, change)
	}
	if err == nil {
		s.seen.put(before)
	}
	return after, changed, err
}

// large reports whether a change needs more than one transaction.
func (c ResourceChange) large(has int) bool {
	n := len(c.Add) + len(c.Remove)
	if c.Replace {
		n += len(c.Members) + has
	}
	return n > membersAtOnce
}

// apply makes a change that is not large.
func (s *Store) apply(ctx context.Context, t *tx, before resourceRow, had []termKey, c ResourceChange, now time.Time, g *guess) (
	after directory.Resource, changed bool, err error,
) {
	n := len(t.events)
	moved, by, err := t.changeMembers(ctx, before, c, now, g)
	if err != nil {
		return after, false, err
	}
	n2 := len(t.events)
	if after, changed, err = s.rewrite(ctx, t, before, had, c, now, moved, by); err != nil {
		return after, changed, err
	}
	return after, changed, t.rankMoved(ctx, c.Rank, before, after, t.events[n:n2:n2], now)
}

// rewrite stores the attributes of a resource whose members were moved, and
// became by more.
func (s *Store) rewrite(ctx context.Context, t *tx, before resourceRow, had []termKey, c ResourceChange, now time.Time,
	moved bool, by int,
) (after directory.Resource, changed bool, err error) {
	after = before.resource()
	same := c.After.DisplayName == after.DisplayName && c.After.ExternalID == after.ExternalID && bytes.Equal(c.After.Doc, after.Doc)
	if same && !moved {
		return after, false, nil
	}
	after.Version, after.Modified, after.Members = after.Version+1, fromMicro(micro(now)), after.Members+by
	if same {
		return after, true, t.touch(ctx, before, after, now)
	}
	t.forget(after.Directory, after.ID)
	after.DisplayName, after.ExternalID, after.Doc, after.Terms = c.After.DisplayName, c.After.ExternalID, c.After.Doc, c.After.Terms
	if !storableResource(after) {
		return after, false, ErrInvalid
	}
	rules := s.resourceTerms(&after)
	if err := t.later(ctx, `update resources set version = $1, modified = $2, members = $3, display_name = $4,
			external_id = $5, doc = $6, rules = $7 where pk = $8`, after.Version, micro(now), after.Members,
		after.DisplayName, after.ExternalID, string(after.Doc), rules, before.pk); err != nil {
		return after, false, fmt.Errorf("store: changing %s: %w", after.Type, err)
	}
	if err := t.index(ctx, resourceTerms, after.Directory, after.Type, before.pk, had, after.Terms); err != nil {
		return after, false, err
	}
	if after.Type == directory.GroupType {
		t.emit(directory.Event{At: now, Directory: after.Directory, Kind: directory.GroupUpdated, Group: after.ID})
	}
	after.Terms = nil
	return after, true, nil
}

// DeleteResource deletes a resource, and for a group all memberships. A version
// other than 0 must be its, else ErrConflict. The GroupDeleted event stands for
// its members too.
func (s *Store) DeleteResource(ctx context.Context, dir, kind, id string, version int64, now time.Time) error {
	return s.DeleteGroup(ctx, nil, dir, kind, id, version, now)
}

// DeleteGroup is DeleteResource for a group that may give its members roles by
// the rules of ws, unless that is nil: those count for nothing from then on, and
// Rerank has yet to give others.
func (s *Store) DeleteGroup(ctx context.Context, ws *directory.Workspace, dir, kind, id string, version int64, now time.Time) error {
	if !storable(dir, kind, id) {
		return ErrNotFound
	}
	var r resourceRow
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		var had []termKey
		if r, had, err = t.resource(ctx, readResource(dir, kind, id)); err != nil {
			return err
		}
		if version != 0 && version != r.r.Version {
			return ErrConflict
		}
		if ws != nil && ws.RanksGroup(r.r) || r.unranked >= 0 {
			if err := t.unrankMembers(ctx, r); err != nil {
				return err
			}
		}
		t.forget(dir, id)
		// Until its members are gone, nobody sees it.
		if _, err := t.exec(ctx, `update resources set type = $1, modified = $2 where pk = $3`, hidden+kind, micro(now), r.pk); err != nil {
			return fmt.Errorf("store: deleting %s: %w", kind, err)
		}
		t.counts[tally{directory: dir, kind: kind}]--
		if kind == directory.GroupType {
			t.emit(directory.Event{At: now, Directory: dir, Kind: directory.GroupDeleted, Group: id})
			if err := t.leaveGroups(ctx, dir, groupCode(r.pk), id, now); err != nil {
				return err
			}
		}
		if err := t.index(ctx, resourceTerms, dir, kind, r.pk, had, nil); err != nil || r.r.Members > membersAtOnce {
			return err
		}
		return t.erase(ctx, r.pk)
	})
	if err != nil || r.r.Members <= membersAtOnce {
		return err
	}
	// It is deleted; should this stop on the way, Sweep goes on.
	return s.empty(ctx, r.pk)
}

// erase deletes the rest of a hidden resource.
func (t *tx) erase(ctx context.Context, pk int64) error {
	if _, err := t.exec(ctx, `delete from members where grp = $1`, pk); err != nil {
		return fmt.Errorf("store: deleting members: %w", err)
	}
	_, err := t.exec(ctx, `delete from resources where pk = $1`, pk)
	return err
}

// empty deletes a hidden group with many members, in steps.
func (s *Store) empty(ctx context.Context, pk int64) error {
	if err := s.unrankGroup(ctx, pk); err != nil {
		return err
	}
	for {
		var n int64
		if err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			n, err = t.exec(ctx, `delete from members where grp = $1 and member in
				(select member from members where grp = $1 order by member limit $2)`, pk, eraseAtOnce)
			if err == nil && n < eraseAtOnce {
				err = t.erase(ctx, pk)
			}
			return err
		}); err != nil {
			return fmt.Errorf("store: deleting members: %w", err)
		}
		if n < eraseAtOnce {
			return nil
		}
	}
}

// Sweep deletes what is left of resources whose making or deletion was
// interrupted more than an hour ago, and returns how many there were.
func (s *Store) Sweep(ctx context.Context, now time.Time) (int, error) {
	var left []int64
	if err := s.read.each(ctx, func(row scanner) error {
		var pk int64
		err := row.Scan(&pk)
		left = append(left, pk)
		return err
	}, `select pk from resources where type >= '~' and modified < $1 limit 100`, micro(now.Add(-time.Hour))); err != nil {
		return 0, fmt.Errorf("store: looking for what is left of resources: %w", err)
	}
	for i, pk := range left {
		if err := s.empty(ctx, pk); err != nil {
			return i, err
		}
	}
	return len(left), nil
}

func storableResource(r directory.Resource) bool {
	return storable(r.ID, r.Directory, r.Type, r.DisplayName, r.ExternalID, string(r.Doc))
}

func storableMembers(members []directory.Member) bool {
	return !slices.ContainsFunc(members, func(m directory.Member) bool { return !storable(m.ID) })
}
