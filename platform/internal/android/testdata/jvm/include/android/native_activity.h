// What redirect.c needs of Android's header of this name, for the JVM of a desktop.
#ifndef ANDROID_NATIVE_ACTIVITY_H
#define ANDROID_NATIVE_ACTIVITY_H

#include <jni.h>

typedef struct ANativeActivity {
	void *callbacks;
	JavaVM *vm;
	JNIEnv *env;
	jobject clazz;
} ANativeActivity;

void ANativeActivity_finish(ANativeActivity *activity);

#endif
