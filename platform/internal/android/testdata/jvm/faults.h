// A table of JNI functions that counts, watches and fails in between the code
// under test and the real one.
#ifndef FAULTS_H
#define FAULTS_H

#include <jni.h>

// How the planned call fails: it throws; it gives nothing without an exception;
// it and all later ones throw, as without memory; or malloc gives nothing.
enum { THROWS = 1, GIVES_NOTHING, KEEPS_THROWING, NO_MEMORY };

// faults_begin puts the table in place on this thread. nth is the call that
// fails, from 1; 0 is none.
void faults_begin(JNIEnv *env, int nth, int mode);

// faults_end takes it away again, and clears and notes an exception that was
// left pending.
void faults_end(JNIEnv *env);

// faults_count is how many calls there were that can fail in that mode.
int faults_count(int mode);

// faults_found describes what was wrong, or is empty.
const char *faults_found(void);

// faults_memory notes memory that has not been freed.
void faults_memory(void);

#endif
