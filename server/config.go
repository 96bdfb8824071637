package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Store is a server's memory. server/sqlite and server/postgres open one. It
// is opaque: what can be done with it is decided by this module alone.
type Store = store.Store

// SCIMDeclaration is what a configuration adds to the SCIM schemas: extensions
// with attributes of their own, and resource types.
type SCIMDeclaration = scim.Declaration

// MailServer says which mail server takes the mails that a server sends.
type MailServer = notify.SMTP

// Config is all that a [Server] is made of. Fields without a comment about
// their zero value are required.
type Config struct {
	Store *Store
	// PublicURL is the address people and Microsoft Entra use:
	// https://sso.example.com, with no path. http:// is accepted on loopback
	// only.
	PublicURL *url.URL
	// Log receives one record per request, and what goes wrong. It never
	// receives a secret. Nil means nothing is logged.
	Log *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// HTTPClient fetches Microsoft's metadata and keys. Nil means a client
	// that honours HTTPS_PROXY, with limits of its own.
	HTTPClient *http.Client
	// SessionTTL is how long a session lasts. Zero means one hour. It is the
	// longest that a device which was missed by a sign-out stays signed in.
	SessionTTL time.Duration
	// TrustedProxies are the addresses of reverse proxies whose
	// X-Forwarded-For is believed. Nil means that nobody's is.
	TrustedProxies []netip.Prefix
	// SCIM declares schema extensions and resource types beyond those of the
	// RFC. The zero value declares none. All servers of one database should have
	// the same: what one of them does not know, it does not index.
	SCIM SCIMDeclaration
	// AppName is what administrators are told to call the application in Microsoft
	// Entra, at most MaxAppName characters. They may call it anything: it is a
	// suggestion. Empty means the workspace's name and Lanyard.
	AppName string
	// Version is shown by /version and on the page at /. Empty means
	// "development".
	Version string
	// InsecureNoRateLimits switches the limits per address off. Only for
	// benchmarks.
	InsecureNoRateLimits bool

	// OnEvent is called by [Server.Run] with every event since the first time a
	// server with OnEvent ran on the database: at least once, one at a time, in
	// order, and by one of several servers. Where it fails it is called again
	// with the same event, after a second, then two, up to a minute, and the
	// others wait; where no retry can help, return nil. After a crash the last
	// events come again: know them by their Seq. Nil means that nobody is told.
	OnEvent func(ctx context.Context, e Event) error

	// WebhookKey is what the signing secrets of webhooks are computed from: 32
	// random bytes or more, the same on every server of a database, and kept
	// outside of it. Empty means that webhooks are not sent.
	WebhookKey []byte

	// Entitlements says what each workspace may set up and use. Nil means that only
	// the plan counts that is set for it here, which is everything at first.
	Entitlements Entitlements

	// ServerKey seals the private keys of SAML connections: 32 random bytes or
	// more, the same on every server of a database and for its commands, and
	// kept outside of it. Empty means that requests are not signed and
	// encrypted assertions not read.
	ServerKey []byte

	// Mail is the mail server that mails are sent by. Nil means the one that an
	// owner set, with a command or in the console. Without a ServerKey no mail is
	// sent.
	Mail *MailServer

	// Accounts keeps the passwords of employees, for programs that embed the server
	// and have some. Nil means that the server keeps those that there are itself.
	// Whether a workspace takes passwords at all is set for each; by default none
	// does.
	Accounts Accounts

	// Resolver asks DNS whether a domain is a workspace's. Nil means
	// net.DefaultResolver.
	Resolver Resolver

	// Console is how administrators reach their pages. The zero value has them at
	// /admin.
	Console ConsoleConfig

	// sentry says who administrators are where a test does.
	sentry console.Sentry

	// How the event stream keeps time: tests make these short. Zero means
	// one second and twenty seconds.
	poll, ping time.Duration
}

// MaxAppName is how many characters the name of an application in Microsoft Entra
// may have.
const MaxAppName = 120

// CheckPublicURL says whether u may be a server's public URL. The error is
// problem.BadPublicURL with a sentence about what is wrong.
func CheckPublicURL(u *url.URL) error {
	switch {
	case u == nil || u.Host == "" || u.Hostname() == "":
		return problem.Detailf(problem.BadPublicURL, "It has no host.")
	case u.Scheme != "https" && u.Scheme != "http":
		return problem.Detailf(problem.BadPublicURL, "It begins with %.20q.", u.Scheme+":")
	case u.Scheme == "http" && !api.Loopback(u.Hostname()):
		return problem.Detailf(problem.BadPublicURL, "%.100q is not a loopback address, so http:// would send tokens in the clear.", u.Hostname())
	case u.User != nil:
		return problem.Detailf(problem.BadPublicURL, "It must not hold a user name or password.")
	case strings.Trim(u.Path, "/") != "":
		return problem.Detailf(problem.BadPublicURL, "It must not have a path: give Lanyard a host name of its own.")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return problem.Detailf(problem.BadPublicURL, "It must not have a query or fragment.")
	}
	return nil
}

// withDefaults returns c with every zero value replaced.
func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SessionTTL == 0 {
		c.SessionTTL = time.Hour
	}
	if c.Version == "" {
		c.Version = "development"
	}
	if c.poll == 0 {
		c.poll = time.Second
	}
	if c.ping == 0 {
		c.ping = 20 * time.Second
	}
	u := *c.PublicURL
	u.Path, u.RawPath = "", ""
	u.Host = strings.ToLower(u.Host)
	c.PublicURL = &u
	return c
}
