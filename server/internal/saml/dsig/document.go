package dsig

import (
	"iter"
	"strings"
)

// Namespaces of XML signature and encryption.
const (
	NamespaceSignature  = "http://www.w3.org/2000/09/xmldsig#"
	NamespaceEncryption = "http://www.w3.org/2001/04/xmlenc#"
)

// Name is a qualified name: the namespace, which may be empty, and the local
// part.
type Name struct{ Space, Local string }

// Document is a parsed document. It never changes after Parse, so it may be
// read by several goroutines.
type Document struct {
	src    string
	limits Limits
	nodes  []Element // nodes[0] is the root element
	attrs  []Attr
	// decls are the namespace declarations of all elements, in document order.
	decls []binding
	// outer are the declarations in scope around the root, where the document
	// stood inside another before it was encrypted.
	outer []binding
}

// binding is one namespace declaration. The prefix "" is the default namespace.
type binding struct{ prefix, space string }

// Attr is one attribute that is not a namespace declaration. Value is
// normalised as XML 1.0 section 3.3.3 demands.
type Attr struct {
	Name
	Value  string
	prefix string
}

// Element is one element of a Document, or, inside this package only, one piece
// of text between tags. Elements are compared by pointer.
type Element struct {
	doc    *Document
	prefix string
	name   Name
	// text is what a text node holds; elements have none.
	text string

	index, parent      int32 // of nodes; the root's parent is -1
	first, next        int32 // -1 where there is none
	attrFrom, attrTo   int32
	declFrom, declTo   int32
	offset, body, end  int32 // in src: the start tag, what follows it, what follows all; not of text
	isText, hasComment bool
}

// none is the index of no node.
const none = int32(-1)

// Root returns the document's only outermost element. It is never nil.
func (d *Document) Root() *Element { return &d.nodes[0] }

// Name returns the element's namespace and local name.
func (e *Element) Name() (space, local string) { return e.name.Space, e.name.Local }

// Is reports whether the element has this namespace and local name. A nil
// element is nothing.
func (e *Element) Is(space, local string) bool {
	return e != nil && e.name.Local == local && e.name.Space == space
}

// Attr returns the value of an attribute. The space is empty for an attribute
// without prefix.
func (e *Element) Attr(space, local string) (value string, ok bool) {
	for _, a := range e.attributes() {
		if a.Local == local && a.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// Attrs yields the attributes in document order, without namespace declarations.
func (e *Element) Attrs() iter.Seq[Attr] {
	return func(yield func(Attr) bool) {
		for _, a := range e.attributes() {
			if !yield(a) {
				return
			}
		}
	}
}

// ID returns the value of the element's ID attribute (ID, Id, id or
// AssertionID, without prefix), or "". Parse has made sure that there is at most
// one of them, and no other element with the same value.
func (e *Element) ID() string {
	for _, a := range e.attributes() {
		if a.Space == "" && isID(a.Local) {
			return a.Value
		}
	}
	return ""
}

// Children yields the child elements in document order.
func (e *Element) Children() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for c := e.FirstChild(); c != nil; c = c.Next() {
			if !yield(c) {
				return
			}
		}
	}
}

// FirstChild returns the first child element, or nil.
func (e *Element) FirstChild() *Element { return e.doc.elementAt(e.first) }

// Next returns the next sibling element, or nil.
func (e *Element) Next() *Element { return e.doc.elementAt(e.next) }

// Parent returns the element around this one, or nil for the root.
func (e *Element) Parent() *Element { return e.doc.elementAt(e.parent) }

// Child returns the first child element of that name, or nil.
func (e *Element) Child(space, local string) *Element {
	for c := e.FirstChild(); c != nil; c = c.Next() {
		if c.Is(space, local) {
			return c
		}
	}
	return nil
}

// Text returns the characters directly inside the element, those of all pieces
// together: neither a comment nor a CDATA section can cut it short. Text of
// child elements is not part of it, so whoever reads a value should first see
// that FirstChild is nil.
func (e *Element) Text() string {
	var whole string
	for i := e.first; i != none; i = e.doc.nodes[i].next {
		if n := &e.doc.nodes[i]; n.isText {
			if whole == "" {
				whole = n.text
				continue
			}
			return e.joined()
		}
	}
	return whole
}

// joined is Text where there is more than one piece.
func (e *Element) joined() string {
	var b strings.Builder
	for i := e.first; i != none; i = e.doc.nodes[i].next {
		b.WriteString(e.doc.nodes[i].text)
	}
	return b.String()
}

// Line returns the line of the document on which the element begins, counted
// from 1.
func (e *Element) Line() int { return e.doc.line(int(e.offset)) }

func (d *Document) line(offset int) int { return 1 + strings.Count(d.src[:offset], "\n") }

func (e *Element) attributes() []Attr { return e.doc.attrs[e.attrFrom:e.attrTo] }

func (e *Element) declarations() []binding { return e.doc.decls[e.declFrom:e.declTo] }

// elementAt returns the first element at or after node i among its siblings.
func (d *Document) elementAt(i int32) *Element {
	for ; i != none; i = d.nodes[i].next {
		if !d.nodes[i].isText {
			return &d.nodes[i]
		}
	}
	return nil
}

// isID reports whether an attribute of this local name is taken for an ID by
// some reader of SAML.
func isID(local string) bool {
	return local == "ID" || local == "Id" || local == "id" || local == "AssertionID"
}
