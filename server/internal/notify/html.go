package notify

import (
	"html"
	"regexp"
	"strings"
)

// address finds web addresses in a text. What ends a sentence is not part of one.
var address = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)

// page makes simple HTML of a plain text: paragraphs at blank lines, lines as they
// are, addresses as links. Nothing in the text is markup.
func page(title, text string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
		`<meta name="color-scheme" content="light dark"><title>` + html.EscapeString(title) + `</title></head>` +
		`<body style="font:16px/1.5 system-ui,sans-serif;max-width:38em;margin:2em auto;padding:0 1em">`)
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if part = strings.Trim(part, "\n"); part == "" {
			continue
		}
		b.WriteString("<p>" + strings.ReplaceAll(linked(part), "\n", "<br>\n") + "</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

func linked(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		link := html.EscapeString(text[at[0]:at[1]])
		b.WriteString(html.EscapeString(text[last:at[0]]) + `<a href="` + link + `">` + link + `</a>`)
		last = at[1]
	}
	return b.String() + html.EscapeString(text[last:])
}
