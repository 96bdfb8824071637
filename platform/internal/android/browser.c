//go:build (android || lanyard_jvm) && cgo

#include "call.h"

// Constants of android.content.Intent and android.content.pm.PackageManager,
// and of androidx.browser's CustomTabsIntent and CustomTabsService.
#define ACTION_VIEW "android.intent.action.VIEW"
#define CATEGORY_BROWSABLE "android.intent.category.BROWSABLE"
#define FLAG_ACTIVITY_NEW_TASK 0x10000000
#define MATCH_DEFAULT_ONLY 0x00010000
#define GET_SIGNATURES 0x00000040
#define GET_SIGNING_CERTIFICATES 0x08000000
#define CUSTOM_TABS_SERVICE "android.support.customtabs.action.CustomTabsService"
#define CUSTOM_TABS_SESSION "android.support.customtabs.extra.SESSION"

// API_SIGNING_CERTIFICATES is Android 9, from which an app's certificates are
// told with those it was signed with before.
#define API_SIGNING_CERTIFICATES 28

// MOST_SIGNERS is more than Android lets an app have.
#define MOST_SIGNERS 32

static jobject package_manager(calls *c, jobject context) {
	return calls_object(c, context, "getPackageManager", "()Landroid/content/pm/PackageManager;");
}

static jstring package_name(calls *c, jobject context) {
	return (jstring)calls_object(c, context, "getPackageName", "()Ljava/lang/String;");
}

// view makes an intent to view an address, as browsers are started.
static jobject view(calls *c, const uint16_t *text, int length) {
	jobject uri = calls_static(c, "android/net/Uri", "parse", "(Ljava/lang/String;)Landroid/net/Uri;", calls_text(c, text, length));
	jstring action = calls_word(c, ACTION_VIEW);
	jobject intent = calls_new(c, "android/content/Intent", "(Ljava/lang/String;Landroid/net/Uri;)V", action, uri);
	calls_object(c, intent, "addCategory", "(Ljava/lang/String;)Landroid/content/Intent;", calls_word(c, CATEGORY_BROWSABLE));
	return intent;
}

// prefer_tab makes the intent one for a Custom Tab where a browser has them. A
// session of null asks for a tab without one; a browser that has no Custom Tabs
// ignores the extra.
static void prefer_tab(calls *c, jobject context, jobject intent) {
	jstring action = calls_word(c, CUSTOM_TABS_SERVICE);
	jobject service = calls_new(c, "android/content/Intent", "(Ljava/lang/String;)V", action);
	jobject found = calls_object(c, package_manager(c, context), "queryIntentServices", "(Landroid/content/Intent;I)Ljava/util/List;", service, 0);
	if (!found || calls_int(c, found, "size", "()I") <= 0) {
		return;
	}
	jobject extras = calls_new(c, "android/os/Bundle", "()V");
	calls_void(c, extras, "putBinder", "(Ljava/lang/String;Landroid/os/IBinder;)V", calls_word(c, CUSTOM_TABS_SESSION), NULL);
	calls_object(c, intent, "putExtras", "(Landroid/os/Bundle;)Landroid/content/Intent;", extras);
}

void lanyard_open_url(uintptr_t env, uintptr_t context, const uint16_t *url, int length, lanyard_answer *answer) {
	calls c;
	calls_begin(&c, (JNIEnv *)env, answer);
	jobject self = calls_hold(&c, context);
	jobject intent = view(&c, url, length);
	if (intent && !answer->failed) {
		prefer_tab(&c, self, intent);
		calls_again(&c); // a whole browser will do
		jclass activity = calls_class(&c, "android/app/Activity");
		if (activity && !(*c.env)->IsInstanceOf(c.env, self, activity)) {
			calls_object(&c, intent, "addFlags", "(I)Landroid/content/Intent;", FLAG_ACTIVITY_NEW_TASK);
		}
		calls_void(&c, self, "startActivity", "(Landroid/content/Intent;)V", intent);
	}
	calls_end(&c);
}

int redirect_takes(calls *c, jobject context, const uint16_t *address, int length) {
	jobject intent = view(c, address, length);
	calls_object(c, intent, "setPackage", "(Ljava/lang/String;)Landroid/content/Intent;", package_name(c, context));
	jobject found = calls_object(c, package_manager(c, context), "resolveActivity",
		"(Landroid/content/Intent;I)Landroid/content/pm/ResolveInfo;", intent, MATCH_DEFAULT_ONLY);
	if (!found) {
		return 0;
	}
	// With the filter on Fyne's own activity nothing would be delivered.
	jobject activity = calls_field(c, found, "activityInfo", "Landroid/content/pm/ActivityInfo;");
	jobject name = calls_field(c, activity, "name", "Ljava/lang/String;");
	jstring ours = calls_word(c, "android.app.NativeActivity");
	return calls_bool(c, ours, "equals", "(Ljava/lang/Object;)Z", name);
}

void lanyard_receives(uintptr_t env, uintptr_t context, const uint16_t *uri, int length, lanyard_answer *answer) {
	calls c;
	calls_begin(&c, (JNIEnv *)env, answer);
	jobject self = calls_hold(&c, context);
	answer->yes = redirect_takes(&c, self, uri, length);
	calls_end(&c);
}

// signatures returns the Signature[] of a package as this Android tells it.
static jobjectArray signatures(calls *c, jobject packages, jstring name) {
	int old = calls_static_int_field(c, "android/os/Build$VERSION", "SDK_INT") < API_SIGNING_CERTIFICATES;
	jobject info = calls_object(c, packages, "getPackageInfo", "(Ljava/lang/String;I)Landroid/content/pm/PackageInfo;", name,
		old ? GET_SIGNATURES : GET_SIGNING_CERTIFICATES);
	if (old) {
		return (jobjectArray)calls_field(c, info, "signatures", "[Landroid/content/pm/Signature;");
	}
	jobject signing = calls_field(c, info, "signingInfo", "Landroid/content/pm/SigningInfo;");
	int several = calls_bool(c, signing, "hasMultipleSigners", "()Z");
	return (jobjectArray)calls_object(c, signing, several ? "getApkContentsSigners" : "getSigningCertificateHistory",
		"()[Landroid/content/pm/Signature;");
}

void lanyard_signers(uintptr_t env, uintptr_t context, lanyard_answer *answer) {
	calls c;
	calls_begin(&c, (JNIEnv *)env, answer);
	jobject self = calls_hold(&c, context);
	jstring name = package_name(&c, self);
	calls_answer_word(&c, name);
	jobjectArray all = signatures(&c, package_manager(&c, self), name);
	jsize n = all && !answer->failed ? (*c.env)->GetArrayLength(c.env, all) : 0;
	if (n < 1 || n > MOST_SIGNERS) {
		calls_fail(&c, "signatures");
	}
	for (jsize i = 0; i < n && !answer->failed; i++) {
		jobject one = (*c.env)->GetObjectArrayElement(c.env, all, i);
		if (calls_check(&c, "Signature[]")) {
			jbyteArray certificate = (jbyteArray)calls_object(&c, one, "toByteArray", "()[B");
			calls_answer_bytes(&c, certificate);
			if (certificate) {
				(*c.env)->DeleteLocalRef(c.env, certificate);
			}
		}
		if (one) {
			(*c.env)->DeleteLocalRef(c.env, one);
		}
	}
	calls_end(&c);
}
