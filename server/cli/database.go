package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
)

// dbFlags are the flags by which a command finds the database, which may be in
// use by a running serve.
type dbFlags struct {
	DB     *string `name:"db" placeholder:"sqlite:FILE|postgres://…" help:"Database (LANYARD_DB). Without it: ./lanyard.db."`
	Config string  `name:"config" placeholder:"FILE" help:"Configuration file, TOML (LANYARD_CONFIG)."`
}

// open opens the database of a command that works on existing data. A
// database that is not there is an error, never made: a misspelt file name
// would otherwise look like an empty Lanyard.
func (c *command) open(f dbFlags) (*server.Store, error) {
	s, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB})
	if err != nil {
		return nil, err
	}
	return c.openStore(c.ctx, s[keyDB], false)
}

// openStore opens the database that v names. Only with create is a missing
// SQLite file made.
func (c *command) openStore(ctx context.Context, v value, create bool) (*server.Store, error) {
	db, err := parseDatabase(v)
	if err != nil {
		return nil, err
	}
	if db.postgres != "" {
		if c.opt.OpenPostgres == nil {
			return nil, problem.Detailf(problem.BadDatabaseURL, "This lanyardd was built without PostgreSQL.")
		}
		st, err := c.opt.OpenPostgres(ctx, db.postgres)
		return st, databaseProblem(err)
	}
	if c.opt.OpenSQLite == nil {
		return nil, problem.Detailf(problem.BadDatabaseURL, "This lanyardd was built without SQLite.")
	}
	info, err := os.Stat(db.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		if v.set() {
			return nil, problem.Detailf(problem.NoDatabaseFound, "%s (%s) does not exist.", v.Text, v.From)
		}
		return nil, problem.Detailf(problem.NoDatabaseFound, "There is no %s in this folder.", defaultFile)
	case err == nil && info.IsDir():
		return nil, problem.Detailf(problem.BadDatabaseURL, "%s (%s) is a folder; name a file in it.", v.Text, v.From)
	}
	st, err := c.opt.OpenSQLite(ctx, db.file)
	return st, databaseProblem(err)
}

// databaseProblem gives an engine's error a code where it has none.
func databaseProblem(err error) error {
	var p *problem.Error
	if err == nil || errors.As(err, &p) {
		return err
	}
	return problem.Wrap(problem.DatabaseDown, err)
}

// database is a parsed database address: exactly one field is set.
type database struct{ file, postgres string }

// parseDatabase reads sqlite:FILE, postgres://… or postgresql://….
func parseDatabase(v value) (database, error) {
	bad := func(format string, args ...any) (database, error) {
		return database{}, problem.Detailf(problem.BadDatabaseURL, "%q (%s) %s.", redactURL(v.Text), v.From, fmt.Sprintf(format, args...))
	}
	scheme, rest, ok := strings.Cut(v.Text, ":")
	switch {
	case ok && scheme == "sqlite":
		file := strings.TrimPrefix(rest, "//")
		switch {
		case file == "":
			return bad("names no file")
		case strings.HasPrefix(file, ":memory:"):
			return bad("would be lost when the program ends; name a file")
		case strings.ContainsAny(file, "?#\x00"):
			return bad("holds a character that a file name here may not have (? or #)")
		}
		return database{file: file}, nil
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		// The rest is the driver's to read: PostgreSQL's addresses, with
		// several hosts say, are not all URLs.
		if !strings.HasPrefix(rest, "//") || rest == "//" {
			return bad("names no host and no database")
		}
		return database{postgres: withConnectTimeout(v.Text)}, nil
	case strings.HasSuffix(v.Text, ".db"), strings.HasSuffix(v.Text, ".sqlite"):
		return bad("has no kind; write sqlite:%s", v.Text)
	}
	return bad("does not begin with sqlite: or postgres://")
}

// withConnectTimeout adds connect_timeout (seconds) where it is not set: the
// driver would wait as long as the system does, which is minutes.
func withConnectTimeout(address string) string {
	switch {
	case strings.Contains(address, "connect_timeout="):
		return address
	case strings.Contains(address, "?"):
		return address + "&connect_timeout=10"
	}
	return address + "?connect_timeout=10"
}
