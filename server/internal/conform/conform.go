// Package conform asks a SCIM 2.0 provider what Microsoft asks it before an app
// goes into the Entra gallery, and tells what it answers.
//
// It decides which questions are asked, in which of the two dialects of
// Microsoft Entra ID (with and without the flag aadOptscim062020), and what a
// right answer is. The questions are our own words for three lists:
//
//   - gallery: the 25 tests of Microsoft's validation for the app gallery
//     (github.com/AzureAD/SCIMReferenceCode, SCIM-Validation-Test-Overview.md);
//     those that need an Entra tenant there are replayed as the requests the
//     tenant would send;
//   - validator: the tests of the SCIM Validator (scimvalidator.microsoft.com),
//     and validator-preview: those it calls preview;
//   - entra: what Entra sends beyond both, above all what providers most often
//     get wrong.
//
// It is a plain HTTP client and knows nothing of the provider. Everything it
// makes has a random name that begins with "conform-", and is deleted
// afterwards. Who runs it, and how results are shown, is the caller's business.
package conform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config says which provider is asked, and as whom.
type Config struct {
	// Base is the SCIM address, Entra's Tenant URL. A query of it is kept.
	Base *url.URL
	// Token is the bearer token. It may be empty where TokenEndpoint is set:
	// then one is fetched there.
	Token string
	// TokenEndpoint, ClientID and ClientSecret are for OAuth 2.0 client
	// credentials; with Assertion in place of the secret (RFC 7523) for
	// workload identity federation. What is empty is not tested.
	TokenEndpoint, ClientID, ClientSecret, Assertion string
	// Only is the name of one test to ask. Empty means all.
	Only string
	// Domain is that of the people who are made. Empty means conform.example.
	Domain string
	// HTTPClient sends the requests. Nil means one with a timeout of 30 s.
	HTTPClient *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// ErrNoTest is returned for a Config.Only that names none.
var ErrNoTest = errors.New("there is no test of this name")

// Outcome is how a test ended.
type Outcome string

// The outcomes. Warn is the failure of a test that Microsoft calls optional.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Warn Outcome = "warn"
	Skip Outcome = "skip"
)

// Result is one test that was run, in one dialect.
type Result struct {
	// Suite is gallery, validator, validator-preview or entra.
	Suite string `json:"suite"`
	// Name is that of Microsoft's list where it has one.
	Name string `json:"name"`
	// Dialect is default, flag (aadOptscim062020), or empty where both are alike.
	Dialect string `json:"dialect,omitempty"`
	// What is asked, as a sentence.
	What    string  `json:"what"`
	Outcome Outcome `json:"outcome"`
	// Why is set for all but a pass.
	Why string `json:"why,omitempty"`
	// Millis is how long it took.
	Millis int64 `json:"ms"`
}

// Report is what all tests came to.
type Report struct {
	Results []Result        `json:"results"`
	Counts  map[Outcome]int `json:"counts"`
	// Left are the addresses of what could not be deleted afterwards.
	Left []string `json:"left,omitempty"`
}

// Passed reports whether nothing failed.
func (r Report) Passed() bool { return r.Counts[Fail] == 0 }

// test is one question.
type test struct {
	suite, name, what string
	// both: asked in each dialect.
	both bool
	// optional: a failure is a warning.
	optional bool
	// groups: fails at once where /Schemas has no Group.
	groups bool
	run    func(t *try)
}

// Run asks everything, and tells each result as it comes to told, which may be
// nil. The error is about asking at all: an address that cannot be reached, a
// context that ended. What the provider answers is in the report.
func Run(ctx context.Context, c Config, told func(Result)) (Report, error) {
	if c.Base == nil || c.Base.Host == "" {
		return Report{}, errors.New("the SCIM address has no host")
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{Timeout: 30 * time.Second}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Domain == "" {
		c.Domain = "conform.example"
	}
	asked := tests()
	if c.Only != "" {
		asked = slices.DeleteFunc(asked, func(one test) bool { return !strings.EqualFold(one.name, c.Only) })
	}
	if len(asked) == 0 {
		return Report{}, fmt.Errorf("%w: %q", ErrNoTest, c.Only)
	}
	r := &runner{ctx: ctx, c: c, report: Report{Results: []Result{}, Counts: map[Outcome]int{}}}
	if err := r.begin(); err != nil {
		return r.report, err
	}
	for _, one := range asked {
		dialects := []dialect{classic}
		if one.both {
			dialects = []dialect{classic, flagged}
		}
		for _, d := range dialects {
			result := r.ask(one, d)
			if ctx.Err() != nil {
				return r.report, ctx.Err()
			}
			r.report.Results = append(r.report.Results, result)
			r.report.Counts[result.Outcome]++
			if told != nil {
				told(result)
			}
		}
	}
	return r.report, nil
}

func tests() []test {
	var all []test
	for _, list := range [][]test{gallery(), validator(), preview(), entra()} {
		all = append(all, list...)
	}
	return all
}

// runner asks the tests of one run.
type runner struct {
	ctx    context.Context
	c      Config
	report Report
	// groups: /Schemas has the Group schema.
	groups bool
	// federated is the token that the assertion gave, which may be used once.
	federated bearer
}

// begin makes sure that somebody answers, and learns whether there are groups.
func (r *runner) begin() error {
	if r.c.Token == "" && r.c.TokenEndpoint != "" {
		assertion := r.c.ClientSecret == ""
		token, err := r.fetchToken(assertion)
		if err != nil {
			return err
		}
		if r.c.Token = token.value; assertion {
			r.federated = token
		}
	}
	t := &try{runner: r}
	a, err := t.exchange(http.MethodGet, "/Schemas", nil, nil)
	if err != nil {
		return err
	}
	for _, s := range a.list() {
		if text(s["id"]) == groupSchema {
			r.groups = true
		}
	}
	return nil
}

// ask runs one test in one dialect and cleans up after it.
func (r *runner) ask(one test, d dialect) Result {
	began := r.c.Now()
	t := &try{runner: r, dialect: d}
	out := Result{Suite: one.suite, Name: one.name, What: one.what, Outcome: Pass}
	if one.both {
		out.Dialect = d.String()
	}
	if one.groups && !r.groups {
		out.Outcome, out.Why = Fail, "/Schemas has no "+groupSchema+": groups are mandatory for Microsoft's gallery."
	} else {
		t.guard(one.run)
		switch {
		case t.skipped != "":
			out.Outcome, out.Why = Skip, t.skipped
		case t.failed != "":
			out.Outcome, out.Why = Fail, t.failed
		}
		t.clean()
	}
	if out.Outcome == Fail && one.optional {
		out.Outcome = Warn
	}
	out.Millis = r.c.Now().Sub(began).Milliseconds()
	return out
}

// halt ends a test that has failed or is skipped; guard catches it.
type halt struct{}

// guard runs f until it ends or halts.
func (t *try) guard(f func(*try)) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(halt); !ok {
				panic(r)
			}
		}
	}()
	f(t)
}

// fail ends the test with the reason.
func (t *try) fail(format string, args ...any) {
	t.failed = fmt.Sprintf(format, args...)
	panic(halt{})
}

// skip ends the test as one that does not apply.
func (t *try) skip(format string, args ...any) {
	t.skipped = fmt.Sprintf(format, args...)
	panic(halt{})
}
