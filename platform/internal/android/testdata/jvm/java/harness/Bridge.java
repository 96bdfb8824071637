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
    static native String ask(Context context, String question);

    static native void redirect(Activity activity);

    public static void main(String[] args) throws Exception {
        System.load(args[0]);
        String dir = args[1];
        Security.insertProviderAt(new StandIn(), 1);
        Stub.watching = true;
        Activity a = new Activity();

        say("open", ask(a, "open https://login.example.com/?a=\u00e9"));
        say("page", a.started.data.text);
        Stub.plan("startActivity", new ActivityNotFoundException("hunter2"));
        say("no browser", ask(a, "open https://login.example.com/"));
        Stub.reset();

        say("receives", ask(a, "receives msauth://x/y"));
        a.packages.receives = "msauth://x/y";
        a.packages.receiver = "android.app.NativeActivity";
        say("receives", ask(a, "receives msauth://x/y"));
        a.packages.history = new Signature[] {new Signature("a"), new Signature("b"), new Signature("c")};
        say("signers", ask(a, "signers"));

        say("get", ask(a, "get " + dir));
        say("set", ask(a, "set " + dir));
        say("get", ask(a, "get " + dir));
        StandIn.keys.values().iterator().next().isVoid = true;
        say("void", ask(a, "get " + dir));
        say("set", ask(a, "set " + dir));
        say("get", ask(a, "get " + dir));
        say("remove", ask(a, "remove " + dir));
        say("keys", StandIn.keys.toString());

        NativeActivity back = new NativeActivity();
        back.intent = new Intent("android.intent.action.VIEW", Uri.parse("msauth://x/y?code=\ud83d\ude00"));
        redirect(back);
        say("delivered", ask(a, "delivered"));

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

    static void say(String what, String answer) {
        System.out.println("- " + what + ": " + answer);
    }
}
