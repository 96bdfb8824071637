package dsig

import (
	"slices"
	"strings"
)

// prefixesListed bounds an InclusiveNamespaces PrefixList. Each of its prefixes
// is looked up among all declarations in scope.
const prefixesListed = 64

// Canonical returns the exclusive canonical form of e without comments
// (Exclusive XML Canonicalization 1.0), with the InclusiveNamespaces prefixes
// given; "#default" is the default namespace. It fails only where the result
// would be larger than the document's Limits.Bytes.
func Canonical(e *Element, prefixes ...string) ([]byte, error) {
	out, err := canonical(e, nil, prefixes)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// canonical is Canonical with one descendant of e left out.
func canonical(e, without *Element, prefixes []string) ([]byte, *Error) {
	c := canonicaliser{doc: e.doc, without: none, inclusive: make([]string, len(prefixes))}
	for i, p := range prefixes {
		if p != "#default" {
			c.inclusive[i] = p
		}
	}
	size := int(e.end-e.offset) + 128
	if without != nil {
		c.without = without.index
		size -= int(without.end - without.offset)
	}
	c.out = make([]byte, 0, size)
	if !c.element(e, true) {
		return nil, &Error{Check: CheckLimit, Expected: "a canonical form of at most " + number(e.doc.limits.Bytes) + " bytes", Received: "more"}
	}
	return c.out, nil
}

// canonicaliser writes one canonical form.
type canonicaliser struct {
	doc       *Document
	out       []byte
	without   int32
	inclusive []string // "" is the default namespace
	// rendered are the declarations written on the elements that are open,
	// outermost first.
	rendered []binding
	sorted   []Attr // scratch
}

// element writes e and what is in it. It reports false when the result has
// become too large: a long namespace declared once may have to be written
// thousands of times.
func (c *canonicaliser) element(e *Element, apex bool) bool {
	before := len(c.rendered)
	c.namespaces(e, apex)
	c.out = append(c.out, '<')
	c.tag(e)
	for _, b := range c.rendered[before:] {
		c.out = append(c.out, " xmlns"...)
		if b.prefix != "" {
			c.out = append(c.out, ':')
			c.out = append(c.out, b.prefix...)
		}
		c.value(b.space)
	}
	for _, a := range c.order(e.attributes()) {
		c.out = append(c.out, ' ')
		if a.prefix != "" {
			c.out = append(c.out, a.prefix...)
			c.out = append(c.out, ':')
		}
		c.out = append(c.out, a.Local...)
		c.value(a.Value)
	}
	c.out = append(c.out, '>')
	for i := e.first; i != none; i = c.doc.nodes[i].next {
		n := &c.doc.nodes[i]
		if n.isText {
			c.out = escape(c.out, n.text, "&<>\r")
		} else if i != c.without && !c.element(n, false) {
			return false
		}
	}
	c.out = append(c.out, "</"...)
	c.tag(e)
	c.out = append(c.out, '>')
	c.rendered = c.rendered[:before]
	return len(c.out) <= c.doc.limits.Bytes
}

func (c *canonicaliser) tag(e *Element) {
	if e.prefix != "" {
		c.out = append(c.out, e.prefix...)
		c.out = append(c.out, ':')
	}
	c.out = append(c.out, e.name.Local...)
}

func (c *canonicaliser) value(v string) {
	c.out = append(c.out, '=', '"')
	c.out = escape(c.out, v, "&<\"\t\n\r")
	c.out = append(c.out, '"')
}

// namespaces adds to rendered, sorted, what has to be declared on e: the
// prefixes that e and its attributes use (section 3, step 3), and those of the
// PrefixList as inclusive canonicalisation would (step 2).
func (c *canonicaliser) namespaces(e *Element, apex bool) {
	before := len(c.rendered)
	c.render(before, e.prefix, e.name.Space)
	for _, a := range e.attributes() {
		if a.prefix != "" {
			c.render(before, a.prefix, a.Space)
		}
	}
	if len(c.inclusive) > 0 {
		if apex { // whatever is in scope here was declared here or further out
			for _, p := range c.inclusive {
				if space, ok := e.inScope(p); ok {
					c.render(before, p, space)
				}
			}
		} else {
			for _, b := range e.declarations() {
				if slices.Contains(c.inclusive, b.prefix) {
					c.render(before, b.prefix, b.space)
				}
			}
		}
	}
	if added := c.rendered[before:]; len(added) > 1 {
		slices.SortFunc(added, func(a, b binding) int { return strings.Compare(a.prefix, b.prefix) })
	}
}

// render declares a prefix unless it already means this to whoever has read what
// is written so far. Those from index before on are of the same element, on
// which a prefix means one thing only.
func (c *canonicaliser) render(before int, prefix, space string) {
	if prefix == "xml" {
		return
	}
	if known, ok := lookup(c.rendered, prefix); !ok || known != space {
		c.rendered = append(c.rendered, binding{prefix, space})
	}
}

// order returns attributes sorted by namespace and then local name. What it
// returns holds until the next call.
func (c *canonicaliser) order(attrs []Attr) []Attr {
	if len(attrs) < 2 {
		return attrs
	}
	c.sorted = append(c.sorted[:0], attrs...)
	slices.SortFunc(c.sorted, func(a, b Attr) int {
		if a.Space != b.Space {
			return strings.Compare(a.Space, b.Space)
		}
		return strings.Compare(a.Local, b.Local)
	})
	return c.sorted
}

// inScope finds what a prefix means at e.
func (e *Element) inScope(prefix string) (space string, ok bool) {
	for at := e; ; at = &e.doc.nodes[at.parent] {
		for _, b := range at.declarations() {
			if b.prefix == prefix {
				return b.space, true
			}
		}
		if at.parent == none {
			return lookup(e.doc.outer, prefix)
		}
	}
}

// escape appends s with the special characters written as the canonical form
// wants them.
func escape(out []byte, s, special string) []byte {
	for {
		i := strings.IndexAny(s, special)
		if i < 0 {
			return append(out, s...)
		}
		out = append(out, s[:i]...)
		switch s[i] {
		case '&':
			out = append(out, "&amp;"...)
		case '<':
			out = append(out, "&lt;"...)
		case '>':
			out = append(out, "&gt;"...)
		case '"':
			out = append(out, "&quot;"...)
		case '\t':
			out = append(out, "&#x9;"...)
		case '\n':
			out = append(out, "&#xA;"...)
		case '\r':
			out = append(out, "&#xD;"...)
		}
		s = s[i+1:]
	}
}
