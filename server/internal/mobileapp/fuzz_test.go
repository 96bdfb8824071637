package mobileapp

import (
	"bytes"
	"os"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// FuzzVerify: whatever stands in an app, a configuration and a registration,
// each difference has a sentence and a place, and holding twice finds the same.
func FuzzVerify(f *testing.F) {
	app, err := os.ReadFile("testdata/acme.apk")
	if err != nil {
		f.Fatal(err)
	}
	msal := redirect.NewMSAL(client, tenant, redirect.Android{Package: "com.acme.app", Hash: redirect.FyneDebug()}).JSON()
	f.Add(app, msal, []byte(`{"appId":"`+client+`","publicClient":{"redirectUris":["http://localhost/","msauth://com.acme.app/x"]}}`), "msauth://com.acme.app/", true)
	f.Add([]byte("[Details]\nID = \"com.acme.app\""), []byte("{}"), []byte(`{"appId":"`+otherClient+`"}`), "", false)
	f.Fuzz(func(t *testing.T, app, msal, registration []byte, stored string, trying bool) {
		in := Input{MSAL: msal, Workspace: &Workspace{ID: "acme", ClientID: client, TenantID: tenant, RedirectURIs: []string{stored}}, Now: today, InsecureAllowDebugKey: trying}
		if a, err := builtapp.Read(bytes.NewReader(app), int64(len(app)), builtapp.Options{}); err == nil {
			in.App = &a
		}
		if r, err := register.ParseApplication(registration); err == nil {
			in.Registration = &r
		}
		found := Verify(in)
		for _, one := range found {
			if !problem.Known(one.Code) || one.Where == "" || one.Code == problem.Internal {
				t.Errorf("%+v", one)
			}
		}
		if again := Verify(in); len(again) != len(found) {
			t.Errorf("%d differences, and then %d", len(found), len(again))
		}
	})
}
