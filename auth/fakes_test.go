package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// The fakes stand for a Lanyard server, Microsoft and a keychain, so that the
// state machine runs in a bubble of package synctest, where time is fake.

const (
	grace    = 2 * time.Hour
	lifetime = time.Hour
)

func acme() api.Workspace {
	return api.Workspace{
		ID: "acme", Name: "Acme", OfflineGraceSeconds: int64(grace / time.Second),
		Microsoft: &api.Microsoft{Authority: "https://login.microsoftonline.com/t", TenantID: "t", ClientID: "c", Scope: "api://c/access_as_user", DomainHint: "acme.example"},
	}
}

// withSAML is acme where people may sign in by SAML too, or alone.
func withSAML(alone bool) api.Workspace {
	ws := acme()
	ws.SAML = &api.SAML{Start: "https://sso.example.com/w/acme/sso"}
	if alone {
		ws.Microsoft = nil
	}
	return ws
}

func ada() api.Person {
	return api.Person{ID: "ada", Workspace: "acme", UserName: "ada@acme.example", DisplayName: "Ada"}
}

type fakeServer struct {
	mu       sync.Mutex
	down     bool
	ahead    time.Duration // how far its clock is wrong
	ended    bool          // the organisation ended Ada's access
	person   api.Person
	sessions map[string]time.Time // token → expiry
	streams  map[chan api.Event]string
	drop     chan struct{} // closed to break every stream
	fails    map[string][]error
	calls    map[string]int
	number   int
	hang     chan struct{} // StartSession waits for it when set
	offers   api.Workspace
	codes    map[string]string // one-time code → PKCE challenge
	// renewals are the sessions that a refresh token is good for, by it; spent
	// the tokens that were, with the key that went with them.
	renewals map[string]fakeRenewal
	spent    map[string]fakeRenewal
	loses    int // answers to refresh tokens that get lost
}

// fakeRenewal is what the fake knows of a refresh token: the session it renews, and
// the key that a repeated try must have.
type fakeRenewal struct{ session, key, next string }

func newFakeServer() *fakeServer {
	return &fakeServer{
		person: ada(), sessions: map[string]time.Time{}, streams: map[chan api.Event]string{},
		drop: make(chan struct{}), fails: map[string][]error{}, calls: map[string]int{}, offers: acme(),
		codes: map[string]string{}, renewals: map[string]fakeRenewal{}, spent: map[string]fakeRenewal{},
	}
}

// enter counts a call and says how it fails.
func (f *fakeServer) enter(ctx context.Context, name string) error {
	f.calls[name]++
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.down {
		return problem.New(problem.Offline)
	}
	if q := f.fails[name]; len(q) > 0 {
		f.fails[name] = q[1:]
		return q[0]
	}
	return nil
}

func (f *fakeServer) Workspace(ctx context.Context, id string) (api.Workspace, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "workspace"); err != nil {
		return api.Workspace{}, err
	}
	if id != "acme" {
		return api.Workspace{}, problem.New(problem.UnknownWorkspace)
	}
	return f.offers, nil
}

func (f *fakeServer) Discover(ctx context.Context, email string) (api.Workspace, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "discover"); err != nil {
		return api.Workspace{}, err
	}
	if !strings.HasSuffix(email, "@acme.example") {
		return api.Workspace{}, problem.New(problem.UnknownWorkspace)
	}
	return f.offers, nil
}

