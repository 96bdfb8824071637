package workspaces

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// settingsPage is what a workspace is called, and what new people get.
type settingsPage struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	DefaultRole       string `json:"default_role"`
	DefaultDepartment string `json:"default_department"`
	DomainHint        string `json:"domain_hint"`
	OfflineGrace      string `json:"offline_grace"`
	// Version is sent along with a change, so that it is refused where somebody
	// else made one meanwhile.
	Version int64      `json:"version"`
	Names   []nameLine `json:"names"`
	Typed   string     `json:"typed"`
	// Departments are some that people have already.
	More []console.Link `json:"-"`
}

type nameLine struct {
	Name string `json:"name"`
	// Until is zero for the name that is in use.
	Until time.Time `json:"until,omitzero"`
}

// Head is that of the page.
func (settingsPage) Head() console.Head {
	return console.Head{Title: "Settings", Template: "workspaces/settings.html", Nav: "settings"}
}

func (s *Section) settings(ctx context.Context, c *console.Call, _ struct{}) (settingsPage, error) {
	ws := c.Workspace
	p := settingsPage{
		ID: ws.ID, Name: ws.Name, DefaultRole: ws.DefaultRole, DefaultDepartment: ws.DefaultDepartment,
		DomainHint: ws.Microsoft.DomainHint, OfflineGrace: grace(ws.OfflineGrace), Version: ws.Version,
	}
	var err error
	if p.Names, p.Typed, err = s.names(ctx, c); err != nil {
		return p, err
	}
	for _, l := range []console.Link{
		{Text: "Single Sign-On (SSO and SCIM)", To: path(c, "workspaces.sso")},
		{Text: "SCIM Provisioning", To: path(c, "workspaces.scim")},
		{Text: "User Directory", To: path(c, "workspaces.userdirectory")},
		{Text: "Plan and seats", To: path(c, "workspaces.plan")},
		{Text: "Sandbox", To: path(c, "workspaces.environments")},
		{Text: "Pilot", To: path(c, "workspaces.pilot")},
		{Text: "Domains", To: path(c, "domains.home")},
		{Text: "Setup links", To: path(c, "account.setuplinks")},
	} {
		if l.To != "" {
			p.More = append(p.More, l)
		}
	}
	return p, nil
}

// names are those that lead to the workspace now, and the one that people type.
func (s *Section) names(ctx context.Context, c *console.Call) (all []nameLine, typed string, err error) {
	typed = c.Workspace.ID
	names, err := s.Store.WorkspaceNames(ctx, c.Workspace.ID)
	if err != nil {
		return nil, "", err
	}
	all = []nameLine{}
	for _, n := range names {
		if n.Until.IsZero() {
			typed = n.Name
		}
		if n.Until.IsZero() || n.Until.After(c.Now) {
			all = append(all, nameLine{n.Name, n.Until})
		}
	}
	return all, typed, nil
}

type settingsInput struct {
	Name              *string `json:"name"`
	DefaultRole       *string `json:"default_role"`
	DefaultDepartment *string `json:"default_department"`
	DomainHint        *string `json:"domain_hint"`
	OfflineGrace      *string `json:"offline_grace"`
	Version           int64   `json:"version"`
}

func (s *Section) change(ctx context.Context, c *console.Call, in settingsInput) (console.Done, error) {
	change, faults := in.check()
	if len(faults) > 0 {
		return console.Done{}, faults
	}
	_, err := s.Store.UpdateWorkspace(ctx, c.Workspace.ID, c.Now, func(ws *directory.Workspace) error {
		if in.Version > 0 && ws.Version != in.Version {
			return problem.New(problem.SettingsChanged)
		}
		change(ws)
		return nil
	})
	if err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("workspaces.settings"), Say: "Saved."}, nil
}

