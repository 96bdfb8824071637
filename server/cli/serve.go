package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
)

// serveCmd runs the server until it is asked to end.
type serveCmd struct {
	dbFlags
	Listen         *string `name:"listen" placeholder:"HOST:PORT" help:"Address to listen on (LANYARD_LISTEN). Default 127.0.0.1:8080."`
	PublicURL      *string `name:"public-url" placeholder:"URL" help:"Address people and Entra use (LANYARD_PUBLIC_URL). Default http://localhost and the port; needed where others may reach the server."`
	AdminListen    *string `name:"admin-listen" placeholder:"HOST:PORT" help:"Address for /livez, /readyz, /version and profiles, for operators only (LANYARD_ADMIN_LISTEN). Default: none."`
	ConsoleListen  *string `name:"console-listen" placeholder:"HOST:PORT|none" help:"Address for the administrators' console alone (LANYARD_CONSOLE_LISTEN); none switches it off. Default: at /admin of the public address."`
	ConsoleURL     *string `name:"console-url" placeholder:"URL" help:"Address at which administrators reach --console-listen (LANYARD_CONSOLE_URL)."`
	ConsoleIdle    *string `name:"console-idle" placeholder:"30m" help:"How long an administrator who does nothing stays signed in (LANYARD_CONSOLE_IDLE). Default 30m."`
	AppName        *string `name:"app-name" placeholder:"NAME" help:"What administrators are told to call the application in Microsoft Entra (LANYARD_APP_NAME). Default: the workspace's name and Lanyard."`
	ConsoleTTL     *string `name:"console-session-ttl" placeholder:"12h" help:"How long an administrator stays signed in at all (LANYARD_CONSOLE_SESSION_TTL). Default 12h."`
	SessionTTL     *string `name:"session-ttl" placeholder:"1h" help:"How long a workspace session lasts (LANYARD_SESSION_TTL). Default 1h."`
	TrustedProxies *string `name:"trusted-proxies" placeholder:"CIDR,…" help:"Reverse proxies whose X-Forwarded-For is believed (LANYARD_TRUSTED_PROXIES). Default: none."`
	SCIMSchemas    *string `name:"scim-schemas" placeholder:"FILE" help:"TOML file with SCIM extensions and resource types of your own (LANYARD_SCIM_SCHEMAS). Default: none."`
	WebhookKeyFile *string `name:"webhook-key-file" placeholder:"FILE" help:"File with the key that webhooks are signed from (LANYARD_WEBHOOK_KEY_FILE). Default ./lanyard-webhooks.key; made by webhook create."`
	ServerKeyFile  *string `name:"server-key-file" placeholder:"FILE" help:"File with the key that seals private keys in the database (LANYARD_SERVER_KEY_FILE). Default beside the SQLite database, made where there is none; with PostgreSQL ./lanyard-server.key, which is made only where it is named."`
	LogLevel       *string `name:"log-level" placeholder:"LEVEL" help:"debug, info, warn or error (LANYARD_LOG_LEVEL). Default info."`
	LogFormat      *string `name:"log-format" placeholder:"FORMAT" help:"text or json (LANYARD_LOG_FORMAT). Default text."`
	PrintConfig    bool    `name:"print-config" help:"Print the effective settings and where each came from, then end."`
}

// Help is the longer text of lanyardd serve --help.
func (serveCmd) Help() string {
	return "Each setting is taken from its flag, else from its environment variable, else from the configuration file " +
		"(the flag's name with _ for -, as in public_url = \"https://sso.example.com\"), else from its default."
}

func (s serveCmd) Run(c *command) error {
	set, err := c.resolve(s.Config, map[string]*string{
		keyListen: s.Listen, keyPublicURL: s.PublicURL, keyAdminListen: s.AdminListen, keyDB: s.DB,
		keyConsoleListen: s.ConsoleListen, keyConsoleURL: s.ConsoleURL, keyConsoleIdle: s.ConsoleIdle, keyConsoleTTL: s.ConsoleTTL, keyAppName: s.AppName,
		keySessionTTL: s.SessionTTL, keyTrustedProxies: s.TrustedProxies, keySCIMSchemas: s.SCIMSchemas,
		keyWebhookKeyFile: s.WebhookKeyFile, keyServerKeyFile: s.ServerKeyFile,
		keyLogLevel: s.LogLevel, keyLogFormat: s.LogFormat,
	})
	if err != nil {
		return err
	}
	p, err := set.plan()
	if err != nil {
		return err
	}
	if s.PrintConfig {
		return c.printConfig(set)
	}
	return c.serve(set, p)
}

