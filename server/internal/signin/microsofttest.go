package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// microsoftTest begins a test sign-in with Microsoft. The link is spent by opening
// it; its result takes its place.
func (h *SAMLHandler) microsoftTest(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	c, err := h.microsoftOf(r)
	if err != nil {
		return err
	}
	id := directory.HashToken(r.URL.Query().Get("t"))
	if err := h.openTest(r.Context(), c.ws.ID, id); err != nil {
		return err
	}
	// A fresh choice of account: an administrator has several.
	return h.askMicrosoft(w, r, c, asked{Test: id}, oidc.Hint{Prompt: "select_account", Domain: c.set.DomainHint})
}

// finishMicrosoftTest says who the sign-in would be and what would happen, and
// changes nobody.
func (h *SAMLHandler) finishMicrosoftTest(w http.ResponseWriter, r *http.Request, c callon, a asked, t entra.IDToken, why error) error {
	if code, text := problem.Of(why); why != nil && (code == problem.Internal || text.Status == http.StatusTooManyRequests) {
		return why
	}
	res := TestResult{State: TestPassed, At: h.Now().UTC(), Checks: microsoftChecks(c, t, why)}
	if why != nil {
		res.failed(why)
		return h.showTest(w, r, c.ws, a.Test, res)
	}
	id := microsoftIdentity(t)
	res.NameID, res.Signed, res.Attributes = t.Subject, "ID token", claimsOf(t)
	v := visit{ws: c.ws}
	v.conn.Disabled, v.conn.JIT = !c.set.Enabled, c.ws.JIT
	if err := h.whoWouldBe(r.Context(), v, directory.MethodMicrosoft, id, c.rule(id), &res); err != nil {
		return err
	}
	if res.State == TestPassed {
		if err := h.Store.NoteMicrosoftTest(r.Context(), c.ws.ID, a.Config, h.Now()); err != nil {
			return fmt.Errorf("noting the test: %w", err)
		}
	}
	return h.showTest(w, r, c.ws, a.Test, res)
}

func (h *SAMLHandler) showTest(w http.ResponseWriter, r *http.Request, ws directory.Workspace, id string, res TestResult) error {
	if err := h.storeResult(r.Context(), ws.ID, id, res); err != nil {
		return err
	}
	return h.show(w, http.StatusOK, "test", testPage{Workspace: ws.ID, Name: ws.Name, Result: res})
}

// The steps of a sign-in with Microsoft, in the order in which they are judged,
// and the code that each fails with.
var microsoftSteps = []struct {
	name, field string
	codes       []problem.Code
}{
	{"Microsoft's answer", "Authentication → Web → Redirect URIs", nil},
	{"this server's certificate or secret", "Certificates & secrets", []problem.Code{problem.M365Credential, problem.M365NoKey, problem.WrongServerKey}},
	{"the code", "", []problem.Code{problem.OIDCRefused, problem.OIDCNoToken, problem.NoEntra}},
	{"account type", "Authentication → Supported account types", []problem.Code{problem.M365Personal}},
	{"issuer (iss)", "Overview → Directory (tenant) ID", []problem.Code{problem.M365IssuerClaim, problem.M365Issuer}},
	{"tenant (tid)", "Overview → Directory (tenant) ID", []problem.Code{problem.M365Tenant}},
	{"audience (aud)", "Overview → Application (client) ID", []problem.Code{problem.M365Audience}},
	{"nonce", "", []problem.Code{problem.M365Nonce}},
	{"times and signature", "", []problem.Code{problem.M365Time, problem.M365Token}},
}

// microsoftChecks says which steps were passed before one failed. What comes after
// was not looked at.
func microsoftChecks(c callon, t entra.IDToken, why error) []TestCheck {
	code, text := problem.Of(why)
	failed := len(microsoftSteps)
	if why != nil {
		failed = 0
		for i, s := range microsoftSteps {
			for _, known := range s.codes {
				if known == code {
					failed = i
				}
			}
		}
	}
	expected := map[string]string{"tenant (tid)": c.set.TenantID, "audience (aud)": c.set.ClientID, "issuer (iss)": c.set.Cloud() + "/" + c.set.TenantID + "/v2.0"}
	received := map[string]string{"tenant (tid)": t.TenantID, "issuer (iss)": t.Issuer}
	var out []TestCheck
	for i, s := range microsoftSteps {
		check := TestCheck{Name: s.name, OK: i < failed, Skipped: i > failed, Expected: expected[s.name], Received: received[s.name], Field: s.field}
		if i == failed {
			check.Code, check.Sentence = code, text.Sentence
		}
		out = append(out, check)
	}
	return out
}

// NewTest makes a link for one test sign-in within 15 minutes. It works while
// sign-in with Microsoft is switched off.
func (s *MicrosoftSetup) NewTest(ctx context.Context, workspace string) (TestLink, error) {
	m, err := s.Show(ctx, workspace)
	if err != nil {
		return TestLink{}, err
	}
	if !m.Set.Complete() {
		return TestLink{}, problem.New(problem.M365NotSet)
	}
	if !m.Ready {
		return TestLink{}, problem.New(problem.M365NoKey)
	}
	now, token := s.Now(), testPrefix+secret()
	doc, err := json.Marshal(TestResult{State: TestWaiting, At: now.UTC(), Checks: []TestCheck{}})
	if err != nil {
		return TestLink{}, err
	}
	l := TestLink{ID: directory.HashToken(token), Expires: now.Add(testLife).UTC()}
	u := s.PublicURL.JoinPath("w", workspace, "microsoft", "test")
	u.RawQuery = "t=" + token
	l.URL = u.String()
	err = s.Store.Exchange(ctx, nil, []store.Ticket{{
		Kind: store.TicketTest, Hash: l.ID, Workspace: workspace, Doc: doc, Created: now, Expires: l.Expires,
	}}, now)
	if err != nil {
		return TestLink{}, fmt.Errorf("storing the test link: %w", err)
	}
	return l, nil
}

// TestResult returns how a test stands. An unknown one is problem.M365NoTest.
func (s *MicrosoftSetup) TestResult(ctx context.Context, workspace, id string) (TestResult, error) {
	res, err := testResult(ctx, s.Store, workspace, id, s.Now())
	if errors.Is(err, problem.New(problem.TestLinkUnknown)) {
		return res, problem.Wrap(problem.M365NoTest, err)
	}
	return res, err
}
