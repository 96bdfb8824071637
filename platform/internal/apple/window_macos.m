//go:build darwin && !ios && cgo

#import <AppKit/AppKit.h>

#include "ended.h"

ASPresentationAnchor lanyard_window(void) {
	NSWindow *front = NSApp.keyWindow != nil ? NSApp.keyWindow : NSApp.mainWindow;
	if (front != nil) {
		return front;
	}
	// Another app may have been in front when the sign-in began.
	for (NSWindow *window in NSApp.windows) {
		if (window.isVisible && window.canBecomeKeyWindow) {
			return window;
		}
	}
	return nil;
}
