package account

import (
	"errors"
	"net/http"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// signInPage is where administrators sign in.
type signInPage struct {
	// Passkey are options for the browser, "" where there are none.
	Passkey   string `json:"-"`
	Microsoft bool   `json:"microsoft"`
	// Joining is what somebody is called who has not finished to set up.
	Joining string `json:"-"`
	// Signed is who is signed in already.
	Signed string `json:"-"`
	Next   string `json:"next,omitempty"`
}

// Head is that of a page.
func (signInPage) Head() console.Head {
	return console.Head{Title: "Sign in to the console", Template: "account/signin.html", Plain: true, Server: true}
}

type nextInput struct {
	Next string `json:"next"`
}

func (s Section) signIn(ctx ctx, c *console.Call, in nextInput) (signInPage, error) {
	p := signInPage{Next: in.Next}
	var err error
	if p.Passkey, err = s.Admin.SignInOptions(); err != nil {
		return p, err
	}
	m, _, err := s.Admin.MicrosoftSetting(ctx)
	if err != nil {
		return p, err
	}
	p.Microsoft = m.On()
	if c.Me.Known() && c.Me.Link == nil {
		p.Signed = c.Me.Called()
	}
	if c.Request != nil && p.Signed == "" {
		_, who, ok, err := s.Admin.Joining(c.Request)
		if err != nil {
			return p, err
		}
		if ok {
			p.Joining = who.Email
		}
	}
	return p, nil
}

type codeInput struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Code     string `json:"code"`
	Next     string `json:"next"`
}

// signedIn is what a sign-in answers. The cookie is not in it.
type signedIn struct {
	console.Done
	Name string `json:"name"`
}

func (s Section) signInCode(ctx ctx, c *console.Call, in codeInput) (signedIn, error) {
	signed, err := s.Admin.SignIn(ctx, in.Email, in.Password, in.Code, s.visitor(c))
	return s.entered(c, signed, in.Next), err
}

func (s Section) entered(c *console.Call, signed admin.Signed, next string) signedIn {
	if signed.Cookie == nil {
		return signedIn{}
	}
	c.SetCookie(signed.Cookie)
	return signedIn{Done: console.Done{To: c.Local(next)}, Name: signed.Admin.Name}
}

type passkeyInput struct {
	Answer string `json:"answer"`
	Next   string `json:"next"`
}

func (s Section) signInPasskey(ctx ctx, c *console.Call, in passkeyInput) (signedIn, error) {
	signed, err := s.Admin.SignInPasskey(ctx, in.Answer, s.visitor(c))
	return s.entered(c, signed, in.Next), err
}

func (s Section) signOut(_ ctx, c *console.Call, _ none) (console.Done, error) {
	if c.Request == nil {
		return console.Done{}, problem.New(problem.AdminNoAccount)
	}
	gone, err := s.Admin.SignOut(c.Request)
	if err != nil {
		return console.Done{}, err
	}
	for _, k := range gone {
		c.SetCookie(k)
	}
	return done(c, SignIn, "You are signed out."), nil
}

// toMicrosoft leads to Microsoft's page to sign in.
func (s Section) toMicrosoft(w http.ResponseWriter, r *http.Request, c *console.Call) error {
	return s.goToMicrosoft(w, r, console.Principal{}, c.Local(r.URL.Query().Get("next")))
}

func (s Section) goToMicrosoft(w http.ResponseWriter, r *http.Request, link console.Principal, next string) error {
	address, cookie, err := s.Admin.BeginMicrosoft(r.Context(), link, next)
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// fromMicrosoft takes Microsoft's answer.
func (s Section) fromMicrosoft(w http.ResponseWriter, r *http.Request, c *console.Call) error {
	got, err := s.Admin.FinishMicrosoft(r, c.Me)
	if got.Spent != nil {
		http.SetCookie(w, got.Spent)
	}
	if err != nil {
		return err
	}
	to := c.Local(got.Next)
	if got.Linked {
		to = c.Path("account.home")
	} else {
		http.SetCookie(w, got.Cookie)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// joinPage is what a link to join by opens.
type joinPage struct {
	// Token is the link's secret, for the form.
	Token   string `json:"-"`
	First   bool   `json:"first"`
	Recover bool   `json:"recover"`
	Name    string `json:"name"`
	Email   string `json:"email"`
}

// Head is that of a page.
func (p joinPage) Head() console.Head {
	title := "Join as an administrator"
	if p.First {
		title = "Become the owner of this server"
	}
	if p.Recover {
		title = "Set up anew how you sign in"
	}
	return console.Head{Title: title, Template: "account/join.html", Plain: true, Server: true}
}

type tokenInput struct {
	Token string `json:"token"`
}

func (s Section) join(ctx ctx, c *console.Call, in tokenInput) (joinPage, error) {
	if in.Token == "" && c.Request != nil {
		in.Token = c.Request.PostFormValue("token") // shown again after a form that was refused
	}
	i, err := s.Admin.ReadLink(ctx, in.Token)
	if err != nil {
		return joinPage{}, err
	}
	return joinPage{Token: in.Token, First: i.First, Recover: i.Recover, Name: i.Admin.Name, Email: i.Admin.Email}, nil
}

type joinInput struct {
	Token string `json:"token"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

func (s Section) accept(ctx ctx, c *console.Call, in joinInput) (console.Done, error) {
	signed, err := s.Admin.Join(ctx, in.Token, in.Name, in.Email, s.visitor(c))
	if code, _ := problem.Of(err); code == problem.AdminAddress {
		err = console.Fault{Field: "email", Err: err}
	}
	if err != nil {
		return console.Done{}, err
	}
	c.SetCookie(signed.Cookie)
	return done(c, "account.enrol", ""), nil
}

// setupPage is what a setup link opens.
type setupPage struct {
	Token     string           `json:"-"`
	Workspace string           `json:"workspace"`
	Module    directory.Module `json:"module"`
	Title     string           `json:"title"`
	For       string           `json:"for,omitempty"`
	By        string           `json:"by"`
	Expires   string           `json:"expires"`
}

// Head is that of a page.
func (setupPage) Head() console.Head {
	return console.Head{Title: "You are asked to help with a set-up", Template: "account/setup.html", Plain: true, Server: true}
}

func (s Section) setup(ctx ctx, c *console.Call, in tokenInput) (setupPage, error) {
	if in.Token == "" && c.Request != nil {
		in.Token = c.Request.PostFormValue("token")
	}
	l, err := s.Admin.ReadSetupLink(ctx, in.Token)
	if err != nil {
		return setupPage{}, err
	}
	return setupPage{
		Token: in.Token, Workspace: l.Workspace, Module: l.Module, Title: l.Module.Name(), For: l.For, By: l.By,
		Expires: l.Expires.UTC().Format("2 January 2006, 15:04 UTC"),
	}, nil
}

func (s Section) openSetup(ctx ctx, c *console.Call, in tokenInput) (console.Done, error) {
	l, cookie, err := s.Admin.OpenSetupLink(ctx, in.Token, s.visitor(c))
	if err != nil {
		return console.Done{}, err
	}
	home := moduleHome[l.Module]
	if !c.Has(home) {
		return console.Done{}, problem.Wrap(problem.NotFound, errors.New("the module has no page"))
	}
	c.SetCookie(cookie)
	return done(c, home, "", "ws", l.Workspace), nil
}
