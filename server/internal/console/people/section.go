// Package people shows the people and groups of a workspace in the console: who
// there is, what happened to each, why they can or can't sign in, and what an
// administrator can do about it.
//
// It decides how they are found, shown and asked for. What is done to people is
// decided by server/internal/people, what happened to them is told by timeline.
package people

import (
	"embed"
	"io/fs"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/people"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

//go:embed all:templates
var templates embed.FS

// Config is what the section needs. Fields without a comment are required.
type Config struct {
	Store *store.Store
}

// Section is the part of the console about people.
type Section struct{ cfg Config }

// New makes the section. It does no I/O.
func New(c Config) *Section { return &Section{c} }

// desk is where people are looked after, at the time of a call.
func (s *Section) desk(c *console.Call) people.Desk {
	return people.Desk{Store: s.cfg.Store, Now: func() time.Time { return c.Now }}
}

const (
	below  = "/workspaces/{ws}"
	person = below + "/people/{id}"
)

// Routes are its pages and acts.
func (s *Section) Routes() []console.Route {
	looks := console.Access{Role: console.Viewer}
	helps := console.Access{Role: console.ITAdmin}
	rules := console.Access{Role: console.Admin, StepUp: true}
	return []console.Route{
		console.Page("people.list", below+"/people", looks, s.list),
		console.Page("people.show", person, looks, s.show),
		console.Page("people.timeline", person+"/timeline", looks, s.timeline),
		console.Page("people.access", person+"/access", looks, s.access),
		console.Page("people.suspending", person+"/suspend", helps, s.suspending),
		console.Act("people.suspend", person+"/suspend", helps, s.suspend).On("people.suspending"),
		console.Act("people.restore", person+"/restore", helps, s.restore).On("people.show"),
		console.Act("people.role", person+"/role", rules, s.role).On("people.show"),
		console.Act("people.regrant", person+"/regrant", rules, s.regrant).On("people.show"),
		console.Act("people.signout", person+"/signout", helps, s.signOut).On("people.show"),
		console.Act("people.signoutone", person+"/sessions/{session}/end", helps, s.signOutOne),
		console.Page("people.unlinking", person+"/unlink", console.Access{Role: console.Admin}, s.unlinking),
		console.Act("people.unlink", person+"/unlink", rules, s.unlink).On("people.unlinking"),

		console.Page("people.groups", below+"/groups", looks, s.groups),
		console.Page("people.group", below+"/groups/{group}", looks, s.group),
		console.Page("people.roles", below+"/roles", looks, s.roles),
		console.Act("people.addrule", below+"/roles", rules, s.addRule).On("people.roles"),
		console.Act("people.droprule", below+"/roles/remove", rules, s.dropRule).On("people.roles"),
		console.Act("people.raiserule", below+"/roles/raise", rules, s.raiseRule).On("people.roles"),
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
