//go:build darwin && cgo

#include <CoreFoundation/CoreFoundation.h>
#include <Security/Security.h>
#include <TargetConditionals.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "secitem.h"

// A Mac has two kinds of keychain. The data protection keychain is iOS's: its
// items belong to the app, by its signature, and can be kept to this device. It
// is there for apps that are signed with an entitlement
// (keychain-access-groups). For all others there is the login keychain, a file
// that the person's password opens, which is also where versions of this app
// wrote that went by the program security(1).
enum keychain { PROTECTED, LOGIN };

#if TARGET_OS_OSX
// not_entitled is set for good when the system says that this app may not use
// the data protection keychain. A signature does not change while it runs.
static atomic_bool not_entitled;
#endif

// may_use_protected is asked before each use of the data protection keychain.
static int may_use_protected(void) {
#if TARGET_OS_OSX
	if (__builtin_available(macOS 10.15, *)) {
		return !atomic_load(&not_entitled);
	}
	return 0;
#else
	return 1;
#endif
}

// leave_protected reports whether a result means that the login keychain is to
// be used instead, now and from now on.
static int leave_protected(OSStatus status) {
#if TARGET_OS_OSX
	if (status == errSecMissingEntitlement) {
		atomic_store(&not_entitled, 1);
		return 1;
	}
#else
	(void)status;
#endif
	return 0;
}

static int put_string(CFMutableDictionaryRef to, CFStringRef key, const char *text) {
	CFStringRef value = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
	if (value == NULL) { // not UTF-8
		return 0;
	}
	CFDictionarySetValue(to, key, value);
	CFRelease(value);
	return 1;
}

// item describes one item, to be released, or returns NULL.
static CFMutableDictionaryRef item(enum keychain in, const char *service, const char *account) {
	CFMutableDictionaryRef q =
	    CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	if (q == NULL) {
		return NULL;
	}
	CFDictionarySetValue(q, kSecClass, kSecClassGenericPassword);
	if (!put_string(q, kSecAttrService, service) || !put_string(q, kSecAttrAccount, account)) {
		CFRelease(q);
		return NULL;
	}
	if (in == PROTECTED) {
		CFDictionarySetValue(q, kSecAttrSynchronizable, kCFBooleanFalse); // nothing goes to iCloud
#if TARGET_OS_OSX
		if (__builtin_available(macOS 10.15, *)) {
			CFDictionarySetValue(q, kSecUseDataProtectionKeychain, kCFBooleanTrue);
		}
#endif
	}
	return q;
}

// protect says when an item may be read: once the person has unlocked the
// device after it was switched on, and on no other device. The login keychain
// does not know this attribute.
static void protect(enum keychain in, CFMutableDictionaryRef attributes) {
	if (in == PROTECTED) {
		CFDictionarySetValue(attributes, kSecAttrAccessible, kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly);
	}
}

static OSStatus copy_data(CFTypeRef found, uint8_t **value, size_t *length) {
	if (found == NULL || CFGetTypeID(found) != CFDataGetTypeID()) {
		return errSecDecode;
	}
	CFIndex n = CFDataGetLength((CFDataRef)found);
	*value = malloc(n > 0 ? (size_t)n : 1);
	if (*value == NULL) {
		return errSecAllocate;
	}
	memcpy(*value, CFDataGetBytePtr((CFDataRef)found), (size_t)n);
	*length = (size_t)n;
	return errSecSuccess;
}

static OSStatus get(enum keychain in, const char *service, const char *account, uint8_t **value, size_t *length) {
	CFMutableDictionaryRef q = item(in, service, account);
	if (q == NULL) {
		return errSecParam;
	}
	CFDictionarySetValue(q, kSecReturnData, kCFBooleanTrue);
	CFDictionarySetValue(q, kSecMatchLimit, kSecMatchLimitOne);
	CFTypeRef found = NULL;
	OSStatus status = SecItemCopyMatching(q, &found);
	if (status == errSecSuccess) {
		status = copy_data(found, value, length);
	}
	if (found != NULL) {
		CFRelease(found);
	}
	CFRelease(q);
	return status;
}

