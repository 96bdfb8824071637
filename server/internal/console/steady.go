package console

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// steers reports whether r is a control character, or one that turns the direction
// of what is written after it (UAX #9, section 2): in a name, it would have the
// words around it read otherwise. Marks, which turn nothing, are left.
func steers(r rune) bool {
	switch r {
	case '\t', '\n', '\r':
		return false
	}
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// drawn draws a page for somebody, steadied.
func (o *Console) drawn(f *Frame) (*bytes.Buffer, error) {
	var b bytes.Buffer
	err := o.draw(&b, f)
	return bytes.NewBuffer(steady(b.Bytes())), err
}

// steady makes visible what steers in the text of a page. Values of fields are
// left as they are, since they are sent back.
func steady(page []byte) []byte {
	if !bytes.ContainsFunc(page, steers) {
		return page
	}
	var out bytes.Buffer
	field := false // between <textarea> and its end
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		kind := z.Next()
		raw := z.Raw()
		switch {
		case kind == html.ErrorToken: // the end
			return append(out.Bytes(), raw...)
		case kind == html.TextToken && !field:
			raw = bytes.Map(func(r rune) rune {
				if steers(r) {
					return utf8.RuneError
				}
				return r
			}, raw)
		}
		out.Write(raw)
		if kind == html.StartTagToken || kind == html.EndTagToken {
			name, _ := z.TagName()
			field = kind == html.StartTagToken && string(name) == "textarea"
		}
	}
}
