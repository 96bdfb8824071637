package cli

import (
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/guide"
)

// guideCmd prints the guide of a workspace (row I1).
type guideCmd struct {
	dbFlags
	Workspace string  `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Module    string  `name:"module" enum:",microsoft,saml,scim,mobile" default:"" placeholder:"MODULE" help:"The article about one module: microsoft, saml, scim or mobile. Default: all, one after the other."`
	Format    string  `name:"format" enum:"markdown,html" default:"markdown" placeholder:"FORMAT" help:"markdown or html. HTML is of one module; it can be printed."`
	PublicURL *string `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL)."`
}

// Help is the longer text of lanyardd guide --help.
func (guideCmd) Help() string {
	return "Prints \"" + guide.Name + "\" with the workspace's own values in it: for a page of your own, or for print. It holds no secret."
}

func (f guideCmd) Run(c *command) error {
	if f.Format == "html" && f.Module == "" && !c.json {
		return problem.Detailf(problem.BadUsage, "An HTML document holds one article: add --module.")
	}
	articles, err := f.articles(c)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(articles)
	}
	var parts []string
	for _, a := range articles {
		text := a.Markdown()
		if f.Format == "html" {
			if text, err = a.HTML(); err != nil {
				return err
			}
		}
		parts = append(parts, text)
	}
	_, err = fmt.Fprint(c.out, strings.Join(parts, "\n"))
	return err
}

// articles writes those that were asked for.
func (f guideCmd) articles(c *command) ([]guide.Article, error) {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyPublicURL: f.PublicURL})
	if err != nil {
		return nil, err
	}
	base, err := set.base()
	if err != nil {
		return nil, err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	if !set[keyPublicURL].set() {
		c.say("The addresses are of this machine: give --public-url as for lanyardd serve.")
	}
	ws, err := c.workspace(st, f.Workspace)
	if err != nil {
		return nil, err
	}
	facts, err := guide.Read(c.ctx, st, base, ws.ID, c.opt.Now())
	if err != nil {
		return nil, err
	}
	facts.Brand = set[keyAppName].Text
	var all []guide.Article
	for _, m := range directory.Modules() {
		if f.Module != "" && f.Module != string(m) {
			continue
		}
		a, err := guide.Write(m, facts)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}
