package guide

import (
	"embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/register"
)

//go:embed page
var pageFiles embed.FS

// pages are the article's body, which the console's page has inside it, and a
// document of its own for print.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"places":  placesOf,
	"join":    func(all []string) string { return strings.Join(all, ", ") },
	"web":     func(s string) bool { return strings.HasPrefix(s, "https://") },
	"literal": literal,
}).ParseFS(pageFiles, "page/*.html"))

// Place is where a step is done: a portal and the way to the page in it.
type Place struct{ Name, Way string }

// placesOf are the places of a step: both of Microsoft's portals side by side,
// or Lanyard.
func placesOf(s register.Step) []Place {
	if way, ok := s.Where[InLanyard]; ok {
		return []Place{{"Lanyard", way}}
	}
	var out []Place
	for _, p := range []register.Portal{register.EntraPortal, register.AzurePortal} {
		out = append(out, Place{register.PortalNames[p], s.Where[p]})
	}
	return out
}

// literal reports whether what stands beside a field is to be entered as it is,
// rather than a sentence about it.
func literal(value string) bool {
	first, _, several := strings.Cut(value, " ")
	switch {
	case !several, strings.Contains(first, "("):
		return true
	case strings.Contains(value, ", "), strings.Contains(value, "; "), strings.Contains(value, " ("):
		return false
	}
	return strings.ToLower(first) != first
}

// Body is the article's sections as HTML, for a page with a heading of the first
// level of its own.
func (a Article) Body() (template.HTML, error) {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, "article", a); err != nil {
		return "", fmt.Errorf("guide: %w", err)
	}
	return template.HTML(b.String()), nil // html/template escaped it
}

// HTML is the article as a document that can be printed or put on a web site: it
// needs nothing else and runs nothing.
func (a Article) HTML() (string, error) {
	style, err := pageFiles.ReadFile("page/print.css")
	if err != nil {
		return "", fmt.Errorf("guide: %w", err)
	}
	var b strings.Builder
	err = pages.ExecuteTemplate(&b, "document", struct {
		Article
		Style template.CSS
	}{a, template.CSS(style)})
	if err != nil {
		return "", fmt.Errorf("guide: %w", err)
	}
	return b.String(), nil
}