func (f *fakeServer) StartSession(ctx context.Context, r api.SessionRequest) (api.Session, error) {
	f.mu.Lock()
	hang := f.hang
	f.mu.Unlock()
	if hang != nil {
		<-hang
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "start"); err != nil {
		return api.Session{}, err
	}
	if f.ended {
		return api.Session{}, problem.New(problem.AccessEnded)
	}
	refreshable := false
	if r.Code == "stolen" {
		f.calls["stolen"]++
	}
	switch {
	case r.Code != "":
		sum := sha256.Sum256([]byte(r.CodeVerifier))
		challenge, ok := f.codes[r.Code]
		delete(f.codes, r.Code)
		if !ok || challenge != base64.RawURLEncoding.EncodeToString(sum[:]) || r.RedirectURI != fakeReturn && r.RedirectURI != phoneReturn || r.GrantType != "authorization_code" {
			return api.Session{}, problem.New(problem.CodeSpent)
		}
		refreshable = true
	case r.RefreshToken != "":
		if err := f.use(r); err != nil {
			return api.Session{}, err
		}
		refreshable = true
	}
	f.number++
	token := fmt.Sprintf("secret-session-%d", f.number)
	f.sessions[token] = time.Now().Add(lifetime)
	s := api.Session{Token: token, ExpiresAt: f.sessions[token].Add(f.ahead), Me: f.person, OfflineGraceSeconds: int64(grace / time.Second)}
	if refreshable {
		s.RefreshToken = fmt.Sprintf("secret-refresh-%d", f.number)
		f.renewals[s.RefreshToken] = fakeRenewal{session: token}
		if r.RefreshToken != "" {
			f.spent[r.RefreshToken] = fakeRenewal{key: r.IdempotencyKey, next: s.RefreshToken}
		}
	}
	if r.RefreshToken != "" && f.loses > 0 {
		f.loses--
		return api.Session{}, problem.New(problem.Offline)
	}
	return s, nil
}

// use spends a refresh token. One that was used before ends the session, unless
// what it brought was never used and the key is the same.
func (f *fakeServer) use(r api.SessionRequest) error {
	token := r.RefreshToken
	if was, ok := f.spent[token]; ok {
		now, live := f.renewals[was.next]
		delete(f.renewals, was.next)
		delete(f.sessions, now.session)
		if live && was.key == r.IdempotencyKey && was.key != "" {
			return nil
		}
		return problem.New(problem.RefreshSpent)
	}
	now, live := f.renewals[token]
	delete(f.renewals, token)
	if !live {
		return problem.New(problem.RefreshSpent)
	}
	delete(f.sessions, now.session)
	return nil
}

// endAll ends what everybody has.
func (f *fakeServer) endAll() {
	f.sessions, f.renewals = map[string]time.Time{}, map[string]fakeRenewal{}
}

func (f *fakeServer) good(token string) error {
	if until, ok := f.sessions[token]; !ok || !time.Now().Before(until) {
		return problem.New(problem.SessionGone)
	}
	return nil
}

func (f *fakeServer) Me(ctx context.Context, token string) (api.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "me"); err != nil {
		return api.Person{}, err
	}
	return f.person, f.good(token)
}

func (f *fakeServer) Events(ctx context.Context, token string, on func(api.Event) error) error {
	f.mu.Lock()
	if err := f.enter(ctx, "events"); err != nil {
		f.mu.Unlock()
		return err
	}
	if err := f.good(token); err != nil {
		f.mu.Unlock()
		return err
	}
	events, drop := make(chan api.Event, 16), f.drop
	f.streams[events] = token
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.streams, events)
		f.mu.Unlock()
	}()
	if err := on(api.Event{Type: api.EventReady, At: time.Now().Add(f.ahead)}); err != nil {
		return err
	}
	for {
		select {
		case e := <-events:
			if err := on(e); err != nil {
				return err
			}
			if e.Type == api.EventAccessEnded || e.Type == api.EventSessionEnded {
				return nil
			}
		case <-drop:
			return problem.New(problem.Offline)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fakeServer) EndSession(ctx context.Context, token string, all bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "end"); err != nil {
		return err
	}
	if err := f.good(token); err != nil {
		return err
	}
	delete(f.sessions, token)
	for refresh, r := range f.renewals {
		if r.session == token {
			delete(f.renewals, refresh)
		}
	}
	if all {
		f.endAll()
	}
	return nil
}

