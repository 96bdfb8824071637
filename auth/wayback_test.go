package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// req: G6
func TestWayBack_theFallbacksHaveAnOrder(t *testing.T) {
	wrapped := fmt.Errorf("no filter in the manifest: %w", ErrNoReturn)
	for _, c := range []struct {
		name             string
		device           kind
		noReturn         error
		refuses          error
		method           Method
		phase            Phase
		err              problem.Code
		back             string // where the browser came back to
		code, remembered bool
	}{
		{"the app's own link", phone, nil, nil, Microsoft, SignedIn, "", phoneReturn, false, true},
		{"the app's own link", phone, nil, nil, SAML, SignedIn, "", phoneReturn, false, true},
		{"no link, so a listener", phone, wrapped, nil, Microsoft, SignedIn, "", fakeReturn, false, false},
		{"no link, so a listener", phone, wrapped, nil, SAML, SignedIn, "", fakeReturn, false, false},
		{"no browser either, so a code", phone, wrapped, problem.New(problem.NoBrowser), Microsoft, SignedIn, "", "", true, false},
		{"a link and no browser, so a code", phone, nil, problem.New(problem.NoBrowser), Microsoft, SignedIn, "", "", true, true},
		{"no port, so a code", phone, problem.New(problem.PortBusy), nil, Microsoft, SignedIn, "", "", true, false},
		{"a failure nobody knows, so a code", phone, nil, errors.New("opening https://x?code_challenge=y"), Microsoft, SignedIn, "", "", true, true},
		{"no browser and no code by SAML", phone, nil, problem.New(problem.NoBrowser), SAML, SignedOut, problem.NoBrowser, "", false, true},
		{"a desktop has the listener alone", desktop, nil, nil, Microsoft, SignedIn, "", fakeReturn, false, false},
		{"a desktop without a browser", desktop, nil, problem.New(problem.NoBrowser), Microsoft, SignedIn, "", "", true, false},
	} {
		t.Run(c.name+" by "+string(c.method), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.device, r.browser.noReturn, r.browser.refuses = c.device, c.noReturn, c.refuses
				if c.method == SAML {
					r.server.offers = withSAML(true)
				}
				r.run()
				var codes []State
				done := make(chan struct{})
				go func() {
					defer close(done)
					for s := range r.States(r.ctx) {
						if s.DeviceCode != nil {
							codes = append(codes, s)
						}
					}
				}()
				err := r.signIn("acme")
				if err != nil && strings.Contains(err.Error(), "code_challenge") {
					t.Errorf("the error holds the address: %v", err)
				}
				r.want(c.phase, c.err, "")
				if c.back != "" && r.browser.last().Get("redirect_uri") != c.back {
					t.Errorf("the browser came back to %q", r.browser.last().Get("redirect_uri"))
				}
				asked := slices.ContainsFunc(r.provider.requests, func(q Request) bool { return q.DeviceCode != nil })
				if asked != c.code {
					t.Errorf("a code was asked for: %v", asked)
				}
				if begun, _, _ := r.provider.sums(); (r.pending.times() > 0) != c.remembered || !r.pending.empty() || r.browser.ways() != 0 || begun != 0 {
					t.Errorf("kept %d times, %d ways back, %d begun", r.pending.times(), r.browser.ways(), begun)
				}
				r.stop()
				<-done
			})
		})
	}
}

func TestWayBack_withoutOneThePersonGetsACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.device, r.browser.noReturn = phone, ErrNoReturn
		r.run()
		r.cfg.Fallback = nil
		wait := make(chan struct{})
		r.provider.set(func() { r.provider.wait = wait })
		go func() { _ = r.SignIn(r.ctx, "acme") }()
		if s := r.want(SigningIn, "", problem.NoBrowser); s.DeviceCode == nil {
			t.Errorf("state %+v", s)
		}
		close(wait)
		r.want(SignedIn, "", "")
		r.stop()
	})
}

// req: G8
func TestRegistered_anAppThatEntraDoesNotKnowIsToldBeforeTheBrowserOpens(t *testing.T) {
	other := api.AndroidApp{Package: "example.lanyard", SignatureHash: "other", RedirectURI: "msauth://example.lanyard/other"}
	ours := api.AndroidApp{Package: "example.lanyard", RedirectURI: phoneReturn}
	for name, c := range map[string]struct {
		mobile *api.Mobile
		device kind
		ok     bool
	}{
		"nothing was entered":      {nil, phone, true},
		"only Apple's was entered": {&api.Mobile{Apple: []api.AppleApp{{BundleID: "b", RedirectURI: "msauth.b://auth"}}}, phone, true},
		"ours is among them":       {&api.Mobile{Android: []api.AndroidApp{other, ours}}, phone, true},
		"ours is not among them":   {&api.Mobile{Android: []api.AndroidApp{other}}, phone, false},
		"a desktop has a listener": {&api.Mobile{Android: []api.AndroidApp{other}}, desktop, true},
	} {
		eachMethod(t, func(t *testing.T, m Method) {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t)
					r.device = c.device
					if m == SAML {
						r.server.offers = withSAML(true)
					}
					r.server.offers.Mobile = c.mobile
					r.run()
					err := r.signIn("acme")
					if c.ok {
						r.want(SignedIn, "", "")
					} else {
						r.want(SignedOut, problem.RedirectNotRegistered, "")
						if d := problem.DetailOf(err); !strings.Contains(d, phoneReturn) || !strings.Contains(d, "Acme") {
							t.Errorf("it says %q", d)
						}
						if r.browser.visits() != 0 || r.pending.times() != 0 || r.browser.ways() != 0 {
							t.Errorf("opened %d, kept %d", r.browser.visits(), r.pending.times())
						}
					}
					r.stop()
				})
			})
		})
	}
}
