package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

const (
	// membersAtOnce is how many members one transaction changes. It takes some
	// 20 ms.
	membersAtOnce = 400
	// eraseAtOnce is how many rows one transaction deletes that nobody sees.
	eraseAtOnce = 2000
	// idsAtOnce is how many ids one statement looks up.
	idsAtOnce = 256
)

// ErrUnknownMember: who is to be a member does not exist. It comes as an
// [UnknownMember].
var ErrUnknownMember = errors.New("store: unknown member")

// UnknownMember is the ErrUnknownMember that says who.
type UnknownMember struct{ ID string }

func (e UnknownMember) Error() string { return fmt.Sprintf("%v %q", ErrUnknownMember, e.ID) }

// Is makes errors.Is(err, ErrUnknownMember) true.
func (e UnknownMember) Is(target error) bool { return target == ErrUnknownMember }

// A code is how a member is stored: twice the key of a person, or that of a
// group and one.
func userCode(pk int64) int64  { return 2 * pk }
func groupCode(pk int64) int64 { return 2*pk + 1 }

// eacher is the part of tx and reader that resolving needs.
type eacher interface {
	each(ctx context.Context, f func(scanner) error, query string, args ...any) error
}

// listed returns a text with a list of values in it, and the values, after those
// of first. There are few sizes, so that few texts are prepared: what is too
// much repeats the last value. each is how one is written, with # for its
// parameter.
func listed(before, each, after string, values []int64, first ...any) (text string, args []any) {
	return list(before, each, after, values, first)
}

func list[T any](before, each, after string, values []T, first []any) (text string, args []any) {
	size := 1
	for size < len(values) {
		size *= 2
	}
	args = append(make([]any, 0, size+len(first)), first...)
	var b strings.Builder
	b.WriteString(before)
	for i := range size {
		if i > 0 {
			b.WriteString(", ")
		}
		args = append(args, values[min(i, len(values)-1)])
		b.WriteString(strings.ReplaceAll(each, "#", "$"+strconv.Itoa(len(args))))
	}
	b.WriteString(after)
	return b.String(), args
}

// codes looks up members: their codes by id, for those that exist.
func codes(ctx context.Context, q eacher, dir string, members []directory.Member) (map[string]int64, error) {
	all := make(map[string]int64, len(members))
	look := func(ids []string, before, after string, code func(int64) int64) error {
		for chunk := range slices.Chunk(ids, idsAtOnce) {
			text, args := list(before, "#", after, chunk, []any{dir})
			if err := q.each(ctx, func(row scanner) error {
				var id string
				var pk int64
				err := row.Scan(&id, &pk)
				all[id] = code(pk)
				return err
			}, text, args...); err != nil {
				return fmt.Errorf("store: looking for members: %w", err)
			}
		}
		return nil
	}
	var people, groups []string
	for _, m := range members {
		if m.Kind != directory.GroupMember {
			people = append(people, m.ID)
		}
	}
	// directory || '': without it, SQLite takes an index of the whole directory
	// once the list of ids is longer than some twenty.
	if err := look(people, `select id, pk from users where directory || '' = $1 and state <> 'archived' and id in (`, `)`, userCode); err != nil {
		return nil, err
	}
	for _, m := range members {
		if _, found := all[m.ID]; !found && m.Kind != directory.UserMember {
			groups = append(groups, m.ID)
		}
	}
	err := look(groups, `select id, pk from resources where directory || '' = $1 and type || '' = 'Group' and id in (`, `)`, groupCode)
	return all, err
}

// resolve returns the codes of members, who must all exist, each once.
func (t *tx) resolve(ctx context.Context, dir string, members []directory.Member) (map[int64]string, error) {
	found, err := codes(ctx, t, dir, members)
	if err != nil {
		return nil, err
	}
	all := make(map[int64]string, len(members))
	for _, m := range members {
		code, is := found[m.ID]
		if !is {
			return nil, UnknownMember{m.ID}
		}
		all[code] = m.ID
	}
	return all, nil
}

