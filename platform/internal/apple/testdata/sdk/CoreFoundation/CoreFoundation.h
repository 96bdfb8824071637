#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../since.h"

typedef signed long CFIndex;
typedef unsigned long CFTypeID;
typedef unsigned long CFOptionFlags;
typedef unsigned char Boolean;
typedef uint8_t UInt8;
typedef int32_t OSStatus;
typedef uint32_t CFStringEncoding;
typedef const void *CFTypeRef;
typedef const struct __CFAllocator *CFAllocatorRef;
typedef const struct __CFString *CFStringRef;
typedef const struct __CFData *CFDataRef;
typedef struct __CFData *CFMutableDataRef;
typedef const struct __CFDictionary *CFDictionaryRef;
typedef struct __CFDictionary *CFMutableDictionaryRef;
typedef const struct __CFBoolean *CFBooleanRef;
typedef const struct __CFURL *CFURLRef;
typedef struct __CFBundle *CFBundleRef;

typedef CFIndex CFComparisonResult;
enum { kCFCompareLessThan = -1, kCFCompareEqualTo = 0, kCFCompareGreaterThan = 1 };
typedef CFOptionFlags CFStringCompareFlags;
enum { kCFCompareCaseInsensitive = 1 };
enum { kCFStringEncodingUTF8 = 0x08000100 };

typedef struct {
	CFIndex version;
	const void *retain, *release, *copyDescription, *equal, *hash;
} CFDictionaryKeyCallBacks;
typedef struct {
	CFIndex version;
	const void *retain, *release, *copyDescription, *equal;
} CFDictionaryValueCallBacks;
extern const CFDictionaryKeyCallBacks kCFTypeDictionaryKeyCallBacks;
extern const CFDictionaryValueCallBacks kCFTypeDictionaryValueCallBacks;
extern const CFBooleanRef kCFBooleanTrue;
extern const CFBooleanRef kCFBooleanFalse;

extern void CFRelease(CFTypeRef cf);
extern CFTypeID CFGetTypeID(CFTypeRef cf);

extern CFStringRef CFStringCreateWithCString(CFAllocatorRef alloc, const char *cStr, CFStringEncoding encoding);
extern CFIndex CFStringGetLength(CFStringRef theString);
extern CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);
extern Boolean CFStringGetCString(CFStringRef theString, char *buffer, CFIndex bufferSize, CFStringEncoding encoding);
extern CFComparisonResult CFStringCompare(CFStringRef a, CFStringRef b, CFStringCompareFlags options);
#ifdef __APPLE__
#define CFSTR(s) ((CFStringRef)__builtin___CFStringMakeConstantString("" s ""))
#else
extern CFStringRef constant_string(const char *s);
#define CFSTR(s) constant_string("" s "")
#endif

extern CFTypeID CFDataGetTypeID(void);
extern CFIndex CFDataGetLength(CFDataRef theData);
extern const UInt8 *CFDataGetBytePtr(CFDataRef theData);
extern CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex capacity);
extern void CFDataAppendBytes(CFMutableDataRef theData, const UInt8 *bytes, CFIndex length);
extern UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef theData);

extern CFMutableDictionaryRef CFDictionaryCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
    const CFDictionaryKeyCallBacks *keyCallBacks, const CFDictionaryValueCallBacks *valueCallBacks);
extern CFMutableDictionaryRef CFDictionaryCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFDictionaryRef theDict);
extern void CFDictionarySetValue(CFMutableDictionaryRef theDict, const void *key, const void *value);

extern CFBundleRef CFBundleGetMainBundle(void);
extern CFStringRef CFBundleGetIdentifier(CFBundleRef bundle);
extern CFURLRef CFBundleCopyBundleURL(CFBundleRef bundle);
extern CFStringRef CFURLCopyPathExtension(CFURLRef url);
