//go:build (android || lanyard_jvm) && cgo

#include <android/native_activity.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

// LONGEST is more than any answer has, in UTF-16 units. An app that sends more
// is not a browser that comes back.
#define LONGEST (64 * 1024)

// Of android.content.Intent: what lies above our window, a Custom Tab for one,
// is closed, and the window is not made anew.
#define FLAG_ACTIVITY_CLEAR_TOP 0x04000000
#define FLAG_ACTIVITY_SINGLE_TOP 0x20000000

// of_web reports whether an address is http:// or https://, in any letter case.
static int of_web(const jchar *text, jsize length) {
	static const char web[] = "http";
	if (length < (jsize)(sizeof web - 1)) {
		return 0;
	}
	for (size_t i = 0; i < sizeof web - 1; i++) {
		if ((text[i] | 0x20) != web[i]) {
			return 0;
		}
	}
	return 1;
}

// meant reports whether an address is for this app. An app that names the
// activity can start it with any, whatever our filters are. An answer is held
// against the sign-in later, but a link of the web names a server, so it must be
// one that the manifest names too.
static int meant(calls *c, jobject activity, const jchar *text, jsize length) {
	return !of_web(text, length) || redirect_takes(c, activity, text, length);
}

// deliver hands the address that the activity was started with to Go.
static void deliver(calls *c, jobject activity) {
	jobject intent = calls_object(c, activity, "getIntent", "()Landroid/content/Intent;");
	if (!intent) {
		return;
	}
	jstring uri = (jstring)calls_object(c, intent, "getDataString", "()Ljava/lang/String;");
	if (!uri) {
		return;
	}
	jsize length = (*c->env)->GetStringLength(c->env, uri);
	if (length <= 0 || length > LONGEST) {
		return;
	}
	jchar *text = malloc((size_t)length * sizeof *text);
	if (!text) {
		return;
	}
	(*c->env)->GetStringRegion(c->env, uri, 0, length, text);
	if (calls_check(c, "GetStringRegion") && meant(c, activity, text, length)) {
		lanyardRedirected(text, length);
	}
	volatile jchar *p = text; // it holds a code
	for (jsize i = 0; i < length; i++) {
		p[i] = 0;
	}
	free(text);
}

// show brings the app's own window to the front, and starts it where Android
// had ended it.
static void show(calls *c, jobject activity) {
	jobject packages = calls_object(c, activity, "getPackageManager", "()Landroid/content/pm/PackageManager;");
	jstring name = (jstring)calls_object(c, activity, "getPackageName", "()Ljava/lang/String;");
	jobject intent = calls_object(c, packages, "getLaunchIntentForPackage", "(Ljava/lang/String;)Landroid/content/Intent;", name);
	if (!intent) {
		return;
	}
	calls_object(c, intent, "addFlags", "(I)Landroid/content/Intent;", FLAG_ACTIVITY_CLEAR_TOP | FLAG_ACTIVITY_SINGLE_TOP);
	calls_again(c); // better a tab left open than no window
	calls_void(c, activity, "startActivity", "(Landroid/content/Intent;)V", intent);
}

// Lanyard_onRedirect is what android.app.func_name names in AndroidManifest.xml:
// the framework calls it on the main thread when a browser starts the redirect
// activity. Whatever fails, the activity is finished and no exception is left:
// one would end the app.
__attribute__((visibility("default"))) void Lanyard_onRedirect(ANativeActivity *activity, void *state, size_t size) {
	(void)state;
	(void)size;
	lanyard_answer answer;
	calls c;
	jobject self = activity->clazz; // it is the activity, not its class
	calls_begin(&c, activity->env, &answer);
	calls_again(&c); // without a frame Java frees what is left when this returns
	deliver(&c, self);
	calls_again(&c);
	show(&c, self);
	calls_again(&c);
	calls_void(&c, self, "finish", "()V");
	if (answer.failed) {
		ANativeActivity_finish(activity);
	}
	calls_end(&c);
}
