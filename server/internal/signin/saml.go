package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// How long things of a SAML sign-in last.
const (
	// requestLife is how long somebody may take at the identity provider: a new
	// telephone for the second factor takes a while.
	requestLife = 30 * time.Minute
	// parkedLife is how long a verified result waits for its browser.
	parkedLife = time.Minute
	// codeLife is how long an app may take to redeem a code (RFC 6749, 4.1.2).
	codeLife = time.Minute
	// testLife is how long a test link is good, resultLife its result (row C1).
	testLife, resultLife = 15 * time.Minute, 24 * time.Hour
	// seenSlack is added to how long the id of an assertion is remembered, since
	// replicas' clocks may differ.
	seenSlack = 10 * time.Minute
)

// maxForm is how large a form may be that a browser brings from an identity
// provider: a response of saml.MaxResponse in base64, escaped.
const maxForm = 600 << 10

// SAMLStore is what SAML asks of the server's memory.
type SAMLStore interface {
	Store
	SetupStore
	UserByEmail
	TakeTicket(ctx context.Context, key store.TicketKey, now time.Time) (store.Ticket, error)
	MicrosoftWeb(ctx context.Context, workspace string) (directory.MicrosoftWeb, directory.MicrosoftWebKeys, error)
	NoteMicrosoftTest(ctx context.Context, workspace, hash string, now time.Time) error
	EndSAMLSessions(ctx context.Context, workspace, issuer, nameID string, indexes []string, now time.Time) (int, error)
}

// UserByEmail finds people by an e-mail address.
type UserByEmail interface {
	UsersByEmail(ctx context.Context, dir, email string) ([]directory.User, error)
}

// SAMLHandler serves what browsers ask under /w/{ws}/ and /sso, in the role of a
// SAML service provider. All fields are required but Key and Log.
//
// A response comes by a POST from another site, with which browsers send none
// of our cookies (SameSite=Lax). So acs only verifies and parks the result, and
// sends the browser on to done, on our own site: there the cookie of whoever
// began the sign-in is checked, before any session is made.
type SAMLHandler struct {
	Store     SAMLStore
	PublicURL *url.URL
	Now       func() time.Time
	TTL       time.Duration
	// Key opens the private keys of connections: see SAMLSetup.
	Key []byte
	// Refresh reads a connection's metadata again after a signature of an
	// unknown key, and reports whether the certificates changed.
	Refresh func(ctx context.Context, c directory.SAML) (directory.SAML, bool)
	// Limit and LookupLimit return problem.TooMany when the caller has asked too
	// often: for anything, and for a workspace by what a person may type.
	Limit, LookupLimit func(*http.Request) error
	// PasswordLimit is the same for passwords, which can be guessed.
	PasswordLimit func(*http.Request) error
	// Microsoft signs people in with Microsoft 365, and Passwords says whose a
	// password is.
	Microsoft *oidc.Client
	Passwords Passwords
	// Soon has done what nobody who asked is to wait for. Nil means that they wait.
	Soon func(do func())
	// Addresses has people confirm e-mail addresses. Nil means that no link is good.
	Addresses Addresses
	Log       *slog.Logger
}

// Mount puts the handlers on mux.
func (h *SAMLHandler) Mount(mux *http.ServeMux) {
	for pattern, f := range map[string]api.Func{
		"GET /w/{ws}/microsoft/login":    spending("GET", h.microsoftLogin),
		"GET /w/{ws}/microsoft/callback": spending("GET", h.microsoftCallback),
		"GET /w/{ws}/microsoft/test":     spending("GET", h.microsoftTest),
		"POST /w/{ws}/password/login":    h.passwordLogin,
		"GET /w/{ws}/password/forgot":    h.forgotPage,
		"POST /w/{ws}/password/forgot":   h.forgot,
		"GET /w/{ws}/password/set":       h.choosePage,
		"POST /w/{ws}/password/set":      h.choose,
		"GET /w/{ws}/address/confirm":    h.addressPage,
		"POST /w/{ws}/address/confirm":   h.confirmAddress,
		"POST /w/{ws}/link":              h.link,
		"POST /w/{ws}/signout":           h.leave,

		"GET /w/{ws}/{$}":           h.home,
		"GET /w/{ws}/whoami":        h.whoami,
		"GET /w/{ws}/logo.png":      h.logo,
		"GET /w/{ws}/saml/metadata": h.metadata,
		"GET /w/{ws}/saml/login":    spending("GET", h.login),
		"POST /w/{ws}/saml/acs":     h.acs,
		"GET /w/{ws}/saml/done":     spending("GET", h.done),
		"GET /w/{ws}/saml/slo":      spending("GET, POST", h.slo),
		"POST /w/{ws}/saml/slo":     h.slo,
		"GET /w/{ws}/saml/test":     spending("GET", h.test),
		"GET /w/{ws}/sso":           spending("GET", h.startApp),
		"GET /sso":                  h.chooser,
		"GET /sso/{$}":              h.chooser,
		"GET /sso/{ws}":             h.deepLink,
		"GET /signin.js":            h.script,
		"GET /signin.css":           h.style,
	} {
		mux.Handle(pattern, h.page(f))
	}
}

