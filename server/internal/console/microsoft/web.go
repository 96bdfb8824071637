package microsoft

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// webPage sets up the sign-in of browsers.
type webPage struct {
	signin.MicrosoftOutcome
	AppName string         `json:"app_name"`
	Steps   []console.Step `json:"-"`
	up      string
}

// Head is that of a page.
func (p webPage) Head() console.Head {
	return console.Head{Title: "Sign-in on the web", Template: "microsoft/web.html", Nav: "microsoft", Crumbs: []console.Link{{Text: "Sign in with Microsoft", To: p.up}}}
}

func (s *Section) web(ctx context.Context, c *console.Call, _ none) (webPage, error) {
	out, err := s.cfg.Setup.Show(ctx, c.Workspace.ID)
	return webPage{
		MicrosoftOutcome: out, AppName: cmp.Or(s.cfg.Brand, c.Workspace.Name) + " on the web", Steps: stepsOf(out, c.Path("microsoft.web"), c.Path("microsoft.home")), up: c.Path("microsoft.home"),
	}, err
}

type webInput struct {
	ClientID   *string `json:"client_id"`
	TenantID   *string `json:"tenant_id"`
	Authority  *string `json:"authority"`
	DomainHint *string `json:"domain_hint"`
	Version    *int64  `json:"version"`
}

// outcome is what an act of the set-up answers.
type outcome struct {
	console.Done
	signin.MicrosoftOutcome
}

// seen is the version that a change is based on.
func seen(v *int64) int64 {
	if v == nil {
		return store.AnyVersion
	}
	return *v
}

func (s *Section) saveWeb(ctx context.Context, c *console.Call, in webInput) (outcome, error) {
	out, err := s.cfg.Setup.Set(ctx, c.Workspace.ID, c.Me.Called(), seen(in.Version), signin.MicrosoftInput{
		ClientID: in.ClientID, TenantID: in.TenantID, Authority: in.Authority, DomainHint: in.DomainHint,
	})
	return s.done(c, out, s.webClash(ctx, c, in, err), "Saved. Next: a certificate or a client secret.", "#proof")
}

// done leads on to the set-up.
func (s *Section) done(c *console.Call, out signin.MicrosoftOutcome, err error, say, at string) (outcome, error) {
	return outcome{console.Done{To: c.Path("microsoft.web") + at, Say: say}, out}, err
}

func (s *Section) newCertificate(ctx context.Context, c *console.Call, _ none) (outcome, error) {
	out, err := s.cfg.Setup.NewCertificate(ctx, c.Workspace.ID, c.Me.Called())
	if err == nil && len(out.Certificates) > 0 {
		c.Target(out.Certificates[0].ID)
		c.Note("thumbprint", out.Certificates[0].Thumbprint)
	}
	return s.done(c, out, err, "The certificate is made. Download it and upload it under Certificates & secrets.", "#proof")
}

type idInput struct {
	ID string `json:"id"`
}

func (s *Section) useCertificate(ctx context.Context, c *console.Call, in idInput) (outcome, error) {
	c.Target(in.ID)
	out, err := s.cfg.Setup.Use(ctx, c.Workspace.ID, c.Me.Called(), in.ID)
	return s.done(c, out, err, "This certificate is used from now on. Make a test sign-in.", "#proof")
}

// certificate is the public half, as Entra takes it.
func (s *Section) certificate(ctx context.Context, c *console.Call, in idInput) (console.File, error) {
	out, err := s.cfg.Setup.Show(ctx, c.Workspace.ID)
	if err != nil {
		return console.File{}, err
	}
	for _, k := range out.Certificates {
		if k.ID == in.ID {
			return console.File{Name: "lanyard-" + c.Workspace.ID + ".pem", Type: "application/x-pem-file", Data: []byte(k.PEM)}, nil
		}
	}
	return console.File{}, problem.New(problem.NotFound)
}

type secretInput struct {
	Secret  string `json:"secret"`
	Expires string `json:"expires"`
}

