package android.content;

import android.net.Uri;
import android.os.Bundle;
import harness.Stub;
import java.util.Set;
import java.util.TreeSet;

public class Intent {
    public String action, packageName;
    public Uri data;
    public int flags;
    public Bundle extras;
    public Set<String> categories = new TreeSet<>();

    public Intent(String action) {
        Stub.enter("Intent");
        this.action = action;
    }

    public Intent(String action, Uri data) {
        this(action);
        this.data = data;
    }

    public String getDataString() {
        Stub.enter("getDataString");
        return data == null ? null : data.text;
    }

    public Intent addCategory(String category) {
        Stub.enter("addCategory");
        categories.add(category);
        return this;
    }

    public Intent addFlags(int more) {
        Stub.enter("addFlags");
        flags |= more;
        return this;
    }

    public Intent setPackage(String name) {
        Stub.enter("setPackage");
        packageName = name;
        return this;
    }

    public Intent putExtras(Bundle more) {
        Stub.enter("putExtras");
        extras = more;
        return this;
    }
}
