package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// rankAtOnce is how many people one transaction gives their roles. Of more it
// only notes that they have to be looked at.
const rankAtOnce = 20

// rank gives a person who is being saved the role of the consequence's rules.
// Without rules, whoever sets another role gives it by hand. Either way it goes
// on from the Ranking that is stored, for that changes without a new version.
func (t *tx) rank(ctx context.Context, u *directory.User, has standing, c *directory.Consequence) error {
	u.Ranking = has.ranking()
	if c.Rank == nil {
		if u.Ranking.By != 0 && u.Role != has.role {
			u.Ranking.Granted, u.Ranking.Had, u.Ranking.HadUntil = u.Role, "", time.Time{}
		}
		return nil
	}
	groups, err := t.rankingGroups(ctx, *c.Rank, has.pk)
	if err != nil {
		return err
	}
	*u = directory.Rank(*c.Rank, *u, has.state, groups)
	if len(c.Events) == 0 && u.Role != has.role {
		c.Events = []directory.Event{roleChanged(*u)}
	}
	return nil
}

func roleChanged(u directory.User) directory.Event {
	return directory.Event{At: u.Modified, Directory: u.Directory, Kind: directory.UserUpdated, User: u.ID}
}

// rankingGroupsOf finds what rules need to know of a member's groups.
const rankingGroupsOf = `select r.id, r.external_id, r.display_name from members m cross join resources r
	where m.member = $1 and r.pk = m.grp and r.type = 'Group'`

// rankingGroups are the groups of a person, where a rule is about groups.
func (t *tx) rankingGroups(ctx context.Context, ws directory.Workspace, pk int64) ([]directory.Group, error) {
	if !ws.RanksGroups() {
		return nil, nil
	}
	if err := t.settle(ctx); err != nil {
		return nil, err
	}
	return rankingGroups(ctx, t, pk)
}

func rankingGroups(ctx context.Context, q eacher, pk int64) (all []directory.Group, err error) {
	err = q.each(ctx, func(row scanner) error {
		var g directory.Group
		err := row.Scan(&g.ID, &g.ExternalID, &g.DisplayName)
		all = append(all, g)
		return err
	}, rankingGroupsOf, userCode(pk))
	if err != nil {
		return nil, fmt.Errorf("store: reading the groups that give roles: %w", err)
	}
	return all, nil
}

// rankMoved gives the people whom events tell of, which is those who joined or
// left a group, their roles. Where the group itself has begun or ceased to give
// a role, it is about all its members.
func (t *tx) rankMoved(ctx context.Context, ws *directory.Workspace, g resourceRow, after directory.Resource, moved []directory.Event, now time.Time) error {
	before := g.r
	if ws == nil || before.Type != directory.GroupType {
		return nil
	}
	was, is := ws.RanksGroup(before), ws.RanksGroup(after)
	if was != is || was && (before.DisplayName != after.DisplayName || before.ExternalID != after.ExternalID) {
		if err := t.unrankMembers(ctx, g); err != nil {
			return err
		}
	}
	// Whoever leaves a group that gave a role may not have been looked at yet.
	if !was && !is && g.unranked < 0 {
		return nil
	}
	var people []string
	for _, e := range moved {
		if e.User != "" && e.Group == after.ID {
			people = append(people, e.User)
		}
	}
	return t.rankPeople(ctx, *ws, after.Directory, people, now)
}

// rankFirst gives the first members of a new group their roles.
func (t *tx) rankFirst(ctx context.Context, ws *directory.Workspace, g directory.Resource, members map[int64]string) error {
	if ws == nil || g.Type != directory.GroupType || !ws.RanksGroup(g) {
		return nil
	}
	var people []string
	for code, id := range members {
		if code%2 == 0 {
			people = append(people, id)
		}
	}
	return t.rankPeople(ctx, *ws, g.Directory, people, g.Created)
}

