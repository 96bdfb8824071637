package account

import (
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// homePage is what somebody signs in with, and where they are signed in.
type homePage struct {
	Name        string        `json:"name"`
	Email       string        `json:"email"`
	ServerOwner bool          `json:"server_owner"`
	Roles       []roleRow     `json:"roles"`
	Passkeys    []passkeyRow  `json:"passkeys"`
	App         bool          `json:"authenticator_app"`
	AppSince    time.Time     `json:"authenticator_since,omitzero"`
	Password    bool          `json:"password"`
	Recovery    int           `json:"recovery_codes"`
	Made        time.Time     `json:"recovery_made,omitzero"`
	Microsoft   string        `json:"microsoft,omitempty"`
	MayLink     bool          `json:"-"`
	Sessions    []sessionRow  `json:"sessions"`
	Glass       console.Check `json:"break_glass"`
	Owner       bool          `json:"-"`
}

type roleRow struct {
	Workspace string `json:"workspace"`
	Role      string `json:"role"`
}

type passkeyRow struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

type sessionRow struct {
	ID      string    `json:"id"`
	By      string    `json:"by"`
	Agent   string    `json:"agent"`
	IP      string    `json:"ip"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Here    bool      `json:"here"`
}

// Head is that of a page.
func (homePage) Head() console.Head {
	return console.Head{Title: "Your account", Template: "account/home.html", Nav: "account", Server: true}
}

// byNames are the ways to sign in, for people.
var byNames = map[string]string{
	directory.ByPasskey: "Passkey", directory.ByTOTP: "Authenticator app", directory.ByRecovery: "Recovery code",
	directory.ByMicrosoft: "Microsoft", directory.ByJoining: "Link, not finished", directory.ByRecovering: "Link, not finished",
}

func sessionRows(all []directory.AdminSession, here string) []sessionRow {
	rows := make([]sessionRow, 0, len(all))
	for _, n := range all {
		rows = append(rows, sessionRow{n.ID, byNames[n.How], browserOf(n.Agent), n.IP, n.Created, n.Seen, n.ID == here})
	}
	return rows
}

func (s Section) home(ctx ctx, c *console.Call, _ none) (homePage, error) {
	who, err := s.Admin.Account(ctx, c.Me)
	if err != nil {
		return homePage{}, err
	}
	all, err := s.Admin.Sessions(ctx, who.ID)
	if err != nil {
		return homePage{}, err
	}
	m, _, err := s.Admin.MicrosoftSetting(ctx)
	if err != nil {
		return homePage{}, err
	}
	p := homePage{
		Name: who.Name, Email: who.Email, ServerOwner: who.ServerOwner, App: who.TOTP != nil, Password: who.Password != "",
		Recovery: len(who.Recovery), Made: who.RecoveryMade, MayLink: m.On(), Sessions: sessionRows(all, c.Me.Session),
	}
	for _, ws := range sortedKeys(who.Roles) {
		p.Roles = append(p.Roles, roleRow{ws, who.Roles[ws]})
		p.Owner = p.Owner || who.Roles[ws] == directory.AdminOwner
	}
	p.Owner = p.Owner || who.ServerOwner
	for _, k := range who.Passkeys {
		p.Passkeys = append(p.Passkeys, passkeyRow{k.ID, k.Name, k.Created, k.Used})
	}
	if who.TOTP != nil {
		p.AppSince = who.TOTP.Since
	}
	if who.Microsoft != nil {
		p.Microsoft = who.Microsoft.UserName
	}
	p.Glass = glassCheck(admin.GlassOf(who, c.Now))
	return p, nil
}

// glassCheck is whether somebody gets in while the identity provider does not
// answer.
func glassCheck(g admin.Glass) console.Check {
	k := console.Check{Title: "You get in when your identity provider does not answer", State: "good", Detail: "Proven on " + g.Proven.UTC().Format("2 January 2006") + "."}
	if !g.Ready {
		k.Title = "You do not get in yet when your identity provider does not answer"
		k.State, k.Detail, k.Fix = "warn", g.Missing, "Single sign-on can only be enforced while an owner is ready for this."
	}
	return k
}

type nameInput struct {
	Name string `json:"name"`
}

func (s Section) rename(ctx ctx, c *console.Call, in nameInput) (console.Done, error) {
	who, err := s.Admin.Account(ctx, c.Me)
	if err == nil {
		c.Target(who.ID)
		err = s.Admin.Rename(ctx, who.ID, in.Name)
	}
	if code, _ := problem.Of(err); code == problem.FieldBad {
		err = console.Fault{Field: "name", Err: err}
	}
	return done(c, "account.home", "Your name is changed."), err
}

func (s Section) newPasskey(_ ctx, c *console.Call, _ none) (factorPage, error) {
	st, err := s.standing(c)
	if err != nil {
		return factorPage{}, err
	}
	return s.passkeyPage(st, "passkey.html", "Add a passkey")
}

func (s Section) addPasskey(ctx ctx, c *console.Call, in newPasskeyInput) (console.Done, error) {
	st, err := s.standing(c)
	if err != nil {
		return console.Done{}, err
	}
	c.Target(st.Admin.ID)
	_, _, err = s.Admin.Enrol(ctx, st, admin.Factor{Passkey: in.Answer, Label: in.Label}, s.visitor(c))
	return done(c, "account.home", "The passkey is added."), err
}

type idInput struct {
	ID string `json:"id"`
}

func (s Section) removePasskey(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	c.Target(in.ID)
	st, err := s.standing(c)
	if err == nil {
		err = s.Admin.RemovePasskey(ctx, st, in.ID)
	}
	return done(c, "account.home", "The passkey is removed. Your other sessions have ended."), err
}

func (s Section) newApp(ctx ctx, c *console.Call, _ none) (factorPage, error) {
	st, err := s.standing(c)
	if err != nil {
		return factorPage{}, err
	}
	return s.appPage(ctx, st, "Set up an authenticator app")
}

// setTOTP answers the codes where there are new ones, else leads back.
func (s Section) setTOTP(ctx ctx, c *console.Call, in newAppInput) (codesPage, error) {
	st, err := s.standing(c)
	if err != nil {
		return codesPage{}, err
	}
	c.Target(st.Admin.ID)
	_, codes, err := s.Admin.Enrol(ctx, st, admin.Factor{Password: in.Password, Code: in.Code}, s.visitor(c))
	return codesPage{Codes: codes, Email: st.Admin.Email}, atField(err)
}

func (s Section) removeTOTP(ctx ctx, c *console.Call, _ none) (console.Done, error) {
	st, err := s.standing(c)
	if err == nil {
		c.Target(st.Admin.ID)
		err = s.Admin.RemoveTOTP(ctx, st)
	}
	return done(c, "account.home", "The authenticator app, the password and the recovery codes are removed. Your other sessions have ended."), err
}

// passwordPage is where a password is chosen.
type passwordPage struct {
	Has bool `json:"has"`
}

// Head is that of a page.
func (p passwordPage) Head() console.Head {
	return console.Head{Title: "Choose a password", Template: "account/password.html", Nav: "account", Server: true}
}

func (s Section) newPassword(ctx ctx, c *console.Call, _ none) (passwordPage, error) {
	who, err := s.Admin.Account(ctx, c.Me)
	return passwordPage{Has: who.Password != ""}, err
}

type passwordInput struct {
	Password string `json:"password"`
}

func (s Section) setPassword(ctx ctx, c *console.Call, in passwordInput) (console.Done, error) {
	st, err := s.standing(c)
	if err == nil {
		c.Target(st.Admin.ID)
		err = s.Admin.SetPassword(ctx, st, in.Password)
	}
	return done(c, "account.home", "The password is set. Your other sessions have ended."), atField(err)
}

func (s Section) newRecovery(ctx ctx, c *console.Call, _ none) (codesPage, error) {
	who, err := s.Admin.Account(ctx, c.Me)
	if err != nil {
		return codesPage{}, err
	}
	c.Target(who.ID)
	codes, err := s.Admin.NewRecovery(ctx, who.ID)
	return codesPage{Codes: codes, Email: who.Email}, err
}

// goPage leads to Microsoft: a form may not, as it could be made to send what was
// entered to another site.
type goPage struct{}

// Head is that of a page.
func (goPage) Head() console.Head {
	return console.Head{Title: "Link your Microsoft account", Template: "account/microsoftgo.html", Nav: "account", Server: true}
}

func (s Section) readyMicrosoft(ctx ctx, c *console.Call, _ none) (goPage, error) {
	_, err := s.Admin.Account(ctx, c.Me)
	return goPage{}, err
}

func (s Section) linkMicrosoft(w http.ResponseWriter, r *http.Request, c *console.Call) error {
	if _, err := s.Admin.Account(r.Context(), c.Me); err != nil {
		return err
	}
	if !c.Me.Fresh {
		return problem.New(problem.StepUpNeeded)
	}
	// Another site could lead a browser here in which somebody else is signed in at
	// Microsoft (Fetch Metadata, W3C).
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" && from != "none" {
		return problem.New(problem.CrossSite)
	}
	return s.goToMicrosoft(w, r, c.Me, c.Path("account.home"))
}

func (s Section) unlinkMicrosoft(ctx ctx, c *console.Call, _ none) (console.Done, error) {
	st, err := s.standing(c)
	if err == nil {
		c.Target(st.Admin.ID)
		err = s.Admin.UnlinkMicrosoft(ctx, st)
	}
	return done(c, "account.home", "The Microsoft account is not linked any more. Your other sessions have ended."), err
}

func (s Section) endSession(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	c.Target(in.ID)
	who, err := s.Admin.Account(ctx, c.Me)
	if err == nil {
		err = s.Admin.EndSession(ctx, who.ID, in.ID)
	}
	return done(c, "account.home", "The session has ended."), err
}

func (s Section) endSessions(ctx ctx, c *console.Call, _ none) (console.Done, error) {
	who, err := s.Admin.Account(ctx, c.Me)
	if err == nil {
		c.Target(who.ID)
		_, err = s.Admin.EndSessions(ctx, who.ID, c.Me.Session)
	}
	return done(c, "account.home", "All your other sessions have ended."), err
}
