package mobile_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

const (
	pkg, bundle = "com.acme.app", "com.acme.app"
	hash        = "1wIqXSqBj7w+h11ZifsnqwgyKrY="
	androidURI  = "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
	appleURI    = "msauth.com.acme.app://auth"
	otherHash   = "2wIqXSqBj7w+h11ZifsnqwgyKrY="
	fyneHash    = "/mFs2Yzr6mRVUItgVUANroj4PyI="
	clientID    = "6731de76-14a6-49ae-97bc-6eba6914391e"
	tenantID    = "11111111-2222-3333-4444-555555555555"
	otherID     = "99999999-2222-3333-4444-555555555555"
)

var now = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// desk is a database with the workspaces acme, whose sign-in with Microsoft is set
// up, and bare, whose is not.
type desk struct {
	*testing.T
	store *store.Store
	setup *mobile.Setup
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	d := &desk{t, st, &mobile.Setup{Store: st, Now: func() time.Time { return now }}}
	for _, ws := range []directory.Workspace{
		{ID: "acme", Name: "Acme", Created: now, Microsoft: directory.Microsoft{ClientID: clientID, TenantID: tenantID}},
		{ID: "bare", Name: "Bare", Created: now},
	} {
		d.must(st.CreateWorkspace(t.Context(), ws))
	}
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) set(ws string, in mobile.Input) mobile.Outcome {
	d.Helper()
	out, err := d.setup.Set(d.Context(), ws, "ada", in)
	d.must(err)
	return out
}

func (d *desk) shown(ws string) mobile.Outcome {
	d.Helper()
	out, err := d.setup.Show(d.Context(), ws)
	d.must(err)
	return out
}

// both is an app for each system, with one certificate.
func both() mobile.Input {
	return mobile.Input{Apple: []mobile.AppleApp{{BundleID: bundle}}, Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: hash}}}
}

func msalOf(change ...string) string {
	h, err := redirect.ParseHash(hash, redirect.HashOptions{})
	if err != nil {
		panic(err)
	}
	text := string(redirect.NewMSAL(clientID, tenantID, redirect.Android{Package: pkg, Hash: h}).JSON())
	return strings.NewReplacer(change...).Replace(text)
}

func codes(err error) (all []problem.Code) {
	for _, f := range mobile.Faults(err) {
		code, _ := problem.Of(f)
		all = append(all, code)
	}
	return all
}

func warned(out mobile.Outcome) (all []problem.Code) {
	for _, w := range out.Warnings {
		all = append(all, w.Code)
	}
	return all
}

