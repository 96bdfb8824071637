package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/mobileapp"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// mobileVerifyCmd holds what was built and what is registered against each
// other (row G8).
type mobileVerifyCmd struct {
	dbFlags
	App          string `arg:"" optional:"" name:"app" help:"The built app: .apk, .aab, .ipa or .app; or FyneApp.toml."`
	MSAL         string `name:"msal" placeholder:"FILE" help:"The MSAL configuration; - reads standard input."`
	Registration string `name:"registration" placeholder:"FILE" help:"The app registration, as az ad app show --id CLIENT-ID prints it, or its Manifest; - reads standard input."`
	Workspace    string `name:"workspace" placeholder:"ID" help:"The workspace that people sign in to."`
	Debug        bool   `name:"debug" help:"The app is for trying out: a debug key, and that it is debuggable, are notes."`
}

// Help is the longer text of lanyardd mobile verify --help.
func (mobileVerifyCmd) Help() string {
	return "Takes two of the four, or more. Prints one line for each difference, with what should be there, what is, and how to mend it. " +
		"The exit code is 0 where everything matches, 1 where something differs, and 2 where the call was not understood, so that it can " +
		"stand in a build. Notes are printed too, and change no exit code."
}

func (m mobileVerifyCmd) Run(c *command) error {
	compared := m.parts()
	if len(compared) < 2 {
		return problem.Detailf(problem.BadUsage, "Give two or more of: an app, --msal, --registration, --workspace.")
	}
	if m.MSAL == "-" && m.Registration == "-" {
		return problem.Detailf(problem.BadUsage, "Standard input cannot be both the MSAL configuration and the registration.")
	}
	in, err := m.input(c)
	if err != nil {
		return err
	}
	if len(compared) == 2 && in.App != nil && in.App.Apple() && m.MSAL != "" {
		return problem.Detailf(problem.BadUsage, "An MSAL configuration is Android's: hold an app for Apple's systems against --registration or --workspace.")
	}
	doc := verifyDoc{Result: "matches", Compared: compared, Differences: []mobileFindingDoc{}, Notes: []mobileFindingDoc{}}
	for _, f := range mobileapp.Verify(in) {
		if f.Note {
			doc.Notes = append(doc.Notes, findingDoc(f))
		} else {
			doc.Differences = append(doc.Differences, findingDoc(f))
		}
	}
	if len(doc.Differences) > 0 {
		doc.Result = "differs"
	}
	if err := doc.print(c); err != nil {
		return err
	}
	if n := len(doc.Differences); n > 0 {
		return problem.Detailf(problem.VerifyDiffers, "Found %s, listed above.", counted(n, "difference"))
	}
	return nil
}

// parts are the parts that were given, in words.
func (m mobileVerifyCmd) parts() []string {
	var out []string
	for _, p := range []struct{ name, given string }{
		{mobileapp.InApp, m.App}, {mobileapp.InMSAL, m.MSAL}, {mobileapp.InRegistration, m.Registration}, {mobileapp.InWorkspace, m.Workspace},
	} {
		if p.given != "" {
			out = append(out, p.name)
		}
	}
	return out
}

// input reads all that was given.
func (m mobileVerifyCmd) input(c *command) (mobileapp.Input, error) {
	in := mobileapp.Input{Now: c.opt.Now(), InsecureAllowDebugKey: m.Debug}
	if m.App != "" {
		a, err := c.readApp(m.App)
		if err != nil {
			return in, err
		}
		if a.ID == "" {
			return in, problem.Detailf(problem.BadUsage, "%s is no app; see what is in it with: lanyardd mobile ids.", printable(m.App))
		}
		in.App = &a
	}
	var err error
	if m.MSAL != "" {
		if in.MSAL, err = c.readInput("--msal", m.MSAL, mobileapp.MaxMSAL); err != nil {
			return in, err
		}
	}
	if m.Registration != "" {
		text, err := c.readInput("--registration", m.Registration, register.MaxApplication)
		if err != nil {
			return in, err
		}
		a, err := register.ParseApplication(text)
		if err != nil {
			return in, err
		}
		in.Registration = &a
	}
	if m.Workspace != "" {
		if in.Workspace, err = m.ofWorkspace(c); err != nil {
			return in, err
		}
	}
	return in, nil
}

// ofWorkspace reads what the server knows.
func (m mobileVerifyCmd) ofWorkspace(c *command) (*mobileapp.Workspace, error) {
	st, err := c.open(m.dbFlags)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	ws, err := c.workspace(st, m.Workspace)
	if err != nil {
		return nil, err
	}
	out := &mobileapp.Workspace{ID: ws.ID, ClientID: ws.Microsoft.ClientID, TenantID: ws.Microsoft.TenantID}
	apps, err := st.Mobile(c.ctx, ws.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("reading what is registered for workspace %q: %w", ws.ID, err)
	}
	for _, a := range apps.Apple {
		out.RedirectURIs = append(out.RedirectURIs, a.RedirectURI)
	}
	for _, a := range apps.Android {
		out.RedirectURIs = append(out.RedirectURIs, a.RedirectURI)
	}
	return out, nil
}

// verifyDoc is the result in JSON.
type verifyDoc struct {
	// Result is matches or differs.
	Result      string             `json:"result"`
	Compared    []string           `json:"compared"`
	Differences []mobileFindingDoc `json:"differences"`
	Notes       []mobileFindingDoc `json:"notes"`
}

func (d verifyDoc) print(c *command) error {
	if c.json {
		return c.printJSON(d)
	}
	for _, f := range d.Differences {
		fmt.Fprintf(c.out, "%s %s: %s Fix: %s\n", f.Code, f.Where, f.text(), printable(f.Next))
	}
	for _, f := range d.Notes {
		fmt.Fprintf(c.out, "note %s %s: %s %s\n", f.Code, f.Where, f.text(), printable(f.Next))
	}
	if len(d.Differences) > 0 {
		return nil
	}
	_, err := fmt.Fprintf(c.out, "Everything matches: %s.\n", strings.Join(d.Compared, ", "))
	return err
}

// counted is a number with what it counts.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
