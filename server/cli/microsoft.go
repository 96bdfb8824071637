package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// microsoftCmd groups the commands about sign-in with Microsoft 365 in a browser.
// The app's is set with workspace set.
type microsoftCmd struct {
	Show microsoftShowCmd `cmd:"" help:"Show how it is set up, with what to register in Microsoft Entra."`
	Set  microsoftSetCmd  `cmd:"" help:"Set it up, or switch it on or off."`
	Cert microsoftCertCmd `cmd:"" help:"Make, print or use a certificate."`
	Test microsoftTestCmd `cmd:"" help:"Print a link for one test sign-in, or show what came of one."`
}

// microsoftDesk is an opened database with what the commands work with.
type microsoftDesk struct {
	*samlDesk
	setup *signin.MicrosoftSetup
}

func (f samlFlags) openMicrosoft(c *command, needsKey bool) (*microsoftDesk, error) {
	d, err := f.open(c, needsKey)
	if err != nil {
		return nil, err
	}
	key := d.setup.Key
	if !needsKey {
		if key, err = f.sealingKey(c); err != nil {
			d.store.Close()
			return nil, err
		}
	}
	c.about(d.ws.ID, "")
	return &microsoftDesk{d, &signin.MicrosoftSetup{
		Store: d.store, PublicURL: d.setup.PublicURL, Now: c.opt.Now, Key: key, Loopback: api.Loopback(d.setup.PublicURL.Hostname()),
	}}, nil
}

type microsoftShowCmd struct{ samlFlags }

