package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
)

// domainCmd groups the commands about e-mail domains (rows F1 to F7).
type domainCmd struct {
	List   domainListCmd   `cmd:"" help:"List the domains of a workspace, and the DNS records that prove them."`
	Add    domainAddCmd    `cmd:"" help:"Add domains to a workspace, to be proven by a DNS record."`
	Verify domainVerifyCmd `cmd:"" help:"Look for the DNS records now, or confirm a domain without one."`
	Remove domainRemoveCmd `cmd:"" help:"Take domains away from a workspace."`
	Rules  domainRulesCmd  `cmd:"" help:"Say what becomes of people outside the domains."`
	Report domainReportCmd `cmd:"" help:"List the people whose e-mail address is of none of the domains."`
	Exempt domainExemptCmd `cmd:"" help:"Decide what becomes of people outside the domains: they keep their access, or lose it."`
}

// domainFlags are the flags of all of them.
type domainFlags struct {
	dbFlags
	ID string `arg:"" name:"workspace" help:"The workspace."`
}

// open opens the database and finds the workspace.
func (f domainFlags) open(c *command) (*server.Store, *domains.Flow, directory.Workspace, error) {
	st, err := c.open(f.dbFlags)
	if err != nil {
		return nil, nil, directory.Workspace{}, err
	}
	ws, err := c.workspace(st, f.ID)
	if err != nil {
		return nil, nil, ws, errors.Join(err, st.Close())
	}
	c.about(ws.ID, "")
	return st, &domains.Flow{Store: st, Resolver: c.opt.Resolver, Now: c.opt.Now}, ws, nil
}

type domainListCmd struct{ domainFlags }

