package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// What is here stands for the browser, the way back from it, and a process of
// the app that the system may end at any moment.

// Where the browser comes back to: a listener, and a link of the app's own.
const (
	fakeReturn  = "http://localhost:53682"
	phoneReturn = "msauth://example.lanyard/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
)

// fakeBrowser is the browser, the identity providers behind it, and the ways back
// from it. It lives on when the app does not.
type fakeBrowser struct {
	mu       sync.Mutex
	server   *fakeServer
	provider *fakeProvider
	opened   []string
	shown    map[string]url.Values // by state: what the page was asked for
	given    map[string]bool       // states whose answer a process got
	changed  chan struct{}         // closed when shown changes
	strays   []url.Values          // come before each answer
	answers  url.Values            // what to come back with, or nil for a code
	refuses  error                 // no browser can be opened
	noReturn error                 // what the app's own way back answers
	wait     chan struct{}         // the person takes their time
	open     int                   // ways back that were not closed
	number   int
	issuers  []string // who says that the code is theirs
}

func newFakeBrowser(s *fakeServer, p *fakeProvider) *fakeBrowser {
	return &fakeBrowser{server: s, provider: p, shown: map[string]url.Values{}, given: map[string]bool{}, changed: make(chan struct{})}
}

// OpenURL is the app's, for every address.
func (b *fakeBrowser) OpenURL(_ context.Context, address string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened = append(b.opened, address)
	if b.refuses != nil {
		return b.refuses
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("host", u.Host)
	b.shown[q.Get("state")] = q
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

// back is auth.ReturnFunc and auth.ResumeFunc.
func (b *fakeBrowser) back(state, redirect string) *fakeWay {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open++
	return &fakeWay{fakeBrowser: b, state: state, redirect: redirect}
}

func (b *fakeBrowser) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// last is the query of the address that was opened last.
func (b *fakeBrowser) last() url.Values {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.opened) == 0 {
		return nil
	}
	u, err := url.Parse(b.opened[len(b.opened)-1])
	if err != nil {
		panic(err)
	}
	return u.Query()
}

// visits is how often an address was opened.
func (b *fakeBrowser) visits() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.opened)
}

func (b *fakeBrowser) ways() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// page waits until the browser shows what was asked for with this state, and the
// person has done what there is to do. It is there for one process, once.
func (b *fakeBrowser) page(ctx context.Context, state string) (url.Values, error) {
	for {
		b.mu.Lock()
		q, ok := b.shown[state]
		ok = ok && !b.given[state]
		wait, changed := b.wait, b.changed
		b.mu.Unlock()
		if ok && wait == nil {
			return q, nil
		}
		if !ok {
			wait = changed
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if ok {
			return q, ctx.Err()
		}
	}
}

type fakeWay struct {
	*fakeBrowser
	state, redirect string
	stray           int
	closed          bool
}

func (w *fakeWay) RedirectURI() string { return w.redirect }

func (w *fakeWay) Wait(ctx context.Context) (url.Values, error) {
	q, err := w.page(ctx, w.state)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stray++; w.stray <= len(w.strays) {
		return w.strays[w.stray-1], nil
	}
	w.given[w.state] = true
	if w.answers != nil {
		v := url.Values{"state": {w.state}}
		for name, value := range w.answers {
			v[name] = value
		}
		return v, nil
	}
	if q.Get("redirect_uri") != w.redirect || q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" {
		return url.Values{"error": {"invalid_request"}, "state": {w.state}}, nil
	}
	w.number++
	code := fmt.Sprintf("secret-code-%d", w.number)
	if q.Get("host") == "login.microsoftonline.com" {
		w.provider.set(func() { w.provider.codes[code] = q.Get("code_challenge") })
	} else {
		w.server.set(func() { w.server.codes[code] = q.Get("code_challenge") })
	}
	v := url.Values{"code": {code}, "state": {w.state}}
	if w.issuers != nil {
		v["iss"] = w.issuers
	}
	return v, nil
}

func (w *fakeWay) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		w.open--
	}
	return nil
}

// fakePending is a PendingVault on a disk that outlives the process.
type fakePending struct {
	mu    sync.Mutex
	kept  *Pending
	husk  bool // what Take leaves
	load  error
	save  error
	saves int
}

func (v *fakePending) Load(context.Context) (Pending, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.load != nil:
		err := v.load
		if code(err) == problem.CacheUnreadable {
			v.load, v.kept = nil, nil
		}
		return Pending{}, err
	case v.kept == nil:
		v.husk = false
		return Pending{}, ErrNothingSaved
	}
	return *v.kept, nil
}

