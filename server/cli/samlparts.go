package cli

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// showSAML prints a connection: first what to copy into Entra and out of it,
// under Entra's own names and numbers (row B4), then what is set here.
func (c *command) showSAML(d *samlDesk, out signin.SAMLOutcome) error {
	doc, err := d.document(out)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(doc)
	}
	p := samlParts{tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)}
	p.basic(doc)
	p.claims(doc)
	p.certificates(doc)
	p.setUp(doc)
	p.test(doc)
	p.heading("Here")
	for _, r := range doc.settings() {
		p.row(r[0], r[1])
	}
	return p.w.Flush()
}

// samlParts prints the parts of Entra's page "Set up Single Sign-On with SAML",
// each with its number and title there, and with what is seen there once it is
// done. <application> is the name that the administrator gave it.
type samlParts struct{ w *tabwriter.Writer }

func (p samlParts) heading(s string) { fmt.Fprintf(p.w, "%s\n", s) }

func (p samlParts) row(name, value string) { fmt.Fprintf(p.w, "  %s\t%s\n", name, printable(value)) }

// seen is what the portal shows when the part is done.
func (p samlParts) seen(text string) { p.row("done when", text) }

func (p samlParts) basic(doc samlDoc) {
	p.heading("1  Basic SAML Configuration")
	p.row("Identifier (Entity ID)", doc.SP.EntityID)
	p.row("Reply URL (Assertion Consumer Service URL)", doc.SP.ACS)
	p.row("Sign on URL", doc.SP.Login)
	p.row("Relay State", "leave it empty")
	p.row("Logout Url", doc.SP.SLO)
	p.seen("after Edit, Save and X, part 1 shows these values, letter for letter")
}

// claims has the workspace's ID beside what it is needed for (row B6).
func (p samlParts) claims(doc samlDoc) {
	p.heading("2  Attributes & Claims")
	p.row("Unique User Identifier (Name ID)", nameIDText(doc.NameID))
	p.row("workspace ID", doc.Workspace)
	for _, r := range doc.Required {
		p.row("claim "+r.Name, "constant "+cmp.Or(r.Equals, "of any value"))
	}
	if len(doc.Required) == 0 {
		p.row("to admit this workspace alone", "Add new claim: Name CoNm, Source attribute the constant "+doc.Workspace+", without quotation marks; then")
		p.row("", "lanyardd saml set --workspace "+doc.Workspace+" --require-claim CoNm="+doc.Workspace)
	}
	for _, field := range claimFields {
		p.row(field, "claim "+doc.Claims[field])
	}
	p.seen("part 2 shows the Name ID, and a claim that you added, with their sources")
}

func (p samlParts) certificates(doc samlDoc) {
	p.heading("3  SAML Certificates")
	p.row("App Federation Metadata Url", cmp.Or(doc.Metadata.URL, "not used"))
	if doc.Metadata.Refreshed != nil {
		p.row("  read", day(*doc.Metadata.Refreshed)+", next "+day(*doc.Metadata.Next))
	}
	for _, k := range doc.IdP.Certificates {
		p.row("certificate "+k.Thumbprint, fmt.Sprintf("until %s, %d days", day(*k.NotAfter), k.DaysLeft))
	}
	for _, k := range doc.SP.Keys {
		p.row("our "+k.Use+" certificate", k.Thumbprint+", until "+day(*k.NotAfter)+" (lanyardd saml key print "+k.Use+")")
	}
	p.seen("part 3 shows Status Active and the Thumbprint of a certificate listed here")
}

func (p samlParts) setUp(doc samlDoc) {
	p.heading("4  Set up <application>")
	p.row("Login URL", cmp.Or(doc.IdP.LoginURL, doc.IdP.LoginPostURL, "not set"))
	p.row("Microsoft Entra Identifier", cmp.Or(doc.IdP.EntityID, "not set"))
	p.row("Logout URL", cmp.Or(doc.IdP.LogoutURL, "not set"))
	p.seen("part 4 shows the same three addresses as here")
}

func (p samlParts) test(doc samlDoc) {
	p.heading("5  Test single sign-on with <application>")
	p.row("try it from here", "lanyardd saml test --workspace "+doc.Workspace)
	p.seen("its page shows every check with ✔ and who it would be")
}
