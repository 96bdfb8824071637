package deliver

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/outbound"
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
		return outbound.CheckIP(ip, loopback)
	}
	return nil
}

// attemptTime bounds one attempt to deliver an event.
const attemptTime = 15 * time.Second

// NewWebhookClient returns the client that webhooks are sent with. It connects
// to addresses of the public internet only, follows no redirects and uses no
// proxy, since a proxy would connect to whatever it is told.
func NewWebhookClient(loopback bool) *http.Client {
	return &http.Client{
		Timeout:       attemptTime,
		Transport:     outbound.Transport(attemptTime, loopback),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
