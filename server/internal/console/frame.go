package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

//go:embed templates
var templates embed.FS

// Frame is what a template is given: the page, and what stands around it.
type Frame struct {
	// P is the page.
	P    View
	Head Head
	Me   Principal
	// Workspace is the one of the page; its ID is "" where there is none.
	Workspace directory.Workspace
	Now       time.Time
	// Problem is set where an act was refused, and Said where one was done.
	Problem *Shown
	Said    string
	// Detail is the problem's, where the page is one.
	Detail string
	// Environment is what the workspace is where it is not in production.
	Environment string
	Nav         []NavGroup
	// Theme is light, dark, or "" for what the system says.
	Theme   string
	Version string
	// Here is the address of the page, to come back to.
	Here string

	entered url.Values // nil where nothing was
	faults  map[string]*Shown
	call    *Call
}

// Shown is a problem as a page shows it.
type Shown struct {
	Code     problem.Code
	Sentence string
	Detail   string
	Next     string
	Who      problem.Who
	// Correlation is what the log calls the request.
	Correlation string
	// Faults are those of single fields, with the fields' ids.
	Faults []FaultShown
	// Theirs is the page as somebody else stored it meanwhile, where that is what is
	// wrong.
	Theirs string
}

// Words says what is wrong with a field, in one go.
func (s *Shown) Words() string {
	if s.Code == problem.FieldBad && s.Detail != "" {
		return s.Detail
	}
	words := s.Sentence
	if s.Detail != "" {
		words += " " + s.Detail
	}
	return words + " " + s.Next
}

// FaultShown is what is wrong with a field.
type FaultShown struct {
	Field string
	*Shown
}

// ShownOf is err as a page shows it; nil where it is nil.
func ShownOf(ctx context.Context, err error) *Shown {
	if err == nil {
		return nil
	}
	code, text := problem.Of(err)
	s := &Shown{
		Code: code, Sentence: text.Sentence, Detail: problem.DetailOf(err), Next: text.Next, Who: text.Who,
		Correlation: api.TraceOf(ctx).CorrelationID,
	}
	for _, f := range faultsOf(err) {
		code, text := problem.Of(f.Err)
		s.Faults = append(s.Faults, FaultShown{f.Field, &Shown{Code: code, Sentence: text.Sentence, Detail: problem.DetailOf(f.Err), Next: text.Next, Who: text.Who}})
	}
	if n := len(s.Faults); n > 1 { // each is named below, the first as well
		s.Sentence, s.Detail, s.Next = fmt.Sprintf("%d things have to be mended.", n), "", "What you entered is still in the form. Mend each, and send it again."
	}
	return s
}

func (o *Console) frame(ctx context.Context, c *Call, v View, s shown) *Frame {
	f := &Frame{
		P: v, Head: v.Head(), Me: c.Me, Workspace: c.Workspace, Now: c.Now, Said: s.flash,
		Problem: ShownOf(ctx, s.err), entered: s.entered, call: c, Version: o.cfg.Version, faults: map[string]*Shown{},
	}
	if _, is := v.(problemPage); is {
		f.Detail, f.Problem = f.Problem.Detail, nil
	}
	if f.Problem != nil {
		if changed := (*clash)(nil); errors.As(s.err, &changed) {
			f.Problem.Theirs = s.page
		}
		for _, fault := range f.Problem.Faults {
			f.faults[fault.Field] = fault.Shown
		}
	}
	f.Here = f.Root() + "/"
	if r := c.Request; r != nil {
		f.Here = r.URL.RequestURI()
		f.Theme = theme(r, c)
	}
	if c.Workspace.ID != "" && o.cfg.Environment != nil {
		name, err := o.cfg.Environment(ctx, c.Workspace.ID)
		if err != nil && !errors.Is(err, context.Canceled) {
			o.cfg.Log.ErrorContext(ctx, "the workspace's environment could not be read", "error", err)
		}
		f.Environment = name
	}
	if !f.Head.Plain {
		f.Nav = navigation(c, f.Head.Nav)
	}
	return f
}

// Path is [Call.Path] for templates.
func (f *Frame) Path(route string, pairs ...string) (string, error) { return f.path(route, pairs) }

func (f *Frame) path(route string, pairs []string) (to string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	return f.call.Path(route, pairs...), nil
}

// May is [Call.May] for templates.
func (f *Frame) May(route string) bool { return f.call.May(route) }

