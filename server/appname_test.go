package server

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

// req: A8
func TestAppName_theBrandIsSuggestedAndMayBeOverridden(t *testing.T) {
	w := newWorld(t, "sqlite")
	plain, brand := w.serve(w.store), w.serve(w.open(), func(c *Config) { c.AppName = "TrackingTime SSO" })
	says := func(r *replica, page string) string {
		t.Helper()
		out, err := r.server.Do(t.Context(), page, "acme", url.Values{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, page := range []string{"saml.application", "saml.start", "provisioning.setup", "microsoft.web"} {
		if got := says(brand, page); !strings.Contains(got, "TrackingTime SSO") || strings.Contains(got, "Acme Lanyard") {
			t.Errorf("%s does not suggest the brand's name: %s", page, got)
		}
		if got := says(plain, page); strings.Contains(got, "TrackingTime") {
			t.Errorf("%s: %s", page, got)
		}
	}
	if got := says(plain, "saml.application"); !strings.Contains(got, "Acme Lanyard") {
		t.Errorf("without a brand: %s", got)
	}
	values := url.Values{"app_name": {"Our own name"}, "created": {"true"}}
	if _, err := brand.server.Do(t.Context(), "saml.application.save", "acme", values, nil); err != nil {
		t.Fatal(err)
	}
	if got := says(brand, "saml.application"); !strings.Contains(got, `"name":"Our own name"`) || strings.Contains(got, "TrackingTime") {
		t.Errorf("the name that was chosen: %s", got)
	}
}

// req: A8
func TestAppName_oneThatEntraWouldNotTakeIsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	base, err := url.Parse("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{strings.Repeat("ä", MaxAppName+1), "two\nlines"} {
		if _, err := New(Config{Store: w.store, PublicURL: base, AppName: name}); !errors.Is(err, problem.New(problem.BadConfig)) {
			t.Errorf("%.20q: %v", name, err)
		}
	}
	if _, err := New(Config{Store: w.store, PublicURL: base, AppName: strings.Repeat("ä", MaxAppName)}); err != nil {
		t.Error(err)
	}
}
