package flumen.bridge;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The natives: bytes in, bytes out, synchronous, no callback.
 *
 * <p>Each answers a code (0 = well) and, behind it, the answer or a message. What the bytes mean
 * is private to this package; the other half is {@code src/natives.rs}.
 */
final class Native {
  private Native() {}

  static native byte[] version();

  static native byte[] codes();

  static native byte[] count();

  static native byte[] keepNotes(byte[] dir);

  static native byte[] open(byte[] camera, byte[] card);

  static native byte[] restore(byte[] camera, byte[] snapshot);

  static native byte[] process(
      long number, int partition, long offset, byte[] header, byte[] value);

  static native byte[] stray(
      byte[] key, int partition, long offset, byte[] value, long timestampUs);

  static native byte[] card(long number, byte[] record);

  static native byte[] models();

  static native byte[] model(
      long models, byte[] key, long offset, byte[] value, long timestampUs);

  static native byte[] follow(long number, long models);

  static native byte[] forget(long models);

  static native byte[] snapshot(long number);

  static native byte[] problem(long number);

  static native byte[] close(long number);

  /** Must be called from this class: the JVM binds a library to the loader of the caller. */
  static void load(String path) {
    System.load(path);
  }

  /** The answer without its code. */
  static byte[] answer(byte[] reply) {
    check(reply);
    return Arrays.copyOfRange(reply, 1, reply.length);
  }

  static String text(byte[] reply) {
    check(reply);
    return new String(reply, 1, reply.length - 1, StandardCharsets.UTF_8);
  }

  static void check(byte[] reply) {
    if (reply.length == 0) {
      throw new BridgeException(BridgeException.Code.INTERNAL, "native code gave no answer");
    }
    if (reply[0] != 0) {
      String message = new String(reply, 1, reply.length - 1, StandardCharsets.UTF_8);
      throw new BridgeException(BridgeException.Code.of(reply[0]), message);
    }
  }
}
