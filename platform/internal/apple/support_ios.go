package apple

/*
#include <stdlib.h>
#include "support_ios.h"
*/
import "C"

import (
	"context"
	"unsafe"
)

// Open shows url in the person's browser and returns once it was opened or
// could not be, with a [Failure].
func Open(ctx context.Context, url string) error {
	opened := make(chan error, 1)
	number := underway.begin(func(_ string, err error) { opened <- err })
	cURL := C.CString(url)
	defer C.free(unsafe.Pointer(cURL))
	C.lanyard_open(C.uint64_t(number), cURL)
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// DataFolder makes the app's Application Support folder, which no backup
// takes, and returns its path, or "".
func DataFolder() string { return taken(C.lanyard_data_folder()) }

// DeviceName returns what the person or Apple calls this device: since iOS 16
// its kind, such as iPhone.
func DeviceName() string { return taken(C.lanyard_device_name()) }

// taken returns a string of C's and frees it.
func taken(s *C.char) string {
	defer C.free(unsafe.Pointer(s))
	return C.GoString(s)
}
