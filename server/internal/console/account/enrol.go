package account

import (
	"html/template"
	"net/url"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
)

// factorPage is where a passkey or an authenticator app is set up: by somebody who
// joins, or who has an account.
type factorPage struct {
	Email string `json:"email"`
	// Joining leads on to the console once it is done; Recovering also says what
	// goes.
	Joining    bool `json:"joining"`
	Recovering bool `json:"recovering"`
	// Passkey are options for the browser; "" where there are none, for the reason
	// NoPasskey.
	Passkey   string `json:"-"`
	NoPasskey string `json:"no_passkey,omitempty"`
	// App is the authenticator app that is set up.
	App *admin.Pending `json:"-"`
	// HasPassword: one is set, so that none need be chosen.
	HasPassword bool   `json:"has_password"`
	Name        string `json:"name"`
	template    string
	title       string
}

// Head is that of a page.
func (p factorPage) Head() console.Head {
	h := console.Head{Title: p.title, Template: "account/" + p.template, Plain: p.Joining, Nav: "account", Server: true}
	return h
}

func (s Section) enrol(_ ctx, c *console.Call, _ none) (factorPage, error) {
	st, err := s.joining(c)
	if err != nil {
		return factorPage{}, err
	}
	return s.passkeyPage(st, "enrol.html", "Choose how you sign in")
}

// joining is who sets up how to sign in, by a link.
func (s Section) joining(c *console.Call) (admin.Standing, error) {
	st, err := s.standing(c)
	if err == nil && !st.Joining {
		err = problem.New(problem.AdminLink)
	}
	return st, err
}

func (s Section) passkeyPage(st admin.Standing, template, title string) (factorPage, error) {
	p := factorPage{Email: st.Admin.Email, Name: st.Admin.Name, Joining: st.Joining, Recovering: st.Recovering, HasPassword: st.Admin.Password != "" && !st.Joining, template: template, title: title}
	var err error
	p.Passkey, err = s.Admin.RegisterOptions(st.Admin, st.Session.ID)
	if code, text := problem.Of(err); code == problem.AdminNoPasskeys {
		p.NoPasskey, err = text.Sentence, nil
	}
	return p, err
}

func (s Section) enrolApp(ctx ctx, c *console.Call, _ none) (factorPage, error) {
	st, err := s.joining(c)
	if err != nil {
		return factorPage{}, err
	}
	return s.appPage(ctx, st, "Set up an authenticator app")
}

func (s Section) appPage(ctx ctx, st admin.Standing, title string) (factorPage, error) {
	p := factorPage{Email: st.Admin.Email, Name: st.Admin.Name, Joining: st.Joining, Recovering: st.Recovering, HasPassword: st.Admin.Password != "" && !st.Joining, template: "app.html", title: title}
	app, err := s.Admin.BeginTOTP(ctx, st.Admin, st.Session)
	p.App = &app
	return p, err
}

type newPasskeyInput struct {
	Answer string `json:"answer"`
	Label  string `json:"label"`
}

func (s Section) enrolPasskey(ctx ctx, c *console.Call, in newPasskeyInput) (codesPage, error) {
	st, err := s.joining(c)
	if err != nil {
		return codesPage{}, err
	}
	signed, codes, err := s.Admin.Enrol(ctx, st, admin.Factor{Passkey: in.Answer, Label: in.Label}, s.visitor(c))
	if err != nil {
		return codesPage{}, err
	}
	return s.welcome(c, signed, codes), nil
}

type newAppInput struct {
	Password string `json:"password"`
	Code     string `json:"code"`
}

func (s Section) enrolTOTP(ctx ctx, c *console.Call, in newAppInput) (codesPage, error) {
	st, err := s.joining(c)
	if err != nil {
		return codesPage{}, err
	}
	signed, codes, err := s.Admin.Enrol(ctx, st, admin.Factor{Password: in.Password, Code: in.Code}, s.visitor(c))
	if err != nil {
		return codesPage{}, atField(err)
	}
	return s.welcome(c, signed, codes), nil
}

// atField says at which field of a form a problem is.
func atField(err error) error {
	switch code, _ := problem.Of(err); code {
	case problem.AdminCode:
		return console.Fault{Field: "code", Err: err}
	case problem.AdminPassword:
		return console.Fault{Field: "password", Err: err}
	case problem.AdminAddress:
		return console.Fault{Field: "email", Err: err}
	case problem.AdminTokenTooLong:
		return console.Fault{Field: "days", Err: err}
	}
	return err
}

func (s Section) welcome(c *console.Call, signed admin.Signed, codes []string) codesPage {
	c.SetCookie(signed.Cookie)
	return codesPage{Codes: codes, Welcome: true, Email: signed.Admin.Email}
}

// codesPage shows recovery codes, once. Without codes it says what to do next.
type codesPage struct {
	Codes []string `json:"codes,omitempty"`
	// Welcome: they have just joined.
	Welcome bool   `json:"-"`
	Email   string `json:"email"`
}

// Head is that of a page.
func (p codesPage) Head() console.Head {
	h := console.Head{Title: "Your recovery codes", Template: "account/codes.html", Nav: "account", Plain: true, Server: true}
	if len(p.Codes) == 0 {
		h.Title = "You are in"
	}
	return h
}

// Joined are the codes, one a line.
func (p codesPage) Joined() string { return strings.Join(p.Codes, "\n") }

// File is the codes as a file that the browser saves without asking the server.
func (p codesPage) File() template.URL {
	text := "Recovery codes of " + p.Email + " for the Lanyard console.\nEach works once, with the password, in the place of the authenticator app.\n\n" + p.Joined() + "\n"
	return template.URL("data:text/plain;charset=utf-8," + url.PathEscape(text)) //nolint:gosec // of our own texts, escaped
}
