// Command bridge is the Go side of package android as a library for a JVM: as on
// Android, Java loads it, Go's runtime starts in there, and Go's threads are
// attached when they call Java.
package main

/*
#include <jni.h>
#include <stdlib.h>

static jint bridge_attach(JavaVM *vm, JNIEnv **env) { return (*vm)->AttachCurrentThread(vm, (void **)env, NULL); }
static void bridge_detach(JavaVM *vm) { (*vm)->DetachCurrentThread(vm); }
static JavaVM *bridge_vm(JNIEnv *env) {
	JavaVM *vm = NULL;
	(*env)->GetJavaVM(env, &vm);
	return vm;
}
static jobject bridge_keep(JNIEnv *env, jobject o) { return (*env)->NewGlobalRef(env, o); }
static void bridge_drop(JNIEnv *env, jobject o) { (*env)->DeleteGlobalRef(env, o); }
static const char *bridge_read(JNIEnv *env, jstring s) { return (*env)->GetStringUTFChars(env, s, NULL); }
static void bridge_free(JNIEnv *env, jstring s, const char *text) { (*env)->ReleaseStringUTFChars(env, s, text); }
static jstring bridge_text(JNIEnv *env, char *s) { return (*env)->NewStringUTF(env, s); }
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/lanyard-sso/lanyard/platform/internal/android"
)

func main() {}

var (
	mu        sync.Mutex
	delivered []string
)

func init() {
	android.Receive(func(uri string) {
		mu.Lock()
		defer mu.Unlock()
		delivered = append(delivered, uri)
	})
}

// onThread attaches a thread of Go's for one call.
func onThread(vm *C.JavaVM, context C.jobject) android.JVM {
	return func(do func(vm, env, context uintptr) error) error {
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var env *C.JNIEnv
			if C.bridge_attach(vm, &env) != C.JNI_OK {
				done <- errors.New("no thread")
				return
			}
			err := do(uintptr(unsafe.Pointer(vm)), uintptr(unsafe.Pointer(env)), uintptr(context))
			C.bridge_detach(vm)
			done <- err
		}()
		return <-done
	}
}

//export Java_harness_Bridge_ask
func Java_harness_Bridge_ask(env *C.JNIEnv, _ C.jclass, context C.jobject, question C.jstring) C.jstring {
	text := C.bridge_read(env, question)
	asked := C.GoString(text)
	C.bridge_free(env, question, text)
	kept := C.bridge_keep(env, context)
	defer C.bridge_drop(env, kept)
	android.Use(onThread(C.bridge_vm(env), kept))

	answer := C.CString(reply(asked))
	defer C.free(unsafe.Pointer(answer))
	return C.bridge_text(env, answer)
}

// reply does what the first word says with the second.
func reply(asked string) string {
	what, with, _ := strings.Cut(asked, " ")
	switch what {
	case "open":
		return fmt.Sprint(android.OpenURL(with))
	case "receives":
		return fmt.Sprint(android.Receives(with))
	case "signers":
		name, certificates, err := android.Signers()
		return fmt.Sprintf("%s %s %v", name, certificates, err)
	case "delivered":
		mu.Lock()
		defer mu.Unlock()
		return fmt.Sprintf("%+q", delivered) // Java reads 😀 another way
	}
	l := android.Locker{Dir: with, Keys: android.Keys{}}
	switch what {
	case "set":
		return fmt.Sprint(l.Set("service", "user", "the data key"))
	case "get":
		secret, err := l.Get("service", "user")
		return fmt.Sprintf("%q %v", secret, err)
	case "remove":
		return fmt.Sprint(l.Remove("service", "user"))
	}
	return "what is " + what + "?"
}
