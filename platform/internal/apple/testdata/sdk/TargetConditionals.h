#pragma once
// For an Apple target clang says which; elsewhere -DTARGET_OS_IPHONE=1 does.
#if defined(__ENVIRONMENT_IPHONE_OS_VERSION_MIN_REQUIRED__)
#define TARGET_OS_IPHONE 1
#elif !defined(TARGET_OS_IPHONE)
#define TARGET_OS_IPHONE 0
#endif
#define TARGET_OS_OSX (!TARGET_OS_IPHONE)
