package scim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxNesting is how deeply parentheses may nest in a filter.
const maxNesting = 50

// ParseFilter parses the filter parameter of a query. Its errors are
// invalidFilter, with the place where the text stops making sense.
func ParseFilter(text string) (Filter, error) {
	p := &parser{text: text, kind: InvalidFilter}
	if err := p.check(); err != nil {
		return nil, err
	}
	f, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(p.text) {
		return nil, p.fail("there is more text after the end of the filter")
	}
	return f, nil
}

// ParsePath parses the path of a PATCH operation. Its errors are invalidPath.
func ParsePath(text string) (Path, error) {
	p := &parser{text: strings.TrimSpace(text), kind: InvalidPath}
	if err := p.check(); err != nil {
		return Path{}, err
	}
	path, err := p.path(0)
	if err != nil {
		return Path{}, err
	}
	if p.pos < len(p.text) {
		return Path{}, p.fail("there is more text after the end of the path")
	}
	return path, nil
}

// parser is a recursive descent over RFC 7644 figure 1, which has one token of
// look-ahead. Where the grammar wants exactly one space, any number will do.
type parser struct {
	text   string
	pos    int
	terms  int
	inside bool // within the brackets of a value path
	kind   Kind
}

func (p *parser) check() error {
	switch {
	case len(p.text) > MaxFilter:
		return bad(p.kind, "The text is %d bytes long; at most %d are taken.", len(p.text), MaxFilter)
	case !utf8.ValidString(p.text):
		return bad(p.kind, "The text is not UTF-8.")
	}
	return nil
}

func (p *parser) fail(what string) error {
	name := "filter"
	if p.kind == InvalidPath {
		name = "path"
	}
	return bad(p.kind, "The %s %s is not valid at character %d: %s.", name, shown(p.text), utf8.RuneCountInString(p.text[:p.pos])+1, what)
}

func (p *parser) space() bool {
	start := p.pos
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
	return p.pos > start
}

func (p *parser) or(depth int) (Filter, error) {
	left, err := p.and(depth)
	for err == nil && p.keyword("or") {
		var right Filter
		if right, err = p.and(depth); err == nil {
			left = Or{left, right}
		}
	}
	return left, err
}

func (p *parser) and(depth int) (Filter, error) {
	left, err := p.factor(depth)
	for err == nil && p.keyword("and") {
		var right Filter
		if right, err = p.factor(depth); err == nil {
			left = And{left, right}
		}
	}
	return left, err
}

// keyword consumes the word when it comes next, in any case and followed by a
// space or a parenthesis.
func (p *parser) keyword(word string) bool {
	start := p.pos
	p.space()
	if rest := p.text[p.pos:]; len(rest) > len(word) && strings.EqualFold(rest[:len(word)], word) {
		if next := rest[len(word)]; next == ' ' || next == '\t' || next == '(' {
			p.pos += len(word)
			return true
		}
	}
	p.pos = start
	return false
}

func (p *parser) factor(depth int) (Filter, error) {
	if depth > maxNesting {
		return nil, p.fail("it nests too deeply")
	}
	p.space()
	start := p.pos
	if p.keyword("not") {
		if p.space(); p.next('(') {
			f, err := p.parens(depth)
			return Not{f}, err
		}
		p.pos = start // an attribute called not
	}
	if p.next('(') {
		return p.parens(depth)
	}
	return p.term(depth)
}

func (p *parser) next(c byte) bool { return p.pos < len(p.text) && p.text[p.pos] == c }

func (p *parser) parens(depth int) (Filter, error) {
	p.pos++ // the opening one
	f, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.space(); !p.next(')') {
		return nil, p.fail("a closing parenthesis is missing")
	}
	p.pos++
	return f, nil
}

// term parses a comparison, a presence test or a value path.
func (p *parser) term(depth int) (Filter, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.fail("it has too many comparisons")
	}
	path, err := p.path(depth)
	if err != nil {
		return nil, err
	}
	end := p.pos
	spaced := p.space()
	word := p.word()
	operator, known := op(word)
	switch {
	case spaced && strings.EqualFold(word, "pr"):
		return Present{path}, nil
	case spaced && known:
		if !p.space() {
			return nil, p.fail("a value is missing after " + word)
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		return Compare{path, operator, v}, nil
	case path.Where != nil && path.Sub == "":
		p.pos = end // what follows is and, or, or the end
		return Has{path}, nil
	}
	p.pos = end
	return nil, p.fail("an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr) is missing after " + shown(path.Attr))
}

func (p *parser) word() string {
	start := p.pos
	for p.pos < len(p.text) && letter(p.text[p.pos]) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func (p *parser) path(depth int) (Path, error) {
	start := p.pos
	for p.pos < len(p.text) && inName(p.text[p.pos]) {
		p.pos++
	}
	path := Path{Attr: p.text[start:p.pos]}
	if path.Attr == "" || !(letter(path.Attr[0]) || path.Attr[0] == '$' || path.Attr[0] == '_') {
		p.pos = start
		return Path{}, p.fail("an attribute name is missing")
	}
	if last := path.Attr[len(path.Attr)-1]; last == '.' || last == ':' {
		return Path{}, p.fail("an attribute name is missing")
	}
	if !p.next('[') {
		return path, nil
	}
	if p.inside {
		return Path{}, p.fail("a value path stands inside another")
	}
	p.pos++
	p.inside = true
	where, err := p.or(depth + 1)
	p.inside = false
	if err != nil {
		return Path{}, err
	}
	if p.space(); !p.next(']') {
		return Path{}, p.fail("a closing bracket is missing")
	}
	p.pos++
	path.Where = where
	if !p.next('.') {
		return path, nil
	}
	p.pos++
	start = p.pos
	for p.pos < len(p.text) && inName(p.text[p.pos]) && p.text[p.pos] != ':' && p.text[p.pos] != '.' {
		p.pos++
	}
	if path.Sub = p.text[start:p.pos]; path.Sub == "" {
		return Path{}, p.fail("a sub-attribute is missing after the dot")
	}
	return path, nil
}

// value parses a JSON string, number, true, false or null.
func (p *parser) value() (any, error) {
	start := p.pos
	if p.next('"') {
		return p.quoted()
	}
	for p.pos < len(p.text) && !strings.ContainsRune(" \t)]", rune(p.text[p.pos])) {
		p.pos++
	}
	raw := p.text[start:p.pos]
	switch strings.ToLower(raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if strings.Trim(raw, "+-.0123456789eE") == "" && json.Valid([]byte(raw)) {
		return json.Number(raw), nil
	}
	p.pos = start
	return nil, p.fail("a value in double quotes, a number, true, false or null is missing")
}

func (p *parser) quoted() (any, error) {
	start := p.pos
	for p.pos++; p.pos < len(p.text) && p.text[p.pos] != '"'; p.pos++ {
		if p.text[p.pos] == '\\' {
			p.pos++
		}
	}
	if p.pos >= len(p.text) {
		p.pos = start
		return nil, p.fail("the closing quote is missing")
	}
	p.pos++
	var s string
	if err := json.Unmarshal([]byte(p.text[start:p.pos]), &s); err != nil {
		p.pos = start
		return nil, p.fail("what stands in quotes is not a JSON string")
	}
	return s, nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// inName reports whether c may stand in an attribute path: RFC 7643's name
// characters and what URNs and schema addresses need.
func inName(c byte) bool {
	return letter(c) || c >= '0' && c <= '9' || strings.IndexByte("_-$:./", c) >= 0
}
