// The type that native_activity.h needs of Android's header of this name.
#ifndef ANDROID_RECT_H
#define ANDROID_RECT_H

#include <stdint.h>

typedef struct ARect {
	int32_t left, top, right, bottom;
} ARect;

#endif
