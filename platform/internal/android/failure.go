package android

import (
	"encoding/binary"
	"errors"
)

// ErrNoJVM means that nothing has told this package how to reach Java: Use was
// not called, or this is not Android.
var ErrNoJVM = errors.New("android: no Java virtual machine")

// Error is a call that failed. It holds no message of Java's: those repeat
// addresses and file names.
type Error struct {
	// Step is the method or class that was called last.
	Step string
	// Exception is the class of what was thrown, or empty.
	Exception string
}

func (e *Error) Error() string {
	if e.Exception == "" {
		return "android: " + e.Step + " gave nothing"
	}
	return "android: " + e.Step + ": " + e.Exception
}

// noKey is the step of a call that found no key of this alias.
const noKey = "no key"

// lost reports whether err means that what was wrapped can never be unwrapped
// again: the key is gone, as after another person's backup was put back; it was
// made void, as when the screen lock was taken away; or it is another key than
// the one that wrapped this. Everything else may pass, so nothing is thrown away
// for it.
func lost(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Exception {
	case "":
		return e.Step == noKey
	case "android.security.keystore.KeyPermanentlyInvalidatedException",
		"java.security.UnrecoverableKeyException",
		"java.security.UnrecoverableEntryException",
		"javax.crypto.AEADBadTagException":
		return true
	}
	return false
}

// parts splits what lanyard_answer holds. What does not add up is cut off.
func parts(raw []byte) (all [][]byte) {
	for len(raw) >= 4 {
		n := uint64(binary.BigEndian.Uint32(raw))
		raw = raw[4:]
		if n > uint64(len(raw)) {
			return all
		}
		all = append(all, raw[:n:n])
		raw = raw[n:]
	}
	return all
}
