package dsig

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Parse reads a document. It is the one parser for everything that comes from
// outside: responses, metadata, verified octets, decrypted assertions. raw is
// copied and may be changed afterwards. Every error is an *Error.
//
// It reads XML 1.0 (fifth edition) with namespaces, in UTF-8 with or without a
// byte order mark, and less than all of that: no DTD and so no entities but the
// five predefined ones, no processing instruction, no relative namespace, only
// ASCII in names of elements and attributes. Each of these is a place where two
// readers of one signed message have come to different ends.
func Parse(raw []byte, l Limits) (*Document, error) { return parse(raw, l, nil) }

// parse is Parse with declarations that hold around the root.
func parse(raw []byte, l Limits, outer []binding) (*Document, error) {
	l = l.filled()
	if len(raw) > min(l.Bytes, math.MaxInt32) {
		return nil, &Error{Check: CheckLimit, Expected: "at most " + number(l.Bytes) + " bytes", Received: number(len(raw))}
	}
	src := strings.TrimPrefix(string(raw), "\ufeff")
	s := scanner{doc: &Document{src: src, limits: l, outer: outer}, src: src}
	if err := s.run(); err != nil {
		return nil, err
	}
	return s.doc, nil
}

// scanner reads a document from front to back, once.
type scanner struct {
	doc *Document
	src string
	pos int

	open  []frame   // the elements that are open, outermost first
	scope []binding // the declarations that hold, outermost first
	ids   []string

	// rich, returns and closers tell whether the document has a reference, a
	// carriage return or the end of a CDATA section anywhere. Most have none, and
	// then no piece of it needs to be searched.
	rich, returns, closers bool
	elements, references   int
}

// frame is an element whose end was not seen yet.
type frame struct {
	node, last int32  // the element, and its last child so far
	tag        string // its name as written
	scope      int    // how many declarations held before it
}

func (s *scanner) run() *Error {
	if err := s.characterSet(); err != nil {
		return err
	}
	s.prepare()
	if err := s.declaration(); err != nil {
		return err
	}
	for s.pos < len(s.src) {
		read := s.characters
		if s.src[s.pos] == '<' {
			read = s.markup
		}
		if err := read(); err != nil {
			return err
		}
	}
	switch {
	case len(s.open) > 0:
		return s.fail(CheckXML, "</"+s.open[len(s.open)-1].tag+">", "the end of the document")
	case len(s.doc.nodes) == 0:
		return s.fail(CheckXML, "an element", "none")
	}
	return s.uniqueIDs()
}

// characterSet refuses what is not UTF-8, and characters that XML 1.0 has not.
func (s *scanner) characterSet() *Error {
	if !utf8.ValidString(s.src) {
		return &Error{Check: CheckXML, Expected: "UTF-8", Received: "other bytes"}
	}
	for i := range len(s.src) {
		if c := s.src[i]; c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			s.pos = i
			return s.fail(CheckXML, "a character that XML allows", "a control character")
		}
	}
	if strings.Contains(s.src, "\uFFFE") || strings.Contains(s.src, "\uFFFF") {
		return &Error{Check: CheckXML, Expected: "a character that XML allows", Received: "U+FFFE or U+FFFF"}
	}
	return nil
}

// prepare makes room once for what a look over the document promises, but never
// for more than the limits allow.
func (s *scanner) prepare() {
	l := s.doc.limits
	s.rich = strings.IndexByte(s.src, '&') >= 0
	s.returns = strings.IndexByte(s.src, '\r') >= 0
	s.closers = strings.Contains(s.src, "]]>")
	tags := strings.Count(s.src, "<")
	elements := tags - strings.Count(s.src, "</")
	texts := tags - strings.Count(s.src, "><")
	attributes := strings.Count(s.src, `="`) + strings.Count(s.src, `='`)
	declarations := strings.Count(s.src, "xmlns")
	s.doc.nodes = make([]Element, 0, min(elements, l.Elements)+min(texts, 2*l.Elements))
	s.doc.attrs = make([]Attr, 0, max(0, min(attributes, l.Attributes)-declarations))
	s.doc.decls = make([]binding, 0, min(declarations, l.Attributes))
	s.open = make([]frame, 0, 16)
	s.scope = append(make([]binding, 0, len(s.doc.outer)+16), s.doc.outer...)
}

