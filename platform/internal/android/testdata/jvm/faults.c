#include "faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096

static const struct JNINativeInterface_ *real;
static struct JNINativeInterface_ table;

static int planned, planned_mode, calls_made, mallocs_made;
static char found[512];

// References that are alive, with the frame they were made in.
static struct {
	jobject ref;
	int frame;
} alive[MOST];
static int alive_count, frame, frame_refused;

// capacity is how many references each frame was promised to hold.
static int capacity[64];

static void wrong(const char *what) {
	if (!found[0]) {
		snprintf(found, sizeof found, "%s", what);
	}
}

static jobject track(jobject ref) {
	if (ref && alive_count < MOST) {
		alive[alive_count].ref = ref;
		alive[alive_count++].frame = frame;
		int held = 0;
		for (int i = 0; i < alive_count; i++) {
			held += alive[i].frame == frame;
		}
		if (frame && held > capacity[frame % 64]) {
			wrong("more references than a frame was made for");
		}
	}
	return ref;
}

static void untrack_at(int i) { alive[i] = alive[--alive_count]; }

// AWAY calls the real function with the real table: Java that runs meanwhile
// brings native code of its own.
#define AWAY(env, type, expression)         \
	({                                      \
		*(env) = real;                      \
		type away_result = (expression);    \
		*(env) = &table;                    \
		away_result;                        \
	})

// fails reports whether this call is to fail, and throws.
static int fails(JNIEnv *env) {
	calls_made++;
	int now = planned && (planned == calls_made || (planned_mode == KEEPS_THROWING && calls_made > planned));
	if (!now || planned_mode == NO_MEMORY) {
		return 0;
	}
	if (planned_mode != GIVES_NOTHING) {
		*env = real;
		jclass class = real->FindClass(env, "java/lang/OutOfMemoryError");
		real->ThrowNew(env, class, "planned: secret hunter2");
		real->DeleteLocalRef(env, class);
		*env = &table;
	}
	return 1;
}

// quiet is fails for calls that cannot give nothing: those without a result, and
// those with a number.
static int quiet(JNIEnv *env) {
	if (planned_mode == GIVES_NOTHING) {
		calls_made++;
		return 0;
	}
	return fails(env);
}

static jint f_PushLocalFrame(JNIEnv *env, jint n) {
	if (fails(env)) {
		frame_refused = 1;
		return JNI_ERR;
	}
	frame++;
	capacity[frame % 64] = n;
	return real->PushLocalFrame(env, n);
}

static jobject f_PopLocalFrame(JNIEnv *env, jobject result) {
	if (frame == 0) {
		wrong("a frame is popped that was not pushed");
		return NULL;
	}
	for (int i = alive_count - 1; i >= 0; i--) {
		if (alive[i].frame == frame) {
			untrack_at(i);
		}
	}
	frame--;
	return real->PopLocalFrame(env, result);
}

static void f_DeleteLocalRef(JNIEnv *env, jobject ref) {
	for (int i = alive_count - 1; i >= 0; i--) {
		if (alive[i].ref == ref) {
			untrack_at(i);
			real->DeleteLocalRef(env, ref);
			return;
		}
	}
	wrong("a reference is deleted that is not alive");
}

static jthrowable f_ExceptionOccurred(JNIEnv *env) { return track(real->ExceptionOccurred(env)); }
static jclass f_FindClass(JNIEnv *env, const char *name) { return fails(env) ? NULL : track(AWAY(env, jclass, real->FindClass(env, name))); }
static jclass f_GetObjectClass(JNIEnv *env, jobject o) { return track(real->GetObjectClass(env, o)); }
static jmethodID f_GetMethodID(JNIEnv *env, jclass c, const char *n, const char *s) { return fails(env) ? NULL : AWAY(env, jmethodID, real->GetMethodID(env, c, n, s)); }
static jmethodID f_GetStaticMethodID(JNIEnv *env, jclass c, const char *n, const char *s) { return fails(env) ? NULL : AWAY(env, jmethodID, real->GetStaticMethodID(env, c, n, s)); }
static jfieldID f_GetFieldID(JNIEnv *env, jclass c, const char *n, const char *s) { return fails(env) ? NULL : AWAY(env, jfieldID, real->GetFieldID(env, c, n, s)); }
static jfieldID f_GetStaticFieldID(JNIEnv *env, jclass c, const char *n, const char *s) { return fails(env) ? NULL : AWAY(env, jfieldID, real->GetStaticFieldID(env, c, n, s)); }
static jobject f_GetObjectField(JNIEnv *env, jobject o, jfieldID f) { return track(real->GetObjectField(env, o, f)); }
static jobject f_NewObjectV(JNIEnv *env, jclass c, jmethodID m, va_list a) { return fails(env) ? NULL : track(AWAY(env, jobject, real->NewObjectV(env, c, m, a))); }
static jobject f_CallObjectMethodV(JNIEnv *env, jobject o, jmethodID m, va_list a) { return fails(env) ? NULL : track(AWAY(env, jobject, real->CallObjectMethodV(env, o, m, a))); }

static jobject f_CallObjectMethod(JNIEnv *env, jobject o, jmethodID m, ...) {
	va_list a;
	va_start(a, m);
	jobject result = f_CallObjectMethodV(env, o, m, a);
	va_end(a);
	return result;
}

static jobject f_CallStaticObjectMethodV(JNIEnv *env, jclass c, jmethodID m, va_list a) { return fails(env) ? NULL : track(AWAY(env, jobject, real->CallStaticObjectMethodV(env, c, m, a))); }
static jint f_CallIntMethodV(JNIEnv *env, jobject o, jmethodID m, va_list a) { return quiet(env) ? 0 : AWAY(env, jint, real->CallIntMethodV(env, o, m, a)); }
static jboolean f_CallBooleanMethodV(JNIEnv *env, jobject o, jmethodID m, va_list a) { return quiet(env) ? JNI_FALSE : AWAY(env, jboolean, real->CallBooleanMethodV(env, o, m, a)); }

