package android.content.pm;

import android.content.Intent;
import android.os.Build;
import harness.Stub;
import java.util.ArrayList;
import java.util.List;

public class PackageManager {
    public static class NameNotFoundException extends Exception {}

    /** Browsers with Custom Tabs, and the certificates from old to new. */
    public List<Object> tabs = new ArrayList<>();
    public Signature[] history = {new Signature("one")};
    public Signature[] contents = {new Signature("one")};
    /** What the manifest has for which address. */
    public String receiver, receives;
    public Intent launch = new Intent("launch");

    public Intent getLaunchIntentForPackage(String name) {
        Stub.enter("getLaunchIntentForPackage");
        if (launch != null) {
            launch.packageName = name;
        }
        return launch;
    }

    public List<Object> queryIntentServices(Intent intent, int flags) {
        Stub.enter("queryIntentServices");
        return intent.action.equals("android.support.customtabs.action.CustomTabsService") ? tabs : new ArrayList<>();
    }

    public ResolveInfo resolveActivity(Intent intent, int flags) {
        Stub.enter("resolveActivity");
        boolean asked = intent.action.equals("android.intent.action.VIEW") && flags == 0x10000 &&
                "io.example.app".equals(intent.packageName) && intent.categories.contains("android.intent.category.BROWSABLE");
        if (!asked || receiver == null || !intent.data.text.equals(receives)) {
            return null;
        }
        ResolveInfo found = new ResolveInfo();
        found.activityInfo = new ActivityInfo();
        found.activityInfo.name = receiver;
        return found;
    }

    public PackageInfo getPackageInfo(String name, int flags) throws NameNotFoundException {
        Stub.enter("getPackageInfo");
        if (!name.equals("io.example.app")) {
            throw new NameNotFoundException();
        }
        PackageInfo info = new PackageInfo();
        if (flags == 0x08000000 && Build.VERSION.SDK_INT >= 28) {
            info.signingInfo = new SigningInfo();
            info.signingInfo.history = history;
            info.signingInfo.contents = contents;
        }
        if (flags == 0x40) {
            info.signatures = history.length > 1 ? new Signature[] {history[0]} : contents;
        }
        return info;
    }
}
