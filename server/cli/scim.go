package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// scimCmd groups the commands about provisioning.
type scimCmd struct {
	Token      scimTokenCmd      `cmd:"" help:"Manage the secret tokens that provisioning signs in with."`
	Alarm      scimAlarmCmd      `cmd:"" help:"Show or set when unusually many removals raise an alarm, and whether further ones are held."`
	Replay     scimReplayCmd     `cmd:"" help:"Show what recorded requests would do, on a copy."`
	Release    scimReleaseCmd    `cmd:"" help:"Let removals pass that the alarm holds."`
	Client     scimClientCmd     `cmd:"" help:"Manage OAuth 2.0 clients, which provision with short-lived access tokens."`
	Federation scimFederationCmd `cmd:"" help:"Let a client prove itself by a token of its own tenant instead of a secret."`
	Scope      scimScopeCmd      `cmd:"" help:"Say whether people would be provisioned, and as what. Nothing changes."`
	Mapping    scimMappingCmd    `cmd:"" help:"Show which attributes to map in Entra, or check those that are mapped."`
	Log        scimLogCmd        `cmd:"" help:"Show what provisioning asked for, what came of it and why."`
}

type scimTokenCmd struct {
	Create scimTokenCreateCmd `cmd:"" help:"Make a token and print it, this once. Entra calls it Secret Token."`
	List   scimTokenListCmd   `cmd:"" help:"List the tokens of a workspace. The tokens themselves are not kept and cannot be shown."`
	Rotate scimTokenRotateCmd `cmd:"" help:"Make a token's successor and let the old one end after an overlap."`
	Revoke scimTokenRevokeCmd `cmd:"" help:"Revoke a token at once."`
}

// scimTokenCreateCmd makes a token. It stays readable by scripts: stdout holds
// the token and nothing else.
type scimTokenCreateCmd struct {
	dbFlags
	Workspace string  `name:"workspace" required:"" placeholder:"ID" help:"The workspace to provision."`
	Label     string  `name:"label" placeholder:"TEXT" help:"What the token is for, to know it in the list."`
	Expires   string  `name:"expires" placeholder:"365d" help:"How long it is valid. Default: until revoked, as provisioning (and with it the removal of leavers) stops with an expired token."`
	Strict    bool    `name:"strict" help:"Take nothing from whoever has this token that the RFCs do not allow. Leave it out for Entra."`
	PublicURL *string `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL), to print the Tenant URL."`
}

func (t scimTokenCreateCmd) Run(c *command) error {
	var life time.Duration
	if t.Expires != "" {
		var err error
		if life, err = parseDuration("--expires", t.Expires); err != nil {
			return err
		}
		if life < time.Minute {
			return problem.Detailf(problem.BadUsage, "--expires %q is less than a minute.", t.Expires)
		}
	}
	if err := checkText("--label", t.Label, 100); err != nil {
		return err
	}
	set, err := c.resolve(t.Config, map[string]*string{keyDB: t.DB, keyPublicURL: t.PublicURL})
	if err != nil {
		return err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, t.Workspace)
	if err != nil {
		return err
	}
	base, err := set.tenantURL(ws.ID)
	if err != nil {
		return err
	}
	secret := scim.NewToken()
	tok := store.Token{ID: strings.ToLower(rand.Text()[:10]), Workspace: ws.ID, Label: t.Label, Hash: secret.Hash(), Strict: t.Strict, Created: c.opt.Now()}
	if life > 0 {
		tok.Expires = tok.Created.Add(life)
	}
	if err := st.CreateToken(c.ctx, tok); err != nil {
		return fmt.Errorf("storing the token: %w", err)
	}
	c.sayToken(ws, tok, set, base)
	if c.json {
		d := tokenJSON(tok, c.opt.Now())
		d.Token, d.TenantURL = secret.Reveal(), base
		return c.printJSON(d)
	}
	_, err = fmt.Fprintln(c.out, secret.Reveal())
	return err
}

// tenantURL is what the admin types into Entra for a workspace.
func (s settings) tenantURL(workspace string) (string, error) {
	public := &url.URL{Scheme: "http", Host: "localhost:8080"}
	if s[keyPublicURL].set() {
		var err error
		if public, err = s.publicURL(""); err != nil {
			return "", err
		}
	} else if u, err := s.publicURL(s[keyListen].Text); err == nil {
		public = u
	}
	return public.JoinPath("scim", "v2", workspace).String(), nil
}