// push sends an event to every stream; ending ones end the sessions first.
func (f *fakeServer) push(t api.EventType, p *api.Problem) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch t {
	case api.EventAccessEnded:
		f.ended = true
		f.endAll()
	case api.EventSessionEnded:
		f.endAll()
	}
	for s := range f.streams {
		s <- api.Event{Type: t, Problem: p}
	}
}

// cut breaks the streams, and with down the rest as well.
func (f *fakeServer) cut(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
	close(f.drop)
	f.drop = make(chan struct{})
}

func (f *fakeServer) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeServer) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

func (f *fakeServer) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[name]
}

type fakeProvider struct {
	mu       sync.Mutex
	requests []Request
	silents  []Request
	accounts map[string]bool
	codes    map[string]string // code → verifier, of a Resumer's sign-ins
	begun    int               // Begins that neither Finish nor Abandon ended
	redeemed int
	stolen   int   // codes of somebody else's
	signIn   error // what SignIn answers, and Finish
	silent   error
	wait     chan struct{} // SignIn waits for it, ignoring ctx when deaf
	deaf     bool
	user     string
	hung     bool // SignOut waits for its ctx, as for a keychain that hangs
}

func newFakeProvider() *fakeProvider {
	return &fakeProvider{accounts: map[string]bool{}, codes: map[string]string{}, user: "ada@acme.example"}
}

func (p *fakeProvider) SignIn(ctx context.Context, r Request) (Token, error) {
	p.mu.Lock()
	p.requests = append(p.requests, r)
	wait, deaf, err := p.wait, p.deaf, p.signIn
	p.mu.Unlock()
	if r.DeviceCode != nil {
		r.DeviceCode(DeviceCode{URL: "https://microsoft.com/devicelogin", UserCode: "ABC", ExpiresAt: time.Now().Add(time.Minute)})
		if code(err) == problem.NoBrowser {
			err = nil
		}
	}
	if wait != nil {
		if deaf {
			<-wait
		} else {
			select {
			case <-wait:
			case <-ctx.Done():
				return Token{}, ctx.Err()
			}
		}
	}
	if err != nil {
		return Token{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts["home-"+p.user] = true
	return Token{AccessToken: "secret-access", Account: "home-" + p.user, UserName: p.user}, nil
}

func (p *fakeProvider) Silent(ctx context.Context, r Request) (Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silents = append(p.silents, r)
	if err := ctx.Err(); err != nil {
		return Token{}, err
	}
	if p.silent != nil {
		return Token{}, p.silent
	}
	if !p.accounts[r.Account] {
		return Token{}, problem.New(problem.SignInAgain)
	}
	return Token{AccessToken: "secret-access", Account: r.Account, UserName: p.user}, nil
}

func (p *fakeProvider) SignOut(ctx context.Context, r Request) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hung {
		<-ctx.Done()
		return problem.Wrap(problem.KeychainTimeout, ctx.Err())
	}
	delete(p.accounts, r.Account)
	return nil
}

func (p *fakeProvider) LogoutURL(_ context.Context, r Request) (string, error) {
	return "https://login.microsoftonline.com/t/oauth2/v2.0/logout?logout_hint=" + url.QueryEscape(r.LoginHint), nil
}

func (p *fakeProvider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *fakeProvider) request(i int) Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[i]
}

func (p *fakeProvider) silently() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.silents)
}

func (p *fakeProvider) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.accounts) == 0
}

type fakeVault struct {
	mu    sync.Mutex
	saved *Saved
	load  error
	save  error
	gate  chan struct{} // Clear waits for it when set
	slow  chan struct{} // the next Save of another refresh token waits for it when set
	alone chan struct{} // holds one while somebody is alone
}

func (v *fakeVault) Load(context.Context) (Saved, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.load != nil:
		return Saved{}, v.load
	case v.saved == nil:
		return Saved{}, ErrNothingSaved
	}
	return *v.saved, nil
}

