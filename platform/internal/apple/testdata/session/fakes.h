// What the files of this folder share.

#import <AuthenticationServices/AuthenticationServices.h>
#import <Foundation/Foundation.h>
#include <TargetConditionals.h>
#include <string.h>

#include "runtime.h"

NSString *text_of(const char *s);          // for a while
void put(id collection, id member);        // into an NSArray or NSSet, for good
void only_main(const char *what);          // ends the program on another thread
void run_main_queue(void);                 // until it is empty
void window(const char *name, const char *how); // makes one; how is words that it is
const char *window_name(id window);

extern BOOL opens; // whether the system does what it is asked

@interface NSError ()
@property(copy) NSErrorDomain domain;
@property NSInteger code;
@end
