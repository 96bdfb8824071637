#include "fake.h"

#include <TargetConditionals.h>
#include <string.h>

#define CONSTANT(name) \
	static struct object name##_object = {.kind = STRING, .references = -1, .bytes = (unsigned char *)#name, .length = sizeof #name - 1}; \
	const CFStringRef name = (CFStringRef)&name##_object

CONSTANT(kSecClass);
CONSTANT(kSecClassGenericPassword);
CONSTANT(kSecAttrService);
CONSTANT(kSecAttrAccount);
CONSTANT(kSecAttrLabel);
CONSTANT(kSecAttrSynchronizable);
CONSTANT(kSecAttrAccessible);
CONSTANT(kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly);
CONSTANT(kSecValueData);
CONSTANT(kSecReturnData);
CONSTANT(kSecMatchLimit);
CONSTANT(kSecMatchLimitOne);
CONSTANT(kSecUseDataProtectionKeychain);

int entitled = 1, locked;

static struct item {
	int used, protected_one, this_device;
	char service[64], account[64], value[256], label[64];
	size_t length;
} items[16];

static struct {
	char call[16];
	int32_t status;
	int times, count;
} scripts[8];

static int script_of(const char *call) {
	for (int i = 0; i < 8; i++) {
		if (scripts[i].call[0] == 0) {
			strcpy(scripts[i].call, call);
		}
		if (strcmp(scripts[i].call, call) == 0) {
			return i;
		}
	}
	MISUSE("too many calls");
}

void fail(const char *call, int32_t status, int times) {
	int i = script_of(call);
	scripts[i].status = status;
	scripts[i].times = times;
}

int calls_of(const char *call) { return scripts[script_of(call)].count; }

// scripted counts a call and reports whether it is to fail, with *status.
static int scripted(const char *call, OSStatus *status) {
	int i = script_of(call);
	scripts[i].count++;
	if (scripts[i].times == 0) {
		return 0;
	}
	scripts[i].times--;
	*status = scripts[i].status;
	return 1;
}

static void text_of(char *to, size_t size, CFDictionaryRef d, CFStringRef key) {
	struct object *o = entry(d, key);
	if (o == NULL || o->kind != STRING || o->length >= size) {
		MISUSE("no text where text must be");
	}
	memcpy(to, o->bytes, o->length + 1);
}

// described reads which keychain and item a query means, and refuses what the
// system would refuse or, worse, would not notice.
static struct item described(CFDictionaryRef q, int with_value) {
	struct item it = {.used = 1};
	struct object *class = entry(q, kSecClass), *sync = entry(q, kSecAttrSynchronizable);
	if (class == NULL || !same(class, (struct object *)kSecClassGenericPassword)) {
		MISUSE("no class");
	}
	it.protected_one = !TARGET_OS_OSX || entry(q, kSecUseDataProtectionKeychain) == (struct object *)kCFBooleanTrue;
	if (it.protected_one ? sync != (struct object *)kCFBooleanFalse : sync != NULL) {
		MISUSE("synchronised, or by chance not");
	}
	text_of(it.service, sizeof it.service, q, kSecAttrService);
	text_of(it.account, sizeof it.account, q, kSecAttrAccount);
	if (!with_value && (entry(q, kSecValueData) != NULL || entry(q, kSecAttrAccessible) != NULL || entry(q, kSecAttrLabel) != NULL)) {
		MISUSE("a query for a value");
	}
	return it;
}

static void take_value(struct item *it, CFDictionaryRef from) {
	struct object *data = entry(from, kSecValueData), *accessible = entry(from, kSecAttrAccessible);
	if (data == NULL || data->kind != DATA || data->length > sizeof it->value) {
		MISUSE("no value");
	}
	if (it->protected_one ? accessible != (struct object *)kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly : accessible != NULL) {
		MISUSE("accessible at another time");
	}
	it->this_device = accessible != NULL;
	memcpy(it->value, data->bytes, data->length);
	it->length = data->length;
}

