package android

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUse_itGivesJavaToTheCaller(t *testing.T) {
	t.Cleanup(func() { jvm.Store(nil) })
	for name, run := range map[string]func(){
		"nobody said how": func() { jvm.Store(nil) },
		"nil":             func() { Use(nil) },
		"no environment":  func() { Use(func(do func(vm, env, context uintptr) error) error { return do(1, 0, 3) }) },
		"no window yet":   func() { Use(func(do func(vm, env, context uintptr) error) error { return do(1, 2, 0) }) },
	} {
		run()
		if err := onJVM(func(uintptr, uintptr) error { return nil }); !errors.Is(err, ErrNoJVM) {
			t.Errorf("%s: %v", name, err)
		}
	}
	Use(func(do func(vm, env, context uintptr) error) error { return do(1, 2, 3) })
	want := errors.New("ours")
	err := onJVM(func(env, context uintptr) error {
		if env != 2 || context != 3 {
			t.Errorf("env %d, context %d", env, context)
		}
		return want
	})
	if !errors.Is(err, want) || Ready() != nil {
		t.Errorf("got %v, ready: %v", err, Ready())
	}
}

func TestReceive_itPassesEachAddressOn(t *testing.T) {
	t.Cleanup(func() { receiver.Store(nil) })
	received("msauth://nobody/listens")
	var got []string
	Receive(func(uri string) { got = append(got, uri) })
	received("a")
	received("b")
	if d := cmp.Diff([]string{"a", "b"}, got); d != "" {
		t.Error(d)
	}
}

func TestLost_onlyWhatNothingBringsBackIsLost(t *testing.T) {
	for _, c := range []struct {
		step, exception string
		lost            bool
	}{
		{noKey, "", true},
		{"init", "android.security.keystore.KeyPermanentlyInvalidatedException", true},
		{"getKey", "java.security.UnrecoverableKeyException", true},
		{"doFinal", "javax.crypto.AEADBadTagException", true},
		{"doFinal", "", false},
		{"getKey", "java.security.KeyStoreException", false},
		{"getKey", "java.security.ProviderException", false},
		{"init", "java.security.InvalidKeyException", false},
		{"init", "android.security.keystore.UserNotAuthenticatedException", false},
		{"load", "java.lang.OutOfMemoryError", false},
		{"", "", false},
	} {
		err := fmt.Errorf("unwrapping: %w", &Error{c.step, c.exception})
		if lost(err) != c.lost {
			t.Errorf("%v: %v", err, !c.lost)
		}
	}
	if lost(nil) || lost(errors.New("disk")) {
		t.Error("what is not of Java's is lost")
	}
}

// FuzzParts: what C hands over is split without reading past its end, and what
// C would write is read back.
func FuzzParts(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x00\x00\x00\x01a", "\x00\x00\x00\x00\x00\x00\x00\x02ab", "\xff\xff\xff\xffa", "\x00\x00\x00\x03ab"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var again []byte
		for _, p := range parts(raw) {
			again = binary.BigEndian.AppendUint32(again, uint32(len(p)))
			again = append(again, p...)
		}
		if !bytes.HasPrefix(raw, again) {
			t.Errorf("%x was read as %x", raw, again)
		}
	})
}
