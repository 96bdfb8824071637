package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/problem"
)

// newCommand is a command with this environment, as one starts.
func newCommand(env map[string]string) *command {
	return &command{ctx: context.Background(), env: func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}}
}

func TestResolve_itPrefersFlagThenVariableThenFileThenDefault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lanyard.toml")
	text := "# what runs on sso.example.com\nlisten = \"127.0.0.1:1\"\npublic_url = \"https://file.example\"\ndb = \"sqlite:file.db\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flag := "127.0.0.1:3"
	c := newCommand(map[string]string{
		"LANYARD_CONFIG": file, "LANYARD_LISTEN": "127.0.0.1:2", "LANYARD_PUBLIC_URL": "https://env.example", "LANYARD_DB": "",
	})
	got, err := c.resolve("", map[string]*string{keyListen: &flag, keyDB: nil})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]value{
		keyListen:    {"127.0.0.1:3", "--listen"},
		keyPublicURL: {"https://env.example", "LANYARD_PUBLIC_URL"},
		keyDB:        {"sqlite:file.db", file + ", line 4"}, // an empty variable is not set
		keyLogLevel:  {"info", fromDefault},
	}
	for key, w := range want {
		if diff := cmp.Diff(w, got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestParseConfig_itNamesTheLineOfWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a misspelt key", "# first\nlisten = \"127.0.0.1:80\"\n\npublic_ulr = \"https://a\"\n", `f.toml, line 4: there is no setting "public_ulr". Did you mean "public_url"?`},
		{"the first of two", "zzz = \"\"\nyyy = \"\"\n", `f.toml, line 1: there is no setting "zzz".`},
		{"a table", "db = \"sqlite:a\"\n[server]\nlisten = \"x\"\n", `f.toml, line 2: there is no setting "server".`},
		{"a quoted key", "\n\"lisen\" = \"\"\n", `f.toml, line 2: there is no setting "lisen". Did you mean "listen"?`},
		{"a number", "listen = 8080\n", `f.toml, line 1: listen must be a text in quotation marks.`},
		{"no TOML", "listen = \"a\"\ndb = sqlite:lanyard.db\n", `f.toml, line 2: `},
		{"a key twice", "db = \"sqlite:a\"\ndb = \"sqlite:b\"\n", `f.toml, line 2: `},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseConfig("f.toml", c.text)
			if code, _ := problem.Of(err); code != problem.BadConfig {
				t.Fatalf("got %v, want %s", err, problem.BadConfig)
			}
			if got := problem.DetailOf(err); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// FuzzParseConfig: whatever the file holds, the answer is values or BadConfig
// naming a line, and only keys that exist are taken.
func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{"", "listen = \"a\"", "x=1", "[a]\nb='c'", "db = \"\"\"\nlisten = 1\n\"\"\"", "\x00", "public_url=\"é\"", "a.b.c = 1", "= ="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseConfig("f.toml", text)
		if err != nil {
			if code, _ := problem.Of(err); code != problem.BadConfig || !strings.HasPrefix(problem.DetailOf(err), "f.toml") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for key := range got {
			known := false
			for _, s := range allSettings {
				known = known || s.key == key
			}
			if !known {
				t.Fatalf("%q: took %q", text, key)
			}
		}
	})
}

func TestPublicURL_itTakesHTTPOnLoopbackOnly(t *testing.T) {
	for _, c := range []struct{ set, listening, want string }{
		{"", "127.0.0.1:8080", "http://localhost:8080"},
		{"", "[::1]:9", "http://localhost:9"},
		{"", "0.0.0.0:8080", ""},
		{"", "192.0.2.1:8080", ""},
		{"", ":8080", ""},
		{"https://sso.example.com", ":8080", "https://sso.example.com"},
		{"https://sso.example.com/", ":8080", "https://sso.example.com"},
		{"http://localhost:1", ":8080", "http://localhost:1"},
		{"http://127.0.0.1:1", ":8080", "http://127.0.0.1:1"},
		{"http://sso.example.com", ":8080", ""},
		{"http://localhost.example.com", ":8080", ""},
		{"http://127.0.0.1.example.com", ":8080", ""},
		{"https://sso.example.com/lanyard", ":8080", ""},
		{"https://u:p@sso.example.com", ":8080", ""},
		{"https://sso.example.com?x", ":8080", ""},
		{"sso.example.com", ":8080", ""},
		{"ftp://sso.example.com", ":8080", ""},
		{"https://", ":8080", ""},
		{"https://a b", ":8080", ""},
	} {
		t.Run(c.set+" on "+c.listening, func(t *testing.T) {
			v := value{c.set, "--public-url"}
			if c.set == "" {
				v.From = fromDefault
			}
			got, err := settings{keyPublicURL: v}.publicURL(c.listening)
			if c.want == "" {
				if code, _ := problem.Of(err); code != problem.BadPublicURL || problem.DetailOf(err) == "" {
					t.Fatalf("got %v, %v; want %s with a detail", got, err, problem.BadPublicURL)
				}
				if strings.Contains(err.Error(), "u:p") {
					t.Errorf("the password is in %q", err)
				}
				return
			}
			if err != nil || got.String() != c.want {
				t.Fatalf("got %v, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestPlan_itSaysWhatIsWrongWithASetting(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      problem.Code
	}{
		{keyLogLevel, "loud", problem.BadConfig},
		{keyLogLevel, "INFO+3", problem.BadConfig},
		{keyLogFormat, "xml", problem.BadConfig},
		{keySessionTTL, "1s", problem.BadConfig},
		{keySessionTTL, "yes", problem.BadConfig},
		{keyConsoleIdle, "30s", problem.BadConfig},
		{keyConsoleIdle, "2d", problem.BadConfig},
		{keyConsoleTTL, "31d", problem.BadConfig},
		{keyTrustedProxies, "10.0.0.0/8, nonsense", problem.BadConfig},
		{keyListen, "8080", problem.ListenFailed},
		{keyListen, "", problem.ListenFailed},
		{keyAdminListen, "localhost", problem.ListenFailed},
		{keyDB, "mysql://h/d", problem.BadDatabaseURL},
		{keyDB, "lanyard.db", problem.BadDatabaseURL},
		{keyDB, "sqlite:", problem.BadDatabaseURL},
		{keyDB, "sqlite::memory:", problem.BadDatabaseURL},
		{keyDB, "postgres:", problem.BadDatabaseURL},
		{keyPublicURL, "http://sso.example.com", problem.BadPublicURL},
	} {
		t.Run(c.key+" "+c.text, func(t *testing.T) {
			set, err := newCommand(nil).resolve("", map[string]*string{c.key: &c.text})
			if err != nil {
				t.Fatal(err)
			}
			_, err = set.plan()
			code, _ := problem.Of(err)
			if code != c.want || !strings.Contains(err.Error(), strings.TrimPrefix(c.text, "10.0.0.0/8, ")) {
				t.Errorf("got %v, want %s naming %q", err, c.want, c.text)
			}
		})
	}
	t.Run("it reads how long administrators stay", func(t *testing.T) {
		for _, c := range []struct{ idle, ttl, want string }{{"30m", "12h", "30m0s 12h0m0s"}, {"5m", "1h", "5m0s 1h0m0s"}, {"2h", "1h", ""}} {
			set, err := newCommand(nil).resolve("", map[string]*string{keyConsoleIdle: &c.idle, keyConsoleTTL: &c.ttl})
			if err != nil {
				t.Fatal(err)
			}
			desk, err := set.console("")
			if got := desk.Idle.String() + " " + desk.Absolute.String(); (err == nil) != (c.want != "") || err == nil && got != c.want {
				t.Errorf("%s and %s: %s, %v", c.idle, c.ttl, got, err)
			}
		}
	})
	t.Run("it reads good ones", func(t *testing.T) {
		proxies, ttl := "10.0.0.0/8, 192.0.2.7 ::1", "8h"
		set, err := newCommand(nil).resolve("", map[string]*string{keyTrustedProxies: &proxies, keySessionTTL: &ttl})
		if err != nil {
			t.Fatal(err)
		}
		p, err := set.plan()
		if err != nil || len(p.trustedProxies) != 3 || p.trustedProxies[1].Bits() != 32 || p.sessionTTL.Hours() != 8 {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}