func (s *Section) saveSecret(ctx context.Context, c *console.Call, in secretInput) (outcome, error) {
	set := signin.MicrosoftInput{Secret: &in.Secret}
	if strings.TrimSpace(in.Secret) == "" {
		return outcome{}, console.Fault{Field: "secret", Err: problem.Detailf(problem.M365BadSetting, "Paste the Value of the client secret.")}
	}
	if in.Expires != "" {
		day, err := time.Parse(time.DateOnly, in.Expires)
		if err != nil {
			return outcome{}, console.Fault{Field: "expires", Err: problem.Detailf(problem.M365BadSetting, "The day is written as in 2027-01-31.")}
		}
		set.SecretExpires = day
	}
	out, err := s.cfg.Setup.Set(ctx, c.Workspace.ID, c.Me.Called(), store.AnyVersion, set)
	if err != nil {
		err = console.Fault{Field: "secret", Err: err}
	}
	return s.done(c, out, err, "The client secret is kept, sealed. Next: a test sign-in.", "#proof")
}

// linkPage shows the link of a test, once.
type linkPage struct {
	URL     string    `json:"url"`
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
	Result  string    `json:"-"`
	up      string
}

// Head is that of a page.
func (p linkPage) Head() console.Head {
	return console.Head{Title: "Test sign-in", Template: "microsoft/link.html", Nav: "microsoft", Crumbs: []console.Link{{Text: "Sign in with Microsoft", To: p.up}}}
}

func (s *Section) newTest(ctx context.Context, c *console.Call, _ none) (linkPage, error) {
	l, err := s.cfg.Setup.NewTest(ctx, c.Workspace.ID)
	if err != nil {
		return linkPage{}, err
	}
	c.Target(l.ID)
	return linkPage{URL: l.URL, ID: l.ID, Expires: l.Expires, Result: c.Path("microsoft.test", "id", l.ID), up: c.Path("microsoft.home")}, nil
}

// testPage shows how a test stands; it stays current.
type testPage struct {
	signin.TestResult
	Checks []console.Check `json:"checks"`
	Ready  bool            `json:"ready"`
	up     string
}

// Head is that of a page.
func (p testPage) Head() console.Head {
	return console.Head{Title: "Result of the test sign-in", Template: "microsoft/test.html", Nav: "microsoft", Crumbs: []console.Link{{Text: "Sign in with Microsoft", To: p.up}}}
}

func (s *Section) test(ctx context.Context, c *console.Call, in idInput) (testPage, error) {
	res, err := s.cfg.Setup.TestResult(ctx, c.Workspace.ID, in.ID)
	if err != nil {
		return testPage{}, err
	}
	p := testPage{TestResult: res, Ready: res.State == signin.TestPassed, up: c.Path("microsoft.home")}
	for _, check := range res.Checks {
		state := "good"
		switch {
		case check.Skipped:
			state = "wait"
		case !check.OK:
			state = "bad"
		}
		detail := check.Received
		if check.Sentence != "" {
			detail = check.Sentence
		}
		p.Checks = append(p.Checks, console.Check{Title: check.Name, Detail: detail, State: state, Fix: check.Field})
	}
	return p, nil
}

func (s *Section) enable(ctx context.Context, c *console.Call, _ none) (outcome, error) {
	return s.turn(ctx, c, true, "People can choose Sign in with Microsoft now.")
}

func (s *Section) disable(ctx context.Context, c *console.Call, _ none) (outcome, error) {
	return s.turn(ctx, c, false, "Sign-in with Microsoft on the web is off. Who is signed in stays so for an hour at most.")
}

func (s *Section) turn(ctx context.Context, c *console.Call, on bool, say string) (outcome, error) {
	if err := s.cfg.Frozen(ctx, c.Workspace, directory.ModuleMicrosoft); err != nil && on {
		return outcome{}, err
	}
	out, err := s.cfg.Setup.Set(ctx, c.Workspace.ID, c.Me.Called(), store.AnyVersion, signin.MicrosoftInput{Enabled: &on})
	return outcome{console.Done{To: c.Path("microsoft.home"), Say: say}, out}, err
}
