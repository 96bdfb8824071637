package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Policy puts together what decides who may sign in to a workspace by which
// method, as it is now.
func (s *Store) Policy(ctx context.Context, ws directory.Workspace, now time.Time) (directory.Policy, error) {
	p := directory.Policy{Workspace: ws, Now: now}
	into := map[string]any{
		directory.SettingSwitches: &p.Switches, directory.SettingPlan: &p.Plan, directory.SettingPilot: &p.Pilot,
		directory.EnforcementSetting: &p.Enforcement, directory.SettingDomains: &p.Domains, directory.SettingLocal: &p.Local,
	}
	var web directory.MicrosoftWeb
	var entitled directory.Plan
	into[directory.SettingMicrosoftWeb], into[directory.SettingEntitled] = &web, &entitled
	args := []any{ws.ID}
	for _, kind := range directory.PolicySettings {
		args = append(args, kind)
	}
	err := s.read.each(ctx, func(row scanner) error {
		var kind, doc string
		if err := row.Scan(&kind, &doc); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(doc), into[kind]); err != nil {
			return fmt.Errorf("store: setting %s of workspace %q: %w", kind, ws.ID, err)
		}
		return nil
	}, `select kind, doc from settings where workspace = $1 and kind in (`+marks(2, len(directory.PolicySettings))+`)`, args...)
	if err != nil {
		return p, fmt.Errorf("store: reading the sign-in policy: %w", err)
	}
	p.Plan = p.Plan.Within(entitled)
	microsoft := ws.Microsoft.TenantID != "" && ws.Microsoft.ClientID != ""
	p.SSO = p.Offers(directory.MethodMicrosoft) == nil && (microsoft || web.Enabled)
	if p.Local.Enabled && !p.SSO && p.Offers(directory.MethodSAML) == nil { // else nobody asks
		c, err := s.SAML(ctx, ws.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return p, err
		}
		p.SSO = err == nil && !c.Disabled && c.Usable()
	}
	return p, nil
}

// Gate returns what decides whether a person may sign in by a method. The person
// may be the zero User, whom nobody knows.
func (s *Store) Gate(ctx context.Context, ws directory.Workspace, m directory.Method, u directory.User, now time.Time) (directory.Gate, error) {
	p, err := s.Policy(ctx, ws, now)
	if err != nil {
		return directory.Gate{}, err
	}
	return s.gate(ctx, p, m, u)
}

func (s *Store) gate(ctx context.Context, p directory.Policy, m directory.Method, u directory.User) (directory.Gate, error) {
	g := directory.Gate{Policy: p, Method: m}
	if u.ID == "" {
		return g, nil
	}
	if p.Plan.Seats > 0 {
		seated, err := s.Seated(ctx, u.Directory, p.Plan.Seats, u.ID)
		if err != nil {
			return g, err
		}
		g.Waiting = u.State == directory.Active && !seated[u.ID]
	}
	// Exemptions are few: they are looked for where one would make a difference.
	code, _ := problem.Of(g.Permit(u))
	if code != problem.UseSSO && code != problem.DomainOutside && g.Warns(u) == "" {
		return g, nil
	}
	var err error
	g.Exempt, err = s.Exemption(ctx, p.Workspace.ID, u.ID)
	return g, err
}

// stays says whether a session is still good by the policy of its workspace (row
// C6): whoever may not sign in any more by the method that it began with has to
// sign in anew.
func (s *Store) stays(ctx context.Context, n directory.Session, u directory.User, ws directory.Workspace, now time.Time) error {
	g, err := s.Gate(ctx, ws, n.Via(), u, now)
	if err != nil {
		return err
	}
	return g.Permit(u)
}

// revalidateAtOnce bounds one transaction of Revalidate: each session is an event.
const revalidateAtOnce = 200

// Revalidate ends the sessions of a workspace that its policy does not permit any
// more, with one SessionEnded event for each, and returns how many there were.
// Each use of a session is asked for as well: this is for those who are looking at
// a page or a stream at this moment. It works in small transactions.
func (s *Store) Revalidate(ctx context.Context, ws directory.Workspace, now time.Time) (int, error) {
	p, err := s.Policy(ctx, ws, now)
	if err != nil {
		return 0, err
	}
	ended, after := 0, ""
	for {
		type live struct {
			n directory.Session
			u directory.User
		}
		var page []live
		err := s.read.each(ctx, func(row scanner) error {
			var sr sessionRow
			var ur userRow
			if err := row.Scan(append(sr.dest(), ur.dest()...)...); err != nil {
				return err
			}
			n, err := sr.session()
			page = append(page, live{n, ur.user()})
			return err
		}, `select `+sessionColumns+`, `+userColumns+` from sessions s join users u on u.id = s.user_id
			where s.workspace = $1 and s.hash > $2 order by s.hash limit $3`, ws.ID, after, revalidateAtOnce)
		if err != nil {
			return ended, fmt.Errorf("store: looking at sessions: %w", err)
		}
		var gone []string
		for _, l := range page {
			after = l.n.Hash
			g, err := s.gate(ctx, p, l.n.Via(), l.u)
			if err != nil {
				return ended, err
			}
			if g.Permit(l.u) != nil {
				gone = append(gone, l.n.Hash)
			}
		}
		if len(gone) > 0 {
			err := s.write(ctx, func(ctx context.Context, t *tx) error {
				_, err := t.endSessions(ctx, gone, directory.Event{At: now, Directory: ws.Directory, Workspace: ws.ID})
				return err
			})
			if err != nil {
				return ended, fmt.Errorf("store: ending sessions: %w", err)
			}
			ended += len(gone)
		}
		if len(page) < revalidateAtOnce {
			return ended, nil
		}
	}
}

// PolicyVersions returns, for each workspace whose sign-in policy was ever set, a
// text that changes with it.
func (s *Store) PolicyVersions(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	args := []any{}
	for _, kind := range directory.PolicySettings {
		args = append(args, kind)
	}
	err := s.read.each(ctx, func(row scanner) error {
		var workspace, kind string
		var version int64
		if err := row.Scan(&workspace, &kind, &version); err != nil {
			return err
		}
		all[workspace] += fmt.Sprintf("%s %d\n", kind, version)
		return nil
	}, `select workspace, kind, version from settings where kind in (`+marks(1, len(args))+`) and workspace <> '' order by workspace, kind`, args...)
	if err != nil {
		return nil, fmt.Errorf("store: reading versions of sign-in policies: %w", err)
	}
	return all, nil
}
