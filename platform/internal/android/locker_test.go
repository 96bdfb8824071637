package android

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keystore is a Wrapper like Android's, with keys in memory.
type keystore struct {
	keys map[string][]byte
	fail error // of the next calls
	void bool  // keys there are have been made void
}

func newKeystore() *keystore { return &keystore{keys: map[string][]byte{}} }

func (k *keystore) gcm(alias string) cipher.AEAD {
	block, err := aes.NewCipher(k.keys[alias])
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

func (k *keystore) Ready() error { return k.fail }

func (k *keystore) usable() error {
	if k.void {
		return &Error{"init", "android.security.keystore.KeyPermanentlyInvalidatedException"}
	}
	return k.fail
}

func (k *keystore) Wrap(alias string, plain, associated []byte) (nonce, sealed []byte, err error) {
	if err := k.usable(); err != nil {
		return nil, nil, err
	}
	if k.keys[alias] == nil {
		k.keys[alias] = make([]byte, 32)
		_, _ = rand.Read(k.keys[alias])
	}
	nonce = make([]byte, 12)
	_, _ = rand.Read(nonce)
	return nonce, k.gcm(alias).Seal(nil, nonce, plain, associated), nil
}

func (k *keystore) Unwrap(alias string, nonce, sealed, associated []byte) ([]byte, error) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	if k.keys[alias] == nil {
		return nil, &Error{Step: noKey}
	}
	if len(nonce) != 12 {
		return nil, &Error{"init", "java.security.InvalidAlgorithmParameterException"}
	}
	plain, err := k.gcm(alias).Open(nil, nonce, sealed, associated)
	if err != nil {
		return nil, &Error{"doFinal", "javax.crypto.AEADBadTagException"}
	}
	return plain, nil
}

func (k *keystore) Remove(alias string) error {
	if k.fail != nil {
		return k.fail
	}
	delete(k.keys, alias)
	k.void = false
	return nil
}

// only returns the one file of a folder.
func only(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return filepath.Join(dir, all[0].Name())
}

