package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// printJSON prints a result as one JSON document, indented for reading.
func (c *command) printJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printLine prints a result as JSON on exactly one line.
func (c *command) printLine(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table prints rows in columns, with a heading where there are any rows.
func (c *command) table(heading []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	line(w, heading)
	for _, r := range rows {
		line(w, r)
	}
	return w.Flush()
}

func line(w io.Writer, cells []string) {
	clean := make([]string, len(cells))
	for i, cell := range cells {
		clean[i] = printable(cell)
	}
	fmt.Fprintln(w, strings.TrimRight(strings.Join(clean, "\t"), "\t"))
}

// fields prints names and values, one a line.
func (c *command) fields(pairs ...string) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(w, "%s\t%s\n", pairs[i], printable(pairs[i+1]))
	}
	return w.Flush()
}

// steadied keeps what others wrote (names from a directory) from steering the
// terminal: control characters become spaces.
func steadied(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)
}

// printable is a text of others in one line. An empty one becomes a dash.
func printable(s string) string {
	if s = steadied(s); s == "" {
		return "-"
	}
	return s
}

// day formats a time for a table; never is printed as a dash.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// stamp formats a time for JSON: RFC 3339, or nil where it never was.
func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
