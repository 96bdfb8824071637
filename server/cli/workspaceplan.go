package cli

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// workspacePlanCmd shows and changes what a workspace is entitled to (row A5).
type workspacePlanCmd struct {
	dbFlags
	ID          string  `arg:"" help:"The workspace."`
	SSO         *toggle `name:"sso" placeholder:"on|off" help:"Whether single sign-on (SAML) is part of the plan."`
	SCIM        *toggle `name:"scim" placeholder:"on|off" help:"Whether provisioning (SCIM) is."`
	M365        *toggle `name:"m365" placeholder:"on|off" help:"Whether sign-in with Microsoft 365 is."`
	Mobile      *toggle `name:"mobile" placeholder:"on|off" help:"Whether mobile apps are."`
	OnDowngrade *string `name:"on-downgrade" enum:"keep,block" placeholder:"keep|block" help:"What becomes of a part that leaves the plan: keep it running and refuse changes, or block it."`
	Seats       *int    `name:"seats" placeholder:"N" help:"How many people may use the workspace. 0 is any number."`
	License     *string `name:"license" placeholder:"TEXT" help:"Licence reference."`
	Licensed    *toggle `name:"licensed" placeholder:"on|off" help:"Whether the workspace may be linked to a user directory."`
	Contact     *string `name:"contact" placeholder:"TEXT" help:"What to do to get what the plan lacks."`
	ContactURL  *string `name:"contact-url" placeholder:"URL" help:"Where to do it: https:// or mailto:."`
}

// Help is the longer text of lanyardd workspace plan --help.
func (workspacePlanCmd) Help() string {
	return "Without a flag, it shows the plan. What leaves the plan is not removed: it cannot be changed any more, and goes on working or stops as " +
		"--on-downgrade says."
}

func (w workspacePlanCmd) Run(c *command) error {
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, w.ID)
	if err != nil {
		return err
	}
	if changes := w.changes(); len(changes) > 0 {
		_, err := c.keeper(st).SetPlan(c.ctx, ws.ID, store.AnyVersion, operator, func(p *directory.Plan) error {
			for _, change := range changes {
				change(p)
			}
			return nil
		})
		if err != nil {
			return err
		}
		c.say("The plan of %s is set. What it lacks stays as it is set up.", ws.ID)
	}
	return c.showPlan(st, ws)
}

// changes are what the flags ask for.
func (w workspacePlanCmd) changes() (all []func(*directory.Plan)) {
	for m, t := range map[directory.Module]*toggle{
		directory.ModuleSAML: w.SSO, directory.ModuleSCIM: w.SCIM, directory.ModuleMicrosoft: w.M365, directory.ModuleMobile: w.Mobile,
	} {
		if t != nil {
			all = append(all, func(p *directory.Plan) { *p = p.With(m, bool(*t)) })
		}
	}
	if w.Licensed != nil {
		all = append(all, func(p *directory.Plan) { p.Unlicensed = !bool(*w.Licensed) })
	}
	if w.OnDowngrade != nil {
		all = append(all, func(p *directory.Plan) { p.OnDowngrade = directory.Downgrade(*w.OnDowngrade) })
	}
	if w.Seats != nil {
		all = append(all, func(p *directory.Plan) { p.Seats = *w.Seats })
	}
	for _, text := range []struct {
		v  *string
		in func(*directory.Plan) *string
	}{
		{w.License, func(p *directory.Plan) *string { return &p.License }},
		{w.Contact, func(p *directory.Plan) *string { return &p.Contact }},
		{w.ContactURL, func(p *directory.Plan) *string { return &p.ContactURL }},
	} {
		if text.v != nil {
			all = append(all, func(p *directory.Plan) { *text.in(p) = *text.v })
		}
	}
	return all
}

// entitlementDoc is a workspace's plan in JSON.
type entitlementDoc struct {
	SSO         bool          `json:"sso"`
	SCIM        bool          `json:"scim"`
	M365        bool          `json:"m365"`
	Mobile      bool          `json:"mobile"`
	OnDowngrade string        `json:"on_downgrade"`
	License     string        `json:"license"`
	Licensed    bool          `json:"licensed"`
	Contact     string        `json:"contact"`
	ContactURL  string        `json:"contact_url"`
	Seats       modules.Seats `json:"seats"`
	Waiting     []string      `json:"waiting"`
}

// waitingShown is how many of those who wait for a seat are shown.
const waitingShown = 100

