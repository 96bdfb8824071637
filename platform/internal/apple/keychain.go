//go:build darwin && cgo

package apple

/*
#include <stdlib.h>
#include "secitem.h"
*/
import "C"

import (
	"strings"
	"unsafe"
)

// GetItem returns the value of a generic password, which is for the caller to
// overwrite. The error is a [Status]: [ItemNotFound] when there is none.
//
// GetItem, SetItem and RemoveItem block while the system asks the person
// something, and may be called from several goroutines.
func GetItem(service, account string) ([]byte, error) {
	var (
		value  *C.uint8_t
		length C.size_t
	)
	err := withNames(service, account, func(s, a *C.char) C.int32_t {
		return C.lanyard_item_get(s, a, &value, &length)
	})
	defer C.lanyard_item_free(value, length)
	if err != nil {
		return nil, err
	}
	return C.GoBytes(unsafe.Pointer(value), C.int(length)), nil
}

// SetItem makes a generic password or changes the one that is there. It is not
// synchronised, and where the app is entitled to the data protection keychain
// it can be read on this device alone, after its first unlock.
func SetItem(service, account string, value []byte) error {
	at := unsafe.SliceData(append(value[:len(value):len(value)], 0)) // a copy, never nil
	defer clear(unsafe.Slice(at, len(value)))
	return withNames(service, account, func(s, a *C.char) C.int32_t {
		return C.lanyard_item_set(s, a, (*C.uint8_t)(at), C.size_t(len(value)))
	})
}

// RemoveItem deletes a generic password.
func RemoveItem(service, account string) error {
	return withNames(service, account, func(s, a *C.char) C.int32_t { return C.lanyard_item_remove(s, a) })
}

// withNames calls do with C strings. A name that would end early in C is no
// name.
func withNames(service, account string, do func(s, a *C.char) C.int32_t) error {
	if strings.ContainsRune(service+account, 0) {
		return Param
	}
	s, a := C.CString(service), C.CString(account)
	defer C.free(unsafe.Pointer(s))
	defer C.free(unsafe.Pointer(a))
	if status := do(s, a); status != 0 {
		return Status(status)
	}
	return nil
}
