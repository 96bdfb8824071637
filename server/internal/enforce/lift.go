package enforce

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// askedLife is how long a request to switch enforcement off waits for a second
// operator.
const askedLife = 24 * time.Hour

// maxReason bounds a reason and a ticket, in bytes.
const maxReason = 500

// RuleSetting is the kind of the server's setting that a Rule is kept under.
const RuleSetting = "sso.rule"

// Rule is what the operators of a server agreed on.
type Rule struct {
	// TwoPeople: enforcement is switched off by two operators, never by one.
	TwoPeople bool `json:"two_people"`
	// OffAsked is the operator who wants the rule itself to end.
	OffAsked string `json:"off_asked,omitempty"`
}

// Outcome is how enforcement stands, and whether the administrators know.
type Outcome struct {
	directory.Enforcement
	// Untold is why the administrators could not be told; nil where they were.
	Untold error `json:"-"`
}

// Lift is an operator who switches enforcement off.
type Lift struct{ Operator, Reason, Ticket string }

func (l Lift) clean() (Lift, error) {
	for _, s := range []*string{&l.Operator, &l.Reason, &l.Ticket} {
		*s = strings.TrimSpace(*s)
		if *s == "" || len(*s) > maxReason || strings.ContainsFunc(*s, unicode.IsControl) {
			return l, problem.New(problem.SSOReason)
		}
	}
	return l, nil
}

// errAsked says that a request was stored and waits.
var errAsked = errors.New("a second operator has to agree")

