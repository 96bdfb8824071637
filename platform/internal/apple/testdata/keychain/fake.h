// CoreFoundation and the Keychain in memory, strict about what Apple leaves
// undefined: whoever uses an object that was released, or gives a keychain what
// it does not take, ends the program.

#pragma once
#include <CoreFoundation/CoreFoundation.h>
#include <Security/Security.h>
#include <stdio.h>
#include <stdlib.h>

#define MISUSE(...) (fprintf(stderr, "misuse: " __VA_ARGS__), fputc('\n', stderr), exit(3))

enum kind { STRING = 1, DATA, DICTIONARY, BOOLEAN, URL };

struct object {
	enum kind kind;
	int references; // -1 for those that are never released
	int value;      // of a BOOLEAN
	int mutable;
	size_t length;
	unsigned char *bytes; // of STRING, DATA and URL; a 0 follows that is not counted
	struct object **keys, **values;
};

struct object *checked(const void *cf, enum kind kind); // kind 0 is any
struct object *made(enum kind kind, const void *bytes, size_t length);
struct object *entry(const void *dictionary, CFStringRef key); // or NULL
int same(const struct object *a, const struct object *b);
int live_objects(void);

// Memory of the file under test: it must be overwritten before it is freed.
void *watched_malloc(size_t size);
void watched_free(void *p);
int live_memory(void);
extern int fail_malloc;

// The program that this is.
void main_bundle(const char *identifier, const char *path);

// The keychains.
extern int entitled, locked;
void fail(const char *call, int32_t status, int times);
void plant(int protected_one, const char *service, const char *account, const char *value);
void list_items(void);
int calls_of(const char *call);
