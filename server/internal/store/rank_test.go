package store

import (
	"strings"
	"testing"
)

// Who is due for a role is found among a million without looking at them.
func TestRoles_theyAreFoundByIndexes(t *testing.T) {
	s := openShaky(t, &shaky{})
	for it, c := range map[string]struct {
		text  string
		args  []any
		index string
	}{
		"those who are due":            {`select u.pk, u.id, u.ranked from users u where u.directory = $1 and u.ranked <= 0 order by u.pk limit 20`, []any{"a"}, "users_unranked"},
		"a page of everybody":          {`select u.pk, u.id, u.ranked from users u where u.directory = $1 and u.pk > $2 order by u.pk limit 1000`, []any{"a", 7}, "(directory=?"},
		"the groups of a person":       {rankingGroupsOf, []any{2}, "members_of"},
		"what somebody was before":     {`select had_role ` + strings.ReplaceAll(hadBefore, "$5", "$2"), []any{"a", "b"}, "users_archived_external_id"},
		"who came last":                {`select ` + newest, []any{"a"}, "users_arrived"},
		"directories with people due":  {`select 1 from users u where u.directory = $1 and u.ranked <= 0`, []any{"a"}, "users_unranked"},
		"the members of a group":       {`update users set ranked = -1 where ranked > 0 and pk in (select m.member / 2 from members m where m.grp = $1 and m.member % 2 = 0)`, []any{1}, "PRIMARY KEY (grp=?)"},
		"people by their ids":          {`update users set ranked = -1 where ranked > 0 and directory || '' = $1 and id in ($2, $3)`, []any{"a", "b", "c"}, "(id=?)"},
		"what was done to a person":    {`select at from acts where directory = $1 and user_id = $2 order by at desc limit 10`, []any{"a", "b"}, "acts_of"},
		"a person's events in a range": {`select seq from events where seq > $1 and seq <= $2 and directory = $3 and user_id = $4 order by seq desc limit 10`, []any{1, 2, "a", "b"}, "rowid>? AND rowid<?"},
	} {
		got := plan(t, s, c.text, c.args)
		if !strings.Contains(got, c.index) || strings.Contains(got, "SCAN users") || strings.Contains(got, "SCAN u ") {
			t.Errorf("%s: %s", it, got)
		}
	}
}
