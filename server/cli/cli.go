// Package cli is the lanyardd program: its commands, its settings and its
// words.
//
// It decides how commands read and answer: which setting wins (flag, then
// environment, then configuration file, then default), what is printed where,
// and which exit code tells what. What the commands do is decided elsewhere:
// by the server, by its store and by the rules in directory. Which database
// engines and which local Entra are linked in is the importer's choice, handed
// over in [Options].
//
// Results go to standard output and nothing else does; words for people go to
// standard error. Every command takes --json and then prints one JSON document
// (serve and dev: one line). The exit code is
//
//	0  it was done
//	1  it was understood but could not be done
//	2  the command line or the configuration was not understood; nothing was done
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// The exit codes; see the package comment.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Options is what a program links into its commands. The zero value has no
// database and no local Entra: commands that need them say so.
type Options struct {
	// Version is printed by the version command. Empty means the module
	// version that the Go tools recorded in the binary.
	Version string
	// OpenSQLite opens the database in a file, making it where it is missing.
	OpenSQLite func(ctx context.Context, path string) (*server.Store, error)
	// OpenPostgres opens the database at a postgres:// URL.
	OpenPostgres func(ctx context.Context, url string) (*server.Store, error)
	// StartEntra starts the local Entra of the dev command. Nil means that
	// this program has none.
	StartEntra func(context.Context, EntraConfig) (Entra, error)
	// Resolver asks DNS whether a domain is a workspace's. Nil means
	// net.DefaultResolver.
	Resolver server.Resolver
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Run is main without the process: it runs the command that args (without the
// program's name) ask for, and returns the exit code. env looks up one
// environment variable, as os.LookupEnv does. Cancelling ctx asks serve and
// dev to shut down gracefully.
func Run(ctx context.Context, args []string, env func(string) (string, bool), in io.Reader, out, errOut io.Writer, o Options) (code int) {
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &command{ctx: ctx, env: env, in: in, out: out, errOut: errOut, opt: o}
	for _, a := range args {
		c.hide(a) // a message about an argument must not repeat its password
	}
	var root commands
	k, err := kong.New(&root,
		kong.Name("lanyardd"),
		kong.Description("Lanyard lets people sign in to a workspace with Microsoft Entra ID, and out when Entra says so.\n\n"+
			"Exit codes: 0 done, 1 could not be done, 2 not understood."),
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil { // the grammar itself is wrong; every test would meet it
		return c.fail(fmt.Errorf("building the command line: %w", err))
	}
	// Kong ends the program from inside Parse after --help. Here that is a
	// panic with a type of our own, so that deferred work is still done.
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	kctx, err := k.Parse(args)
	if err != nil {
		return c.fail(c.badUsage(err, args))
	}
	c.json, c.path = root.JSON, commandPath(kctx)
	c.audit(kctx)
	if err := kctx.Run(c); err != nil {
		return c.fail(err)
	}
	return exitOK
}

// exit carries an exit code out of kong.
type exit int

// commands is the grammar.
type commands struct {
	JSON bool `name:"json" help:"Print the result as JSON."`

	Serve     serveCmd     `cmd:"" help:"Run the server."`
	Dev       devCmd       `cmd:"" help:"Run the server beside a local Entra, for developing. Unsafe for anything else."`
	Admin     adminCmd     `cmd:"" help:"Say who administers the server and its workspaces."`
	Workspace workspaceCmd `cmd:"" help:"Create, list, show and change workspaces."`
	Directory directoryCmd `cmd:"" help:"Manage user directories, which workspaces take their people from."`
	Scim      scimCmd      `cmd:"" help:"Manage provisioning (SCIM)."`
	Saml      samlCmd      `cmd:"" help:"Manage sign-in by SAML."`
	Sso       ssoCmd       `cmd:"" help:"Enforce single sign-on for everybody in a workspace, and turn that off."`
	Microsoft microsoftCmd `cmd:"" help:"Manage sign-in with Microsoft 365 in a browser."`
	Local     localCmd     `cmd:"" help:"Manage employees' passwords, where a workspace has them."`
	Domain    domainCmd    `cmd:"" help:"Manage the e-mail domains of workspaces, and people outside of them."`
	Mobile    mobileCmd    `cmd:"" help:"Manage apps for telephones: what they are signed with and where sign-ins return to."`
	User      userCmd      `cmd:"" help:"Look at the people of a workspace."`
	Group     groupCmd     `cmd:"" help:"Look at the groups of a workspace."`
	Conform   conformCmd   `cmd:"" help:"Ask a provider what Microsoft would ask it."`
	Webhook   webhookCmd   `cmd:"" help:"Send events to addresses of your own."`
	Events    eventsCmd    `cmd:"" help:"Print what happened, one JSON object a line."`
	Audit     auditCmd     `cmd:"" help:"Look at the audit log: who changed what, and whether the log is whole."`
	Entra     entraCmd     `cmd:"" help:"Print what to register in Microsoft Entra, and check what is."`
	Guide     guideCmd     `cmd:"" help:"Print the guide to Microsoft Entra with a workspace's own values."`
	Do        doCmd        `cmd:"" help:"Do or show whatever the console can, by its name."`
	Notify    notifyCmd    `cmd:"" help:"Say which mail server to use and who hears of failures, and look at what was sent."`
	Announce  announceCmd  `cmd:"" help:"Tell the people of a workspace that they will sign in in another way."`
	Doctor    doctorCmd    `cmd:"" help:"Explain an error, a SAML message, a token, metadata or a certificate that somebody pasted."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// command is what every command is given to work with.
type command struct {
	ctx    context.Context
	env    func(string) (string, bool)
	in     io.Reader
	out    io.Writer
	errOut io.Writer
	opt    Options
	json   bool
	// audited is the entry of the audit log that the command's first change takes
	// along; nil in serve and dev.
	audited *store.Audited
	// path is the words of the command, for pointing to its help.
	path string
	// secrets are texts that must not appear in a message, such as the
	// password of the database; see redact.go.
	secrets []secret
}

// fail tells the person what went wrong and returns the exit code for it.
func (c *command) fail(err error) int {
	c.tell(err)
	switch code, _ := problem.Of(err); code {
	case problem.BadUsage, problem.BadConfig, problem.BadPublicURL, problem.BadDatabaseURL, problem.BadWorkspaceID, problem.AppUnopened:
		return exitUsage
	}
	return exitFailed
}

// tell prints a problem, its cause and the next step.
func (c *command) tell(err error) {
	code, text := problem.Of(err)
	c.say("%s", c.redact("lanyardd: "+text.Sentence))
	if d := problem.DetailOf(err); d != "" {
		c.say("%s", c.redact("  "+d))
	} else if cause := causeOf(err); cause != "" {
		c.say("%s", c.redact("  Cause: "+oneLine(cause)))
	}
	next := text.Next
	if code == problem.BadUsage {
		next = "See " + strings.TrimSuffix("lanyardd "+c.path, " ") + " --help."
	}
	c.say("  %s (%s)", next, code)
}

// oneLine joins the lines of a message, each once.
func oneLine(message string) string {
	var lines []string
	for _, l := range strings.Split(message, "\n") {
		if l = strings.TrimSpace(l); l != "" && !slices.Contains(lines, l) {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, " ")
}

// causeOf returns what lies behind the outermost problem. An operator at a
// terminal may see it: it names files and addresses, which a person signing in
// must not be shown.
func causeOf(err error) string {
	var p *problem.Error
	if !errors.As(err, &p) {
		return err.Error()
	}
	if p.Cause == nil {
		return ""
	}
	return p.Cause.Error()
}

// say prints words for a person, of one line or several. What others wrote in them
// does not steer the terminal.
func (c *command) say(format string, args ...any) {
	lines := strings.Split(fmt.Sprintf(format, args...), "\n")
	for i, l := range lines {
		lines[i] = steadied(l)
	}
	fmt.Fprintln(c.errOut, strings.Join(lines, "\n"))
}

// logger writes the log of serve and dev to standard error.
func (c *command) logger(level slog.Level, format string) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(c.errOut, o))
	}
	return slog.New(slog.NewTextHandler(c.errOut, o))
}
