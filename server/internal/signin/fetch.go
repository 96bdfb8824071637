package signin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/outbound"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// fetchTime bounds fetching metadata, redirects and all (row B10).
const fetchTime = 5 * time.Second

// fetchRedirects is how many redirects are followed, each checked.
const fetchRedirects = 3

// MicrosoftHosts are where metadata may come from unless somebody allows other
// hosts: Entra's, and those of its national clouds (row B10).
var MicrosoftHosts = []string{"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"}

// Fetcher fetches the metadata of identity providers. Its zero value fetches
// from https addresses on the public internet. It is safe for concurrent use.
type Fetcher struct {
	// HTTPClient, when set, makes the connections: for tests, and for networks
	// whose proxy decides what may be reached. Nil means one that connects to
	// public addresses only, or asks the proxy of HTTPS_PROXY.
	HTTPClient *http.Client
	// Loopback allows addresses on loopback, http too: for a server whose own
	// public address is there.
	Loopback bool
}

// Fetched is what a Fetcher brought.
type Fetched struct {
	Body []byte
	ETag string
	// NotModified says that the document is that of the ETag that was given.
	NotModified bool
}

// errForbidden is the cause of a redirect to where metadata may not come from.
var errForbidden = errors.New("the address may not be used")

// Fetch reads the document at an address within 5 seconds and 1 MB. anyHost
// allows other hosts than MicrosoftHosts. The errors are the Metadata… problems.
func (f *Fetcher) Fetch(ctx context.Context, address, etag string, anyHost bool) (Fetched, error) {
	u, err := f.CheckAddress(address, anyHost)
	if err != nil {
		return Fetched{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Fetched{}, problem.Wrap(problem.MetadataNotURL, err)
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	client := f.client(anyHost)
	resp, err := client.Do(req)
	if err != nil {
		return Fetched{}, unfetched(err)
	}
	defer resp.Body.Close()
	switch {
	case etag != "" && resp.StatusCode == http.StatusNotModified:
		return Fetched{ETag: etag, NotModified: true}, nil
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return Fetched{}, problem.Detailf(problem.MetadataNotFound, "The status is %d.", resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return Fetched{}, problem.Detailf(problem.MetadataStatus, "The status is %d.", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, saml.MaxMetadata+1))
	switch {
	case err != nil:
		return Fetched{}, unfetched(err)
	case len(body) > saml.MaxMetadata:
		return Fetched{}, problem.New(problem.MetadataTooLarge)
	}
	return Fetched{Body: body, ETag: oneLine(resp.Header.Get("ETag"), 200)}, nil
}

// CheckAddress says whether metadata may be fetched from an address, as far as
// that can be told without looking its host up.
func (f *Fetcher) CheckAddress(address string, anyHost bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || u.User != nil || len(address) > 2000 ||
		strings.ContainsFunc(address, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return nil, problem.New(problem.MetadataNotURL)
	}
	u.Fragment = ""
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if f.Loopback && api.Loopback(host) && (u.Scheme == "http" || u.Scheme == "https") {
		return u, nil
	}
	if u.Scheme != "https" {
		return nil, problem.New(problem.MetadataNotHTTPS)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if err := outbound.CheckIP(ip, f.Loopback); err != nil {
			return nil, problem.Wrap(problem.MetadataForbidden, err)
		}
	} else if endsInNumber(host) {
		return nil, problem.Detailf(problem.MetadataForbidden, "Give the host by its name.")
	} else if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return nil, problem.Detailf(problem.MetadataForbidden, "The address is this server itself.")
	}
	if !anyHost && !slices.Contains(MicrosoftHosts, host) {
		return nil, problem.Detailf(problem.MetadataForbidden, "The host %.100q is none of %s.", host, strings.Join(MicrosoftHosts, ", "))
	}
	return u, nil
}

// endsInNumber recognises an address in a spelling that resolvers and proxies may
// know and netip does not, such as 127.1 or 0x7f000001: no name ends so (WHATWG
// URL, "ends in a number checker").
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// client makes the connections of one fetch. Where a proxy has to be used, it
// is the proxy that looks names up and decides; the hosts are checked all the
// same.
func (f *Fetcher) client(anyHost bool) *http.Client {
	c := http.Client{}
	if f.HTTPClient != nil {
		c = *f.HTTPClient
	}
	if c.Transport == nil {
		direct := outbound.Transport(fetchTime, f.Loopback)
		direct.DisableKeepAlives = true
		proxied := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: fetchTime}
		c.Transport = byProxy{direct: direct, proxied: proxied}
	}
	c.Jar = nil
	c.Timeout = fetchTime
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) > fetchRedirects {
			return fmt.Errorf("%w: too many redirects", errForbidden)
		}
		if _, err := f.CheckAddress(req.URL.String(), anyHost); err != nil {
			return fmt.Errorf("%w: %w", errForbidden, err)
		}
		return nil
	}
	return &c
}

// byProxy uses the environment's proxy where there is one for the address.
type byProxy struct{ direct, proxied http.RoundTripper }

func (b byProxy) RoundTrip(r *http.Request) (*http.Response, error) {
	if via, err := http.ProxyFromEnvironment(r); err == nil && via != nil {
		return b.proxied.RoundTrip(r)
	}
	return b.direct.RoundTrip(r)
}

// unfetched gives a failure of fetching its code.
func unfetched(err error) error {
	var (
		refused *outbound.Refused
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.Is(err, errForbidden):
		return problem.Wrap(problem.MetadataRedirect, err)
	case errors.As(err, &refused):
		return problem.Wrap(problem.MetadataForbidden, err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return problem.Wrap(problem.MetadataDNS, err)
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &host), errors.As(err, &unknown):
		return problem.Wrap(problem.MetadataTLS, err)
	}
	return problem.Wrap(problem.MetadataOffline, err)
}

// oneLine keeps a text to printable ASCII of a length, for a header or a log.
func oneLine(s string, most int) string {
	if len(s) > most || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return ""
	}
	return s
}
