package auth_test

import (
	"bytes"
	"context"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
)

// appLink is the redirect URI of an app for Android.
const (
	appLink     = "msauth://example.lanyard/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
	appPackage  = "example.lanyard"
	appHash     = "1wIqXSqBj7w+h11ZifsnqwgyKrY="
	anotherHash = "AAECAwQFBgcICQoLDA0ODxAREhM="
)

// handset is what a phone's system does for the app: it opens a browser, and
// hands links of the app's own to whichever process there is.
type handset struct {
	*person
	// look holds the person up before they look at the browser.
	look chan struct{}
	// opened has one for each address.
	opened chan struct{}

	mu       sync.Mutex
	came     map[string]url.Values // by state
	arrived  chan struct{}         // closed when came changes
	uri      string
	received []*url.URL
}

// wayIntoTheApp is what our server's page offers to press, since a browser may
// refuse to follow a redirect to a scheme of an app's own.
var wayIntoTheApp = regexp.MustCompile(`href="(msauth:[^"]+)"`)

func newHandset(p *person) *handset {
	look := make(chan struct{})
	close(look)
	return &handset{person: p, look: look, opened: make(chan struct{}, 8), came: map[string]url.Values{}, arrived: make(chan struct{}), uri: appLink}
}

func (h *handset) open(ctx context.Context, address string) error {
	look := h.look
	h.opened <- struct{}{}
	go func() {
		<-look
		h.person.mu.Lock()
		defer h.person.mu.Unlock()
		answer, err := h.b.Visit(context.WithoutCancel(ctx), address, h.user)
		h.seen = append(h.seen, h.b.Pages)
		if err != nil {
			h.fails <- err
			return
		}
		back := answer.URL
		if m := wayIntoTheApp.FindStringSubmatch(answer.Body); m != nil {
			if back, err = url.Parse(html.UnescapeString(m[1])); err != nil {
				h.fails <- err
				return
			}
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.received = append(h.received, back)
		h.came[back.Query().Get("state")] = back.Query()
		close(h.arrived)
		h.arrived = make(chan struct{})
	}()
	return nil
}

func (h *handset) prepare(_ context.Context, state string) (auth.Return, error) {
	return &link{h, state, h.uri}, nil
}

func (h *handset) resume(_ context.Context, state, redirectURI string) (auth.Return, error) {
	return &link{h, state, redirectURI}, nil
}

// answered waits for the n-th answer that came to the app's link.
func (h *handset) answered(ctx context.Context, n int) *url.URL {
	for {
		h.mu.Lock()
		received, arrived := h.received, h.arrived
		h.mu.Unlock()
		if len(received) >= n {
			return received[n-1]
		}
		select {
		case <-arrived:
		case err := <-h.fails:
			h.fails <- err
			return &url.URL{Opaque: err.Error()}
		case <-ctx.Done():
			return &url.URL{Opaque: "nothing came"}
		}
	}
}

// link is auth.Return by the app's own address.
type link struct {
	*handset
	state, uri string
}

func (l *link) RedirectURI() string { return l.uri }
func (l *link) Close() error        { return nil }

func (l *link) Wait(ctx context.Context) (url.Values, error) {
	for {
		l.mu.Lock()
		v, ok := l.came[l.state]
		delete(l.came, l.state)
		arrived := l.arrived
		l.mu.Unlock()
		if ok {
			return v, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// newPhoneWorld is newWorld with an app for Android, which Entra and, when hash is
// set, the workspace know.
func newPhoneWorld(t *testing.T, m auth.Method, hash string) (*world, *handset) {
	w := newWorldWith(t, entratest.Redirect{Platform: entratest.PublicClient, URI: appLink})
	if m == auth.SAML {
		w.bySAML()
	}
	if hash != "" {
		w.command("mobile", "set", "acme", "--package", appPackage, "--signature-hash", hash)
	}
	h := newHandset(w.browser)
	w.phone = h
	return w, h
}

// req: G5
// req: G6
// req: G7
func TestEndToEnd_aPhoneFinishesWhatAnEarlierProcessBegan(t *testing.T) {
	for _, m := range []auth.Method{auth.Microsoft, auth.SAML} {
		t.Run(string(m), func(t *testing.T) {
			w, h := newPhoneWorld(t, m, appHash)
			h.look = make(chan struct{})
			d := w.start(t.TempDir())
			d.reach(t, auth.SignedOut)
			go func() { _ = d.SignIn(context.Background(), "acme") }()
			select {
			case <-h.opened:
			case <-time.After(time.Minute):
				t.Fatal("no browser was opened")
			}
			if !d.holds("pending.sealed") {
				t.Error("the browser is open and nothing is kept")
			}
			d.stop()
			log := d.log.String()
			close(h.look) // the person signs in while no process of the app is there
			back := h.answered(t.Context(), 1)
			if !strings.HasPrefix(back.String(), appLink+"?") || back.Query().Get("code") == "" {
				t.Fatalf("the browser came back to %s://%s%s%s", back.Scheme, back.Host, back.Path, back.Opaque)
			}
			d = w.start(d.dir)
			if s := d.reach(t, auth.SignedIn); s.Method != m || s.Person.DisplayName != "Ada Lovelace" || s.LastWorkspace == "" {
				t.Fatalf("by %q, %+v", s.Method, s.Person)
			}
			if n := len(w.browser.visits()); n != 1 {
				t.Errorf("the browser was opened %d times", n)
			}
			d.stop()
			log += d.log.String()
			secrets := []string{back.Query().Get("code"), back.Query().Get("state")}
			for _, r := range w.entra.RequestsTo(entratest.MatchGrant("authorization_code")) {
				secrets = append(secrets, r.Params.Get("code_verifier"))
			}
			d.hasNot(t, log, secrets)

			d = w.start(d.dir) // and it is a sign-in like any other
			d.reach(t, auth.SignedIn)
			if err := d.SignOut(t.Context(), auth.ThisDevice); err != nil {
				t.Fatal(err)
			}
			d.nothingSaved(t)
		})
	}
}

// holds reports whether the device has a sealed file of this name.
func (d *device) holds(name string) bool {
	_, err := os.Stat(filepath.Join(d.dir, "data", name))
	return err == nil
}

// hasNot looks for secrets in the log and in everything on the device.
func (d *device) hasNot(t *testing.T, log string, secrets []string) {
	t.Helper()
	err := filepath.WalkDir(d.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, s := range secrets {
			if s == "" || bytes.Contains(raw, []byte(s)) {
				t.Errorf("%s has a secret, or there is none to look for", e.Name())
			}
		}
		return err
	})
	for _, s := range secrets {
		if strings.Contains(log, s) {
			t.Errorf("a secret is in the log:\n%s", log)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// req: G5
func TestEndToEnd_bySAMLAPhoneComesBackByARegisteredLink(t *testing.T) {
	w, h := newPhoneWorld(t, auth.SAML, appHash)
	d := w.start(t.TempDir())
	d.reach(t, auth.SignedOut)
	if err := w.browse(d, "acme"); err != nil {
		t.Fatal(err)
	}
	s := d.reach(t, auth.SignedIn)
	if s.Method != auth.SAML || len(h.received) != 1 || s.Workspace.Mobile == nil || !s.Workspace.Mobile.Registered(appLink) {
		t.Fatalf("%+v, came back %d times", s, len(h.received))
	}
}

// req: G8
func TestEndToEnd_anAppThatIsNotRegisteredOpensNoBrowser(t *testing.T) {
	for _, m := range []auth.Method{auth.Microsoft, auth.SAML} {
		t.Run(string(m), func(t *testing.T) {
			w, _ := newPhoneWorld(t, m, anotherHash)
			d := w.start(t.TempDir())
			d.reach(t, auth.SignedOut)
			err := d.SignIn(t.Context(), "acme")
			if k, _ := problem.Of(err); k != problem.RedirectNotRegistered || !strings.Contains(problem.DetailOf(err), appLink) {
				t.Errorf("it says %v", err)
			}
			if n := len(w.browser.visits()); n != 0 {
				t.Errorf("the browser was opened %d times", n)
			}
			d.nothingSaved(t)
		})
	}
}