// Lift switches enforcement off for a workspace: people may sign in by SAML still,
// and in every other way that is set up. Under the two-person rule the first
// operator's request is kept, which is problem.SSOSecondNeeded, and another's
// within a day carries it out.
func (d *Desk) Lift(ctx context.Context, workspace string, by Lift) (Outcome, error) {
	by, err := by.clean()
	if err != nil {
		return Outcome{}, err
	}
	ws, err := d.workspace(ctx, workspace)
	if err != nil {
		return Outcome{}, err
	}
	rule, err := d.Rule(ctx)
	if err != nil {
		return Outcome{}, err
	}
	at := d.Now().UTC().Truncate(time.Microsecond)
	var waits bool
	sso, err := d.Store.ChangeSSO(ctx, ws.ID, by.Operator, at, nil, func(n *store.SSO) error {
		var err error
		waits, err = lift(&n.Enforcement, by, rule, at)
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	kind := Lifted
	if waits {
		kind = LiftAsked
	}
	out := d.told(ctx, sso.Enforcement, Notice{Kind: kind, Workspace: ws, By: by.Operator, Reason: by.Reason, Ticket: by.Ticket, At: at})
	if waits {
		return out, problem.Wrap(problem.SSOSecondNeeded, errAsked)
	}
	return out, nil
}

// lift switches e off, or keeps the request for a second operator.
func lift(e *directory.Enforcement, by Lift, rule Rule, at time.Time) (waits bool, err error) {
	if !e.Enforced {
		return false, problem.New(problem.SSONotEnforced)
	}
	l := directory.EnforcementLift{At: at, By: by.Operator, Reason: by.Reason, Ticket: by.Ticket}
	if rule.TwoPeople {
		asked := e.Asked
		switch {
		case asked == nil || at.Sub(asked.At) > askedLife:
			e.Asked = &l
			return true, nil
		case strings.EqualFold(asked.By, by.Operator):
			return false, problem.New(problem.SSOSecondSame)
		}
		l = *asked
		l.Second, l.At = by.Operator, at
	}
	e.Enforced, e.Asked, e.Lifted = false, nil, &l
	return false, nil
}

// Rule returns what the operators agreed on.
func (d *Desk) Rule(ctx context.Context) (Rule, error) {
	r, _, err := store.ReadSetting[Rule](ctx, d.Store, "", RuleSetting)
	return r, err
}

// SetRule has enforcement switched off by two operators, or by one. The rule is
// ended by two operators as well: the first's wish is kept, which is
// problem.SSOSecondNeeded.
func (d *Desk) SetRule(ctx context.Context, twoPeople bool, operator string) (Rule, error) {
	if operator = strings.TrimSpace(operator); operator == "" {
		return Rule{}, problem.Detailf(problem.BadUsage, "Say who you are with --operator.")
	}
	var waits bool
	r, _, err := store.ChangeSetting(ctx, d.Store, "", RuleSetting, store.SettingChange{Version: store.AnyVersion, Who: operator, Now: d.Now()}, func(r *Rule) error {
		waits = false
		switch {
		case twoPeople:
			*r = Rule{TwoPeople: true}
		case !r.TwoPeople:
		case r.OffAsked == "":
			r.OffAsked, waits = operator, true
		case strings.EqualFold(r.OffAsked, operator):
			return problem.New(problem.SSOSecondSame)
		default:
			*r = Rule{}
		}
		return nil
	})
	if err == nil && waits {
		return r, problem.Wrap(problem.SSOSecondNeeded, errAsked)
	}
	return r, err
}

// NoticeKind is what happened.
type NoticeKind string

// The kinds.
const (
	Enabled   NoticeKind = "sso.enabled"
	Lifted    NoticeKind = "sso.lifted"
	LiftAsked NoticeKind = "sso.lift-asked"
)

// Notice is what administrators are told.
type Notice struct {
	Kind      NoticeKind
	Workspace directory.Workspace
	By        string
	At        time.Time
	// Reason and Ticket are an operator's.
	Reason, Ticket string
}

// Mail is the notice as a letter to these addresses.
func (n Notice) Mail(to []string) directory.Mail {
	name := n.Workspace.Name
	if name == "" {
		name = n.Workspace.ID
	}
	m := directory.Mail{
		To: to, Kind: string(n.Kind), Workspace: n.Workspace.ID,
		Once: fmt.Sprintf("%s %s", n.Kind, n.At.Format(time.RFC3339Nano)),
	}
	day := n.At.UTC().Format("2006-01-02 15:04 UTC")
	why := fmt.Sprintf("Reason: %s\n\nTicket: %s", n.Reason, n.Ticket)
	switch n.Kind {
	case Enabled:
		m.Subject = "Single sign-on is enabled for everybody in " + name
		m.Text = fmt.Sprintf("%s enabled single sign-on for everybody in %s (%s) on %s.\n\n"+
			"From now on people sign in with their Microsoft account and in no other way. It cannot be turned off in the console; "+
			"whoever runs your Lanyard server can do it.", n.By, name, n.Workspace.ID, day)
	case Lifted:
		m.Subject = "Single sign-on is no longer enforced in " + name
		m.Text = fmt.Sprintf("The operator %s turned off that single sign-on is enforced in %s (%s) on %s.\n\n%s\n\n"+
			"People may sign in in every way that is set up. If you did not ask for this, contact whoever runs your Lanyard server at once.",
			n.By, name, n.Workspace.ID, day, why)
	case LiftAsked:
		m.Subject = "Somebody asks to turn off single sign-on in " + name
		m.Text = fmt.Sprintf("The operator %s asked on %s that single sign-on is no longer enforced in %s (%s). A second operator has to agree within 24 hours.\n\n%s\n\n"+
			"If you did not ask for this, contact whoever runs your Lanyard server at once.", n.By, day, name, n.Workspace.ID, why)
	}
	return m
}

// told tells the administrators what was done. That they could not be told undoes
// nothing.
func (d *Desk) told(ctx context.Context, e directory.Enforcement, n Notice) Outcome {
	out := Outcome{Enforcement: e}
	if d.Tell == nil {
		out.Untold = problem.New(problem.SSONobodyTold)
	} else if err := d.Tell(store.WithoutAudit(ctx), n); err != nil {
		out.Untold = problem.Wrap(problem.SSONobodyTold, err)
	}
	return out
}
