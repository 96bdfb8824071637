// Package microsoft is the console's pages of sign-in with Microsoft (row A15): the
// app's, with its app registration, and that of browsers, with a certificate or a
// client secret, a test sign-in and a switch; and those of employees' passwords,
// which it takes the place of.
//
// What may be set and what is kept is decided by server/internal/signin and
// server/internal/local.
package microsoft

import (
	"context"
	"embed"
	"io/fs"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/local"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

//go:embed templates
var templates embed.FS

// Config is all that the section is made of. All fields are required.
type Config struct {
	Store     *store.Store
	Setup     *signin.MicrosoftSetup
	Book      *local.Book
	PublicURL *url.URL
	Now       func() time.Time
	// Frozen says why nothing of a module can be changed, or nil.
	Frozen func(ctx context.Context, ws directory.Workspace, m directory.Module) error
	// Brand is what the application is suggested to be called: see
	// directory.AppName.
	Brand string
}

// Section is the part of the console about sign-in with Microsoft.
type Section struct{ cfg Config }

// New makes the section. It does no I/O.
func New(c Config) *Section { return &Section{c} }

// Routes are its pages and acts.
func (s *Section) Routes() []console.Route {
	const root = "/workspaces/{ws}/microsoft"
	m := directory.ModuleMicrosoft
	viewer, setUp, admin := console.Access{Role: console.Viewer, Module: m}, console.Access{Role: console.ITAdmin, Module: m}, console.Access{Role: console.Admin}
	return []console.Route{
		console.Page("microsoft.home", root, viewer, s.home),
		console.Page("microsoft.app", root+"/app", viewer, s.app),
		console.Act("microsoft.app.save", root+"/app", setUp, s.saveApp).On("microsoft.app"),
		console.Page("microsoft.web", root+"/web", viewer, s.web),
		console.Act("microsoft.web.save", root+"/web", setUp, s.saveWeb).On("microsoft.web"),
		console.Act("microsoft.certificate.new", root+"/web/certificates", setUp, s.newCertificate).On("microsoft.web"),
		console.Act("microsoft.certificate.use", root+"/web/certificates/use", setUp, s.useCertificate).On("microsoft.web"),
		console.Download("microsoft.certificate", root+"/web/certificates/{id}", viewer, s.certificate),
		console.Act("microsoft.secret.save", root+"/web/secret", setUp, s.saveSecret).On("microsoft.web"),
		console.Act("microsoft.test.new", root+"/test", setUp, s.newTest).On("microsoft.home"),
		console.Page("microsoft.test", root+"/test/{id}", viewer, s.test),
		console.Act("microsoft.jit", root+"/people", setUp, s.saveJIT).On("microsoft.home"),
		console.Act("microsoft.enable", root+"/enable", admin, s.enable).On("microsoft.home"),
		console.Act("microsoft.disable", root+"/disable", admin, s.disable).On("microsoft.home"),

		console.Page("passwords.home", "/workspaces/{ws}/passwords", console.Access{Role: console.Viewer}, s.passwords),
		console.Act("passwords.save", "/workspaces/{ws}/passwords", admin, s.savePasswords).On("passwords.home"),
		console.Act("passwords.invite", "/workspaces/{ws}/passwords/invite", admin, s.invite).On("passwords.home"),
		console.Act("passwords.drop", "/workspaces/{ws}/passwords/drop", admin, s.drop).On("passwords.home"),
	}
}

// Templates are the section's.
func (s *Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}
