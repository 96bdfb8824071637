package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oauth"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

type scimClientCmd struct {
	Create scimClientCreateCmd `cmd:"" help:"Make a client and print its first secret, this once."`
	List   scimClientListCmd   `cmd:"" help:"List the clients of a workspace and their secrets. The secrets themselves are not kept."`
	Revoke scimClientRevokeCmd `cmd:"" help:"Revoke a client, its secrets and its access tokens at once."`
	Secret scimSecretCmd       `cmd:"" help:"Add and revoke secrets of a client."`
}

type scimSecretCmd struct {
	Add    scimSecretAddCmd    `cmd:"" help:"Give a client one more secret and print it, this once. The others go on working."`
	Revoke scimSecretRevokeCmd `cmd:"" help:"Revoke a secret, and the access tokens given for it, at once."`
}

type scimFederationCmd struct {
	Set   scimFederationSetCmd   `cmd:"" help:"Say whose tokens a client may prove itself by (workload identity federation)."`
	Clear scimFederationClearCmd `cmd:"" help:"Accept no tokens for a client any more."`
}

// clientFlags are the flags of every command about one client.
type clientFlags struct {
	dbFlags
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
}

// openFor opens the database and finds the workspace.
func (f clientFlags) openFor(c *command) (*server.Store, directory.Workspace, error) {
	st, err := c.open(f.dbFlags)
	if err != nil {
		return nil, directory.Workspace{}, err
	}
	ws, err := c.workspace(st, f.Workspace)
	if err != nil {
		return nil, ws, errors.Join(err, st.Close())
	}
	return st, ws, nil
}

// scimClientCreateCmd makes a client.
type scimClientCreateCmd struct {
	clientFlags
	Label     string  `name:"label" placeholder:"TEXT" help:"What the client is for, to know it in the list."`
	Expires   string  `name:"expires" default:"365d" placeholder:"365d" help:"How long its first secret is valid, up to three years."`
	TokenLife string  `name:"token-life" default:"60m" placeholder:"60m" help:"How long its access tokens last, 60m to 360m."`
	NoSecret  bool    `name:"no-secret" help:"Make no secret: the client will prove itself by federation."`
	Strict    bool    `name:"strict" help:"Take nothing from this client that the RFCs do not allow. Leave it out for Entra."`
	PublicURL *string `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL), to print the addresses."`
}

func (f scimClientCreateCmd) Run(c *command) error {
	life, err := parseDuration("--token-life", f.TokenLife)
	if err == nil && (life < oauth.MinTokenLife || life > oauth.MaxTokenLife) {
		err = problem.Detailf(problem.BadUsage, "--token-life %q is not between 60m and 360m.", f.TokenLife)
	}
	if err != nil {
		return err
	}
	expires, err := secretLife(f.Expires)
	if err != nil {
		return err
	}
	if err := checkText("--label", f.Label, 100); err != nil {
		return err
	}
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyPublicURL: f.PublicURL})
	if err != nil {
		return err
	}
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	base, err := set.tenantURL(ws.ID)
	if err != nil {
		return err
	}
	now := c.opt.Now()
	client := store.Client{ID: strings.ToLower(rand.Text()[:16]), Workspace: ws.ID, Label: f.Label, TokenLife: life, Strict: f.Strict, Created: now}
	var first store.Secret
	var clear scim.Token
	if !f.NoSecret {
		clear = scim.NewToken()
		first = newSecret(client.ID, clear, now, expires)
	}
	if err := st.CreateClient(c.ctx, client, first); err != nil {
		return fmt.Errorf("storing the client: %w", err)
	}
	d := clientJSON(client, nil, now)
	d.TenantURL, d.TokenURL = base, base+"/oauth/token"
	c.say("In Microsoft Entra, under Provisioning, choose OAuth 2.0 client credentials and set")
	c.say("  Tenant URL         %s", d.TenantURL)
	c.say("  Token endpoint     %s", d.TokenURL)
	c.say("  Client identifier  %s", client.ID)
	if f.NoSecret {
		c.say("Then say whose tokens it may use: lanyardd scim federation set %s --workspace %s …", client.ID, ws.ID)
	} else {
		d.Secrets = []secretDoc{secretJSON(first, now)}
		d.Secrets[0].Secret = clear.Reveal()
		c.say("  Client secret      on standard output; it is shown this once")
		c.say("The secret (%s) expires on %s. Add the next one before that: lanyardd scim client secret add %s --workspace %s", first.ID, day(first.Expires), client.ID, ws.ID)
	}
	if c.json {
		return c.printJSON(d)
	}
	if f.NoSecret {
		_, err = fmt.Fprintln(c.out, client.ID)
		return err
	}
	_, err = fmt.Fprintln(c.out, clear.Reveal())
	return err
}

