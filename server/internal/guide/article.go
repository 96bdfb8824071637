package guide

import (
	"slices"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// Article is one page of the guide.
type Article struct {
	Module    directory.Module `json:"module"`
	Workspace string           `json:"workspace"`
	Title     string           `json:"title"`
	// Lead says in a sentence or two what it is about.
	Lead     string    `json:"lead"`
	Sections []Section `json:"sections"`
}

// Section is a part of an article under a heading.
type Section struct {
	// ID is the fragment that leads to it.
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Blocks []Block `json:"blocks"`
}

// Block is one piece of a section. Exactly one of its fields is set. No text in
// it is markup: the printers escape all of it.
type Block struct {
	Text   string   `json:"text,omitempty"`
	Notice string   `json:"notice,omitempty"`
	List   []string `json:"list,omitempty"`
	// Values are to be copied.
	Values []Value `json:"values,omitempty"`
	// Steps are numbered through the whole section.
	Steps    []register.Step `json:"steps,omitempty"`
	Table    *Table          `json:"table,omitempty"`
	Terms    []Term          `json:"terms,omitempty"`
	Troubles []Trouble       `json:"troubles,omitempty"`
	Links    []string        `json:"links,omitempty"`
}

// Value is something to copy into Entra, or what Entra shows.
type Value struct {
	// Label is Entra's name of the field, Also what others call it.
	Label string   `json:"label"`
	Also  []string `json:"also,omitempty"`
	// Value is never empty: where there is nothing yet, Missing says what to do.
	Value   string `json:"value,omitempty"`
	Missing string `json:"missing,omitempty"`
}

// Table is rows under a heading.
type Table struct {
	Head []string   `json:"head"`
	Rows [][]string `json:"rows"`
}

// Term is a word of the glossary, or a question, with what is to be said.
type Term struct {
	Word string `json:"word"`
	// Also are other names of the same.
	Also    []string `json:"also,omitempty"`
	Meaning string   `json:"meaning"`
}

// Titles are the names of the articles. Each begins as the administrators of
// other products know it.
var titles = map[directory.Module]string{
	directory.ModuleMicrosoft: "Sign-in with Microsoft",
	directory.ModuleSAML:      "Single sign-on with SAML",
	directory.ModuleSCIM:      "Provisioning with SCIM",
	directory.ModuleMobile:    "The app on phones",
}

// Title is what the article about a module is called.
func Title(m directory.Module) string { return titles[m] }

// Name is what the guide is called.
const Name = "Integrate with Microsoft Entra ID"

// The IDs of sections, in their order (row I6 asks for eight of them).
const (
	Introduction    = "introduction"
	Licensing       = "licensing"
	Roles           = "roles"
	Endpoints       = "endpoints"
	SetUp           = "set-up"
	Authentication  = "authentication"
	PilotTest       = "pilot"
	Limitations     = "limitations"
	Troubleshooting = "troubleshooting"
	Questions       = "questions"
	Glossary        = "glossary"
	Support         = "support"
)

// heading are the titles of the sections.
var headings = []struct{ id, title string }{
	{Introduction, "Introduction"},
	{Licensing, "Licensing"},
	{Roles, "Roles"},
	{Endpoints, "Endpoints and attributes"},
	{SetUp, "Set-up"},
	{Authentication, "Authentication and rotation"},
	{PilotTest, "Pilot test"},
	{Limitations, "Connector limitations"},
	{Troubleshooting, "Troubleshooting with error codes"},
	{Questions, "Questions and answers"},
	{Glossary, "Glossary"},
	{Support, "Support"},
}

// writer collects what is to be said under each heading.
type writer struct {
	Facts
	plan     register.Plan
	sections map[string][]Block
}

// Write writes the article about one module. An error says which stored value
// cannot be registered in Entra.
func Write(m directory.Module, f Facts) (Article, error) {
	o, err := PlanOptions(f.Workspace, f.SAML, f.Mobile, f.PublicURL)
	if err != nil {
		return Article{}, err
	}
	o.Name = directory.AppName(f.Brand, f.Workspace)
	plan, err := register.New(o)
	if err != nil {
		return Article{}, err
	}
	w := &writer{Facts: f, plan: plan.InConsole(), sections: map[string][]Block{}}
	a := Article{Module: m, Workspace: f.Workspace.ID, Title: Title(m)}
	switch m {
	case directory.ModuleMicrosoft:
		a.Lead = w.microsoft()
	case directory.ModuleSAML:
		a.Lead = w.saml()
	case directory.ModuleSCIM:
		a.Lead = w.scim()
	case directory.ModuleMobile:
		a.Lead = w.mobile()
	default:
		return Article{}, problem.Detailf(problem.NotFound, "There is no article about %.40q.", string(m))
	}
	w.shared(m)
	for _, h := range headings {
		if blocks := w.sections[h.id]; len(blocks) > 0 {
			a.Sections = append(a.Sections, Section{h.id, h.title, blocks})
		}
	}
	return a, nil
}

// Section returns a section by its ID.
func (a Article) Section(id string) (Section, bool) {
	i := slices.IndexFunc(a.Sections, func(s Section) bool { return s.ID == id })
	if i < 0 {
		return Section{}, false
	}
	return a.Sections[i], true
}

// add says something under a heading.
func (w *writer) add(section string, blocks ...Block) {
	w.sections[section] = append(w.sections[section], blocks...)
}

func (w *writer) say(section string, paragraphs ...string) {
	for _, p := range paragraphs {
		w.add(section, Block{Text: p})
	}
}

// or is a value, or why there is none yet.
func or(label, value, missing string, also ...string) Value {
	if value != "" {
		missing = ""
	}
	return Value{Label: label, Also: also, Value: value, Missing: missing}
}
