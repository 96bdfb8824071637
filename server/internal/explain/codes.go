package explain

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// The forms in which codes and what stands beside them are written.
var (
	aadstsForm  = regexp.MustCompile(`\bAADSTS([0-9]{4,8})\b`)
	spokenForm  = regexp.MustCompile(`(?i)\berror\s*code\s*:?\s*([0-9]{4,8})\b`)
	lanyardForm = regexp.MustCompile(`\bLY-[A-Z]{2,8}-(?:[0-9]{3}|OFF|EMPTY)\b`)
	numberForm  = regexp.MustCompile(`^[0-9]{4,8}$`)
	traceForm   = regexp.MustCompile(`(?i)\b(?:trace|request)[ _]id["']?\s*:\s*["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`)
	corrForm    = regexp.MustCompile(`(?i)\bcorrelation[ _]id["']?\s*:\s*["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`)
	timeForm    = regexp.MustCompile(`(?i)\btimestamp["']?\s*:\s*["']?([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]{8,16}Z?)`)
	wordForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
)

// aadsts looks for Microsoft's code in a text.
func (r reader) aadsts(s string) (Explanation, bool) {
	m := aadstsForm.FindStringSubmatch(s)
	if m == nil {
		if m = spokenForm.FindStringSubmatch(s); m == nil {
			return Explanation{}, false
		}
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return Explanation{}, false
	}
	return explainCode(n, s), true
}

// number takes a bare number for Microsoft's code.
func (r reader) number(s string) (Explanation, bool) {
	if !numberForm.MatchString(s) {
		return Explanation{}, false
	}
	n, err := strconv.Atoi(s)
	return explainCode(n, ""), err == nil
}

// explainCode explains one of Microsoft's codes, with what Microsoft's support
// asks for where it stands in the text beside it.
func explainCode(number int, text string) Explanation {
	e := Explanation{Kind: KindAADSTS}
	known, ok := problem.LookupAADSTS(number)
	e.fact("code", known.Name())
	for _, f := range []struct {
		name string
		form *regexp.Regexp
	}{{"trace ID", traceForm}, {"correlation ID", corrForm}, {"time", timeForm}} {
		if m := f.form.FindStringSubmatch(text); m != nil {
			e.fact(f.name, m[1])
		}
	}
	if !ok {
		e.note("This code is not in Lanyard's table.", "Microsoft explains it at "+known.Address())
		return e
	}
	e.note(known.Cause, known.Next, "Who can mend it: "+string(known.Who)+".")
	if known.Blade != "" {
		e.note("Where, in Microsoft Entra: " + known.Blade)
	}
	switch {
	case known.AppOnly:
		e.fact("Lanyard's code in the app", string(known.Code))
	case known.Code != "":
		e.fact("Lanyard's code", string(known.Code))
	}
	e.note("Microsoft's own page: " + known.Address())
	return e
}

// lanyardCode explains a code of ours. One of Microsoft's beside it says more.
func (r reader) lanyardCode(s string) (Explanation, bool) {
	code := problem.Code(lanyardForm.FindString(s))
	if code == "" {
		return Explanation{}, false
	}
	if e, ok := r.aadsts(s); ok {
		e.fact("Lanyard's code", string(code))
		return e, true
	}
	e := Explanation{Kind: KindLanyard}
	e.fact("code", string(code))
	if m := corrForm.FindStringSubmatch(s); m != nil {
		e.fact("correlation ID", m[1])
		e.note("The correlation ID finds the request in the server's log, with the cause.")
	}
	if !problem.Known(code) {
		e.note("This lanyardd does not know the code; the server may be newer.")
		return e, true
	}
	t := problem.Lookup(code)
	e.Notes = append([]string{t.Sentence, t.Next, "Who can mend it: " + string(t.Who) + "."}, e.Notes...)
	if code == problem.NotAdmitted {
		e.note(notProvisioned()...)
	}
	return e, true
}