// req: G5
func TestLocker_itKeepsSecretsThatOnlyTheKeystoreOpens(t *testing.T) {
	ks := newKeystore()
	l := Locker{Dir: filepath.Join(t.TempDir(), "keys"), Keys: ks}
	if _, err := l.Get("lanyard", "data key"); !errors.Is(err, ErrNoItem) {
		t.Errorf("before: %v", err)
	}
	if err := l.Remove("lanyard", "data key"); !errors.Is(err, ErrNoItem) {
		t.Errorf("removing nothing: %v", err)
	}
	for _, secret := range []string{"first secret", "second secret"} {
		if err := l.Set("lanyard", "data key", secret); err != nil {
			t.Fatal(err)
		}
		got, err := l.Get("lanyard", "data key")
		if err != nil || got != secret {
			t.Errorf("got %q, %v", got, err)
		}
		path := only(t, l.Dir)
		raw, err := os.ReadFile(path)
		if err != nil || bytes.Contains(raw, []byte("secret")) {
			t.Errorf("on disk: %q, %v", raw, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	if _, err := l.Get("lanyard", "another"); !errors.Is(err, ErrNoItem) {
		t.Errorf("another item: %v", err)
	}
	if err := l.Remove("lanyard", "data key"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get("lanyard", "data key"); !errors.Is(err, ErrNoItem) || len(ks.keys) != 0 {
		t.Errorf("afterwards: %v, %d keys", err, len(ks.keys))
	}
}

// A phone that was set up from a backup has the file but not the key; one whose
// screen lock was taken away has a key that is void. Neither comes back.
func TestLocker_itRemovesWhatNothingCanOpenAnyMore(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, l Locker, ks *keystore){
		"the key is gone":   func(_ *testing.T, _ Locker, ks *keystore) { clear(ks.keys) },
		"the key is void":   func(_ *testing.T, _ Locker, ks *keystore) { ks.void = true },
		"it is another key": func(_ *testing.T, l Locker, ks *keystore) { ks.keys[l.place("s", "u").alias] = make([]byte, 32) },
		"the file is cut": func(t *testing.T, l Locker, _ *keystore) {
			rewrite(t, l, func(b []byte) []byte { return b[:len(b)/2] })
		},
		"the file is empty": func(t *testing.T, l Locker, _ *keystore) { rewrite(t, l, func([]byte) []byte { return nil }) },
		"the file is too big": func(t *testing.T, l Locker, _ *keystore) {
			rewrite(t, l, func([]byte) []byte { return make([]byte, maxItem+1) })
		},
		"the version is not known": func(t *testing.T, l Locker, _ *keystore) {
			rewrite(t, l, func(b []byte) []byte { return bytes.Replace(b, []byte(`"version":1`), []byte(`"version":2`), 1) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			ks := newKeystore()
			l := Locker{Dir: t.TempDir(), Keys: ks}
			if err := l.Set("s", "u", "secret"); err != nil {
				t.Fatal(err)
			}
			spoil(t, l, ks)
			if _, err := l.Get("s", "u"); !errors.Is(err, ErrNoItem) {
				t.Fatalf("got %v", err)
			}
			if left, _ := os.ReadDir(l.Dir); len(left) != 0 || len(ks.keys) != 0 {
				t.Errorf("%d files and %d keys are left", len(left), len(ks.keys))
			}
			if err := l.Set("s", "u", "new"); err != nil {
				t.Fatal(err)
			}
			if got, err := l.Get("s", "u"); got != "new" || err != nil {
				t.Errorf("afterwards %q, %v", got, err)
			}
		})
	}
}

func rewrite(t *testing.T, l Locker, change func([]byte) []byte) {
	t.Helper()
	path := only(t, l.Dir)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(raw), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A keystore that does not answer today may tomorrow: nothing may be thrown away
// for it.
func TestLocker_itKeepsWhatMayBeOpenedLater(t *testing.T) {
	ks := newKeystore()
	l := Locker{Dir: t.TempDir(), Keys: ks}
	if err := l.Set("s", "u", "secret"); err != nil {
		t.Fatal(err)
	}
	ks.fail = &Error{"getKey", "java.security.ProviderException"}
	if _, err := l.Get("s", "u"); !errors.Is(err, ks.fail) || errors.Is(err, ErrNoItem) {
		t.Errorf("reading: %v", err)
	}
	if err := l.Set("s", "u", "other"); !errors.Is(err, ks.fail) {
		t.Errorf("writing: %v", err)
	}
	ks.fail = nil
	if got, err := l.Get("s", "u"); got != "secret" || err != nil {
		t.Errorf("afterwards %q, %v", got, err)
	}
	// Nor for a file that cannot be read.
	path := only(t, l.Dir)
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	var onDisk *fs.PathError
	if _, err := l.Get("s", "u"); !errors.As(err, &onDisk) {
		t.Errorf("a folder in its place: %v", err)
	}
}

// Whether there is a keystore is asked before anybody signs in.
func TestLocker_itSaysAtOnceThatNothingCanBeKept(t *testing.T) {
	ks := newKeystore()
	ks.fail = &Error{"getInstance", "java.security.NoSuchAlgorithmException"}
	if _, err := (Locker{Dir: t.TempDir(), Keys: ks}).Get("s", "u"); !errors.Is(err, ks.fail) {
		t.Errorf("got %v", err)
	}
}

func TestLocker_itReplacesAKeyThatIsVoid(t *testing.T) {
	ks := newKeystore()
	l := Locker{Dir: t.TempDir(), Keys: ks}
	if err := l.Set("s", "u", "old"); err != nil {
		t.Fatal(err)
	}
	ks.void = true
	if err := l.Set("s", "u", "new"); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Get("s", "u"); got != "new" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A file put in another's place, with its key, is not opened as the other.
func TestLocker_itBindsASecretToItsName(t *testing.T) {
	ks := newKeystore()
	l := Locker{Dir: t.TempDir(), Keys: ks}
	if err := l.Set("s", "u", "secret"); err != nil {
		t.Fatal(err)
	}
	from, to := l.place("s", "u"), l.place("s", "v")
	if err := os.Rename(from.path, to.path); err != nil {
		t.Fatal(err)
	}
	ks.keys[to.alias] = ks.keys[from.alias]
	if got, err := l.Get("s", "v"); !errors.Is(err, ErrNoItem) {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzParseItem: a file is either one that Set could have written or none.
func FuzzParseItem(f *testing.F) {
	for _, seed := range []string{
		`{"version":1,"nonce":"AAAAAAAAAAAAAAAA","sealed":"AAAA"}`, `{"version":1,"nonce":"","sealed":"AAAA"}`,
		`{"version":2,"nonce":"AAAA","sealed":"AAAA"}`, `{"version":1,"nonce":"!","sealed":"AAAA"}`, `{"version":1,"nonce":"AAAA","sealed":"AAAA!"}`, `{}`, `null`, ``, `{"version":1`,
		strings.Repeat("[", 10000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		nonce, text, ok := parseItem(raw)
		if ok != (len(nonce) > 0 && len(text) > 0) {
			t.Errorf("%q: %v with %d and %d bytes", raw, ok, len(nonce), len(text))
		}
	})
}
