package guide

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// saml writes the article about single sign-on.
func (w *writer) saml() (lead string) {
	w.say(Introduction,
		"People sign in to the workspace "+w.called()+" in a browser with their work account, by SAML 2.0. Nobody has another password to remember, and whoever is disabled in Entra cannot sign in any more.",
		w.samlState())
	w.samlEndpoints()
	w.add(SetUp, Block{Steps: slices.Concat(w.plan.StepsOf(register.PartApplication, register.PartSAML), []register.Step{
		lanyard("Single sign-on (SAML)",
			"Check", "Paste App Federation Metadata Url under Metadata, and choose Get metadata; then Check now. It says Connection established, and what it looked at.",
			"", "Without the address: paste Certificate (Base64), whole, with Microsoft Entra Identifier (older: Azure AD Identifier), Login URL and Logout URL."),
		lanyard("Single sign-on (SAML) → Test sign-in",
			"Test", "Open the link in an incognito (private) window and sign in. The page shows every check, and so does this console; nobody is signed in by it.",
			"", "Any change afterwards asks for another test."),
		lanyard("Single sign-on (SAML) → Enable",
			"Enable", "For everybody, after a test that succeeded with what is set up now; or Cancel, which puts everything back as it was.",
			"", "To enforce SAML, so that nobody signs in in another way, a second owner with a passkey or code is proven first. Only whoever runs this server can switch enforcement off."),
	})})
	w.samlRotation()
	w.say(PilotTest,
		"Assign one person in Entra to begin with (Users and groups → Add user/group), and let them sign in at "+w.urls().Login+".",
		w.pilot("signs in with SAML; everybody else signs in as before"))
	w.add(Limitations, Block{List: w.samlLimits()})
	w.add(Questions, Block{Terms: []Term{
		{Word: "Do you support other SAML identity providers?", Meaning: "Yes. Any that speaks SAML 2.0 can be connected; the steps here are Entra's."},
		{Word: "Can people still use a password?", Meaning: able(w.Enforced,
			"No. SAML is enforced in this workspace: signing in with e-mail and password is off for everybody it applies to.",
			"Until SAML is enforced, whoever has another way to sign in keeps it. Afterwards it is off for everybody it applies to.")},
		{Word: "What happens when the certificate in Entra is renewed?", Meaning: "Nothing that anybody notices: the metadata is read every 12 hours, and when a signature is by a certificate that is not known yet."},
		{Word: "Can people start in My Apps?", Meaning: initiated(w.SAML)},
		{Word: "Where is the page App registrations › Authentication that other guides name?", Meaning: "People are assigned under Enterprise apps → the application → Users and groups, not under App registrations."},
	}})
	return "Let people sign in to this workspace with their Microsoft work account, by SAML 2.0."
}

// lanyard is a step that is done in the console.
func lanyard(page string, items ...string) register.Step {
	s := register.Step{Title: items[0] + " in Lanyard", Where: map[register.Portal]string{InLanyard: page}}
	for i := 1; i < len(items); i += 2 {
		s.Do = append(s.Do, register.Item{Value: items[i]})
	}
	return s
}

// InLanyard is where a step is done that is not done in one of Microsoft's
// portals.
const InLanyard register.Portal = "lanyard"

func (w *writer) urls() signin.SAMLURLs { return signin.URLsOf(w.PublicURL, w.Workspace.ID) }

// samlState says how SAML stands in this workspace.
func (w *writer) samlState() string {
	switch {
	case w.SAML.Version == 0:
		return "In this workspace it is not set up yet. Begin with Set-up."
	case w.Enforced:
		return "In this workspace it is set up with " + w.SAML.IdP.EntityID + " and enforced: people sign in in no other way."
	case w.SAML.Disabled:
		return "In this workspace it is set up with " + w.SAML.IdP.EntityID + ", and switched off."
	}
	return "In this workspace it is set up with " + w.SAML.IdP.EntityID + " and switched on."
}