func (m microsoftShowCmd) Run(c *command) error {
	d, err := m.openMicrosoft(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.Show(c.ctx, d.ws.ID)
	if err != nil {
		return err
	}
	return c.showMicrosoft(out)
}

func (c *command) showMicrosoft(out signin.MicrosoftOutcome) error {
	if c.json {
		return c.printJSON(out)
	}
	or := func(s, none string) string {
		if s == "" {
			return none
		}
		return s
	}
	state := "off"
	if out.Set.Enabled {
		state = "on"
	}
	tested := "no"
	if out.Set.TestedNow() {
		tested = out.Set.Tested.UTC().Format(time.RFC3339)
	}
	rows := [][]string{
		{"state", state},
		{"Redirect URI (platform Web)", out.URLs.Redirect},
		{"Home page URL", out.URLs.Home},
		{"Application (client) ID", or(out.Set.ClientID, "not set")},
		{"Directory (tenant) ID", or(out.Set.TenantID, "not set")},
		{"authority", out.Set.Cloud()},
		{"proof", string(out.Set.Proof)},
		{"tested", tested},
	}
	for _, k := range out.Certificates {
		used := ""
		if k.Used {
			used = ", used"
		}
		rows = append(rows, []string{"certificate " + k.ID, k.Thumbprint + ", until " + k.NotAfter.Format(time.DateOnly) + used})
	}
	if out.HasSecret {
		ends := "expires nobody knows when"
		if !out.SecretExpires.IsZero() {
			ends = "expires " + out.SecretExpires.Format(time.DateOnly)
		}
		rows = append(rows, []string{"client secret", ends})
	}
	return c.table(nil, rows)
}

type microsoftSetCmd struct {
	samlFlags
	ClientID   *string `name:"client-id" placeholder:"ID" help:"Application (client) ID of the app registration."`
	TenantID   *string `name:"tenant-id" placeholder:"ID" help:"Directory (tenant) ID: only its people sign in."`
	Authority  *string `name:"authority" placeholder:"URL" help:"The cloud, where it is a national one."`
	DomainHint *string `name:"domain-hint" placeholder:"DOMAIN" help:"Spares people a question on Microsoft's page."`
	Proof      *string `name:"proof" enum:"certificate,secret" placeholder:"WHICH" help:"What the server proves itself with: certificate or secret."`
	SecretFile string  `name:"secret-file" placeholder:"FILE" help:"A file with the Value of a client secret; - is standard input."`
	Expires    string  `name:"secret-expires" placeholder:"DAY" help:"When the client secret expires, as in 2027-01-31."`
	On         bool    `name:"on" xor:"switch" help:"Switch it on. A test sign-in has to have succeeded with these settings."`
	Off        bool    `name:"off" xor:"switch" help:"Switch it off."`
	Untested   bool    `name:"untested" help:"Switch it on, or change it, without a test sign-in."`
}

func (m microsoftSetCmd) Run(c *command) error {
	in := signin.MicrosoftInput{ClientID: m.ClientID, TenantID: m.TenantID, Authority: m.Authority, DomainHint: m.DomainHint, Untested: m.Untested, AnyHost: true}
	if m.Proof != nil {
		p := directory.MicrosoftProof(*m.Proof)
		in.Proof = &p
	}
	if m.On || m.Off {
		in.Enabled = &m.On
	}
	if m.SecretFile != "" {
		secret, err := c.secretFrom(m.SecretFile)
		if err != nil {
			return err
		}
		in.Secret = &secret
	}
	if m.Expires != "" {
		day, err := time.Parse(time.DateOnly, m.Expires)
		if err != nil || in.Secret == nil {
			return problem.Detailf(problem.BadUsage, "--secret-expires is a day, as in 2027-01-31, and goes with --secret-file.")
		}
		in.SecretExpires = day
	}
	d, err := m.openMicrosoft(c, in.Secret != nil)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.Set(c.ctx, d.ws.ID, operator, store.AnyVersion, in)
	if err != nil {
		return err
	}
	if !out.Set.Enabled && out.Ready && !out.Set.TestedNow() {
		c.say("Make a test sign-in before you switch it on: lanyardd microsoft test --workspace %s", d.ws.ID)
	}
	return c.showMicrosoft(out)
}

// secretFrom reads a secret from a file or from standard input: on the command
// line everybody on the machine could read it.
func (c *command) secretFrom(name string) (string, error) {
	const most = 4 << 10
	var raw []byte
	var err error
	if name == "-" {
		raw, err = io.ReadAll(io.LimitReader(c.in, most))
	} else {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return "", problem.Detailf(problem.BadUsage, "The file with the secret could not be read.")
	}
	secret := strings.TrimSpace(string(raw))
	if secret == "" || len(raw) >= most {
		return "", problem.Detailf(problem.BadUsage, "The file with the secret is empty, or too large to be one.")
	}
	return secret, nil
}

// microsoftCertCmd groups the commands about certificates.
type microsoftCertCmd struct {
	New   microsoftCertNewCmd   `cmd:"" help:"Make a key pair and print its certificate, for you to upload under Certificates & secrets."`
	Print microsoftCertPrintCmd `cmd:"" help:"Print the newest certificate."`
	Use   microsoftCertUseCmd   `cmd:"" help:"Have the server prove itself with a certificate that was uploaded."`
}

type microsoftCertNewCmd struct{ samlFlags }

func (m microsoftCertNewCmd) Run(c *command) error {
	d, err := m.openMicrosoft(c, true)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.NewCertificate(c.ctx, d.ws.ID, operator)
	if err != nil {
		return err
	}
	k := out.Certificates[0]
	if k.Used {
		c.say("Upload the certificate on standard output under Certificates & secrets → Certificates of the app registration. Entra shows the thumbprint %s.", k.Thumbprint)
	} else {
		c.say("Upload the certificate on standard output, then have it used: lanyardd microsoft cert use %s --workspace %s", k.ID, d.ws.ID)
	}
	return c.printPublic(k)
}

func (c *command) printPublic(k signin.MicrosoftCertificate) error {
	if c.json {
		return c.printJSON(k)
	}
	_, err := fmt.Fprint(c.out, k.PEM)
	return err
}

type microsoftCertPrintCmd struct{ samlFlags }

func (m microsoftCertPrintCmd) Run(c *command) error {
	d, err := m.openMicrosoft(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.Show(c.ctx, d.ws.ID)
	if err != nil {
		return err
	}
	if len(out.Certificates) == 0 {
		return problem.New(problem.M365NoKey)
	}
	return c.printPublic(out.Certificates[0])
}

type microsoftCertUseCmd struct {
	samlFlags
	ID string `arg:"" help:"The id of the certificate, as lanyardd microsoft show lists it."`
}

func (m microsoftCertUseCmd) Run(c *command) error {
	d, err := m.openMicrosoft(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.Use(c.ctx, d.ws.ID, operator, m.ID)
	if err != nil {
		return err
	}
	return c.showMicrosoft(out)
}

type microsoftTestCmd struct {
	samlFlags
	Result string `name:"result" placeholder:"ID" help:"Show what came of the test of this id."`
}

// microsoftTestDoc is a test's link, in JSON.
type microsoftTestDoc struct {
	ID      string    `json:"id"`
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

func (m microsoftTestCmd) Run(c *command) error {
	d, err := m.openMicrosoft(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	if m.Result == "" {
		l, err := d.setup.NewTest(c.ctx, d.ws.ID)
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(microsoftTestDoc(l))
		}
		c.say("Open the link in a private window within 15 minutes. It works once. What came of it: lanyardd microsoft test --workspace %s --result %s", d.ws.ID, l.ID)
		_, err = fmt.Fprintln(c.out, l.URL)
		return err
	}
	res, err := d.setup.TestResult(c.ctx, d.ws.ID, m.Result)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(res)
	}
	rows := [][]string{{"state", string(res.State)}}
	if res.Code != "" {
		rows = append(rows, []string{string(res.Code), strings.TrimSpace(res.Sentence + " " + res.Detail + " " + res.Next)})
	}
	for _, check := range res.Checks {
		says := "ok"
		switch {
		case check.Skipped:
			says = "not looked at"
		case !check.OK:
			says = string(check.Code) + " " + check.Sentence
		}
		rows = append(rows, []string{check.Name, says})
	}
	for _, w := range res.Would {
		rows = append(rows, []string{"would", w})
	}
	return c.table(nil, rows)
}
