package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// ProofFor is how long it counts that an owner signed in by what is theirs alone.
const ProofFor = 30 * 24 * time.Hour

// State is whether a workspace can be administered while its identity provider does
// not answer (row C7).
type State struct {
	// Ready says that at least one owner can, and has shown it.
	Ready  bool    `json:"ready"`
	Owners []Glass `json:"owners"`
}

// Glass is an owner, and how they would get in.
type Glass struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	// Passkey and TOTP are what they have, Recovery how many codes are left.
	Passkey  bool `json:"passkey"`
	TOTP     bool `json:"totp"`
	Recovery int  `json:"recovery"`
	// Proven is when they last showed that it works, and By with what.
	Proven time.Time `json:"proven,omitzero"`
	By     string    `json:"by,omitempty"`
	Ready  bool      `json:"ready"`
	// Missing says in a sentence what keeps them from being ready, or is empty.
	Missing string `json:"missing,omitempty"`
}

// BreakGlass says who of a workspace's owners gets into the console without the
// identity provider: by a passkey or an authenticator app, with recovery codes put
// away, proven within [ProofFor].
func (a *Admin) BreakGlass(ctx context.Context, workspace string) (State, error) {
	all, err := a.cfg.Store.Admins(ctx)
	if err != nil {
		return State{}, err
	}
	var s State
	for _, x := range all {
		if x.Owns(workspace) {
			g := GlassOf(x, a.now())
			s.Owners, s.Ready = append(s.Owners, g), s.Ready || g.Ready
		}
	}
	return s, nil
}

// GlassOf says how somebody would get in without the identity provider.
func GlassOf(x directory.Administrator, now time.Time) Glass {
	g := Glass{
		ID: x.ID, Name: x.Name, Email: x.Email, Passkey: len(x.Passkeys) > 0, TOTP: x.HasTOTP(),
		Recovery: len(x.Recovery), Proven: x.Proven, By: x.ProvenBy,
	}
	switch {
	case !x.Enrolled():
		g.Missing = "Has not set up a passkey or an authenticator app."
	case g.Recovery == 0:
		g.Missing = "Has no recovery codes. They are made under Your account."
	case now.Sub(x.Proven) > ProofFor:
		g.Missing = "Has not signed in with a passkey or an authenticator app for 30 days."
	default:
		g.Ready = true
	}
	return g
}

// GlassReady is [Admin.BreakGlass] as a condition: nil where an owner is ready, else
// problem.SSONoBreakGlass with what is missing.
func (a *Admin) GlassReady(ctx context.Context, workspace string) error {
	s, err := a.BreakGlass(ctx, workspace)
	switch {
	case err != nil:
		return err
	case s.Ready:
		return nil
	case len(s.Owners) == 0:
		return problem.Detailf(problem.SSONoBreakGlass, "The workspace has no owner.")
	}
	g := s.Owners[0]
	return problem.Detailf(problem.SSONoBreakGlass, "%s %s", g.Email, strings.ToLower(g.Missing[:1])+g.Missing[1:])
}

// alarm tells owners that somebody got in past an identity provider: always where
// it was with a recovery code or a link to recover, and where a workspace of theirs
// enforces single sign-on, whenever they used anything but Microsoft.
func (a *Admin) alarm(ctx context.Context, who directory.Administrator, how string, v Visitor) error {
	var enforced []string
	if how != directory.ByMicrosoft {
		var err error
		if enforced, err = a.enforced(ctx, who); err != nil {
			return err
		}
	}
	always := how == directory.ByRecovery || how == directory.ByRecovering
	if len(enforced) == 0 && !always {
		return nil
	}
	by := map[string]string{
		directory.ByPasskey: "a passkey", directory.ByTOTP: "an authenticator app", directory.ByRecovery: "a recovery code",
		directory.ByRecovering: "a link to recover access",
	}[how]
	for _, ws := range append(enforced, "") {
		if ws == "" && !always {
			continue
		}
		if err := a.cfg.Store.AppendAudit(ctx, store.AuditEntry{
			At: a.now(), Workspace: ws, Act: "account.breakglass", Actor: who.Email, ActorID: who.ID, Target: who.ID,
			Detail: map[string]string{"by": how}, Outcome: store.AuditDone, IP: v.IPText(),
		}); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("%s (%s) got into the console with %s, from %s, at %s.", who.Name, who.Email, by, v, a.now().UTC().Format("2 January 2006, 15:04 UTC"))
	if len(enforced) > 0 {
		text += "\n\nSingle sign-on is enforced, and this way in is the exception for when the identity provider does not answer."
	}
	if how == directory.ByRecovery {
		text += fmt.Sprintf("\n\n%d recovery codes are left.", len(who.Recovery))
	}
	text += "\n\nIf it was not them, end their sessions and remove what they sign in with, under Administrators."
	a.tell(ctx, who, enforced, "Somebody got into the console past single sign-on", text)
	return nil
}

// IPText is the address, or "".
func (v Visitor) IPText() string {
	if !v.IP.IsValid() {
		return ""
	}
	return v.IP.String()
}

// enforced are the workspaces that somebody owns and that enforce single sign-on.
func (a *Admin) enforced(ctx context.Context, who directory.Administrator) (all []string, err error) {
	var mine []string
	for ws, role := range who.Roles {
		if role == directory.AdminOwner {
			mine = append(mine, ws)
		}
	}
	if who.ServerOwner {
		every, err := a.cfg.Store.Workspaces(ctx)
		if err != nil {
			return nil, err
		}
		mine = nil
		for _, ws := range every {
			mine = append(mine, ws.ID)
		}
	}
	slices.Sort(mine)
	for _, ws := range mine {
		e, _, err := store.ReadSetting[directory.Enforcement](ctx, a.cfg.Store, ws, directory.EnforcementSetting)
		if err != nil {
			return nil, err
		}
		if e.Enforced {
			all = append(all, ws)
		}
	}
	return all, nil
}

// tell mails the owners of the server and of the workspaces, and whom it is about.
// That it could not be sent is logged: it must keep nobody out.
func (a *Admin) tell(ctx context.Context, who directory.Administrator, workspaces []string, subject, text string) {
	if a.cfg.Mail == nil {
		return
	}
	ctx = store.WithoutAudit(ctx)
	all, err := a.cfg.Store.Admins(ctx)
	if err != nil {
		a.cfg.Log.ErrorContext(ctx, "an alert could not be sent", "error", err)
		return
	}
	to := []string{who.Email}
	for _, x := range all {
		owns := x.ServerOwner || slices.ContainsFunc(workspaces, x.Owns)
		if owns && x.Enrolled() && !slices.Contains(to, x.Email) {
			to = append(to, x.Email)
		}
	}
	m := directory.Mail{To: to, Kind: "breakglass", Subject: subject, Text: text}
	if len(workspaces) == 1 {
		m.Workspace = workspaces[0]
	}
	if _, err := a.cfg.Mail.Queue(ctx, m); err != nil {
		a.cfg.Log.ErrorContext(ctx, "an alert could not be sent", "error", err)
	}
}
