// Calls of Java's methods that stop at the first exception: after one, all
// further calls do nothing, so that a sequence is checked once, at its end.
#ifndef LANYARD_CALL_H
#define LANYARD_CALL_H

#include <jni.h>

#include "lanyard.h"

// calls is one sequence on one thread.
typedef struct {
	JNIEnv *env;
	lanyard_answer *answer;
	int framed;
} calls;

// calls_begin empties the answer and opens a frame for local references, which
// calls_end frees, whatever happened between.
void calls_begin(calls *c, JNIEnv *env, lanyard_answer *answer);
void calls_end(calls *c);

// calls_hold takes a reference of our own to the Context that the toolkit lent.
// It lets go of it whenever the window is shown anew, in the middle of a sequence
// too. Call it first.
jobject calls_hold(calls *c, uintptr_t context);

// calls_again lets a sequence go on after a failure that does not matter.
void calls_again(calls *c);

// calls_fail ends a sequence for a reason that is no exception.
void calls_fail(calls *c, const char *step);

// calls_check clears a pending exception and ends the sequence with it.
// It returns whether the sequence may go on.
int calls_check(calls *c, const char *step);

jclass calls_class(calls *c, const char *name);
jobject calls_new(calls *c, const char *class_name, const char *signature, ...);
jobject calls_static(calls *c, const char *class_name, const char *name, const char *signature, ...);
jint calls_static_int_field(calls *c, const char *class_name, const char *name);
jobject calls_field(calls *c, jobject object, const char *name, const char *signature);

jobject calls_object(calls *c, jobject object, const char *name, const char *signature, ...);
void calls_void(calls *c, jobject object, const char *name, const char *signature, ...);
jint calls_int(calls *c, jobject object, const char *name, const char *signature, ...);
jboolean calls_bool(calls *c, jobject object, const char *name, const char *signature, ...);

// calls_word makes a String of a constant in ASCII, calls_text of UTF-16.
jstring calls_word(calls *c, const char *ascii);
jstring calls_text(calls *c, const uint16_t *text, int length);

jbyteArray calls_bytes(calls *c, const unsigned char *bytes, int size);
// calls_wipe overwrites an array that held a secret, also after a failure.
void calls_wipe(calls *c, jbyteArray array);

// calls_answer appends a part to the answer: an array of bytes, or a String of
// ASCII, such as a package name.
void calls_answer_bytes(calls *c, jbyteArray array);
void calls_answer_word(calls *c, jstring text);

// redirect_takes reports whether the redirect activity is what this app's
// manifest has for an address. It is in browser.c.
int redirect_takes(calls *c, jobject context, const uint16_t *address, int length);

#endif