// declaration reads the XML declaration, if there is one.
func (s *scanner) declaration() *Error {
	rest, ok := strings.CutPrefix(s.src, "<?xml")
	if !ok || rest == "" || !isSpace(rest[0]) {
		return nil
	}
	end := strings.Index(rest, "?>")
	if end < 0 {
		return s.fail(CheckXML, "the end of the XML declaration", "")
	}
	said := scanner{doc: s.doc, src: rest[:end] + " "}
	for _, part := range []struct{ name, wanted string }{{"version", "1.0"}, {"encoding", "utf-8"}, {"standalone", "yes no"}} {
		before := said.pos
		said.skipSpace()
		if !strings.HasPrefix(said.src[said.pos:], part.name) && part.name != "version" {
			said.pos = before // it is not there: the next one may be
			continue
		}
		prefix, name, value, err := said.pair(before)
		switch {
		case err != nil:
			return err
		case prefix != "" || name != part.name:
			return s.fail(CheckXML, part.name+" in the XML declaration", name)
		case !containsWord(part.wanted, strings.ToLower(value)):
			return s.fail(CheckForbidden, part.name+" "+part.wanted, value)
		}
	}
	said.skipSpace()
	if said.pos < len(said.src) {
		return s.fail(CheckXML, "the end of the XML declaration", said.src[said.pos:])
	}
	s.pos = len("<?xml") + end + len("?>")
	return nil
}

// markup reads one thing that begins with <.
func (s *scanner) markup() *Error {
	rest := s.src[s.pos:]
	switch {
	case strings.HasPrefix(rest, "</"):
		return s.endTag()
	case strings.HasPrefix(rest, "<!--"):
		return s.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		return s.cdata()
	case strings.HasPrefix(rest, "<!"):
		return s.fail(CheckForbidden, "no document type and no declaration", rest[:min(len(rest), 20)])
	case strings.HasPrefix(rest, "<?"):
		return s.fail(CheckForbidden, "no processing instruction", rest[:min(len(rest), 20)])
	}
	return s.startTag()
}

// comment skips a comment. It leaves a mark, because inside a signature there
// must be none.
func (s *scanner) comment() *Error {
	if err := s.count(); err != nil {
		return err
	}
	body := s.src[s.pos+len("<!--"):]
	end := strings.Index(body, "--")
	if end < 0 || !strings.HasPrefix(body[end:], "-->") {
		return s.fail(CheckXML, "a comment that ends with -->", "")
	}
	if n := len(s.open); n > 0 {
		s.doc.nodes[s.open[n-1].node].hasComment = true
	}
	s.pos += len("<!--") + end + len("-->")
	return nil
}

// cdata takes a CDATA section for the text that it stands for: the canonical
// form knows no difference, so neither may we.
func (s *scanner) cdata() *Error {
	if err := s.count(); err != nil {
		return err
	}
	body := s.src[s.pos+len("<![CDATA["):]
	end := strings.Index(body, "]]>")
	if end < 0 || len(s.open) == 0 {
		return s.fail(CheckXML, "a CDATA section inside an element, with its end", "")
	}
	s.addText(s.lines(body[:end]))
	s.pos += len("<![CDATA[") + end + len("]]>")
	return nil
}

// characters reads text up to the next <.
func (s *scanner) characters() *Error {
	raw := s.src[s.pos:]
	if end := strings.IndexByte(raw, '<'); end >= 0 {
		raw = raw[:end]
	}
	if len(s.open) == 0 {
		if strings.Trim(raw, " \t\r\n") != "" {
			return s.fail(CheckXML, "nothing outside the root element", raw)
		}
		s.pos += len(raw)
		return nil
	}
	if s.closers && strings.Contains(raw, "]]>") {
		return s.fail(CheckXML, "no ]]> in text", "")
	}
	text, err := s.expand(s.lines(raw))
	if err != nil {
		return err
	}
	s.addText(text)
	s.pos += len(raw)
	return nil
}

// lines makes every end of line a single line feed (XML 1.0 section 2.11).
func (s *scanner) lines(raw string) string {
	if !s.returns || strings.IndexByte(raw, '\r') < 0 {
		return raw
	}
	return strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\r", "\n")
}

func (s *scanner) addText(text string) {
	if text == "" {
		return
	}
	s.link(Element{doc: s.doc, text: text, isText: true, first: none, next: none})
}

// link puts a node behind the last child of the element that is open.
func (s *scanner) link(e Element) int32 {
	i := int32(len(s.doc.nodes))
	e.parent = none
	if n := len(s.open); n > 0 {
		top := &s.open[n-1]
		e.parent = top.node
		if top.last == none {
			s.doc.nodes[top.node].first = i
		} else {
			s.doc.nodes[top.last].next = i
		}
		top.last = i
	}
	e.index = i
	s.doc.nodes = append(s.doc.nodes, e)
	return i
}

// count counts one more element, comment or CDATA section.
func (s *scanner) count() *Error {
	s.elements++
	if s.elements > s.doc.limits.Elements {
		return s.fail(CheckLimit, "at most "+number(s.doc.limits.Elements)+" elements", "more")
	}
	return nil
}

// fail makes an Error about the place that is being read.
func (s *scanner) fail(c Check, expected, received string) *Error {
	err := refuse(c, expected, received)
	err.Line = s.doc.line(min(s.pos, len(s.doc.src)))
	return err
}
