package saml

import (
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// Status is what an identity provider reports of a failure (SAML core 3.2.2).
// It is not signed, so it serves to choose among sentences of ours, never to
// decide anything, and holds none of the provider's own words.
type Status struct {
	// Code and Sub are the last parts of SAML's status URIs, such as
	// Responder and AuthnFailed, or empty when they are not SAML's.
	Code string
	Sub  string
	// AADSTS is the number of Microsoft's code ("50105"), or empty.
	AADSTS string
}

// Success reports whether the identity provider did what was asked.
func (s Status) Success() bool { return s.Code == "Success" }

// statusPrefix begins every status of SAML 2.0.
const statusPrefix = "urn:oasis:names:tc:SAML:2.0:status:"

// statuses are the codes of SAML core 3.2.2.2. Any other word is somebody's own
// and is not repeated.
var statuses = map[string]bool{
	"Success": true, "Requester": true, "Responder": true, "VersionMismatch": true, "AuthnFailed": true,
	"InvalidAttrNameOrValue": true, "InvalidNameIDPolicy": true, "NoAuthnContext": true, "NoAvailableIDP": true,
	"NoPassive": true, "NoSupportedIDP": true, "PartialLogout": true, "ProxyCountExceeded": true,
	"RequestDenied": true, "RequestUnsupported": true, "RequestVersionDeprecated": true,
	"RequestVersionTooHigh": true, "RequestVersionTooLow": true, "ResourceNotRecognized": true,
	"TooManyResponses": true, "UnknownAttrProfile": true, "UnknownPrincipal": true, "UnsupportedBinding": true,
}

// ParseStatus reads the status of a response, whoever sent it: for explaining a
// failure, and for nothing else.
func ParseStatus(raw []byte) (Status, error) {
	doc, err := dsig.Parse(raw, dsig.Limits{Bytes: MaxResponse})
	if err != nil {
		return Status{}, malformed(err, CheckReadable)
	}
	el := doc.Root().Child(nsProtocol, "Status")
	if el == nil {
		return Status{}, &Refusal{Code: problem.SAMLIncomplete, Check: CheckStatus, Expected: "a Status"}
	}
	return readStatus(el), nil
}

// readStatus reads a Status element.
func readStatus(el *dsig.Element) Status {
	var s Status
	if code := el.Child(nsProtocol, "StatusCode"); code != nil {
		s.Code = statusWord(code)
		if sub := code.Child(nsProtocol, "StatusCode"); sub != nil {
			s.Sub = statusWord(sub)
		}
	}
	if msg := el.Child(nsProtocol, "StatusMessage"); msg != nil && msg.FirstChild() == nil {
		s.AADSTS = aadsts(msg.Text())
	}
	return s
}

func statusWord(el *dsig.Element) string {
	v, _ := el.Attr("", "Value")
	word, ok := strings.CutPrefix(trim(v), statusPrefix)
	if !ok || !statuses[word] {
		return ""
	}
	return word
}

// aadsts reads the number from a message that begins as Entra's do, with
// "AADSTS50105: ". Anything else has none.
func aadsts(message string) string {
	rest, ok := strings.CutPrefix(trim(message), "AADSTS")
	if !ok {
		return ""
	}
	number, _, ok := strings.Cut(rest, ":")
	if !ok || len(number) < 4 || len(number) > 8 {
		return ""
	}
	for _, c := range []byte(number) {
		if c < '0' || c > '9' {
			return ""
		}
	}
	return number
}

// failure is the code to answer a failed status with.
func (s Status) failure() problem.Code {
	if known, ok := s.Known(); ok && known.Code != "" && !known.AppOnly {
		return known.Code
	}
	return problem.SAMLIdPFailed
}

// Known returns what is known of the AADSTS code. ok is false where there is
// none, or nothing is.
func (s Status) Known() (known problem.AADSTS, ok bool) {
	n, err := strconv.Atoi(s.AADSTS)
	if err != nil {
		return known, false
	}
	return problem.LookupAADSTS(n)
}

// described is the status in words that are all ours or SAML's own.
func (s Status) described() string {
	switch {
	case s.AADSTS != "":
		return "AADSTS" + s.AADSTS
	case s.Sub != "":
		return s.Sub
	case s.Code != "":
		return s.Code
	}
	return "an unknown status"
}
