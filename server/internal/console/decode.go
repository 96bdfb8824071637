package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/schema"
	"github.com/lanyard-sso/lanyard/problem"
)

const (
	// maxForm is how many bytes a form or a JSON body without a file has.
	maxForm = 1 << 20
	// proofs are the fields that the framework itself reads.
	proofs = "stepup_"
)

// Fault is what is wrong with one field of an input.
type Fault struct {
	// Field is its name, as in the form.
	Field string
	Err   error
}

func (f Fault) Error() string { return f.Field + ": " + f.Err.Error() }

// Unwrap returns what is wrong.
func (f Fault) Unwrap() error { return f.Err }

// Faults are several.
type Faults []Fault

func (f Faults) Error() string {
	all := make([]string, len(f))
	for i, one := range f {
		all[i] = one.Error()
	}
	return strings.Join(all, "; ")
}

// Unwrap returns them one by one.
func (f Faults) Unwrap() []error {
	all := make([]error, len(f))
	for i, one := range f {
		all[i] = one
	}
	return all
}

// Or returns the faults as an error, or nil where there are none.
func (f Faults) Or() error {
	switch len(f) {
	case 0:
		return nil
	case 1:
		return f[0]
	}
	return f
}

// Bad is a fault of a field, of the code [problem.FieldBad] with a sentence.
func Bad(field, format string, args ...any) Fault {
	return Fault{Field: field, Err: problem.Detailf(problem.FieldBad, format, args...)}
}

// faultsOf finds the faults in an error.
func faultsOf(err error) []Fault {
	var all Faults
	var one Fault
	switch {
	case errors.As(err, &all):
		return all
	case errors.As(err, &one):
		return []Fault{one}
	}
	return nil
}

// posted is what a request brought.
type posted struct {
	values url.Values
	files  map[string]Upload
}

// without returns p without the fields that prove who it is.
func (p posted) without() posted {
	v := maps.Clone(p.values)
	maps.DeleteFunc(v, func(name string, _ []string) bool { return strings.HasPrefix(name, proofs) })
	return posted{values: v, files: p.files}
}

// receive reads the body of a request: a form, or where there is JSON, one flat
// object.
func receive(w http.ResponseWriter, r *http.Request, in reflect.Type) (posted, error) {
	most := largest(in)
	limit := min(most+most/2, MaxUpload) + maxForm // in JSON, files are longer
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return receiveJSON(r.Body)
	case "multipart/form-data":
		return receiveFiles(r)
	case "application/x-www-form-urlencoded", "":
		if err := r.ParseForm(); err != nil {
			return posted{}, unreadable(err)
		}
		return posted{values: r.PostForm}, nil
	}
	return posted{}, problem.Detailf(problem.BadRequest, "The Content-Type must be that of a form, or application/json.")
}

func receiveFiles(r *http.Request) (posted, error) {
	// All is kept in memory: what is uploaded here is never written to a disk.
	if err := r.ParseMultipartForm(MaxUpload + maxForm); err != nil {
		return posted{}, unreadable(err)
	}
	p := posted{values: url.Values(r.MultipartForm.Value), files: map[string]Upload{}}
	r.PostForm = p.values
	for name, headers := range r.MultipartForm.File {
		if len(headers) == 0 || headers[0].Size == 0 && headers[0].Filename == "" {
			continue
		}
		f, err := headers[0].Open()
		if err != nil {
			return posted{}, unreadable(err)
		}
		data := make([]byte, headers[0].Size)
		_, err = io.ReadFull(f, data)
		if err := errors.Join(err, f.Close()); err != nil {
			return posted{}, unreadable(err)
		}
		p.files[name] = Upload{Name: headers[0].Filename, Data: data}
	}
	return p, nil
}

func unreadable(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return problem.Wrap(problem.TooLarge, fmt.Errorf("more than %d bytes", big.Limit))
	}
	return problem.Wrap(problem.BadRequest, fmt.Errorf("reading the form: %w", err))
}

