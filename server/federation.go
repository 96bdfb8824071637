package server

import (
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/outbound"
)

// microsoftHosts are where Entra's issuers and their keys are, in every cloud.
// They are reached as sign-in reaches them, through a proxy where there is one.
var microsoftHosts = map[string]bool{
	"login.microsoftonline.com": true, "login.windows.net": true, "sts.windows.net": true,
	"login.microsoftonline.us": true, "login.partner.microsoftonline.cn": true, "login.chinacloudapi.cn": true,
}

// issuers is how the keys of a federation's issuer are fetched. Whoever sets a
// federation names its addresses, so other hosts than Microsoft's are reached
// only where they are public.
type issuers struct{ microsoft, others http.RoundTripper }

// RoundTrip makes it an http.RoundTripper.
func (i issuers) RoundTrip(r *http.Request) (*http.Response, error) {
	if microsoftHosts[r.URL.Hostname()] {
		return i.microsoft.RoundTrip(r)
	}
	return i.others.RoundTrip(r)
}

// federation judges the assertions of provisioning's clients.
func (c Config) federation() *entra.Verifier {
	const timeout = 10 * time.Second
	loopback := api.Loopback(c.PublicURL.Hostname())
	t := issuers{microsoft: http.DefaultTransport, others: outbound.Transport(timeout, loopback)}
	client := &http.Client{Timeout: timeout}
	if c.HTTPClient != nil {
		client.Timeout = c.HTTPClient.Timeout
		if c.HTTPClient.Transport != nil {
			t.microsoft = c.HTTPClient.Transport
		}
	}
	client.Transport = t
	return &entra.Verifier{HTTPClient: client, Now: c.Now, AllowLoopbackHTTP: loopback}
}
