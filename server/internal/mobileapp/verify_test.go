package mobileapp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

const (
	client      = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	otherClient = "3f2504e0-4f89-41d3-9a0c-0305e82c3302"
	tenant      = "c9bf9e57-1685-4c89-bafb-ff5af830be8a"
	otherTenant = "c9bf9e57-1685-4c89-bafb-ff5af830be8b"
)

// set is all that can be held against each other.
type set struct {
	App       builtapp.App
	MSAL      redirect.MSAL
	MSALText  string // in place of MSAL, where it is not empty
	Reg       register.Application
	Workspace Workspace
}

// input is the set as it would be read from files.
func (s set) input(t testing.TB) Input {
	t.Helper()
	text, err := json.Marshal(s.Reg)
	if err != nil {
		t.Fatal(err)
	}
	reg, err := register.ParseApplication(text)
	if err != nil {
		t.Fatal(err)
	}
	msal := s.MSAL.JSON()
	if s.MSALText != "" {
		msal = []byte(s.MSALText)
	}
	return Input{App: &s.App, MSAL: msal, Registration: &reg, Workspace: &s.Workspace, Now: today}
}

// matching returns a function that makes sets in which everything matches: an
// app whose manifest went through Fyne's compiler, with two keys.
func matching(t testing.TB) func() set {
	t.Helper()
	rsa, ec := certificate(t, "rsa.pem"), certificate(t, "ec.pem")
	text, err := Manifest(Info{
		Package: "com.acme.app", Name: "Acme", Version: "1.2.3", Build: 42, Hashes: []redirect.Hash{redirect.HashOf(rsa), redirect.HashOf(ec)},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := packaged(t, compiled(t, text))
	return func() set {
		app := readApp(t, b)
		app.Signers = []builtapp.Signer{{Scheme: builtapp.V2, DER: rsa}, {Scheme: builtapp.V3, DER: ec}, {Scheme: builtapp.Lineage, DER: rsa}}
		uris := app.RedirectURIs()
		yes, two := true, 2
		return set{
			App:  app,
			MSAL: redirect.NewMSAL(client, tenant, redirect.Android{Package: app.ID, Hash: redirect.HashOf(rsa)}),
			Reg: register.Application{
				ID: "8d1f3f7c-0a6e-4b52-9f05-6b1f9a6a2c11", AppID: client, DisplayName: "Acme", SignInAudience: "AzureADMyOrg", PublicFlows: &yes,
				PublicClient: register.PublicClient{RedirectURIs: append(slices.Clone(uris), redirect.Loopback)},
				API:          register.API{TokenVersion: &two},
			},
			Workspace: Workspace{ID: "acme", ClientID: client, TenantID: tenant, RedirectURIs: uris},
		}
	}
}

// hold returns the findings as "code where", notes with a question mark.
func hold(t testing.TB, s set) []string {
	t.Helper()
	var out []string
	for _, f := range Verify(s.input(t)) {
		line := string(f.Code) + " " + f.Where
		if f.Note {
			line += " note"
		}
		out = append(out, line)
		if text := problem.Lookup(f.Code); text.Sentence == problem.Lookup(problem.Internal).Sentence && f.Code != problem.Internal {
			t.Errorf("%s has no sentence", f.Code)
		}
	}
	return out
}

func line(code problem.Code, where string) []string { return []string{string(code) + " " + where} }

func note(code problem.Code, where string) []string {
	return []string{string(code) + " " + where + " note"}
}

// nativeActivity is the one that receives the redirect.
func (s *set) nativeActivity() *builtapp.Activity { return &s.App.Activities[0] }

// filters calls change with each filter for a redirect.
func (s *set) filters(change func(*builtapp.Filter)) {
	for i := range s.nativeActivity().Filters {
		if f := &s.nativeActivity().Filters[i]; slices.ContainsFunc(f.Data, isRedirect) {
			change(f)
		}
	}
}

// replaceKey signs the app with another key, everywhere.
func (s *set) replaceKey(n int, der []byte) {
	old, key := s.App.Signers[n].Hash(), redirect.HashOf(der)
	s.App.Signers[n].DER = der
	s.filters(func(f *builtapp.Filter) {
		if d := &f.Data[0]; d.Path == (redirect.Android{Hash: old}).IntentPath() {
			d.Path = redirect.Android{Hash: key}.IntentPath()
		}
	})
	for _, uris := range [][]string{s.Reg.PublicClient.RedirectURIs, s.Workspace.RedirectURIs} {
		i := slices.Index(uris, redirect.Android{Package: s.App.ID, Hash: old}.RedirectURI())
		uris[i] = redirect.Android{Package: s.App.ID, Hash: key}.RedirectURI()
	}
}

// madeCertificate makes a certificate that was valid for a year from a day on.
func madeCertificate(t testing.TB, name string, from time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: from.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// planted are differences between what was built and what is registered, each
// with the one line that must name it.
func planted(t testing.TB) map[string]struct {
	plant func(*set)
	want  []string
} {
	type p = struct {
		plant func(*set)
		want  []string
	}
	uris := func(s *set) *[]string { return &s.Reg.PublicClient.RedirectURIs }
	first := func(s *set) string { return s.App.RedirectURIs()[0] }
	return map[string]p{
		// The built app.
		"a debuggable app":       {func(s *set) { s.App.Debuggable = true }, line(problem.AppDebuggable, InApp)},
		"an expired certificate": {func(s *set) { s.replaceKey(1, madeCertificate(t, "old", today.AddDate(-2, 0, 0))) }, note(problem.AppExpired, InApp)},
		"a developer's debug key": {func(s *set) {
			s.App.Signers = []builtapp.Signer{{Scheme: builtapp.V2, DER: madeCertificate(t, "Android Debug", today)}}
		}, line(problem.AppDebugKey, InApp)},
		"a key that was rotated away from": {func(s *set) {
			s.App.Signers = []builtapp.Signer{s.App.Signers[1], s.App.Signers[2]}
			s.MSAL.RedirectURI = redirect.Android{Package: s.App.ID, Hash: s.App.Signers[0].Hash()}.RedirectURI()
			s.Workspace.RedirectURIs = s.Workspace.RedirectURIs[1:]
		}, note(problem.VerifyOldKey, InRegistration)},
		"no signature":              {func(s *set) { s.App.Signers = nil; s.App.Kind = builtapp.APK }, line(problem.AppUnsigned, InApp)},
		"no filter for one key":     {func(s *set) { s.nativeActivity().Filters = s.nativeActivity().Filters[1:] }, line(problem.FilterMissing, InApp)},
		"a filter for another host": {func(s *set) { s.nativeActivity().Filters[0].Data[0].Host = "com.acme.other" }, line(problem.FilterHost, InApp)},
		"a host with capitals":      {func(s *set) { s.nativeActivity().Filters[0].Data[0].Host = "com.Acme.app" }, line(problem.FilterHost, InApp)},
		"a scheme with capitals":    {func(s *set) { s.nativeActivity().Filters[0].Data[0].Scheme = "MSAuth" }, line(problem.FilterScheme, InApp)},
		"an encoded path":           {func(s *set) { d := &s.nativeActivity().Filters[0].Data[0]; d.Path = "/" + hashOf(d.Path).Encoded() }, line(problem.HashEncoded, InApp)},
		"a path without its slash":  {func(s *set) { d := &s.nativeActivity().Filters[0].Data[0]; d.Path = d.Path[1:] }, line(problem.PathNoSlash, InApp)},
		"a path without padding":    {func(s *set) { d := &s.nativeActivity().Filters[0].Data[0]; d.Path = strings.TrimSuffix(d.Path, "=") }, line(problem.HashPadding, InApp)},
		"a path in hexadecimal":     {func(s *set) { d := &s.nativeActivity().Filters[0].Data[0]; d.Path = "/" + hashOf(d.Path).Fingerprint() }, line(problem.HashHex, InApp)},
		"a path of another key":     {func(s *set) { s.nativeActivity().Filters[0].Data[0].Path = "/1wIqXSqBj7w+h11ZifsnqwgyKrY=" }, line(problem.PathWrong, InApp)},
		"no path":                   {func(s *set) { s.nativeActivity().Filters[0].Data[0].Path = "" }, line(problem.PathWrong, InApp)},
		"a prefix for a path": {func(s *set) {
			d := &s.nativeActivity().Filters[0].Data[0]
			d.PathPrefix, d.Path = d.Path, ""
		}, line(problem.PathWrong, InApp)},
		"a filter of a key kept elsewhere": {func(s *set) {
			f := s.nativeActivity().Filters[0]
			f.Data = []builtapp.Data{{Scheme: "msauth", Host: s.App.ID, Path: "/1wIqXSqBj7w+h11ZifsnqwgyKrY="}}
			s.nativeActivity().Filters = append(s.nativeActivity().Filters, f)
		}, nil},
		"no VIEW":                           {func(s *set) { s.nativeActivity().Filters[0].Actions = nil }, line(problem.FilterAction, InApp)},
		"no BROWSABLE":                      {func(s *set) { s.nativeActivity().Filters[0].Categories = []string{categoryDefault} }, line(problem.FilterAction, InApp)},
		"no DEFAULT":                        {func(s *set) { s.nativeActivity().Filters[0].Categories = []string{categoryBrowsable} }, line(problem.FilterAction, InApp)},
		"not exported":                      {func(s *set) { s.nativeActivity().Exported = false }, line(problem.ActivityHidden, InApp)},
		"another function":                  {func(s *set) { s.nativeActivity().Metadata[metaFuncName] = "ANativeActivity_onCreate" }, line(problem.ActivityFunction, InApp)},
		"no function":                       {func(s *set) { delete(s.nativeActivity().Metadata, metaFuncName) }, line(problem.ActivityFunction, InApp)},
		"another library":                   {func(s *set) { s.nativeActivity().Metadata[metaLibName] = "main" }, line(problem.ActivityLibrary, InApp)},
		"no library":                        {func(s *set) { delete(s.nativeActivity().Metadata, metaLibName) }, line(problem.ActivityLibrary, InApp)},
		"the redirect started anew":         {func(s *set) { s.nativeActivity().LaunchMode = "standard" }, line(problem.ActivityMode, InApp)},
		"the app started anew":              {func(s *set) { s.App.Activities[1].LaunchMode = "standard" }, line(problem.ActivityMode, InApp)},
		"the activities in the wrong order": {func(s *set) { slices.Reverse(s.App.Activities) }, line(problem.ActivityOrder, InApp)},
		"the filter on Fyne's own activity": {func(s *set) {
			s.App.Activities[1].Filters = append(s.App.Activities[1].Filters, s.App.Activities[0].Filters...)
			s.App.Activities = s.App.Activities[1:]
		}, line(problem.ActivityClass, InApp)},

		// The MSAL configuration.
		"MSAL of another client":  {func(s *set) { s.MSAL.ClientID = otherClient }, line(problem.MSALOtherClient, InMSAL)},
		"MSAL of another tenant":  {func(s *set) { s.MSAL.Authorities[0].Audience.TenantID = otherTenant }, line(problem.MSALOtherTenant, InMSAL)},
		"MSAL for everybody":      {func(s *set) { s.MSAL.Authorities[0].Audience.Type = "AzureADMultipleOrgs" }, line(problem.MSALAudience, InMSAL)},
		"MSAL of another package": {func(s *set) { s.MSAL.RedirectURI = strings.Replace(s.MSAL.RedirectURI, "acme", "acme2", 1) }, line(problem.RedirectPackage, InMSAL)},
		"MSAL with capitals":      {func(s *set) { s.MSAL.RedirectURI = strings.Replace(s.MSAL.RedirectURI, "acme", "Acme", 1) }, line(problem.RedirectPackageCase, InMSAL)},
		"MSAL not encoded":        {func(s *set) { s.MSAL.RedirectURI = "msauth://com.acme.app/" + s.App.Signers[0].Hash().String() }, line(problem.RedirectNotEncoded, InMSAL)},
		"MSAL encoded twice":      {func(s *set) { s.MSAL.RedirectURI = strings.ReplaceAll(s.MSAL.RedirectURI, "%", "%25") }, line(problem.RedirectTwice, InMSAL)},
		"MSAL of another key": {func(s *set) {
			s.MSAL.RedirectURI = "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
		}, line(problem.HashUnknown, InMSAL)},
		"MSAL of the debug key": {func(s *set) {
			s.MSAL.RedirectURI = redirect.Android{Package: s.App.ID, Hash: redirect.FyneDebug()}.RedirectURI()
		}, line(problem.HashDebugKey, InMSAL)},
		"MSAL that is none":    {func(s *set) { s.MSALText = "hello" }, line(problem.MSALOther, InMSAL)},
		"MSAL with a secret":   {func(s *set) { s.MSALText = strings.Replace(string(s.MSAL.JSON()), "{", `{"client_secret":"x",`, 1) }, line(problem.MSALSecret, InMSAL)},
		"MSAL with a web view": {func(s *set) { s.MSAL.UserAgent = "WEBVIEW" }, line(problem.MSALUserAgent, InMSAL)},

		// The registration.
		"a registration of another app": {func(s *set) { s.Reg.AppID = otherClient }, line(problem.RegOtherApp, InRegistration)},
		"a URI not registered":          {func(s *set) { *uris(s) = (*uris(s))[1:] }, line(problem.RegRedirectMissing, InRegistration)},
		"a URI under Web":               {func(s *set) { s.Reg.Web.RedirectURIs = []string{first(s)}; *uris(s) = (*uris(s))[1:] }, line(problem.RegRedirectPlatform, InRegistration)},
		"a URI under SPA":               {func(s *set) { s.Reg.SPA.RedirectURIs = []string{first(s)}; *uris(s) = (*uris(s))[1:] }, line(problem.RegRedirectPlatform, InRegistration)},
		"a URI with capitals":           {func(s *set) { (*uris(s))[0] = strings.Replace(first(s), "acme", "Acme", 1) }, line(problem.RegRedirectNear, InRegistration)},
		"a URI not encoded":             {func(s *set) { (*uris(s))[0] = "msauth://com.acme.app/" + s.App.Signers[0].Hash().String() }, line(problem.RegRedirectNear, InRegistration)},
		"a URI with small hex": {func(s *set) {
			(*uris(s))[0] = strings.NewReplacer("%2B", "%2b", "%2F", "%2f", "%3D", "%3d").Replace(first(s))
		}, line(problem.RegRedirectNear, InRegistration)},
		"no loopback":                 {func(s *set) { *uris(s) = (*uris(s))[:2] }, line(problem.RegRedirectMissing, InRegistration)},
		"loopback under Web":          {func(s *set) { *uris(s) = (*uris(s))[:2]; s.Reg.Web.RedirectURIs = []string{redirect.Loopback} }, line(problem.RegRedirectPlatform, InRegistration)},
		"loopback with a slash":       {func(s *set) { (*uris(s))[2] += "/" }, line(problem.RegRedirectNear, InRegistration)},
		"loopback by its number":      {func(s *set) { (*uris(s))[2] = "http://127.0.0.1" }, line(problem.RegRedirectNear, InRegistration)},
		"no public flows":             {func(s *set) { s.Reg.PublicFlows = nil }, line(problem.RegPublicFlows, InRegistration)},
		"tokens of version 1":         {func(s *set) { s.Reg.API.TokenVersion = nil }, line(problem.RegTokenVersion, InRegistration)},
		"open to other organisations": {func(s *set) { s.Reg.SignInAudience = "AzureADMultipleOrgs" }, line(problem.RegAudience, InRegistration)},
		"the debug key registered": {func(s *set) {
			*uris(s) = append(*uris(s), redirect.Android{Package: s.App.ID, Hash: redirect.FyneDebug()}.RedirectURI())
		}, line(problem.RegRedirectDebugKey, InRegistration)},
		"a key of before": {func(s *set) { *uris(s) = append(*uris(s), "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D") }, note(problem.VerifyOldKey, InRegistration)},
		"URIs of others": {func(s *set) {
			*uris(s) = append(*uris(s), "msauth://com.acme.another/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "msauth.com.acme.another://auth")
			s.Reg.Web.RedirectURIs = []string{"https://www.acme.example/"}
		}, nil},

		// The workspace.
		"a workspace that is not set up": {func(s *set) { s.Workspace.ClientID, s.Workspace.TenantID = "", "" }, line(problem.WorkspaceNotSet, InWorkspace)},
		"a URI that was not entered":     {func(s *set) { s.Workspace.RedirectURIs = s.Workspace.RedirectURIs[:1] }, line(problem.VerifyNotStored, InWorkspace)},
		"nothing entered":                {func(s *set) { s.Workspace.RedirectURIs = nil }, nil},
		"another app entered as well": {func(s *set) {
			s.Workspace.RedirectURIs = append(s.Workspace.RedirectURIs, "msauth.com.acme.app://auth")
		}, line(problem.RegRedirectMissing, InRegistration)},
	}
}

// TestVerify_eachDifferenceIsOneLine plants every difference into a set that
// matches.
// req: G8
func TestVerify_eachDifferenceIsOneLine(t *testing.T) {
	fresh := matching(t)
	if got := hold(t, fresh()); got != nil {
		t.Fatalf("a set that matches has differences: %v", got)
	}
	for name, p := range planted(t) {
		t.Run("it finds "+name, func(t *testing.T) {
			s := fresh()
			p.plant(&s)
			if diff := cmp.Diff(p.want, hold(t, s)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func hashOf(path string) redirect.Hash {
	h, err := redirect.ParseHash(strings.TrimPrefix(path, "/"), redirect.HashOptions{})
	if err != nil {
		panic(err)
	}
	return h
}