// receiveJSON turns a flat JSON object into what a form would have brought, so
// that both mean the same. Files are objects with name and data.
func receiveJSON(body io.Reader) (posted, error) {
	p := posted{values: url.Values{}, files: map[string]Upload{}}
	data, err := io.ReadAll(body)
	if err != nil {
		return p, unreadable(err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return p, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var all map[string]json.RawMessage
	if err := d.Decode(&all); err != nil {
		return p, problem.Detailf(problem.BadRequest, "The body is not a JSON object.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return p, problem.Detailf(problem.BadRequest, "There is something after the JSON object.")
	}
	for name, member := range all {
		if err := p.add(name, member); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p posted) add(name string, member json.RawMessage) error {
	wrong := Fault{name, problem.Detailf(problem.BadRequest, "The member %.60q has the wrong type.", name)}
	switch member[0] {
	case 'n': // null is as if it were not there
		return nil
	case '{':
		var u Upload
		if err := json.Unmarshal(member, &u); err != nil {
			return wrong
		}
		p.files[name] = u
		return nil
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(member, &items); err != nil {
			return wrong
		}
		p.values[name] = []string{}
		for _, item := range items {
			s, ok := plain(item)
			if !ok {
				return wrong
			}
			p.values[name] = append(p.values[name], s)
		}
		return nil
	}
	s, ok := plain(member)
	if !ok {
		return wrong
	}
	p.values.Set(name, s)
	return nil
}

// plain is a string, a number or a boolean as a form would have it.
func plain(member json.RawMessage) (string, bool) {
	if len(member) == 0 || strings.ContainsRune("{[n", rune(member[0])) {
		return "", false
	}
	if member[0] != '"' {
		return string(member), true
	}
	var s string
	err := json.Unmarshal(member, &s)
	return s, err == nil
}

var upload = reflect.TypeFor[Upload]()

// fieldName is the name of a field of an input; "" where it has none.
func fieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

// newDecoder returns what reads forms. It caches what it learns of types, and is
// safe for concurrent use.
func newDecoder() *schema.Decoder {
	d := schema.NewDecoder()
	d.SetAliasTag("json")
	d.ZeroEmpty(true)
	d.MaxSize(10_000)
	d.RegisterConverter(time.Duration(0), func(s string) reflect.Value {
		v, err := ParseDuration(s)
		if err != nil {
			return reflect.Value{}
		}
		return reflect.ValueOf(v)
	})
	return d
}

// ParseDuration is [time.ParseDuration] that also takes days: 90d. What is empty
// is zero.
func ParseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < -36_500 || n > 36_500 {
			return 0, fmt.Errorf("%.20q is no number of days", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	if s == "" {
		return 0, nil
	}
	return time.ParseDuration(s)
}

// fieldLike is how fields are called.
var fieldLike = regexp.MustCompile(`^[a-z][a-z_]{0,39}$`)

// fill puts what came into the input that v points to. strict refuses fields
// that it does not have. Names of the path stand above all else.
func (p posted) fill(d *schema.Decoder, v any, path map[string]string, strict bool) error {
	t := reflect.TypeOf(v).Elem()
	values := url.Values{}
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		name := fieldName(f)
		switch {
		case name == "":
		case f.Type == upload:
			known[name] = true
			if u, ok := p.files[name]; ok {
				if int64(len(u.Data)) > mostOf(f) {
					return Fault{name, problem.Wrap(problem.TooLarge, fmt.Errorf("%d bytes", len(u.Data)))}
				}
				reflect.ValueOf(v).Elem().FieldByIndex(f.Index).Set(reflect.ValueOf(u))
			}
		default:
			known[name] = true
			if in, ok := p.values[name]; ok {
				values[name] = in
			}
			if in, ok := path[name]; ok {
				values[name] = []string{in}
			}
		}
	}
	if strict {
		for _, name := range slices.Sorted(maps.Keys(p.values)) {
			if known[name] {
				continue
			}
			if !fieldLike.MatchString(name) { // a body that is no form is all name, with its secrets
				return problem.New(problem.FieldUnknown)
			}
			return problem.Detailf(problem.FieldUnknown, "It is called %q.", name)
		}
	}
	if err := d.Decode(v, values); err != nil {
		return misread(err)
	}
	return nil
}

// misread says which fields could not be read.
func misread(err error) error {
	var many schema.MultiError
	if !errors.As(err, &many) {
		return problem.Wrap(problem.FieldBad, err)
	}
	var all Faults
	for _, name := range slices.Sorted(maps.Keys(many)) {
		all = append(all, Bad(name, "It is not of the kind that is asked for: a number, a duration such as 12h or 90d, yes or no."))
	}
	return all.Or()
}
