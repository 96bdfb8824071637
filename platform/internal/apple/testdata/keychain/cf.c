#include "fake.h"

#include <malloc.h>
#include <string.h>
#include <strings.h>

static int objects;

int live_objects(void) { return objects; }

struct object *checked(const void *cf, enum kind kind) {
	struct object *o = (struct object *)cf;
	if (o == NULL || o->references == 0 || (kind != 0 && o->kind != kind)) {
		MISUSE("an object of kind %d was wanted", kind);
	}
	return o;
}

struct object *made(enum kind kind, const void *bytes, size_t length) {
	struct object *o = calloc(1, sizeof *o);
	o->kind = kind;
	o->references = 1;
	o->length = length;
	o->bytes = calloc(1, length + 1);
	if (length > 0) {
		memcpy(o->bytes, bytes, length);
	}
	objects++;
	return o;
}

static struct object *retained(const void *cf) {
	struct object *o = checked(cf, 0);
	if (o->references > 0) {
		o->references++;
	}
	return o;
}

void CFRelease(CFTypeRef cf) {
	struct object *o = checked(cf, 0);
	if (o->references < 0 || --o->references > 0) {
		return;
	}
	for (size_t i = 0; o->kind == DICTIONARY && i < o->length; i++) {
		CFRelease(o->keys[i]);
		CFRelease(o->values[i]);
	}
	for (size_t i = 0; o->kind == DATA && o->mutable && i < o->length; i++) {
		if (o->bytes[i] != 0) {
			MISUSE("a value was released and not overwritten");
		}
	}
	free(o->bytes);
	free(o->keys);
	free(o->values);
	free(o);
	objects--;
}

CFTypeID CFGetTypeID(CFTypeRef cf) { return checked(cf, 0)->kind; }
CFTypeID CFDataGetTypeID(void) { return DATA; }

const CFDictionaryKeyCallBacks kCFTypeDictionaryKeyCallBacks = {0};
const CFDictionaryValueCallBacks kCFTypeDictionaryValueCallBacks = {0};
static struct object yes = {.kind = BOOLEAN, .references = -1, .value = 1}, no = {.kind = BOOLEAN, .references = -1};
const CFBooleanRef kCFBooleanTrue = (CFBooleanRef)&yes;
const CFBooleanRef kCFBooleanFalse = (CFBooleanRef)&no;

CFStringRef constant_string(const char *s) {
	static struct object *kept[16];
	for (int i = 0; i < 16; i++) {
		if (kept[i] == NULL) {
			kept[i] = made(STRING, s, strlen(s));
			kept[i]->references = -1;
			objects--;
		}
		if (strcmp((char *)kept[i]->bytes, s) == 0) {
			return (CFStringRef)kept[i];
		}
	}
	MISUSE("too many constants");
}

// utf8 knows enough to tell text from a stray byte.
static int utf8(const unsigned char *s) {
	while (*s != 0) {
		int more = *s < 0x80 ? 0 : *s >> 5 == 6 ? 1 : *s >> 4 == 14 ? 2 : *s >> 3 == 30 ? 3 : -1;
		if (more < 0) {
			return 0;
		}
		for (s++; more > 0; more--, s++) {
			if (*s >> 6 != 2) {
				return 0;
			}
		}
	}
	return 1;
}

CFStringRef CFStringCreateWithCString(CFAllocatorRef alloc, const char *s, CFStringEncoding encoding) {
	(void)alloc;
	if (encoding != kCFStringEncodingUTF8 || !utf8((const unsigned char *)s)) {
		return NULL;
	}
	return (CFStringRef)made(STRING, s, strlen(s));
}

// CFStringGetLength counts UTF-16 code units.
CFIndex CFStringGetLength(CFStringRef s) {
	struct object *o = checked(s, STRING);
	CFIndex n = 0;
	for (size_t i = 0; i < o->length; i++) {
		n += (o->bytes[i] >> 6 != 2) + (o->bytes[i] >> 3 == 30);
	}
	return n;
}

CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding) {
	(void)encoding;
	return length * 3;
}

Boolean CFStringGetCString(CFStringRef s, char *buffer, CFIndex size, CFStringEncoding encoding) {
	struct object *o = checked(s, STRING);
	if (encoding != kCFStringEncodingUTF8 || (size_t)size < o->length + 1) {
		return 0;
	}
	memcpy(buffer, o->bytes, o->length + 1);
	return 1;
}

CFComparisonResult CFStringCompare(CFStringRef a, CFStringRef b, CFStringCompareFlags options) {
	const char *x = (char *)checked(a, STRING)->bytes, *y = (char *)checked(b, STRING)->bytes;
	int order = options & kCFCompareCaseInsensitive ? strcasecmp(x, y) : strcmp(x, y);
	return order < 0 ? kCFCompareLessThan : order > 0 ? kCFCompareGreaterThan : kCFCompareEqualTo;
}