// req: G2
func TestSet_itNamesEachWrongFormOfARedirectURIAndTheRightOne(t *testing.T) {
	d := newDesk(t)
	d.set("acme", both())
	d.set("acme", mobile.Input{Apple: []mobile.AppleApp{{BundleID: "com.acme.app.mac"}}})
	before := d.shown("acme").Mobile
	for name, c := range map[string]struct {
		pasted string
		want   problem.Code
		right  string
	}{
		"another bundle ID":          {"msauth.com.acme.other://auth", problem.RedirectBundle, appleURI},
		"capitals in the bundle ID":  {"msauth.com.Acme.app://auth", problem.RedirectBundleCase, appleURI},
		"a slash at the end":         {"msauth.com.acme.app://auth/", problem.RedirectSlash, appleURI},
		"MSAL's older form":          {"msal" + clientID + "://auth", problem.RedirectMSALScheme, ""},
		"ADAL's form":                {"x-msauth-com-acme-app://com.acme.app", problem.RedirectADALScheme, ""},
		"capitals in the scheme":     {"MSAUTH.com.acme.app://auth", problem.RedirectSchemeCase, appleURI},
		"Auth":                       {"msauth.com.acme.app://Auth", problem.RedirectAuthority, appleURI},
		"no full stop":               {"msauthcom.acme.app://auth", problem.RedirectDot, appleURI},
		"the team before it":         {"msauth.ABCDE12345.com.acme.app://auth", problem.RedirectTeamID, appleURI},
		"a part":                     {"msauth.com.acme.app", problem.RedirectIncomplete, appleURI},
		"encoded as a whole":         {"msauth.com.acme.app%3A%2F%2Fauth", problem.RedirectAllEncoded, appleURI},
		"a query":                    {"msauth.com.acme.app://auth?x=1", problem.RedirectQuery, appleURI},
		"quotation marks":            {`"` + appleURI + `"`, problem.RedirectCharacters, appleURI},
		"two at once":                {appleURI + " " + appleURI, problem.RedirectSeveral, appleURI},
		"nothing":                    {" ", problem.RedirectEmpty, ""},
		"a web page":                 {"https://acme.example/callback", problem.RedirectWeb, ""},
		"no hash":                    {"msauth://com.acme.app", problem.RedirectNoHash, androidURI},
		"a hash that is not encoded": {"msauth://com.acme.app/" + hash, problem.RedirectNotEncoded, androidURI},
		"a hash encoded twice":       {strings.ReplaceAll(androidURI, "%", "%25"), problem.RedirectTwice, androidURI},
		"encoded in small letters":   {strings.ToLower(androidURI[len(androidURI)-3:]), problem.MobileUnknownKind, ""},
		"small hexadecimal digits":   {strings.NewReplacer("%2B", "%2b", "%3D", "%3d").Replace(androidURI), problem.RedirectHexCase, androidURI},
		"another certificate":        {strings.Replace(androidURI, "/1w", "/2w", 1), problem.HashUnknown, androidURI},
		"another package":            {strings.Replace(androidURI, pkg, "com.acme.b", 1), problem.RedirectPackage, androidURI},
		"a slash after the hash":     {androidURI + "/", problem.RedirectSlash, androidURI},
		"Apple's as Android's":       {"msauth://com.acme.app.mac/auth", problem.RedirectDot, "msauth.com.acme.app.mac://auth"},
		"Apple's with slashes alone": {"msauth://com.acme.app.mac", problem.RedirectDot, "msauth.com.acme.app.mac://auth"},
		"Android's without slashes":  {strings.Replace(androidURI, "//", "", 1), problem.RedirectMalformed, androidURI},
		"a desktop's, encrypted":     {"https://localhost", problem.RedirectLoopback, redirect.Loopback},
		"a desktop's with a port":    {"http://localhost:8400", problem.RedirectLoopback, redirect.Loopback},
		"a desktop's with a slash":   {"http://localhost/", problem.RedirectSlash, redirect.Loopback},
		"a desktop's in digits":      {"http://127.0.0.1", problem.RedirectLoopback, redirect.Loopback},
	} {
		_, err := d.setup.Set(t.Context(), "acme", "ada", mobile.Input{RedirectURIs: []string{c.pasted}})
		faults := mobile.Faults(err)
		if len(faults) != 1 || faults[0].Field != "redirect_uris[0]" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := codes(err); got[0] != c.want || !errors.Is(err, problem.New(c.want)) && redirect.Right(err) == "" {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if got := redirect.Right(err); got != c.right {
			t.Errorf("%s: the right one is said to be %q, want %q", name, got, c.right)
		}
	}
	if diff := cmp.Diff(before, d.shown("acme").Mobile); diff != "" {
		t.Errorf("something was stored:\n%s", diff)
	}
	if acts, err := d.setup.History(t.Context(), "acme", 99); err != nil || len(acts) != 2 {
		t.Errorf("acts: %+v, %v", acts, err)
	}
}

// What says not for which system it was meant is answered with the right one of
// each.
//
// req: G2
func TestSet_itShowsTheRightOneOfEachSystemWhereItCannotTellWhichWasMeant(t *testing.T) {
	d := newDesk(t)
	d.set("acme", both())
	for _, pasted := range []string{"msal" + clientID + "://auth", "https://acme.example/callback", "acme://auth", "urn:ietf:wg:oauth:2.0:oob", "%3D"} {
		_, err := d.setup.Check(t.Context(), "acme", mobile.Input{RedirectURIs: []string{pasted}})
		if said := problem.DetailOf(err); !strings.Contains(said, appleURI+" for iOS") || !strings.Contains(said, androidURI+" for Android") {
			t.Errorf("%s: %q", pasted, said)
		}
	}
	_, err := newDesk(t).setup.Check(t.Context(), "acme", mobile.Input{RedirectURIs: []string{"acme://auth"}})
	if said := problem.DetailOf(err); said != "" {
		t.Errorf("where nothing is known: %q", said)
	}
}

// req: G2
// req: G4
func TestSet_itKeepsWhatWasPastedAndFillsInWhatFollows(t *testing.T) {
	for name, in := range map[string]mobile.Input{
		"the IDs":                        both(),
		"the IDs with their URIs":        {Apple: []mobile.AppleApp{{bundle, appleURI}}, Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: hash, RedirectURI: androidURI}}},
		"a package and a redirect URI":   {Apple: []mobile.AppleApp{{BundleID: bundle}}, Android: []mobile.AndroidApp{{Package: pkg}}, RedirectURIs: []string{androidURI}},
		"a package with its URI":         {Apple: []mobile.AppleApp{{BundleID: bundle}}, Android: []mobile.AndroidApp{{Package: pkg, RedirectURI: " " + androidURI + "\n"}}},
		"redirect URIs":                  {RedirectURIs: []string{"\t" + appleURI + " ", androidURI}},
		"a package and a configuration":  {Apple: []mobile.AppleApp{{BundleID: bundle}}, Android: []mobile.AndroidApp{{Package: pkg}}, MSAL: []string{msalOf()}},
		"a configuration and the rest":   {RedirectURIs: []string{appleURI}, MSAL: []string{msalOf()}},
		"everything, and twice":          {Apple: []mobile.AppleApp{{BundleID: bundle}, {BundleID: bundle}}, Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: hash}}, RedirectURIs: []string{appleURI, appleURI, androidURI}, MSAL: []string{msalOf(), msalOf()}},
		"the hash with white space":      {Apple: []mobile.AppleApp{{BundleID: " " + bundle}}, Android: []mobile.AndroidApp{{Package: pkg + " ", SignatureHash: hash + "\n"}}},
		"IDs first, then what is pasted": {Apple: []mobile.AppleApp{{BundleID: bundle}}, RedirectURIs: []string{appleURI}, Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: hash}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			checked, err := d.setup.Check(t.Context(), "acme", in)
			d.must(err)
			if got := d.shown("acme").Mobile; !got.Empty() || got.Version != 0 {
				t.Fatalf("checking stored %+v", got)
			}
			out := d.set("acme", in)
			if diff := cmp.Diff(checked.Changes, out.Changes); diff != "" {
				t.Errorf("checked and done differ:\n%s", diff)
			}
			got := d.shown("acme").Mobile
			if diff := cmp.Diff([]directory.AppleApp{{BundleID: bundle, RedirectURI: appleURI}}, got.Apple); diff != "" {
				t.Errorf("Apple (-want +got):\n%s", diff)
			}
			if len(got.Android) != 1 || got.Android[0].Package != pkg || got.Android[0].SignatureHash != hash || got.Android[0].RedirectURI != androidURI {
				t.Errorf("Android: %+v", got.Android)
			}
			if got.Version != 1 || got.By != "ada" || !got.Modified.Equal(now) {
				t.Errorf("stored %+v", got)
			}
			again := d.set("acme", in)
			if len(again.Changes) != 0 || again.Mobile.Version != 1 {
				t.Errorf("once more: %+v", again)
			}
		})
	}
}

