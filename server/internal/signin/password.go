package signin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Passwords says whose a password is, and has it set. *local.Book is the real one.
type Passwords interface {
	// Check says whose password it is, and since when. permit is asked about that
	// person; everybody else is problem.PasswordRefused or, after too many tries,
	// PasswordWait.
	Check(ctx context.Context, ws directory.Workspace, email, password string, permit func(directory.User) error) (u directory.User, since time.Time, err error)
	// Forgot mails whoever has an address a link.
	Forgot(ctx context.Context, ws directory.Workspace, email string) error
	// Whose says who a link is for; Choose spends it.
	Whose(ctx context.Context, ws directory.Workspace, token string) (directory.User, error)
	Choose(ctx context.Context, ws directory.Workspace, token, password string) (u directory.User, since time.Time, err error)
	// Elsewhere reports whether an embedding program keeps the passwords, so that
	// none is set here.
	Elsewhere() bool
	// SendsLinks reports whether a link can be mailed to whoever forgot theirs.
	SendsLinks(ctx context.Context) (bool, error)
}

// local finds the workspace of a request about passwords, where it has any.
func (h *SAMLHandler) local(r *http.Request) (directory.Workspace, directory.Policy, error) {
	ctx := r.Context()
	ws, err := findWorkspace(ctx, h.Store, r.PathValue("ws"))
	if err != nil {
		return ws, directory.Policy{}, h.counted(r, err)
	}
	api.TraceOf(ctx).Workspace = ws.ID
	p, err := h.Store.Policy(ctx, ws, h.Now())
	if err == nil {
		err = p.Offers(directory.MethodLocal)
	}
	if err == nil && h.Passwords == nil {
		err = problem.New(problem.ModuleOff)
	}
	return ws, p, err
}

// passwordLogin signs somebody in with their password.
//
// An attacker would guess: tries are counted by address and by name. Or ask who
// exists: whoever does not is answered alike, and as slowly; where single sign-on
// is the rule for everybody, all that is refused is told to use it (row C6). Or
// have somebody signed in to an account of the attacker's: forms of other sites
// are refused.
func (h *SAMLHandler) passwordLogin(w http.ResponseWriter, r *http.Request) error {
	if err := h.PasswordLimit(r); err != nil {
		return err
	}
	ws, p, err := h.local(r)
	if err != nil {
		return err
	}
	form, err := ownForm(w, r)
	if err != nil {
		return err
	}
	ctx, back := r.Context(), ownPath(form.Get("return_to"))
	u, since, err := h.Passwords.Check(ctx, ws, form.Get("email"), form.Get("password"), func(u directory.User) error {
		g, err := h.Store.Gate(ctx, ws, directory.MethodLocal, u, h.Now())
		if err != nil {
			return err
		}
		return g.Permit(u)
	})
	if err == nil {
		err = h.enterWeb(w, r, entrance{ws: ws, user: u, method: directory.MethodLocal, password: since, rule: isActive, back: back})
		if code, _ := problem.Of(err); code != problem.PasswordRefused { // it was changed meanwhile
			return err
		}
	}
	if code, _ := problem.Of(err); code == problem.PasswordRefused && p.Everybody() {
		err = problem.Wrap(problem.UseSSO, err)
	}
	_, text := problem.Of(err)
	if text.Status >= 500 || wantsJSON(r) {
		return err
	}
	api.TraceOf(ctx).Err = err
	return h.showHome(w, r, ws, text.Status, homePage{Back: back, Email: form.Get("email"), Problem: saidOf(err)})
}

// isActive is the rule for somebody whose password was right.
func isActive(u *directory.User) error {
	if u == nil || u.State != directory.Active {
		return problem.New(problem.AccessEnded)
	}
	return nil
}

// forgotPage asks for the address to send a link to.
func (h *SAMLHandler) forgotPage(w http.ResponseWriter, r *http.Request) error {
	ws, _, err := h.mailing(r)
	if err != nil {
		return err
	}
	return h.show(w, http.StatusOK, "forgot", forgotPage{Workspace: ws.ID, Name: ws.Name})
}

