//go:build linux && !android

package msal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

const (
	keyringApp = "lanyard-test"
	// unlocked starts the daemon with an open keyring whose password is empty.
	unlocked = `echo "" | gnome-keyring-daemon --unlock --components=secrets >/dev/null`
)

// underKeyring runs a job of this test binary in a session bus of its own with
// a real GNOME Keyring, and a home folder of its own. prelude is what the shell
// does before.
func underKeyring(t *testing.T, job, prelude string) {
	t.Helper()
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: apt-get install dbus gnome-keyring bash", program)
		}
	}
	home := t.TempDir()
	runtime := filepath.Join(home, "run")
	if err := os.Mkdir(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "dbus-run-session", "--", "bash", "-c", prelude+`; exec "$0"`, os.Args[0])
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + runtime, "TMPDIR=" + home,
		jobEnv + "=" + job,
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", job, err, out)
	}
}

// req: G7
func TestKeyring_tokensAreNowhereInTheClearAndAllIsGoneAfterSignOut(t *testing.T) {
	underKeyring(t, "keyring", unlocked)
}

// jobTest lets a job use what tests are set up with: it collects failures.
type jobTest struct {
	testing.TB
	dir    string
	failed error
	ends   []func()
}

func (j *jobTest) Helper()                   {}
func (j *jobTest) Cleanup(f func())          { j.ends = append(j.ends, f) }
func (j *jobTest) TempDir() string           { return j.dir }
func (j *jobTest) Errorf(f string, a ...any) { j.failed = errors.Join(j.failed, fmt.Errorf(f, a...)) }

func (j *jobTest) Error(a ...any)            { j.failed = errors.Join(j.failed, errors.New(fmt.Sprint(a...))) }
func (j *jobTest) Fatal(a ...any)            { panic(fmt.Sprint(a...)) }
func (j *jobTest) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (j *jobTest) Context() context.Context  { return context.Background() }

func keyringJob() error {
	home := os.Getenv("HOME")
	dir, err := platform.DataDir("lanyard")
	if err != nil {
		return err
	}
	t := &jobTest{dir: dir}
	defer func() {
		for _, f := range t.ends {
			f()
		}
	}()
	d := newDesk(t)
	ctx := t.Context()
	keys := platform.Keychain(keyringApp)
	d.keys = keys
	vault, err := platform.OpenVault(platform.VaultConfig{Dir: dir, Keys: keys})
	if err != nil {
		return err
	}
	if err := platform.ProbeKeychain(ctx); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	p := d.provider(func(c *Config) { c.Cache = vault.File("msal") })
	token := d.signIn(t, p)
	if err := vault.Save(ctx, auth.Saved{SessionToken: "session-canary", Account: token.Account}); err != nil {
		return err
	}

	// A second start reads both, with nothing but the keychain.
	again := d.provider(func(c *Config) { c.Cache = d.file() })
	got, err := again.Silent(ctx, d.request(d.of(token.Account)))
	if err != nil || got.AccessToken != token.AccessToken {
		return fmt.Errorf("silent after a new start: %w", err)
	}
	secrets := []string{token.AccessToken, token.AccessToken[:60], "session-canary", d.user.UserPrincipalName, "eyJ"}
	for _, section := range []string{"RefreshToken", "IdToken"} {
		for _, raw := range d.contents(t)[section] {
			var row struct{ Secret string }
			if err := json.Unmarshal(raw, &row); err != nil || row.Secret == "" {
				return fmt.Errorf("no secret in %s: %w", section, err)
			}
			secrets = append(secrets, row.Secret)
		}
	}
	key, err := keys.Load(ctx)
	if err != nil {
		return err
	}
	found, err := grep(home, append(secrets, key.Text())...)
	if err != nil || len(found) > 0 {
		return fmt.Errorf("in the clear: %v %w", found, err)
	}
	// Where the same grep would find them, were they there.
	if err := os.WriteFile(filepath.Join(home, "planted"), []byte("x"+token.AccessToken+"x"), 0o600); err != nil {
		return err
	}
	if found, err := grep(home, secrets...); err != nil || len(found) == 0 {
		return fmt.Errorf("the search finds nothing that was planted: %w", err)
	}

	if err := p.SignOut(ctx, d.request(d.of(token.Account))); err != nil {
		return err
	}
	if _, err := keys.Load(ctx); err != nil {
		return fmt.Errorf("the key went before the session did: %w", err)
	}
	if err := vault.Clear(ctx); err != nil {
		return err
	}
	if _, err := keys.Load(ctx); !errors.Is(err, sealed.ErrNoKey) {
		return fmt.Errorf("the keychain still has the key: %w", err)
	}
	d.empty(t)
	return t.failed
}

// req: G7
func TestKeyring_aLockedOneIsAnErrorInTimeAndNotAHang(t *testing.T) {
	// There is no display on which anybody could be asked for the password.
	underKeyring(t, "locked keyring", unlocked)
}

// lockKeyring locks the collection that items are kept in, as a screen lock may.
func lockKeyring() error {
	bus, err := dbus.SessionBus()
	if err != nil {
		return err
	}
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	login := []dbus.ObjectPath{"/org/freedesktop/secrets/collection/login"}
	err = bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
		Call("org.freedesktop.Secret.Service.Lock", 0, login).Store(&locked, &prompt)
	if err == nil && len(locked) != 1 {
		err = fmt.Errorf("locked %v", locked)
	}
	return err
}

func lockedKeyringJob() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := platform.Keychain(keyringApp).Create(ctx); err != nil {
		return fmt.Errorf("before locking: %w", err)
	}
	if err := lockKeyring(); err != nil {
		return err
	}
	began := time.Now()
	_, err := platform.Keychain(keyringApp).Load(ctx)
	if code := codeOf(err); code != problem.KeychainLocked && code != problem.KeychainTimeout {
		return fmt.Errorf("reading a locked keyring: %w", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		return fmt.Errorf("it took %v", took)
	}
	if err := platform.ProbeKeychain(ctx); codeOf(err) != problem.KeychainLocked && codeOf(err) != problem.KeychainTimeout {
		return fmt.Errorf("probing a locked keyring: %w", err)
	}
	dir, err := platform.DataDir("lanyard")
	if err != nil {
		return err
	}
	t := &jobTest{dir: dir}
	d := newDesk(t)
	defer d.entra.Close()
	d.keys = platform.Keychain(keyringApp)
	_, err = d.provider().SignIn(ctx, d.request())
	if code := codeOf(err); code != problem.KeychainLocked && code != problem.KeychainTimeout {
		return fmt.Errorf("signing in with a locked keyring: %w", err)
	}
	if len(d.opened) != 0 {
		return errors.New("the browser was opened before the keyring was found locked")
	}
	return nil
}
