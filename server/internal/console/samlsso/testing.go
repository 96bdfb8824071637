package samlsso

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/boombuler/barcode/qr"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Testing is Entra's part 5: a test sign-in and what came of it.
type Testing struct {
	Wizard
	// Ready: part 3 is done, so that there is something to test.
	Ready bool `json:"ready"`
	// Link is shown to whoever made it, until it was used or has expired. It is
	// no part of the JSON: the act that made it answered with it.
	Link    string    `json:"-"`
	QR      *QR       `json:"-"`
	ID      string    `json:"id,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	// Result is nil where no test was made, or its result is gone.
	Result *Result `json:"result,omitempty"`
	// TestedNow: a test succeeded with the settings as they are now.
	TestedNow bool      `json:"tested_now"`
	Tested    time.Time `json:"tested,omitzero"`
	// Stuck are what is most often the matter where Microsoft sends nobody back.
	Stuck []problem.AADSTS `json:"-"`
	// RedactTo leads to the page without or with personal data.
	RedactTo string `json:"-"`
}

// Head is that of a page.
func (p Testing) Head() console.Head { return p.head() }

// Result is what came of a test sign-in.
type Result struct {
	signin.TestResult
	// Current: the settings are still those that were tested.
	Current bool `json:"current"`
	// Lines are the checks with an explanation of each.
	Lines []console.Check `json:"-"`
	// Claims are what was received, in order.
	Claims   []Claim `json:"claims,omitempty"`
	Redacted bool    `json:"redacted,omitempty"`
	// Causes are what is most often the matter with a failure.
	Causes []string `json:"causes,omitempty"`
	// Over: there will be no other state.
	Over bool `json:"over"`
	// News is a sentence for whoever cannot see the page change.
	News string `json:"-"`
}

// Claim is one attribute of an assertion.
type Claim struct {
	// Name is the attribute's, and Short what follows its last slash.
	Name   string   `json:"name"`
	Short  string   `json:"short"`
	Values []string `json:"values"`
}

type testIn struct {
	Test   string `json:"test"`
	Redact bool   `json:"redact"`
}

// linkCookie keeps a test link for the browser that made it, so that its secret
// is in no address and no database.
const linkCookie = "lanyard-test-link"

func (s *Section) test(ctx context.Context, c *console.Call, in testIn) (Testing, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Testing{}, err
	}
	p := Testing{
		Wizard: st.wizard(c, "test"), Ready: st.exists(), TestedNow: st.conn.TestedNow(), Tested: st.conn.Tested,
		ID: in.Test,
	}
	last, _, err := store.ReadSetting[lastTest](ctx, s.cfg.Desk.Store, c.Workspace.ID, testSetting)
	if err != nil {
		return p, err
	}
	if p.ID = cmp.Or(p.ID, last.ID); p.ID == last.ID {
		p.Expires = last.Expires
	}
	if p.ID == "" {
		return p, nil
	}
	res, err := s.cfg.Setup.TestResult(ctx, c.Workspace.ID, p.ID)
	if code, _ := problem.Of(err); err != nil && code != problem.TestLinkUnknown {
		return p, err
	} else if err != nil {
		return p, nil // it is over and forgotten
	}
	p.Result = result(res, st.conn, in.Redact)
	flip := []string{"redact", "true"}
	if in.Redact {
		flip = nil
	}
	p.RedactTo = c.Path("saml.test", append([]string{"test", p.ID}, flip...)...)
	if res.State == signin.TestWaiting && c.Now.Before(p.Expires) {
		p.Link = s.linkFor(c, p.ID)
		if p.QR, err = qrOf(p.Link); err != nil {
			return p, err
		}
	}
	if !p.Result.Over {
		for _, n := range []int{50105, 50011, 700016, 501241} {
			if a, ok := problem.LookupAADSTS(n); ok {
				p.Stuck = append(p.Stuck, a)
			}
		}
	}
	return p, nil
}

// linkFor is the link of a test where this browser made it, or "".
func (s *Section) linkFor(c *console.Call, id string) string {
	if c.Request == nil {
		return ""
	}
	k, err := c.Request.Cookie(linkCookie)
	if err != nil {
		return ""
	}
	u := s.cfg.Setup.PublicURL.JoinPath("w", c.Workspace.ID, "saml/test")
	u.RawQuery = "t=" + k.Value
	if directory.HashToken(k.Value) != id {
		return ""
	}
	return u.String()
}

// made is what making a link answers: programs get the link, browsers a page that
// shows it.
type made struct {
	console.Done
	signin.TestLink
}

func (s *Section) newTest(ctx context.Context, c *console.Call, in form) (made, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return made{}, err
	}
	if !st.exists() {
		return made{}, partFirst()
	}
	link, err := s.cfg.Setup.NewTest(ctx, c.Workspace.ID)
	if err != nil {
		return made{}, err
	}
	_, _, err = store.ChangeSetting(ctx, s.cfg.Desk.Store, c.Workspace.ID, testSetting, store.SettingChange{Version: store.AnyVersion, Who: c.Me.Called(), Now: c.Now}, func(t *lastTest) error {
		*t = lastTest{link.ID, link.Expires}
		return nil
	})
	if err != nil {
		return made{}, err
	}
	_, token, _ := strings.Cut(link.URL, "?t=")
	c.SetCookie(&http.Cookie{
		Name: linkCookie, Value: token, Path: c.Path("saml.test"), MaxAge: int(link.Expires.Sub(c.Now) / time.Second),
		Secure: c.Console.Scheme == "https", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	return made{console.Done{To: c.Path("saml.test"), Say: "The link is ready. It can be used once, within 15 minutes."}, link}, nil
}

// result is a test's result as it is shown.
func result(r signin.TestResult, conn directory.SAML, redact bool) *Result {
	v := &Result{TestResult: r, Redacted: redact, Current: r.ConfigHash == "" || r.ConfigHash == conn.ConfigHash()}
	switch r.State {
	case signin.TestPassed:
		v.News, v.Over = "The test sign-in succeeded.", true
	case signin.TestFailed:
		v.News, v.Over = "The test sign-in failed. "+r.Sentence, true
		v.Causes = problem.Causes(r.Code)
	case signin.TestStarted:
		v.News = "The test sign-in has begun."
	default:
		v.News = "Waiting for the test sign-in."
	}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		values := slices.Clone(r.Attributes[name])
		if redact {
			for i := range values {
				values[i] = redacted(values[i])
			}
		}
		v.Claims = append(v.Claims, Claim{name, name[strings.LastIndexByte(name, '/')+1:], values})
	}
	if redact {
		v.NameID, v.Attributes = redacted(v.NameID), nil
		if v.Person != nil {
			who := *v.Person
			who.UserName, who.Name, who.Email = redacted(who.UserName), redacted(who.Name), redacted(who.Email)
			v.Person = &who
		}
		v.Would, v.Detail = nil, ""
	}
	for _, k := range r.Checks {
		v.Lines = append(v.Lines, line(k, redact))
	}
	for _, k := range r.Warnings {
		v.Lines = append(v.Lines, line(k, redact))
	}
	if redact {
		v.Checks, v.Warnings = nil, nil
	}
	return v
}

// personal are the checks that show who somebody is.
var personal = []string{"person", "email", "name id", "nameid"}

// line is a check with its explanation.
func line(k signin.TestCheck, redact bool) console.Check {
	c := console.Check{Title: title(k.Name), State: "bad", Fix: k.Field}
	if redact && (k.Advice || slices.Contains(personal, strings.ToLower(k.Name))) {
		k.Received, k.Expected = redacted(k.Received), ""
	}
	switch {
	case k.Skipped:
		c.State, c.Detail, c.Fix = "wait", cmp.Or(k.Sentence, "Not looked at, as something before it failed."), ""
		return c
	case k.OK:
		c.State, c.Detail, c.Fix = "good", meaning(k.Name), ""
		if k.Received != "" {
			c.Detail = strings.TrimSpace(c.Detail + " Received: " + k.Received)
		}
		return c
	case k.Advice:
		c.State = "warn"
	}
	c.Detail = strings.TrimSpace(meaning(k.Name) + " " + k.Sentence)
	if k.Expected != "" {
		c.Detail += " Expected: " + strings.TrimSuffix(k.Expected, ".") + "."
	}
	if k.Received != "" {
		c.Detail += " Received: " + strings.TrimSuffix(k.Received, ".") + "."
	}
	if next := problem.Lookup(k.Code).Next; next != "" && k.Code != "" {
		c.Fix = strings.TrimSpace(next + " " + k.Field)
	}
	return c
}

// title is a check's name with a capital.
func title(name string) string {
	r, n := utf8.DecodeRuneInString(name)
	return strings.ToUpper(string(r)) + name[n:]
}

// redacted keeps the first character of what comes before and after an @, so that
// a result can be sent to somebody without saying who it was.
func redacted(s string) string {
	if s == "" {
		return ""
	}
	name, domain, mail := strings.Cut(s, "@")
	r, _ := utf8.DecodeRuneInString(name)
	if !mail {
		return string(r) + "•••"
	}
	d, _ := utf8.DecodeRuneInString(domain)
	return string(r) + "•••@" + string(d) + "•••"
}

// QR is a QR code (ISO/IEC 18004) as squares of one side, for a drawing that needs
// no picture.
type QR struct {
	Side  int
	Cells []Cell
}

// Cell is a run of dark squares in a row.
type Cell struct{ X, Y, Width int }

// quiet is the margin that a reader needs, in squares.
const quiet = 4

// qrOf is the code of a text; nil where there is none.
func qrOf(text string) (*QR, error) {
	if text == "" {
		return nil, nil
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, problem.Wrap(problem.Internal, err)
	}
	size := code.Bounds().Dx()
	q := &QR{Side: size + 2*quiet}
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size {
				if r, _, _, _ := code.At(x, y).RGBA(); r != 0 {
					break
				}
				x++
			}
			if x > from {
				q.Cells = append(q.Cells, Cell{from + quiet, y + quiet, x - from})
			}
		}
	}
	return q, nil
}

// partFirst is that part 3 comes first.
func partFirst() error { return problem.New(problem.SSOPartFirst) }

// onField marks a field, unless the refusal is about something else.
func onField(field string, err error) error {
	switch code, _ := problem.Of(err); code {
	case problem.Internal, problem.ChangedSince, problem.SSOLive, problem.UnknownWorkspace, problem.SSOEnforced:
		return err
	}
	return console.Fault{Field: field, Err: err}
}