// rankPeople gives people their roles now, or, if they are many, sees to it
// that the roles they have count for nothing until Rerank has been there.
func (t *tx) rankPeople(ctx context.Context, ws directory.Workspace, dir string, people []string, now time.Time) error {
	if len(people) > rankAtOnce {
		for chunk := range slices.Chunk(people, idsAtOnce) {
			text, args := list(`update users set ranked = -1 where ranked > 0 and directory || '' = $1 and id in (`, "#", `) returning pk`, chunk, []any{dir})
			if err := t.unrank(ctx, text, args); err != nil {
				return err
			}
		}
		return nil
	}
	for _, id := range people {
		if err := t.rankPerson(ctx, ws, dir, id, now); err != nil {
			return err
		}
	}
	return nil
}

// rankPerson gives one person the role that follows from the rules.
func (t *tx) rankPerson(ctx context.Context, ws directory.Workspace, dir, id string, now time.Time) error {
	_, _, err := t.changeRole(ctx, ws, dir, id, now, func(u directory.User, groups []directory.Group) (directory.User, error) {
		return directory.Rank(ws, u, u.State, groups), nil
	})
	if errors.Is(err, ErrNotFound) {
		return nil // somebody who is gone by now
	}
	return err
}

// ChangeRole changes the role of a person, and where it comes from, inside the
// writer: change is given them with the groups that rules of ws are about, must
// be quick, and may run more than once. An error of change is returned as it is.
// act tells of it, unless nothing changed. Nothing else of the person changes.
func (s *Store) ChangeRole(ctx context.Context, ws directory.Workspace, id string, act Act,
	change func(u directory.User, groups []directory.Group) (directory.User, error),
) (after directory.User, err error) {
	if !storable(id) {
		return after, ErrNotFound
	}
	act.Directory, act.Workspace, act.User = ws.Directory, ws.ID, id
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		var changed bool
		var err error
		if after, changed, err = t.changeRole(ctx, ws, ws.Directory, id, act.At, change); err != nil || !changed {
			return err
		}
		return t.record(ctx, act)
	})
	return after, err
}

func (t *tx) changeRole(ctx context.Context, ws directory.Workspace, dir, id string, now time.Time,
	change func(u directory.User, groups []directory.Group) (directory.User, error),
) (after directory.User, changed bool, err error) {
	if err := t.settle(ctx); err != nil {
		return after, false, err
	}
	var pk int64
	var row userRow
	err = t.row(ctx, `select u.pk, `+userColumns+` from users u where u.directory = $1 and u.id = $2`, dir, id).
		Scan(append([]any{&pk}, row.dest()...)...)
	if errors.Is(err, ErrNotFound) {
		return after, false, err
	}
	if err != nil {
		return after, false, fmt.Errorf("store: reading who needs a role: %w", err)
	}
	before := row.user()
	groups, err := t.rankingGroups(ctx, ws, pk)
	if err != nil {
		return after, false, err
	}
	if after, err = change(before, groups); err != nil {
		return after, false, err
	}
	if after.Role == before.Role && after.Ranking == before.Ranking {
		return before, false, nil
	}
	r := after.Ranking
	if !storable(after.Role, r.Granted, r.Base, r.Had) {
		return after, false, ErrInvalid
	}
	if after.Role != before.Role {
		after.Version, after.Modified = before.Version+1, fromMicro(micro(now))
		t.emit(roleChanged(after))
	}
	t.saved[pk] = true
	if err := t.later(ctx, `update users set version = $1, modified = $2, role = $3, granted = $4, base_role = $5,
			had_role = $6, had_until = $7, ranked = $8 where pk = $9`, after.Version, micro(after.Modified), after.Role,
		r.Granted, r.Base, r.Had, orNull(r.HadUntil), r.By, pk); err != nil {
		return after, false, fmt.Errorf("store: giving a role: %w", err)
	}
	return after, true, t.changed(ctx, dir, pk, before.State, micro(before.Modified), after.State, micro(after.Modified))
}

