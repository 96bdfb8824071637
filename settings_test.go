package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/app"
	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/problem"
)

func TestAboutThisApp_isWhatIsPackaged(t *testing.T) {
	a := aboutThisApp()
	if a.ID == "" || a.Name != "Lanyard" || strings.Count(a.Version, ".") != 2 {
		t.Fatalf("%+v", a)
	}
}

func read(t *testing.T, env map[string]string, args ...string) (*settings, string, string, error) {
	t.Helper()
	var out, errOut bytes.Buffer
	s, err := readSettings(args, func(k string) string { return env[k] }, aboutThisApp(), &out, &errOut)
	return s, out.String(), errOut.String(), err
}

func TestReadSettings_aFlagBeatsTheEnvironmentAndThatThePackage(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, c := range []struct {
		env      map[string]string
		args     []string
		packaged string
		want     string
	}{
		{nil, nil, "", ""},
		{nil, nil, "https://packaged.example", "https://packaged.example"},
		{map[string]string{"LANYARD_SERVER": "https://env.example"}, nil, "https://packaged.example", "https://env.example"},
		{map[string]string{"LANYARD_SERVER": "https://env.example"}, []string{"--server", "https://flag.example"}, "https://packaged.example", "https://flag.example"},
		{nil, []string{"--server", "http://localhost:8080"}, "", "http://localhost:8080"},
	} {
		s, _, errOut, err := read(t, c.env, c.args...)
		if err != nil {
			t.Fatal(err, errOut)
		}
		if err := s.complete(c.packaged, "", "acme"); err != nil {
			t.Fatal(err)
		}
		got := ""
		if s.Server != nil {
			got = s.Server.String()
		}
		if got != c.want || s.Workspace != "acme" || !filepath.IsAbs(s.DataDir) {
			t.Errorf("%+v: server %q, %+v", c, got, s)
		}
	}
}

// A link puts the workspace into the field; what it means, auth says.
//
// req: H1
func TestReadSettings_aLinkNamesTheWorkspace(t *testing.T) {
	for _, link := range []string{"lanyard://sso/acme", "https://sso.example.com/sso#acme"} {
		if s, _, errOut, err := read(t, nil, link); err != nil || s.Workspace != link {
			t.Errorf("%s: %+v, %v %s", link, s, err, errOut)
		}
	}
	if _, _, errOut, err := read(t, nil, "--workspace", "beta", "lanyard://sso/acme"); err == nil || !strings.Contains(errOut, "nothing to do") {
		t.Errorf("two workspaces: %v, said %q", err, errOut)
	}
}

func TestReadSettings_whatIsWrongIsSaid(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--memory-only", "--key-file", "k"}, "exclude one another"},
		{[]string{"--log-level", "loud"}, "not \"loud\""},
		{[]string{"acme"}, "nothing to do with \"acme\""},
		{[]string{"--nonsense"}, "nonsense"},
	} {
		_, out, errOut, err := read(t, nil, c.args...)
		if err == nil || exitCode(err) != 2 || out != "" || !strings.Contains(errOut, c.want) {
			t.Errorf("%q: %v, exit %d, said %q", c.args, err, exitCode(err), errOut)
		}
	}
	for _, server := range []string{"http://sso.example.com", "ftp://x", "https://u:secret@x", "::"} {
		s, _, _, err := read(t, nil, "--server", server)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.complete("", "", ""); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", server, err)
		}
	}
}

func TestReadSettings_theVersionIsOneLine(t *testing.T) {
	_, out, errOut, err := read(t, nil, "--version")
	if exitCode(err) != 0 || out != "lanyard "+aboutThisApp().Version+"\n" || errOut != "" {
		t.Fatalf("exit %d, %q, %q", exitCode(err), out, errOut)
	}
}

// req: G7
func TestKeys_thePlaceIsTheOneThatWasNamed(t *testing.T) {
	s, _, _, err := read(t, nil, "--data-dir", t.TempDir(), "--memory-only")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.complete("", "remembered.key", ""); err != nil {
		t.Fatal(err)
	}
	if s.Storage.Keep != app.InMemory {
		t.Errorf("a flag was overruled by what is remembered: %+v", s.Storage)
	}
	open := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(open, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keys(t.Context(), app.Storage{Keep: app.InKeyFile, KeyFile: open}); problemCode(err) == "" {
		t.Errorf("a file that is no key is taken: %v", err)
	}
	if _, err := s.keys(t.Context(), app.Storage{Keep: app.InKeyFile, KeyFile: filepath.Join(t.TempDir(), "new")}); err != nil {
		t.Errorf("a new file is refused: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if _, err := s.keys(t.Context(), app.Storage{}); err == nil {
		t.Skip("this machine has a keychain that answers without a session bus")
	} else if problemCode(err) == problem.Internal {
		t.Errorf("a missing keychain has no code: %v", err)
	}
}

func problemCode(err error) problem.Code {
	var p *problem.Error
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

// A sign-in waits in the vault where, and only where, a later process of the app
// can go on with it.
//
// req: G5
func TestClient_aPendingSignInIsKeptWhereItCanBeFinished(t *testing.T) {
	s, _, _, err := read(t, nil, "--data-dir", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.complete("https://sso.example.com", "", "acme"); err != nil {
		t.Fatal(err)
	}
	vault, err := platform.OpenVault(platform.VaultConfig{Keys: platform.MemoryKey()})
	if err != nil {
		t.Fatal(err)
	}
	here := platform.SystemBrowser(aboutThisApp().ID)
	there := here
	there.Resume = func(context.Context, string, string) (auth.Return, error) { return nil, auth.ErrNoReturn }
	for _, c := range []struct {
		browser platform.Browser
		kept    bool
	}{{here, here.Resume != nil}, {there, true}} {
		got := s.client(&http.Client{}, c.browser, vault)
		if (got.Pending != nil) != c.kept || (got.Resume != nil) != c.kept {
			t.Errorf("kept: %v and %v, want %v", got.Pending != nil, got.Resume != nil, c.kept)
		}
		if got.OpenURL == nil || got.Return == nil || got.Fallback == nil || got.Vault == nil || got.Device == "" || got.LastWorkspace != "acme" {
			t.Errorf("something is not wired: %+v", got)
		}
		if _, ok := got.Provider.(auth.Resumer); !ok {
			t.Error("the provider cannot finish what another process began")
		}
	}
}
