package harness;

import android.app.Activity;
import android.app.NativeActivity;
import android.content.ActivityNotFoundException;
import android.content.Context;
import android.content.Intent;
import android.content.pm.Signature;
import android.net.Uri;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs Go's side, in the library that Go made. Each answer is a line. */
public final class Bridge {
    static final String PAGE = "https://login.example.com/authorize?state=abc";

    static native String ask(Context context, String question);

    static native void redirect(Activity activity);

    public static void main(String[] args) throws Exception {
        System.load(args[0]);
        Stub.watching = true;
        // The answer has started the process: nothing of Go's but init has run.
        back(args[1] + "?state=cold&code=first");
        Activity a = new Activity();

        say("no keystore", ask(a, "probe"));
        Security.insertProviderAt(new StandIn(), 1);
        say("probe", ask(a, "probe"));
        say("open", ask(a, "open " + PAGE));
        say("page", a.started.data.text);
        say("open a file", ask(a, "open file:///etc/passwd"));
        Stub.plan("startActivity", new ActivityNotFoundException("hunter2"));
        say("no browser", ask(a, "open " + PAGE));
        Stub.reset();

        a.packages.history = new Signature[] {new Signature("a"), new Signature("b"), new Signature("c")};
        say("signers", ask(a, "signers"));
        say("begin", ask(a, "begin one"));
        a.packages.receiver = "android.app.NativeActivity";
        a.packages.receives = args[1];
        String uri = ask(a, "begin two");
        say("begin", uri);
        back(uri + "?state=other&code=stray");
        back(uri + "?state=two&code=\ud83d\ude00");
        say("wait", ask(a, "wait two"));
        say("resume", ask(a, "resume cold " + uri));
        say("wait", ask(a, "wait cold"));
        say("resume", ask(a, "resume four http://localhost:4711"));
        back("lanyard://sso/acme");
        say("link", ask(a, "link"));

        say("load", ask(a, "load"));
        say("create", ask(a, "create"));
        say("load", ask(a, "load"));
        StandIn.keys.values().iterator().next().isVoid = true;
        say("void", ask(a, "load"));
        say("keys", StandIn.keys.toString());
        say("create", ask(a, "create"));
        Stub.plan("getKey", new java.security.ProviderException("hunter2"));
        say("no answer", ask(a, "load"));
        Stub.reset();
        say("load", ask(a, "load"));
        say("delete", ask(a, "delete"));
        say("delete", ask(a, "delete"));
        say("keys", StandIn.keys.toString());

        // Many at once, while garbage is collected.
        List<Thread> all = new ArrayList<>();
        AtomicInteger right = new AtomicInteger();
        for (int i = 0; i < 8; i++) {
            all.add(new Thread(() -> {
                for (int n = 0; n < 50; n++) {
                    Activity mine = new Activity();
                    if (ask(mine, "signers").equals("io.example.app [one] <nil>")) {
                        right.incrementAndGet();
                    }
                }
            }));
        }
        all.forEach(Thread::start);
        System.gc();
        for (Thread t : all) {
            t.join();
        }
        say("right", right.toString());
    }

    /** back is the browser's coming back. */
    static void back(String uri) {
        NativeActivity redirected = new NativeActivity();
        redirected.intent = new Intent("android.intent.action.VIEW", Uri.parse(uri));
        redirect(redirected);
    }

    static void say(String what, String answer) {
        System.out.println("- " + what + ": " + answer);
    }
}
