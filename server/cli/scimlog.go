package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// scimLogCmd shows what provisioning asked for and what came of it.
type scimLogCmd struct {
	dbFlags
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	User      string `name:"user" placeholder:"PERSON" help:"Only requests about one person: id, user name, Entra object ID or e-mail address."`
	Failed    bool   `name:"failed" help:"Only requests that were refused or failed."`
	Limit     int    `name:"limit" default:"50" help:"How many at most, up to 1000. The newest come first."`
}

func (l scimLogCmd) Run(c *command) error {
	if l.Limit < 1 || l.Limit > 1000 {
		return problem.Detailf(problem.BadUsage, "--limit %d is not between 1 and 1000.", l.Limit)
	}
	st, err := c.open(l.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, l.Workspace)
	if err != nil {
		return err
	}
	all, err := l.read(c, st, ws)
	if err != nil {
		return err
	}
	if c.json {
		docs := []requestDoc{}
		for _, r := range all {
			docs = append(docs, requestJSON(r))
		}
		return c.printJSON(docs)
	}
	if len(all) == 0 {
		c.say("No request is on record. They are kept for %d days.", int(store.KeepRequestsFor.Hours()/24))
	}
	var rows [][]string
	for _, r := range all {
		why := r.Detail
		if why == "" {
			why = strings.Join(r.Attributes, ", ")
		}
		if why == "" {
			why = r.Filter
		}
		rows = append(rows, []string{r.At.UTC().Format("2006-01-02 15:04:05"), r.Method, r.Type, firstOf(r.Name, r.ID), strconv.Itoa(r.Status), why, r.Credential})
	}
	return c.table([]string{"TIME (UTC)", "METHOD", "TYPE", "WHO", "STATUS", "WHY OR WHAT", "TOKEN"}, rows)
}

// read returns the records asked for. Somebody whose creation failed is no
// person of the workspace, and yet it is them that is asked about: so the name
// itself is looked for as well.
func (l scimLogCmd) read(c *command, st *server.Store, ws directory.Workspace) ([]store.Request, error) {
	q := store.RequestQuery{Failed: l.Failed, Limit: l.Limit, ID: l.User, Name: l.User}
	var unknown error
	if l.User != "" {
		p, err := c.person(st, ws, l.User)
		switch code, _ := problem.Of(err); {
		case err == nil:
			q.ID, q.Name = p.ID, p.UserName
		case code == problem.UnknownPerson:
			unknown = err
		default:
			return nil, err
		}
	}
	all, err := st.Requests(c.ctx, ws.ID, q)
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	if len(all) == 0 && unknown != nil && !l.Failed {
		return nil, unknown
	}
	return all, nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// requestDoc is the record of a request in JSON.
type requestDoc struct {
	At         *time.Time `json:"at"`
	Workspace  string     `json:"workspace"`
	Token      string     `json:"token"`
	Method     string     `json:"method"`
	Type       string     `json:"type"`
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Filter     string     `json:"filter"`
	Attributes []string   `json:"attributes"`
	Status     int        `json:"status"`
	ScimType   string     `json:"scim_type"`
	Detail     string     `json:"detail"`
	RequestID  string     `json:"request_id"`
	Millis     float64    `json:"milliseconds"`
}

func requestJSON(r store.Request) requestDoc {
	names := r.Attributes
	if names == nil {
		names = []string{}
	}
	return requestDoc{
		At: stamp(r.At), Workspace: r.Workspace, Token: r.Credential, Method: r.Method, Type: r.Type, ID: r.ID, Name: r.Name,
		Filter: r.Filter, Attributes: names, Status: r.Status, ScimType: r.Kind, Detail: r.Detail, RequestID: r.Request,
		Millis: float64(r.Took.Microseconds()) / 1000,
	}
}
