package android.content.pm;

import harness.Stub;

public class Signature {
    private final byte[] der;

    public Signature(String der) {
        this.der = der.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    public byte[] toByteArray() {
        Stub.enter("toByteArray");
        return der.clone();
    }
}
