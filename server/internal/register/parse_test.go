package register_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The portal shows one registration in two formats: both are read as the same.
//
// req: A7
func TestParseApplication_bothManifestsSayTheSame(t *testing.T) {
	now, err := register.ParseApplication(read(t, "portal.json"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := register.ParseApplication(read(t, "aadgraph.json"))
	if err != nil {
		t.Fatal(err)
	}
	old.Secrets, now.Secrets = nil, nil
	if d := cmp.Diff(now, old); d != "" {
		t.Error(d)
	}
	if !now.Registered(register.OnPublicClient, "http://localhost") || now.Registered(register.OnWeb, "http://localhost") {
		t.Error("a redirect URI is under another platform")
	}
	if len(now.API.Preauthorized) != 1 || len(now.AppRoles) != 1 || *now.API.TokenVersion != 2 || now.Web.LogoutURL == "" {
		t.Errorf("%+v", now)
	}
}

// req: A7
func TestParseApplication_itTakesEveryWrapping(t *testing.T) {
	plain := read(t, "graph.json")
	want, err := register.ParseApplication(plain)
	if err != nil {
		t.Fatal(err)
	}
	if want.AppID != clientID || want.API.TokenVersion != nil || len(want.SPA.RedirectURIs) != 1 {
		t.Errorf("%+v", want)
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(plain))) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	for name, text := range map[string][]byte{
		"it takes a list of one, as az ad app list prints": []byte("[" + string(plain) + "]"),
		"it takes a list of one, as Microsoft Graph does":  []byte(`{"@odata.context":"x","value":[` + string(plain) + `]}`),
		"it takes the answer to a template":                []byte(`{"application":` + string(plain) + `,"servicePrincipal":{"id":"x"}}`),
		"it takes a byte order mark":                       append([]byte("\xef\xbb\xbf"), plain...),
		"it takes what PowerShell writes":                  wide,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := register.ParseApplication(text)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// req: A7
func TestParseApplication_itSaysWhatIsWrong(t *testing.T) {
	plain := string(read(t, "graph.json"))
	for name, c := range map[string]struct {
		text string
		code problem.Code
		says string
	}{
		"it refuses nothing":               {" ", problem.RegUnreadable, "empty"},
		"it refuses words":                 {"hello", problem.RegUnreadable, "byte"},
		"it refuses half of one":           {plain[:len(plain)/2], problem.RegUnreadable, "not whole"},
		"it refuses an empty object":       {"{}", problem.RegUnreadable, "appId"},
		"it refuses an ID that is none":    {`{"appId":"x"}`, problem.RegUnreadable, "appId"},
		"it refuses braces around an ID":   {`{"appId":"{bbbbbbbb-2222-3333-4444-555555555555}"}`, problem.RegUnreadable, "appId"},
		"it refuses several":               {"[" + plain + "," + plain + "]", problem.RegSeveral, "2"},
		"it refuses none":                  {`{"value":[]}`, problem.RegSeveral, "0"},
		"it refuses a list in a list":      {"[[" + plain + "]]", problem.RegUnreadable, "within"},
		"it refuses an error of Graph's":   {`{"error":{"code":"Authorization_RequestDenied","message":"secret"}}`, problem.RegUnreadable, "Authorization_RequestDenied"},
		"it refuses a word for a list":     {`{"appId":"` + clientID + `","appRoles":"x"}`, problem.RegUnreadable, "appRoles"},
		"it refuses what an old az prints": {`{"appId":"` + clientID + `","publicClient":true,"replyUrls":[]}`, problem.RegUnreadable, "2.37"},
		"it refuses an unknown platform":   {`{"appId":"` + clientID + `","replyUrlsWithType":[{"url":"x","type":"Other"}]}`, problem.RegUnreadable, "Other"},
		"it refuses what is too large":     {strings.Repeat(" ", register.MaxApplication+1), problem.RegTooLarge, "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := register.ParseApplication([]byte(c.text))
			if code, _ := problem.Of(err); err == nil || code != c.code || !strings.Contains(problem.DetailOf(err), c.says) {
				t.Errorf("%v, want %s and %q", err, c.code, c.says)
			}
		})
	}
	if _, err := register.ParseServicePrincipal([]byte(plain)); err == nil || !strings.Contains(problem.DetailOf(err), "az ad sp show") {
		t.Errorf("an app registration for an enterprise application: %v", err)
	}
}

// A registration that was merged with the plan is as planned, whatever it was
// before; and merging it again changes nothing.
func FuzzParseApplication(f *testing.F) {
	for _, name := range []string{"graph.json", "portal.json", "aadgraph.json"} {
		f.Add(read(f, name))
	}
	f.Add([]byte(`{"value":[{"appId":"bbbbbbbb-2222-3333-4444-555555555555"}]}`))
	f.Add([]byte(`{"appId":"bbbbbbbb-2222-3333-4444-555555555555","appRoles":[{"value":"admin"},{"value":"admin"}],"publicClient":null}`))
	f.Add([]byte("\xff\xfe{\x00}\x00"))
	p, err := register.New(register.Options{Workspace: "acme", Name: "Acme", Scope: "api://x/access_as_user"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := register.ParseApplication(data)
		if err != nil {
			if code, _ := problem.Of(err); code == problem.Internal {
				t.Fatalf("nobody said what is wrong: %v", err)
			}
			return
		}
		merged := p.Merged(a)
		for _, d := range register.Needed(p.Check(merged)) {
			switch d.Code { // what merging leaves to people: others' things are not taken away
			case problem.RegScopeTwice, problem.RegRoleTwice, problem.RegRedirectDebugKey:
			default:
				t.Fatalf("a merged registration differs: %+v\n%s", d, data)
			}
		}
		if d := cmp.Diff(merged, p.Merged(merged)); d != "" {
			t.Fatalf("merging again changes it:\n%s", d)
		}
		raw, err := json.Marshal(merged)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := register.ParseApplication(raw); err != nil && !bytes.Contains(raw, []byte(`"passwordCredentials"`)) {
			t.Fatalf("what it writes it does not read: %v", err)
		}
		if _, err := p.Az(&a); err != nil {
			t.Fatal(err)
		}
		_ = p.Terraform(&a)
	})
}

func FuzzParseServicePrincipal(f *testing.F) {
	f.Add([]byte(`{"id":"x","appId":"bbbbbbbb-2222-3333-4444-555555555555","accountEnabled":true,"appRoleAssignmentRequired":null}`))
	f.Add([]byte(`{"value":[{"appId":"bbbbbbbb-2222-3333-4444-555555555555","servicePrincipalType":"Application","oauth2PermissionGrants":[{"consentType":"AllPrincipals","scope":" a  b"}]}]}`))
	f.Add([]byte(`{"servicePrincipal":{"appId":"bbbbbbbb-2222-3333-4444-555555555555","accountEnabled":false,"appRoleAssignedTo":[{"appRoleId":"00000000-0000-0000-0000-000000000000"}]}}`))
	p, err := register.New(register.Options{Workspace: "acme", Name: "Acme", Scope: "api://x/access_as_user"})
	if err != nil {
		f.Fatal(err)
	}
	a := p.Merged(register.Application{AppID: clientID})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := register.ParseServicePrincipal(data)
		if err != nil {
			if code, _ := problem.Of(err); code == problem.Internal {
				t.Fatalf("nobody said what is wrong: %v", err)
			}
			return
		}
		for _, d := range p.CheckPrincipal(a, s) {
			if d.Code == "" || d.Field == "" || d.Want == "" || d.Got == "" || d.Fix == "" {
				t.Fatalf("a difference that says nothing: %+v", d)
			}
		}
	})
}
