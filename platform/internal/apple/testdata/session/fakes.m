// The classes of Apple's that our files use, and a program that plays the
// system: it reads one command a line and prints what Go would be told.

#import <AuthenticationServices/AuthenticationServices.h>
#import <Foundation/Foundation.h>
#include <TargetConditionals.h>
#include <string.h>
#if TARGET_OS_IPHONE
#import <UIKit/UIKit.h>

#include "../../support_ios.h"
#else
#import <AppKit/AppKit.h>
#endif
#include "../../webauth.h"
#include "runtime.h"

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
	extern NSString *text_of(const char *);
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

@interface NSError ()
@property(copy) NSErrorDomain domain;
@property NSInteger code;
@end
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

// main_thread is set while the main queue runs, and asked for where Apple asks
// for the main thread.
static BOOL main_thread;
static void only_main(const char *what) {
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

static void run_main_queue(void) {
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

static BOOL opens = YES;
#if TARGET_OS_IPHONE

@implementation UIResponder
@end
@implementation UIWindow {
@public
	const char *name;
	BOOL key;
}
- (BOOL)isKeyWindow {
	return key;
}
@end
@implementation UIScene {
@public
	UISceneActivationState activation;
}
- (UISceneActivationState)activationState {
	return activation;
}
@end
@implementation UIWindowScene {
@public
	NSArray *all;
}
- (NSArray<UIWindow *> *)windows {
	return all;
}
@end
@interface Delegate : NSObject <UIApplicationDelegate>
@end
@implementation Delegate {
@public
	UIWindow *window;
}
- (UIWindow *)window {
	return window;
}
- (void)setWindow:(UIWindow *)other {
	window = other;
}
@end

static NSSet *scenes;
static id delegate;
@implementation UIApplication
+ (UIApplication *)sharedApplication {
	static UIApplication *shared;
	only_main("UIApplication");
	if (shared == nil) {
		shared = [self alloc];
	}
	return shared;
}
- (NSSet<UIScene *> *)connectedScenes {
	return scenes;
}
- (id<UIApplicationDelegate>)delegate {
	return delegate;
}
- (void)setDelegate:(id)other {
}
- (void)openURL:(NSURL *)url options:(NSDictionary *)options completionHandler:(void (^)(BOOL))completion {
	printf("open %s\n", url.absoluteString.UTF8String);
	completion(opens);
}
@end
@implementation UIDevice
+ (UIDevice *)currentDevice {
	UIDevice *d = kept_a_while([self alloc]);
	dropped(d);
	return d;
}
- (NSString *)name {
	return text_of("iPhone");
}
@end
@implementation NSFileManager
+ (NSFileManager *)defaultManager {
	NSFileManager *m = kept_a_while([self alloc]);
	dropped(m);
	return m;
}
- (NSURL *)URLForDirectory:(NSSearchPathDirectory)directory
                  inDomain:(NSSearchPathDomainMask)domain
         appropriateForURL:(NSURL *)url
                    create:(BOOL)create
                     error:(NSError **)error {
	printf("folder %lu %lu %d\n", directory, domain, create);
	return opens ? [NSURL URLWithString:text_of("file:///container/Library/Application Support")] : nil;
}
@end

// window makes one in a scene of its own.
static void window(const char *name, const char *how) {
	UIWindow *w = [UIWindow alloc];
	w->name = strdup(name);
	w->key = strstr(how, "key") != NULL;
	UIScene *scene = strstr(how, "other") != NULL ? [UIScene alloc] : [UIWindowScene alloc];
	scene->activation = strstr(how, "front") != NULL ? UISceneActivationStateForegroundActive : UISceneActivationStateBackground;
	if (strstr(how, "delegate") != NULL) {
		delegate = [Delegate alloc];
		((Delegate *)delegate)->window = w;
		return;
	}
	if (strstr(how, "other") == NULL) {
		((UIWindowScene *)scene)->all = [NSArray alloc];
		((UIWindowScene *)scene)->all->members[0] = w;
	}
	if (scenes == nil) {
		scenes = [NSSet alloc];
	}
	int i = 0;
	while (scenes->members[i] != nil) {
		i++;
	}
	scenes->members[i] = scene;
}
typedef UIWindow Window;

#else

@implementation NSResponder
@end
@implementation NSWindow {
@public
	const char *name;
	BOOL visible, keyable;
}
- (BOOL)isVisible {
	return visible;
}
- (BOOL)canBecomeKeyWindow {
	return keyable;
}
@end
@implementation NSApplication {
@public
	NSWindow *keyOne, *mainOne;
	NSArray *all;
}
- (NSWindow *)keyWindow {
	only_main("keyWindow");
	return keyOne;
}
- (NSWindow *)mainWindow {
	return mainOne;
}
- (NSArray<NSWindow *> *)windows {
	return all;
}
@end
NSApplication *NSApp; // nil until the toolkit has made one

static void window(const char *name, const char *how) {
	if (NSApp == nil) {
		NSApp = [NSApplication alloc];
		NSApp->all = [NSArray alloc];
	}
	NSWindow *w = [NSWindow alloc];
	w->name = strdup(name);
	w->visible = strstr(how, "visible") != NULL;
	w->keyable = strstr(how, "keyable") != NULL;
	if (strstr(how, "front") != NULL) {
		NSApp->keyOne = w;
	}
	if (strstr(how, "main") != NULL) {
		NSApp->mainOne = w;
	}
	int i = 0;
	while (NSApp->all->members[i] != nil) {
		i++;
	}
	NSApp->all->members[i] = w;
}
typedef NSWindow Window;
#endif

NSErrorDomain const ASWebAuthenticationSessionErrorDomain = @"com.example.web";
static ASWebAuthenticationSession *shown[8];
static int shows;
static BOOL refuses, calls_back = YES;
@implementation ASWebAuthenticationSession {
@public
	void (^handler)(NSURL *, NSError *);
	id provider;
	BOOL ephemeral;
	NSString *scheme;
}
- (instancetype)initWithURL:(NSURL *)url callbackURLScheme:(NSString *)back completionHandler:(ASWebAuthenticationSessionCompletionHandler)h {
	only_main("a session");
	if (url == nil || h == nil) {
		MISUSE("a session without an address");
	}
	handler = kept(h);
	scheme = kept(back);
	ephemeral = YES; // until told
	printf("session %s for %s\n", url.absoluteString.UTF8String, back.UTF8String);
	return self;
}
- (id)presentationContextProvider {
	return provider;
}
- (void)setPresentationContextProvider:(id)other {
	provider = other;
}
- (BOOL)prefersEphemeralWebBrowserSession {
	return ephemeral;
}
- (void)setPrefersEphemeralWebBrowserSession:(BOOL)value {
	ephemeral = value;
}
- (BOOL)start {
	only_main("start");
	if (ephemeral != NO) {
		MISUSE("cookies are not shared");
	}
	Window *window = (Window *)[provider presentationAnchorForWebAuthenticationSession:self];
	if (refuses) {
		return NO;
	}
	printf("shown over %s\n", window->name);
	shown[shows++] = self; // the system keeps it only in its way: not counted
	return YES;
}
- (void)cancel {
	only_main("cancel");
	printf("taken away\n");
	if (calls_back) {
		NSError *e = [NSError alloc];
		e.domain = ASWebAuthenticationSessionErrorDomain;
		e.code = 1;
		handler(nil, e);
		dropped(e);
	}
}
- (void)gone {
	dropped(handler);
	dropped(scheme);
}
@end

void lanyardEnded(uint64_t number, char *callback, char *domain, int64_t code) {
	only_main("lanyardEnded");
	printf("ended %lu %s %s %ld\n", number, callback == NULL ? "-" : callback, domain == NULL ? "-" : domain, code);
}

// answer ends a session as the system does, on a thread of its own.
static void answer(int which, const char *address, const char *domain, long code) {
	ASWebAuthenticationSession *s = shown[which];
	NSURL *url = strcmp(address, "-") == 0 ? nil : [NSURL URLWithString:text_of(address)];
	NSError *e = nil;
	if (strcmp(domain, "-") != 0) {
		e = [NSError alloc];
		e.domain = strcmp(domain, "web") == 0 ? ASWebAuthenticationSessionErrorDomain : text_of(domain);
		e.code = code;
	}
	kept(s);
	s->handler(url, e);
	dropped(s);
	dropped(e);
	let_go();
}

static void run(char *line) {
	char *w[5] = {"", "", "", "", ""};
	for (int i = 0; i < 5 && line != NULL; i++) {
		w[i] = strsep(&line, " \n");
	}
	if (strcmp(w[0], "start") == 0) {
		char *bad = strstr(w[2], "\\xff");
		if (bad != NULL) {
			*bad = (char)0xff;
		}
		// What Go gives is gone when the call returns.
		char *url = strdup(w[2]), *scheme = strdup(w[3]);
		lanyard_session_start(strtoul(w[1], NULL, 10), url, scheme);
		memset(url, '#', strlen(url));
		memset(scheme, '#', strlen(scheme));
		let_go();
	} else if (strcmp(w[0], "cancel") == 0) {
		lanyard_session_cancel(strtoul(w[1], NULL, 10));
	} else if (strcmp(w[0], "run") == 0) {
		run_main_queue();
	} else if (strcmp(w[0], "answer") == 0) {
		answer(atoi(w[1]), w[2], w[3], atol(w[4]));
	} else if (strcmp(w[0], "window") == 0) {
		window(w[1], w[2]);
	} else if (strcmp(w[0], "refuse") == 0) {
		refuses = YES;
		opens = NO;
	} else if (strcmp(w[0], "silent") == 0) {
		calls_back = NO;
#if TARGET_OS_IPHONE
	} else if (strcmp(w[0], "open") == 0) {
		char *url = strdup(w[2]);
		lanyard_open(strtoul(w[1], NULL, 10), url);
		memset(url, '#', strlen(url));
		let_go();
	} else if (strcmp(w[0], "folder") == 0 || strcmp(w[0], "device") == 0) {
		char *s = *w[0] == 'f' ? lanyard_data_folder() : lanyard_device_name();
		printf("%s\n", s == NULL ? "-" : s);
		free(s);
		let_go();
#endif
	} else if (strcmp(w[0], "objects") == 0) {
		printf("objects %d\n", live_objects());
	} else {
		MISUSE("no command %s", w[0]);
	}
}

int main(void) {
	char line[512];
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin) != NULL) {
		run(line);
	}
	return 0;
}
