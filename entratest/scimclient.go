package entratest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// errGone is a 404 for one resource.
var errGone = errors.New("the target does not know this person or group")

// refusal is an answer that is not the one that is due.
type refusal struct {
	Status int
	After  time.Duration // of Retry-After
	Said   string
	// Again: an earlier try was lost or answered with 5xx, so it may have been done.
	Again bool
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %.500s", r.Status, r.Said) }

// maxReply is the largest answer that is read, in bytes.
const maxReply = 8 << 20

// maxRetryAfter is the longest Retry-After that is waited for within a cycle.
const maxRetryAfter = 5 * time.Second

// scimClient sends the requests of a job.
type scimClient struct {
	base  *url.URL
	token string
	http  *http.Client
	flag  bool
	bad   error // why the tenant URL won't do
}

func newSCIMClient(baseURL, token string, opt ProvisionOptions) scimClient {
	base, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil || base.Host == "" {
		return scimClient{base: &url.URL{}, bad: fmt.Errorf("entratest: %q is not a tenant URL", baseURL)}
	}
	// Entra insists on https. Here http will do on loopback, where a
	// development server has no certificate.
	if base.Scheme != "https" && (base.Scheme != "http" || !loopbackHost(base.Hostname())) {
		return scimClient{base: base, bad: fmt.Errorf("entratest: the tenant URL %q must begin with https://", baseURL)}
	}
	hc := opt.HTTPClient
	if hc == nil {
		tr, ok := http.DefaultTransport.(*http.Transport)
		if !ok {
			tr = &http.Transport{}
		}
		tr = tr.Clone()
		tr.Proxy = nil
		hc = &http.Client{Transport: tr, Timeout: 30 * time.Second}
	}
	return scimClient{base: base, token: token, http: hc, flag: opt.OptSCIM062020}
}

// address is the tenant URL with the path put before its query, as Entra does
// with .../scim?aadOptscim062020.
func (s scimClient) address(path string, query url.Values) string {
	u := *s.base
	full := strings.TrimSuffix(u.EscapedPath(), "/") + path
	var parts []string
	if u.RawQuery != "" {
		parts = append(parts, u.RawQuery)
	}
	if s.flag && !strings.Contains(strings.ToLower(u.RawQuery), "aadoptscim062020") {
		parts = append(parts, "aadOptscim062020")
	}
	if len(query) > 0 {
		q := query.Encode()
		if mrand.IntN(2) == 0 { // spaces come as + and as %20
			q = strings.ReplaceAll(q, "+", "%20")
		}
		parts = append(parts, q)
	}
	address := u.Scheme + "://" + u.Host + full
	if len(parts) > 0 {
		address += "?" + strings.Join(parts, "&")
	}
	return address
}

// send makes one request, with tries after a lost connection, 429 and 5xx,
// and notes each. The document is nil where there is none.
func (p *Provisioner) send(ctx context.Context, action, who, method, path string, query url.Values, body any) (map[string]any, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	for try := 0; ; try++ {
		entry := ProvisionResult{User: who, Action: action, Method: method, URL: p.http.address(path, query), Request: string(raw)}
		doc, err := p.http.exchange(ctx, &entry, raw)
		var refused *refusal
		var after time.Duration
		if errors.As(err, &refused) {
			after, refused.Again = refused.After, try > 0
		}
		transient := err != nil && p.http.bad == nil && (entry.Status == 0 || entry.Status == http.StatusTooManyRequests || entry.Status >= 500)
		again := transient && try < len(p.opt.Retry) && after <= maxRetryAfter && ctx.Err() == nil
		switch {
		case again: // only what fails in the end counts as failed
			entry.Note = "tried again: " + err.Error()
		case err != nil:
			entry.Err = err.Error()
		}
		p.note(entry)
		if !again {
			return doc, err
		}
		timer := time.NewTimer(max(p.opt.Retry[try], after))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// exchange is one request and its answer.
func (s scimClient) exchange(ctx context.Context, entry *ProvisionResult, raw []byte) (map[string]any, error) {
	if s.bad != nil {
		return nil, s.bad
	}
	var body io.Reader
	if raw != nil {
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, entry.Method, entry.URL, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Accept", "application/scim+json")
	req.Header.Set("User-Agent", "") // Entra sends none
	if raw != nil {
		req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	res, err := s.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end or given up
	reply, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	entry.Status, entry.Reply = res.StatusCode, string(reply)
	if err != nil {
		entry.Status = 0
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	return readReply(entry.Method, res, reply)
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110
// section 10.2.3).
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return max(0, min(time.Duration(seconds)*time.Second, maxTries))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, min(time.Until(at), maxTries))
	}
	return 0
}

// readReply holds an answer to what Entra expects of it.
func readReply(method string, res *http.Response, reply []byte) (map[string]any, error) {
	if res.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("status 404: %w", errGone)
	}
	want := map[string][]int{
		http.MethodGet: {200}, http.MethodPost: {201, 200}, http.MethodPatch: {200, 204}, http.MethodDelete: {204, 200},
	}[method]
	ok := false
	for _, status := range want {
		ok = ok || status == res.StatusCode
	}
	if !ok {
		return nil, &refusal{Status: res.StatusCode, After: retryAfter(res.Header), Said: string(reply)}
	}
	if len(reply) == 0 {
		if method == http.MethodGet || method == http.MethodPost {
			return nil, errors.New("the answer is empty")
		}
		return nil, nil
	}
	if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || kind != "application/scim+json" {
		return nil, fmt.Errorf("the answer's type is %q, not application/scim+json", res.Header.Get("Content-Type"))
	}
	var doc map[string]any
	if err := json.Unmarshal(reply, &doc); err != nil {
		return nil, fmt.Errorf("the answer is not JSON: %w", err)
	}
	return doc, nil
}
