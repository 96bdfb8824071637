package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// workspaceCmd groups the commands about workspaces.
type workspaceCmd struct {
	Create workspaceCreateCmd `cmd:"" help:"Create a workspace: what people sign in to."`
	List   workspaceListCmd   `cmd:"" help:"List the workspaces."`
	Show   workspaceShowCmd   `cmd:"" help:"Show one workspace and what is missing in it."`
	Set    workspaceSetCmd    `cmd:"" help:"Change a workspace."`
	Rename workspaceRenameCmd `cmd:"" help:"Give a workspace another name for people to type."`

	Clone   workspaceCloneCmd   `cmd:"" help:"Make a copy of a workspace, to try things out, without its secrets."`
	Diff    workspaceDiffCmd    `cmd:"" help:"Say how two workspaces are set up differently."`
	Promote workspacePromoteCmd `cmd:"" help:"Take over parts of one workspace's set-up in another."`
	Plan    workspacePlanCmd    `cmd:"" help:"Show or set what a workspace is entitled to, and its seats."`
	Pilot   workspacePilotCmd   `cmd:"" help:"Show or set who tries single sign-on first."`
	Link    workspaceLinkCmd    `cmd:"" help:"Link a workspace to a user directory."`
}

// workspaceCreateCmd makes a workspace with its user directory.
type workspaceCreateCmd struct {
	dbFlags
	ID   string `arg:"" help:"The name people type to sign in, such as acme."`
	Name string `name:"name" placeholder:"NAME" help:"The name people see, such as \"Acme Ltd\"."`
}

func (w workspaceCreateCmd) Run(c *command) error {
	if err := directory.ValidID(w.ID); err != nil {
		return problem.Detailf(problem.BadWorkspaceID, "%q: %s%s", w.ID, problem.DetailOf(err), suggestID(w.ID))
	}
	if w.Name == "" {
		w.Name = w.ID
	}
	if err := checkText("--name", w.Name, 100); err != nil {
		return err
	}
	// A database that is named may be a new one: set-up scripts run this
	// before the first serve. Without a name there must be one here, so that
	// the wrong folder does not get a Lanyard of its own.
	set, err := c.resolve(w.Config, map[string]*string{keyDB: w.DB})
	if err != nil {
		return err
	}
	st, err := c.openStore(c.ctx, set[keyDB], set[keyDB].set())
	if err != nil {
		return err
	}
	defer st.Close()
	now := c.opt.Now()
	c.about(w.ID, w.ID)
	err = st.CreateWorkspace(c.ctx, directory.Workspace{
		ID: w.ID, Name: w.Name, SCIMEnabled: true, DefaultRole: defaultRole,
		Created: now, Modified: now,
	})
	if errors.Is(err, store.ErrExists) {
		return problem.Detailf(problem.WorkspaceExists, "workspace %q is there already; see it with: lanyardd workspace show %s", w.ID, w.ID)
	}
	if err != nil {
		return fmt.Errorf("creating the workspace: %w", err)
	}
	ws, err := st.Workspace(c.ctx, w.ID)
	if err != nil {
		return fmt.Errorf("reading the workspace back: %w", err)
	}
	c.say("Workspace %s is there. Next, set up sign-in with Microsoft and provisioning:\n"+
		"  lanyardd workspace set %s --tenant-id <Directory (tenant) ID> --client-id <Application (client) ID>\n"+
		"  lanyardd saml show --workspace %s   (instead, or as well, for SAML)\n"+
		"  lanyardd scim token create --workspace %s", ws.ID, ws.ID, ws.ID, ws.ID)
	if c.json {
		return c.printJSON(workspaceJSON(ws))
	}
	_, err = fmt.Fprintln(c.out, ws.ID)
	return err
}

// defaultRole is the role in the workspace of people who come without one.
const defaultRole = "member"

// suggestID proposes a valid id made of what was typed.
func suggestID(typed string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == ' ' || r == '_' || r == '.' || r == '-':
			return '-'
		}
		return -1
	}, strings.ToLower(typed))
	s = strings.Trim(s, "-")
	if s == typed || directory.ValidID(s) != nil {
		return ""
	}
	return fmt.Sprintf(" %q would be one.", s)
}

// workspaceListCmd lists all workspaces.
type workspaceListCmd struct{ dbFlags }

