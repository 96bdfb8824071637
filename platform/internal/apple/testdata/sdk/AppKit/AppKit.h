#pragma once
#import <Foundation/Foundation.h>

@interface NSResponder : NSObject
@end
@interface NSWindow : NSResponder
@property(readonly, getter=isVisible) BOOL visible;
@property(readonly) BOOL canBecomeKeyWindow;
@end
@interface NSApplication : NSResponder
@property(nullable, readonly, weak) NSWindow *mainWindow;
@property(nullable, readonly, weak) NSWindow *keyWindow;
@property(readonly, copy, nonnull) NSArray<NSWindow *> *windows;
@end
extern __kindof NSApplication *_Null_unspecified NSApp;
