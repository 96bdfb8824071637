package cli

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// workspaceSetCmd changes a workspace. A flag that is not given leaves its
// value alone; an empty text puts the default back.
type workspaceSetCmd struct {
	dbFlags
	scimFlags
	ID                string   `arg:"" help:"The workspace."`
	Name              *string  `name:"name" placeholder:"NAME" help:"The name people see."`
	TenantID          *string  `name:"tenant-id" placeholder:"GUID" help:"Directory (tenant) ID in Microsoft Entra."`
	ClientID          *string  `name:"client-id" placeholder:"GUID" help:"Application (client) ID of the app people sign in with."`
	Audience          *string  `name:"audience" placeholder:"AUD" help:"aud of access tokens, if not the client ID."`
	Scope             *string  `name:"scope" placeholder:"SCOPE" help:"Permission that access tokens must carry, if not api://<client ID>/access_as_user."`
	Authority         *string  `name:"authority" placeholder:"URL" help:"Sign-in service, if not https://login.microsoftonline.com (national clouds)."`
	DomainHint        *string  `name:"domain-hint" placeholder:"DOMAIN" help:"Sends people straight to this domain's sign-in page."`
	Domain            []string `name:"domain" placeholder:"DOMAIN" sep:"none" help:"E-mail domain that leads here; repeat for several. They replace those that were set."`
	DefaultRole       *string  `name:"default-role" placeholder:"ROLE" help:"Role of people who come without one."`
	DefaultDepartment *string  `name:"default-department" placeholder:"NAME" help:"Department of people who come without one."`
	JIT               *toggle  `name:"jit" placeholder:"on|off" help:"Admit people of the tenant who were never provisioned."`
	LinkByUserName    *toggle  `name:"link-by-user-name" placeholder:"on|off" help:"Link a first sign-in by userName where externalId is not the object ID."`
	SCIM              *toggle  `name:"scim" placeholder:"on|off" help:"Accept provisioning."`
	OfflineGrace      *string  `name:"offline-grace" placeholder:"8h" help:"How long people may work while the server cannot be reached. 0 is not at all."`
}

func (w workspaceSetCmd) Run(c *command) error {
	people, err := w.people(c)
	if err != nil {
		return err
	}
	change, n, err := w.change(people)
	if err == nil {
		err = w.alarm().check()
	}
	if err != nil {
		return err
	}
	if n == 0 && !w.alarm().given() {
		return problem.Detailf(problem.BadUsage, "Say what to set, such as --tenant-id or --name; see lanyardd workspace set --help.")
	}
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	w.ID = directory.CleanID(w.ID)
	if err := c.domainsFree(st, w.ID, w.Domain); err != nil {
		return err
	}
	ws, err := st.UpdateWorkspace(c.ctx, w.ID, c.opt.Now(), func(ws *directory.Workspace) error {
		change(ws)
		return checkMicrosoft(ws.Microsoft)
	})
	if errors.Is(err, store.ErrNotFound) {
		return c.unknownWorkspace(st, w.ID)
	}
	if errors.Is(err, store.ErrExists) { // another command was quicker
		return problem.Detailf(problem.BadUsage, "One of the domains leads to another workspace already.")
	}
	if err != nil {
		return fmt.Errorf("changing workspace %q: %w", w.ID, err)
	}
	if w.alarm().given() {
		if _, err := st.UpdateAlarm(c.ctx, ws.Directory, w.alarm().alter); err != nil {
			return fmt.Errorf("the alarm of workspace %q: %w", ws.ID, err)
		}
	}
	if w.RoleRule != nil {
		// Sessions show the new roles already; this makes them stored, with an
		// event for each that changes. What it does not reach, the server does.
		n, err := st.Rerank(c.ctx, ws.Directory, c.opt.Now())
		if err != nil {
			return fmt.Errorf("giving roles by the new rules: %w", err)
		}
		c.say("The new rules were applied to %d people.", n)
	}
	return c.showWorkspace(st, ws)
}

// people is the resource type of people, with what the configuration declares.
func (w workspaceSetCmd) people(c *command) (*scim.ResourceType, error) {
	set, err := c.resolve(w.Config, map[string]*string{keySCIMSchemas: w.Schemas})
	if err != nil {
		return nil, err
	}
	return set.people()
}

