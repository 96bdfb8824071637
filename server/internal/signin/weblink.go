package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// linking is a verified sign-in of somebody whom the directory does not know, or
// not for sure, until they prove with the password of an account that it is
// theirs (row B16).
type linking struct {
	Method    directory.Method       `json:"method"`
	Workspace string                 `json:"workspace"`
	Identity  keptIdentity           `json:"identity"`
	SAML      *directory.SAMLSession `json:"saml,omitempty"`
	OIDC      *directory.OIDCSession `json:"oidc,omitempty"`
	Ends      time.Time              `json:"ends,omitzero"`
	Return    string                 `json:"return,omitempty"`
	Binding   string                 `json:"binding"`
	// Asked says that this browser began the sign-in: one that nobody asked for
	// could be anybody's, and is linked with nothing.
	Asked bool `json:"-"`
}

// keptIdentity is as much of an identity as linking needs.
type keptIdentity struct {
	directory.Identity
	Guest    bool   `json:"guest,omitempty"`
	Fleeting bool   `json:"fleeting,omitempty"`
	Issuer   string `json:"issuer"`
}

func keptOf(id identity) keptIdentity {
	return keptIdentity{Identity: id.Identity, Guest: id.guest, Fleeting: id.fleeting, Issuer: id.issuer}
}

// linkLife is how long a sign-in waits for a password.
const linkLife = 10 * time.Minute

// offerLink offers to link a sign-in with an account that has a password, where
// that could be: nobody has its object id, a guest's name proves nothing, and the
// workspace has passwords. Otherwise the failure stays what it is. Nothing is said
// about which accounts there are.
func (h *SAMLHandler) offerLink(w http.ResponseWriter, r *http.Request, l linking, why error) error {
	ctx := r.Context()
	ws, err := findWorkspace(ctx, h.Store, l.Workspace)
	if err != nil {
		return errors.Join(why, err)
	}
	may, err := h.linkable(ctx, ws, l.Method, l.Identity, why)
	if err != nil || !may || !l.Asked {
		return errors.Join(why, err)
	}
	handle := secret()
	l.Binding = h.bind(w, r, handle)
	doc, err := json.Marshal(l)
	if err != nil {
		return err
	}
	now := h.Now()
	err = h.Store.Exchange(ctx, nil, []store.Ticket{{
		Kind: store.TicketLink, Hash: directory.HashToken(handle), Workspace: ws.ID, Doc: doc, Created: now, Expires: now.Add(linkLife),
	}}, now)
	if err != nil {
		return fmt.Errorf("keeping the sign-in: %w", err)
	}
	return h.show(w, http.StatusOK, "link", linkPage{Workspace: ws.ID, Name: ws.Name, Handle: handle, As: shownAs(l.Identity)})
}

// linkable says whether somebody who was refused could prove with a password which
// account of a workspace is theirs: see offerLink.
func (h *SAMLHandler) linkable(ctx context.Context, ws directory.Workspace, m directory.Method, id keptIdentity, why error) (bool, error) {
	code, _ := problem.Of(why)
	if code != problem.NotLinked && code != problem.NotAdmitted || id.Guest || id.Fleeting || id.ObjectID == "" || h.Passwords == nil {
		return false, nil
	}
	p, err := h.Store.Policy(ctx, ws, h.Now())
	if err != nil || p.Offers(directory.MethodLocal) != nil || p.Offers(m) != nil {
		return false, err
	}
	taken, err := h.people(m).byObjectID(ctx, ws, identity{Identity: id.Identity})
	return err == nil && taken == nil, err
}

// shownAs is what a person is told about the account that they signed in with.
func shownAs(id keptIdentity) string {
	for _, s := range []string{id.UserName, id.Email, id.Name} {
		if s != "" {
			return s
		}
	}
	return "your organisation's account"
}