CFIndex CFDataGetLength(CFDataRef d) { return (CFIndex)checked(d, DATA)->length; }
const UInt8 *CFDataGetBytePtr(CFDataRef d) { return checked(d, DATA)->bytes; }

CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex capacity) {
	(void)allocator;
	(void)capacity;
	struct object *o = made(DATA, NULL, 0);
	o->mutable = 1;
	return (CFMutableDataRef)o;
}

void CFDataAppendBytes(CFMutableDataRef d, const UInt8 *bytes, CFIndex length) {
	struct object *o = checked(d, DATA);
	if (!o->mutable || length < 0) {
		MISUSE("appending to data that cannot change");
	}
	o->bytes = realloc(o->bytes, o->length + (size_t)length + 1);
	memcpy(o->bytes + o->length, bytes, (size_t)length);
	o->length += (size_t)length;
}

UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef d) {
	struct object *o = checked(d, DATA);
	if (!o->mutable) {
		MISUSE("writing to data that cannot change");
	}
	return o->bytes;
}

CFMutableDictionaryRef CFDictionaryCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
    const CFDictionaryKeyCallBacks *keys, const CFDictionaryValueCallBacks *values) {
	(void)allocator;
	if (capacity != 0 || keys != &kCFTypeDictionaryKeyCallBacks || values != &kCFTypeDictionaryValueCallBacks) {
		MISUSE("a dictionary that keeps what is put into it was wanted");
	}
	return (CFMutableDictionaryRef)made(DICTIONARY, NULL, 0);
}

int same(const struct object *a, const struct object *b) {
	return a == b || (a->kind == b->kind && a->kind != BOOLEAN && a->length == b->length && a->bytes != NULL &&
	                     b->bytes != NULL && memcmp(a->bytes, b->bytes, a->length) == 0);
}

void CFDictionarySetValue(CFMutableDictionaryRef d, const void *key, const void *value) {
	struct object *o = checked(d, DICTIONARY), *k = checked(key, STRING), *v = retained(value);
	for (size_t i = 0; i < o->length; i++) {
		if (same(o->keys[i], k)) {
			CFRelease(o->values[i]);
			o->values[i] = v;
			return;
		}
	}
	o->keys = realloc(o->keys, (o->length + 1) * sizeof *o->keys);
	o->values = realloc(o->values, (o->length + 1) * sizeof *o->values);
	o->keys[o->length] = retained(key);
	o->values[o->length++] = v;
}

CFMutableDictionaryRef CFDictionaryCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFDictionaryRef d) {
	struct object *o = checked(d, DICTIONARY);
	CFMutableDictionaryRef copy =
	    CFDictionaryCreateMutable(allocator, capacity, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	for (size_t i = 0; i < o->length; i++) {
		CFDictionarySetValue(copy, o->keys[i], o->values[i]);
	}
	return copy;
}

struct object *entry(const void *dictionary, CFStringRef key) {
	struct object *o = checked(dictionary, DICTIONARY);
	for (size_t i = 0; i < o->length; i++) {
		if (same(o->keys[i], checked(key, STRING))) {
			return o->values[i];
		}
	}
	return NULL;
}

static struct object *bundle_identifier, *bundle_url;

void main_bundle(const char *identifier, const char *path) {
	bundle_identifier = strcmp(identifier, "-") == 0 ? NULL : (struct object *)constant_string(identifier);
	bundle_url = (struct object *)constant_string(path);
}

CFBundleRef CFBundleGetMainBundle(void) { return bundle_url == NULL ? NULL : (CFBundleRef)bundle_url; }
CFStringRef CFBundleGetIdentifier(CFBundleRef bundle) {
	checked(bundle, STRING);
	return (CFStringRef)bundle_identifier;
}
CFURLRef CFBundleCopyBundleURL(CFBundleRef bundle) {
	struct object *o = checked(bundle, STRING);
	return (CFURLRef)made(URL, o->bytes, o->length);
}
CFStringRef CFURLCopyPathExtension(CFURLRef url) {
	const char *path = (char *)checked(url, URL)->bytes, *dot = strrchr(path, '.');
	if (dot == NULL || strchr(dot, '/') != NULL) {
		return NULL;
	}
	return (CFStringRef)made(STRING, dot + 1, strlen(dot + 1));
}

static int memory;
int fail_malloc;

int live_memory(void) { return memory; }

void *watched_malloc(size_t size) {
	if (fail_malloc > 0 && --fail_malloc == 0) {
		return NULL;
	}
	memory++;
	unsigned char *p = malloc(size + sizeof(size_t));
	memcpy(p, &size, sizeof size);
	memset(p + sizeof size, 0xA5, size); // what was there before
	return p + sizeof size;
}

void watched_free(void *at) {
	if (at == NULL) {
		return;
	}
	unsigned char *p = (unsigned char *)at - sizeof(size_t);
	size_t size;
	memcpy(&size, p, sizeof size);
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = ((unsigned char *)at)[i];
		if (byte != 0 && byte != 0xA5) {
			MISUSE("memory was freed and not overwritten");
		}
	}
	free(p);
	memory--;
}
