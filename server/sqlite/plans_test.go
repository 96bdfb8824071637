package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
)

// few are the tables that have few rows, however many people there are.
var few = []string{
	"meta", "directories", "workspaces", "domains", "alarms", "consumers", "webhooks", "paths", "resource_counts", "saml", "mobile", "admins", "audit_head", "settings",
}

// walked tells whether a statement reads a large table in the order of its key and
// stops, or is run as rarely as somebody unlinks a directory.
func walked(text string) bool {
	return strings.Contains(text, " from audit where ") && strings.Contains(text, " order by seq ") && strings.Contains(text, " limit ") ||
		strings.HasPrefix(text, "delete from sessions where workspace = $1 ")
}

// explain asks both databases how they run whatever the promises made the
// stores prepare: a query that reads a whole table is fine in every test, and
// ends a directory of a million people.
func explain(t *testing.T, opened []*store.Store) {
	var texts []string
	for _, s := range opened {
		for _, text := range s.Statements() {
			verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
			if slices.Contains([]string{"select", "insert", "update", "delete"}, verb) {
				texts = append(texts, text)
			}
		}
	}
	slices.Sort(texts)
	texts = slices.DeleteFunc(slices.DeleteFunc(slices.Compact(texts), migrating(t)), walked)
	if len(texts) < 100 {
		if flag.Lookup("test.run").Value.String() != "" {
			return // a few promises were asked for by name
		}
		t.Fatalf("only %d statements: the promises did not run", len(texts))
	}
	t.Logf("%d statements", len(texts))
	t.Run("SQLite", func(t *testing.T) { explainHere(t, texts) })
	t.Run("PostgreSQL", func(t *testing.T) { explainThere(t, texts) })
}

// migrating tells whether a statement is run once, when the schema changes.
func migrating(t *testing.T) func(text string) bool {
	t.Helper()
	names, err := filepath.Glob("../internal/store/migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return func(text string) bool { return strings.Contains(all.String(), text+";") }
}

// parameters are as many as a text has.
func parameters(text string) []any {
	var args []any
	for strings.Contains(text, fmt.Sprint("$", len(args)+1)) {
		args = append(args, "1")
	}
	return args
}

var scanned = regexp.MustCompile(`^SCAN ([a-z(]\S*)`) // not SCAN 2 CONSTANT ROWS

func explainHere(t *testing.T, texts []string) {
	path := filepath.Join(t.TempDir(), "lanyard.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("sqlite", fileURL(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range texts {
		plan := planHere(t, db, text)
		for _, step := range plan {
			m := scanned.FindStringSubmatch(step)
			if m == nil || isFew(text, m[1]) || made(plan, m[1]) {
				continue
			}
			t.Errorf("%s: %s\n%s", text, step, strings.Join(plan, "\n"))
		}
	}
}

func planHere(t *testing.T, db *sql.DB, text string) (plan []string) {
	t.Helper()
	rows, err := db.Query("explain query plan "+text, parameters(text)...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	return plan
}

// made reports whether what is scanned is no table but the result of a query,
// whose own steps are in the plan too.
func made(plan []string, name string) bool {
	return strings.HasPrefix(name, "(") || slices.ContainsFunc(plan, func(step string) bool {
		return step == "CO-ROUTINE "+name || step == "MATERIALIZE "+name
	})
}

// isFew reports whether a name, which may be an alias, is that of a table with
// few rows.
func isFew(text, name string) bool {
	return slices.ContainsFunc(few, func(table string) bool {
		return name == table || regexp.MustCompile(`\b`+table+` `+name+`\b`).MatchString(text)
	})
}

// node is a part of PostgreSQL's plan.
type node struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Plans    []node `json:"Plans"`
}

func explainThere(t *testing.T, texts []string) {
	ctx, url := t.Context(), pgtest.URL(t)
	s, err := postgres.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	// The tables are empty, and those are scanned wherever that is allowed.
	if _, err := conn.Exec(ctx, "set enable_seqscan = off"); err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		var plan []byte
		args := append([]any{pgx.QueryExecModeSimpleProtocol}, parameters(text)...)
		if err := conn.QueryRow(ctx, "explain (format json, costs off) "+text, args...).Scan(&plan); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var top []struct{ Plan node }
		if err := json.Unmarshal(plan, &top); err != nil {
			t.Fatal(err)
		}
		for _, n := range top {
			if table := n.Plan.scans(); table != "" {
				t.Errorf("%s: it scans %s\n%s", text, table, plan)
			}
		}
	}
}

// scans returns a large table that is read from end to end, or nothing. An
// index scan without a condition reads all of the table too.
func (n node) scans() string {
	whole := n.Type == "Seq Scan" || n.Cond == "" && (n.Type == "Index Scan" || n.Type == "Index Only Scan" || n.Type == "Bitmap Index Scan")
	if whole && n.Relation != "" && !slices.Contains(few, n.Relation) {
		return n.Relation
	}
	for _, kid := range n.Plans {
		if table := kid.scans(); table != "" {
			return table
		}
	}
	return ""
}
