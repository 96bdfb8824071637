package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func group(id string) directory.Group {
	return directory.Group{
		Type: directory.GroupType, ID: id, Directory: "acme", Version: 1, DisplayName: "Group " + id,
		ExternalID: "ext-" + id, Created: start, Modified: start,
		Doc: fmt.Appendf(nil, `{"displayname":["group %s"]}`, id),
	}
}

func members(ids ...string) []directory.Member {
	var all []directory.Member
	for _, id := range ids {
		all = append(all, directory.Member{ID: id})
	}
	return all
}

func numbered(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint("u-", i))
	}
	return all
}

// enrol inserts people u-0 … u-(n-1), many of them in no order.
func (f *fixture) enrol(s *store.Store, n int) {
	f.Helper()
	var wg sync.WaitGroup
	parts := 1
	if n > 100 {
		parts = 8
	}
	for part := range parts {
		wg.Go(func() {
			for i := part; i < n; i += parts {
				if err := insert(f.Context(), s, ada(i)); err != nil {
					f.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// in returns the members of a group, read page by page.
func in(ctx context.Context, s *store.Store, id string) (all []string, total int, err error) {
	var after store.Cursor
	for {
		page, err := s.Members(ctx, "acme", id, after, 37)
		if err != nil {
			return nil, 0, err
		}
		for _, m := range page.Items {
			all = append(all, m.ID)
		}
		if after = page.Next; after == "" {
			return all, page.Total, nil
		}
	}
}

// has checks the members of a group, and that it counts them.
func (f *fixture) has(s *store.Store, id string, want ...string) {
	f.Helper()
	got, total, err := in(f.Context(), s, id)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" || total != len(want) {
		f.Errorf("members of %s: total %d, want %d, %v; (-want +got):\n%s", id, total, len(want), err, diff)
	}
}

// alter changes a group at a time of its own.
func alter(ctx context.Context, s *store.Store, id string, c store.ResourceChange) (directory.Group, bool, error) {
	return s.ChangeResource(ctx, "acme", directory.GroupType, id, later, func(before directory.Group) (store.ResourceChange, error) {
		if c.After.ID == "" {
			c.After = before
		}
		return c, nil
	})
}

// later is when groups change.
var later = start.Add(time.Hour)

// told returns the events after a number, as kind, group and whom.
func told(ctx context.Context, s *store.Store, after int64) (all []string, err error) {
	events, err := s.Events(ctx, after, 1000)
	for _, e := range events {
		all = append(all, fmt.Sprintf("%s %s %s%s", e.Kind, e.Group, e.User, e.Nested))
	}
	return all, err
}

var grouping = []promise{
	{"gives a group back as it was stored", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 2)
		must(f, s.InsertResource(ctx, group("g"), members("u-0", "u-1", "u-0")))
		got, err := s.Group(ctx, "acme", "g")
		want := group("g")
		want.Members = 2
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			f.Errorf("%v; (-want +got):\n%s", err, diff)
		}
		taken(f, s.InsertResource(ctx, group("g"), nil), "id")
		for _, c := range [][3]string{{"other", "Group", "g"}, {"acme", "Device", "g"}, {"acme", "Group", "h"}, {"acme", "Group", "g\x00"}} {
			_, err = s.Resource(ctx, c[0], c[1], c[2])
			wants(f, err, store.ErrNotFound)
		}
		all, err := told(ctx, s, 2)
		if diff := cmp.Diff([]string{"group.created g "}, all); err != nil || diff != "" {
			f.Errorf("%v; (-want +got):\n%s", err, diff)
		}
	}},
	{"adds and removes members, and tells of those it moved", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 4)
		must(f, s.InsertResource(ctx, group("g"), nil))
		must(f, s.InsertResource(ctx, group("h"), nil))
		last, err := s.LastEvent(ctx)
		must(f, err)
		after, changed, err := alter(ctx, s, "g", store.ResourceChange{Add: members("u-0", "u-1", "h")})
		if err != nil || !changed || after.Version != 2 || !after.Modified.Equal(later) || after.Members != 3 {
			f.Errorf("got %+v, %v, %v", after, changed, err)
		}
		after, changed, err = alter(ctx, s, "g", store.ResourceChange{Add: members("u-0"), Remove: members("u-3", "nobody")})
		if err != nil || changed || after.Version != 2 {
			f.Errorf("nothing was to change: %+v, %v, %v", after, changed, err)
		}
		_, _, err = alter(ctx, s, "g", store.ResourceChange{Add: members("u-2"), Remove: members("u-0")})
		must(f, err)
		f.has(s, "g", "h", "u-1", "u-2")
		_, _, err = alter(ctx, s, "g", store.ResourceChange{Replace: true, Members: members("u-2", "u-3"), Add: members("u-0")})
		must(f, err)
		f.has(s, "g", "u-0", "u-2", "u-3")
		all, err := told(ctx, s, last)
		want := []string{
			"group.member_added g h", "group.member_added g u-0", "group.member_added g u-1",
			"group.member_removed g u-0", "group.member_added g u-2",
			"group.member_removed g h", "group.member_removed g u-1", "group.member_added g u-0", "group.member_added g u-3",
		}
		slices.Sort(all)
		slices.Sort(want)
		if diff := cmp.Diff(want, all); err != nil || diff != "" {
			f.Errorf("%v; (-want +got):\n%s", err, diff)
		}
	}},
	{"refuses a member that does not exist, and does nothing else", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 3)
		must(f, s.InsertResource(ctx, group("g"), members("u-0")))
		must(f, move(ctx, s, "acme", "u-2", directory.Archived))
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "other", Created: start}))
		foreign := ada(9)
		foreign.Directory = "other"
		must(f, insert(ctx, s, foreign))
		for _, id := range []string{"nobody", "u-2", "u-9", ""} {
			for _, c := range []store.ResourceChange{
				{Add: members("u-1", id)},
				{Replace: true, Members: members("u-1", id)},
				{Replace: true, Members: members(append(numbered(1, 2), slices.Repeat([]string{id}, 1000)...)...)},
			} {
				_, _, err := alter(ctx, s, "g", c)
				var u store.UnknownMember
				if !errors.As(err, &u) || u.ID != id || !errors.Is(err, store.ErrUnknownMember) {
					f.Errorf("%q: got %v", id, err)
				}
			}
			wants(f, s.InsertResource(ctx, group("h"), members(id)), store.ErrUnknownMember)
		}
		f.has(s, "g", "u-0")
		_, err := s.Group(ctx, "acme", "h")
		wants(f, err, store.ErrNotFound)
	}},
	{"loses no member when many are added at once, through two handles", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		other := f.open()
		other.Use(rules(1))
		f.enrol(s, 60)
		must(f, s.InsertResource(ctx, group("g"), members("u-0", "u-1")))
		var wg sync.WaitGroup
		for i := 2; i < 60; i++ {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				if _, _, err := alter(ctx, h, "g", store.ResourceChange{Add: members(fmt.Sprint("u-", i))}); err != nil {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		f.has(s, "g", numbered(0, 60)...)
		if g, err := s.Group(ctx, "acme", "g"); err != nil || g.Version != 59 {
			f.Errorf("version %d, %v; want 59", g.Version, err)
		}
	}},
	// req: E5
	{"takes who is archived out of all groups, and leaves who is suspended in", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 3)
		must(f, s.InsertResource(ctx, group("g"), members("u-0", "u-1", "u-2")))
		must(f, s.InsertResource(ctx, group("h"), members("u-0")))
		must(f, move(ctx, s, "acme", "u-1", directory.Suspended))
		last, err := s.LastEvent(ctx)
		must(f, err)
		must(f, move(ctx, s, "acme", "u-0", directory.Archived))
		f.has(s, "g", "u-1", "u-2")
		f.has(s, "h")
		all, err := told(ctx, s, last)
		want := []string{"user.archived  u-0", "group.member_removed g u-0", "group.member_removed h u-0"}
		if diff := cmp.Diff(want, all); err != nil || diff != "" {
			f.Errorf("%v; (-want +got):\n%s", err, diff)
		}
		if g, err := s.Group(ctx, "acme", "h"); err != nil || g.Version != 2 {
			f.Errorf("%+v, %v", g, err)
		}
	}},
	{"changes attributes with the members, or not at all", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 1)
		must(f, s.InsertResource(ctx, group("g"), nil))
		is := group("g")
		is.DisplayName, is.Doc = "Other", []byte(`{"displayname":["other"]}`)
		_, _, err := alter(ctx, s, "g", store.ResourceChange{After: is, Add: members("nobody")})
		wants(f, err, store.ErrUnknownMember)
		if g, err := s.Group(ctx, "acme", "g"); err != nil || g.DisplayName != "Group g" || g.Version != 1 {
			f.Errorf("%+v, %v", g, err)
		}
		after, changed, err := alter(ctx, s, "g", store.ResourceChange{After: is, Add: members("u-0")})
		if err != nil || !changed || after.DisplayName != "Other" || after.Version != 2 {
			f.Errorf("%+v, %v, %v", after, changed, err)
		}
		broken := errors.New("not today")
		_, _, err = s.ChangeResource(ctx, "acme", "Group", "g", later, func(directory.Group) (store.ResourceChange, error) {
			return store.ResourceChange{}, broken
		})
		wants(f, err, broken)
		for value, want := range map[string]int{"other": 1, "group g": 0} {
			page, err := s.SearchResources(ctx, "acme", "Group", store.Search[directory.Group]{
				Where: store.Compare{Path: "displayname", Value: value}, Count: 9, Total: true,
			})
			if err != nil || len(page.Items) != want || page.Total != want {
				f.Errorf("%s: %d, %v; want %d", value, page.Total, err, want)
			}
		}
	}},
	{"makes, replaces and deletes a group of thousands, in steps", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 2500)
		must(f, s.InsertResource(ctx, group("g"), members(numbered(0, 2000)...)))
		f.has(s, "g", numbered(0, 2000)...)
		_, changed, err := alter(ctx, s, "g", store.ResourceChange{Replace: true, Members: members(numbered(500, 2500)...)})
		if err != nil || !changed {
			f.Errorf("%v, %v", changed, err)
		}
		f.has(s, "g", numbered(500, 2500)...)
		_, _, err = alter(ctx, s, "g", store.ResourceChange{Remove: members(numbered(600, 1200)...), Add: members(numbered(0, 100)...)})
		must(f, err)
		f.has(s, "g", slices.Concat(numbered(0, 100), numbered(500, 600), numbered(1200, 2500))...)
		_, changed, err = alter(ctx, s, "g", store.ResourceChange{Replace: true, Members: members(slices.Concat(numbered(0, 100), numbered(500, 600), numbered(1200, 2500))...)})
		if err != nil || changed {
			f.Errorf("the same members: %v, %v", changed, err)
		}
		must(f, s.DeleteResource(ctx, "acme", "Group", "g", 0, later))
		if n, err := s.Sweep(ctx, later.Add(2*time.Hour)); n != 0 || err != nil {
			f.Errorf("%d left over, %v", n, err)
		}
		must(f, s.InsertResource(ctx, group("g"), nil))
		f.has(s, "g")
	}},
	{"sweeps up what was left when a large group was made or deleted", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 3)
		must(f, s.InsertResource(ctx, group("g"), members("u-0", "u-1")))
		must(f, s.InsertResource(ctx, group("h"), members("u-0")))
		f.db.Exec(f.T, `update resources set type = '~Group' where id = 'g'`)
		_, err := s.Group(ctx, "acme", "g")
		wants(f, err, store.ErrNotFound)
		groups, err := s.GroupsOf(ctx, "acme", "u-0")
		if len(groups) != 1 || err != nil {
			f.Errorf("%v, %v", groups, err)
		}
		if n, err := s.Sweep(ctx, start.Add(time.Minute)); n != 0 || err != nil {
			f.Errorf("it swept %d that somebody may be at, %v", n, err)
		}
		if n, err := s.Sweep(ctx, start.Add(2*time.Hour)); n != 1 || err != nil {
			f.Errorf("it swept %d, %v; want 1", n, err)
		}
		must(f, s.InsertResource(ctx, group("g"), nil))
		f.has(s, "g")
		f.has(s, "h", "u-0")
	}},
	{"deletes a group with what it is in", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 2)
		must(f, s.InsertResource(ctx, group("g"), members("u-0")))
		must(f, s.InsertResource(ctx, group("h"), members("g", "u-1")))
		wants(f, s.DeleteResource(ctx, "acme", "Group", "g", 7, later), store.ErrConflict)
		wants(f, s.DeleteResource(ctx, "acme", "Device", "g", 1, later), store.ErrNotFound)
		must(f, s.DeleteResource(ctx, "acme", "Group", "g", 1, later))
		wants(f, s.DeleteResource(ctx, "acme", "Group", "g", 0, later), store.ErrNotFound)
		f.has(s, "h", "u-1")
		groups, err := s.GroupsOf(ctx, "acme", "u-0")
		if len(groups) != 0 || err != nil {
			f.Errorf("%v, %v", groups, err)
		}
		page, err := s.SearchResources(ctx, "acme", "Group", store.Search[directory.Group]{Count: 9, Total: true})
		if err != nil || len(page.Items) != 1 || page.Total != 1 || page.Items[0].ID != "h" {
			f.Errorf("%+v, %v", page, err)
		}
	}},
	{"knows who is in what", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		f.enrol(s, 3)
		must(f, s.InsertResource(ctx, group("g"), members("u-0", "u-1")))
		must(f, s.InsertResource(ctx, group("h"), members("u-0", "g")))
		for _, c := range []struct {
			group, member string
			want          bool
		}{{"g", "u-0", true}, {"g", "u-2", false}, {"h", "g", true}, {"h", "h", false}, {"h", "u-1", false}, {"x", "u-1", false}} {
			if is, err := s.IsMember(ctx, "acme", c.group, c.member); is != c.want || err != nil {
				f.Errorf("%s in %s: %v, %v", c.member, c.group, is, err)
			}
		}
		for who, want := range map[string][]directory.GroupRef{
			"u-0": {{ID: "g", DisplayName: "Group g"}, {ID: "h", DisplayName: "Group h"}},
			"g":   {{ID: "h", DisplayName: "Group h"}},
			"u-2": nil,
		} {
			got, err := s.GroupsOf(ctx, "acme", who)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				f.Errorf("groups of %s: %v; (-want +got):\n%s", who, err, diff)
			}
		}
		for it, c := range map[string]struct {
			where store.Expr
			want  []string
		}{
			"a member":            {store.Compare{Path: "members", Value: "u-0"}, []string{"g", "h"}},
			"a group as member":   {store.Compare{Path: "members.value", Value: "g"}, []string{"h"}},
			"an id and a member":  {store.And{store.Compare{Path: "id", Value: "g"}, store.Compare{Path: "members", Value: "u-1"}}, []string{"g"}},
			"an id and no member": {store.And{store.Compare{Path: "id", Value: "g"}, store.Compare{Path: "members", Value: "u-2"}}, nil},
			"whoever is unknown":  {store.Compare{Path: "members", Value: "nobody"}, nil},
			"without a given one": {store.Not{Expr: store.Compare{Path: "members", Value: "u-1"}}, []string{"h"}},
			"with any member":     {store.Present{Path: "members"}, []string{"g", "h"}},
		} {
			page, err := s.SearchResources(ctx, "acme", "Group", store.Search[directory.Group]{Where: c.where, Count: 9, Total: true})
			var got []string
			for _, g := range page.Items {
				got = append(got, g.ID)
			}
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" || page.Total != len(c.want) {
				f.Errorf("%s: total %d, %v; (-want +got):\n%s", it, page.Total, err, diff)
			}
		}
		for group, want := range map[string][]string{"g": {"u-0", "u-1"}, "h": {"u-0"}, "x": {}} {
			page, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{Where: store.Compare{Path: "groups", Value: group}, Count: 9, Total: true})
			if diff := cmp.Diff(want, ids(page.Items)); err != nil || diff != "" || page.Total != len(want) {
				f.Errorf("in %s: total %d, %v; (-want +got):\n%s", group, page.Total, err, diff)
			}
		}
		// Another directory's group leads to nobody.
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "other", Created: start}))
		page, err := s.SearchUsers(ctx, "other", store.Search[directory.User]{Where: store.Compare{Path: "groups", Value: "g"}, Count: 9, Total: true})
		if err != nil || len(page.Items) != 0 || page.Total != 0 {
			f.Errorf("%+v, %v", page, err)
		}
	}},
	{"keeps what is unique so, and frees it with its owner", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		device := func(id, badge string) directory.Resource {
			r := group(id)
			r.Type, r.Doc = "Device", fmt.Appendf(nil, `{"badge":[%q]}`, badge)
			return r
		}
		must(f, s.InsertResource(ctx, device("d-1", "1"), nil))
		taken(f, s.InsertResource(ctx, device("d-2", "1"), nil), "badge")
		must(f, s.InsertResource(ctx, device("d-2", "2"), nil))
		change := func(r directory.Resource) error {
			_, _, err := s.ChangeResource(ctx, "acme", "Device", r.ID, later, func(directory.Resource) (store.ResourceChange, error) {
				return store.ResourceChange{After: r}, nil
			})
			return err
		}
		taken(f, change(device("d-2", "1")), "badge")
		must(f, change(device("d-1", "3")))
		must(f, change(device("d-2", "1")))
		must(f, s.DeleteResource(ctx, "acme", "Device", "d-1", 0, later))
		must(f, s.InsertResource(ctx, device("d-3", "3"), nil))
		a, b := described(1, attributes{"badge": {"1"}}), described(2, attributes{"badge": {"1"}})
		must(f, insert(ctx, s, a)) // of another type
		taken(f, insert(ctx, s, b), "badge")
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		must(f, insert(ctx, s, b))
		taken(f, move(ctx, s, "acme", "u-1", directory.Active), "badge")
	}},
}
