//go:build android

package android

/*
#cgo LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

// Bionic exports this function, but no header of the NDK promises what the
// property is called; so it is looked up, and may be missing.
static int lanyard_model(char *out) {
	int (*get)(const char *, char *) = (int (*)(const char *, char *))dlsym(RTLD_DEFAULT, "__system_property_get");
	return get == NULL ? 0 : get("ro.product.model", out);
}
*/
import "C"

// propertyMax is PROP_VALUE_MAX of Bionic's sys/system_properties.h.
const propertyMax = 92

// Model is what the maker calls this kind of device ("Pixel 9"), or "". It needs
// no Java: android.os.Build.MODEL is read from the same property.
func Model() string {
	var value [propertyMax + 1]C.char
	if n := C.lanyard_model(&value[0]); n <= 0 || n > propertyMax {
		return ""
	}
	return C.GoString(&value[0])
}
