package consoletest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func multipartOf(t testing.TB, form url.Values, field, name string, data []byte) (kind string, body io.Reader) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for key, values := range form {
		for _, v := range values {
			if err := w.WriteField(key, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), &b
}

// attr is an attribute of an element; ok is false where it has none.
func attr(n *html.Node, name string) (value string, ok bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func value(n *html.Node, name string) string {
	v, _ := attr(n, name)
	return v
}

// find returns the elements of these names.
func find(root *html.Node, names ...string) []*html.Node {
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(names, n.Data) {
			all = append(all, n)
		}
	}
	return all
}

// words is the text of an element with single spaces.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "script" && d.Parent.Data != "style" {
			b.WriteString(d.Data)
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (a *Answer) document() *html.Node {
	a.Helper()
	root, err := html.Parse(strings.NewReader(a.Body))
	if err != nil {
		a.Fatal(err)
	}
	return root
}

// Text is the text of the page as a person reads it, with the values of its
// fields.
func (a *Answer) Text() string {
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		return a.Body
	}
	root := a.document()
	var fields []string
	for _, n := range find(root, "input") {
		if v := value(n, "value"); v != "" && value(n, "type") != "hidden" {
			fields = append(fields, v)
		}
	}
	return words(root) + "\n" + strings.Join(fields, "\n")
}

// Form is a form of a page, as it would be sent.
type Form struct {
	a      *Answer
	action string
	method string
	values url.Values
}

// Form returns the form of the page whose action ends so, before a query.
func (a *Answer) Form(action string) *Form {
	a.Helper()
	var seen []string
	for _, n := range find(a.document(), "form") {
		path, _, _ := strings.Cut(value(n, "action"), "?")
		if strings.HasSuffix(path, action) {
			return &Form{a: a, action: value(n, "action"), method: strings.ToUpper(value(n, "method")), values: sent(n)}
		}
		seen = append(seen, path)
	}
	a.Fatalf("%s has no form %s; it has %q:\n%s", a.at, action, seen, a.Text())
	return nil
}

// HasForm says whether the page has such a form.
func (a *Answer) HasForm(action string) bool {
	return slices.ContainsFunc(find(a.document(), "form"), func(n *html.Node) bool {
		path, _, _ := strings.Cut(value(n, "action"), "?")
		return strings.HasSuffix(path, action)
	})
}

// typed is the text in a textarea, as it stands.
func typed(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// sent is what a form sends as it stands, but for its buttons.
func sent(form *html.Node) url.Values {
	v := url.Values{}
	for _, n := range find(form, "input", "textarea", "select") {
		name := value(n, "name")
		if _, off := attr(n, "disabled"); name == "" || off {
			continue
		}
		switch {
		case n.Data == "textarea":
			v.Add(name, typed(n))
		case n.Data == "select":
			for i, o := range find(n, "option") {
				if _, chosen := attr(o, "selected"); chosen || i == 0 {
					v.Set(name, value(o, "value"))
				}
			}
		case value(n, "type") == "checkbox" || value(n, "type") == "radio":
			if _, on := attr(n, "checked"); on {
				v.Add(name, value(n, "value"))
			}
		case value(n, "type") != "file" && value(n, "type") != "submit":
			v.Add(name, value(n, "value"))
		}
	}
	return v
}

// Set enters values: pairs of names and values.
func (f *Form) Set(pairs ...string) *Form {
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Set(pairs[i], pairs[i+1])
	}
	return f
}

// Add ticks further boxes of one name.
func (f *Form) Add(name string, values ...string) *Form {
	f.values[name] = append(f.values[name], values...)
	return f
}

// Unset takes a value out, as an unticked box.
func (f *Form) Unset(name string) *Form {
	f.values.Del(name)
	return f
}

// Values are what would be sent.
func (f *Form) Values() url.Values { return f.values }

// Submit sends the form.
func (f *Form) Submit() *Answer {
	f.a.Helper()
	to, err := f.a.at.Parse(f.action)
	if err != nil {
		f.a.Fatal(err)
	}
	if f.method == http.MethodPost {
		return f.a.c.Post(to.RequestURI(), f.values)
	}
	to.RawQuery = f.values.Encode()
	return f.a.c.Get(to.RequestURI())
}

// Link returns the path that the link with this text leads to.
func (a *Answer) Link(text string) string {
	a.Helper()
	for _, n := range find(a.document(), "a") {
		if words(n) == text {
			return value(n, "href")
		}
	}
	a.Fatalf("%s has no link %q:\n%s", a.at, text, a.Text())
	return ""
}