// plan is what serve was told to do, checked.
type plan struct {
	sessionTTL     time.Duration
	trustedProxies []netip.Prefix
	scim           server.SCIMDeclaration
	logLevel       slog.Level
	logFormat      string
}

// plan checks every setting before anything is opened.
func (s settings) plan() (p plan, err error) {
	if p.sessionTTL, err = s.sessionTTL(); err != nil {
		return p, err
	}
	if p.trustedProxies, err = s.trustedProxies(); err != nil {
		return p, err
	}
	if p.scim, err = s.scimSchemas(); err != nil {
		return p, err
	}
	if p.logLevel, err = s.logLevel(); err != nil {
		return p, err
	}
	if p.logFormat, err = s.logFormat(); err != nil {
		return p, err
	}
	if _, err = parseDatabase(s[keyDB]); err != nil {
		return p, err
	}
	for _, key := range []string{keyListen, keyAdminListen, keyConsoleListen} {
		if err = s[key].checkAddress(key); err != nil {
			return p, err
		}
	}
	if _, err = s.console(s[keyConsoleListen].Text); err != nil {
		return p, err
	}
	_, err = s.publicURL(s[keyListen].Text)
	return p, err
}

// checkAddress checks the form of an address to listen on.
func (v value) checkAddress(key string) error {
	if v.Text == "" && key != keyListen || v.Text == noConsole && key == keyConsoleListen {
		return nil
	}
	if _, _, err := net.SplitHostPort(v.Text); err != nil {
		return problem.Detailf(problem.ListenFailed, "%s (%s) is %q; write HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address.", key, v.From, v.Text)
	}
	return nil
}

// printConfig prints the effective settings. Passwords are hidden.
func (c *command) printConfig(set settings) error {
	type entry struct {
		Value string `json:"value"`
		From  string `json:"from"`
	}
	doc := map[string]entry{}
	var rows [][]string
	for _, s := range allSettings {
		v := set[s.key]
		if s.key == keyPublicURL && !v.set() {
			u, err := set.publicURL(set[keyListen].Text)
			if err != nil {
				return err
			}
			v.Text = u.String()
		}
		v.Text = c.redact(v.Text)
		doc[s.key] = entry{v.Text, v.From}
		rows = append(rows, []string{s.key, v.Text, v.From})
	}
	if c.json {
		return c.printJSON(doc)
	}
	return c.table([]string{"SETTING", "VALUE", "FROM"}, rows)
}

// serve opens the database, listens and serves until the context ends.
func (c *command) serve(set settings, p plan) error {
	log := c.logger(p.logLevel, p.logFormat)
	// Listen first: a busy port is found before a database is made.
	l, err := listen(c.ctx, set[keyListen])
	if err != nil {
		return err
	}
	defer l.Close()
	public, err := set.publicURL(l.Addr().String())
	if err != nil {
		return err
	}
	var admin net.Listener
	if set[keyAdminListen].Text != "" {
		if admin, err = listen(c.ctx, set[keyAdminListen]); err != nil {
			return err
		}
		defer admin.Close()
	}
	var desk net.Listener
	own := ""
	if at := set[keyConsoleListen]; at.Text != "" && at.Text != noConsole {
		if desk, err = listen(c.ctx, at); err != nil {
			return err
		}
		defer desk.Close()
		own = desk.Addr().String()
	}
	console, err := set.console(own)
	if err != nil {
		return err
	}
	webhookKey, err := readWebhookKey(set[keyWebhookKeyFile])
	if err != nil {
		return err
	}
	st, err := c.openStore(c.ctx, set[keyDB], true)
	if err != nil {
		return err
	}
	defer st.Close()
	serverKey, err := c.serverKey(set)
	if err == nil && len(serverKey) == 0 {
		err = c.sayKeyless(st)
	}
	if err != nil {
		return err
	}
	srv, err := server.New(server.Config{
		Store: st, PublicURL: public, Log: log, Now: c.opt.Now, Version: c.opt.version(),
		SessionTTL: p.sessionTTL, TrustedProxies: p.trustedProxies, SCIM: p.scim,
		WebhookKey: webhookKey, ServerKey: serverKey, Console: console, AppName: set[keyAppName].Text, Resolver: c.opt.Resolver,
	})
	if err != nil {
		return err
	}
	return runServer(c.ctx, srv, listeners{public: l, admin: admin, console: desk}, log, func(context.Context) error {
		if err := c.sayServing(set, st, public, l, admin); err != nil {
			return err
		}
		return c.sayFirstOwner(srv)
	})
}

