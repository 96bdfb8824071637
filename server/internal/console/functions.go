package console

import (
	"errors"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// functions are those that templates may call.
func functions() template.FuncMap {
	return template.FuncMap{
		"dict":   dict,
		"field":  field,
		"filled": filled,
		"date":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"day":    func(t time.Time) string { return t.UTC().Format("2 January 2006") },
		"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"id":     elementID,
		"join":   strings.Join,
		"lower":  strings.ToLower,
		"span":   span,
		"add":    func(a, b int) int { return a + b },
		"list":   func(all ...string) []string { return all },
		"string": func(v any) string { return fmt.Sprint(v) },
		"role":   roleTitle,
	}
}

// dict makes a map of pairs, for a component.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict needs pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no key", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// field describes a field of a form: its name and value, where one was entered
// and refused that one and why, and what pairs say.
func field(f *Frame, name string, value any, pairs ...any) (map[string]any, error) {
	m, err := dict(pairs...)
	if err != nil {
		return nil, err
	}
	m["Frame"], m["Name"], m["Value"] = f, name, f.Entered(name, value)
	if m["ID"] == nil {
		m["ID"] = elementID(name)
	}
	if fault := f.Fault(name); fault != nil {
		m["Fault"] = fault
	}
	if several, is := value.([]string); is {
		m["Set"] = several
	}
	return m, nil
}

// filled returns what is to be copied, and an error where that is nothing: a
// blank would be pasted (row B2).
func filled(v any, label any) (string, error) {
	s := fmt.Sprint(v)
	if v == nil || strings.TrimSpace(s) == "" {
		return "", problem.Detailf(problem.UIEmpty, "It is %v.", label)
	}
	return s, nil
}

// elementID makes a name one that an element can have as its id.
func elementID(parts ...any) string {
	var b strings.Builder
	b.WriteString("f")
	for _, p := range parts {
		b.WriteByte('-')
		for _, r := range fmt.Sprint(p) {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
				b.WriteRune(r)
			} else {
				fmt.Fprintf(&b, ".%x", r)
			}
		}
	}
	return b.String()
}

// span is a duration in words: "3 days", "40 minutes".
func span(d time.Duration) string {
	many := func(n int64, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch d = d.Abs(); {
	case d >= 48*time.Hour:
		return many(int64(d/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return many(int64(d/time.Hour), "hour")
	case d >= time.Minute:
		return many(int64(d/time.Minute), "minute")
	}
	return many(int64(d/time.Second), "second")
}

// roleTitle is how pages write a role: it-admin is IT admin.
func roleTitle(v any) string {
	name := fmt.Sprint(v)
	switch {
	case name == "":
		return ""
	case name == ITAdmin.String():
		return "IT admin"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