// addMembers adds members and returns the codes of those who were none before.
func (t *tx) addMembers(ctx context.Context, grp int64, who []int64) ([]int64, error) {
	return t.moveMembers(ctx, who, grp, `insert into members (grp, member) values `, `($1, #)`,
		` on conflict do nothing returning member`)
}

// dropMembers removes members and returns the codes of those who were.
func (t *tx) dropMembers(ctx context.Context, grp int64, who []int64) ([]int64, error) {
	return t.moveMembers(ctx, who, grp, `delete from members where grp = $1 and member in (`, `#`, `) returning member`)
}

func (t *tx) moveMembers(ctx context.Context, who []int64, grp int64, before, each, after string) (moved []int64, err error) {
	for chunk := range slices.Chunk(who, idsAtOnce) {
		text, args := listed(before, each, after, chunk, grp)
		if err := t.each(ctx, func(row scanner) error {
			var code int64
			err := row.Scan(&code)
			moved = append(moved, code)
			return err
		}, text, args...); err != nil {
			return nil, fmt.Errorf("store: changing members: %w", err)
		}
	}
	return moved, nil
}

// changeMembers makes the part of a change that is not large which concerns
// members, with its events. by is by how many they became more.
func (t *tx) changeMembers(ctx context.Context, r resourceRow, c ResourceChange, now time.Time, g *guess) (moved bool, by int, err error) {
	if !storableMembers(c.Add) || !storableMembers(c.Remove) || !storableMembers(c.Members) {
		return false, 0, ErrInvalid
	}
	if _, _, one := c.single(); one {
		return t.changeMember(ctx, r, c, now, g)
	}
	if _, hit, err := g.taken(t, r, c); hit || err != nil {
		return false, 0, errGuess
	}
	add, err := t.resolve(ctx, r.r.Directory, append(slices.Clip(c.Members), c.Add...))
	if err != nil {
		return false, 0, err
	}
	drop, err := codes(ctx, t, r.r.Directory, c.Remove) // who does not exist is no member
	if err != nil {
		return false, 0, err
	}
	ids := map[int64]string{}
	for id, code := range drop {
		ids[code] = id
	}
	if c.Replace {
		if err := t.others(ctx, r.pk, add, ids); err != nil {
			return false, 0, err
		}
	}
	for _, m := range c.Add { // they are added last
		if code, is := drop[m.ID]; is {
			delete(ids, code)
		}
	}
	for code := range ids {
		delete(add, code)
	}
	return t.move(ctx, r, sortedKeys(ids), ids, sortedKeys(add), add, now)
}

// changeMember is changeMembers for one, which is what Entra does most: the
// member is looked up in the statement that moves them.
func (t *tx) changeMember(ctx context.Context, r resourceRow, c ResourceChange, now time.Time, g *guess) (moved bool, by int, err error) {
	code, hit, err := g.taken(t, r, c)
	if err != nil {
		return false, 0, err
	}
	kind, text, by := directory.MemberRemoved, dropOne, -1
	m, add, _ := c.single()
	if add {
		kind, text, by = directory.MemberAdded, addOne, 1
	}
	if !hit {
		t.moved[r.r.Directory] = true
		code, err = t.moveOne(ctx, text, r, m)
	}
	switch {
	case errors.Is(err, ErrNotFound) && add:
		_, err = t.resolve(ctx, r.r.Directory, c.Add) // they are a member already, or unknown
		return false, 0, err
	case errors.Is(err, ErrNotFound):
		return false, 0, nil
	case err != nil:
		return false, 0, fmt.Errorf("store: changing a member: %w", err)
	}
	t.emit(memberEvent(kind, r.r, code, m.ID, now))
	return true, by, nil
}

// moveOne runs one of the texts of addOne or dropOne: whichever finds the member.
func (t *tx) moveOne(ctx context.Context, text [2]string, r resourceRow, m directory.Member) (code int64, err error) {
	if m.Kind != directory.GroupMember {
		err = t.row(ctx, text[0], r.pk, r.r.Directory, m.ID).Scan(&code)
	}
	if m.Kind == directory.GroupMember || m.Kind == "" && errors.Is(err, ErrNotFound) {
		err = t.row(ctx, text[1], r.pk, r.r.Directory, m.ID).Scan(&code)
	}
	return code, err
}

