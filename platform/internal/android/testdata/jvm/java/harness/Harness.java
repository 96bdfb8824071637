package harness;

import android.app.Activity;
import android.app.NativeActivity;
import android.content.ActivityNotFoundException;
import android.content.Context;
import android.content.Intent;
import android.content.pm.Signature;
import android.net.Uri;
import android.os.Build;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.Security;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Supplier;

/** Runs the C code of the package under a JVM. Each scenario prints a line. */
public final class Harness {
    static final int THROWS = 1, GIVES_NOTHING = 2, KEEPS_THROWING = 3, NO_MEMORY = 4;
    static final String URI = "msauth://io.example.app/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D?code=s3cret&state=abc";
    static final String PAGE = "https://login.example.com/authorize?state=abc";
    static final byte[] SECRET = bytes("the data key, in base64. ".repeat(30)); // more than is wiped at a time
    static final byte[] FOR = bytes("service\0user");

    static native void plan(int nth, int mode);

    static native int count(int mode);

    static native String found();

    static native Answer nativeCall(char what, Context context, String text, byte[] first, byte[] second, byte[] third);

    static native String nativeRedirect(Activity activity);

    static native boolean finishedByFramework();

    static Answer call(char what, Context context, String text, byte[] first, byte[] second, byte[] third) {
        return watched(() -> nativeCall(what, context, text, first, second, third));
    }

    static String redirect(Activity activity) {
        return watched(() -> nativeRedirect(activity));
    }

