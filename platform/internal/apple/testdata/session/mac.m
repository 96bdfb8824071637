// The classes of AppKit that our files use.

#import <AppKit/AppKit.h>

#include "fakes.h"

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

void window(const char *name, const char *how) {
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
	put(NSApp->all, w);
}

const char *window_name(id window) { return ((NSWindow *)window)->name; }
