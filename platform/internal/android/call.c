//go:build (android || lanyard_jvm) && cgo

#include "call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// FRAME is more local references than the longest sequence holds at a time.
#define FRAME 64

// LARGEST is more than any certificate or wrapped key has.
#define LARGEST (1 << 20)

void calls_begin(calls *c, JNIEnv *env, lanyard_answer *answer) {
	memset(answer, 0, sizeof *answer);
	c->env = env;
	c->answer = answer;
	c->framed = (*env)->PushLocalFrame(env, FRAME) == JNI_OK;
	if (!calls_check(c, "PushLocalFrame")) {
		return;
	}
	if (!c->framed) {
		calls_fail(c, "PushLocalFrame");
	}
}

void calls_end(calls *c) {
	if (c->framed) {
		(*c->env)->PopLocalFrame(c->env, NULL);
		c->framed = 0;
	}
	if (c->answer->failed) {
		lanyard_release(c->answer);
	}
}

void calls_again(calls *c) {
	c->answer->failed = 0;
	c->answer->step[0] = 0;
	c->answer->exception[0] = 0;
}

void calls_fail(calls *c, const char *step) {
	if (!c->answer->failed) {
		c->answer->failed = 1;
		snprintf(c->answer->step, sizeof c->answer->step, "%s", step);
	}
}

// copy_ascii writes a String into a buffer, with ? for what is not ASCII.
static void copy_ascii(JNIEnv *env, jstring text, char *to, size_t size) {
	jchar units[160];
	jsize n = (*env)->GetStringLength(env, text);
	if (n > (jsize)size - 1) {
		n = (jsize)size - 1;
	}
	if (n > (jsize)(sizeof units / sizeof *units)) {
		n = sizeof units / sizeof *units;
	}
	(*env)->GetStringRegion(env, text, 0, n, units);
	if ((*env)->ExceptionCheck(env)) {
		(*env)->ExceptionClear(env);
		n = 0;
	}
	for (jsize i = 0; i < n; i++) {
		to[i] = units[i] > ' ' && units[i] < 127 ? (char)units[i] : '?';
	}
	to[n] = 0;
}

// name_class writes the name of the class of what was thrown. Without memory
// for that there is none.
static void name_class(JNIEnv *env, jthrowable thrown, char *to, size_t size) {
	jclass class = (*env)->GetObjectClass(env, thrown);
	jclass class_class = class ? (*env)->GetObjectClass(env, class) : NULL;
	jmethodID get_name = class_class ? (*env)->GetMethodID(env, class_class, "getName", "()Ljava/lang/String;") : NULL;
	jstring name = get_name ? (jstring)(*env)->CallObjectMethod(env, class, get_name) : NULL;
	if ((*env)->ExceptionCheck(env)) {
		(*env)->ExceptionClear(env);
		name = NULL;
	}
	if (name) {
		copy_ascii(env, name, to, size);
		(*env)->DeleteLocalRef(env, name);
	} else {
		snprintf(to, size, "java.lang.Throwable");
	}
	if (class_class) {
		(*env)->DeleteLocalRef(env, class_class);
	}
	if (class) {
		(*env)->DeleteLocalRef(env, class);
	}
}

int calls_check(calls *c, const char *step) {
	JNIEnv *env = c->env;
	if ((*env)->ExceptionCheck(env)) {
		jthrowable thrown = (*env)->ExceptionOccurred(env);
		(*env)->ExceptionClear(env);
		if (!c->answer->failed) {
			calls_fail(c, step);
			if (thrown) {
				name_class(env, thrown, c->answer->exception, sizeof c->answer->exception);
			}
		}
		if (thrown) {
			(*env)->DeleteLocalRef(env, thrown);
		}
	}
	return !c->answer->failed;
}

// made checks a result that must not be null.
static int made(calls *c, const void *result, const char *step) {
	if (calls_check(c, step) && !result) {
		calls_fail(c, step);
	}
	return !c->answer->failed;
}

jobject calls_hold(calls *c, uintptr_t context) {
	if (c->answer->failed) {
		return NULL;
	}
	jobject held = (*c->env)->NewLocalRef(c->env, (jobject)context);
	return made(c, held, "NewLocalRef") ? held : NULL;
}

