package android.content.pm;

import harness.Stub;

public class SigningInfo {
    public Signature[] history, contents;

    public boolean hasMultipleSigners() {
        Stub.enter("hasMultipleSigners");
        return contents.length > 1;
    }

    /** Null with several signers, as on Android. */
    public Signature[] getSigningCertificateHistory() {
        Stub.enter("getSigningCertificateHistory");
        return contents.length > 1 ? null : history;
    }

    public Signature[] getApkContentsSigners() {
        Stub.enter("getApkContentsSigners");
        return contents;
    }
}
