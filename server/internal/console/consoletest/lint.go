package consoletest

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Lint says what is wrong with a page that can be seen without a browser: fields
// without a label, ids twice, anything inline, buttons without a word.
func Lint(page string) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	wrong := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	ids, labels := map[string]int{}, map[string]bool{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := value(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labels[value(n, "for")] = true
		}
		if _, is := attr(n, "style"); is || n.Data == "style" {
			wrong("<%s> has a style of its own", n.Data)
		}
		if n.Data == "script" && value(n, "src") == "" {
			wrong("there is a script in the page")
		}
	}
	for id, times := range ids {
		if times > 1 {
			wrong("%d elements have the id %s", times, id)
		}
	}
	if n := len(find(root, "h1")); n != 1 {
		wrong("the page has %d first headings", n)
	}
	for _, n := range find(root, "input", "select", "textarea") {
		if value(n, "type") == "hidden" || slices.Contains([]string{"submit", "button"}, value(n, "type")) {
			continue
		}
		if _, named := attr(n, "aria-label"); !named && !labels[value(n, "id")] {
			wrong("the field %q has no label", value(n, "name"))
		}
	}
	for _, n := range find(root, "button", "a") {
		_, named := attr(n, "aria-label")
		if _, target := attr(n, "href"); words(n) == "" && !named && (n.Data == "button" || target) {
			wrong("a <%s> has no words", n.Data)
		}
		if n.Data == "a" && value(n, "href") == "" {
			wrong("the link %q leads nowhere", words(n))
		}
	}
	for _, n := range find(root, "img") {
		if _, is := attr(n, "alt"); !is {
			wrong("the picture %q has no words", value(n, "src"))
		}
	}
	for _, n := range find(root, "th") {
		if words(n) == "" {
			wrong("a column has no heading")
		}
	}
	for name, attribute := range map[string]string{"label": "for", "*": "aria-describedby"} {
		for n := range root.Descendants() {
			if target := value(n, attribute); n.Type == html.ElementNode && target != "" && (name == "*" || n.Data == name) && ids[target] == 0 {
				wrong("<%s %s=%q> names nothing", n.Data, attribute, target)
			}
		}
	}
	slices.Sort(all)
	return all
}
