//go:build darwin && cgo

package apple

/*
#cgo CFLAGS: -fobjc-arc -Wno-unused-command-line-argument
#cgo LDFLAGS: -framework CoreFoundation -framework Foundation -framework Security -framework AuthenticationServices
#cgo ios LDFLAGS: -framework UIKit
#cgo darwin,!ios LDFLAGS: -framework AppKit

#include <stdlib.h>
#include "bundle.h"
#include "webauth.h"
*/
import "C"

import "unsafe"

// underway is global because the system answers by a number alone.
var underway calls

// StartSession shows the page at url, which is https:// or http://, in a web
// authentication session over the app's window, and returns at once. A page
// that leads to scheme:// ends it. The cookies are those of the person's
// browser, so that a Microsoft session they have serves here too.
//
// done is called once, on a thread of the system's, with the address or a
// [Failure], and must not block. cancel takes the page away, and may be called
// at any time and more than once.
func StartSession(url, scheme string, done func(callback string, err error)) (cancel func()) {
	number := C.uint64_t(underway.begin(done))
	cURL, cScheme := C.CString(url), C.CString(scheme)
	defer C.free(unsafe.Pointer(cURL))
	defer C.free(unsafe.Pointer(cScheme))
	C.lanyard_session_start(number, cURL, cScheme)
	return func() { C.lanyard_session_cancel(number) }
}

// lanyardEnded is called by the system's side, once for each call.
//
//export lanyardEnded
func lanyardEnded(number C.uint64_t, callback, domain *C.char, code C.int64_t) {
	var err error
	if domain != nil {
		err = Failure{C.GoString(domain), int(code)}
	}
	underway.end(uint64(number), C.GoString(callback), err)
}

// BundleID returns the identifier of the app that this process was started
// as, or "" when it was not started as an app.
func BundleID() string {
	id := C.lanyard_bundle_id()
	defer C.free(unsafe.Pointer(id))
	return C.GoString(id)
}