func newSecret(client string, clear scim.Token, now time.Time, life time.Duration) store.Secret {
	return store.Secret{ID: strings.ToLower(rand.Text()[:10]), Client: client, Hash: clear.Hash(), Created: now, Expires: now.Add(life)}
}

// secretLife reads how long a secret is valid.
func secretLife(text string) (time.Duration, error) {
	life, err := parseDuration("--expires", text)
	if err == nil && (life < oauth.MinSecretLife || life > oauth.MaxSecretLife) {
		err = problem.Detailf(problem.BadUsage, "--expires %q is not between a day and three years.", text)
	}
	return life, err
}

// scimClientListCmd lists clients with their secrets.
type scimClientListCmd struct{ clientFlags }

func (f scimClientListCmd) Run(c *command) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	clients, err := st.Clients(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	secrets, err := st.Secrets(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	now := c.opt.Now()
	docs := []clientDoc{}
	var rows [][]string
	for _, cl := range clients {
		docs = append(docs, clientJSON(cl, secrets, now))
		state, how := store.CredentialState(time.Time{}, cl.Revoked, now), "secret"
		if cl.Federation.Issuer != "" {
			how = "tokens of " + cl.Federation.Issuer
		}
		rows = append(rows, []string{cl.ID, cl.Label, state, how, day(cl.Created), "", ""})
		for _, s := range secrets {
			if s.Client == cl.ID {
				rows = append(rows, []string{"  " + s.ID, "", store.CredentialState(s.Expires, s.Revoked, now) + left(s.Expires, s.Revoked, now), "", day(s.Created), day(s.Expires), day(s.LastUsed)})
			}
		}
	}
	if c.json {
		return c.printJSON(docs)
	}
	if len(rows) == 0 {
		c.say("There are no OAuth clients. Make one with: lanyardd scim client create --workspace %s", ws.ID)
	}
	return c.table([]string{"CLIENT, SECRET", "LABEL", "STATE", "PROVES ITSELF BY", "CREATED", "EXPIRES", "LAST USED"}, rows)
}

// scimClientRevokeCmd revokes a client.
type scimClientRevokeCmd struct {
	clientFlags
	ID string `arg:"" help:"The client's id, from the list."`
}

func (f scimClientRevokeCmd) Run(c *command) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.RevokeClient(c.ctx, ws.ID, f.ID, c.opt.Now()); err != nil {
		return c.clientGone(err, ws, f.ID)
	}
	return c.done("Client %s is revoked, with its secrets and access tokens.", f.ID)
}

// scimSecretAddCmd adds a secret.
type scimSecretAddCmd struct {
	clientFlags
	Client  string `arg:"" help:"The client's id, from the list."`
	Expires string `name:"expires" default:"365d" placeholder:"365d" help:"How long it is valid, up to three years."`
}

func (f scimSecretAddCmd) Run(c *command) error {
	life, err := secretLife(f.Expires)
	if err != nil {
		return err
	}
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	clear, now := scim.NewToken(), c.opt.Now()
	n := newSecret(f.Client, clear, now, life)
	if err := st.AddSecret(c.ctx, ws.ID, n); err != nil {
		return c.clientGone(err, ws, f.Client)
	}
	c.say("The secret (%s) is on standard output, this once. It expires on %s.", n.ID, day(n.Expires))
	if c.json {
		d := secretJSON(n, now)
		d.Secret = clear.Reveal()
		return c.printJSON(d)
	}
	_, err = fmt.Fprintln(c.out, clear.Reveal())
	return err
}

// scimSecretRevokeCmd revokes a secret.
type scimSecretRevokeCmd struct {
	clientFlags
	ID string `arg:"" help:"The secret's id, from the list of clients."`
}

func (f scimSecretRevokeCmd) Run(c *command) error {
	if scim.WellFormed(f.ID) {
		return problem.Detailf(problem.BadUsage, "That is the secret itself, which now stands in your shell's history: revoke it by its id.")
	}
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.RevokeSecret(c.ctx, ws.ID, f.ID, c.opt.Now()); err != nil {
		return c.clientGone(err, ws, f.ID)
	}
	return c.done("Secret %s is revoked, with the access tokens that were given for it.", f.ID)
}

// scimFederationSetCmd sets whose tokens a client may use.
type scimFederationSetCmd struct {
	clientFlags
	Client   string `arg:"" help:"The client's id, from the list."`
	Issuer   string `name:"issuer" required:"" placeholder:"URL" help:"iss of its tokens: https://login.microsoftonline.com/<tenant id>/v2.0 of the tenant that provisions, or another issuer."`
	KeysURL  string `name:"jwks-url" placeholder:"URL" help:"Where the issuer's signing keys are, if not where its OpenID configuration says."`
	Subject  string `name:"subject" required:"" placeholder:"SUB" help:"sub of its tokens: the object ID of the service principal that provisions."`
	Audience string `name:"audience" required:"" placeholder:"AUD" help:"aud of its tokens, as set in Entra."`
}

