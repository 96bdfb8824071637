package cli

import (
	"errors"
	"io/fs"
	"net/url"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// samlCmd groups the commands about sign-in by SAML.
type samlCmd struct {
	Set    samlSetCmd    `cmd:"" help:"Set sign-in by SAML up, or change it."`
	Show   samlShowCmd   `cmd:"" help:"Show what to copy into Microsoft Entra, and what is set here."`
	Check  samlCheckCmd  `cmd:"" help:"Check the same inputs as set takes, or what is set. Nothing changes."`
	Test   samlTestCmd   `cmd:"" help:"Make a link for one test sign-in within 15 minutes."`
	Result samlResultCmd `cmd:"" help:"Show what came of a test sign-in."`
	Agree  samlAgreeCmd  `cmd:"" help:"Agree that the metadata names another identity provider than before."`
	Key    samlKeyCmd    `cmd:"" help:"Show, change and print the certificates of this side."`
	On     samlOnCmd     `cmd:"" help:"Let people sign in by SAML."`
	Off    samlOffCmd    `cmd:"" help:"Let nobody sign in by SAML. A test sign-in still works."`
	Remove samlRemoveCmd `cmd:"" help:"Forget the connection, with its keys."`
}

// samlFlags are the flags of every command about a SAML connection.
type samlFlags struct {
	clientFlags
	PublicURL *string `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL), which all addresses to copy begin with."`
	KeyFile   *string `name:"server-key-file" placeholder:"FILE" help:"The server's key (LANYARD_SERVER_KEY_FILE). Default: as for serve."`
}

// samlDesk is an opened database with all that the commands work with.
type samlDesk struct {
	store *server.Store
	ws    directory.Workspace
	setup *signin.SAMLSetup
}

// open opens the database. The server's key is read, or made, only for what
// needs it.
func (f samlFlags) open(c *command, needsKey bool) (*samlDesk, error) {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyPublicURL: f.PublicURL, keyServerKeyFile: f.KeyFile})
	if err != nil {
		return nil, err
	}
	base, err := set.base()
	if err != nil {
		return nil, err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return nil, err
	}
	d := &samlDesk{store: st, setup: &signin.SAMLSetup{
		Store: st, PublicURL: base, Now: c.opt.Now, Fetcher: &signin.Fetcher{Loopback: api.Loopback(base.Hostname())},
	}}
	if d.ws, err = c.workspace(st, f.Workspace); err == nil && needsKey {
		d.setup.Key, err = c.keyToSealWith(set)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if !set[keyPublicURL].set() {
		c.say("The addresses begin with %s: give --public-url as for lanyardd serve where that is not right.", base)
	}
	return d, nil
}

// sealingKey reads the server's key without making one. It is nil where there is
// none.
func (f samlFlags) sealingKey(c *command) ([]byte, error) {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyServerKeyFile: f.KeyFile})
	if err != nil {
		return nil, err
	}
	key, err := set.serverKeyFile().read()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return key, err
}

// keyToSealWith is the server's key for a command that may make keys of ours.
func (c *command) keyToSealWith(set settings) ([]byte, error) {
	key, err := c.serverKey(set)
	if err == nil && len(key) == 0 {
		c.say("The server's key is not here: without --server-key-file, as for lanyardd serve, no keys of this side are made, and assertions cannot be encrypted.")
	}
	return key, err
}

// opens says whether the server's key opens what is sealed already, before more
// is sealed with it: a server with another key could not read it.
func (d *samlDesk) opens(c *command) error {
	if len(d.setup.Key) == 0 {
		return problem.Detailf(problem.WrongServerKey, "There is none here; name it with --server-key-file.")
	}
	_, err := d.setup.Expect(c.ctx, d.ws.ID)
	if code, _ := problem.Of(err); code == problem.WrongServerKey {
		return err
	}
	return nil
}

// base is the address that people and Entra use, as far as a command can know.
func (s settings) base() (*url.URL, error) {
	if s[keyPublicURL].set() {
		return s.publicURL("")
	}
	if u, err := s.publicURL(s[keyListen].Text); err == nil {
		return u, nil
	}
	return &url.URL{Scheme: "http", Host: "localhost:8080"}, nil
}

// samlSetCmd sets a connection up or changes it. A flag that is not given
// leaves its value alone.
type samlSetCmd struct {
	samlFlags
	samlSource
	samlOptions
}