jclass calls_class(calls *c, const char *name) {
	if (c->answer->failed) {
		return NULL;
	}
	jclass class = (*c->env)->FindClass(c->env, name);
	return made(c, class, name) ? class : NULL;
}

jobject calls_new(calls *c, const char *class_name, const char *signature, ...) {
	jclass class = calls_class(c, class_name);
	if (!class) {
		return NULL;
	}
	jobject object = NULL;
	jmethodID method = (*c->env)->GetMethodID(c->env, class, "<init>", signature);
	if (made(c, method, class_name)) {
		va_list args;
		va_start(args, signature);
		object = (*c->env)->NewObjectV(c->env, class, method, args);
		va_end(args);
		if (!made(c, object, class_name)) {
			object = NULL;
		}
	}
	(*c->env)->DeleteLocalRef(c->env, class);
	return object;
}

jobject calls_static(calls *c, const char *class_name, const char *name, const char *signature, ...) {
	jclass class = calls_class(c, class_name);
	if (!class) {
		return NULL;
	}
	jobject object = NULL;
	jmethodID method = (*c->env)->GetStaticMethodID(c->env, class, name, signature);
	if (made(c, method, name)) {
		va_list args;
		va_start(args, signature);
		object = (*c->env)->CallStaticObjectMethodV(c->env, class, method, args);
		va_end(args);
		if (!made(c, object, name)) {
			object = NULL;
		}
	}
	(*c->env)->DeleteLocalRef(c->env, class);
	return object;
}

jint calls_static_int_field(calls *c, const char *class_name, const char *name) {
	jclass class = calls_class(c, class_name);
	if (!class) {
		return 0;
	}
	jint value = 0;
	jfieldID field = (*c->env)->GetStaticFieldID(c->env, class, name, "I");
	if (made(c, field, name)) {
		value = (*c->env)->GetStaticIntField(c->env, class, field);
	}
	(*c->env)->DeleteLocalRef(c->env, class);
	return value;
}

jobject calls_field(calls *c, jobject object, const char *name, const char *signature) {
	if (c->answer->failed || !made(c, object, name)) {
		return NULL;
	}
	jclass class = (*c->env)->GetObjectClass(c->env, object);
	jfieldID field = (*c->env)->GetFieldID(c->env, class, name, signature);
	jobject value = made(c, field, name) ? (*c->env)->GetObjectField(c->env, object, field) : NULL;
	(*c->env)->DeleteLocalRef(c->env, class);
	return value;
}

// method finds a method of an object, or ends the sequence.
static jmethodID method(calls *c, jobject object, const char *name, const char *signature) {
	if (c->answer->failed || !made(c, object, name)) {
		return NULL;
	}
	jclass class = (*c->env)->GetObjectClass(c->env, object);
	jmethodID id = (*c->env)->GetMethodID(c->env, class, name, signature);
	(*c->env)->DeleteLocalRef(c->env, class);
	return made(c, id, name) ? id : NULL;
}

jobject calls_object(calls *c, jobject object, const char *name, const char *signature, ...) {
	jmethodID id = method(c, object, name, signature);
	if (!id) {
		return NULL;
	}
	va_list args;
	va_start(args, signature);
	jobject result = (*c->env)->CallObjectMethodV(c->env, object, id, args);
	va_end(args);
	return calls_check(c, name) ? result : NULL;
}

void calls_void(calls *c, jobject object, const char *name, const char *signature, ...) {
	jmethodID id = method(c, object, name, signature);
	if (!id) {
		return;
	}
	va_list args;
	va_start(args, signature);
	(*c->env)->CallVoidMethodV(c->env, object, id, args);
	va_end(args);
	calls_check(c, name);
}

jint calls_int(calls *c, jobject object, const char *name, const char *signature, ...) {
	jmethodID id = method(c, object, name, signature);
	if (!id) {
		return 0;
	}
	va_list args;
	va_start(args, signature);
	jint result = (*c->env)->CallIntMethodV(c->env, object, id, args);
	va_end(args);
	return calls_check(c, name) ? result : 0;
}

