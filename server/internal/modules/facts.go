package modules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Standing says how each module of a workspace stands.
func (k *Keeper) Standing(ctx context.Context, workspace string) ([]Standing, error) {
	ws, err := k.Store.Workspace(ctx, workspace)
	if err != nil {
		return nil, unknown(err)
	}
	f, err := k.facts(ctx, ws)
	if err != nil {
		return nil, err
	}
	plan, err := k.Plan(ctx, workspace)
	if err != nil {
		return nil, err
	}
	all := Stands(f, k.now())
	for i := range all {
		all[i].Locked = !plan.Includes(all[i].Module)
	}
	return all, nil
}

// facts reads what the states of a workspace's modules follow from.
func (k *Keeper) facts(ctx context.Context, ws directory.Workspace) (f Facts, err error) {
	f.Workspace, f.Drafts, f.Reported = ws, map[directory.Module]Progress{}, map[directory.Module][]problem.Code{}
	if f.SAML, err = k.Store.SAML(ctx, ws.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return f, fmt.Errorf("reading the SAML connection: %w", err)
	}
	if f.Mobile, err = k.Store.Mobile(ctx, ws.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return f, fmt.Errorf("reading the apps: %w", err)
	}
	settings, err := k.Store.Settings(ctx, ws.ID, "")
	if err != nil {
		return f, err
	}
	for _, n := range settings {
		if err := f.add(n); err != nil {
			return f, fmt.Errorf("reading the setting %s: %w", n.Kind, err)
		}
	}
	if err := k.credentials(ctx, ws.ID, &f); err != nil {
		return f, err
	}
	for m, all := range k.Health {
		for _, report := range all {
			codes, err := report(ctx, ws, k.now())
			if err != nil {
				return f, err
			}
			f.Reported[m] = append(f.Reported[m], codes...)
		}
	}
	return f, nil
}

// add takes a setting in.
func (f *Facts) add(n store.Setting) error {
	switch m, draft := strings.CutPrefix(n.Kind, directory.SettingDraft); {
	case draft:
		d, err := draftOf[json.RawMessage](n)
		if err == nil && d.Begun() {
			f.Drafts[directory.Module(m)] = d.Progress
		}
		return err
	case n.Kind == directory.SettingSwitches:
		return json.Unmarshal(n.Doc, &f.Switches)
	case n.Kind == directory.SettingMicrosoftWeb:
		return json.Unmarshal(n.Doc, &f.Web)
	}
	return nil
}

// credentials counts what a provisioner can come with.
func (k *Keeper) credentials(ctx context.Context, workspace string, f *Facts) error {
	now := k.now()
	tokens, err := k.Store.Tokens(ctx, workspace)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		f.Issued++
		if t.Revoked.IsZero() && (t.Expires.IsZero() || t.Expires.After(now)) {
			f.Credentials++
		}
		if t.LastUsed.After(f.Called) {
			f.Called = t.LastUsed
		}
	}
	steps, err := k.Store.SCIMSteps(ctx, workspace)
	if err != nil {
		return err
	}
	for _, step := range steps { // those who come without a token of their own, too
		if step.Done.After(f.Called) {
			f.Called = step.Done
		}
	}
	clients, err := k.Store.Clients(ctx, workspace)
	if err != nil {
		return err
	}
	secrets, err := k.Store.Secrets(ctx, workspace)
	if err != nil {
		return err
	}
	for _, c := range clients {
		f.Issued++
		usable := c.Federation != (store.Federation{})
		for _, n := range secrets {
			if n.Client != c.ID {
				continue
			}
			usable = usable || n.Revoked.IsZero() && n.Expires.After(now)
			if n.LastUsed.After(f.Called) {
				f.Called = n.LastUsed
			}
		}
		if usable && c.Revoked.IsZero() {
			f.Credentials++
		}
	}
	return nil
}