// link joins a sign-in with the account whose password is typed, once and for all,
// and signs the person in. A wrong password leaves the sign-in waiting: tries are
// counted as at every other place.
//
// An attacker would have somebody else's browser hold a sign-in of theirs, and
// that person type their password: so the sign-in has to have been begun in this
// very browser, the page says whose it is, and forms of other sites are refused.
func (h *SAMLHandler) link(w http.ResponseWriter, r *http.Request) error {
	if err := h.PasswordLimit(r); err != nil {
		return err
	}
	form, err := ownForm(w, r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	ws, err := findWorkspace(ctx, h.Store, r.PathValue("ws"))
	if err != nil {
		return h.counted(r, err)
	}
	api.TraceOf(ctx).Workspace = ws.ID
	handle := form.Get("r")
	key := store.TicketKey{Kind: store.TicketLink, Workspace: ws.ID, Hash: directory.HashToken(handle)}
	l, err := h.waiting(ctx, r, handle, key)
	if err != nil {
		return err
	}
	u, err := h.provenFor(ctx, ws, l, form.Get("email"), form.Get("password"))
	if err == nil {
		err = h.linkNow(ctx, r, ws, l, u, key)
	}
	if code, _ := problem.Of(err); code == problem.LinkPassword || code == problem.PasswordWait {
		api.TraceOf(ctx).Err = err
		if wantsJSON(r) {
			return err
		}
		return h.show(w, problem.Lookup(code).Status, "link", linkPage{
			Workspace: ws.ID, Name: ws.Name, Handle: handle, As: shownAs(l.Identity), Email: form.Get("email"), Problem: saidOf(err),
		})
	}
	if err != nil {
		return err
	}
	h.setCookie(w, h.requestCookie(handle), "", 0)
	return h.enterWeb(w, r, entrance{
		ws: ws, user: u, method: l.Method, rule: linkedTo(l), back: l.Return, saml: l.SAML, oidc: l.OIDC, ends: l.Ends,
	})
}

// waiting returns the sign-in that waits for a password in this browser. Unknown,
// spent, expired and another browser's are alike.
func (h *SAMLHandler) waiting(ctx context.Context, r *http.Request, handle string, key store.TicketKey) (linking, error) {
	var l linking
	t, err := h.Store.Ticket(ctx, key, h.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return l, problem.Wrap(problem.LinkGone, err)
	case err != nil:
		return l, fmt.Errorf("looking for the sign-in: %w", err)
	}
	if err := json.Unmarshal(t.Doc, &l); err != nil {
		return l, fmt.Errorf("reading the sign-in: %w", err)
	}
	if h.boundSecret(r, handle, l.Binding) == "" {
		return l, problem.Wrap(problem.LinkGone, errors.New("another browser's"))
	}
	return l, nil
}

// provenFor returns whose password it is, if that account can be linked. All that
// is wrong is one sentence, so that nobody learns of accounts here.
func (h *SAMLHandler) provenFor(ctx context.Context, ws directory.Workspace, l linking, email, password string) (directory.User, error) {
	u, _, err := h.Passwords.Check(ctx, ws, email, password, func(u directory.User) error {
		if !directory.Linkable(u) {
			return problem.Wrap(problem.LinkTaken, errors.New("the account has an object id already"))
		}
		g, err := h.Store.Gate(ctx, ws, l.Method, u, h.Now())
		if err != nil {
			return err
		}
		return g.Permit(u)
	})
	if code, _ := problem.Of(err); code == problem.PasswordRefused {
		return u, problem.Wrap(problem.LinkPassword, err)
	}
	return u, err
}

// linkNow spends the sign-in and joins it with the account. The link is in the
// audit log in the same transaction.
func (h *SAMLHandler) linkNow(ctx context.Context, r *http.Request, ws directory.Workspace, l linking, u directory.User, key store.TicketKey) error {
	if err := h.stillOf(ctx, ws, l); err != nil {
		return err
	}
	if _, err := h.Store.TakeTicket(ctx, key, h.Now()); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return problem.Wrap(problem.LinkGone, err)
		}
		return fmt.Errorf("taking the sign-in: %w", err)
	}
	actx, _ := store.WithAudit(ctx, linkEntry(ctx, ws, u, l.Method, l.Identity.ObjectID, "password", h.Now()))
	err := h.Store.LinkObjectID(actx, ws.Directory, u.ID, l.Identity.ObjectID, h.Now())
	switch {
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
		return problem.Wrap(problem.LinkTaken, err)
	case err != nil:
		return fmt.Errorf("linking the account: %w", err)
	}
	return nil
}

// linkEntry is the line in the audit log about a link, and by what it was proved.
func linkEntry(ctx context.Context, ws directory.Workspace, u directory.User, m directory.Method, oid, proof string, now time.Time) store.AuditEntry {
	return store.AuditEntry{
		At: now, Workspace: ws.ID, Actor: u.UserName, ActorID: u.ID, Act: "account.link", Target: u.ID,
		Detail:  map[string]string{"method": string(m), "object_id": oid, "proof": proof},
		Outcome: store.AuditDone, Correlation: api.TraceOf(ctx).CorrelationID,
	}
}

// stillOf says whether the provider that vouched for a waiting sign-in is still
// the workspace's.
func (h *SAMLHandler) stillOf(ctx context.Context, ws directory.Workspace, l linking) error {
	if l.Method == directory.MethodMicrosoftWeb {
		m, _, err := h.Store.MicrosoftWeb(ctx, ws.ID)
		if err != nil {
			return err
		}
		if !m.Enabled || !strings.EqualFold(m.TenantID, l.Identity.TenantID) {
			return problem.Wrap(problem.LinkGone, errors.New("sign-in with Microsoft was changed meanwhile"))
		}
		return nil
	}
	c, err := h.Store.SAML(ctx, ws.ID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (c.Disabled || c.IdP.EntityID != l.Identity.Issuer):
		return problem.Wrap(problem.LinkGone, errors.Join(err, errors.New("the identity provider was changed meanwhile")))
	case err != nil:
		return fmt.Errorf("reading the connection: %w", err)
	}
	return nil
}

// linkedTo is the rule for somebody who was just linked.
func linkedTo(l linking) func(*directory.User) error {
	return func(u *directory.User) error {
		if u == nil || directory.NeedsLink(*u, l.Identity.Identity) {
			return problem.New(problem.NotLinked)
		}
		return nil
	}
}