// listen opens a listener, or says which program or permission is in the way.
func listen(ctx context.Context, at value) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", at.Text)
	if err != nil {
		return nil, problem.Wrap(problem.ListenFailed, fmt.Errorf("%s (%s): %w", at.Text, at.From, err))
	}
	return l, nil
}

// sayServing says on stderr what runs and what to do next, and with --json one
// line on stdout, for programs that start the server.
func (c *command) sayServing(set settings, st *server.Store, public *url.URL, l, admin net.Listener) error {
	db := c.redact(set[keyDB].Text)
	c.say("Lanyard %s is ready at %s (listening on %s, database %s).", c.opt.version(), public, l.Addr(), db)
	doc := map[string]string{"public_url": public.String(), "listen": l.Addr().String(), "db": db}
	if host, _, err := net.SplitHostPort(l.Addr().String()); public.Scheme == "http" && err == nil && !isLoopback(host) {
		c.say("Warning: others can reach %s, and whoever does sends tokens in the clear. Listen on 127.0.0.1, or set --public-url to the https:// address of a proxy in front.", l.Addr())
	}
	if admin != nil {
		if host, _, err := net.SplitHostPort(admin.Addr().String()); err == nil && !isLoopback(host) {
			c.say("Warning: whoever reaches %s can read profiles of this server. Keep it inside your network.", admin.Addr())
		}
		c.say("Operators find /livez, /readyz and /version at http://%s.", admin.Addr())
		doc["admin_listen"] = admin.Addr().String()
	}
	all, err := st.Workspaces(c.ctx)
	if err != nil {
		return fmt.Errorf("listing workspaces: %w", err)
	}
	if len(all) == 0 {
		at := ""
		if v := set[keyDB]; v.set() && v.From != keyVariableDB {
			at = " --db " + shellWord(db)
		}
		c.say("There are no workspaces yet. Create one in the console, or in another terminal%s:\n"+
			"  lanyardd workspace create acme --name \"Acme Ltd\"%s\n"+
			"To look around without Microsoft Entra, stop this and run: lanyardd dev", here(set[keyDB]), at)
	}
	c.say("Stop with Ctrl+C.")
	if c.json {
		return c.printLine(doc)
	}
	return nil
}

const keyVariableDB = "LANYARD_DB"

// here reminds of the folder where the database is found by its place.
func here(db value) string {
	if db.set() {
		return ""
	}
	return ", in this folder"
}

// gracePeriod is how long requests may take to finish once the server was
// asked to end.
const gracePeriod = 10 * time.Second

// listeners are where a server is reached. admin and console may be nil.
type listeners struct{ public, admin, console net.Listener }

// runServer serves until ctx ends, then lets running requests finish. ready is
// called once connections are accepted.
func runServer(ctx context.Context, srv *server.Server, at listeners, log *slog.Logger, ready func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	run, stopRun := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRun()
	ended := make(chan struct{})
	g.Go(func() error {
		defer close(ended)
		return srv.Run(run)
	})
	serve := func(l net.Listener, h http.Handler) {
		hs := httpServer(h, log)
		g.Go(func() error {
			if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serving on %s: %w", l.Addr(), err)
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			// The streams end with Run; Shutdown would wait for them.
			stopRun()
			<-ended
			grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
			defer cancel()
			if err := hs.Shutdown(grace); err != nil {
				log.Warn("requests were cut off", "after", gracePeriod, "error", err)
				return hs.Close()
			}
			return nil
		})
	}
	serve(at.public, srv)
	if at.admin != nil {
		serve(at.admin, srv.Admin())
	}
	if at.console != nil {
		serve(at.console, srv.Console())
	}
	g.Go(func() error { return ready(ctx) })
	return g.Wait()
}

// httpServer has limits that stop a peer from holding a connection by sending
// or reading slowly. The event stream sets its own (package server).
func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
