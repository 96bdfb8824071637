package microsoft

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/guide"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

type none struct{}

// homePage shows how sign-in with Microsoft stands, and what is to be done next.
type homePage struct {
	App appState                `json:"app"`
	Web signin.MicrosoftOutcome `json:"web"`
	// On says whether the module is switched on.
	On bool `json:"on"`
	// JIT says whether people are created at their first sign-in.
	JIT    bool            `json:"jit"`
	Tested bool            `json:"tested"`
	Steps  []console.Step  `json:"-"`
	Checks []console.Check `json:"checks"`
}

// appState is the app's sign-in.
type appState struct {
	Set      bool   `json:"set"`
	TenantID string `json:"tenant_id"`
	ClientID string `json:"client_id"`
}

// Head is that of a page.
func (homePage) Head() console.Head {
	return console.Head{Title: "Sign in with Microsoft", Template: "microsoft/home.html", Nav: "microsoft"}
}

func (s *Section) home(ctx context.Context, c *console.Call, _ none) (homePage, error) {
	out, err := s.cfg.Setup.Show(ctx, c.Workspace.ID)
	if err != nil {
		return homePage{}, err
	}
	p, err := s.cfg.Store.Policy(ctx, c.Workspace, c.Now)
	if err != nil {
		return homePage{}, err
	}
	m := c.Workspace.Microsoft
	page := homePage{
		App: appState{m.TenantID != "" && m.ClientID != "", m.TenantID, m.ClientID}, Web: out,
		On: p.Switches.On(directory.ModuleMicrosoft), JIT: c.Workspace.JIT, Tested: out.Set.TestedNow(),
	}
	page.Steps = stepsOf(out, c.Path("microsoft.web"), c.Path("microsoft.home"))
	page.Checks = checksOf(out, p, c.Now)
	return page, nil
}

type jitInput struct {
	JIT bool `json:"jit"`
}

// saveJIT says whether people whom nobody provisioned are let in: without
// provisioning it is the only way for them to come.
func (s *Section) saveJIT(ctx context.Context, c *console.Call, in jitInput) (console.Done, error) {
	if err := s.open(ctx, c); err != nil {
		return console.Done{}, err
	}
	if out, err := s.cfg.Setup.Show(ctx, c.Workspace.ID); err != nil || c.Me.Link != nil && out.Set.Enabled {
		return console.Done{}, errors.Join(err, problem.New(problem.SSOLive))
	}
	_, err := s.cfg.Store.UpdateWorkspace(ctx, c.Workspace.ID, c.Now, func(ws *directory.Workspace) error {
		ws.JIT = in.JIT
		return nil
	})
	c.Note("jit", strconv.FormatBool(in.JIT))
	say := "Only people who were provisioned sign in."
	if in.JIT {
		say = "People of the tenant are created at their first sign-in."
	}
	return console.Done{To: c.Path("microsoft.home"), Say: say}, err
}

// stepsOf are the steps of the sign-in on the web, in Entra's own order.
func stepsOf(out signin.MicrosoftOutcome, web, home string) []console.Step {
	done := []bool{out.Set.Complete(), out.Set.Complete(), out.Ready, out.Set.TestedNow(), out.Set.Enabled}
	titles := []string{"Register the application", "Enter its IDs", "Certificate or secret", "Test sign-in", "Switch it on"}
	to := []string{web + "#register", web + "#ids", web + "#proof", home + "#test", home + "#switch"}
	var steps []console.Step
	now := true
	for i, title := range titles {
		step := console.Step{Title: title, To: to[i], State: "todo"}
		switch {
		case done[i]:
			step.State = "done"
		case now:
			step.State, now = "now", false
		}
		steps = append(steps, step)
	}
	return steps
}

// noClient stands for an application's ID that is not entered yet.
const noClient = "<Application (client) ID>"

// soon is how long before its end a certificate or secret is warned of.
const soon = 30 * 24 * time.Hour

func checksOf(out signin.MicrosoftOutcome, p directory.Policy, now time.Time) []console.Check {
	var all []console.Check
	add := func(state, title, detail, fix string) {
		all = append(all, console.Check{Title: title, Detail: detail, State: state, Fix: fix})
	}
	if err := p.Offers(directory.MethodMicrosoftWeb); err != nil {
		_, text := problem.Of(err)
		add("bad", "The module", text.Sentence, "Switch it on under Integrations, or ask for a plan that has it.")
	}
	switch {
	case !out.Set.Complete():
		add("wait", "Application (client) ID and Directory (tenant) ID", "Not entered yet.", "Copy both from the Overview page of the app registration.")
	default:
		add("good", "Application (client) ID and Directory (tenant) ID", out.Set.ClientID+" in the tenant "+out.Set.TenantID, "")
	}
	switch {
	case !out.Ready:
		add("wait", "Certificate or client secret", "There is none that this server can use.", "Make a certificate and upload it, or enter a client secret.")
	case out.Set.Proof == directory.ProofSecret:
		ends := out.SecretExpires
		switch {
		case ends.IsZero():
			add("warn", "Client secret", "Nobody has said when it expires.", "Enter the day, or use a certificate.")
		case now.After(ends):
			add("bad", "Client secret", "It expired on "+ends.Format(time.DateOnly)+".", "Make a new one and enter its Value.")
		case now.Add(soon).After(ends):
			add("warn", "Client secret", "It expires on "+ends.Format(time.DateOnly)+".", "Make a new one and enter its Value.")
		default:
			add("good", "Client secret", "It is good until "+ends.Format(time.DateOnly)+".", "")
		}
	default:
		for _, k := range out.Certificates {
			if !k.Used {
				continue
			}
			detail := "Thumbprint " + k.Thumbprint + ", valid until " + k.NotAfter.Format(time.DateOnly) + "."
			if now.Add(soon).After(k.NotAfter) {
				add("warn", "Certificate", detail, "Make a new one, upload it, then use it.")
			} else {
				add("good", "Certificate", detail, "")
			}
		}
	}
	if out.Set.TestedNow() {
		add("good", "Test sign-in", "It succeeded with these settings on "+out.Set.Tested.Format("2006-01-02 15:04")+" UTC.", "")
	} else {
		add("wait", "Test sign-in", "None has succeeded with these settings.", "Make one: open the link in a private window.")
	}
	return all
}

