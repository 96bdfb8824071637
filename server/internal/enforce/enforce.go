package enforce

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Desk switches single sign-on on and off for everybody in a workspace. All
// fields are required but those that say otherwise. It is safe for concurrent
// use.
type Desk struct {
	Store *store.Store
	Now   func() time.Time
	// BreakGlass says whether an owner of a workspace has proven that they get
	// into the console without the identity provider: nil, or why not. Where it
	// is nil itself, nobody has.
	BreakGlass func(ctx context.Context, workspace string) error
	// Domains says whether it is decided what becomes of each person outside the
	// domains of a workspace: nil, or why not. Where it is nil itself, it is not.
	Domains func(ctx context.Context, workspace string) error
	// Ended is called once single sign-on is enforced, to end what may not go on.
	// It may be nil where sessions are judged at each use.
	Ended func(ctx context.Context, ws directory.Workspace, e directory.Enforcement) error
	// Tell tells every administrator of the workspace. Nil tells nobody, which is
	// reported.
	Tell func(ctx context.Context, n Notice) error
}

// Check is one condition for enabling single sign-on.
type Check struct {
	// Name is stable: tested, certificate, breakglass, domains, pilot, module.
	Name string
	// Title is what has to be so.
	Title string
	// Err is why it is not so. Nil means that it is.
	Err error
}

// Preflight says of each condition whether it holds. The error is that it could
// not be found out.
func (d *Desk) Preflight(ctx context.Context, workspace string) ([]Check, error) {
	c, err := d.Store.SAML(ctx, workspace)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("reading the connection: %w", err)
	}
	checks := []Check{
		{"tested", "A test sign-in succeeded with the settings as they are now", tested(c)},
		{"certificate", "A signing certificate of the identity provider is valid", d.certificate(c)},
	}
	outside := func(name, title string, ask func(context.Context, string) error, missing problem.Code) {
		if ask == nil {
			checks = append(checks, Check{name, title, problem.New(missing)})
			return
		}
		err := ask(ctx, workspace)
		if code, _ := problem.Of(err); err != nil && code == problem.Internal {
			err = problem.Wrap(missing, err)
		}
		checks = append(checks, Check{name, title, err})
	}
	outside("breakglass", "An owner gets into this console without the identity provider", d.BreakGlass, problem.SSONoBreakGlass)
	outside("domains", "It is decided what becomes of people outside the domains", d.Domains, problem.SSODomains)
	pilot, _, err := store.ReadSetting[directory.Pilot](ctx, d.Store, workspace, directory.SettingPilot)
	if err != nil {
		return nil, err
	}
	checks = append(checks, Check{"pilot", "The pilot is over", when(pilot.On, problem.SSOPilot)})
	switches, _, err := store.ReadSetting[directory.Switches](ctx, d.Store, workspace, directory.SettingSwitches)
	if err != nil {
		return nil, err
	}
	if !switches.On(directory.ModuleSAML) {
		checks = append(checks, Check{"module", "The module is switched on", problem.New(problem.SSOModuleOff)})
	}
	return checks, nil
}

func when(wrong bool, code problem.Code) error {
	if wrong {
		return problem.New(code)
	}
	return nil
}

// tested says whether a test succeeded with the settings of c.
func tested(c directory.SAML) error {
	switch {
	case c.Version == 0:
		return problem.New(problem.SSONotTested)
	case c.TestedNow():
		return nil
	case c.TestedHash != "" || !c.Tested.IsZero():
		return problem.Detailf(problem.SSONotTested, "The settings were changed since the last test.")
	}
	return problem.New(problem.SSONotTested)
}

// certificate says whether a certificate of c is valid now.
func (d *Desk) certificate(c directory.SAML) error {
	if c.Version == 0 || len(c.Certificates) == 0 {
		return problem.New(problem.SAMLNotSet)
	}
	if c.InsecureAllowExpired {
		return nil
	}
	return valid(c.Certificates, d.Now())
}

// Enabling is what an administrator confirms.
type Enabling struct {
	// Who is shown and kept.
	Who string
	// Typed is what they typed for the workspace's ID.
	Typed string
	// ConfigHash is that of the settings they saw. Empty means any.
	ConfigHash string
}

