package msal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/google/uuid"
)

// maxAnswer bounds what is read of one answer of Microsoft's.
const maxAnswer = 4 << 20

// flow is one sign-in or refresh, carried in a context through MSAL: all its
// requests get one correlation id, and the last error answer is kept here,
// since MSAL's errors have lost it, or have the tokens in their text.
type flow struct {
	correlation string

	mu   sync.Mutex
	last *entraError
}

type flowKey struct{}

// withFlow begins a flow.
func withFlow(ctx context.Context) (context.Context, *flow) {
	f := &flow{correlation: uuid.NewString()}
	return context.WithValue(ctx, flowKey{}, f), f
}

func (f *flow) failed(e *entraError) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = e
}

func (f *flow) failure() *entraError {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// wrapClient returns hc, or the default client, with our transport and a
// timeout. hc itself is left as it was.
func wrapClient(hc *http.Client) *http.Client {
	out := &http.Client{}
	if hc != nil {
		*out = *hc
	}
	if out.Transport == nil {
		out.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	if out.Timeout == 0 {
		out.Timeout = defaultHTTPTimeout
	}
	// No answer of Microsoft's that we ask for is a redirect, and following
	// one could carry a code or refresh token elsewhere.
	out.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	out.Transport = &transport{next: out.Transport}
	return out
}

// transport puts the flow's correlation id on requests and remembers error
// answers in the flow.
type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	f, _ := r.Context().Value(flowKey{}).(*flow)
	if f == nil {
		return t.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set("client-request-id", f.correlation)
	r.Header.Set("return-client-request-id", "true")
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		f.failed(nil)
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		f.failed(nil)
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	f.failed(readEntraError(resp, body, f.correlation))
	return resp, nil
}

// CloseIdleConnections lets http.Client close what next keeps open.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// getJSON fetches a document of Microsoft's metadata. Its errors hold no
// query and no body.
func getJSON(ctx context.Context, hc *http.Client, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &statusError{resp.StatusCode}
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into)
}

// random returns 32 random bytes in base64url, which is also what a PKCE
// verifier may be (RFC 7636, section 4.1).
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}