static struct item *find(struct item it) {
	for (int i = 0; i < 16; i++) {
		if (items[i].used && items[i].protected_one == it.protected_one && strcmp(items[i].service, it.service) == 0 &&
		    strcmp(items[i].account, it.account) == 0) {
			return &items[i];
		}
	}
	return NULL;
}

static void store(struct item it) {
	struct item *at = items;
	while (at->used) {
		if (++at == items + 16) {
			MISUSE("too many items");
		}
	}
	*at = it;
}

static int refused(const struct item *it, OSStatus *status) {
	if (it->protected_one && !entitled) {
		*status = errSecMissingEntitlement;
		return 1;
	}
	return 0;
}

OSStatus SecItemCopyMatching(CFDictionaryRef query, CFTypeRef *result) {
	OSStatus status = errSecSuccess;
	struct item it = described(query, 0);
	if (entry(query, kSecReturnData) != (struct object *)kCFBooleanTrue ||
	    entry(query, kSecMatchLimit) != (struct object *)kSecMatchLimitOne) {
		MISUSE("one value was wanted");
	}
	if (scripted("copy", &status)) {
		if (status == errSecSuccess) {
			*result = (CFTypeRef)made(STRING, "x", 1); // not what was asked for
		}
		return status;
	}
	if (refused(&it, &status)) {
		return status;
	}
	struct item *found = find(it);
	if (found == NULL) {
		return errSecItemNotFound;
	}
	if (locked) {
		return -25308;
	}
	*result = (CFTypeRef)made(DATA, found->value, found->length);
	return errSecSuccess;
}

OSStatus SecItemAdd(CFDictionaryRef attributes, CFTypeRef *result) {
	OSStatus status = errSecSuccess;
	struct item it = described(attributes, 1);
	if (result != NULL) {
		MISUSE("nothing is to be returned");
	}
	take_value(&it, attributes);
	text_of(it.label, sizeof it.label, attributes, kSecAttrLabel);
	if (scripted("add", &status) || refused(&it, &status)) {
		return status;
	}
	if (find(it) != NULL) {
		return errSecDuplicateItem;
	}
	if (locked) {
		return -25308;
	}
	store(it);
	return errSecSuccess;
}

OSStatus SecItemUpdate(CFDictionaryRef query, CFDictionaryRef change) {
	OSStatus status = errSecSuccess;
	struct item it = described(query, 0);
	if (entry(change, kSecClass) != NULL || entry(change, kSecReturnData) != NULL) {
		MISUSE("a change of class");
	}
	take_value(&it, change);
	if (scripted("update", &status) || refused(&it, &status)) {
		return status;
	}
	struct item *found = find(it);
	if (found == NULL) {
		return errSecItemNotFound;
	}
	if (locked) {
		return -25308;
	}
	take_value(found, change);
	return errSecSuccess;
}

OSStatus SecItemDelete(CFDictionaryRef query) {
	OSStatus status = errSecSuccess;
	struct item it = described(query, 0);
	if (scripted("delete", &status) || refused(&it, &status)) {
		return status;
	}
	struct item *found = find(it);
	if (found == NULL) {
		return errSecItemNotFound;
	}
	memset(found, 0, sizeof *found);
	return errSecSuccess;
}

void plant(int protected_one, const char *service, const char *account, const char *value) {
	struct item it = {.used = 1, .protected_one = protected_one, .length = strlen(value)};
	strcpy(it.service, service);
	strcpy(it.account, account);
	strcpy(it.value, value);
	store(it);
}

void list_items(void) {
	for (int i = 0; i < 16; i++) {
		if (items[i].used) {
			printf("%s%s %s/%s=%.*s\n", items[i].protected_one ? "protected" : "login",
			    items[i].this_device ? " this-device" : "", items[i].service, items[i].account, (int)items[i].length,
			    items[i].value);
		}
	}
}
