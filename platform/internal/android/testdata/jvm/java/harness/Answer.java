package harness;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A lanyard_answer. */
public final class Answer {
    public final boolean failed, yes;
    public final String step, exception;
    public final List<byte[]> parts = new ArrayList<>();

    Answer(boolean failed, String step, String exception, boolean yes, byte[] data) {
        this.failed = failed;
        this.step = step;
        this.exception = exception;
        this.yes = yes;
        ByteBuffer b = ByteBuffer.wrap(data);
        while (b.hasRemaining()) {
            byte[] part = new byte[b.getInt()];
            b.get(part);
            parts.add(part);
        }
    }

    /** The parts as texts. */
    public List<String> words() {
        List<String> all = new ArrayList<>();
        for (byte[] p : parts) {
            all.add(new String(p, java.nio.charset.StandardCharsets.UTF_8));
        }
        return all;
    }

    public String outcome() {
        return !failed ? "ok" : exception.isEmpty() ? step : step + ": " + exception;
    }
}
