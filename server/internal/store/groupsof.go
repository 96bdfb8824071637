package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// groupsOfSizes are how many people one statement of GroupsOfPeople asks about:
// few, so that few are prepared.
var groupsOfSizes = []int{1, 10, 100}

// GroupsOfPeople is GroupsOf for many people at once: a page of them costs one
// look instead of one for each. Whoever is in no group is not in the result.
func (s *Store) GroupsOfPeople(ctx context.Context, dir string, people []string) (map[string][]directory.GroupRef, error) {
	out := map[string][]directory.GroupRef{}
	for len(people) > 0 {
		size := groupsOfSizes[len(groupsOfSizes)-1]
		for _, n := range groupsOfSizes {
			if n >= len(people) {
				size = n
				break
			}
		}
		n := min(size, len(people))
		args := []any{dir}
		for i := range size {
			args = append(args, people[min(i, n-1)]) // the last one again does no harm
		}
		if !storable(append([]string{dir}, people[:n]...)...) {
			return nil, ErrInvalid
		}
		err := s.read.each(ctx, func(row scanner) error {
			var id string
			var r directory.GroupRef
			err := row.Scan(&id, &r.ID, &r.DisplayName)
			out[id] = append(out[id], r)
			return err
		}, groupsOfText(size), args...)
		if err != nil {
			return nil, fmt.Errorf("store: listing groups: %w", err)
		}
		people = people[n:]
	}
	return out, nil
}

// groupsOfText begins with the people and goes through the index of their
// memberships; a cross join keeps SQLite to that order.
func groupsOfText(size int) string {
	return `select u.id, r.id, r.display_name from users u cross join members m cross join resources r
		where u.directory = $1 and u.id in (` + marks(2, size) + `) and m.member = 2 * u.pk and r.pk = m.grp and r.type = 'Group'
		order by u.pk, r.pk`
}

// marks are the places of n arguments, the first of which is numbered from.
func marks(from, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(from+i)
	}
	return strings.Join(all, ", ")
}
