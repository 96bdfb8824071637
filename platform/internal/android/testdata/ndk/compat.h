// Read before every file that is compiled with the stand-in for Android's NDK
// (see ndk_test.go): what Android's own headers take from its C library.
#ifndef COMPAT_H
#define COMPAT_H
#ifndef __ASSEMBLER__

// Annotations of Android's C library: from which version on something is there.
#define __INTRODUCED_IN(version)
#define __INTRODUCED_IN_32(version)
#define __INTRODUCED_IN_64(version)
#define __DEPRECATED_IN(version)
#define __REMOVED_IN(version)
#define __RENAME_IF_FILE_OFFSET64(name)
// Annotations of clang.
#define _Nonnull
#define _Nullable

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// getnameinfo's lengths are size_t on Android, and Go's package net counts on it.
#define getnameinfo getnameinfo_of_linux
#include <netdb.h>
#include <sys/socket.h>
#undef getnameinfo
int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, size_t host_size, char *service, size_t service_size, int flags);

#endif
#endif
