package mobile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
)

func TestRemove_itForgetsWhatIsNamedOrNothing(t *testing.T) {
	d := newDesk(t)
	everything := both()
	everything.Android = append(everything.Android, mobile.AndroidApp{Package: pkg, SignatureHash: otherHash}, mobile.AndroidApp{Package: "com.acme.b", SignatureHash: hash})
	everything.RedirectURIs, everything.MSAL = []string{redirect.Loopback}, []string{msalOf()}
	for name, c := range map[string]struct {
		r    mobile.Removal
		left string // of Apple, Android, MSAL configurations, and whether desktop
		want problem.Code
	}{
		"an app by its bundle ID":     {mobile.Removal{BundleIDs: []string{bundle}}, "0 3 1 true", ""},
		"a redirect URI":              {mobile.Removal{RedirectURIs: []string{androidURI + " "}}, "1 2 0 true", ""},
		"the desktop's":               {mobile.Removal{RedirectURIs: []string{redirect.Loopback}}, "1 3 1 false", ""},
		"a package":                   {mobile.Removal{Packages: []string{pkg}}, "1 1 0 true", ""},
		"one certificate of it":       {mobile.Removal{Packages: []string{pkg}, Hashes: []string{otherHash}}, "1 2 1 true", ""},
		"a certificate of every app":  {mobile.Removal{Hashes: []string{hash}}, "1 1 0 true", ""},
		"every configuration":         {mobile.Removal{MSAL: true}, "1 3 0 true", ""},
		"a configuration":             {mobile.Removal{MSAL: true, RedirectURIs: []string{androidURI}}, "1 3 0 true", ""},
		"one where there is none":     {mobile.Removal{MSAL: true, Hashes: []string{otherHash}}, "1 3 1 true", problem.MobileNotSet},
		"everything":                  {mobile.Removal{All: true}, "0 0 0 false", ""},
		"what is not there":           {mobile.Removal{BundleIDs: []string{bundle, "com.acme.x"}}, "1 3 1 true", problem.MobileNotSet},
		"a redirect URI with a slash": {mobile.Removal{RedirectURIs: []string{appleURI + "/"}}, "1 3 1 true", problem.MobileNotSet},
		"a package's other hash":      {mobile.Removal{Packages: []string{"com.acme.b"}, Hashes: []string{otherHash}}, "1 3 1 true", problem.MobileNotSet},
	} {
		t.Run(name, func(t *testing.T) {
			d.set("acme", everything)
			tried, dry := d.setup.CheckRemove(t.Context(), "acme", c.r)
			out, err := d.setup.Remove(t.Context(), "acme", "bo", c.r)
			if code(err) != c.want || code(dry) != c.want {
				t.Fatalf("%v, and dry %v, want %q", err, dry, c.want)
			}
			if diff := cmp.Diff(tried.Changes, out.Changes); diff != "" || err == nil && len(out.Changes) == 0 {
				t.Errorf("tried and done differ:\n%s", diff)
			}
			m, configs := d.shown("acme").Mobile, 0
			for _, a := range m.Android {
				if a.MSAL != nil {
					configs++
				}
			}
			if got := fmt.Sprint(len(m.Apple), " ", len(m.Android), " ", configs, " ", m.Desktop); got != c.left {
				t.Errorf("left: %s, want %s", got, c.left)
			}
		})
	}
	acts, err := d.setup.History(t.Context(), "acme", 1)
	if err != nil || len(acts) != 1 || acts[0].What == "" {
		t.Errorf("acts: %+v, %v", acts, err)
	}
	if _, err := d.setup.Remove(t.Context(), "bare", "bo", mobile.Removal{All: true}); code(err) != problem.MobileNotSet {
		t.Errorf("nothing of everything: %v", err)
	}
}

func TestSet_itLetsOneOfManyAdministratorsWinWhoSawTheSame(t *testing.T) {
	d := newDesk(t)
	var seen int64
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			in := mobile.Input{Version: &seen, Apple: []mobile.AppleApp{{BundleID: fmt.Sprintf("com.acme.app%d", i)}}}
			_, err := d.setup.Set(context.Background(), "acme", fmt.Sprint("admin ", i), in)
			var c *mobile.Conflict
			switch {
			case err == nil:
				won.Add(1)
			case !errors.As(err, &c) || code(err) != problem.MobileChanged:
				t.Error(err)
			case c.Seen != 0 || c.Stored.Version != 1 || len(c.Stored.Apple) != 1 || len(c.Wanted.Apple) != 2:
				t.Errorf("conflict %+v", c)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || len(d.shown("acme").Mobile.Apple) != 1 {
		t.Errorf("%d of them won", won.Load())
	}
	if _, err := d.setup.Remove(t.Context(), "acme", "bo", mobile.Removal{Version: &seen, All: true}); code(err) != problem.MobileChanged {
		t.Errorf("removing what was not seen: %v", err)
	}
	if _, err := d.setup.Check(t.Context(), "acme", mobile.Input{Version: &seen, Apple: []mobile.AppleApp{{BundleID: bundle}}}); code(err) != problem.MobileChanged {
		t.Errorf("checking against what was not seen: %v", err)
	}
}

func TestSetup_itKeepsWorkspacesApart(t *testing.T) {
	d := newDesk(t)
	d.set("acme", both())
	if got := d.shown("bare"); !got.Mobile.Empty() || got.Mobile.Workspace != "bare" {
		t.Errorf("bare has %+v", got.Mobile)
	}
	if _, err := d.setup.Remove(t.Context(), "bare", "bo", mobile.Removal{RedirectURIs: []string{appleURI}}); code(err) != problem.MobileNotSet {
		t.Errorf("another workspace's app: %v", err)
	}
	// What acme has is nothing that bare's are held against.
	d.set("bare", mobile.Input{RedirectURIs: []string{"msauth.com.other.app://auth"}})
	if got := d.shown("acme").Mobile; len(got.Apple) != 1 || got.Returns("msauth.com.other.app://auth") || !got.Returns(appleURI) {
		t.Errorf("acme has %+v", got)
	}
	if acts, err := d.setup.History(t.Context(), "bare", 9); err != nil || len(acts) != 1 {
		t.Errorf("acts on bare: %+v, %v", acts, err)
	}
}

func TestDocument_itSaysAllThatIsStoredAndNothingElse(t *testing.T) {
	d := newDesk(t)
	in := both()
	in.MSAL = []string{msalOf()}
	d.set("acme", in)
	text, err := json.Marshal(d.shown("acme").Document())
	d.must(err)
	var got map[string]any
	d.must(json.Unmarshal(text, &got))
	android := got["android"].([]any)[0].(map[string]any)
	if android["intent_path"] != "/"+hash || android["redirect_uri"] != androidURI || android["msal"].(map[string]any)["client_id"] != clientID {
		t.Errorf("%s", text)
	}
	if got["version"] != 1.0 || got["changed_by"] != "ada" || got["desktop"] != false || got["desktop_redirect_uri"] != redirect.Loopback {
		t.Errorf("%s", text)
	}
	empty, err := json.Marshal(d.shown("bare").Document())
	d.must(err)
	if want := `{"workspace":"bare","version":0,"apple":[],"android":[],"desktop":false,"desktop_redirect_uri":"http://localhost","changed_by":"","created":null,"modified":null,"warnings":[]}`; string(empty) != want {
		t.Errorf("nothing is %s", empty)
	}
}
