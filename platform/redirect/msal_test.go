package redirect_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

const (
	clientID = "6731de76-14a6-49ae-97bc-6eba6914391e"
	tenantID = "11111111-2222-3333-4444-555555555555"
	otherID  = "99999999-2222-3333-4444-555555555555"

	// portal is as Microsoft Entra shows it: without account_mode's default and
	// with the slashes escaped, as some browsers copy them.
	portal = `{
  "client_id" : "6731de76-14a6-49ae-97bc-6eba6914391e",
  "authorization_user_agent" : "DEFAULT",
  "redirect_uri" : "msauth://com.azuresamples.msalandroidapp/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D",
  "account_mode" : "SINGLE",
  "broker_redirect_uri_registered": true,
  "authorities" : [
    {
      "type": "AAD",
      "audience": {
        "type": "AzureADMyOrg",
        "tenant_id": "11111111-2222-3333-4444-555555555555"
      }
    }
  ]
}`
	older = `{"client_id":"6731de76-14a6-49ae-97bc-6eba6914391e","redirect_uri":"msauth:\/\/com.azuresamples.msalandroidapp\/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D",
"authorities":[{"type":"AAD","authority_url":"https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/"}],"logging":{"log_level":"WARNING"}}`
)

func msalOptions(t testing.TB) redirect.MSALOptions {
	return redirect.MSALOptions{
		ClientID: clientID, TenantID: tenantID,
		AndroidOptions: redirect.AndroidOptions{Package: "com.azuresamples.msalandroidapp", HashOptions: hashOptions(t)},
	}
}

func TestMSAL_itReadsWhatThePortalShowsAndWhatItMakes(t *testing.T) {
	made := redirect.NewMSAL(clientID, tenantID, redirect.Android{Package: "com.azuresamples.msalandroidapp", Hash: hashOf(t, sampleSHA1)})
	for name, text := range map[string]string{"portal": portal, "older": older, "byte order mark": "\xef\xbb\xbf" + portal + "\r\n", "made": string(made.JSON())} {
		m, err := redirect.CheckMSAL([]byte(text), msalOptions(t))
		if err != nil || m.ClientID != clientID || m.RedirectURI != sampleURI {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	back, err := redirect.CheckMSAL(made.JSON(), redirect.MSALOptions{})
	if diff := cmp.Diff(made, back); err != nil || diff != "" {
		t.Errorf("%v, made and read differ:\n%s", err, diff)
	}
	if !strings.Contains(string(made.JSON()), `"redirect_uri": "`+sampleURI+`"`) {
		t.Errorf("the URI is escaped:\n%s", made.JSON())
	}
}

// change returns the portal's configuration with one thing changed.
func change(t *testing.T, from, to string) string {
	t.Helper()
	if !strings.Contains(portal, from) {
		t.Fatalf("%q does not stand in the configuration", from)
	}
	return strings.Replace(portal, from, to, 1)
}

// Who edited what the portal shows is told what JSON has not.
//
// req: G4
func TestCheckMSAL_itSaysWhatJSONHasNot(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"true,", "true, // for Authenticator", "line 6, at a comment, of which JSON has none."},
		{`"account_mode"`, `/* one */ "account_mode"`, "line 5, at a comment, of which JSON has none."},
		{"true,", "# yes\n true,", "line 6, at a comment, of which JSON has none."},
		{tenantID + `"`, tenantID + `",`, "at a comma too many."},
		{"true,", "true,,", "line 6, at a comma too many."},
		{`"account_mode"`, "“account_mode”", `at a quotation mark that is not ".`},
		{`"account_mode"`, `'account_mode'`, `at a quotation mark that is not ".`},
		{`"SINGLE"`, "“SINGLE”", `at a quotation mark that is not ".`},
		{"true,", "yes,", "Reading ended in line 6."},
	} {
		_, err := redirect.CheckMSAL([]byte(change(t, c.from, c.to)), msalOptions(t))
		if got := problem.DetailOf(err); !strings.HasSuffix(got, c.want) || !errors.Is(err, problem.New(problem.MSALUnreadable)) {
			t.Errorf("%s: %q, want %q", c.to, got, c.want)
		}
	}
}

