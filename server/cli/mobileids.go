package cli

import (
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
)

// mobileIDsCmd reads built apps (rows G1, G3).
type mobileIDsCmd struct {
	Files []string `arg:"" name:"file" help:"An .apk, .aab, .ipa, .app, a keystore (JKS, PKCS#12), a certificate or FyneApp.toml."`
}

// Help is the longer text of lanyardd mobile ids --help.
func (mobileIDsCmd) Help() string {
	return "What a file is, its content tells. A keystore's password is taken from LANYARD_KEYSTORE_PASSWORD, or asked for at the " +
		"terminal. Nothing is sent anywhere, and no Android SDK, Java or Xcode is needed. Where a file cannot be read, the others are " +
		"printed and the exit code is 1."
}

func (m mobileIDsCmd) Run(c *command) error {
	docs := []idsDoc{}
	var failed []error
	for _, name := range m.Files {
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		a, err := c.readApp(name)
		if err != nil {
			failed = append(failed, err)
			docs = append(docs, idsDoc{File: name, Error: failureDoc(err)})
			continue
		}
		docs = append(docs, idsOf(name, a, c.opt.Now()))
	}
	if err := c.printIDs(docs); err != nil {
		return err
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(m.Files) == 1:
		return failed[0]
	}
	for _, err := range failed {
		c.tell(err)
	}
	return problem.Detailf(problem.AppsUnread, "%d of %d were read.", len(m.Files)-len(failed), len(m.Files))
}

func (c *command) printIDs(docs []idsDoc) error {
	if c.json {
		return c.printJSON(docs)
	}
	first := true
	for _, d := range docs {
		if d.Error != nil {
			continue
		}
		if !first {
			fmt.Fprintln(c.out)
		}
		first = false
		fmt.Fprintln(c.out, printable(d.File))
		if err := c.fields(d.lines()...); err != nil {
			return err
		}
		for _, w := range d.Warnings {
			c.say("Warning: %s: %s\n  %s (%s)", printable(d.File), w.text(), w.Next, w.Code)
		}
	}
	return nil
}