// req: G4
func TestSet_itHoldsAConfigurationAgainstTheWorkspaceAndTheApp(t *testing.T) {
	d := newDesk(t)
	d.set("acme", both())
	for name, c := range map[string]struct {
		text string
		want problem.Code
	}{
		"another client":           {msalOf(clientID, otherID), problem.MSALOtherClient},
		"a client that is no GUID": {msalOf(clientID, "acme"), problem.MSALClientID},
		"another tenant":           {msalOf(tenantID, otherID), problem.MSALOtherTenant},
		"changed places":           {msalOf(clientID, tenantID, tenantID, clientID), problem.MSALSwapped},
		"any organisation":         {msalOf("AzureADMyOrg", "AzureADMultipleOrgs"), problem.MSALAudience},
		"another certificate":      {msalOf("/1w", "/2w"), problem.HashUnknown},
		"another package":          {msalOf(pkg, "com.acme.other"), problem.RedirectPackage},
		"a hash not encoded":       {msalOf("%2B", "+", "%3D", "="), problem.RedirectNotEncoded},
		"a hash encoded twice":     {msalOf("%2B", "%252B", "%3D", "%253D"), problem.RedirectTwice},
		"Apple's redirect URI":     {msalOf(androidURI, appleURI), problem.RedirectOtherSystem},
		"the manifest's path":      {msalOf(androidURI, "/"+hash), problem.RedirectIncomplete},
		"a page inside the app":    {msalOf(`"DEFAULT"`, `"WEBVIEW"`), problem.MSALUserAgent},
		"a secret":                 {msalOf(`"client_id"`, `"client_secret":"s3cr3t-value","client_id"`), problem.MSALSecret},
		"a thing twice":            {msalOf(`"client_id"`, `"client_id":"x","client_id"`), problem.MSALTwice},
		"a brace lost":             {strings.TrimSuffix(msalOf(), "}\n"), problem.MSALUnreadable},
		"nothing":                  {" ", problem.MSALEmpty},
		"a web page":               {"<html>", problem.MSALOther},
		"a megabyte":               {`{"x":"` + strings.Repeat("x", 1<<20) + `"}`, problem.MSALTooLarge},
	} {
		_, err := d.setup.Set(t.Context(), "acme", "ada", mobile.Input{MSAL: []string{c.text}})
		if got := codes(err); len(got) == 0 || !slices.Contains(got, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: the error repeats the secret", name)
		}
	}
	if got := d.shown("acme"); got.Mobile.Version != 1 {
		t.Errorf("something was stored: %+v", got.Mobile)
	}
	// Several things wrong are all said, each beside its field.
	_, err := d.setup.Set(t.Context(), "acme", "ada", mobile.Input{MSAL: []string{msalOf(), msalOf(clientID, otherID, tenantID, otherID)}})
	if diff := cmp.Diff([]problem.Code{problem.MSALOtherClient, problem.MSALOtherTenant}, codes(err)); diff != "" || mobile.Faults(err)[1].Field != "msal[1]" {
		t.Errorf("%v:\n%s", err, diff)
	}
}

