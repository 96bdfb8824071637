package harness;

import android.security.keystore.KeyGenParameterSpec;
import android.security.keystore.KeyPermanentlyInvalidatedException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.AlgorithmParameters;
import java.security.InvalidAlgorithmParameterException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyStore;
import java.security.KeyStoreSpi;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.spec.AlgorithmParameterSpec;
import java.util.Collections;
import java.util.Date;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.AEADBadTagException;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.CipherSpi;
import javax.crypto.IllegalBlockSizeException;
import javax.crypto.KeyGeneratorSpi;
import javax.crypto.SecretKey;
import javax.crypto.ShortBufferException;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** A keystore that keeps its keys to itself and is as strict as Android's. */
public final class StandIn extends Provider {
    /** The keys, and those that a change of the screen lock has made void. */
    public static final Map<String, Opaque> keys = new HashMap<>();
    /** What the last cipher was given, and gave. */
    public static byte[] given, gave;

    public StandIn() {
        super("AndroidKeyStore", "1", "stand-in for tests");
        put("KeyStore.AndroidKeyStore", Store.class.getName());
        put("KeyGenerator.AES", Generator.class.getName());
        put("Cipher.AES/GCM/NoPadding", Gcm.class.getName());
        put("Cipher.AES/GCM/NoPadding SupportedKeyClasses", Opaque.class.getName());
    }

    /** A key without bytes. */
    public static final class Opaque implements SecretKey {
        private final SecretKey inside;
        public boolean isVoid, isUnrecoverable;

        Opaque(SecretKey inside) {
            this.inside = inside;
        }

        public String getAlgorithm() {
            return "AES";
        }

        public String getFormat() {
            return null;
        }

        public byte[] getEncoded() {
            return null;
        }
    }

    public static final class Generator extends KeyGeneratorSpi {
        private KeyGenParameterSpec spec;

        protected void engineInit(SecureRandom random) {
            throw new IllegalStateException("a spec is required");
        }

        protected void engineInit(int size, SecureRandom random) {
            throw new IllegalStateException("a spec is required");
        }

        protected void engineInit(AlgorithmParameterSpec given, SecureRandom random) throws InvalidAlgorithmParameterException {
            Stub.enter("KeyGenerator.init");
            spec = (KeyGenParameterSpec) given;
            if (spec.purposes != 3 || spec.bits != 256 || !spec.blockModes.equals("GCM") || !spec.paddings.equals("NoPadding") || !spec.randomized || spec.personNeeded) {
                throw new InvalidAlgorithmParameterException("not the key that was agreed on");
            }
        }

        protected SecretKey engineGenerateKey() {
            Stub.enter("generateKey");
            byte[] raw = new byte[spec.bits / 8];
            new SecureRandom().nextBytes(raw);
            Opaque key = new Opaque(new SecretKeySpec(raw, "AES"));
            keys.put(spec.alias, key);
            return key;
        }
    }

    public static final class Gcm extends CipherSpi {
        private Cipher real;

        protected void engineInit(int mode, Key key, SecureRandom random) throws InvalidKeyException {
            Stub.enter("Cipher.init");
            begin(mode, key, null);
        }

        protected void engineInit(int mode, Key key, AlgorithmParameterSpec spec, SecureRandom random) throws InvalidKeyException, InvalidAlgorithmParameterException {
            Stub.enter("Cipher.init");
            if (mode == Cipher.ENCRYPT_MODE) {
                throw new InvalidAlgorithmParameterException("Caller-provided IV not permitted");
            }
            if (!(spec instanceof GCMParameterSpec) || ((GCMParameterSpec) spec).getTLen() != 128) {
                throw new InvalidAlgorithmParameterException("not a GCMParameterSpec with a tag of 128 bits");
            }
            begin(mode, key, spec);
        }

        protected void engineInit(int mode, Key key, AlgorithmParameters p, SecureRandom random) throws InvalidAlgorithmParameterException {
            throw new InvalidAlgorithmParameterException("not used");
        }

