package android.security.keystore;

import harness.Stub;
import java.security.spec.AlgorithmParameterSpec;

public class KeyGenParameterSpec implements AlgorithmParameterSpec {
    public String alias;
    public int purposes, bits;
    public String blockModes = "", paddings = "";
    public boolean randomized, personNeeded;

    public static class Builder {
        private final KeyGenParameterSpec spec = new KeyGenParameterSpec();

        public Builder(String alias, int purposes) {
            Stub.enter("KeyGenParameterSpec.Builder");
            spec.alias = alias;
            spec.purposes = purposes;
        }

        public Builder setKeySize(int bits) {
            Stub.enter("setKeySize");
            spec.bits = bits;
            return this;
        }

        public Builder setBlockModes(String... modes) {
            Stub.enter("setBlockModes");
            spec.blockModes = String.join(",", modes);
            return this;
        }

        public Builder setEncryptionPaddings(String... paddings) {
            Stub.enter("setEncryptionPaddings");
            spec.paddings = String.join(",", paddings);
            return this;
        }

        public Builder setRandomizedEncryptionRequired(boolean required) {
            Stub.enter("setRandomizedEncryptionRequired");
            spec.randomized = required;
            return this;
        }

        public Builder setUserAuthenticationRequired(boolean required) {
            spec.personNeeded = required;
            return this;
        }

        public KeyGenParameterSpec build() {
            Stub.enter("build");
            return spec;
        }
    }
}
