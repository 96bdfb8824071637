package cli

import (
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// samlKeyCmd groups the commands about the key pairs of this side.
type samlKeyCmd struct {
	List  samlKeyListCmd  `cmd:"" help:"List the certificates of this side."`
	Add   samlKeyAddCmd   `cmd:"" help:"Make the next key pair and print its certificate, for you to upload to Microsoft Entra."`
	Print samlKeyPrintCmd `cmd:"" help:"Print the newest certificate of a use, to upload to Microsoft Entra."`
}

// keyUse says what a key pair is for.
type keyUse struct {
	Use string `arg:"" enum:"encryption,signing" help:"encryption (Token encryption) or signing (Verification certificates)."`
}

type samlKeyListCmd struct{ samlFlags }

func (s samlKeyListCmd) Run(c *command) error {
	all, err := s.keys(c)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(all)
	}
	var rows [][]string
	for _, k := range all {
		rows = append(rows, []string{k.Use, k.Thumbprint, day(*k.Added), day(*k.NotAfter), k.ID})
	}
	return c.table([]string{"USE", "THUMBPRINT", "MADE", "UNTIL", "ID"}, rows)
}

// keys reads the key pairs of a workspace.
func (f samlFlags) keys(c *command) ([]certDoc, error) {
	d, err := f.open(c, false)
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	out, err := d.setup.Show(c.ctx, d.ws.ID)
	if err != nil {
		return nil, err
	}
	return ourKeys(out.SAML, c.opt.Now())
}

type samlKeyPrintCmd struct {
	samlFlags
	keyUse
}

func (s samlKeyPrintCmd) Run(c *command) error {
	all, err := s.keys(c)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.Use == s.Use {
			return c.printCertificate(k)
		}
	}
	return problem.Detailf(problem.SAMLNotSet, "There is no %s certificate yet. Make one with: lanyardd saml key add %s --workspace %s", s.Use, s.Use, s.Workspace)
}

func (c *command) printCertificate(k certDoc) error {
	if c.json {
		return c.printJSON(k)
	}
	_, err := fmt.Fprint(c.out, k.PEM)
	return err
}

type samlKeyAddCmd struct {
	samlFlags
	keyUse
}

func (s samlKeyAddCmd) Run(c *command) error {
	d, err := s.open(c, true)
	if err != nil {
		return err
	}
	defer d.store.Close()
	if err := d.opens(c); err != nil {
		return err
	}
	k, err := d.setup.AddKey(c.ctx, d.ws.ID, s.Use)
	if err != nil {
		return err
	}
	all, err := ourKeys(directory.SAML{Keys: []directory.SAMLKey{k}}, c.opt.Now())
	if err != nil {
		return err
	}
	if s.Use == directory.KeySigning {
		c.say("Requests are signed with it from now on: upload the certificate on standard output to Microsoft Entra now, under SAML Certificates → Verification certificates.")
	} else {
		c.say("Upload the certificate on standard output to Microsoft Entra, under Token encryption, and activate it. What is encrypted for the one before it can be read until then, and after.")
	}
	return c.printCertificate(all[0])
}
