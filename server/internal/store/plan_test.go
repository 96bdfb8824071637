package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// A query that reads a whole table is fine in every test and ends a directory
// of a million people.
func TestQueries_theyUseAnIndex(t *testing.T) {
	s := openShaky(t, &shaky{})
	name := "ada"
	people := `select ` + userColumns + ` from users u where u.directory = $1 and `
	queries := map[string]string{
		"user by id":                   people + `u.id = $2`,
		"user by userName":             people + `u.user_name_key = $2 and u.state <> 'archived'`,
		"user by externalId":           people + `u.external_id = $2 and u.state <> 'archived'`,
		"user by object id":            people + `u.object_id = $2 and u.state <> 'archived'`,
		"archived user by externalId":  people + `u.external_id = $2 and u.state = 'archived' order by u.pk desc limit 1`,
		"archived user by object id":   people + `u.object_id = $2 and u.state = 'archived' order by u.pk desc limit 1`,
		"sessions of a user":           `select hash from sessions where user_id = $1 and workspace = $2`,
		"session of a refresh token":   `select hash from sessions where family = $1 and workspace = $2 and expires > $3`,
		"sessions that expired":        `select hash from sessions where expires <= $1 limit 1000`,
		"tokens of a workspace":        `select id from scim_tokens where workspace = $1 order by created`,
		"token by hash":                `select id from scim_tokens where hash = $1 and revoked is null`,
		"workspace by domain":          `select workspace from domains where domain = $1`,
		"events after a number":        `select seq from events where seq > $1 order by seq limit $2`,
		"domains of a workspace":       `select domain from domains where workspace = $1`,
		"workspaces of a directory":    `select id from workspaces where directory = $1`,
		"session with all that is its": `select s.id, u.id, w.id from sessions s join users u on u.id = s.user_id join workspaces w on w.id = s.workspace where s.hash = $1`,
	}
	for it, q := range map[string]Query{
		"everybody":                   {},
		"everybody and the archived":  {IncludeArchived: true},
		"the suspended":               {State: directory.Suspended},
		"a userName":                  {UserName: &name},
		"a userName of the archived":  {UserName: &name, State: directory.Archived},
		"an externalId":               {ExternalID: &name},
		"an externalId of the active": {ExternalID: &name, State: directory.Active},
		"an id":                       {ID: &name, IncludeArchived: true},
	} {
		where, _, possible := q.where("acme")
		if !possible {
			t.Fatalf("%s is impossible", it)
		}
		queries["find "+it] = `select ` + userColumns + ` from users u where ` + where + ` order by u.pk limit 10 offset 0`
	}
	for it, q := range queries {
		var plan []string
		var args []any
		for strings.Contains(q, fmt.Sprint("$", len(args)+1)) {
			args = append(args, "")
		}
		rows, err := s.read.db.Query("explain query plan "+q, args...)
		if err := drain(rows, err, func(row scanner) error {
			var id, parent, unused int
			var detail string
			err := row.Scan(&id, &parent, &unused, &detail)
			plan = append(plan, detail)
			return err
		}); err != nil {
			t.Fatalf("%s: %v", it, err)
		}
		text := strings.Join(plan, "; ")
		if strings.Contains(text, "SCAN") || !strings.Contains(text, "SEARCH") {
			t.Errorf("%s: %s", it, text)
		}
		if strings.HasPrefix(it, "user by") && strings.Contains(text, "(directory=?)") {
			t.Errorf("%s looks through the whole directory: %s", it, text)
		}
		if strings.Contains(it, "everybody") && strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s sorts the whole directory: %s", it, text)
		}
	}
}