// reset is local for what sets passwords.
func (h *SAMLHandler) reset(r *http.Request) (directory.Workspace, directory.Policy, error) {
	ws, p, err := h.local(r)
	if err == nil && h.Passwords.Elsewhere() {
		err = problem.New(problem.PasswordElsewhere)
	}
	return ws, p, err
}

// mailing is reset for what mails links: nobody is told to look into their mail
// where none can come.
func (h *SAMLHandler) mailing(r *http.Request) (directory.Workspace, directory.Policy, error) {
	ws, p, err := h.reset(r)
	if err != nil {
		return ws, p, err
	}
	sends, err := h.Passwords.SendsLinks(r.Context())
	if err == nil && !sends {
		err = problem.New(problem.PasswordNoLinks)
	}
	return ws, p, err
}

// forgot has a link mailed. The answer is the same for everybody, and was sent
// before it is looked who that is; nor is the connection kept busy meanwhile, so
// that its next answer says nothing either.
func (h *SAMLHandler) forgot(w http.ResponseWriter, r *http.Request) error {
	if err := h.PasswordLimit(r); err != nil {
		return err
	}
	ws, p, err := h.mailing(r)
	if err != nil {
		return err
	}
	form, err := ownForm(w, r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if wantsJSON(r) {
		err = api.Write(w, http.StatusAccepted, map[string]string{"sent": "if there is such an account"})
	} else {
		err = h.show(w, http.StatusOK, "forgot", forgotPage{Workspace: ws.ID, Name: ws.Name, Sent: true, OnlySSO: p.Everybody()})
	}
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).Flush() // where it can't be, the answer is only later
	ctx, email := context.WithoutCancel(ctx), form.Get("email")
	h.soon(func() {
		err := h.Passwords.Forgot(ctx, ws, email)
		switch {
		case err == nil:
		case errors.Is(err, problem.New(problem.PasswordWait)):
			h.log().InfoContext(ctx, "no link to choose a password was sent", "workspace", ws.ID, "error", err)
		default:
			h.log().ErrorContext(ctx, "no link to choose a password was sent", "workspace", ws.ID, "error", err)
		}
	})
	return nil
}

// soon has something done that nobody is to wait for.
func (h *SAMLHandler) soon(do func()) {
	if h.Soon == nil {
		do()
		return
	}
	h.Soon(do)
}

// choosePage shows where to type a new password. Opening a link spends nothing:
// programs that look at mails do it too.
func (h *SAMLHandler) choosePage(w http.ResponseWriter, r *http.Request) error {
	if err := h.PasswordLimit(r); err != nil {
		return err
	}
	ws, _, err := h.reset(r)
	if err != nil {
		return err
	}
	return h.showChoose(w, r, ws, r.URL.Query().Get("t"), http.StatusOK, nil)
}

func (h *SAMLHandler) showChoose(w http.ResponseWriter, r *http.Request, ws directory.Workspace, token string, status int, why error) error {
	u, err := h.Passwords.Whose(r.Context(), ws, token)
	if err != nil {
		return err
	}
	p := choosePasswordPage{Workspace: ws.ID, Name: ws.Name, Token: token, Email: directory.MailOf(u.Doc)}
	if why != nil {
		api.TraceOf(r.Context()).Err = why
		p.Problem = saidOf(why)
	}
	return h.show(w, status, "password", p)
}

// choose sets the password, spends the link and signs the person in.
func (h *SAMLHandler) choose(w http.ResponseWriter, r *http.Request) error {
	if err := h.PasswordLimit(r); err != nil {
		return err
	}
	ws, _, err := h.reset(r)
	if err != nil {
		return err
	}
	form, err := ownForm(w, r)
	if err != nil {
		return err
	}
	var u directory.User
	var since time.Time
	if form.Get("password") != form.Get("again") {
		err = problem.New(problem.PasswordTwice)
	} else {
		u, since, err = h.Passwords.Choose(r.Context(), ws, form.Get("t"), form.Get("password"))
	}
	switch code, text := problem.Of(err); {
	case err == nil:
		return h.enterWeb(w, r, entrance{ws: ws, user: u, method: directory.MethodLocal, password: since, rule: isActive})
	case (code == problem.PasswordWeak || code == problem.PasswordTwice) && !wantsJSON(r):
		return h.showChoose(w, r, ws, form.Get("t"), text.Status, err)
	}
	return err
}
