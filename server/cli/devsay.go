package cli

import (
	"fmt"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// devDoc is what dev --json prints, on one line: all that a client, or a test
// in any language, needs to sign somebody in. It holds passwords and tokens,
// all of them made up and good on this machine only.
type devDoc struct {
	Server      string            `json:"server"`
	Workspace   string            `json:"workspace"`
	Authority   string            `json:"authority"`
	TenantID    string            `json:"tenant_id"`
	ClientID    string            `json:"client_id"`
	Scope       string            `json:"scope"`
	CAFile      string            `json:"ca_file"`
	Proxy       string            `json:"proxy"`
	BrowserURL  string            `json:"browser_url"`
	ConsoleURL  string            `json:"console_url"`
	SAML        *devSAML          `json:"saml,omitempty"`
	SCIMBase    string            `json:"scim_base"`
	SCIMToken   string            `json:"scim_token"`
	Users       []EntraPerson     `json:"users"`
	State       string            `json:"state"`
	Control     string            `json:"control"`
	DB          string            `json:"db"`
	Environment map[string]string `json:"environment"`
}

func (e *devEnv) doc() devDoc {
	d := devDoc{
		Server: e.public.String(), Workspace: e.ws.ID,
		Authority: e.entra.Authority(), TenantID: e.tenantID, ClientID: e.clientID, Scope: e.entra.Scope(),
		CAFile: e.caFile, Proxy: e.entra.ProxyURL(), BrowserURL: e.entra.BrowserURL(), ConsoleURL: e.public.JoinPath("admin", "/").String(),
		SAML:     e.samlDoc(),
		SCIMBase: e.scimBase(), SCIMToken: e.token.Reveal(), Users: e.entra.People(),
		State: e.state.file, Control: e.state.record.Control, DB: "sqlite:" + e.dir + "/" + defaultFile,
	}
	d.Environment = map[string]string{"HTTPS_PROXY": d.Proxy, "SSL_CERT_FILE": d.CAFile, "LANYARD_SERVER": d.Server}
	return d
}

// sayDev says what runs, how to use it and how to see it end.
func (c *command) sayDev(e *devEnv) error {
	d := e.doc()
	c.say("UNSAFE, for developing on this machine only: a made-up Microsoft with known passwords decides who may enter.")
	if c.json {
		return c.printLine(d)
	}
	c.say("\nWorkspace %s runs at %s with %d people, provisioned over SCIM:\n", d.Workspace, d.Server, len(d.Users))
	if err := c.peopleTable(d.Users); err != nil {
		return err
	}
	c.say("\nStart the Lanyard app, or your own, with this environment:\n")
	for _, k := range []string{"HTTPS_PROXY", "SSL_CERT_FILE", "LANYARD_SERVER"} {
		if _, err := fmt.Fprintf(c.out, "export %s=%s\n", k, shellWord(d.Environment[k])); err != nil {
			return err
		}
	}
	c.say("\nand sign in to workspace %q.", d.Workspace)
	if e.signIn != signInSAML {
		c.say("Your own app signs in with\n  authority  %s\n  client ID  %s\n  scope      %s", d.Authority, d.ClientID, d.Scope)
	}
	if d.SAML != nil {
		c.say("A browser signs in by SAML at\n  %s\nor, from Entra's side, at\n  %s", d.SAML.Login, d.SAML.UserAccessURL)
	}
	c.say("Provisioning goes to\n  %s\n  token %s (shown by --json)", d.SCIMBase, scim.Token(d.SCIMToken))
	prefix := ""
	if name, named, err := c.stateFile(); err != nil || named || name != d.State {
		prefix = stateVariable + "=" + shellWord(d.State) + " "
	}
	c.say("\nThen end somebody's access from a second terminal:\n  %slanyardd dev entra disable %s", prefix, d.Users[0].UserPrincipalName)
	c.say("\nThe admin console, where all of this is set up and seen, is at\n  %s", d.ConsoleURL)
	c.say("\nStop with Ctrl+C.")
	return nil
}
