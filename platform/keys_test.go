package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

func findProcess(pid string) (*os.Process, error) {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return nil, err
	}
	return os.FindProcess(n)
}

func wantCode(t *testing.T, err error, want problem.Code) {
	t.Helper()
	if got, _ := problem.Of(err); got != want {
		t.Errorf("got code %q (%v), want %q", got, err, want)
	}
}

// fakeKeychain stands for the keychains of systems the test does not run on.
type fakeKeychain struct {
	mu    sync.Mutex
	items map[string]string
	// hold blocks every call until it is closed.
	hold chan struct{}
	// loses accepts what it is given and keeps nothing, as macOS does at
	// exactly 4096 bytes.
	loses bool
	none  error
	calls int
}

func (f *fakeKeychain) available() error { return f.none }

func (f *fakeKeychain) enter() func() {
	f.mu.Lock()
	f.calls++
	f.mu.Unlock()
	if f.hold != nil {
		<-f.hold
	}
	f.mu.Lock()
	return f.mu.Unlock
}

func (f *fakeKeychain) get(service, user string) (string, error) {
	defer f.enter()()
	s, ok := f.items[service+"/"+user]
	if !ok {
		return "", errNoItem
	}
	return s, nil
}

func (f *fakeKeychain) set(service, user, secret string) error {
	defer f.enter()()
	if !f.loses {
		f.items[service+"/"+user] = secret
	}
	return nil
}

func (f *fakeKeychain) remove(service, user string) error {
	defer f.enter()()
	if _, ok := f.items[service+"/"+user]; !ok {
		return errNoItem
	}
	delete(f.items, service+"/"+user)
	return nil
}

func newFake() *fakeKeychain { return &fakeKeychain{items: map[string]string{}} }

func keychainOn(f *fakeKeychain, limit time.Duration) *keychain {
	return &keychain{app: "test", store: f, limit: limit, busy: make(chan struct{}, 1)}
}

