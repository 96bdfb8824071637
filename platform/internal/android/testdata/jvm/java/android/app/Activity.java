package android.app;

import android.content.Context;
import android.content.Intent;
import harness.Stub;

public class Activity extends Context {
    public Intent intent;
    public boolean finished;

    public Intent getIntent() {
        Stub.enter("getIntent");
        return intent;
    }

    public void finish() {
        Stub.enter("finish");
        finished = true;
    }
}
