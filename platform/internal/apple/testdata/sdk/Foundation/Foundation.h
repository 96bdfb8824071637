#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../since.h"

#define nil ((id)0)
#define YES __objc_yes
#define NO __objc_no
#if defined(__LP64__) && !defined(__x86_64__) || TARGET_OS_IPHONE
typedef _Bool BOOL;
#else
typedef signed char BOOL;
#endif
typedef long NSInteger;
typedef unsigned long NSUInteger;

@class NSArray<__covariant ObjectType>;
@class NSDictionary<__covariant KeyType, __covariant ObjectType>;
@class NSError, NSString, NSURL;

typedef struct {
	unsigned long state;
	id __unsafe_unretained _Nullable *_Nullable itemsPtr;
	unsigned long *_Nullable mutationsPtr;
	unsigned long extra[5];
} NSFastEnumerationState;
@protocol NSFastEnumeration
- (NSUInteger)countByEnumeratingWithState:(NSFastEnumerationState *)state
                                  objects:(id __unsafe_unretained _Nullable[_Nonnull])buffer
                                    count:(NSUInteger)len;
@end

@protocol NSObject
- (BOOL)isKindOfClass:(Class)aClass;
- (BOOL)respondsToSelector:(SEL)aSelector;
@end
__attribute__((objc_root_class)) @interface NSObject<NSObject>
+ (instancetype)alloc;
+ (Class)class;
- (instancetype)init;
@end
@protocol NSCopying
@end

@interface NSString : NSObject <NSCopying>
+ (nullable instancetype)stringWithUTF8String:(nonnull const char *)nullTerminatedCString;
@property(nullable, readonly) const char *UTF8String __attribute__((objc_returns_inner_pointer));
- (BOOL)isEqualToString:(nonnull NSString *)aString;
@end
@interface NSSimpleCString : NSString {
	char *bytes;
	int numBytes;
}
@end
@interface NSConstantString : NSSimpleCString
@end

@interface NSNumber : NSObject <NSCopying>
+ (nonnull NSNumber *)numberWithBool:(BOOL)value;
+ (nonnull NSNumber *)numberWithInt:(int)value;
+ (nonnull NSNumber *)numberWithUnsignedLong:(unsigned long)value;
+ (nonnull NSNumber *)numberWithUnsignedLongLong:(unsigned long long)value;
@end

@interface NSArray<__covariant ObjectType> : NSObject <NSFastEnumeration>
@end
@interface NSSet<__covariant ObjectType> : NSObject <NSFastEnumeration>
@end
@interface NSDictionary<__covariant KeyType, __covariant ObjectType> : NSObject
+ (nonnull instancetype)dictionary;
+ (nonnull instancetype)dictionaryWithObjects:(const ObjectType _Nonnull[_Nullable])objects
                                      forKeys:(const KeyType<NSCopying> _Nonnull[_Nullable])keys
                                        count:(NSUInteger)cnt;
- (nullable ObjectType)objectForKeyedSubscript:(nonnull KeyType)key;
@end
@interface NSMutableDictionary<KeyType, ObjectType> : NSDictionary <KeyType, ObjectType>
- (void)setObject:(nullable ObjectType)obj forKeyedSubscript:(nonnull KeyType<NSCopying>)key;
- (void)removeObjectForKey:(nonnull KeyType)aKey;
@end

typedef NSString *NSErrorDomain;
@interface NSError : NSObject
@property(readonly, copy, nonnull) NSErrorDomain domain;
@property(readonly) NSInteger code;
@end

typedef NSString *NSURLResourceKey;
extern _Nonnull NSURLResourceKey const NSURLIsExcludedFromBackupKey API_AVAILABLE(macos(10.8), ios(5.1));
@interface NSURL : NSObject
+ (nullable instancetype)URLWithString:(nonnull NSString *)URLString;
@property(nullable, readonly, copy) NSString *absoluteString;
@property(nullable, readonly, copy) NSString *path;
- (BOOL)setResourceValue:(nullable id)value forKey:(nonnull NSURLResourceKey)key error:(NSError *_Nullable *_Nullable)error
    API_AVAILABLE(macos(10.6), ios(4.0));
@end

typedef NSUInteger NSSearchPathDirectory;
enum { NSApplicationSupportDirectory = 14 };
typedef NSUInteger NSSearchPathDomainMask;
enum { NSUserDomainMask = 1 };
@interface NSFileManager : NSObject
@property(class, readonly, strong, nonnull) NSFileManager *defaultManager;
- (nullable NSURL *)URLForDirectory:(NSSearchPathDirectory)directory
                           inDomain:(NSSearchPathDomainMask)domain
                  appropriateForURL:(nullable NSURL *)url
                             create:(BOOL)shouldCreate
                              error:(NSError *_Nullable *_Nullable)error API_AVAILABLE(macos(10.6), ios(4.0));
@end

typedef void (^dispatch_block_t)(void);
typedef NSObject *dispatch_queue_t;
extern _Nonnull dispatch_queue_t dispatch_get_main_queue(void);
extern void dispatch_async(_Nonnull dispatch_queue_t queue, _Nonnull dispatch_block_t block);
