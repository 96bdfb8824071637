package platform

import (
	"context"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform/internal/android"
)

// Browser is how this system opens a browser for a sign-in, and how the
// browser comes back into the app.
type Browser struct {
	// OpenURL shows an address, as the function of that name does.
	OpenURL func(ctx context.Context, url string) error
	// Return prepares the way back for one sign-in. Where the app's own
	// redirect cannot be used it is [Loopback]'s. Ask for the answer in the
	// query (response_mode=query) where RedirectURI is not http://: no form can
	// be posted to an app.
	Return auth.ReturnFunc
	// Resume prepares the way back of a sign-in that an earlier process of the
	// app began, whose answer may already be here. Android ends processes that
	// are not seen, and one that waits for a browser is not. Nil means that a
	// sign-in ends with its process.
	Resume func(ctx context.Context, state, redirectURI string) (auth.Return, error)
}

// JVM runs do on a thread attached to Android's Java virtual machine, and
// detaches it afterwards. env is that thread's JNIEnv, context the
// android.content.Context of the app's window. It waits for do and returns its
// error, or why do was not run.
type JVM func(do func(vm, env, context uintptr) error) error

// UseJVM says how to reach Android's Java, which only the window toolkit knows.
// Call it before anything else of this package. On other systems it changes
// nothing. With Fyne run is
//
//	func(do func(vm, env, context uintptr) error) error {
//		return driver.RunNative(func(native any) error {
//			a, ok := native.(*driver.AndroidContext)
//			if !ok {
//				return errors.New("no Java here")
//			}
//			return do(a.VM, a.Env, a.Ctx)
//		})
//	}
func UseJVM(run JVM) { android.Use(android.JVM(run)) }

// Links returns the links to a workspace (lanyard://…, or https://…/sso/…) that
// the system handed to the app while it ran or to start it. Of those nobody has
// read yet there is only the newest. Whoever made a link may fill in a field
// with it and no more: see auth.ParsePlace. Only Android hands them over here.
func Links() <-chan string { return arrived.links }

// arrived is what the system hands over. There is one for the process, as the
// function that Android calls has no argument of ours.
var arrived = newMailbox()