        private void begin(int mode, Key key, AlgorithmParameterSpec spec) throws InvalidKeyException {
            if (!(key instanceof Opaque)) {
                throw new InvalidKeyException("not a key of this keystore");
            }
            if (((Opaque) key).isVoid) {
                throw new KeyPermanentlyInvalidatedException("Key permanently invalidated");
            }
            try {
                real = Cipher.getInstance("AES/GCM/NoPadding", "SunJCE");
                if (spec == null) {
                    real.init(mode, ((Opaque) key).inside);
                } else {
                    real.init(mode, ((Opaque) key).inside, spec);
                }
            } catch (java.security.GeneralSecurityException e) {
                throw new InvalidKeyException(e);
            }
        }

        protected void engineSetMode(String mode) throws NoSuchAlgorithmException {
            throw new NoSuchAlgorithmException(mode);
        }

        protected void engineSetPadding(String padding) {}

        protected int engineGetBlockSize() {
            return 16;
        }

        protected int engineGetOutputSize(int n) {
            return n + 16;
        }

        protected byte[] engineGetIV() {
            Stub.enter("getIV");
            return real.getIV();
        }

        protected AlgorithmParameters engineGetParameters() {
            return real.getParameters();
        }

        protected void engineUpdateAAD(byte[] more, int offset, int n) {
            Stub.enter("updateAAD");
            real.updateAAD(more, offset, n);
        }

        protected byte[] engineUpdate(byte[] in, int offset, int n) {
            return real.update(in, offset, n);
        }

        protected int engineUpdate(byte[] in, int offset, int n, byte[] out, int at) throws ShortBufferException {
            return real.update(in, offset, n, out, at);
        }

        protected byte[] engineDoFinal(byte[] in, int offset, int n) throws IllegalBlockSizeException, BadPaddingException {
            Stub.enter("doFinal");
            try {
                given = in;
                gave = real.doFinal(in, offset, n);
                return gave;
            } catch (AEADBadTagException e) {
                throw new AEADBadTagException("the secret is hunter2"); // its message must go nowhere
            }
        }

        protected int engineDoFinal(byte[] in, int offset, int n, byte[] out, int at) throws ShortBufferException, IllegalBlockSizeException, BadPaddingException {
            return real.doFinal(in, offset, n, out, at);
        }
    }

    public static final class Store extends KeyStoreSpi {
        public void engineLoad(KeyStore.LoadStoreParameter p) {
            Stub.enter("load");
        }

        public void engineLoad(InputStream in, char[] password) {
            throw new IllegalStateException("not used");
        }

        public Key engineGetKey(String alias, char[] password) throws UnrecoverableKeyException {
            Stub.enter("getKey");
            Opaque key = keys.get(alias);
            if (key != null && key.isUnrecoverable) {
                throw new UnrecoverableKeyException("Failed to obtain information about key");
            }
            return key;
        }

        public boolean engineContainsAlias(String alias) {
            Stub.enter("containsAlias");
            return keys.containsKey(alias);
        }

        public void engineDeleteEntry(String alias) throws java.security.KeyStoreException {
            Stub.enter("deleteEntry");
            if (keys.remove(alias) == null) {
                throw new java.security.KeyStoreException("Failed to delete entry");
            }
        }

        public Certificate[] engineGetCertificateChain(String alias) {
            return null;
        }

        public Certificate engineGetCertificate(String alias) {
            return null;
        }

        public Date engineGetCreationDate(String alias) {
            return null;
        }

        public void engineSetKeyEntry(String alias, Key key, char[] password, Certificate[] chain) {
            throw new IllegalStateException("not used");
        }

        public void engineSetKeyEntry(String alias, byte[] key, Certificate[] chain) {
            throw new IllegalStateException("not used");
        }

        public void engineSetCertificateEntry(String alias, Certificate certificate) {
            throw new IllegalStateException("not used");
        }

        public Enumeration<String> engineAliases() {
            return Collections.enumeration(keys.keySet());
        }

        public int engineSize() {
            return keys.size();
        }

        public boolean engineIsKeyEntry(String alias) {
            return keys.containsKey(alias);
        }

        public boolean engineIsCertificateEntry(String alias) {
            return false;
        }

        public String engineGetCertificateAlias(Certificate certificate) {
            return null;
        }

        public void engineStore(OutputStream out, char[] password) {}
    }
}
