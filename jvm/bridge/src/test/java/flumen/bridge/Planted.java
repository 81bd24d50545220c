package flumen.bridge;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;

/** Units with a planted fault; native code obeys them in debug builds only. */
final class Planted {
  private Planted() {}

  static void need() {
    String library = String.valueOf(System.getProperty("flumen.library"));
    Assumptions.assumeFalse(library.contains("/release/"), "a release build has no planted faults");
  }

  static byte[] with(byte[] value, String fault) {
    byte[] word = ("flumen:" + fault).getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(value, value.length + word.length);
    System.arraycopy(word, 0, all, value.length, word.length);
    return all;
  }
}