// check returns what is to be changed, or what is wrong with it.
func (in settingsInput) check() (change func(*directory.Workspace), faults console.Faults) {
	var all []func(*directory.Workspace)
	set := func(field string, v *string, ok func(string) error, put func(*directory.Workspace, string)) {
		if v == nil {
			return
		}
		text := strings.TrimSpace(*v)
		if err := ok(text); err != nil {
			faults = append(faults, console.Fault{Field: field, Err: err})
			return
		}
		all = append(all, func(ws *directory.Workspace) { put(ws, text) })
	}
	named := func(v string) error { return modules.CheckName(problem.BadWorkspaceSetting, v) }
	set("name", in.Name, named, func(ws *directory.Workspace, v string) { ws.Name = v })
	set("default_role", in.DefaultRole, checkRole, func(ws *directory.Workspace, v string) { ws.DefaultRole = v })
	set("default_department", in.DefaultDepartment, optional(named), func(ws *directory.Workspace, v string) { ws.DefaultDepartment = v })
	set("domain_hint", in.DomainHint, optional(checkHint), func(ws *directory.Workspace, v string) { ws.Microsoft.DomainHint = strings.ToLower(v) })
	set("offline_grace", in.OfflineGrace, func(v string) error { _, err := parseGrace(v); return err }, func(ws *directory.Workspace, v string) {
		ws.OfflineGrace, _ = parseGrace(v)
	})
	return func(ws *directory.Workspace) {
		for _, put := range all {
			put(ws)
		}
	}, faults
}

func optional(ok func(string) error) func(string) error {
	return func(v string) error {
		if v == "" {
			return nil
		}
		return ok(v)
	}
}

// checkRole refuses what a role by default must not be: an owner's.
func checkRole(v string) error {
	if v == "" {
		return nil
	}
	if directory.Fold(v) == directory.RoleOwner {
		return problem.Detailf(problem.BadWorkspaceSetting, "Nobody becomes an owner by default.")
	}
	return modules.CheckName(problem.BadWorkspaceSetting, v)
}

// hintShape is a DNS name of at least two labels (RFC 1123, section 2.1).
var hintShape = regexp.MustCompile(`^(?i)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkHint(v string) error {
	if len(v) > 253 || !hintShape.MatchString(v) {
		return problem.Detailf(problem.BadWorkspaceSetting, "It is a domain such as acme.com.")
	}
	return nil
}

// maxGrace is how long people may work without the server at most: so long would
// somebody whose access has ended go on, on a device that stays offline.
const maxGrace = 30 * 24 * time.Hour

// grace is a duration as it is typed: 30d, 8h, 90m.
func grace(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

// parseGrace reads 8h, 90m, 30d or 0.
func parseGrace(v string) (time.Duration, error) {
	bad := problem.Detailf(problem.BadWorkspaceSetting, "It reads like 8h, 90m, 2d, or 0 for not at all.")
	if v == "" || v == "0" {
		return 0, nil
	}
	var n int64
	var unit string
	if _, err := fmt.Sscanf(v, "%d%s", &n, &unit); err != nil || n < 0 || n > 1_000_000 {
		return 0, bad
	}
	units := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	d := time.Duration(n) * units[unit]
	switch {
	case units[unit] == 0:
		return 0, bad
	case d > maxGrace:
		return 0, problem.Detailf(problem.BadWorkspaceSetting, "It is more than 30 days.")
	}
	return d, nil
}

// namingPage changes what people type for the workspace (row B15).
type namingPage struct {
	trail
	ID    string     `json:"id"`
	Typed string     `json:"typed"`
	Names []nameLine `json:"names"`
	Days  int        `json:"days"`
	availability
}

// Head is that of the page.
func (p namingPage) Head() console.Head {
	return console.Head{Title: "Workspace ID", Template: "workspaces/naming.html", Crumbs: p.Above, Nav: "settings"}
}

type namingInput struct {
	ID string `json:"id"`
}

func (s *Section) naming(ctx context.Context, c *console.Call, in namingInput) (namingPage, error) {
	p := namingPage{trail: above(c, "Settings", "workspaces.settings"), ID: c.Workspace.ID, Days: int(store.KeepNamesFor / (24 * time.Hour))}
	var err error
	if p.Names, p.Typed, err = s.names(ctx, c); err != nil {
		return p, err
	}
	p.availability, err = s.available(ctx, c, in.ID, c.Workspace.ID)
	return p, err
}

func (s *Section) rename(ctx context.Context, c *console.Call, in namingInput) (console.Done, error) {
	id := directory.CleanID(in.ID)
	c.Target(id)
	if err := directory.ValidID(id); err != nil {
		return console.Done{}, console.Fault{Field: "id", Err: err}
	}
	err := s.Store.NameWorkspace(ctx, c.Workspace.ID, id, c.Now)
	if errors.Is(err, store.ErrExists) {
		return console.Done{}, console.Fault{Field: "id", Err: problem.Wrap(problem.WorkspaceExists, err)}
	}
	if err != nil {
		return console.Done{}, err
	}
	return console.Done{
		To:  c.Path("workspaces.naming"),
		Say: "People type " + id + " now. What they typed before leads here for 90 more days.",
	}, nil
}