// spending refuses HEAD, which a mux takes for GET, where something is spent or
// begun: programs that show previews of links ask for the head of them.
func spending(allow string, f api.Func) api.Func {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodHead {
			w.Header().Set("Allow", allow)
			return problem.Wrap(problem.MethodNotAllowed, errors.New("HEAD of what is spent by looking"))
		}
		return f(w, r)
	}
}

// page shows failures as a page to people, and as a problem document to
// programs that ask for JSON.
func (h *SAMLHandler) page(f api.Func) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		err := f(w, r)
		if to := h.renamed(r, err); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			return
		}
		if err != nil {
			h.fail(w, r, err)
		}
	})
}

// visit is one request about a workspace's connection.
type visit struct {
	ws   directory.Workspace
	conn directory.SAML
	party
}

// visit finds the workspace and connection of a request. A workspace without a
// connection is problem.ModuleOff (row A6), and so is one that is switched off,
// unless disabled says that it may be; what is not whole is problem.SAMLNotSet.
func (h *SAMLHandler) visit(r *http.Request, disabled bool) (visit, error) {
	v, err := h.visitBy(r.Context(), r.PathValue("ws"))
	if err == nil && !disabled {
		err = h.on(r.Context(), v)
	}
	return v, err
}

// on says why nobody signs in by a connection, if it is so: it is switched off,
// or the module is.
func (h *SAMLHandler) on(ctx context.Context, v visit) error {
	if v.conn.Disabled {
		return problem.Wrap(problem.ModuleOff, problem.Wrap(problem.SAMLNotSet, errors.New("the connection is switched off")))
	}
	p, err := h.Store.Policy(ctx, v.ws, h.Now())
	if err != nil {
		return err
	}
	return p.Offers(directory.MethodSAML)
}

func (h *SAMLHandler) visitBy(ctx context.Context, typed string) (visit, error) {
	var v visit
	var err error
	if v.ws, err = findWorkspace(ctx, h.Store, typed); err != nil {
		return v, err
	}
	api.TraceOf(ctx).Workspace = v.ws.ID
	v.conn, err = h.Store.SAML(ctx, v.ws.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return v, problem.Wrap(problem.ModuleOff, problem.Wrap(problem.SAMLNotSet, err))
	case err != nil:
		return v, fmt.Errorf("reading the connection: %w", err)
	case !usable(v.conn):
		return v, problem.Wrap(problem.SAMLNotSet, errors.New(missing(v.conn)))
	}
	v.party, err = partyOf(h.PublicURL, v.conn, sealer{h.Key})
	return v, err
}

// metadata describes us to the identity provider's administrator. It is there
// before the connection is set up, since its values are needed for that.
func (h *SAMLHandler) metadata(w http.ResponseWriter, r *http.Request) error {
	ws, err := findWorkspace(r.Context(), h.Store, r.PathValue("ws"))
	if err != nil {
		return h.counted(r, err)
	}
	c, err := h.Store.SAML(r.Context(), ws.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("reading the connection: %w", err)
	}
	c.Workspace = ws.ID
	c.SignRequests = c.SignRequests && len(h.Key) > 0
	p, err := partyOf(h.PublicURL, c, sealer{h.Key})
	if err != nil {
		return err
	}
	doc, err := p.sp.MetadataXML()
	if err != nil {
		return fmt.Errorf("writing the metadata: %w", err)
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml; charset=utf-8")
	w.Header().Set("Content-Disposition", `inline; filename="lanyard-`+ws.ID+`.xml"`)
	_, _ = w.Write(doc) // the reader may have gone; there is nobody left to tell
	return nil
}

// judged verifies a message. Where the key is not known, the metadata is read
// again once: the identity provider may have changed its certificate.
func judged[T any](ctx context.Context, h *SAMLHandler, v visit, read func(saml.Expect) (*T, error)) (*T, error) {
	got, err := read(h.expect(ctx, v, v.conn))
	var refusal *saml.Refusal
	if !errors.As(err, &refusal) || !refusal.UnknownKey || v.conn.Metadata.URL == "" {
		return got, err
	}
	fresh, changed := h.Refresh(ctx, v.conn)
	if !changed {
		return nil, err
	}
	if v.party, err = partyOf(h.PublicURL, fresh, sealer{h.Key}); err != nil {
		return nil, err
	}
	return read(h.expect(ctx, v, fresh))
}

// expect is what a message must be for. Where our keys cannot be opened, the log
// says so: only what was encrypted for them is lost.
func (h *SAMLHandler) expect(ctx context.Context, v visit, c directory.SAML) saml.Expect {
	e, err := v.party.expect(c, sealer{h.Key}, h.Now())
	if err != nil {
		h.log().ErrorContext(ctx, "private keys of a SAML connection cannot be opened", "workspace", v.ws.ID, "error", err)
	}
	return e
}