func (c *command) sayToken(ws directory.Workspace, tok store.Token, set settings, base string) {
	c.say("In Microsoft Entra, under Provisioning, set")
	c.say("  Tenant URL    %s", base)
	c.say("  Secret Token  the token on standard output; it is shown this once")
	if !set[keyPublicURL].set() {
		c.say("The Tenant URL must be reachable by Microsoft: give --public-url as for lanyardd serve.")
	}
	if tok.Expires.IsZero() {
		c.say("The token (%s) is valid until: lanyardd scim token revoke %s --workspace %s", tok.ID, tok.ID, ws.ID)
	} else {
		c.say("The token (%s) expires on %s. Make the next one before that: provisioning stops with it.", tok.ID, day(tok.Expires))
	}
	if !ws.SCIMEnabled {
		c.say("Provisioning is switched off for %s. Switch it on with: lanyardd workspace set %s --scim on", ws.ID, ws.ID)
	}
}

// scimTokenListCmd lists tokens.
type scimTokenListCmd struct {
	dbFlags
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
}

func (t scimTokenListCmd) Run(c *command) error {
	st, err := c.open(t.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, t.Workspace)
	if err != nil {
		return err
	}
	all, err := st.Tokens(c.ctx, ws.ID)
	if err != nil {
		return fmt.Errorf("listing tokens: %w", err)
	}
	docs := []tokenDoc{}
	var rows [][]string
	for _, tok := range all {
		d := tokenJSON(tok, c.opt.Now())
		docs = append(docs, d)
		rows = append(rows, []string{tok.ID, tok.Label, d.State + left(tok.Expires, tok.Revoked, c.opt.Now()), day(tok.Created), day(tok.Expires), day(tok.LastUsed), tok.LastNetwork})
	}
	if c.json {
		return c.printJSON(docs)
	}
	if len(all) == 0 {
		c.say("There are no tokens yet. Make one with: lanyardd scim token create --workspace %s", ws.ID)
	}
	return c.table([]string{"ID", "LABEL", "STATE", "CREATED", "EXPIRES", "LAST USED", "FROM"}, rows)
}

// scimTokenRevokeCmd revokes a token.
type scimTokenRevokeCmd struct {
	dbFlags
	ID        string `arg:"" help:"The token's id, from the list."`
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
}

func (t scimTokenRevokeCmd) Run(c *command) error {
	if scim.WellFormed(t.ID) {
		return problem.Detailf(problem.BadUsage, "That is the token itself, which now stands in your shell's history: revoke it by its id.")
	}
	st, err := c.open(t.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, t.Workspace)
	if err != nil {
		return err
	}
	err = st.RevokeToken(c.ctx, ws.ID, t.ID, c.opt.Now())
	if errors.Is(err, store.ErrNotFound) {
		return problem.Detailf(problem.UnknownToken, "token %q is not one of workspace %q, or is revoked already.", t.ID, ws.ID)
	}
	if err != nil {
		return fmt.Errorf("revoking the token: %w", err)
	}
	c.say("Token %s is revoked. Requests with it are refused from now on.", t.ID)
	if c.json {
		return c.printJSON(struct {
			ID      string `json:"id"`
			Revoked bool   `json:"revoked"`
		}{t.ID, true})
	}
	return nil
}

// tokenDoc is a token in JSON. Token and TenantURL are set when it is made.
type tokenDoc struct {
	ID        string     `json:"id"`
	Workspace string     `json:"workspace"`
	Label     string     `json:"label"`
	State     string     `json:"state"`
	Created   *time.Time `json:"created"`
	Expires   *time.Time `json:"expires"`
	LastUsed  *time.Time `json:"last_used"`
	LastFrom  string     `json:"last_used_from"`
	Strict    bool       `json:"strict"`
	Warning   string     `json:"warning,omitempty"`
	Revoked   *time.Time `json:"revoked"`
	Token     string     `json:"token,omitempty"`
	TenantURL string     `json:"tenant_url,omitempty"`
}

func tokenJSON(t store.Token, now time.Time) tokenDoc {
	return tokenDoc{
		ID: t.ID, Workspace: t.Workspace, Label: t.Label, State: store.CredentialState(t.Expires, t.Revoked, now),
		Created: stamp(t.Created), Expires: stamp(t.Expires), LastUsed: stamp(t.LastUsed), Revoked: stamp(t.Revoked),
		LastFrom: t.LastNetwork, Strict: t.Strict, Warning: strings.Trim(left(t.Expires, t.Revoked, now), " ,()"),
	}
}
