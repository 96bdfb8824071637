//go:build android || lanyard_jvm

package android

/*
#cgo CFLAGS: -Wall -Wextra -fvisibility=hidden
#cgo android LDFLAGS: -landroid
#include "lanyard.h"
*/
import "C"

import (
	"slices"
	"unicode/utf16"
	"unsafe"
)

// OpenURL shows an address in a Custom Tab where a browser has them, or else
// in a browser. It returns once the browser was asked for.
func OpenURL(url string) error {
	_, err := call(func(env, context C.uintptr_t, a *C.lanyard_answer) {
		u := utf16.Encode([]rune(url))
		C.lanyard_open_url(env, context, units(u), C.int(len(u)), a)
	})
	return err
}

// Receives reports whether the manifest of the running app sends this address
// to the redirect activity.
func Receives(uri string) (bool, error) {
	a, err := call(func(env, context C.uintptr_t, a *C.lanyard_answer) {
		u := utf16.Encode([]rune(uri))
		C.lanyard_receives(env, context, units(u), C.int(len(u)), a)
	})
	return a.yes, err
}

// Signers returns the package name of the running app and the certificates (DER)
// it is signed with, the newest first, and then those it was signed with before
// its key was rotated (Android developers, "SigningInfo").
func Signers() (name string, certificates [][]byte, err error) {
	a, err := call(func(env, context C.uintptr_t, a *C.lanyard_answer) { C.lanyard_signers(env, context, a) })
	if err != nil || len(a.parts) < 2 {
		return "", nil, err
	}
	slices.Reverse(a.parts[1:])
	return string(a.parts[0]), a.parts[1:], nil
}

// Keys is the Android Keystore.
type Keys struct{}

var _ Wrapper = Keys{}

// Ready implements Wrapper.
func (Keys) Ready() error {
	_, err := call(func(env, _ C.uintptr_t, a *C.lanyard_answer) { C.lanyard_key_ready(env, a) })
	return err
}

// Wrap implements Wrapper.
func (Keys) Wrap(alias string, plain, associated []byte) (nonce, sealed []byte, err error) {
	a, err := call(func(env, _ C.uintptr_t, a *C.lanyard_answer) {
		name := utf16.Encode([]rune(alias))
		C.lanyard_key_wrap(env, units(name), C.int(len(name)), octets(plain), C.int(len(plain)),
			octets(associated), C.int(len(associated)), a)
	})
	if err != nil {
		return nil, nil, err
	}
	if len(a.parts) != 2 {
		return nil, nil, &Error{Step: "getIV"}
	}
	return a.parts[0], a.parts[1], nil
}

// Unwrap implements Wrapper.
func (Keys) Unwrap(alias string, nonce, sealed, associated []byte) ([]byte, error) {
	a, err := call(func(env, _ C.uintptr_t, a *C.lanyard_answer) {
		name := utf16.Encode([]rune(alias))
		C.lanyard_key_unwrap(env, units(name), C.int(len(name)), octets(nonce), C.int(len(nonce)),
			octets(sealed), C.int(len(sealed)), octets(associated), C.int(len(associated)), a)
	})
	if err != nil {
		return nil, err
	}
	if len(a.parts) != 1 {
		return nil, &Error{Step: "doFinal"}
	}
	return a.parts[0], nil
}

// Remove implements Wrapper.
func (Keys) Remove(alias string) error {
	_, err := call(func(env, _ C.uintptr_t, a *C.lanyard_answer) {
		name := utf16.Encode([]rune(alias))
		C.lanyard_key_remove(env, units(name), C.int(len(name)), a)
	})
	return err
}

// result is a lanyard_answer in Go's memory.
type result struct {
	yes   bool
	parts [][]byte
}

// call makes one of C's calls with Java at hand.
func call(do func(env, context C.uintptr_t, a *C.lanyard_answer)) (result, error) {
	var r result
	err := onJVM(func(env, context uintptr) error {
		var a C.lanyard_answer
		do(C.uintptr_t(env), C.uintptr_t(context), &a)
		defer C.lanyard_release(&a)
		if a.failed != 0 {
			return &Error{Step: C.GoString(&a.step[0]), Exception: C.GoString(&a.exception[0])}
		}
		r.yes = a.yes != 0
		r.parts = parts(C.GoBytes(unsafe.Pointer(a.data), C.int(a.size)))
		return nil
	})
	return r, err
}

// units and octets are C's views of Go's memory, for one call.
func units(u []uint16) *C.uint16_t { return (*C.uint16_t)(unsafe.SliceData(u)) }
func octets(b []byte) *C.uchar     { return (*C.uchar)(unsafe.SliceData(b)) }

//export lanyardRedirected
func lanyardRedirected(uri *C.uint16_t, length C.int) {
	received(string(utf16.Decode(unsafe.Slice((*uint16)(uri), int(length)))))
}
