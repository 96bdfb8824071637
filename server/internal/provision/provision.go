// Package provision serves SCIM 2.0 (RFC 7643, RFC 7644) to Microsoft Entra ID
// and other identity providers, under /scim/v2/{workspace}.
//
// It decides who may ask (a bearer token of that workspace), which request is
// meant, and in what order things are read and stored. What a request makes of
// a resource is decided by server/internal/scim, what that change means for the
// person by directory.Change, and the store makes both true in one transaction:
// whoever is disabled has no session left when the answer is sent.
//
// Only people exist here today. /Groups answers queries with an empty list,
// since Entra probes it before groups are switched off, and refuses to make
// groups with 501 and what to change; /ResourceTypes and
// /ServiceProviderConfig say so.
package provision

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Store is what provisioning asks of the server's memory, and no more.
type Store interface {
	TokenByHash(ctx context.Context, hash string, now time.Time) (store.Token, directory.Workspace, error)
	User(ctx context.Context, dir, id string) (directory.User, error)
	UserByUserName(ctx context.Context, dir, userName string) (directory.User, error)
	UserByExternalID(ctx context.Context, dir, externalID string) (directory.User, error)
	FindUsers(ctx context.Context, dir string, q store.Query) ([]directory.User, int, error)
	InsertUser(ctx context.Context, u directory.User, events ...directory.Event) error
	SaveUser(ctx context.Context, u directory.User, version int64, c directory.Consequence) error
}

// Handler serves /scim/v2/. Use [New].
type Handler struct {
	cfg   Config
	users *scim.ResourceType
}

// Config is what a Handler needs. Fields without a comment are required.
type Config struct {
	Store Store
	// BaseURL is the public address of the server, without /scim/v2. Locations
	// begin with it, whatever name a request came by.
	BaseURL *url.URL
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Log gets one line for each request that was refused or changed something.
	// Nil means none.
	Log *slog.Logger
	// Record is told of each request when its answer has been sent. It must
	// return at once. Nil means that nobody is told.
	Record func(Record)
}

// New makes a Handler. It does no I/O.
func New(c Config) *Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{cfg: c, users: scim.Users()}
}

// Root is where the handler stands in a server.
const Root = "/scim/v2/"

// Mount puts the handler under [Root]. An http.ServeMux redirects paths with
// // in them, and a redirected POST is lost on Entra: put [Tidy] around the mux.
func (h *Handler) Mount(mux *http.ServeMux) { mux.Handle(Root, h) }
