package server

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// phone is an Android app with a certificate of its own.
func phone(certificate string) redirect.Android {
	return redirect.Android{Package: "com.acme.lanyard", Hash: redirect.HashOf([]byte(certificate))}
}

// register enters an Android app, and returns its redirect URI.
func (w *world) register(r *replica, ws string, a redirect.Android) string {
	w.t.Helper()
	_, err := r.server.Mobile().Set(context.Background(), ws, "the test", MobileInput{
		Android: []MobileAndroidApp{{Package: a.Package, SignatureHash: a.Hash.String()}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a.RedirectURI()
}

// req: G4
func TestDiscovery_itTellsEveryServersClientsWhichAppsAreRegistered(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine)
			one, two := w.serve(w.store), w.serve(w.open())
			ctx, setup := t.Context(), one.server.Mobile()
			if ws, err := two.client.Workspace(ctx, "acme"); err != nil || ws.Mobile != nil {
				t.Fatalf("before: %+v, %v", ws.Mobile, err)
			}
			config := redirect.NewMSAL(w.app.ClientID, w.tenant.ID, phone("play"))
			if _, err := setup.Set(ctx, "acme", "ada", MobileInput{
				Apple:   []MobileAppleApp{{BundleID: "com.acme.lanyard"}},
				Android: []MobileAndroidApp{{Package: "com.acme.lanyard", SignatureHash: phone("upload").Hash.String()}, {Package: "com.acme.lanyard", SignatureHash: phone("play").Hash.String()}},
				MSAL:    []string{string(config.JSON())},
			}); err != nil {
				t.Fatal(err)
			}
			ws, err := two.client.Discover(ctx, "someone@acme.example")
			if err != nil || ws.Mobile == nil {
				t.Fatalf("the other server says %+v, %v", ws, err)
			}
			app := func(a redirect.Android) api.AndroidApp {
				return api.AndroidApp{Package: a.Package, SignatureHash: a.Hash.String(), RedirectURI: a.RedirectURI()}
			}
			want := &api.Mobile{
				Apple:   []api.AppleApp{{BundleID: "com.acme.lanyard", RedirectURI: "msauth.com.acme.lanyard://auth"}},
				Android: []api.AndroidApp{app(phone("upload")), app(phone("play"))},
			}
			var msal redirect.MSAL
			if err := json.Unmarshal(ws.Mobile.Android[1].MSAL, &msal); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(config, msal); diff != "" {
				t.Errorf("MSAL (-want +got):\n%s", diff)
			}
			ws.Mobile.Android[1].MSAL = nil
			if diff := cmp.Diff(want, ws.Mobile); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// A configuration of another registration than the workspace's leads
			// people elsewhere.
			if _, err := w.store.UpdateWorkspace(ctx, "acme", time.Now(), func(ws *directory.Workspace) error {
				ws.Microsoft.ClientID = "99999999-2222-3333-4444-555555555555"
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if ws, err = two.client.Workspace(ctx, "acme"); err != nil || ws.Mobile.Android[1].MSAL != nil {
				t.Errorf("a stale configuration is given away: %+v, %v", ws.Mobile, err)
			}
			if _, err := setup.Remove(ctx, "acme", "ada", MobileRemoval{All: true}); err != nil {
				t.Fatal(err)
			}
			if ws, err = two.client.Workspace(ctx, "acme"); err != nil || ws.Mobile != nil {
				t.Errorf("after: %+v, %v", ws.Mobile, err)
			}
		})
	}
}

// toApp signs ada in by SAML as an app on a telephone does, up to the page that
// offers the way back, and returns the link on it.
func (w *samlWorld) toApp(q url.Values) string {
	w.t.Helper()
	jar := w.jar()
	raw, relay := w.answer(w.call(jar, "GET", w.r.URL+"/w/acme/sso?"+q.Encode(), nil))
	return w.linkBack(w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil), q.Get("redirect_uri"))
}

func (w *samlWorld) linkBack(resp *http.Response, to string) string {
	w.t.Helper()
	page := bodyOf(w.t, resp)
	_, rest, ok := strings.Cut(page, `href="`+to+`?`)
	query, _, _ := strings.Cut(rest, `"`)
	if resp.StatusCode != http.StatusOK || !ok {
		w.t.Fatalf("no way back to %s: %d %s", to, resp.StatusCode, page)
	}
	return html.UnescapeString(query)
}

