package server

import (
	"html"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

// What Microsoft answers is unsigned, and could be anybody's: of it only the
// number is taken, and everything on the page is in our words.
//
// req: B9
// req: C2
// req: H4
func TestSAML_itExplainsMicrosoftsRefusalsInItsOwnWords(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	for _, known := range problem.AllAADSTS() {
		raw := `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-11-22T09:00:00Z">` +
			`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>` +
			`<samlp:StatusMessage>AADSTS` + strconv.Itoa(known.Number) + `: call the canary at 555-0100 Trace ID: x</samlp:StatusMessage></samlp:Status></samlp:Response>`
		resp := w.post([]byte(raw), "")
		body, err := io.ReadAll(resp.Body)
		w.must(err)
		page := html.UnescapeString(string(body))
		for _, want := range []string{known.Name(), known.Cause, known.Next, known.Blade} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: %q is not on the page:\n%s", known.Name(), want, page)
			}
		}
		if strings.Contains(page, "canary") || strings.Contains(page, "555-0100") {
			t.Errorf("%s: the page repeats what was sent", known.Name())
		}
		if resp.StatusCode != 403 {
			t.Errorf("%s: %d", known.Name(), resp.StatusCode)
		}
	}
}