static void f_CallVoidMethodV(JNIEnv *env, jobject o, jmethodID m, va_list a) {
	if (!quiet(env)) {
		*env = real;
		real->CallVoidMethodV(env, o, m, a);
		*env = &table;
	}
}

static jstring f_NewStringUTF(JNIEnv *env, const char *s) { return fails(env) ? NULL : track(real->NewStringUTF(env, s)); }
static jobject f_NewLocalRef(JNIEnv *env, jobject o) { return fails(env) ? NULL : track(real->NewLocalRef(env, o)); }
static jstring f_NewString(JNIEnv *env, const jchar *s, jsize n) { return fails(env) ? NULL : track(real->NewString(env, s, n)); }
static jbyteArray f_NewByteArray(JNIEnv *env, jsize n) { return fails(env) ? NULL : track(real->NewByteArray(env, n)); }
static jobjectArray f_NewObjectArray(JNIEnv *env, jsize n, jclass c, jobject o) { return fails(env) ? NULL : track(real->NewObjectArray(env, n, c, o)); }
static jobject f_GetObjectArrayElement(JNIEnv *env, jobjectArray a, jsize i) { return fails(env) ? NULL : track(real->GetObjectArrayElement(env, a, i)); }

static void f_GetStringRegion(JNIEnv *env, jstring s, jsize at, jsize n, jchar *to) {
	if (!quiet(env)) {
		real->GetStringRegion(env, s, at, n, to);
	}
}

static void f_GetByteArrayRegion(JNIEnv *env, jbyteArray a, jsize at, jsize n, jbyte *to) {
	if (!quiet(env)) {
		real->GetByteArrayRegion(env, a, at, n, to);
	}
}

static void f_SetByteArrayRegion(JNIEnv *env, jbyteArray a, jsize at, jsize n, const jbyte *from) {
	if (!quiet(env)) {
		real->SetByteArrayRegion(env, a, at, n, from);
	}
}

void faults_begin(JNIEnv *env, int nth, int mode) {
	real = *env;
	table = *real;
#define WATCH(name) table.name = f_##name
	WATCH(PushLocalFrame);
	WATCH(PopLocalFrame);
	WATCH(DeleteLocalRef);
	WATCH(ExceptionOccurred);
	WATCH(FindClass);
	WATCH(GetObjectClass);
	WATCH(GetMethodID);
	WATCH(GetStaticMethodID);
	WATCH(GetFieldID);
	WATCH(GetStaticFieldID);
	WATCH(GetObjectField);
	WATCH(NewObjectV);
	WATCH(CallObjectMethodV);
	WATCH(CallObjectMethod);
	WATCH(CallStaticObjectMethodV);
	WATCH(CallIntMethodV);
	WATCH(CallBooleanMethodV);
	WATCH(CallVoidMethodV);
	WATCH(NewStringUTF);
	WATCH(NewLocalRef);
	WATCH(NewString);
	WATCH(NewByteArray);
	WATCH(NewObjectArray);
	WATCH(GetObjectArrayElement);
	WATCH(GetStringRegion);
	WATCH(GetByteArrayRegion);
	WATCH(SetByteArrayRegion);
	// What is not watched could leak unseen, so it must not be used.
	table.NewGlobalRef = NULL;
	table.NewWeakGlobalRef = NULL;
	table.NewObject = NULL;
	table.NewObjectA = NULL;
	table.CallVoidMethod = NULL;
	table.CallObjectMethodA = NULL;
	table.CallStaticObjectMethod = NULL;
	table.GetStringUTFChars = NULL;
	table.GetStringChars = NULL;
	table.GetByteArrayElements = NULL;
	table.GetStaticObjectField = NULL;
	found[0] = 0;
	planned = nth;
	planned_mode = mode;
	calls_made = mallocs_made = alive_count = frame = frame_refused = 0;
	*env = &table;
}

void faults_end(JNIEnv *env) {
	*env = real;
	if (real->ExceptionCheck(env)) {
		real->ExceptionClear(env);
		wrong("an exception is left pending");
	}
	if (frame) {
		wrong("a frame is left pushed");
	}
	// Without a frame Java frees what is left when native code returns to it.
	if (alive_count && !frame_refused) {
		wrong("local references are left");
	}
	planned = 0;
}

int faults_count(int mode) { return mode == NO_MEMORY ? mallocs_made : calls_made; }

const char *faults_found(void) { return found; }

// Memory of the code under test, which is compiled with malloc and free defined
// as these.

typedef struct {
	size_t size;
	size_t pad; // keeps what follows aligned
} block;

static int blocks;

void *watched_malloc(size_t size);
void watched_free(void *p);

void *watched_malloc(size_t size) {
	mallocs_made++;
	if (planned_mode == NO_MEMORY && planned == mallocs_made) {
		return NULL;
	}
	block *b = calloc(1, sizeof *b + size);
	b->size = size;
	blocks++;
	return b + 1;
}

void watched_free(void *p) {
	if (!p) {
		return;
	}
	block *b = (block *)p - 1;
	for (size_t i = 0; i < b->size; i++) {
		if (((unsigned char *)p)[i]) {
			wrong("memory is freed that was not wiped");
			break;
		}
	}
	blocks--;
	free(b);
}

void faults_memory(void) {
	if (blocks) {
		wrong("memory is left");
		blocks = 0;
	}
}
