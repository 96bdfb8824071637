// What Go calls of webauth_darwin.m and support_ios.m. Strings are UTF-8 and
// are copied before a function returns.

#ifndef LANYARD_WEBAUTH_H
#define LANYARD_WEBAUTH_H

#include <stdint.h>

// Why a call ended, in the domain "lanyard"; failure.go has the same numbers.
enum {
	LANYARD_NOT_SUPPORTED = 1,
	LANYARD_BAD_ADDRESS = 2,
	LANYARD_NO_WINDOW = 3,
	LANYARD_NOT_STARTED = 4,
	LANYARD_CANCELLED = 5,
	LANYARD_NO_ANSWER = 6,
	LANYARD_NOT_OPENED = 7,
};

// lanyard_session_start shows url until a page leads to scheme. It may be
// called on any thread and returns at once; lanyardEnded follows.
void lanyard_session_start(uint64_t number, const char *url, const char *scheme);

// lanyard_session_cancel takes the page away. A number that is over is ignored.
void lanyard_session_cancel(uint64_t number);

#endif
