package mobileapp

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
)

// findings are those of an input, as hold writes them.
func findings(in Input) []string {
	var out []string
	for _, f := range Verify(in) {
		out = append(out, named(f))
	}
	return out
}

func named(f Finding) string {
	return string(f.Code) + " " + f.Where + map[bool]string{true: " note"}[f.Note]
}

// An .aab is signed with the upload key; what Google Play signs with stands in
// the filters alone.
func TestVerify_ofAnAppBundleTheFiltersNameTheKey(t *testing.T) {
	fresh := matching(t)
	bundle := func(change func(*set)) []string {
		s := fresh()
		s.App.Kind = builtapp.AAB
		s.App.Signers = []builtapp.Signer{{Scheme: builtapp.V1, DER: certificate(t, "new.pem")}}
		change(&s)
		return hold(t, s)
	}
	play := note(problem.AppPlaySigning, InApp)
	for name, c := range map[string]struct {
		change func(*set)
		want   []string
	}{
		"nothing but the remark": {func(*set) {}, play},
		"a key that is not registered": {func(s *set) {
			s.Reg.PublicClient.RedirectURIs = s.Reg.PublicClient.RedirectURIs[1:]
		}, append(slices.Clone(play), line(problem.RegRedirectMissing, InRegistration)...)},
		"a path that is encoded": {func(s *set) {
			d := &s.nativeActivity().Filters[0].Data[0]
			d.Path = "/" + hashOf(d.Path).Encoded()
		}, slices.Concat(line(problem.HashEncoded, InApp), play, line(problem.HashUnknown, InMSAL))},
		"no filter": {func(s *set) { s.nativeActivity().Filters = nil; s.MSALText = string(s.MSAL.JSON()) }, append(line(problem.FilterMissing, InApp), play...)},
	} {
		t.Run("it finds "+name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, bundle(c.change)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// req: G1 G8
func TestVerify_anAppOfApplesNeedsItsBundleID(t *testing.T) {
	fresh := matching(t)
	apple := func(change func(*set)) []string {
		s := fresh()
		s.App = builtapp.App{Kind: builtapp.IPA, ID: "com.acme.app", Schemes: []string{"acme", "msauth.com.acme.app"}}
		uri := redirect.Apple{BundleID: s.App.ID}.RedirectURI()
		s.Reg.PublicClient.RedirectURIs = append(s.Reg.PublicClient.RedirectURIs, uri)
		s.Workspace.RedirectURIs = append(s.Workspace.RedirectURIs, uri)
		change(&s)
		return hold(t, s)
	}
	for name, c := range map[string]struct {
		change func(*set)
		want   []string
	}{
		"nothing where all matches": {func(*set) {}, nil},
		"another bundle ID": {func(s *set) { s.App.ID = "com.acme.other"; s.App.Schemes = nil }, slices.Concat(
			line(problem.RegRedirectMissing, InRegistration), line(problem.VerifyNotStored, InWorkspace))},
		"a bundle ID with capitals": {func(s *set) { s.App.ID = "com.Acme.app"; s.App.Schemes = nil }, slices.Concat(
			line(problem.RegRedirectNear, InRegistration), line(problem.VerifyNotStored, InWorkspace))},
		"a scheme of another bundle": {func(s *set) { s.App.Schemes = []string{"msauth.com.acme.other"} }, line(problem.AppleScheme, InApp)},
		"a slash in the registration": {func(s *set) {
			uris := s.Reg.PublicClient.RedirectURIs
			uris[len(uris)-1] += "/"
		}, line(problem.RegRedirectNear, InRegistration)},
	} {
		t.Run("it finds "+name, func(t *testing.T) {
			want := append(note(problem.VerifyMSALApple, InMSAL), c.want...) // the app's own findings come before
			if len(c.want) > 0 && strings.HasSuffix(c.want[0], InApp) {
				want = append(c.want, note(problem.VerifyMSALApple, InMSAL)...)
			}
			if diff := cmp.Diff(want, apple(c.change)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerify_fyneAppTomlStandsForTheAppThatIsNotBuiltYet(t *testing.T) {
	s := matching(t)()
	s.App = builtapp.App{Kind: builtapp.FyneApp, ID: "com.acme.app", Name: "Acme", Version: "1", Build: "1"}
	want := line(problem.RegRedirectMissing, InRegistration) // Apple's
	if diff := cmp.Diff(want, hold(t, s)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	s.App.ID = "com.acme.other"
	if diff := cmp.Diff(append(line(problem.RedirectPackage, InMSAL), want...), hold(t, s)); diff != "" {
		t.Errorf("findings of another ID (-want +got):\n%s", diff)
	}
}

// An app that was made with MSAL for Android and not with Fyne has an activity
// of another class, of which nothing but the filter is known.
func TestVerify_ofAnAppThatIsNotFynesTheFilterCounts(t *testing.T) {
	s := matching(t)()
	s.App.Activities = []builtapp.Activity{{
		Name: "com.microsoft.identity.client.BrowserTabActivity", LaunchMode: "standard", Exported: true, Filters: s.nativeActivity().Filters,
	}, {Name: "com.acme.app.Main", LaunchMode: "standard", Exported: true}}
	if got := hold(t, s); got != nil {
		t.Errorf("%v", got)
	}
	s.nativeActivity().Exported = false
	if diff := cmp.Diff(line(problem.ActivityHidden, InApp), hold(t, s)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Two parts are enough, whichever they are.
func TestVerify_whatWasNotGivenIsNotHeldAgainstAnything(t *testing.T) {
	s := matching(t)()
	whole := s.input(t)
	for name, in := range map[string]Input{
		"app and MSAL":               {App: whole.App, MSAL: whole.MSAL, Now: today},
		"app and registration":       {App: whole.App, Registration: whole.Registration, Now: today},
		"app and workspace":          {App: whole.App, Workspace: whole.Workspace, Now: today},
		"MSAL and registration":      {MSAL: whole.MSAL, Registration: whole.Registration, Now: today},
		"MSAL and workspace":         {MSAL: whole.MSAL, Workspace: whole.Workspace, Now: today},
		"registration and workspace": {Registration: whole.Registration, Workspace: whole.Workspace, Now: today},
	} {
		if got := findings(in); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	s.Reg.PublicClient.RedirectURIs = []string{redirect.Loopback}
	s.Workspace.RedirectURIs = nil
	in := s.input(t)
	in.App, in.Workspace = nil, nil
	if diff := cmp.Diff(line(problem.RegRedirectMissing, InRegistration), findings(in)); diff != "" {
		t.Errorf("MSAL alone wants its redirect URI registered (-want +got):\n%s", diff)
	}
	in = s.input(t)
	in.App, in.MSAL, in.Workspace = nil, nil, &Workspace{ID: "acme", ClientID: otherClient, TenantID: tenant}
	if diff := cmp.Diff(line(problem.RegOtherApp, InRegistration), findings(in)); diff != "" {
		t.Errorf("another client (-want +got):\n%s", diff)
	}
}

// A debug key is a difference on its own, and for trying out a note; then all
// else is held against it.
func TestVerify_forTryingOutADebugKeyIsHeldAgainstTheRest(t *testing.T) {
	s := matching(t)()
	der := madeCertificate(t, "Android Debug", today)
	s.replaceKey(0, der)
	s.App.Signers = []builtapp.Signer{s.App.Signers[0], s.App.Signers[1]}
	s.App.Debuggable = true
	s.MSAL.RedirectURI = redirect.Android{Package: s.App.ID, Hash: redirect.HashOf(der)}.RedirectURI()
	in := s.input(t)
	want := slices.Concat(line(problem.AppDebuggable, InApp), line(problem.AppDebugKey, InApp), line(problem.HashUnknown, InMSAL))
	if diff := cmp.Diff(want, findings(in)); diff != "" {
		t.Errorf("for release (-want +got):\n%s", diff)
	}
	in.InsecureAllowDebugKey = true
	want = slices.Concat(note(problem.AppDebuggable, InApp), note(problem.AppDebugKey, InApp))
	if diff := cmp.Diff(want, findings(in)); diff != "" {
		t.Errorf("for trying out (-want +got):\n%s", diff)
	}
	s.Reg.PublicClient.RedirectURIs = s.Reg.PublicClient.RedirectURIs[1:]
	in.Registration = s.input(t).Registration
	if diff := cmp.Diff(append(want, line(problem.RegRedirectMissing, InRegistration)...), findings(in)); diff != "" {
		t.Errorf("for trying out, not registered (-want +got):\n%s", diff)
	}
}

// An ID that nothing can be registered for gives no redirect URI to anybody.
//
// req: G1
func TestCheck_itSaysWhichIDsCannotBeRegistered(t *testing.T) {
	for _, c := range []struct {
		kind builtapp.Kind
		id   string
		want []string
	}{
		{builtapp.IPA, "com.acme.App-2", nil},
		{builtapp.IPA, "$(PRODUCT_BUNDLE_IDENTIFIER)", line(problem.BundleID, InApp)},
		{builtapp.Bundle, "com.acme app", line(problem.BundleID, InApp)},
		{builtapp.FyneApp, "com.acme.app", nil},
		{builtapp.FyneApp, "com.acme.my-app", note(problem.PackageName, InApp)}, // an app for Apple's systems alone
		{builtapp.FyneApp, "com acme", line(problem.BundleID, InApp)},
	} {
		var got []string
		for _, f := range Check(builtapp.App{Kind: c.kind, ID: c.id}, time.Now()) {
			got = append(got, named(f))
			if f.Got != c.id || f.Fix == "" {
				t.Errorf("%s: %+v", c.id, f)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.kind, c.id, got, c.want)
		}
	}
	found := Check(builtapp.App{Kind: builtapp.AAB, ID: "acme"}, time.Now())
	if len(found) == 0 || found[0].Code != problem.PackageName {
		t.Errorf("a package name of one part: %+v", found)
	}
}

// req: G8
func TestVerify_anAppOfApplesIsNotSaidToMatchAndroidsConfiguration(t *testing.T) {
	s := matching(t)()
	in := s.input(t)
	in.App = &builtapp.App{Kind: builtapp.IPA, ID: s.App.ID}
	if got := findings(in); !slices.Contains(got, note(problem.VerifyMSALApple, InMSAL)[0]) {
		t.Errorf("got %v", got)
	}
}