func (d domainListCmd) Run(c *command) error {
	st, flow, ws, err := d.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	o, err := flow.Show(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	return c.showDomains(o.Claims)
}

// showDomains prints domains, and what is still to do for them.
func (c *command) showDomains(claims []directory.DomainClaim) error {
	all := domains.Documents(claims)
	if c.json {
		return c.printJSON(all)
	}
	if len(all) == 0 {
		c.say("There are no domains. Add one with: lanyardd domain add <workspace> <domain>.")
	}
	var rows [][]string
	for _, d := range all {
		state, at := "waiting for its record", d.CheckedAt
		if d.Verified {
			state, at = "verified ("+string(d.Proof)+")", d.VerifiedAt
		}
		rows = append(rows, []string{d.Shown, state, day(orZero(at))})
	}
	if err := c.table([]string{"DOMAIN", "STATE", "SINCE"}, rows); err != nil {
		return err
	}
	for _, d := range all {
		if d.Record == nil {
			continue
		}
		fmt.Fprintf(c.out, "\nAdd this record for %s:\n  %s  %s  %s\n", printable(d.Shown), d.Record.Name, d.Record.Type, d.Record.Value)
		if o := d.Outcome; o != nil {
			c.say("%s: %s %s %s (%s)", printable(d.Shown), o.Sentence, printable(o.Detail), o.Next, o.Code)
		}
	}
	return nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

type domainAddCmd struct {
	domainFlags
	Domains []string `arg:"" name:"domain" help:"Domains, such as acme.com."`
}

func (d domainAddCmd) Run(c *command) error {
	st, flow, ws, err := d.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if _, err := flow.Add(c.ctx, ws.ID, operator, d.Domains); err != nil {
		return c.domainFaults(err)
	}
	o, err := flow.Show(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	return c.showDomains(o.Claims)
}

// domainFaults tells of each thing that is wrong, and returns the last.
func (c *command) domainFaults(err error) error {
	all := domains.Faults(err)
	for i, f := range all {
		if i == len(all)-1 {
			return f.Err
		}
		c.tell(f.Err)
	}
	return err
}

type domainVerifyCmd struct {
	domainFlags
	Domain   string `arg:"" optional:"" name:"domain" help:"One domain; without it, all that are not verified yet."`
	Override bool   `name:"override" help:"Confirm the domain without a DNS record. It needs --reason, and stands in the audit log."`
	Reason   string `name:"reason" placeholder:"TEXT" help:"How you know that the domain is theirs."`
}

// Help is the longer text of lanyardd domain verify --help.
func (domainVerifyCmd) Help() string {
	return "Looks in DNS for the TXT record of each domain. A server that runs does so by itself: every minute for an hour after a domain was " +
		"added, and less often for two weeks. The exit code is 1 while a record is not there."
}

func (d domainVerifyCmd) Run(c *command) error {
	switch {
	case d.Override && d.Domain == "":
		return problem.Detailf(problem.BadUsage, "Name the domain that --override is for.")
	case !d.Override && d.Reason != "":
		return problem.Detailf(problem.BadUsage, "--reason goes with --override.")
	}
	st, flow, ws, err := d.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if d.Override {
		c.about(ws.ID, d.Domain)
		claim, err := flow.Override(c.ctx, ws.ID, operator, d.Domain, d.Reason)
		if err != nil {
			return c.domainFaults(err)
		}
		return c.showDomains([]directory.DomainClaim{claim})
	}
	claims, err := flow.Check(c.ctx, ws.ID, operator, d.Domain)
	if err != nil {
		return err
	}
	if d.Domain != "" {
		claims = only(claims, d.Domain)
	}
	if err := c.showDomains(claims); err != nil {
		return err
	}
	for _, claim := range claims {
		if !claim.Proven() {
			return problem.Detailf(cmp.Or(problem.Code(claim.Outcome), problem.DomainNoRecord), "It is about %s.", claim.Domain)
		}
	}
	return nil
}

func only(claims []directory.DomainClaim, typed string) []directory.DomainClaim {
	for _, claim := range claims {
		if strings.EqualFold(claim.Domain, strings.TrimSuffix(typed, ".")) || domains.Shown(claim.Domain) == typed {
			return []directory.DomainClaim{claim}
		}
	}
	return claims
}

type domainRemoveCmd struct {
	domainFlags
	Domains []string `arg:"" name:"domain" help:"Domains of the workspace."`
}

func (d domainRemoveCmd) Run(c *command) error {
	st, flow, ws, err := d.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	for _, name := range d.Domains {
		c.about(ws.ID, name)
		if err := flow.Remove(c.ctx, ws.ID, name); err != nil {
			return err
		}
		c.say("%s is no domain of %s any more.", printable(name), ws.ID)
	}
	o, err := flow.Show(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	return c.showDomains(o.Claims)
}

type domainRulesCmd struct {
	domainFlags
	Outside    string  `name:"outside" enum:"deny,warn," default:"" placeholder:"deny|warn" help:"Refuse people outside the domains, or let them in and write it into the log."`
	Subdomains *toggle `name:"subdomains" placeholder:"on|off" help:"Take subdomains of verified domains as well."`
}

func (d domainRulesCmd) Run(c *command) error {
	st, flow, ws, err := d.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	o, err := flow.Show(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	p := o.Policy
	if d.Outside != "" {
		p.Enforcement = directory.DomainEnforcement(d.Outside)
	}
	if d.Subdomains != nil {
		p.Subdomains = bool(*d.Subdomains)
	}
	if p != o.Policy {
		if err := flow.SetPolicy(c.ctx, ws.ID, operator, o.Version, p); err != nil {
			return err
		}
	}
	if p.Enforcement == "" {
		p.Enforcement = directory.DomainDeny
	}
	if c.json {
		return c.printJSON(map[string]any{"workspace": ws.ID, "enforcement": p.Enforcement, "subdomains": p.Subdomains, "rule": directory.DomainRule})
	}
	return c.fields("workspace", ws.ID, "outside", string(p.Enforcement), "subdomains", onOff(p.Subdomains), "rule", directory.DomainRule)
}

type domainReportCmd struct {
	domainFlags
	Show string `name:"show" enum:"all,open,lose_access,exempt,expired,guests" default:"all" help:"Which of them: all, open (not decided), lose_access, exempt, expired or guests."`
	CSV  bool   `name:"csv" help:"Print a table for spreadsheets."`
}

func (d domainReportCmd) Run(c *command) error {
	st, flow, ws, err := d.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	r, err := flow.Report(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	if d.Show != "all" {
		r.People = r.Only(domains.Filter{Show: d.Show})
	}
	switch {
	case c.json:
		return c.printJSON(r)
	case d.CSV:
		data, err := domains.CSV(r.People)
		if err != nil {
			return err
		}
		_, err = c.out.Write(data)
		return err
	}
	var rows [][]string
	for _, p := range r.People {
		decision := string(p.Decision)
		if p.Decision.Open() {
			decision = "to be decided"
		}
		rows = append(rows, []string{p.ID, p.Name, p.UserName, p.Judged, string(p.By), decision, day(orZero(p.Until))})
	}
	if err := c.table([]string{"ID", "NAME", "USER NAME", "JUDGED", "BY", "DECISION", "UNTIL"}, rows); err != nil {
		return err
	}
	c.say("%d of %d people are outside %s: %d to be decided, %d lose their access, %d are exempt.",
		r.Outside, r.Checked, printable(strings.Join(r.Domains, ", ")), r.Undecided, r.Losing, r.Exempt)
	return nil
}

type domainExemptCmd struct {
	domainFlags
	People []string `arg:"" name:"person" help:"id, user name, Entra object ID or e-mail address; repeat for several."`
	Owner  string   `name:"owner" placeholder:"EMAIL" help:"Who answers for the exemption."`
	Reason string   `name:"reason" placeholder:"TEXT" help:"Why they keep their access."`
	Until  string   `name:"until" placeholder:"DATE" help:"The last day of the exemption, such as 2027-03-31; at most a year from now."`
	Lose   bool     `name:"lose-access" help:"Instead, let them lose their access: they are suspended when single sign-on is enabled."`
	Undo   bool     `name:"undo" help:"Instead, take back what was decided."`
}

func (d domainExemptCmd) Run(c *command) error {
	choice := domains.Choice{Kind: directory.DecideExempt, Owner: d.Owner, Reason: d.Reason}
	exempting := d.Owner != "" || d.Reason != "" || d.Until != ""
	switch {
	case d.Lose && d.Undo, (d.Lose || d.Undo) && exempting:
		return problem.Detailf(problem.BadUsage, "Give one of: --owner, --reason and --until; --lose-access; --undo.")
	case d.Lose:
		choice.Kind = directory.DecideLose
	case d.Undo:
		choice.Kind = ""
	default:
		until, err := domains.ParseDay(d.Until)
		if err != nil {
			return err
		}
		choice.Until = until
	}
	st, flow, ws, err := d.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	for _, who := range d.People {
		u, err := c.person(st, ws, who)
		if err != nil {
			return err
		}
		choice.People = append(choice.People, u.ID)
	}
	c.about(ws.ID, strings.Join(choice.People, " "))
	n, err := flow.Decide(c.ctx, ws.ID, operator, choice)
	if err != nil {
		return c.domainFaults(err)
	}
	if c.json {
		return c.printJSON(map[string]any{"workspace": ws.ID, "people": choice.People, "decision": choice.Kind})
	}
	c.say("%d decided.", n)
	return nil
}
