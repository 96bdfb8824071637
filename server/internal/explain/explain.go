package explain

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// MaxText is how many bytes are looked at.
const MaxText = 2 << 20

// maxDepth is how many wrappings (form, base64, compression) are taken off.
const maxDepth = 5

// Kind is what a text was found to be.
type Kind string

// The kinds.
const (
	KindUnknown        Kind = "something unknown"
	KindEmpty          Kind = "nothing"
	KindAADSTS         Kind = "an error of Microsoft Entra ID"
	KindOAuth          Kind = "an OAuth 2.0 error"
	KindLanyard        Kind = "an error of Lanyard"
	KindResponse       Kind = "a SAML response"
	KindRequest        Kind = "a SAML sign-in request"
	KindLogout         Kind = "a SAML sign-out message"
	KindMetadata       Kind = "SAML metadata"
	KindMetadataURL    Kind = "the address of SAML metadata"
	KindAddress        Kind = "an address"
	KindToken          Kind = "a token (JWT)"
	KindEncryptedToken Kind = "an encrypted token (JWE)"
	KindCertificate    Kind = "a certificate"
	KindPrivateKey     Kind = "a private key"
	KindPage           Kind = "a web page"
	KindProvisioning   Kind = "something of Entra's provisioning"
)

// Options says what things are judged against. The zero value judges what can
// be judged without knowing anything.
type Options struct {
	// Now is the time of the judgement. Zero means the present.
	Now time.Time
	// Expect is what a workspace's responses must be for.
	Expect *saml.Expect
	// IdP is the identity provider of pasted metadata, where Expect is nil.
	IdP *saml.IdentityProvider
	// TenantID and Audience are those of a workspace's tokens, or empty.
	TenantID, Audience string
}

func (o Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// Explanation is what there is to say.
type Explanation struct {
	Kind Kind `json:"kind"`
	// OK says that nothing was found wrong; an error's explanation is not.
	OK    bool   `json:"ok"`
	Facts []Fact `json:"facts"`
	// Verified says that a signature of a known key covers the facts.
	Verified bool    `json:"verified"`
	Checks   []Check `json:"checks"`
	// Notes are sentences: what it means and what to do, the first one first.
	Notes []string `json:"notes"`
}

// Fact is one value that was read.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Check is one thing that was looked at.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Skipped says that it could not be looked at; Sentence says why.
	Skipped bool `json:"skipped,omitempty"`
	// Advice says that failing it refuses nothing.
	Advice   bool         `json:"advice,omitempty"`
	Code     problem.Code `json:"code,omitempty"`
	Sentence string       `json:"sentence,omitempty"`
	Expected string       `json:"expected,omitempty"`
	Received string       `json:"received,omitempty"`
	// Field is what Microsoft's portal calls the place to change it.
	Field string `json:"field,omitempty"`
}

func (e *Explanation) fact(name, value string) {
	if value != "" {
		e.Facts = append(e.Facts, Fact{name, saml.Shown(value)})
	}
}

func (e *Explanation) note(sentences ...string) {
	for _, s := range sentences {
		if s = strings.TrimSpace(s); s != "" {
			e.Notes = append(e.Notes, s)
		}
	}
}

// refused notes why something was refused.
func (e *Explanation) refused(err error) {
	code, text := problem.Of(err)
	e.OK = false
	e.note(text.Sentence+" ("+string(code)+")", problem.DetailOf(err), text.Next, "Who can mend it: "+string(text.Who)+".")
}

// warned notes warnings as checks that refuse nothing.
func (e *Explanation) warned(all []saml.Warning) {
	for _, w := range all {
		t := problem.Lookup(w.Code)
		e.Checks = append(e.Checks, Check{Name: "warning", Advice: true, Code: w.Code, Sentence: t.Sentence + " " + t.Next, Received: w.Detail, Field: w.Field})
	}
}

// Explain says what a pasted text is and what there is to say about it. It
// never fails: what nobody knows is KindUnknown.
func Explain(text []byte, o Options) Explanation {
	if len(text) > MaxText {
		e := Explanation{Kind: KindUnknown}
		e.note("This is larger than two megabytes, and was not looked at.")
		return e.whole()
	}
	return reader{Options: o}.explain(text).whole()
}

// whole replaces lists that are nil, for JSON.
func (e Explanation) whole() Explanation {
	if e.Facts == nil {
		e.Facts = []Fact{}
	}
	if e.Checks == nil {
		e.Checks = []Check{}
	}
	if e.Notes == nil {
		e.Notes = []string{}
	}
	return e
}

// reader takes wrappings off.
type reader struct {
	Options
	depth int
	// raw is what was inside a wrapping, to the byte: a copy may have spaces
	// around it, but what was sent is judged as it was sent.
	raw []byte
}

// inside explains what was wrapped.
func (r reader) inside(text []byte) Explanation {
	r.depth, r.raw = r.depth+1, text
	return r.explain(text)
}

// explain finds out what a text is, from what is told most surely to what is
// told least.
func (r reader) explain(raw []byte) Explanation {
	text := bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		e := Explanation{Kind: KindEmpty}
		e.note("There is nothing here. Paste an error, an address, a SAMLResponse, a token, metadata or a certificate.")
		return e
	case r.depth > maxDepth:
		return unknown()
	}
	s := string(text)
	for _, try := range []func(string) (Explanation, bool){
		r.pem, r.address, r.markup, r.form, r.token, r.object, r.lanyardCode, r.aadsts, r.provisioning, r.der, r.encoded, r.number,
	} {
		if e, ok := try(s); ok {
			return e
		}
	}
	return unknown()
}

func unknown() Explanation {
	e := Explanation{Kind: KindUnknown}
	e.note("This is none of what Lanyard knows: an error or its address, a SAMLResponse or SAMLRequest (as XML, in base64, or with the form around it), a token, metadata, or a certificate.",
		"Copy it once more and whole. A SAMLResponse is found in the browser's developer tools, in the form data of the POST to …/saml/acs.")
	return e
}

// printable reports whether a text is words rather than bytes.
func printable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