// req: G7
func TestKeychain_itKeepsOneSmallItemAndDeletesIt(t *testing.T) {
	f := newFake()
	k := keychainOn(f, time.Second)
	if _, err := k.Load(t.Context()); !errors.Is(err, sealed.ErrNoKey) {
		t.Fatalf("an empty keychain: %v", err)
	}
	made, err := k.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := k.Load(t.Context()); err != nil || kept != made {
		t.Errorf("it gives back another key, %v", err)
	}
	for name, secret := range f.items {
		if len(secret) > 64 { // Windows takes 2560 bytes
			t.Errorf("%s has %d bytes", name, len(secret))
		}
	}
	for range 2 {
		if err := k.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(f.items) != 0 {
		t.Errorf("left: %v", len(f.items))
	}
}

func TestKeychain_itTakesRubbishForNoKey(t *testing.T) {
	f := newFake()
	f.items["test/"+keychainUser] = "rubbish-canary"
	_, err := keychainOn(f, time.Second).Load(t.Context())
	if !errors.Is(err, sealed.ErrNoKey) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

func TestKeychain_itNoticesOneThatKeepsNothing(t *testing.T) {
	f := newFake()
	f.loses = true
	_, err := keychainOn(f, time.Second).Create(t.Context())
	wantCode(t, err, problem.NoKeychain)
}

func TestKeychain_itDoesNotAskWhereThereIsNone(t *testing.T) {
	f := newFake()
	f.none = problem.New(problem.NoKeychain)
	_, err := keychainOn(f, time.Second).Load(t.Context())
	wantCode(t, err, problem.NoKeychain)
	if f.calls != 0 {
		t.Error("it asked")
	}
}

// req: G7
func TestKeychain_itGivesUpOnOneThatHangsAndDoesNotPileUpCalls(t *testing.T) {
	f := newFake()
	f.hold = make(chan struct{})
	k := keychainOn(f, 20*time.Millisecond)
	for range 3 {
		_, err := k.Load(t.Context())
		wantCode(t, err, problem.KeychainTimeout)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Load(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	f.mu.Lock()
	calls := f.calls
	f.mu.Unlock()
	if calls != 1 {
		t.Errorf("%d calls hang, want 1", calls)
	}
	close(f.hold) // someone unlocked it
	k.limit = 10 * time.Second
	if _, err := k.Load(t.Context()); !errors.Is(err, sealed.ErrNoKey) {
		t.Errorf("afterwards: %v", err)
	}
}

// req: G7
func TestKeyFile_itMakesAPrivateFileAndDeletesOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k := KeyFile(path)
	if _, err := k.Load(t.Context()); !errors.Is(err, sealed.ErrNoKey) {
		t.Fatalf("no file: %v", err)
	}
	made, err := k.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if second, err := k.Create(t.Context()); err != nil || second != made {
		t.Errorf("a second maker gets another key, %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".new*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := k.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("our own file is still there: %v", err)
	}

	admins := made.Text() + "\n"
	if err := os.WriteFile(path, []byte(admins), 0o400); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Load(t.Context()); err != nil || got != made {
		t.Errorf("an administrator's file: %v", err)
	}
	if err := k.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != admins {
		t.Errorf("the administrator's file is gone or changed: %v", err)
	}
}

// req: G7
func TestKeyFile_itRefusesAFileThatIsNoSecret(t *testing.T) {
	good := sealed.NewKey().Text()
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    problem.Code
	}{
		"read by the group": {good, 0o640, problem.KeyFileOpenToAll},
		"read by all":       {good, 0o604, problem.KeyFileOpenToAll},
		"empty":             {"", 0o600, problem.KeyFileInvalid},
		"a password":        {"hunter2-canary", 0o600, problem.KeyFileInvalid},
		"too long":          {good + good, 0o600, problem.KeyFileInvalid},
	} {
		t.Run("it refuses one that is "+name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := KeyFile(path).Load(t.Context())
			wantCode(t, err, c.want)
			if strings.Contains(fmt.Sprintf("%+v %s", err, problem.DetailOf(err)), "canary") {
				t.Errorf("the error repeats the file: %v", err)
			}
			v, err := OpenVault(VaultConfig{Dir: filepath.Join(t.TempDir(), "data"), Keys: KeyFile(path)})
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, v.Save(t.Context(), auth.Saved{SessionToken: "s"}), c.want)
		})
	}
	_, err := KeyFile(t.TempDir()).Load(t.Context())
	wantCode(t, err, problem.KeyFileInvalid)
	_, err = KeyFile(filepath.Join(t.TempDir(), "no", "such", "folder", "key")).Create(t.Context())
	wantCode(t, err, problem.DiskWrite)
}

func saved() auth.Saved {
	return auth.Saved{
		Server: "https://sso.example.com", LastWorkspace: "acme", Workspace: api.Workspace{ID: "acme"},
		SessionToken: "session-canary", Account: "oid.tid", Person: api.Person{DisplayName: "Ada"},
		SeenAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// req: G7
func TestVault_itKeepsAndClears(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	f := newFake()
	open := func() *Vault {
		v, err := OpenVault(VaultConfig{Dir: dir, Keys: keychainOn(f, time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := open()
	if _, err := v.Load(t.Context()); !errors.Is(err, auth.ErrNothingSaved) {
		t.Fatalf("a new vault: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("reading made the folder")
	}
	if err := v.Save(t.Context(), saved()); err != nil {
		t.Fatal(err)
	}
	if got, err := open().Load(t.Context()); err != nil || got != saved() {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := v.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(f.items) != 0 {
		t.Error("the key is still in the keychain")
	}
	if _, err := open().Load(t.Context()); !errors.Is(err, auth.ErrNothingSaved) {
		t.Errorf("after Clear: %v", err)
	}
}

func TestVault_itSavesOverWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	v, _ := OpenVault(VaultConfig{Dir: dir, Keys: KeyFile(filepath.Join(dir, "key"))})
	if err := os.WriteFile(filepath.Join(dir, "session.sealed"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.Save(t.Context(), saved()); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Load(t.Context()); err != nil || got != saved() {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "session.sealed"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := v.Load(t.Context())
	wantCode(t, err, problem.CacheUnreadable)
	if _, err = v.Load(t.Context()); !errors.Is(err, auth.ErrNothingSaved) {
		t.Errorf("then: %v", err)
	}
}

// req: G7
func TestVault_memoryOnlyTouchesNoDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	v, err := OpenVault(VaultConfig{Dir: dir, Keys: MemoryKey()})
	if err != nil || !v.InMemory() {
		t.Fatal(err)
	}
	if err := v.Save(t.Context(), saved()); err != nil {
		t.Fatal(err)
	}
	put := func([]byte) ([]byte, error) { return []byte("cache-canary"), nil }
	if err := v.File("msal").Update(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Load(t.Context()); err != nil || got != saved() {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is on disk: %v", err)
	}
}

func TestOpenVault_itWantsAPlaceAndAKey(t *testing.T) {
	if _, err := OpenVault(VaultConfig{Dir: "x"}); err == nil {
		t.Error("no KeyStore")
	}
	if _, err := OpenVault(VaultConfig{Keys: KeyFile("x")}); err == nil {
		t.Error("no folder")
	}
}

func TestDeviceName_itIsOneAPersonKnows(t *testing.T) {
	for _, c := range []struct{ host, system, want string }{
		{"ada-laptop", "linux", "ada-laptop (Linux)"},
		{"Adas-MacBook.local", "darwin", "Adas-MacBook (macOS)"},
		{"localhost", "android", "Android device"},
		{"", "ios", "iOS device"},
		{"Pixel 9", "android", "Pixel 9 (Android)"},
		{"iPhone", "ios", "iPhone (iOS)"},
		{"a\x00b\n", "plan9", "ab (plan9)"},
		{strings.Repeat("x", 300), "windows", strings.Repeat("x", 48) + " (Windows)"},
	} {
		if got := deviceName(c.host, c.system); got != c.want {
			t.Errorf("%q on %s: %q, want %q", c.host, c.system, got, c.want)
		}
	}
	if DeviceName() == "" {
		t.Error("no name")
	}
}

func TestDataDir_itFollowsTheSystem(t *testing.T) {
	for _, bad := range []string{"", ".", "..", "a/b", ".hidden"} {
		if _, err := DataDir(bad); err == nil {
			t.Errorf("%q is taken for a name", bad)
		}
	}
	got, err := DataDir("lanyard")
	if err != nil || filepath.Base(got) != "lanyard" || !filepath.IsAbs(got) {
		t.Errorf("got %q, %v", got, err)
	}
}
