#pragma once
#include <CoreFoundation/CoreFoundation.h>

extern const CFStringRef kSecClass API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecClassGenericPassword API_AVAILABLE(macos(10.7), ios(2.0));
extern const CFStringRef kSecAttrService API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecAttrAccount API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecAttrLabel API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecAttrSynchronizable API_AVAILABLE(macos(10.9), ios(7.0));
extern const CFStringRef kSecAttrAccessible API_AVAILABLE(macos(10.9), ios(4.0));
extern const CFStringRef kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly API_AVAILABLE(macos(10.9), ios(4.0));
extern const CFStringRef kSecValueData API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecReturnData API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecMatchLimit API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecMatchLimitOne API_AVAILABLE(macos(10.6), ios(2.0));
extern const CFStringRef kSecUseDataProtectionKeychain API_AVAILABLE(macos(10.15), ios(13.0));

enum {
	errSecSuccess = 0,
	errSecParam = -50,
	errSecAllocate = -108,
	errSecDuplicateItem = -25299,
	errSecItemNotFound = -25300,
	errSecDecode = -26275,
	errSecMissingEntitlement = -34018,
};

extern OSStatus SecItemCopyMatching(CFDictionaryRef query, CFTypeRef *result) API_AVAILABLE(macos(10.6), ios(2.0));
extern OSStatus SecItemAdd(CFDictionaryRef attributes, CFTypeRef *result) API_AVAILABLE(macos(10.6), ios(2.0));
extern OSStatus SecItemUpdate(CFDictionaryRef query, CFDictionaryRef attributesToUpdate) API_AVAILABLE(macos(10.6), ios(2.0));
extern OSStatus SecItemDelete(CFDictionaryRef query) API_AVAILABLE(macos(10.6), ios(2.0));