// appPage is the app registration of the app that people have on their devices.
type appPage struct {
	TenantID   string              `json:"tenant_id"`
	ClientID   string              `json:"client_id"`
	Scope      string              `json:"scope"`
	DomainHint string              `json:"domain_hint"`
	Authority  string              `json:"authority"`
	Version    int64               `json:"version"`
	Redirects  []register.Redirect `json:"redirects"`
	Identifier string              `json:"application_id_uri"`
	ScopeName  string              `json:"scope_name"`
	up         string
}

// Head is that of a page.
func (p appPage) Head() console.Head {
	return console.Head{Title: "The app's sign-in", Template: "microsoft/app.html", Nav: "microsoft", Crumbs: []console.Link{{Text: "Sign in with Microsoft", To: p.up}}}
}

func (s *Section) app(ctx context.Context, c *console.Call, _ none) (appPage, error) {
	m := c.Workspace.Microsoft
	p := appPage{
		TenantID: m.TenantID, ClientID: m.ClientID, Scope: m.Scope, DomainHint: m.DomainHint, Authority: m.Authority,
		Version: c.Workspace.Version, up: c.Path("microsoft.home"),
	}
	apps, err := s.cfg.Store.Mobile(ctx, c.Workspace.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return p, err
	}
	o, err := guide.PlanOptions(c.Workspace, directory.SAML{}, apps, s.cfg.PublicURL)
	if err != nil {
		return p, err
	}
	o.Name = directory.AppName(s.cfg.Brand, c.Workspace)
	plan, err := register.New(o)
	if err != nil {
		return p, err
	}
	plan = plan.WithoutSAML()
	p.Redirects, p.Identifier, p.ScopeName = plan.Redirects, strings.ReplaceAll(plan.IdentifierURI, register.ClientPlaceholder, noClient), plan.Scope.Value
	return p, nil
}

type appInput struct {
	TenantID   string `json:"tenant_id"`
	ClientID   string `json:"client_id"`
	Scope      string `json:"scope"`
	DomainHint string `json:"domain_hint"`
	Authority  string `json:"authority"`
	Version    *int64 `json:"version"`
}

type appDone struct {
	console.Done
	Version int64 `json:"version"`
}

// open says whether whoever asks may change how people sign in to the app: a setup
// link does not lead to what was seen to work already.
func (s *Section) open(ctx context.Context, c *console.Call) error {
	if c.Me.Link == nil || c.Workspace.Microsoft.ClientID == "" {
		return nil
	}
	set, _, err := store.ReadSetting[directory.Switches](ctx, s.cfg.Store, c.Workspace.ID, directory.SettingSwitches)
	if err == nil && set.Proven[directory.ModuleMicrosoft] == c.Workspace.Microsoft.Fingerprint() {
		err = problem.New(problem.SSOLive)
	}
	return err
}

func (s *Section) saveApp(ctx context.Context, c *console.Call, in appInput) (appDone, error) {
	in.TenantID, in.ClientID = strings.ToLower(strings.TrimSpace(in.TenantID)), strings.ToLower(strings.TrimSpace(in.ClientID))
	next := directory.Microsoft{
		Authority: strings.TrimSpace(in.Authority), TenantID: in.TenantID, ClientID: in.ClientID, Scope: strings.TrimSpace(in.Scope), DomainHint: strings.TrimSpace(in.DomainHint),
	}
	if field, err := s.cfg.Setup.CheckApp(c.Workspace.Microsoft, next); err != nil {
		return appDone{}, console.Fault{Field: field, Err: err}
	}
	if err := s.open(ctx, c); err != nil {
		return appDone{}, err
	}
	ws, err := s.cfg.Store.UpdateWorkspace(ctx, c.Workspace.ID, c.Now, func(ws *directory.Workspace) error {
		if in.Version != nil && ws.Version != *in.Version {
			return appClash(ws.Microsoft, next)
		}
		next.Audience = ws.Microsoft.Audience
		if ws.Microsoft.ClientID != next.ClientID {
			next.Audience = ""
		}
		ws.Microsoft = next
		return nil
	})
	if err != nil {
		return appDone{}, err
	}
	return appDone{console.Done{To: c.Path("microsoft.home"), Say: "The app's sign-in is saved. Try it in the app with the name " + c.Workspace.ID + "."}, ws.Version}, nil
}
