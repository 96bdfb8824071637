// Package announce is the console's page "Announcement": it shows what people
// would be told, lets an administrator change it, shows whom it would go to, and
// what became of it (row C4).
//
// What is written, who is found and what is sent once is decided by
// server/internal/announce.
package announce

import (
	"embed"
	"errors"
	"io/fs"

	"github.com/lanyard-sso/lanyard/server/internal/announce"
	"github.com/lanyard-sso/lanyard/server/internal/console"
)

//go:embed templates
var templates embed.FS

// Section is the announcement's part of the console.
type Section struct{ desk *announce.Desk }

// New makes the section. It does no I/O.
func New(d *announce.Desk) *Section { return &Section{d} }

// Routes are its pages and acts.
func (s *Section) Routes() []console.Route {
	const root = "/workspaces/{ws}/announcement"
	viewer, itAdmin, admin := console.Access{Role: console.Viewer}, console.Access{Role: console.ITAdmin}, console.Access{Role: console.Admin}
	return []console.Route{
		console.Page("announce.home", root, viewer, s.home),
		console.Act("announce.save", root+"/save", itAdmin, s.save).On("announce.home"),
		console.Act("announce.discard", root+"/discard", itAdmin, s.discard).On("announce.home"),
		console.Download("announce.download", root+"/download", viewer, s.download),
		console.Page("announce.review", root+"/review", itAdmin, s.review),
		console.Act("announce.send", root+"/send", admin, s.send).On("announce.home"),
		console.Page("announce.log", root+"/log/{mail}", viewer, s.log),
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

// faulted shows a fault beside its field.
func faulted(err error) error {
	var f *announce.Fault
	if errors.As(err, &f) {
		return console.Fault{Field: f.Field, Err: f.Err}
	}
	return err
}
