// What harness.Harness runs: each call of lanyard.h, on a thread that C attaches
// as Go does, and the redirect as the framework calls it.
#include <android/native_activity.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "lanyard.h"

void Lanyard_onRedirect(ANativeActivity *activity, void *state, size_t size);

static int plan_nth, plan_mode;

static jchar delivered[70000];
static int delivered_length = -1, finished;

void lanyardRedirected(uint16_t *uri, int length) {
	memcpy(delivered, uri, (size_t)length * sizeof *uri);
	delivered_length = length;
}

void ANativeActivity_finish(ANativeActivity *activity) {
	(void)activity;
	finished = 1;
}

// job is one call: which, and what with.
typedef struct {
	JavaVM *vm;
	jobject context;
	char what;
	jchar text[2048];
	int length;
	unsigned char first[4096], second[4096], third[4096];
	int first_size, second_size, third_size;
	lanyard_answer answer;
} job;

void *watched_malloc(size_t size);
void watched_free(void *p);

// misbehave does on purpose what the code under test must not, so that it is known to
// be noticed.
static void misbehave(JNIEnv *env, char what) {
	jclass string = (*env)->FindClass(env, "java/lang/String");
	switch (what) {
	case '1': // leaves a reference
		return;
	case '2': // leaves an exception
		(*env)->FindClass(env, "no/such/Class");
		break;
	case '3': // leaves a frame
		(*env)->PushLocalFrame(env, 4);
		break;
	case '4': // leaves memory
		watched_malloc(8);
		break;
	case '5': // gives memory back with a secret in it
	{
		char *p = watched_malloc(8);
		memset(p, 's', 8);
		watched_free(p);
		break;
	}
	case '6': // goes on with an exception pending, which only -Xcheck:jni sees
		(*env)->FindClass(env, "no/such/Class");
		(*env)->GetMethodID(env, string, "length", "()I");
		(*env)->ExceptionClear(env);
		break;
	case '7': // holds more references than it made room for
		(*env)->PushLocalFrame(env, 1);
		for (int i = 0; i < 100; i++) {
			(*env)->NewStringUTF(env, "more");
		}
		(*env)->PopLocalFrame(env, NULL);
		break;
	}
	(*env)->DeleteLocalRef(env, string);
}

static void call(job *j, JNIEnv *env) {
	uintptr_t e = (uintptr_t)env, context = (uintptr_t)j->context;
	switch (j->what) {
	case 'o':
		lanyard_open_url(e, context, j->text, j->length, &j->answer);
		break;
	case 'r':
		lanyard_receives(e, context, j->text, j->length, &j->answer);
		break;
	case 's':
		lanyard_signers(e, context, &j->answer);
		break;
	case 'k':
		lanyard_key_ready(e, &j->answer);
		break;
	case 'w':
		lanyard_key_wrap(e, j->text, j->length, j->first, j->first_size, j->second, j->second_size, &j->answer);
		break;
	case 'u':
		lanyard_key_unwrap(e, j->text, j->length, j->first, j->first_size, j->second, j->second_size, j->third, j->third_size, &j->answer);
		break;
	case 'd':
		lanyard_key_remove(e, j->text, j->length, &j->answer);
		break;
	default:
		misbehave(env, j->what);
	}
}

static void *attached(void *p) {
	job *j = p;
	JNIEnv *env = NULL;
	if ((*j->vm)->AttachCurrentThread(j->vm, (void **)&env, NULL) != JNI_OK) {
		abort();
	}
	faults_begin(env, plan_nth, plan_mode);
	call(j, env);
	faults_end(env);
	(*j->vm)->DetachCurrentThread(j->vm);
	return NULL;
}

static int take(JNIEnv *env, jbyteArray from, unsigned char *to) {
	if (!from) {
		return 0;
	}
	jsize n = (*env)->GetArrayLength(env, from);
	(*env)->GetByteArrayRegion(env, from, 0, n, (jbyte *)to);
	return n;
}

// answered makes a harness.Answer.
static jobject answered(JNIEnv *env, lanyard_answer *a) {
	jclass class = (*env)->FindClass(env, "harness/Answer");
	jmethodID make = (*env)->GetMethodID(env, class, "<init>", "(ZLjava/lang/String;Ljava/lang/String;Z[B)V");
	jbyteArray data = (*env)->NewByteArray(env, (jsize)a->size);
	if (a->size) {
		(*env)->SetByteArrayRegion(env, data, 0, (jsize)a->size, (const jbyte *)a->data);
	}
	jstring step = (*env)->NewStringUTF(env, a->step);
	jstring exception = (*env)->NewStringUTF(env, a->exception);
	return (*env)->NewObject(env, class, make, (jboolean)(a->failed != 0), step, exception, (jboolean)a->yes, data);
}

JNIEXPORT void JNICALL Java_harness_Harness_plan(JNIEnv *env, jclass class, jint nth, jint mode) {
	(void)env;
	(void)class;
	plan_nth = nth;
	plan_mode = mode;
}

JNIEXPORT jint JNICALL Java_harness_Harness_count(JNIEnv *env, jclass class, jint mode) {
	(void)env;
	(void)class;
	return faults_count(mode);
}

JNIEXPORT jstring JNICALL Java_harness_Harness_found(JNIEnv *env, jclass class) {
	(void)class;
	return (*env)->NewStringUTF(env, faults_found());
}

JNIEXPORT jobject JNICALL Java_harness_Harness_nativeCall(JNIEnv *env, jclass class, jchar what, jobject context, jstring text,
	jbyteArray first, jbyteArray second, jbyteArray third) {
	(void)class;
	job *j = calloc(1, sizeof *j);
	(*env)->GetJavaVM(env, &j->vm);
	j->what = (char)what;
	j->context = context ? (*env)->NewGlobalRef(env, context) : NULL;
	if (text) {
		j->length = (*env)->GetStringLength(env, text);
		(*env)->GetStringRegion(env, text, 0, j->length, j->text);
	}
	j->first_size = take(env, first, j->first);
	j->second_size = take(env, second, j->second);
	j->third_size = take(env, third, j->third);

	pthread_t thread;
	if (pthread_create(&thread, NULL, attached, j) != 0) {
		abort();
	}
	pthread_join(thread, NULL);

	if (j->context) {
		(*env)->DeleteGlobalRef(env, j->context);
	}
	jobject result = answered(env, &j->answer);
	lanyard_release(&j->answer);
	faults_memory();
	free(j);
	return result;
}

JNIEXPORT jstring JNICALL Java_harness_Harness_nativeRedirect(JNIEnv *env, jclass class, jobject activity) {
	(void)class;
	ANativeActivity a;
	memset(&a, 0, sizeof a);
	(*env)->GetJavaVM(env, &a.vm);
	a.env = env;
	a.clazz = activity;
	delivered_length = -1;
	finished = 0;
	faults_begin(env, plan_nth, plan_mode);
	Lanyard_onRedirect(&a, NULL, 0);
	faults_end(env);
	faults_memory();
	return delivered_length < 0 ? NULL : (*env)->NewString(env, delivered, delivered_length);
}

JNIEXPORT jboolean JNICALL Java_harness_Harness_finishedByFramework(JNIEnv *env, jclass class) {
	(void)env;
	(void)class;
	return (jboolean)finished;
}
