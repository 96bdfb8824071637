package harness;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the stand-ins for Android's classes do next, and what they were asked. */
public final class Stub {
    public static final List<String> asked = new ArrayList<>();
    /** Whether the code under test runs, so that calls are its. */
    public static boolean watching;

    private static final Map<String, Throwable> planned = new HashMap<>();

    private Stub() {}

    /** Notes a call, and throws what is planned for it. */
    public static void enter(String method) {
        if (!watching) {
            return;
        }
        asked.add(method);
        Throwable t = planned.get(method);
        if (t != null) {
            Stub.<RuntimeException>sneak(t);
        }
    }

    public static void plan(String method, Throwable t) {
        planned.put(method, t);
    }

    public static void reset() {
        asked.clear();
        planned.clear();
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable t) throws T {
        throw (T) t;
    }
}