func (w workspaceListCmd) Run(c *command) error {
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	all, err := st.Workspaces(c.ctx)
	if err != nil {
		return fmt.Errorf("listing workspaces: %w", err)
	}
	if c.json {
		out := []workspaceDoc{}
		for _, ws := range all {
			out = append(out, workspaceJSON(ws))
		}
		return c.printJSON(out)
	}
	if len(all) == 0 {
		c.say("There are no workspaces yet. Create one with: lanyardd workspace create acme --name \"Acme Ltd\"")
	}
	var rows [][]string
	for _, ws := range all {
		rows = append(rows, []string{ws.ID, ws.Name, readiness(ws), onOff(ws.SCIMEnabled), strings.Join(ws.Domains, " ")})
	}
	return c.table([]string{"ID", "NAME", "MICROSOFT", "SCIM", "DOMAINS"}, rows)
}

// readiness says in a word or two how far sign-in with Microsoft is set up.
func readiness(ws directory.Workspace) string {
	if ws.Microsoft.TenantID == "" || ws.Microsoft.ClientID == "" {
		return "not set up"
	}
	return "ready"
}

// workspaceShowCmd shows one workspace.
type workspaceShowCmd struct {
	dbFlags
	ID string `arg:"" help:"The workspace."`
}

func (w workspaceShowCmd) Run(c *command) error {
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, w.ID)
	if err != nil {
		return err
	}
	return c.showWorkspace(st, ws)
}

// workspace finds a workspace. One that is not there is named, with the name
// that was probably meant.
func (c *command) workspace(st *server.Store, id string) (directory.Workspace, error) {
	ws, err := st.WorkspaceNamed(c.ctx, directory.CleanID(id), c.opt.Now())
	if errors.Is(err, store.ErrNotFound) {
		return ws, c.unknownWorkspace(st, id)
	}
	if err != nil {
		return ws, fmt.Errorf("reading workspace %q: %w", id, err)
	}
	c.about(ws.ID, "")
	return ws, nil
}

func (c *command) unknownWorkspace(st *server.Store, id string) error {
	all, err := st.Workspaces(c.ctx)
	if err != nil {
		return fmt.Errorf("listing workspaces: %w", err)
	}
	if len(all) == 0 {
		return problem.Detailf(problem.UnknownWorkspace, "workspace %q is not there, nor is any other. Create it with: lanyardd workspace create %s", id, id)
	}
	var ids []string
	for _, ws := range all {
		ids = append(ids, ws.ID)
	}
	return problem.Detailf(problem.UnknownWorkspace, "workspace %q is not there.%s See all with: lanyardd workspace list", id, didYouMean(id, ids))
}

// showWorkspace prints a workspace on stdout and what is missing on stderr.
func (c *command) showWorkspace(st *server.Store, ws directory.Workspace) error {
	alarm, err := st.Alarm(c.ctx, ws.Directory)
	if err != nil {
		return fmt.Errorf("reading the alarm: %w", err)
	}
	d := workspaceJSON(ws)
	d.Alarm = &alarmDoc{alarm.People, alarm.Percent, alarm.Hold}
	conn, err := st.SAML(c.ctx, ws.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("reading the SAML connection: %w", err)
	}
	d.SAML = samlState(conn)
	if !d.Ready && d.SAML == samlNotSetUp {
		c.say("Sign-in with Microsoft is not set up. Next:\n  lanyardd workspace set %s --tenant-id <Directory (tenant) ID> --client-id <Application (client) ID>", ws.ID)
	}
	if c.json {
		return c.printJSON(d)
	}
	return c.fields(
		"id", d.ID,
		"name", d.Name,
		"sign-in with Microsoft", readiness(ws),
		"  authority", d.Microsoft.Authority,
		"  tenant ID", d.Microsoft.TenantID,
		"  client ID", d.Microsoft.ClientID,
		"  audience", d.Microsoft.Audience,
		"  scope", d.Microsoft.Scope,
		"  domain hint", d.Microsoft.DomainHint,
		"sign-in by SAML", d.SAML,
		"provisioning (SCIM)", onOff(d.SCIM),
		"  strict", onOff(d.SCIMStrict),
		"  required", strings.Join(append([]string{"userName"}, d.SCIMRequired...), " "),
		"  accept", cmp.Or(ws.SCIMAccept, "everybody"),
		"  requests a second", rateText(ws.SCIMRate),
		"  alarm when", alarmText(alarm)+holdText(alarm),
		"  deletion", deletion(ws),
		"  role rules", strings.Join(d.RoleRules, "  "),
		"just-in-time members", onOff(d.JIT),
		"link by userName", onOff(d.LinkByUserName),
		"domains", strings.Join(d.Domains, " "),
		"default role", d.DefaultRole,
		"default department", d.DefaultDepartment,
		"offline grace", formatDuration(ws.OfflineGrace),
		"created", day(ws.Created),
		"changed", day(ws.Modified),
	)
}

