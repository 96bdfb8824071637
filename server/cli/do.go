package cli

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// doCmd does what the console can, by the same functions.
type doCmd struct {
	dbFlags
	PublicURL *string  `name:"public-url" placeholder:"URL" help:"As for lanyardd serve (LANYARD_PUBLIC_URL)."`
	KeyFile   *string  `name:"server-key-file" placeholder:"FILE" help:"As for lanyardd serve (LANYARD_SERVER_KEY_FILE)."`
	Workspace string   `name:"workspace" placeholder:"ID" help:"The workspace it is done in, where it is done in one."`
	File      []string `name:"file" placeholder:"FIELD=FILE" sep:"none" help:"A file for a field, - for standard input. A field that is no file is filled with what is in it, so that a secret is in no command line."`
	List      bool     `name:"list" help:"List what can be done, with the role that the console asks for."`
	Name      string   `arg:"" optional:"" help:"What is done or shown, such as people.restore."`
	Fields    []string `arg:"" optional:"" name:"field=value" help:"Its fields, as the console's form or the API has them."`
}

// Help is the longer text of lanyardd do --help.
func (doCmd) Help() string {
	return "Whatever administrators can do or see in the console can be done here, by its name, with the same checks and the same entry in the audit log. " +
		"Results are JSON. The fields of each are described in the console's API document, /admin/api/openapi.json."
}

func (d doCmd) Run(c *command) error {
	set, err := c.resolve(d.Config, map[string]*string{keyDB: d.DB, keyPublicURL: d.PublicURL, keyServerKeyFile: d.KeyFile})
	if err != nil {
		return err
	}
	if d.Name == "" && !d.List {
		return problem.Detailf(problem.BadUsage, "Name what is to be done, or list it: lanyardd do --list.")
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return err
	}
	return errors.Join(d.on(c, set, st), st.Close())
}

func (d doCmd) on(c *command, set settings, st *server.Store) error {
	base, err := set.publicURL(set[keyListen].Text)
	if err != nil {
		return err
	}
	key, err := c.serverKey(set)
	if err != nil {
		return err
	}
	srv, err := server.New(server.Config{Store: st, PublicURL: base, Now: c.opt.Now, Version: c.opt.version(), ServerKey: key, Resolver: c.opt.Resolver})
	if err != nil {
		return err
	}
	if d.List {
		return c.listActs(srv.ConsoleRoutes())
	}
	if err := d.named(srv.ConsoleRoutes()); err != nil {
		return err
	}
	values, files, err := d.input(c, srv)
	if err != nil {
		return err
	}
	ws := d.Workspace
	if ws != "" {
		switch w, err := st.WorkspaceNamed(c.ctx, ws, c.opt.Now()); {
		case err == nil:
			ws = w.ID
		case !errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("reading workspace %q: %w", ws, err)
		default:
			return problem.Detailf(problem.UnknownWorkspace, "It is called %.100q.", ws)
		}
	}
	out, err := srv.Do(c.ctx, d.Name, ws, values, files)
	if err != nil {
		return err
	}
	text, err := console.WriteJSON(out)
	if err != nil {
		return err
	}
	_, err = c.out.Write(text)
	return err
}

// named checks that there is what was named, and that it is done in a workspace
// where one was given, and only there.
func (d doCmd) named(all []console.Route) error {
	var names []string
	for _, r := range all {
		if !r.Callable() {
			continue
		}
		if r.Name != d.Name {
			names = append(names, r.Name)
			continue
		}
		switch in := strings.Contains(r.Path, "{ws}"); {
		case in && d.Workspace == "":
			return problem.Detailf(problem.BadUsage, "%s is done in a workspace: add --workspace and its ID.", d.Name)
		case !in && d.Workspace != "":
			return problem.Detailf(problem.BadUsage, "%s is done in no workspace: leave --workspace out.", d.Name)
		}
		return nil
	}
	return problem.Detailf(problem.BadUsage, "No act or page is called %.100q.%s All are listed by lanyardd do --list.", d.Name, didYouMean(d.Name, names))
}

// input reads the fields.
func (d doCmd) input(c *command, srv *server.Server) (url.Values, map[string]server.ConsoleUpload, error) {
	values, files := url.Values{}, map[string]server.ConsoleUpload{}
	for _, f := range d.Fields {
		name, v, ok := strings.Cut(f, "=")
		if !ok || name == "" {
			return nil, nil, problem.Detailf(problem.BadUsage, "A field is written as name=value.")
		}
		values.Add(name, v)
	}
	for _, f := range d.File {
		field, name, ok := strings.Cut(f, "=")
		if !ok || field == "" || name == "" {
			return nil, nil, problem.Detailf(problem.BadUsage, "--file is written as field=file.")
		}
		data, err := c.readInput("--file", name, console.MaxUpload)
		if err != nil {
			return nil, nil, err
		}
		if srv.TakesFile(d.Name, field) {
			files[field] = server.ConsoleUpload{Name: filepath.Base(name), Data: data}
		} else {
			values.Add(field, strings.TrimRight(string(data), "\r\n"))
		}
	}
	return values, files, nil
}

// listActs prints the console's routes.
func (c *command) listActs(all []console.Route) error {
	type doc struct {
		Name      string   `json:"name"`
		Does      string   `json:"does"`
		Role      string   `json:"role"`
		Workspace bool     `json:"workspace"`
		Fields    []string `json:"fields"`
	}
	var docs []doc
	var rows [][]string
	for _, r := range all {
		if !r.Callable() {
			continue
		}
		does := "shows"
		if r.Mutates() {
			does = "changes"
		}
		ws := strings.Contains(r.Path, "{ws}")
		at := ""
		if ws {
			at = "--workspace"
		}
		docs = append(docs, doc{r.Name, does, r.Access.Role.String(), ws, r.Fields()})
		rows = append(rows, []string{r.Name, does, r.Access.Role.String(), strings.TrimSpace(at + " " + strings.Join(r.Fields(), " "))})
	}
	if c.json {
		return c.printJSON(docs)
	}
	return c.table([]string{"NAME", "DOES", "ROLE", "FIELDS"}, rows)
}
