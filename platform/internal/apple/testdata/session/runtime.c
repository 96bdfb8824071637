#include "runtime.h"

#include <string.h>

// What the compiler writes (clang, CGObjCGNU; GCC, "objc-private/module-abi-8.h").
struct method {
	const char *name, *types;
	void (*imp)(void);
};
struct methods {
	struct methods *next;
	int count;
	struct method list[];
};
struct ivars {
	int count;
	struct {
		const char *name, *type;
		int offset;
	} list[];
};
struct class {
	struct class *isa;
	void *super; // its name, until resolved
	const char *name;
	long version;
	unsigned long info;
	long size; // less than zero: what it adds to that of super
	struct ivars *ivars;
	struct methods *methods;
	void *unused[5];
	long abi;
	int **offsets;
};
struct selector {
	const char *name, *types;
};
struct module {
	unsigned long version, size;
	const char *name;
	struct {
		unsigned long selectors;
		struct selector *refs;
		unsigned short classes, categories;
		void *definitions[];
	} *symbols;
};
struct slot {
	void *owner, *cached;
	const char *types;
	int version;
	void (*imp)(void);
};
struct object {
	struct class *isa;
};

enum { RESOLVED = 1 << 20 };

static struct class *classes[64];
static int known, objects;

void __objc_exec_class(struct module *m) {
	for (int i = 0; i < m->symbols->classes; i++) {
		classes[known++] = m->symbols->definitions[i];
	}
}

static void resolve(struct class *c);

void *objc_lookup_class(const char *name) {
	for (int i = 0; i < known; i++) {
		if (strcmp(classes[i]->name, name) == 0) {
			resolve(classes[i]);
			return classes[i];
		}
	}
	MISUSE("no class %s", name);
}

static void resolve(struct class *c) {
	if (c->info & RESOLVED) {
		return;
	}
	c->info |= RESOLVED;
	struct class *super = c->super == NULL ? NULL : objc_lookup_class(c->super);
	c->super = super;
	long base = super == NULL ? (long)sizeof(struct object) : super->size;
	for (int i = 0; c->ivars != NULL && i < c->ivars->count; i++) {
		c->ivars->list[i].offset += (int)base; // code reads one or the other
		*c->offsets[i] = c->ivars->list[i].offset;
	}
	c->size = base - c->size;
	// The class of a class has that of its super for super, and the first in
	// line answers like any object.
	c->isa->info |= RESOLVED;
	c->isa->super = super == NULL ? (void *)c : (void *)super->isa;
}

static struct method *find(struct class *c, const char *name) {
	for (; c != NULL; c = c->super) {
		resolve(c);
		for (struct methods *m = c->methods; m != NULL; m = m->next) {
			for (int i = 0; i < m->count; i++) {
				if (strcmp(m->list[i].name, name) == 0) {
					return &m->list[i];
				}
			}
		}
	}
	return NULL;
}

static long nothing(void) { return 0; }

struct slot *objc_msg_lookup_sender(void **receiver, struct selector *selector, void *sender) {
	static struct slot slots[256];
	static int used;
	(void)sender;
	struct slot *s = &slots[used++ % 256];
	if (*receiver == NULL) { // a message to nobody
		s->imp = (void (*)(void))nothing;
		return s;
	}
	struct object *o = *receiver;
	if (o->isa == NULL) {
		MISUSE("%s to an object that is gone", selector->name);
	}
	struct method *m = find(o->isa, selector->name);
	if (m == NULL) {
		MISUSE("%s does not answer %s", o->isa->name, selector->name);
	}
	s->imp = m->imp;
	return s;
}

int answers(void *object, void *selector) { return find(((struct object *)object)->isa, ((struct selector *)selector)->name) != NULL; }

int is_a(void *object, void *class) {
	for (struct class *c = ((struct object *)object)->isa; c != NULL; c = c->super) {
		if (c == class) {
			return 1;
		}
	}
	return 0;
}

