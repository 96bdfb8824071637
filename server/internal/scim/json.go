package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"
)

// Decode reads one JSON object. It refuses what is not UTF-8, what nests deeper
// than [MaxDepth], what follows the object, and a name given twice in one
// object: of two values each reader on the way might take another one.
func Decode(data []byte) (Resource, error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, bad(InvalidSyntax, "The request has no body. A JSON object is needed.")
	case len(data) > MaxBody:
		return nil, TooLarge()
	case !utf8.Valid(data):
		return nil, bad(InvalidSyntax, "The body is not UTF-8.")
	}
	depth, names := outline(data)
	if depth > MaxDepth {
		return nil, bad(InvalidSyntax, "The body nests deeper than %d levels.", MaxDepth)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		e := bad(InvalidSyntax, "The body is not a JSON object.")
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			e.Detail = bad(InvalidSyntax, "The body is not valid JSON near byte %d.", syntax.Offset).Detail
		}
		e.Cause = err
		return nil, e
	}
	if object == nil {
		return nil, bad(InvalidSyntax, "The body is null. A JSON object is needed.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, bad(InvalidSyntax, "There is more text after the JSON object.")
	}
	if names != members(object) {
		return nil, bad(InvalidSyntax, "A name is given twice in one JSON object.")
	}
	return object, nil
}

// TooLarge is the error for a body over [MaxBody].
func TooLarge() error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Detail: "The request is larger than 1 MiB. Send less at a time."}
}

// JSON writes the resource: keys sorted, so that equal resources are equal
// bytes.
func (r Resource) JSON() ([]byte, error) {
	data, err := marshal(map[string]any(r))
	if err != nil {
		return nil, &Error{Status: http.StatusInternalServerError, Detail: "The resource could not be written.", Cause: err}
	}
	return data, nil
}

// Encode writes the resource as it is stored. A resource over [MaxResource] is
// an error.
func (r Resource) Encode() ([]byte, error) {
	data, err := r.JSON()
	if err != nil {
		return nil, err
	}
	if len(data) > MaxResource {
		return nil, &Error{
			Status: http.StatusRequestEntityTooLarge,
			Detail: "The resource would be larger than 256 KiB. Map fewer or shorter attributes in Entra.",
		}
	}
	return data, nil
}

// outline tells how deep JSON nests and how many names its objects have, by the
// brackets and colons outside strings, before anything is built in memory. It
// ends where the text is too deep.
func outline(data []byte) (deepest, names int) {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > deepest {
				deepest = depth
			}
			if depth > MaxDepth {
				return deepest, names
			}
		case c == '}' || c == ']':
			depth--
		case c == ':':
			names++
		}
	}
	return deepest, names
}

// members counts the names in all objects of a decoded value.
func members(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		n = len(v)
		for _, e := range v {
			n += members(e)
		}
	case []any:
		for _, e := range v {
			n += members(e)
		}
	}
	return n
}

// clone copies a JSON value with everything in it.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

// empty reports whether v stands for having no value.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
