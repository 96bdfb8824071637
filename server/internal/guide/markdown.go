package guide

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// Markdown is the article as CommonMark, with tables as GitHub writes them. What
// is in it is text: nothing that a workspace is called becomes markup.
func (a Article) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", plain(a.Heading()), plain(a.Lead))
	for _, s := range a.Sections {
		fmt.Fprintf(&b, "\n## %s\n", plain(s.Title))
		n := 0
		for _, block := range s.Blocks {
			b.WriteByte('\n')
			block.markdown(&b, &n)
		}
	}
	return b.String()
}

// markdown writes one block; n counts the steps of the section.
func (k Block) markdown(b *strings.Builder, n *int) {
	switch {
	case k.Text != "":
		fmt.Fprintf(b, "%s\n", plain(k.Text))
	case k.Notice != "":
		fmt.Fprintf(b, "> **Note.** %s\n", plain(k.Notice))
	case k.List != nil:
		for _, l := range k.List {
			fmt.Fprintf(b, "- %s\n", plain(l))
		}
	case k.Values != nil:
		table(b, []string{"Field", "Value"}, len(k.Values), func(i int) []string {
			v := k.Values[i]
			return []string{strong(v.Label) + also(v.Also), valueText(v)}
		})
	case k.Steps != nil:
		for i, s := range k.Steps {
			if i > 0 {
				b.WriteByte('\n')
			}
			*n++
			stepMarkdown(b, *n, s)
		}
	case k.Table != nil:
		table(b, k.Table.Head, len(k.Table.Rows), func(i int) []string {
			row := make([]string, len(k.Table.Rows[i]))
			for j, cell := range k.Table.Rows[i] {
				row[j] = plain(cell)
			}
			return row
		})
	case k.Terms != nil:
		for _, t := range k.Terms {
			fmt.Fprintf(b, "- %s%s — %s\n", strong(t.Word), also(t.Also), plain(t.Meaning))
		}
	case k.Troubles != nil:
		table(b, []string{"Code", "What it means", "What to do", "Where in Entra"}, len(k.Troubles), func(i int) []string {
			t := k.Troubles[i]
			return []string{code(t.Code), plain(t.Cause), plain(t.Next) + " *" + plain(t.Who) + "*", plain(t.Where)}
		})
	case k.Links != nil:
		for _, l := range k.Links {
			fmt.Fprintf(b, "- <%s>\n", l)
		}
	}
}

func stepMarkdown(b *strings.Builder, n int, s register.Step) {
	fmt.Fprintf(b, "### %d. %s\n\n", n, plain(s.Title))
	places := placesOf(s)
	head := make([]string, len(places))
	for i, p := range places {
		head[i] = plain(p.Name)
	}
	table(b, head, 1, func(int) []string {
		row := make([]string, len(places))
		for i, p := range places {
			row[i] = plain(p.Way)
		}
		return row
	})
	b.WriteByte('\n')
	for _, item := range s.Do {
		if item.Field == "" {
			fmt.Fprintf(b, "- %s\n", plain(item.Value))
			continue
		}
		value := plain(item.Value)
		if literal(item.Value) {
			value = code(item.Value)
		}
		fmt.Fprintf(b, "- %s: %s\n", strong(item.Field), value)
	}
}

// table writes a table as GitHub's Markdown has it.
func table(b *strings.Builder, head []string, rows int, row func(int) []string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for i := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row(i), " | "))
	}
}

func valueText(v Value) string {
	if v.Value == "" {
		return plain(v.Missing)
	}
	return code(v.Value)
}

func also(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + plain(strings.Join(names, ", ")) + ")"
}

func strong(s string) string { return "**" + plain(s) + "**" }

// plain escapes a text for Markdown, on one line. Every sign that can be markup
// anywhere is escaped, and so is what begins a list.
func plain(s string) string {
	var b strings.Builder
	s = flat(s)
	for i, r := range s {
		switch {
		case strings.ContainsRune("\\`*_[]<>|~", r),
			strings.ContainsRune("#+-=", r) && i == 0,
			r == '!' && strings.HasPrefix(s[i+1:], "["),
			r == '&' && entity(s[i:]):
			b.WriteByte('\\')
		case (r == '.' || r == ')') && i > 0 && digits(s[:i]):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code is a text as it is, in backquotes: more of them than stand in it, and
// with the bars of a table escaped.
func code(s string) string {
	s = flat(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + strings.ReplaceAll(s, "|", "\\|") + fence
}

// flat is a text on one line without signs that nobody sees.
func flat(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s))
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// entity reports whether s begins like a character reference of HTML.
func entity(s string) bool {
	end := strings.IndexByte(s, ';')
	return end > 1 && end < 34 && !strings.ContainsAny(s[:end], " ")
}
