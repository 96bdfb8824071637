package android.os;

import harness.Stub;
import java.util.HashMap;
import java.util.Map;

public class Bundle {
    public final Map<String, IBinder> binders = new HashMap<>();

    public void putBinder(String key, IBinder value) {
        Stub.enter("putBinder");
        binders.put(key, value);
    }
}
