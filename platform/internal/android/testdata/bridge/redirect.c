#include <android/native_activity.h>
#include <string.h>

void Lanyard_onRedirect(ANativeActivity *activity, void *state, size_t size);
void ANativeActivity_finish(ANativeActivity *activity);

JNIEXPORT void JNICALL Java_harness_Bridge_redirect(JNIEnv *env, jclass class, jobject activity) {
	ANativeActivity a;
	(void)class;
	memset(&a, 0, sizeof a);
	(*env)->GetJavaVM(env, &a.vm);
	a.env = env;
	a.clazz = activity;
	Lanyard_onRedirect(&a, NULL, 0);
}

void ANativeActivity_finish(ANativeActivity *activity) { (void)activity; }
