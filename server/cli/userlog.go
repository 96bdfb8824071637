package cli

import (
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/timeline"
)

// userLogCmd shows what happened to one person, from whatever source (row D10).
type userLogCmd struct {
	personFlags
	Limit int `name:"limit" default:"50" help:"How many at most, up to 1000. The newest come first."`
}

func (l userLogCmd) Run(c *command) error {
	if l.Limit < 1 || l.Limit > 1000 {
		return problem.Detailf(problem.BadUsage, "--limit %d is not between 1 and 1000.", l.Limit)
	}
	st, ws, p, err := l.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	lines, err := timeline.Of(c.ctx, st, ws, p, l.Limit)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(lines)
	}
	if len(lines) == 0 {
		c.say("Nothing is on record about %s.", p.UserName)
	}
	var rows [][]string
	for _, e := range lines {
		rows = append(rows, []string{e.At.Format("2006-01-02 15:04:05"), string(e.Source), e.Who, e.What, e.Result})
	}
	return c.table([]string{"TIME (UTC)", "SOURCE", "WHO", "WHAT", "RESULT"}, rows)
}
