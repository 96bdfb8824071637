#pragma once
#import <Foundation/Foundation.h>

@interface UIResponder : NSObject
@end

API_AVAILABLE(ios(2.0))
@interface UIWindow : UIResponder
@property(nonatomic, readonly, getter=isKeyWindow) BOOL keyWindow;
@end

typedef NSInteger UISceneActivationState;
enum {
	UISceneActivationStateUnattached = -1,
	UISceneActivationStateForegroundActive,
	UISceneActivationStateForegroundInactive,
	UISceneActivationStateBackground
};
API_AVAILABLE(ios(13.0))
@interface UIScene : UIResponder
@property(nonatomic, readonly) UISceneActivationState activationState;
@end
API_AVAILABLE(ios(13.0))
@interface UIWindowScene : UIScene
@property(nonatomic, readonly, nonnull) NSArray<UIWindow *> *windows;
@end

API_AVAILABLE(ios(2.0))
@protocol UIApplicationDelegate <NSObject>
@optional
@property(nullable, nonatomic, strong) UIWindow *window API_AVAILABLE(ios(5.0));
@end

typedef NSString *UIApplicationOpenExternalURLOptionsKey;
API_AVAILABLE(ios(2.0))
@interface UIApplication : UIResponder
@property(class, nonatomic, readonly, nonnull) UIApplication *sharedApplication;
@property(nullable, nonatomic, assign) id<UIApplicationDelegate> delegate;
@property(nonatomic, readonly, nonnull) NSSet<UIScene *> *connectedScenes API_AVAILABLE(ios(13.0));
- (void)openURL:(nonnull NSURL *)url
              options:(nonnull NSDictionary<UIApplicationOpenExternalURLOptionsKey, id> *)options
    completionHandler:(void (^_Nullable)(BOOL success))completion API_AVAILABLE(ios(10.0));
@end

API_AVAILABLE(ios(2.0))
@interface UIDevice : NSObject
@property(class, nonatomic, readonly, nonnull) UIDevice *currentDevice;
@property(nonatomic, readonly, strong, nonnull) NSString *name;
@end
