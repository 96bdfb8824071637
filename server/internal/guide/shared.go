package guide

import (
	"cmp"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// called is the workspace's name with its ID.
func (w *writer) called() string {
	if w.Workspace.Name == "" || w.Workspace.Name == w.Workspace.ID {
		return w.Workspace.ID
	}
	return w.Workspace.Name + " (" + w.Workspace.ID + ")"
}

// shared writes what stands in every article.
func (w *writer) shared(m directory.Module) {
	w.licensing(m)
	w.say(Roles,
		"In Microsoft Entra: Cloud Application Administrator or Application Administrator. To grant consent for everybody Cloud Application Administrator is enough; Privileged Role Administrator is not needed.",
		"In Lanyard: owner, admin or it-admin of the workspace "+w.Workspace.ID+". A viewer sees everything and can change nothing.",
		"Where these are different people, make a setup link in Lanyard and send it to whoever administers Entra. It leads to this module of this workspace only, ends by itself and can be revoked; no account is needed.")
	w.add(Roles, Block{Notice: register.DefaultAccessWarning})
	w.say(Troubleshooting,
		"An error page has a code. Look for it here, or paste the whole text into the search on the page Troubleshooting: it knows all of Lanyard's codes and Microsoft's. “Copy details” on the error page also gives the correlation ID, by which whoever runs this server finds the cause in the log.")
	w.add(Troubleshooting, Block{Troubles: Frequent(m)})
	w.add(Glossary, Block{Terms: Words(m)})
	w.support()
}

// licensing says what has to be paid for, on both sides (row A5).
func (w *writer) licensing(m directory.Module) {
	plan := "In Lanyard: this module is part of the plan of " + w.Workspace.ID + "."
	if !w.Plan.Includes(m) {
		plan = "In Lanyard: this module is not part of the plan of " + w.Workspace.ID + ", so it cannot be set up or changed. " +
			able(w.Plan.Runs(m), "What is set up already goes on working.", "What was set up is kept and does not run.")
		if c := strings.TrimSpace(w.Plan.Contact + " " + w.Plan.ContactURL); c != "" {
			plan += " To get it: " + c
		}
	}
	w.say(Licensing, plan, microsoftLicence[m])
	if m == directory.ModuleSAML || m == directory.ModuleSCIM {
		w.say(Licensing, "Conditional Access, such as a second factor for this application only, needs Microsoft Entra ID P1.")
	}
}

// microsoftLicence is what Microsoft asks for ("Microsoft Entra plans and
// pricing", "Microsoft Entra licensing").
var microsoftLicence = map[directory.Module]string{
	directory.ModuleSAML:      "In Microsoft Entra: single sign-on with an application of your own is part of Microsoft Entra ID Free. Assigning groups to it, rather than people one by one, and encrypting assertions need Microsoft Entra ID P1.",
	directory.ModuleSCIM:      "In Microsoft Entra: provisioning people to an application of your own is part of Microsoft Entra ID Free. Provisioning groups, and assigning groups rather than people one by one, need Microsoft Entra ID P1.",
	directory.ModuleMicrosoft: "In Microsoft Entra: registering an application and signing in with it is part of Microsoft Entra ID Free. Assigning groups to it, rather than people one by one, needs Microsoft Entra ID P1.",
	directory.ModuleMobile:    "In Microsoft Entra: apps for phones need nothing beyond Microsoft Entra ID Free. To demand phones that comply, Conditional Access needs Microsoft Entra ID P1 and Microsoft Intune.",
}

// support says whom to ask, with what.
func (w *writer) support() {
	if w.Help != "" {
		w.add(Support, Block{Values: []Value{{Label: "Help for people of this workspace", Value: w.Help}}})
	}
	w.add(Support, Block{List: []string{
		"Somebody cannot sign in: look at the person under People → Explain access. It says which check lets them in or keeps them out.",
		"Microsoft refuses (AADSTS…): ask the administrators of your Microsoft tenant, with the code, the time and the correlation ID of Microsoft's page.",
		"Lanyard refuses (LY-…): ask the owners of the workspace, or whoever runs this server, with the code and the correlation ID.",
		"Whoever runs this server can have any error, SAML response, token, metadata or certificate explained offline: lanyardd doctor.",
	}})
	w.say(Support, "Microsoft's own pages:")
	w.add(Support, Block{Links: register.Links()})
}

// Heading is the article's title with the guide's name.
func (a Article) Heading() string { return Name + ": " + cmp.Or(a.Title, a.Workspace) }