// Has is [Call.Has] for templates.
func (f *Frame) Has(route string) bool { return f.call.Has(route) }

// Root is the path of the console.
func (f *Frame) Root() string { return f.call.Console.Path }

// Static is the path of one of the console's own files.
func (f *Frame) Static(file string) string {
	return f.call.Console.Path + "/static/" + file + "?" + staticVersion
}

// Entered is what was entered in a field of a form that was refused, or value.
func (f *Frame) Entered(name string, value any) any {
	if f.entered == nil {
		return value
	}
	if v, ok := f.entered[name]; ok && len(v) > 0 {
		return v[0]
	}
	if _, is := value.(bool); is {
		return false // a box that was not ticked is not sent
	}
	return value
}

// Chosen says whether value is among those entered for a field with several, or
// among set where nothing was entered.
func (f *Frame) Chosen(name, value string, set []string) bool {
	if f.entered != nil {
		set = f.entered[name]
	}
	for _, v := range set {
		if v == value {
			return true
		}
	}
	return false
}

// Fault is what is wrong with a field, or nil.
func (f *Frame) Fault(name string) *Shown { return f.faults[name] }

// Option is one of the choices of a field.
type Option struct{ Value, Label, Hint string }

// Step is one of a wizard's.
type Step struct {
	Title string `json:"title"`
	To    string `json:"-"`
	// State is todo, now, done or skipped.
	State string `json:"state"`
}

// Check is one thing that was looked at.
type Check struct {
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	// State is good, warn, bad or wait.
	State string `json:"state"`
	// Fix is what to do about it, and To where.
	Fix string `json:"fix,omitempty"`
	To  string `json:"-"`
}

// Pager leads to the pages of a long list.
type Pager struct {
	Previous string `json:"-"`
	Next     string `json:"-"`
	// Says is which part of the list is shown: "51–100".
	Says string `json:"says,omitempty"`
}

// baseTemplate is what every page has: the layout and the components.
func baseTemplate() (*template.Template, error) {
	t, err := template.New("console").Option("missingkey=zero").Funcs(functions()).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("console: the templates: %w", err)
	}
	return t, nil
}

// take takes in the templates of a section. Each is parsed when it is first drawn:
// most are not, before a server ends that was started for a command or a test.
func (o *Console) take(base func() (*template.Template, error), files fs.FS) error {
	if files == nil {
		return nil
	}
	all, err := fs.Glob(files, "*.html")
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	deeper, err := fs.Glob(files, "*/*.html")
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	shared := map[string][]string{} // what begins with _ is for the others of its folder
	for _, name := range append(all, deeper...) {
		dir, file := split(name)
		if strings.HasPrefix(file, "_") {
			shared[dir] = append(shared[dir], name)
		}
	}
	for _, name := range append(all, deeper...) {
		dir, file := split(name)
		if strings.HasPrefix(file, "_") {
			continue
		}
		if o.pages[name] != nil {
			return fmt.Errorf("console: two sections have a template %s", name)
		}
		o.pages[name] = sync.OnceValues(func() (*template.Template, error) {
			return parse(base, files, append(slices.Clone(shared[dir]), name))
		})
	}
	return nil
}

// parse makes the template of a page, whose own file is the last of names.
func parse(base func() (*template.Template, error), files fs.FS, names []string) (*template.Template, error) {
	t, err := base()
	if err != nil {
		return nil, err
	}
	if t, err = t.Clone(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		if _, err := t.New(name).Parse(string(text)); err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
	}
	if t.Lookup("main") == nil {
		return nil, fmt.Errorf("console: the template %s defines no main", names[len(names)-1])
	}
	return t, nil
}

// Parse parses every template there is, also of pages that nobody has opened yet:
// tests find there what is wrong with one.
func (o *Console) Parse() error {
	for _, page := range o.pages {
		if _, err := page(); err != nil {
			return err
		}
	}
	return nil
}

func split(name string) (dir, file string) {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

// draw draws a page.
func (o *Console) draw(w io.Writer, f *Frame) error {
	page := o.pages[f.Head.Template]
	if page == nil {
		return fmt.Errorf("console: there is no template %q", f.Head.Template)
	}
	t, err := page()
	if err != nil {
		return err
	}
	if err := t.ExecuteTemplate(w, "layout", f); err != nil {
		return fmt.Errorf("console: drawing %s: %w", f.Head.Template, err)
	}
	return nil
}
