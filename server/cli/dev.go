package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// devCmd runs a server, a local Entra and a workspace full of made-up people,
// so that the whole sign-in can be walked, or another app be developed, without
// a tenant of one's own (row A13).
type devCmd struct {
	Listen      string   `name:"listen" default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Loopback address for the server. Default: a free port."`
	Dir         string   `name:"dir" placeholder:"DIR" help:"Keep the database here. Default: a temporary folder, removed at the end."`
	RedirectURI []string `name:"redirect-uri" placeholder:"URI" sep:"none" help:"Further redirect URI of your app, besides http://localhost. Repeatable."`
	SignIn      string   `name:"sign-in" default:"microsoft" placeholder:"METHOD" help:"How the workspace signs in: microsoft, saml or both."`
	LogLevel    string   `name:"log-level" default:"warn" placeholder:"LEVEL" help:"How much to log: debug, info, warn or error."`

	Run   devRunCmd   `cmd:"" default:"withargs" hidden:"" help:"Run until interrupted."`
	Entra devEntraCmd `cmd:"" help:"Be the Entra administrator of the running lanyardd dev."`
}

// Help is the longer text of lanyardd dev --help.
func (devCmd) Help() string {
	return "Without a command it starts, says how to use it, and runs until interrupted. " +
		"With --json it prints one line that holds all a client needs. In a second terminal: lanyardd dev entra disable ada"
}

// devRunCmd is lanyardd dev without a command.
type devRunCmd struct{}

// devWorkspace is the workspace that dev seeds.
const devWorkspace = "acme"

// devEnv is a running dev.
type devEnv struct {
	dir    string
	entra  Entra
	public *url.URL
	ws     directory.Workspace
	token  scim.Token
	caFile string
	state  *devState
	// signIn is microsoft, saml or both; saml what Entra says about itself.
	signIn             string
	saml               EntraSAMLInfo
	tenantID, clientID string
}

func (devRunCmd) Run(c *command, d *devCmd) error {
	if c.opt.StartEntra == nil {
		return problem.Detailf(problem.BadUsage, "This lanyardd was built without a local Entra.")
	}
	set, err := c.resolveDev(d)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(d.Listen)
	if err != nil || !isLoopback(host) {
		return problem.Detailf(problem.ListenFailed, "--listen is %q; lanyardd dev is unsafe for others to reach, so it listens on loopback only, such as 127.0.0.1:8080.", d.Listen)
	}
	if !slices.Contains([]string{signInMicrosoft, signInSAML, signInBoth}, d.SignIn) {
		return badValue("--sign-in", d.SignIn, "is not one of microsoft, saml and both.")
	}
	dir, remove, err := devDir(d.Dir)
	if err != nil {
		return err
	}
	defer remove()
	return c.dev(d, set, dir)
}

// resolveDev makes the settings of the server under dev. Nothing but the
// command line counts: a LANYARD_DB of a real server must not be seeded.
func (c *command) resolveDev(d *devCmd) (settings, error) {
	set := settings{}
	for _, s := range allSettings {
		set[s.key] = value{s.def, fromDefault}
	}
	set[keyListen] = value{d.Listen, "--listen"}
	set[keyLogLevel] = value{d.LogLevel, "--log-level"}
	return set, nil
}

// devDir returns the folder to work in and what to do with it at the end.
func devDir(dir string) (string, func(), error) {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "lanyard-dev-")
		if err != nil {
			return "", nil, fmt.Errorf("making a temporary folder: %w", err)
		}
		return tmp, func() { _ = os.RemoveAll(tmp) }, nil
	}
	abs, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(abs, 0o700)
	}
	if err != nil {
		return "", nil, problem.Detailf(problem.BadUsage, "--dir %s cannot be used: %v.", dir, err)
	}
	return abs, func() {}, nil
}

// dev runs until the context ends. What it makes it takes away again, but for
// the database under --dir.
func (c *command) dev(d *devCmd, set settings, dir string) error {
	level, err := set.logLevel()
	if err != nil {
		return err
	}
	log := c.logger(level, "text")
	l, err := listen(c.ctx, set[keyListen])
	if err != nil {
		return err
	}
	defer l.Close()
	env := &devEnv{dir: dir, public: &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port(l))}}
	seed, err := devSeed(dir)
	if err != nil {
		return err
	}
	env.signIn, env.tenantID, env.clientID = d.SignIn, derive(seed, "tenant"), derive(seed, "client")
	env.entra, err = c.opt.StartEntra(c.ctx, EntraConfig{
		Log: log.With("part", "entra"), TenantID: env.tenantID, TenantName: "Acme", Domain: devDomain,
		ClientID: env.clientID, AppName: "Lanyard", Roles: []string{roleAdmin, roleMember},
		RedirectURIs: append([]string{"http://localhost"}, d.RedirectURI...),
	})
	if err != nil {
		return fmt.Errorf("starting the local Entra: %w", err)
	}
	defer env.entra.Close()
	st, err := c.openStore(c.ctx, value{"sqlite:" + filepath.Join(dir, defaultFile), "--dir"}, true)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := c.seed(env, st, seed); err != nil {
		return err
	}
	key := devServerKey(seed)
	if err := c.seedSAML(env, st, key); err != nil {
		return err
	}
	if err := c.openState(env); err != nil {
		return err
	}
	defer env.state.close()
	srv, err := server.New(server.Config{
		Store: st, PublicURL: env.public, Log: log, Now: c.opt.Now,
		HTTPClient: env.entra.HTTPClient(), ServerKey: key, Version: c.opt.version(), Resolver: c.opt.Resolver,
		Console: server.ConsoleConfig{Patterns: true},
	})
	if err != nil {
		return err
	}
	return runServer(c.ctx, srv, listeners{public: l}, log, func(ctx context.Context) error {
		if err := env.provision(ctx, st); err != nil {
			return err
		}
		if err := c.sayDev(env); err != nil {
			return err
		}
		return c.sayFirstOwner(srv)
	})
}

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