// Enable lets everybody of a workspace sign in by SAML, and in no other way. All
// of Preflight has to hold: the first check that does not is the error. The
// Outcome is there also beside problem.SSONobodyTold, which is in it.
func (d *Desk) Enable(ctx context.Context, workspace string, in Enabling) (Outcome, error) {
	ws, err := d.workspace(ctx, workspace)
	if err != nil {
		return Outcome{}, err
	}
	if strings.TrimSpace(in.Typed) != ws.ID {
		return Outcome{}, problem.New(problem.SSONotConfirmed)
	}
	checks, err := d.Preflight(ctx, ws.ID)
	if err != nil {
		return Outcome{}, err
	}
	for _, c := range checks {
		if c.Err != nil {
			return Outcome{}, c.Err
		}
	}
	at := d.Now().UTC().Truncate(time.Microsecond)
	sso, err := d.Store.ChangeSSO(ctx, ws.ID, in.Who, at, setupKinds, func(n *store.SSO) error {
		// Once more, in the transaction: somebody may have changed it meanwhile.
		if err := tested(n.Connection); err != nil {
			return err
		}
		hash := n.Connection.ConfigHash()
		switch {
		case n.Pilot.On:
			return problem.New(problem.SSOPilot)
		case !n.Switches.On(directory.ModuleSAML):
			return problem.New(problem.SSOModuleOff)
		case in.ConfigHash != "" && in.ConfigHash != hash:
			return problem.New(problem.ChangedSince)
		case n.Enforcement.Enforced:
			return problem.New(problem.SSOAlready)
		}
		n.Connection.Disabled = false
		n.Enforcement.Enforced, n.Enforcement.At, n.Enforcement.By = true, at, in.Who
		n.Enforcement.ConfigHash, n.Enforcement.Asked = hash, nil
		return nil
	})
	if err != nil {
		return Outcome{}, err
	}
	if d.Ended != nil {
		if err := d.Ended(ctx, ws, sso.Enforcement); err != nil {
			return Outcome{}, fmt.Errorf("ending sessions: %w", err)
		}
	}
	return d.told(ctx, sso.Enforcement, Notice{Kind: Enabled, Workspace: ws, By: in.Who, At: at}), nil
}

// Allow lets people sign in by SAML beside every other way, for a pilot say. It
// needs a test like Enable.
func (d *Desk) Allow(ctx context.Context, workspace, who string) error {
	return d.change(ctx, workspace, who, setupKinds, func(n *store.SSO) error {
		if err := tested(n.Connection); err != nil {
			return err
		}
		n.Connection.Disabled = false
		return nil
	})
}

// Pause lets nobody sign in by SAML; a test still works. While it is enforced
// that is problem.SSOEnforced.
func (d *Desk) Pause(ctx context.Context, workspace, who string) error {
	return d.change(ctx, workspace, who, nil, func(n *store.SSO) error {
		switch {
		case n.Connection.Version == 0:
			return problem.New(problem.SAMLNotSet)
		case n.Enforcement.Enforced:
			return problem.New(problem.SSOEnforced)
		}
		n.Connection.Disabled = true
		return nil
	})
}

// Remove takes the connection of a workspace away, with its keys. While it is
// enforced that is problem.SSOEnforced.
func (d *Desk) Remove(ctx context.Context, workspace, who string) error {
	if _, err := d.Store.SAML(ctx, workspace); errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.SAMLNotSet, err)
	}
	err := d.Store.RestoreSAML(ctx, workspace, who, d.Now(), store.SAMLRestore{Clear: setupKinds}, func(e directory.Enforcement) error {
		return when(e.Enforced, problem.SSOEnforced)
	})
	return unknown(err)
}

// Free says whether a workspace's administrators may take single sign-on away:
// nil, or problem.SSOEnforced.
func (d *Desk) Free(ctx context.Context, workspace string) error {
	e, err := d.Enforcement(ctx, workspace)
	if err != nil {
		return err
	}
	return when(e.Enforced, problem.SSOEnforced)
}

// Enforcement returns how a workspace stands.
func (d *Desk) Enforcement(ctx context.Context, workspace string) (directory.Enforcement, error) {
	e, _, err := store.ReadSetting[directory.Enforcement](ctx, d.Store, workspace, directory.EnforcementSetting)
	return e, err
}

func (d *Desk) change(ctx context.Context, workspace, who string, drop []string, f func(*store.SSO) error) error {
	_, err := d.Store.ChangeSSO(ctx, workspace, who, d.Now(), drop, f)
	return unknown(err)
}

func (d *Desk) workspace(ctx context.Context, id string) (directory.Workspace, error) {
	ws, err := d.Store.Workspace(ctx, id)
	return ws, unknown(err)
}

func unknown(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.UnknownWorkspace, err)
	}
	return err
}

// setupKinds are the settings that are of no use once a set-up is over.
var setupKinds = []string{BeforeSetting, directory.SettingDraft + string(directory.ModuleSAML)}