// workspaceDoc is a workspace in JSON.
type workspaceDoc struct {
	ID                  string       `json:"id"`
	Name                string       `json:"name"`
	Directory           string       `json:"directory"`
	Ready               bool         `json:"ready"`
	Microsoft           microsoftDoc `json:"microsoft"`
	SCIM                bool         `json:"scim"`
	JIT                 bool         `json:"jit"`
	LinkByUserName      bool         `json:"link_by_user_name"`
	Domains             []string     `json:"domains"`
	DefaultRole         string       `json:"default_role"`
	DefaultDepartment   string       `json:"default_department"`
	OfflineGraceSeconds int64        `json:"offline_grace_seconds"`
	SCIMStrict          bool         `json:"scim_strict"`
	SCIMRequired        []string     `json:"scim_required"`
	DeleteMode          string       `json:"delete_mode"`
	PurgeAfterSeconds   int64        `json:"purge_after_seconds"`
	RoleRules           []string     `json:"role_rules"`
	SCIMAccept          string       `json:"scim_accept"`
	SCIMRate            int          `json:"scim_rate"`
	// Alarm and SAML are shown of one workspace, not in the list.
	Alarm    *alarmDoc  `json:"alarm,omitempty"`
	SAML     string     `json:"saml,omitempty"`
	Created  *time.Time `json:"created"`
	Modified *time.Time `json:"modified"`
}

// alarmDoc is when an alarm is raised.
type alarmDoc struct {
	People  int  `json:"people"`
	Percent int  `json:"percent"`
	Hold    bool `json:"hold"`
}

func rateText(n int) string {
	if n == 0 {
		return "any number"
	}
	return strconv.Itoa(n)
}

func holdText(a directory.Alarm) string {
	if a.Hold {
		return "; then further removals are held"
	}
	return ""
}

// microsoftDoc has the effective values: where nothing is set, the default.
type microsoftDoc struct {
	Authority  string `json:"authority"`
	TenantID   string `json:"tenant_id"`
	ClientID   string `json:"client_id"`
	Audience   string `json:"audience"`
	Scope      string `json:"scope"`
	DomainHint string `json:"domain_hint"`
}

func workspaceJSON(ws directory.Workspace) workspaceDoc {
	m := ws.Microsoft
	if m.Authority == "" {
		m.Authority = defaultAuthority
	}
	if m.ClientID != "" && m.Audience == "" {
		m.Audience = m.ClientID
	}
	if m.ClientID != "" && m.Scope == "" {
		m.Scope = "api://" + m.ClientID + "/access_as_user"
	}
	domains := ws.Domains
	if domains == nil {
		domains = []string{}
	}
	return workspaceDoc{
		ID: ws.ID, Name: ws.Name, Directory: ws.Directory,
		Ready:     m.TenantID != "" && m.ClientID != "",
		Microsoft: microsoftDoc{m.Authority, m.TenantID, m.ClientID, m.Audience, m.Scope, m.DomainHint},
		SCIM:      ws.SCIMEnabled, JIT: ws.JIT, LinkByUserName: ws.LinkByUserName,
		Domains: domains, DefaultRole: ws.DefaultRole, DefaultDepartment: ws.DefaultDepartment,
		OfflineGraceSeconds: int64(ws.OfflineGrace / time.Second),
		SCIMStrict:          ws.SCIMStrict, SCIMRequired: append([]string{}, ws.SCIMRequired...),
		DeleteMode: string(cmp.Or(ws.DeleteMode, directory.DeleteArchive)), PurgeAfterSeconds: int64(ws.PurgeAfter / time.Second),
		RoleRules: ruleTexts(ws.RoleRules), SCIMAccept: ws.SCIMAccept, SCIMRate: ws.SCIMRate,
		Created: stamp(ws.Created), Modified: stamp(ws.Modified),
	}
}

// defaultAuthority is Microsoft's sign-in service outside national clouds.
const defaultAuthority = "https://login.microsoftonline.com"