jboolean calls_bool(calls *c, jobject object, const char *name, const char *signature, ...) {
	jmethodID id = method(c, object, name, signature);
	if (!id) {
		return JNI_FALSE;
	}
	va_list args;
	va_start(args, signature);
	jboolean result = (*c->env)->CallBooleanMethodV(c->env, object, id, args);
	va_end(args);
	return calls_check(c, name) && result;
}

jstring calls_word(calls *c, const char *ascii) {
	if (c->answer->failed) {
		return NULL;
	}
	jstring text = (*c->env)->NewStringUTF(c->env, ascii);
	return made(c, text, "NewStringUTF") ? text : NULL;
}

jstring calls_text(calls *c, const uint16_t *text, int length) {
	if (c->answer->failed) {
		return NULL;
	}
	jstring string = (*c->env)->NewString(c->env, text, length);
	return made(c, string, "NewString") ? string : NULL;
}

jbyteArray calls_bytes(calls *c, const unsigned char *bytes, int size) {
	if (c->answer->failed) {
		return NULL;
	}
	jbyteArray array = (*c->env)->NewByteArray(c->env, size);
	if (!made(c, array, "NewByteArray")) {
		return NULL;
	}
	(*c->env)->SetByteArrayRegion(c->env, array, 0, size, (const jbyte *)bytes);
	return calls_check(c, "SetByteArrayRegion") ? array : NULL;
}

void calls_wipe(calls *c, jbyteArray array) {
	static const jbyte zeros[256];
	if (!array) {
		return;
	}
	jsize size = (*c->env)->GetArrayLength(c->env, array);
	for (jsize at = 0; at < size; at += sizeof zeros) {
		jsize n = size - at < (jsize)sizeof zeros ? size - at : (jsize)sizeof zeros;
		(*c->env)->SetByteArrayRegion(c->env, array, at, n, zeros);
		if ((*c->env)->ExceptionCheck(c->env)) {
			(*c->env)->ExceptionClear(c->env); // garbage collection will have to do
			return;
		}
	}
}

// part makes room for one more part and returns where it goes. A block that
// has become too small is wiped before it is given back.
static unsigned char *part(calls *c, jsize size) {
	lanyard_answer *a = c->answer;
	unsigned char *grown = size > LARGEST ? NULL : malloc(a->size + 4 + (size_t)size);
	if (!grown) {
		calls_fail(c, "malloc");
		return NULL;
	}
	size_t before = a->size;
	if (before) {
		memcpy(grown, a->data, before);
	}
	lanyard_release(a);
	a->data = grown;
	a->size = before + 4 + (size_t)size;
	unsigned char *at = grown + before;
	memset(at, 0, 4 + (size_t)size);
	at[0] = (unsigned char)(size >> 24);
	at[1] = (unsigned char)(size >> 16);
	at[2] = (unsigned char)(size >> 8);
	at[3] = (unsigned char)size;
	return at + 4;
}

void calls_answer_bytes(calls *c, jbyteArray array) {
	if (c->answer->failed || !made(c, array, "byte[]")) {
		return;
	}
	jsize size = (*c->env)->GetArrayLength(c->env, array);
	unsigned char *to = part(c, size);
	if (to) {
		(*c->env)->GetByteArrayRegion(c->env, array, 0, size, (jbyte *)to);
		calls_check(c, "GetByteArrayRegion");
	}
}

void calls_answer_word(calls *c, jstring text) {
	if (c->answer->failed || !made(c, text, "String")) {
		return;
	}
	jsize size = (*c->env)->GetStringLength(c->env, text);
	unsigned char *to = part(c, size);
	for (jsize i = 0; to && i < size; i++) {
		jchar unit = 0;
		(*c->env)->GetStringRegion(c->env, text, i, 1, &unit);
		if (!calls_check(c, "GetStringRegion")) {
			return;
		}
		if (unit == 0 || unit > 126) {
			calls_fail(c, "String");
			return;
		}
		to[i] = (unsigned char)unit;
	}
}

void lanyard_release(lanyard_answer *answer) {
	// A compiler may leave out a memset before free; not this.
	volatile unsigned char *p = answer->data;
	for (size_t i = 0; i < answer->size; i++) {
		p[i] = 0;
	}
	free(answer->data);
	answer->data = NULL;
	answer->size = 0;
}
