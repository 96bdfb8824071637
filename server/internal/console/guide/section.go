// Package guide shows the guide "Integrate with Microsoft Entra ID" in the
// console: its articles with the workspace's values, the glossary, and every
// error code there is, searchable.
//
// It decides how they are reached, copied and printed, and keeps how many people
// an article helped (row I5). What they say is decided by server/internal/guide,
// and what a pasted error means by explain.
package guide

import (
	"context"
	"embed"
	"io/fs"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/guide"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

//go:embed templates
var templates embed.FS

// Config is what the section needs. Fields without a comment are required.
type Config struct {
	Store *store.Store
	// Plan says what a workspace is entitled to. Nil means what is stored for it.
	Plan func(ctx context.Context, workspace string) (directory.Plan, error)
	// Brand is what the application is suggested to be called: see
	// directory.AppName.
	Brand string
}

// Section is the guide's part of the console.
type Section struct{ cfg Config }

// New makes the section. It does no I/O.
func New(c Config) *Section { return &Section{c} }

// Routes are its pages. Each article is a route of its own, so that whoever came
// by a setup link for a module reads that one and no other.
func (s *Section) Routes() []console.Route {
	viewer := console.Access{Role: console.Viewer}
	all := []console.Route{
		console.Page("guide.home", "/workspaces/{ws}/guide", viewer, s.home),
		console.Page("guide.glossary", "/workspaces/{ws}/guide/glossary", viewer, s.glossary),
		console.Page("guide.troubleshooting", "/workspaces/{ws}/guide/troubleshooting", viewer, s.troubleshooting),
	}
	for _, m := range directory.Modules() {
		of := console.Access{Role: console.Viewer, Module: m}
		all = append(all,
			console.Page(route(m), "/workspaces/{ws}/guide/"+string(m), of, s.article(m)),
			console.Download(route(m)+".download", "/workspaces/{ws}/guide/"+string(m)+"/download", of, s.download(m)))
	}
	return append(all, console.Act("guide.helpful", "/workspaces/{ws}/guide/helpful", console.Access{Role: console.ITAdmin}, s.helpful))
}

// route is the name of the page about a module.
func route(m directory.Module) string { return "guide." + string(m) }

// Templates are the section's.
func (s *Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

// read collects what an article says of the call's workspace.
func (s *Section) read(ctx context.Context, c *console.Call) (guide.Facts, error) {
	f, err := guide.Read(ctx, s.cfg.Store, c.Public, c.Workspace.ID, c.Now)
	f.Brand = s.cfg.Brand
	if err == nil && s.cfg.Plan != nil {
		f.Plan, err = s.cfg.Plan(ctx, c.Workspace.ID)
	}
	return f, err
}
