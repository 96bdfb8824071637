package cli

import (
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// samlCheckCmd checks without changing anything.
type samlCheckCmd struct {
	samlFlags
	samlSource
	samlOptions
}

// Help is the longer text of lanyardd saml check --help.
func (samlCheckCmd) Help() string {
	return "Takes what saml set takes, and ends with an exit code other than 0 where that would be refused. Without any of it, " +
		"checks what is set: metadata that came from an address is fetched once more. Nothing changes."
}

func (s samlCheckCmd) Run(c *command) error {
	in, err := s.input(c, s.samlOptions)
	if err != nil {
		return err
	}
	d, err := s.open(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	now, err := d.setup.Show(c.ctx, d.ws.ID)
	if code, _ := problem.Of(err); err != nil && code != problem.SAMLNotSet {
		return err
	}
	again := !s.samlSource.given()
	if again && now.SAML.Version == 0 {
		return problem.Detailf(problem.SAMLNotSet, "Give --metadata-url, --metadata-file, or --certificate, --issuer and --login-url to have them checked.")
	}
	if again {
		in.MetadataURL, in.AnyHost, in.EntityID = now.SAML.Metadata.URL, now.SAML.Metadata.AnyHost, now.SAML.Metadata.EntityID
		if in.MetadataURL == "" { // entered by hand: judged once more as it stands
			in.Issuer = now.SAML.IdP.EntityID
		}
	}
	out, err := d.setup.Check(c.ctx, d.ws.ID, in)
	if err != nil {
		return err
	}
	if again && out.SAML.IdP.EntityID != now.SAML.IdP.EntityID {
		return problem.Detailf(problem.MetadataChanged, "It was %s and is now %s. To agree: lanyardd saml agree %s --workspace %s",
			saml.Shown(now.SAML.IdP.EntityID), saml.Shown(out.SAML.IdP.EntityID), shellWord(out.SAML.IdP.EntityID), d.ws.ID)
	}
	c.sayWarnings(out.Warnings)
	if c.json {
		return c.printJSON(checkDoc{established, stamp(out.At), out.Checked, warningDocs(out.Warnings)})
	}
	fmt.Fprintf(c.out, "%s\n", established)
	for _, s := range out.Checked {
		fmt.Fprintf(c.out, "  %s\n", printable(s))
	}
	_, err = fmt.Fprintf(c.out, "Checked %s. Nothing was changed.\n", out.At.Format(time.RFC3339))
	return err
}

// established is what success is called (row B11).
const established = "Connection established"

// checkDoc is a successful check in JSON.
type checkDoc struct {
	Result   string       `json:"result"`
	At       *time.Time   `json:"at"`
	Checked  []string     `json:"checked"`
	Warnings []warningDoc `json:"warnings"`
}
