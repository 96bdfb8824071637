// The classes of UIKit that our files use.

#import <UIKit/UIKit.h>

#include "fakes.h"

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
void window(const char *name, const char *how) {
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
		put(((UIWindowScene *)scene)->all, w);
	}
	if (scenes == nil) {
		scenes = [NSSet alloc];
	}
	put(scenes, scene);
}

const char *window_name(id window) { return ((UIWindow *)window)->name; }