// TestCheckMSAL_itNamesEveryWrongForm is row G4's table for the configuration.
// req: G4
func TestCheckMSAL_itNamesEveryWrongForm(t *testing.T) {
	authority := portal[strings.Index(portal, "[\n")+1 : strings.LastIndex(portal, "]")]
	uri := `"` + sampleURI + `"`
	for _, c := range []struct {
		wrongForm
		right string
	}{
		{wrongForm{"nothing", " ", problem.MSALEmpty}, ""},
		{wrongForm{"too much", "{" + strings.Repeat(" ", 70<<10) + "}", problem.MSALTooLarge}, ""},
		{wrongForm{"a web page", "<!DOCTYPE html>", problem.MSALOther}, ""},
		{wrongForm{"the snippet for iOS", "let kClientID = \"x\"", problem.MSALOther}, ""},
		{wrongForm{"a list", "[" + portal + "]", problem.MSALOther}, ""},
		{wrongForm{"a lost brace", strings.TrimSuffix(portal, "}"), problem.MSALUnreadable}, ""},
		{wrongForm{"something behind it", portal + "}", problem.MSALUnreadable}, ""},
		{wrongForm{"a comma too many", change(t, "true,", "true,,"), problem.MSALUnreadable}, ""},
		{wrongForm{"quotation marks of a word processor", strings.ReplaceAll(portal, `"`, "\u201c"), problem.MSALUnreadable}, ""},
		{wrongForm{"nested without end", `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", problem.MSALTooLarge}, ""},
		{wrongForm{"two redirect URIs", change(t, `"account_mode"`, `"redirect_uri":"msauth://evil.app/x","account_mode"`), problem.MSALTwice}, ""},
		{wrongForm{"no client_id", change(t, `"client_id"`, `"app_id"`), problem.MSALMissing}, ""},
		{wrongForm{"an empty redirect_uri", change(t, uri, `""`), problem.MSALMissing}, ""},
		{wrongForm{"no authorities", change(t, `"authorities"`, `"authority"`), problem.MSALMissing}, ""},
		{wrongForm{"a client_id that is a number", change(t, `"`+clientID+`"`, "5"), problem.MSALKind}, ""},
		{wrongForm{"a broker flag in words", change(t, "true", `"true"`), problem.MSALKind}, ""},
		{wrongForm{"authorities that are no list", change(t, portal[strings.Index(portal, "[\n"):], `"x"}`), problem.MSALKind}, ""},
		{wrongForm{"a client_id that is no GUID", change(t, clientID, "lanyard"), problem.MSALClientID}, clientID},
		{wrongForm{"a client_id in braces", change(t, clientID, "{"+clientID+"}"), problem.MSALClientID}, clientID},
		{wrongForm{"a client_id never filled in", change(t, clientID, "Enter_the_Application_Id_Here"), problem.MSALPlaceholder}, clientID},
		{wrongForm{"a client_id in a sample's brackets", change(t, clientID, "<client id>"), problem.MSALPlaceholder}, clientID},
		{wrongForm{"another application", change(t, clientID, otherID), problem.MSALOtherClient}, clientID},
		{wrongForm{"the tenant for the client", change(t, clientID, tenantID), problem.MSALSwapped}, clientID},
		{wrongForm{"the client for the tenant", change(t, tenantID, clientID), problem.MSALSwapped}, tenantID},
		{wrongForm{"another tenant", change(t, tenantID, otherID), problem.MSALOtherTenant}, tenantID},
		{wrongForm{"a tenant that is no GUID", change(t, tenantID, "acme.onmicrosoft.com"), problem.MSALTenant}, tenantID},
		{wrongForm{"a tenant of everyone", change(t, tenantID, "common"), problem.MSALAudience}, tenantID},
		{wrongForm{"no tenant", change(t, `"tenant_id"`, `"tenant"`), problem.MSALAudience}, tenantID},
		{wrongForm{"the audience of every organisation", change(t, "AzureADMyOrg", "AzureADMultipleOrgs"), problem.MSALAudience}, tenantID},
		{wrongForm{"the audience of everyone", change(t, "AzureADMyOrg", "AzureADandPersonalMicrosoftAccount"), problem.MSALAudience}, tenantID},
		{wrongForm{"no audience", change(t, `"audience"`, `"audiences"`), problem.MSALAudience}, tenantID},
		{wrongForm{"an authority of B2C", change(t, `"AAD"`, `"B2C"`), problem.MSALAuthority}, tenantID},
		{wrongForm{"an authority's URL without encryption", strings.Replace(older, "https:", "http:", 1), problem.MSALAuthority}, tenantID},
		{wrongForm{"an authority's URL at a host of nobody's", strings.Replace(older, "login.microsoftonline.com", "login.microsoftonline.com.evil.example", 1), problem.MSALAuthority}, tenantID},
		{wrongForm{"an authority's URL with a name in it", strings.Replace(older, "https://login", "https://x@login", 1), problem.MSALAuthority}, tenantID},
		{wrongForm{"an authority's URL of everyone", strings.Replace(older, tenantID, "organizations", 1), problem.MSALAudience}, tenantID},
		{wrongForm{"an authority's URL of another tenant", strings.Replace(older, tenantID, otherID, 1), problem.MSALOtherTenant}, tenantID},
		{wrongForm{"an empty list of authorities", change(t, authority, ""), problem.MSALAuthorities}, ""},
		{wrongForm{"two authorities and no default", change(t, authority, authority+","+authority), problem.MSALAuthorities}, ""},
		{wrongForm{"a secret", change(t, `"account_mode"`, `"client_secret":"x~y","account_mode"`), problem.MSALSecret}, ""},
		{wrongForm{"a sign-in page inside the app", change(t, "DEFAULT", "WEBVIEW"), problem.MSALUserAgent}, "DEFAULT"},
		{wrongForm{"an account mode of nobody's", change(t, "SINGLE", "BOTH"), problem.MSALAccountMode}, "SINGLE"},
		{wrongForm{"a redirect URI that is not encoded", change(t, "%2Bh11ZifsnqwgyKrY%3D", "+h11ZifsnqwgyKrY="), problem.RedirectNotEncoded}, sampleURI},
		{wrongForm{"a redirect URI that is encoded twice", change(t, "%2Bh11ZifsnqwgyKrY%3D", "%252Bh11ZifsnqwgyKrY%253D"), problem.RedirectTwice}, sampleURI},
		{wrongForm{"a redirect URI of another app", change(t, "msauth://com.azuresamples.msalandroidapp", "msauth://com.acme.app"), problem.RedirectPackage}, sampleURI},
		{wrongForm{"a redirect URI with the hash of nothing", change(t, "1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D"), problem.HashOfNothing}, sampleURI},
		{wrongForm{"a redirect URI never filled in", change(t, uri, `"Enter_the_Redirect_Uri_Here"`), problem.MSALPlaceholder}, sampleURI},
		{wrongForm{"a redirect URI with a space at its end", change(t, uri, `"`+sampleURI+` "`), problem.RedirectCharacters}, sampleURI},
	} {
		t.Run("it knows "+c.why, func(t *testing.T) {
			m, err := redirect.CheckMSAL([]byte(c.pasted), msalOptions(t))
			hold(t, err, c.code, c.right)
			if m.ClientID != "" || strings.Contains(err.Error(), "x~y") {
				t.Errorf("a refused configuration is handed on: %+v, %v", m, err)
			}
		})
	}
}

func TestCheckMSAL_itSaysAllThatIsWrongAndWhere(t *testing.T) {
	text := strings.NewReplacer(clientID, otherID, "DEFAULT", "WEBVIEW", "%2B", "+", tenantID, otherID).Replace(portal)
	_, err := redirect.CheckMSAL([]byte(text), msalOptions(t))
	var codes []problem.Code
	var all interface{ Unwrap() []error }
	if !errors.As(err, &all) {
		t.Fatalf("%v is one error", err)
	}
	for _, e := range all.Unwrap() {
		code, _ := problem.Of(e)
		codes = append(codes, code)
	}
	want := []problem.Code{problem.MSALOtherClient, problem.MSALUserAgent, problem.RedirectNotEncoded, problem.MSALOtherTenant}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
	_, err = redirect.CheckMSAL([]byte("{\n\"client_id\": \"x\",\n oops }"), redirect.MSALOptions{})
	if problem.DetailOf(err) != "Reading ended in line 3." {
		t.Errorf("detail %q", problem.DetailOf(err))
	}
	_, err = redirect.CheckMSAL([]byte("{}"), redirect.MSALOptions{})
	if !strings.Contains(err.Error(), "client_id is missing.") || !strings.Contains(err.Error(), "authorities is missing.") {
		t.Errorf("what is missing is not named: %v", err)
	}
}

func FuzzCheckMSAL(f *testing.F) {
	for _, s := range []string{portal, older, "{}", "{\"a\":{\"a\":[1,2,{}]}}", "\xef\xbb\xbf{", `{"client_id":null,"authorities":[null]}`, `{"redirect_uri":"msauth://a/%"}`} {
		f.Add([]byte(s))
	}
	o := msalOptions(f)
	f.Fuzz(func(t *testing.T, pasted []byte) {
		m, err := redirect.CheckMSAL(pasted, o)
		if err != nil {
			return
		}
		// What is taken is for this app and this tenant alone, and stays so when
		// it is written anew.
		if !strings.EqualFold(m.ClientID, clientID) || !strings.HasPrefix(m.RedirectURI, "msauth://"+o.Package+"/") || len(m.Authorities) == 0 {
			t.Errorf("%s was taken: %+v", pasted, m)
		}
		if _, err := redirect.CheckMSAL(m.JSON(), o); err != nil {
			t.Errorf("%s was taken, but not what it was made into: %v", pasted, err)
		}
	})
}