    private static <T> T watched(Supplier<T> call) {
        Stub.watching = true;
        try {
            return call.get();
        } finally {
            Stub.watching = false;
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void same(Object want, Object got, String what) {
        if (!Objects.equals(want, got)) {
            throw new AssertionError(what + ": got " + got + ", want " + want);
        }
    }

    static void holds(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    /** No reference, exception, frame or memory is left by the last call. */
    static void clean() {
        same("", found(), "afterwards");
    }

    interface Scenario {
        void run() throws Exception;
    }

    static void scenario(String name, Scenario s) {
        Stub.reset();
        StandIn.keys.clear();
        Build.VERSION.SDK_INT = 34;
        plan(0, 0);
        try {
            s.run();
            System.out.println("ok " + name);
        } catch (Throwable t) {
            System.out.println("FAIL " + name + ": " + t);
        }
    }

    /** Runs an operation once for each call it makes, with that call failing. */
    static void withFaults(Scenario operation) throws Exception {
        for (int mode : new int[] {THROWS, GIVES_NOTHING, KEEPS_THROWING, NO_MEMORY}) {
            int nth = 1;
            for (; ; nth++) {
                Stub.reset();
                plan(nth, mode);
                try {
                    operation.run();
                    clean();
                } catch (AssertionError e) {
                    throw new AssertionError("with call " + nth + " failing in mode " + mode + ": " + e.getMessage(), e);
                }
                if (count(mode) < nth) {
                    break;
                }
            }
            holds(nth > (mode == NO_MEMORY ? 0 : 10), "only " + nth + " calls that could fail");
        }
    }

    /** Runs an operation once for each method of Android's that it calls, which throws. */
    static void withThrowingMethods(Scenario operation, String... essential) throws Exception {
        Stub.reset();
        operation.run();
        TreeSet<String> methods = new TreeSet<>(Stub.asked);
        holds(methods.containsAll(Arrays.asList(essential)), "calls only " + methods);
        for (String method : methods) {
            for (Throwable t : new Throwable[] {new SecurityException("hunter2"), new OutOfMemoryError("hunter2"), new Exception("hunter2")}) {
                Stub.reset();
                Stub.plan(method, t);
                try {
                    operation.run();
                    clean();
                } catch (AssertionError e) {
                    throw new AssertionError("with " + method + " throwing " + t.getClass().getName() + ": " + e.getMessage(), e);
                }
            }
        }
    }

    static NativeActivity opened(String uri) {
        NativeActivity a = new NativeActivity();
        a.intent = new Intent("android.intent.action.VIEW", uri == null ? null : Uri.parse(uri));
        return a;
    }

    public static void main(String[] args) {
        System.load(args[0]);
        Security.insertProviderAt(new StandIn(), 1);
        if (args.length > 1) {
            misbehaves(args[1]);
            return;
        }
        redirects();
        browsers();
        apps();
        keys();
    }

    /** Does what must be noticed, and says how it was. */
    static void misbehaves(String which) {
        for (char what : which.toCharArray()) {
            Answer a = call(what, null, null, null, null, null);
            System.out.println(what + " " + found() + (a.failed ? " failed" : ""));
        }
    }

    static void redirects() {
        scenario("redirect: hands the address over and shows the window", () -> {
            NativeActivity a = opened(URI);
            same(URI, redirect(a), "delivered");
            clean();
            holds(a.finished && !finishedByFramework(), "not finished");
            same("io.example.app", a.started.packageName, "started");
            same(0x24000000, a.started.flags, "flags");
        });
        scenario("redirect: takes one after the other", () -> {
            for (int i = 0; i < 300; i++) {
                same(URI + i, redirect(opened(URI + i)), "delivered");
                clean();
            }
        });
        scenario("redirect: takes a link of the web only where the manifest does", () -> {
            // Another app may start the activity with any address, past the filters.
            for (String link : List.of("https://evil.example/sso/acme", "HTTPS://sso.example.com/sso/acme", "http://x/sso/acme")) {
                NativeActivity a = opened(link);
                a.packages.receiver = "android.app.NativeActivity";
                a.packages.receives = "https://sso.example.com/sso/acme";
                same(null, redirect(a), "delivered");
                holds(a.finished && a.started != null, "not finished");
                clean();
            }
            NativeActivity a = opened("https://sso.example.com/sso/acme");
            a.packages.receiver = "android.app.NativeActivity";
            a.packages.receives = "https://sso.example.com/sso/acme";
            same("https://sso.example.com/sso/acme", redirect(a), "delivered");
            clean();
            same("lanyard://sso/acme", redirect(opened("lanyard://sso/acme")), "delivered");
            clean();
            withFaults(() -> {
                NativeActivity b = opened("https://evil.example/sso/acme");
                same(null, redirect(b), "delivered");
                holds(b.finished || finishedByFramework(), "not finished");
            });
        });
        scenario("redirect: survives an activity without an address", () -> {
            NativeActivity a = new NativeActivity();
            same(null, redirect(a), "delivered without an intent");
            holds(a.finished && a.started != null, "without an intent: not finished");
            a = opened(null);
            same(null, redirect(a), "delivered without data");
            holds(a.finished && a.started != null, "without data: not finished");
            a = opened("");
            same(null, redirect(a), "delivered of nothing");
            holds(a.finished && a.started != null, "of nothing: not finished");
            clean();
        });
        scenario("redirect: refuses what is too long, and passes on any character", () -> {
            String longest = "msauth://" + "x".repeat(64 * 1024 - 9);
            same(longest, redirect(opened(longest)), "delivered");
            NativeActivity a = opened(longest + "x");
            same(null, redirect(a), "delivered");
            holds(a.finished && a.started != null, "not finished");
            String odd = "msauth://x/\u0000\ud83d\ude00\ud800\u00e9";
            same(odd, redirect(opened(odd)), "delivered");
            clean();
        });
        scenario("redirect: finishes when the window cannot be shown", () -> {
            NativeActivity a = opened(URI);
            a.packages.launch = null;
            same(URI, redirect(a), "delivered");
            holds(a.finished && a.started == null, "not finished");
            clean();
            for (String method : List.of("getDataString", "addFlags", "startActivity")) {
                Stub.reset();
                Stub.plan(method, new SecurityException("hunter2"));
                a = opened(URI);
                same(method.equals("getDataString") ? null : URI, redirect(a), "delivered");
                holds(a.finished && !finishedByFramework(), "not finished after " + method);
                same(method.equals("startActivity"), a.started == null, "not shown after " + method);
                clean();
            }
        });
        scenario("redirect: finishes whatever fails", () -> {
            Scenario s = () -> {
                NativeActivity a = opened(URI);
                String got = redirect(a);
                holds(got == null || got.equals(URI), "delivered " + got);
                holds(a.finished || finishedByFramework(), "not finished");
            };
            withFaults(s);
            plan(0, 0);
            withThrowingMethods(s, "getIntent", "getDataString", "getPackageManager", "getPackageName",
                    "getLaunchIntentForPackage", "addFlags", "startActivity", "finish");
        });
    }

    static Answer open(Context c) {
        return call('o', c, PAGE, null, null, null);
    }

    static void browsers() {
        scenario("browser: opens a Custom Tab where there are any", () -> {
            Activity a = new Activity();
            a.packages.tabs.add(new Object());
            same("ok", open(a).outcome(), "opening");
            clean();
            same("android.intent.action.VIEW", a.started.action, "action");
            same(PAGE, a.started.data.text, "address");
            same(0, a.started.flags, "flags");
            same("[android.intent.category.BROWSABLE]", a.started.categories.toString(), "categories");
            same("{android.support.customtabs.extra.SESSION=null}", a.started.extras.binders.toString(), "extras");
        });
        scenario("browser: opens a whole browser where there are none", () -> {
            Activity a = new Activity();
            same("ok", open(a).outcome(), "opening");
            clean();
            same(PAGE, a.started.data.text, "address");
            same(null, a.started.extras, "extras");
        });
        scenario("browser: opens a whole browser where a tab cannot be asked for", () -> {
            for (String method : List.of("queryIntentServices", "putBinder", "putExtras")) {
                Stub.reset();
                Stub.plan(method, new SecurityException("hunter2"));
                Activity a = new Activity();
                a.packages.tabs.add(new Object());
                same("ok", open(a).outcome(), method);
                same(PAGE, a.started.data.text, "address");
                clean();
            }
        });
        scenario("browser: begins a task where the context has no window", () -> {
            Context c = new Context();
            same("ok", open(c).outcome(), "opening");
            same(0x10000000, c.started.flags, "flags");
        });
        scenario("browser: says that there is none", () -> {
            Stub.plan("startActivity", new ActivityNotFoundException("No Activity found to handle " + PAGE));
            same("startActivity: android.content.ActivityNotFoundException", open(new Activity()).outcome(), "opening");
            clean();
        });
        scenario("browser: opens none unnoticed whatever fails", () -> {
            Scenario s = () -> {
                Activity a = new Activity();
                a.packages.tabs.add(new Object());
                Answer got = open(a);
                holds(got.failed == (a.started == null), got.outcome());
                holds(!(got.step + got.exception).contains("hunter2"), got.outcome());
                holds(a.started == null || a.started.data.text.equals(PAGE), "a different page");
            };
            withFaults(s);
            plan(0, 0);
            withThrowingMethods(s, "Uri.parse", "addCategory", "queryIntentServices", "putBinder", "putExtras", "startActivity");
        });
    }

    static Answer receives(Context c) {
        return call('r', c, URI, null, null, null);
    }

    static Answer signers() {
        return signers(new Context());
    }

    static Answer signers(Context c) {
        return call('s', c, null, null, null, null);
    }

    static Signature[] signed(String... certificates) {
        return Arrays.stream(certificates).map(Signature::new).toArray(Signature[]::new);
    }

    static void apps() {
        scenario("app: knows whether its manifest has the filter", () -> {
            Context c = new Activity();
            holds(!receives(c).yes, "no filter, and yes");
            c.packages.receives = URI;
            c.packages.receiver = "android.app.NativeActivity";
            holds(receives(c).yes, "a filter, and no");
            c.packages.receiver = "org.golang.app.GoNativeActivity";
            holds(!receives(c).yes, "a filter where nothing is delivered, and yes");
            c.packages.receiver = null;
            Answer a = receives(c);
            holds(!a.yes && !a.failed, "no filter, and yes");
            clean();
        });
        scenario("app: claims no filter whatever fails", () -> {
            Scenario s = () -> {
                Context c = new Activity();
                holds(!receives(c).yes, "yes");
            };
            withFaults(s);
            plan(0, 0);
            withThrowingMethods(s, "Uri.parse", "setPackage", "resolveActivity");
            Context c = new Activity();
            c.packages.receives = URI;
            c.packages.receiver = "android.app.NativeActivity";
            withFaults(() -> holds(!receives(c).yes || !receives(c).failed, "yes, and failed"));
        });
        scenario("app: tells its certificates before Android 9", () -> {
            Build.VERSION.SDK_INT = 27;
            same("[io.example.app, one]", signers().words().toString(), "one");
            Context c = new Context();
            c.packages.history = c.packages.contents = signed("one", "two");
            c.packages.history = signed("one");
            same("[io.example.app, one, two]", signers(c).words().toString(), "several");
            clean();
        });
        scenario("app: tells its certificates since Android 9", () -> {
            Build.VERSION.SDK_INT = 28;
            same("[io.example.app, one]", signers().words().toString(), "one");
            Context c = new Context();
            c.packages.history = signed("first", "second", "third");
            c.packages.contents = signed("third");
            same("[io.example.app, first, second, third]", signers(c).words().toString(), "rotated");
            c.packages.contents = signed("a", "b");
            same("[io.example.app, a, b]", signers(c).words().toString(), "several");
            clean();
        });
        scenario("app: refuses certificates that cannot be", () -> {
            Context c = new Context();
            c.packages.history = new Signature[0];
            same("signatures", signers(c).outcome(), "none");
            c.packages.history = signed("x ".repeat(33).split(" "));
            same("signatures", signers(c).outcome(), "too many");
            c.packages.history = new Signature[] {null};
            same("toByteArray", signers(c).outcome(), "null");
            c.packages.history = signed("x".repeat(2 << 20));
            same("malloc", signers(c).outcome(), "too large");
            c.packageName = "io.ex\u00e4mple";
            same("String", signers(c).outcome(), "package name");
            clean();
        });
        scenario("app: tells no half of its certificates whatever fails", () -> {
            for (int sdk : new int[] {27, 28}) {
                Build.VERSION.SDK_INT = sdk;
                Scenario s = () -> {
                    Answer a = signers();
                    holds(a.failed ? a.parts.isEmpty() : a.words().toString().equals("[io.example.app, one]"), a.outcome() + " " + a.words());
                };
                withFaults(s);
                plan(0, 0);
                withThrowingMethods(s, "getPackageName", "getPackageInfo", "toByteArray");
            }
        });
    }

    static boolean zeros(byte[] all) {
        for (byte b : all) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    static Answer ready() {
        return call('k', null, null, null, null, null);
    }

    static Answer wrap(String alias) {
        return call('w', null, alias, SECRET, FOR, null);
    }

    static Answer unwrap(String alias, List<byte[]> parts, byte[] service) {
        return call('u', null, alias, parts.get(0), parts.get(1), service);
    }

    static Answer remove(String alias) {
        return call('d', null, alias, null, null, null);
    }

    static void keys() {
        scenario("key: wraps and unwraps", () -> {
            Answer one = wrap("a"), two = wrap("a");
            same("ok", one.outcome(), "wrapping");
            clean();
            same(2, one.parts.size(), "parts");
            same(12, one.parts.get(0).length, "nonce");
            same(SECRET.length + 16, one.parts.get(1).length, "sealed");
            holds(!Arrays.equals(one.parts.get(0), two.parts.get(0)), "a nonce was used twice");
            same(1, StandIn.keys.size(), "keys");
            for (Answer a : List.of(one, two)) {
                same(List.of(new String(SECRET, StandardCharsets.UTF_8)), unwrap("a", a.parts, FOR).words(), "unwrapped");
                clean();
            }
        });
        scenario("key: leaves no secret in Java's memory", () -> {
            List<byte[]> parts = wrap("a").parts;
            same(SECRET.length, StandIn.given.length, "given");
            holds(zeros(StandIn.given), "the secret is left after wrapping");
            unwrap("a", parts, FOR);
            same(SECRET.length, StandIn.gave.length, "gave");
            holds(zeros(StandIn.gave), "the secret is left after unwrapping");
        });
        scenario("key: unwraps nothing that was changed", () -> {
            Answer a = wrap("a");
            same("doFinal: javax.crypto.AEADBadTagException", unwrap("a", a.parts, bytes("service\0other")).outcome(), "for another");
            a.parts.get(1)[0] ^= 1;
            same("doFinal: javax.crypto.AEADBadTagException", unwrap("a", a.parts, FOR).outcome(), "changed");
            clean();
        });
        scenario("key: says that it is gone, void or not readable", () -> {
            List<byte[]> parts = wrap("a").parts;
            StandIn.keys.get("a").isVoid = true;
            String isVoid = "init: android.security.keystore.KeyPermanentlyInvalidatedException";
            same(isVoid, unwrap("a", parts, FOR).outcome(), "void");
            same(isVoid, wrap("a").outcome(), "void");
            StandIn.keys.get("a").isUnrecoverable = true;
            String unreadable = "getKey: java.security.UnrecoverableKeyException";
            same(unreadable, unwrap("a", parts, FOR).outcome(), "not readable");
            same(unreadable, wrap("a").outcome(), "not readable");
            StandIn.keys.clear();
            same("no key", unwrap("a", parts, FOR).outcome(), "gone");
            clean();
        });
        scenario("key: is removed, also when it is not there", () -> {
            wrap("a");
            wrap("b");
            same("ok", remove("a").outcome(), "removing");
            same("ok", remove("a").outcome(), "removing again");
            same("[b]", StandIn.keys.keySet().toString(), "keys");
            clean();
        });
        scenario("key: is not there before Android 6", () -> {
            same("ok", ready().outcome(), "with it");
            Security.removeProvider("AndroidKeyStore");
            try {
                same("getInstance: java.security.KeyStoreException", ready().outcome(), "without");
                same("getInstance: java.security.KeyStoreException", wrap("a").outcome(), "wrapping");
                clean();
            } finally {
                Security.insertProviderAt(new StandIn(), 1);
            }
            // Android 4.3 had a keystore, but none for AES.
            Provider old = new Provider("AndroidKeyStore", "1", "") {};
            old.put("KeyStore.AndroidKeyStore", StandIn.Store.class.getName());
            Security.removeProvider("AndroidKeyStore");
            Security.insertProviderAt(old, 1);
            try {
                same("getInstance: java.security.NoSuchAlgorithmException", ready().outcome(), "without AES");
                clean();
            } finally {
                Security.removeProvider("AndroidKeyStore");
                Security.insertProviderAt(new StandIn(), 1);
            }
        });
        scenario("key: gives no half of a secret whatever fails", () -> {
            Scenario wraps = () -> {
                StandIn.keys.clear();
                Answer a = wrap("a");
                holds(a.failed ? a.parts.isEmpty() : a.parts.size() == 2 && a.parts.get(1).length == SECRET.length + 16, a.outcome());
                holds(!(a.step + a.exception).contains("hunter2"), a.outcome());
            };
            withFaults(wraps);
            plan(0, 0);
            withThrowingMethods(wraps, "load", "getKey", "KeyGenerator.init", "generateKey", "Cipher.init", "doFinal", "getIV");
            plan(0, 0);
            Stub.reset();
            StandIn.keys.clear();
            List<byte[]> parts = wrap("a").parts;
            Scenario unwraps = () -> {
                Answer a = unwrap("a", parts, FOR);
                holds(a.failed ? a.parts.isEmpty() : Arrays.equals(SECRET, a.parts.get(0)), a.outcome());
                holds(!(a.step + a.exception).contains("hunter2"), a.outcome());
            };
            withFaults(unwraps);
            plan(0, 0);
            withThrowingMethods(unwraps, "load", "getKey", "Cipher.init", "updateAAD", "doFinal");
            Scenario removes = () -> {
                StandIn.keys.put("b", StandIn.keys.get("a"));
                Answer a = remove("b");
                holds(a.failed == StandIn.keys.containsKey("b"), a.outcome());
            };
            withFaults(removes);
            plan(0, 0);
            withThrowingMethods(removes, "load", "containsAlias", "deleteEntry");
            withFaults(() -> holds(!ready().outcome().contains("hunter2"), "a message"));
            plan(0, 0);
            Stub.reset();
            Stub.plan("load", new SecurityException("hunter2"));
            same("load: java.lang.SecurityException", ready().outcome(), "ready");
            clean();
        });
    }
}
