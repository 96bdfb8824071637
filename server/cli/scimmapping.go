package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
)

// scimMappingCmd shows which attributes to map in Entra, or checks what is.
type scimMappingCmd struct {
	clientFlags
	Check string `name:"check" placeholder:"FILE" help:"Check a synchronization schema that was downloaded from Entra, instead: what would not work with the workspace. - is standard input."`
}

func (f scimMappingCmd) Run(c *command) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if f.Check != "" {
		return f.check(c, ws.SCIMRequired)
	}
	all := entra.Recommended()
	if c.json {
		data, err := entra.Graph(all)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s\n", data)
		return err
	}
	c.say("In Entra, under Provisioning, Mappings, Provision Microsoft Entra ID Users. With --json this is Microsoft Graph's synchronization schema.")
	var rows [][]string
	for _, m := range all {
		matching := ""
		if m.Matching > 0 {
			matching = strconv.Itoa(m.Matching)
		}
		rows = append(rows, []string{m.Source, m.Target, matching, m.Why})
	}
	return c.table([]string{"ENTRA", "LANYARD", "MATCHING", "WHY"}, rows)
}

func (f scimMappingCmd) check(c *command, required []string) error {
	data, err := c.readFile(f.Check, entra.MaxMappings)
	if err != nil {
		return err
	}
	all, err := entra.ReadGraph(data)
	if err != nil {
		return problem.Detailf(problem.BadUsage, "%s: %v.", f.Check, err)
	}
	wrong := entra.CheckMappings(all, required)
	if c.json {
		err = c.printJSON(struct {
			Mappings []entra.Mapping `json:"mappings"`
			Wrong    []string        `json:"wrong"`
		}{all, append([]string{}, wrong...)})
	} else {
		for _, w := range wrong {
			if _, err = fmt.Fprintln(c.out, printable(w)); err != nil {
				break
			}
		}
	}
	switch {
	case err != nil:
		return err
	case len(wrong) > 0:
		return problem.Detailf(problem.NotConformant, "%d things are to be changed in Entra's mappings.", len(wrong))
	}
	c.say("The %d mappings work with the workspace.", len(all))
	return nil
}

// readFile reads a file that a person named, or standard input for -.
func (c *command) readFile(name string, most int64) ([]byte, error) {
	in := c.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, problem.Detailf(problem.BadUsage, "%v.", err)
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, problem.Detailf(problem.BadUsage, "%v.", err)
	}
	if int64(len(data)) > most {
		return nil, problem.Detailf(problem.BadUsage, "%s has more than %d bytes.", name, most)
	}
	return data, nil
}
