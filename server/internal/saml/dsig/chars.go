package dsig

import (
	"strconv"
	"strings"
)

// name reads a qualified name of ASCII letters, digits, dots, hyphens and
// underscores with at most one colon.
func (s *scanner) name() (prefix, local string, err *Error) {
	start, colon := s.pos, -1
	for ; s.pos < len(s.src); s.pos++ {
		c := s.src[s.pos]
		if c == ':' && colon < 0 {
			colon = s.pos
		} else if !isNameByte(c) {
			break
		}
	}
	local = s.src[start:s.pos]
	if colon >= 0 {
		prefix, local = s.src[start:colon], s.src[colon+1:s.pos]
	}
	if !beginsName(local) || colon >= 0 && !beginsName(prefix) {
		if s.pos < len(s.src) && s.src[s.pos] >= 0x80 {
			return "", "", s.fail(CheckForbidden, "names in ASCII", "another letter")
		}
		return "", "", s.fail(CheckXML, "a name", s.src[start:min(len(s.src), s.pos+10)])
	}
	return prefix, local, nil
}

// expand replaces character references and the five predefined entities.
func (s *scanner) expand(raw string) (string, *Error) {
	if !s.rich || strings.IndexByte(raw, '&') < 0 {
		return raw, nil
	}
	var b strings.Builder
	b.Grow(len(raw))
	for {
		before, rest, found := strings.Cut(raw, "&")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		s.references++
		if s.references > s.doc.limits.References {
			return "", s.fail(CheckLimit, "at most "+number(s.doc.limits.References)+" references", "more")
		}
		// The longest that is allowed is &#x0010FFFF; and the like: a search without
		// bound would read the rest of the document once for each ampersand.
		end := strings.IndexByte(rest[:min(len(rest), 12)], ';')
		if end < 0 {
			return "", s.fail(CheckXML, "a reference that ends with ;", "")
		}
		r, ok := reference(rest[:end])
		if !ok {
			return "", s.fail(CheckForbidden, "a character or one of &lt; &gt; &amp; &quot; &apos;", "&"+rest[:end+1])
		}
		b.WriteRune(r)
		raw = rest[end+1:]
	}
}

// reference returns the character that a reference without & and ; stands for.
func reference(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	for i := range len(digits) { // ParseUint would take a sign or an underscore
		if !isHex(digits[i]) {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(digits, base, 32)
	r := rune(n & 0x7fffffff)
	return r, err == nil && n <= 0x10FFFF && isChar(r)
}

// isChar is Char of XML 1.0.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}

// isAbsolute reports whether a namespace is a URI with a scheme, written without
// anything that RFC 3986 forbids, and without & or a user. libxml2 makes
// nothing, without a word, of a document with a relative one or one that it
// cannot read ("void canonicalisation"), and writes an & as it is where the
// canonical form wants &amp;.
func isAbsolute(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || scheme == "" || !isLetter(scheme[0]) {
		return false
	}
	for i := range len(scheme) {
		if c := scheme[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case isLetter(c), isDigit(c), strings.IndexByte("-._~:/?#@!$'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(rest) && isHex(rest[i+1]) && isHex(rest[i+2]):
			i += 2
		default:
			return false
		}
	}
	return strings.Count(rest, "#") <= 1 && hasPlainHost(rest)
}

// hasPlainHost reports whether what follows the scheme names a host, and maybe a
// port, or no authority at all.
func hasPlainHost(rest string) bool {
	authority, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return true
	}
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	host, port, ported := strings.Cut(authority, ":")
	for i := range len(port) {
		if !isDigit(port[i]) {
			return false
		}
	}
	return host != "" && !strings.Contains(host, "@") && ported == (port != "") && len(port) <= 5
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.src) && isSpace(s.src[s.pos]) {
		s.pos++
	}
}

// skip goes past c, if it is next.
func (s *scanner) skip(c byte) bool {
	if s.pos < len(s.src) && s.src[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// ahead is what comes next, for an error.
func (s *scanner) ahead() string { return s.src[s.pos:min(len(s.src), s.pos+20)] }

func isSpace(c byte) bool  { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isNameByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '-' || c == '.' || c == '_'
}

func beginsName(s string) bool { return s != "" && (isLetter(s[0]) || s[0] == '_') }

// containsWord reports whether word is one of the words of a list.
func containsWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

func number(n int) string { return strconv.Itoa(n) }