// req: G4
func TestSet_itStoresOnlyWhatItCheckedOfAConfiguration(t *testing.T) {
	d := newDesk(t)
	older := `{"client_id":"` + strings.ToUpper(clientID) + `","redirect_uri":"` + strings.ReplaceAll(androidURI, "/", `\/`) + `",
		"authorities":[{"type":"AAD","authority_url":"https://login.microsoftonline.com/` + tenantID + `/"}],
		"logging":{"log_level":"VERBOSE"},"http":{"x":"<script>"}}`
	out := d.set("acme", mobile.Input{MSAL: []string{older}})
	if diff := cmp.Diff([]problem.Code{problem.MobileUnheld, problem.MobileNoBroker}, warned(out)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	c := d.shown("acme").Mobile.Android[0].MSAL
	if c == nil || c.ClientID != clientID || c.TenantID != tenantID || !c.Fits(directory.Microsoft{ClientID: clientID, TenantID: tenantID}) {
		t.Fatalf("stored %+v", c)
	}
	if text := string(c.JSON); strings.Contains(text, "logging") || strings.Contains(text, "script") || !strings.Contains(text, androidURI) {
		t.Errorf("stored %s", text)
	}
	again, err := redirect.CheckMSAL(c.JSON, redirect.MSALOptions{ClientID: clientID, TenantID: tenantID})
	if err != nil || again.RedirectURI != androidURI {
		t.Errorf("what is stored is not good itself: %+v, %v", again, err)
	}
	// What is told to everybody is the same whichever way it was pasted.
	d.set("acme", mobile.Input{MSAL: []string{" " + older}})
	if v := d.shown("acme").Mobile.Version; v != 1 {
		t.Errorf("the same configuration is version %d", v)
	}
	// Without sign-in with Microsoft there is nothing to compare.
	out = d.set("bare", mobile.Input{Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: hash}}, MSAL: []string{msalOf()}})
	if diff := cmp.Diff([]problem.Code{problem.MobileNoEntra}, warned(out)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	_, err = d.store.UpdateWorkspace(t.Context(), "bare", now, func(ws *directory.Workspace) error {
		ws.Microsoft = directory.Microsoft{ClientID: otherID, TenantID: tenantID}
		return nil
	})
	d.must(err)
	if got := warned(d.shown("bare")); !slices.Contains(got, problem.MobileStale) {
		t.Errorf("a configuration that fits no more is shown with %v", got)
	}
}

