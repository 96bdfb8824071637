// Package mobileapps is the pages of a workspace's apps for telephones and
// desktops: their IDs to copy into Microsoft Entra, what Entra shows to paste back,
// and the code that brings somebody's telephone to the workspace (rows G1 to G4).
//
// It decides what the pages show and in which order; what is right is
// server/internal/mobile's to say, and what stands in a built app builtapp's.
package mobileapps

import (
	"embed"
	"io/fs"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

//go:embed all:templates
var templates embed.FS

// Section is the pages of apps.
type Section struct {
	setup *mobile.Setup
	store *store.Store
}

// New makes the pages. st keeps what was confirmed beside what m registers.
func New(m *mobile.Setup, st *store.Store) *Section { return &Section{m, st} }

// Templates are the pages' files.
func (*Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return files
}

// Routes are the pages and acts. Whoever came by a setup link for the mobile apps
// may use all of them.
func (s *Section) Routes() []console.Route {
	const at = "/workspaces/{ws}/mobile"
	look := console.Access{Role: console.Viewer, Module: directory.ModuleMobile}
	enter := console.Access{Role: console.ITAdmin, Module: directory.ModuleMobile}
	return []console.Route{
		console.Page("mobile.home", at, look, s.home),
		console.Act("mobile.upload", at+"/upload", enter, s.upload).On("mobile.home"),
		console.Act("mobile.addios", at+"/add-ios", enter, s.addIOS).On("mobile.home"),
		console.Act("mobile.addandroid", at+"/add-android", enter, s.addAndroid).On("mobile.home"),
		console.Act("mobile.desktop", at+"/desktop", enter, s.desktop).On("mobile.home"),
		console.Page("mobile.ios", at+"/ios", look, s.ios),
		console.Act("mobile.redirect", at+"/ios", enter, s.redirect).On("mobile.ios"),
		console.Page("mobile.android", at+"/android", look, s.android),
		console.Act("mobile.msal", at+"/android", enter, s.msal).On("mobile.android"),
		console.Page("mobile.removing", at+"/remove", enter, s.removing),
		console.Act("mobile.remove", at+"/remove", enter, s.remove).On("mobile.removing"),
		console.Download("mobile.qr", at+"/qr.svg", look, s.qr),
	}
}
