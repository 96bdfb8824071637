package platform

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

func somePending(state string) auth.Pending {
	return auth.Pending{
		State: state, RedirectURI: "msauth://example.lanyard/canary-redirect", Server: "https://sso.example.com",
		Workspace: api.Workspace{ID: "acme", Name: "Acme"}, Method: auth.Microsoft, Input: "acme", LastWorkspace: "acme",
		Verifier: "canary-verifier", Begun: []byte(`{"nonce":"canary-nonce"}`),
		BegunAt: time.Unix(1_700_000_000, 0).UTC(), ExpiresAt: time.Unix(1_700_000_300, 0).UTC(),
	}
}

func diskVault(t *testing.T, dir string) *Vault {
	t.Helper()
	v, err := OpenVault(VaultConfig{Dir: filepath.Join(dir, "data"), Keys: KeyFile(filepath.Join(dir, "key"))})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// req: G5
// req: G7
func TestPending_itIsThereForTheNextProcessAndUsedOnce(t *testing.T) {
	dir := t.TempDir()
	p := diskVault(t, dir).Pending()
	if _, err := p.Load(t.Context()); !errors.Is(err, auth.ErrNothingSaved) {
		t.Fatalf("a new vault: %v", err)
	}
	want := somePending("canary-state")
	for _, state := range []string{"earlier", "canary-state"} { // the second takes the place of the first
		if err := p.Save(t.Context(), somePending(state)); err != nil {
			t.Fatal(err)
		}
	}
	next := diskVault(t, dir).Pending()
	got, err := next.Load(t.Context())
	if err != nil || got.State != want.State || got.Verifier != want.Verifier || !bytes.Equal(got.Begun, want.Begun) || got.ExpiresAt != want.ExpiresAt || got.Workspace.ID != "acme" {
		t.Fatalf("loaded %#v, %v", got, err)
	}
	for _, state := range []string{"earlier", "", "canary-stat", "canary-state2"} {
		if err := next.Take(t.Context(), state); !errors.Is(err, auth.ErrNothingSaved) {
			t.Errorf("taken with the state %q: %v", state, err)
		}
	}
	if err := next.Take(t.Context(), "canary-state"); err != nil {
		t.Fatal(err)
	}
	for _, again := range []*Pending{p, next} {
		if err := again.Take(t.Context(), "canary-state"); !errors.Is(err, auth.ErrNothingSaved) {
			t.Errorf("taken twice: %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "key")); err != nil {
		t.Error("the key went before the session could be sealed with it")
	}
	if err := next.Delete(t.Context(), "canary-state"); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, dir)
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "data", "*.sealed*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "key")); err == nil {
		t.Error("the key is left")
	}
}

func TestPending_whatTakeLeavesIsGoneWithTheNextStart(t *testing.T) {
	dir := t.TempDir()
	p := diskVault(t, dir).Pending()
	if err := errors.Join(p.Save(t.Context(), somePending("s")), p.Take(t.Context(), "s")); err != nil {
		t.Fatal(err)
	}
	if _, err := diskVault(t, dir).Pending().Load(t.Context()); !errors.Is(err, auth.ErrNothingSaved) {
		t.Errorf("loaded: %v", err)
	}
	nothingLeft(t, dir)
}

func TestPending_deleteLeavesALaterSignInAlone(t *testing.T) {
	dir := t.TempDir()
	p := diskVault(t, dir).Pending()
	if err := p.Save(t.Context(), somePending("later")); err != nil {
		t.Fatal(err)
	}
	if err := p.Delete(t.Context(), "earlier"); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Load(t.Context()); err != nil || got.State != "later" {
		t.Fatalf("the later one is gone: %v", err)
	}
	for range 2 {
		if err := p.Delete(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	nothingLeft(t, dir)
}

// req: G6
func TestPending_ofManyTakersOneSucceeds(t *testing.T) {
	dir := t.TempDir()
	if err := diskVault(t, dir).Pending().Save(t.Context(), somePending("s")); err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		p := diskVault(t, dir).Pending()
		wg.Go(func() { errs[i] = p.Take(t.Context(), "s") })
	}
	wg.Wait()
	taken := 0
	for _, err := range errs {
		switch {
		case err == nil:
			taken++
		case !errors.Is(err, auth.ErrNothingSaved):
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("taken %d times", taken)
	}
}

// req: G7
func TestPending_nothingOfItIsOnTheDiskInTheClear(t *testing.T) {
	dir := t.TempDir()
	if err := diskVault(t, dir).Pending().Save(t.Context(), somePending("canary-state")); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		for _, secret := range [][]byte{[]byte("canary"), []byte(base64.StdEncoding.EncodeToString([]byte("canary-state")))[:8], []byte("acme")} {
			if bytes.Contains(raw, secret) {
				t.Errorf("%s has %q in the clear", filepath.Base(path), secret)
			}
		}
		if info, statErr := e.Info(); statErr != nil || openToOthers(info) {
			t.Errorf("%s is open to others: %v", filepath.Base(path), statErr)
		}
		return err
	})
	if err != nil || files < 2 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func TestPending_whatCannotBeReadIsSetAsideOrGone(t *testing.T) {
	dir := t.TempDir()
	p := diskVault(t, dir).Pending()
	if err := p.Save(t.Context(), somePending("s")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "data", "pending.sealed")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = diskVault(t, dir).Pending().Load(t.Context())
	wantCode(t, err, problem.CacheUnreadable)

	v := diskVault(t, dir) // of another version of the app
	if err := overwrite(t.Context(), v.Pending().file, []byte(`["what is this"]`)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Pending().Load(t.Context()); !errors.Is(err, auth.ErrNothingSaved) {
		t.Errorf("loaded: %v", err)
	}
	nothingLeft(t, dir)
}

func TestPending_inMemoryItEndsWithTheVault(t *testing.T) {
	v, err := OpenVault(VaultConfig{Keys: MemoryKey()})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Pending().Save(t.Context(), somePending("s")); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Pending().Load(t.Context()); err != nil || got.State != "s" {
		t.Errorf("loaded %v, %v", got, err)
	}
	if err := v.Pending().Take(t.Context(), "s"); err != nil {
		t.Error(err)
	}
}

// Whatever a file holds, reading it neither fails in an unknown way nor finds a
// sign-in without a state or a way back.
func FuzzReadPending(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `[]`, `{"state":"s"}`, `{"state":"s","redirect_uri":"msauth://p/h"}`, `{"state":1}`, `{"begun":"!"}`, "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if p, ok := readPending(raw); ok && (p.State == "" || p.RedirectURI == "") {
			t.Errorf("%q is %#v", raw, p)
		}
	})
}
