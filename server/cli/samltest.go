package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// samlTestCmd makes a link for one test sign-in (row C1). It stays readable by
// scripts: stdout holds the link and nothing else.
type samlTestCmd struct{ samlFlags }

func (s samlTestCmd) Run(c *command) error {
	d, err := s.open(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	link, err := d.setup.NewTest(c.ctx, d.ws.ID)
	if err != nil {
		return err
	}
	c.say("Open the link in a private window within 15 minutes, once, and sign in. Nobody is signed in by it. Then:\n"+
		"  lanyardd saml result %s --workspace %s --wait", link.ID, d.ws.ID)
	if c.json {
		return c.printJSON(link)
	}
	_, err = fmt.Fprintln(c.out, link.URL)
	return err
}

// samlResultCmd shows the result of a test.
type samlResultCmd struct {
	samlFlags
	ID   string `arg:"" help:"The test, as saml test names it."`
	Wait bool   `name:"wait" help:"Wait until the test is over, or the link has expired."`
}

// resultEvery is how often --wait looks.
const resultEvery = 500 * time.Millisecond

func (s samlResultCmd) Run(c *command) error {
	d, err := s.open(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	res, err := d.setup.TestResult(c.ctx, d.ws.ID, s.ID)
	tick := time.NewTicker(resultEvery)
	defer tick.Stop()
	for s.Wait && err == nil && (res.State == signin.TestWaiting || res.State == signin.TestStarted) {
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-tick.C:
			res, err = d.setup.TestResult(c.ctx, d.ws.ID, s.ID)
		}
	}
	if err != nil {
		return err
	}
	if err := c.showResult(res); err != nil {
		return err
	}
	if res.State == signin.TestFailed {
		return problem.Detailf(res.Code, "%s", res.Detail)
	}
	return nil
}

func (c *command) showResult(res signin.TestResult) error {
	if c.json {
		return c.printJSON(res)
	}
	fmt.Fprintf(c.out, "%s  %s\n", res.State, day(res.At))
	for _, t := range append(res.Checks, res.Warnings...) {
		c.showCheck(shownCheck{t.Name, t.OK, t.Skipped, t.Advice, t.Expected, t.Received, t.Field, t.Sentence, string(t.Code)})
	}
	if p := res.Person; p != nil {
		fmt.Fprintf(c.out, "person  %s  %s  %s  %s\n", printable(p.UserName), printable(p.Name), printable(p.Email), printable(p.Role))
	}
	for _, w := range res.Would {
		fmt.Fprintln(c.out, printable(w))
	}
	return nil
}

// shownCheck is one line of a list of checks.
type shownCheck struct {
	name                              string
	ok, skipped, advice               bool
	expected, received, field, reason string
	code                              string
}

// showCheck prints a check, and where it failed what to compare and change.
func (c *command) showCheck(k shownCheck) {
	mark := "✖"
	switch {
	case k.skipped:
		mark = "–"
	case k.ok:
		mark = "✔"
	case k.advice:
		mark = "!"
	}
	line := mark + " " + printable(k.name)
	if k.ok && k.received != "" {
		line += ": " + printable(k.received)
	}
	fmt.Fprintln(c.out, line)
	if k.ok || k.skipped {
		return
	}
	for _, f := range [][2]string{{"expected", k.expected}, {"received", k.received}, {"in Entra", k.field}, {"why", strings.TrimSpace(k.reason + " " + parenthesised(k.code))}} {
		if f[1] != "" {
			fmt.Fprintf(c.out, "    %-9s %s\n", f[0], printable(f[1]))
		}
	}
}

func parenthesised(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}