// change checks every flag that was given, before anything is opened, and
// returns what they do together and how many there are.
func (w workspaceSetCmd) change(people *scim.ResourceType) (func(*directory.Workspace), int, error) {
	var do []func(*directory.Workspace)
	var err error
	text := func(flag *string, check func(string) (string, error), set func(*directory.Workspace, string)) {
		if flag == nil || err != nil {
			return
		}
		var v string
		if v, err = check(strings.TrimSpace(*flag)); err == nil {
			do = append(do, func(ws *directory.Workspace) { set(ws, v) })
		}
	}
	onoff := func(flag *toggle, set func(*directory.Workspace, bool)) {
		if flag != nil {
			do = append(do, func(ws *directory.Workspace) { set(ws, bool(*flag)) })
		}
	}
	text(w.Name, notEmpty("--name", 100), func(ws *directory.Workspace, v string) { ws.Name = v })
	text(w.TenantID, tenantID, func(ws *directory.Workspace, v string) { ws.Microsoft.TenantID = v })
	text(w.ClientID, clientID, func(ws *directory.Workspace, v string) { ws.Microsoft.ClientID = v })
	text(w.Audience, audience, func(ws *directory.Workspace, v string) { ws.Microsoft.Audience = v })
	text(w.Scope, scope, func(ws *directory.Workspace, v string) { ws.Microsoft.Scope = v })
	text(w.Authority, authority, func(ws *directory.Workspace, v string) { ws.Microsoft.Authority = v })
	text(w.DomainHint, domainOrEmpty("--domain-hint"), func(ws *directory.Workspace, v string) { ws.Microsoft.DomainHint = v })
	text(w.DefaultRole, defaultRoleName, func(ws *directory.Workspace, v string) { ws.DefaultRole = v })
	text(w.DefaultDepartment, short("--default-department", 100), func(ws *directory.Workspace, v string) { ws.DefaultDepartment = v })
	text(w.OfflineGrace, offlineGrace, func(ws *directory.Workspace, v string) { ws.OfflineGrace, _ = time.ParseDuration(v) })
	onoff(w.JIT, func(ws *directory.Workspace, v bool) { ws.JIT = v })
	onoff(w.LinkByUserName, func(ws *directory.Workspace, v bool) { ws.LinkByUserName = v })
	onoff(w.SCIM, func(ws *directory.Workspace, v bool) { ws.SCIMEnabled = v })
	if err == nil {
		var more []func(*directory.Workspace)
		more, err = w.scimFlags.changes(people)
		do = append(do, more...)
	}
	if w.Domain != nil && err == nil {
		var domains []string
		if domains, err = parseDomains(w.Domain); err == nil {
			do = append(do, func(ws *directory.Workspace) { ws.Domains = domains })
		}
	}
	return func(ws *directory.Workspace) {
		for _, f := range do {
			f(ws)
		}
	}, len(do), err
}

// domainsFree refuses a domain that leads to another workspace: people who type
// their e-mail address can only be led to one.
func (c *command) domainsFree(st *server.Store, id string, domains []string) error {
	domains, err := parseDomains(domains)
	if err != nil {
		return err
	}
	for _, d := range domains {
		other, err := st.WorkspaceByDomain(c.ctx, d)
		if errors.Is(err, store.ErrNotFound) || err == nil && other.ID == id {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking up domain %q: %w", d, err)
		}
		return problem.Detailf(problem.BadUsage, "--domain %s leads to workspace %q already.", d, other.ID)
	}
	return nil
}

// toggle is a flag that is on or off, in words.
type toggle bool

// UnmarshalText reads on or off.
func (t *toggle) UnmarshalText(text []byte) error {
	switch string(text) {
	case "on":
		*t = true
	case "off":
		*t = false
	default:
		return fmt.Errorf("%q must be on or off", text)
	}
	return nil
}

// badValue says which flag has a wrong value and why.
func badValue(flag, v, why string) error {
	return problem.Detailf(problem.BadUsage, "%s %q %s", flag, v, why)
}

// guid reads a GUID as the Entra portal shows it, and returns it in lower case.
func guid(v string) (string, bool) {
	id, err := uuid.Parse(v)
	if err != nil || len(v) != 36 || id == uuid.Nil {
		return "", false
	}
	return id.String(), true
}

func tenantID(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	id, ok := guid(v)
	switch {
	case ok:
		return id, nil
	case slices.Contains([]string{"common", "organizations", "consumers"}, strings.ToLower(v)):
		return "", badValue("--tenant-id", v, "would let in people of other organisations. Use the Directory (tenant) ID on the Overview page of Microsoft Entra, a GUID.")
	case strings.Contains(v, "."):
		return "", badValue("--tenant-id", v, "is a domain, which can change hands. Use the Directory (tenant) ID on the Overview page of Microsoft Entra, a GUID.")
	}
	return "", badValue("--tenant-id", v, "is not a GUID. It is called Directory (tenant) ID on the Overview page of Microsoft Entra.")
}

