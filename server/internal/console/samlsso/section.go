package samlsso

import (
	"context"
	"embed"
	"io/fs"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

//go:embed templates/saml/*.html
var templates embed.FS

// Config is what the section is made of. All fields are required but Contact and
// Gallery.
type Config struct {
	Setup *signin.SAMLSetup
	Desk  *enforce.Desk
	// Contact says whom the administrators of a workspace ask to have enforcement
	// lifted, and where; both may be "". Nil means that nobody is named.
	Contact func(ctx context.Context, workspace string) (who, url string, err error)
	// Gallery is the name of the application in Microsoft Entra's gallery. "", as
	// long as there is no listing, hides that way (row A14).
	Gallery string
	// Brand is what the application is suggested to be called: see
	// directory.AppName.
	Brand string
}

// Section is the pages about SAML. It is safe for concurrent use.
type Section struct{ cfg Config }

// New makes the section.
func New(c Config) *Section { return &Section{c} }

// Templates are those of the pages.
func (*Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

// Who may look, who may set up, and who may switch it on for everybody.
var (
	looks   = console.Access{Role: console.Viewer, Module: directory.ModuleSAML}
	sets    = console.Access{Role: console.ITAdmin, Module: directory.ModuleSAML}
	decides = console.Access{Role: console.Admin, Module: directory.ModuleSAML}
	// proves is decides with a fresh proof of who it is.
	proves = console.Access{Role: console.Admin, Module: directory.ModuleSAML, StepUp: true}
)

const root = "/workspaces/{ws}/saml"

// Routes are the pages and acts.
func (s *Section) Routes() []console.Route {
	return []console.Route{
		console.Page("saml.home", root, looks, s.home),
		console.Page("saml.start", root+"/start", looks, s.start),
		console.Page("saml.application", root+"/application", looks, s.application),
		console.Act("saml.application.save", root+"/application", sets, s.saveApplication).On("saml.application"),
		console.Page("saml.assign", root+"/assign", looks, s.assign),
		console.Act("saml.assign.done", root+"/assign", sets, s.saveAssigned).On("saml.assign"),
		console.Page("saml.basic", root+"/basic", looks, s.basic),
		console.Act("saml.basic.save", root+"/basic", sets, s.saveBasic).On("saml.basic"),
		console.Page("saml.claims", root+"/claims", looks, s.claims),
		console.Act("saml.claims.save", root+"/claims", sets, s.saveClaims).On("saml.claims"),
		console.Page("saml.certificates", root+"/certificates", looks, s.certificates),
		console.Act("saml.metadata.get", root+"/metadata", sets, s.getMetadata).On("saml.certificates"),
		console.Act("saml.manual.save", root+"/manual", sets, s.saveManual).On("saml.certificates"),
		console.Page("saml.values", root+"/values", looks, s.values),
		console.Act("saml.values.save", root+"/values", sets, s.saveValues).On("saml.values"),
		console.Page("saml.test", root+"/test", looks, s.test),
		console.Act("saml.test.new", root+"/test", sets, s.newTest).On("saml.test"),
		console.Page("saml.enable", root+"/enable", looks, s.enable),
		console.Act("saml.enable.confirm", root+"/enable", proves, s.confirmEnable).On("saml.enable"),
		console.Act("saml.allow", root+"/allow", decides, s.allow).On("saml.enable"),
		console.Page("saml.cancel", root+"/cancel", looks, s.cancel),
		console.Act("saml.cancel.confirm", root+"/cancel", sets, s.confirmCancel).On("saml.cancel"),
		console.Act("saml.keep", root+"/keep", sets, s.keep).On("saml.home"),
		console.Page("saml.off", root+"/off", looks, s.off),
		console.Act("saml.off.confirm", root+"/off", decides, s.confirmOff).On("saml.off"),
		console.Page("saml.remove", root+"/remove", looks, s.remove),
		console.Act("saml.remove.confirm", root+"/remove", proves, s.confirmRemove).On("saml.remove"),
		console.Page("saml.settings", root+"/settings", looks, s.settings),
		console.Act("saml.settings.save", root+"/settings", sets, s.saveSettings).On("saml.settings"),
		console.Act("saml.refresh", root+"/refresh", sets, s.refresh).On("saml.home"),
		console.Act("saml.agree", root+"/agree", decides, s.agree).On("saml.home"),
		console.Act("saml.key.add", root+"/keys", sets, s.addKey).On("saml.home"),
		console.Download("saml.key.download", root+"/keys/{use}", looks, s.downloadKey),
	}
}
