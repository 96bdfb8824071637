// Package outbound decides which addresses a server may call on behalf of
// somebody who may type an address: those of the public internet, and loopback
// where the server is there itself. What stands in the server's own network is
// not theirs to reach (server-side request forgery).
//
// It is asked of what a name resolved to, at every connection, since a name can
// change between two look-ups. Which hosts and schemes are right is decided by
// whoever calls.
package outbound

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// inside are the addresses that must not be reached beside those that netip
// knows.
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),    // carrier-grade NAT, RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),     // RFC 6890
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks, RFC 2544
	netip.MustParsePrefix("240.0.0.0/4"),      // reserved, and broadcast
	netip.MustParsePrefix("64:ff9b::/96"),     // IPv4 behind NAT64, RFC 6052
	netip.MustParsePrefix("64:ff9b:1::/48"),   // RFC 8215
	netip.MustParsePrefix("2002::/16"),        // IPv4 behind 6to4
	netip.MustParsePrefix("2001::/32"),        // and Teredo
	netip.MustParsePrefix("fec0::/10"),        // site-local, of old
	netip.MustParsePrefix("::/96"),            // IPv4-compatible, of old
	netip.MustParsePrefix("::ffff:0:0:0/96"),  // IPv4-translated
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's, inside of every virtual network
}

// Refused is an address that may not be called.
type Refused struct{ Addr netip.Addr }

func (r *Refused) Error() string {
	return fmt.Sprintf("%s is not an address of the public internet", r.Addr)
}

// CheckIP says whether an address may be called. The error is a *Refused.
func CheckIP(ip netip.Addr, loopback bool) error {
	ip = ip.Unmap().WithZone("")
	if loopback && ip.IsLoopback() {
		return nil
	}
	refused := !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	for _, p := range inside {
		refused = refused || p.Contains(ip)
	}
	if refused {
		return &Refused{ip}
	}
	return nil
}

// Transport returns a transport that connects only to what CheckIP allows. It
// uses no proxy, since a proxy would connect to whatever it is told.
func Transport(timeout time.Duration, loopback bool) *http.Transport {
	d := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return CheckIP(ap.Addr(), loopback)
	}}
	return &http.Transport{
		DialContext: d.DialContext, TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true,
		MaxIdleConns: 100, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}
}