func (c *command) showPlan(st *server.Store, ws directory.Workspace) error {
	k := c.keeper(st)
	p, err := k.Plan(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	seats, err := k.Seats(c.ctx, ws)
	if err != nil {
		return err
	}
	waiting, err := k.Waiting(c.ctx, ws, waitingShown)
	if err != nil {
		return err
	}
	d := entitlementDoc{
		SSO: p.Includes(directory.ModuleSAML), SCIM: p.Includes(directory.ModuleSCIM), M365: p.Includes(directory.ModuleMicrosoft),
		Mobile: p.Includes(directory.ModuleMobile), OnDowngrade: string(p.OnDowngrade), License: p.License, Licensed: !p.Unlicensed,
		Contact: p.Contact, ContactURL: p.ContactURL, Seats: seats, Waiting: []string{},
	}
	if d.OnDowngrade == "" {
		d.OnDowngrade = string(directory.DowngradeKeep)
	}
	for _, u := range waiting {
		d.Waiting = append(d.Waiting, u.UserName)
	}
	if c.json {
		return c.printJSON(d)
	}
	taken := strconv.Itoa(seats.Taken) + ", any number"
	if seats.Limit > 0 {
		taken = fmt.Sprintf("%d of %d, %d waiting", seats.Taken, seats.Limit, seats.Waiting)
	}
	return c.fields(
		"single sign-on (SAML)", onOff(d.SSO), "provisioning (SCIM)", onOff(d.SCIM), "Microsoft 365 sign-in", onOff(d.M365),
		"mobile apps", onOff(d.Mobile), "on downgrade", d.OnDowngrade, "seats", taken, "licence reference", d.License,
		"may be linked", onOff(d.Licensed), "contact", d.Contact, "contact URL", d.ContactURL,
	)
}

// workspacePilotCmd says who tries single sign-on first (row A12).
type workspacePilotCmd struct {
	dbFlags
	ID     string   `arg:"" help:"The workspace."`
	State  *toggle  `arg:"" optional:"" placeholder:"on|off" help:"Start or end the pilot."`
	Add    []string `name:"add" placeholder:"PERSON" sep:"none" help:"Somebody to add, by user name or id; repeat for several."`
	Remove []string `name:"remove" placeholder:"PERSON" sep:"none" help:"Somebody to remove; repeat for several."`
}

// Help is the longer text of lanyardd workspace pilot --help.
func (workspacePilotCmd) Help() string {
	return "While a pilot is on, only the people in it are sent to single sign-on; everybody else signs in as before. Provisioning goes on for all. " +
		"Without a flag, it shows the pilot."
}

func (w workspacePilotCmd) Run(c *command) error {
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, w.ID)
	if err != nil {
		return err
	}
	change := modules.PilotChange{Who: operator}
	for names, ids := range map[*[]string]*[]string{&w.Add: &change.Add, &w.Remove: &change.Remove} {
		for _, name := range *names {
			u, err := st.FindPerson(c.ctx, ws.Directory, name)
			if errors.Is(err, store.ErrNotFound) {
				return problem.Detailf(problem.PilotWho, "It was %.100q.", name)
			}
			if err != nil {
				return fmt.Errorf("looking for %q: %w", name, err)
			}
			*ids = append(*ids, u.ID)
		}
	}
	k := c.keeper(st)
	if w.State != nil {
		change.On = (*bool)(w.State)
	}
	if w.State != nil || len(w.Add)+len(w.Remove) > 0 {
		if _, err := k.SetPilot(c.ctx, ws, change); err != nil {
			return err
		}
	}
	return c.showPilot(st, k, ws)
}

func (c *command) showPilot(st *server.Store, k *modules.Keeper, ws directory.Workspace) error {
	p, _, err := k.Pilot(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	people := []string{}
	for _, id := range p.People {
		u, err := st.User(c.ctx, ws.Directory, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			people = append(people, id)
		case err != nil:
			return fmt.Errorf("reading who is in the pilot: %w", err)
		default:
			people = append(people, u.UserName)
		}
	}
	if c.json {
		return c.printJSON(struct {
			On     bool     `json:"on"`
			People []string `json:"people"`
		}{p.On, people})
	}
	c.say("The pilot is %s.", onOff(p.On))
	var rows [][]string
	for _, name := range people {
		rows = append(rows, []string{name})
	}
	return c.table([]string{"IN THE PILOT"}, rows)
}
