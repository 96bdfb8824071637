// Package provisioning is the console's part for automatic user provisioning: the
// switch, what Entra is given to call us, the steps in Entra with what was seen of
// them, attribute mappings, who is in scope, the cycles that came, and who hears
// of failures. The server's own mail settings are here too.
//
// It decides what the pages show and which act does what. What a request of Entra
// makes of a person is decided by server/internal/provision, which credentials are
// good by the store, and how mail is sent by server/internal/notify.
package provisioning

import (
	"embed"
	"errors"
	"io/fs"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Config is what a Section needs. Fields without a comment are required.
type Config struct {
	Store *store.Store
	Post  *notify.Post
	// Try answers requests without doing them.
	Try *provision.Handler
	// People is the resource type of people, with the extensions of the
	// configuration. Nil means scim.Users.
	People *scim.ResourceType
	// Gallery is the name of the application in Microsoft Entra's gallery. "", as
	// long as it is not listed there, hides that way.
	Gallery string
	// Brand is what the application is suggested to be called: see
	// directory.AppName.
	Brand string
	// LoopbackIssuers accepts issuers of federation on loopback, for trying out.
	LoopbackIssuers bool
}

// Section is the console's part for provisioning. Use [New].
type Section struct{ cfg Config }

// New makes a Section. It does no I/O.
func New(c Config) *Section {
	if c.People == nil {
		c.People = scim.Users()
	}
	return &Section{c}
}

//go:embed all:templates
var templates embed.FS

// Templates are the pages' files.
func (*Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

// looks and acts are who may look and who may change, setup links included.
var (
	looks = console.Access{Role: console.Viewer, Module: directory.ModuleSCIM}
	acts  = console.Access{Role: console.ITAdmin, Module: directory.ModuleSCIM}
	// grave is for what takes access from people, or lets removals pass.
	grave = console.Access{Role: console.Admin, StepUp: true}
)

const root = "/workspaces/{ws}/provisioning"

// Routes are the pages and acts.
func (s *Section) Routes() []console.Route {
	return []console.Route{
		console.Page("provisioning.home", root, looks, s.home),
		console.Act("provisioning.enable", root+"/enable", acts, s.enable).On("provisioning.home"),
		console.Page("provisioning.stop", root+"/disable", looks, s.stop),
		console.Act("provisioning.disable", root+"/disable", acts, s.disable).On("provisioning.stop"),
		console.Act("provisioning.alarm", root+"/alarm", console.Access{Role: console.Admin}, s.setAlarm).On("provisioning.home"),
		console.Act("provisioning.hold", root+"/hold", console.Access{Role: console.ITAdmin}, s.hold).On("provisioning.home"),
		console.Act("provisioning.release", root+"/release", grave, s.release).On("provisioning.home"),

		console.Page("provisioning.credentials", root+"/credentials", looks, s.credentials),
		console.Act("provisioning.token.create", root+"/tokens", acts, s.createToken).On("provisioning.credentials"),
		console.Act("provisioning.token.rotate", root+"/tokens/{id}/rotate", acts, s.rotateToken).On("provisioning.credential"),
		console.Act("provisioning.token.revoke", root+"/tokens/{id}/revoke", acts, s.revokeToken).On("provisioning.credential"),
		console.Page("provisioning.credential", root+"/tokens/{id}", looks, s.token),
		console.Act("provisioning.client.create", root+"/clients", acts, s.createClient).On("provisioning.credentials"),
		console.Page("provisioning.client", root+"/clients/{id}", looks, s.client),
		console.Act("provisioning.client.revoke", root+"/clients/{id}/revoke", acts, s.revokeClient).On("provisioning.client"),
		console.Act("provisioning.client.secret", root+"/clients/{id}/secrets", acts, s.addSecret).On("provisioning.client"),
		console.Act("provisioning.client.secret.revoke", root+"/clients/{id}/secrets/{secret}/revoke", acts, s.revokeSecret),
		console.Act("provisioning.client.federate", root+"/clients/{id}/federation", acts, s.federate).On("provisioning.client"),

		console.Page("provisioning.setup", root+"/setup", looks, s.setup),
		console.Page("provisioning.mapping", root+"/mapping", looks, s.mapping),
		console.Download("provisioning.mapping.export", root+"/mapping/schema.json", looks, s.exportMapping),
		console.Act("provisioning.mapping.check", root+"/mapping", acts, s.checkMapping).On("provisioning.mapping").Unaudited(),

		console.Page("provisioning.scope", root+"/scope", looks, s.scope),
		console.Act("provisioning.scope.save", root+"/scope", acts, s.saveScope).On("provisioning.scope"),
		console.Act("provisioning.rules.save", root+"/scope/rules", console.Access{Role: console.Admin}, s.saveRules).On("provisioning.scope"),
		console.Act("provisioning.scope.try", root+"/scope/try", acts, s.tryScope).On("provisioning.scope").Unaudited(),

		console.Page("provisioning.sync", root+"/sync", looks, s.sync),
		console.Page("provisioning.log", root+"/log", looks, s.log),
		console.Page("provisioning.request", root+"/log/{id}", looks, s.request),
		console.Act("provisioning.try", root+"/try", acts, s.try).Unaudited(),

		console.Page("provisioning.notifications", root+"/notifications", looks, s.notifications),
		console.Act("provisioning.notifications.save", root+"/notifications", acts, s.saveNotifications).On("provisioning.notifications"),
		console.Act("provisioning.notifications.test", root+"/notifications/test", acts, s.testNotifications).On("provisioning.notifications"),

		console.Page("notify.home", "/mail", console.Access{Role: console.ServerOwner}, s.mail),
		console.Act("notify.set", "/mail", console.Access{Role: console.ServerOwner, StepUp: true}, s.setMail).On("notify.home"),
		console.Act("notify.test", "/mail/test", console.Access{Role: console.ServerOwner}, s.testMail).On("notify.home"),
	}
}

// tab is an entry of the pages' own navigation.
type tab struct {
	Text, Route string
	Lit         bool
}

var allTabs = []tab{
	{"Overview", "provisioning.home", false},
	{"URL and tokens", "provisioning.credentials", false},
	{"Steps in Entra", "provisioning.setup", false},
	{"Mappings", "provisioning.mapping", false},
	{"Scope and roles", "provisioning.scope", false},
	{"Sync", "provisioning.sync", false},
	{"Notifications", "provisioning.notifications", false},
}

// tabs is what every page of provisioning has.
type tabs struct{ at string }

// Tabs are the entries, of which one is lit.
func (t tabs) Tabs() []tab {
	all := append([]tab{}, allTabs...)
	for i := range all {
		all[i].Lit = all[i].Route == t.at
	}
	return all
}

// head is that of a page of provisioning.
func (t tabs) head(title, file string, crumbs ...console.Link) console.Head {
	return console.Head{Title: title, Template: "provisioning/" + file + ".html", Nav: "provisioning", Crumbs: crumbs}
}

// tenantURL is what Entra is given.
func tenantURL(c *console.Call) string {
	return c.Public.JoinPath("scim", "v2", c.Workspace.ID).String()
}

// gone says that something named in a path is not the workspace's, or not any
// more.
func gone(err error, code problem.Code) error {
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(code, err)
	}
	return err
}