// object explains a JSON answer: Microsoft's error, or a problem document.
func (r reader) object(s string) (Explanation, bool) {
	if !strings.HasPrefix(s, "{") {
		return Explanation{}, false
	}
	var doc struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Codes       []int           `json:"error_codes"`
		Code        string          `json:"code"`
		Access      string          `json:"access_token"`
		ID          string          `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(s), &doc); err != nil {
		return Explanation{}, false
	}
	var word string
	_ = json.Unmarshal(doc.Error, &word) // Graph's is an object
	switch {
	case len(doc.Codes) > 0 && doc.Codes[0] > 0:
		return explainCode(doc.Codes[0], s), true
	case doc.Access != "":
		return r.inside([]byte(doc.Access)), true
	case doc.ID != "":
		return r.inside([]byte(doc.ID)), true
	case lanyardForm.MatchString(doc.Code):
		return r.lanyardCode(s)
	case word != "":
		return explainOAuth(word, doc.Description), true
	}
	return r.aadsts(s)
}

// oauthErrors are those of RFC 6749, 8628 and OpenID Connect that Microsoft and
// Lanyard answer with.
var oauthErrors = map[string]string{
	"invalid_request":           "The request lacks something or has something twice.",
	"unauthorized_client":       "The application may not ask in this way.",
	"access_denied":             "The person, or Microsoft, said no.",
	"unsupported_response_type": "The application may not get this kind of answer.",
	"invalid_scope":             "The permission that was asked for does not exist or was not granted.",
	"server_error":              "Microsoft had a failure of its own. Try again.",
	"temporarily_unavailable":   "Microsoft is busy. Try again in a while.",
	"invalid_client":            "The application could not prove who it is.",
	"invalid_grant":             "What was to be exchanged is unknown, spent or expired. Sign in again.",
	"unsupported_grant_type":    "The server does not know this way of asking.",
	"interaction_required":      "Microsoft has to ask the person something. Sign in again.",
	"login_required":            "Nobody is signed in at Microsoft. Sign in again.",
	"consent_required":          "The application was not approved. Grant admin consent in Microsoft Entra.",
	"authorization_pending":     "The code was not typed yet.",
	"expired_token":             "The code has expired. Ask for a new one.",
	"authorization_declined":    "The person declined.",
	"bad_verification_code":     "The code was mistyped.",
	"invalid_resource":          "The API that was asked for is not in the tenant.",
	"invalid_token":             "The token is unknown or expired. Sign in again.",
}

// explainOAuth explains an OAuth error with its description.
func explainOAuth(word, description string) Explanation {
	if m := aadstsForm.FindStringSubmatch(description); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			e := explainCode(n, description)
			e.fact("OAuth error", word)
			return e
		}
	}
	e := Explanation{Kind: KindOAuth}
	if !wordForm.MatchString(word) {
		e.note("Its name is none that OAuth 2.0 knows.")
		return e
	}
	e.fact("OAuth error", word)
	if s, ok := oauthErrors[word]; ok {
		e.note(s)
	} else {
		e.note("Its name is none that Lanyard knows.")
	}
	if code := lanyardForm.FindString(description); code != "" {
		t := problem.Lookup(problem.Code(code))
		e.fact("Lanyard's code", code)
		e.note(t.Sentence, t.Next)
	}
	return e
}

// errorIn explains the error in an address's query or fragment.
func errorIn(v url.Values) (Explanation, bool) {
	if word := v.Get("error"); word != "" {
		return explainOAuth(word, v.Get("error_description")), true
	}
	return Explanation{}, false
}

// fromPage looks for what matters in a web page: the form that Entra has the
// browser post, else an error.
func (r reader) fromPage(s string) Explanation {
	if m := hiddenForm.FindStringSubmatch(s); m != nil {
		return r.inside([]byte(html.UnescapeString(m[1])))
	}
	plain := html.UnescapeString(tagForm.ReplaceAllString(s, " "))
	if e, ok := r.lanyardCode(plain); ok {
		return e
	}
	if e, ok := r.aadsts(plain); ok {
		return e
	}
	e := Explanation{Kind: KindPage}
	e.note("This is a web page and no metadata: an address of the portal was copied, or a page to sign in was saved.",
		"In Microsoft Entra open the application, then Single sign-on, and copy the App Federation Metadata Url of step 3.")
	return e
}

var (
	hiddenForm = regexp.MustCompile(`(?is)<input[^>]*\bname=["']?SAMLResponse["']?[^>]*\bvalue=["']([^"']+)["']`)
	tagForm    = regexp.MustCompile(`<[^>]*>`)
)
