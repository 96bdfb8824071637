//go:build ios && cgo

#import <UIKit/UIKit.h>

#include "ended.h"

// lanyard_window looks for the key window of a scene in the foreground. An app
// without scenes of its own, as the toolkit makes it, has one scene all the
// same, and its delegate has the window.
ASPresentationAnchor lanyard_window(void) {
	UIWindow *any = nil;
	for (UIScene *scene in UIApplication.sharedApplication.connectedScenes) {
		if (![scene isKindOfClass:[UIWindowScene class]]) {
			continue;
		}
		for (UIWindow *window in ((UIWindowScene *)scene).windows) {
			if (window.isKeyWindow && scene.activationState == UISceneActivationStateForegroundActive) {
				return window;
			}
			if (any == nil || window.isKeyWindow) {
				any = window;
			}
		}
	}
	if (any != nil) {
		return any;
	}
	id<UIApplicationDelegate> delegate = UIApplication.sharedApplication.delegate;
	return [delegate respondsToSelector:@selector(window)] ? delegate.window : nil;
}