func (v *fakePending) Save(_ context.Context, p Pending) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.save != nil {
		return v.save
	}
	v.saves++
	v.kept, v.husk = &p, false
	return nil
}

func (v *fakePending) Take(_ context.Context, state string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept == nil || subtle.ConstantTimeCompare([]byte(v.kept.State), []byte(state)) != 1 {
		return ErrNothingSaved
	}
	v.kept, v.husk = nil, true
	return nil
}

func (v *fakePending) Delete(_ context.Context, state string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept == nil || state == "" || v.kept.State == state {
		v.kept, v.husk = nil, false
	}
	return nil
}

func (v *fakePending) now() Pending {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept == nil {
		return Pending{}
	}
	return *v.kept
}

func (v *fakePending) empty() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.kept == nil && !v.husk
}

// times is how often a sign-in was kept.
func (v *fakePending) times() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.saves
}

func (v *fakePending) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

// Begin, Finish and Abandon make a Resumer of the fake.
func (p *fakeProvider) Begin(_ context.Context, r Request, redirectURI, state string) (Begun, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r)
	p.begun++
	verifier := secret()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "redirect_uri": {redirectURI}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	return Begun{URL: "https://login.microsoftonline.com/t/oauth2/v2.0/authorize?" + q.Encode(), Secret: []byte(verifier)}, nil
}

func (p *fakeProvider) Finish(ctx context.Context, _ Request, begun []byte, answer url.Values) (Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = 0
	if answer.Get("code") == "stolen" {
		p.stolen++
	}
	if err := errors.Join(ctx.Err(), p.signIn); err != nil {
		return Token{}, err
	}
	if answer.Get("error") != "" {
		return Token{}, problem.New(problem.SignInCancelled)
	}
	sum := sha256.Sum256(begun)
	challenge, ok := p.codes[answer.Get("code")]
	delete(p.codes, answer.Get("code"))
	if !ok || challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return Token{}, problem.New(problem.BadCallback)
	}
	p.redeemed++
	p.accounts["home-"+p.user] = true
	return Token{AccessToken: "secret-access", Account: "home-" + p.user, UserName: p.user}, nil
}

func (p *fakeProvider) Abandon(context.Context) { p.set(func() { p.begun = 0 }) }

// sums are how many sign-ins were begun and left, how many codes were redeemed,
// and how many of somebody else's were tried.
func (p *fakeProvider) sums() (begun, redeemed, stolen int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun, p.redeemed, p.stolen
}

// kind is what a client runs on.
type kind int

const (
	// embedded is a Provider that opens the browser itself.
	embedded kind = iota
	// desktop is a Resumer and a listener, which end with their process.
	desktop
	// phone is a Resumer and a link of the app's own, which outlives it.
	phone
)

// process is a run of the app, which the system may end without a word. Then
// nothing it does has an effect any more.
type process struct {
	rig    *rig
	mu     sync.Mutex
	dead   bool
	killAt string // where it ends
}

var errKilled = errors.New("the process was killed")

// at is called at a place that a process may be ended at.
func (p *process) at(place string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killAt != "" && p.killAt == place {
		p.dead = true
	}
	if p.dead {
		return errKilled
	}
	return nil
}

// over reports whether the process was killed.
func (p *process) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// kill ends the process, as the system does with what nobody looks at.
func (r *rig) kill() {
	r.process.mu.Lock()
	r.process.dead = true
	r.process.mu.Unlock()
	r.quit()
	<-r.over
	r.browser.set(func() { r.browser.open = 0 }) // its ways back ended with it
	r.provider.set(func() { r.provider.begun = 0 })
}

// mortal runs do between the places "before name" and "after name".
func mortal[T any](p *process, name string, do func() (T, error)) (T, error) {
	var none T
	if err := p.at("before " + name); err != nil {
		return none, err
	}
	v, err := do()
	if dead := p.at("after " + name); dead != nil {
		return none, dead
	}
	return v, err
}

