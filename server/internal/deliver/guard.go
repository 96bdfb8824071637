package deliver

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/lanyard-sso/lanyard/server/api"
)

// CheckTarget says what is wrong with the address of a webhook: https only, and
// http on loopback where loopback says so, for a server that is there itself.
func CheckTarget(address string, loopback bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return errors.New("it is not an absolute address")
	case u.User != nil || u.Fragment != "":
		return errors.New("it holds a user name or a fragment")
	case len(address) > 2000:
		return errors.New("it is too long")
	case loopback && api.Loopback(u.Hostname()) && (u.Scheme == "http" || u.Scheme == "https"):
		return nil
	case u.Scheme != "https":
		return errors.New("it does not begin with https://")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return checkIP(ip, loopback)
	}
	return nil
}

// inside are the addresses that a webhook must not reach beside those that
// netip knows: what stands in the server's own network is not for whoever may
// type an address into a workspace (server-side request forgery).
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT, RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),    // RFC 6890
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks, RFC 2544
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("64:ff9b::/96"),    // IPv4 behind NAT64, RFC 6052
	netip.MustParsePrefix("64:ff9b:1::/48"),  // RFC 8215
	netip.MustParsePrefix("2002::/16"),       // IPv4 behind 6to4
	netip.MustParsePrefix("2001::/32"),       // and Teredo
	netip.MustParsePrefix("fec0::/10"),       // site-local, of old
	netip.MustParsePrefix("::/96"),           // IPv4-compatible, of old
	netip.MustParsePrefix("::ffff:0:0:0/96"), // IPv4-translated
}

// checkIP says whether a webhook may reach an address. It is asked of what a
// name resolved to, at every connection: a name can change.
func checkIP(ip netip.Addr, loopback bool) error {
	ip = ip.Unmap().WithZone("")
	if loopback && ip.IsLoopback() {
		return nil
	}
	refused := !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	for _, p := range inside {
		refused = refused || p.Contains(ip)
	}
	if refused {
		return fmt.Errorf("%s is not an address of the public internet", ip)
	}
	return nil
}

// attemptTime bounds one attempt to deliver an event.
const attemptTime = 15 * time.Second

// NewWebhookClient returns the client that webhooks are sent with. It connects
// to addresses of the public internet only, follows no redirects and uses no
// proxy, since a proxy would connect to whatever it is told.
func NewWebhookClient(loopback bool) *http.Client {
	d := &net.Dialer{Timeout: attemptTime, Control: func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return checkIP(ap.Addr(), loopback)
	}}
	return &http.Client{
		Timeout: attemptTime,
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: attemptTime, ForceAttemptHTTP2: true,
			MaxIdleConns: 100, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
