#pragma once
#import <Foundation/Foundation.h>
#include <TargetConditionals.h>

#if TARGET_OS_OSX
@class NSWindow;
typedef NSWindow *ASPresentationAnchor;
#else
@class UIWindow;
typedef UIWindow *ASPresentationAnchor;
#endif

extern NSErrorDomain const _Nonnull ASWebAuthenticationSessionErrorDomain API_AVAILABLE(ios(12.0), macos(10.15));
typedef void (^ASWebAuthenticationSessionCompletionHandler)(NSURL *_Nullable callbackURL, NSError *_Nullable error);

@class ASWebAuthenticationSession;
API_AVAILABLE(ios(13.0), macos(10.15))
@protocol ASWebAuthenticationPresentationContextProviding <NSObject>
- (nonnull ASPresentationAnchor)presentationAnchorForWebAuthenticationSession:(nonnull ASWebAuthenticationSession *)session;
@end

API_AVAILABLE(ios(12.0), macos(10.15))
@interface ASWebAuthenticationSession : NSObject
- (nonnull instancetype)initWithURL:(nonnull NSURL *)URL
                  callbackURLScheme:(nullable NSString *)callbackURLScheme
                  completionHandler:(nonnull ASWebAuthenticationSessionCompletionHandler)completionHandler;
@property(nonatomic, weak, nullable) id<ASWebAuthenticationPresentationContextProviding> presentationContextProvider
    API_AVAILABLE(ios(13.0), macos(10.15));
@property(nonatomic) BOOL prefersEphemeralWebBrowserSession API_AVAILABLE(ios(13.0), macos(10.15));
- (BOOL)start;
- (void)cancel;
@end