func (f scimFederationSetCmd) Run(c *command) error {
	// Loopback is for trying things out; such an issuer works on a server on
	// loopback only.
	if err := entra.CheckFederation(f.Issuer, f.KeysURL, true); err != nil {
		return problem.Detailf(problem.BadUsage, "--issuer %q, --jwks-url %q: %s.", f.Issuer, f.KeysURL, err)
	}
	for flag, v := range map[string]string{"--subject": f.Subject, "--audience": f.Audience} {
		if v == "" {
			return problem.Detailf(problem.BadUsage, "%s is empty.", flag)
		}
		if err := checkText(flag, v, 256); err != nil {
			return err
		}
	}
	return f.set(c, f.Client, store.Federation{Issuer: f.Issuer, Subject: f.Subject, Audience: f.Audience, KeysURL: f.KeysURL}, "Client %s may prove itself by tokens of that tenant now.")
}

// scimFederationClearCmd ends a federation.
type scimFederationClearCmd struct {
	clientFlags
	Client string `arg:"" help:"The client's id, from the list."`
}

func (f scimFederationClearCmd) Run(c *command) error {
	return f.set(c, f.Client, store.Federation{}, "Client %s can prove itself by secrets only now.")
}

func (f clientFlags) set(c *command, client string, fed store.Federation, done string) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.SetFederation(c.ctx, ws.ID, client, fed, c.opt.Now()); err != nil {
		return c.clientGone(err, ws, client)
	}
	return c.done(done, client)
}

func (c *command) clientGone(err error, ws directory.Workspace, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return problem.Detailf(problem.UnknownClient, "%.64q is not one of workspace %q, or is revoked already.", id, ws.ID)
	}
	return fmt.Errorf("changing an OAuth client: %w", err)
}

// done says what was done to the thing with an id.
func (c *command) done(format, id string) error {
	c.say(format, id)
	if c.json {
		return c.printJSON(struct {
			ID   string `json:"id"`
			Done bool   `json:"done"`
		}{id, true})
	}
	return nil
}

// clientDoc is a client in JSON. The addresses are set when it is made.
type clientDoc struct {
	ID        string      `json:"id"`
	Workspace string      `json:"workspace"`
	Label     string      `json:"label"`
	State     string      `json:"state"`
	TokenLife int64       `json:"token_life_seconds"`
	Issuer    string      `json:"issuer"`
	Subject   string      `json:"subject"`
	Audience  string      `json:"audience"`
	KeysURL   string      `json:"jwks_url"`
	Strict    bool        `json:"strict"`
	Created   *time.Time  `json:"created"`
	Revoked   *time.Time  `json:"revoked"`
	Secrets   []secretDoc `json:"secrets"`
	TenantURL string      `json:"tenant_url,omitempty"`
	TokenURL  string      `json:"token_url,omitempty"`
}

// secretDoc is a secret in JSON. Secret is set when it is made.
type secretDoc struct {
	ID       string     `json:"id"`
	State    string     `json:"state"`
	Created  *time.Time `json:"created"`
	Expires  *time.Time `json:"expires"`
	LastUsed *time.Time `json:"last_used"`
	Revoked  *time.Time `json:"revoked"`
	Secret   string     `json:"secret,omitempty"`
}

func clientJSON(c store.Client, secrets []store.Secret, now time.Time) clientDoc {
	d := clientDoc{
		ID: c.ID, Workspace: c.Workspace, Label: c.Label, State: store.CredentialState(time.Time{}, c.Revoked, now),
		TokenLife: int64(c.TokenLife / time.Second),
		Issuer:    c.Federation.Issuer, Subject: c.Federation.Subject, Audience: c.Federation.Audience,
		KeysURL: c.Federation.KeysURL, Strict: c.Strict,
		Created: stamp(c.Created), Revoked: stamp(c.Revoked), Secrets: []secretDoc{},
	}
	for _, s := range secrets {
		if s.Client == c.ID {
			d.Secrets = append(d.Secrets, secretJSON(s, now))
		}
	}
	return d
}

func secretJSON(s store.Secret, now time.Time) secretDoc {
	return secretDoc{
		ID: s.ID, State: store.CredentialState(s.Expires, s.Revoked, now),
		Created: stamp(s.Created), Expires: stamp(s.Expires), LastUsed: stamp(s.LastUsed), Revoked: stamp(s.Revoked),
	}
}
