package android

import "sync/atomic"

// JVM runs do on a thread that is attached to the Java virtual machine for as
// long as do runs, and waits for it. env is that thread's JNIEnv, context the
// android.content.Context of the window that is shown. It returns do's error, or
// why do was not run.
type JVM func(do func(vm, env, context uintptr) error) error

// jvm is one for the process, as Java's machine is, and so is what Java calls:
// Lanyard_onRedirect has no argument of ours.
var (
	jvm      atomic.Pointer[JVM]
	receiver atomic.Pointer[func(uri string)]
)

// Use says how to reach Java. It may be called again.
func Use(run JVM) { jvm.Store(&run) }

// Receive names the function that is given each address that the redirect
// activity was started with. It is called on Android's main thread and must not
// block. Name it in an init function: a redirect may start the process.
func Receive(f func(uri string)) { receiver.Store(&f) }

// Ready reports whether there is a way to reach Java, as ErrNoJVM.
func Ready() error {
	if run := jvm.Load(); run == nil || *run == nil {
		return ErrNoJVM
	}
	return nil
}

// onJVM runs do with a JNIEnv and a Context.
func onJVM(do func(env, context uintptr) error) error {
	if err := Ready(); err != nil {
		return err
	}
	return (*jvm.Load())(func(_, env, context uintptr) error {
		if env == 0 || context == 0 {
			return ErrNoJVM
		}
		return do(env, context)
	})
}

// received passes an address on.
func received(uri string) {
	if f := receiver.Load(); f != nil {
		(*f)(uri)
	}
}
