package announce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Facts are what an announcement is written from.
type Facts struct {
	Workspace    directory.Workspace
	Announcement directory.Announcement
	// SAML and Microsoft say which ways to sign in there are, Enforced that there
	// is no other.
	SAML, Microsoft, Enforced bool
	// Pilot says that it concerns only those who go first.
	Pilot     bool
	PublicURL *url.URL
}

// Letter is an announcement.
type Letter struct {
	Subject string `json:"subject"`
	// Text is plain, and good Markdown as well.
	Text string `json:"text"`
	// Own says which of the two an administrator wrote.
	OwnSubject bool `json:"own_subject"`
	OwnText    bool `json:"own_text"`
}

// Markdown is the letter for a page or a chat.
func (l Letter) Markdown() string { return "# " + l.Subject + "\n\n" + l.Text + "\n" }

// Facts reads what an announcement of a workspace is written from.
func (d *Desk) Facts(ctx context.Context, workspace string) (Facts, error) {
	f := Facts{PublicURL: d.PublicURL}
	var err error
	if f.Workspace, err = d.Store.Workspace(ctx, workspace); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return f, problem.Wrap(problem.UnknownWorkspace, err)
		}
		return f, fmt.Errorf("announce: %w", err)
	}
	conn, err := d.Store.SAML(ctx, f.Workspace.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return f, fmt.Errorf("announce: %w", err)
	}
	f.SAML = conn.Version > 0 && !conn.Disabled
	f.Microsoft = f.Workspace.Microsoft.TenantID != "" && f.Workspace.Microsoft.ClientID != ""
	enforcement, _, err := store.ReadSetting[directory.Enforcement](ctx, d.Store, f.Workspace.ID, directory.EnforcementSetting)
	if err != nil {
		return f, err
	}
	pilot, _, err := store.ReadSetting[directory.Pilot](ctx, d.Store, f.Workspace.ID, directory.SettingPilot)
	if err != nil {
		return f, err
	}
	f.Enforced, f.Pilot = enforcement.Enforced, pilot.On
	f.Announcement, _, err = d.Read(ctx, f.Workspace.ID)
	return f, err
}

// SignInURL is where people sign in to a workspace.
func (f Facts) SignInURL() string { return f.PublicURL.JoinPath("w", f.Workspace.ID, "/").String() }

// Write is the announcement: what an administrator made of it, and where they
// made nothing, what is known.
func (f Facts) Write() Letter {
	a := f.Announcement
	l := Letter{Subject: a.Subject, Text: a.Text, OwnSubject: a.Subject != "", OwnText: a.Text != ""}
	l.Subject = cmp.Or(l.Subject, f.subject())
	l.Text = cmp.Or(l.Text, f.text())
	return l
}

func (f Facts) name() string { return oneLine(cmp.Or(f.Workspace.Name, f.Workspace.ID)) }

// on is the day in words, or "".
func (f Facts) on() string {
	day, err := time.Parse(time.DateOnly, f.Announcement.Date)
	if err != nil {
		return ""
	}
	return day.Format("Monday, 2 January 2006")
}

func (f Facts) subject() string {
	s := "Sign in to " + f.name() + " with your Microsoft work account"
	if day, err := time.Parse(time.DateOnly, f.Announcement.Date); err == nil {
		s = "From " + day.Format("2 January 2006") + ": sign in to " + f.name() + " with your Microsoft work account"
	}
	if r := []rune(s); len(r) > maxSubject {
		s = string(r[:maxSubject-1]) + "…"
	}
	return s
}

func (f Facts) text() string {
	begin := "You now sign in to " + f.name() + " with your Microsoft work account."
	if day := f.on(); day != "" {
		begin = "From " + day + " you sign in to " + f.name() + " with your Microsoft work account."
	}
	parts := []string{"Hello,", begin, "What changes:\n\n" + list(f.changes())}
	steps := []string{
		"Open " + f.SignInURL() + ", and choose " + f.buttons() + ".",
		"Or open the app, and enter " + f.Workspace.ID + " where it asks for the workspace.",
		"Sign in with your Microsoft work account, and follow what is on the screen.",
	}
	if d := f.Announcement.Download; d != "" {
		steps[1] = "Or get the app from " + d + ", and enter " + f.Workspace.ID + " where it asks for the workspace."
	}
	var how strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&how, "%d. %s\n", i+1, s)
	}
	parts = append(parts, "How to sign in:\n\n"+strings.TrimSpace(how.String()))
	help := "If something does not work, ask your IT help desk, and send them the code that the page shows."
	if h := f.Announcement.Help; h != "" {
		help = "If something does not work, ask " + strings.TrimSuffix(h, ".") + ", and send the code that the page shows."
	}
	return strings.Join(append(parts, help), "\n\n")
}

// buttons are the words to look for on the sign-in page.
func (f Facts) buttons() string {
	switch {
	case f.SAML && !f.Microsoft:
		return "Sign in with SSO"
	case f.Microsoft && !f.SAML:
		return "Sign in with Microsoft"
	default:
		return "Sign in with Microsoft or Sign in with SSO"
	}
}

// changes are what is different for people.
func (f Facts) changes() []string {
	out := []string{"You use the account and password that you have for Microsoft 365. There is no other password to remember."}
	switch {
	case f.Enforced:
		out = append(out, "Signing in with e-mail address and password is switched off.")
	case f.Pilot:
		out = append(out, "You are among the first to try it. Others sign in as before, and follow later.")
	default:
		out = append(out, "Whatever way you signed in before goes on working for now.")
	}
	if f.SAML {
		out = append(out, "Where you are signed in to Microsoft 365 already, you are let in without typing anything.")
	}
	return append(out, "What you see and may do in "+f.name()+" stays as it is.")
}

func list(all []string) string { return "- " + strings.Join(all, "\n- ") }

// oneLine is a text without what would begin a line of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
