// Package msal gets tokens from Microsoft Entra ID with Microsoft's library,
// MSAL Go, and is the only importer of it.
//
// MSAL builds the authorize address, redeems codes, refreshes and keeps the
// token cache. This package does what MSAL leaves out: state, PKCE, nonce and
// response_mode; a way back that survives stray requests (an auth.ReturnFunc);
// the checks of the ID token, before anything of a sign-in is kept; one
// refresh at a time; working offline; a cache that several processes may write;
// and errors that carry a problem code and no secret.
//
// It does not decide when to sign in, or who may: auth and the Lanyard server
// do. What is checked here protects the person at this device; the server
// checks the access token for itself.
package msal

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"golang.org/x/sync/singleflight"

	"github.com/lanyard-sso/lanyard/auth"
)

// Cache keeps the token cache, sealed. sealed.File is one; see there for what
// is promised. Load returns nothing when it is empty; an Update to nothing
// deletes it; what cannot be read is set aside, reported once with
// problem.CacheUnreadable, and empty from then on.
type Cache interface {
	Load(ctx context.Context) ([]byte, error)
	Update(ctx context.Context, change func(old []byte) ([]byte, error)) error
	Delete(ctx context.Context) error
}

// preparer is a Cache that can tell before the browser opens whether it will
// be able to keep what comes of it.
type preparer interface {
	Prepare(ctx context.Context) error
}

// Config is what a Provider needs. Fields without a comment are required.
type Config struct {
	Cache Cache
	// OpenURL shows an address in the person's browser. It may return
	// problem.NoBrowser. Nil means that there is no browser.
	OpenURL func(ctx context.Context, url string) error
	// Return prepares the way back from the browser. Nil means that there is
	// no browser.
	Return auth.ReturnFunc
	// HTTPClient is used for every call to Microsoft, with its Transport
	// wrapped. Nil means http.DefaultTransport's settings, which honour
	// HTTPS_PROXY. A Timeout of zero becomes 15 seconds.
	HTTPClient *http.Client
	// Now is the clock that ID tokens are held against. Nil means time.Now.
	// MSAL's own cache goes by time.Now.
	Now func() time.Time
	// SignInLimit is how long a sign-in in the browser may take. Zero means
	// five minutes.
	SignInLimit time.Duration
}

const (
	defaultSignInLimit = 5 * time.Minute
	defaultHTTPTimeout = 15 * time.Second
	// silentLimit bounds a refresh that nobody waits for any more.
	silentLimit = 45 * time.Second
)

// Provider is auth.Provider on MSAL Go. It is safe for concurrent use.
type Provider struct {
	config Config
	http   *http.Client
	keys   *metadataStore
	store  *store
	silent singleflight.Group

	mu      sync.Mutex
	clients map[clientKey]*clients
	// challenges holds claims that Microsoft asked for when a silent call
	// failed, to be sent with the next sign-in.
	challenges map[clientKey]string
}

var _ auth.Provider = (*Provider)(nil)

type clientKey struct{ authority, client string }

// clients are the MSAL clients of one app registration in one tenant. MSAL
// keeps discovered endpoints in them, so they are kept too.
type clients struct {
	// silent works on the sealed cache, pending on nothing but the sign-in
	// at hand, see pendingCache.
	silent, pending public.Client
}

// New returns a Provider. It does no I/O.
func New(c Config) *Provider {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SignInLimit == 0 {
		c.SignInLimit = defaultSignInLimit
	}
	hc := wrapClient(c.HTTPClient)
	return &Provider{
		config:     c,
		http:       hc,
		keys:       newMetadataStore(hc, c.Now),
		store:      &store{cache: c.Cache},
		clients:    map[clientKey]*clients{},
		challenges: map[clientKey]string{},
	}
}

// client returns the MSAL clients for r, whose authority has been checked.
func (p *Provider) client(r auth.Request) (*clients, error) {
	key := keyOf(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.clients[key]; c != nil {
		return c, nil
	}
	silent, err := p.newClient(r, &cacheAccessor{store: p.store})
	if err != nil {
		return nil, err
	}
	pending, err := p.newClient(r, pendingCache{})
	if err != nil {
		return nil, err
	}
	c := &clients{silent: silent, pending: pending}
	p.clients[key] = c
	return c, nil
}

func (p *Provider) newClient(r auth.Request, accessor cacheExportReplace) (public.Client, error) {
	c, err := public.New(r.ClientID,
		public.WithAuthority(r.Authority),
		public.WithCache(accessor),
		public.WithHTTPClient(p.http),
		// cp1: we understand claims challenges (continuous access evaluation).
		public.WithClientCapabilities([]string{"cp1"}),
		// The authority is one of Microsoft's known hosts (checkAuthority),
		// so there is nothing to discover; asking would make a cache hit
		// need the network.
		public.WithInstanceDiscovery(false),
	)
	if err != nil {
		return public.Client{}, errors.New("MSAL does not accept the authority or client id")
	}
	return c, nil
}

func keyOf(r auth.Request) clientKey { return clientKey{r.Authority, r.ClientID} }

// challenge returns the claims to ask for in a sign-in: those of the request,
// or those a silent call was last refused for.
func (p *Provider) challenge(r auth.Request) string {
	if r.Claims != "" {
		return r.Claims
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.challenges[keyOf(r)]
}

func (p *Provider) setChallenge(r auth.Request, claims string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if claims == "" {
		delete(p.challenges, keyOf(r))
		return
	}
	p.challenges[keyOf(r)] = claims
}
