package domains

import (
	"errors"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/lanyard-sso/lanyard/problem"
)

// maxTyped is how much is looked at of what was typed.
const maxTyped = 1000

// Split makes a list of what was typed into one field: entries are parted by
// lines, commas, semicolons and space.
func Split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })
}

// names are how host names are written for DNS (UTS #46, as browsers do for
// looking up; RFC 5891): small letters, xn--… for what is not ASCII.
func names() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
}

// Parse returns the e-mail domain that was typed, as DNS writes it. An address, a
// web page and the like are refused with what would be right, and so are public
// suffixes (publicsuffix.org) and domains of mail providers, where anybody can
// have an address. The errors are problem.DomainInvalid, DomainSuffix and
// DomainFreeMail.
func Parse(typed string) (string, error) {
	text := strings.TrimFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"'<>`, r) })
	if len(text) > maxTyped || !utf8.ValidString(text) {
		return "", problem.Detailf(problem.DomainInvalid, "It is too long, or not text.")
	}
	if err := mistaken(text); err != nil {
		return "", err
	}
	ascii, ok := hostName(strings.TrimPrefix(text, "@"))
	switch {
	case !ok || !strings.Contains(ascii, "."):
		return "", problem.Detailf(problem.DomainInvalid, "It is %.100q.", text)
	case number(ascii):
		return "", problem.Detailf(problem.DomainInvalid, "%.100q is a network address.", text)
	case ascii == "localhost" || strings.HasSuffix(ascii, ".localhost") || strings.HasSuffix(ascii, ".arpa"):
		return "", problem.Detailf(problem.DomainInvalid, "%.100q is no domain that people have addresses of.", text)
	}
	if _, err := publicsuffix.EffectiveTLDPlusOne(ascii); err != nil {
		return "", problem.Detailf(problem.DomainSuffix, "It is %s.", ascii)
	}
	if freeMail(ascii) {
		return "", problem.Detailf(problem.DomainFreeMail, "It is %s.", ascii)
	}
	return ascii, nil
}

// hostName is a host name as DNS writes it. One that becomes another when it is
// written so once more is none: xn-- can hide things.
func hostName(s string) (ascii string, ok bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	ascii, err := names().ToASCII(strings.TrimSuffix(s, "."))
	if err != nil || ascii == "" {
		return "", false
	}
	again, err := names().ToASCII(ascii)
	return ascii, err == nil && again == ascii
}

// mistaken names what was probably meant where something else was typed.
func mistaken(text string) error {
	switch {
	case text == "":
		return problem.Detailf(problem.DomainInvalid, "Nothing is there.")
	case strings.Contains(text, "://"):
		host := text[strings.Index(text, "://")+3:]
		if i := strings.IndexAny(host, "/?#:"); i >= 0 {
			host = host[:i]
		}
		return problem.Detailf(problem.DomainInvalid, "%.100q is the address of a web page. Its host is %.100q.", text, host)
	case strings.LastIndexByte(text, '@') > 0:
		return problem.Detailf(problem.DomainInvalid, "%.100q is an e-mail address. Its domain is %.100q.", text, text[strings.LastIndexByte(text, '@')+1:])
	case strings.HasPrefix(text, "*."):
		return problem.Detailf(problem.DomainInvalid, "Enter %.100q without *; whether subdomains belong to it is a setting.", text[2:])
	case strings.ContainsAny(text, "/:?#"):
		return problem.Detailf(problem.DomainInvalid, "%.100q is more than a domain.", text)
	}
	return nil
}

// number reports whether a name is a network address, or would be taken for one.
func number(ascii string) bool {
	if _, err := netip.ParseAddr(ascii); err == nil {
		return true
	}
	last := ascii[strings.LastIndexByte(ascii, '.')+1:]
	return strings.Trim(last, "0123456789") == ""
}

// parseAll parses several domains, each once.
func parseAll(typed []string) ([]string, error) {
	var all []string
	var faults []error
	seen := map[string]bool{}
	for _, t := range typed {
		for _, entry := range Split(t) {
			name, err := Parse(entry)
			switch {
			case err != nil && len(faults) < 20:
				faults = append(faults, &Fault{entry, err})
			case err == nil && !seen[name]:
				seen[name] = true
				all = append(all, name)
			}
		}
	}
	switch {
	case len(faults) > 0:
		return nil, errors.Join(faults...)
	case len(all) == 0:
		return nil, problem.New(problem.DomainNone)
	case len(all) > MaxDomains:
		return nil, problem.Detailf(problem.DomainTooMany, "A workspace has %d at most.", MaxDomains)
	}
	return all, nil
}

// listed is the name of a domain that is in a list, in whatever way it was typed.
func listed(typed string) string {
	text := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(typed)), ".")
	if ascii, ok := hostName(text); ok {
		return ascii
	}
	return text
}

// Shown is a domain as people read it: international ones in their own letters.
func Shown(ascii string) string {
	text, err := idna.Display.ToUnicode(ascii)
	if err != nil {
		return ascii
	}
	return text
}

// initial reports whether a domain is one that Microsoft gives to tenants.
func initial(ascii string) bool {
	for _, m := range []string{"onmicrosoft.com", "onmicrosoft.us", "onmicrosoft.de", "partner.onmschina.cn"} {
		if strings.HasSuffix(ascii, "."+m) {
			return true
		}
	}
	return false
}

// maxReason is how long a reason may be, in characters.
const maxReason = 500

// line reports whether a text is one line that can be shown, of so many
// characters at most.
func line(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}
