package server

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// do does an act of the console as a command would, and reads its answer.
func (w *samlWorld) do(into any, name string, pairs ...string) error {
	w.t.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	out, err := w.r.server.Do(w.t.Context(), name, "acme", values, nil)
	if err != nil || into == nil {
		return err
	}
	raw, err := json.Marshal(out)
	w.must(err)
	w.must(json.Unmarshal(raw, into))
	return nil
}

// req: A15
func TestMicrosoft_anAdministratorTestsItAndSwitchesItOnFromTheConsole(t *testing.T) {
	w := newMicrosoft(t, "sqlite", directory.ProofCertificate)
	w.must(w.do(nil, "microsoft.disable"))
	w.says(w.call(nil, "GET", w.msURLs().Login, nil), problem.ModuleOff)
	if err := w.do(nil, "microsoft.enable"); codeOf(err) != problem.M365Untested {
		t.Errorf("untested: %v", err)
	}
	var link struct{ URL, ID string }
	var result struct {
		State  string
		Code   problem.Code
		Person struct {
			Name string `json:"user_name"`
		}
	}
	// A failed one says which check it was, and leaves it untested.
	w.must(w.do(&link, "microsoft.test.new"))
	w.entra.AlterIDTokens(func(c entratest.Claims) { c["aud"] = w.app.ClientID })
	if answer := w.visit(w.entra.Browser(), link.URL); !strings.Contains(answer.Body, string(problem.M365Audience)) {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	w.entra.AlterIDTokens(nil)
	w.must(w.do(&result, "microsoft.test", "id", link.ID))
	if result.State != "failed" || result.Code != problem.M365Audience {
		t.Errorf("the result is %+v", result)
	}
	if err := w.do(nil, "microsoft.enable"); codeOf(err) != problem.M365Untested {
		t.Errorf("after a failure: %v", err)
	}
	w.must(w.do(&link, "microsoft.test.new"))
	b := w.entra.Browser()
	answer := w.visit(b, link.URL)
	if answer.Status != 200 || !strings.Contains(answer.Body, "The test sign-in succeeded") || w.whoami(b, w.r) != nil {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	w.must(w.do(&result, "microsoft.test", "id", link.ID))
	if result.State != "passed" || result.Person.Name != w.ada.UserPrincipalName {
		t.Errorf("the result is %+v", result)
	}
	again, err := w.entra.Browser().Get(t.Context(), link.URL)
	w.must(err)
	w.refused(again, problem.TestLinkUsed)
	w.must(w.do(nil, "microsoft.enable"))
	b = w.entra.Browser()
	w.visit(b, w.msURLs().Login)
	w.signedIn(b)
	// Other settings have to be tested anew, and not while people sign in by these.
	if err := w.do(nil, "microsoft.web.save", "client_id", w.app.ClientID); codeOf(err) != problem.M365BadSetting {
		t.Errorf("changed while it is on: %v", err)
	}
	w.must(w.do(nil, "microsoft.disable"))
	w.must(w.do(nil, "microsoft.web.save", "client_id", w.app.ClientID))
	if err := w.do(nil, "microsoft.enable"); codeOf(err) != problem.M365Untested {
		t.Errorf("changed since the test: %v", err)
	}
}
