package redirect_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

func hashOptions(t testing.TB) redirect.HashOptions {
	return redirect.HashOptions{Known: []redirect.Hash{hashOf(t, sampleSHA1), hashOf(t, "C9:70:D0:AA:6A:D0:DC:7A:45:41:EB:B8:89:9E:EA:D0:DB:B6:3E:1C")}}
}

func sumText(s string) string { h := sha1.Sum([]byte(s)); return base64Of(h[:]) }

func TestParseHash_itNamesEveryWrongForm(t *testing.T) {
	bare := strings.ReplaceAll(sampleSHA1, ":", "")
	sha2, md := sha256.Sum256([]byte("x")), md5.Sum([]byte("x"))
	for _, c := range []wrongForm{
		{"nothing", "  ", problem.HashEmpty},
		{"a fingerprint", sampleSHA1, problem.HashHex},
		{"a fingerprint with its label", "SHA1: " + sampleSHA1, problem.HashHex},
		{"a fingerprint without colons, small", strings.ToLower(bare), problem.HashHex},
		{"SHA-256", base64Of(sha2[:]), problem.HashSHA256},
		{"SHA-256 in hexadecimal", "SHA256: " + strings.Repeat("AB:", 31) + "AB", problem.HashSHA256},
		{"MD5", base64Of(md[:]), problem.HashMD5},
		{"the hash of nothing", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", problem.HashOfNothing},
		{"the hash of keytool's error", "ga0RGNYHvNM5d0SLGQfpQWAPGJ8=", problem.HashOfError},
		{"the hash of keytool's other error", "3wr5amLUb4ptokTk79ewGAoaW3A=", problem.HashOfError},
		{"the letters hashed", sumText(sampleSHA1), problem.HashOfText},
		{"the letters hashed, small, with a line break", sumText(strings.ToLower(bare) + "\n"), problem.HashOfText},
		{"the letters encoded", base64Of([]byte(bare)), problem.HashOfText},
		{"Fyne's debug key", fyneHash, problem.HashDebugKey},
		{"another app's", sumText("another"), problem.HashUnknown},
		{"small letters", strings.ToLower(sampleHash), problem.HashUnreadable},
		{"another case", "1WIqXSqBj7w+h11ZifsnqwgyKrY=", problem.HashCase},
		{"no padding", strings.TrimSuffix(sampleHash, "="), problem.HashPadding},
		{"a plus that became a space", strings.ReplaceAll(sampleHash, "+", " "), problem.HashPlusLost},
		{"the alphabet of URLs", strings.ReplaceAll(sampleHash, "+", "-"), problem.HashURLSafe},
		{"encoded", "1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", problem.HashEncoded},
		{"encoded twice", "1wIqXSqBj7w%252Bh11ZifsnqwgyKrY%253D", problem.HashEncoded},
		{"a redirect URI", sampleURI, problem.HashUnreadable},
		{"words", "hello", problem.HashUnreadable},
		{"half an escape", "1wIqXSqBj7w%", problem.HashUnreadable},
	} {
		t.Run("it knows "+c.why, func(t *testing.T) {
			_, err := redirect.ParseHash(c.pasted, hashOptions(t))
			hold(t, err, c.code, sampleHash)
		})
	}
}

func TestParseHash_itTakesEachOfTheAppsOwn(t *testing.T) {
	for _, want := range hashOptions(t).Known {
		if got, err := redirect.ParseHash("\t"+want.String()+"\n", hashOptions(t)); err != nil || got != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	// Where nothing is known of the app, the right value still follows from a
	// fingerprint, but not from the hash of an error.
	_, err := redirect.ParseHash(sampleSHA1, redirect.HashOptions{})
	hold(t, err, problem.HashHex, sampleHash)
	_, err = redirect.ParseHash("ga0RGNYHvNM5d0SLGQfpQWAPGJ8=", redirect.HashOptions{})
	hold(t, err, problem.HashOfError, "")
	if _, err := redirect.ParseHash(fyneHash, redirect.HashOptions{InsecureAllowDebugKey: true}); err != nil {
		t.Errorf("the debug key is refused though it was allowed: %v", err)
	}
	// A wrong form never leads to the debug key as the right value.
	_, err = redirect.ParseHash("FE:61:6C:D9:8C:EB:EA:64:55:50:8B:60:55:40:0D:AE:88:F8:3F:22", redirect.HashOptions{})
	hold(t, err, problem.HashDebugKey, "")
}

// TestCheckAndroid_itNamesEveryWrongForm is the table for redirect URIs of rows
// G2 and G4.
// req: G2
// req: G4
func TestCheckAndroid_itNamesEveryWrongForm(t *testing.T) {
	o := redirect.AndroidOptions{Package: "com.acme.App", HashOptions: hashOptions(t)}
	right := redirect.Android{Package: o.Package, Hash: o.Known[0]}
	const encoded = "1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
	start := "msauth://com.acme.App/"
	for _, c := range []wrongForm{
		{"nothing", "", problem.RedirectEmpty},
		{"a hash that is not encoded", start + sampleHash, problem.RedirectNotEncoded},
		{"a hash of which only = is left", start + "1wIqXSqBj7w%2Bh11ZifsnqwgyKrY=", problem.RedirectNotEncoded},
		{"a hash of which only + is left", start + "1wIqXSqBj7w+h11ZifsnqwgyKrY%3D", problem.RedirectNotEncoded},
		{"a hash that is encoded twice", start + url.QueryEscape(encoded), problem.RedirectTwice},
		{"a hash that is encoded three times", start + url.QueryEscape(url.QueryEscape(encoded)), problem.RedirectTwice},
		{"small letters in the encoding", start + strings.ToLower("%2B") + "x", problem.HashUnreadable},
		{"%2b for %2B", start + "1wIqXSqBj7w%2bh11ZifsnqwgyKrY%3d", problem.RedirectHexCase},
		{"a plus that became a space", start + "1wIqXSqBj7w h11ZifsnqwgyKrY%3D", problem.HashPlusLost},
		{"no padding", start + "1wIqXSqBj7w%2Bh11ZifsnqwgyKrY", problem.HashPadding},
		{"the alphabet of URLs", start + "1wIqXSqBj7w-h11ZifsnqwgyKrY%3D", problem.HashURLSafe},
		{"a fingerprint", start + sampleSHA1, problem.HashHex},
		{"SHA-256", start + url.QueryEscape(base64Of(make([]byte, 32))), problem.HashSHA256},
		{"the hash of nothing", start + "2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D", problem.HashOfNothing},
		{"the hash of nothing, not encoded", start + "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", problem.HashOfNothing},
		{"the hash of keytool's error", start + "ga0RGNYHvNM5d0SLGQfpQWAPGJ8%3D", problem.HashOfError},
		{"the letters of the fingerprint hashed", start + url.QueryEscape(sumText(sampleSHA1)), problem.HashOfText},
		{"Fyne's debug key", start + "%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D", problem.HashDebugKey},
		{"Fyne's debug key, not encoded", start + fyneHash, problem.HashDebugKey},
		{"another app's hash", start + url.QueryEscape(sumText("another")), problem.HashUnknown},
		{"no hash", "msauth://com.acme.App/", problem.RedirectNoHash},
		{"no hash and no slash", "msauth://com.acme.App", problem.RedirectNoHash},
		{"another package", "msauth://com.acme.other/" + encoded, problem.RedirectPackage},
		{"the package in small letters", "msauth://com.acme.app/" + encoded, problem.RedirectPackageCase},
		{"hash and package the wrong way round", "msauth://" + encoded + "/com.acme.App", problem.RedirectSwapped},
		{"a slash at the end", start + encoded + "/", problem.RedirectSlash},
		{"a path behind the hash", start + encoded + "/auth", problem.RedirectPath},
		{"a query", start + encoded + "?x=1", problem.RedirectQuery},
		{"a query in place of the hash", "msauth://com.acme.App?hash=" + encoded, problem.RedirectQuery},
		{"the scheme in capitals", "MSAuth://com.acme.App/" + encoded, problem.RedirectSchemeCase},
		{"one slash", "msauth:/com.acme.App/" + encoded, problem.RedirectMalformed},
		{"the hash alone", sampleHash, problem.RedirectIncomplete},
		{"the manifest's path alone", samplePath, problem.RedirectIncomplete},
		{"the fingerprint alone", sampleSHA1, problem.RedirectIncomplete},
		{"the package alone", "com.acme.App", problem.RedirectIncomplete},
		{"Apple's", "msauth.com.acme.App://auth", problem.RedirectOtherSystem},
		{"a desktop's", "http://localhost:5000/", problem.RedirectOtherSystem},
		{"MSAL's older kind", "msal6731de76-14a6-49ae-97bc-6eba6914391e://auth", problem.RedirectMSALScheme},
		{"a web site's", "https://acme.example/", problem.RedirectWeb},
		{"all of it encoded", url.QueryEscape(right.RedirectURI()), problem.RedirectAllEncoded},
		{"quotation marks", `"` + right.RedirectURI() + `",`, problem.RedirectCharacters},
		{"two of them", right.RedirectURI() + " " + right.RedirectURI(), problem.RedirectSeveral},
	} {
		t.Run("it knows "+c.why, func(t *testing.T) {
			_, err := redirect.CheckAndroid(c.pasted, o)
			hold(t, err, c.code, right.RedirectURI())
		})
	}
	for _, h := range o.Known {
		want := redirect.Android{Package: o.Package, Hash: h}
		if got, err := redirect.CheckAndroid(want.RedirectURI()+"\n", o); err != nil || got != want {
			t.Errorf("%v: %v", got, err)
		}
	}
}

func TestCheckAndroid_itMendsWhatItCanWhenNothingIsKnownOfTheApp(t *testing.T) {
	_, err := redirect.CheckAndroid("msauth://com.azuresamples.msalandroidapp/"+sampleHash, redirect.AndroidOptions{})
	hold(t, err, problem.RedirectNotEncoded, sampleURI)
	_, err = redirect.CheckAndroid("msauth://com.azuresamples.msalandroidapp/"+sampleSHA1, redirect.AndroidOptions{})
	hold(t, err, problem.HashHex, sampleURI)
	_, err = redirect.CheckAndroid("msauth://com.acme.app/"+fyneHash, redirect.AndroidOptions{})
	hold(t, err, problem.HashDebugKey, "")
	_, err = redirect.CheckAndroid("msauth://acme/"+sampleHash, redirect.AndroidOptions{})
	hold(t, err, problem.PackageName, "")
	if got, err := redirect.CheckAndroid(sampleURI, redirect.AndroidOptions{}); err != nil || got.RedirectURI() != sampleURI {
		t.Errorf("%v, %v", got, err)
	}
}

func TestCheckIntentPath_itMustNotBeEncoded(t *testing.T) {
	fyne := redirect.Android{Package: "com.acme.app", Hash: hashOf(t, "FE:61:6C:D9:8C:EB:EA:64:55:50:8B:60:55:40:0D:AE:88:F8:3F:22")}
	sample := redirect.Android{Package: "com.acme.app", Hash: hashOf(t, sampleSHA1)}
	for _, c := range []struct {
		why  string
		app  redirect.Android
		path string
		code problem.Code
	}{
		{"the right one", sample, samplePath, ""},
		{"the right one of a hash with a slash", fyne, "//mFs2Yzr6mRVUItgVUANroj4PyI=", ""},
		{"one slash for two", fyne, "/mFs2Yzr6mRVUItgVUANroj4PyI=", problem.PathNoSlash},
		{"no slash", sample, sampleHash, problem.PathNoSlash},
		{"encoded", sample, "/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", problem.HashEncoded},
		{"encoded with its slash", fyne, "/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D", problem.HashEncoded},
		{"a fingerprint", sample, "/" + sampleSHA1, problem.HashHex},
		{"the alphabet of URLs", sample, "/1wIqXSqBj7w-h11ZifsnqwgyKrY=", problem.HashURLSafe},
		{"another case", sample, strings.ToLower(samplePath), problem.HashCase},
		{"no padding", sample, strings.TrimSuffix(samplePath, "="), problem.HashPadding},
		{"another hash", sample, "//mFs2Yzr6mRVUItgVUANroj4PyI=", problem.PathWrong},
		{"nothing", sample, "", problem.PathWrong},
	} {
		t.Run("it knows "+c.why, func(t *testing.T) {
			err := redirect.CheckIntentPath(c.path, c.app)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			hold(t, err, c.code, c.app.IntentPath())
		})
	}
}

func FuzzCheckAndroid(f *testing.F) {
	for _, s := range []string{sampleURI, "msauth://a.b/%2F", "msauth://a.b/%252F%253D", "msauth:///", "msauth://a.b/1wIq/?#", sampleSHA1, sampleHash, "msauth://%2F/a.b", "%25%25%25"} {
		f.Add(s)
	}
	o := redirect.AndroidOptions{Package: "com.acme.App", HashOptions: hashOptions(f)}
	f.Fuzz(func(t *testing.T, pasted string) {
		if got, err := redirect.CheckAndroid(pasted, o); err == nil && (got.RedirectURI() != strings.TrimSpace(pasted) || got.Package != o.Package) {
			t.Errorf("%q was taken for %q", pasted, got.RedirectURI())
		}
		got, err := redirect.CheckAndroid(pasted, redirect.AndroidOptions{})
		if err == nil && got.RedirectURI() != strings.TrimSpace(pasted) {
			t.Errorf("%q was taken for %q", pasted, got.RedirectURI())
		}
		// What is said to be right must be right.
		if right := redirect.Right(err); right != "" {
			if _, err := redirect.CheckAndroid(right, redirect.AndroidOptions{}); err != nil {
				t.Errorf("%q leads to %q, which is refused: %v", pasted, right, err)
			}
		}
		_ = redirect.CheckIntentPath(pasted, got)
	})
}

func FuzzParseHash(f *testing.F) {
	for _, s := range []string{sampleHash, sampleSHA1, fyneHash, "%2F", "a b", "----", "SHA1:", "%2531"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pasted string) {
		h, err := redirect.ParseHash(pasted, redirect.HashOptions{})
		if err == nil && h.String() != strings.TrimSpace(pasted) {
			t.Errorf("%q was read as %s", pasted, h)
		}
		if right := redirect.Right(err); right != "" {
			if _, err := redirect.ParseHash(right, redirect.HashOptions{}); err != nil {
				t.Errorf("%q leads to %q, which is refused: %v", pasted, right, err)
			}
		}
	})
}
