package redirect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

const (
	// maxMSAL is how many bytes of configuration are read; a real one has 500.
	maxMSAL = 64 << 10
	// maxNested is how deep it may be nested; a real one is four deep.
	maxNested = 32
	// maxAuthorities is how many directories it may name.
	maxAuthorities = 50
)

// MSALOptions is what a pasted MSAL configuration is held against.
type MSALOptions struct {
	// ClientID and TenantID are the workspace's. Empty means any, but still a
	// GUID and a single tenant.
	ClientID, TenantID string
	// AndroidOptions name the app.
	AndroidOptions
}

// CheckMSAL reads a pasted MSAL configuration (row G4). Where several things
// are wrong with what it says, the error joins one for each (errors.Join), in
// the order of the file MSAL's documentation shows. No error holds anything
// of what was pasted but names of fields.
//
// Fields that only tune MSAL, such as logging, are ignored.
func CheckMSAL(pasted []byte, o MSALOptions) (MSAL, error) {
	text := bytes.TrimSpace(bytes.TrimPrefix(pasted, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		return MSAL{}, wrong(problem.MSALEmpty, "")
	case len(text) > maxMSAL:
		return MSAL{}, wrong(problem.MSALTooLarge, "")
	case text[0] != '{':
		return MSAL{}, wrong(problem.MSALOther, "")
	}
	if err := readable(text); err != nil {
		return MSAL{}, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return MSAL{}, wrong(problem.MSALUnreadable, "")
	}
	r := msalReader{raw: raw}
	m := r.read()
	if r.errs == nil {
		r.errs = m.faults(o)
	}
	if err := errors.Join(r.errs...); err != nil {
		return MSAL{}, err
	}
	return m, nil
}

// said returns a Wrong with a detail of its own.
func said(code problem.Code, format string, args ...any) error {
	return &Wrong{err: problem.Detailf(code, format, args...)}
}

// stopped says in which line reading ended, as an editor counts them, and at
// what, where that is something that people put into JSON and JSON has not.
func stopped(text []byte, dec *json.Decoder, err error) error {
	offset := min(int(dec.InputOffset()), len(text))
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		offset = len(text) // it was cut short
	}
	before, rest := bytes.TrimRight(text[:offset], " \t\r\n"), bytes.TrimLeft(text[offset:], " \t\r\n")
	at := ""
	switch {
	case startsWith(rest, "/", "#"):
		at = ", at a comment, of which JSON has none"
	case startsWith(rest, "\u201c", "\u201d", "\u201e", "\u2018", "\u2019", "'"):
		at = `, at a quotation mark that is not "`
	case bytes.HasSuffix(before, []byte(",")) && startsWith(rest, "}", "]", ","):
		at = ", at a comma too many"
	}
	return said(problem.MSALUnreadable, "Reading ended in line %d%s.", 1+bytes.Count(text[:len(text)-len(rest)], []byte("\n")), at)
}

func startsWith(text []byte, starts ...string) bool {
	return slices.ContainsFunc(starts, func(s string) bool { return bytes.HasPrefix(text, []byte(s)) })
}

// readable walks through text before anything is made of it, and refuses what
// is cut short, nested too deep, or says a thing twice: of two redirect URIs
// MSAL might take the other one.
func readable(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := walkValue(dec, text, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return said(problem.MSALUnreadable, "Something stands behind the last brace.")
	}
	return nil
}

func walkValue(dec *json.Decoder, text []byte, depth int) error {
	tok, err := dec.Token()
	if err != nil {
		return stopped(text, dec, err)
	}
	open, nested := tok.(json.Delim)
	if !nested {
		return nil
	}
	if depth > maxNested {
		return wrong(problem.MSALTooLarge, "")
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			if err := walkKey(dec, text, seen); err != nil {
				return err
			}
		}
		if err := walkValue(dec, text, depth+1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return stopped(text, dec, err)
	}
	return nil
}

func walkKey(dec *json.Decoder, text []byte, seen map[string]bool) error {
	tok, err := dec.Token()
	if err != nil {
		return stopped(text, dec, err)
	}
	key := strings.ToLower(fmt.Sprint(tok)) // encoding/json matches without regard to case
	if seen[key] {
		return wrong(problem.MSALTwice, "")
	}
	seen[key] = true
	return nil
}

// msalReader takes the fields it knows out of a configuration and notes those
// that are missing or of the wrong form.
type msalReader struct {
	raw  map[string]json.RawMessage
	errs []error
}

func (r *msalReader) read() MSAL {
	for name := range r.raw {
		if isSecretName(name) {
			r.errs = []error{wrong(problem.MSALSecret, "")}
			return MSAL{}
		}
	}
	var m MSAL
	r.field("client_id", true, &m.ClientID)
	r.field("authorization_user_agent", false, &m.UserAgent)
	r.field("redirect_uri", true, &m.RedirectURI)
	r.field("account_mode", false, &m.AccountMode)
	r.field("broker_redirect_uri_registered", false, &m.BrokerRegistered)
	r.field("authorities", true, &m.Authorities)
	return m
}

func (r *msalReader) field(name string, required bool, to any) {
	raw, there := r.raw[name]
	switch {
	case !there || string(raw) == "null" || string(raw) == `""`:
		if required {
			r.errs = append(r.errs, said(problem.MSALMissing, "%s is missing.", name))
		}
	case json.Unmarshal(raw, to) != nil:
		r.errs = append(r.errs, said(problem.MSALKind, "%s has the wrong form.", name))
	}
}

// isSecretName reports whether a field is one that no app on a phone may hold.
func isSecretName(name string) bool {
	low := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
	return strings.Contains(low, "secret") || strings.Contains(low, "privatekey") || low == "password"
}
