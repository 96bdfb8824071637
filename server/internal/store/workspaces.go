package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// settings are the fields of a workspace that nothing is searched by, as they
// are kept: one JSON object, so that a new one needs no migration.
type settings struct {
	Name                string            `json:"name"`
	Microsoft           microsoftSettings `json:"microsoft"`
	Domains             []string          `json:"domains,omitempty"`
	DefaultRole         string            `json:"default_role,omitempty"`
	DefaultDepartment   string            `json:"default_department,omitempty"`
	JIT                 bool              `json:"jit,omitempty"`
	LinkByUserName      bool              `json:"link_by_user_name,omitempty"`
	SCIMEnabled         bool              `json:"scim_enabled,omitempty"`
	OfflineGraceSeconds int64             `json:"offline_grace_seconds,omitempty"`
	SCIMStrict          bool              `json:"scim_strict,omitempty"`
	SCIMRequired        []string          `json:"scim_required,omitempty"`
	DeleteMode          string            `json:"delete_mode,omitempty"`
	PurgeAfterSeconds   int64             `json:"purge_after_seconds,omitempty"`
	RoleRules           []roleRule        `json:"role_rules,omitempty"`
	SCIMAccept          string            `json:"scim_accept,omitempty"`
	SCIMRate            int               `json:"scim_rate,omitempty"`
}

type roleRule struct {
	Group   string `json:"group,omitempty"`
	AppRole string `json:"app_role,omitempty"`
	Role    string `json:"role"`
}

type microsoftSettings struct {
	Authority  string `json:"authority,omitempty"`
	TenantID   string `json:"tenant_id,omitempty"`
	ClientID   string `json:"client_id,omitempty"`
	Audience   string `json:"audience,omitempty"`
	Scope      string `json:"scope,omitempty"`
	DomainHint string `json:"domain_hint,omitempty"`
}

// workspaceColumns must be in the order of workspaceRow.
const workspaceColumns = `w.id, w.directory, w.version, w.settings, w.created, w.modified`

type workspaceRow struct {
	w                 directory.Workspace
	settings          string
	created, modified int64
}

func (r *workspaceRow) dest() []any {
	return []any{&r.w.ID, &r.w.Directory, &r.w.Version, &r.settings, &r.created, &r.modified}
}

func (r *workspaceRow) workspace() (directory.Workspace, error) {
	var s settings
	if err := json.Unmarshal([]byte(r.settings), &s); err != nil {
		return directory.Workspace{}, fmt.Errorf("store: settings of workspace %q: %w", r.w.ID, err)
	}
	w := r.w
	w.Created, w.Modified = fromMicro(r.created), fromMicro(r.modified)
	w.Name, w.Microsoft, w.Domains = s.Name, directory.Microsoft(s.Microsoft), s.Domains
	w.DefaultRole, w.DefaultDepartment = s.DefaultRole, s.DefaultDepartment
	w.JIT, w.LinkByUserName, w.SCIMEnabled = s.JIT, s.LinkByUserName, s.SCIMEnabled
	w.OfflineGrace = time.Duration(s.OfflineGraceSeconds) * time.Second
	w.SCIMStrict, w.SCIMRequired = s.SCIMStrict, s.SCIMRequired
	w.SCIMAccept, w.SCIMRate = s.SCIMAccept, s.SCIMRate
	w.DeleteMode, w.PurgeAfter = directory.DeleteMode(s.DeleteMode), time.Duration(s.PurgeAfterSeconds)*time.Second
	for _, r := range s.RoleRules {
		w.RoleRules = append(w.RoleRules, directory.RoleRule(r))
	}
	return w, nil
}

func settingsOf(w directory.Workspace) (string, error) {
	var rules []roleRule
	for _, r := range w.RoleRules {
		rules = append(rules, roleRule(r))
	}
	b, err := json.Marshal(settings{
		Name: w.Name, Microsoft: microsoftSettings(w.Microsoft), Domains: w.Domains,
		DefaultRole: w.DefaultRole, DefaultDepartment: w.DefaultDepartment,
		JIT: w.JIT, LinkByUserName: w.LinkByUserName, SCIMEnabled: w.SCIMEnabled,
		OfflineGraceSeconds: int64(w.OfflineGrace / time.Second),
		SCIMStrict:          w.SCIMStrict, SCIMRequired: w.SCIMRequired,
		DeleteMode: string(w.DeleteMode), PurgeAfterSeconds: int64(w.PurgeAfter / time.Second), RoleRules: rules,
		SCIMAccept: w.SCIMAccept, SCIMRate: w.SCIMRate,
	})
	return string(b), err
}

func scanWorkspace(row scanner) (directory.Workspace, error) {
	var r workspaceRow
	if err := row.Scan(r.dest()...); err != nil {
		return directory.Workspace{}, err
	}
	return r.workspace()
}

// CreateWorkspace stores a new workspace, dated w.Created, with version 1. An
// empty Directory means one of its own, of the same id; the directory is made
// if there is none of that id. What is taken is ErrExists: "id" or "domain".
func (s *Store) CreateWorkspace(ctx context.Context, w directory.Workspace) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.createWorkspace(ctx, w) })
}