func (w *writer) samlEndpoints() {
	urls := w.urls()
	w.say(Endpoints, "Under Single sign-on → SAML, 1 Basic SAML Configuration. The names are Entra's.")
	w.add(Endpoints, Block{Values: []Value{
		or("Identifier (Entity ID)", signin.EntityIDOf(w.PublicURL, w.SAML, w.Workspace.ID), "", "SP Entity ID"),
		or("Reply URL (Assertion Consumer Service URL)", urls.ACS, "", "ACS URL"),
		or("Sign on URL", urls.Login, ""),
		or("Relay State", "", "Leave it empty."),
		or("Logout Url", urls.SLO, ""),
		or("Metadata of this workspace, for Upload metadata file", urls.Metadata, ""),
		or("Logo, 215 by 215 pixels", w.plan.LogoURL, ""),
		or("Workspace ID", w.Workspace.ID, "", "firm ID"),
		or("User access URL", w.SAML.UserAccessURL, "Copy it from the application's Properties in Entra and paste it into Lanyard under Single sign-on (SAML)."),
	}})
	w.say(Endpoints, "2 Attributes & Claims. By objectidentifier people are recognised, whatever their names become. Entra sends it, and all that is not optional, without being asked.")
	rows := [][]string{{"Unique User Identifier (Name ID)", nameID(w.SAML.NameIDSource), "shown, and for signing out"}}
	for _, c := range claims {
		name := c.name
		if mapped := w.SAML.ClaimMap[c.field]; mapped != "" {
			name = mapped
		}
		rows = append(rows, []string{name, c.source, c.why})
	}
	for _, c := range w.SAML.RequiredClaims {
		rows = append(rows, []string{c.Name, cmp.Or(c.Equals, "any value") + " (a constant)", "demanded: it binds the application to this workspace"})
	}
	w.add(Endpoints, Block{Table: &Table{Head: []string{"Claim", "Source attribute", "What it is for"}, Rows: rows}})
}

// claims are those that are read, with Entra's source attributes.
var claims = []struct{ field, name, source, why string }{
	{directory.ClaimObjectID, saml.ClaimObjectID, "user.objectid", "recognises the person"},
	{directory.ClaimTenantID, saml.ClaimTenantID, "the tenant", "must be the tenant that was set up"},
	{directory.ClaimEmail, saml.ClaimEmail, "user.mail", "the e-mail address: Email, under Contact information"},
	{directory.ClaimUserName, saml.ClaimName, "user.userprincipalname", "the user name"},
	{directory.ClaimGivenName, saml.ClaimGivenName, "user.givenname", "first name"},
	{directory.ClaimFamilyName, saml.ClaimSurname, "user.surname", "last name"},
	{directory.ClaimName, saml.ClaimDisplayName, "user.displayname", "the name that is shown"},
	{directory.ClaimGroups, saml.ClaimGroups, "groups assigned to the application", "optional: roles by group"},
	{directory.ClaimRoles, saml.ClaimRole, "user.assignedroles", "optional: roles by app role"},
}

// samlRotation says how both sides prove themselves, and what is renewed when.
func (w *writer) samlRotation() {
	w.say(Authentication,
		"Entra signs every response or assertion with the certificate of part 3, SAML Certificates; SHA-256 is needed. Nothing that is not signed by a certificate known here is taken.",
		"Entra's certificates last three years. Where the App Federation Metadata Url was given, it is read every 12 hours and at an unknown signature, and two certificates may stand side by side, so that a new one stops nobody. By hand, paste the new one before you make it active in Entra. Warnings come 60, 30, 7 and 1 days before the end of a certificate.")
	if len(w.SAML.Certificates) == 0 {
		return
	}
	t := &Table{Head: []string{"Certificate in use", "Thumbprint", "Valid until", "From"}}
	for _, c := range w.SAML.Certificates {
		if x, err := x509.ParseCertificate(c.DER); err == nil {
			t.Rows = append(t.Rows, []string{x.Subject.String(), saml.PortalThumbprint(x), x.NotAfter.UTC().Format(time.DateOnly), cmp.Or(c.Source, "pasted")})
		}
	}
	w.add(Authentication, Block{Table: t})
}

func (w *writer) samlLimits() []string {
	skew := cmp.Or(w.SAML.Skew, saml.DefaultSkew)
	out := []string{
		"SAML 2.0 only, with signatures of RSA or ECDSA and SHA-256 or better" + able(w.SAML.InsecureAllowSHA1, "; SHA-1 is accepted in this workspace.", "; SHA-1 is refused."),
		fmt.Sprintf("Clocks may differ by %d minutes.", int(skew/time.Minute)),
		able(w.SAML.JIT, "Whoever is assigned in Entra and was never provisioned is created at their first sign-in.",
			"Whoever was never provisioned is not let in, even when they are assigned in Entra."),
		"Somebody who is in more than 150 groups comes without any: limit the group claim to groups assigned to the application.",
		"The portal's Test button and My Apps cannot sign requests" + able(w.SAML.SignRequests, ", and this workspace signs them: use Sign on URL to try it.", "; this workspace does not sign them."),
	}
	if w.SAML.RequireEmail {
		out = append(out, "Whoever comes without an e-mail address is refused.")
	}
	return out
}

// initiated says what becomes of a sign-in that begins in My Apps.
func initiated(c directory.SAML) string {
	switch c.IdPInitiated {
	case directory.IdPAccept:
		return "Yes. A sign-in that begins there is taken as it is."
	case directory.IdPReject:
		return "No. In this workspace a sign-in that nobody asked for is refused; people start at the Sign on URL."
	}
	return "Yes. A sign-in that begins there is verified, dropped and asked for anew, which people do not notice."
}
