package mobile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// FuzzApply enters whatever comes, as the body of a request would bring it. What
// is taken must be good when it is entered once more, be written as the client is
// told it, and never be of another client or tenant.
func FuzzApply(f *testing.F) {
	good := redirect.NewMSAL("6731de76-14a6-49ae-97bc-6eba6914391e", "11111111-2222-3333-4444-555555555555",
		redirect.Android{Package: "com.acme.app", Hash: redirect.HashOf([]byte("x"))})
	for _, in := range []Input{
		{},
		{Apple: []AppleApp{{BundleID: "com.acme.app"}}, RedirectURIs: []string{"msauth.com.acme.app://auth", "http://localhost", "msauth.com.acme.app://auth/"}},
		{Android: []AndroidApp{{Package: "com.acme.app", SignatureHash: "1wIqXSqBj7w+h11ZifsnqwgyKrY=", Label: "play"}}},
		{Android: []AndroidApp{{Package: "com.acme.app"}}, MSAL: []string{string(good.JSON())}},
		{MSAL: []string{string(good.JSON()), "{", `{"client_id":1}`, strings.ReplaceAll(string(good.JSON()), "com.acme", "com.Acme")}},
		{RedirectURIs: []string{"msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "msauth://", "msauth.", "%", "\x00", "urn:ietf:wg:oauth:2.0:oob"}},
	} {
		body, err := json.Marshal(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"apple":[{"bundle_id":"a.b"},{}],"android":[{}],"redirect_uris":[""],"msal":[""],"version":-1}`))
	ws := directory.Workspace{ID: "acme", Microsoft: directory.Microsoft{
		ClientID: "6731de76-14a6-49ae-97bc-6eba6914391e", TenantID: "11111111-2222-3333-4444-555555555555",
	}}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in Input
		if json.Unmarshal(body, &in) != nil {
			return
		}
		got, _, err := apply(ws, directory.Mobile{}, in, false)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		again, _, err := apply(ws, got, in, false)
		if err != nil || len(changes(got, again)) != 0 {
			t.Fatalf("once more: %v, %v", changes(got, again), err)
		}
		for _, a := range got.Apple {
			if a.RedirectURI != (redirect.Apple{BundleID: a.BundleID}).RedirectURI() {
				t.Errorf("stored %+v", a)
			}
		}
		for _, a := range got.Android {
			app, err := redirect.CheckAndroid(a.RedirectURI, redirect.AndroidOptions{Package: a.Package})
			if err != nil || app.Hash.String() != a.SignatureHash || !got.Returns(a.RedirectURI) {
				t.Errorf("stored %+v, %v", a, err)
			}
			if a.MSAL != nil && (!a.MSAL.Fits(ws.Microsoft) || !json.Valid(a.MSAL.JSON)) {
				t.Errorf("stored %+v", a.MSAL)
			}
		}
	})
}
