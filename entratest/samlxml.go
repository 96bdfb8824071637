package entratest

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// The namespaces of SAML 2.0 core, metadata, XML Signature and XML Encryption.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypt   = "http://www.w3.org/2001/04/xmlenc#"
	nsInstance  = "http://www.w3.org/2001/XMLSchema-instance"
)

// node is one XML element, with names as they are written ("samlp:Response")
// and namespace declarations among the attributes, in the order written.
type node struct {
	name  string
	attrs []xmlAttr
	body  []any // *node or string
}

type xmlAttr struct{ name, value string }

// el makes an element; attributes are pairs of name and value, and those
// without a value are left out.
func el(name string, attrs ...string) *node {
	n := &node{name: name}
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			n.attrs = append(n.attrs, xmlAttr{attrs[i], attrs[i+1]})
		}
	}
	return n
}

// add appends children, strings or elements; nil elements are passed over.
func (n *node) add(children ...any) *node {
	for _, c := range children {
		if e, ok := c.(*node); ok && e == nil {
			continue
		}
		n.body = append(n.body, c)
	}
	return n
}

// textEl is an element with text only.
func textEl(name, text string, attrs ...string) *node { return el(name, attrs...).add(text) }

var (
	escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	escapeAttr = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// write writes the element as .NET does: attributes as they come, empty
// elements closed at once.
func (n *node) write(b *bytes.Buffer) {
	b.WriteString("<" + n.name)
	for _, a := range n.attrs {
		b.WriteString(" " + a.name + `="` + escapeAttr.Replace(a.value) + `"`)
	}
	if len(n.body) == 0 {
		b.WriteString(" />")
		return
	}
	b.WriteByte('>')
	for _, c := range n.body {
		switch c := c.(type) {
		case *node:
			c.write(b)
		case string:
			b.WriteString(escapeText.Replace(c))
		}
	}
	b.WriteString("</" + n.name + ">")
}

func (n *node) bytes() []byte {
	var b bytes.Buffer
	n.write(&b)
	return b.Bytes()
}

// scope is the namespace of each prefix ("" is the default one).
type scope map[string]string

// with is s inside of n.
func (s scope) with(n *node) scope {
	inner := maps.Clone(s)
	if inner == nil {
		inner = scope{}
	}
	for _, a := range n.attrs {
		if prefix, ok := declares(a.name); ok {
			inner[prefix] = a.value
		}
	}
	return inner
}

// declares reports which prefix an attribute of this name declares.
func declares(name string) (prefix string, ok bool) {
	if name == "xmlns" {
		return "", true
	}
	return strings.CutPrefix(name, "xmlns:")
}

// split cuts a written name into prefix and local name.
func split(name string) (prefix, local string) {
	if p, l, ok := strings.Cut(name, ":"); ok {
		return p, l
	}
	return "", name
}

// is reports whether n, met inside of outer, is that element.
func (n *node) is(outer scope, space, local string) bool {
	prefix, name := split(n.name)
	return name == local && outer.with(n)[prefix] == space
}

// canonical is the exclusive canonical form without comments
// (www.w3.org/TR/xml-exc-c14n) of n inside of outer. The prefixes of
// inclusive are treated as in the inclusive form.
func (n *node) canonical(outer scope, inclusive ...string) []byte {
	var b bytes.Buffer
	n.canonicalTo(&b, outer, scope{}, inclusive)
	return b.Bytes()
}

func (n *node) canonicalTo(b *bytes.Buffer, outer, rendered scope, inclusive []string) {
	inner := outer.with(n)
	prefix, _ := split(n.name)
	used := []string{prefix}
	var plain []xmlAttr
	for _, a := range n.attrs {
		if _, ok := declares(a.name); ok {
			continue
		}
		plain = append(plain, a)
		if p, _ := split(a.name); p != "" {
			used = append(used, p)
		}
	}
	for _, p := range inclusive {
		if _, ok := inner[p]; ok {
			used = append(used, p)
		}
	}
	slices.Sort(used)
	done := maps.Clone(rendered)
	b.WriteString("<" + n.name)
	for _, p := range slices.Compact(used) {
		if p == "xml" || done[p] == inner[p] {
			continue
		}
		done[p] = inner[p]
		name := "xmlns"
		if p != "" {
			name += ":" + p
		}
		b.WriteString(" " + name + `="` + escapeAttr.Replace(inner[p]) + `"`)
	}
	slices.SortFunc(plain, func(x, y xmlAttr) int {
		xp, xl := split(x.name)
		yp, yl := split(y.name)
		return cmp.Or(cmp.Compare(spaceOf(xp, inner), spaceOf(yp, inner)), cmp.Compare(xl, yl))
	})
	for _, a := range plain {
		b.WriteString(" " + a.name + `="` + escapeAttr.Replace(a.value) + `"`)
	}
	b.WriteByte('>')
	for _, c := range n.body {
		switch c := c.(type) {
		case *node:
			c.canonicalTo(b, inner, done, inclusive)
		case string:
			b.WriteString(escapeText.Replace(c))
		}
	}
	b.WriteString("</" + n.name + ">")
}

// spaceOf is an attribute's namespace: without a prefix it has none.
func spaceOf(prefix string, s scope) string {
	switch prefix {
	case "":
		return ""
	case "xml":
		return "http://www.w3.org/XML/1998/namespace"
	}
	return s[prefix]
}

// maxXMLDepth and maxXMLNodes bound the messages that are read.
const (
	maxXMLDepth = 64
	maxXMLNodes = 10_000
)

// readXML reads a message that somebody sent.
func readXML(raw []byte) (*node, error) {
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.Strict = true
	root := &node{}
	open := []*node{root}
	for count := 0; ; count++ {
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not XML: %w", err)
		}
		if count > maxXMLNodes || len(open) > maxXMLDepth {
			return nil, errors.New("too much XML")
		}
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{name: written(tok.Name)}
			for _, a := range tok.Attr {
				n.attrs = append(n.attrs, xmlAttr{written(a.Name), a.Value})
			}
			top.add(n)
			open = append(open, n)
		case xml.EndElement:
			if len(open) == 1 || top.name != written(tok.Name) {
				return nil, errors.New("not XML: tags do not match")
			}
			open = open[:len(open)-1]
		case xml.CharData:
			top.add(string(tok))
		case xml.Directive:
			return nil, errors.New("a message has no DTD")
		case xml.ProcInst:
			if tok.Target != "xml" || len(root.body) > 0 {
				return nil, errors.New("a message has no processing instructions")
			}
		}
	}
	var elements []*node
	for _, c := range root.body {
		switch c := c.(type) {
		case *node:
			elements = append(elements, c)
		case string:
			if strings.TrimSpace(strings.TrimPrefix(c, "\ufeff")) != "" {
				return nil, errors.New("not XML: text outside of the root element")
			}
		}
	}
	if len(open) != 1 || len(elements) != 1 {
		return nil, errors.New("not XML: it has no single root element")
	}
	return elements[0], nil
}

func written(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// attr is the value of an attribute without a namespace.
func (n *node) attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

func (n *node) value(name string) string {
	v, _ := n.attr(name)
	return v
}

// elements are the child elements.
func (n *node) elements() []*node {
	var list []*node
	for _, c := range n.body {
		if e, ok := c.(*node); ok {
			list = append(list, e)
		}
	}
	return list
}

// child is the first child of that name; outer is what n stands in. The
// answer is nil when there is none.
func (n *node) child(outer scope, space, local string) *node {
	inner := outer.with(n)
	for _, e := range n.elements() {
		if e.is(inner, space, local) {
			return e
		}
	}
	return nil
}

// text is the text right inside of n, without blanks around it.
func (n *node) text() string {
	var b strings.Builder
	for _, c := range n.body {
		if s, ok := c.(string); ok {
			b.WriteString(s)
		}
	}
	return strings.TrimSpace(b.String())
}
