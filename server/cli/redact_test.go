package cli

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

func TestRedactURL_itHidesPasswordsWhereverTheyStand(t *testing.T) {
	for in, want := range map[string]string{
		"sqlite:lanyard.db":                            "sqlite:lanyard.db",
		"postgres://u@h/d":                             "postgres://u@h/d",
		"postgres://u:s3cret@h/d":                      "postgres://u:xxxxx@h/d",
		"postgres://u:s3:cr@et@h:1/d?sslmode=require":  "postgres://u:xxxxx@h:1/d?sslmode=require",
		"postgres://u:s3?cret@h/d":                     "postgres://u:xxxxx@h/d",
		"postgres://u@h/d?password=s3cret&x=1":         "postgres://u@h/d?password=xxxxx&x=1",
		"postgres://u@h/d?x=1&sslpassword=s3cret":      "postgres://u@h/d?x=1&sslpassword=xxxxx",
		"postgres://postgres:postgres@h/postgres":      "postgres://postgres:xxxxx@h/postgres",
		"postgres://u:p@h,i:2/d?target_session_attrs=": "postgres://u:xxxxx@h,i:2/d?target_session_attrs=",
	} {
		if got := redactURL(in); got != want {
			t.Errorf("redactURL(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzRedactURL: a password of four letters or more that stands nowhere else is
// gone from the address, and from a message that repeats it, escaped or not.
func FuzzRedactURL(f *testing.F) {
	for _, seed := range []string{"s3cret", "p@ss/w:rd", "a?b@c#d", "%40%2F%", "+ +x", "xxxxx1", "é€漢字"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if len(password) < 4 || strings.Contains("postgres://lanyard:@db.example/lanyard?password=&sslmode=xxxxx", password) {
			return
		}
		for _, address := range []string{
			"postgres://lanyard:" + url.QueryEscape(password) + "@db.example/lanyard",
			"postgres://lanyard@db.example/lanyard?sslmode=require&password=" + url.QueryEscape(password),
		} {
			c := &command{}
			c.hide(address)
			for _, message := range []string{address, "cannot use " + address + " (" + password + ")"} {
				got := c.redact(message)
				// What hides it may itself look like a piece of it.
				if strings.Contains(strings.ReplaceAll(got, hidden, ""), password) {
					t.Fatalf("%q shows %q", got, password)
				}
			}
		}
	})
}

// A canary: whatever an argument holds that must not be seen is not repeated
// by the message about it.
func TestRun_itNeverRepeatsSecretsInArguments(t *testing.T) {
	token := scim.NewToken().Reveal()
	const password = "c4nary-p4ssword"
	for _, args := range [][]string{
		{"serve", "--db", "postgres://u:" + password + "@127.0.0.1:1/d%zz"},
		{"serve", "--db=postgress://u:" + password + "@127.0.0.1/d"},
		{"serve", "--print-config", "--db", "postgres://u:" + password + "@127.0.0.1/d"},
		{"serve", "--print-config", "--json", "--db", "postgres://u@127.0.0.1/d?password=" + password},
		{"serve", "postgres://u:" + password + "@127.0.0.1/d"},
		{"serve", "--public-url", "https://u:" + password + "@sso.example.com"},
		{"scim", "token", "revoke", token, "--workspace", "acme"},
		{"scim", "token", "revoke", "x", token, "--workspace", "acme"},
		{"workspace", "show", "acme", "--db", "postgres://u:" + password},
	} {
		var out, errOut bytes.Buffer
		noEnv := func(string) (string, bool) { return "", false }
		Run(t.Context(), args, noEnv, strings.NewReader(""), &out, &errOut, Options{})
		if errOut.Len()+out.Len() == 0 {
			t.Errorf("%q said nothing", args[:2])
		}
		for _, s := range []string{token, password} {
			if strings.Contains(out.String()+errOut.String(), s) {
				t.Errorf("%q repeats the secret:\n%s%s", args[:2], out.String(), errOut.String())
			}
		}
	}
}

// A private key that is typed where a file is meant is in no message, however
// that quotes it.
func TestRun_itRepeatsNoPrivateKey(t *testing.T) {
	key := "-----BEGIN PRIVATE KEY-----\nMIIEc4naryc4naryc4nary0\nAAAAc4naryc4naryc4nary1\n-----END PRIVATE KEY-----\n"
	for _, args := range [][]string{
		{"doctor", key},
		{"doctor", "--metadata", key},
		{"doctor", "--metadata=" + key},
		{"doctor", "--" + key},
		{"doctor", "--", key},
		{"x" + key},
		{"saml", "check", "--workspace", "acme", "--certificate=" + key},
		{"saml", "check", "--workspace", "acme", "--certificate", key},
		{"saml", "set", "--workspace", "acme", "--claim=" + key},
		{"saml", "set", "--workspace", "acme", "--type=" + key},
		{"saml", "set", "--workspace", "acme", "--skew=" + key},
		{"saml", "set", "--workspace=" + key, "--jit", "on"},
	} {
		var out, errOut bytes.Buffer
		env := func(string) (string, bool) { return "", false }
		Run(t.Context(), args, env, strings.NewReader(""), &out, &errOut, Options{})
		if said := out.String() + errOut.String(); strings.Contains(said, "c4nary") || said == "" {
			t.Errorf("%.40q: it said %s", args, said)
		}
	}
}
