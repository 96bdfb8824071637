// What Go exports to the Objective-C files, and the window they show pages over.

#ifndef LANYARD_ENDED_H
#define LANYARD_ENDED_H

#include <stdint.h>

#import <AuthenticationServices/AuthenticationServices.h>

// lanyardEnded is session.go's. callback is the address that a session ended
// with, or NULL; domain is NULL on success.
extern void lanyardEnded(uint64_t number, char *callback, char *domain, int64_t code);

// lanyard_window returns the window in front, or nil. Main thread only.
ASPresentationAnchor lanyard_window(void) API_AVAILABLE(macos(10.15), ios(13.0));

#endif