func (v *fakeVault) Save(_ context.Context, s Saved) error {
	v.mu.Lock()
	if slow := v.slow; slow != nil && s.RefreshToken != v.saved.RefreshToken {
		v.slow = nil
		v.mu.Unlock()
		<-slow
		v.mu.Lock()
	}
	defer v.mu.Unlock()
	if v.save != nil {
		return v.save
	}
	v.saved = &s
	return nil
}

func (v *fakeVault) Clear(ctx context.Context) error {
	if v.gate != nil {
		<-v.gate
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	v.saved = nil
	return nil
}

func (v *fakeVault) Exclusive(ctx context.Context, do func()) error {
	select {
	case v.alone <- struct{}{}:
		defer func() { <-v.alone }()
	case <-ctx.Done():
		return ctx.Err()
	}
	do()
	return nil
}

// now is what is saved.
func (v *fakeVault) now() Saved {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.saved == nil {
		return Saved{}
	}
	return *v.saved
}

// token is the saved session, or "".
func (v *fakeVault) token() string { return v.now().SessionToken }

func (v *fakeVault) empty() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.saved == nil
}

// rig is a client among its fakes, running in a bubble.
type rig struct {
	*Client
	t        *testing.T
	server   *fakeServer
	provider *fakeProvider
	vault    *fakeVault
	browser  *fakeBrowser
	pending  *fakePending
	device   kind
	process  *process
	log      *bytes.Buffer
	ctx      context.Context
	quit     context.CancelFunc
	over     chan struct{}
}

// newRig makes a rig that does not run yet.
func newRig(t *testing.T) *rig {
	r := &rig{t: t, server: newFakeServer(), provider: newFakeProvider(), vault: &fakeVault{alone: make(chan struct{}, 1)}, pending: &fakePending{}, log: &bytes.Buffer{}}
	r.browser = newFakeBrowser(r.server, r.provider)
	return r
}

// run starts the client, as the app's start does, and waits until it rests.
func (r *rig) run() {
	base, err := url.Parse("https://sso.example.com")
	if err != nil {
		r.t.Fatal(err)
	}
	cfg := Config{
		Server: base, Device: "Ada's laptop",
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	r.process = &process{rig: r}
	r.process.plug(&cfg)
	r.Client = New(cfg)
	r.dial = func(*url.URL) server { return mortalServer{r.server, r.process} }
	r.ctx, r.quit = context.WithCancel(context.Background())
	r.over = make(chan struct{})
	go func() { r.Run(r.ctx); close(r.over) }()
	synctest.Wait()
}

// stop ends the client, as closing the app does.
func (r *rig) stop() {
	r.quit()
	<-r.over
	if strings.Contains(r.log.String(), "secret") {
		r.t.Errorf("a secret is in the log:\n%s", r.log)
	}
}

// in runs a test inside a bubble, with a rig that is ended afterwards.
func in(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		test(r)
		r.stop()
	})
}

func (r *rig) wait(d time.Duration) {
	time.Sleep(d) // fake: the bubble's clock jumps
	synctest.Wait()
}

// want checks the phase and the codes of the latest state.
func (r *rig) want(p Phase, err, notice problem.Code) State {
	r.t.Helper()
	synctest.Wait()
	s := r.State()
	if s.Phase != p || code(s.Err) != err || code(s.Notice) != notice {
		r.t.Fatalf("phase %v, error %v, notice %v; want %v, %q, %q", s.Phase, s.Err, s.Notice, p, err, notice)
	}
	return s
}

// signIn signs in in the browser.
func (r *rig) signIn(where string) error { return r.SignIn(r.ctx, where) }

func (r *rig) mustSignIn() {
	r.t.Helper()
	if err := r.signIn("acme"); err != nil {
		r.t.Fatal(err)
	}
	r.want(SignedIn, "", "")
}
