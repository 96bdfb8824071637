package dsig

import (
	"encoding/base64"
	"slices"
	"strings"
)

// following is Next for an element that may be nil.
func (e *Element) following() *Element {
	if e == nil {
		return nil
	}
	return e.Next()
}

// outOfPlace says that another element was wanted.
func outOfPlace(wanted string, e *Element) *Error {
	return refuse(CheckGrammar, wanted, nameOf(e))
}

// plain refuses attributes other than these, text between the children, and
// comments: nothing in a signature is left for somebody else to read otherwise.
func plain(e *Element, attributes ...string) *Error {
	if err := only(e, attributes); err != nil {
		return err
	}
	switch {
	case e.hasComment:
		return refuse(CheckGrammar, "no comment in "+e.name.Local, "one")
	case e.first != none && strings.Trim(e.Text(), " \t\r\n") != "":
		return refuse(CheckGrammar, "no text in "+e.name.Local, e.Text())
	}
	return nil
}

// only refuses attributes other than these.
func only(e *Element, attributes []string) *Error {
	for _, a := range e.attributes() {
		if a.Space != "" || !slices.Contains(attributes, a.Local) {
			return refuse(CheckGrammar, "no such attribute on "+e.name.Local, a.Local)
		}
	}
	return nil
}

// algorithmOf returns the Algorithm of an element that has nothing else.
func algorithmOf(e *Element) (string, *Error) {
	if err := plain(e, "Algorithm"); err != nil {
		return "", err
	}
	if c := e.FirstChild(); c != nil {
		return "", refuse(CheckGrammar, "nothing in "+e.name.Local, nameOf(c))
	}
	uri, _ := e.Attr("", "Algorithm")
	return uri, nil
}

// exclusive reads an element that names exclusive canonicalisation, and its
// PrefixList if it has one.
func exclusive(e *Element) ([]string, *Error) {
	if err := plain(e, "Algorithm"); err != nil {
		return nil, err
	}
	if uri, _ := e.Attr("", "Algorithm"); uri != exclusiveC14N {
		return nil, refuse(CheckAlgorithm, exclusiveC14N, uri)
	}
	list := e.FirstChild()
	if list == nil {
		return nil, nil
	}
	if !list.Is(exclusiveC14N, "InclusiveNamespaces") || list.Next() != nil || list.FirstChild() != nil {
		return nil, refuse(CheckGrammar, "one InclusiveNamespaces in "+e.name.Local, nameOf(list))
	}
	if err := plain(list, "PrefixList"); err != nil {
		return nil, err
	}
	words, _ := list.Attr("", "PrefixList")
	prefixes := strings.Fields(words)
	if len(prefixes) > prefixesListed {
		return nil, refuse(CheckLimit, "a PrefixList of at most "+number(prefixesListed), number(len(prefixes)))
	}
	return prefixes, nil
}

// base64Of decodes the content of an element that has nothing else.
func base64Of(e *Element, attributes ...string) ([]byte, *Error) {
	if err := only(e, attributes); err != nil {
		return nil, err
	}
	if e.hasComment || e.FirstChild() != nil {
		return nil, refuse(CheckGrammar, "only base64 in "+e.name.Local, "something else")
	}
	data, ok := decodeBase64(e.Text())
	if !ok || len(data) == 0 {
		return nil, refuse(CheckGrammar, "base64 in "+e.name.Local, e.Text())
	}
	return data, nil
}

// decodeBase64 decodes base64 that may be wrapped or indented, and is otherwise
// exactly as it must be: padded, with no bit that means nothing.
func decodeBase64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, " \t\r\n") {
		kept := make([]byte, 0, len(s))
		for i := range len(s) {
			if !isSpace(s[i]) {
				kept = append(kept, s[i])
			}
		}
		s = string(kept)
	}
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	return data, err == nil
}

// isFragment reports whether an ID may be referred to as "#ID" with nothing else
// meant by it, such as an XPointer.
func isFragment(id string) bool {
	for i := range len(id) {
		if !isNameByte(id[i]) && id[i] != ':' {
			return false
		}
	}
	return id != ""
}
