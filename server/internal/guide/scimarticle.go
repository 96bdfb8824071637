package guide

import (
	"fmt"
	"strconv"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// scim writes the article about provisioning.
func (w *writer) scim() (lead string) {
	w.say(Introduction,
		"Entra creates, changes and disables the people of the workspace "+w.called()+" by itself, as they are assigned and unassigned there (SCIM 2.0). Whoever is disabled loses access at once: sessions end, and apps are told.",
		"It works without single sign-on, and single sign-on without it; together they complement each other.",
		able(w.Workspace.SCIMEnabled, "In this workspace automatic user provisioning is on.", "In this workspace automatic user provisioning is off: switch it on in Lanyard, under Provisioning (SCIM), before Test Connection."))
	w.scimEndpoints()
	w.add(SetUp, Block{Steps: []register.Step{lanyard("Provisioning (SCIM)",
		"Switch on", "Automatic user provisioning: Enabled.",
		"", "Make a token, and copy it with the Tenant URL. It is shown this once.")}})
	w.add(SetUp, Block{Steps: w.plan.StepsOf(register.PartApplication, register.PartProvisioning)})
	w.say(SetUp, "The first cycle may take up to an hour, later ones come about every 40 minutes. Provision on demand sends one person at once. Lanyard's page Provisioning (SCIM) shows which steps were seen, when the last request came and what was refused.")
	w.say(Authentication,
		"Entra proves itself with the Secret Token. Lanyard keeps its hash only. Two or more may be valid at a time: rotate makes the next one while the one before goes on working for as long as you say, so that no request is refused in between. Warnings come 60, 30 and 7 days before a token ends.",
		"Instead of a token, Entra can fetch access tokens that last an hour with a client ID and secret (OAuth 2.0 client credentials), or with no secret at all (workload identity federation). Make a client on the page Provisioning (SCIM).",
		"Tokens belong to the workspace, not to the administrator who made them: when that person leaves, provisioning goes on.")
	w.say(PilotTest,
		"It is recommended that a single person is assigned to begin with. Choose one of the application's roles in the assignment: people with the role Default Access are excluded from provisioning. Then Provision on demand, and look at People in Lanyard. Others may be assigned later.",
		w.pilot("is affected; what Entra sends of others is kept and takes no access from anybody"))
	w.add(Limitations, Block{List: Limits(w.Provisioning, w.Workspace)})
	w.add(Questions, Block{Terms: []Term{
		{Word: "What happens when a person is added in Entra?", Meaning: "They are added to the workspace" + w.defaults() + "."},
		{Word: "What happens when a person is changed?", Meaning: "First name, last name, e-mail address and every other mapped attribute follow. A role that was given by hand stays."},
		{Word: "What happens when a person is unassigned, disabled or deleted?", Meaning: "Their access ends at once and their data is kept. Assigned again, they have access again, but not the rights of an administrator: an owner grants those anew."},
		{Word: "Do groups have to be provisioned?", Meaning: "No. Switch Provision Microsoft Entra ID Groups off unless roles follow groups."},
		{Word: "Why does Test Connection fail?", Meaning: "The Tenant URL cannot be reached from the internet, the token was copied in part, has ended or was revoked, or provisioning is switched off here. The page Provisioning (SCIM) shows the request and why. It does not matter who in Lanyard made the token."},
		{Word: "Which field does objectId go into?", Meaning: "externalId. Entra's own default there is mailNickname: change its source to objectId, so that the person who signs in is known to be the one who was provisioned."},
	}})
	return "Let Entra create, change and disable the people of this workspace by itself."
}

func (w *writer) scimEndpoints() {
	w.say(Endpoints, "Under Provisioning, Admin Credentials (newer: Connectivity).")
	base := w.PublicURL.JoinPath("scim", "v2", w.Workspace.ID)
	w.add(Endpoints, Block{Values: []Value{
		or("Tenant URL", base.String(), "", "SCIM endpoint URL", "service link"),
		or("Secret Token", "", "Make one in Lanyard, under Provisioning (SCIM). It is shown once, and never here.", "Bearer Token", "Unique Token", "SCIM token"),
		or("Token endpoint (OAuth 2.0 client credentials)", base.JoinPath("oauth", "token").String(), ""),
	}})
	w.say(Endpoints, "Under Mappings → Provision Microsoft Entra ID Users (older: Synchronize Microsoft Entra users, Provision Azure Active Directory Users). The first three are needed; of the others leave out what you like. Attributes with a number are Matching properties, in that order.")
	t := &Table{Head: []string{"Microsoft Entra ID", "Lanyard", "Matching", "What it is for"}}
	for _, m := range w.plan.Mapping {
		matching := ""
		if m.Matching > 0 {
			matching = strconv.Itoa(m.Matching)
		}
		t.Rows = append(t.Rows, []string{m.Source, m.Target, matching, m.Why})
	}
	w.add(Endpoints, Block{Table: t})
}

// defaults says what new people get.
func (w *writer) defaults() string {
	var s string
	if r := w.Workspace.DefaultRole; r != "" {
		s = " with the role " + r
	}
	if d := w.Workspace.DefaultDepartment; d != "" {
		s += ", and in the department " + d + " where Entra names none"
	}
	return s
}

// pilot says how the pilot stands, and who is in it.
func (w *writer) pilot(what string) string {
	if !w.Pilot.On {
		return "The pilot in Lanyard is off, so it is for everybody at once. Switch it on under Settings → Pilot, and choose who goes first."
	}
	who := fmt.Sprintf("only the %d people in it", len(w.Pilot.People))
	if len(w.Pilot.People) == 1 {
		who = "only the one person in it"
	}
	return "The pilot in Lanyard is on: " + who + " " + what + "."
}

// microsoft writes the article about signing in with Microsoft directly.
func (w *writer) microsoft() (lead string) {
	m := w.Workspace.Microsoft
	w.say(Introduction,
		"People sign in to the workspace "+w.called()+" directly with their Microsoft work account, in the app on their computer and, where it is set up, in the browser (OpenID Connect). It works with neither SAML nor provisioning set up; without provisioning, "+able(w.Workspace.JIT, "people are created at their first sign-in.", "people are let in once Create people at their first sign-in is ticked under Sign in with Microsoft."),
		able(m.TenantID != "" && m.ClientID != "", "In this workspace it is set up with the tenant "+m.TenantID+".", "In this workspace it is not set up yet. Begin with Set-up."))
	w.say(Endpoints, "Under App registrations → All applications → "+w.plan.Name+".")
	values := []Value{
		or("Application (client) ID", m.ClientID, "Copy it from the application's Overview, and paste it into Lanyard under Sign in with Microsoft."),
		or("Directory (tenant) ID", m.TenantID, "Copy it from the application's Overview, and paste it into Lanyard under Sign in with Microsoft."),
	}
	for _, r := range w.plan.Redirects {
		if r.Platform == register.OnPublicClient && r.Apple == nil && r.Android == nil {
			values = append(values, or("Redirect URI (Mobile and desktop applications), "+r.For, r.URI, ""))
		}
	}
	web := w.PublicURL.JoinPath("w", w.Workspace.ID, "microsoft")
	values = append(values,
		or("Redirect URI (Web), for sign-in in the browser", web.JoinPath("callback").String(), ""),
		or("Sign-in page for people", web.JoinPath("login").String(), ""),
		or("Application ID URI", w.identifierURI(), "api:// and the Application (client) ID, once there is one."),
		or("Scope name", w.plan.Scope.Value, ""))
	w.add(Endpoints, Block{Values: values})
	w.say(Endpoints, "What is read of a person: oid and tid, which recognise them; name, preferred_username and email. The optional claims email and acct spare people a question.")
	w.add(SetUp, Block{Steps: w.plan.StepsOf(register.PartApplication, register.PartMicrosoft)})
	w.say(Authentication,
		"The app is a public client: it has no secret, and proves with PKCE that it is the one that asked. In the browser the server is a confidential client, with a certificate (preferred) or a client secret: Certificates & secrets. Put the next one in before the one before ends; Lanyard takes both meanwhile.",
		"Microsoft signs tokens with keys that it changes by itself; they are fetched as they change. Only version 2.0 tokens of the tenant above are taken.")
	w.say(PilotTest, "Assign one person in Entra to begin with, and let them sign in. Others may be assigned later.", w.pilot("signs in with Microsoft; everybody else signs in as before"))
	w.add(Limitations, Block{List: []string{
		"One tenant for each workspace. Personal Microsoft accounts are refused; guests of the tenant can be assigned.",
		able(w.Workspace.JIT, "Whoever is assigned in Entra and was never provisioned is created at their first sign-in.", "Whoever was never provisioned is not let in, even when they are assigned in Entra."),
		able(w.Workspace.OfflineGrace > 0, "The app works without the server for at most "+span(w.Workspace.OfflineGrace)+".", "The app does not work while the server cannot be reached."),
	}})
	w.add(Questions, Block{Terms: []Term{
		{Word: "Is SAML needed as well?", Meaning: "No. Each module works without the others."},
		{Word: "Why does Microsoft ask for approval?", Meaning: "Nobody has granted admin consent yet: API permissions → Grant admin consent."},
		{Word: "Why exactly http://localhost?", Meaning: "It is the one address whose port Entra does not compare, and the app chooses a free one. http://127.0.0.1 is something else."},
	}})
	return "Let people sign in directly with Microsoft, in the app and in the browser."
}

// identifierURI is the Application ID URI, or "" while the client ID is unknown.
func (w *writer) identifierURI() string {
	if w.plan.ClientID == "" && w.Workspace.Microsoft.Scope == "" {
		return ""
	}
	return w.plan.IdentifierURI
}

// span is a time for people: days, or hours, or minutes.
func span(d time.Duration) string {
	if d < 2*time.Hour {
		return fmt.Sprintf("%d minutes", int(d/time.Minute))
	}
	return days(d)
}

// mobile writes the article about the app on phones.
func (w *writer) mobile() (lead string) {
	m := w.Mobile
	w.say(Introduction,
		"People sign in to the workspace "+w.called()+" with the app on their phone. Entra returns them to it only where the app is registered: by its Bundle ID on iOS and macOS, by its Package name and Signature hash on Android.",
		able(m.Empty(), "In this workspace no app is registered yet. Begin with Set-up.", fmt.Sprintf("Registered in this workspace: %d for iOS and macOS, %d for Android.", len(m.Apple), len(m.Android))))
	var values []Value
	for _, a := range m.Apple {
		values = append(values, or("Bundle ID", a.BundleID, ""), or("Redirect URI, which Entra shows for the Bundle ID "+a.BundleID, a.RedirectURI, ""))
	}
	for _, a := range m.Android {
		values = append(values, or("Package name", a.Package, ""), or("Signature hash of "+a.Package+label(a.Label), a.SignatureHash, ""),
			or("Redirect URI, which Entra shows for the package "+a.Package+label(a.Label), a.RedirectURI, ""))
	}
	if len(values) == 0 {
		missing := "Enter it in Lanyard, under Mobile app, or upload the built app there."
		values = []Value{or("Bundle ID", "", missing), or("Package name", "", missing), or("Signature hash", "", missing)}
	}
	w.say(Endpoints, "Under App registrations → All applications → "+w.plan.Name+" → Authentication.")
	w.add(Endpoints, Block{Values: append(values, or("Workspace ID, which people type in the app", w.Workspace.ID, ""))})
	steps := w.plan.StepsOf(register.PartMobile)
	if len(steps) == 0 {
		steps = []register.Step{lanyard("Mobile app", "Name the app",
			"Enter the Bundle ID, or the Package name and the Signature hash; or upload the built app, out of which they are read.")}
	}
	w.add(SetUp, Block{Steps: append(steps, lanyard("Mobile app", "Paste back",
		"iOS and macOS: paste the Redirect URI that Entra shows, and Continue. It is msauth.<Bundle ID>://auth, to the letter.",
		"", "Android: copy the MSAL Configuration from Entra, and paste it whole. Its redirect URI, client and tenant are held against what is registered."))})
	w.say(Authentication,
		"An app proves which app it is by what it is signed with: Entra returns to an Android app by the hash of its certificate. Apps from Google Play are signed with Google's app signing key, not with your upload key: register both.",
		"Before an app is signed with another key, register the new hash beside the one before, in Entra and here; take the earlier one out when no phone has that version any more.")
	w.say(PilotTest, "Put the app on one phone, type "+w.Workspace.ID+" or scan the QR code of the page Mobile app, and sign in. What was built can be held against what is registered by whoever builds it: lanyardd mobile verify.",
		w.pilot("signs in with Microsoft; everybody else signs in as before"))
	w.add(Limitations, Block{List: []string{
		"An app is returned to at a redirect URI that is registered here to the letter, and at no other.",
		"Google Play and the App Store are not asked: which app people have is what you enter here.",
		able(w.Workspace.OfflineGrace > 0, "The app works without the server for at most "+span(w.Workspace.OfflineGrace)+".", "The app does not work while the server cannot be reached."),
	}})
	w.add(Questions, Block{Terms: []Term{
		{Word: "Where does the Signature hash come from?", Meaning: "From the certificate the app is signed with: base64 of its SHA-1, not encoded for addresses. Upload the APK under Mobile app, and it is read out of it."},
		{Word: "Why does sign-in fail in a version from the shop only?", Meaning: "It is signed with another key. Copy the SHA-1 of the app signing key from Play Console → App integrity, and register that too."},
		{Word: "Does each phone need anything else?", Meaning: "No. Microsoft Authenticator or Company Portal is used where it is there, and a browser where it is not."},
	}})
	return "Let people sign in with the app on iOS, macOS and Android."
}

func label(l directory.SigningLabel) string {
	if l == "" {
		return ""
	}
	return " (" + string(l) + ")"
}
