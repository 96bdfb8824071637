package consoletest

import (
	"bytes"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"golang.org/x/net/html"
)

// At is the time on all examples.
var At = time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)

// canary is text that must never become markup.
const canary = `"'><img src=x onerror=canary()><script>canary()</script>{{.}}`

// Golden draws every example of the sections and compares it with
// testdata/golden (LANYARD_UPDATE=1 writes), looks for what no page may have, and
// draws it once more with hostile text in every string. Every page of the
// sections must have an example.
func Golden(t *testing.T, sections ...console.Section) {
	t.Helper()
	base := &url.URL{Scheme: "https", Host: "sso.example.com"}
	c, err := console.New(console.Config{
		URL: base.JoinPath("admin"), Public: base, Sections: sections, Version: "test", Now: func() time.Time { return At },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Parse(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range c.Examples() {
		if seen[e.Name] {
			t.Errorf("two examples are called %s", e.Name)
		}
		seen[e.Name] = true
		t.Run(e.Name, func(t *testing.T) { one(t, c, e) })
	}
	if len(seen) == 0 {
		t.Error("there are no examples")
	}
	if flag.Lookup("test.run").Value.String() == "" {
		stale(t, seen)
	}
}

// stale finds golden files of which there is no example any more.
func stale(t *testing.T, seen map[string]bool) {
	files, err := filepath.Glob("testdata/golden/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.ContainsFunc(slices.Collect(keys(seen)), func(name string) bool { return goldenFile(name) == f }) {
			t.Errorf("%s is of no example: delete it", f)
		}
	}
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func goldenFile(name string) string {
	return filepath.Join("testdata", "golden", regexp.MustCompile(`[^a-zA-Z0-9]+`).ReplaceAllString(name, "-")+".html")
}

func one(t *testing.T, c *console.Console, e console.Example) {
	t.Helper()
	var b bytes.Buffer
	if err := c.Draw(&b, e, At); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range Lint(b.String()) {
		t.Error(wrong)
	}
	compare(t, goldenFile(e.Name), mainOf(t, b.String()))

	before := shape(t, b.String())
	b.Reset()
	e.View = poisoned(e.View)
	if err := c.Draw(&b, e, At); err != nil {
		return // hostile text may fit nowhere; then no page is shown at all
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("text became the attribute %s=%q", a.Key, a.Val)
			}
		}
	}
	if after := shape(t, b.String()); after["script"] != before["script"] || after["img"] > before["img"]+5 && after["img x"] > 0 {
		t.Errorf("text became markup: %v, and was %v", after, before)
	}
	if strings.Contains(b.String(), "<img src=x") || strings.Contains(b.String(), "<script>canary") {
		t.Error("text became markup")
	}
}

// shape counts the elements that hostile text would add.
func shape(t *testing.T, page string) map[string]int {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{"script": len(find(root, "script")), "img": len(find(root, "img"))}
	for _, i := range find(root, "img") {
		if value(i, "src") == "x" {
			n["img x"]++
		}
	}
	return n
}

func mainOf(t *testing.T, page string) string {
	t.Helper()
	from, to := strings.Index(page, "<main"), strings.Index(page, "</main>")
	if from < 0 || to < from {
		t.Fatal("the page has no main")
	}
	var lines []string
	for line := range strings.Lines(page[from:to] + "</main>\n") {
		if line = strings.TrimRight(line, " \t\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("LANYARD_UPDATE") == "1" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; LANYARD_UPDATE=1 writes it", err)
	}
	if string(want) != got {
		t.Errorf("the page is not that of %s; LANYARD_UPDATE=1 writes it anew.\n%s", file, difference(string(want), got))
	}
}

// difference shows the first lines that differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// poisoned is a copy of a page in which every text is hostile.
func poisoned(v console.View) console.View {
	copied := reflect.New(reflect.TypeOf(v)).Elem()
	poison(copied, reflect.ValueOf(v))
	return copied.Interface().(console.View)
}

func poison(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.String:
		to.SetString(canary + from.String())
	case reflect.Struct:
		to.Set(from)
		for i := range from.NumField() {
			if to.Field(i).CanSet() && from.Type() != reflect.TypeFor[time.Time]() {
				poison(to.Field(i), from.Field(i))
			}
		}
	case reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			poison(to.Index(i), from.Index(i))
		}
	case reflect.Map:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeMap(from.Type()))
		for k, v := range from.Seq2() {
			item := reflect.New(v.Type()).Elem()
			poison(item, v)
			to.SetMapIndex(k, item)
		}
	case reflect.Pointer:
		if from.IsNil() {
			return
		}
		to.Set(reflect.New(from.Type().Elem()))
		poison(to.Elem(), from.Elem())
	default:
		to.Set(from)
	}
}
