package dsig

import (
	"slices"
	"strings"
)

const (
	namespaceXML   = "http://www.w3.org/XML/1998/namespace"
	namespaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

// startTag reads a start tag or an empty element, and finds what its prefixes
// mean when all its declarations are known.
func (s *scanner) startTag() *Error {
	if err := s.count(); err != nil {
		return err
	}
	l := s.doc.limits
	switch {
	case len(s.open) >= l.Depth:
		return s.fail(CheckLimit, "elements at most "+number(l.Depth)+" deep", "deeper")
	case len(s.open) == 0 && len(s.doc.nodes) > 0:
		return s.fail(CheckXML, "one root element", "another")
	}
	e := Element{
		doc: s.doc, first: none, next: none, offset: int32(s.pos),
		attrFrom: int32(len(s.doc.attrs)), declFrom: int32(len(s.doc.decls)),
	}
	f := frame{last: none, scope: len(s.scope)}
	s.pos++ // <
	start := s.pos
	prefix, local, err := s.name()
	if err != nil {
		return err
	}
	f.tag = s.src[start:s.pos]
	if err := s.attributes(); err != nil {
		return err
	}
	empty := s.skip('/')
	if !s.skip('>') {
		return s.fail(CheckXML, "> after the attributes of "+f.tag, s.ahead())
	}
	e.attrTo, e.declTo = int32(len(s.doc.attrs)), int32(len(s.doc.decls))
	e.prefix, e.name.Local = prefix, local
	if err := s.resolve(&e); err != nil {
		return err
	}
	e.body, e.end = int32(s.pos), int32(s.pos)
	f.node = s.link(e)
	if empty {
		s.scope = s.scope[:f.scope]
		return nil
	}
	s.open = append(s.open, f)
	return nil
}

func (s *scanner) endTag() *Error {
	start := s.pos
	s.pos += len("</")
	n := len(s.open) - 1
	if n < 0 {
		return s.fail(CheckXML, "no end without a start", s.ahead())
	}
	f := s.open[n]
	if !strings.HasPrefix(s.src[s.pos:], f.tag) {
		return s.fail(CheckXML, "</"+f.tag+">", s.src[start:min(len(s.src), start+len(f.tag)+3)])
	}
	s.pos += len(f.tag)
	s.skipSpace()
	if !s.skip('>') {
		return s.fail(CheckXML, "</"+f.tag+">", s.src[start:min(len(s.src), start+len(f.tag)+3)])
	}
	s.doc.nodes[f.node].end = int32(s.pos)
	s.scope = s.scope[:f.scope]
	s.open = s.open[:n]
	return nil
}

// attributes reads attributes and namespace declarations up to the end of the
// tag. What their prefixes mean is not known yet.
func (s *scanner) attributes() *Error {
	declared := len(s.doc.decls)
	for n := 1; ; n++ {
		before := s.pos
		s.skipSpace()
		if s.pos == len(s.src) || s.src[s.pos] == '>' || s.src[s.pos] == '/' {
			return nil
		}
		l := s.doc.limits
		if n > attributesEach || len(s.doc.attrs)+len(s.doc.decls) >= l.Attributes {
			return s.fail(CheckLimit, "at most "+number(attributesEach)+" attributes each and "+number(l.Attributes)+" together", "more")
		}
		prefix, local, value, err := s.pair(before)
		switch {
		case err != nil:
			return err
		case prefix == "xmlns":
			err = s.declare(local, value, declared)
		case prefix == "" && local == "xmlns":
			err = s.declare("", value, declared)
		default:
			s.doc.attrs = append(s.doc.attrs, Attr{Name: Name{Local: local}, Value: value, prefix: prefix})
		}
		if err != nil {
			return err
		}
	}
}

// pair reads name="value". White space must have begun at before.
func (s *scanner) pair(before int) (prefix, local, value string, err *Error) {
	if s.pos == before {
		return "", "", "", s.fail(CheckXML, "white space before an attribute", s.ahead())
	}
	if prefix, local, err = s.name(); err != nil {
		return "", "", "", err
	}
	s.skipSpace()
	if !s.skip('=') {
		return "", "", "", s.fail(CheckXML, "= after the name of an attribute", s.ahead())
	}
	s.skipSpace()
	if s.pos == len(s.src) || s.src[s.pos] != '"' && s.src[s.pos] != '\'' {
		return "", "", "", s.fail(CheckXML, "a value in quotes", s.ahead())
	}
	raw := s.src[s.pos+1:]
	end := strings.IndexByte(raw, s.src[s.pos])
	if end < 0 {
		return "", "", "", s.fail(CheckXML, "the end of an attribute's value", "")
	}
	raw = raw[:end]
	if strings.IndexByte(raw, '<') >= 0 {
		return "", "", "", s.fail(CheckXML, "no < in an attribute's value", raw)
	}
	value, err = s.expand(s.spaces(raw))
	s.pos += 1 + end + 1
	return prefix, local, value, err
}

// spaces makes each literal white space character of an attribute's value a
// space (XML 1.0 section 3.3.3).
func (s *scanner) spaces(raw string) string {
	raw = s.lines(raw)
	for i := range len(raw) {
		if raw[i] == '\n' || raw[i] == '\t' {
			return strings.Map(func(r rune) rune {
				if r == '\n' || r == '\t' {
					return ' '
				}
				return r
			}, raw)
		}
	}
	return raw
}

// declare takes note of a namespace declaration. Those from index declared on
// are of the same element.
func (s *scanner) declare(prefix, space string, declared int) *Error {
	switch {
	case prefix == "xmlns", space == namespaceXMLNS, (prefix == "xml") != (space == namespaceXML):
		return s.fail(CheckXML, "no other meaning for xml and xmlns", prefix+" for "+space)
	case prefix != "" && space == "":
		return s.fail(CheckXML, "a namespace for prefix "+prefix, "none")
	case space != "" && !isAbsolute(space):
		return s.fail(CheckForbidden, "namespaces that are absolute URIs", space)
	case slices.ContainsFunc(s.doc.decls[declared:], func(b binding) bool { return b.prefix == prefix }):
		return s.fail(CheckXML, "one declaration for prefix "+prefix, "two")
	case len(s.scope) >= namespacesInScope:
		return s.fail(CheckLimit, "at most "+number(namespacesInScope)+" namespaces in one place", "more")
	}
	s.doc.decls = append(s.doc.decls, binding{prefix, space})
	s.scope = append(s.scope, binding{prefix, space})
	return nil
}

// resolve finds the namespaces of an element and of its attributes.
func (s *scanner) resolve(e *Element) *Error {
	var ok bool
	if e.name.Space, ok = lookup(s.scope, e.prefix); !ok || e.prefix == "xml" {
		return s.fail(CheckXML, "a declared prefix", e.prefix)
	}
	id := false
	attrs := s.doc.attrs[e.attrFrom:e.attrTo]
	for i := range attrs {
		a := &attrs[i]
		if a.prefix != "" {
			if a.Space, ok = lookup(s.scope, a.prefix); !ok {
				return s.fail(CheckXML, "a declared prefix", a.prefix)
			}
		}
		for _, other := range attrs[:i] {
			if other.Local == a.Local && other.Space == a.Space {
				return s.fail(CheckXML, "an attribute once", a.Local)
			}
		}
		if !likeID(a.Local) {
			continue
		}
		if id {
			return s.fail(CheckID, "one ID on an element", "two")
		}
		id = true
		s.ids = append(s.ids, a.Value)
	}
	return nil
}

// uniqueIDs refuses two IDs with one value, whatever their names and
// namespaces: another reader may find either of them.
func (s *scanner) uniqueIDs() *Error {
	slices.Sort(s.ids)
	for i := 1; i < len(s.ids); i++ {
		if s.ids[i] == s.ids[i-1] {
			return refuse(CheckID, "every ID once", s.ids[i])
		}
	}
	return nil
}

// likeID reports whether some reader may take an attribute of this local name,
// in whatever namespace, for an ID.
func likeID(local string) bool {
	return len(local) == 2 && strings.EqualFold(local, "ID") || local == "AssertionID"
}

// lookup finds what a prefix means, innermost declaration first. The empty
// prefix always means something, if only no namespace.
func lookup(scope []binding, prefix string) (space string, ok bool) {
	for i := len(scope) - 1; i >= 0; i-- {
		if scope[i].prefix == prefix {
			return scope[i].space, true
		}
	}
	if prefix == "xml" {
		return namespaceXML, true
	}
	return "", prefix == ""
}
