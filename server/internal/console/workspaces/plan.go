package workspaces

import (
	"context"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// planPage is what a workspace is entitled to, and who has its seats (rows A5,
// A9).
type planPage struct {
	trail
	Includes []included    `json:"includes"`
	Plan     planValues    `json:"plan"`
	Seats    modules.Seats `json:"seats"`
	// Waiting are the first of those in the state pending_seat.
	Waiting []person `json:"waiting"`
	// Own is what is set here, where that differs from what counts.
	Own     planValues `json:"own"`
	Version int64      `json:"version"`
	// Outside: the program that this server is a part of says what else counts.
	Outside bool `json:"outside"`
	// Downgrades are the choices of Own.OnDowngrade.
	Downgrades []console.Option `json:"-"`
}

// planValues are a plan as a form has it.
type planValues struct {
	SSO         bool   `json:"sso"`
	SCIM        bool   `json:"scim"`
	M365        bool   `json:"m365"`
	Mobile      bool   `json:"mobile"`
	OnDowngrade string `json:"on_downgrade"`
	Seats       int    `json:"seats"`
	License     string `json:"license"`
	Licensed    bool   `json:"licensed"`
	Contact     string `json:"contact"`
	ContactURL  string `json:"contact_url"`
}

type included struct {
	Name string `json:"name"`
	In   bool   `json:"in"`
	// Runs: it works for people, whether it may be changed or not.
	Runs bool `json:"runs"`
}

var downgrades = []console.Option{
	{Value: string(directory.DowngradeKeep), Label: "Goes on working", Hint: "Sign-in and provisioning run on; only changes are refused."},
	{Value: string(directory.DowngradeBlock), Label: "Is stopped", Hint: "Nobody signs in this way until it is in the plan again."},
}

type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	User string `json:"user_name"`
	To   string `json:"-"`
}

// Head is that of the page.
func (p planPage) Head() console.Head {
	return console.Head{Title: "Plan and seats", Template: "workspaces/plan.html", Crumbs: p.Above, Nav: "settings"}
}

func valuesOf(p directory.Plan) planValues {
	v := planValues{
		SSO: p.Includes(directory.ModuleSAML), SCIM: p.Includes(directory.ModuleSCIM), M365: p.Includes(directory.ModuleMicrosoft),
		Mobile: p.Includes(directory.ModuleMobile), OnDowngrade: string(p.OnDowngrade), Seats: p.Seats, License: p.License,
		Licensed: !p.Unlicensed, Contact: p.Contact, ContactURL: p.ContactURL,
	}
	if v.OnDowngrade == "" {
		v.OnDowngrade = string(directory.DowngradeKeep)
	}
	return v
}

func (s *Section) plan(ctx context.Context, c *console.Call, _ struct{}) (planPage, error) {
	p := planPage{trail: above(c, "Settings", "workspaces.settings"), Includes: []included{}, Waiting: []person{}, Downgrades: downgrades}
	plan, err := s.Modules.Plan(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	own, version, err := s.Modules.OwnPlan(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	p.Plan, p.Own, p.Version, p.Outside = valuesOf(plan), valuesOf(own), version, s.Modules.Entitlements != nil
	for _, m := range directory.Modules() {
		p.Includes = append(p.Includes, included{m.Name(), plan.Includes(m), plan.Runs(m)})
	}
	if p.Seats, err = s.Modules.Seats(ctx, c.Workspace); err != nil {
		return p, err
	}
	waiting, err := s.Modules.Waiting(ctx, c.Workspace, shownAtOnce)
	if err != nil {
		return p, err
	}
	for _, u := range waiting {
		p.Waiting = append(p.Waiting, personOf(c, u))
	}
	return p, nil
}

func personOf(c *console.Call, u directory.User) person {
	return person{u.ID, directory.ProfileOf(u).DisplayName, u.UserName, path(c, "people.show", "id", u.ID)}
}

type planInput struct {
	SSO         *bool   `json:"sso"`
	SCIM        *bool   `json:"scim"`
	M365        *bool   `json:"m365"`
	Mobile      *bool   `json:"mobile"`
	OnDowngrade *string `json:"on_downgrade"`
	Seats       *int    `json:"seats"`
	License     *string `json:"license"`
	Licensed    *bool   `json:"licensed"`
	Contact     *string `json:"contact"`
	ContactURL  *string `json:"contact_url"`
	Version     *int64  `json:"version"`
	// Next is where a browser goes on.
	Next string `json:"next"`
	// Form says that a page sent it: a box that is not ticked is not sent.
	Form bool `json:"form"`
}

func (s *Section) setPlan(ctx context.Context, c *console.Call, in planInput) (console.Done, error) {
	version := int64(-1)
	if in.Version != nil {
		version = *in.Version
	}
	_, err := s.Modules.SetPlan(ctx, c.Workspace.ID, version, c.Me.Called(), func(p *directory.Plan) error {
		in.into(p)
		return nil
	})
	if code, _ := problem.Of(err); code == problem.BadPlan {
		return console.Done{}, err
	}
	if err != nil {
		return console.Done{}, err
	}
	done := console.Done{To: c.Path("workspaces.plan"), Say: "The plan is saved. What it lacks stays as it is set up."}
	if in.Next != "" {
		done.To = c.Local(in.Next)
	}
	return done, nil
}

// into changes what was given, and leaves the rest.
func (in planInput) into(p *directory.Plan) {
	for _, f := range []struct {
		m  directory.Module
		in *bool
	}{
		{directory.ModuleSAML, in.SSO}, {directory.ModuleSCIM, in.SCIM}, {directory.ModuleMicrosoft, in.M365}, {directory.ModuleMobile, in.Mobile},
	} {
		if f.in != nil || in.Form {
			*p = p.With(f.m, f.in != nil && *f.in)
		}
	}
	if in.Licensed != nil || in.Form {
		p.Unlicensed = in.Licensed == nil || !*in.Licensed
	}
	if in.OnDowngrade != nil {
		p.OnDowngrade = directory.Downgrade(*in.OnDowngrade)
	}
	if in.Seats != nil {
		p.Seats = *in.Seats
	}
	for to, v := range map[*string]*string{&p.License: in.License, &p.Contact: in.Contact, &p.ContactURL: in.ContactURL} {
		if v != nil {
			*to = strings.TrimSpace(*v)
		}
	}
}