// req: G4
func TestSAMLApp_itReturnsToAppsThatAreRegisteredInEntra(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	apple := redirect.Apple{BundleID: "com.acme.lanyard"}.RedirectURI()
	_, err := w.r.server.Mobile().Set(t.Context(), "acme", "ada", MobileInput{Apple: []MobileAppleApp{{BundleID: "com.acme.lanyard"}}})
	w.must(err)
	// A hash with every character that is percent-encoded.
	android := redirect.Android{Package: "com.acme.lanyard"}
	copy(android.Hash[:], "\xff\xff\xff\xfb\xef\xbe")
	for _, back := range []string{apple, w.register(w.r, "acme", android), w.register(w.r, "acme", phone("play"))} {
		q, verifier := appQuery(back)
		answer, err := url.ParseQuery(w.toApp(q))
		w.must(err)
		if answer.Get("state") != "s 1&2" {
			t.Errorf("%s: the state came back as %q", back, answer.Get("state"))
		}
		if _, err := w.r.client.StartSession(t.Context(), api.SessionRequest{
			Workspace: "acme", Code: answer.Get("code"), CodeVerifier: verifier, RedirectURI: back,
		}); err != nil {
			t.Errorf("%s: %v", back, err)
		}
	}
}

// req: G4
func TestSAMLApp_itReturnsToNoAppThatIsNotRegisteredHereAndNow(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	now := time.Now()
	w.must(w.store.CreateWorkspace(t.Context(), directory.Workspace{ID: "other", Name: "Other", Created: now, Modified: now}))
	back, elsewhere := w.register(w.r, "acme", phone("play")), w.register(w.r, "other", phone("other"))
	start := func(uri string) *http.Response {
		q, _ := appQuery(uri)
		return w.call(nil, "GET", w.r.URL+"/w/acme/sso?"+q.Encode(), nil)
	}
	plain := "msauth://com.acme.lanyard/" + phone("play").Hash.String()
	for name, uri := range map[string]string{
		"another workspace's app":  elsewhere,
		"a certificate nobody has": phone("thief").RedirectURI(),
		"a slash more":             back + "/",
		"a query":                  back + "?x=y",
		"a fragment":               back + "#x",
		"capitals":                 strings.Replace(back, "com.acme", "com.Acme", 1),
		"a scheme in capitals":     strings.Replace(back, "msauth", "MSAUTH", 1),
		"white space":              " " + back,
		"the hash as it is":        plain,
		"encoded once more":        strings.ReplaceAll(back, "%", "%25"),
		"the package alone":        "msauth://com.acme.lanyard",
		"a user name before it":    strings.Replace(back, "com.acme", "x@com.acme", 1),
	} {
		if resp := start(uri); resp.Header.Get("Location") != "" {
			t.Errorf("%s was sent to %q", name, resp.Header.Get("Location"))
		} else {
			w.says(resp, problem.ReturnUnknown)
		}
	}

	// Whoever is at Microsoft while the app is removed is not returned to it, and
	// a code that was given before is worth nothing.
	q, verifier := appQuery(back)
	answer, err := url.ParseQuery(w.toApp(q))
	w.must(err)
	jar := w.jar()
	raw, relay := w.answer(w.call(jar, "GET", w.r.URL+"/w/acme/sso?"+q.Encode(), nil))
	_, err = w.r.server.Mobile().Remove(t.Context(), "acme", "ada", MobileRemoval{RedirectURIs: []string{back}})
	w.must(err)
	w.says(w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil), problem.ReturnUnknown)
	w.says(start(back), problem.ReturnUnknown)
	if _, err := w.r.client.StartSession(t.Context(), api.SessionRequest{
		Workspace: "acme", Code: answer.Get("code"), CodeVerifier: verifier, RedirectURI: back,
	}); codeOf(err) != problem.CodeSpent {
		t.Errorf("a code from before: %v", err)
	}
	if ws, err := w.r.client.Workspace(t.Context(), "acme"); err != nil || ws.Mobile != nil {
		t.Errorf("discovery still says %+v, %v", ws.Mobile, err)
	}
}