static void overwrite(uint8_t *bytes, size_t length) {
	volatile uint8_t *p = bytes; // a memset before free may be left out
	while (length-- > 0) {
		*p++ = 0;
	}
}

void lanyard_item_free(uint8_t *value, size_t length) {
	if (value != NULL) {
		overwrite(value, length);
		free(value);
	}
}

// add_or_update makes the item, or changes the one that is there. Another
// process may make or delete it in between, so both are tried more than once.
static OSStatus add_or_update(CFDictionaryRef q, CFDictionaryRef whole, CFDictionaryRef change) {
	OSStatus status = errSecSuccess;
	for (int tries = 0; tries < 3; tries++) {
		status = SecItemAdd(whole, NULL);
		if (status != errSecDuplicateItem) {
			return status;
		}
		status = SecItemUpdate(q, change);
		if (status != errSecItemNotFound) {
			return status;
		}
	}
	return status;
}

// set_data is set with the value in a CFData.
static OSStatus set_data(enum keychain in, CFDictionaryRef q, const char *service, CFDataRef data) {
	CFMutableDictionaryRef whole = CFDictionaryCreateMutableCopy(NULL, 0, q);
	CFMutableDictionaryRef change =
	    CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	OSStatus status = errSecAllocate;
	if (whole != NULL && change != NULL && put_string(whole, kSecAttrLabel, service)) {
		CFDictionarySetValue(whole, kSecValueData, data);
		CFDictionarySetValue(change, kSecValueData, data);
		protect(in, whole);
		protect(in, change);
		status = add_or_update(q, whole, change);
	}
	if (whole != NULL) {
		CFRelease(whole);
	}
	if (change != NULL) {
		CFRelease(change);
	}
	return status;
}

static OSStatus set(enum keychain in, const char *service, const char *account, const uint8_t *value, size_t length) {
	CFMutableDictionaryRef q = item(in, service, account);
	if (q == NULL) {
		return errSecParam;
	}
	OSStatus status = errSecAllocate;
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0); // mutable: it may be overwritten
	if (data != NULL) {
		CFDataAppendBytes(data, value, (CFIndex)length);
		status = set_data(in, q, service, data);
		overwrite(CFDataGetMutableBytePtr(data), (size_t)CFDataGetLength(data));
		CFRelease(data);
	}
	CFRelease(q);
	return status;
}

int32_t lanyard_item_get(const char *service, const char *account, uint8_t **value, size_t *length) {
	*value = NULL;
	*length = 0;
	if (may_use_protected()) {
		OSStatus status = get(PROTECTED, service, account, value, length);
		if (!leave_protected(status) && (!TARGET_OS_OSX || status != errSecItemNotFound)) {
			return status;
		}
	}
	// An older version, or this one before it was entitled, may have left it
	// here. It is taken along, so that the system asks for it no second time.
	OSStatus status = get(LOGIN, service, account, value, length);
	if (status == errSecSuccess && may_use_protected()) {
		(void)set(PROTECTED, service, account, *value, *length); // or else next time
	}
	return status;
}

int32_t lanyard_item_set(const char *service, const char *account, const uint8_t *value, size_t length) {
	if (may_use_protected()) {
		OSStatus status = set(PROTECTED, service, account, value, length);
		if (!leave_protected(status)) {
			return status;
		}
	}
	return set(LOGIN, service, account, value, length);
}

static OSStatus delete_item(enum keychain in, const char *service, const char *account) {
	CFMutableDictionaryRef q = item(in, service, account);
	if (q == NULL) {
		return errSecParam;
	}
	OSStatus status = SecItemDelete(q);
	CFRelease(q);
	return status;
}

int32_t lanyard_item_remove(const char *service, const char *account) {
	OSStatus first = errSecItemNotFound;
	if (may_use_protected()) {
		first = delete_item(PROTECTED, service, account);
		if (leave_protected(first)) {
			first = errSecItemNotFound;
		}
		if (!TARGET_OS_OSX) {
			return first;
		}
	}
	OSStatus second = delete_item(LOGIN, service, account);
	if (first != errSecItemNotFound && first != errSecSuccess) {
		return first; // one that stayed counts for more than one that went
	}
	return second == errSecItemNotFound ? first : second;
}