// req: G2
func TestSet_itTakesAnIDFromAURIOnlyWhereNothingIsKnown(t *testing.T) {
	d := newDesk(t)
	out := d.set("acme", mobile.Input{RedirectURIs: []string{appleURI, redirect.Loopback}})
	if !slices.Contains(warned(out), problem.MobileUnheld) || !out.Mobile.Desktop || len(out.Mobile.Apple) != 1 {
		t.Errorf("the first: %+v", out)
	}
	if _, err := d.setup.Set(t.Context(), "acme", "ada", mobile.Input{RedirectURIs: []string{"msauth.com.evil.app://auth"}}); !slices.Contains(codes(err), problem.RedirectBundle) {
		t.Errorf("the second: %v", err)
	}
	// Named, another app is another app; and what is pasted for it is held
	// against it, though one with a like name is there.
	d.set("acme", mobile.Input{Apple: []mobile.AppleApp{{BundleID: "com.acme.app.beta"}}})
	_, err := d.setup.Check(t.Context(), "acme", mobile.Input{RedirectURIs: []string{"msauth.com.acme.app.beta://auth/"}})
	if redirect.Right(err) != "msauth.com.acme.app.beta://auth" {
		t.Errorf("the right one is said to be %q", redirect.Right(err))
	}
	// Android's app is yet to come, so Apple's redirect URI that lost its bundle
	// ID is told for what it is.
	if _, err := d.setup.Check(t.Context(), "acme", mobile.Input{RedirectURIs: []string{"msauth://auth"}}); !slices.Contains(codes(err), problem.RedirectDot) {
		t.Errorf("without a bundle ID: %v", err)
	}
}

// req: G2
// req: G4
func TestSet_itOffersTheCertificateThatWasMeant(t *testing.T) {
	d := newDesk(t)
	d.set("acme", mobile.Input{Android: []mobile.AndroidApp{
		{Package: pkg, SignatureHash: hash, Label: directory.SignedRotated},
		{Package: pkg, SignatureHash: otherHash, Label: directory.SignedUpload},
		{Package: pkg, SignatureHash: "3wIqXSqBj7w/h11ZifsnqwgyKrY=", Label: directory.SignedPlay},
	}})
	rotated, upload, play := androidURI, "msauth://com.acme.app/2wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "msauth://com.acme.app/3wIqXSqBj7w%2Fh11ZifsnqwgyKrY%3D"
	for name, c := range map[string]struct{ pasted, right string }{
		"a hash that is not encoded":     {"msauth://com.acme.app/" + otherHash, upload},
		"a rotated one":                  {"msauth://com.acme.app/" + hash, rotated},
		"one encoded twice":              {strings.ReplaceAll(upload, "%", "%25"), upload},
		"a slash after it":               {rotated + "/", rotated},
		"another package":                {strings.Replace(upload, pkg, "com.acme.b", 1), upload},
		"small letters":                  {strings.ToLower(upload), upload},
		"a certificate nobody entered":   {"msauth://com.acme.app/9wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", play},
		"none":                           {"msauth://com.acme.app", play},
		"a slash that was not encoded":   {"msauth://com.acme.app/3wIqXSqBj7w/h11ZifsnqwgyKrY=", play},
		"a plus that became a space":     {"msauth://com.acme.app/2wIqXSqBj7w h11ZifsnqwgyKrY%3D", upload},
		"the form for URLs, with dashes": {"msauth://com.acme.app/2wIqXSqBj7w-h11ZifsnqwgyKrY%3D", upload},
	} {
		_, err := d.setup.Check(t.Context(), "acme", mobile.Input{RedirectURIs: []string{c.pasted}})
		if got := redirect.Right(err); err == nil || got != c.right {
			t.Errorf("%s: %v; the right one is said to be %q, want %q", name, err, got, c.right)
		}
	}
}