// Blocks (Clang, "Block Implementation Specification").
enum { HEAP = 1 << 24, HELPERS = 1 << 25, GLOBAL = 1 << 28 };
struct block {
	void *isa;
	int flags, references;
	void (*invoke)(void *, ...);
	struct {
		unsigned long reserved, size;
		void (*copy)(void *, void *);
		void (*dispose)(void *);
	} *descriptor;
};
struct class _NSConcreteStackBlock = {.name = "stack block", .info = RESOLVED};
struct class _NSConcreteGlobalBlock = {.name = "global block", .info = RESOLVED};
static struct class heap_block = {.name = "block", .info = RESOLVED};

static struct block *block_kept(struct block *b) {
	if (b->flags & GLOBAL) {
		return b;
	}
	if (b->flags & HEAP) {
		b->references++;
		return b;
	}
	struct block *copy = malloc(b->descriptor->size);
	memcpy(copy, b, b->descriptor->size);
	copy->isa = &heap_block;
	copy->flags |= HEAP;
	copy->references = 1;
	objects++;
	if (b->flags & HELPERS) {
		b->descriptor->copy(copy, b);
	}
	return copy;
}

static void block_dropped(struct block *b) {
	if (!(b->flags & HEAP) || --b->references > 0) {
		return;
	}
	if (b->flags & HELPERS) {
		b->descriptor->dispose(b);
	}
	b->isa = NULL; // kept as a trap: the program is short
	objects--;
}

static int is_block(struct object *o) {
	return o->isa == &_NSConcreteStackBlock || o->isa == &_NSConcreteGlobalBlock || o->isa == &heap_block;
}

// The references of an object lie in front of it. Constants have none.
static long *references(struct object *o) { return strcmp(o->isa->name, "NSConstantString") == 0 ? NULL : (long *)o - 1; }

void *new_object(void *class) {
	struct class *c = class;
	long *p = calloc(1, sizeof(long) + (size_t)c->size);
	*p = 1;
	struct object *o = (struct object *)(p + 1);
	o->isa = c;
	objects++;
	return o;
}

void *kept(void *object) {
	struct object *o = object;
	if (o == NULL) {
		return NULL;
	}
	if (o->isa == NULL) {
		MISUSE("keeping an object that is gone");
	}
	if (is_block(o)) {
		return block_kept(object);
	}
	long *n = references(o);
	if (n != NULL) {
		++*n;
	}
	return o;
}

void dropped(void *object) {
	struct object *o = object;
	if (o == NULL) {
		return;
	}
	if (o->isa == NULL) {
		MISUSE("dropping an object that is gone");
	}
	if (is_block(o)) {
		block_dropped(object);
		return;
	}
	long *n = references(o);
	if (n == NULL || --*n > 0) {
		return;
	}
	for (const char **name = (const char *[]){"gone", ".cxx_destruct", NULL}; *name != NULL; name++) {
		struct method *m = find(o->isa, *name);
		if (m != NULL) {
			struct selector s = {*name, NULL};
			((void (*)(void *, void *))m->imp)(o, &s);
		}
	}
	o->isa = NULL; // kept as a trap
	objects--;
}

static void *later[1024];
static int laters;

void *kept_a_while(void *object) {
	if (laters == 1024) {
		MISUSE("too much is kept for a while");
	}
	return later[laters++] = kept(object);
}

void let_go(void) {
	while (laters > 0) {
		dropped(later[--laters]);
	}
}

int live_objects(void) { return objects; }

// Automatic reference counting (Clang, "Objective-C Automatic Reference Counting", runtime support).
void *objc_retain(void *o) { return kept(o); }
void objc_release(void *o) { dropped(o); }
void *objc_retainBlock(void *o) { return kept(o); }
void *objc_retainAutoreleasedReturnValue(void *o) { return kept(o); }
void *objc_retainAutorelease(void *o) { return kept_a_while(o); }
void *objc_retainAutoreleaseReturnValue(void *o) { return kept_a_while(o); }
void *objc_autoreleaseReturnValue(void *o) {
	kept_a_while(o);
	dropped(o);
	return o;
}
void objc_storeStrong(void **at, void *o) {
	void *before = *at;
	*at = kept(o);
	dropped(before);
}
void objc_enumerationMutation(void *o) { MISUSE("%p changed while it was gone through", o); }
