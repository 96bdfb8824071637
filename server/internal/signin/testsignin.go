package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// TestLink is a link for one test sign-in (row C1). It holds a secret.
type TestLink struct {
	// ID finds the result.
	ID      string    `json:"id"`
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// TestState says how far a test is.
type TestState string

// The states of a test.
const (
	TestWaiting TestState = "waiting" // the link was not opened yet
	TestStarted TestState = "started"
	TestPassed  TestState = "passed"
	TestFailed  TestState = "failed"
)

// TestResult is what came of a test sign-in: every check, what was received
// beside what was expected, who it would be, and what enabling would do.
type TestResult struct {
	State TestState `json:"state"`
	At    time.Time `json:"at"`
	// ConfigHash is that of the connection which was tested, once it is over.
	ConfigHash string `json:"config_hash,omitempty"`
	// Code, Sentence, Detail and Next say why it failed.
	Code     problem.Code `json:"code,omitempty"`
	Sentence string       `json:"sentence,omitempty"`
	Detail   string       `json:"detail,omitempty"`
	Next     string       `json:"next,omitempty"`
	Checks   []TestCheck  `json:"checks"`
	Warnings []TestCheck  `json:"warnings,omitempty"`
	// What follows is there only where the response was verified.
	NameID       string `json:"name_id,omitempty"`
	NameIDFormat string `json:"name_id_format,omitempty"`
	// NameIDLooksLike is the attribute of Entra's that it was made from, as far as
	// can be told (row B7).
	NameIDLooksLike string              `json:"name_id_looks_like,omitempty"`
	Signed          string              `json:"signed,omitempty"`
	Encrypted       bool                `json:"encrypted,omitempty"`
	Attributes      map[string][]string `json:"attributes,omitempty"`
	Person          *TestPerson         `json:"person,omitempty"`
	// Would are sentences: what would happen if the connection were on.
	Would []string `json:"would,omitempty"`
}

// TestCheck is one check. Received is empty where no signature covered it.
type TestCheck struct {
	Name     string       `json:"name"`
	OK       bool         `json:"ok"`
	Skipped  bool         `json:"skipped,omitempty"`
	Advice   bool         `json:"advice,omitempty"`
	Code     problem.Code `json:"code,omitempty"`
	Sentence string       `json:"sentence,omitempty"`
	Expected string       `json:"expected,omitempty"`
	Received string       `json:"received,omitempty"`
	Field    string       `json:"field,omitempty"`
}

// TestPerson is who the sign-in would be.
type TestPerson struct {
	// ID is empty for a person who would be created.
	ID string `json:"id,omitempty"`
	// Asked: nobody is known by this sign-in, and the person would be asked for the
	// password of their account here, to link the two.
	Asked    bool   `json:"asked,omitempty"`
	UserName string `json:"user_name,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Role     string `json:"role,omitempty"`
}

// NewTest makes a link for one test sign-in within 15 minutes. It works while
// the connection is switched off.
func (s *SAMLSetup) NewTest(ctx context.Context, workspace string) (TestLink, error) {
	out, err := s.Show(ctx, workspace)
	if err != nil {
		return TestLink{}, err
	}
	now, token := s.Now(), testPrefix+secret()
	doc, err := json.Marshal(TestResult{State: TestWaiting, At: now.UTC()})
	if err != nil {
		return TestLink{}, err
	}
	l := TestLink{ID: directory.HashToken(token), Expires: now.Add(testLife).UTC()}
	u := s.PublicURL.JoinPath("w", out.SAML.Workspace, "saml/test")
	u.RawQuery = "t=" + token
	l.URL = u.String()
	err = s.Store.Exchange(ctx, nil, []store.Ticket{{
		Kind: store.TicketTest, Hash: l.ID, Workspace: out.SAML.Workspace, Doc: doc, Created: now, Expires: l.Expires,
	}}, now)
	if err != nil {
		return TestLink{}, fmt.Errorf("storing the test link: %w", err)
	}
	return l, nil
}

// testPrefix lets people and secret scanners recognise a test link.
const testPrefix = "lytest_"

// TestResult returns how a test stands. An unknown one is
// problem.TestLinkUnknown.
func (s *SAMLSetup) TestResult(ctx context.Context, workspace, id string) (TestResult, error) {
	return testResult(ctx, s.Store, workspace, id, s.Now())
}

// ticketLooker looks at tickets.
type ticketLooker interface {
	Ticket(ctx context.Context, key store.TicketKey, now time.Time) (store.Ticket, error)
}

func testResult(ctx context.Context, st ticketLooker, workspace, id string, now time.Time) (TestResult, error) {
	var res TestResult
	for _, kind := range []store.TicketKind{store.TicketResult, store.TicketTest} {
		t, err := st.Ticket(ctx, store.TicketKey{Kind: kind, Workspace: workspace, Hash: id}, now)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return res, fmt.Errorf("reading the test's result: %w", err)
		}
		if err := json.Unmarshal(t.Doc, &res); err != nil {
			return res, fmt.Errorf("reading the test's result: %w", err)
		}
		return res, nil
	}
	return res, problem.New(problem.TestLinkUnknown)
}

// test begins a test sign-in. The link is spent by opening it; its result takes
// its place.
func (h *SAMLHandler) test(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	v, err := h.visit(r, true)
	if err != nil {
		return err
	}
	id := directory.HashToken(r.URL.Query().Get("t"))
	if err := h.openTest(r.Context(), v.ws.ID, id); err != nil {
		return err
	}
	// Somebody who is signed in already would otherwise see nothing of it.
	return h.send(w, r, v, purpose{Test: id, Config: v.conn.ConfigHash()}, hintsOf(r.URL.Query()))
}

// openTest spends the link of a test; its result takes its place.
func (h *SAMLHandler) openTest(ctx context.Context, workspace, id string) error {
	now := h.Now()
	doc, err := json.Marshal(TestResult{State: TestStarted, At: now.UTC(), Checks: []TestCheck{}})
	if err != nil {
		return err
	}
	result := store.TicketKey{Kind: store.TicketResult, Workspace: workspace, Hash: id}
	err = h.Store.Exchange(ctx,
		[]store.TicketKey{{Kind: store.TicketTest, Workspace: workspace, Hash: id}},
		[]store.Ticket{{Kind: store.TicketResult, Hash: id, Workspace: workspace, Doc: doc, Created: now, Expires: now.Add(resultLife)}}, now)
	if errors.Is(err, store.ErrNotFound) {
		if _, terr := h.Store.Ticket(ctx, result, now); terr == nil {
			return problem.Wrap(problem.TestLinkUsed, err)
		}
		return problem.Wrap(problem.TestLinkUnknown, err)
	}
	if err != nil {
		return fmt.Errorf("starting the test: %w", err)
	}
	return nil
}

// tested is what a test shows of a verified response.
func (h *SAMLHandler) tested(v visit, a *saml.Assertion) *TestResult {
	res := &TestResult{
		State: TestPassed, At: h.Now().UTC(), Checks: checksOf(a.Report),
		NameID: a.NameID.Value, NameIDFormat: a.NameID.Format, NameIDLooksLike: a.NameIDLooksLike(), Signed: string(a.Signed), Encrypted: a.Encrypted,
		Attributes: map[string][]string{},
	}
	for _, at := range a.Attributes {
		res.Attributes[at.Name] = append(res.Attributes[at.Name], at.Values...)
	}
	for _, warned := range a.Warnings {
		res.Warnings = append(res.Warnings, TestCheck{
			Name: "warning", Code: warned.Code, Sentence: problem.Lookup(warned.Code).Sentence, Received: warned.Detail, Field: warned.Field, Advice: true,
		})
	}
	return res
}

func checksOf(r saml.Report) []TestCheck {
	out := []TestCheck{}
	for _, c := range r.Checks {
		t := TestCheck{
			Name: c.Name, OK: c.OK, Skipped: c.Skipped, Advice: c.Advice, Code: c.Code,
			Expected: c.Expected, Received: c.Received, Field: c.Field,
		}
		if c.Code != "" {
			t.Sentence = problem.Lookup(c.Code).Sentence
		}
		out = append(out, t)
	}
	return out
}

// failed is a result that says why.
func (res *TestResult) failed(why error) {
	code, text := problem.Of(why)
	res.State, res.Code, res.Sentence, res.Next, res.Detail = TestFailed, code, text.Sentence, text.Next, problem.DetailOf(why)
}

// finishTest says who the sign-in would be and what would happen, and changes
// nobody.
func (h *SAMLHandler) finishTest(w http.ResponseWriter, r *http.Request, v visit, k parked) error {
	res := k.Test
	if res == nil {
		return errors.New("a test without a result")
	}
	id := claimed(k)
	if err := h.whoWouldBe(r.Context(), v, directory.MethodSAML, id, v.rule(id), res); err != nil {
		return err
	}
	res.ConfigHash = k.Purpose.Config
	if err := h.storeResult(r.Context(), v.ws.ID, k.Purpose.Test, *res); err != nil {
		return err
	}
	if res.State == TestPassed {
		if err := h.noteTested(r.Context(), v, k.Purpose.Config); err != nil {
			return err
		}
	}
	return h.show(w, http.StatusOK, "test", testPage{Workspace: v.ws.ID, Name: v.ws.Name, Result: *res, Causes: problem.Causes(res.Code)})
}

// whoWouldBe puts into the result of a test who it would be and what would happen,
// or why nobody may enter. Somebody who would be asked which account is theirs
// passes: with passwords alone nobody is known by anything else at first.
func (h *SAMLHandler) whoWouldBe(ctx context.Context, v visit, m directory.Method, id identity, rule func(*directory.User) error, res *TestResult) error {
	u, err := h.lookUp(ctx, v.ws, v.conn.JIT, id)
	if err == nil {
		err = rule(u)
	}
	asked := false
	if err != nil {
		var more error
		if asked, more = h.linkable(ctx, v.ws, m, keptOf(id), err); more != nil {
			return more
		}
	}
	code, _ := problem.Of(err)
	switch {
	case asked:
		res.Person = &TestPerson{UserName: shownAs(keptOf(id)), Name: id.Name, Email: id.Email, Asked: true}
	case err == nil:
		res.Person = h.preview(v, u, id)
	case code == problem.Internal:
		return err
	default:
		res.failed(err)
		res.Checks = append(res.Checks, TestCheck{Name: "person", Code: code, Sentence: res.Sentence, Expected: "somebody who may enter " + v.ws.ID, Received: id.UserName})
		return nil
	}
	res.Checks = append(res.Checks, TestCheck{Name: "person", OK: true, Received: res.Person.UserName})
	res.Would = wouldBe(v, u, id, *res.Person, testedWays[m])
	return nil
}

// testedWays are what the ways to sign in are called in a test's result.
var testedWays = map[directory.Method]string{directory.MethodSAML: "SAML sign-in", directory.MethodMicrosoft: "Sign-in with Microsoft"}

// preview is who it would be.
func (h *SAMLHandler) preview(v visit, u *directory.User, id identity) *TestPerson {
	if u == nil {
		p := &TestPerson{UserName: id.UserName, Name: id.Name, Email: id.Email}
		if made, err := h.people(directory.MethodSAML).newUser(v.ws, id); err == nil {
			p.Role = made.Role
		}
		return p
	}
	p := directory.ProfileOf(*u)
	return &TestPerson{ID: u.ID, UserName: p.UserName, Name: p.DisplayName, Email: p.Email, Role: p.Role}
}

// wouldBe says what a sign-in would do if the connection were on.
func wouldBe(v visit, u *directory.User, id identity, p TestPerson, what string) []string {
	out := []string{}
	switch {
	case p.Asked:
		out = append(out, fmt.Sprintf("%s would be asked for the password of their account here, and the two would be linked, once and for all.", p.UserName))
	case u == nil:
		out = append(out, fmt.Sprintf("%s would be created, with the role %q.", id.UserName, p.Role))
	case directory.NeedsLink(*u, id.Identity):
		out = append(out, fmt.Sprintf("%s would be linked with this sign-in, once and for all.", p.UserName))
	default:
		out = append(out, fmt.Sprintf("%s would be signed in.", p.UserName))
	}
	if v.conn.Disabled {
		return append(out, what+" is switched off now; after enabling, everybody who is assigned can sign in.")
	}
	return append(out, what+" is on: this is what happens already.")
}

// testFailed stores and shows why a response to a test was refused.
func (h *SAMLHandler) testFailed(w http.ResponseWriter, r *http.Request, v visit, p purpose, why error) error {
	if code, _ := problem.Of(why); code == problem.Internal {
		return why
	}
	res := TestResult{At: h.Now().UTC(), ConfigHash: p.Config, Checks: checksOf(saml.ReportOf(why))}
	res.failed(why)
	if err := h.storeResult(r.Context(), v.ws.ID, p.Test, res); err != nil {
		return err
	}
	return h.show(w, http.StatusOK, "test", testPage{Workspace: v.ws.ID, Name: v.ws.Name, Result: res, Causes: problem.Causes(res.Code)})
}

// storeResult puts the result in the place of the one that said "started".
func (h *SAMLHandler) storeResult(ctx context.Context, workspace, id string, res TestResult) error {
	doc, err := json.Marshal(res)
	if err != nil {
		return err
	}
	now := h.Now()
	err = h.Store.Exchange(ctx,
		[]store.TicketKey{{Kind: store.TicketResult, Workspace: workspace, Hash: id}},
		[]store.Ticket{{Kind: store.TicketResult, Hash: id, Workspace: workspace, Doc: doc, Created: now, Expires: now.Add(resultLife)}}, now)
	if err != nil {
		return fmt.Errorf("storing the test's result: %w", err)
	}
	return nil
}

// noteTested remembers that a test succeeded with what is set up: not where
// somebody changed it since the test began.
func (h *SAMLHandler) noteTested(ctx context.Context, v visit, began string) error {
	_, err := h.Store.UpdateSAML(ctx, v.ws.ID, h.Now(), func(c *directory.SAML) ([]directory.Kind, error) {
		if began == "" || c.Version == 0 || c.ConfigHash() != began {
			return nil, errChanged
		}
		c.Tested, c.TestedHash = h.Now().UTC(), began
		return nil, nil
	})
	if err != nil && !errors.Is(err, errChanged) {
		return fmt.Errorf("noting the test: %w", err)
	}
	return nil
}

var errChanged = errors.New("the connection changed meanwhile")
