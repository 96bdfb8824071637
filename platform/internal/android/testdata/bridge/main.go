// Command bridge is the Go side of packages platform and android as a library for
// a JVM: as on Android, Java loads it, Go's runtime starts in there, and Go's threads are
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
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/platform/internal/android"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

func main() {}

// begun are the sign-ins that wait for their browser, by state.
var begun = map[string]auth.Return{}

// onThread attaches a thread of Go's for one call.
func onThread(vm *C.JavaVM, window C.jobject) platform.JVM {
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
			err := do(uintptr(unsafe.Pointer(vm)), uintptr(unsafe.Pointer(env)), uintptr(window))
			C.bridge_detach(vm)
			done <- err
		}()
		return <-done
	}
}

//export Java_harness_Bridge_ask
func Java_harness_Bridge_ask(env *C.JNIEnv, _ C.jclass, window C.jobject, question C.jstring) C.jstring {
	text := C.bridge_read(env, question)
	asked := C.GoString(text)
	C.bridge_free(env, question, text)
	kept := C.bridge_keep(env, window)
	defer C.bridge_drop(env, kept)
	platform.UseJVM(onThread(C.bridge_vm(env), kept))

	answer := C.CString(reply(asked))
	defer C.free(unsafe.Pointer(answer))
	return C.bridge_text(env, answer)
}

// reply does what the first word says with the others.
func reply(asked string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	words := append(strings.Fields(asked), "", "")
	b, keys := platform.SystemBrowser(""), platform.Keychain("lanyard")
	switch words[0] {
	case "open":
		return outcome(b.OpenURL(ctx, words[1]))
	case "signers":
		name, certificates, err := android.Signers()
		return fmt.Sprintf("%s %s %v", name, certificates, err)
	case "begin":
		r, err := b.Return(ctx, words[1])
		return waits(words[1], r, err)
	case "resume":
		r, err := b.Resume(ctx, words[1], words[2])
		return waits(words[1], r, err)
	case "wait":
		r := begun[words[1]]
		defer r.Close()
		v, err := r.Wait(ctx)
		return fmt.Sprintf("%+q %s", v.Get("code"), outcome(err)) // Java's UTF-8 is not Go's
	case "link":
		return <-platform.Links()
	case "probe":
		return outcome(platform.ProbeKeychain(ctx))
	case "load":
		_, err := keys.Load(ctx)
		return outcome(err)
	case "create":
		made, err := keys.Create(ctx)
		if err != nil {
			return outcome(err)
		}
		kept, err := keys.Load(ctx)
		if made != kept {
			return "another key"
		}
		return outcome(err)
	case "delete":
		return outcome(keys.Delete(ctx))
	}
	return "what is " + words[0] + "?"
}

func waits(state string, r auth.Return, err error) string {
	if err != nil {
		return outcome(err)
	}
	begun[state] = r
	if strings.HasPrefix(r.RedirectURI(), "http://localhost:") {
		_ = r.Close()
		return "loopback"
	}
	return r.RedirectURI()
}

// outcome is the code of an error and what its causes are.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, sealed.ErrNoKey) {
		return "no key"
	}
	code, _ := problem.Of(err)
	return fmt.Sprint(code, " ", err)
}