func clientID(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	id, ok := guid(v)
	if !ok {
		return "", badValue("--client-id", v, "is not a GUID. It is called Application (client) ID on the Overview page of the app registration.")
	}
	return id, nil
}

func audience(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if id, ok := guid(v); ok {
		return id, nil
	}
	if u, err := url.Parse(v); err == nil && (u.Scheme == "api" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(v, " \t") {
		return v, nil
	}
	return "", badValue("--audience", v, "is neither a client ID (a GUID) nor an Application ID URI such as api://<client ID>.")
}

// scope must be what the app asks for: one permission of an API of one's own
// (msal refuses Microsoft's).
func scope(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if strings.ContainsFunc(v, unicode.IsSpace) {
		return "", badValue("--scope", v, "holds more than one scope; Lanyard asks for exactly one.")
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "api" || u.Host == "" || strings.Trim(u.Path, "/") == "" || strings.HasSuffix(v, "/.default") {
		return "", badValue("--scope", v, "is not a scope in full; it reads like api://<client ID>/access_as_user, under Expose an API.")
	}
	return v, nil
}

func authority(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	u, err := url.Parse(strings.TrimRight(v, "/"))
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", badValue("--authority", v, "is not a URL such as https://login.microsoftonline.us.")
	case u.Scheme != "https":
		return "", badValue("--authority", v, "must begin with https://.")
	case u.Path != "":
		return "", badValue("--authority", v, fmt.Sprintf("holds a path; write https://%s and give the tenant with --tenant-id.", u.Host))
	}
	return "https://" + strings.ToLower(u.Host), nil
}

// offlineGrace reads a duration of at most thirty days: so long would someone
// whose access has ended go on working on a device that stays offline.
func offlineGrace(v string) (string, error) {
	d, err := parseDuration("--offline-grace", v)
	if err != nil {
		return "", err
	}
	if d > 30*24*time.Hour {
		return "", badValue("--offline-grace", v, "is longer than 30d.")
	}
	return d.Truncate(time.Second).String(), nil
}

// checkMicrosoft checks what only shows when the values stand together.
func checkMicrosoft(m directory.Microsoft) error {
	if m.TenantID != "" && m.TenantID == m.ClientID {
		return problem.Detailf(problem.BadUsage, "The tenant ID and the client ID are the same GUID; one of them was copied twice.")
	}
	return nil
}

func notEmpty(flag string, most int) func(string) (string, error) {
	return func(v string) (string, error) {
		if v == "" {
			return "", problem.Detailf(problem.BadUsage, "%s is empty.", flag)
		}
		return v, checkText(flag, v, most)
	}
}

func short(flag string, most int) func(string) (string, error) {
	return func(v string) (string, error) { return v, checkText(flag, v, most) }
}

// checkText refuses a text for people that is too long or holds control
// characters.
func checkText(flag, v string, most int) error {
	if n := len([]rune(v)); n > most {
		return problem.Detailf(problem.BadUsage, "%s has %d characters; at most %d are taken.", flag, n, most)
	}
	if strings.ContainsFunc(v, unicode.IsControl) || !strings.EqualFold(strings.ToValidUTF8(v, ""), v) {
		return problem.Detailf(problem.BadUsage, "%s holds characters that cannot be shown.", flag)
	}
	return nil
}

// domainName is a DNS name of at least two labels (RFC 1035 section 2.3.1, as
// relaxed by RFC 1123); international ones are given as xn--….
var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func domainOrEmpty(flag string) func(string) (string, error) {
	return func(v string) (string, error) {
		d := strings.ToLower(v)
		if v == "" || len(d) <= 253 && domainName.MatchString(d) {
			return d, nil
		}
		if _, domain, ok := strings.Cut(d, "@"); ok {
			return "", badValue(flag, v, fmt.Sprintf("is an e-mail address; write its domain alone: %s", domain))
		}
		return "", badValue(flag, v, "is not a domain such as acme.com.")
	}
}

// parseDomains checks the --domain flags. One empty flag means no domains.
func parseDomains(flags []string) ([]string, error) {
	out := []string{}
	for _, f := range flags {
		d, err := domainOrEmpty("--domain")(strings.TrimSpace(f))
		if err != nil {
			return nil, err
		}
		if d != "" && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out, nil
}
