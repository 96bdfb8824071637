package android.net;

import harness.Stub;

public class Uri {
    public final String text;

    private Uri(String text) {
        this.text = text;
    }

    public static Uri parse(String text) {
        Stub.enter("Uri.parse");
        return new Uri(text);
    }
}
