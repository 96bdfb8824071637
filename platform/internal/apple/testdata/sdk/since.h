#pragma once
// API_AVAILABLE(macos(10.15), ios(13.0)) as clang understands it.
#ifdef __APPLE__
#define SINCE_macos(v) __attribute__((availability(macos, introduced = v)))
#define SINCE_ios(v) __attribute__((availability(ios, introduced = v)))
#define SINCE_1(a) SINCE_##a
#define SINCE_2(a, b) SINCE_##a SINCE_##b
#define SINCE_PICK(a, b, name, ...) name
#define API_AVAILABLE(...) SINCE_PICK(__VA_ARGS__, SINCE_2, SINCE_1, )(__VA_ARGS__)
#else
#define API_AVAILABLE(...)
#define __builtin_available(...) 1
#endif