// Help is the longer text of lanyardd saml set --help.
func (samlSetCmd) Help() string {
	return "Give the identity provider by --metadata-url, or by --metadata-file, or by hand with --certificate, --issuer and " +
		"--login-url. A flag that is not given leaves its value alone; an empty text puts the default back. What to copy into " +
		"Microsoft Entra is said by: lanyardd saml show."
}

func (s samlSetCmd) Run(c *command) error {
	in, err := s.input(c, s.samlOptions)
	if err != nil {
		return err
	}
	if in.Change == nil && !s.samlSource.given() {
		return problem.Detailf(problem.BadUsage, "Say what to set, such as --metadata-url; see lanyardd saml set --help.")
	}
	if s.NameID == nil && s.samlSource.given() {
		in.Change = preferMail(in.Change)
	}
	d, err := s.open(c, true)
	if err != nil {
		return err
	}
	defer d.store.Close()
	if s.SignRequests != nil && bool(*s.SignRequests) {
		if err := d.opens(c); err != nil {
			return err
		}
	}
	out, err := d.setup.Set(c.ctx, d.ws.ID, in)
	if err != nil {
		return err
	}
	c.sayWarnings(out.Warnings)
	c.say("SAML of %s is set. Try it with: lanyardd saml test --workspace %s", d.ws.ID, d.ws.ID)
	return c.showSAML(d, out)
}

// preferMail makes user.mail the Name ID that a new connection with Entra should
// send (row B7). Another one is a warning and refuses nobody.
func preferMail(change func(*directory.SAML) error) func(*directory.SAML) error {
	return func(c *directory.SAML) error {
		if c.Version == 0 && c.Type == directory.SAMLEntra {
			c.NameIDSource = string(saml.NameIDMail)
		}
		if change == nil {
			return nil
		}
		return change(c)
	}
}

// samlAgreeCmd agrees to another entity ID.
type samlAgreeCmd struct {
	samlFlags
	EntityID string `arg:"" help:"The new entity ID, as saml show and the server's log name it."`
}

func (s samlAgreeCmd) Run(c *command) error {
	d, err := s.open(c, true)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.Agree(c.ctx, d.ws.ID, s.EntityID)
	if err != nil {
		return err
	}
	c.sayWarnings(out.Warnings)
	c.say("SAML of %s now believes %s.", d.ws.ID, out.SAML.IdP.EntityID)
	return c.showSAML(d, out)
}

type (
	samlOnCmd  struct{ samlFlags }
	samlOffCmd struct {
		samlFlags
		endSessionsFlag
	}
)

func (s samlOnCmd) Run(c *command) error  { return s.enable(c, true, endSessionsFlag{}) }
func (s samlOffCmd) Run(c *command) error { return s.enable(c, false, s.endSessionsFlag) }

func (f samlFlags) enable(c *command, on bool, sessions endSessionsFlag) error {
	d, err := f.open(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	if _, err := d.setup.Show(c.ctx, d.ws.ID); err != nil {
		return err
	}
	if !on {
		if err := d.keptOn(c); err != nil {
			return err
		}
	}
	out, err := d.setup.Switch(c.ctx, d.ws.ID, on)
	if err != nil {
		return err
	}
	// Only now: while it was on, new ones could begin.
	if err := sessions.end(c, d, "switched it off"); err != nil {
		return err
	}
	tested := out.SAML.TestedNow()
	if on && !tested {
		c.say("What is set was not tried since it was changed: lanyardd saml test --workspace %s", d.ws.ID)
	}
	return c.showSAML(d, out)
}

// samlRemoveCmd forgets a connection.
type samlRemoveCmd struct {
	samlFlags
	endSessionsFlag
	Yes bool `name:"yes" help:"Do it. Private keys are lost; assertions encrypted for them cannot be read any more."`
}

func (s samlRemoveCmd) Run(c *command) error {
	if !s.Yes {
		return problem.Detailf(problem.BadUsage, "This cannot be undone: say so with --yes, or stop sign-in with lanyardd saml off.")
	}
	d, err := s.open(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	if err := d.keptOn(c); err != nil {
		return err
	}
	if err := d.setup.Remove(c.ctx, d.ws.ID); err != nil {
		return err
	}
	if err := s.end(c, d, "removed the connection"); err != nil {
		return err
	}
	return c.done("The SAML connection of %s is gone.", d.ws.ID)
}
