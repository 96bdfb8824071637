//go:build darwin && cgo

#import <AuthenticationServices/AuthenticationServices.h>
#import <Foundation/Foundation.h>

#include "ended.h"
#include "webauth.h"

// LanyardSession is one session and the window that its page is shown over.
API_AVAILABLE(macos(10.15), ios(13.0))
@interface LanyardSession : NSObject <ASWebAuthenticationPresentationContextProviding>
@property(nonatomic, strong) ASWebAuthenticationSession *web;
@property(nonatomic, strong) ASPresentationAnchor window;
@end

@implementation LanyardSession
- (ASPresentationAnchor)presentationAnchorForWebAuthenticationSession:(ASWebAuthenticationSession *)session {
	return self.window;
}
@end

// sessions holds those under way by their number. Only the main thread uses
// it. Who takes a session out of it tells Go, so that Go is told once.
static NSMutableDictionary<NSNumber *, id> *sessions;

static NSString *const ours = @"lanyard";

// finish tells Go how a session ended, unless it was told.
static void finish(uint64_t number, NSURL *callback, NSString *domain, NSInteger code) {
	id session = sessions[@(number)]; // lives until the end of this function
	if (session == nil) {
		return;
	}
	[sessions removeObjectForKey:@(number)];
	NSString *address = domain == nil ? callback.absoluteString : nil;
	lanyardEnded(number, (char *)address.UTF8String, (char *)domain.UTF8String, code);
}

// completed takes what the system says at the end of a session.
static void completed(uint64_t number, NSURL *callback, NSError *error) API_AVAILABLE(macos(10.15), ios(13.0)) {
	if (error != nil) {
		BOOL known = [error.domain isEqualToString:ASWebAuthenticationSessionErrorDomain];
		finish(number, nil, known ? @"ASWebAuthenticationSession" : error.domain, error.code);
	} else if (callback == nil) {
		finish(number, nil, ours, LANYARD_NO_ANSWER);
	} else {
		finish(number, callback, nil, 0);
	}
}

static void start(uint64_t number, NSURL *url, NSString *scheme) API_AVAILABLE(macos(10.15), ios(13.0)) {
	LanyardSession *session = sessions[@(number)];
	session.window = lanyard_window();
	if (url == nil || scheme == nil) {
		finish(number, nil, ours, LANYARD_BAD_ADDRESS);
		return;
	}
	if (session.window == nil) {
		finish(number, nil, ours, LANYARD_NO_WINDOW);
		return;
	}
	session.web = [[ASWebAuthenticationSession alloc]
	          initWithURL:url
	    callbackURLScheme:scheme
	    completionHandler:^(NSURL *callback, NSError *error) {
		    // Apple does not say which thread this is.
		    dispatch_async(dispatch_get_main_queue(), ^{
			    completed(number, callback, error);
		    });
	    }];
	session.web.presentationContextProvider = session;
	session.web.prefersEphemeralWebBrowserSession = NO;
	if (![session.web start]) {
		finish(number, nil, ours, LANYARD_NOT_STARTED);
	}
}

void lanyard_session_start(uint64_t number, const char *url, const char *scheme) {
	NSString *address = [NSString stringWithUTF8String:url];
	NSString *back = [NSString stringWithUTF8String:scheme];
	dispatch_async(dispatch_get_main_queue(), ^{
		if (sessions == nil) {
			sessions = [NSMutableDictionary dictionary];
		}
		if (@available(macOS 10.15, iOS 13.0, *)) {
			sessions[@(number)] = [[LanyardSession alloc] init];
			start(number, address == nil ? nil : [NSURL URLWithString:address], back);
		} else {
			sessions[@(number)] = ours;
			finish(number, nil, ours, LANYARD_NOT_SUPPORTED);
		}
	});
}

void lanyard_session_cancel(uint64_t number) {
	// The main queue keeps its order: the session was started before.
	dispatch_async(dispatch_get_main_queue(), ^{
		if (@available(macOS 10.15, iOS 13.0, *)) {
			LanyardSession *session = sessions[@(number)];
			// Told first: the system may call the handler from cancel, or never.
			finish(number, nil, ours, LANYARD_CANCELLED);
			[session.web cancel];
		}
	});
}
