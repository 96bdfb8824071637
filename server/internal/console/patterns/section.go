// Package patterns shows every component of the console in every state, light and
// dark, for those who make pages (/admin/_patterns). Only a server for developers
// has it.
package patterns

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
)

//go:embed templates
var templates embed.FS

// Section is the page of patterns.
type Section struct{}

// Routes are the page, and an act that refuses what is entered.
func (Section) Routes() []console.Route {
	return []console.Route{
		console.Page("patterns.home", "/_patterns", console.Access{Role: console.SignedIn}, show),
		console.Act("patterns.try", "/_patterns", console.Access{Role: console.SignedIn}, try).On("patterns.home").Unaudited(),
	}
}

// Templates are the section's.
func (Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

// Examples are the page as it is, and with something refused.
func (Section) Examples() []console.Example {
	return []console.Example{
		{Name: "patterns", View: newPage(time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC))},
		{Name: "patterns refused", View: newPage(time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)), Err: refused()},
	}
}

// page is what the patterns are drawn from.
type page struct {
	Text    string           `json:"text"`
	At      time.Time        `json:"at"`
	Options []console.Option `json:"-"`
	Chosen  []string         `json:"-"`
	Steps   []console.Step   `json:"-"`
	Checks  []console.Check  `json:"-"`
	Pager   console.Pager    `json:"-"`
	Badges  []badge          `json:"-"`
	Themes  []string         `json:"-"`
}

// badge is a state with a word for it.
type badge struct{ State, Text string }

// Head is that of a page.
func (page) Head() console.Head {
	return console.Head{Title: "Patterns", Template: "patterns/home.html", Server: true}
}

func newPage(at time.Time) page {
	return page{
		Text: "Ada Lovelace", At: at, Chosen: []string{"a"}, Themes: []string{"light", "dark"},
		Options: []console.Option{{Value: "a", Label: "Everybody", Hint: "All who have access."}, {Value: "b", Label: "Members of groups"}},
		Steps: []console.Step{
			{Title: "Create the enterprise application", To: "#", State: "done"},
			{Title: "Basic SAML Configuration", To: "#", State: "done"},
			{Title: "Attributes & Claims", State: "now"},
			{Title: "App roles", State: "skipped"},
			{Title: "Test sign-in", State: "todo"},
			{Title: "Enable", State: "todo"},
		},
		Checks: []console.Check{
			{Title: "Connection established", Detail: "The metadata was read, and its certificate is valid for 1,058 days.", State: "good"},
			{Title: "The certificate ends soon", Detail: "It is valid for 12 days.", State: "warn", Fix: "Make a new one in SAML Certificates, and make it active."},
			{Title: "The audience is another", Detail: "Expected BTIQ, received https://sso.example.com/w/acme/saml/metadata.", State: "bad", Fix: "Correct Identifier (Entity ID) in Basic SAML Configuration.", To: "#"},
			{Title: "First request of Entra's", State: "wait", Detail: "Nothing has come yet."},
		},
		Pager:  console.Pager{Previous: "#", Next: "#", Says: "51–100 of 2,310"},
		Badges: []badge{{"good", "Enabled"}, {"info", "Tested"}, {"warn", "Draft"}, {"bad", "Broken"}, {"off", "Not configured"}},
	}
}

func show(_ context.Context, c *console.Call, _ struct{}) (page, error) { return newPage(c.Now), nil }

type tryInput struct {
	Email string   `json:"email"`
	Note  string   `json:"note"`
	Who   string   `json:"who"`
	On    bool     `json:"on"`
	Some  []string `json:"some"`
}

// try refuses whatever is entered, to show how that looks.
func try(context.Context, *console.Call, tryInput) (console.Done, error) {
	return console.Done{}, refused()
}

func refused() error {
	return console.Faults{
		console.Bad("email", "An address has an @ in it."), console.Bad("note", "It is empty."),
		console.Fault{Field: "who", Err: problem.Detailf(problem.FieldBad, "Choose one.")},
	}
}
