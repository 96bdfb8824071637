package account

import (
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Examples are the pages, empty and full.
func (s Section) Examples() []console.Example {
	at := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	picture, size, err := admin.Picture("otpauth://totp/example")
	if err != nil {
		panic(err) // of a text of ours
	}
	app := &admin.Pending{Secret: "JBSW Y3DP EHPK 3PXP", Link: "otpauth://totp/example", Picture: picture, Size: size}
	rows := []sessionRow{
		{"s-1", "Passkey", "Firefox on Linux", "192.0.2.1", at, at, true}, {"s-2", "Microsoft", "Edge on Windows", "192.0.2.2", at, at, false},
	}
	member := memberRow{ID: "a-1", Name: "Ada Lovelace", Email: "ada@acme.example", Role: "owner", Joined: true, Factors: []string{"Passkey", "Recovery codes"}, Seen: at, Me: true}
	invitee := memberRow{ID: "a-2", Name: "Bo Kim", Email: "bo@acme.example", Role: "it-admin", Factors: []string{}}
	server := member
	server.ID, server.Server, server.Workspaces = "a-3", true, []roleRow{{"acme", "owner"}}
	glass := glassChecks(admin.State{Ready: true, Owners: []admin.Glass{{Email: "ada@acme.example", Ready: true, Proven: at}, {Email: "bo@acme.example", Missing: "Has no recovery codes. They are made under Your account."}}})
	codes := []string{"3f7k-9d2m-x0qr-h5wt", "8w2n-0c4d-pz6y-k1vb"}
	full := homePage{
		Name: "Ada Lovelace", Email: "ada@acme.example", Owner: true, Roles: []roleRow{{"acme", "owner"}}, Passkeys: []passkeyRow{{"p-1", "My laptop", at, at}},
		App: true, AppSince: at, Password: true, Recovery: 9, Made: at, Microsoft: "ada@acme.example", MayLink: true, Sessions: rows, Glass: glassCheck(admin.Glass{Ready: true, Proven: at}),
	}
	link := linkPage{Title: "bo@acme.example is invited", URL: "https://id.acme.example/admin/join?token=…", Expires: at, For: "bo@acme.example", Say: "Send them this link.", Back: "/admin/", Message: "Hello, …", nav: "admins"}
	return []console.Example{
		{Name: "account/sign-in", View: signInPage{Passkey: "{}", Microsoft: true}, Nobody: true},
		{Name: "account/sign-in without passkeys", View: signInPage{}, Nobody: true},
		{Name: "account/sign-in unfinished", View: signInPage{Passkey: "{}", Joining: "ada@acme.example"}, Nobody: true},
		{Name: "account/join first", View: joinPage{Token: "t", First: true}, Nobody: true},
		{Name: "account/join invited", View: joinPage{Token: "t", Name: "Bo Kim", Email: "bo@acme.example"}, Nobody: true},
		{Name: "account/join recovering", View: joinPage{Token: "t", Recover: true, Name: "Bo Kim", Email: "bo@acme.example"}, Nobody: true},
		{Name: "account/enrol", View: factorPage{Email: "ada@acme.example", Name: "Ada Lovelace", Joining: true, Passkey: "{}", template: "enrol.html", title: "Choose how you sign in"}, Nobody: true},
		{Name: "account/enrol by a number", View: factorPage{Email: "ada@acme.example", Name: "Ada Lovelace", Joining: true, NoPasskey: "This console is reached by a number.", template: "enrol.html", title: "Choose how you sign in"}, Nobody: true},
		{Name: "account/app joining", View: factorPage{Email: "ada@acme.example", Joining: true, App: app, template: "app.html", title: "Set up an authenticator app"}, Nobody: true},
		{Name: "account/app again", View: factorPage{Email: "ada@acme.example", HasPassword: true, App: app, template: "app.html", title: "Set up an authenticator app"}},
		{Name: "account/passkey", View: factorPage{Email: "ada@acme.example", Passkey: "{}", template: "passkey.html", title: "Add a passkey"}},
		{Name: "account/codes", View: codesPage{Codes: codes, Email: "ada@acme.example"}},
		{Name: "account/codes welcome", View: codesPage{Welcome: true, Email: "ada@acme.example"}},
		{Name: "account/codes none", View: codesPage{Email: "ada@acme.example"}},
		{Name: "account/setup", View: setupPage{Token: "t", Workspace: "acme", Module: directory.ModuleSAML, Title: directory.ModuleSAML.Name(), For: "Bo Kim", By: "ada@acme.example", Expires: "21 March 2026"}, Nobody: true},
		{Name: "account/home full", View: full},
		{Name: "account/home empty", View: homePage{Name: "Bo Kim", Email: "bo@acme.example", Roles: []roleRow{}, Glass: glassCheck(admin.Glass{Missing: "Has no recovery codes. They are made under Your account."})}},
		{Name: "account/password", View: passwordPage{Has: true}},
		{Name: "account/microsoft go", View: goPage{}},
		{Name: "account/members full", View: membersPage{Members: []memberRow{member, invitee, server}, Glass: glass}},
		{Name: "account/members viewer", View: membersPage{Members: []memberRow{member, invitee}, Glass: glass}, Me: console.Principal{ID: "v", Name: "Vi", Roles: map[string]console.Role{"acme": console.Viewer}}},
		{Name: "account/members empty", View: membersPage{Members: []memberRow{}, Glass: glassChecks(admin.State{})}},
		{Name: "account/admins full", View: adminsPage{Admins: []memberRow{server, invitee}, Microsoft: true}},
		{Name: "account/admins empty", View: adminsPage{}},
		{Name: "account/admin", View: onePage{memberRow: server, Recovery: 9, Sessions: rows}},
		{Name: "account/admin invited", View: onePage{memberRow: invitee}},
		{Name: "account/microsoft on", View: microsoftPage{On: true, TenantID: "11111111-2222-4333-8444-555555555555", ClientID: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", RedirectURI: "https://id.acme.example/admin/sign-in/microsoft/callback", Version: 1}},
		{Name: "account/microsoft off", View: microsoftPage{RedirectURI: "https://id.acme.example/admin/sign-in/microsoft/callback"}},
		{Name: "account/link", View: link},
		{Name: "account/link none", View: linkPage{Title: "They have the role now", For: "bo@acme.example", Say: "They are an administrator already.", Back: "/admin/"}},
		{Name: "account/setup links full", View: setupLinksPage{Links: []setupRow{
			{"l-1", directory.ModuleSAML, directory.ModuleSAML.Name(), "Bo Kim", "ada@acme.example", at, at, at, 3, "open"},
			{"l-2", directory.ModuleSCIM, directory.ModuleSCIM.Name(), "", "ada@acme.example", at, at, time.Time{}, 0, "revoked"},
			{"l-3", directory.ModuleMobile, directory.ModuleMobile.Name(), "", "ada@acme.example", at, at, time.Time{}, 0, "expired"},
		}}},
		{Name: "account/setup links empty", View: setupLinksPage{}},
		{Name: "account/tokens full", View: tokensPage{API: "https://id.acme.example/admin/api/v1", Tokens: []tokenRow{{"t-1", "deploy", "viewer", at, at, at, "open"}, {"t-2", "old", "owner", at, at, time.Time{}, "revoked"}}}},
		{Name: "account/tokens empty", View: tokensPage{API: "https://id.acme.example/admin/api/v1", Server: true}},
		{Name: "account/token", View: tokenPage{ID: "t-1", Token: "lyadm_…", Name: "deploy", Role: "viewer", Expires: at, Example: "curl …", Back: "/admin/"}},
	}
}