func mortally(p *process, name string, do func() error) error {
	_, err := mortal(p, name, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// plug connects a client with what the rig has.
func (p *process) plug(cfg *Config) {
	r := p.rig
	cfg.Vault = mortalVault{r.vault, p}
	cfg.Provider = mortalProvider{r.provider, p}
	cfg.OpenURL = func(ctx context.Context, address string) error {
		return mortally(p, "open", func() error { return r.browser.OpenURL(ctx, address) })
	}
	prepare := func(redirect string) ReturnFunc {
		return func(_ context.Context, state string) (Return, error) {
			return mortalWay{r.browser.back(state, redirect), p}, nil
		}
	}
	cfg.Return = prepare(fakeReturn)
	if r.device == embedded {
		return
	}
	cfg.Provider = mortalResumer{mortalProvider{r.provider, p}, r.provider}
	if r.device == desktop {
		return
	}
	cfg.Fallback = prepare(fakeReturn)
	cfg.Return = func(ctx context.Context, state string) (Return, error) {
		r.browser.mu.Lock()
		err := r.browser.noReturn
		r.browser.mu.Unlock()
		if err != nil {
			return nil, err
		}
		return prepare(phoneReturn)(ctx, state)
	}
	cfg.Pending = mortalPending{r.pending, p}
	cfg.Resume = func(ctx context.Context, state, redirectURI string) (Return, error) {
		if redirectURI != phoneReturn {
			return nil, ErrNoReturn
		}
		return prepare(redirectURI)(ctx, state)
	}
}

type mortalVault struct {
	Vault
	p *process
}

func (v mortalVault) Load(ctx context.Context) (Saved, error) {
	return mortal(v.p, "load", func() (Saved, error) { return v.Vault.Load(ctx) })
}

func (v mortalVault) Save(ctx context.Context, s Saved) error {
	name := "saving the session"
	if s.SessionToken == "" {
		name = "saving the account"
	}
	return mortally(v.p, name, func() error { return v.Vault.Save(ctx, s) })
}

func (v mortalVault) Clear(ctx context.Context) error {
	return mortally(v.p, "clear", func() error { return v.Vault.Clear(ctx) })
}

type mortalPending struct {
	PendingVault
	p *process
}

func (v mortalPending) Load(ctx context.Context) (Pending, error) {
	return mortal(v.p, "seeking", func() (Pending, error) { return v.PendingVault.Load(ctx) })
}

func (v mortalPending) Save(ctx context.Context, x Pending) error {
	return mortally(v.p, "keeping", func() error { return v.PendingVault.Save(ctx, x) })
}

func (v mortalPending) Take(ctx context.Context, state string) error {
	return mortally(v.p, "taking", func() error { return v.PendingVault.Take(ctx, state) })
}

func (v mortalPending) Delete(ctx context.Context, state string) error {
	return mortally(v.p, "removing", func() error { return v.PendingVault.Delete(ctx, state) })
}

type mortalWay struct {
	*fakeWay
	p *process
}

func (w mortalWay) Wait(ctx context.Context) (url.Values, error) {
	return mortal(w.p, "the answer", func() (url.Values, error) { return w.fakeWay.Wait(ctx) })
}

type mortalProvider struct {
	Provider
	p *process
}

func (m mortalProvider) SignIn(ctx context.Context, r Request) (Token, error) {
	return mortal(m.p, "sign in", func() (Token, error) { return m.Provider.SignIn(ctx, r) })
}

func (m mortalProvider) Silent(ctx context.Context, r Request) (Token, error) {
	return mortal(m.p, "silent", func() (Token, error) { return m.Provider.Silent(ctx, r) })
}

func (m mortalProvider) SignOut(ctx context.Context, r Request) error {
	return mortally(m.p, "sign out", func() error { return m.Provider.SignOut(ctx, r) })
}

type mortalResumer struct {
	mortalProvider
	resumer *fakeProvider
}

func (m mortalResumer) Begin(ctx context.Context, r Request, redirectURI, state string) (Begun, error) {
	return mortal(m.p, "begin", func() (Begun, error) { return m.resumer.Begin(ctx, r, redirectURI, state) })
}

func (m mortalResumer) Finish(ctx context.Context, r Request, begun []byte, answer url.Values) (Token, error) {
	return mortal(m.p, "redeeming", func() (Token, error) { return m.resumer.Finish(ctx, r, begun, answer) })
}

func (m mortalResumer) Abandon(ctx context.Context) {
	_ = mortally(m.p, "abandon", func() error { m.resumer.Abandon(ctx); return nil })
}

type mortalServer struct {
	server
	p *process
}

func (m mortalServer) StartSession(ctx context.Context, r api.SessionRequest) (api.Session, error) {
	return mortal(m.p, "starting the session", func() (api.Session, error) { return m.server.StartSession(ctx, r) })
}

func (m mortalServer) EndSession(ctx context.Context, token string, all bool) error {
	return mortally(m.p, "ending the session", func() error { return m.server.EndSession(ctx, token, all) })
}
