package samlsso

import (
	"slices"

	"github.com/lanyard-sso/lanyard/server/internal/console"
)

// step is a page of the wizard.
type step struct {
	// id is also the end of its route's name.
	id string
	// title is Entra's own, with Entra's number where it has one; short is the
	// same among the others.
	title, short string
	// skippable: everything works without it.
	skippable bool
}

// steps are in Entra's order (row B4).
var steps = []step{
	{"start", "Before you start", "Before you start", true},
	{"application", "Create the enterprise application", "Create the application", false},
	{"assign", "Assign users and groups", "Users and groups", false},
	{"basic", "1 Basic SAML Configuration", "Part 1: Basic SAML Configuration", false},
	{"claims", "2 Attributes & Claims", "Part 2: Attributes & Claims", false},
	{"certificates", "3 SAML Certificates", "Part 3: SAML Certificates", false},
	{"values", "4 Set up", "Part 4: Set up", true},
	{"test", "5 Test single sign-on", "Part 5: Test", false},
	{"enable", "Enable single sign-on", "Enable", false},
}

func (s step) route() string { return "saml." + s.id }

// done says whether a step is done: by what is there, or by the word of whoever
// did it in Entra.
func (st state) done(id string) bool {
	switch id {
	case "start":
		return st.draft.Begun() || st.exists()
	case "certificates":
		return st.exists()
	case "test":
		return st.conn.TestedNow()
	case "enable":
		return st.enforced.Enforced
	case "application":
		if st.exists() { // its metadata is here
			return true
		}
	}
	if st.conn.TestedNow() { // which it could not be without the others
		return true
	}
	return slices.Contains(st.draft.Done, id) || st.exists() && !st.begun()
}

// position is the step to go on with: the first that is needed and not done.
func (st state) position() (id string, number, of int) {
	for i, s := range steps {
		if !st.done(s.id) && !s.skippable {
			return s.id, i + 1, len(steps)
		}
	}
	return steps[len(steps)-1].id, len(steps), len(steps)
}

// Wizard is what stands around every step.
type Wizard struct {
	Steps []console.Step `json:"steps"`
	// Number is which step it is, of Of.
	Number int `json:"number"`
	Of     int `json:"of"`
	// Version is the draft's, Seen names the connection: a form sends both back.
	Version int64  `json:"version"`
	Seen    string `json:"seen"`
	// Live: people sign in by the connection already.
	Live bool `json:"live"`
	// Locked: whoever looks may not change it.
	Locked bool `json:"-"`
	// AppName is what the application is called in Entra.
	AppName string `json:"app_name"`
	// Workspace is the ID, which other products call workspace ID or firm ID.
	Workspace string `json:"workspace"`
	// Begun: there is something to cancel.
	Begun    bool   `json:"begun"`
	Previous string `json:"-"`
	Next     string `json:"-"`
	// Onward: the step is done, so that going on is what to do next.
	Onward bool `json:"-"`

	id string
}

// wizard is what stands around a step.
func (st state) wizard(c *console.Call, id string) Wizard {
	w := Wizard{
		Of: len(steps), Version: st.draft.Version, Seen: st.seen(), Live: st.live(), Locked: st.open(c) != nil,
		AppName: st.appName(), Workspace: st.ws.ID, Begun: st.begun(), id: id,
	}
	for i, s := range steps {
		one := console.Step{Title: s.short, To: c.Path(s.route()), State: "todo"}
		switch {
		case s.id == id:
			one.State, w.Number = "now", i+1
			if i > 0 {
				w.Previous = c.Path(steps[i-1].route())
			}
			if i+1 < len(steps) {
				w.Next = c.Path(steps[i+1].route())
			}
		case st.done(s.id):
			one.State = "done"
		}
		w.Steps = append(w.Steps, one)
	}
	return w
}

// head is that of a step's page.
func (w Wizard) head() console.Head {
	i := slices.IndexFunc(steps, func(s step) bool { return s.id == w.id })
	title := steps[i].title
	if w.id == "values" {
		title += " " + w.AppName
	}
	if w.id == "test" {
		title += " with " + w.AppName
	}
	return console.Head{Title: title, Template: "saml/" + w.id + ".html", Nav: "saml"}
}

// form is what every form of the wizard sends back.
type form struct {
	Version int64  `json:"version"`
	Seen    string `json:"seen"`
}

// after leads on to the step after one.
func after(c *console.Call, id, say string) console.Done {
	i := slices.IndexFunc(steps, func(s step) bool { return s.id == id })
	return console.Done{To: c.Path(steps[min(i+1, len(steps)-1)].route()), Say: say}
}
