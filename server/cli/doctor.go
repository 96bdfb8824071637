package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/explain"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// doctorCmd explains what somebody pasted, offline.
type doctorCmd struct {
	dbFlags
	What      []string `arg:"" optional:"" help:"A file, or the text itself; - or nothing reads standard input."`
	Workspace string   `name:"workspace" placeholder:"ID" help:"Judge it by what this workspace expects."`
	Metadata  string   `name:"metadata" placeholder:"FILE" help:"Judge it by this metadata of the identity provider."`
	PublicURL *string  `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL), with --workspace."`
	KeyFile   *string  `name:"server-key-file" placeholder:"FILE" help:"The server's key (LANYARD_SERVER_KEY_FILE), with --workspace, to decrypt."`
}

// Help is the longer text of lanyardd doctor --help.
func (doctorCmd) Help() string {
	return "Explains an error's text or code, the address of an error page, a SAMLResponse or SAMLRequest (as XML, in base64, or with " +
		"the form or address around it), a token, metadata, or a certificate: what it is, what it says, and each check with what was " +
		"expected, what was received and which field in Microsoft Entra to change. Nothing is fetched, sent or changed. " +
		"What is typed stays in the shell's history: give secrets in a file or on standard input."
}

func (f doctorCmd) Run(c *command) error {
	text, err := c.pasted(f.What)
	if err != nil {
		return err
	}
	o, err := f.options(c)
	if err != nil {
		return err
	}
	e := explain.Explain(text, o)
	if c.json {
		err = c.printJSON(e)
	} else {
		err = c.showExplanation(e)
	}
	if err == nil && (e.Kind == explain.KindUnknown || e.Kind == explain.KindEmpty) {
		return problem.Detailf(problem.NotExplained, "It is %s.", e.Kind)
	}
	return err
}

// pasted reads what is to be explained: a file where one is named, else the
// words themselves.
func (c *command) pasted(words []string) ([]byte, error) {
	if len(words) == 0 || len(words) == 1 && words[0] == "-" {
		text, err := io.ReadAll(io.LimitReader(c.in, explain.MaxText+1))
		if err != nil {
			return nil, problem.Detailf(problem.BadUsage, "Standard input cannot be read: %v.", err)
		}
		return text, nil
	}
	if len(words) > 1 {
		return []byte(strings.Join(words, " ")), nil
	}
	f, err := os.Open(words[0])
	if err != nil {
		return []byte(words[0]), nil // no file of that name: it is the text
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		return nil, problem.Detailf(problem.BadUsage, "%s is a folder.", words[0])
	}
	text, err := io.ReadAll(io.LimitReader(f, explain.MaxText+1))
	if err != nil {
		return nil, problem.Detailf(problem.BadUsage, "%s: %v.", words[0], errors.Unwrap(err))
	}
	return text, nil
}

// options finds what to judge by.
func (f doctorCmd) options(c *command) (explain.Options, error) {
	o := explain.Options{Now: c.opt.Now()}
	if f.Metadata != "" {
		raw, err := c.readInput("--metadata", f.Metadata, saml.MaxMetadata)
		if err != nil {
			return o, err
		}
		if o.IdP, _, err = saml.ParseMetadata(raw, saml.MetadataOptions{Now: o.Now, AllowLoopbackHTTP: true}); err != nil {
			return o, err
		}
	}
	if f.Workspace == "" {
		return o, nil
	}
	flags := samlFlags{clientFlags{f.dbFlags, f.Workspace}, f.PublicURL, f.KeyFile}
	d, err := flags.open(c, false)
	if err != nil {
		return o, err
	}
	defer d.store.Close()
	o.TenantID, o.Audience = d.ws.Microsoft.TenantID, d.ws.Microsoft.Audience
	if o.Audience == "" {
		o.Audience = d.ws.Microsoft.ClientID
	}
	if d.setup.Key, err = flags.sealingKey(c); err != nil {
		return o, err
	}
	expect, err := d.setup.Expect(c.ctx, d.ws.ID)
	switch code, _ := problem.Of(err); {
	case err == nil:
		if o.IdP != nil { // metadata that was given stands before what is stored
			expect.IdP = *o.IdP
		}
		o.Expect = &expect
	case code == problem.SAMLNotSet:
		c.say("SAML of %s is not set up, so nothing of SAML is compared with it.", d.ws.ID)
	default:
		return o, err
	}
	return o, nil
}

// showExplanation prints an explanation: what it is, what it says, each check,
// and what it means.
func (c *command) showExplanation(e explain.Explanation) error {
	fmt.Fprintf(c.out, "This is %s.\n", e.Kind)
	if len(e.Facts) > 0 {
		if (e.Kind == explain.KindResponse || e.Kind == explain.KindLogout) && !e.Verified {
			fmt.Fprintln(c.out, "What it says, which no known signature covers:")
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		for _, f := range e.Facts {
			fmt.Fprintf(w, "  %s\t%s\n", printable(f.Name), printable(f.Value))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	for _, k := range e.Checks {
		c.showCheck(shownCheck{k.Name, k.OK, k.Skipped, k.Advice, k.Expected, k.Received, k.Field, k.Sentence, string(k.Code)})
	}
	for _, n := range e.Notes {
		fmt.Fprintln(c.out, printable(n))
	}
	return nil
}
