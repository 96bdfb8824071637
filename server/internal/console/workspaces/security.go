package workspaces

import (
	"context"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// securityPage is one tab of "SSO and SCIM" (rows A2, A3): each has its own state,
// button and switch.
type securityPage struct {
	trail
	Tab  directory.Module `json:"tab"`
	Tile Tile             `json:"module"`
	// On is the switch. Of single sign-on it says that the module may be used at
	// all; people use it once it is enabled as well.
	On     bool             `json:"on"`
	Checks []modules.Check  `json:"checks"`
	Seen   []console.Check  `json:"-"`
	Steps  []string         `json:"done,omitempty"`
	Draft  modules.Progress `json:"draft"`
	// Lead is what may be done besides: the module's own pages.
	Lead string `json:"-"`
	// Workspace is the ID that people enter to sign in.
	Workspace string `json:"workspace"`
	// SSO and SCIM are the addresses of the tabs.
	SSO  string `json:"-"`
	SCIM string `json:"-"`
}

// Head is that of the page.
func (p securityPage) Head() console.Head {
	return console.Head{Title: "SSO and SCIM", Template: "workspaces/security.html", Crumbs: p.Above, Nav: "integrations"}
}

func (s *Section) securitySSO(ctx context.Context, c *console.Call, _ struct{}) (securityPage, error) {
	return s.security(ctx, c, directory.ModuleSAML)
}

func (s *Section) securitySCIM(ctx context.Context, c *console.Call, _ struct{}) (securityPage, error) {
	return s.security(ctx, c, directory.ModuleSCIM)
}

func (s *Section) security(ctx context.Context, c *console.Call, m directory.Module) (securityPage, error) {
	p := securityPage{trail: above(c, "Integrations", "workspaces.integrations"), Tab: m, SSO: c.Path("workspaces.sso"), SCIM: c.Path("workspaces.scim")}
	standing, err := s.Modules.Standing(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	plan, err := s.Modules.Plan(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	for _, st := range standing {
		if st.Module == m {
			p.Tile, p.Draft, p.Steps = tileOf(c, st, plan), st.Draft, st.Draft.Done
		}
	}
	if p.Checks, err = s.Modules.Preflight(ctx, c.Workspace.ID, m); err != nil {
		return p, err
	}
	p.Seen = shownChecks(p.Checks)
	if p.On, err = s.Modules.On(ctx, c.Workspace.ID, m); err != nil {
		return p, err
	}
	_, p.Workspace, err = s.names(ctx, c)
	return p, err
}

// shownChecks are the checks before a set-up as the console shows checks.
func shownChecks(all []modules.Check) (out []console.Check) {
	for _, ch := range all {
		check := console.Check{Title: ch.Title, Detail: ch.Detail, State: "good"}
		if !ch.OK {
			check.State = "bad"
		}
		switch ch.Fix {
		case modules.FixContact:
			if check.Fix = ch.Contact; check.Fix == "" {
				check.Fix = "Get in touch with whoever provides this service."
			}
			if ch.ContactURL != "" {
				check.Fix += " " + ch.ContactURL
			}
		case modules.FixSwitch:
			check.Fix = "Switch it on below."
		}
		out = append(out, check)
	}
	return out
}

// preflightPage is what must be so before a module can be set up (row A10).
type preflightPage struct {
	trail
	Module directory.Module `json:"module"`
	Name   string           `json:"name"`
	Checks []modules.Check  `json:"checks"`
	Seen   []console.Check  `json:"-"`
	On     bool             `json:"on"`
	// Ready: all is good. To leads to the set-up then.
	Ready bool   `json:"ready"`
	To    string `json:"-"`
	Back  string `json:"-"`
}

// Head is that of the page.
func (p preflightPage) Head() console.Head {
	return console.Head{Title: "Before you begin: " + p.Name, Template: "workspaces/preflight.html", Crumbs: p.Above, Nav: "integrations"}
}

type preflightInput struct {
	Next string `json:"next"`
}

func (s *Section) preflight(m directory.Module) func(context.Context, *console.Call, preflightInput) (preflightPage, error) {
	return func(ctx context.Context, c *console.Call, in preflightInput) (preflightPage, error) {
		p := preflightPage{trail: above(c, "Integrations", "workspaces.integrations"), Module: m, Name: m.Name(), Ready: true, To: path(c, moduleTexts[m].route)}
		var err error
		if p.Checks, err = s.Modules.Preflight(ctx, c.Workspace.ID, m); err != nil {
			return p, err
		}
		if in.Next != "" {
			p.Back = c.Local(in.Next)
		}
		for _, ch := range p.Checks {
			p.Ready = p.Ready && ch.OK
			if ch.Name == "enabled" {
				p.On = ch.OK
			}
		}
		p.Seen = shownChecks(p.Checks)
		return p, nil
	}
}

type switchInput struct {
	// On is what the switch is set to.
	On bool `json:"on"`
	// Next is where a browser goes on.
	Next string `json:"next"`
}

func (s *Section) switchModule(m directory.Module) func(context.Context, *console.Call, switchInput) (console.Done, error) {
	return func(ctx context.Context, c *console.Call, in switchInput) (console.Done, error) {
		c.Target(string(m))
		if c.Me.Link != nil && !in.On {
			return console.Done{}, problem.Detailf(problem.Forbidden, "A setup link sets things up, and takes nothing away that people use.")
		}
		say := m.Name() + " is switched off. What is set up stays."
		c.Note("on", "false")
		if in.On {
			c.Note("on", "true")
			say = m.Name() + " is switched on."
		}
		if err := s.Modules.Switch(ctx, c.Workspace.ID, m, in.On, c.Me.Called()); err != nil {
			return console.Done{}, err
		}
		to := c.Path("modules." + string(m))
		if in.Next != "" {
			to = c.Local(in.Next)
		}
		return console.Done{To: to, Say: say}, nil
	}
}
