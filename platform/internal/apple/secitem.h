// Keychain items by the Security framework. Every function returns an OSStatus,
// 0 being success, and may block while the system asks the person something.
// Strings are UTF-8. They may be called from any thread.

#ifndef LANYARD_SECITEM_H
#define LANYARD_SECITEM_H

#include <stddef.h>
#include <stdint.h>

// lanyard_item_get copies the value of an item to *value, which is to be given
// to lanyard_item_free whatever the result.
int32_t lanyard_item_get(const char *service, const char *account, uint8_t **value, size_t *length);

// lanyard_item_free overwrites a value and frees it.
void lanyard_item_free(uint8_t *value, size_t length);

// lanyard_item_set makes an item or gives the one that exists another value.
int32_t lanyard_item_set(const char *service, const char *account, const uint8_t *value, size_t length);

// lanyard_item_remove deletes an item, wherever lanyard_item_get would find it.
int32_t lanyard_item_remove(const char *service, const char *account);

#endif
