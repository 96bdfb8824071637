// Package provision serves SCIM 2.0 (RFC 7643, RFC 7644) to Microsoft Entra ID
// and other identity providers, under /scim/v2/{workspace}.
//
// It decides who may ask (a bearer token of that workspace), which request is
// meant, and in what order things are read and stored. What a request makes of
// a resource is decided by server/internal/scim, what that change means for the
// person by directory.Change, and the store makes both true in one transaction:
// whoever is disabled has no session left when the answer is sent.
//
// People, groups and the resource types of a configuration are served alike:
// single, in lists (by index or by cursor, filtered, sorted), by POST to
// /.search, and several at a time at /Bulk. Members of groups are rows of their
// own in the store and in no document, so that a group may have any number.
package provision

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Store is what provisioning asks of the server's memory, and no more.
type Store interface {
	TokenByHash(ctx context.Context, hash string, now time.Time) (store.Token, directory.Workspace, error)
	Session(ctx context.Context, hash string, now time.Time) (directory.Session, directory.User, directory.Workspace, error)

	User(ctx context.Context, dir, id string) (directory.User, error)
	SearchUsers(ctx context.Context, dir string, q store.Search[directory.User]) (store.Page[directory.User], error)
	InsertUser(ctx context.Context, u directory.User, events ...directory.Event) error
	SaveUser(ctx context.Context, u directory.User, version int64, c directory.Consequence) error
	UpdateUser(ctx context.Context, dir, id string, change func(directory.User) (directory.User, directory.Consequence, error)) (directory.User, error)

	Resource(ctx context.Context, dir, kind, id string) (directory.Resource, error)
	SearchResources(ctx context.Context, dir, kind string, q store.Search[directory.Resource]) (store.Page[directory.Resource], error)
	InsertGroup(ctx context.Context, ws *directory.Workspace, r directory.Resource, members []directory.Member, events ...directory.Event) error
	ChangeResource(ctx context.Context, dir, kind, id string, now time.Time, change func(directory.Resource) (store.ResourceChange, error)) (directory.Resource, bool, error)
	DeleteGroup(ctx context.Context, ws *directory.Workspace, dir, kind, id string, version int64, now time.Time) error
	HadRole(ctx context.Context, dir, externalID string) (directory.Ranking, error)
	Rerank(ctx context.Context, dir string, now time.Time) (int, error)

	Members(ctx context.Context, dir, group string, after store.Cursor, count int) (store.Page[directory.Member], error)
	IsMember(ctx context.Context, dir, group, member string) (bool, error)
	GroupsOf(ctx context.Context, dir, member string) ([]directory.GroupRef, error)
	GroupsOfPeople(ctx context.Context, dir string, people []string) (map[string][]directory.GroupRef, error)
	Policy(ctx context.Context, ws directory.Workspace, now time.Time) (directory.Policy, error)
}

// Handler serves /scim/v2/. Use [New].
type Handler struct {
	cfg      Config
	fixed    map[string]map[string]answer
	profiles profiles
	walks    walks
	rates    rates
	accepts  accepts
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
	// Strangers is asked about each request whose credential is not accepted. An
	// error, problem.TooMany, is the answer in place of 401. Nil means that
	// nobody asks too often.
	Strangers func(*http.Request) error
	// ClientIP is the address that a request came from. Nil means that it is not
	// kept which network a credential was last used from.
	ClientIP func(*http.Request) netip.Addr
	// Types are the resource types: those of the RFC with the extensions of the
	// configuration, and what else the configuration declares. Nil means
	// scim.Users and scim.Groups.
	Types []*scim.ResourceType
}

// New makes a Handler. It does no I/O.
func New(c Config) *Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Types == nil {
		c.Types = []*scim.ResourceType{scim.Users(), scim.Groups()}
	}
	return &Handler{cfg: c, fixed: fixed(), profiles: profiles{plain: &types{all: c.Types}}}
}

// Rules compute the index entries of resources for the store, with the same
// types as the handler's.
func Rules(all []*scim.ResourceType) store.Rules {
	if all == nil {
		all = []*scim.ResourceType{scim.Users(), scim.Groups()}
	}
	byName := map[string]*scim.ResourceType{}
	for _, rt := range all {
		byName[rt.Name] = rt
	}
	return store.Rules{
		Version: scim.IndexVersion(all),
		User: func(u directory.User) []directory.Term {
			doc, err := document(u)
			if err != nil {
				return nil // it is found by its columns, and every answer says what is wrong
			}
			return terms(byName["User"], doc)
		},
		Resource: func(r directory.Resource) []directory.Term {
			rt := byName[r.Type]
			doc, err := scim.Decode(r.Doc)
			if err != nil || rt == nil {
				return nil
			}
			return terms(rt, doc)
		},
	}
}

// Root is where the handler stands in a server.
const Root = "/scim/v2/"

// Mount puts the handler under [Root]. An http.ServeMux redirects paths with
// // in them, and a redirected POST is lost on Entra: put [Tidy] around the mux.
func (h *Handler) Mount(mux *http.ServeMux) { mux.Handle(Root, h) }
