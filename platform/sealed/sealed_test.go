package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

const canary = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.canary"

// countingKeys counts how often the keychain is asked, and can fail.
type countingKeys struct {
	sealed.KeyStore
	mu                      sync.Mutex
	loads, creates, deletes int
	fail                    error
}

func (c *countingKeys) Load(ctx context.Context) (sealed.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loads++
	if c.fail != nil {
		return sealed.Key{}, c.fail
	}
	return c.KeyStore.Load(ctx)
}

func (c *countingKeys) Create(ctx context.Context) (sealed.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.creates++
	return c.KeyStore.Create(ctx)
}

func (c *countingKeys) Delete(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deletes++
	return c.KeyStore.Delete(ctx)
}

func newKeys() *countingKeys { return &countingKeys{KeyStore: platform.MemoryKey()} }

func put(t *testing.T, f *sealed.File, text string) {
	t.Helper()
	if err := f.Update(t.Context(), func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func get(t *testing.T, f *sealed.File) string {
	t.Helper()
	raw, err := f.Load(t.Context())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return string(raw)
}

func wantCode(t *testing.T, err error, want problem.Code) {
	t.Helper()
	if got, _ := problem.Of(err); got != want {
		t.Fatalf("got code %q (%v), want %q", got, err, want)
	}
}

func corrupt(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.corrupt-*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// req: G7
func TestFile_itGivesBackWhatWasKeptAndShowsNothingOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	keys := newKeys()
	f := sealed.Open(dir, "cache", keys)
	if got := get(t, f); got != "" {
		t.Fatalf("a new file holds %q", got)
	}
	put(t, f, canary)
	if got := get(t, sealed.Open(dir, "cache", keys)); got != canary {
		t.Fatalf("another File reads %q", got)
	}
	info, err := os.Stat(filepath.Join(dir, "cache.sealed"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("folder mode %v, want 0700", info.Mode())
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte("canary")) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFile_itAsksForTheKeyOnceAndDecryptsOnlyWhatChanged(t *testing.T) {
	dir, keys := t.TempDir(), newKeys()
	put(t, sealed.Open(dir, "cache", keys), "one")
	f := sealed.Open(dir, "cache", keys)
	before := keys.loads
	for range 5 {
		if got := get(t, f); got != "one" {
			t.Fatalf("got %q", got)
		}
	}
	if asked := keys.loads - before; asked != 1 {
		t.Errorf("the key was asked for %d times, want 1", asked)
	}
	put(t, sealed.Open(dir, "cache", keys), "two")
	if got := get(t, f); got != "two" {
		t.Errorf("after another process wrote: got %q", got)
	}
	raw, _ := f.Load(t.Context())
	raw[0] = 'X'
	if got := get(t, f); got != "two" {
		t.Errorf("a caller's change of the slice shows: %q", got)
	}
}

func TestFile_itWritesNothingWhenNothingChanged(t *testing.T) {
	dir := t.TempDir()
	f := sealed.Open(dir, "cache", newKeys())
	put(t, f, "same")
	before, _ := os.ReadFile(filepath.Join(dir, "cache.sealed"))
	put(t, f, "same")
	after, _ := os.ReadFile(filepath.Join(dir, "cache.sealed"))
	if !bytes.Equal(before, after) {
		t.Error("the file was written again")
	}
}

func TestFile_itSetsAsideWhatItCannotRead(t *testing.T) {
	damage := map[string]func(t *testing.T, path string, keys *countingKeys){
		"not a sealed file": func(t *testing.T, path string, _ *countingKeys) { write(t, path, []byte(`{"AccessToken":{}}`)) },
		"an empty file":     func(t *testing.T, path string, _ *countingKeys) { write(t, path, nil) },
		"cut short":         func(t *testing.T, path string, _ *countingKeys) { write(t, path, read(t, path)[:20]) },
		"the tag cut off": func(t *testing.T, path string, _ *countingKeys) {
			raw := read(t, path)
			write(t, path, raw[:len(raw)-1])
		},
		"another version": func(t *testing.T, path string, _ *countingKeys) { raw := read(t, path); raw[8]++; write(t, path, raw) },
		"another key id":  func(t *testing.T, path string, _ *countingKeys) { raw := read(t, path); raw[9]++; write(t, path, raw) },
		"another nonce":   func(t *testing.T, path string, _ *countingKeys) { raw := read(t, path); raw[20]++; write(t, path, raw) },
		"a changed byte":  func(t *testing.T, path string, _ *countingKeys) { raw := read(t, path); raw[32]++; write(t, path, raw) },
		"too large":       func(t *testing.T, path string, _ *countingKeys) { _ = os.Truncate(path, 64<<20) },
		"the key gone":    func(t *testing.T, _ string, keys *countingKeys) { _ = keys.KeyStore.Delete(context.Background()) },
		"another key":     func(t *testing.T, _ string, keys *countingKeys) { _, _ = keys.KeyStore.Create(context.Background()) },
	}
	for name, spoil := range damage {
		t.Run("it survives "+name, func(t *testing.T) {
			dir, keys := t.TempDir(), newKeys()
			put(t, sealed.Open(dir, "cache", keys), canary)
			spoil(t, filepath.Join(dir, "cache.sealed"), keys)

			f := sealed.Open(dir, "cache", keys)
			_, err := f.Load(t.Context())
			wantCode(t, err, problem.CacheUnreadable)
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error holds the contents: %v", err)
			}
			if n := len(corrupt(t, dir)); n != 1 {
				t.Errorf("%d files set aside, want 1", n)
			}
			if got := get(t, f); got != "" {
				t.Errorf("then it holds %q", got)
			}
			put(t, f, "new")
			if got := get(t, sealed.Open(dir, "cache", keys)); got != "new" {
				t.Errorf("a new start reads %q", got)
			}
		})
	}
}

func TestFile_itDoesNotTakeOneFileForAnother(t *testing.T) {
	dir, keys := t.TempDir(), newKeys()
	put(t, sealed.Open(dir, "session", keys), canary)
	put(t, sealed.Open(dir, "msal", keys), "tokens")
	write(t, filepath.Join(dir, "msal.sealed"), read(t, filepath.Join(dir, "session.sealed")))
	_, err := sealed.Open(dir, "msal", keys).Load(t.Context())
	wantCode(t, err, problem.CacheUnreadable)
	// The folder may move: only the file's own name counts.
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if got := get(t, sealed.Open(moved, "session", keys)); got != canary {
		t.Errorf("after a move it holds %q", got)
	}
}

// A key file that the person made stays, so what was set aside under it, or
// left by a crash, would still open.
func TestDelete_itTakesWhatWasSetAsideWithTheLastFile(t *testing.T) {
	dir, keys := t.TempDir(), newKeys()
	a, b := sealed.Open(dir, "a", keys), sealed.Open(dir, "b", keys)
	put(t, a, canary)
	if err := a.SetAside(t.Context(), errors.New("no meaning")); err == nil {
		t.Fatal("nothing was set aside")
	}
	write(t, filepath.Join(dir, ".new-123"), []byte("left by a crash"))
	if err := a.Delete(t.Context()); err != nil || len(corrupt(t, dir)) != 1 {
		t.Fatalf("deleting nothing took it: %v", err)
	}
	put(t, a, "one")
	put(t, b, "two")
	if err := a.Delete(t.Context()); err != nil || len(corrupt(t, dir)) != 1 {
		t.Fatalf("it went before the last file: %v", err)
	}
	if err := b.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if e.Name() != "sealed.lock" {
			t.Errorf("left: %s", e.Name())
		}
	}
}

func TestUpdate_itSetsAsideBeforeItCallsAnything(t *testing.T) {
	dir, keys := t.TempDir(), newKeys()
	put(t, sealed.Open(dir, "cache", keys), canary)
	write(t, filepath.Join(dir, "cache.sealed"), []byte("rubbish"))
	called := 0
	change := func(old []byte) ([]byte, error) { called++; return append(old, "new"...), nil }
	f := sealed.Open(dir, "cache", keys)
	wantCode(t, f.Update(t.Context(), change), problem.CacheUnreadable)
	if called != 0 {
		t.Fatal("change was called with contents that were never read")
	}
	if err := f.Update(t.Context(), change); err != nil || get(t, f) != "new" {
		t.Fatalf("the second call: %v, %q", err, get(t, f))
	}
}

func TestFile_itKeepsThreeOfWhatWasSetAside(t *testing.T) {
	dir := t.TempDir()
	f := sealed.Open(dir, "cache", newKeys())
	for range 5 {
		write(t, filepath.Join(dir, "cache.sealed"), []byte("rubbish"))
		_, err := f.Load(t.Context())
		wantCode(t, err, problem.CacheUnreadable)
	}
	if n := len(corrupt(t, dir)); n != 3 {
		t.Errorf("%d files set aside, want 3", n)
	}
}

func TestFile_itLeavesTheFileAloneWhenTheKeychainFails(t *testing.T) {
	dir, keys := t.TempDir(), newKeys()
	put(t, sealed.Open(dir, "cache", keys), canary)
	keys.fail = problem.New(problem.KeychainLocked)
	f := sealed.Open(dir, "cache", keys)
	_, err := f.Load(t.Context())
	wantCode(t, err, problem.KeychainLocked)
	wantCode(t, f.Update(t.Context(), func([]byte) ([]byte, error) { return []byte("lost"), nil }), problem.KeychainLocked)
	keys.fail = nil
	if got := get(t, f); got != canary || len(corrupt(t, dir)) != 0 {
		t.Errorf("after unlocking: %q, set aside %v", got, corrupt(t, dir))
	}
}

func TestUpdate_itChangesNothingWhenChangeFails(t *testing.T) {
	f := sealed.Open(t.TempDir(), "cache", newKeys())
	put(t, f, "kept")
	no := errors.New("no")
	if err := f.Update(t.Context(), func([]byte) ([]byte, error) { return []byte("x"), no }); !errors.Is(err, no) {
		t.Fatalf("got %v", err)
	}
	if got := get(t, f); got != "kept" {
		t.Errorf("got %q", got)
	}
}

// req: G7
func TestDelete_itTakesTheKeyWithTheLastFile(t *testing.T) {
	dir, keys := t.TempDir(), newKeys()
	a, b := sealed.Open(dir, "a", keys), sealed.Open(dir, "b", keys)
	put(t, a, "one")
	put(t, b, "two")
	if err := a.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b); got != "two" {
		t.Fatalf("the other file: %q", got)
	}
	if _, err := keys.Load(t.Context()); err != nil {
		t.Fatalf("the key went with the first file: %v", err)
	}
	// An Update to nothing is a Delete.
	if err := b.Update(t.Context(), func([]byte) ([]byte, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Load(t.Context()); !errors.Is(err, sealed.ErrNoKey) {
		t.Errorf("the key outlived the last file: %v", err)
	}
	if err := b.Delete(t.Context()); err != nil {
		t.Errorf("deleting what is not there: %v", err)
	}
	// Files that remember the old key must not write under it.
	put(t, a, "again")
	if got := get(t, sealed.Open(dir, "a", keys)); got != "again" {
		t.Errorf("got %q", got)
	}
	put(t, b, "and this")
	if got := get(t, sealed.Open(dir, "b", keys)); got != "and this" {
		t.Errorf("got %q", got)
	}
}

func TestPrepare_itMakesAKeyAndFindsAFolderItCannotWrite(t *testing.T) {
	keys := newKeys()
	f := sealed.Open(t.TempDir(), "cache", keys)
	if err := f.Prepare(t.Context()); err != nil || keys.creates != 1 {
		t.Fatalf("Prepare: %v, keys made: %d", err, keys.creates)
	}
	if err := f.Delete(t.Context()); err != nil || keys.deletes != 1 {
		t.Fatalf("Delete: %v, keys deleted: %d", err, keys.deletes)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	wantCode(t, sealed.Open(file, "cache", keys).Prepare(t.Context()), problem.DiskWrite)
}

func TestFile_itStopsWaitingForTheLockWithItsContext(t *testing.T) {
	dir := t.TempDir()
	f := sealed.Open(dir, "cache", newKeys())
	put(t, f, "one")
	held := flock.New(filepath.Join(dir, "sealed.lock"))
	if err := held.Lock(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := f.Update(ctx, func([]byte) ([]byte, error) { return []byte("two"), nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if got := get(t, f); got != "one" {
		t.Errorf("reading needs the lock: %q", got)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	put(t, f, "two")
}

func TestInMemory_itKeepsAndForgets(t *testing.T) {
	f := sealed.InMemory()
	put(t, f, "one")
	if got := get(t, f); got != "one" {
		t.Fatalf("got %q", got)
	}
	if err := f.Delete(t.Context()); err != nil || get(t, f) != "" {
		t.Fatalf("after Delete: %v, %q", err, get(t, f))
	}
}

func TestKey_itHidesItself(t *testing.T) {
	k := sealed.NewKey()
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), k.LogValue().String()} {
		if s != "Key(hidden)" {
			t.Errorf("a key prints as %q", s)
		}
	}
	for _, bad := range []string{"", "short", k.Text() + "AAAA", strings.Repeat("!", 44)} {
		if _, err := sealed.ParseKey(bad); err == nil {
			t.Errorf("ParseKey(%q) has no error", bad)
		}
	}
	if again, err := sealed.ParseKey(" " + k.Text() + "\n"); err != nil || again != k {
		t.Errorf("ParseKey(Text()) is another key, %v", err)
	}
}

// The test binary runs itself as other processes that add one line each, many
// times, to the same file, all of them beginning where there is no key yet.
const childEnv = "LANYARD_SEALED_TEST_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		if err := child(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(spec string) error {
	dir, name, _ := strings.Cut(spec, "|")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	f := sealed.Open(dir, "log", platform.KeyFile(filepath.Join(dir, "key")))
	for i := range 10 {
		err := f.Update(ctx, func(old []byte) ([]byte, error) {
			return append(old, fmt.Sprintf("%s-%d\n", name, i)...), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestFile_severalProcessesMakeOneKeyAndLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var children []*exec.Cmd
	for i := range 4 {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), fmt.Sprintf("%s=%s|p%d", childEnv, dir, i))
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, c)
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Errorf("a process failed: %v", err)
		}
	}
	got := get(t, sealed.Open(dir, "log", platform.KeyFile(filepath.Join(dir, "key"))))
	if n := strings.Count(got, "\n"); n != 40 {
		t.Errorf("%d lines of 40:\n%s", n, got)
	}
	if c := corrupt(t, dir); len(c) != 0 {
		t.Errorf("set aside: %v", c)
	}
}

func TestFile_goroutinesMayShareIt(t *testing.T) {
	f := sealed.Open(t.TempDir(), "log", newKeys())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				err := f.Update(t.Context(), func(old []byte) ([]byte, error) { return append(old, 'x'), nil })
				if err != nil {
					t.Error(err)
				}
				if _, err := f.Load(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(get(t, f)); n != 40 {
		t.Errorf("%d changes of 40", n)
	}
}

// FuzzLoad: whatever the file holds, Load answers, and what is not ours is set
// aside and never mistaken for contents.
func FuzzLoad(f *testing.F) {
	dir := f.TempDir()
	keys := newKeys()
	sound := sealed.Open(filepath.Join(dir, "sound"), "fuzzed", keys)
	if err := sound.Update(f.Context(), func([]byte) ([]byte, error) { return []byte("sound"), nil }); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "sound", "fuzzed.sealed"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:29])
	f.Add(good[:len(good)-1])
	f.Add(append(bytes.Clone(good), 0))
	f.Add([]byte("LANYARD\x00\x01"))
	f.Add([]byte("{}"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		// Not a new folder each time: thousands are made.
		path := filepath.Join(dir, "fuzzed.sealed")
		write(t, path, raw)
		plain, err := sealed.Open(dir, "fuzzed", keys).Load(t.Context())
		if err == nil && (string(plain) != "sound" || !bytes.Equal(raw, good)) {
			t.Fatalf("%x is taken for %q", raw, plain)
		}
		if err != nil {
			wantCode(t, err, problem.CacheUnreadable)
		}
	})
}

func BenchmarkLoadUnchanged(b *testing.B) {
	f := sealed.Open(b.TempDir(), "cache", newKeys())
	_ = f.Update(b.Context(), func([]byte) ([]byte, error) { return make([]byte, 80<<10), nil })
	for b.Loop() {
		if _, err := f.Load(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func write(t testing.TB, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestExclusive_oneAtATimeAmongFilesOfOneName(t *testing.T) {
	dir := t.TempDir()
	inside, most := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		f := sealed.Open(dir, "session", newKeys())
		wg.Go(func() {
			for range 20 {
				err := f.Exclusive(t.Context(), func() {
					mu.Lock()
					inside++
					most = max(most, inside)
					mu.Unlock()
					runtime.Gosched()
					mu.Lock()
					inside--
					mu.Unlock()
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d were alone at once", most)
	}
	f := sealed.Open(dir, "session", newKeys())
	if err := f.Exclusive(t.Context(), func() {
		waiting, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := sealed.Open(dir, "session", newKeys()).Exclusive(waiting, func() { t.Error("two are alone") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	}); err != nil {
		t.Error(err)
	}
}
