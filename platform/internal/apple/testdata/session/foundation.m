// The classes of Foundation that our files use, and the main queue.

#include "fakes.h"

@implementation NSObject
+ (instancetype)alloc {
	return new_object(self);
}
+ (Class)class {
	return self;
}
- (instancetype)init {
	return self;
}
- (BOOL)isKindOfClass:(Class)aClass {
	return is_a(self, aClass);
}
- (BOOL)respondsToSelector:(SEL)aSelector {
	return answers(self, aSelector);
}
@end

// NSString is a constant, or one of these with text of its own.
@implementation NSString
+ (instancetype)stringWithUTF8String:(const char *)text {
	for (const char *p = text; *p != 0; p++) {
		if ((unsigned char)*p == 0xff) { // not UTF-8
			return nil;
		}
	}
	return text_of(text);
}
- (const char *)UTF8String {
	return NULL;
}
- (BOOL)isEqualToString:(NSString *)other {
	return strcmp(self.UTF8String, other.UTF8String) == 0;
}
@end
@implementation NSSimpleCString
- (const char *)UTF8String {
	return bytes;
}
@end
@implementation NSConstantString
@end
@interface Text : NSString
@end
@implementation Text {
@public
	char *text;
}
- (const char *)UTF8String {
	return text;
}
- (void)gone {
	memset(text, '#', strlen(text)); // whoever holds a pointer to it reads this
}
@end
static NSString *string(const char *s) {
	Text *t = [Text alloc];
	t->text = strdup(s);
	return t;
}
NSString *text_of(const char *s) {
	NSString *t = kept_a_while(string(s));
	dropped(t);
	return t;
}

@implementation NSNumber {
@public
	unsigned long value;
}
+ (NSNumber *)numberWithUnsignedLong:(unsigned long)value {
	NSNumber *n = kept_a_while([self alloc]);
	dropped(n);
	n->value = value;
	return n;
}
+ (NSNumber *)numberWithBool:(BOOL)value {
	return [self numberWithUnsignedLong:(unsigned long)value];
}
@end

@implementation NSURL {
	NSString *address;
	BOOL excluded;
}
+ (instancetype)URLWithString:(NSString *)text {
	if (strstr(text.UTF8String, "://") == NULL) {
		return nil;
	}
	NSURL *u = kept_a_while([self alloc]);
	dropped(u);
	u->address = kept(text);
	return u;
}
- (void)gone {
	dropped(address);
}
- (NSString *)absoluteString { // a new one each time, as the real one may
	return text_of(address.UTF8String);
}
- (NSString *)path {
	return text_of(strstr(address.UTF8String, "://") + 3);
}
- (BOOL)setResourceValue:(id)value forKey:(NSURLResourceKey)key error:(NSError **)error {
	printf("resource %s %lu\n", key.UTF8String, ((NSNumber *)value)->value);
	return YES;
}
@end
NSURLResourceKey const NSURLIsExcludedFromBackupKey = @"excluded";

@implementation NSError {
	NSString *kind;
	NSInteger number;
}
- (NSErrorDomain)domain {
	return kind;
}
- (void)setDomain:(NSErrorDomain)domain {
	kind = kept(domain);
}
- (NSInteger)code {
	return number;
}
- (void)setCode:(NSInteger)code {
	number = code;
}
- (void)gone {
	dropped(kind);
}
@end

@implementation NSDictionary
+ (instancetype)dictionary {
	NSDictionary *d = kept_a_while([self alloc]);
	dropped(d);
	return d;
}
+ (instancetype)dictionaryWithObjects:(const id[])objects forKeys:(const id<NSCopying>[])keys count:(NSUInteger)count {
	if (count != 0) {
		MISUSE("only an empty dictionary was wanted");
	}
	return [self dictionary];
}
- (id)objectForKeyedSubscript:(id)key {
	return nil;
}
@end
// NSMutableDictionary knows numbers as keys.
@implementation NSMutableDictionary {
	unsigned long keys[16];
	id values[16];
}
- (id *)at:(NSNumber *)key orFree:(BOOL)orFree {
	for (int i = 0; i < 16; i++) {
		if (values[i] != nil && keys[i] == key->value) {
			return &values[i];
		}
	}
	for (int i = 0; orFree && i < 16; i++) {
		if (values[i] == nil) {
			keys[i] = key->value;
			return &values[i];
		}
	}
	return NULL;
}
- (id)objectForKeyedSubscript:(NSNumber *)key {
	id *at = [self at:key orFree:NO];
	return at == NULL ? nil : kept_a_while(*at);
}
- (void)setObject:(id)object forKeyedSubscript:(NSNumber *)key {
	*[self at:key orFree:YES] = kept(object);
}
- (void)removeObjectForKey:(NSNumber *)key {
	id *at = [self at:key orFree:NO];
	if (at == NULL) {
		MISUSE("nothing to remove");
	}
	id gone = *at;
	*at = nil;
	dropped(gone);
}
@end

// A collection of up to three.
#define COLLECTION                                                                                    \
	{                                                                                                 \
	@public                                                                                           \
		id members[4];                                                                                \
	}                                                                                                 \
	-(NSUInteger)countByEnumeratingWithState : (NSFastEnumerationState *)state objects : (id[])buffer \
	count : (NSUInteger)len {                                                                         \
		static unsigned long never;                                                                   \
		if (state->state++ > 0) {                                                                     \
			return 0;                                                                                 \
		}                                                                                             \
		state->itemsPtr = members;                                                                    \
		state->mutationsPtr = &never;                                                                 \
		NSUInteger n = 0;                                                                             \
		while (members[n] != nil) {                                                                   \
			n++;                                                                                      \
		}                                                                                             \
		return n;                                                                                     \
	}
@implementation NSArray COLLECTION
@end
@implementation NSSet COLLECTION
@end

void put(id collection, id member) {
	id *at = [collection isKindOfClass:[NSArray class]] ? ((NSArray *)collection)->members : ((NSSet *)collection)->members;
	while (*at != nil) {
		at++;
	}
	*at = member;
}

// main_thread is set while the main queue runs, and asked for where Apple asks
// for the main thread.
static BOOL main_thread;
void only_main(const char *what) {
	if (!main_thread) {
		MISUSE("%s off the main thread", what);
	}
}

static struct {
	dispatch_block_t blocks[64];
	int first, last;
} queue;
dispatch_queue_t dispatch_get_main_queue(void) { return (dispatch_queue_t)@"the main queue"; }
void dispatch_async(dispatch_queue_t to, dispatch_block_t block) { queue.blocks[queue.last++] = kept(block); }

void run_main_queue(void) {
	while (queue.first < queue.last) {
		dispatch_block_t block = queue.blocks[queue.first++];
		main_thread = YES;
		block();
		main_thread = NO;
		dropped(block);
		let_go();
	}
	queue.first = queue.last = 0;
}

BOOL opens = YES;
