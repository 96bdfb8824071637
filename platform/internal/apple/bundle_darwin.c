//go:build darwin && cgo

#include <CoreFoundation/CoreFoundation.h>
#include <TargetConditionals.h>
#include <stdlib.h>

#include "bundle.h"

#if TARGET_OS_OSX
// is_app reports whether the bundle is a folder NAME.app. One that is not is
// the folder of a plain program.
static int is_app(CFBundleRef bundle) {
	int app = 0;
	CFURLRef url = CFBundleCopyBundleURL(bundle);
	if (url == NULL) {
		return 0;
	}
	CFStringRef extension = CFURLCopyPathExtension(url);
	if (extension != NULL) {
		app = CFStringCompare(extension, CFSTR("app"), kCFCompareCaseInsensitive) == kCFCompareEqualTo;
		CFRelease(extension);
	}
	CFRelease(url);
	return app;
}
#endif

char *lanyard_bundle_id(void) {
	CFBundleRef bundle = CFBundleGetMainBundle(); // not ours to release
	if (bundle == NULL) {
		return NULL;
	}
	CFStringRef identifier = CFBundleGetIdentifier(bundle); // nor this
	if (identifier == NULL) {
		return NULL;
	}
#if TARGET_OS_OSX
	if (!is_app(bundle)) {
		return NULL;
	}
#endif
	CFIndex size = CFStringGetMaximumSizeForEncoding(CFStringGetLength(identifier), kCFStringEncodingUTF8) + 1;
	char *text = malloc((size_t)size);
	if (text != NULL && !CFStringGetCString(identifier, text, size, kCFStringEncodingUTF8)) {
		free(text);
		return NULL;
	}
	return text;
}