// Ranked returns u with the role that the rules of ws give them at this moment,
// whatever was stored while other rules were in force or their groups were
// being changed: nobody comes in with a role of yesterday.
func (s *Store) Ranked(ctx context.Context, ws directory.Workspace, u directory.User) (directory.User, error) {
	if old, err := lags(ctx, s.read, ws, u); err != nil || !old {
		return u, err
	}
	groups, err := s.RankingGroups(ctx, ws, u.ID)
	if err != nil {
		return u, err
	}
	return directory.Rank(ws, u, u.State, groups), nil
}

// ranked is Ranked within a transaction.
func (t *tx) ranked(ctx context.Context, workspace string, u directory.User) (directory.User, error) {
	ws, err := scanWorkspace(t.row(ctx, `select `+workspaceColumns+` from workspaces w where w.id = $1`, workspace))
	if err != nil {
		return u, err
	}
	if old, err := lags(ctx, t, ws, u); err != nil || !old {
		return u, err
	}
	var groups []directory.Group
	if ws.RanksGroups() {
		var pk int64
		if err := t.row(ctx, `select pk from users where id = $1`, u.ID).Scan(&pk); err != nil {
			return u, err
		}
		if groups, err = t.rankingGroups(ctx, ws, pk); err != nil {
			return u, err
		}
	}
	return directory.Rank(ws, u, u.State, groups), nil
}

// lagging finds how a person stands now, and whether a group of theirs has
// members whose roles have yet to be looked at. It is one text, so that nothing
// happens between the one and the other.
const lagging = `select u.version, u.ranked, case when exists (select 1 from resources r
		where r.directory = u.directory and r.unranked is not null
		and exists (select 1 from members m where m.grp = r.pk and m.member = 2 * u.pk)) then 1 else 0 end
	from users u where u.id = $1`

// lags reports whether the role that was stored for u may be one of other rules,
// or of groups as they were.
func lags(ctx context.Context, q rower, ws directory.Workspace, u directory.User) (bool, error) {
	switch by := u.Ranking.By; {
	case by == 0:
		return false, nil
	case by != ws.RankedBy():
		return true, nil
	case !ws.RanksGroups():
		return false, nil
	}
	var version, ranked, due int64
	err := q.row(ctx, lagging, u.ID).Scan(&version, &ranked, &due)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: asking whether a role is due: %w", err)
	}
	return due != 0 || version != u.Version || ranked != u.Ranking.By, nil
}

// rower is the part of tx and reader that lags needs.
type rower interface {
	row(ctx context.Context, query string, args ...any) scanner
}

// RankingGroups returns the groups of a person, as far as rules need to know
// them: none where no rule of ws is about groups.
func (s *Store) RankingGroups(ctx context.Context, ws directory.Workspace, user string) ([]directory.Group, error) {
	if !ws.RanksGroups() || !storable(user) {
		return nil, nil
	}
	var pk int64
	err := s.read.row(ctx, `select pk from users where id = $1 and directory = $2`, user, ws.Directory).Scan(&pk)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: looking for a person: %w", err)
	}
	return rankingGroups(ctx, s.read, pk)
}

// HadRole returns what somebody who was archived, with this externalId, was
// before (Ranking.Had and HadUntil), or the zero Ranking.
func (s *Store) HadRole(ctx context.Context, dir, externalID string) (r directory.Ranking, err error) {
	if externalID == "" || !storable(dir, externalID) {
		return r, nil
	}
	var until int64
	err = s.read.row(ctx, `select had_role, coalesce(had_until, 0) from users where directory = $1 and external_id = $2
		and state = 'archived' and had_role <> '' order by pk desc limit 1`, dir, externalID).Scan(&r.Had, &until)
	if errors.Is(err, ErrNotFound) {
		return directory.Ranking{}, nil
	}
	if err != nil {
		return r, fmt.Errorf("store: looking for who was here before: %w", err)
	}
	r.HadUntil = fromMicro(until)
	return r, nil
}
