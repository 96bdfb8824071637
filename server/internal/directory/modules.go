package directory

// Module is a part of what a workspace may use: each is set up, switched on and
// used without the others (row A6).
type Module string

// The modules.
const (
	ModuleMicrosoft Module = "microsoft" // sign-in with Microsoft, in the app and on the web
	ModuleSAML      Module = "saml"      // single sign-on with SAML
	ModuleSCIM      Module = "scim"      // provisioning
	ModuleMobile    Module = "mobile"    // the app on phones
)

// Modules are all of them, in the order in which they are shown.
var Modules = []Module{ModuleMicrosoft, ModuleSAML, ModuleSCIM, ModuleMobile}