// createWorkspace is CreateWorkspace within a transaction.
func (t *tx) createWorkspace(ctx context.Context, w directory.Workspace) error {
	if w.Directory == "" {
		w.Directory = w.ID
	}
	w.Domains = tidyDomains(w.Domains)
	text, err := settingsOf(w)
	if err != nil {
		return fmt.Errorf("store: settings of workspace %q: %w", w.ID, err)
	}
	if w.ID == "" || !storable(append([]string{w.ID, w.Directory, text}, w.Domains...)...) {
		return ErrInvalid
	}
	at := micro(w.Created)
	if err := t.unnamed(ctx, w.ID, at); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `insert into directories (id, name, created) values ($1, $2, $3)
		on conflict do nothing`, w.Directory, w.Name, at); err != nil {
		return fmt.Errorf("store: creating directory: %w", err)
	}
	n, err := t.exec(ctx, `insert into workspaces (id, directory, version, settings, created, modified)
		values ($1, $2, 1, $3, $4, $5) on conflict do nothing`, w.ID, w.Directory, text, at, at)
	switch {
	case err != nil:
		return fmt.Errorf("store: creating workspace: %w", err)
	case n == 0:
		return Exists{"id"}
	}
	return t.setDomains(ctx, w)
}

// Workspace returns the workspace of an id, or ErrNotFound.
func (s *Store) Workspace(ctx context.Context, id string) (directory.Workspace, error) {
	if !storable(id) {
		return directory.Workspace{}, ErrNotFound
	}
	return scanWorkspace(s.read.row(ctx, `select `+workspaceColumns+` from workspaces w where w.id = $1`, id))
}

// Workspaces returns all workspaces by id.
func (s *Store) Workspaces(ctx context.Context) ([]directory.Workspace, error) {
	var all []directory.Workspace
	err := s.read.each(ctx, func(row scanner) error {
		w, err := scanWorkspace(row)
		all = append(all, w)
		return err
	}, `select `+workspaceColumns+` from workspaces w order by w.id`)
	if err != nil {
		return nil, fmt.Errorf("store: listing workspaces: %w", err)
	}
	return all, nil
}

// WorkspaceByDomain returns the workspace that an e-mail domain leads to, or
// ErrNotFound. Case does not matter.
func (s *Store) WorkspaceByDomain(ctx context.Context, domain string) (directory.Workspace, error) {
	if !storable(domain) {
		return directory.Workspace{}, ErrNotFound
	}
	return scanWorkspace(s.read.row(ctx, `select `+workspaceColumns+` from domains d
		join workspaces w on w.id = d.workspace where d.domain = $1`, tidyDomain(domain)))
}

// UpdateWorkspace reads a workspace, lets change alter it, and stores it with
// the next version, all in one transaction; it returns what it stored. An error
// of change leaves everything as it was and is returned as it is. The id, the
// directory, the creation time and the version are not change's to alter.
func (s *Store) UpdateWorkspace(ctx context.Context, id string, now time.Time,
	change func(*directory.Workspace) error,
) (directory.Workspace, error) {
	var stored directory.Workspace
	if !storable(id) {
		return stored, ErrNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		stored, err = t.changeWorkspace(ctx, id, now, change)
		return err
	})
	if err != nil {
		return directory.Workspace{}, err
	}
	return stored, nil
}

// putWorkspace stores what became of a workspace within a transaction, with the
// version after the one it was.
func (t *tx) putWorkspace(ctx context.Context, was, w directory.Workspace, now time.Time) (directory.Workspace, error) {
	if w.ID != was.ID || w.Directory != was.Directory {
		return w, fmt.Errorf("%w: a workspace keeps its id and its directory", ErrInvalid)
	}
	w.Created, w.Version, w.Modified = was.Created, was.Version+1, now.UTC().Truncate(time.Microsecond)
	w.Domains = tidyDomains(w.Domains)
	text, err := settingsOf(w)
	if err != nil || !storable(append(w.Domains, text)...) {
		return w, fmt.Errorf("%w: settings of workspace %q", ErrInvalid, w.ID)
	}
	if _, err := t.exec(ctx, `update workspaces set version = $1, settings = $2, modified = $3 where id = $4`,
		w.Version, text, micro(w.Modified), w.ID); err != nil {
		return w, fmt.Errorf("store: changing workspace: %w", err)
	}
	if w.RankedBy() != was.RankedBy() {
		if err := t.rerank(ctx, w.Directory, now); err != nil {
			return w, err
		}
	}
	if slices.Equal(was.Domains, w.Domains) {
		return w, nil
	}
	return w, t.setDomains(ctx, w)
}

// tidyDomains returns domains in small letters, each once, in their order.
func tidyDomains(domains []string) []string {
	var all []string
	for _, d := range domains {
		if d = tidyDomain(d); d != "" && !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

func tidyDomain(d string) string {
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(d)), ".")
}
