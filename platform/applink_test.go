package platform

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// oldCert and newCert stand for certificates: of them only the hash counts.
var oldCert, newCert = []byte("the first certificate"), []byte("the certificate after rotation")

func msauth(der []byte) string {
	return redirect.Android{Package: "io.example.app", Hash: redirect.HashOf(der)}.RedirectURI()
}

// installed is an app signed with certificates, newest first, whose manifest
// has filters for some addresses.
func installed(filters []string, certificates ...[]byte) *appLink {
	return &appLink{
		box:     newMailbox(),
		signers: func() (string, [][]byte, error) { return "io.example.app", certificates, nil },
		receives: func(uri string) (bool, error) {
			for _, f := range filters {
				if f == uri {
					return true, nil
				}
			}
			return false, nil
		},
	}
}

// req: G5
func TestAppLink_itComesBackByTheAppsOwnAddress(t *testing.T) {
	uri := msauth(newCert)
	a := installed([]string{uri}, newCert)
	back, err := a.prepare(t.Context(), "state")
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if back.RedirectURI() != uri {
		t.Errorf("redirect URI %s, want %s", back.RedirectURI(), uri)
	}
	for _, stray := range []string{
		"", "msauth", "https://evil.example/?state=state&code=x", uri, uri + "?code=x", uri + "?state=other&code=x",
		uri + "/?state=state&code=x", uri + "x?state=state&code=x", strings.ToLower(uri) + "?state=state&code=x",
		uri + "?state=state", uri + "?state=state&code=x&error=y", uri + "?state=state&code=x&code=y",
		uri + "?state=state&state=other&code=x", uri + "#state=state&code=x", "MSAUTH" + strings.TrimPrefix(uri, "msauth") + "?state=state&code=x",
		strings.Replace(uri, "io.example.app", "io.example.other", 1) + "?state=state&code=x",
		strings.Replace(uri, "io.example", "user@io.example", 1) + "?state=state&code=x",
		strings.Replace(uri, ".app/", ".app:1/", 1) + "?state=state&code=x",
		strings.Replace(uri, "://", ":", 1) + "?state=state&code=x", uri + "?state=state&code=%zz",
		uri + "?state=state&code=" + strings.Repeat("x", maxAnswer),
	} {
		a.box.deliver(stray)
	}
	a.box.deliver(uri + "?code=c%2Bde&state=state&session_state=s#ignored")
	got, err := back.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"code": {"c+de"}, "state": {"state"}, "session_state": {"s"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAppLink_itDeliversAnErrorToo(t *testing.T) {
	uri := msauth(newCert)
	a := installed([]string{uri}, newCert)
	back, err := a.prepare(t.Context(), "state")
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	a.box.deliver(uri + "?error=access_denied&error_subcode=cancel&state=state")
	if got, err := back.Wait(t.Context()); err != nil || got.Get("error") != "access_denied" {
		t.Errorf("%v, %v", got, err)
	}
}

// A browser may write percent-encoding anew: the address is the same.
func TestAnswerIn_itSeesThroughPercentEncoding(t *testing.T) {
	uri := redirect.Android{Package: "io.example.app", Hash: mustHash(t, "/mFs2Yzr6mRVUItgVUANroj4PyI=")}.RedirectURI()
	for _, came := range []string{
		uri, strings.Replace(uri, "%3D", "=", 1), strings.Replace(uri, "%2F", "%2f", 1), strings.Replace(uri, "/%2F", "//", 1),
	} {
		if _, ok := answerIn(came+"?state=s&code=c", uri, "s"); !ok {
			t.Errorf("%s is not %s", came, uri)
		}
	}
}

func mustHash(t *testing.T, text string) redirect.Hash {
	t.Helper()
	h, err := redirect.ParseHash(text, redirect.HashOptions{InsecureAllowDebugKey: true})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// With a rotated key the app is registered under the certificate that its
// manifest was made for, which may be an old one.
func TestAppLink_itTakesTheCertificateThatTheManifestWasMadeFor(t *testing.T) {
	for _, c := range []struct {
		filters []string
		want    string
	}{
		{[]string{msauth(newCert), msauth(oldCert)}, msauth(newCert)},
		{[]string{msauth(oldCert)}, msauth(oldCert)},
		{[]string{msauth([]byte("of somebody else"))}, ""},
		{nil, ""},
	} {
		if got, err := installed(c.filters, newCert, oldCert).redirectURI(); got != c.want || err != nil {
			t.Errorf("with %v: %q, %v; want %q", c.filters, got, err, c.want)
		}
	}
}

// req: G5
func TestAppLink_itFallsBackToTheLoopbackInterface(t *testing.T) {
	broken := errors.New("no Java")
	noSigners, noManifest := installed(nil), installed(nil, newCert)
	noSigners.signers = func() (string, [][]byte, error) { return "", nil, broken }
	noManifest.receives = func(string) (bool, error) { return false, broken }
	for name, a := range map[string]*appLink{
		"no filter": installed(nil, newCert), "no certificates": installed(nil),
		"certificates cannot be read": noSigners, "the manifest cannot be asked": noManifest,
	} {
		back, err := a.prepare(t.Context(), "state")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.HasPrefix(back.RedirectURI(), "http://localhost:") {
			t.Errorf("%s: %s", name, back.RedirectURI())
		}
		if err := back.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := installed([]string{msauth(newCert)}, newCert).prepare(t.Context(), ""); err == nil {
		t.Error("a sign-in without state was begun")
	}
}

// Android ends a process that waits for its browser; the answer starts another.
//
// req: G5
func TestAppLink_itResumesWhatAnEarlierProcessBegan(t *testing.T) {
	uri := msauth(newCert)
	a := installed([]string{uri}, newCert)
	a.box.deliver(uri + "?code=c&state=state") // before main ran
	back, err := a.resume(t.Context(), "state", uri)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := back.Wait(t.Context()); err != nil || got.Get("code") != "c" {
		t.Errorf("%v, %v", got, err)
	}
	if err := errors.Join(back.Close(), back.Close()); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ state, uri string }{
		{"state", "http://localhost:4711"}, {"state", msauth(oldCert)}, {"state", ""}, {"", uri},
	} {
		_, err := a.resume(t.Context(), c.state, c.uri)
		if code, _ := problem.Of(err); code != problem.BadCallback {
			t.Errorf("%+v: %v", c, err)
		}
	}
	broken := installed(nil)
	broken.signers = func() (string, [][]byte, error) { return "", nil, errors.New("no Java") }
	if _, err := broken.resume(t.Context(), "state", uri); err == nil {
		t.Error("resumed without knowing the own address")
	}
}

func TestMailbox_itWaitsForTheAnswerAndEndsWithItsContext(t *testing.T) {
	uri := msauth(newCert)
	m := newMailbox()
	var all sync.WaitGroup
	for i := range 20 {
		state := fmt.Sprint("state", i)
		back := m.await(state, uri)
		all.Go(func() {
			defer back.Close()
			if v, err := back.Wait(t.Context()); err != nil || v.Get("code") != "of "+state {
				t.Errorf("%s: %v, %v", state, v, err)
			}
		})
		all.Go(func() { m.deliver(uri + "?" + url.Values{"state": {state}, "code": {"of " + state}}.Encode()) })
	}
	all.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.await("another", uri).Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Any app can send addresses: they must not push out the one that is waited for.
func TestMailbox_itIsNotFilledByStrangers(t *testing.T) {
	uri := msauth(newCert)
	m := newMailbox()
	back := m.await("state", uri)
	m.deliver(uri + "?code=c&state=state")
	m.deliver(uri + "?code=c&state=state") // the same twice is one
	for i := range 10 * boxSize {
		m.deliver(fmt.Sprintf("%s?code=c&state=s%d", uri, i))
	}
	if len(m.answers) != boxSize {
		t.Errorf("%d answers are kept", len(m.answers))
	}
	if v, err := back.Wait(t.Context()); err != nil || v.Get("code") != "c" {
		t.Errorf("%v, %v", v, err)
	}
	if _, ok, _ := m.take("state", uri); ok {
		t.Error("the answer is there twice")
	}
	m.deliver(uri + "?code=late&state=state")
	_ = back.Close()
	if _, ok, _ := m.take("state", uri); ok || len(m.awaited) != 0 {
		t.Error("something is left of a sign-in that has ended")
	}
}

func TestMailbox_itKeepsTheNewestLink(t *testing.T) {
	m := newMailbox()
	for _, link := range []string{
		"lanyard://sso/old", "lanyard://sso/acme", "msauth://io.example.app/x?state=s&code=c", "javascript:alert(1)",
		"lanyard://sso/" + strings.Repeat("x", maxLink), "file:///etc/passwd", "%zz",
	} {
		m.deliver(link)
	}
	if got := <-m.links; got != "lanyard://sso/acme" {
		t.Errorf("got %s", got)
	}
	m.deliver("https://sso.example.com/sso/acme")
	if got := <-m.links; got != "https://sso.example.com/sso/acme" {
		t.Errorf("got %s", got)
	}
	select {
	case got := <-m.links:
		t.Errorf("and %s", got)
	default:
	}
}

// FuzzDeliver: whatever is handed to the app, only an answer with the state, at
// the app's own address, ends the sign-in.
func FuzzDeliver(f *testing.F) {
	uri := msauth(newCert)
	for _, seed := range []string{
		"?state=state&code=c", "?state=state&error=e", "?state=state", "#state=state&code=c", "/?state=state&code=c", "%2F?state=state&code=c",
	} {
		f.Add(uri + seed)
	}
	for _, seed := range []string{"", "msauth://", "msauth:x", "lanyard://sso/acme", "msauth://io.example.app/%zz", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		m := newMailbox()
		m.deliver(address)
		v, ok, _ := m.take("state", uri)
		direct, okDirect := answerIn(address, uri, "state")
		if ok != okDirect || cmp.Diff(direct, v) != "" {
			t.Fatalf("%q: %v by the mailbox, %v without it", address, ok, okDirect)
		}
		if !ok {
			return
		}
		if v.Get("state") != "state" || (v.Get("code") == "") == (v.Get("error") == "") {
			t.Errorf("%q was taken for %v", address, v)
		}
		if !strings.HasPrefix(address, "msauth://io.example.app/") {
			t.Errorf("%q was taken for %s", address, uri)
		}
	})
}
