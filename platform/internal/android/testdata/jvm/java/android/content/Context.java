package android.content;

import android.content.pm.PackageManager;
import harness.Stub;

public class Context {
    public String packageName = "io.example.app";
    public PackageManager packages = new PackageManager();
    public Intent started;

    public PackageManager getPackageManager() {
        Stub.enter("getPackageManager");
        return packages;
    }

    public String getPackageName() {
        Stub.enter("getPackageName");
        return packageName;
    }

    public void startActivity(Intent intent) {
        Stub.enter("startActivity");
        started = intent;
    }
}