// addOne and dropOne move one member: a person, or a group.
var (
	addOne = [2]string{
		`insert into members (grp, member) select cast($1 as bigint), 2 * pk from users
			where directory = $2 and id = $3 and state <> 'archived' on conflict do nothing returning member`,
		`insert into members (grp, member) select cast($1 as bigint), 2 * pk + 1 from resources
			where directory = $2 and id = $3 and type = 'Group' on conflict do nothing returning member`,
	}
	dropOne = [2]string{
		`delete from members where grp = $1 and member =
			(select 2 * pk from users where directory = $2 and id = $3) returning member`,
		`delete from members where grp = $1 and member =
			(select 2 * pk + 1 from resources where directory = $2 and id = $3 and type = 'Group') returning member`,
	}
)

// others adds the members of a group that are not in keep to drop, with their
// ids.
func (t *tx) others(ctx context.Context, grp int64, keep, drop map[int64]string) error {
	return t.each(ctx, func(row scanner) error {
		var code int64
		var id string
		if err := row.Scan(&code, &id); err != nil {
			return err
		}
		if _, kept := keep[code]; !kept {
			drop[code] = id
		}
		return nil
	}, `select m.member, coalesce(u.id, g.id) `+memberJoin+` where m.grp = $1`, grp)
}

// move removes and adds members and emits what is true of that.
func (t *tx) move(ctx context.Context, r resourceRow, drop []int64, dropIDs map[int64]string, add []int64, addIDs map[int64]string,
	now time.Time,
) (moved bool, by int, err error) {
	if len(drop)+len(add) > 0 {
		t.moved[r.r.Directory] = true
	}
	dropped, err := t.dropMembers(ctx, r.pk, drop)
	if err != nil {
		return false, 0, err
	}
	added, err := t.addMembers(ctx, r.pk, add)
	if err != nil {
		return false, 0, err
	}
	for _, code := range dropped {
		t.emit(memberEvent(directory.MemberRemoved, r.r, code, dropIDs[code], now))
	}
	for _, code := range added {
		t.emit(memberEvent(directory.MemberAdded, r.r, code, addIDs[code], now))
	}
	return len(dropped)+len(added) > 0, len(added) - len(dropped), nil
}

func memberEvent(k directory.Kind, g directory.Resource, code int64, id string, now time.Time) directory.Event {
	e := directory.Event{At: now, Directory: g.Directory, Kind: k, Group: g.ID}
	if code%2 == 0 {
		e.User = id
	} else {
		e.Nested = id
	}
	return e
}

func sortedKeys(m map[int64]string) []int64 { return slices.Sorted(maps.Keys(m)) }

// leftBy counts a change for every group that a member leaves, and leaveAll takes
// the member out of them. Both are one statement, however many groups there
// are: everybody waits for it.
const (
	leftBy = `update resources set version = version + 1, modified = $1, members = members - 1
		where pk in (select grp from members where member = $2) returning pk, id, type`
	leaveAll = `delete from members where member = $1`
)

// leaveGroups removes a member from all groups, each of which counts it as a
// change.
func (t *tx) leaveGroups(ctx context.Context, dir string, code int64, id string, now time.Time) error {
	if err := t.settleGroups(ctx); err != nil {
		return fmt.Errorf("store: leaving groups: %w", err)
	}
	left := map[int64]directory.Resource{}
	if err := t.each(ctx, func(row scanner) error {
		var pk int64
		g := directory.Resource{Directory: dir}
		err := row.Scan(&pk, &g.ID, &g.Type)
		left[pk] = g
		return err
	}, leftBy, micro(now), code); err != nil {
		return fmt.Errorf("store: leaving groups: %w", err)
	}
	if len(left) == 0 {
		return nil
	}
	clear(t.groups)
	t.moved[dir] = true
	if err := t.later(ctx, leaveAll, code); err != nil {
		return fmt.Errorf("store: leaving groups: %w", err)
	}
	for _, pk := range slices.Sorted(maps.Keys(left)) {
		if g := left[pk]; g.Type == directory.GroupType {
			t.emit(memberEvent(directory.MemberRemoved, g, code, id, now))
		}
	}
	return nil
}

