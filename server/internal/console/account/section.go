// Package account has the pages on which administrators sign in, look after what
// they sign in with, and let others in: with a role, by a setup link, by a token of
// the JSON API.
//
// It decides what is shown and asked. Who gets in, and who may let in whom, package
// admin decides.
package account

import (
	"context"
	"embed"
	"io/fs"
	"net/http"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

//go:embed all:templates
var templates embed.FS

// Section is the pages. Admin is required.
type Section struct {
	Admin *admin.Admin
}

// SignIn is the name of the page to sign in on.
const SignIn = "account.signin"

// Templates are those of the pages.
func (Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

// Routes are all pages and acts.
func (s Section) Routes() []console.Route {
	var (
		anybody = console.Access{}
		known   = console.Access{Role: console.SignedIn}
		fresh   = console.Access{Role: console.SignedIn, StepUp: true}
	)
	all := []console.Route{
		console.Page(SignIn, "/sign-in", anybody, s.signIn),
		console.Act("account.signin.code", "/sign-in", anybody, s.signInCode).On(SignIn).Unaudited(),
		console.Page("account.signin.passkeys", "/sign-in/passkey", anybody, s.signIn),
		console.Act("account.signin.passkey", "/sign-in/passkey", anybody, s.signInPasskey).On("account.signin.passkeys").Unaudited(),
		console.Raw("account.signin.microsoft", http.MethodGet, "/sign-in/microsoft", anybody, s.toMicrosoft),
		console.Raw("account.signin.returned", http.MethodGet, "/sign-in/microsoft/callback", anybody, s.fromMicrosoft),
		console.Act("account.signout", "/sign-out", anybody, s.signOut).Unaudited(),

		console.Page("account.join", "/join", anybody, s.join),
		console.Act("account.join.accept", "/join", anybody, s.accept).On("account.join").Unaudited(),
		console.Page("account.enrol", "/enrol", anybody, s.enrol),
		console.Page("account.enrol.app", "/enrol/authenticator", anybody, s.enrolApp),
		console.Act("account.enrol.passkey", "/enrol", anybody, s.enrolPasskey).On("account.enrol").Unaudited(),
		console.Act("account.enrol.totp", "/enrol/authenticator", anybody, s.enrolTOTP).On("account.enrol.app").Unaudited(),
		console.Page("account.setup", "/setup", anybody, s.setup),
		console.Act("account.setup.open", "/setup", anybody, s.openSetup).On("account.setup").Unaudited(),

		console.Page("account.home", "/account", known, s.home),
		console.Act("account.name", "/account", known, s.rename).On("account.home"),
		console.Page("account.passkeys", "/account/passkeys", known, s.newPasskey),
		console.Act("account.passkey.add", "/account/passkeys", fresh, s.addPasskey).On("account.passkeys"),
		console.Act("account.passkey.remove", "/account/passkeys/{id}/remove", fresh, s.removePasskey),
		console.Page("account.app", "/account/authenticator", known, s.newApp),
		console.Act("account.totp.set", "/account/authenticator", fresh, s.setTOTP).On("account.app"),
		console.Act("account.totp.remove", "/account/authenticator/remove", fresh, s.removeTOTP),
		console.Page("account.newpassword", "/account/password", known, s.newPassword),
		console.Act("account.password", "/account/password", fresh, s.setPassword).On("account.newpassword"),
		console.Act("account.recovery", "/account/recovery", fresh, s.newRecovery),
		console.Act("account.microsoft.ready", "/account/microsoft", fresh, s.readyMicrosoft),
		console.Raw("account.microsoft.go", http.MethodGet, "/account/microsoft/go", known, s.linkMicrosoft),
		console.Act("account.microsoft.unlink", "/account/microsoft/unlink", fresh, s.unlinkMicrosoft),
		console.Act("account.session.end", "/account/sessions/{id}/end", known, s.endSession),
		console.Act("account.sessions.end", "/account/sessions/end", known, s.endSessions),
	}
	return append(append(all, s.memberRoutes()...), s.linkRoutes()...)
}

func (s Section) memberRoutes() []console.Route {
	var (
		viewer = console.Access{Role: console.Viewer}
		owner  = console.Access{Role: console.Owner}
		sure   = console.Access{Role: console.Owner, StepUp: true}
		server = console.Access{Role: console.ServerOwner}
		surely = console.Access{Role: console.ServerOwner, StepUp: true}
	)
	return []console.Route{
		console.Page("account.members", "/workspaces/{ws}/admins", viewer, s.members),
		console.Act("account.member.invite", "/workspaces/{ws}/admins", sure, s.invite).On("account.members"),
		console.Act("account.member.role", "/workspaces/{ws}/admins/{id}/role", sure, s.setRole),
		console.Act("account.member.remove", "/workspaces/{ws}/admins/{id}/remove", sure, s.removeRole),
		console.Act("account.member.link", "/workspaces/{ws}/admins/{id}/link", owner, s.reinvite),

		console.Page("account.admins", "/admins", server, s.admins),
		console.Page("account.admin", "/admins/{id}", server, s.one),
		console.Act("account.admin.invite", "/admins", surely, s.inviteOwner).On("account.admins"),
		console.Act("account.admin.owner", "/admins/{id}/owner", surely, s.setOwner),
		console.Act("account.admin.recover", "/admins/{id}/recover", surely, s.recover),
		console.Act("account.admin.signout", "/admins/{id}/sign-out", server, s.signOutOther),
		console.Act("account.admin.session.end", "/admins/{id}/sessions/{session}/end", server, s.endOther),
		console.Act("account.admin.remove", "/admins/{id}/remove", surely, s.remove),
		console.Page("account.microsoft", "/admins-microsoft", server, s.microsoft),
		console.Act("account.microsoft.set", "/admins-microsoft", surely, s.setMicrosoft).On("account.microsoft"),
		console.Act("account.microsoft.clear", "/admins-microsoft/clear", surely, s.clearMicrosoft),
	}
}

func (s Section) linkRoutes() []console.Route {
	var (
		itadmin = console.Access{Role: console.ITAdmin}
		manager = console.Access{Role: console.Admin}
		owner   = console.Access{Role: console.Owner}
		sure    = console.Access{Role: console.Owner, StepUp: true}
		server  = console.Access{Role: console.ServerOwner}
		surely  = console.Access{Role: console.ServerOwner, StepUp: true}
	)
	return []console.Route{
		console.Page("account.setuplinks", "/workspaces/{ws}/setup-links", itadmin, s.setupLinks),
		console.Act("account.setuplink.create", "/workspaces/{ws}/setup-links", manager, s.createSetupLink).On("account.setuplinks"),
		console.Act("account.setuplink.revoke", "/workspaces/{ws}/setup-links/{id}/revoke", manager, s.revokeSetupLink),

		console.Page("account.tokens", "/workspaces/{ws}/api-tokens", owner, s.tokens),
		console.Act("account.token.create", "/workspaces/{ws}/api-tokens", sure, s.createToken).On("account.tokens"),
		console.Act("account.token.revoke", "/workspaces/{ws}/api-tokens/{id}/revoke", owner, s.revokeToken),
		console.Page("account.servertokens", "/api-tokens", server, s.serverTokens),
		console.Act("account.servertoken.create", "/api-tokens", surely, s.createServerToken).On("account.servertokens"),
		console.Act("account.servertoken.revoke", "/api-tokens/{id}/revoke", server, s.revokeServerToken),
	}
}

// standing is who uses a page about what they sign in with.
func (s Section) standing(c *console.Call) (admin.Standing, error) {
	if c.Request == nil || c.Me.Bearer || c.Me.Operator {
		return admin.Standing{}, problem.New(problem.AdminNoAccount)
	}
	st, ok, err := s.Admin.Standing(c.Request)
	if err == nil && !ok {
		err = problem.New(problem.AdminSignIn)
	}
	return st, err
}

// visitor is the browser of a call.
func (s Section) visitor(c *console.Call) admin.Visitor {
	if c.Request == nil {
		return admin.Visitor{IP: c.IP}
	}
	return s.Admin.Visitor(c.Request)
}

// roleOptions are the roles with what they may do.
var roleOptions = []console.Option{
	{Value: directory.AdminViewer, Label: "Viewer", Hint: "Sees everything of the workspace and changes nothing."},
	{Value: directory.AdminITAdmin, Label: "IT admin", Hint: "Sets up sign-in, provisioning, apps and domains."},
	{Value: directory.AdminAdmin, Label: "Admin", Hint: "Also looks after people, announcements and setup links."},
	{Value: directory.AdminOwner, Label: "Owner", Hint: "Also enforces single sign-on and lets administrators in."},
}

// moduleOptions are the modules that a setup link can lead to.
func moduleOptions() []console.Option {
	var all []console.Option
	for _, m := range directory.Modules() {
		all = append(all, console.Option{Value: string(m), Label: m.Name()})
	}
	return all
}

// moduleHome is the page of a module that a setup link leads to.
var moduleHome = map[directory.Module]string{
	directory.ModuleMicrosoft: "microsoft.home", directory.ModuleSAML: "saml.home",
	directory.ModuleSCIM: "provisioning.home", directory.ModuleMobile: "mobile.home",
}

type none struct{}

// done leads on to a page and says so.
func done(c *console.Call, route, say string, pairs ...string) console.Done {
	return console.Done{To: c.Path(route, pairs...), Say: say}
}

type ctx = context.Context
