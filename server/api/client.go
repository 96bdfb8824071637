package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// Limits of the client. A Lanyard server stays far below them.
const (
	maxAnswer    = 1 << 20          // bytes of one JSON answer
	callTimeout  = 20 * time.Second // one call, from dialling to the last byte
	idleTimeout  = 60 * time.Second // silence on an event stream; the server pings every 15 to 25 s
	maxRedirects = 3
)

// Client calls one Lanyard server. It is safe for concurrent use.
//
// Every error carries a problem code, except that a cancelled or expired ctx
// of the caller comes back as that ctx's error:
//
//   - the code of the server's problem document, when it sent one; then
//     [CorrelationID] finds it in the server's log
//   - problem.Offline when the server could not be reached, or a proxy in
//     front of it said so
//   - problem.BadServer when what answered does not speak this API
//   - problem.Insecure when the address is http:// and not on loopback
//
// No error holds a token.
type Client struct {
	base *url.URL
	call *http.Client
	idle time.Duration
}

// NewClient returns a client for the server at base, such as
// https://sso.example.com. A nil hc means an ordinary client that honours
// HTTPS_PROXY. It does no I/O.
func NewClient(base *url.URL, hc *http.Client) *Client {
	call := &http.Client{}
	if hc != nil {
		*call = *hc
	}
	call.Timeout = 0 // each call has its own; an event stream has none
	call.Jar = nil
	call.CheckRedirect = sameServer
	u := *base
	return &Client{base: &u, call: call, idle: idleTimeout}
}

// Workspace looks a workspace up by its name. problem.UnknownWorkspace means
// that there is none.
func (c *Client) Workspace(ctx context.Context, id string) (Workspace, error) {
	var w Workspace
	err := c.do(ctx, http.MethodGet, PathWorkspaces+url.PathEscape(id), "", nil, &w)
	return w, err
}

// Discover finds the workspace for an e-mail address, by its domain alone.
func (c *Client) Discover(ctx context.Context, email string) (Workspace, error) {
	var w Workspace
	err := c.do(ctx, http.MethodPost, PathDiscover, "", DiscoverRequest{Email: email}, &w)
	return w, err
}

// StartSession exchanges a Microsoft access token, a code or a refresh token
// for a session of the workspace.
func (c *Client) StartSession(ctx context.Context, r SessionRequest) (Session, error) {
	var s Session
	err := c.do(ctx, http.MethodPost, PathSession, "", r, &s)
	return s, err
}

// Me returns the person a session belongs to. problem.SessionGone means that
// the session has ended, for whatever reason.
func (c *Client) Me(ctx context.Context, token string) (Person, error) {
	var p Person
	err := c.do(ctx, http.MethodGet, PathMe, token, nil, &p)
	return p, err
}

// EndSession signs this device out or, with all, every device of the person.
func (c *Client) EndSession(ctx context.Context, token string, all bool) error {
	path := PathSession
	if all {
		path += "?all=true"
	}
	return c.do(ctx, http.MethodDelete, path, token, nil, nil)
}

// do makes one call. A nil answer means that 204 is expected.
func (c *Client) do(ctx context.Context, method, path, token string, body, answer any) error {
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := c.request(limited, method, path, token, body)
	if err != nil {
		return err
	}
	resp, err := c.call.Do(req)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 || resp.StatusCode < 200 {
		return refused(ctx, resp)
	}
	if answer == nil {
		if resp.StatusCode != http.StatusNoContent {
			return badServer(fmt.Errorf("status %d where 204 was expected", resp.StatusCode))
		}
		return nil
	}
	if !hasType(resp.Header, "application/json") {
		return badServer(fmt.Errorf("content type %.60q where JSON was expected", resp.Header.Get("Content-Type")))
	}
	data, err := readLimited(ctx, resp.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return badServer(errors.New("the answer is not the JSON of this API"))
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path, token string, body any) (*http.Request, error) {
	if c.base.Scheme != "https" && !(c.base.Scheme == "http" && Loopback(c.base.Hostname())) {
		return nil, problem.Wrap(problem.Insecure, fmt.Errorf("address begins with %q", c.base.Scheme+":"))
	}
	ref, err := url.Parse(path)
	if err != nil {
		return nil, problem.Wrap(problem.BadRequest, errors.New("the path of the call cannot be parsed"))
	}
	u := c.base.JoinPath(ref.EscapedPath())
	u.RawQuery, u.User, u.Fragment = ref.RawQuery, nil, ""
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), r)
	if err != nil {
		return nil, problem.Wrap(problem.BadRequest, err)
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// sameServer lets a redirect stay on the server it came from. Anything else
// would carry a token or a request body to somebody else.
func sameServer(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > maxRedirects || req.URL.Scheme != first.Scheme || req.URL.Host != first.Host {
		return errRedirect
	}
	return nil
}

var errRedirect = errors.New("the answer was a redirect to another server")

// Loopback reports whether host, without a port, is this very machine:
// localhost or an address of 127.0.0.0/8 or ::1. It asks no name server.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// unreachable classifies a failure to get any answer.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("calling the server: %w", ctx.Err())
	}
	// url.Error repeats the address, which is known and may be long.
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if errors.Is(err, errRedirect) || isTLS(err) {
		return badServer(err)
	}
	return problem.Wrap(problem.Offline, err)
}

func badServer(err error) error { return problem.Wrap(problem.BadServer, err) }

func readLimited(ctx context.Context, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("reading the answer: %w", ctx.Err())
	case err != nil:
		return nil, problem.Wrap(problem.Offline, fmt.Errorf("reading the answer: %w", err))
	case len(data) > maxAnswer:
		return nil, badServer(errors.New("the answer is too large"))
	}
	return data, nil
}
