package consoletest

import (
	"fmt"
	"regexp"
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
	all = append(all, Wording(words(root))...)
	slices.Sort(all)
	return all
}

// raw is what a sentence for people never has: a second full stop, or what a
// program says to a programmer.
var raw = regexp.MustCompile(`[^.]\.\s?\.(\s|$)|\b[45]\d\d invalid[A-Z]|%!|<nil>|\b[Ee]rror: |\b(sql|json|xml|x509|asn1|strconv|net/url|dial tcp): `)

// Wording says what is wrong with the words of a page.
func Wording(text string) (all []string) {
	for _, at := range raw.FindAllStringIndex(text, -1) {
		all = append(all, fmt.Sprintf("the page says %q", text[max(0, at[0]-60):min(len(text), at[1]+20)]))
	}
	return all
}
