package console

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Section is a part of the console: its pages and acts.
type Section interface {
	Routes() []Route
	// Templates are the files that the Heads of its pages name. Each defines
	// "main".
	Templates() fs.FS
	// Examples are its pages, empty and full, for those who look at all of them.
	Examples() []Example
}

// Example is a page with all that it shows.
type Example struct {
	// Name is unique among all examples: "people/list full".
	Name string
	View View
	// Me is who looks. The zero Me is an owner of the workspace.
	Me Principal
	// Nobody: whoever looks is not signed in.
	Nobody bool
	// Err is shown on the page where it is set.
	Err error
}

// View is what a page shows: a struct, which is also its JSON.
type View interface{ Head() Head }

// Head is what every page has.
type Head struct {
	Title string
	// Template is the file that draws it, by its path in Templates.
	Template string
	// Nav is the key of the lit entry of the navigation: see nav.go.
	Nav    string
	Crumbs []Link
	// Plain leaves the navigation out: signing in, what a setup link opens.
	Plain bool
	// Server is set where the page belongs to no workspace.
	Server bool
}

// Link is a text that leads somewhere.
type Link struct{ Text, To string }

// Done is what an act answers that leads on to a page. Others embed it.
type Done struct {
	// To is where a browser goes on, as [Call.Path] writes it.
	To string `json:"-"`
	// Say is a sentence about what was done, shown there.
	Say string `json:"say,omitempty"`
}

func (d Done) done() Done { return d }

// onward is what embeds Done.
type onward interface{ done() Done }

// File is something to download.
type File struct {
	// Name is what it is called, Type its media type.
	Name, Type string
	Data       []byte
	// Inline shows it in the page rather than saving it: a picture.
	Inline bool
}

// Upload is a file that somebody sends: at most MaxUpload bytes, or as many as the
// tag "most" of its field says. In JSON, Data is in base64.
type Upload struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// MaxUpload is how many bytes of files a request may bring.
const MaxUpload = 64 << 20

// kind is what a route is for.
type kind int

const (
	page kind = iota
	act
	download
	raw
)

// Route is a page or an act.
type Route struct {
	// Name is what the audit log, the JSON API and commands call it:
	// "people.restore".
	Name string
	// Method is GET or POST.
	Method string
	// Path is that below /admin, with {names}.
	Path string
	// Access is who may.
	Access Access

	kind      kind
	on        string
	unaudited bool
	in, out   reflect.Type
	run       func(context.Context, *Call, func(any) error) (any, error)
	serve     func(http.ResponseWriter, *http.Request, *Call) error
}

// Mutates says whether it is an act.
func (r Route) Mutates() bool { return r.Method == http.MethodPost }

// Audited says whether the framework writes an entry into the audit log for it.
func (r Route) Audited() bool { return r.kind == act && !r.unaudited }

// On names the page that is shown again where the act is refused, with what was
// entered. It has the same names in its path.
func (r Route) On(page string) Route {
	r.on = page
	return r
}

// Unaudited leaves an act out of the audit log: one that changes nothing but the
// look of a page, or that writes its own entry.
func (r Route) Unaudited() Route {
	r.unaudited = true
	return r
}

// Page is a route that shows what f returns. In is read from the path and the
// query.
func Page[In any, Out View](name, path string, a Access, f func(context.Context, *Call, In) (Out, error)) Route {
	if a.StepUp {
		panic("console: page " + name + " asks for a proof; only acts may")
	}
	return made[In, Out](Route{Name: name, Method: http.MethodGet, Path: path, Access: a, kind: page}, f)
}

// Act is a route that does something. In is read from the path and the form, or
// from JSON.
func Act[In, Out any](name, path string, a Access, f func(context.Context, *Call, In) (Out, error)) Route {
	return made[In, Out](Route{Name: name, Method: http.MethodPost, Path: path, Access: a, kind: act}, f)
}

// Download is a route that answers with a file.
func Download[In any](name, path string, a Access, f func(context.Context, *Call, In) (File, error)) Route {
	return made[In, File](Route{Name: name, Method: http.MethodGet, Path: path, Access: a, kind: download}, f)
}

// Raw is a route that answers by itself, such as one that leads to another site.
// It is in no JSON API.
func Raw(name, method, path string, a Access, f func(http.ResponseWriter, *http.Request, *Call) error) Route {
	return Route{Name: name, Method: method, Path: path, Access: a, kind: raw, serve: f}
}

func made[In, Out any](r Route, f func(context.Context, *Call, In) (Out, error)) Route {
	r.in, r.out = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	if r.in.Kind() != reflect.Struct {
		panic(fmt.Sprintf("console: the input of %s is a %s, not a struct", r.Name, r.in))
	}
	r.run = func(ctx context.Context, c *Call, read func(any) error) (any, error) {
		var in In
		if err := read(&in); err != nil {
			return nil, err
		}
		return f(ctx, c, in)
	}
	return r
}

// names are those in braces in a path.
func names(path string) []string {
	var all []string
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			all = append(all, strings.TrimSuffix(strings.TrimSuffix(name, "}"), "..."))
		}
	}
	return all
}

// Callable says whether the JSON API and commands have the route.
func (r Route) Callable() bool { return r.kind != raw }

// Fields are the names of what the route takes, those of its path first.
func (r Route) Fields() []string {
	all := slices.DeleteFunc(names(r.Path), func(n string) bool { return n == "ws" })
	if r.in == nil {
		return all
	}
	for _, f := range reflect.VisibleFields(r.in) {
		if n := fieldName(f); n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

// TakesFile says whether a field of a route is a file.
func (o *Console) TakesFile(name, field string) bool {
	rt := o.routes[name]
	return rt.in != nil && slices.ContainsFunc(reflect.VisibleFields(rt.in), func(f reflect.StructField) bool {
		return f.Type == upload && fieldName(f) == field
	})
}

// IsDownload says whether the route answers with a file.
func (r Route) IsDownload() bool { return r.kind == download }
