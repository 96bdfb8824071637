package store

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// plan is how SQLite will run a query.
func plan(t *testing.T, s *Store, text string, args []any) string {
	t.Helper()
	var all []string
	rows, err := s.read.db.Query("explain query plan "+text, args...)
	if err := drain(rows, err, func(row scanner) error {
		var id, parent, unused int
		var detail string
		err := row.Scan(&id, &parent, &unused, &detail)
		all = append(all, detail)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return strings.Join(all, "; ")
}

// Each route of a search must be walked by an index, in its order, and who it
// leads to be found by theirs.
func TestSearches_theyWalkAlongAnIndex(t *testing.T) {
	s := openShaky(t, &shaky{})
	s.Use(Rules{Version: 1})
	ctx := t.Context()
	u := directory.User{
		ID: "u", Directory: "acme", UserName: "u", State: directory.Active, Doc: []byte("{}"),
		Terms: []directory.Term{{Path: "a", Value: "1"}, {Path: "b", Value: "1"}},
	}
	if err := s.InsertUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	for it, q := range map[string]Search[directory.User]{
		"all":                   {},
		"by id":                 {Where: Compare{Path: "id", Value: "u"}},
		"by userName":           {Where: Compare{Path: "username", Value: "u"}},
		"by a part of userName": {Where: Compare{Path: "username", Op: SW, Value: "u"}},
		"by externalId":         {Where: Compare{Path: "externalid", Value: "u"}},
		"by a value":            {Where: Compare{Path: "a", Value: "1"}},
		"by two values":         {Where: And{Compare{Path: "a", Value: "1"}, Compare{Path: "b", Value: "1"}}},
		"by either value":       {Where: Or{Compare{Path: "a", Value: "1"}, Compare{Path: "b", Value: "1"}}},
		"by a beginning":        {Where: Compare{Path: "a", Op: SW, Value: "1"}},
		"by a bound":            {Where: Compare{Path: "a", Op: GT, Value: "1"}},
		"by what there is":      {Where: Present{Path: "a"}},
		"by time":               {Where: Compare{Path: "meta.lastmodified", Op: GE, Value: TimeValue(u.Modified)}},
		"by state":              {Where: Compare{Path: "active", Value: "true"}},
		"by group":              {Where: Compare{Path: "groups", Value: "g"}},
		"sorted by a value":     {Sort: &Sort{Path: "a"}},
		"sorted backwards":      {Sort: &Sort{Path: "a", Desc: true}},
		"sorted by userName":    {Sort: &Sort{Path: "username"}},
		"sorted by time":        {Sort: &Sort{Path: "meta.lastmodified", Desc: true}},
	} {
		w, err := begin(ctx, s, s.userShelf(), "acme", q)
		if err != nil {
			t.Fatal(err)
		}
		for !w.ended {
			for _, after := range []place{{}, {set: true, pk: 1, val: "1"}} {
				w.place = after
				checkStep(t, ctx, s, it, w)
			}
			w.nextArm()
		}
	}
}

func checkStep(t *testing.T, ctx context.Context, s *Store, it string, w *walk[directory.User]) {
	t.Helper()
	a, r, err := w.current(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var rows, step sqlText
	r.rows(&rows, w.place, 10, 0)
	w.query(&step, a, r, 10, 10, true)
	if p := plan(t, s, rows.String(), rows.args); strings.Contains(p, "SCAN") || strings.Contains(p, "B-TREE") {
		t.Errorf("%s: the route is %s\n%s", it, p, rows.String())
	} else if w.place.set && !strings.Contains(p, ">?") && !strings.Contains(p, "<?") && !strings.Contains(p, ">(?") && !strings.Contains(p, "<(?") && r.where != nil && !strings.Contains(p, "id=?") && !strings.Contains(p, "key=?") && !strings.Contains(p, "external_id=?") {
		t.Errorf("%s: it does not begin at its place: %s\n%s", it, p, rows.String())
	}
	if p := strings.ReplaceAll(plan(t, s, step.String(), step.args), "SCAN d", ""); strings.Contains(p, "SCAN") || !strings.Contains(p, "SEARCH u USING INTEGER PRIMARY KEY") {
		t.Errorf("%s: %s\n%s", it, p, step.String())
	}
}

func TestMembers_theyAreLookedUpByTheirIDs(t *testing.T) {
	s := openShaky(t, &shaky{})
	for it, c := range map[string]struct {
		text string
		want string
	}{
		"people":  {`select id, pk from users where directory = $1 and state <> 'archived' and id in ($2, $3)`, "(id=?)"},
		"moving":  {dropOne[0], "(grp=? AND member=?)"},
		"adding":  {addOne[0], "(id=?)"},
		"terms":   {dropTerm[userTerms], "path=? AND val=? AND pk=?"},
		"leaving": {`delete from members where member = $1`, "(member=?)"},
		"hidden":  {`select pk from resources where type >= '~' and modified < $1 limit 100`, "resources_hidden"},
	} {
		args := make([]any, 0, 12)
		for strings.Contains(c.text, fmt.Sprint("$", len(args)+1)) {
			args = append(args, 1)
		}
		if p := plan(t, s, c.text, args); !strings.Contains(p, c.want) {
			t.Errorf("%s: %s", it, p)
		}
	}
}
