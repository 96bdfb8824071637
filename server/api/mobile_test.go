package api_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/api"
)

func TestRegistered_itTellsWhatEntraWasToldFromWhatItWasNot(t *testing.T) {
	apple := []api.AppleApp{{BundleID: "com.acme.app", RedirectURI: "msauth.com.acme.app://auth"}}
	android := []api.AndroidApp{
		{Package: "com.acme.app", RedirectURI: "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"},
		{Package: "com.acme.app", RedirectURI: "msauth://com.acme.app/2wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"},
	}
	for name, c := range map[string]struct {
		m    *api.Mobile
		uri  string
		want bool
	}{
		"nothing stored":                   {nil, "msauth://com.acme.app/x", true},
		"an empty answer":                  {&api.Mobile{}, "msauth.com.acme.app://auth", true},
		"the bundle":                       {&api.Mobile{Apple: apple}, "msauth.com.acme.app://auth", true},
		"another bundle":                   {&api.Mobile{Apple: apple}, "msauth.com.acme.other://auth", false},
		"the bundle with a slash":          {&api.Mobile{Apple: apple}, "msauth.com.acme.app://auth/", false},
		"the bundle in capitals":           {&api.Mobile{Apple: apple}, "MSAUTH.com.acme.app://auth", false},
		"Android, where only Apple is":     {&api.Mobile{Apple: apple}, "msauth://com.acme.app/x", true},
		"Apple, where only Android is":     {&api.Mobile{Android: android}, "msauth.com.acme.app://auth", true},
		"the second certificate":           {&api.Mobile{Android: android}, android[1].RedirectURI, true},
		"a certificate nobody entered":     {&api.Mobile{Android: android}, "msauth://com.acme.app/3wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", false},
		"a hash that is not encoded":       {&api.Mobile{Android: android}, "msauth://com.acme.app/1wIqXSqBj7w+h11ZifsnqwgyKrY=", false},
		"Android's scheme in capitals":     {&api.Mobile{Android: android}, "MSAUTH://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", false},
		"loopback":                         {&api.Mobile{Apple: apple, Android: android}, "http://localhost:4711", true},
		"an address of neither kind":       {&api.Mobile{Apple: apple, Android: android}, "com.acme.app:/back", true},
		"nothing of both, where both are":  {&api.Mobile{Apple: apple, Android: android}, "msauth://", false},
		"another package, the same digest": {&api.Mobile{Android: android}, "msauth://com.acme.evil/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", false},
	} {
		if got := c.m.Registered(c.uri); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestMobile_itLeavesOutWhatIsNotThereAndComesBackAsItWas(t *testing.T) {
	if b, err := json.Marshal(api.Workspace{ID: "acme"}); err != nil || string(b) != `{"id":"acme","name":"","offline_grace_seconds":0}` {
		t.Errorf("without apps: %s, %v", b, err)
	}
	want := &api.Mobile{Android: []api.AndroidApp{{Package: "p.q", SignatureHash: "h=", RedirectURI: "msauth://p.q/h%3D", MSAL: json.RawMessage(`{"client_id":"c"}`)}}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != `{"android":[{"package":"p.q","signature_hash":"h=","redirect_uri":"msauth://p.q/h%3D","msal":{"client_id":"c"}}]}` {
		t.Errorf("written as %s", text)
	}
	var got *api.Mobile
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