// memberJoin finds who a member m is: the person u or the group g.
const memberJoin = `from members m left join users u on u.pk = m.member / 2 and m.member % 2 = 0
	left join resources g on g.pk = m.member / 2 and m.member % 2 = 1`

// Members returns a page of the members of a group, at most 1,000, in an order
// that stays, with the number of all. Display is their userName or displayName.
func (s *Store) Members(ctx context.Context, dir, group string, after Cursor, count int) (Page[directory.Member], error) {
	var page Page[directory.Member]
	g, err := s.resource(ctx, dir, directory.GroupType, group)
	if err != nil {
		return page, err
	}
	page.Total = g.r.Members
	from := int64(-1)
	if after != "" {
		if from, err = parseMemberCursor(after); err != nil {
			return page, err
		}
	}
	if count = min(count, maxPage); count <= 0 {
		return page, nil
	}
	var last int64
	if err := s.read.each(ctx, func(row scanner) error {
		var code int64
		var m directory.Member
		if err := row.Scan(&code, &m.ID, &m.Display); err != nil {
			return err
		}
		if len(page.Items) == count {
			page.Next = memberCursor(last)
			return nil
		}
		m.Kind = directory.UserMember
		if code%2 == 1 {
			m.Kind = directory.GroupMember
		}
		page.Items, last = append(page.Items, m), code
		return nil
	}, `select m.member, coalesce(u.id, g.id, ''), coalesce(u.user_name, g.display_name, '') `+memberJoin+`
		where m.grp = $1 and m.member > $2 order by m.member limit $3`, g.pk, from, count+1); err != nil {
		return page, fmt.Errorf("store: listing members: %w", err)
	}
	return page, nil
}

func memberCursor(code int64) Cursor {
	return Cursor(base64.RawURLEncoding.EncodeToString(strconv.AppendInt([]byte("m"), code, 10)))
}

func parseMemberCursor(c Cursor) (int64, error) {
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil || len(b) < 2 || b[0] != 'm' {
		return 0, ErrCursor
	}
	code, err := strconv.ParseInt(string(b[1:]), 10, 64)
	if err != nil {
		return 0, ErrCursor
	}
	return code, nil
}

// IsMember reports whether a person or group is a direct member of a group. A
// group that does not exist has no members.
func (s *Store) IsMember(ctx context.Context, dir, group, member string) (bool, error) {
	if !storable(dir, group, member) {
		return false, nil
	}
	var there int
	err := s.read.row(ctx, `select 1 from resources r join members m on m.grp = r.pk
		where r.id = $1 and r.directory = $2 and r.type = 'Group' and m.member = coalesce(
			(select 2 * u.pk from users u where u.id = $3 and u.directory = $2),
			(select 2 * g.pk + 1 from resources g where g.id = $3 and g.directory = $2 and g.type = 'Group'), -1)`,
		group, dir, member).Scan(&there)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// GroupsOf returns the groups that a person or group is a direct member of, in
// the order in which they were created.
func (s *Store) GroupsOf(ctx context.Context, dir, member string) ([]directory.GroupRef, error) {
	if !storable(dir, member) {
		return nil, nil
	}
	var all []directory.GroupRef
	if err := s.read.each(ctx, func(row scanner) error {
		var r directory.GroupRef
		err := row.Scan(&r.ID, &r.DisplayName)
		all = append(all, r)
		return err
	}, `select r.id, r.display_name from members m cross join resources r where m.member = coalesce(
			(select 2 * u.pk from users u where u.id = $1 and u.directory = $2),
			(select 2 * g.pk + 1 from resources g where g.id = $1 and g.directory = $2 and g.type = 'Group'), -1)
		and r.pk = m.grp and r.type = 'Group' order by r.pk`, member, dir); err != nil {
		return nil, fmt.Errorf("store: listing groups: %w", err)
	}
	return all, nil
}
