package saml

import (
	"errors"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// Namespaces of SAML 2.0.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
)

// maxID is how long an ID may be that we store or compare.
const maxID = 256

// trim takes XML's white space from both ends. The schema collapses it in
// anyURI and dateTime, and some providers break lines there.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }

// leaf returns the text of an element that may hold nothing but text.
func leaf(e *dsig.Element) (string, bool) {
	if e == nil || e.FirstChild() != nil {
		return "", false
	}
	return e.Text(), true
}

// attr returns an attribute without prefix, or "".
func attr(e *dsig.Element, name string) string {
	v, _ := e.Attr("", name)
	return v
}

// instant reads an xs:dateTime as SAML core 1.3.3 has it: in UTC, with a Z.
func instant(s string) (time.Time, bool) {
	s = trim(s)
	if len(s) < len("2006-01-02T15:04:05Z") || len(s) > 40 || s[len(s)-1] != 'Z' || strings.ContainsRune(s, ',') {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil && t.Year() > 0
}

// when reads a time attribute. Absent is ok with a zero time.
func when(e *dsig.Element, name string) (t time.Time, ok bool) {
	v, has := e.Attr("", name)
	if !has {
		return time.Time{}, true
	}
	return instant(v)
}

// isXMLID reports whether s can be an ID that we keep: an NCName of ASCII.
func isXMLID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for i, c := range []byte(s) {
		letter := c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		if !letter && (i == 0 || (c != '-' && c != '.' && (c < '0' || c > '9'))) {
			return false
		}
	}
	return true
}

// grammar walks the children of an element against the order a schema gives
// them. Each step names one child; what is in no step is refused.
type grammar []step

type step struct {
	space, local string
	// many allows more than one; required demands at least one.
	many, required bool
	// free lets it mix with the steps marked free beside it.
	free bool
}

// fits returns "" when the children of e follow the grammar, and otherwise says
// what was expected.
func (g grammar) fits(e *dsig.Element) string {
	at := 0
	seen := 0 // of step at
	for c := e.FirstChild(); c != nil; c = c.Next() {
		i := g.find(c, at)
		if i < 0 {
			_, local := e.Name()
			return "no other parts in " + local + ", each in its place"
		}
		for k := at; k < i; k++ {
			if g[k].required && (k != at || seen == 0) {
				return "a " + g[k].local
			}
		}
		if i != at {
			at, seen = i, 0
		}
		if seen++; seen > 1 && !g[i].many {
			return "only one " + g[i].local
		}
	}
	for k := at; k < len(g); k++ {
		if g[k].required && (k != at || seen == 0) {
			return "a " + g[k].local
		}
	}
	return ""
}

// find returns the step of c, at or behind the one that was reached, or a
// free one of the same run.
func (g grammar) find(c *dsig.Element, at int) int {
	for at > 0 && at < len(g) && g[at].free && g[at-1].free {
		at--
	}
	for i := at; i < len(g); i++ {
		if c.Is(g[i].space, g[i].local) {
			return i
		}
	}
	return -1
}

// count returns how many elements of that name there are in the whole tree.
func count(e *dsig.Element, space, local string) int {
	n := 0
	for c := e; c != nil; c = following(c, e) {
		if c.Is(space, local) {
			n++
		}
	}
	return n
}

// following returns the next element in document order within root, or nil.
func following(e, root *dsig.Element) *dsig.Element {
	if c := e.FirstChild(); c != nil {
		return c
	}
	for ; e != nil && e != root; e = e.Parent() {
		if n := e.Next(); n != nil {
			return n
		}
	}
	return nil
}

// malformed makes a refusal of what the parser said.
func malformed(err error, check string) *Refusal {
	r := &Refusal{Code: problem.SAMLMalformed, Check: check, Expected: "XML of SAML 2.0", cause: err}
	var d *dsig.Error
	if errors.As(err, &d) {
		r.Expected = d.Expected
		if d.Check == dsig.CheckLimit {
			r.Code = problem.SAMLTooLarge
		}
	}
	return r
}
