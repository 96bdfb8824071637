//go:build (android || lanyard_jvm) && cgo

#include "call.h"

// The key never leaves the Android Keystore: a Cipher is told to use it. See
// Android developers, "Android Keystore system".
#define PROVIDER "AndroidKeyStore"

// Of android.security.keystore.KeyProperties and javax.crypto.Cipher.
#define PURPOSE_ENCRYPT_AND_DECRYPT 3
#define ENCRYPT_MODE 1
#define DECRYPT_MODE 2

#define KEY_BITS 256
#define TAG_BITS 128

#define BUILDER "Landroid/security/keystore/KeyGenParameterSpec$Builder;"

static jobject open_store(calls *c) {
	jobject store = calls_static(c, "java/security/KeyStore", "getInstance", "(Ljava/lang/String;)Ljava/security/KeyStore;", calls_word(c, PROVIDER));
	calls_void(c, store, "load", "(Ljava/security/KeyStore$LoadStoreParameter;)V", NULL);
	return store;
}

static jobject find_key(calls *c, jstring alias) {
	return calls_object(c, open_store(c), "getKey", "(Ljava/lang/String;[C)Ljava/security/Key;", alias, NULL);
}

// one_word makes a String[] of one.
static jobjectArray one_word(calls *c, const char *word) {
	jstring text = calls_word(c, word);
	jclass class = calls_class(c, "java/lang/String");
	if (!class) {
		return NULL;
	}
	jobjectArray array = (*c->env)->NewObjectArray(c->env, 1, class, text);
	return calls_check(c, "NewObjectArray") ? array : NULL;
}

static jobject new_generator(calls *c) {
	return calls_static(c, "javax/crypto/KeyGenerator", "getInstance",
		"(Ljava/lang/String;Ljava/lang/String;)Ljavax/crypto/KeyGenerator;", calls_word(c, "AES"), calls_word(c, PROVIDER));
}

// make_key makes an AES-256 key for GCM with nonces of the keystore's own. It
// asks for no finger and no screen lock: the app may start in the background,
// and who may use the phone is decided elsewhere.
static jobject make_key(calls *c, jstring alias) {
	jobject b = calls_new(c, "android/security/keystore/KeyGenParameterSpec$Builder", "(Ljava/lang/String;I)V", alias, PURPOSE_ENCRYPT_AND_DECRYPT);
	calls_object(c, b, "setKeySize", "(I)" BUILDER, KEY_BITS);
	calls_object(c, b, "setBlockModes", "([Ljava/lang/String;)" BUILDER, one_word(c, "GCM"));
	calls_object(c, b, "setEncryptionPaddings", "([Ljava/lang/String;)" BUILDER, one_word(c, "NoPadding"));
	calls_object(c, b, "setRandomizedEncryptionRequired", "(Z)" BUILDER, JNI_TRUE);
	jobject spec = calls_object(c, b, "build", "()Landroid/security/keystore/KeyGenParameterSpec;");
	jobject generator = new_generator(c);
	calls_void(c, generator, "init", "(Ljava/security/spec/AlgorithmParameterSpec;)V", spec);
	return calls_object(c, generator, "generateKey", "()Ljavax/crypto/SecretKey;");
}

static jobject new_cipher(calls *c) {
	return calls_static(c, "javax/crypto/Cipher", "getInstance", "(Ljava/lang/String;)Ljavax/crypto/Cipher;", calls_word(c, "AES/GCM/NoPadding"));
}

// run gives a cipher its additional data and the input.
static jbyteArray run(calls *c, jobject cipher, const unsigned char *associated, int associated_size, jbyteArray input) {
	calls_void(c, cipher, "updateAAD", "([B)V", calls_bytes(c, associated, associated_size));
	return (jbyteArray)calls_object(c, cipher, "doFinal", "([B)[B", input);
}

void lanyard_key_ready(uintptr_t env, lanyard_answer *answer) {
	calls c;
	calls_begin(&c, (JNIEnv *)env, answer);
	open_store(&c);
	new_generator(&c);
	calls_end(&c);
}

void lanyard_key_wrap(uintptr_t env, const uint16_t *alias, int alias_length, const unsigned char *plain, int size,
	const unsigned char *associated, int associated_size, lanyard_answer *answer) {
	calls c;
	calls_begin(&c, (JNIEnv *)env, answer);
	jstring name = calls_text(&c, alias, alias_length);
	jobject key = find_key(&c, name);
	if (!key) {
		key = make_key(&c, name);
	}
	jobject cipher = new_cipher(&c);
	calls_void(&c, cipher, "init", "(ILjava/security/Key;)V", ENCRYPT_MODE, key);
	jbyteArray input = calls_bytes(&c, plain, size);
	jbyteArray sealed = run(&c, cipher, associated, associated_size, input);
	calls_wipe(&c, input);
	calls_answer_bytes(&c, (jbyteArray)calls_object(&c, cipher, "getIV", "()[B"));
	calls_answer_bytes(&c, sealed);
	calls_end(&c);
}

void lanyard_key_unwrap(uintptr_t env, const uint16_t *alias, int alias_length, const unsigned char *nonce, int nonce_size,
	const unsigned char *sealed, int sealed_size, const unsigned char *associated, int associated_size, lanyard_answer *answer) {
	calls c;
	calls_begin(&c, (JNIEnv *)env, answer);
	jobject key = find_key(&c, calls_text(&c, alias, alias_length));
	if (!key) {
		calls_fail(&c, "no key");
	}
	jobject cipher = new_cipher(&c);
	jbyteArray iv = calls_bytes(&c, nonce, nonce_size);
	jobject spec = calls_new(&c, "javax/crypto/spec/GCMParameterSpec", "(I[B)V", TAG_BITS, iv);
	calls_void(&c, cipher, "init", "(ILjava/security/Key;Ljava/security/spec/AlgorithmParameterSpec;)V", DECRYPT_MODE, key, spec);
	jbyteArray plain = run(&c, cipher, associated, associated_size, calls_bytes(&c, sealed, sealed_size));
	calls_answer_bytes(&c, plain);
	calls_wipe(&c, plain);
	calls_end(&c);
}

void lanyard_key_remove(uintptr_t env, const uint16_t *alias, int alias_length, lanyard_answer *answer) {
	calls c;
	calls_begin(&c, (JNIEnv *)env, answer);
	jstring name = calls_text(&c, alias, alias_length);
	jobject store = open_store(&c);
	if (calls_bool(&c, store, "containsAlias", "(Ljava/lang/String;)Z", name)) {
		calls_void(&c, store, "deleteEntry", "(Ljava/lang/String;)V", name);
	}
	calls_end(&c);
}
