package entratest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Matcher chooses requests for [Entra.FailNext].
type Matcher func(Request) bool

// MatchAny matches every request.
func MatchAny() Matcher { return func(Request) bool { return true } }

// MatchPath matches requests whose path ends so: "/token", "/keys",
// "/openid-configuration", "/authorize", "/devicecode".
func MatchPath(suffix string) Matcher {
	return func(r Request) bool { return strings.HasSuffix(r.Path, suffix) }
}

// MatchGrant matches token requests of one grant_type, such as
// "authorization_code", "refresh_token" or "device_code" (in both spellings).
func MatchGrant(grant string) Matcher {
	return func(r Request) bool {
		g := r.Params.Get("grant_type")
		return strings.HasSuffix(r.Path, "/token") && (g == grant || g == "urn:ietf:params:oauth:grant-type:"+grant)
	}
}

// Failure says how a request fails. The first of Cut, AADSTS and Body that is
// set decides; with Hold or Delay alone the request is only late.
type Failure struct {
	// Times is how many matching requests fail; 0 means one.
	Times int
	// Hold keeps the request waiting until the channel is closed or the
	// client gives up.
	Hold <-chan struct{}
	// Delay keeps it waiting that long, in real time.
	Delay time.Duration
	// Cut ends the connection without an answer.
	Cut bool
	// AADSTS answers with Entra's JSON of that number; OAuthError, SubError,
	// Status and Claims change what the number stands for.
	AADSTS     int
	OAuthError string // such as interaction_required
	SubError   string
	// Claims is a claims challenge, the JSON that a client has to send back.
	Claims string
	// Status is the HTTP status; 0 means what the number stands for, or 500.
	Status int
	Header http.Header
	// Body is sent as it is, with Status, when AADSTS is 0.
	Body string
}

// planned is a failure that waits for its request.
type planned struct {
	match Matcher
	Failure
	left int
}

// FailNext makes the next request that m matches fail so. Several plans are
// tried in the order they were made.
func (e *Entra) FailNext(m Matcher, f Failure) {
	e.core.mu.Lock()
	defer e.core.mu.Unlock()
	e.core.failures = append(e.core.failures, &planned{match: m, Failure: f, left: max(1, f.Times)})
}

// ClearFailures forgets every failure that has not happened yet.
func (e *Entra) ClearFailures() {
	e.core.mu.Lock()
	defer e.core.mu.Unlock()
	e.core.failures = nil
}

// planned takes the first failure that is meant for this request. A Matcher
// runs under the lock and must not call back into Entra.
func (c *core) planned(entry Request) *planned {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.failures {
		if !p.match(entry) {
			continue
		}
		if p.left--; p.left == 0 {
			c.failures = slices.Delete(c.failures, i, i+1)
		}
		return p
	}
	return nil
}

// play lets the request fail, and reports whether it was answered.
func (p *planned) play(w http.ResponseWriter, r *http.Request, id ids) bool {
	if p.Hold != nil {
		select {
		case <-p.Hold:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if p.Delay > 0 {
		timer := time.NewTimer(p.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if p.Cut {
		panic(http.ErrAbortHandler) // net/http ends the connection and logs nothing
	}
	if p.AADSTS == 0 && p.Body == "" && p.Status == 0 {
		return false
	}
	for k, vs := range p.Header {
		w.Header()[http.CanonicalHeaderKey(k)] = slices.Clone(vs)
	}
	if p.AADSTS != 0 {
		writeFault(w, p.fault(), id)
		return true
	}
	stamp(w, id)
	if p.Status == 0 {
		p.Status = http.StatusInternalServerError
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write([]byte(p.Body))
	return true
}

func (p *planned) fault() *fault {
	f := refuse(p.AADSTS, "This request fails because a test asked for it.")
	if p.OAuthError != "" {
		f.OAuth = p.OAuthError
	}
	if p.SubError != "" {
		f.Sub = p.SubError
	}
	if p.Status != 0 {
		f.Status = p.Status
	}
	f.Claims = p.Claims
	return f
}