func TestSet_itRefusesWhatCannotBe(t *testing.T) {
	d := newDesk(t)
	android := func(a mobile.AndroidApp) mobile.Input { return mobile.Input{Android: []mobile.AndroidApp{a}} }
	many := mobile.Input{}
	for i := range 101 {
		many.RedirectURIs = append(many.RedirectURIs, fmt.Sprint(i))
	}
	full := mobile.Input{}
	for i := range 51 {
		full.Apple = append(full.Apple, mobile.AppleApp{BundleID: fmt.Sprintf("com.acme.app%d", i)})
	}
	for name, c := range map[string]struct {
		in    mobile.Input
		want  problem.Code
		field string
	}{
		"no bundle ID":                    {mobile.Input{Apple: []mobile.AppleApp{{}}}, problem.BundleID, "apple[0].bundle_id"},
		"a bundle ID with a space":        {mobile.Input{Apple: []mobile.AppleApp{{BundleID: bundle}, {BundleID: "com acme"}}}, problem.BundleID, "apple[1].bundle_id"},
		"a bundle ID that is too long":    {mobile.Input{Apple: []mobile.AppleApp{{BundleID: "com." + strings.Repeat("a", 1<<20)}}}, problem.RedirectTooLong, "apple[0].bundle_id"},
		"another app's redirect URI":      {mobile.Input{Apple: []mobile.AppleApp{{bundle, "msauth.x.y://auth"}}}, problem.RedirectBundle, "apple[0].redirect_uri"},
		"a package of one word":           {android(mobile.AndroidApp{Package: "app", SignatureHash: hash}), problem.PackageName, "android[0].package"},
		"a package without a certificate": {android(mobile.AndroidApp{Package: pkg}), problem.HashEmpty, "android[0].signature_hash"},
		"a fingerprint":                   {android(mobile.AndroidApp{Package: pkg, SignatureHash: "D7:02:2A:5D:2A:81:8F:BC:3E:87:5D:59:89:FB:27:AB:08:32:2A:B6"}), problem.HashHex, "android[0].signature_hash"},
		"the hash of nothing":             {android(mobile.AndroidApp{Package: pkg, SignatureHash: "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}), problem.HashOfNothing, "android[0].signature_hash"},
		"keytool's error":                 {android(mobile.AndroidApp{Package: pkg, SignatureHash: "ga0RGNYHvNM5d0SLGQfpQWAPGJ8="}), problem.HashOfError, "android[0].signature_hash"},
		"another hash in the URI":         {android(mobile.AndroidApp{Package: pkg, SignatureHash: otherHash, RedirectURI: androidURI}), problem.HashUnknown, "android[0].redirect_uri"},
		"a label of one's own":            {android(mobile.AndroidApp{Package: pkg, SignatureHash: hash, Label: "prod"}), problem.MobileLabel, "android[0].label"},
		"the key that everyone has":       {android(mobile.AndroidApp{Package: pkg, SignatureHash: fyneHash}), problem.HashDebugKey, "android[0].signature_hash"},
		"that key in a URI":               {mobile.Input{RedirectURIs: []string{"msauth://com.acme.app/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D"}}, problem.HashDebugKey, "redirect_uris[0]"},
		"that key in a configuration":     {mobile.Input{MSAL: []string{msalOf("1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D")}}, problem.HashDebugKey, "msal[0]"},
		"too much at once":                {many, problem.MobileTooMany, ""},
		"too many apps":                   {full, problem.MobileTooMany, ""},
	} {
		_, err := d.setup.Set(t.Context(), "acme", "ada", c.in)
		if got, _ := problem.Of(err); got != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if faults := mobile.Faults(err); c.field != "" && (len(faults) != 1 || faults[0].Field != c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := d.shown("acme").Mobile; got.Version != 0 {
		t.Errorf("something was stored: %+v", got)
	}
	if _, err := d.setup.Set(t.Context(), "nobody", "ada", both()); !errors.Is(err, problem.New(problem.UnknownWorkspace)) && code(err) != problem.UnknownWorkspace {
		t.Errorf("no workspace: %v", err)
	}
	if _, err := d.setup.Set(t.Context(), "acme", "", both()); err == nil {
		t.Error("a change that nobody is answerable for was stored")
	}
}

func code(err error) problem.Code {
	c, _ := problem.Of(err)
	return c
}

func TestSet_itTakesTheDebugKeyOnlyWhereItIsAskedFor(t *testing.T) {
	d := newDesk(t)
	in := mobile.Input{Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: fyneHash, Label: directory.SignedDebug}}, InsecureAllowDebugKey: true}
	if got := warned(d.set("acme", in)); !slices.Equal(got, []problem.Code{problem.MobileDebugKey}) {
		t.Errorf("warnings: %v", got)
	}
	if got := warned(d.shown("acme")); !slices.Equal(got, []problem.Code{problem.MobileDebugKey}) {
		t.Errorf("warnings later: %v", got)
	}
	in.InsecureAllowDebugKey = false
	if _, err := d.setup.Check(t.Context(), "bare", in); code(err) != problem.HashDebugKey {
		t.Errorf("not asked for: %v", err)
	}
	d.setup.InsecureAllowDebugKey = true
	if got := warned(d.set("bare", in)); !slices.Equal(got, []problem.Code{problem.MobileDebugKey}) {
		t.Errorf("where developers are alone: %v", got)
	}
}

func TestSet_itKeepsSeveralCertificatesWithTheirLabels(t *testing.T) {
	d := newDesk(t)
	out := d.set("acme", mobile.Input{Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: hash, Label: directory.SignedUpload}}})
	if got := warned(out); !slices.Equal(got, []problem.Code{problem.MobileUpload}) {
		t.Errorf("with the upload key alone: %v", got)
	}
	d.set("acme", mobile.Input{MSAL: []string{msalOf()}})
	out = d.set("acme", mobile.Input{Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: otherHash, Label: directory.SignedPlay}, {Package: pkg}}})
	if len(out.Mobile.Android) != 2 || len(out.Warnings) != 0 || out.Mobile.Android[0].MSAL == nil {
		t.Errorf("with Google Play's: %+v", out)
	}
	// Entering a certificate once more changes its label and nothing else.
	out = d.set("acme", mobile.Input{Android: []mobile.AndroidApp{{Package: pkg, SignatureHash: hash, Label: directory.SignedRelease}}})
	if diff := cmp.Diff([]string{"labelled " + androidURI + " release"}, out.Changes); diff != "" || out.Mobile.Android[0].MSAL == nil {
		t.Errorf("%+v:\n%s", out.Mobile, diff)
	}
	if _, err := d.setup.Set(t.Context(), "acme", "ada", mobile.Input{Android: []mobile.AndroidApp{{Package: pkg, Label: directory.SignedDebug}}}); code(err) != problem.MobileLabel {
		t.Errorf("a label for one of two: %v", err)
	}
	if diff := cmp.Diff([]string{"debug"}, labelled(d.set("bare", mobile.Input{
		Android: []mobile.AndroidApp{{Package: pkg, Label: directory.SignedDebug}}, RedirectURIs: []string{androidURI},
	}))); diff != "" {
		t.Errorf("the label of what was pasted later:\n%s", diff)
	}
}

func labelled(out mobile.Outcome) (all []string) {
	for _, a := range out.Mobile.Android {
		all = append(all, string(a.Label))
	}
	return all
}