// devSeed returns the secret that ids and the password of this set-up follow
// from. It is kept beside a kept database, so that people, tenant and app are
// the same after a restart.
func devSeed(dir string) (uuid.UUID, error) {
	name := filepath.Join(dir, "dev-seed")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		seed := uuid.New()
		return seed, os.WriteFile(name, []byte(seed.String()+"\n"), 0o600)
	}
	if err != nil {
		return uuid.Nil, err
	}
	seed, err := uuid.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return uuid.Nil, problem.Detailf(problem.BadConfig, "%s is damaged; remove it to start with other ids.", name)
	}
	return seed, nil
}

// derive makes the GUID of a thing in this set-up.
func derive(seed uuid.UUID, name string) string {
	return uuid.NewSHA1(seed, []byte(name)).String()
}

// seed makes the workspace, a SCIM token and the people in Entra. The people in
// the workspace come later, by provisioning.
func (c *command) seed(env *devEnv, st *server.Store, seed uuid.UUID) error {
	now := c.opt.Now()
	err := st.CreateWorkspace(c.ctx, directory.Workspace{ID: devWorkspace, Name: "Acme", DefaultRole: roleMember, Created: now, Modified: now})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("creating the workspace: %w", err)
	}
	env.ws, err = st.UpdateWorkspace(c.ctx, devWorkspace, now, func(w *directory.Workspace) error {
		w.SCIMEnabled = true
		w.Domains = []string{devDomain}
		w.Microsoft = directory.Microsoft{}
		if env.signIn != signInSAML {
			w.Microsoft = directory.Microsoft{TenantID: env.tenantID, ClientID: env.clientID}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("setting up the workspace: %w", err)
	}
	old, err := st.Tokens(c.ctx, devWorkspace)
	if err != nil {
		return fmt.Errorf("listing tokens: %w", err)
	}
	for _, t := range old {
		if t.Label == devLabel && t.Revoked.IsZero() {
			if err := st.RevokeToken(c.ctx, devWorkspace, t.ID, now); err != nil {
				return fmt.Errorf("revoking the token of the last run: %w", err)
			}
		}
	}
	env.token = scim.NewToken()
	id := make([]byte, 5)
	rand.Read(id)
	err = st.CreateToken(c.ctx, store.Token{ID: hex.EncodeToString(id), Workspace: devWorkspace, Label: devLabel, Hash: env.token.Hash(), Created: now})
	if err != nil {
		return fmt.Errorf("storing the token: %w", err)
	}
	for _, p := range devPeople(seed) {
		if _, err := env.entra.Add(c.ctx, p); err != nil {
			return fmt.Errorf("adding %s: %w", p.UserPrincipalName, err)
		}
	}
	env.caFile = filepath.Join(env.dir, "entra-ca.pem")
	return os.WriteFile(env.caFile, env.entra.CA(), 0o600)
}

// devLabel marks the tokens that dev makes.
const devLabel = "lanyardd dev"

// scimBase is the Tenant URL of the workspace.
func (e *devEnv) scimBase() string { return e.public.JoinPath("scim", "v2", e.ws.ID).String() }

// provision lets Entra provision everybody, and checks that they arrived: what
// dev shows must be what a real provisioning cycle did.
func (e *devEnv) provision(ctx context.Context, st *server.Store) error {
	if err := e.entra.Provision(ctx, e.scimBase(), e.token.Reveal()); err != nil {
		return fmt.Errorf("provisioning: %w", err)
	}
	for _, p := range e.entra.People() {
		if !p.Assigned || p.Disabled || p.Deleted {
			continue
		}
		if _, err := st.UserByUserName(ctx, e.ws.Directory, p.UserPrincipalName); err != nil {
			return fmt.Errorf("%s was not provisioned: %w", p.UserPrincipalName, err)
		}
	}
	return nil
}
