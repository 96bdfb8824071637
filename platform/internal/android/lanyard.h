// What the C files of this package offer to Go, and one function of Go's that
// they call.
#ifndef LANYARD_H
#define LANYARD_H

#include <stddef.h>
#include <stdint.h>

// lanyard_answer is how each of these calls ended.
typedef struct {
	// failed is 0 when everything went well.
	int failed;
	// step is what was called last when something failed, and exception the
	// class that was thrown, or empty. The message is left behind: it may hold
	// an address.
	char step[64];
	char exception[160];
	// yes answers questions.
	int yes;
	// data is malloc'ed: parts, each after its length in four bytes, the
	// highest first. lanyard_release frees it.
	unsigned char *data;
	size_t size;
} lanyard_answer;

// Each call is given a JNIEnv of the thread it runs on, and a Context. Texts
// are UTF-16, as Java has them.

// lanyard_open_url shows an address in a Custom Tab, or in a browser.
void lanyard_open_url(uintptr_t env, uintptr_t context, const uint16_t *url, int length, lanyard_answer *answer);

// lanyard_receives answers yes if the redirect activity is what this app has
// for an address.
void lanyard_receives(uintptr_t env, uintptr_t context, const uint16_t *uri, int length, lanyard_answer *answer);

// lanyard_signers returns the app's package name and then its certificates, in
// the order of the system: with a rotated key the oldest first.
void lanyard_signers(uintptr_t env, uintptr_t context, lanyard_answer *answer);

// lanyard_key_ready fails where keys for AES cannot be made: before Android 6,
// and where the Keystore does not answer.
void lanyard_key_ready(uintptr_t env, lanyard_answer *answer);

// lanyard_key_wrap encrypts with the key of this alias in the Android Keystore,
// which is made when there is none, and returns the nonce and what AES-GCM
// made. associated is additional data.
void lanyard_key_wrap(uintptr_t env, const uint16_t *alias, int alias_length, const unsigned char *plain, int size,
	const unsigned char *associated, int associated_size, lanyard_answer *answer);

// lanyard_key_unwrap is the reverse. Without such a key it fails with a step
// "no key" and no exception.
void lanyard_key_unwrap(uintptr_t env, const uint16_t *alias, int alias_length, const unsigned char *nonce, int nonce_size,
	const unsigned char *sealed, int sealed_size, const unsigned char *associated, int associated_size, lanyard_answer *answer);

// lanyard_key_remove deletes the key. No key is not a failure.
void lanyard_key_remove(uintptr_t env, const uint16_t *alias, int alias_length, lanyard_answer *answer);

// lanyard_release wipes and frees an answer's data.
void lanyard_release(lanyard_answer *answer);

// lanyardRedirected is Go's: it takes the address that an activity was started
// with. It copies, and returns at once.
void lanyardRedirected(uint16_t *uri, int length);

#endif
